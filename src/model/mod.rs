//! The nouns: plain data that every other room speaks of.
//!
//! | word | meaning |
//! |---|---|
//! | [`Contact`] | a person we may speak to: id, attributes, tags, locale, time zone, addresses |
//! | [`Event`] | something that happened to a contact: id, name, properties, instant |
//! | [`Fact`] | something that became true of a contact: a tier, a segment, a keyword |
//! | [`Consent`] | what a contact allows: purpose × channel and what was done, with its proof |
//! | [`Enrollment`] | one contact's passage through one journey version |
//! | [`Step`] | the record of one node visited by one enrollment |
//! | [`Message`] | what shall be said, to whom, on which channel |
//! | [`Delivery`] | what became of a message |
//! | [`Call`], [`Answer`] | what a step asks the host, and what the host answers |
//! | [`Deed`] | who did something by hand, and why |
//!
//! Nothing here reads a clock, a store or a random source. Instants are UTC and whole milliseconds.

mod call;
mod consent;
mod contact;
mod deed;
mod delivery;
mod enrollment;
mod event;
mod evidence;
mod fact;
mod header;
mod id;
mod import;
mod kind;
mod merge;
mod message;
mod offer;
mod operation;
mod said;
mod sharing;
mod spelling;
mod step;
mod value;

pub use call::{Answer, Call};
pub use consent::{Consent, ConsentRecord, ConsentStatus, Fingerprint, FingerprintKey};
pub use contact::{Address, Contact};
pub use deed::Deed;
pub use delivery::{Delivery, DeliveryStatus, Handover, Outcome};
pub use enrollment::{Dated, Enrollment, ExitReason, Held, Waiting};
pub use event::Event;
pub use evidence::{Confirmed, Evidence, Giver, Ground, How};
pub use fact::{Fact, keyword};
pub use header::{Header, NotAHeader, is_one_line};
pub use id::{ContactId, EnrollmentId, Hash, InputId, JourneyId, MessageId, Name, NodeId};
pub(crate) use id::{derive, derive_place};
pub use import::{Import, ImportRow};
pub(crate) use kind::Kind;
pub use merge::MergeRefusal;
pub use message::{Content, Message};
pub use offer::{Hold, Offer};
pub use operation::{Operated, Operation, OperationKind};
pub use said::Said;
pub use sharing::{Called, Share, SharedField, Sharing, SharingAct};
pub(crate) use spelling::canonical;
pub use step::{Permit, Reason, Step, StepOutcome};
pub use value::{Attributes, Value};

use chrono::{DateTime, Utc};

/// Cuts an instant to whole milliseconds, the only precision that the house keeps.
///
/// ```
/// use chrono::{DateTime, Utc};
/// let instant: DateTime<Utc> = "2026-03-23T10:00:00.123456Z".parse()?;
/// assert_eq!(journeyman::model::truncate(instant).to_rfc3339(), "2026-03-23T10:00:00.123+00:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[must_use]
pub fn truncate(instant: DateTime<Utc>) -> DateTime<Utc> {
    // A leap second, which chrono can hold and no stored form can, becomes the second after it.
    DateTime::from_timestamp_millis(instant.timestamp_millis()).unwrap_or(instant)
}
