//! Dates of a contact: the doors that they will open, and the waits that hang on them.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::enroll::LEAST_GAP;
use super::happen::Happening;
use super::state::{ContactState, Planned};
use super::transition::Run;
use crate::journey::{Base, Journey, Late, NodeKind, Trigger};
use crate::model::{ExitReason, InputId, JourneyId, Name, StepOutcome, Value, Waiting};
use crate::time::{Offset, Zone};

impl Run<'_> {
    /// The date in an attribute moved, came or went away: doors are planned anew, the runs that the old date had opened end,
    /// and who waits for it waits for the new one.
    pub(super) fn date_changed(&mut self, attribute: &Name, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        let mut index = 0;
        while let Some(enrollment) = self.out.state.hot.enrollments.get(index) {
            if enrollment.date.as_ref().is_some_and(|date| date.attribute == *attribute) {
                self.exit(index, at, ExitReason::DateMoved);
            } else {
                self.wait_until_moves(index, Some(attribute), at);
                index += 1;
            }
        }
        for (journey, door) in program.doors().dated(attribute) {
            self.plan(journey, *door, cause, at);
        }
    }

    /// The contact's clock changed: what is still to come is planned anew, and what is over stays so.
    pub(super) fn plan_all(&mut self, at: DateTime<Utc>) {
        let program = self.program;
        for index in 0..self.out.state.hot.enrollments.len() {
            if self.out.state.hot.enrollments[index].waiting.due_at().is_some_and(|due| due > at) {
                self.wait_until_moves(index, None, at);
            }
        }
        let (held, to_come) =
            std::mem::take(&mut self.out.state.hot.planned).into_iter().partition(|planned| planned.at < at);
        self.out.state.hot.planned = held;
        let to_come: Vec<Planned> = to_come;
        for planned in to_come {
            if let Some(journey) = program.newest(&planned.journey) {
                self.plan(journey, planned.door, planned.cause, at);
                self.plan_schedule(journey, planned.door, at);
            }
        }
    }

    /// The calendar opens doors of its own accord: each that is not planned yet is, from now on.
    pub(super) fn plan_schedules(&mut self, at: DateTime<Utc>) {
        let program = self.program;
        for (journey, door) in program.doors().scheduled() {
            let is_planned = |planned: &Planned| planned.journey == journey.id && planned.door == *door;
            if !self.out.state.hot.planned.iter().any(is_planned) {
                self.plan_schedule(journey, *door, at);
            }
        }
    }

    /// Plans every door of a journey anew: another version of it was published.
    pub(super) fn plan_journey(&mut self, journey: &JourneyId, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        let Some(journey) = program.newest(journey) else { return };
        let planned = std::mem::take(&mut self.out.state.hot.planned);
        let (old, others): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|planned| planned.journey == journey.id);
        self.out.state.hot.planned = others;
        for (door, entry) in (0..).zip(&journey.entries) {
            let old = old.iter().find(|planned| planned.door == door);
            let due = self.date_of(journey, door).filter(|due| *due > at);
            match (&entry.trigger, old) {
                // What a pause holds stays held, and what is planned as it was stays the same plan.
                (Trigger::Date { .. } | Trigger::Schedule(_), Some(old)) if old.at <= at => {
                    self.out.state.hot.planned.push(old.clone());
                }
                (Trigger::Date { .. }, Some(old)) if Some(old.at) == due => {
                    self.out.state.hot.planned.push(old.clone());
                }
                // What is over has opened its door, or came before the journey.
                (Trigger::Date { .. }, _) if due.is_some() => self.plan(journey, door, cause, at),
                (Trigger::Schedule(_), _) => {
                    self.plan_schedule(journey, door, at + TimeDelta::milliseconds(1))
                }
                _ => {}
            }
        }
    }

    /// The first time that the calendar says so at or after an instant.
    fn plan_schedule(&mut self, journey: &Journey, door: u16, from: DateTime<Utc>) {
        let Some(Trigger::Schedule(recurrence)) =
            journey.entries.get(usize::from(door)).map(|entry| &entry.trigger)
        else {
            return;
        };
        self.out.state.hot.planned.retain(|planned| planned.journey != journey.id || planned.door != door);
        let calendars = &self.program.calendars;
        let next = recurrence.next_at_or_after(from, &self.zone(journey), |name| calendars.get(name));
        if let Some(at) = next.filter(|_| self.out.state.hot.planned.len() < ContactState::MOST_PLANNED) {
            let cause = InputId::from_date(self.contact_id(), &journey.id, door, at);
            self.out.state.hot.planned.push(Planned { journey: journey.id.clone(), door, at, cause });
        }
    }

    /// When the date of a door comes, where the contact has it.
    fn date_of(&self, journey: &Journey, door: u16) -> Option<DateTime<Utc>> {
        match &journey.entries.get(usize::from(door))?.trigger {
            Trigger::Date { attribute, offset, time } => {
                let value = self.out.state.cold.contact.attributes.get(attribute)?;
                instant_of(value, *offset, *time, &self.zone(journey))
            }
            _ => None,
        }
    }

    /// Plans a door of a date that is to come, and drops the plan of one that is over.
    pub(super) fn plan_to_come(&mut self, journey: &Journey, door: u16, cause: InputId, at: DateTime<Utc>) {
        let is_it = |planned: &Planned| planned.journey == journey.id && planned.door == door;
        match self.date_of(journey, door) {
            Some(due) if due > at => self.plan(journey, door, cause, at),
            _ => self.out.state.hot.planned.retain(|planned| !is_it(planned)),
        }
    }

    /// Plans a door. An instant that is over already follows the journey's `late`: without it, it is left out.
    fn plan(&mut self, journey: &Journey, door: u16, cause: InputId, at: DateTime<Utc>) {
        let Some(Trigger::Date { .. }) = journey.entries.get(usize::from(door)).map(|entry| &entry.trigger)
        else {
            return;
        };
        self.out.state.hot.planned.retain(|planned| planned.journey != journey.id || planned.door != door);
        let zone = self.zone(journey);
        let Some(due) = self.date_of(journey, door) else { return };
        let in_time = match journey.late {
            _ if due >= at => true,
            Some(late) => late.then == Late::Send || zone.add(due, late.grace) >= at,
            None => false,
        };
        if in_time && self.out.state.hot.planned.len() < ContactState::MOST_PLANNED {
            // What is over already opens the door now: nobody enters in the past. Where a step set the date, it opens a little
            // later, so that journeys that set each other's dates do not spin.
            let earliest = if self.generation > 0 { at + LEAST_GAP } else { at };
            let due = if due <= at { earliest } else { due };
            self.out.state.hot.planned.push(Planned { journey: journey.id.clone(), door, at: due, cause });
        }
    }

    /// A planned date has come.
    pub(super) fn date_comes(&mut self, index: usize, at: DateTime<Utc>) {
        let planned = self.out.state.hot.planned.remove(index);
        let program = self.program;
        let Some(journey) = program.newest(&planned.journey) else { return };
        let Some(entry) = journey.entries.get(usize::from(planned.door)) else { return };
        let date = match &entry.trigger {
            Trigger::Date { attribute, .. } => Some(attribute.clone()),
            Trigger::Schedule(_) => {
                // What a pause held back comes once; the rest of it is over.
                self.plan_schedule(journey, planned.door, at + TimeDelta::milliseconds(1));
                // After the last day of a calendar an input of its very instant plans it once more.
                let passage = self.out.state.hot.entries.get(&journey.id);
                if passage.is_some_and(|passage| passage.entered_at == at.timestamp_millis()) {
                    return;
                }
                None
            }
            _ => return,
        };
        let late = journey.late.filter(|late| self.zone(journey).add(planned.at, late.grace) < at);
        if late.is_some_and(|late| late.then != Late::Send) {
            return;
        }
        let allowed = entry.when.as_ref().is_none_or(|when| when.holds(&self.facts()));
        if allowed && journey.reentry.one_per.is_none() && self.may_enter(journey, None, false, at) {
            let cause = InputId::from_date(self.contact_id(), &journey.id, planned.door, planned.at);
            let id = self.enrollment_id(&journey.id, cause, &planned.cause.to_string());
            self.enter(journey, id, None, date, at);
        }
    }

    /// A wait for a date moves with the date, for any date where none is named; a paused one too.
    pub(super) fn wait_until_moves(&mut self, index: usize, moved: Option<&Name>, at: DateTime<Utc>) {
        let Some((journey, NodeKind::WaitUntil(until))) = self.standing(index) else { return };
        if !matches!(&until.base, Base::Date { attribute, .. } if moved.is_none_or(|moved| moved == attribute))
        {
            return;
        }
        let zone = self.zone(journey);
        let enrollment = &self.out.state.hot.enrollments[index];
        let due =
            super::node::wait_until::due(until, enrollment, &self.out.state, &zone, enrollment.arrived_at);
        let until = due.max(at);
        if enrollment.waiting != (Waiting::Until { at: until }) {
            self.out.state.hot.enrollments[index].waiting = Waiting::Until { at: until };
            self.record_step(index, at, StepOutcome::Replanned { until }, None);
        }
    }

    /// Attributes were changed by a step; the following steps of the walk see what that made of the scores.
    pub(super) fn attributes_set(
        &mut self,
        names: Vec<Name>,
        stirred: &[usize],
        cause: InputId,
        at: DateTime<Utc>,
    ) {
        self.mind_profiling(cause, at);
        let told = self.look(stirred, cause, at);
        self.queue(Happening::Attributes { names, told }, cause, at);
    }
}

/// The instant that a date names: an instant itself, or the first one of a local day; then the offset, then the time of
/// day. Anything else is no date.
pub(super) fn instant_of(
    value: &Value,
    offset: Offset,
    time: Option<NaiveTime>,
    zone: &Zone,
) -> Option<DateTime<Utc>> {
    let base = match value {
        Value::Instant(instant) => *instant,
        Value::Date(date) => zone.resolve(date.and_time(NaiveTime::MIN)),
        _ => return None,
    };
    let shifted = zone.shift(base, offset);
    Some(match time {
        Some(time) => zone.resolve(zone.local(shifted).date().and_time(time)),
        None => shifted,
    })
}
