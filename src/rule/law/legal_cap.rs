//! How much of marketing the law lets be said to one reader: dated rows, beside those of hours.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::places::Places;
use super::profile::is_within;
use super::recipient::Whereabouts;
use super::territory::list;
use super::{Force, Profile, Territory};
use crate::model::{Name, Said};
use crate::rule::cap::{LONGEST, MOST_SAID, longest, room_in};
use crate::time::{Span, Zone};

/// One row: at most so many messages on some channels, which count together, in any window of a length.
///
/// What counts is messages of purposes that the policy names and that are not owed. Of one that it does not name, the hours hold and
/// nothing counts; a journey that sends for such a purpose is warned about (`J133`).
///
/// ```
/// use journeyman::rule::law::Profile;
/// let france = Profile::named("fr")?;
/// let calls = &france.caps[0];
/// assert_eq!((calls.most, calls.per.to_string().as_str()), (4, "30d"));
/// # Ok::<(), journeyman::rule::law::ProfileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LegalCap {
    /// What the reason of a deferral calls it, behind the name of its profile.
    pub name: Name,
    /// The channels that count and are capped together.
    pub channels: Vec<Name>,
    /// Where; everywhere in the profile where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "list")]
    pub territories: Vec<Territory>,
    /// The most messages in any window: 1 to 64.
    pub most: u32,
    /// How long a window is: months and days on the contact's clock, the rest exact. A message counts during
    /// `[begin, begin + per)`.
    pub per: Span,
    /// What stands behind it.
    pub force: Force,
    /// Where it is written.
    pub source: Name,
    /// When that was read.
    pub as_of: NaiveDate,
    /// The first local date on which it is in force; ever since where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The first local date on which it is no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl LegalCap {
    /// Whether it is in force on a local date.
    #[must_use]
    pub fn is_in_force(&self, date: NaiveDate) -> bool {
        is_within(date, self.from, self.until)
    }

    /// Whether what is said on a channel counts and is capped.
    #[must_use]
    pub fn concerns(&self, channel: &str) -> bool {
        self.channels.iter().any(|name| **name == *channel)
    }

    /// What is wrong with it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        let name = &self.name;
        if name.trim().is_empty() || self.channels.is_empty() || self.source.trim().is_empty() {
            return Some(format!("the cap {name:?} has no name, no channel or no source"));
        }
        if self.most == 0 || self.most as usize > MOST_SAID {
            return Some(format!("the cap {name} allows {} messages, and not 1 to {MOST_SAID}", self.most));
        }
        if self.per.is_zero() || longest(self.per) > longest(LONGEST) {
            return Some(format!("the window of the cap {name} is {}, and not up to 400 days", self.per));
        }
        let ends = self.from.zip(self.until).is_some_and(|(from, until)| until <= from);
        ends.then(|| format!("the cap {name} ends before it begins"))
    }
}

/// The caps of all profiles that concern a channel, with their profiles.
pub(in super::super) fn caps_on<'a>(
    profiles: &'a [Profile],
    channel: &'a str,
) -> impl Iterator<Item = (&'a Profile, &'a LegalCap)> {
    let all = profiles.iter().flat_map(|profile| profile.caps.iter().map(move |cap| (profile, cap)));
    all.filter(move |(_, cap)| cap.concerns(channel))
}

/// The caps of the law without room at an instant, with the first instant at which each has some. A reader who may be in several
/// places is held to the caps of all of them. `counts` says which purposes count.
pub(in super::super) fn full<'a>(
    profiles: &'a [Profile],
    channel: &'a str,
    said: &'a [Said],
    reader: impl Fn() -> Whereabouts<'a>,
    counts: impl Fn(&str) -> bool,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Name)> {
    let (mut found, mut full) = (None, Vec::new());
    for (profile, cap) in caps_on(profiles, channel) {
        let mut here = || {
            let all = Places::of(&profile.territories);
            let wanted = if cap.territories.is_empty() { all } else { Places::of(&cap.territories) };
            found.get_or_insert_with(&reader).places.is_none_or(|places| places.meets(wanted))
        };
        // Before it is asked where somebody is, because most have room.
        let counted = said.iter().filter(|said| cap.concerns(&said.channel) && counts(&said.purpose));
        let Some(at) = room_in(counted, cap.per, cap.most, zone, now) else { continue };
        if cap.is_in_force(zone.local(now).date()) && here() {
            full.push((at, format!("{}: {}", profile.name, cap.name).into()));
        }
    }
    full
}
