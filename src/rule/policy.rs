//! The sending rules of a program, as data.

use serde::{Deserialize, Serialize};

use super::cap::{self, Cap, Counted};
use crate::error::BuildError;
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
    /// How much may be said to one contact; each that applies is asked before a message begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

impl Policy {
    /// Rules of one's own; without quiet hours nothing but consent and suppression is asked.
    #[must_use]
    pub fn new(version: impl Into<Name>) -> Self {
        Self { version: version.into(), quiet: Vec::new(), caps: Vec::new() }
    }

    /// Adds quiet hours.
    #[must_use]
    pub fn quiet(mut self, quiet: QuietHours) -> Self {
        self.quiet.push(quiet);
        self
    }

    /// Adds a cap.
    #[must_use]
    pub fn cap(mut self, cap: Cap) -> Self {
        self.caps.push(cap);
        self
    }

    /// What must be known of what was said before; `None` where nothing is capped.
    #[must_use]
    pub fn counted(&self) -> Option<Counted> {
        Counted::of(&self.caps)
    }

    /// Whether a message counts for a cap, whoever it is for.
    #[must_use]
    pub fn is_capped(&self, channel: &str, purpose: &str) -> bool {
        self.caps.iter().any(|cap| cap.concerns(channel, purpose))
    }

    /// Whether a cap asks for a tier.
    pub(crate) fn asks_tiers(&self) -> bool {
        self.caps.iter().any(|cap| cap.tier.is_some())
    }

    /// Asks whether the rules can hold; an engine whose rules cannot publishes nothing.
    ///
    /// # Errors
    /// [`BuildError`] with everything that is wrong at once: `J140` for a cap without purposes, `J141` for a number or a
    /// window that cannot be, `J142` for a cap without a name of its own.
    pub fn check(&self) -> Result<(), BuildError> {
        BuildError::unless_empty(cap::problems_of(&self.caps))
    }
}

impl Default for Policy {
    fn default() -> Self {
        let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let night = DailyWindow::new(time(20, 0), time(8, 30));
        Self::new("2026-11").quiet(QuietHours::new("sms", night).for_purpose("marketing"))
    }
}
