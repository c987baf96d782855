//! What people write as their best hour, and the journey that keeps to it.

use crate::error::BuildError;
use crate::journey::Journey;
use crate::port::store::Definition;
use crate::rule::{Policy, Purpose, TemplateDefinition};

/// The purpose that is said when it is liked.
pub(super) const CHAT: &str = "chat";
pub(super) const CHATTED: &str = "chatted";
pub(super) const BEST_HOUR: &str = "best_hour";
/// When quiet hours begin, in minutes of the day.
pub(super) const QUIET: i64 = 1_200;
/// The step whose deadline makes nothing too late.
pub(super) const SAID_LATE: &str = "soon";
/// The journey that keeps to it.
pub(super) const JOURNEY: &str = "chat";

/// From which minute of the day until which, on one's own clock; nothing where nobody can read it.
pub(super) type Likes = Option<(i64, i64)>;

/// What a contact wrote, and the same typed a second time.
pub(super) const HOURS: [(&str, Likes); 7] = [
    ("18:30", Some((1_110, 1_170))),
    (" 09:00 ", Some((540, 600))),
    ("12:00-13:30", Some((720, 810))),
    ("23:30", Some((1_410, 30))),
    ("02:15", Some((135, 195))),
    ("21:00-06:00", Some((1_260, 360))),
    ("tonight", None),
];

const CHATS: &str = r#"
journey: chat
version: 1
enter: { on: { event: chatted } }
reenter: always
steps:
  - { id: never_late, send: { channel: sms, template: chat, purpose: marketing, deadline: 20h } }
  - { id: liked, send: { channel: email, template: chat, purpose: chat } }
  - { id: soon, send: { channel: sms, template: chat, purpose: chat, deadline: { within: 3h, then: send } } }
"#;

/// The sending rules of a seed in which people say when they like it.
pub(in crate::sim) fn policy(policy: Policy) -> Policy {
    policy.preferred_time_in(BEST_HOUR).purpose(Purpose::consent(CHAT).at_preferred_time())
}

/// What is published there.
pub(in crate::sim) fn definitions() -> Result<Vec<Definition>, BuildError> {
    Ok(vec![TemplateDefinition::new("chat").text("How are you?").into(), Journey::from_yaml(CHATS)?.into()])
}
