//! Workers that tick and die and come back, and hosts that tell what happens until they are heard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::desk::{Behind, Desk};
use super::executor::Spawner;
use super::faults::Faults;
use super::fixture::{DESK, EVENTS, JOURNEYS, LINES, PARTNER, PURPOSES, definitions};
use super::provider::{Overheard, Provider};
use super::random::Random;
use super::scenario::{Deed, Scenario, What};
use super::seats::Counter;
use super::timeline::{Timeline, WorkerClock};
use super::truth::{Seen, Truth};
use crate::engine::{Backoff, Compiled, Drain, Engine, Rate};
use crate::error::{Error, StoreError};
use crate::journey::MigrationDefinition;
use crate::machine::Withdrawal;
use crate::model::{
    Answer, Consent, Contact, ContactId, Event, Evidence, Fact, FingerprintKey, Import, ImportRow, MessageId,
    Value,
};
use crate::port::store::{Definition, Pausable};
use crate::port::{Clock, Store};
use crate::testing::{FaultyChannel, FaultyStore, Invariant, Life, Stop};
use crate::time::Zone;

/// The longest that a worker sleeps before it looks for what others did.
pub(super) const POLL: TimeDelta = TimeDelta::minutes(200);

/// Everything that the tasks of a simulation share.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) timeline: Timeline,
    pub(super) spawner: Spawner,
    pub(super) truth: Truth,
    pub(super) faults: Faults,
    /// The store as it really is, seen by the truth.
    pub(super) store: Arc<dyn Store>,
    /// The same with its faults.
    pub(super) faulty: FaultyStore,
    pub(super) channels: Vec<FaultyChannel>,
    pub(super) workers: Vec<Worker>,
    pub(super) random: Mutex<Random>,
    pub(super) over: AtomicBool,
    /// Whether processes that come up have the newer fingerprint key.
    pub(super) rotated: AtomicBool,
    /// Whether they have the newer tables of the law.
    pub(super) amended: AtomicBool,
}

/// One process.
pub(super) struct Worker {
    pub(super) clock: WorkerClock,
    running: Mutex<Option<(Life, Engine)>>,
}

impl Worker {
    pub(super) fn new(timeline: &Timeline) -> Self {
        Self { clock: WorkerClock::new(timeline.clone()), running: Mutex::new(None) }
    }

    pub(super) fn running(&self) -> Option<(Life, Engine)> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, running: Option<(Life, Engine)>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

/// What was compiled before, for an engine beside the workers'.
pub(super) fn compiled() -> Compiled {
    COMPILED.clone()
}

/// Every simulation of a process has the same definitions, and each crash brings up an engine that must read them.
static COMPILED: LazyLock<Compiled> = LazyLock::new(Compiled::default);

pub(super) fn key() -> FingerprintKey {
    FingerprintKey::new([5; 32])
}

pub(super) fn zone() -> Zone {
    Zone::utc()
}

/// An address of a person, and the one it moves to.
pub(super) fn address(of: &str, channel: &str, moved: bool) -> String {
    format!("{of}.{channel}{}@example.org", if moved { ".new" } else { "" })
}

pub(super) fn channels(
    truth: &Truth,
    timeline: &Timeline,
    seed: u64,
    moody: bool,
    behind: &Behind,
) -> Vec<FaultyChannel> {
    let channel = |line: super::fixture::Line| {
        let random = Arc::new(Mutex::new(Random::fork(seed, line.name)));
        let provider = Provider { line, truth: truth.clone(), timeline: timeline.clone(), random, moody };
        FaultyChannel::new(Arc::new(provider)).sleep(Arc::new(timeline.clone()))
    };
    let desk = Desk {
        truth: truth.clone(),
        timeline: timeline.clone(),
        random: Mutex::new(Random::fork(seed, DESK.name)),
        behind: behind.clone(),
    };
    let desk = FaultyChannel::new(Arc::new(desk)).sleep(Arc::new(timeline.clone()));
    let seats =
        FaultyChannel::new(Arc::new(Counter::new(truth, timeline, seed))).sleep(Arc::new(timeline.clone()));
    LINES.into_iter().chain([PARTNER]).map(channel).chain([desk, seats]).collect()
}

impl World {
    /// The process of a worker, as it comes up.
    fn engine(&self, worker: usize, life: &Life) -> Engine {
        let plan = self.faults.of(worker);
        let timeline: Arc<Timeline> = Arc::new(self.timeline.clone());
        let store = self.faulty.clone().plan(plan.clone()).sleep(timeline).life(life.clone());
        let mut builder = Engine::builder(Arc::new(store))
            .clock(Arc::new(self.workers[worker].clock.clone()))
            .zone(zone())
            .batch(self.scenario.batch)
            .most_failures(4)
            .compiled(COMPILED.clone())
            .policy(self.scenario.policy_of(self.amended.load(Ordering::Relaxed)))
            .backoff(Backoff { first: TimeDelta::minutes(2), longest: TimeDelta::hours(2), attempts: 4 })
            .backoff_for(
                "sms",
                Backoff { first: TimeDelta::minutes(1), longest: TimeDelta::minutes(30), attempts: 5 },
            )
            .throttle("letter", Rate::per_minute(1));
        for channel in &self.channels {
            let channel = channel.clone().plan(plan.clone()).life(life.clone());
            builder = builder.channel(Overheard { channel: Arc::new(channel), truth: self.truth.clone() });
        }
        super::consent::keyed(super::consent::linked(builder), self.rotated.load(Ordering::Relaxed)).build()
    }

    fn between(&self, from: i64, until: i64) -> i64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).between(from, until)
    }

    pub(super) async fn rest(&self, from: i64, until: i64) {
        let span = TimeDelta::milliseconds(self.between(from, until));
        self.timeline.until(self.timeline.now() + span).await;
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Publishes, and lets everybody be known, before anything goes wrong.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<(), Error> {
        let life = Life::new();
        self.faults.set(false);
        let engine = self.engine(0, &life);
        let mut definitions = definitions(1)?;
        if self.scenario.deeds.iter().any(|deed| deed.what == What::FirstRules) {
            definitions.retain(|definition| !matches!(definition, Definition::Score(_)));
        }
        definitions.extend(self.scenario.definitions()?);
        engine.publish(definitions).await?;
        for person in &self.scenario.people {
            engine.identify(self.contact(person, false)).await?;
            for (purpose, line) in &person.grants {
                let consent = self.speaks(granted(&person.id, *purpose, *line, "first"));
                self.truth.seen().tells_grant(&consent);
                engine.consent(consent).await?;
            }
            let mut seen = self.truth.seen();
            let order = seen.order;
            seen.people.entry(person.id.clone()).or_default().first_grants = order;
        }
        self.faults.set(true);
        for worker in 0..self.workers.len() {
            self.spawner.spawn(Arc::clone(self).work(worker));
        }
        for (number, deed) in self.scenario.deeds.iter().enumerate() {
            self.spawner.spawn(Arc::clone(self).happens(number, deed.clone()));
        }
        self.spawner.spawn(Arc::clone(self).ends());
        Ok(())
    }

    /// A worker: it ticks, sleeps and wakes until its process dies, and then comes back.
    async fn work(self: Arc<Self>, worker: usize) {
        while !self.is_over() {
            let life = Life::new();
            let engine = self.engine(worker, &life);
            self.workers[worker].set(Some((life.clone(), engine.clone())));
            loop {
                let tick = life.live(engine.tick()).await;
                if self.is_over() {
                    return;
                }
                let now = self.timeline.now();
                match tick {
                    Ok(Ok(tick)) => {
                        if tick.throttled > 0 {
                            self.truth.seen().count("throttled");
                        }
                        let wake = tick.next_wake.unwrap_or(now + POLL).min(now + POLL);
                        // What is due at once is often another worker's.
                        self.timeline.until_or_bell(wake.max(now + TimeDelta::milliseconds(200))).await;
                    }
                    Ok(Err(_)) => self.rest(200, 2_000).await,
                    Err(Stop::Cancel) => self.rest(0, 500).await,
                    Err(_) => break,
                }
            }
            self.truth.seen().count("crashed");
            self.workers[worker].set(None);
            self.rest(500, 20_000).await;
        }
    }

    /// Calls some engine until it is heard; what is told again has the same id.
    pub(super) async fn tell<T, F>(&self, call: impl Fn(Engine) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let worker = self.between(0, self.workers.len() as i64) as usize;
            let Some((life, engine)) = self.workers[worker].running() else {
                self.rest(100, 3_000).await;
                continue;
            };
            match life.live(call(engine)).await {
                Ok(Ok(answer)) => {
                    self.timeline.ring();
                    return Ok(answer);
                }
                Ok(Err(Error::Store(error))) if error.is_retryable() || is_unknown(&error) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
            self.rest(100, 3_000).await;
        }
    }

    async fn happens(self: Arc<Self>, number: usize, deed: Deed) {
        self.timeline.until(deed.instant()).await;
        if self.is_over() {
            return;
        }
        let result = self.do_it(number, deed).await;
        if result
            .as_ref()
            .is_err_and(|error| super::consent::says_something_personal(&format!("{error} {error:?}")))
        {
            self.truth.seen().breach(Invariant::C14, "an error says something personal");
        }
        if let Err(error) = result
            && !matches!(error, Error::Erased { .. } | Error::Expired { .. })
        {
            self.truth.seen().breach(Invariant::S3, format!("what was told was refused: {error}"));
        }
    }

    async fn do_it(self: &Arc<Self>, number: usize, deed: Deed) -> Result<(), Error> {
        let at = deed.instant();
        match deed.what {
            What::Event { person, name, number: value, lag, copies } => {
                let mut event = Event::new(person.as_str(), EVENTS[name % EVENTS.len()]);
                event = event.id(format!("deed-{number}")).property("number", value);
                if lag != 0 {
                    event = event.at(at + TimeDelta::milliseconds(lag));
                    self.truth.seen().count(if lag < 0 {
                        "event_from_the_past"
                    } else {
                        "event_from_the_future"
                    });
                }
                for _ in 1..copies {
                    let (world, event) = (Arc::clone(self), event.clone());
                    self.spawner.spawn(async move {
                        world.track(&event).await.ok();
                    });
                }
                self.track(&event).await?;
                self.must_be_kept(&event);
                Ok(())
            }
            What::Score { person, score } => {
                let contact = Contact::new(person.as_str()).attribute("score", score);
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            What::Speak { person, event, number: value } => {
                let event = Event::new(person.as_str(), event).id(format!("deed-{number}"));
                self.track(&event.property("number", value)).await.map(drop)
            }
            What::Age { person, age } => {
                let contact = Contact::new(person.as_str()).attribute("age", age);
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            What::Declare { declared } => {
                let bill: Definition = super::limits::bill(declared).into();
                self.tell(|engine| publish(engine, vec![bill.clone()])).await
            }
            What::Due { person, after } => {
                let contact = Contact::new(person.as_str());
                let contact = match after {
                    Some(after) => {
                        contact.attribute("due", Value::Instant(at + TimeDelta::milliseconds(after)))
                    }
                    None => contact.without("due"),
                };
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            What::Heat { person, value } => {
                let fact = Fact::Score { score: "heat".into(), value };
                self.tell(|engine| tells(engine, person.clone(), fact.clone())).await
            }
            What::Move { person } => {
                let Some(person) = self.scenario.person(&person) else { return Ok(()) };
                let contact = self.contact(person, true);
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            What::Grant { person, purpose, line } => {
                let consent = self.speaks(granted(&person, purpose, line, &format!("deed-{number}")));
                self.tells_consent(consent.clone()).await?;
                let (purpose, channel) = (&*consent.purpose, &*consent.channel);
                self.must_be_true(&person, "a grant", |seen| {
                    let grants = &seen.people.get(&person).map_or(&[][..], |seen| &seen.grants);
                    grants.iter().any(|(own, on, _)| own == purpose && on == channel)
                });
                Ok(())
            }
            What::Withdraw { person, purpose, line, drain } => {
                let mut withdrawal = Withdrawal::everything(person.as_str(), Evidence::new("link", "v1"));
                if let Some(purpose) = purpose {
                    withdrawal = withdrawal.for_purpose(PURPOSES[purpose % PURPOSES.len()]);
                }
                if let Some(line) = line {
                    withdrawal = withdrawal.on_channel(LINES[line % LINES.len()].name);
                }
                let withdrawal = withdrawal.id(format!("deed-{number}"));
                let Some(id) = withdrawal.input_id() else { return Ok(()) };
                match drain {
                    true => self.drain(withdrawal).await?,
                    false => self.tell(|engine| withdraw(engine, withdrawal.clone())).await?,
                }
                self.must_be_true(&person, "a withdrawal", |seen| seen.withdrawals.contains(id.as_bytes()));
                Ok(())
            }
            What::Suppress { person, line } => {
                let Some(known) = self.scenario.person(&person) else { return Ok(()) };
                let channel = LINES[line % LINES.len()].name;
                let address = address(&known.address, channel, false);
                self.tell(|engine| suppress(engine, channel, address.clone(), person.clone())).await?;
                let key = (channel.to_owned(), address);
                self.must_be_true(&person, "a suppression", |seen| seen.suppressed.contains_key(&key));
                Ok(())
            }
            What::Erase { person } => {
                let contact = ContactId::from(person.as_str());
                self.tell(|engine| erase(engine, contact.clone())).await?;
                self.must_be_true(&person, "an erasure", |seen| {
                    seen.people.get(&person).is_none_or(|seen| seen.erased.is_some())
                });
                Ok(())
            }
            What::Publish { version } => {
                let definitions = definitions(version)?;
                self.tell(|engine| publish(engine, definitions.clone())).await
            }
            What::FirstRules => {
                let rules = Definition::Score(super::spark::definition(1));
                self.tell(|engine| publish(engine, vec![rules.clone()])).await
            }
            What::Migrate { journey, version, waits, exits } => {
                let definitions = definitions(version)?;
                self.tell(|engine| publish(engine, definitions.clone())).await?;
                for from in 1..version {
                    let map = MigrationDefinition::new(JOURNEYS[journey % JOURNEYS.len()], from, version);
                    let map = if exits { map.removed_exit() } else { map.removed_go_on() }.waits(waits);
                    match self.tell(|engine| migrate(engine, map.clone())).await {
                        // The version between was never published.
                        Ok(()) | Err(Error::Build(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
            What::HoldJourney { journey, length } => {
                self.hold(Pausable::Journey(JOURNEYS[journey % JOURNEYS.len()].into()), length).await
            }
            What::HoldChannel { line, length } => {
                self.hold(Pausable::Channel(LINES[line % LINES.len()].name.into()), length).await
            }
            What::Kill { worker } => {
                if let Some((life, _)) = self.workers[worker % self.workers.len()].running() {
                    self.truth.seen().count("killed");
                    life.stop(Stop::Crash);
                }
                Ok(())
            }
            What::Skew { worker, skew } => {
                self.truth.seen().count("clock_set_wrong");
                self.workers[worker % self.workers.len()].clock.set(skew);
                Ok(())
            }
            What::Operate { person, journey, what, length } => {
                self.operate(at, &person.as_str().into(), JOURNEYS[journey % JOURNEYS.len()], what, length)
                    .await
            }
            What::Import { person, name, ago } => {
                let happened_at = at - TimeDelta::milliseconds(ago);
                let event = Event::new(person.as_str(), EVENTS[name % EVENTS.len()]).at(happened_at);
                let row = ImportRow::new(Contact::new(person.as_str())).event(event);
                let import = Import::new(format!("deed-{number}")).row(row);
                self.truth.seen().count("imported");
                self.tell(|engine| imports(engine, import.clone())).await
            }
            What::Rotates => {
                self.rotates().await;
                Ok(())
            }
            What::Amends => {
                self.amends().await;
                Ok(())
            }
            What::Says { person, act } => self.says(format!("deed-{number}"), at, &person, act).await,
            What::Shares { person, act } => self.shares(format!("deed-{number}"), at, &person, act).await,
            What::Likes { person, act } => self.likes(format!("deed-{number}"), &person, act).await,
            What::Twin { who, act } => self.twin(format!("deed-{number}"), at, &who, act).await,
            What::Poison { person, length } => {
                self.faulty.poison(person.as_str());
                self.truth.seen().count("poisoned");
                self.timeline.until(at + TimeDelta::milliseconds(length)).await;
                self.nobody_waits_behind(&person).await?;
                self.cure().await
            }
        }
    }

    /// The host answers a call, whatever fails on the way.
    pub(super) async fn host_answers(
        self: Arc<Self>,
        contact: ContactId,
        message: MessageId,
        answer: Answer,
        at: DateTime<Utc>,
    ) {
        self.timeline.until(at).await;
        if self.is_over() {
            return;
        }
        match self.tell(|engine| answers(engine, contact.clone(), message, answer.clone())).await {
            Ok(true) => self.truth.seen().count("answer_told"),
            Ok(false) => self.truth.seen().count("answer_told_again"),
            Err(Error::Erased { .. }) => {}
            Err(error) => {
                self.truth
                    .seen()
                    .breach(Invariant::X11, format!("an answer to {message} was refused: {error}"));
            }
        }
    }

    async fn track(&self, event: &Event) -> Result<bool, Error> {
        self.tell(|engine| track(engine, event.clone())).await
    }

    /// What was acknowledged took effect, unless the person was erased meanwhile.
    pub(super) fn must_be_true(&self, person: &str, what: &str, took_effect: impl Fn(&Seen) -> bool) {
        let mut seen = self.truth.seen();
        let erased = seen.people.get(person).is_some_and(|person| person.erased.is_some());
        let excused = erased && what != "an erasure";
        if !excused && !took_effect(&seen) {
            seen.breach(Invariant::X2, format!("{what} of {person} was acknowledged and took no effect"));
        }
    }

    /// What was acknowledged stands in the mailbox.
    fn must_be_kept(&self, event: &Event) {
        let mut seen = self.truth.seen();
        let id = event.id.as_deref().unwrap_or_default();
        let kept = seen
            .people
            .get(event.contact.as_str())
            .is_none_or(|person| person.erased.is_some() || person.events.contains_key(id));
        if !kept {
            seen.breach(Invariant::X2, format!("the event {id} was acknowledged and is in no mailbox"));
        }
    }

    /// Withdraws, and waits until no call for the contact can start any more.
    async fn drain(&self, withdrawal: Withdrawal) -> Result<(), Error> {
        let mut drain = self.tell(|engine| start_drain(engine, withdrawal.clone())).await?;
        while !drain.is_done() {
            let until = drain.until().unwrap_or_else(|| self.timeline.now());
            self.timeline.until(until.min(self.timeline.now() + TimeDelta::seconds(5))).await;
            drain = self.tell(|engine| poll_drain(engine, drain.clone())).await?;
        }
        let mut seen = self.truth.seen();
        seen.count("drained");
        if !drain.unanswered.is_empty() {
            seen.count("drained_without_an_answer");
        }
        let order = seen.next_order();
        seen.drained.push((withdrawal.contact.to_string(), withdrawal, order));
        Ok(())
    }

    async fn hold(self: &Arc<Self>, target: Pausable, length: i64) -> Result<(), Error> {
        self.tell(|engine| pause(engine, target.clone())).await?;
        self.timeline.until(self.timeline.now() + TimeDelta::milliseconds(length)).await;
        self.tell(|engine| resume(engine, target.clone())).await
    }
}

fn is_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Unknown { .. })
}

fn granted(person: &str, purpose: usize, line: usize, id: &str) -> Consent {
    let (purpose, channel) = (PURPOSES[purpose % PURPOSES.len()], LINES[line % LINES.len()].name);
    let evidence = Evidence::new("form", "v1");
    Consent::granted(person, purpose, channel, evidence).id(format!("{id}/{purpose}/{channel}"))
}

// Each call owns its engine, so that a host may repeat it.

async fn tells(engine: Engine, person: String, fact: Fact) -> Result<(), Error> {
    engine.tell(person, fact).await
}

async fn answers(
    engine: Engine,
    contact: ContactId,
    message: MessageId,
    answer: Answer,
) -> Result<bool, Error> {
    engine.answer(contact, message, answer).await
}

async fn identify(engine: Engine, contact: Contact) -> Result<(), Error> {
    engine.identify(contact).await
}

async fn track(engine: Engine, event: Event) -> Result<bool, Error> {
    engine.track(event).await
}

async fn withdraw(engine: Engine, withdrawal: Withdrawal) -> Result<(), Error> {
    engine.withdraw(&withdrawal).await
}

async fn start_drain(engine: Engine, withdrawal: Withdrawal) -> Result<Drain, Error> {
    engine.withdraw_and_drain(&withdrawal).await
}

async fn poll_drain(engine: Engine, mut drain: Drain) -> Result<Drain, Error> {
    engine.poll_drain(&mut drain).await?;
    Ok(drain)
}

async fn suppress(engine: Engine, channel: &str, address: String, person: String) -> Result<(), Error> {
    engine.suppress(channel, &address, Some(&person.into()), "complaint").await
}

async fn erase(engine: Engine, contact: ContactId) -> Result<bool, Error> {
    engine.erase(&contact).await
}

async fn publish(engine: Engine, definitions: Vec<Definition>) -> Result<(), Error> {
    engine.publish(definitions).await
}

async fn migrate(engine: Engine, map: MigrationDefinition) -> Result<(), Error> {
    engine.migrate(&map, crate::model::Deed::new("operator", "an edit")).await
}

async fn pause(engine: Engine, target: Pausable) -> Result<(), Error> {
    engine.pause(&target).await
}

async fn resume(engine: Engine, target: Pausable) -> Result<(), Error> {
    engine.resume(&target).await
}

async fn imports(engine: Engine, import: Import) -> Result<(), Error> {
    engine.import(import).await.map(drop)
}

pub(super) async fn release(engine: Engine, contact: ContactId) -> Result<bool, Error> {
    engine.release(&contact).await
}
