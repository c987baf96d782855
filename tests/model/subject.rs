//! The engine on a store, obeying the same commands; and what can be seen of its people.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::engine::Backoff;
use journeyman::machine::Withdrawal;
use journeyman::model::{
    ContactId, DeliveryStatus, Enrollment, Evidence, ExitReason, Handover, Outcome, Reason, Step,
    StepOutcome, Waiting,
};
use journeyman::port::store::{MessageRecord, MessageStatus, Pausable};
use journeyman::port::{Channel, Store};
use journeyman::rule::{Policy, TemplateDefinition};
use journeyman::store::{Durability, MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

use crate::account::Account;
use crate::commands::{ATTEMPTS, Answer, CHANNELS, Command, HORIZON, PATIENCE, PEOPLE, PURPOSES};
use crate::journeys::{JOURNEYS, TEMPLATES};

/// A kind of store, and how one that keeps its data is opened again.
pub(crate) trait Kind: 'static {
    const NAME: &'static str;

    fn open(folder: &std::path::Path, clock: ManualClock) -> Arc<dyn Store>;

    /// How many stories are told unless the environment says otherwise.
    const STORIES: u32;

    /// Whether what was said is still there when it is opened again.
    const KEEPS: bool;
}

pub(crate) struct Memory;
pub(crate) struct Sqlite;

impl Kind for Memory {
    const NAME: &'static str = "memory";
    const STORIES: u32 = 200;
    const KEEPS: bool = false;

    fn open(_: &std::path::Path, clock: ManualClock) -> Arc<dyn Store> {
        Arc::new(MemoryStore::builder().clock(Arc::new(clock)).build())
    }
}

impl Kind for Sqlite {
    const NAME: &'static str = "sqlite";
    const STORIES: u32 = 60;
    const KEEPS: bool = true;

    fn open(folder: &std::path::Path, clock: ManualClock) -> Arc<dyn Store> {
        let builder = SqliteStore::builder(folder.join("journeyman.db")).clock(Arc::new(clock));
        // Nothing here loses power.
        Arc::new(builder.durability(Durability::Relaxed).open().unwrap())
    }
}

/// What the channels say, and what they were handed by whom it is for.
#[derive(Default)]
struct Mailroom {
    answers: BTreeMap<String, Answer>,
    handed: BTreeMap<String, Vec<String>>,
}

struct Scripted {
    name: &'static str,
    clock: ManualClock,
    room: Arc<Mutex<Mailroom>>,
}

#[async_trait]
impl Channel for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        use journeyman::port::Clock;
        let mut room = self.room.lock().unwrap();
        let Handover { message, to, content, attempt, .. } = handover;
        let (at, said) = (minute(self.clock.now()), content.plain());
        let (node, template) = (&message.node, &message.template);
        let line = format!("{at} {node} {template} to {to}, attempt {attempt}: {said}");
        room.handed.entry(message.contact.to_string()).or_default().push(line);
        match room.answers.get(self.name).unwrap_or(&Answer::Accept) {
            Answer::Accept => Outcome::Accepted,
            Answer::Refuse => Outcome::Refused { reason: "blocked".into() },
            Answer::Later => Outcome::Retry { after: Some(TimeDelta::minutes(PATIENCE)) },
            Answer::Unknown => Outcome::Unknown,
        }
    }
}

/// An engine on a store of some kind, with everything that outlives both.
pub(crate) struct Subject<K> {
    engine: Engine,
    clock: ManualClock,
    room: Arc<Mutex<Mailroom>>,
    folder: tempfile::TempDir,
    /// What the newest tick said of the next one.
    pub(crate) next_wake: Option<Option<i64>>,
    withdrawals: u64,
    kind: std::marker::PhantomData<K>,
}

impl<K: Kind> Subject<K> {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new(start());
        let folder = tempfile::tempdir().unwrap();
        let room = Arc::default();
        let engine = engine(K::open(folder.path(), clock.clone()), &clock, &room);
        let templates = TEMPLATES.map(|name| {
            let text = format!("{name} {{{{ contact.score | default('-') }}}}");
            TemplateDefinition::new(name).text(text).into()
        });
        let first = JOURNEYS.iter().filter(|journey| journey.version == 1);
        let first = first.map(|journey| Journey::from_yaml(journey.text).unwrap().into());
        block_on(engine.publish(templates.into_iter().chain(first))).unwrap();
        let mut subject = Self {
            engine,
            clock,
            room,
            folder,
            next_wake: None,
            withdrawals: 0,
            kind: std::marker::PhantomData,
        };
        for command in Command::prologue() {
            subject.obey(&command);
        }
        subject
    }

    /// Does what a command says, and answers in the reference's words.
    pub(crate) fn obey(&mut self, command: &Command) -> String {
        block_on(self.answer(command)).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    async fn answer(&mut self, command: &Command) -> Result<String, Error> {
        let evidence = || Evidence::new("form", "v1");
        let clock = self.clock.clone();
        let now = || journeyman::port::Clock::now(&clock);
        self.next_wake = None;
        match command.clone() {
            Command::Identify { who, score, address } => {
                let mut contact = Contact::new(who);
                if let Some(score) = score {
                    contact = contact.attribute("score", score);
                }
                if let Some((channel, address)) = address {
                    contact = contact.address(channel, format!("{channel}-{address}"));
                }
                return told(self.engine.identify(contact).await.map(|()| true));
            }
            Command::Grant { who, purpose, channel } => {
                let consent = Consent::granted(who, purpose, channel, evidence());
                return told(self.engine.consent(consent).await.map(|()| true));
            }
            Command::Track { who, event, id } => {
                let mut told_event = Event::new(who, event.name).property("number", event.number);
                if let Some(id) = id {
                    told_event = told_event.id(id.to_string());
                }
                if let Some(at) = event.at {
                    told_event = told_event.at(now() + TimeDelta::minutes(at));
                }
                return told(self.engine.track(told_event).await);
            }
            Command::Withdraw { who, purpose, channel } => {
                // Without an id of the host's, two engines that are told the same in one millisecond take it for one.
                self.withdrawals += 1;
                let mut withdrawal = Withdrawal::everything(who, evidence()).id(self.withdrawals.to_string());
                if let Some(purpose) = purpose {
                    withdrawal = withdrawal.for_purpose(purpose);
                }
                if let Some(channel) = channel {
                    withdrawal = withdrawal.on_channel(channel);
                }
                self.engine.withdraw(&withdrawal).await?;
            }
            Command::Advance { minutes } => {
                self.clock.advance(TimeDelta::minutes(minutes));
                self.tick().await?;
            }
            Command::Pass { minutes } => self.clock.advance(TimeDelta::minutes(minutes)),
            Command::FreshTick => {
                self.engine = engine(self.engine.store().clone(), &self.clock, &self.room);
                self.tick().await?;
            }
            Command::Erase { who } => {
                let known = self.engine.erase(&who.into()).await?;
                return Ok(if known { "done" } else { "unknown" }.to_owned());
            }
            Command::Publish { journey: name } => {
                let second = JOURNEYS.iter().find(|journey| journey.name == name && journey.version == 2);
                self.engine.publish([Journey::from_yaml(second.unwrap().text).unwrap().into()]).await?;
            }
            Command::Pause { journey } => self.engine.pause(&Pausable::Journey(journey.into())).await?,
            Command::Resume { journey } => self.engine.resume(&Pausable::Journey(journey.into())).await?,
            Command::Suppress { channel, address, who } => {
                let who = who.map(ContactId::from);
                let address = format!("{channel}-{address}");
                self.engine.suppress(channel, &address, who.as_ref(), "complaint").await?;
            }
            Command::Behave { channel, answer } => {
                self.room.lock().unwrap().answers.insert(channel.to_owned(), answer);
            }
            Command::Purge { older } => {
                let before = now() - TimeDelta::minutes(HORIZON + older);
                let purged = self.engine.store().purge(before).await?;
                return Ok(format!("{} blanked", purged.contents));
            }
            Command::Reopen if K::KEEPS => {
                // A file that is still open elsewhere is not reopened but shared, so everything of the old one goes first.
                let nobody = ManualClock::new(start());
                self.engine = engine(Memory::open(self.folder.path(), nobody.clone()), &nobody, &self.room);
                self.engine =
                    engine(K::open(self.folder.path(), self.clock.clone()), &self.clock, &self.room);
            }
            Command::Reopen => {}
        }
        Ok("done".to_owned())
    }

    async fn tick(&mut self) -> Result<(), Error> {
        let tick = self.engine.tick().await?;
        assert_eq!((tick.stale, tick.unknown, tick.deferred), (0, 0, 0), "nobody else is here: {tick:?}");
        self.next_wake = Some(tick.next_wake.map(minute));
        Ok(())
    }

    pub(crate) fn accounts(&self) -> BTreeMap<&'static str, Account> {
        PEOPLE.map(|who| (who, block_on(self.account(who)).unwrap())).into()
    }

    async fn account(&self, who: &str) -> Result<Account, Error> {
        let (store, id) = (self.engine.store(), who.into());
        let handed = self.room.lock().unwrap().handed.get(who).cloned().unwrap_or_default();
        let Some(stored) = store.contact(&id).await? else {
            return Ok(Account { handed, ..Account::default() });
        };
        let (cold, hot) = (&stored.state.cold, &stored.state.hot);
        let score = cold.contact.attributes.get("score").map(|score| match score {
            journeyman::model::Value::Integer(score) => *score,
            other => panic!("a score of {other:?}"),
        });
        let mut person = vec![format!("erased {}, score {score:?}", stored.erased)];
        let addresses = cold.contact.addresses.iter();
        person.extend(addresses.map(|(channel, address)| format!("{channel} at {}", address.value)));
        for purpose in PURPOSES {
            let allowed = CHANNELS.iter().filter(|channel| cold.standing.allows(purpose, channel, None));
            person.extend(allowed.map(|channel| format!("{purpose} by {channel}")));
        }
        let inside = hot.enrollments.iter().map(enrollment_line).collect();
        let steps = store.steps(&id).await?.iter().map(step_line).collect();
        let messages = store.messages(&id).await?.iter().map(message_line).collect();
        let consents = store.consents(&id).await?;
        assert!(journeyman::model::ConsentRecord::verify(&consents), "the chain of {who} is broken");
        Ok(Account { person, inside, steps, messages, consents: consents.len(), handed })
    }
}

fn engine(store: Arc<dyn Store>, clock: &ManualClock, room: &Arc<Mutex<Mailroom>>) -> Engine {
    let mut builder = Engine::builder(store).policy(Policy::new("no quiet hours"));
    for name in CHANNELS {
        builder = builder.channel(Scripted { name, clock: clock.clone(), room: room.clone() });
    }
    let backoff = Backoff { attempts: ATTEMPTS, ..Backoff::default() };
    builder.horizon(TimeDelta::minutes(HORIZON)).backoff(backoff).build()
}

fn told(answer: Result<bool, Error>) -> Result<String, Error> {
    let word = match answer {
        Ok(true) => "told",
        Ok(false) => "told before",
        Err(Error::Expired { .. }) => "too old",
        Err(Error::Erased { .. }) => "erased",
        Err(error) => return Err(error),
    };
    Ok(word.to_owned())
}

fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

fn minute(at: DateTime<Utc>) -> i64 {
    let since = at - start();
    assert_eq!(since, TimeDelta::minutes(since.num_minutes()), "everything here lies on whole minutes");
    since.num_minutes()
}

fn refused(reasons: &[Reason]) -> String {
    format!("refused {reasons:?}").replace('"', "")
}

fn enrollment_line(enrollment: &Enrollment) -> String {
    let waits = match &enrollment.waiting {
        Waiting::Until { at } => format!("until {}", minute(*at)),
        Waiting::Event { until, .. } => format!("for an event until {}", minute(*until)),
        Waiting::Delivery { .. } => "for an answer".to_owned(),
        Waiting::Matched { at, alternative } => format!("since {} to go on with {alternative}", minute(*at)),
        Waiting::Settled { at, accepted, .. } => {
            format!("since {} to go on, accepted {accepted}", minute(*at))
        }
        other => panic!("without quiet hours nobody waits so: {other:?}"),
    };
    let Enrollment { journey, version, node, entered_at, arrived_at, .. } = enrollment;
    let (entered, arrived) = (minute(*entered_at), minute(*arrived_at));
    format!("{journey}/{version} since {entered} at {node} since {arrived}, waits {waits}")
}

fn step_line(step: &Step) -> String {
    let outcome = match &step.outcome {
        StepOutcome::Entered => "entered".to_owned(),
        StepOutcome::Waited => "waited".to_owned(),
        StepOutcome::Matched { alternative } => format!("matched {alternative}"),
        StepOutcome::TimedOut => "timed out".to_owned(),
        StepOutcome::Branched { way: Some(way) } => format!("branched {way}"),
        StepOutcome::Branched { way: None } => "branched else".to_owned(),
        StepOutcome::Sent { .. } => "sent".to_owned(),
        StepOutcome::Refused { reasons } => refused(reasons),
        StepOutcome::Settled { accepted, .. } => format!("settled {accepted}"),
        StepOutcome::Exited { reason } => match reason {
            ExitReason::Completed => "exited completed".to_owned(),
            ExitReason::Exit(name) => format!("exited exit {name}"),
            ExitReason::Goal(name) => format!("exited goal {name}"),
            ExitReason::Event(name) => format!("exited event {name}"),
            ExitReason::MaxDuration => "exited after the longest stay".to_owned(),
            other => panic!("no journey here ends so: {other:?}"),
        },
        other => panic!("no journey here decides so: {other:?}"),
    };
    let Step { journey, version, node, at, next, .. } = step;
    let next = next.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    format!("{} {journey}/{version} {node} {outcome} -> {next}", minute(*at))
}

fn message_line(record: &MessageRecord) -> String {
    let MessageRecord { message, status, attempts, not_before, content, answer, .. } = record;
    let word = match status {
        MessageStatus::Pending => "pending",
        MessageStatus::Accepted => "accepted",
        MessageStatus::Refused => "refused",
        MessageStatus::Parked => "parked",
        MessageStatus::Cancelled => "cancelled",
        other => panic!("nothing is under way between two commands: {other:?}"),
    };
    let answer = match answer {
        None => String::new(),
        Some(DeliveryStatus::Accepted) => "accepted".to_owned(),
        Some(DeliveryStatus::Refused { reasons }) => refused(reasons),
        Some(DeliveryStatus::Retry { at }) => format!("retry {}", minute(*at)),
        Some(DeliveryStatus::Parked) => "parked".to_owned(),
        Some(other) => panic!("without quiet hours no answer is {other:?}"),
    };
    let next = match status {
        MessageStatus::Pending => minute(*not_before).to_string(),
        _ => "-".to_owned(),
    };
    let said = content.as_ref().map_or("-", |content| content.plain());
    let journeyman::Message { journey, version, node, channel, template, purpose, decided_at, .. } = message;
    let decided = minute(*decided_at);
    format!(
        "{decided} {journey}/{version} {node} {channel} {template} {purpose}: {word}, {attempts} attempts, next {next}, answer {answer}, said {said}"
    )
}
