//! How marketing must say that it can be stopped: dated rows, beside those of hours and caps.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::places::Places;
use super::profile::is_within;
use super::recipient::Whereabouts;
use super::territory::list;
use super::{Force, Profile, Territory};
use crate::model::Name;
use crate::rule::opt_out::{holds_phrase, words_of};
use crate::rule::sms::names_a_stop;

/// A way out that a message can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WayOut {
    /// Its head says how to unsubscribe (RFC 2369, RFC 8058).
    Head,
    /// What it says holds the link that ends it, or the one to the contact's preferences.
    Link,
    /// What it says names a word that ends it when it is sent back.
    Reply,
}

/// One row: marketing on some channels offers one of these ways out, and each begun message is asked for it in its final words.
///
/// ```
/// use journeyman::rule::law::{Profile, WayOut};
/// let france = Profile::named("fr")?;
/// let sms = france.opt_outs.iter().find(|row| row.concerns("sms")).unwrap();
/// assert_eq!(sms.by, [WayOut::Reply]);
/// assert_eq!(&*sms.phrases[0], "STOP au 36###");
/// # Ok::<(), journeyman::rule::law::ProfileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LegalOptOut {
    /// On which channels.
    pub channels: Vec<Name>,
    /// Where; everywhere in the profile where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "list")]
    pub territories: Vec<Territory>,
    /// The ways out that are enough, any of them.
    pub by: Vec<WayOut>,
    /// What counts as naming the word of a [reply](WayOut::Reply), compared by words; `#` stands for a digit. Any word of the STOP
    /// family where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<Name>,
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

/// The ways out of a message as it is handed over.
#[derive(Clone, Copy)]
pub(crate) struct WaysOut<'m> {
    /// Whether its head has one.
    pub(crate) head: bool,
    /// Whether what it says holds a link of its own that is one; looked for where a row asks.
    pub(crate) link: &'m dyn Fn() -> bool,
    /// What it says.
    pub(crate) text: &'m str,
}

impl LegalOptOut {
    /// Whether it is in force on a local date.
    #[must_use]
    pub fn is_in_force(&self, date: NaiveDate) -> bool {
        is_within(date, self.from, self.until)
    }

    /// Whether what is said on a channel is held to it.
    #[must_use]
    pub fn concerns(&self, channel: &str) -> bool {
        self.channels.iter().any(|name| **name == *channel)
    }

    /// Whether a text names a word that ends such messages when it is sent back.
    #[must_use]
    pub fn is_said(&self, text: &str) -> bool {
        if self.phrases.is_empty() {
            return names_a_stop(text);
        }
        let said = words_of(text);
        self.phrases.iter().any(|phrase| holds_phrase(&said, &words_of(phrase)))
    }

    pub(crate) fn is_met(&self, ways: &WaysOut<'_>) -> bool {
        self.by.iter().any(|way| match way {
            WayOut::Head => ways.head,
            WayOut::Link => (ways.link)(),
            WayOut::Reply => self.is_said(ways.text),
        })
    }

    /// What is wrong with it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if self.channels.is_empty() || self.by.is_empty() || self.source.trim().is_empty() {
            return Some("a row of opt_outs has no channel, no way out or no source".into());
        }
        let on = self.channels.join(", ");
        if self.phrases.iter().any(|phrase| words_of(phrase).is_empty()) {
            return Some(format!("a phrase of the opt-out on {on} has no word in it"));
        }
        if !self.phrases.is_empty() && !self.by.contains(&WayOut::Reply) {
            return Some(format!("the opt-out on {on} has phrases, and no reply is a way out of it"));
        }
        let ends = self.from.zip(self.until).is_some_and(|(from, until)| until <= from);
        ends.then(|| format!("the opt-out on {on} ends before it begins"))
    }

    fn is_in(&self, profile: &Profile, reader: &Whereabouts<'_>) -> bool {
        let named = if self.territories.is_empty() { &profile.territories } else { &self.territories };
        reader.places.is_none_or(|places| places.meets(Places::of(named)))
    }
}

/// The rows of all profiles that concern a channel, with their profiles.
pub(in super::super) fn opt_outs_on<'p>(
    profiles: &'p [Profile],
    channel: &str,
) -> impl Iterator<Item = (&'p Profile, &'p LegalOptOut)> {
    let all = profiles.iter().flat_map(|profile| profile.opt_outs.iter().map(move |row| (profile, row)));
    all.filter(move |(_, row)| row.concerns(channel))
}

/// The first row that a message does not meet. A reader who may be in several places is held to the rows of all of them.
pub(in super::super) fn unmet<'p, 'z>(
    profiles: &'p [Profile],
    channel: &str,
    ways: &WaysOut<'_>,
    today: NaiveDate,
    reader: impl Fn() -> Whereabouts<'z>,
) -> Option<&'p LegalOptOut> {
    let mut rows = opt_outs_on(profiles, channel)
        .filter(|(_, row)| row.is_in_force(today) && !row.is_met(ways))
        .peekable();
    rows.peek()?;
    let reader = reader();
    rows.find(|(profile, row)| row.is_in(profile, &reader)).map(|(_, row)| row)
}
