//! In which tier a score stands.

use super::{Band, Change, ScoreModel, ScoreState};
use crate::seeded::{Bug, is_on};

impl ScoreModel {
    /// Moves the score into the tier where it belongs by now, and tells it.
    #[inline]
    pub(super) fn stand(&self, state: &mut ScoreState, at: i64, told: &mut impl FnMut(Change)) {
        let place = state.tier.map_or(0, |tier| usize::from(tier) + 1);
        if let Some((least, below)) = self.steady.get(place)
            && *least <= state.value
            && (state.value < *below || *below == i64::MAX)
            && !is_on(Bug::NoHysteresis)
        {
            return;
        }
        let to = self.tier_at(state, at);
        if to != state.tier {
            let from = std::mem::replace(&mut state.tier, to);
            state.tier_since = Some(at);
            told(Change::Tier { from, to, up: to > from });
        }
    }

    /// The tier of a score: rising at once, falling where it is far enough below its band and was kept long enough.
    pub(super) fn tier_at(&self, state: &ScoreState, at: i64) -> Option<u16> {
        let plain = self.band_of(state.value);
        match self.stood(state) {
            Some(band) if plain < state.tier => {
                let held =
                    state.value >= band.from.saturating_sub(band.hysteresis) && !is_on(Bug::NoHysteresis);
                let stays = self.stays_until(state).is_some_and(|until| at < until);
                if held || stays { state.tier } else { plain }
            }
            _ => plain,
        }
    }

    /// The band that a value lies in.
    pub(super) fn band_of(&self, value: i64) -> Option<u16> {
        let band = self.table.tiers.iter().rposition(|band| value >= band.from);
        band.and_then(|band| u16::try_from(band).ok())
    }

    /// The instant at which a tier that the score has fallen below is left.
    pub(super) fn stay_ends_at(&self, state: &ScoreState) -> Option<i64> {
        let band = self.stood(state)?;
        if state.value >= band.from.saturating_sub(band.hysteresis) {
            return None;
        }
        self.stays_until(state)
    }

    fn stays_until(&self, state: &ScoreState) -> Option<i64> {
        let stay = self.stood(state)?.stay?;
        Some(state.tier_since?.saturating_add(stay))
    }

    fn stood(&self, state: &ScoreState) -> Option<&Band> {
        self.table.tiers.get(usize::from(state.tier?))
    }
}
