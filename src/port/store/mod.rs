//! Where state lives: six roles, and [`Store`] as their sum.
//!
//! A store author implements the roles and runs `testing::store::Suite`, whose cases carry the names of the obligations
//! below. What every method shares:
//!
//! - **All or nothing.** A call takes effect whole or not at all. An error other than [`StoreError::Unknown`] means
//!   that nothing was changed; a future that is dropped has an unknown outcome.
//! - **Fences.** A commit is refused whose contact has another revision than its lease, or whose program is older than
//!   the catalog. A lease may be a plain read that relies on the fence.
//! - **The store's clock** stamps what is received and judges leases and due times.

mod archive;
mod aside;
mod catalog;
mod edition;
mod gate;
mod mailbox;
mod merge;
mod outbox;

pub use archive::{Archive, CommitRecord, Deferral, MessageRecord, MessageStatus, Purged, StoredContact};
pub use aside::{Aside, AsideEnd, AsideRecord, NewAside};
pub use catalog::{Catalog, CatalogSnapshot, Definition, DrawnLine, Job, JobKind, Pausable};
pub use edition::Edition;
pub use gate::{Forbidden, Gate, InFlight, Suppression};
pub use mailbox::{Claim, Claimed, Commit, Committed, Lease, Mailbox, Receipt, SegmentMove, Work};
pub use merge::Merging;
pub use outbox::{Amended, Begin, Begun, Epochs, Outbox, Take, Taken, TakenBatch, Verdict};

use crate::error::StoreError;

/// A store's answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything that an engine needs from storage; implemented for whatever has the six roles.
pub trait Store: Mailbox + Outbox + Gate + Catalog + Archive + Aside + 'static {}

impl<T: Mailbox + Outbox + Gate + Catalog + Archive + Aside + 'static> Store for T {}
