//! Where a contact stands, as it is kept: what few contacts have lies apart, because most have none of it.

use chrono::{DateTime, Utc};
use litemap::LiteMap;

use crate::machine::{Hot, Passage};
use crate::model::{Enrollment, JourneyId};
use crate::rule::Performed;

/// A [`Hot`], in a fifth of its room where no rule of others and no operator was at work.
pub(super) struct Kept {
    now: DateTime<Utc>,
    enrollments: Box<[Enrollment]>,
    entries: LiteMap<JourneyId, Passage>,
    performed: Performed,
    /// All the rest, where there is any.
    rest: Option<Box<Hot>>,
}

impl Kept {
    pub(super) fn of(mut hot: Hot) -> Self {
        let blank = Hot::default();
        let now = std::mem::replace(&mut hot.now, blank.now);
        let enrollments = std::mem::take(&mut hot.enrollments).into();
        let entries = std::mem::take(&mut hot.entries);
        let performed = std::mem::take(&mut hot.performed);
        let rest = (hot != blank).then(|| Box::new(hot));
        Self { now, enrollments, entries, performed, rest }
    }

    /// The whole of it.
    pub(super) fn hot(&self) -> Hot {
        let mut hot = self.rest.as_deref().cloned().unwrap_or_default();
        hot.now = self.now;
        hot.enrollments = self.enrollments.to_vec();
        hot.entries = self.entries.clone();
        hot.performed = self.performed.clone();
        hot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;

    #[test]
    fn what_is_kept_comes_back_whole() {
        // Each field by itself, so that one that is forgotten is seen.
        let read = |text: &str| serde_json::from_str::<Hot>(text).unwrap();
        let id = "00".repeat(16);
        let mut told = Hot { now: DateTime::from_timestamp_millis(7).unwrap(), ..Hot::default() };
        told.performed.record(&Event::new("lea", "bought").name, told.now);
        let states = [
            Hot::default(),
            told,
            read(r#"{"now": 5, "entries": {"welcome": 3}}"#),
            read(r#"{"now": 5, "rating": {"scores": {"spark": 12}}}"#),
            read(r#"{"now": 5, "segments": {"left": {"fans": 2}}}"#),
            read(r#"{"now": 5, "segmented": 9}"#),
            read(r#"{"now": 5, "retracted": true}"#),
            read(&format!(
                r#"{{"now": 5, "planned": [{{"journey": "j", "door": 0, "at": 9, "cause": "{id}"}}]}}"#
            )),
        ];
        for hot in states {
            let is_plain = hot == Hot::default() || hot.rating.is_empty() && hot.segmented == 0;
            let kept = Kept::of(hot.clone());
            assert_eq!(kept.hot(), hot);
            assert!(is_plain || kept.rest.is_some());
        }
        assert!(size_of::<Kept>() <= 96 && Kept::of(Hot::default()).rest.is_none());
    }
}
