//! What a host says is kept with a receipt or refused with a reason, and never grows a contact without bound.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::machine::{ContactState, Input, InputKind};
use journeyman::model::{Attributes, Evidence, Name, Value};
use journeyman::port::store::{Archive, Receipt};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::time::Span;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

use super::draw::{Bytes, ZONES, attribute_name, chance, event_name, one, tag, value};

/// What is said in one run, at most.
const MOST_SAID: usize = 64;
const START: i64 = 1_774_252_800_000;

enum Said {
    Input(Box<InputKind>),
    Later(i64),
}

/// One thing said a line: an event in JSON, any other input in its stored form, or `+SECONDS`; other bytes are drawn from.
pub fn event_ingest(data: &[u8]) -> bool {
    let said = match data.first() {
        Some(b'{' | b'+') => read(data),
        _ => drawn(&mut Bytes::new(data)),
    };
    if said.is_empty() {
        return false;
    }
    block_on(ingest(said));
    true
}

fn read(data: &[u8]) -> Vec<Said> {
    let line = |line: &[u8]| {
        if let Some(seconds) = line.strip_prefix(b"+") {
            return std::str::from_utf8(seconds).ok()?.parse().ok().map(Said::Later);
        }
        let event = serde_json::from_slice(line).map(InputKind::Event);
        event.or_else(|_| serde_json::from_slice(line)).ok().map(Box::new).map(Said::Input)
    };
    data.split(|byte| *byte == b'\n').filter_map(line).take(MOST_SAID).collect()
}

fn drawn(bytes: &mut Bytes<'_>) -> Vec<Said> {
    let mut said = Vec::new();
    while !bytes.is_empty() && said.len() < MOST_SAID {
        let who = *one(bytes, &["lea", "tom"]);
        said.push(match bytes.int_in_range(0..=9).unwrap_or(0) {
            0 => Said::Later(bytes.arbitrary::<u32>().unwrap_or(0).into()),
            1..=3 => {
                let mut contact = Contact::new(who);
                for _ in 0..=bytes.int_in_range(0..=2).unwrap_or(0) {
                    contact = contact.attribute(attribute_name(bytes), value(bytes, 12));
                }
                if chance(bytes, 30) {
                    contact = contact.tag(tag(bytes)).without_tag(tag(bytes)).without(attribute_name(bytes));
                }
                if chance(bytes, 30) {
                    contact = contact.address("email", *one(bytes, &["l@x", "t@x", "", "a\u{0}b"]));
                }
                if chance(bytes, 20) {
                    contact = contact.zone(*one(bytes, &ZONES));
                }
                Said::Input(Box::new(InputKind::Identify(contact)))
            }
            4 => {
                let purpose = *one(bytes, &["onboarding", "marketing", ""]);
                let consent = Consent::granted(who, purpose, "email", Evidence::new("form", "v1"));
                Said::Input(Box::new(InputKind::Consent(consent)))
            }
            _ => {
                let mut event = Event::new(who, event_name(bytes));
                if chance(bytes, 30) {
                    event = event.property(attribute_name(bytes), value(bytes, 12));
                }
                if chance(bytes, 20) {
                    event = event.id(*one(bytes, &["1", "2", " "]));
                }
                if chance(bytes, 40) {
                    let edges = [
                        i64::MIN / 2,
                        -1,
                        0,
                        START - 1,
                        START + 1,
                        253_370_764_800_000,
                        8_210_266_876_799_999,
                    ];
                    let near = START + i64::from(bytes.arbitrary::<i32>().unwrap_or(0)) * 1_000;
                    let at = if chance(bytes, 50) { near } else { *one(bytes, &edges) };
                    event.at = DateTime::from_timestamp_millis(at);
                }
                Said::Input(Box::new(InputKind::Event(event)))
            }
        });
    }
    said
}

async fn ingest(said: Vec<Said>) {
    let clock = ManualClock::new(DateTime::from_timestamp_millis(START).unwrap());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store.clone()).channel(RecordingChannel::new("email")).build();
    let journey = Journey::builder("greeting")
        .enter_on("signed_up")
        .goal("paid")
        .send("greet", "email", "hello", "onboarding")
        .wait_for("link.clicked", Span::days(2), "end")
        .exit("end", "done");
    let hello = TemplateDefinition::new("hello").text("{{ contact.first_name | default('toi') }}");
    engine.publish([hello.into(), journey.build().unwrap().into()]).await.unwrap();
    let mut kept = 0;
    for one in said {
        match one {
            Said::Later(seconds) => clock.advance(TimeDelta::try_seconds(seconds % 4_000_000).unwrap()),
            Said::Input(kind) => kept += usize::from(told(&engine, &store, *kind).await),
        }
    }
    let mut inputs = 0;
    for _ in 0..4 {
        let tick = engine.tick().await.unwrap();
        inputs += tick.inputs;
        for id in ["lea", "tom"] {
            if let Some(contact) = store.contact(&id.into()).await.unwrap() {
                bounded(&contact.state);
            }
        }
        let Some(next) = tick.next_wake else { break };
        clock.set(next);
    }
    assert!(inputs >= kept, "{kept} inputs were kept and {inputs} were read");
}

/// Says one thing; true where it was kept.
async fn told(engine: &Engine, store: &MemoryStore, kind: InputKind) -> bool {
    let contact = match &kind {
        InputKind::Identify(contact) => contact.id.clone(),
        InputKind::Event(event) => event.contact.clone(),
        InputKind::Consent(consent) => consent.contact.clone(),
        InputKind::Withdrawal(withdrawal) => withdrawal.contact.clone(),
        _ => "lea".into(),
    };
    let before = store.inputs(&contact, 0, u64::MAX).await.unwrap().len();
    let input = match kind {
        InputKind::Event(event) => Input::from(event),
        InputKind::Consent(consent) => Input::from(consent),
        kind => Input::new(contact.clone(), None, kind),
    };
    let answer = engine.append(vec![input]).await;
    let after = store.inputs(&contact, 0, u64::MAX).await.unwrap().len();
    let kept = matches!(answer.as_deref(), Ok([Receipt::Kept { .. }]));
    assert_eq!(after - before, usize::from(kept), "{answer:?}");
    if let Err(error) = &answer {
        let of_input =
            matches!(error, Error::TooLarge { .. } | Error::Invalid { .. } | Error::Expired { .. });
        assert!(of_input, "{error}");
        assert!(error.to_string().contains(';'), "it does not say what to do: {error}");
    }
    kept
}

/// What a value takes, whatever the limits count.
fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => 8 + text.len(),
        Value::List(items) => 8 + items.iter().map(weight).sum::<usize>(),
        _ => 8,
    }
}

fn bounded(state: &ContactState) {
    let values = |attributes: &Attributes| -> usize {
        attributes.iter().map(|(name, value)| 8 + name.len() + weight(value)).sum()
    };
    let contact = &state.cold.contact;
    let names = |names: &mut dyn Iterator<Item = &Name>| names.map(|name| 8 + name.len()).sum::<usize>();
    let known = values(&contact.attributes) + names(&mut contact.tags.iter());
    assert!(known <= 8 * ContactState::MOST_SIZE, "{known} bytes are known of one contact");
    assert!(contact.unset.is_empty() && contact.untag.is_empty());
    assert!(state.hot.pending.len() <= ContactState::MOST_PENDING);
    let again = serde_json::to_vec(&state.hot).unwrap();
    assert_eq!(serde_json::from_slice::<journeyman::machine::Hot>(&again).unwrap(), state.hot);
    let again = serde_json::to_vec(&*state.cold).unwrap();
    assert_eq!(serde_json::from_slice::<journeyman::machine::Cold>(&again).unwrap(), *state.cold);
}
