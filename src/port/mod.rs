//! What a host must give: a store, channels, a clock.
//!
//! The traits exchange batches of data and never transaction objects; nothing in a signature is generic, so all of them
//! are used as `dyn`. Each method states its obligations, and each obligation of a store is one named case of
//! `testing::store::Suite`.

mod channel;
mod clock;
mod quota;
pub mod store;

pub use channel::{Channel, OnUnknown};
pub use clock::{Clock, SystemClock};
pub use quota::{Quota, Reservation, Reserved};
pub use store::{Archive, Catalog, Gate, Mailbox, Outbox, Store};
