//! What every case stands on: an empty store, a clock, two people, and commits built by hand.

use std::any::Any;
use std::panic::Location;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::StoreBuilder;
use crate::error::StoreError;
use crate::journey::{Journey, JourneyDefinition};
use crate::machine::{Cold, Envelope, Hot, Input, InputKind, Withdrawal};
use crate::model::{
    Call, Contact, ContactId, Content, Delivery, DeliveryStatus, EnrollmentId, Event, Evidence, Fingerprint,
    FingerprintKey, Hash, InputId, JourneyId, Message, MessageId, Name, NodeId,
};
use crate::port::Clock;
use crate::port::store::{
    Begin, Begun, Claim, Claimed, Commit, Committed, Definition, MessageRecord, MessageStatus, Pausable,
    Receipt, Result, Store, StoredContact, Take, Taken, Verdict, Work,
};
use crate::rule::segment::Membership;
use crate::testing::ManualClock;

/// What a case says.
pub(super) type Answer<T = ()> = std::result::Result<T, Stop>;

/// Why a case ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The obligation is not met.
    Failed(String),
    /// The store does not claim to do this.
    NotApplicable,
}

impl Stop {
    #[track_caller]
    pub(super) fn failed(reason: impl std::fmt::Display) -> Self {
        let place = Location::caller();
        let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
        Self::Failed(format!("{reason} ({file}:{})", place.line()))
    }
}

impl From<StoreError> for Stop {
    #[track_caller]
    fn from(error: StoreError) -> Self {
        Self::failed(format_args!("the store answered with an error: {error}"))
    }
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

pub(super) const EMAIL: &str = "email";
pub(super) const SMS: &str = "sms";
pub(super) const MARKETING: &str = "marketing";
pub(super) const LEA: &str = "lea";
pub(super) const TOM: &str = "tom";
/// The address that Léa and Tom share where a case says so.
pub(super) const SHARED: &str = "home@example.org";
pub(super) const HORIZON: TimeDelta = TimeDelta::days(90);
pub(super) const PERMIT: TimeDelta = TimeDelta::seconds(5);
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(35);
/// Above every place and row, and still within what a signed column holds.
pub(super) const END: u64 = i64::MAX as u64;

pub(super) fn millis(count: i64) -> TimeDelta {
    TimeDelta::milliseconds(count)
}

pub(super) fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

pub(super) fn id(contact: &str) -> ContactId {
    ContactId::from(contact)
}

pub(super) fn fingerprint(channel: &str, address: &str) -> Fingerprint {
    FingerprintKey::new([7; 32]).fingerprint(channel, address)
}

/// A person with one address, fingerprinted as the engine does.
pub(super) fn person(contact: &str, channel: &str, address: &str) -> Contact {
    reachable(Contact::new(contact), channel, address)
}

pub(super) fn reachable(person: Contact, channel: &str, address: &str) -> Contact {
    let mut person = person.address(channel, address);
    if let Some(known) = person.addresses.get_mut(channel) {
        known.fingerprint = Some(fingerprint(channel, address));
    }
    person
}

/// An input with an id of its own.
pub(super) fn visit(contact: &str, id: &str) -> Input {
    Event::new(contact, "visited").id(id).into()
}

pub(super) fn input_id(contact: &str, word: &str) -> InputId {
    InputId::from_host("test", &id(contact), word)
}

pub(super) fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

/// What Léa says when she has had enough of emails.
pub(super) fn stop(contact: &str) -> Withdrawal {
    Withdrawal::of(contact, MARKETING, EMAIL, evidence())
}

pub(super) fn enrollment(contact: &str, number: u8) -> EnrollmentId {
    let cause = InputId::from_bytes([number; 16]);
    EnrollmentId::derive("suite", &id(contact), &JourneyId::from("welcome"), cause, "")
}

/// A marketing email of the journey `welcome`, of the enrollment with this number.
pub(super) fn message(contact: &str, number: u8, decided_at: DateTime<Utc>) -> Message {
    let enrollment = enrollment(contact, number);
    Message {
        id: MessageId::derive(enrollment, 1, decided_at),
        contact: id(contact),
        enrollment,
        journey: JourneyId::from("welcome"),
        version: 1,
        node: NodeId::from("greet"),
        channel: EMAIL.into(),
        template: "hello".into(),
        purpose: MARKETING.into(),
        decided_at,
        not_after: None,
        wanted_by: None,
        call: None,
        variables: Default::default(),
        sharing: None,
    }
}

/// A question to the host, which says nothing to the contact.
pub(super) fn call(contact: &str, number: u8, decided_at: DateTime<Utc>) -> Message {
    let asked = Call::new("rate").with("city", "Paris");
    let nothing = || Name::from("");
    Message {
        template: nothing(),
        purpose: nothing(),
        not_after: Some(decided_at + minutes(60)),
        wanted_by: Some(decided_at + minutes(30)),
        call: Some(asked),
        ..message(contact, number, decided_at)
    }
}

pub(super) fn content(text: &str) -> Content {
    Content::new(Some("Hello".to_owned()), Some(text.to_owned()), None, Hash::of("template", &[b"hello"]))
}

pub(super) fn journey(name: &str, version: u32, template: &str) -> Answer<JourneyDefinition> {
    let built = Journey::builder(name)
        .version(version)
        .enter_on("signed_up")
        .send("greet", EMAIL, template, MARKETING)
        .build()
        .map_err(|error| Stop::failed(format_args!("the suite's own journey does not compile: {error:?}")))?;
    Ok(JourneyDefinition::clone(&built.definition))
}

/// Lets a state say that its contact is in a segment, or is not, as a transition would.
pub(super) fn set_inside(hot: &mut Hot, segment: &str, inside: bool) {
    match inside {
        true => drop(hot.segments.members.insert(segment.into(), Membership::default())),
        false => drop(hot.segments.members.remove(segment)),
    }
}

pub(super) fn welcome() -> Pausable {
    Pausable::Journey(JourneyId::from("welcome"))
}

/// Two long texts are the same; where they are not, the place where they part is shown.
#[track_caller]
pub(super) fn same(found: &str, expected: &str, what: &str) -> Answer {
    if found == expected {
        return Ok(());
    }
    let parted =
        found.chars().zip(expected.chars()).take_while(|(found, expected)| found == expected).count();
    let near = |text: &str| text.chars().skip(parted.saturating_sub(60)).take(120).collect::<String>();
    Err(Stop::failed(format_args!("{what}: found …{}…, expected …{}…", near(found), near(expected))))
}

/// The commit that reads everything that was handed out and changes nothing else.
pub(super) fn reads(claimed: &Claimed, work: &Work) -> Commit {
    let read_seq = work.envelopes.last().map_or(work.read_seq, |envelope| envelope.seq);
    let hot = Hot { now: claimed.now, ..work.state.hot.clone() };
    Commit::new(work.lease.clone(), claimed.catalog, read_seq, hot)
}

/// The answer that hands a message over.
pub(super) fn sends(taken: &Taken, text: &str) -> Begin {
    let verdict = Verdict::Send { content: content(text), permit: PERMIT, lease: LEASE };
    Begin::new(taken, verdict, "test")
}

/// How a store is opened again, whatever its builder is.
#[async_trait]
trait Place: Send + Sync {
    async fn reopen(&self, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>>;
}

struct Built<B: StoreBuilder> {
    builder: Arc<B>,
    guard: B::Guard,
}

#[async_trait]
impl<B: StoreBuilder> Place for Built<B> {
    async fn reopen(&self, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>> {
        self.builder.reopen(&self.guard, clock).await
    }
}

/// A store of a case's own.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: ManualClock,
    place: Box<dyn Place>,
}

impl Bench {
    pub(super) async fn build<B: StoreBuilder>(builder: Arc<B>) -> Answer<Self> {
        // Monday 2 March 2026, 09:00 UTC.
        let clock = ManualClock::new(DateTime::from_timestamp_millis(1_772_442_000_000).unwrap_or_default());
        let (store, guard) = builder.build(Arc::new(clock.clone())).await?;
        Ok(Self { store, clock, place: Box::new(Built { builder, guard }) })
    }

    /// Drops the store and opens it again.
    pub(super) async fn reopen(self) -> Answer<Self> {
        let Self { store, clock, place } = self;
        drop(store);
        match place.reopen(Arc::new(clock.clone())).await? {
            Some(store) => Ok(Self { store, clock, place }),
            None => Err(Stop::NotApplicable),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) async fn append(&self, inputs: &[Input]) -> Answer<Vec<Receipt>> {
        let receipts = self.store.append(inputs, HORIZON).await?;
        check_eq!(receipts.len(), inputs.len(), "the number of receipts");
        Ok(receipts)
    }

    /// Appends one input that must be kept.
    pub(super) async fn keep(&self, input: impl Into<Input>) -> Answer<(InputId, u64)> {
        match self.append(&[input.into()]).await?.as_slice() {
            [Receipt::Kept { id, seq }] => Ok((*id, *seq)),
            other => Err(Stop::failed(format_args!("an input that is new was answered by {other:?}"))),
        }
    }

    pub(super) async fn claim(&self, limit: usize) -> Answer<Claimed> {
        Ok(self.store.claim(&Claim::of(limit)).await?)
    }

    /// The ids of the contacts that a claim hands out.
    pub(super) async fn claimed(&self, limit: usize) -> Answer<Vec<String>> {
        let claimed = self.claim(limit).await?;
        Ok(claimed.work.iter().map(|work| work.state.cold.contact.id.to_string()).collect())
    }

    /// Claims, and answers the commit that reads one contact's mail.
    pub(super) async fn reading(&self, contact: &str) -> Answer<Commit> {
        Ok(self.work(contact).await?.1)
    }

    pub(super) async fn work(&self, contact: &str) -> Answer<(Work, Commit)> {
        let claimed = self.claim(1_024).await?;
        match claimed.work.iter().find(|work| work.state.cold.contact.id.as_str() == contact) {
            Some(work) => Ok((work.clone(), reads(&claimed, work))),
            None => Err(Stop::failed(format_args!("{contact} has something to do and is not handed out"))),
        }
    }

    pub(super) async fn commit(&self, commits: Vec<Commit>) -> Answer<Vec<Committed>> {
        let count = commits.len();
        let answers = self.store.commit(commits).await?;
        check_eq!(answers.len(), count, "the number of answers to a batch of commits");
        Ok(answers)
    }

    /// Commits what must take effect.
    pub(super) async fn done(&self, commit: Commit) -> Answer {
        check_eq!(
            self.commit(vec![commit]).await?,
            [Committed::Done],
            "the answer to a commit with a fresh lease"
        );
        Ok(())
    }

    /// Makes a person known: identified, read, committed.
    pub(super) async fn know(&self, person: Contact) -> Answer {
        let contact = person.id.clone();
        self.keep(person.clone()).await?;
        let (work, mut commit) = self.work(contact.as_str()).await?;
        let standing = work.state.cold.standing.clone();
        commit.cold = Some(Arc::new(Cold { contact: person, standing, sharings: Default::default() }));
        self.done(commit).await
    }

    /// Commits messages for a contact that is known, as a step would.
    pub(super) async fn decide(&self, contact: &str, messages: Vec<Message>) -> Answer {
        self.keep(Event::new(contact, "tick")).await?;
        let mut commit = self.reading(contact).await?;
        commit.messages = messages;
        self.done(commit).await
    }

    /// Publishes the journey `welcome` and makes Léa known at two addresses.
    pub(super) async fn know_lea(&self) -> Answer {
        self.store.publish(&[Definition::Journey(journey("welcome", 1, "hello")?)]).await?;
        self.know(reachable(person(LEA, EMAIL, SHARED), SMS, "+33600000001")).await
    }

    /// Léa, and a message to her that has not begun.
    pub(super) async fn lea_with_a_message(&self) -> Answer<Message> {
        self.know_lea().await?;
        let message = message(LEA, 1, self.now());
        self.decide(LEA, vec![message.clone()]).await?;
        Ok(message)
    }

    /// Tom, who shares Léa's email address, and a message to him that has not begun.
    pub(super) async fn tom_with_a_message(&self) -> Answer<Message> {
        self.know(person(TOM, EMAIL, SHARED)).await?;
        let message = message(TOM, 1, self.now());
        self.decide(TOM, vec![message.clone()]).await?;
        Ok(message)
    }

    pub(super) async fn take(&self) -> Answer<Vec<Taken>> {
        Ok(self.store.take(&Take::of(100, [Name::from(EMAIL), Name::from(SMS)])).await?.messages)
    }

    /// When a worker with both channels has something to do next.
    pub(super) async fn next_due(&self) -> Answer<Option<DateTime<Utc>>> {
        Ok(self.store.next_due(&[Name::from(EMAIL), Name::from(SMS)]).await?)
    }

    /// The ids of the messages that are offered.
    pub(super) async fn offered(&self) -> Answer<Vec<MessageId>> {
        Ok(self.take().await?.iter().map(|taken| taken.message.id).collect())
    }

    /// Takes one message that must be offered.
    pub(super) async fn taken(&self, message: &Message) -> Answer<Taken> {
        let found = self.take().await?.into_iter().find(|taken| taken.message.id == message.id);
        found.ok_or_else(|| Stop::failed(format_args!("message {} is not offered", message.id)))
    }

    pub(super) async fn begin(&self, begin: Begin) -> Answer<Begun> {
        match self.store.begin(vec![begin]).await?.as_slice() {
            [answer] => Ok(*answer),
            other => Err(Stop::failed(format_args!("one begin has {} answers", other.len()))),
        }
    }

    /// Takes and begins one message that must be offered; answers the attempt.
    pub(super) async fn begun(&self, message: &Message, text: &str) -> Answer<u32> {
        let taken = self.taken(message).await?;
        match self.begin(sends(&taken, text)).await? {
            Begun::Begun { attempt, .. } => Ok(attempt),
            other => {
                Err(Stop::failed(format_args!("nothing came between take and begin, and it is {other:?}")))
            }
        }
    }

    pub(super) async fn settle(&self, message: &Message, attempt: u32, status: DeliveryStatus) -> Answer {
        Ok(self.store.settle(&[Delivery::new(message.id, attempt, self.now(), status)]).await?)
    }

    pub(super) async fn withdraw(&self, withdrawal: &Withdrawal, word: &str) -> Answer {
        let input = input_id(withdrawal.contact.as_str(), word);
        Ok(self.store.withdraw(withdrawal, Some(input)).await?)
    }

    pub(super) async fn contact(&self, contact: &str) -> Answer<StoredContact> {
        let found = self.store.contact(&id(contact)).await?;
        found.ok_or_else(|| Stop::failed(format_args!("{contact} is not found")))
    }

    pub(super) async fn record(&self, message: &Message) -> Answer<MessageRecord> {
        let found = self.store.message(message.id).await?;
        found.ok_or_else(|| Stop::failed(format_args!("message {} is not found", message.id)))
    }

    pub(super) async fn status(&self, message: &Message) -> Answer<MessageStatus> {
        Ok(self.record(message).await?.status)
    }

    /// A contact's whole mail.
    pub(super) async fn mail(&self, contact: &str) -> Answer<Vec<Envelope>> {
        Ok(self.store.inputs(&id(contact), 0, END).await?)
    }

    /// What became of messages, as a contact's mail tells it.
    pub(super) async fn answers(&self, contact: &str) -> Answer<Vec<(InputId, Delivery)>> {
        let mail = self.mail(contact).await?;
        let answers = mail.into_iter().filter_map(|envelope| match envelope.kind {
            InputKind::Delivery(delivery) => Some((envelope.id, delivery)),
            _ => None,
        });
        Ok(answers.collect())
    }
}
