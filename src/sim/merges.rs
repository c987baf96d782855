//! Two people of a simulation turn out to be one: what the truth makes of it, on its own.

use super::witness::Witness;
use crate::model::ContactId;
use crate::port::store::{Merging, Result};

impl Witness {
    /// A merge took effect: from now on the one is part of the other.
    pub(super) fn merged(&self, _loser: &ContactId, _winner: &ContactId, merging: &Merging) -> Result<()> {
        if *merging == Merging::Done {
            self.truth.seen().count("merged");
        }
        Ok(())
    }
}
