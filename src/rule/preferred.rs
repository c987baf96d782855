//! The time of day at which a contact likes to be spoken to.

use chrono::{NaiveTime, TimeDelta};

use super::{Policy, Purpose};
use crate::model::{Contact, Name, Value};
use crate::time::DailyWindow;

/// How long a preferred time lasts that names no end.
const LASTS: TimeDelta = TimeDelta::hours(1);

/// What stands in the attribute is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attribute {attribute:?} is no time of day; write it as 18:30, or as 18:00-20:00")]
#[non_exhaustive]
pub struct UnreadableTime {
    /// Where it stands; what stands there is personal, and is not repeated.
    pub attribute: Name,
}

impl Policy {
    /// When a contact likes to be told what a purpose says: nothing where the purpose does not ask, or the contact did not say.
    /// `18:30` is the hour from then on.
    ///
    /// ```
    /// use journeyman::Contact;
    /// use journeyman::rule::{Policy, Purpose};
    /// let policy = Policy::default()
    ///     .preferred_time_in("best_hour")
    ///     .purpose(Purpose::consent("news").at_preferred_time());
    /// let window = policy.preferred_time("news", &Contact::new("lea").attribute("best_hour", "18:30"))?;
    /// assert_eq!(window, Some("18:30-19:30".parse()?));
    /// assert!(policy.preferred_time("news", &Contact::new("tom").attribute("best_hour", "tonight")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`UnreadableTime`] where what the contact said is no time of day. It then counts as if nothing had been said.
    pub fn preferred_time(
        &self,
        purpose: &str,
        contact: &Contact,
    ) -> Result<Option<DailyWindow>, UnreadableTime> {
        self.find(purpose).map_or(Ok(None), |named| self.preferred_time_for(named, contact))
    }

    pub(super) fn preferred_time_for(
        &self,
        named: &Purpose,
        contact: &Contact,
    ) -> Result<Option<DailyWindow>, UnreadableTime> {
        let Some(attribute) = self.preferred.as_ref().filter(|_| named.preferred) else { return Ok(None) };
        let window = match contact.attributes.get(attribute) {
            None => return Ok(None),
            Some(Value::Text(text)) => read(text),
            Some(_) => None,
        };
        window.map(Some).ok_or_else(|| UnreadableTime { attribute: attribute.clone() })
    }
}

fn read(text: &str) -> Option<DailyWindow> {
    let text = text.trim();
    if let Ok(window) = text.parse() {
        return Some(window);
    }
    let start = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    Some(DailyWindow::new(start, start.overflowing_add_signed(LASTS).0))
}
