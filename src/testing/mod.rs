//! What a test of a host, a store or a channel needs: a clock moved by hand, wrappers that fail where one asks, the
//! conformance suite for stores, and a judge of what a store holds.
//!
//! - [`ManualClock`] says what time it is when it is told.
//! - [`store::Suite`] runs one named case for each obligation of [`port::store`](crate::port::store).
//! - [`FaultyStore`] and [`FaultyChannel`] fail one chosen call, before or after it took effect.
//! - [`check()`] judges everything that a store has ever committed by [`Invariant`]s with names of their own.
//!
//! Nothing here needs a runtime: whoever calls a future runs it.

pub mod check;
mod clock;
mod faulty;
mod invariant;
pub mod store;

pub use check::check;
pub use clock::ManualClock;
pub use faulty::{ChannelFault, Fault, FaultyChannel, FaultyStore};
pub use invariant::Invariant;
