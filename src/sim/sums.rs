//! What steps compute, and its judge: the same sums written down in plain Rust, over the mail of each person.
//!
//! The journey `sums` of the fixture says them as expressions. Nothing here knows of expressions; it knows what was told when,
//! and which steps were taken.

use std::collections::BTreeMap;

use super::host::World;
use super::profile::Profiled;
use super::scenario::Person;
use crate::error::StoreError;
use crate::machine::{Envelope, InputKind};
use crate::model::{Attributes, ContactId, Event, Fact, StepOutcome, Value};
use crate::port::store::Commit;
use crate::testing::Invariant;

/// The journey whose steps compute.
const SUMS: &str = "sums";
/// The score of the host's own, which a step of another journey raises too.
const HEAT: &str = "heat";
const RAISED: i64 = 30;

/// What is known of a person because a step computed it, or set it beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    base: Option<i64>,
    visits: Option<i64>,
    worth: Option<i64>,
    share: Option<i64>,
    was: Option<i64>,
}

impl Known {
    fn of(attributes: &Attributes) -> Self {
        let whole = |name: &str| match attributes.get(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        };
        Self {
            base: whole("base"),
            visits: whole("visits"),
            worth: whole("worth"),
            share: whole("share"),
            was: whole("was"),
        }
    }

    /// The first step: it begins where nothing is, and divides by what may be 0.
    fn first(self, told: Told) -> Self {
        Self {
            base: Some(1),
            visits: Some(self.visits.map_or(1, |visits| visits + 1)),
            worth: told.score.map(|score| 9.min((score - told.heat).div_euclid(8)) + 1).or(self.worth),
            share: if told.clicks == 0 { self.share } else { Some(60 / told.clicks) },
            was: None,
        }
    }

    /// The second step: what it computes sees nothing else that it computes.
    fn second(self, told: Told) -> Self {
        Self {
            base: Some(10),
            visits: self.visits.map(|visits| visits + 10),
            worth: told.score.map(|score| score.max(told.heat) * 10).or(self.worth),
            share: self.share,
            was: self.visits.zip(self.worth).map(|(visits, worth)| visits - worth).or(self.was),
        }
    }
}

/// What was told of a person until an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    score: Option<i64>,
    heat: i64,
    clicks: i64,
}

/// Something that was told.
#[derive(Clone, Copy, Debug)]
enum Telling {
    Score(i64),
    Heat(i64),
    Click,
}

impl Told {
    fn hears(&mut self, telling: Telling) {
        match telling {
            Telling::Score(score) => self.score = Some(score),
            Telling::Heat(heat) => self.heat = heat,
            Telling::Click => self.clicks += 1,
        }
    }
}

/// A step that the sums depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    First,
    Second,
    /// Another journey raised the score to this.
    Raised(i64),
}

/// What one commit left of a person.
pub(super) struct Left {
    now: i64,
    read_seq: u64,
    steps: Vec<(i64, Taken)>,
    /// Absent where it changed nothing.
    known: Option<Known>,
}

impl Left {
    pub(super) fn new(commit: &Commit) -> Self {
        let steps = commit.steps.iter().filter_map(|step| {
            let taken = match (step.journey.as_str(), step.node.as_str(), &step.outcome) {
                (SUMS, "first", StepOutcome::Changed) => Taken::First,
                (SUMS, "second", StepOutcome::Changed) => Taken::Second,
                ("orders", "points", StepOutcome::Scored { value }) => Taken::Raised(*value),
                _ => return None,
            };
            Some((step.at.timestamp_millis(), taken))
        });
        Self {
            now: commit.now.timestamp_millis(),
            read_seq: commit.read_seq,
            steps: steps.collect(),
            known: commit.cold.as_ref().map(|cold| Known::of(&cold.contact.attributes)),
        }
    }
}

impl World {
    /// Every commit of a person leaves what its steps compute of all that was told by then.
    pub(super) async fn sums_are_right(&self, person: &Person) -> Result<(), StoreError> {
        let id = ContactId::from(person.id.as_str());
        let mail = self.store.inputs(&id, 0, u64::MAX >> 1).await?;
        let mut seen = self.truth.seen();
        let left = seen.people.get(&person.id).map_or(&[][..], |seen| &seen.left);
        // What the host tells of a score is left out for whom that must not be made; whether it must not, others judge.
        let profiled = seen.people.get(&person.id).map_or(&[][..], |seen| &seen.profiled);
        let until = profiled.iter().position(Profiled::was_off).unwrap_or(left.len());
        let (happened, broken) = judge(left.get(..until).unwrap_or(left), &mail);
        happened.into_iter().for_each(|word| seen.count(word));
        if let Some(found) = broken {
            seen.breach(Invariant::X18, format!("the sums of {id}: {found}"));
        }
        Ok(())
    }
}

/// What happened, by word, and what is wrong.
fn judge(left: &[Left], mail: &[Envelope]) -> (Vec<&'static str>, Option<String>) {
    let (mut happened, mut tellings) = (Vec::new(), by_instant(left, mail));
    let (mut told, mut clock) = (Told::default(), i64::MIN);
    // Where several things are of one instant, either may be the first: all that may be known then.
    let mut may_be = vec![Known::default()];
    let mut kept = Known::default();
    for commit in left {
        for (at, taken) in &commit.steps {
            // What a pause held is due in the past.
            let at = clock.max(*at);
            while let Some(entry) = tellings.first_entry().filter(|entry| entry.key().0 < at) {
                told.hears(entry.remove());
            }
            let mut ways = vec![told];
            for (_, telling) in tellings.range(..=(at, u64::MAX, usize::MAX)) {
                let mut way = ways.last().copied().unwrap_or(told);
                way.hears(*telling);
                ways.push(way);
            }
            if let Taken::Raised(heat) = taken {
                let before = ways.iter().position(|way| way.heat + RAISED == *heat).unwrap_or(0);
                for _ in 0..before {
                    tellings.pop_first();
                }
                told = Told { heat: *heat, ..ways.get(before).copied().unwrap_or(told) };
                continue;
            }
            happened.push("computed_judged");
            if ways.iter().any(|way| way.clicks == 0) && *taken == Taken::First {
                happened.push("computed_left_as_it_was");
            }
            if ways.iter().any(|way| way.score.is_some_and(|score| score < way.heat)) {
                happened.push("computed_below_zero");
            }
            let after = |known: &Known| {
                let known = *known;
                let step = move |way: &Told| match taken {
                    Taken::First => known.first(*way),
                    _ => known.second(*way),
                };
                ways.iter().map(step).collect::<Vec<_>>()
            };
            may_be = may_be.iter().flat_map(after).collect();
            may_be.dedup();
        }
        clock = clock.max(commit.now);
        kept = commit.known.unwrap_or(kept);
        may_be.retain(|known| *known == kept);
        if may_be.is_empty() {
            let found =
                format!("{kept:?} is known at {clock}, and it is to be of {told:?} after {:?}", commit.steps);
            return (happened, Some(found));
        }
    }
    (happened, None)
}

/// What was told, by the instant at which it applies and its place in the mail.
fn by_instant(left: &[Left], mail: &[Envelope]) -> BTreeMap<(i64, u64, usize), Telling> {
    let (mut tellings, mut clock, mut mail) = (BTreeMap::new(), i64::MIN, mail.iter().peekable());
    let click = |event: &Event| (&*event.name == "clicked").then_some(Telling::Click);
    for commit in left {
        while let Some(envelope) = mail.next_if(|envelope| envelope.seq <= commit.read_seq) {
            clock = clock.max(envelope.received_at.timestamp_millis());
            let mut tell = |at, part, telling: Option<Telling>| {
                tellings.extend(telling.map(|telling| ((at, envelope.seq, part), telling)));
            };
            match &envelope.kind {
                InputKind::Identify(contact) => {
                    if let Some(Value::Integer(score)) = contact.attributes.get("score") {
                        tell(clock, 0, Some(Telling::Score(*score)));
                    }
                }
                InputKind::Fact(Fact::Score { score, value }) if &**score == HEAT => {
                    tell(clock, 0, Some(Telling::Heat(*value)));
                }
                InputKind::Event(event) => {
                    // What is told of a time to come waits for it.
                    let own = event.at.map_or(clock, |own| own.timestamp_millis());
                    tell(clock.max(own), 0, click(event));
                }
                InputKind::Import { row, .. } => {
                    row.events.iter().enumerate().for_each(|(part, event)| tell(clock, part, click(event)));
                }
                _ => {}
            }
        }
        clock = clock.max(commit.now);
    }
    tellings
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::{Contact, InputId};

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    fn mail() -> Vec<Envelope> {
        let lea = || ContactId::from("lea");
        let told = [
            (1, InputKind::Identify(Contact::new(lea()).attribute("score", 10))),
            (2, InputKind::Fact(Fact::Score { score: HEAT.into(), value: 27 })),
            (3, InputKind::Event(Event::new(lea(), "clicked").at(at(9)))),
            (5, InputKind::Event(Event::new(lea(), "counted"))),
        ];
        let envelope = |(seq, (received, kind))| {
            Envelope::new(seq, InputId::from_place(&lea(), seq), at(received), kind)
        };
        (1..).zip(told).map(envelope).collect()
    }

    fn known(visits: i64, worth: i64, share: Option<i64>) -> Known {
        Known { base: Some(1), visits: Some(visits), worth: Some(worth), share, was: None }
    }

    fn left(now: i64, steps: &[(i64, Taken)], known: Known) -> Left {
        Left { now, read_seq: 4, steps: steps.to_vec(), known: Some(known) }
    }

    #[test]
    fn a_sum_is_of_what_was_known_when_its_step_was_taken() {
        let judged = |known| judge(&[left(6, &[(5, Taken::First)], known)], &mail());
        // -17 / 8 rounded down is -3; the click is still to come, and nothing is divided by 0.
        assert_eq!(
            judged(known(1, -2, None)),
            (vec!["computed_judged", "computed_left_as_it_was", "computed_below_zero"], None)
        );
        for wrong in [known(2, -2, None), known(1, -1, None), known(1, -2, Some(60))] {
            assert!(judged(wrong).1.is_some(), "{wrong:?}");
        }
        let later = |share| {
            let second =
                Known { base: Some(10), visits: Some(11), worth: Some(570), share: None, was: Some(3) };
            let commits = [
                left(6, &[(5, Taken::First)], known(1, -2, None)),
                left(8, &[(7, Taken::Raised(57)), (8, Taken::Second)], second),
                left(20, &[(10, Taken::First)], known(12, -5, share)),
            ];
            judge(&commits, &mail()).1
        };
        assert_eq!(later(Some(60)), None);
        assert!(later(None).is_some());
    }

    #[test]
    fn what_is_of_one_instant_may_come_before_and_after() {
        let commit = |share| judge(&[left(9, &[(9, Taken::First)], known(1, -2, share))], &mail()).1;
        assert_eq!((commit(None), commit(Some(60))), (None, None));
        assert!(commit(Some(30)).is_some());
    }
}
