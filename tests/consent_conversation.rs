//! A conversation on both stores: what a contact writes is routed by its keyword, by the message that it answers and by what was
//! said before; what nobody understands goes to a person; how it was resolved, and how the contact liked that, are events.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod common;

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use common::stores;
use futures::executor::block_on;
use journeyman::channel::{FunctionChannel, RecordingChannel};
use journeyman::engine::Inbound;
use journeyman::model::{Answer, Evidence, Outcome};
use journeyman::port::Clock;
use journeyman::rule::TemplateDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// Two questions; the same word means another thing for each.
const ASKS: [&str; 3] = [
    r#"
journey: offer
version: 1
enter: { on: { event: go } }
steps:
  - { id: ask, send: { channel: sms, template: offer, purpose: service } }
  - id: reply
    wait_for:
      any:
        - { event: message.received, where: { journey: offer, keyword: oui }, goto: booked }
        - { event: message.received, where: { journey: offer, reading: text }, goto: person }
      within: 2d
      otherwise: end
  - { id: person, hand_over: { channel: desk, ask: question, within: 2m, hours: "Mon-Fri 09:00-18:00", results: [{ is: solved, goto: solved }], otherwise: end } }
  - { id: unsolved, exit: unsolved }
  - { id: solved, emit: { event: conversation.resolved, properties: { by: desk } } }
  - { id: how, send: { channel: sms, template: how, purpose: service } }
  - { id: rating, wait_for: { any: [{ keyword: ["4", "5"], channel: sms, goto: rated }], within: 1d, otherwise: end } }
  - { id: rated, emit: { event: satisfaction.rated, properties: { good: true } }, goto: end }
  - { id: booked, emit: { event: call.booked } }
  - { id: end, exit: over }
"#,
    r#"
journey: survey
version: 1
enter: { on: { event: later } }
steps:
  - { id: ask, send: { channel: sms, template: survey, purpose: service } }
  - id: reply
    wait_for:
      any: [{ event: message.received, where: { journey: survey, keyword: oui }, goto: liked }]
      within: 2d
      otherwise: end
  - { id: liked, emit: { event: survey.liked } }
  - { id: end, exit: over }
"#,
    // Whoever was helped before is a guest of the house, and asks the same people again.
    r#"
journey: again
version: 1
reenter: always
enter: { on: { event: message.received, where: { reading: help } } }
steps:
  - { id: history, branch: { when: [{ if: { performed: conversation.resolved }, goto: friend }], else: team } }
  - { id: friend, hand_over: { channel: desk, ask: friend, within: 2m, hours: "Mon-Fri 09:00-18:00" }, goto: end }
  - { id: team, hand_over: { channel: desk, ask: team, within: 2m, hours: "Mon-Fri 09:00-18:00" } }
  - { id: end, exit: over }
"#,
];

#[test]
fn consent_replies_are_routed_by_keyword_context_and_history_and_what_came_of_them_is_on_record() {
    let clock = ManualClock::new("2026-03-24T09:00:00Z".parse().unwrap());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let (sms, asked) = (RecordingChannel::new("sms"), Arc::new(Mutex::new(Vec::new())));
        let heard = asked.clone();
        let desk = FunctionChannel::new("desk", move |call, contact| {
            heard.lock().unwrap().push(format!("{} {}", contact.id, call.ask));
            async move { Outcome::Answered(Answer::of("solved")) }
        });
        let engine = Engine::builder(store.clone()).channel(sms.clone()).channel(desk).build();
        block_on(async {
            let words =
                ["offer", "how", "survey"].map(|name| TemplateDefinition::new(name).text(name).into());
            engine.publish(words).await.unwrap();
            engine.publish(ASKS.map(|text| Journey::from_yaml(text).unwrap().into())).await.unwrap();
            for (number, person) in ["lea", "tom", "zoe"].into_iter().enumerate() {
                let contact = Contact::new(person).address("sms", format!("+3363998000{number}"));
                engine.identify(contact).await.unwrap();
                let evidence = Evidence::new("form", "v1");
                engine.consent(Consent::granted(person, "service", "sms", evidence)).await.unwrap();
                engine.track(Event::new(person, "go")).await.unwrap();
            }
            engine.tick().await.unwrap();
            clock.advance(TimeDelta::minutes(1));
            // Zoe was asked twice: what she writes answers the newer question.
            engine.track(Event::new("zoe", "later")).await.unwrap();
            engine.tick().await.unwrap();
            for (person, text) in [
                ("lea", "Oui !"),
                ("zoe", "oui"),
                ("tom", "C'est où ?"),
                ("tom", "5"),
                ("tom", "aide"),
                ("lea", "help"),
            ] {
                clock.advance(TimeDelta::minutes(1));
                let inbound = Inbound::new(person, "sms", text).at(clock.now());
                engine.receive(&inbound).await.unwrap();
                engine.tick().await.unwrap();
            }
            assert_eq!(*asked.lock().unwrap(), ["tom question", "tom friend", "lea team"], "{name}");
            let mut found = Vec::new();
            for person in ["lea", "tom", "zoe"] {
                let known = engine.store().contact(&person.into()).await.unwrap().unwrap().state;
                let names = ["call.booked", "survey.liked", "conversation.resolved", "satisfaction.rated"];
                let performed = known.hot.performed;
                found.extend(
                    names
                        .into_iter()
                        .filter(|name| performed.tally(name).is_some())
                        .map(|name| format!("{person} {name}")),
                );
            }
            let expected = [
                "lea call.booked",
                "tom conversation.resolved",
                "tom satisfaction.rated",
                "zoe survey.liked",
            ];
            assert_eq!(found, expected, "{name}");
        });
    }
}
