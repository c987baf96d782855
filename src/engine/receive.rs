//! What a contact says to us: a STOP is in force before anything else is looked at.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Engine, UnknownContacts};
use crate::error::Error;
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{
    ContactId, Event, Evidence, Fact, Fingerprint, FingerprintKey, How, InputId, Message, MessageId, Name,
    truncate,
};
use crate::port::store::{MessageStatus, Receipt, Suppression};
use crate::rule::inbound::{Certainty, Reading};
use crate::rule::{START, STOP};
use crate::seeded::{Bug, is_on};

/// How long an answer is taken for one to the last message on its channel.
const ANSWERS_WITHIN: TimeDelta = TimeDelta::days(30);
/// How much of a text journeys can ask for, in bytes.
const MOST_TEXT: usize = 1_000;

/// Something that a contact wrote, or the text of a button that it pressed.
///
/// ```
/// use journeyman::engine::Inbound;
/// let stop = Inbound::new("lea", "sms", "STOP, merci").id("SM-1042").from_address("+33639980001");
/// assert_eq!(&*stop.channel, "sms");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inbound {
    /// Who wrote.
    pub contact: ContactId,
    /// By which channel.
    pub channel: Name,
    /// What; of a longer text the first [`MOST_BYTES`](crate::rule::inbound::MOST_BYTES) are read.
    pub text: String,
    /// The provider's own id: telling twice is then safe.
    pub id: Option<Name>,
    /// When it was written, as the provider says.
    pub at: Option<DateTime<Utc>>,
    /// From which address; a STOP holds for it too, should it not be one of the contact's.
    pub address: Option<String>,
    /// Which message it answers, where the channel knows; else the last one on the channel within 30 days.
    pub answers: Option<MessageId>,
}

// What a person wrote, and from where, is in no log.
impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { contact, channel, text, id, at, .. } = self;
        let mut shown = f.debug_struct("Inbound");
        shown.field("contact", contact).field("channel", channel).field("bytes", &text.len());
        shown.field("id", id).field("at", at).finish_non_exhaustive()
    }
}

impl Inbound {
    /// A text from a contact.
    #[must_use]
    pub fn new(contact: impl Into<ContactId>, channel: impl Into<Name>, text: impl Into<String>) -> Self {
        Self {
            contact: contact.into(),
            channel: channel.into(),
            text: text.into(),
            id: None,
            at: None,
            address: None,
            answers: None,
        }
    }

    /// Sets the provider's own id.
    #[must_use]
    pub fn id(self, id: impl Into<Name>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Says when it was written.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        Self { at: Some(at), ..self }
    }

    /// Says from which address it came.
    #[must_use]
    pub fn from_address(self, address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..self }
    }

    /// Says which message it answers.
    #[must_use]
    pub fn answering(self, message: MessageId) -> Self {
        Self { answers: Some(message), ..self }
    }
}

impl Engine {
    /// The event of every text that came in. Its properties: `channel`, `reading` (`stop`, `unclear`, `start`, `help`,
    /// `text`), `text`, the `keyword` that it is, where it is one, and of the message that it answers `message`, `journey`, `step`,
    /// `template` and `purpose`.
    pub const RECEIVED: &'static str = "message.received";
    /// The event of a text that may be a STOP: it counts as one, and a person looks at it. The same properties.
    pub const UNCLEAR: &'static str = "message.unclear";

    /// Takes in what a contact wrote, and answers how it was read.
    ///
    /// A STOP, be it definite or probable, is a withdrawal of everything on its channel: when this returns it is in force as
    /// after [`withdraw`](Engine::withdraw), and no journey was asked before. It counts from its receipt, whatever instant a provider
    /// gives it: a clock that is wrong must not make it older than every yes. A START gives back what the last STOP on the
    /// channel took away, as it was, and nothing else: not what was withdrawn otherwise, not what was never granted, and nothing where it was
    /// written before the STOP. Then journeys hear a keyword (`stop`, `start`, `help`, or the word itself), the event
    /// [`RECEIVED`](Engine::RECEIVED), and of a probable STOP the event [`UNCLEAR`](Engine::UNCLEAR).
    ///
    /// After an error it can be told again where it has an id: what was done already is not done twice. A STOP stays in
    /// force, whatever fails after it.
    ///
    /// # Errors
    /// [`Error::Invalid`] (an empty id, an answer to another contact's message), [`Error::TooLarge`], [`Error::Erased`],
    /// [`Error::UnknownContact`] where the engine refuses those, but for a STOP, which makes its contact known so that it is not
    /// forgotten; [`Error::Expired`], [`Error::Store`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::engine::Inbound;
    /// use journeyman::model::Evidence;
    /// use journeyman::rule::inbound::{Certainty, Reading};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Contact, Engine};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.identify(Contact::new("lea").address("sms", "+33639980001")).await?;
    /// engine.consent(Consent::granted("lea", "marketing", "sms", Evidence::new("form", "2026-03"))).await?;
    /// let read = engine.receive(&Inbound::new("lea", "sms", "Arrêt svp").id("SM-1")).await?;
    /// assert_eq!(read, Reading::Stop(Certainty::Definite));
    /// engine.tick().await?;
    /// let lea = engine.store().contact(&"lea".into()).await?.ok_or("known")?;
    /// assert!(!lea.state.cold.standing.allows("marketing", "sms", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn receive(&self, inbound: &Inbound) -> Result<Reading, Error> {
        self.check_id("contact id", inbound.contact.as_str())?;
        self.check_id("channel name", &inbound.channel)?;
        if let Some(id) = &inbound.id {
            self.check_id("id of the text", id)?;
        }
        let reading = self.shared.keywords.read(&inbound.text);
        let address = inbound.address.as_deref().filter(|address| !address.trim().is_empty());
        let address = match address {
            Some(address) => Some(self.seen(&inbound.channel, address).await?),
            None => None,
        };
        if is_on(Bug::NumberInTheLog) {
            tracing::info!(from = ?inbound.address, "a text came in");
        }
        let late = is_on(Bug::StopAfterItsEvent);
        // First of all, so that nothing that fails later keeps it from being in force.
        if reading.is_stop() && !late {
            self.forbid_at_once(&self.stop(inbound, reading, address)).await?;
            self.stop_for_good(inbound, address).await?;
        }
        self.check_instant("text", inbound.at)?;
        let inputs = self.heard(inbound, reading).await?;
        let receipts = self.append_checked(inputs).await?;
        if reading.is_stop() && late {
            self.forbid_at_once(&self.stop(inbound, reading, address)).await?;
        }
        let contact = inbound.contact.clone();
        // The event comes last but for the mark that a person shall look, and goes the way of every event.
        match receipts.last() {
            Some(Receipt::Expired) => Err(self.expired(Self::RECEIVED)),
            Some(Receipt::Erased) => Err(Error::Erased { contact }),
            Some(Receipt::UnknownContact) => Err(Error::UnknownContact { contact }),
            _ => Ok(reading),
        }
    }

    fn stop(&self, inbound: &Inbound, reading: Reading, address: Option<Fingerprint>) -> Withdrawal {
        let wording = if reading == Reading::Stop(Certainty::Definite) { "definite" } else { "probable" };
        let stop = Withdrawal::everything(
            inbound.contact.clone(),
            evidence(&self.shared.key, STOP, wording, inbound),
        )
        .on_channel(inbound.channel.clone());
        let id = inbound.id.as_ref().map(|id| format!("{STOP}/{}/{id}", inbound.channel).into());
        let from = address.map(|address| (inbound.channel.clone(), address));
        Withdrawal { id, from, ..stop }
    }

    /// An erased contact has no gate of its own any more: the address that wrote is left alone by itself, whoever has it.
    async fn stop_for_good(&self, inbound: &Inbound, address: Option<Fingerprint>) -> Result<(), Error> {
        let Some(address) = address else { return Ok(()) };
        if self.shared.store.contact(&inbound.contact).await?.is_some_and(|stored| stored.erased) {
            let suppression = Suppression::new(inbound.channel.clone(), address, None, STOP.into());
            self.shared.store.suppress(&suppression).await?;
            self.wake();
        }
        Ok(())
    }

    /// What goes into the mailbox, in the order in which it counts.
    async fn heard(&self, inbound: &Inbound, reading: Reading) -> Result<Vec<Input>, Error> {
        let Inbound { contact, channel, .. } = inbound;
        let creates = self.shared.unknown_contacts == UnknownContacts::Create;
        let id = |kind: &str| {
            let id = inbound.id.as_ref()?;
            Some(InputId::from_host("inbound", contact, &format!("{channel}/{kind}/{id}")))
        };
        let input =
            |kind: &str, says: InputKind| Input { creates, ..Input::new(contact.clone(), id(kind), says) };
        let mut inputs = Vec::new();
        let word = self.shared.keywords.keyword(&inbound.text);
        if reading == Reading::Start {
            let (evidence, said_at) =
                (evidence(&self.shared.key, START, "start", inbound), inbound.at.map(truncate));
            let restore = InputKind::Restore { channel: channel.clone(), evidence, said_at };
            inputs.push(Input { creates: false, ..input("start", restore) });
        }
        if let Some(word) = word.clone() {
            let fact = Fact::Keyword { word, channel: Some(channel.clone()) };
            inputs.push(input("keyword", InputKind::Fact(fact)));
        }
        let mut event = Event::new(contact.clone(), Self::RECEIVED);
        event = event.property("channel", &**channel).property("reading", reading.word());
        event = event.property("text", shortened(&inbound.text));
        if let Some(word) = word {
            event = event.property("keyword", &*word);
        }
        if let Some(message) = self.answered_by(inbound).await? {
            event = event
                .property("message", message.id.to_string())
                .property("journey", message.journey.as_str())
                .property("step", message.node.as_str())
                .property("template", &*message.template)
                .property("purpose", &*message.purpose);
        }
        // A provider's clock that goes ahead must not make it wait.
        let now = self.shared.store.clock().now();
        event.at = inbound.at.map(|at| truncate(at.min(now)));
        self.check_event(&mut event)?;
        if reading == Reading::Stop(Certainty::Probable) {
            let unclear = Event { name: Self::UNCLEAR.into(), ..event.clone() };
            inputs.push(input("unclear", InputKind::Event(unclear)));
        }
        inputs.push(input("received", InputKind::Event(event)));
        Ok(inputs)
    }

    /// The message that a text answers.
    async fn answered_by(&self, inbound: &Inbound) -> Result<Option<Message>, Error> {
        if let Some(message) = inbound.answers {
            let found = self.shared.store.message(message).await?.map(|record| record.message);
            return match found {
                Some(found) if found.contact == inbound.contact => Ok(Some(found)),
                Some(found) if self.meant(&found.contact).await? == self.meant(&inbound.contact).await? => {
                    Ok(Some(found))
                }
                _ => Err(Error::Invalid {
                    what: "answer",
                    sentence: format!("the contact was never sent {message}"),
                    next: "give the id of the message that the channel was handed, or none",
                }),
            };
        }
        let now = self.shared.store.clock().now();
        let written_at = inbound.at.unwrap_or(now).min(now);
        let mut told = Vec::new();
        for contact in self.all_of(&inbound.contact).await? {
            told.extend(self.shared.store.messages(&contact).await?);
        }
        told.sort_by_key(|record| record.message.decided_at);
        let said = told.into_iter().rev().find(|record| {
            let message = &record.message;
            let reached = matches!(record.status, MessageStatus::Accepted | MessageStatus::Begun);
            message.is_said()
                && reached
                && message.channel == inbound.channel
                && message.decided_at <= written_at
        });
        Ok(said.map(|said| said.message).filter(|said| written_at - said.decided_at <= ANSWERS_WITHIN))
    }
}

/// How it is known, with a commitment to the text where an id salts it.
fn evidence(
    key: &FingerprintKey,
    source: &'static str,
    wording: &'static str,
    inbound: &Inbound,
) -> Evidence {
    let evidence = Evidence::new(source, wording).by(How::Keyword);
    match &inbound.id {
        Some(id) => {
            let salt = key.salt(inbound.contact.as_str(), &inbound.channel, id);
            evidence.committed(&salt, inbound.text.as_bytes())
        }
        None => evidence,
    }
}

/// The beginning of a text, whole letters only.
fn shortened(text: &str) -> String {
    let mut short = String::new();
    for letter in text.chars() {
        if short.len() + letter.len_utf8() > MOST_TEXT {
            break;
        }
        short.push(letter);
    }
    short
}
