//! How much may be said to one contact: caps in sliding windows, as data.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Policy, Rating};
use crate::error::Diagnostic;
use crate::model::{Name, Said};
use crate::time::{Span, Zone};

/// The most messages that a cap may allow, and the most that are counted of each purpose on each channel.
pub const MOST_SAID: usize = 64;
/// The longest window.
pub(super) const LONGEST: Span = Span::days(400);

/// A cap: at most so many messages of certain purposes in any window of a length.
///
/// What counts is the begin of a message, at its newest attempt; what the provider refused for good at its first attempt is
/// given back. A purpose that no cap names is neither counted nor capped.
///
/// ```
/// use journeyman::rule::{Cap, Policy};
/// use journeyman::time::Span;
/// let policy = Policy::new("2026-11")
///     .cap(Cap::new("hot", 3, Span::days(7)).for_purpose("nurture").in_tier("spark", "hot").at_least(2))
///     .cap(Cap::new("cold", 1, Span::months(1)).for_purpose("nurture").in_tier("spark", "cold"));
/// policy.check()?;
/// # Ok::<(), journeyman::error::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cap {
    /// Its name, which the reason of a deferral carries.
    pub name: Name,
    /// The purposes that count and are capped; at least one.
    pub purposes: Vec<Name>,
    /// The channels that count and are capped; all of them where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Name>,
    /// For whom: those whose score falls in this tier; everybody where absent. A contact without the score has no tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<CapTier>,
    /// The most messages in any window: 1 to 64.
    pub most: u32,
    /// How long a window is: months and days in the contact's zone, the rest exact. A message counts during
    /// `[begin, begin + per)`.
    pub per: Span,
    /// The fewest that are meant to be sent in such a window: reported where missed, never enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u32>,
}

/// A tier of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CapTier {
    /// The score.
    pub score: Name,
    /// The tier that it falls in.
    pub tier: Name,
}

impl Cap {
    /// At most `most` messages in any window of this length, of the purposes that are added to it.
    #[must_use]
    pub fn new(name: impl Into<Name>, most: u32, per: Span) -> Self {
        let (purposes, channels) = (Vec::new(), Vec::new());
        Self { name: name.into(), purposes, channels, tier: None, most, per, least: None }
    }

    /// Counts and caps a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }

    /// Limits it to a channel; call it again for further ones.
    #[must_use]
    pub fn on_channel(mut self, channel: impl Into<Name>) -> Self {
        self.channels.push(channel.into());
        self
    }

    /// Limits it to those whose score falls in a tier.
    #[must_use]
    pub fn in_tier(mut self, score: impl Into<Name>, tier: impl Into<Name>) -> Self {
        self.tier = Some(CapTier { score: score.into(), tier: tier.into() });
        self
    }

    /// Says how many messages are meant to be sent in a window; fewer are reported, and nothing else happens.
    #[must_use]
    pub fn at_least(mut self, least: u32) -> Self {
        self.least = Some(least);
        self
    }

    /// Whether a message counts and is capped.
    pub(super) fn concerns(&self, channel: &str, purpose: &str) -> bool {
        self.purposes.iter().any(|name| **name == *purpose)
            && (self.channels.is_empty() || self.channels.iter().any(|name| **name == *channel))
    }

    /// Whether it holds for a contact.
    pub(crate) fn holds_for(&self, rating: &Rating) -> bool {
        self.tier.as_ref().is_none_or(|tier| rating.tier(&tier.score) == Some(&tier.tier))
    }

    /// The first instant after `now` at which the window has room for one more; `None` where it has room already.
    #[must_use]
    pub fn opens_at(&self, said: &[Said], zone: &Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let counted = said.iter().filter(|said| self.concerns(&said.channel, &said.purpose));
        room_in(counted, self.per, self.most, zone, now)
    }

    /// How many of these messages stand in the window that ends at `now`.
    pub(crate) fn count(&self, said: &[Said], zone: &Zone, now: DateTime<Utc>) -> u32 {
        let counted =
            said.iter().filter(|said| self.concerns(&said.channel, &said.purpose) && said.at <= now);
        let inside = counted.filter(|said| zone.add(said.at, self.per) > now).count();
        u32::try_from(inside).unwrap_or(u32::MAX)
    }

    fn problems(&self, place: &str, problems: &mut Vec<Diagnostic>) {
        let mut problem = |code, field: &str, sentence: String, next| {
            problems.push(Diagnostic::new(code, format!("{place}.{field}"), sentence, next));
        };
        if self.purposes.is_empty() {
            let next = "name the purposes that count, such as marketing";
            problem("J140", "purposes", format!("the cap {:?} names no purpose", self.name), next);
        }
        if self.most == 0 || self.most as usize > MOST_SAID {
            let sentence = format!("the cap {:?} allows {} messages", self.name, self.most);
            problem("J141", "most", sentence, "write a number from 1 to 64");
        }
        if self.least.is_some_and(|least| least > self.most) {
            let sentence = format!("the cap {:?} asks for more messages than it allows", self.name);
            problem("J141", "least", sentence, "write a number up to that of most");
        }
        if self.per.is_zero() || longest(self.per) > longest(LONGEST) {
            let sentence = format!("the window of the cap {:?} is {}", self.name, self.per);
            problem("J141", "per", sentence, "write a span up to 400 days, such as 1w");
        }
    }
}

/// The first instant after `now` at which a window has room for one more of what counts; `None` where it has room already.
pub(super) fn room_in<'a>(
    counted: impl Iterator<Item = &'a Said>,
    per: Span,
    most: u32,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let ends = counted.map(|said| zone.add(said.at, per));
    let mut ends: Vec<DateTime<Utc>> = ends.filter(|end| *end > now).collect();
    ends.sort_unstable();
    // With so many that end later there is room, and with one more there is none.
    let later = (most.max(1) as usize).min(MOST_SAID);
    ends.len().checked_sub(later).and_then(|place| ends.get(place).copied())
}

/// A length that no such window exceeds, in whichever zone.
pub(super) fn longest(per: Span) -> TimeDelta {
    let days = i64::from(per.months) * 31 + i64::from(per.days);
    let exact = i64::try_from(per.milliseconds).ok().and_then(TimeDelta::try_milliseconds);
    // A local day more than the calendar shows: clocks move, and islands leap over a whole date.
    let days = TimeDelta::try_days(days.saturating_add(2)).unwrap_or(TimeDelta::MAX);
    exact.and_then(|exact| days.checked_add(&exact)).unwrap_or(TimeDelta::MAX)
}

/// What a policy needs to know of what was said, so that its caps can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// The purposes that count.
    pub purposes: Vec<Name>,
    /// How far back the longest window reaches.
    pub within: TimeDelta,
}

impl Counted {
    /// What is counted: these purposes, so far back.
    #[must_use]
    pub fn new(purposes: impl IntoIterator<Item = Name>, within: TimeDelta) -> Self {
        Self { purposes: purposes.into_iter().collect(), within }
    }

    /// What all these caps count, and windows in which other purposes do; `None` where there are none.
    pub(super) fn of<'a>(
        caps: impl Iterator<Item = &'a Cap>,
        (windows, others): (impl Iterator<Item = Span>, impl Iterator<Item = &'a Name>),
    ) -> Option<Self> {
        let (mut within, mut purposes): (Option<TimeDelta>, BTreeSet<&Name>) = (None, BTreeSet::new());
        for cap in caps {
            within = within.max(Some(longest(cap.per)));
            purposes.extend(&cap.purposes);
        }
        if let Some(window) = windows.map(longest).max() {
            within = within.max(Some(window));
            purposes.extend(others);
        }
        // What no purpose can be counted of is not asked.
        within.filter(|_| !purposes.is_empty()).map(|within| Self::new(purposes.into_iter().cloned(), within))
    }
}

/// What was said to a contact and how it stands, as [`permit`](super::permit::permit) asks the caps.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Spoken<'a> {
    /// What was said before, this message left out.
    pub said: &'a [Said],
    /// Its tiers.
    pub rating: &'a Rating,
    /// Whether a message over a cap is left out, and does not wait for room.
    pub drops: bool,
}

impl<'a> Spoken<'a> {
    /// Puts one together; what is over a cap waits.
    #[must_use]
    pub fn new(said: &'a [Said], rating: &'a Rating) -> Self {
        Self { said, rating, drops: false }
    }

    /// Says whether a message over a cap is left out.
    #[must_use]
    pub fn dropping(self, drops: bool) -> Self {
        Self { drops, ..self }
    }
}

/// Everything that is wrong with caps that stand side by side.
pub(super) fn problems_of(policy: &Policy) -> Vec<Diagnostic> {
    let caps = &policy.caps;
    let (mut problems, mut names) = (Vec::new(), BTreeSet::new());
    for (place, cap) in caps.iter().enumerate() {
        let place = format!("policy.caps[{place}]");
        cap.problems(&place, &mut problems);
        if cap.name.trim().is_empty() || !names.insert(&cap.name) {
            let sentence = format!("a cap is called {:?}, which is no name of its own", cap.name);
            let next = "give each cap a name, such as weekly";
            problems.push(Diagnostic::new("J142", format!("{place}.name"), sentence, next));
        }
        for owed in policy.owed().filter(|owed| cap.purposes.contains(owed)) {
            let sentence = format!("{owed} is owed to the contact, and no cap may keep it back");
            let next = "name the purposes of marketing alone";
            problems.push(Diagnostic::new("J145", format!("{place}.purposes"), sentence, next));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Purpose;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn said(instants: &[&str]) -> Vec<Said> {
        instants.iter().map(|text| Said::new("marketing", "sms", at(text))).collect()
    }

    #[test]
    fn a_window_has_room_again_when_its_oldest_message_leaves_it() {
        let cap = Cap::new("weekly", 2, Span::hours(168)).for_purpose("marketing");
        let before = said(&["2026-03-05T10:00:00Z", "2026-03-02T10:00:00Z", "2026-02-20T10:00:00Z"]);
        let opens = |now| cap.opens_at(&before, &Zone::utc(), at(now));
        assert_eq!(opens("2026-03-06T00:00:00Z"), Some(at("2026-03-09T10:00:00Z")));
        assert_eq!(opens("2026-03-09T09:59:59.999Z"), Some(at("2026-03-09T10:00:00Z")));
        assert_eq!(opens("2026-03-09T10:00:00Z"), None);
        // Three stand in it, because the cap was wider once: the second of them must leave.
        let more = said(&["2026-03-05T10:00:00Z", "2026-03-04T10:00:00Z", "2026-03-02T10:00:00Z"]);
        let opens = cap.opens_at(&more, &Zone::utc(), at("2026-03-06T00:00:00Z"));
        assert_eq!(opens, Some(at("2026-03-11T10:00:00Z")));
    }

    #[test]
    fn months_are_counted_where_the_contact_lives() {
        let cap = Cap::new("monthly", 1, Span::months(1)).for_purpose("marketing");
        let paris = Zone::named("Europe/Paris").unwrap();
        // 23:30 in Paris on the last day of January, and a month that has no 31st.
        let before = said(&["2026-01-31T22:30:00Z"]);
        let opens = cap.opens_at(&before, &paris, at("2026-02-01T00:00:00Z"));
        assert_eq!(opens, Some(at("2026-02-28T22:30:00Z")));
        // Over the change of the clocks, by the local hour.
        let before = said(&["2026-03-15T09:00:00Z"]);
        assert_eq!(
            cap.opens_at(&before, &paris, at("2026-03-20T00:00:00Z")),
            Some(at("2026-04-15T08:00:00Z"))
        );
    }

    #[test]
    fn only_what_a_cap_names_counts() {
        let cap = Cap::new("sms", 1, Span::days(7)).for_purpose("marketing").on_channel("sms");
        let now = at("2026-03-06T00:00:00Z");
        for (purpose, channel, counts) in
            [("marketing", "sms", true), ("marketing", "email", false), ("onboarding", "sms", false)]
        {
            let before = [Said::new(purpose, channel, at("2026-03-05T10:00:00Z"))];
            assert_eq!(cap.opens_at(&before, &Zone::utc(), now).is_some(), counts, "{purpose} by {channel}");
        }
    }

    #[test]
    fn what_is_wrong_with_caps_is_said() {
        let caps = [
            Cap::new("a", 0, Span::days(7)).for_purpose("p"),
            Cap::new("a", 65, Span::days(401)).for_purpose("p"),
            Cap::new(" ", 1, Span::default()).at_least(2),
            Cap::new("fine", 64, Span::months(12)).for_purpose("p").at_least(1),
        ];
        let owed = Cap::new("owed", 1, Span::days(7)).for_purpose("receipts");
        let policy = caps.into_iter().chain([owed]).fold(Policy::new("ours"), Policy::cap);
        let policy = policy.purpose(Purpose::contract("receipts"));
        let problems = problems_of(&policy);
        let found: Vec<String> =
            problems.iter().map(|problem| format!("{} {}", problem.code, problem.place)).collect();
        let expected = [
            "J141 policy.caps[0].most",
            "J141 policy.caps[1].most",
            "J141 policy.caps[1].per",
            "J142 policy.caps[1].name",
            "J140 policy.caps[2].purposes",
            "J141 policy.caps[2].least",
            "J141 policy.caps[2].per",
            "J142 policy.caps[2].name",
            "J145 policy.caps[4].purposes",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_counted_reaches_as_far_back_as_the_longest_window() {
        let caps = [
            Cap::new("a", 1, Span::days(7)).for_purpose("p"),
            Cap::new("b", 1, Span::months(1)).for_purpose("q").for_purpose("p"),
        ];
        let expected = Counted::new(["p", "q"].map(Name::from), TimeDelta::days(33));
        let counted = |caps: &[Cap]| Counted::of(caps.iter(), (std::iter::empty(), std::iter::empty()));
        assert_eq!(counted(&caps), Some(expected));
        assert_eq!(counted(&[]), None);
    }
}
