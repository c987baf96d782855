//! What a test of a host, a store or a channel needs: a clock moved by hand, wrappers that fail where one asks, the
//! conformance suite for stores, and a judge of what a store holds.
//!
//! - [`ManualClock`] says what time it is when it is told.
//! - [`store::Suite`] runs one named case for each obligation of [`port::store`](crate::port::store).
//! - [`FaultyStore`] and [`FaultyChannel`] wrap any store and any channel and let chosen calls go wrong: a [`Fault`] or a
//!   [`ChannelFault`] happens where [`FaultyStore::fail`] or a [`FaultPlan`] says so.
//! - [`check()`] judges everything that a store has ever committed by [`Invariant`]s with names of their own.
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
//!
//! ```
//! use std::sync::Arc;
//! use chrono::{DateTime, TimeDelta};
//! use futures::executor::block_on;
//! use journeyman::port::Archive;
//! use journeyman::store::MemoryStore;
//! use journeyman::testing::{Fault, FaultyStore, Life, ManualClock};
//! use journeyman::{Contact, Engine};
//!
//! /// Tells the store about Lea, whatever happens to one of the calls; answers how many calls there were.
//! async fn story(fault: Option<(u64, Fault)>) -> u64 {
//!     let clock = ManualClock::new(DateTime::UNIX_EPOCH);
//!     let inner = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
//!     let mut store = FaultyStore::new(inner.clone()).sleep(Arc::new(clock.clone()));
//!     if let Some((nth, fault)) = fault {
//!         store.fail(nth, fault);
//!     }
//!     for process in 1.. {
//!         assert!(process < 4, "one fault cannot end three processes");
//!         let life = Life::new();
//!         store = store.life(life.clone());
//!         let engine = Engine::builder(Arc::new(store.clone())).build();
//!         let known = Contact::new("lea").attribute("first_name", "Léa");
//!         let said = life.live(engine.identify(known)).await;
//!         let ticked = life.live(engine.tick()).await;
//!         if let (Ok(Ok(())), Ok(Ok(tick))) = (said, ticked)
//!             && tick.next_wake.is_none()
//!         {
//!             break;
//!         }
//!         clock.advance(TimeDelta::minutes(1)); // a lease of the dead may have to run out
//!     }
//!     assert!(fault.is_none_or(|(_, fault)| store.fired_by_kind()[fault.name()] == 1));
//!     let lea = inner.contact(&"lea".into()).await.unwrap().unwrap();
//!     assert!(lea.state.cold.contact.attributes.contains_key("first_name"));
//!     store.calls()
//! }
//!
//! let calls = block_on(story(None));
//! for nth in 1..=calls {
//!     for fault in Fault::kinds(TimeDelta::seconds(2), TimeDelta::minutes(2)) {
//!         block_on(story(Some((nth, fault))));
//!     }
//! }
//! ```

pub mod check;
mod clock;
mod fault;
mod faulty;
mod faulty_aside;
mod faulty_catalog;
mod faulty_channel;
mod invariant;
mod life;
mod plan;
mod poison;
pub mod quota;
mod rig;
mod sleep;
pub mod store;

pub use check::check;
pub use clock::ManualClock;
pub use fault::{ChannelFault, Fault};
pub use faulty::FaultyStore;
pub use faulty_channel::FaultyChannel;
pub use invariant::Invariant;
pub use life::{Life, Stop};
pub use plan::{ChannelCall, FaultPlan, Planned, StoreCall};
pub use sleep::Sleep;
