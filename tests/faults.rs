//! An engine meets every fault of a channel at every call, alone and in batches: nobody is forgotten, nobody hears twice.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::model::{Evidence, Handover, Outcome};
use journeyman::port::Channel;
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::{ChannelFault, FaultyChannel, FaultyStore, Life, ManualClock};
use journeyman::{Consent, Contact, Engine, Event, Journey};

const CONTACTS: [&str; 4] = ["lea", "max", "tom", "zoe"];

/// A channel that takes several messages in one request.
struct Batches(RecordingChannel, usize);

#[async_trait]
impl Channel for Batches {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.0.send(handover).await
    }

    fn batch(&self) -> usize {
        self.1
    }

    fn honours_ids(&self) -> bool {
        true
    }
}

/// Greets everybody, whatever happens to one call of the channel; answers the wrapper and who heard.
async fn greet(batch: usize, fault: Option<(u64, ChannelFault)>) -> (FaultyChannel, Vec<String>) {
    let start: DateTime<Utc> = "2026-03-23T08:00:00Z".parse().unwrap();
    let clock = ManualClock::new(start);
    let email = RecordingChannel::new("email");
    let inner = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
    let mut store = FaultyStore::new(Arc::new(inner));
    let mut channel =
        FaultyChannel::new(Arc::new(Batches(email.clone(), batch))).sleep(Arc::new(clock.clone()));
    if let Some((nth, fault)) = fault {
        channel.fail(nth, fault);
    }
    let welcome =
        Journey::builder("welcome").enter_on("signed_up").send("hello", "email", "hello", "onboarding");
    let hello = TemplateDefinition::new("hello").text("hi");
    let engine = Engine::builder(Arc::new(store.clone())).channel(email.clone()).build();
    engine.publish([hello.into(), welcome.build().unwrap().into()]).await.unwrap();
    for contact in CONTACTS {
        engine.identify(Contact::new(contact).address("email", contact)).await.unwrap();
        let evidence = Evidence::new("form", "v1");
        engine.consent(Consent::granted(contact, "onboarding", "email", evidence)).await.unwrap();
        engine.track(Event::new(contact, "signed_up").id("signup")).await.unwrap();
    }
    for process in 1.. {
        assert!(process <= 2, "one fault kills one process");
        let life = Life::new();
        (store, channel) = (store.life(life.clone()), channel.life(life.clone()));
        let engine = Engine::builder(Arc::new(store.clone())).channel(channel.clone()).build();
        let died = loop {
            match life.live(engine.tick()).await {
                Err(_) => break true,
                Ok(tick) => match tick.unwrap().next_wake {
                    Some(wake) if wake < start + TimeDelta::hours(2) => clock.set(wake),
                    _ => break false,
                },
            }
        };
        if !died {
            break;
        }
        clock.advance(TimeDelta::minutes(1)); // what the dead process held must run out
    }
    let mut heard: Vec<_> = email.sent().iter().map(|sent| sent.to.clone()).collect();
    heard.sort();
    (channel, heard)
}

#[test]
fn every_fault_of_every_call_of_a_channel_is_survived() {
    for batch in [1, 4] {
        let (calm, heard) = block_on(greet(batch, None));
        assert_eq!((calm.calls(), heard), (4 / batch as u64, CONTACTS.map(str::to_owned).to_vec()));
        for nth in 1..=calm.calls() {
            for fault in ChannelFault::kinds(TimeDelta::seconds(50)) {
                let (channel, heard) = block_on(greet(batch, Some((nth, fault))));
                let of_batches = matches!(fault, ChannelFault::Partial | ChannelFault::Shuffled);
                assert_eq!(channel.fired(), batch > 1 || !of_batches, "{fault:?} at call {nth} of {batch}");
                // Who was refused is not tried again; everybody else hears, once.
                let expected = if fault == ChannelFault::Refuse { 4 - batch } else { 4 };
                assert_eq!(heard.len(), expected, "{fault:?} at call {nth} of {batch}: {heard:?}");
            }
        }
    }
}
