//! How the reader of a message ends such messages: the words, the head and the link, asked of what is handed over.

use chrono::{DateTime, Utc};

use super::Engine;
use super::link::Links;
use crate::machine::Cold;
use crate::model::{Contact, Content, Message};
use crate::port::store::Taken;
use crate::rule::law::WaysOut;
use crate::rule::{NoOptOut, Policy};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

impl Engine {
    /// The content with what the policy wants it to say of how to stop such messages, where that and the law are met then.
    pub(super) fn with_way_out(
        &self,
        content: Content,
        policy: &Policy,
        taken: &Taken,
        zone: &Zone,
        now: DateTime<Utc>,
    ) -> Result<Content, NoOptOut> {
        let (message, contact) = (&taken.message, &taken.cold.contact);
        let content = match is_on(Bug::OptOutInOneLanguage) && content.variant.is_some() {
            true => content,
            false => stoppable(content, policy, (&message.channel, &message.purpose), contact)?,
        };
        if is_on(Bug::WayOutUnasked) {
            return Ok(content);
        }
        let own = self.shared.links.as_ref();
        let link = || own.is_some_and(|links| links.leads_out(&content, message, &taken.cold));
        let ways = WaysOut { head: has_head(&content), link: &link, text: content.plain() };
        match policy.lacks((&message.channel, &message.purpose), contact, zone, now, &ways) {
            Some(row) => Err(NoOptOut { asked_by: row.source.clone() }),
            None => Ok(content),
        }
    }

    /// Whether what is shown of a message that nobody decided has the ways out that it must.
    pub(super) fn shows_way_out(
        &self,
        content: &Content,
        policy: &Policy,
        said: (&str, &str),
        contact: &Contact,
        zone: &Zone,
    ) -> bool {
        let own = self.shared.links.as_ref();
        let head = own.is_some_and(|links| links.channels.contains(said.0));
        let link = || own.is_some_and(|links| holds(content, &links.nowhere()));
        let ways = WaysOut { head, link: &link, text: content.plain() };
        policy.lacks(said, contact, zone, self.shared.store.clock().now(), &ways).is_none()
    }
}

impl Links {
    /// Whether a message holds the link that ends what it is for, or the one to the contact's preferences.
    fn leads_out(&self, content: &Content, message: &Message, cold: &Cold) -> bool {
        holds(content, &self.unsubscribe(message, cold)) || holds(content, &self.preferences(message, cold))
    }
}

/// Whether what is said holds a link. A template escapes what is around its last part, which is the token alone.
fn holds(content: &Content, url: &str) -> bool {
    let token = url.rsplit('/').next().unwrap_or(url);
    let mut parts = content.text.iter().chain(&content.html);
    parts.any(|part| part.contains(token))
}

fn has_head(content: &Content) -> bool {
    content.headers.iter().any(|header| header.name() == "List-Unsubscribe")
}

/// The content, with what the policy wants a message to say of how to stop such messages.
pub(super) fn stoppable(
    mut content: Content,
    policy: &Policy,
    (channel, purpose): (&str, &str),
    contact: &Contact,
) -> Result<Content, NoOptOut> {
    let to = contact.addresses.get(channel).map_or("", |to| &*to.value);
    let text = content.text.as_deref().unwrap_or_default();
    let completed = policy.completed(channel, purpose, to, text)?;
    if completed != text {
        content.text = Some(completed);
    }
    Ok(content)
}
