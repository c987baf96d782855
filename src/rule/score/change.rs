//! What an application of a score model brings about, told one by one and in order.

use std::sync::Arc;

use super::Failure;
use crate::model::Name;

/// What changed a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// The rule of this place in the table.
    Rule(u16),
    /// The points that this rule had given, and that went with their time or with what they hung on.
    Gone(u16),
    /// A span without engagement.
    Decay,
    /// A step, or the host.
    Granted,
    /// The history of the contact, counted by this model.
    History,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Points were given or taken.
    Points {
        /// By what.
        cause: Cause,
        /// How many the rule says.
        points: i64,
        /// By how many the score moved, once caps and bounds were kept.
        moved: i64,
    },
    /// The score has another value; once an application, however many rules had a part in it.
    Score {
        /// Before.
        before: i64,
        /// Now.
        after: i64,
    },
    /// The score stands in another tier.
    Tier {
        /// The place of the former band in the table; absent where there was none.
        from: Option<u16>,
        /// The place of the new one; absent below the lowest.
        to: Option<u16>,
        /// Whether it is the higher one.
        up: bool,
    },
    /// A mark was reached, or is over.
    Mark {
        /// Its name.
        mark: Name,
        /// Whether it was reached.
        up: bool,
    },
    /// A function of the script failed, and what it had given before stands.
    Failed {
        /// Which rule, where in the script, why, and what to do.
        failure: Arc<Failure>,
    },
}
