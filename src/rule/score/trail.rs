//! The past of a number, as far as it is known exactly.

use serde::{Deserialize, Serialize};

/// The past of a number: the first value that was seen, and every change within a span. Instants are milliseconds since
/// 1970, in UTC.
///
/// What a trail answers is exact: what lies further back than the changes that are kept is not known.
///
/// ```
/// use journeyman::rule::score::TrailState;
/// let day = 86_400_000;
/// let mut trail = TrailState::default();
/// trail.record(0, Some(47), 30 * day);
/// trail.record(6 * day, Some(55), 30 * day);
/// assert_eq!((trail.first(), trail.last()), (Some(47), Some(55)));
/// assert_eq!(trail.value_at(5 * day), Some(47));
/// assert_eq!(trail.change_since(5 * day), Some(8));
/// assert_eq!(trail.change_since(-day), None); // nobody knows what it was before
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrailState {
    /// When it was first seen, and what it was then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<(i64, i64)>,
    /// What it became later, oldest first; absent where it ceased to be a number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<(i64, Option<i64>)>,
    /// Whether there were changes between the first and the oldest that is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl TrailState {
    /// The most changes that are kept of one number.
    pub const MOST_CHANGES: usize = 64;

    /// Sees the number at `at`, never before what it saw last; within one instant the last word counts. Changes that are
    /// not needed to know the number at any instant of the `span` before `at` are given up.
    pub fn record(&mut self, at: i64, value: Option<i64>, span: i64) {
        let Some((first_at, _)) = self.first else {
            self.first = value.map(|value| (at, value));
            return;
        };
        if self.last() == value {
            return;
        }
        match (self.changes.last_mut(), value) {
            (Some(last), _) if last.0 >= at => last.1 = value,
            // What ceased within the instant in which it was first seen was not seen.
            (None, value) if first_at >= at => self.first = value.map(|value| (first_at, value)),
            _ => self.changes.push((at, value)),
        }
        let count = self.changes.len();
        // A change that was taken back within its instant was none.
        if let Some((_, last)) = self.changes.last().copied() {
            let before = count.checked_sub(2).and_then(|place| self.changes.get(place));
            let before = match (before, self.cut) {
                (Some((_, before)), _) => Some(*before),
                (None, false) => Some(self.first.map(|(_, value)| value)),
                (None, true) => None,
            };
            if before == Some(last) {
                self.changes.pop();
            }
        }
        self.forget(at.saturating_sub(span));
    }

    /// Gives up every change that was over at `since`, and the oldest where there are too many.
    fn forget(&mut self, since: i64) {
        // The newest change at or before `since` says what the number was then.
        let over = self.changes.iter().take_while(|(at, _)| *at <= since).count().saturating_sub(1);
        let over = over.max(self.changes.len().saturating_sub(Self::MOST_CHANGES));
        if over > 0 {
            self.changes.drain(..over);
            self.cut = true;
        }
    }

    /// The first value that was seen.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.first.map(|(_, value)| value)
    }

    /// The value that was seen last; `None` where it is no number any more, or never was.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.changes.last().map_or_else(|| self.first(), |(_, value)| *value)
    }

    /// What the number was at an instant; `None` where that is not known.
    #[must_use]
    pub fn value_at(&self, at: i64) -> Option<i64> {
        match self.changes.iter().rev().find(|(since, _)| *since <= at) {
            Some((_, value)) => *value,
            None => self
                .first
                .filter(|(since, _)| *since == at || (*since < at && !self.cut))
                .map(|(_, value)| value),
        }
    }

    /// By how much the number changed from an instant on; `None` where it is not known then or now.
    #[must_use]
    pub fn change_since(&self, at: i64) -> Option<i64> {
        Some(self.last()?.saturating_sub(self.value_at(at)?))
    }

    /// By how much the number changed since it was first seen.
    #[must_use]
    pub fn change(&self) -> Option<i64> {
        Some(self.last()?.saturating_sub(self.first()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: i64 = 100;

    fn trail(seen: &[(i64, i64)]) -> TrailState {
        let mut trail = TrailState::default();
        for (at, value) in seen {
            trail.record(*at, Some(*value), SPAN);
        }
        trail
    }

    #[test]
    fn what_ceased_within_its_first_instant_was_not_seen() {
        let mut trail = TrailState::default();
        for (at, value) in [(0, Some(1)), (0, None), (1, Some(4)), (2, None)] {
            trail.record(at, value, 1);
        }
        assert_eq!((trail.first(), trail.value_at(0), trail.value_at(1)), (Some(4), None, Some(4)));
    }

    #[test]
    fn the_first_and_the_last_are_kept_for_ever() {
        let trail = trail(&[(0, 47), (60, 50), (500, 40), (900, 90)]);
        assert_eq!((trail.first(), trail.last(), trail.change()), (Some(47), Some(90), Some(43)));
    }

    #[test]
    fn what_it_was_is_known_within_the_span_and_not_before() {
        let trail = trail(&[(0, 1), (50, 2), (90, 3), (160, 4), (200, 5)]);
        // At 100, the beginning of the span, it had been 3 since 90; what was before is given up.
        for (at, value) in [(-1, None), (0, Some(1)), (1, None), (89, None), (90, Some(3)), (100, Some(3))] {
            assert_eq!(trail.value_at(at), value, "{at}");
        }
        assert_eq!(
            (trail.value_at(159), trail.value_at(160), trail.value_at(1_000)),
            (Some(3), Some(4), Some(5))
        );
        assert_eq!((trail.change_since(100), trail.change_since(89)), (Some(2), None));
    }

    #[test]
    fn nothing_is_given_up_where_nothing_changed() {
        let trail = trail(&[(0, 1), (10_000, 1), (20_000, 2)]);
        assert_eq!((trail.value_at(9_999), trail.value_at(20_000), trail.cut), (Some(1), Some(2), false));
    }

    #[test]
    fn within_one_instant_the_last_word_counts() {
        assert_eq!(trail(&[(0, 1), (0, 2)]), trail(&[(0, 2)]));
        assert_eq!(trail(&[(0, 1), (5, 2), (5, 3)]), trail(&[(0, 1), (5, 3)]));
        // And a change that is taken back in its instant was none.
        assert_eq!(trail(&[(0, 1), (5, 2), (5, 1)]), trail(&[(0, 1)]));
        assert_eq!(trail(&[(0, 1), (3, 4), (5, 2), (5, 4)]), trail(&[(0, 1), (3, 4)]));
        assert_eq!(trail(&[(0, 1), (5, 2), (5, 1), (7, 9)]).changes, [(7, Some(9))]);
    }

    #[test]
    fn what_ceases_to_be_a_number_is_not_known_until_it_is_one_again() {
        let mut trail = TrailState::default();
        trail.record(0, None, SPAN);
        assert_eq!(trail, TrailState::default());
        trail.record(10, Some(1), SPAN);
        trail.record(20, None, SPAN);
        assert_eq!(
            (trail.last(), trail.change(), trail.value_at(15), trail.value_at(25)),
            (None, None, Some(1), None)
        );
        trail.record(30, Some(4), SPAN);
        assert_eq!(
            (trail.change(), trail.change_since(15), trail.change_since(25)),
            (Some(3), Some(3), None)
        );
    }

    #[test]
    fn at_most_64_changes_are_kept_and_what_is_lost_is_not_guessed() {
        let mut many = TrailState::default();
        for at in 0..=65 {
            many.record(at, Some(at), 1_000);
        }
        assert_eq!((many.changes.len(), many.cut), (TrailState::MOST_CHANGES, true));
        assert_eq!((many.value_at(0), many.value_at(1), many.value_at(2)), (Some(0), None, Some(2)));
        let few = trail(&(0..=64).map(|at| (at, at)).collect::<Vec<_>>());
        assert_eq!((few.changes.len(), few.cut, few.value_at(1)), (64, false, Some(1)));
    }

    #[test]
    fn it_is_small_in_json() {
        let text = |trail: &TrailState| serde_json::to_string(trail).unwrap();
        assert_eq!(text(&TrailState::default()), "{}");
        assert_eq!(text(&trail(&[(1, 2), (3, 4)])), r#"{"first":[1,2],"changes":[[3,4]]}"#);
        let read: TrailState =
            serde_json::from_str(&text(&trail(&[(0, 1), (50, 2), (300, 3), (500, 4)]))).unwrap();
        assert!(read.cut);
    }
}
