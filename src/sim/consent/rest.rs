//! What everybody allows at rest.

use super::judge::has_said_yes;
use super::ledger::{What, purposes};
use crate::machine::ContactState;
use crate::sim::fixture::LINES;
use crate::sim::host::World;
use crate::testing::Invariant;

impl World {
    /// The standing of a contact is what its acts come to, in whatever order they arrived.
    pub(in crate::sim) fn consent_is_the_fold(&self, person: &str, state: &ContactState) {
        let mut seen = self.truth.seen();
        let mut wrong = Vec::new();
        let acts = seen.ledger.of(person);
        for purpose in purposes() {
            for line in LINES {
                let told = has_said_yes(acts, purpose, line.name);
                let kept = state.cold.standing.allows(purpose, line.name, None);
                // What a START does not give back is no right that is taken.
                let started = acts
                    .iter()
                    .any(|told| matches!(&told.what, What::Start { channel } if channel == line.name));
                if kept != told && (kept || !started) {
                    let (is, was) = if kept { ("allows", "forbid it") } else { ("forbids", "allow it") };
                    wrong.push(format!("{person} {is} {purpose} by {}, and its acts {was}", line.name));
                }
            }
        }
        let late = acts.iter().any(|told| told.says_when);
        seen.count(if late { "fold_judged_late" } else { "fold_judged" });
        for found in wrong {
            seen.breach(Invariant::C8, found);
        }
    }
}
