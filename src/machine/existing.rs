//! Lets those in who already qualify when a journey is published.

use chrono::{DateTime, Utc};

use super::transition::Run;
use crate::model::{InputId, JourneyId};
use crate::seeded::{Bug, is_on};

impl Run<'_> {
    /// Opens a journey to a contact for whom one of its doors for `existing` people stands open.
    pub(super) fn enroll_existing(&mut self, journey: &JourneyId, cause: InputId, at: DateTime<Utc>) {
        let program = self.program;
        let Some(journey) = program.newest(journey) else { return };
        let facts = self.facts();
        let qualifies = journey.entries.iter().any(|entry| {
            entry.existing
                && entry.trigger.stands(&facts)
                && (is_on(Bug::EnrollsEverybody) || entry.when.as_ref().is_none_or(|when| when.holds(&facts)))
        });
        if qualifies && journey.reentry.one_per.is_none() && self.may_enter(journey, None, false, at) {
            let id = self.enrollment_id(&journey.id, cause, "");
            self.enter(journey, id, None, None, at);
        }
    }
}
