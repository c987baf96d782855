//! Who is in a segment, asked from outside of a transition.

use chrono::{DateTime, Utc};

use super::program::Program;
use super::state::ContactState;
use crate::rule::segment::{Seen, SegmentExplanation, SegmentState, Touched};

impl Program {
    /// Whether a contact is in a segment at an instant, by what is kept of it; its history is not looked through.
    pub(crate) fn holds(&self, place: usize, contact: &ContactState, at: DateTime<Utc>) -> bool {
        let (state, now) = (self.aligned(contact), at.timestamp_millis());
        self.seeing(contact, at, |seen| self.segments.holds(place, &state, seen, now))
    }

    /// The value by which a contact is ranked; `None` where it is not among those who are.
    pub(crate) fn rank(&self, place: usize, contact: &ContactState) -> Option<i64> {
        // Who may not be profiled takes nobody's place in a line.
        if self.is_unprofiled(contact) && self.barred().has(place) {
            return None;
        }
        let (state, at) = (self.aligned(contact), contact.hot.now);
        self.seeing(contact, at, |seen| self.segments.rank(place, &state, seen, at.timestamp_millis()))
    }

    /// Why a contact is in a segment at an instant, or is not: the questions that decide it, with the values, and when that
    /// may next change. `None` where no segment has the name.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::sync::Arc;
    /// use journeyman::machine::{ContactState, Program, ProgramParts};
    /// use journeyman::rule::segment::{SegmentDefinition, Segments};
    ///
    /// let vips: SegmentDefinition = serde_json::from_str(r#"{"segment": "vips", "where": {"tag": "vip"}}"#)?;
    /// let mut parts = ProgramParts::default();
    /// parts.segments = Arc::new(Segments::compile([vips], &BTreeMap::new())?);
    /// let program = Program::new(parts);
    /// let lea = ContactState::new("lea".into());
    /// assert!(program.explain_segment("vips", &lea, lea.hot.now).is_some());
    /// assert!(program.explain_segment("others", &lea, lea.hot.now).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_segment(
        &self,
        segment: &str,
        contact: &ContactState,
        at: DateTime<Utc>,
    ) -> Option<SegmentExplanation> {
        let place = self.segments.place(segment)?;
        let (state, now) = (self.aligned(contact), at.timestamp_millis());
        let mut explained = self.seeing(contact, at, |seen| self.segments.explain(place, &state, seen, now));
        let purpose = self.segments.at(place).and_then(|segment| segment.purpose.as_deref());
        explained.unprofiled_since =
            contact.hot.profiling.off_since.filter(|_| self.policy.is_profiling(purpose));
        if explained.unprofiled_since.is_some() {
            explained.because.clear();
            (explained.next, explained.waits) = (None, false);
        }
        Some(explained)
    }

    /// Whether a contact that takes over what is published now has anything to tell: not where nothing but lines was drawn
    /// since, and none of them moves it.
    pub(crate) fn concerns(&self, contact: &ContactState) -> bool {
        if contact.hot.segmented != self.segmented {
            return true;
        }
        let (mut state, at) = (self.aligned(contact), contact.hot.now);
        let (mut touched, mut moves) = (Touched::default(), false);
        self.segments.touch_all(&mut touched);
        self.seeing(contact, at, |seen| {
            self.segments
                .settle(&mut state, &mut touched, seen, at.timestamp_millis(), &mut |_| moves = true);
        });
        moves
    }

    /// What is kept of a contact, as these segments know it.
    fn aligned(&self, contact: &ContactState) -> SegmentState {
        let mut state = contact.hot.segments.clone();
        self.segments.align(&mut state);
        state
    }

    fn seeing<T>(&self, contact: &ContactState, at: DateTime<Utc>, ask: impl FnOnce(&Seen<'_>) -> T) -> T {
        let zone = contact.cold.zone().unwrap_or_else(|| self.zone.clone());
        let facts = contact.facts().at(at).scored_by(self);
        let barred = self.is_unprofiled(contact).then(|| self.barred());
        ask(&Seen::new(facts, &contact.cold.standing, &contact.hot, &zone).outside(barred))
    }
}
