//! The segments of everybody at rest.

use super::judge::{Judged, judge, moves_again};
use super::order::compare;
use crate::error::StoreError;
use crate::machine::ContactState;
use crate::model::{ContactId, Operated, Step, StepOutcome};
use crate::sim::fixture::place;
use crate::sim::host::World;
use crate::sim::scenario::Person;
use crate::testing::Invariant;

/// The journey that segments open, and which of them.
const FLOCK: &str = "flock";
const OPENS: [&str; 2] = ["lively", "waiting"];

impl World {
    /// Every commit of a person says of its segments what its log comes to.
    pub(in crate::sim) async fn segments_are_exact(
        &self,
        person: &Person,
        steps: &[Step],
        state: Option<&ContactState>,
    ) -> Result<(), StoreError> {
        let id = ContactId::from(person.id.as_str());
        let mail = self.store.inputs(&id, 0, u64::MAX >> 1).await?;
        let place = place(person.place);
        let mut seen = self.truth.seen();
        let sorted = seen.people.get(&person.id).map_or(&[][..], |seen| &seen.sorted);
        let newest = seen.segments.values().copied().max().unwrap_or_default();
        let judged = judge(place, sorted, &mail, newest);
        judged.happened.iter().for_each(|word| seen.count(word));
        if let Some(state) = state {
            seen.count("segment_asked_again");
            if let Some(found) = moves_again(place, state, newest) {
                seen.breach(Invariant::G4, format!("the segments of {id}: {found}"));
            }
            let compared = compare(place, state, &mail, newest);
            (0..compared.inside).for_each(|_| seen.count("segment_heard_backwards"));
            if let Some(found) = compared.broken {
                seen.breach(Invariant::G2, format!("the segments of {id}: {found}"));
            }
        }
        if let Some((invariant, found)) = &judged.broken {
            seen.breach(*invariant, format!("the segments of {id}: {found}"));
            return Ok(());
        }
        if steps.iter().any(|step| step.journey.as_str() == "herd" && step.outcome == StepOutcome::Entered) {
            seen.count("segment_opened_a_journey");
        }
        let untouched = !seen.edited;
        if let Some(found) = tells_each_move_once(&judged, steps, untouched) {
            seen.breach(Invariant::G3, format!("the segments of {id}: {found}"));
        }
        Ok(())
    }
}

/// The journey that segments open is entered whenever somebody comes into one of them, and never else.
fn tells_each_move_once(judged: &Judged, steps: &[Step], untouched: bool) -> Option<String> {
    let own = || steps.iter().filter(|step| step.journey.as_str() == FLOCK);
    let by_hand = |step: &Step| {
        let put = |other: &&Step| matches!(&other.outcome, StepOutcome::Operated { what, .. } if *what == Operated::Enrolled);
        own().filter(put).any(|other| other.enrollment == step.enrollment)
    };
    let entered: Vec<i64> = own()
        .filter(|step| step.outcome == StepOutcome::Entered && !by_hand(step))
        .map(|step| step.at.timestamp_millis())
        .collect();
    let came = || judged.came.iter().filter(|(_, name)| OPENS.contains(name)).map(|(at, _)| *at);
    for at in &entered {
        if !came().any(|came| came == *at) && !judged.open.contains(at) {
            return Some(format!("{FLOCK} is entered at {at}, and nobody moved"));
        }
    }
    let missed = came().find(|at| untouched && !entered.contains(at) && !judged.open.contains(at));
    missed.map(|at| format!("somebody came in at {at}, and {FLOCK} is not entered"))
}
