//! The sending rules of a program, as data.

use serde::{Deserialize, Serialize};

use super::bounce::SoftRule;
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
    /// When soft bounces say that nobody is there.
    #[serde(default, skip_serializing_if = "SoftRule::is_default")]
    pub soft: SoftRule,
}

impl Policy {
    /// Rules of one's own; without quiet hours nothing but consent and suppression is asked.
    #[must_use]
    pub fn new(version: impl Into<Name>) -> Self {
        Self { version: version.into(), quiet: Vec::new(), soft: SoftRule::default() }
    }

    /// Sets when soft bounces say that nobody is there.
    #[must_use]
    pub fn soft_bounces(mut self, soft: SoftRule) -> Self {
        self.soft = soft;
        self
    }

    /// Adds quiet hours.
    #[must_use]
    pub fn quiet(mut self, quiet: QuietHours) -> Self {
        self.quiet.push(quiet);
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let night = DailyWindow::new(time(20, 0), time(8, 30));
        Self::new("2026-11").quiet(QuietHours::new("sms", night).for_purpose("marketing"))
    }
}
