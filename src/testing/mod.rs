//! What a test of a host, a store or a channel needs: a clock moved by hand, wrappers that fail where one asks, and the
//! conformance suite for stores.
//!
//! - [`ManualClock`] says what time it is when it is told.
//! - [`store::Suite`] runs one named case for each obligation of [`port::store`](crate::port::store).
//! - [`FaultyStore`] and [`FaultyChannel`] fail one chosen call, before or after it took effect.
//!
//! Nothing here needs a runtime: whoever calls a future runs it.

mod clock;
mod faulty;
pub mod store;

pub use clock::ManualClock;
pub use faulty::{ChannelFault, Fault, FaultyChannel, FaultyStore};
