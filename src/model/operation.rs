//! What an operator does by hand to the runs of one contact.

use serde::{Deserialize, Serialize};

use super::{Deed, EnrollmentId, JourneyId, NodeId};

/// What an operator does to the runs of one contact, and who says why.
///
/// ```
/// use journeyman::model::{Deed, Operation, OperationKind};
/// let stop = Operation::new(OperationKind::Eject { journey: "welcome".into() }, Deed::new("ana", "asked by telephone"));
/// assert_eq!(&*stop.by.who, "ana");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// What is done.
    pub what: OperationKind,
    /// Who does it, and why.
    pub by: Deed,
}

impl Operation {
    /// Puts an operation together.
    #[must_use]
    pub fn new(what: OperationKind, by: Deed) -> Self {
        Self { what, by }
    }
}

/// What an operator can do to the runs of one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationKind {
    /// Ends every run of a journey, and bars the contact from it until somebody admits it.
    Eject {
        /// Which journey.
        journey: JourneyId,
    },
    /// Lifts the bar; what opens the journey from now on lets the contact in.
    Admit {
        /// Which journey.
        journey: JourneyId,
    },
    /// Lifts the bar and enters the contact, whatever the doors and the re-entry of the journey say.
    Enroll {
        /// Which journey.
        journey: JourneyId,
    },
    /// Lets a run arrive at another step.
    Move {
        /// Which run.
        enrollment: EnrollmentId,
        /// Which step of its journey version.
        node: NodeId,
    },
    /// Holds a run where it stands.
    Hold {
        /// Which run.
        enrollment: EnrollmentId,
    },
    /// Lets a run go on that was held.
    Release {
        /// Which run.
        enrollment: EnrollmentId,
    },
}

/// What was done by hand to a run, as its steps say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operated {
    /// It was ended; the step that ends it follows.
    Ejected,
    /// It was begun; the step before it is its entry.
    Enrolled,
    /// It was put at another step, which is the next one.
    Moved,
    /// It was held where it stands.
    Held,
    /// It was let go on.
    Released,
}
