//! R1, R2 and R4, as far as a state shows them: bounds, tiers, and what journeys see. The fold itself is X7's.

use super::super::Invariant;
use super::record::{Record, Sink};
use crate::machine::Program;
use crate::rule::score::{ScoreState, Table};

pub(super) fn judge(program: &Program, record: &Record, sink: &mut Sink<'_>) {
    let hot = &record.stored.state.hot;
    for (name, scored) in program.scores() {
        let Some(state) = hot.rating.state(name) else { continue };
        // What other rules counted follows them until it is counted anew.
        if state.model != scored.model.short_hash() {
            continue;
        }
        let (table, place) = (scored.model.table(), format!("score {name}"));
        if table.clamp.is_some_and(|clamp| !(clamp.least..=clamp.most).contains(&state.value)) {
            sink.add(Invariant::R2, place, "it is outside its bounds");
            continue;
        }
        if let Some(found) = misplaced(table, state, hot.now.timestamp_millis()) {
            sink.add(Invariant::R4, place, found);
            continue;
        }
        let band = state.tier.and_then(|tier| table.tiers.get(usize::from(tier))).map(|band| &band.tier);
        if hot.rating.score(name) != state.value || hot.rating.tier(name) != band {
            sink.add(Invariant::R1, place, "journeys see another score than the one that is kept");
        }
    }
}

/// Why a tier is not the one that the value allows.
fn misplaced(table: &Table, state: &ScoreState, now: i64) -> Option<String> {
    let allowed = table.tiers.iter().rposition(|band| state.value >= band.from);
    let Some(own) = state.tier.map(usize::from) else {
        let scored = state.changed_at.is_some() && allowed.is_some();
        return scored.then(|| "it has a value and no tier".into());
    };
    let Some(band) = table.tiers.get(own) else { return Some("its tier is none of its own".into()) };
    if allowed > Some(own) {
        return Some(format!("its value is above {}", band.tier));
    }
    if allowed == Some(own) || state.value >= band.from.saturating_sub(band.hysteresis) {
        return None;
    }
    let stays = band.stay.zip(state.tier_since).is_some_and(|(stay, since)| now < since.saturating_add(stay));
    (!stays).then(|| format!("its value is below {}", band.tier))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::score::ScoreModel;

    #[test]
    fn a_tier_is_kept_by_hysteresis_and_stay_alone() {
        let model = ScoreModel::compile(
            r#"on("seen", 1); tier("cold", 0); tier("hot", 40).hysteresis(4).stay(1 * days);"#,
        )
        .unwrap();
        let found = |value, tier, now| {
            let mut state = model.start();
            (state.value, state.tier, state.tier_since, state.changed_at) = (value, tier, Some(0), Some(0));
            misplaced(model.table(), &state, now)
        };
        let day = 86_400_000;
        assert_eq!(found(40, Some(1), day), None);
        assert_eq!(found(36, Some(1), day), None);
        assert_eq!(found(35, Some(1), day - 1), None);
        assert_eq!(found(35, Some(1), day).as_deref(), Some("its value is below hot"));
        assert_eq!(found(40, Some(0), 0).as_deref(), Some("its value is above cold"));
        assert_eq!(found(3, None, 0).as_deref(), Some("it has a value and no tier"));
        assert_eq!(found(-1, None, 0), None);
        assert_eq!(found(3, Some(7), 0).as_deref(), Some("its tier is none of its own"));
    }
}
