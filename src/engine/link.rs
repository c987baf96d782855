//! What of a message is a link: the variables of its template, the lines of its head, what is tracked.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Engine;
use crate::error::{BuildError, Diagnostic, StoreError};
use crate::link::{LinkBase, LinkKeys, TRACKING, Token, Tracked, has_allowed_schemes, with_picture};
use crate::machine::Cold;
use crate::model::{
    Attributes, ContactId, Content, Fingerprint, Hash, Header, Message, Name, NotAHeader, Value, is_one_line,
};
use crate::port::store::{Begin, Taken, Verdict};
use crate::rule::Template;
use crate::rule::permit::{Question, refusals};
use crate::rule::sms::measure;
use crate::rule::template::RenderError;
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// The longest part of a domain name.
const MOST_LABEL: usize = 63;

/// What links are made of.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub(super) keys: LinkKeys,
    base: LinkBase,
    /// The channels whose messages have a head.
    pub(super) channels: BTreeSet<Name>,
}

impl Links {
    pub(super) fn new(keys: LinkKeys, base: LinkBase) -> Self {
        Self { keys, base, channels: ["email".into()].into() }
    }

    fn url(&self, token: &Token) -> String {
        self.base.url(&self.keys.sign(token))
    }

    /// The link that ends what a message is for, on its channel.
    pub(super) fn unsubscribe(&self, message: &Message, cold: &Cold) -> String {
        let (channel, purpose) = (message.channel.clone(), message.purpose.clone());
        let address = address_of(cold, &channel);
        let (epoch, _) = cold.standing.head();
        self.url(&Token::Unsubscribe { contact: message.contact.clone(), purpose, channel, address, epoch })
    }

    pub(super) fn preferences(&self, message: &Message, cold: &Cold) -> String {
        let (contact, channel): (ContactId, Name) = (message.contact.clone(), message.channel.clone());
        let address = address_of(cold, &channel);
        self.url(&Token::Preferences { contact, channel, address })
    }

    /// A link for somebody who looks at what another person would get.
    pub(super) fn nowhere(&self) -> String {
        self.base.url("preview")
    }

    /// What RFC 2369, RFC 8058 and RFC 2919 ask for.
    fn head(&self, message: &Message, cold: &Cold) -> Result<Vec<Header>, NotAHeader> {
        if !self.channels.contains(&message.channel) {
            return Ok(Vec::new());
        }
        let list = format!("<{}.{}>", label(&message.purpose), self.base.host());
        Ok(vec![
            Header::new("List-Unsubscribe", format!("<{}>", self.unsubscribe(message, cold)))?,
            Header::new("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?,
            Header::new("List-Id", list)?,
        ])
    }

    /// The content with its links led through ours, and a picture that shows that it was opened.
    fn track(&self, mut content: Content, message: &Message) -> Content {
        let message = message.id;
        let keeps = |url: &str| self.base.serves(url);
        let url = |link| self.url(&Token::Click { message, link });
        let mut tracked = Tracked { links: Vec::new(), keeps: &keeps, url: &url };
        content.text = content.text.map(|text| tracked.text(&text));
        content.html =
            content.html.map(|html| with_picture(&tracked.html(&html), &self.url(&Token::Open { message })));
        content.links = tracked.links;
        content
    }
}

pub(super) fn address_of(cold: &Cold, channel: &str) -> Option<Fingerprint> {
    cold.contact.addresses.get(channel).and_then(|address| address.fingerprint)
}

/// A purpose as one part of a domain name: itself where it is one, a short hash of it otherwise.
fn label(purpose: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !purpose.is_empty() && purpose.len() <= MOST_LABEL && purpose.bytes().all(is_plain) {
        return purpose.to_owned();
    }
    let hash = Hash::of("list", &[purpose.as_bytes()]).to_string();
    format!("list-{}", hash.get(..16).unwrap_or_default())
}

impl Engine {
    /// Refuses a template with links where the engine has none to give.
    pub(super) fn check_links(&self, template: &Template) -> Result<(), BuildError> {
        if self.shared.links.is_some() || !template.reads_links() {
            return Ok(());
        }
        let sentence = "it has a link of the message, and the engine gives none";
        let next = "give the engine's builder links: the keys, and where the host serves them";
        Err(BuildError::of(Diagnostic::new("T005", &*template.name, sentence, next)))
    }

    /// What the template of a message sees beside the contact.
    pub(super) fn variables_of<'t>(&self, taken: &'t Taken, links: bool) -> Cow<'t, Attributes> {
        let message = &taken.message;
        let Some(own) = self.shared.links.as_ref().filter(|_| links) else {
            return Cow::Borrowed(&message.variables);
        };
        let mut variables = message.variables.clone();
        variables.insert("link.unsubscribe".into(), Value::from(own.unsubscribe(message, &taken.cold)));
        variables.insert("link.preferences".into(), Value::from(own.preferences(message, &taken.cold)));
        Cow::Owned(variables)
    }

    /// Links for somebody who looks at what another person would get: following one changes nothing for that person.
    pub(super) fn links_that_lead_nowhere(&self) -> Attributes {
        let base = self.shared.links.as_ref().map(Links::nowhere);
        let kinds = ["link.unsubscribe", "link.preferences"].into_iter();
        base.into_iter()
            .flat_map(|url| kinds.clone().map(move |kind| (kind.into(), url.clone().into())))
            .collect()
    }

    /// The content with the head of its message, or why a part cannot be said.
    pub(super) fn headed(&self, content: Content, taken: &Taken) -> Result<Content, RenderError> {
        let mut content = checked(content)?;
        let Some(links) = &self.shared.links else { return Ok(content) };
        if content.html.as_deref().is_some_and(|html| !has_allowed_schemes(html)) {
            let reason = "a link has another scheme than http, https, mailto or tel".to_owned();
            let next = "mend the link in the template, or the attribute that it comes from";
            return Err(RenderError { part: "html", reason, next });
        }
        // Nobody can unsubscribe from what is owed to them.
        if self.shared.policy.basis(&taken.message.purpose).is_owed() || is_on(Bug::MailWithoutAWayOut) {
            return Ok(content);
        }
        let head = links.head(&taken.message, &taken.cold);
        let next = "give the links a shorter base, and the contact a shorter id";
        content.headers =
            head.map_err(|wrong| RenderError { part: "head", reason: wrong.to_string(), next })?;
        Ok(content)
    }

    /// Leads the links of a message through ours, where the contact allows that now.
    ///
    /// The gate is asked after the message was taken: a withdrawal that comes later changes the epoch, and then the message
    /// does not begin.
    pub(super) async fn track_links(&self, taken: &Taken, begin: &mut Begin) -> Result<(), StoreError> {
        let Some(links) = &self.shared.links else { return Ok(()) };
        let (message, cold) = (&taken.message, &taken.cold);
        // Every attempt carries the bytes of the first.
        let Verdict::Send { content, .. } = &mut begin.verdict else { return Ok(()) };
        if taken.content.is_some() || !message.is_said() {
            return Ok(());
        }
        if self.may_track(cold, &message.channel).await? {
            let tracked = links.track(content.clone(), message);
            // A text message was measured before: links that make it dearer stay as they are.
            let cost = |content: &Content| measure(content.plain()).segments;
            let is_dearer = self.shared.policy.is_short(&message.channel) && cost(&tracked) > cost(content);
            if !is_dearer {
                *content = tracked;
            }
        }
        Ok(())
    }

    /// Whether it may be known now what a contact opens and clicks on a channel: by its consent, as the policy asks for it, and
    /// by the gate.
    pub(super) async fn may_track(&self, cold: &Cold, channel: &Name) -> Result<bool, StoreError> {
        let (contact, store) = (&cold.contact, &self.shared.store);
        let question = Question::new(contact, &cold.standing, channel, TRACKING);
        let (zone, now) = (cold.zone().unwrap_or_else(Zone::utc), store.clock().now());
        if !refusals(&question, &self.shared.policy, &zone, now).is_empty() {
            return Ok(false);
        }
        Ok(!store.forbidden(&contact.id, channel, &TRACKING.into()).await?.denied)
    }
}

/// Refuses what would break the head of a message: nothing is cut out of it.
pub(super) fn checked(content: Content) -> Result<Content, RenderError> {
    let parts = [
        ("from", content.from.as_deref()),
        ("reply_to", content.reply_to.as_deref()),
        ("subject", content.subject.as_deref()),
        ("preheader", content.preheader.as_deref()),
    ];
    let broken = parts.into_iter().find(|(_, text)| text.is_some_and(|text| !is_one_line(text)));
    match broken.map(|(part, _)| part) {
        Some(part) => {
            let reason = "it would hold a control character".into();
            Err(RenderError { part, reason, next: RenderError::LINE })
        }
        None => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_label_whatever_its_purpose_is_called() {
        assert_eq!(label("marketing"), "marketing");
        for purpose in ["", "a b", "a.b", "é", "a\r\nBcc: x", "<a>", &"a".repeat(64)] {
            let label = label(purpose);
            assert!(label.starts_with("list-") && label.len() == 21, "{purpose:?}: {label}");
        }
        assert_ne!(label("a b"), label("a  b"));
    }
}
