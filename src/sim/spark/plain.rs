//! The score of one person by the plain rules: whatever is due is looked for anew at every instant.

use std::collections::BTreeSet;

use super::rules::{
    ASLEEP, BOOKED, CLICKS, COOLED, DAY, HEARD, LEAST, PEAK, PRAISED, REPLIED, Rules, SEEN, SEEN_MOST,
    SIGNED_UP, STUCK, WORTHY,
};
use crate::sim::fixture::Place;

/// A person's score, and everything that it depends on.
#[derive(Clone)]
pub(super) struct Plain {
    pub(super) rules: &'static Rules,
    place: &'static Place,
    pub(super) value: i64,
    /// The instant up to which everything has happened.
    at: i64,
    /// Whether points were ever given, even none.
    scored: bool,
    engaged: Option<i64>,
    /// Until when silence has taken what it takes.
    decayed: i64,
    changed: Option<i64>,
    pub(super) tier: Option<usize>,
    since: i64,
    pub(super) marks: BTreeSet<&'static str>,
    /// When replies end to count, in the order in which they came.
    lasting: Vec<i64>,
    /// When the day of clicks began, and what it gave.
    clicks: Option<(i64, i64)>,
    signed_up: bool,
    /// What is known of the attribute, and whether it gives points.
    known: Option<i64>,
    worthy: bool,
    /// When something was last counted.
    pub(super) applied: i64,
    clicked: usize,
    /// When everything that was seen happened.
    seen: Vec<i64>,
    /// When the person engaged.
    engagements: Vec<i64>,
    /// When a peak is over.
    peak: i64,
    /// When so much of it was seen in a month.
    busy: i64,
    /// What happened, by word, for whoever counts it.
    pub(super) happened: Vec<&'static str>,
    /// What happened to the tier and the marks, for whoever asks whether it was told.
    pub(super) moved: Vec<(i64, Moved)>,
}

/// A tier that was reached or left, or a mark that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Up(&'static str),
    Down,
    Marked(&'static str),
}

/// What happens by itself; in this order where it is at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Gone,
    Decay,
    Stay,
    MonthEnds,
    PeakEnds,
    Stuck,
    Asleep,
}

impl Plain {
    pub(super) fn new(rules: &'static Rules, place: &'static Place) -> Self {
        Self {
            rules,
            place,
            value: 0,
            at: i64::MIN,
            scored: false,
            engaged: None,
            decayed: i64::MIN,
            changed: None,
            tier: None,
            since: 0,
            marks: BTreeSet::new(),
            lasting: Vec::new(),
            clicks: None,
            signed_up: false,
            known: None,
            worthy: false,
            applied: i64::MIN,
            clicked: 0,
            seen: Vec::new(),
            engagements: Vec::new(),
            peak: 0,
            busy: 0,
            happened: Vec::new(),
            moved: Vec::new(),
        }
    }

    pub(super) fn tier_name(&self) -> Option<&'static str> {
        self.tier.and_then(|tier| self.rules.tiers.get(tier)).map(|tier| tier.0)
    }

    /// Lets everything happen that is due at or before an instant.
    pub(super) fn until(&mut self, at: i64) {
        while let Some((due, what)) = self.next().filter(|(due, _)| *due <= at) {
            self.at = self.at.max(due);
            self.happens(due, what);
        }
        self.at = self.at.max(at);
    }

    /// When something happens by itself.
    pub(super) fn next_at(&self) -> Option<i64> {
        self.next().map(|(at, _)| at)
    }

    fn next(&self) -> Option<(i64, Due)> {
        let (every, _) = self.rules.decay;
        // At the floor there is nothing to take.
        let decay = self.engaged.filter(|_| self.value > LEAST).map(|engaged| {
            // What was over when it became known is not taken any more.
            let over = (self.decayed - engaged).max(0) / every;
            engaged + (over + 1) * every
        });
        let low = self.tier.is_some_and(|tier| {
            let (_, from, hysteresis, _) = self.rules.tiers[tier];
            self.value < from - hysteresis
        });
        let stay = self.tier.filter(|_| low).map(|tier| self.since + self.rules.tiers[tier].3);
        let busy = self.marks.contains("busy").then(|| self.place.month_ends(self.busy));
        let stuck = self.changed.filter(|_| !self.marks.contains("stuck")).map(|changed| changed + STUCK);
        let asleep = self.engaged.filter(|_| !self.marks.contains("asleep")).map(|engaged| engaged + ASLEEP);
        let due = [
            (self.lasting.first().copied(), Due::Gone),
            (decay, Due::Decay),
            (stay, Due::Stay),
            (busy, Due::MonthEnds),
            (self.marks.contains("on-fire").then_some(self.peak), Due::PeakEnds),
            (stuck, Due::Stuck),
            (asleep, Due::Asleep),
        ];
        due.into_iter().filter_map(|(due, what)| due.map(|due| (due.max(self.at), what))).min()
    }

    fn happens(&mut self, at: i64, what: Due) {
        self.applied = at;
        match what {
            Due::Gone => {
                self.happened.push("score_gone");
                self.lasting.remove(0);
                self.applies(at, &[-REPLIED.0]);
            }
            Due::Decay => {
                self.happened.push("score_decayed");
                self.decayed = at;
                let points = self.rules.decay.1;
                self.applies(at, &[points]);
            }
            Due::Stay => self.bands(at),
            Due::MonthEnds => drop(self.marks.remove("busy")),
            Due::PeakEnds => drop(self.marks.remove("on-fire")),
            Due::Stuck => self.marked("stuck", at),
            Due::Asleep => self.marked("asleep", at),
        }
    }

    fn marked(&mut self, mark: &'static str, at: i64) {
        if self.marks.insert(mark) {
            self.happened.push(match mark {
                "stuck" => "mark_stuck",
                "asleep" => "mark_asleep",
                "half" => "mark_half",
                "busy" => "mark_busy",
                "on-fire" => "mark_on_fire",
                _ => "mark_clicker",
            });
            self.moved.push((at, Moved::Marked(mark)));
        }
    }

    /// Each of these points is given or taken, within the bounds each time.
    fn applies(&mut self, at: i64, points: &[i64]) {
        if points.is_empty() {
            return;
        }
        self.scored = true;
        let before = self.value;
        for points in points {
            let asked = self.value + points;
            self.value = asked.clamp(LEAST, self.rules.most);
            if asked > self.value {
                self.happened.push("score_clamped");
            }
        }
        if before == LEAST {
            self.decayed = self.decayed.max(at);
        }
        if self.value != before {
            self.changed = Some(at);
            self.marks.remove("stuck");
        }
        self.bands(at);
        self.half(at);
    }

    fn half(&mut self, at: i64) {
        match self.scored && self.value >= self.rules.half {
            true => self.marked("half", at),
            false => drop(self.marks.remove("half")),
        }
    }

    /// The tier that the value allows.
    fn bands(&mut self, at: i64) {
        let band = self.rules.tiers.iter().rposition(|tier| self.value >= tier.1);
        if !self.scored || band == self.tier {
            return;
        }
        if let (Some(own), true) = (self.tier, band < self.tier) {
            let (_, from, hysteresis, stay) = self.rules.tiers[own];
            if self.value >= from - hysteresis || at < self.since + stay {
                let by_value = self.value >= from - hysteresis;
                self.happened.push(if by_value { "tier_held_by_hysteresis" } else { "tier_held_by_stay" });
                return;
            }
        }
        let up = band > self.tier;
        self.happened.push(if up { "tier_rose" } else { "tier_fell" });
        (self.tier, self.since) = (band, at);
        self.moved.push((at, if up { Moved::Up(self.tier_name().unwrap_or("")) } else { Moved::Down }));
    }

    /// An event, with its number where it has one.
    pub(super) fn hears(&mut self, name: &str, number: Option<i64>, happened: i64, at: i64) {
        if !HEARD.contains(&name) {
            return;
        }
        let mut points = Vec::new();
        self.applied = at;
        let engages = match name {
            "clicked" => {
                points.push(self.click(at));
                self.clicked += 1;
                true
            }
            "signed_up" => {
                points.extend((!self.signed_up).then_some(SIGNED_UP));
                self.signed_up = true;
                true
            }
            "booked" => {
                let many = number.is_some_and(|number| number >= 2);
                points.extend(many.then_some(BOOKED));
                points.push(COOLED);
                many
            }
            "praised" => {
                points.push(PRAISED);
                true
            }
            "replied" => {
                if self.lasting.len() < 32 {
                    points.push(REPLIED.0);
                    self.lasting.push(at + REPLIED.1);
                    self.lasting.sort_unstable();
                }
                true
            }
            "seen" => {
                points.extend(number.map(|number| number.min(SEEN_MOST)));
                self.seen.push(happened);
                false
            }
            _ => false,
        };
        if happened < at {
            self.happened.push("score_late");
        }
        if engages {
            if self.engaged < Some(happened) {
                (self.engaged, self.decayed) = (Some(happened), at);
            }
            self.marks.remove("asleep");
            self.engagements.push(at);
        }
        self.applies(at, &points);
        if engages && self.is_a_peak(at) {
            self.peak = at + PEAK.0;
            self.marked("on-fire", at);
        }
        if self.clicked >= CLICKS {
            self.marked("clicker", at);
        }
        let month = self.place.month(at);
        let seen = self.seen.iter().filter(|seen| self.place.month(**seen) == month).count();
        if name == "seen" && seen >= SEEN && !self.marks.contains("busy") {
            self.busy = at;
            self.marked("busy", at);
        }
    }

    /// Whether the last day holds so many engagements, and so many more than the days before it let expect.
    fn is_a_peak(&self, at: i64) -> bool {
        let (window, factor, least) = PEAK;
        let before = self.engagements.iter().filter(|engaged| **engaged <= at - window).count() as i64;
        let within = self.engagements.len() as i64 - before;
        let past = self.engagements.first().map_or(0, |first| at - window - first);
        let known = past > 0 && before > 0;
        known && within >= least && within * past >= factor * before * window
    }

    /// An event that nobody counts but for how often it came.
    pub(super) fn passes(&mut self, name: &str) {
        self.clicked += usize::from(name == "clicked");
    }

    /// What a click gives: what the day has left.
    fn click(&mut self, at: i64) -> i64 {
        let (points, most) = self.rules.click;
        let (opened, given) = self.clicks.filter(|(opened, _)| at < opened + DAY).unwrap_or((at, 0));
        let left = most - given;
        if left < points {
            self.happened.push("score_capped");
        }
        let points = points.min(left);
        self.clicks = Some((opened, given + points));
        points
    }

    /// Another value of the attribute that the score asks for.
    pub(super) fn learns(&mut self, score: i64, at: i64) {
        if self.known == Some(score) {
            return;
        }
        (self.known, self.applied) = (Some(score), at);
        let worthy = score >= WORTHY.0;
        if worthy != self.worthy {
            self.worthy = worthy;
            self.applies(at, &[if worthy { WORTHY.1 } else { -WORTHY.1 }]);
        }
    }

    /// A history is told: what it brings happens from an instant on that is over, if nothing was counted since.
    pub(super) fn goes_back(&mut self, at: i64) {
        self.at = at;
    }

    /// Nothing happens until an instant, whatever is due.
    pub(super) fn stands_until(&mut self, at: i64) {
        self.at = self.at.max(at);
        self.decayed = self.decayed.max(at);
    }

    /// Other rules take the value over; what is counted by spans of their own begins anew.
    pub(super) fn becomes(&mut self, rules: &'static Rules, at: i64) {
        self.rules = rules;
        (self.at, self.applied, self.decayed) = (self.at.max(at), at, self.decayed.max(at));
        self.lasting.clear();
        self.clicks = None;
        self.bands(at);
        self.half(at);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::rules;
    use super::*;
    use crate::sim::fixture::PLACES;

    const HOUR: i64 = 3_600_000;
    const MARCH: i64 = 1_774_252_800_000; // 2026-03-23T08:00:00Z

    fn plain() -> Plain {
        let mut plain = Plain::new(rules(1), &PLACES[0]);
        plain.until(MARCH);
        plain
    }

    #[test]
    fn points_come_go_and_stay_within_their_bounds() {
        let mut lea = plain();
        for _ in 0..3 {
            lea.hears("clicked", None, MARCH, MARCH);
        }
        assert_eq!((lea.value, lea.marks.contains("clicker")), (8, true));
        lea.hears("replied", None, MARCH, MARCH + HOUR);
        lea.until(MARCH + HOUR + REPLIED.1 - 1);
        // A silence of two days has taken its part.
        assert_eq!(lea.value, 13);
        lea.until(MARCH + HOUR + REPLIED.1);
        assert_eq!(lea.value, 3);
        for _ in 0..8 {
            lea.hears("praised", None, lea.at, lea.at);
        }
        lea.hears("booked", Some(2), lea.at, lea.at);
        assert_eq!(lea.value, 54);
    }

    #[test]
    fn a_tier_is_kept_by_hysteresis_and_for_its_stay() {
        let mut lea = plain();
        for _ in 0..4 {
            lea.hears("praised", None, MARCH, MARCH);
        }
        assert_eq!(lea.tier_name(), Some("hot"));
        lea.hears("booked", None, MARCH, MARCH + 1);
        lea.hears("booked", None, MARCH, MARCH + 2);
        assert_eq!((lea.value, lea.tier_name()), (36, Some("hot")));
        lea.hears("booked", None, MARCH, MARCH + 3);
        lea.until(MARCH + DAY - 1);
        assert_eq!((lea.value, lea.tier_name()), (30, Some("hot")));
        lea.until(MARCH + DAY);
        assert_eq!(lea.tier_name(), Some("warm"));
        assert_eq!(lea.moved.last(), Some(&(MARCH + DAY, Moved::Down)));
    }

    #[test]
    fn a_late_engagement_takes_nothing_after_the_fact() {
        let mut lea = plain();
        lea.learns(80, MARCH);
        lea.hears("clicked", None, MARCH - 5 * DAY, MARCH);
        assert_eq!(lea.value, 14);
        lea.until(MARCH + DAY - 1);
        assert_eq!(lea.value, 14);
        lea.until(MARCH + DAY);
        assert_eq!(lea.value, 9);
    }

    #[test]
    fn a_month_of_many_ends_with_the_month() {
        let mut lea = plain();
        lea.hears("seen", Some(0), MARCH - 30 * DAY, MARCH);
        lea.hears("seen", Some(0), MARCH, MARCH);
        assert!(!lea.marks.contains("busy"));
        lea.hears("seen", Some(0), MARCH, MARCH);
        let april = 1_774_994_400_000; // 2026-04-01T00:00:00+02:00
        lea.until(april - 1);
        assert!(lea.marks.contains("busy"));
        lea.until(april);
        assert!(!lea.marks.contains("busy"));
    }
}
