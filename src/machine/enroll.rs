//! Which journeys something that happens opens, and whether the contact may enter.

use chrono::{DateTime, TimeDelta, Utc};

use super::transition::{Run, Signal};
use crate::journey::{CountedFrom, Journey, Occurrence};
use crate::model::{
    Dated, Deed, Enrollment, EnrollmentId, InputId, JourneyId, Name, Operated, StepOutcome, Value,
};
use crate::rule::Facts;
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// The least time between two entries where a journey's own doing causes the second: so nothing spins.
pub(super) const LEAST_GAP: TimeDelta = TimeDelta::minutes(1);

impl Run<'_> {
    /// What is so by definition opens the doors alone that let existing people in.
    pub(super) fn enter_on(
        &mut self,
        occurrence: &Occurrence<'_>,
        cause: InputId,
        by_definition: bool,
        at: DateTime<Utc>,
    ) {
        let program = self.program;
        for journey in program.doors().opened_by(occurrence) {
            let facts = self.facts();
            let door = journey.entries.iter().any(|entry| {
                let hears = !by_definition || entry.existing;
                hears
                    && entry.trigger.is(occurrence)
                    && entry.when.as_ref().is_none_or(|when| when.holds(&facts))
            });
            if !door {
                continue;
            }
            let key = match &journey.reentry.one_per {
                None => None,
                // What has no key opens no run: there would be nothing to tell it from the others.
                Some(property) => match occurrence.properties().and_then(|all| key_of(all.get(property)?)) {
                    None => continue,
                    key => key,
                },
            };
            if self.may_enter(journey, key.as_ref(), self.generation > 0, at) {
                let id = self.enrollment_id(&journey.id, cause, key.as_deref().unwrap_or_default());
                self.enter(journey, id, key, None, at);
            }
        }
    }

    /// Whether pause, window and re-entry let the contact in; `by_itself` where a journey and not the world asks.
    pub(super) fn may_enter(
        &self,
        journey: &Journey,
        key: Option<&Name>,
        by_itself: bool,
        at: DateTime<Utc>,
    ) -> bool {
        if self.is_closed(journey, at) || self.is_barred(&journey.id) {
            return false;
        }
        let free = self.is_free(journey, key) && self.may_enter_again(journey, key, by_itself, at);
        free || is_on(Bug::EntersAgain)
    }

    /// Whether a pause, an archive or the window lets nobody in.
    pub(super) fn is_closed(&self, journey: &Journey, at: DateTime<Utc>) -> bool {
        let shut = self.program.is_paused(&journey.id, at) || self.program.is_archived(&journey.id, at);
        shut || !journey.window.contains(at)
    }

    /// Whether no active run is in the way.
    pub(super) fn is_free(&self, journey: &Journey, key: Option<&Name>) -> bool {
        let mut others = self.out.state.hot.enrollments.iter();
        let active = others.any(|other| other.journey == journey.id && other.key.as_ref() == key);
        !active || journey.reentry.concurrent
    }

    fn may_enter_again(
        &self,
        journey: &Journey,
        key: Option<&Name>,
        by_itself: bool,
        at: DateTime<Utc>,
    ) -> bool {
        let Some(passage) = self.out.state.hot.entries.get(&journey.id) else { return true };
        let zone = self.zone(journey);
        let instant = |milliseconds| DateTime::from_timestamp_millis(milliseconds).unwrap_or(at);
        let entered_at = instant(passage.entered_at);
        if by_itself && at - entered_at < LEAST_GAP {
            return false;
        }
        if journey.reentry.gap.is_some_and(|gap| zone.add(entered_at, gap) > at) {
            return false;
        }
        let Some((entered, left)) = passage.last(key) else { return true };
        match journey.reentry.again {
            None => false,
            Some((span, CountedFrom::Entry)) => zone.add(instant(entered), span) <= at,
            Some((span, CountedFrom::Exit)) => zone.add(instant(left.unwrap_or(entered)), span) <= at,
        }
    }

    /// Begins an enrollment.
    pub(super) fn enter(
        &mut self,
        journey: &Journey,
        id: EnrollmentId,
        key: Option<Name>,
        date: Option<Name>,
        at: DateTime<Utc>,
    ) {
        self.enter_by(journey, id, key, date, None, at);
    }

    /// Begins an enrollment, where somebody says so by hand.
    pub(super) fn enter_by(
        &mut self,
        journey: &Journey,
        id: EnrollmentId,
        key: Option<Name>,
        date: Option<Name>,
        by: Option<&Deed>,
        at: DateTime<Utc>,
    ) {
        let Some(first) = journey.nodes.get(journey.door) else { return };
        // One cause opens one run: facts of one input that open the same journey open it once.
        if self.out.steps.iter().any(|step| step.enrollment == id) {
            return;
        }
        let expires_at = journey.max_duration.map(|span| self.zone(journey).add(at, span));
        let mut enrollment =
            Enrollment::new(id, journey.id.clone(), journey.version, at, first.id.clone(), expires_at);
        let contact = self.contact_id().clone();
        self.out.signals.push(Signal::Entered { contact, enrollment: id, journey: journey.id.clone(), at });
        let hot = &mut self.out.state.hot;
        let before = hot.entries.get(&journey.id).map(|passage| passage.entered_at);
        hot.entries.entry(journey.id.clone()).or_default().enter(key.as_ref(), at);
        enrollment.before = before.filter(|_| journey.definition.cap.is_some());
        enrollment.key = key;
        enrollment.date = date.map(|attribute| Dated { attribute, before });
        hot.enrollments.push(enrollment);
        let index = hot.enrollments.len() - 1;
        self.record_step(index, at, StepOutcome::Entered, Some(first.id.clone()));
        self.journey_entered(&journey.id, at);
        if let Some(by) = by {
            self.operated(index, at, Operated::Enrolled, by, None);
        }
        self.walk(index, at, Some(journey.door));
    }

    /// A step of another journey opens this one; its own doors are not asked.
    pub(super) fn open(&mut self, journey: &JourneyId, id: EnrollmentId, at: DateTime<Utc>) {
        let program = self.program;
        match program.newest(journey) {
            Some(journey) if journey.reentry.one_per.is_none() && self.may_enter(journey, None, true, at) => {
                self.enter(journey, id, None, None, at);
            }
            _ => self.not_opened(id, at),
        }
    }

    /// Where this contact's hours and days are counted: its own zone, else the journey's, else the program's.
    pub(super) fn zone(&self, journey: &Journey) -> Zone {
        let own = self.out.state.cold.zone();
        own.or_else(|| journey.zone.clone()).unwrap_or_else(|| self.program.zone.clone())
    }

    /// Whether the contact walks this journey and is told nothing.
    pub(super) fn is_held_out(&self, journey: &Journey) -> bool {
        self.program.holds_out(self.contact_id(), journey)
    }

    /// What a predicate may see now.
    pub(super) fn facts(&self) -> Facts<'_> {
        self.out.state.facts().scored_by(self.program)
    }

    /// What a predicate may see from within an enrollment.
    pub(super) fn facts_of(&self, enrollment: &Enrollment) -> Facts<'_> {
        let mut facts = self.facts();
        facts.entered_at = Some(enrollment.entered_at);
        facts
    }
}

/// The key that a property's value gives a run; a list gives none.
pub(super) fn key_of(value: &Value) -> Option<Name> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::List(_) => None,
        other => Some(format!("{other:?}").into()),
    }
}
