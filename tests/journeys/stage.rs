//! A whole engine on a store in memory, with a clock that a story moves and channels that do as they are told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::EngineBuilder;
use journeyman::model::{Evidence, Handover, Outcome, StepOutcome};
use journeyman::port::store::Definition;
use journeyman::port::{Archive, Channel};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event};

use crate::scene::{instant, journey};

/// An engine, and everything around it.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: ManualClock,
    pub(crate) email: RecordingChannel,
    pub(crate) sms: Flaky,
}

/// When the channel was called, and for whom.
type Call = (DateTime<Utc>, String);

/// A channel that answers what it is told to, the last of it for ever, and remembers when it was called.
#[derive(Clone)]
pub(crate) struct Flaky {
    clock: ManualClock,
    answers: Arc<Mutex<Vec<Outcome>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

#[async_trait]
impl Channel for Flaky {
    fn name(&self) -> &str {
        "sms"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        use journeyman::port::Clock;
        let said = (self.clock.now(), handover.message.contact.to_string());
        self.calls.lock().unwrap().push(said);
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    }
}

impl Flaky {
    pub(crate) fn answers(&self, answers: Vec<Outcome>) {
        *self.answers.lock().unwrap() = answers;
    }

    /// When it was called, and for whom.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

impl Stage {
    /// Monday, 2 March 2026, 09:00 UTC; `email` remembers, `sms` is flaky.
    pub(crate) fn new(settings: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Self {
        let clock = ManualClock::new(instant("03-02 09:00"));
        let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
        let email = RecordingChannel::new("email");
        let answers = Arc::new(Mutex::new(vec![Outcome::Accepted]));
        let sms = Flaky { clock: clock.clone(), answers, calls: Arc::default() };
        let builder = Engine::builder(store.clone()).channel(email.clone()).channel(sms.clone());
        Self { engine: settings(builder).build(), store, clock, email, sms }
    }

    pub(crate) fn publish(&self, templates: Vec<TemplateDefinition>, journeys: &[&str]) {
        let journeys = journeys.iter().map(|text| Definition::from(journey(text)));
        let definitions = templates.into_iter().map(Definition::from).chain(journeys);
        block_on(self.engine.publish(definitions)).unwrap();
    }

    /// Somebody who can be reached by email and sms, and allows `news` on both.
    pub(crate) fn know(&self, id: &str, more: impl FnOnce(Contact) -> Contact) {
        let contact = Contact::new(id).address("email", format!("{id}@example.org"));
        let contact = more(contact.address("sms", format!("sms:{id}")));
        block_on(async {
            self.engine.identify(contact).await.unwrap();
            for channel in ["email", "sms"] {
                self.allow(id, "news", channel);
            }
        });
    }

    pub(crate) fn allow(&self, id: &str, purpose: &str, channel: &str) {
        let consent = Consent::granted(id, purpose, channel, Evidence::new("form", "v1"));
        futures::FutureExt::now_or_never(self.engine.consent(consent)).unwrap().unwrap();
    }

    pub(crate) fn event(&self, id: &str, name: &str) {
        assert!(block_on(self.engine.track(Event::new(id, name))).unwrap());
    }

    /// Lets time pass; everything is done at its own instant. Answers how many ticks it took.
    pub(crate) fn until(&self, text: &str) -> usize {
        let end = instant(text);
        for ticks in 1..10_000 {
            match block_on(self.engine.tick()).unwrap().next_wake {
                Some(wake) if wake <= end => self.clock.set(wake),
                _ => {
                    self.clock.set(end);
                    block_on(self.engine.tick()).unwrap();
                    return ticks;
                }
            }
        }
        panic!("it does not come to rest before {text}");
    }

    /// How many minutes lie between the calls of the flaky channel, in whole minutes.
    pub(crate) fn waits(&self) -> Vec<i64> {
        let calls = self.sms.calls();
        calls.windows(2).map(|pair| (pair[1].0 - pair[0].0).num_minutes()).collect()
    }

    /// How the last run of a contact ended, and what its last steps were.
    pub(crate) fn outcomes(&self, id: &str) -> Vec<StepOutcome> {
        block_on(self.store.steps(&id.into())).unwrap().into_iter().map(|step| step.outcome).collect()
    }

    pub(crate) fn wait(&self, by: TimeDelta) {
        self.clock.advance(by);
    }
}
