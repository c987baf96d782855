//! Runs a scenario: tell what happens now, tick until nothing is due, go on to the next instant of interest.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::answer::ScriptedChannel;
use super::deed::{Act, Deed};
use super::definition::Published;
use super::host::Host;
use super::line::{Line, What};
use super::passage::{self, Sends};
use super::person::Person;
use super::scenario::Plan;
use super::timeline::Timeline;
use crate::engine::Engine;
use crate::error::Error;
use crate::machine::{Input, InputKind, Signal, Withdrawal};
use crate::model::{Consent, Contact, ContactId, InputId, Name};
use crate::port::store::{Definition, Pausable, Receipt};
use crate::port::{Clock, Store};
use crate::store::MemoryStore;
use crate::testing::ManualClock;

/// How long a scenario goes on that ends when nothing is waited for, and always waits for something.
const MOST_IDLE: TimeDelta = TimeDelta::days(3_653);
/// Ticks at one instant before it is said that the engine cannot come to rest.
const MOST_TICKS: usize = 10_000;
/// Contacts at a time: what so few need stays in the processor's caches, and no disk asks for more.
const BATCH: usize = 256;
/// Inputs of one call.
const CHUNK: usize = 8_192;

pub(super) async fn play(plan: &Plan) -> Result<Timeline, Error> {
    let clock = ManualClock::new(plan.start);
    let store: Arc<dyn Store> =
        Arc::new(MemoryStore::builder().unpacked().clock(Arc::new(clock.clone())).build());
    let mut builder = Engine::builder(store).batch(BATCH).zone(plan.zone.clone()).policy(plan.policy.clone());
    let host = Host::new(&plan.host, &plan.zone);
    let watch: Arc<dyn Clock> = Arc::new(clock.clone());
    for channel in ScriptedChannel::all(&plan.channels, &plan.answers, &host, &watch) {
        builder = builder.channel(channel);
    }
    let mut sends = Sends::default();
    sends.learn(&plan.definitions);
    for deed in &plan.deeds {
        if let Act::Publish(batch) = &*deed.act {
            sends.learn(batch);
        }
    }
    let mut stage = Stage {
        plan,
        engine: builder.build(),
        host,
        clock,
        sends,
        waiting: Vec::new(),
        everybody: Vec::new(),
        signals: BTreeMap::new(),
        told: vec![Vec::new(); plan.people.len()],
        erased: vec![None; plan.people.len()],
    };
    stage.engine.publish(definitions(&plan.definitions)).await?;
    for person in &plan.people {
        stage.greet(person).await?;
    }
    stage.run().await?;
    stage.timeline().await
}

fn definitions(published: &[Published]) -> impl Iterator<Item = Definition> {
    published.iter().map(|one| one.definition.clone())
}

struct Stage<'p> {
    plan: &'p Plan,
    engine: Engine,
    host: Host,
    clock: ManualClock,
    sends: Sends<'p>,
    /// What was told and not yet handed to the engine, with the line that says so.
    waiting: Vec<(Input, Option<(u32, Line)>)>,
    everybody: Vec<Line>,
    /// What the engine said of contacts and no step tells.
    signals: BTreeMap<ContactId, Vec<Line>>,
    /// By contact.
    told: Vec<Vec<Line>>,
    /// What happened to those whom nobody remembers, by contact.
    erased: Vec<Option<Vec<Line>>>,
}

impl<'p> Stage<'p> {
    /// Tells who somebody is, and what is allowed from the beginning.
    async fn greet(&mut self, person: &Person) -> Result<(), Error> {
        self.waiting.push((Input::from(person.contact.clone()), None));
        for (number, allowed) in person.allows.iter().enumerate() {
            for purpose in &allowed.purposes {
                for channel in &allowed.channels {
                    let id = format!("consent-{number}/{purpose}/{channel}");
                    let contact = &person.contact.id;
                    let consent =
                        Consent::granted(contact, purpose.clone(), channel.clone(), allowed.evidence.clone());
                    self.waiting.push((Input::from(consent.id(id)), None));
                }
            }
        }
        self.hand_over_many().await
    }

    async fn run(&mut self) -> Result<(), Error> {
        let plan = self.plan;
        let end = plan.end.or_else(|| plan.start.checked_add_signed(MOST_IDLE)).unwrap_or(plan.start);
        let mut deeds = plan.deeds.as_slice();
        loop {
            let now = self.clock.now();
            let due = deeds.iter().take_while(|deed| deed.at <= now).count();
            let (happening, later) = deeds.split_at(due);
            for deed in happening {
                self.happen(deed).await?;
            }
            deeds = later;
            for (contact, message, answer) in self.host.due(now) {
                // Whoever is forgotten by now is answered for by nobody.
                match self.engine.answer(contact, message, answer).await {
                    Err(Error::Erased { .. } | Error::UnknownContact { .. }) => {}
                    answered => drop(answered?),
                }
            }
            let wake = self.rest().await?;
            let next =
                [wake, deeds.first().map(|deed| deed.at), self.host.next()].into_iter().flatten().min();
            match next {
                Some(next) if next <= end => self.clock.set(next),
                _ => break,
            }
        }
        if let Some(end) = plan.end {
            self.clock.set(end);
        }
        Ok(())
    }

    /// Ticks until nothing is due; answers when something is.
    async fn rest(&mut self) -> Result<Option<DateTime<Utc>>, Error> {
        self.hand_over().await?;
        let now = self.clock.now();
        for _ in 0..MOST_TICKS {
            let tick = self.engine.tick().await?;
            for signal in tick.signals {
                self.signal(signal, now);
            }
            if tick.next_wake.is_none_or(|wake| wake > now) {
                return Ok(tick.next_wake);
            }
        }
        Err(Error::Invalid {
            what: "scenario",
            sentence: format!("the engine does not come to rest at {now}"),
            next: "look for a journey that acts without end at one instant",
        })
    }

    /// What steps do not tell; what the engine says of contacts beside their journeys comes here.
    fn signal(&mut self, signal: Signal, now: DateTime<Utc>) {
        let (contact, at, what) = match signal {
            Signal::TooLarge { contact, at, .. } => {
                (contact, at, What::Ignored { told: "update".into(), reason: "too_large".into() })
            }
            Signal::Overflowed { contact, at } => {
                (contact, at, What::Ignored { told: "chain".into(), reason: "too_much_at_once".into() })
            }
            Signal::Parked { contact, reason } => (contact, now, What::SetAside { reason }),
            _ => return,
        };
        let line = Line::new(at, Some(contact.clone()), what);
        self.signals.entry(contact).or_default().push(line);
    }

    /// One thing happens. What takes effect at once comes after everything that was told before it has been done.
    async fn happen(&mut self, deed: &'p Deed) -> Result<(), Error> {
        let now = self.clock.now();
        let Some(index) = deed.person else { return self.happen_to_everybody(&deed.act, now).await };
        let plan = self.plan;
        let Some(person) = usize::try_from(index).ok().and_then(|index| plan.people.get(index)) else {
            return Ok(());
        };
        let contact = &person.contact.id;
        let id = match deed.turn {
            0 => format!("input-{}", deed.number),
            turn => format!("input-{}/{turn}", deed.number),
        };
        let what = match &*deed.act {
            Act::Event { event, given } => {
                let mut event = event.clone();
                event.contact = contact.clone();
                if !given {
                    event.id = Some(id.into());
                }
                let what = What::Event { event: event.name.clone() };
                let line = Line::new(now, Some(contact.clone()), what);
                self.waiting.push((Input::from(event), Some((index, line))));
                return self.hand_over_many().await;
            }
            Act::Identify(update) => {
                let update = Contact { id: contact.clone(), ..update.clone() };
                let line = Line::new(now, Some(contact.clone()), What::Identified);
                self.waiting.push((Input::from(update), Some((index, line))));
                return self.hand_over_many().await;
            }
            Act::Fact(fact) => {
                let line = Line::new(now, Some(contact.clone()), What::of_fact(fact));
                let id = InputId::from_host("fact", contact, &id);
                let input = Input::new(contact.clone(), Some(id), InputKind::Fact(fact.clone()));
                self.waiting.push((input, Some((index, line))));
                return self.hand_over_many().await;
            }
            Act::Consent(allowed) => {
                let what = What::Consented {
                    purposes: allowed.purposes.clone(),
                    channels: allowed.channels.clone(),
                };
                let mut line = Some((index, Line::new(now, Some(contact.clone()), what)));
                for purpose in &allowed.purposes {
                    for channel in &allowed.channels {
                        let consent = Consent::granted(
                            contact,
                            purpose.clone(),
                            channel.clone(),
                            allowed.evidence.clone(),
                        );
                        let consent = consent.id(format!("{id}/{purpose}/{channel}"));
                        self.waiting.push((Input::from(consent), line.take()));
                    }
                }
                return self.hand_over_many().await;
            }
            Act::Withdraw { purposes, channels, evidence } => {
                self.rest().await?;
                let mut withdrawal = Withdrawal::everything(contact, evidence.clone());
                withdrawal.purposes.clone_from(purposes);
                match channels.as_slice() {
                    [] => self.engine.withdraw(&withdrawal.id(id)).await?,
                    channels => {
                        for channel in channels {
                            let one = withdrawal.clone().on_channel(channel.clone());
                            self.engine.withdraw(&one.id(format!("{id}/{channel}"))).await?;
                        }
                    }
                }
                What::Withdrew { purposes: purposes.clone(), channels: channels.clone() }
            }
            Act::Suppress { channels, reason } => {
                self.rest().await?;
                self.suppress(contact, channels, reason).await?;
                What::Suppressed { channels: channels.clone() }
            }
            Act::Erase => {
                self.rest().await?;
                return self.erase(index, contact, now).await;
            }
            Act::Pause(_) | Act::Resume(_) | Act::Publish(_) => return Ok(()),
        };
        self.tell(index, Line::new(now, Some(contact.clone()), what));
        Ok(())
    }

    async fn happen_to_everybody(&mut self, act: &Act, now: DateTime<Utc>) -> Result<(), Error> {
        self.rest().await?;
        let what = match act {
            Act::Pause(target) => {
                self.engine.pause(target).await?;
                What::Paused { target: named(target) }
            }
            Act::Resume(target) => {
                self.engine.resume(target).await?;
                What::Resumed { target: named(target) }
            }
            Act::Publish(batch) => {
                self.engine.publish(definitions(batch)).await?;
                What::Published { definitions: batch.iter().map(published).collect() }
            }
            _ => return Ok(()),
        };
        self.everybody.push(Line::new(now, None, what));
        Ok(())
    }

    async fn suppress(&self, contact: &ContactId, channels: &[Name], reason: &Name) -> Result<(), Error> {
        let Some(stored) = self.engine.store().contact(contact).await? else { return Ok(()) };
        for channel in channels {
            if let Some(address) = stored.state.cold.contact.addresses.get(channel) {
                self.engine.suppress(channel, &address.value, Some(contact), reason).await?;
            }
        }
        Ok(())
    }

    /// Erases somebody, of whom everything is read before.
    async fn erase(&mut self, index: u32, contact: &ContactId, now: DateTime<Utc>) -> Result<(), Error> {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(remembered @ None) = self.erased.get_mut(place) {
            let told = self.told.get_mut(place).map(std::mem::take).unwrap_or_default();
            *remembered = Some(passage::read(&**self.engine.store(), contact, &self.sends, told).await?);
        }
        self.engine.erase(contact).await?;
        self.tell(index, Line::new(now, Some(contact.clone()), What::Erased));
        Ok(())
    }

    fn tell(&mut self, person: u32, line: Line) {
        if let Some(told) = usize::try_from(person).ok().and_then(|person| self.told.get_mut(person)) {
            told.push(line);
        }
    }

    async fn hand_over_many(&mut self) -> Result<(), Error> {
        if self.waiting.len() >= CHUNK { self.hand_over().await } else { Ok(()) }
    }

    /// Puts what was told into mailboxes.
    async fn hand_over(&mut self) -> Result<(), Error> {
        let (inputs, lines): (Vec<Input>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        if inputs.is_empty() {
            return Ok(());
        }
        let told: Vec<Name> = inputs.iter().map(|input| about(&input.kind)).collect();
        let receipts = match self.engine.append(inputs).await {
            // Of one input alone these are errors, of several they are receipts.
            Err(Error::Expired { .. }) => vec![Receipt::Expired],
            Err(Error::Erased { .. }) => vec![Receipt::Erased],
            receipts => receipts?,
        };
        for ((receipt, line), told) in receipts.into_iter().zip(lines).zip(told) {
            let Some((person, mut line)) = line else { continue };
            let reason = match receipt {
                Receipt::Kept { .. } => None,
                Receipt::Duplicate => Some("duplicate"),
                Receipt::Expired => Some("expired"),
                Receipt::Erased => Some("erased"),
                Receipt::UnknownContact => Some("unknown_contact"),
                Receipt::Aside { .. } => Some("aside"),
                Receipt::Denied => Some("denied"),
            };
            if let Some(reason) = reason {
                line.what = What::Ignored { told, reason: reason.into() };
            }
            self.tell(person, line);
        }
        Ok(())
    }

    async fn timeline(mut self) -> Result<Timeline, Error> {
        let end = self.clock.now();
        let mut lines = self.everybody;
        let store = self.engine.store();
        for ((person, told), erased) in self.plan.people.iter().zip(&mut self.told).zip(self.erased) {
            let mut told = std::mem::take(told);
            told.extend(self.signals.remove(&person.contact.id).into_iter().flatten());
            match erased {
                Some(before) => lines.extend(before.into_iter().chain(told)),
                None => lines.extend(passage::read(&**store, &person.contact.id, &self.sends, told).await?),
            }
        }
        Ok(Timeline::new(self.plan, end, lines))
    }
}

fn about(kind: &InputKind) -> Name {
    match kind {
        InputKind::Event(event) => format!("event {}", event.name).into(),
        InputKind::Consent(_) => "consent".into(),
        _ => "update".into(),
    }
}

fn named(target: &Pausable) -> Name {
    match target {
        Pausable::Journey(journey) => format!("journey {journey}").into(),
        Pausable::Channel(channel) => format!("channel {channel}").into(),
    }
}

fn published(one: &Published) -> Name {
    if let Definition::Journey(journey) = &one.definition {
        format!("journey {} version {}", journey.journey, journey.version).into()
    } else if let Definition::Template(template) = &one.definition {
        format!("template {}", template.template).into()
    } else if let Definition::Score(score) = &one.definition {
        format!("score {}", score.score).into()
    } else {
        "definition".into()
    }
}
