//! Why two contacts are not merged.

use super::ContactId;

/// Why two contacts are not merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeRefusal {
    /// A contact would become part of itself.
    #[error("they are one contact already; there is nothing to do")]
    Itself,
    /// The one that should go on is part of the one that should end.
    #[error(
        "it would go round in a circle, for the second one is part of the first; name the one that goes on as the winner"
    )]
    Circle,
    /// The one that should end is part of a third one.
    #[error("the first one is part of {0} already; merge {0} instead")]
    Elsewhere(ContactId),
    /// The one that should end has mail that was not read.
    #[error("the first one has mail that was not read yet; let a tick read it and merge again")]
    Unread,
}
