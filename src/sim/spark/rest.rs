//! The score of everybody at rest.

use super::judge::{Judged, judge};
use crate::error::StoreError;
use crate::model::{ContactId, Operated, Step, StepOutcome};
use crate::sim::fixture::place;
use crate::sim::host::World;
use crate::sim::scenario::Person;
use crate::testing::Invariant;

/// The journey that the score opens.
const RISE: &str = "rise";

impl World {
    /// Every commit of a person says of its score what its log comes to by the plain rules.
    pub(in crate::sim) async fn score_is_the_fold(
        &self,
        person: &Person,
        steps: &[Step],
    ) -> Result<(), StoreError> {
        let id = ContactId::from(person.id.as_str());
        let mail = self.store.inputs(&id, 0, u64::MAX >> 1).await?;
        let place = place(person.place);
        let mut seen = self.truth.seen();
        let rated = seen.people.get(&person.id).map_or(&[][..], |seen| &seen.rated);
        let newest = seen.scores.values().next_back().copied().unwrap_or_default();
        let judged = judge(place, rated, &mail, steps, newest);
        judged.happened.iter().for_each(|word| seen.count(word));
        if let Some((invariant, found)) = &judged.broken {
            seen.breach(*invariant, format!("the score of {id}: {found}"));
            return Ok(());
        }
        let told = tells_each_move_once(&judged, steps, !seen.edited);
        if let Some(found) = told {
            seen.breach(Invariant::R4, format!("the tier of {id}: {found}"));
        }
        Ok(())
    }
}

/// The journey that a rise opens is entered at each rise and at nothing else.
fn tells_each_move_once(judged: &Judged, steps: &[Step], untouched: bool) -> Option<String> {
    let own = || steps.iter().filter(|step| step.journey.as_str() == RISE);
    let by_hand = |step: &Step| {
        let put = |other: &&Step| matches!(&other.outcome, StepOutcome::Operated { what, .. } if *what == Operated::Enrolled);
        own().filter(put).any(|other| other.enrollment == step.enrollment)
    };
    let entered: Vec<i64> = own()
        .filter(|step| step.outcome == StepOutcome::Entered && !by_hand(step))
        .map(|step| step.at.timestamp_millis())
        .collect();
    let opens: Vec<i64> = judged.rose.iter().chain(&judged.stuck).copied().collect();
    for at in &entered {
        let changing = judged.changing.iter().any(|(from, to)| from <= at && at <= to);
        if !opens.contains(at) && !changing {
            return Some(format!("it is told at {at} and did not move"));
        }
    }
    let missed = opens.iter().find(|at| untouched && !entered.contains(at));
    missed.map(|at| format!("it moves at {at} and nobody is told"))
}
