//! What the law of a country asks of marketing, as dated data.

use std::fmt;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::territory::list;
use super::{LegalCap, LegalOptOut, Territory};
use crate::model::Name;
use crate::seeded::{Bug, is_on};
use crate::time::{Span, WeeklyWindow};

/// A margin in milliseconds: a message may begin until its permit is over, five seconds after the question.
const LEAST_MARGIN: u64 = 5_000;
const MOST_MARGIN: u64 = 3_600_000;

/// The profiles that the crate brings, each in a file of its name.
const BUILT_IN: [&str; 5] = [
    include_str!("data/fr.json"),
    include_str!("data/fr-wide.json"),
    include_str!("data/de.json"),
    include_str!("data/gb.json"),
    include_str!("data/us.json"),
];

/// What stands behind a rule; the greater binds more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Force {
    /// What an association of the trade has agreed on.
    Practice,
    /// What the carriers enforce, whatever the law says.
    Operators,
    /// A statute.
    Law,
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Practice => "practice",
            Self::Operators => "operators",
            Self::Law => "law",
        })
    }
}

/// One row: when marketing may be said on a channel, on the clocks of its reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LegalHours {
    /// On which channel.
    pub channel: Name,
    /// Where; everywhere in the profile where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "list")]
    pub territories: Vec<Territory>,
    /// The hours of the week in which it may be said.
    pub hours: WeeklyWindow,
    /// Whether it may be said on public holidays too.
    pub holidays: bool,
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

impl LegalHours {
    /// Whether it is in force on a local date.
    #[must_use]
    pub fn is_in_force(&self, date: NaiveDate) -> bool {
        is_within(date, self.from, self.until)
    }

    pub(super) fn concerns(&self, channel: &str, territory: Territory) -> bool {
        *self.channel == *channel
            && (self.territories.is_empty() || self.territories.binary_search(&territory).is_ok())
    }
}

/// Whether a local date lies in `[from, until)`, as far as a row of the law names them.
pub(super) fn is_within(date: NaiveDate, from: Option<NaiveDate>, until: Option<NaiveDate>) -> bool {
    let since = from.filter(|_| !is_on(Bug::RowBeforeItsDate));
    since.is_none_or(|from| from <= date) && until.is_none_or(|until| date < until)
}

/// What the law of a country asks of marketing: dated rows, each with its source. A policy names the profiles that it keeps to.
///
/// On the wire a profile that the crate brings is its name and edition; one of the host's own is written out.
///
/// ```
/// use journeyman::rule::law::{Force, Profile};
/// let france = Profile::named("fr")?;
/// let sms = france.rules.iter().find(|row| &*row.channel == "sms").unwrap();
/// assert_eq!(sms.hours.to_string(), "Mon-Sat 08:30-20:00");
/// assert_eq!(sms.force, Force::Operators); // no statute names hours for an SMS
/// # Ok::<(), journeyman::rule::law::ProfileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// What it is called, such as `fr`.
    pub name: Name,
    /// Which state of the tables it is; every answer that it had a part in carries it.
    pub edition: Name,
    /// What it is about, in a sentence.
    pub said: Name,
    /// Where it holds.
    pub territories: Vec<Territory>,
    /// How long before a window closes nothing begins any more, so that nothing arrives after it: at least the five seconds that
    /// a permit lives.
    pub margin: Span,
    /// The rows; each that concerns a message must be open.
    pub rules: Vec<LegalHours>,
    /// How much may be said; each row that concerns a message must have room.
    pub caps: Vec<LegalCap>,
    /// Which ways out a message offers; each row that concerns it must be met.
    pub opt_outs: Vec<LegalOptOut>,
}

/// A profile that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The crate brings no such profile.
    #[error("there is no profile {name:?}; use fr, fr-wide, de, gb or us, or read one of your own")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The crate brings another edition of it.
    #[error(
        "the profile {name} is of {held} and not of {edition}; name that edition, or write the profile out"
    )]
    Edition {
        /// The name.
        name: Name,
        /// The edition that was asked for.
        edition: Name,
        /// The edition that the crate brings.
        held: Name,
    },
    /// The text is not a profile.
    #[error("this is not a profile: {reason}")]
    Unreadable {
        /// Where it is wrong.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Name,
    edition: Name,
    said: Name,
    #[serde(with = "list")]
    territories: Vec<Territory>,
    margin: Span,
    rules: Vec<LegalHours>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    caps: Vec<LegalCap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    opt_outs: Vec<LegalOptOut>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    name: Name,
    edition: Name,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Reference(Reference),
    Written(Written),
}

fn built_in() -> &'static [Profile] {
    static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
    PROFILES.get_or_init(|| BUILT_IN.iter().filter_map(|text| Profile::read(text).ok()).collect())
}

impl Profile {
    /// A profile that the crate brings: `fr`, `fr-wide`, `de`, `gb` or `us`.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`].
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let found = built_in().iter().find(|profile| *profile.name == *name).cloned();
        found.ok_or_else(|| ProfileError::Unknown { name: name.chars().take(40).collect() })
    }

    /// Every profile that the crate brings.
    #[must_use]
    pub fn all() -> &'static [Self] {
        built_in()
    }

    /// Reads a profile of the host's own, in the form of the crate's: a table that changed need not wait for a release.
    ///
    /// ```
    /// use journeyman::rule::law::Profile;
    /// let ours = Profile::read(r#"{
    ///     "name": "ours", "edition": "2027-01-15", "said": "our own hours", "territories": ["FR"], "margin": "2m",
    ///     "rules": [{ "channel": "email", "hours": "Mon-Fri 09:00-18:00", "holidays": false, "force": "practice",
    ///                 "source": "our board", "as_of": "2027-01-15", "from": "2027-02-01" }]
    /// }"#)?;
    /// assert_eq!(ours.territories.len(), 13);
    /// # Ok::<(), journeyman::rule::law::ProfileError>(())
    /// ```
    ///
    /// # Errors
    /// [`ProfileError::Unreadable`] where it is not such a text, where a row or a cap holds in a territory outside the profile or ends
    /// before it begins, where a cap has no name of its own or no number and window that can be, where a row of ways out has none or no source, and where the margin is not a span of 5 seconds or more and less than an hour.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let written: Written = serde_json::from_str(text)
            .map_err(|error| ProfileError::Unreadable { reason: error.to_string() })?;
        Self::of(written)
    }

    fn of(written: Written) -> Result<Self, ProfileError> {
        let wrong = |reason: String| Err(ProfileError::Unreadable { reason });
        let Written { name, edition, said, territories, margin, rules, caps, opt_outs } = written;
        if name.is_empty() || edition.is_empty() || territories.is_empty() {
            return wrong("it has no name, no edition or no territory".into());
        }
        let is_margin = (LEAST_MARGIN..MOST_MARGIN).contains(&margin.milliseconds);
        if margin.months > 0 || margin.days > 0 || !is_margin {
            return wrong(format!("the margin {margin} is not from 5 seconds up to less than an hour"));
        }
        for row in &rules {
            if let Some(other) =
                row.territories.iter().find(|place| territories.binary_search(place).is_err())
            {
                return wrong(format!(
                    "a row on {} holds in {other}, where the profile does not",
                    row.channel
                ));
            }
            if row.from.zip(row.until).is_some_and(|(from, until)| until <= from) {
                return wrong(format!("a row on {} ends before it begins", row.channel));
            }
        }
        for cap in &caps {
            if let Some(reason) = cap.problem() {
                return wrong(reason);
            }
            if let Some(other) =
                cap.territories.iter().find(|place| territories.binary_search(place).is_err())
            {
                return wrong(format!("the cap {} holds in {other}, where the profile does not", cap.name));
            }
            if caps.iter().filter(|other| other.name == cap.name).count() > 1 {
                return wrong(format!("two caps are called {}", cap.name));
            }
        }
        for row in &opt_outs {
            if let Some(reason) = row.problem() {
                return wrong(reason);
            }
            if let Some(other) =
                row.territories.iter().find(|place| territories.binary_search(place).is_err())
            {
                return wrong(format!("a row of opt_outs holds in {other}, where the profile does not"));
            }
        }
        Ok(Self { name, edition, said, territories, margin, rules, caps, opt_outs })
    }

    /// The same with the rows alone that bind as much as this, under a name that says so.
    #[must_use]
    pub fn at_least(mut self, force: Force) -> Self {
        self.rules.retain(|row| row.force >= force);
        self.caps.retain(|cap| cap.force >= force);
        self.opt_outs.retain(|row| row.force >= force);
        self.name = format!("{}:{force}", self.name).into();
        self
    }

    /// Whether a send window meets the hours of a channel at all, in some territory of the profile; where it does not, a step
    /// with that window says nothing to anybody there. Rows that end some day are left aside.
    ///
    /// ```
    /// use journeyman::rule::law::Profile;
    /// let france = Profile::named("fr")?;
    /// assert!(france.meets("sms", &"Sat,Sun 19:00-21:00".parse().unwrap()));
    /// assert!(!france.meets("sms", &"Sun 10:00-12:00".parse().unwrap()));
    /// assert!(france.meets("email", &"Sun 10:00-12:00".parse().unwrap()));
    /// # Ok::<(), journeyman::rule::law::ProfileError>(())
    /// ```
    #[must_use]
    pub fn meets(&self, channel: &str, window: &WeeklyWindow) -> bool {
        let monday = NaiveDate::default().checked_add_days(Days::new(4)).unwrap_or_default(); // 5 January 1970
        let minutes = (0..7 * 24 * 60).filter_map(|minute| {
            monday.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(minute))
        });
        let inside: Vec<_> = minutes.filter(|minute| window.contains(*minute)).collect();
        self.territories.iter().any(|territory| {
            let rows =
                self.rules.iter().filter(|row| row.until.is_none() && row.concerns(channel, *territory));
            let rows: Vec<_> = rows.collect();
            inside.iter().any(|minute| rows.iter().all(|row| row.hours.contains(*minute)))
        })
    }

    /// The margin in milliseconds.
    pub(super) fn lead(&self) -> i64 {
        i64::try_from(self.margin.milliseconds).unwrap_or(0)
    }
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { name, edition, said, territories, margin, rules, caps, opt_outs } = self.clone();
        if built_in().contains(self) {
            return Reference { name, edition }.serialize(serializer);
        }
        Written { name, edition, said, territories, margin, rules, caps, opt_outs }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let profile = match Form::deserialize(deserializer)? {
            Form::Written(written) => Self::of(written),
            Form::Reference(Reference { name, edition }) => Self::named(&name).and_then(|profile| {
                let held = profile.edition.clone();
                if held == edition { Ok(profile) } else { Err(ProfileError::Edition { name, edition, held }) }
            }),
        };
        profile.map_err(serde::de::Error::custom)
    }
}
