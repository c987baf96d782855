//! G1 and G3, as far as a state shows them: who is in, by what is kept, and what journeys see.

use super::super::Invariant;
use super::record::{Record, Sink};
use crate::machine::Program;

pub(super) fn judge(program: &Program, record: &Record, sink: &mut Sink<'_>) {
    let (state, segments) = (&record.stored.state, program.segments());
    // Other segments are taken over at the next input, and a history that is still to be counted comes with one.
    let mut aligned = state.hot.segments.clone();
    let judged = !segments.align(&mut aligned) && !segments.lacks(&aligned) && !state.hot.retracted;
    for (place, name) in segments.names().enumerate() {
        let (kept, at) = (state.hot.segments.members.get(name), format!("segment {name}"));
        if judged && program.holds(place, state, state.hot.now) != kept.is_some() {
            sink.add(Invariant::G1, at, "what is kept of the contact says otherwise");
            continue;
        }
        let now = state.hot.now.timestamp_millis();
        if kept.is_some_and(|kept| kept.since > now || kept.times == 0) {
            sink.add(Invariant::G3, at, "it was never entered");
        } else if state.hot.rating.is_in(name) != kept.is_some() {
            sink.add(Invariant::G3, at, "journeys see another membership than the one that is kept");
        }
    }
}
