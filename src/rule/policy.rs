//! The sending rules of a program, as data.

use serde::{Deserialize, Serialize};

use super::{Basis, Minors, Purpose, Retention};
use crate::model::Name;
use crate::time::DailyWindow;

/// Hours in which nothing of certain purposes is said on a channel.
///
/// ```
/// use journeyman::rule::QuietHours;
/// let quiet = QuietHours::new("sms", "20:00-08:30".parse()?).for_purpose("marketing");
/// # Ok::<(), journeyman::time::WindowError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuietHours {
    /// On which channel.
    pub channel: Name,
    /// For which purposes; all of them where none is named.
    pub purposes: Vec<Name>,
    /// When, in the contact's own zone.
    pub window: DailyWindow,
}

impl QuietHours {
    /// Quiet hours for every purpose on a channel.
    #[must_use]
    pub fn new(channel: impl Into<Name>, window: DailyWindow) -> Self {
        Self { channel: channel.into(), purposes: Vec::new(), window }
    }

    pub(super) fn concerns(&self, channel: &str, purpose: &str) -> bool {
        *self.channel == *channel
            && (self.purposes.is_empty() || self.purposes.iter().any(|name| **name == *purpose))
    }

    /// Limits them to a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }
}

/// The sending rules of a program: data, with a version that every answer carries.
///
/// The default keeps marketing SMS out of the hours from 20:00 until 08:30 where the contact lives, the hours that
/// French operators enforce (AF2M, code of conduct for SMS and MMS marketing).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Policy {
    /// Which edition of the rules this is.
    pub version: Name,
    /// All quiet hours; each that applies is asked.
    pub quiet: Vec<QuietHours>,
    /// What things are said for; one that is not named rests on consent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// Who is too young to allow anything alone; nobody unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minors: Option<Minors>,
    /// How long somebody who is not heard of is told anything; for ever unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

impl Policy {
    /// Rules of one's own; without quiet hours nothing but consent and suppression is asked.
    #[must_use]
    pub fn new(version: impl Into<Name>) -> Self {
        Self {
            version: version.into(),
            quiet: Vec::new(),
            purposes: Vec::new(),
            minors: None,
            retention: None,
        }
    }

    /// Adds quiet hours.
    #[must_use]
    pub fn quiet(mut self, quiet: QuietHours) -> Self {
        self.quiet.push(quiet);
        self
    }

    /// Names a purpose; a second one of the name takes the place of the first.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purposes.retain(|other| other.name != purpose.name);
        self.purposes.push(purpose);
        self
    }

    /// Says who is too young to allow anything alone: a guardian must, and nobody makes scores and segments of them.
    #[must_use]
    pub fn minors(mut self, minors: Minors) -> Self {
        self.minors = Some(minors);
        self
    }

    /// Says how long somebody who is not heard of is told anything that is not owed. What was heard before this was in force
    /// is not known: tell the newest event of each contact with its own instant, or it counts as lapsed.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// The purpose of a name, where it is named.
    #[must_use]
    pub fn find(&self, purpose: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|named| *named.name == *purpose)
    }

    /// What allows a purpose.
    #[must_use]
    pub fn basis(&self, purpose: &str) -> &Basis {
        self.find(purpose).map_or(&Basis::Consent, |purpose| &purpose.basis)
    }

    /// The purposes that no withdrawal stops.
    pub fn owed(&self) -> impl Iterator<Item = &Name> {
        self.purposes.iter().filter(|purpose| purpose.basis.is_owed()).map(|purpose| &purpose.name)
    }

    /// Whether standings keep the instants of what is said: a policy that names nothing new keeps them as they were.
    pub(crate) fn keeps_instants(&self) -> bool {
        !self.purposes.is_empty() || self.minors.is_some() || self.retention.is_some()
    }
}

impl Default for Policy {
    fn default() -> Self {
        let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let night = DailyWindow::new(time(20, 0), time(8, 30));
        Self::new("2026-11").quiet(QuietHours::new("sms", night).for_purpose("marketing"))
    }
}
