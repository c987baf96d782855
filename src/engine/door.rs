//! The engine's door: what the host says is checked, stamped with fingerprints and put into mailboxes.

use super::aside::NowAside;
use super::feed::News;
use super::{Engine, UnknownContacts};
use crate::error::Error;
use crate::machine::{Input, InputKind};
use crate::model::{
    Answer, Contact, ContactId, Deed, Event, Fact, InputId, MessageId, Value, canonical, keyword, truncate,
};
use crate::port::store::{Receipt, Suppression};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

const MOST_DEPTH: usize = 8;

impl Engine {
    /// Says what the host knows of a contact; merged into what is known already.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Invalid`] (an empty id, an unknown time zone), [`Error::Erased`], [`Error::Store`].
    pub async fn identify(&self, contact: Contact) -> Result<(), Error> {
        self.append(vec![Input::from(contact)]).await.map(drop)
    }

    /// Says that something happened to a contact. True where it is new; false where its id was told before.
    ///
    /// An opening or a click that a provider tells (`message.opened`, `message.clicked`) is kept only where the contact allows
    /// [`TRACKING`](crate::link::TRACKING) on the channel that its property `channel` names (`email` where it names none), and
    /// where a person did it: not where `machine` is true, and not where `user_agent` is the name of a program
    /// ([`judge`](crate::link::judge)). Of any other nothing is kept, and the answer is false. The contact is asked as it is
    /// committed: a yes that no tick has read yet does not count.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Invalid`], [`Error::Expired`] where it is older than the horizon,
    /// [`Error::UnknownContact`] where the engine refuses those, [`Error::Erased`], [`Error::Store`];
    /// [`Error::Aside`] where it violates its schema: it is not lost and need not be told again. After
    /// [`StoreError::Unknown`](crate::error::StoreError::Unknown) an event with an id may be told again.
    pub async fn track(&self, event: Event) -> Result<bool, Error> {
        let receipts = self.append(vec![Input::from(event)]).await?;
        Ok(matches!(receipts.first(), Some(Receipt::Kept { .. })))
    }

    /// Says that something became true of a contact by rules that are not the engine's: a segment, a tier, a score that the
    /// host computes, a keyword that it recognised, or its own call for a journey. A fact that is known already changes
    /// nothing, except a keyword and a call, which happen each time.
    ///
    /// A keyword that is told so is heard by journeys and withdraws nothing, whatever word it is. Tell what a contact wrote with
    /// [`receive`](Engine::receive), which knows a STOP, or [`withdraw`](Engine::withdraw) first.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Fact;
    /// use journeyman::store::MemoryStore;
    /// let engine = journeyman::Engine::builder(Arc::new(MemoryStore::default())).build();
    /// engine.tell("lea", Fact::Segment { segment: "dormant".into(), inside: true }).await?;
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`track`](Engine::track).
    pub async fn tell(&self, contact: impl Into<ContactId>, fact: Fact) -> Result<(), Error> {
        self.append(vec![Input::new(contact.into(), None, InputKind::Fact(fact))]).await.map(drop)
    }

    /// Answers a call that its channel had taken. True where it is the first answer; false where it was answered before, and
    /// then nothing changes. An answer that comes when nobody waits for it any more is kept in the mailbox and changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the contact was never asked this, [`Error::TooLarge`], [`Error::UnknownContact`],
    /// [`Error::Erased`], [`Error::Store`]. After [`StoreError::Unknown`](crate::error::StoreError::Unknown) it may be answered again.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::channel::FunctionChannel;
    /// use journeyman::journey::CallDefinition;
    /// use journeyman::model::{Answer, Outcome};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::time::Span;
    /// use journeyman::{Engine, Event, Journey};
    ///
    /// // The desk takes the task, and answers when somebody has called.
    /// let desk = FunctionChannel::new("desk", |_, _| async { Outcome::Accepted });
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(desk).build();
    /// let journey = Journey::builder("call-back")
    ///     .enter_on("asked")
    ///     .hand_over("phone", CallDefinition::new("desk", Span::days(2)).ask("call_back"))
    ///     .build()?;
    /// engine.publish([journey.into()]).await?;
    /// engine.track(Event::new("lea", "asked")).await?;
    /// engine.tick().await?;
    ///
    /// let asked = engine.store().messages(&"lea".into()).await?[0].message.id;
    /// assert!(engine.answer("lea", asked, Answer::of("reached")).await?);
    /// assert!(!engine.answer("lea", asked, Answer::of("not_reached")).await?);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    pub async fn answer(
        &self,
        contact: impl Into<ContactId>,
        message: MessageId,
        answer: Answer,
    ) -> Result<bool, Error> {
        let contact = contact.into();
        self.check_id("contact id", contact.as_str())?;
        self.check_answer(&answer)?;
        let record = self.shared.store.message(message).await?.map(|record| record.message);
        let asked = match &record {
            Some(asked) if asked.call.is_some() => {
                asked.contact == contact || self.meant(&asked.contact).await? == self.meant(&contact).await?
            }
            _ => false,
        };
        if !asked {
            // An erased contact was asked, and is no longer there to be answered for.
            if self.shared.store.contact(&contact).await?.is_some_and(|stored| stored.erased) {
                return Err(Error::Erased { contact });
            }
            return Err(Error::Invalid {
                what: "answer",
                sentence: format!("the contact was never asked {message}"),
                next: "give the id of the message that the channel was handed",
            });
        }
        let id = InputId::from_answer(message);
        let input = Input::for_known(contact.clone(), Some(id), InputKind::Answer { message, answer });
        let receipts = self.shared.store.append(&[input], self.shared.horizon).await?;
        self.wake();
        match receipts.first() {
            Some(Receipt::UnknownContact) => Err(Error::UnknownContact { contact }),
            Some(Receipt::Erased) => Err(Error::Erased { contact }),
            Some(Receipt::Kept { .. }) => Ok(true),
            _ => Ok(false),
        }
    }

    /// The limits of an answer: those of an event.
    pub(super) fn check_answer(&self, answer: &Answer) -> Result<(), Error> {
        self.check_size("answer", answer.size(), self.shared.limits.event)?;
        self.check_values("answer", answer.values.values())
    }

    /// Puts many inputs into their mailboxes in one transaction; one receipt for each, in order.
    ///
    /// # Errors
    /// The first input that is not valid refuses all of them, and nothing is kept; [`Error::Expired`],
    /// [`Error::UnknownContact`], [`Error::Erased`] and [`Error::Aside`] are errors where one input was given, receipts where
    /// several were. Events that violate their schema are set aside before, in a transaction of their own.
    pub async fn append(&self, mut inputs: Vec<Input>) -> Result<Vec<Receipt>, Error> {
        for input in &mut inputs {
            self.check_input(input)?;
        }
        self.see_all(&inputs).await?;
        if is_on(Bug::CheckedThenInserted) {
            for input in &mut inputs {
                let mail = self.shared.store.inputs(&input.contact, 0, u64::MAX >> 1).await?;
                if mail.iter().any(|envelope| envelope.kind == input.kind) {
                    return Ok(vec![Receipt::Duplicate]);
                }
                input.id = None;
            }
        }
        self.check_requests(&mut inputs).await?;
        let untracked = self.untracked(&mut inputs).await?;
        if let ([_], 1) = (inputs.as_slice(), untracked.len()) {
            return Ok(vec![Receipt::Denied]);
        }
        let mut aside = self.set_aside(&inputs).await?;
        if aside.is_empty() && untracked.is_empty() {
            return self.append_checked(inputs).await;
        }
        let places = (0..).zip(inputs);
        let (apart, rest): (Vec<_>, Vec<_>) =
            places.partition(|(place, _)| aside.contains_key(place) || untracked.contains(place));
        if let ([(place, input)], []) = (apart.as_slice(), rest.as_slice()) {
            return match aside.remove(place) {
                Some(NowAside { id: Some(id), problems }) => Err(Error::Aside { id, problems }),
                _ => Err(Error::Erased { contact: input.contact.clone() }),
            };
        }
        let rest: Vec<Input> = rest.into_iter().map(|(_, input)| input).collect();
        let mut kept = Vec::new();
        if !rest.is_empty() {
            kept = self.shared.store.append(&rest, self.shared.horizon).await?;
        }
        self.wake();
        let mut kept = kept.into_iter();
        let receipts = (0..apart.len() + rest.len()).map(|place| match aside.get(&place) {
            Some(NowAside { id, .. }) => Some(id.map_or(Receipt::Erased, |id| Receipt::Aside { id })),
            None if untracked.contains(&place) => Some(Receipt::Denied),
            None => kept.next(),
        });
        Ok(receipts.flatten().collect())
    }

    /// The same for inputs that were checked, or that the engine itself makes.
    pub(super) async fn append_checked(&self, inputs: Vec<Input>) -> Result<Vec<Receipt>, Error> {
        let receipts = self.shared.store.append(&inputs, self.shared.horizon).await?;
        self.wake();
        if let ([input], [receipt]) = (inputs.as_slice(), receipts.as_slice()) {
            let contact = input.contact.clone();
            match receipt {
                Receipt::Expired => {
                    let name = match &input.kind {
                        InputKind::Event(event) => &event.name,
                        _ => "input",
                    };
                    return Err(self.expired(name));
                }
                Receipt::UnknownContact => return Err(Error::UnknownContact { contact }),
                Receipt::Erased => return Err(Error::Erased { contact }),
                Receipt::Kept { .. } | Receipt::Duplicate | Receipt::Aside { .. } | Receipt::Denied => {}
            }
        }
        Ok(receipts)
    }

    pub(super) fn expired(&self, name: &str) -> Error {
        Error::Expired { name: name.into(), days: self.shared.horizon.num_days() }
    }

    /// Never writes to an address again, whoever has it: a hard bounce, a complaint, a blocklist. However it is written, it is
    /// the same one ([`FingerprintKey::fingerprint`](crate::model::FingerprintKey::fingerprint)).
    ///
    /// # Errors
    /// [`Error::Invalid`], also where the rules of [`addresses`](crate::engine::EngineBuilder::addresses) take no such address:
    /// `06 39 98 71 42` without its country would protect nobody. [`Error::TooLarge`], [`Error::Store`].
    pub async fn suppress(
        &self,
        channel: &str,
        address: &str,
        contact: Option<&ContactId>,
        reason: &str,
    ) -> Result<(), Error> {
        self.check_id("channel name", channel)?;
        self.check_id("address", address)?;
        self.check_id("reason", reason)?;
        self.check_address("address", channel, address, &canonical(address))?;
        let fingerprint = self.seen(channel, address).await?;
        let suppression = Suppression::new(channel.into(), fingerprint, contact.cloned(), reason.into());
        self.shared.store.suppress(&suppression).await?;
        self.wake();
        Ok(())
    }

    /// Forgets a person, with whoever was [merged](Engine::merge) into it. Its addresses stay denied, whoever has them, but for purposes
    /// that the policy says are owed, and so does the proof of its consents; false where the contact was never known.
    ///
    /// What stays, for good: the contact's id, the fingerprints of its addresses, the consent chain with the words that the host
    /// chose for sources and wordings and with salted commitments, and of each message its id, journey, step, channel, template
    /// name and instants. None of it may have a personal value in it: give contacts ids that are no addresses. What comes late
    /// is answered by [`Error::Erased`] and changes nothing. For the bytes in the unused room of a SQLite file see
    /// `SqliteStore::compact`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn erase(&self, contact: &ContactId) -> Result<bool, Error> {
        let flight = match &self.shared.feed {
            Some(feed) => Some(feed.begin([self.meant(contact).await?])),
            None => None,
        };
        let known = self.shared.store.erase(contact).await?;
        if let Some(flight) = flight {
            flight.end(vec![News::Gone]);
        }
        tracing::info!(%contact, known, "erased");
        Ok(known)
    }

    /// Checks an input and makes it ready for the store.
    pub(super) fn check_input(&self, input: &mut Input) -> Result<(), Error> {
        let limits = self.shared.limits;
        self.check_id("contact id", input.contact.as_str())?;
        match &mut input.kind {
            InputKind::Identify(contact) => self.check_contact(contact)?,
            InputKind::Event(event) => {
                self.check_event(event)?;
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            InputKind::Fact(fact) => {
                self.check_size("fact", fact.size(), limits.event)?;
                match fact {
                    Fact::Keyword { word, .. } => {
                        self.check_id("keyword", word)?;
                        *word = keyword(word);
                    }
                    Fact::Host { name, properties } => {
                        self.check_id("name of the call", name)?;
                        self.check_values("call", properties.values())?;
                    }
                    Fact::Segment { segment: name, .. }
                    | Fact::Tier { score: name, .. }
                    | Fact::Score { score: name, .. }
                    | Fact::Mark { score: name, .. } => self.check_id("name in the fact", name)?,
                }
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            InputKind::Consent(consent) => {
                self.check_consent(consent)?;
                input.creates = self.shared.unknown_contacts == UnknownContacts::Create;
            }
            _ => {
                return Err(Error::Invalid {
                    what: "input",
                    sentence: "this kind of input is made by the engine alone".to_owned(),
                    next: "call the engine's method for it",
                });
            }
        }
        Ok(())
    }

    /// Refuses a deed that cannot be kept.
    pub(super) fn check_deed(&self, deed: &Deed) -> Result<(), Error> {
        match deed.problem() {
            Some(sentence) => {
                Err(Error::Invalid { what: "deed", sentence, next: "say who does it and why, in short" })
            }
            None => Ok(()),
        }
    }

    /// Checks what is said of a contact, and stamps its addresses with fingerprints.
    pub(super) fn check_contact(&self, contact: &mut Contact) -> Result<(), Error> {
        let limits = self.shared.limits;
        self.check_size("contact", contact.size() + contact.size_taken_away(), limits.contact)?;
        self.check_values("contact", contact.attributes.values())?;
        if let Some(zone) = &contact.zone {
            // Whatever stands there may be personal, and goes into no error.
            Zone::named(zone).map_err(|_| Error::Invalid {
                what: "contact",
                sentence: "its time zone is unknown".to_owned(),
                next: "give the contact an IANA name such as Europe/Paris, or none",
            })?;
        }
        for (channel, address) in &mut contact.addresses {
            self.check_id("channel name", channel)?;
            self.check_address("contact", channel, &address.value, &address.value)?;
            address.fingerprint = Some(self.shared.key.fingerprint(channel, &address.value));
        }
        Ok(())
    }

    /// Refuses what is no address of its channel, in the spelling that counts.
    fn check_address(
        &self,
        what: &'static str,
        channel: &str,
        address: &str,
        spelling: &str,
    ) -> Result<(), Error> {
        if address.trim().is_empty() || address.chars().any(char::is_control) {
            return Err(Error::Invalid {
                what,
                sentence: format!("its address on {channel} is empty or holds a control character"),
                next: "leave the address out, or mend it",
            });
        }
        #[cfg(feature = "addresses")]
        self.shared.addresses.check(channel, spelling).map_err(|error| Error::Invalid {
            what,
            sentence: format!(
                "its address on {channel} is none, for {} ({})",
                error.problem.sentence(),
                error.problem.code()
            ),
            next: error.problem.next(),
        })?;
        #[cfg(not(feature = "addresses"))]
        let _ = spelling;
        Ok(())
    }

    /// Checks an event, and cuts its instant.
    pub(super) fn check_event(&self, event: &mut Event) -> Result<(), Error> {
        let limits = self.shared.limits;
        self.check_id("event name", &event.name)?;
        if let Some(id) = &event.id {
            self.check_id("event id", id)?;
        }
        self.check_size("event", event.size(), limits.event)?;
        self.check_values("event", event.properties.values())?;
        // One that was read from a text may be finer than what is stored.
        event.at = event.at.map(truncate);
        if event.at.is_some_and(|at| !(0..=253_370_764_800_000).contains(&at.timestamp_millis())) {
            return Err(Error::Invalid {
                what: "event",
                sentence: "its instant lies outside the years 1970 to 9998".to_owned(),
                next: "give it the instant at which it happened",
            });
        }
        Ok(())
    }

    pub(super) fn check_id(&self, what: &'static str, id: &str) -> Result<(), Error> {
        if id.trim().is_empty() {
            return Err(Error::Invalid { what, sentence: "it is empty".to_owned(), next: "give one" });
        }
        // In logs and headers such a one could pass for two.
        if id.chars().any(char::is_control) {
            let sentence = "it has a control character, such as the end of a line".to_owned();
            return Err(Error::Invalid { what, sentence, next: "take it out" });
        }
        self.check_size(what, id.len(), self.shared.limits.id)
    }

    pub(super) fn check_size(&self, what: &'static str, size: usize, limit: usize) -> Result<(), Error> {
        if size > limit { Err(Error::TooLarge { what, size, limit }) } else { Ok(()) }
    }

    fn check_values<'v>(
        &self,
        what: &'static str,
        mut values: impl Iterator<Item = &'v Value>,
    ) -> Result<(), Error> {
        if values.all(|value| depth(value) <= MOST_DEPTH) {
            return Ok(());
        }
        let sentence = format!("it has a list nested deeper than {MOST_DEPTH}");
        Err(Error::Invalid { what, sentence, next: "flatten the list" })
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
