//! Something happens: who leaves, whose wait is over, who enters; and what that makes happen in its turn, at the same instant.

use chrono::{DateTime, Utc};

use super::score::Told;
use super::transition::{Run, Signal};
use crate::journey::{Cause, ExitKind, Journey, NodeKind, Occurrence, Trigger};
use crate::model::{
    Enrollment, EnrollmentId, Event, ExitReason, Fact, InputId, JourneyId, Name, Value, Waiting,
};
use crate::seeded::{Bug, is_on};

/// Something that a walk made happen.
pub(super) struct Queued {
    what: Happening,
    cause: InputId,
    generation: u8,
}

pub(super) enum Happening {
    Event(Event),
    /// A step changed a score, which had this value before.
    Scored {
        fact: Fact,
        before: i64,
    },
    /// A step changed a score that has rules of its own, or moved the contact from one segment to another.
    Rated(Vec<Told>),
    /// A step changed attributes, and the rules of scores read some.
    Attributes {
        names: Vec<Name>,
        told: Vec<Told>,
    },
    /// An enrollment ended.
    Ended {
        enrollment: EnrollmentId,
        journey: JourneyId,
        reason: ExitReason,
    },
    /// A step enters another journey.
    Open {
        journey: JourneyId,
        enrollment: EnrollmentId,
    },
    /// A step leaves another journey.
    Leave {
        journey: JourneyId,
    },
}

/// How many walks may set each other off at one instant.
pub(super) const MOST_GENERATIONS: u8 = 8;
/// How much may happen at one instant by one cause.
const MOST_HAPPENINGS: u32 = 1_024;

impl Run<'_> {
    /// Lets something happen after what happens now, at the same instant; false where too much did already.
    pub(super) fn queue(&mut self, what: Happening, cause: InputId, at: DateTime<Utc>) -> bool {
        self.happened += 1;
        let generation = self.generation + 1;
        if generation > MOST_GENERATIONS || self.happened > MOST_HAPPENINGS {
            let contact = self.contact_id().clone();
            self.out.signals.push(Signal::Overflowed { contact, at });
            return false;
        }
        self.queue.push_back(Queued { what, cause, generation });
        true
    }

    /// Lets everything happen that walks of this instant brought about.
    pub(super) fn drain(&mut self, at: DateTime<Utc>) {
        while let Some(Queued { what, cause, generation }) = self.next_queued(at) {
            self.generation = generation;
            match what {
                Happening::Event(event) => {
                    self.perform(&event.name, at, at);
                    let told = self.hear(&event, cause, at, at);
                    self.hear_in_segments(&event.name, &event.properties, at, at);
                    self.happens_with(&[Occurrence::Event(&event)], &told, cause, at, at);
                }
                Happening::Scored { fact, before } => {
                    self.happens(&[Occurrence::Fact(&fact, before)], cause, at, at)
                }
                Happening::Rated(told) => self.happens_with(&[], &told, cause, at, at),
                Happening::Attributes { names, told } => self.attributes_changed(names, &told, cause, at, at),
                Happening::Ended { enrollment, journey, reason } => {
                    self.ended(enrollment, &reason, at);
                    self.happens(&[Occurrence::Ended { journey: &journey, reason: &reason }], cause, at, at);
                }
                Happening::Open { journey, enrollment } => self.open(&journey, enrollment, at),
                Happening::Leave { journey } => self.leave_journey(&journey, at),
            }
        }
        (self.generation, self.happened) = (0, 0);
    }

    /// What a walk made happen; after the last of it, where the contact was moved to by what nobody was told of yet.
    fn next_queued(&mut self, at: DateTime<Utc>) -> Option<Queued> {
        if self.queue.is_empty() {
            let moved = self.settle(at);
            let cause = moved.first()?.cause;
            self.queue(Happening::Rated(moved), cause, at);
        }
        self.queue.pop_front()
    }

    /// Attributes have other values than before.
    pub(super) fn attributes_changed(
        &mut self,
        names: Vec<Name>,
        told: &[Told],
        cause: InputId,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        for name in &names {
            self.date_changed(name, cause, at);
        }
        let contact = &self.out.state.cold.contact.attributes;
        let values: Vec<Option<Value>> = names.iter().map(|name| contact.get(name).cloned()).collect();
        let occurrences: Vec<Occurrence<'_>> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| Occurrence::Attribute { name, value: value.as_ref() })
            .collect();
        self.happens_with(&occurrences, told, cause, happened_at, at);
    }

    /// What one input brings about: goals and exits first, then waits, then entries.
    pub(super) fn happens(
        &mut self,
        occurrences: &[Occurrence<'_>],
        cause: InputId,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        self.happens_with(occurrences, &[], cause, happened_at, at);
    }

    /// The same, with what it made of the contact's scores, and where they and it moved the contact to: that happens now,
    /// however late the input is.
    pub(super) fn happens_with(
        &mut self,
        occurrences: &[Occurrence<'_>],
        told: &[Told],
        cause: InputId,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let first = occurrences.iter().map(|occurrence| (*occurrence, cause, happened_at));
        let moved = self.settle(at);
        let rated = told.iter().chain(&moved);
        let defined = rated.clone().map(|told| told.by_definition);
        let rated = rated.map(|told| (Occurrence::Fact(&told.fact, told.before), told.cause, at));
        let all = || first.clone().chain(rated.clone());
        let defined = occurrences.iter().map(|_| false).chain(defined);
        for (occurrence, _, happened_at) in all() {
            self.leave_on(&occurrence, happened_at, at);
        }
        for (occurrence, _, happened_at) in all() {
            for (enrollment, alternative) in self.waiting_for(&occurrence, happened_at) {
                self.wait_ends(enrollment, alternative, at);
            }
        }
        self.predicates_turn(at);
        for ((occurrence, cause, _), by_definition) in all().zip(defined) {
            self.enter_on(&occurrence, cause, by_definition, at);
        }
    }

    /// Goals and exits end an enrollment at once, whatever it waits for, even while its journey is paused.
    fn leave_on(&mut self, occurrence: &Occurrence<'_>, happened_at: DateTime<Utc>, at: DateTime<Utc>) {
        let mut index = 0;
        while let Some(enrollment) = self.out.state.hot.enrollments.get(index) {
            match self.exit_by(enrollment, occurrence, happened_at) {
                Some(reason) => self.exit(index, at, reason),
                None => index += 1,
            }
        }
    }

    fn exit_by(
        &self,
        enrollment: &Enrollment,
        occurrence: &Occurrence<'_>,
        happened_at: DateTime<Utc>,
    ) -> Option<ExitReason> {
        let journey = self.program.journey_of(enrollment)?;
        if enrollment.undoing
            || happened_at < enrollment.entered_at
            || !concerns(journey, enrollment, occurrence)
        {
            return None;
        }
        let exit = journey.exits.iter().find(|exit| {
            exit.trigger.is(occurrence)
                && exit.when.as_ref().is_none_or(|when| when.holds(&self.facts_of(enrollment)))
        })?;
        Some(match (exit.kind, occurrence.event()) {
            (ExitKind::Goal, Some(event)) => ExitReason::Goal(event.name.clone()),
            (ExitKind::Goal, None) => ExitReason::Goal(exit.trigger.word()),
            (ExitKind::Exit, Some(event)) => ExitReason::Event(event.name.clone()),
            (ExitKind::Exit, None) => ExitReason::Fact(exit.trigger.word()),
        })
    }

    /// The enrollments that wait for this, each with the alternative that it satisfies.
    fn waiting_for(
        &self,
        occurrence: &Occurrence<'_>,
        happened_at: DateTime<Utc>,
    ) -> Vec<(EnrollmentId, u16)> {
        let mut found = Vec::new();
        for (index, enrollment) in self.out.state.hot.enrollments.iter().enumerate() {
            let Waiting::Event { .. } = enrollment.waiting else { continue };
            let Some((journey, NodeKind::WaitFor(wait))) = self.standing(index) else { continue };
            if !wait.counts(happened_at, enrollment) || !concerns(journey, enrollment, occurrence) {
                continue;
            }
            let satisfied = (0..).zip(&wait.alternatives).find(|(_, alternative)| match &alternative.cause {
                Cause::Trigger(trigger) => trigger.is(occurrence),
                Cause::Becomes(_) => false,
            });
            found.extend(satisfied.map(|(number, _)| (enrollment.id, number)));
        }
        found
    }

    /// Looks at every predicate that an enrollment waits for: one that held on arrival must cease to hold before it counts.
    fn predicates_turn(&mut self, at: DateTime<Utc>) {
        let mut turned: Vec<(EnrollmentId, u16)> = Vec::new();
        for index in 0..self.out.state.hot.enrollments.len() {
            let enrollment = &self.out.state.hot.enrollments[index];
            let Waiting::Event { stood, .. } = &enrollment.waiting else { continue };
            let Some((_, NodeKind::WaitFor(wait))) = self.standing(index) else { continue };
            let predicates = (0..).zip(&wait.alternatives).filter_map(|(number, other)| match &other.cause {
                Cause::Becomes(predicate) => Some((number, predicate.holds(&self.facts_of(enrollment)))),
                Cause::Trigger(_) => None,
            });
            let answers: Vec<(u16, bool)> = predicates.collect();
            let satisfied = answers.iter().find(|(number, holds)| *holds && !stood.contains(number));
            turned.extend(satisfied.map(|(number, _)| (enrollment.id, *number)));
            let fell = |number: &u16| answers.iter().any(|(other, holds)| other == number && !holds);
            if stood.iter().any(fell)
                && let Waiting::Event { stood, .. } = &mut self.out.state.hot.enrollments[index].waiting
            {
                stood.retain(|number| !fell(number));
            }
        }
        for (enrollment, alternative) in turned {
            self.wait_ends(enrollment, alternative, at);
        }
    }

    fn wait_ends(&mut self, enrollment: EnrollmentId, alternative: u16, at: DateTime<Utc>) {
        let Some(index) = self.position(enrollment) else { return };
        if self.program.is_still(&self.out.state.hot.enrollments[index], at) {
            self.out.state.hot.enrollments[index].waiting = Waiting::Matched { at, alternative };
        } else {
            self.matched(index, at, alternative);
        }
    }

    /// Tells the enrollment that waits for the end of another one.
    fn ended(&mut self, ended: EnrollmentId, reason: &ExitReason, at: DateTime<Utc>) {
        let awaits = |enrollment: &Enrollment| matches!(&enrollment.waiting, Waiting::Enrollment { enrollment, .. } if *enrollment == ended);
        let Some(index) = self.out.state.hot.enrollments.iter().position(awaits) else { return };
        if is_on(Bug::EndUntold) {
            return;
        }
        if self.program.is_still(&self.out.state.hot.enrollments[index], at) {
            self.out.state.hot.enrollments[index].waiting = Waiting::Ended { at, end: reason.word() };
        } else {
            self.returned(index, at, Some(reason.word()));
        }
    }

    /// Ends every run of a journey that the contact is in, because a step of another one says so.
    fn leave_journey(&mut self, journey: &JourneyId, at: DateTime<Utc>) {
        let inside = |other: &Enrollment| other.journey == *journey && !other.undoing;
        while let Some(index) = self.out.state.hot.enrollments.iter().position(inside) {
            self.exit(index, at, ExitReason::Left);
        }
    }
}

/// Whether what happened can concern this run: one with a key hears only what has the same key, or none.
fn concerns(journey: &Journey, enrollment: &Enrollment, occurrence: &Occurrence<'_>) -> bool {
    let key = journey.reentry.one_per.as_ref().zip(enrollment.key.as_ref());
    let Some((property, key)) = key else { return true };
    let value = occurrence.properties().and_then(|properties| properties.get(property));
    value.is_none_or(|value| super::enroll::key_of(value).is_some_and(|other| other == *key))
}

impl Trigger {
    /// The word by which an exit that is no event is known.
    fn word(&self) -> Name {
        match self {
            Trigger::Event { name, .. } | Trigger::Host { name, .. } => name.clone(),
            Trigger::Keyword { .. } => "keyword".into(),
            Trigger::Attribute { name, .. } => name.clone(),
            Trigger::Segment { segment, .. } => segment.clone(),
            Trigger::Mark { mark, .. } => mark.clone(),
            Trigger::Tier { score, .. }
            | Trigger::Reaches { score, .. }
            | Trigger::FallsBelow { score, .. } => score.clone(),
            Trigger::Ended { journey, .. } => journey.as_str().into(),
            Trigger::Date { attribute, .. } => attribute.clone(),
            Trigger::Schedule(_) => "schedule".into(),
        }
    }
}
