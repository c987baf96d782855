//! What one of several records of a person says or does.

use serde::{Deserialize, Serialize};

/// One thing that is said or done under one of the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Act {
    /// Becomes known, by line at a home or at none.
    Comes {
        homes: Vec<Option<usize>>,
    },
    Allows {
        purpose: usize,
        line: usize,
        /// For how many milliseconds, where it ends.
        lasts: Option<i64>,
    },
    /// Absent means every one.
    Forbids {
        purpose: Option<usize>,
        line: Option<usize>,
    },
    /// Writes STOP.
    Stops {
        line: usize,
    },
    /// A provider says that nobody is there.
    Returns {
        line: usize,
    },
    /// Something happens that opens a journey every time; it is of some milliseconds later, and told under this name.
    Rings {
        name: String,
        lag: i64,
    },
    /// Something happens that opens a journey once.
    Joins {
        name: String,
    },
    /// Turns out to be somebody who is known already.
    Merges {
        into: String,
    },
    Erases,
}
