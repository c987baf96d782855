//! What must not arrive late says until when it may (invariant I31): the earlier of the declared deadline and the end of the
//! hours in which it began, the same for every attempt, and none begins after it. On both stores.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::journey::JourneyDefinition;
use journeyman::model::{Content, DeliveryStatus, Evidence, Handover, Outcome, Reason};
use journeyman::port::{Clock, Store};
use journeyman::rule::law::Profile;
use journeyman::rule::{OptOut, Policy, TemplateDefinition};
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::{Channel, Consent, Contact, Engine, Event};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What a provider was handed, and until when it may deliver that.
type Handed = Arc<Mutex<Vec<(Option<DateTime<Utc>>, Content)>>>;

/// A provider that asks for another attempt after some minutes, so many times.
struct Provider {
    name: &'static str,
    handed: Handed,
    busy: u32,
    after: TimeDelta,
}

#[async_trait]
impl Channel for Provider {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        self.handed.lock().unwrap().push((handover.deliver_by(), handover.content.clone()));
        match handover.attempt <= self.busy {
            true => Outcome::Retry { after: Some(self.after) },
            false => Outcome::Accepted,
        }
    }
}

struct Story {
    policy: Policy,
    channel: &'static str,
    /// Beside channel, template and purpose.
    send: &'static str,
    /// When it is decided.
    at: &'static str,
    busy: u32,
    after: TimeDelta,
}

/// What was handed over until nothing was left to do, and what became of it.
async fn told(
    story: &Story,
    store: Arc<dyn Store>,
    clock: ManualClock,
) -> (Vec<Option<DateTime<Utc>>>, DeliveryStatus) {
    let handed = Handed::default();
    let Story { policy, channel, send, busy, after, .. } = story;
    let provider = Provider { name: channel, handed: handed.clone(), busy: *busy, after: *after };
    let engine = Engine::builder(store).policy(policy.clone()).channel(provider).build();
    let journey: JourneyDefinition = journeyman::journey::parse_yaml(&format!(
        "{{ journey: one, version: 1, enter: {{ on: {{ event: go }} }}, steps: [\
         {{ send: {{ channel: {channel}, template: words, purpose: marketing{send} }} }}] }}"
    ))
    .unwrap();
    let words = TemplateDefinition::new("words").text("Ce soir. STOP au 36111");
    engine.publish([words.into(), journey.into()]).await.unwrap();
    let lea = Contact::new("lea").zone("Europe/Paris").address(*channel, "+33639980001");
    engine.identify(lea).await.unwrap();
    engine
        .consent(Consent::granted("lea", "marketing", *channel, Evidence::new("form", "v1")))
        .await
        .unwrap();
    engine.track(Event::new("lea", "go")).await.unwrap();
    let end = clock.now() + TimeDelta::days(8);
    loop {
        match engine.tick().await.unwrap().next_wake {
            Some(next) if next <= end => clock.set(next.max(clock.now())),
            _ => break,
        }
    }
    let handed = handed.lock().unwrap().clone();
    assert!(handed.iter().all(|other| *other == handed[0]), "every attempt has the same bytes: {handed:#?}");
    let record = engine.store().messages(&"lea".into()).await.unwrap().remove(0);
    let until = handed[0].0;
    assert_eq!(record.content.and_then(|content| content.deliver_by), until, "it is kept with the message");
    (handed.iter().map(|(until, _)| *until).collect(), record.answer.unwrap())
}

/// The story on both stores, which must be one.
fn everywhere(story: &Story) -> (Vec<Option<DateTime<Utc>>>, DeliveryStatus) {
    let clock = ManualClock::new(time(story.at));
    let memory = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
    let first = block_on(told(story, Arc::new(memory), clock));
    let clock = ManualClock::new(time(story.at));
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::builder(folder.path().join("one.db")).clock(Arc::new(clock.clone())).open();
    let second = block_on(told(story, Arc::new(sqlite.unwrap()), clock));
    assert_eq!(first, second);
    first
}

fn sms(send: &'static str, at: &'static str, busy: u32, after: i64) -> Story {
    let after = TimeDelta::minutes(after);
    Story { policy: Policy::default(), channel: "sms", send, at, busy, after }
}

#[test]
fn consent_i31_a_message_carries_the_end_of_the_hours_in_which_it_began() {
    // 19:50 in Paris; quiet hours begin at 20:00.
    let (handed, answer) = everywhere(&sms("", "2026-03-24T18:50:00Z", 1, 5));
    assert_eq!(handed, [Some(time("2026-03-24T19:00:00Z")); 2]);
    assert_eq!(answer, DeliveryStatus::Accepted);
    // The window closes before that.
    let (handed, _) = everywhere(&sms(", window: \"10:00-14:00\"", "2026-03-24T18:50:00Z", 0, 5));
    assert_eq!(handed, [Some(time("2026-03-25T13:00:00Z"))]);
    // The deadline is sooner than both.
    let (handed, _) = everywhere(&sms(", deadline: 4m", "2026-03-24T18:50:00Z", 0, 5));
    assert_eq!(handed, [Some(time("2026-03-24T18:54:00Z"))]);
    // A window that the deadline has beaten is none in which it began.
    let beaten = ", window: \"Sat 10:00-12:00\", deadline: { within: 1h, then: send }";
    let (handed, _) = everywhere(&sms(beaten, "2026-03-24T10:00:00Z", 0, 5));
    // Neither is the deadline: it is said after it all the same.
    assert_eq!(handed, [Some(time("2026-03-24T19:00:00Z"))]);
}

#[test]
fn consent_i31_a_deadline_that_sends_loses_nothing_to_quiet_hours_or_to_a_provider_that_is_out() {
    // 20:30 in Paris: quiet hours last until 08:30, and the deadline is at 21:30.
    let evening = "2026-03-24T19:30:00Z";
    let (handed, answer) = everywhere(&sms(", deadline: { within: 1h, then: send }", evening, 0, 5));
    assert_eq!((handed, answer), (vec![Some(time("2026-03-25T19:00:00Z"))], DeliveryStatus::Accepted));
    let (handed, _) = everywhere(&Story { send: ", deadline: 13h", ..sms("", evening, 0, 5) });
    assert_eq!(handed, [Some(time("2026-03-25T08:30:00Z"))], "one that skips is the end of it");
    // The provider is out until after the deadline.
    let soon = ", deadline: { within: 10m, then: send }";
    let (handed, answer) = everywhere(&sms(soon, "2026-03-24T10:00:00Z", 2, 30));
    assert_eq!((handed, answer), (vec![Some(time("2026-03-24T19:00:00Z")); 3], DeliveryStatus::Accepted));
    let (handed, answer) = everywhere(&sms(", deadline: 10m", "2026-03-24T10:00:00Z", 2, 30));
    assert_eq!(handed.len(), 1);
    assert_eq!(answer, DeliveryStatus::Refused { reasons: vec![Reason::Deadline] });
}

#[test]
fn consent_i31_the_hours_of_the_law_end_without_their_margin_and_before_a_holiday() {
    let policy = Policy::new("law").profile(Profile::named("fr").unwrap());
    let story = |at| Story { policy: policy.clone(), ..sms("", at, 0, 5) };
    let (handed, _) = everywhere(&story("2026-03-24T18:57:00Z"));
    assert_eq!(handed, [Some(time("2026-03-24T19:00:00Z"))]);
    // Nothing closes mail; whose way out another system writes into it.
    let out = OptOut::new("email", "the mail system", "2026-11-23".parse().unwrap()).carried();
    let policy = policy.clone().opt_out(out);
    let mail = Story { channel: "email", policy, ..story("2026-03-24T18:57:00Z") };
    assert_eq!(everywhere(&mail).0, [None]);
}

#[test]
fn consent_i31_no_attempt_begins_when_the_message_must_no_longer_arrive() {
    // The provider asks for another attempt at 20:10: the hours in which it began are over, and the morning is too late.
    let (handed, answer) = everywhere(&sms("", "2026-03-24T18:50:00Z", 1, 20));
    assert_eq!(handed, [Some(time("2026-03-24T19:00:00Z"))]);
    assert_eq!(answer, DeliveryStatus::Refused { reasons: vec![Reason::QuietHours, Reason::Deadline] });
    // Exactly at the end is too late as well.
    let (handed, answer) = everywhere(&sms(", window: \"10:00-20:00\"", "2026-03-24T18:50:00Z", 1, 10));
    assert_eq!(handed.len(), 1);
    let reasons = vec![Reason::QuietHours, Reason::Window, Reason::Deadline];
    assert_eq!(answer, DeliveryStatus::Refused { reasons });
    // Until then, as often as the provider asks.
    let (handed, answer) = everywhere(&sms("", "2026-03-24T18:50:00Z", 3, 3));
    assert_eq!((handed.len(), answer), (4, DeliveryStatus::Accepted));
}
