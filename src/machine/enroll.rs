//! Which journeys an event opens.

use chrono::{DateTime, Utc};

use super::transition::{Run, Signal};
use crate::journey::{Journey, Reenter};
use crate::model::{Enrollment, Event, InputId, StepOutcome};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

impl Run<'_> {
    pub(super) fn enter_on(&mut self, event: &Event, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        for journey in program.opened_by(&event.name) {
            if program.is_paused(&journey.id, at) || !self.may_enter(journey, event, at) {
                continue;
            }
            self.enter(journey, cause, at);
        }
    }

    fn may_enter(&self, journey: &Journey, event: &Event, at: DateTime<Utc>) -> bool {
        let facts = self.out.state.facts();
        let door = journey.entries.iter().any(|entry| {
            entry.event == event.name
                && entry.filter.passes(&event.properties)
                && entry.when.as_ref().is_none_or(|when| when.holds(&facts))
        });
        let hot = &self.out.state.hot;
        let active = hot.enrollments.iter().any(|enrollment| enrollment.journey == journey.id);
        let again = match (hot.entries.get(&journey.id), journey.reenter) {
            (None, _) | (Some(_), Reenter::Always) => true,
            (Some(_), Reenter::Never) => false,
            (Some(last), Reenter::After(span)) => DateTime::from_timestamp_millis(*last)
                .is_none_or(|last| self.zone(journey).add(last, span) <= at),
        };
        door && ((!active && again) || is_on(Bug::EntersAgain))
    }

    fn enter(&mut self, journey: &Journey, cause: InputId, at: DateTime<Utc>) {
        let Some(first) = journey.nodes.first() else { return };
        let id = self.enrollment_id(&journey.id, cause);
        let expires_at = journey.max_duration.map(|span| self.zone(journey).add(at, span));
        let enrollment =
            Enrollment::new(id, journey.id.clone(), journey.version, at, first.id.clone(), expires_at);
        let contact = self.contact_id().clone();
        self.out.signals.push(Signal::Entered { contact, enrollment: id, journey: journey.id.clone(), at });
        let hot = &mut self.out.state.hot;
        hot.entries.insert(journey.id.clone(), at.timestamp_millis());
        hot.enrollments.push(enrollment);
        let index = hot.enrollments.len() - 1;
        self.record_step(index, at, StepOutcome::Entered, Some(first.id.clone()));
        self.walk(index, at, Some(0));
    }

    /// Where this contact's hours and days are counted: its own zone, else the journey's, else the program's.
    pub(super) fn zone(&self, journey: &Journey) -> Zone {
        let own = self.out.state.cold.zone();
        own.or_else(|| journey.zone.clone()).unwrap_or_else(|| self.program.zone.clone())
    }
}
