//! A host as a real one is: it says again what failed, starts again when it died, and sleeps until the next wake.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use journeyman::engine::Backoff;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::machine::{Input, Withdrawal};
use journeyman::model::Evidence;
use journeyman::port::Store;
use journeyman::port::store::{Definition, MessageStatus, Pausable};
use journeyman::rule::TemplateDefinition;
use journeyman::testing::{FaultyChannel, FaultyStore, Life, ManualClock, Sleep, Stop};
use journeyman::{Consent, Contact, Engine, Error, Event};

use crate::provider::{Book, CHANNELS, Label, Provider, Watched};

/// How often a host says one thing before it gives up: one fault and what a story itself breaks need fewer.
const MOST_CALLS: usize = 8;
/// Ticks between two acts of a story.
const MOST_TICKS: usize = 60;
/// After so many attempts a message is given up, in every story.
pub(crate) const MOST_ATTEMPTS: u32 = 5;

/// When every story begins: a Monday in spring.
pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-23T08:00:00Z".parse().unwrap()
}

pub(crate) fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

#[derive(Clone)]
struct Process {
    engine: Engine,
    life: Life,
}

/// What a host and the worker beside it share.
#[derive(Clone)]
struct World {
    clock: ManualClock,
    inner: Arc<dyn Store>,
    book: Book,
    contacts: Arc<Mutex<BTreeSet<String>>>,
    unknown: Arc<Mutex<BTreeMap<Label, u32>>>,
    /// A worker beside the host's; away while it works, and at the beginning.
    rival: Arc<Mutex<Option<Engine>>>,
}

impl World {
    fn contacts(&self) -> Vec<String> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn meets(&self, contact: &Contact) {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).insert(contact.id.to_string());
    }

    /// Remembers what has begun while nobody is left who will settle it.
    async fn note(&self) {
        for contact in self.contacts() {
            for record in self.inner.messages(&contact.as_str().into()).await.unwrap() {
                if record.status == MessageStatus::Begun {
                    let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
                    unknown.insert(Label::of(&record.message), record.attempts);
                }
            }
        }
    }
}

/// While a call is late for longer than any lease, another worker does the work.
impl Sleep for World {
    fn sleep(&self, span: TimeDelta) -> BoxFuture<'static, ()> {
        let world = self.clone();
        async move {
            world.clock.advance(span);
            let rival = world.rival.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(rival) = rival.filter(|_| span >= TimeDelta::minutes(1)) else { return };
            world.note().await;
            let life = Life::new();
            let other = world.book.lives(life.clone());
            // What stops or fails here is the rival's own; the next one finds it.
            drop(life.live(rival.tick()).await);
            world.book.lives(other);
            *world.rival.lock().unwrap_or_else(PoisonError::into_inner) = Some(rival);
        }
        .boxed()
    }
}

/// The host of one run of a story.
pub(crate) struct Host {
    pub(crate) book: Book,
    pub(crate) store: FaultyStore,
    /// The same store as the other worker sees it: its calls are not counted.
    beside: FaultyStore,
    pub(crate) channels: BTreeMap<&'static str, FaultyChannel>,
    /// When the story acts.
    pub(crate) acts: Vec<DateTime<Utc>>,
    /// When it lets somebody go on, which is when what was due in a pause happens.
    pub(crate) resumed: Vec<DateTime<Utc>>,
    world: World,
    processes: Vec<Process>,
    turn: usize,
}

impl Host {
    pub(crate) fn new(inner: Arc<dyn Store>, clock: ManualClock, workers: usize) -> Self {
        let book = Book::default();
        let world = World {
            clock,
            inner: inner.clone(),
            book: book.clone(),
            contacts: Arc::default(),
            unknown: Arc::default(),
            rival: Arc::default(),
        };
        let sleep: Arc<dyn Sleep> = Arc::new(world.clone());
        let provider = |(name, honours, batch)| {
            let provider = Provider { name, honours, batch, book: book.clone(), sleep: sleep.clone() };
            (name, FaultyChannel::new(Arc::new(provider)).sleep(sleep.clone()))
        };
        let mut host = Self {
            channels: CHANNELS.into_iter().map(provider).collect(),
            beside: FaultyStore::new(inner.clone()),
            store: FaultyStore::new(inner),
            book: book.clone(),
            acts: vec![start()],
            resumed: Vec::new(),
            world: world.clone(),
            processes: Vec::new(),
            turn: 0,
        };
        // Its own calls meet no fault and are not late: it is the one that takes over.
        let mut rival = Engine::builder(Arc::new(host.beside.clone())).backoff(backoff()).most_failures(3);
        for (name, honours, batch) in CHANNELS {
            rival =
                rival.channel(Provider { name, honours, batch, book: book.clone(), sleep: sleep.clone() });
        }
        *world.rival.lock().unwrap_or_else(PoisonError::into_inner) = Some(rival.build());
        host.processes = (0..workers).map(|_| host.process()).collect();
        host
    }

    /// A process that has just begun.
    fn process(&self) -> Process {
        let life = Life::new();
        let sleep: Arc<dyn Sleep> = Arc::new(self.world.clone());
        let store = self.store.clone().sleep(sleep).life(life.clone());
        let mut engine = Engine::builder(Arc::new(store)).backoff(backoff()).most_failures(3);
        for channel in self.channels.values() {
            let channel = channel.clone().life(life.clone());
            engine = engine.channel(Watched { channel, book: self.book.clone() });
        }
        Process { engine: engine.build(), life }
    }

    /// Calls until it is answered; several workers take turns. Every call of a story may be repeated.
    pub(crate) async fn call<T>(
        &mut self,
        call: impl AsyncFn(&Engine) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..MOST_CALLS {
            self.turn = (self.turn + 1) % self.processes.len();
            let Process { engine, life } = self.processes[self.turn].clone();
            self.book.lives(life.clone());
            match life.live(call(&engine)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Error::Store(_))) | Err(Stop::Cancel) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => self.processes[self.turn] = self.process(),
            }
            self.world.note().await;
        }
        panic!("{MOST_CALLS} calls failed");
    }

    async fn say<T>(&mut self, call: impl AsyncFn(&Engine) -> Result<T, Error>) -> T {
        self.call(call).await.unwrap_or_else(|error| panic!("only the store fails in a story: {error}"))
    }

    async fn tick(&mut self) -> Option<DateTime<Utc>> {
        let tick = self.say(async |engine| engine.tick().await).await;
        if tick.unknown > 0 {
            self.world.note().await;
        }
        tick.next_wake
    }

    /// Sleeps and wakes until so many hours after the start, then goes on with the story.
    pub(crate) async fn until(&mut self, hours: i64) {
        let end = start() + TimeDelta::hours(hours);
        for _ in 0..MOST_TICKS {
            match self.tick().await {
                Some(wake) if wake < end => self.world.clock.set(wake),
                _ => {
                    self.world.clock.set(end);
                    self.acts.push(end);
                    return;
                }
            }
        }
        panic!("{MOST_TICKS} ticks, and there is still something to do");
    }

    /// Sleeps on, whatever becomes due.
    pub(crate) fn oversleeps(&mut self, hours: i64) {
        let end = start() + TimeDelta::hours(hours);
        self.world.clock.set(end);
        self.acts.push(end);
    }

    /// Ticks until the provider holds a handover and the host has given up on that call, or nothing is left to do now.
    pub(crate) async fn gives_up(&mut self) {
        let soon = self.acts[self.acts.len() - 1] + TimeDelta::minutes(30);
        for _ in 0..MOST_TICKS {
            let Process { engine, life } = self.processes[self.turn].clone();
            self.book.lives(life.clone());
            let stopped = life.live(engine.tick()).await;
            if life.is_dead() {
                self.processes[self.turn] = self.process();
            }
            self.world.note().await;
            if self.book.was_held() {
                return;
            }
            match stopped {
                Ok(Ok(tick)) => match tick.next_wake {
                    Some(wake) if wake < soon => self.world.clock.set(wake),
                    _ => return,
                },
                Ok(Err(Error::Store(_))) | Err(_) => {}
                Ok(Err(error)) => panic!("only the store fails in a story: {error}"),
            }
        }
        panic!("{MOST_TICKS} ticks, and nothing was held");
    }

    pub(crate) async fn publishes(&mut self, journeys: &[&str]) {
        let mut all: Vec<Definition> = vec![template("Bonjour {{ contact.first_name }}").into()];
        for journey in journeys {
            all.push(parse_yaml::<JourneyDefinition>(journey).unwrap().into());
        }
        self.say(async |engine| engine.publish(all.clone()).await).await;
    }

    pub(crate) async fn publishes_template(&mut self, text: &str) {
        self.say(async |engine| engine.publish([template(text).into()]).await).await;
    }

    /// Says everything of a contact who allows everything.
    pub(crate) async fn meets(&mut self, contact: &str) {
        let address = |channel: &str| format!("{contact}@{channel}");
        let mut known = Contact::new(contact).attribute("first_name", contact.to_uppercase());
        for (channel, ..) in CHANNELS {
            known = known.address(channel, address(channel));
        }
        self.knows(known).await;
        for (channel, ..) in CHANNELS {
            self.allows(contact, &["onboarding", "marketing"], channel, "first").await;
        }
    }

    pub(crate) async fn knows(&mut self, contact: Contact) {
        self.world.meets(&contact);
        self.say(async |engine| engine.identify(contact.clone()).await).await;
    }

    pub(crate) async fn allows(&mut self, contact: &str, purposes: &[&str], channel: &str, id: &str) {
        let grant = |purpose: &&str| {
            let grant = Consent::granted(contact, *purpose, channel, evidence());
            Input::from(grant.id(format!("{id}/{purpose}/{channel}")))
        };
        let grants: Vec<Input> = purposes.iter().map(grant).collect();
        self.say(async |engine| engine.append(grants.clone()).await).await;
    }

    /// Something happens to a contact; the host's own id makes telling twice safe.
    pub(crate) async fn event(&mut self, contact: &str, name: &str, id: &str) {
        self.tells(Event::new(contact, name).id(format!("{name}-{id}"))).await;
    }

    pub(crate) async fn tells(&mut self, event: Event) {
        self.say(async |engine| engine.track(event.clone()).await).await;
    }

    /// Tells of an event that is refused, as the story expects.
    pub(crate) async fn tells_in_vain(&mut self, event: Event) -> Error {
        let told = self.call(async |engine| engine.track(event.clone()).await).await;
        told.expect_err("this event is refused")
    }

    pub(crate) async fn withdraws(&mut self, withdrawal: Withdrawal) {
        self.say(async |engine| engine.withdraw(&withdrawal).await).await;
    }

    /// Withdraws, and waits for what has begun.
    pub(crate) async fn drains(&mut self, withdrawal: Withdrawal) {
        let mut drain = self.say(async |engine| engine.withdraw_and_drain(&withdrawal).await).await;
        for _ in 0..4 {
            let Some(until) = drain.until() else { return };
            self.world.clock.set(until);
            let waits = drain.clone();
            drain = self
                .say(async |engine| {
                    let mut drain = waits.clone();
                    engine.poll_drain(&mut drain).await.map(|_| drain)
                })
                .await;
        }
        assert!(drain.is_done(), "a drain ends with its deadlines: {drain:?}");
    }

    pub(crate) async fn suppresses(&mut self, channel: &str, address: &str, contact: Option<&str>) {
        let contact = contact.map(Into::into);
        self.say(async |engine| engine.suppress(channel, address, contact.as_ref(), "complaint").await).await;
    }

    pub(crate) async fn erases(&mut self, contact: &str) {
        let contact = contact.into();
        assert!(self.say(async |engine| engine.erase(&contact).await).await, "erased and never known");
    }

    pub(crate) async fn pauses(&mut self, target: Pausable) {
        self.say(async |engine| engine.pause(&target).await).await;
    }

    pub(crate) async fn resumes(&mut self, target: Pausable) {
        self.resumed.extend(self.acts.last());
        self.say(async |engine| engine.resume(&target).await).await;
    }

    pub(crate) async fn purges(&mut self, before_hours: i64) {
        let before = start() + TimeDelta::hours(before_hours);
        self.say(async |engine| Ok(engine.store().purge(before).await?)).await;
    }

    /// Lets the store refuse every commit of a contact.
    pub(crate) fn poisons(&self, contact: &str) {
        self.store.poison(contact);
        self.beside.poison(contact);
    }

    /// Mends the store and releases the contact, which is parked.
    pub(crate) async fn cures(&mut self, contact: &str) {
        let parked = self.world.inner.parked().await.unwrap();
        let names: Vec<_> = parked.iter().map(|(parked, _)| parked.as_str()).collect();
        assert_eq!(names, [contact], "who is parked");
        self.store.cure();
        self.beside.cure();
        let contact = contact.into();
        self.say(async |engine| engine.release(&contact).await).await;
    }

    pub(crate) fn inner(&self) -> &Arc<dyn Store> {
        &self.world.inner
    }

    pub(crate) fn contacts(&self) -> Vec<String> {
        self.world.contacts()
    }

    /// The messages whose outcome nobody knew at some time, with the attempt.
    pub(crate) fn unknown(&self) -> BTreeMap<Label, u32> {
        self.world.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The other worker's channels know the world that it is part of: without this, no run would ever be freed.
impl Drop for Host {
    fn drop(&mut self) {
        self.world.rival.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn template(text: &str) -> TemplateDefinition {
    TemplateDefinition::new("hello").text(text)
}

fn backoff() -> Backoff {
    Backoff { attempts: MOST_ATTEMPTS, ..Backoff::default() }
}
