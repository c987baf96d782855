//! What another system knew of a contact: taken in without a stir, unless the host asks for one.

use chrono::{DateTime, Utc};

use super::transition::Run;
use crate::model::{ImportRow, InputId, Name};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    pub(super) fn import(&mut self, row: &ImportRow, triggers: bool, input: InputId, at: DateTime<Utc>) {
        if triggers || is_on(Bug::ImportTriggers) {
            self.identify(&row.contact, input, at);
            self.drain(at);
            for (part, event) in (0..).zip(&row.events) {
                self.event(event, InputId::from_part(input, part), at);
                self.drain(at);
            }
            return;
        }
        let stirred = self.stirred_by(&row.contact, &row.contact.untag);
        for name in self.take_in(&row.contact, input, at).unwrap_or_default() {
            self.date_known(&name, input, at);
        }
        for event in &row.events {
            let happened_at = event.at.unwrap_or(at).min(at);
            self.perform(&event.name, happened_at, at);
            self.heard_of(&event.name, happened_at);
            self.hear_history(event, input, happened_at, at);
            self.hear_in_segments(&event.name, &event.properties, happened_at, at);
        }
        self.history_ends(input, at);
        // What the contact is like counts from now on: when it became so is not known.
        self.look(&stirred, input, at);
        // Who is in which segment by that is told to nobody either.
        self.settle(at);
    }

    /// A date became known without a stir: a day to come opens its doors and ends its waits, and no run ends by it.
    pub(super) fn date_known(&mut self, attribute: &Name, input: InputId, at: DateTime<Utc>) {
        let program = self.program;
        for index in 0..self.out.state.hot.enrollments.len() {
            self.wait_until_moves(index, Some(attribute), at);
        }
        for (journey, door) in program.doors().dated(attribute) {
            self.plan_to_come(journey, *door, input, at);
        }
    }
}
