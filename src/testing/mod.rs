//! What a test of a host, a store or a channel needs: a clock moved by hand, wrappers that fail where one asks, and the
//! conformance suite for stores.
//!
//! - [`ManualClock`] says what time it is when it is told.
//! - [`store::Suite`] runs one named case for each obligation of [`port::store`](crate::port::store).
//! - [`FaultyStore`] and [`FaultyChannel`] wrap any store and any channel and let chosen calls go wrong: a [`Fault`] or a
//!   [`ChannelFault`] happens where [`FaultyStore::fail`] or a [`FaultPlan`] says so.
//! - [`Life`] is a process that a fault can kill, or whose call it can drop, at any await; [`Sleep`] is how time passes
//!   while a call is late.
//!
//! To try every fault at every call, run a story once and count its [`calls`](FaultyStore::calls); then run it again for
//! each call and each of [`Fault::kinds`]. A fault that cannot happen is not counted in
//! [`fired_by_kind`](FaultyStore::fired_by_kind), so a test that asserts on it is never green by accident: a span needs a
//! [`Sleep`], the end of a process needs a [`Life`] within which the call runs, half a batch needs a batch, and the loss
//! of an answer needs a call that took effect.
//!
//! Nothing here needs a runtime: whoever calls a future runs it.

mod clock;
mod fault;
mod faulty;
mod faulty_channel;
mod life;
mod plan;
mod rig;
mod sleep;
pub mod store;

pub use clock::ManualClock;
pub use fault::{ChannelFault, Fault};
pub use faulty::FaultyStore;
pub use faulty_channel::FaultyChannel;
pub use life::{Life, Stop};
pub use plan::{ChannelCall, FaultPlan, Planned, StoreCall};
pub use sleep::Sleep;
