//! Two contacts that turn out to be one person.

use crate::model::{ContactId, MergeRefusal};

/// What became of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Merging {
    /// The one is part of the other now.
    Done,
    /// It was before; nothing was changed.
    Already,
    /// Nobody knows this contact; nothing was changed.
    Unknown(ContactId),
    /// This contact was erased; nothing was changed.
    Erased(ContactId),
    /// It cannot be; nothing was changed.
    Refused(MergeRefusal),
}
