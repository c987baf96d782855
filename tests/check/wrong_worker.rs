//! Workers that do wrong what no altered history shows.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::machine::{Input, Program};
use journeyman::model::{Evidence, Handover, Outcome};
use journeyman::port::store::{Catalog, Claim, Commit, Committed, Definition, Mailbox, Pausable};
use journeyman::port::{Channel, Store};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::Invariant::{S1, T1};
use journeyman::testing::check::check_contact;
use journeyman::testing::{ManualClock, check};
use journeyman::{Consent, Contact, Engine, Event, Journey};

use crate::common;
use crate::population::start;

const WAITS: &str = r#"
journey: waits
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: ask, wait_for: { any: [{ event: clicked, goto: fin }], within: 1h, otherwise: late } }
  - { id: late, exit: late }
  - { id: fin, exit: done }
"#;

fn journey() -> Journey {
    Journey::from_yaml(WAITS).unwrap()
}

async fn append(store: &MemoryStore, event: &str) {
    let inputs = [Input::from(Event::new("lea", event))];
    store.append(&inputs, TimeDelta::days(30)).await.unwrap();
}

/// Reads one input at a time. With `cut`, timers that lie after mail which did not fit wait for it, as the engine does it.
async fn work(store: &MemoryStore, program: &Program, cut: bool) {
    let mut claim = Claim::of(10);
    claim.inputs_per_contact = 1;
    loop {
        let claimed = store.claim(&claim).await.unwrap();
        let Some(work) = claimed.work.into_iter().next() else { return };
        let last = work.envelopes.last();
        let now = last.filter(|_| cut).map_or(claimed.now, |last| last.received_at);
        let read_seq = last.map_or(work.read_seq, |last| last.seq);
        let done = program.transition(work.state, &work.envelopes, now);
        let mut commit = Commit::new(work.lease, claimed.catalog, read_seq, done.state.hot);
        (commit.program, commit.due_at, commit.steps) = (program.hash, done.due_at, done.steps);
        commit.cold = done.cold_changed.then_some(done.state.cold);
        assert_eq!(store.commit(vec![commit]).await.unwrap(), [Committed::Done]);
    }
}

#[test]
fn a_worker_that_fires_timers_before_the_mail_that_came_first_breaks_t1() {
    for cut in [true, false] {
        let clock = ManualClock::new(start());
        let store = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
        block_on(async {
            store.publish(&[Definition::from(journey())]).await.unwrap();
            append(&store, "signed_up").await;
            clock.advance(TimeDelta::minutes(30));
            append(&store, "clicked").await;
            clock.advance(TimeDelta::hours(3));
            work(&store, &Program::of([journey()]), cut).await;
            let findings = check(&store).await.unwrap();
            assert_eq!(findings.at_once, 1, "{findings}");
            let expected: &[_] = if cut { &[] } else { &[T1] };
            assert_eq!(findings.broken(), expected, "{findings}");
        });
    }
}

#[test]
fn a_worker_that_ends_a_job_without_doing_it_breaks_s1() {
    for done in [true, false] {
        let clock = ManualClock::new(start());
        let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
        let engine = Engine::builder(store.clone()).build();
        block_on(async {
            engine.publish([journey().into()]).await.unwrap();
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            engine.tick().await.unwrap();
            let waits = Pausable::Journey("waits".into());
            engine.pause(&waits).await.unwrap();
            clock.advance(TimeDelta::hours(2));
            engine.tick().await.unwrap();
            check(&*store).await.unwrap().assert_clean();
            engine.resume(&waits).await.unwrap();
            // The job is open: somebody is still going to wake her.
            check(&*store).await.unwrap().assert_clean();
            if done {
                engine.tick().await.unwrap();
            } else {
                let job = store.jobs().await.unwrap().remove(0);
                assert!(store.advance_job(job.id, job.cursor, None).await.unwrap());
            }
            let findings = check(&*store).await.unwrap();
            let expected: &[_] = if done { &[] } else { &[S1] };
            assert_eq!(findings.broken(), expected, "{findings}");
        });
    }
}

/// An attempt that was under way when its contact was erased ends in a request to try again.
#[test]
fn a_message_of_an_erased_contact_does_not_wait_for_another_attempt() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in common::stores(Arc::new(clock)) {
        block_on(async {
            let email = ErasesAndRetries(store.clone());
            let engine = Engine::builder(store.clone()).channel(email).build();
            let hello = TemplateDefinition::new("hello").text("Bonjour");
            let journey =
                Journey::builder("hello").enter_on("signed_up").send("hi", "email", "hello", "news").build();
            engine.publish([hello.into(), journey.unwrap().into()]).await.unwrap();
            engine.identify(Contact::new("lea").address("email", "lea@x")).await.unwrap();
            let granted = Consent::granted("lea", "news", "email", Evidence::new("form", "v1"));
            engine.consent(granted).await.unwrap();
            engine.track(Event::new("lea", "signed_up")).await.unwrap();
            assert_eq!(engine.tick().await.unwrap().retried, 1, "{name}");
            let findings = check_contact(&*store, &"lea".into()).await.unwrap();
            findings.assert_clean();
            assert_eq!((findings.erased, findings.messages), (1, 1), "{name}: {findings}");
        });
    }
}

struct ErasesAndRetries(Arc<dyn Store>);

#[async_trait]
impl Channel for ErasesAndRetries {
    fn name(&self) -> &str {
        "email"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        assert!(self.0.erase(&handover.message.contact).await.unwrap());
        Outcome::Retry { after: None }
    }
}
