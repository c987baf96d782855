//! What a transition tells the host beside what it does.

use chrono::{DateTime, Utc};

use super::segment::MoveCause;
use crate::model::{ContactId, EnrollmentId, ExitReason, InputId, JourneyId, Name};
use crate::rule::score::Failure;

/// A fact for the host, told after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// An enrollment began.
    Entered {
        /// Who.
        contact: ContactId,
        /// Which enrollment.
        enrollment: EnrollmentId,
        /// Which journey.
        journey: JourneyId,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was said of a contact would have made it larger than
    /// [`ContactState::MOST_SIZE`](super::ContactState::MOST_SIZE), and was left out.
    TooLarge {
        /// Who.
        contact: ContactId,
        /// The input.
        input: InputId,
        /// When.
        at: DateTime<Utc>,
    },
    /// So much made so much else happen at one instant that the rest was left out; journeys set each other off in a circle.
    Overflowed {
        /// Who.
        contact: ContactId,
        /// When.
        at: DateTime<Utc>,
    },
    /// A function in the script of a score failed; what it had given before stands.
    ScoreFailed {
        /// Who.
        contact: ContactId,
        /// Which score.
        score: Name,
        /// Which rule, where in the script, why, and what to do.
        failure: Failure,
        /// When.
        at: DateTime<Utc>,
    },
    /// A history that was counted for a score came too late, because more had happened; it is counted again.
    StaleSeed {
        /// Who.
        contact: ContactId,
        /// Which score.
        score: Name,
        /// When.
        at: DateTime<Utc>,
    },
    /// The contact came into a segment, or left it.
    Moved {
        /// Who.
        contact: ContactId,
        /// Which segment.
        segment: Name,
        /// By which version of it.
        version: u32,
        /// Whether the contact is in it now.
        inside: bool,
        /// Why.
        cause: MoveCause,
        /// When, to the millisecond.
        at: DateTime<Utc>,
    },
    /// A history that was counted for segments came too late, because more had happened; it is counted again.
    StaleSegments {
        /// Who.
        contact: ContactId,
        /// When.
        at: DateTime<Utc>,
    },
    /// The contact's work failed too often in a row; it waits until somebody releases it.
    Parked {
        /// Who.
        contact: ContactId,
        /// A word for the last failure.
        reason: Name,
    },
    /// An enrollment ended.
    Exited {
        /// Who.
        contact: ContactId,
        /// Which enrollment.
        enrollment: EnrollmentId,
        /// Which journey.
        journey: JourneyId,
        /// Why.
        reason: ExitReason,
        /// When.
        at: DateTime<Utc>,
    },
}
