//! The past of numbers, written down as they change.

use super::hear::floored;
use super::{ScoreModel, ScoreState, TrailState};
use crate::model::Contact;

impl ScoreModel {
    /// Writes the score down, where its past is remembered and once there is one.
    pub(super) fn record_score(&self, state: &mut ScoreState, at: i64) {
        if !state.rated {
            return;
        }
        let value = Some(state.value);
        for (place, trail) in
            self.table.trails.iter().enumerate().filter(|(_, trail)| trail.attribute.is_none())
        {
            if let Some(known) = self.trails(state).get_mut(place) {
                known.record(at, value, trail.span);
            }
        }
    }

    /// Writes the attributes down whose past is remembered; a fraction is rounded down.
    pub(super) fn record_attributes(&self, state: &mut ScoreState, contact: &Contact, at: i64) {
        for (place, trail) in self.table.trails.iter().enumerate() {
            let Some(attribute) = &trail.attribute else { continue };
            let value = contact.attributes.get(attribute).and_then(|value| floored(value, 1, 1));
            if let Some(known) = self.trails(state).get_mut(place) {
                known.record(at, value, trail.span);
            }
        }
    }

    fn trails<'s>(&self, state: &'s mut ScoreState) -> &'s mut [TrailState] {
        if state.trails.len() != self.table.trails.len() {
            state.trails.resize_with(self.table.trails.len(), TrailState::default);
        }
        &mut state.trails
    }
}
