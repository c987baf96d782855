//! The golden JSON of everything that is persisted. A snapshot that changes means that stores in the field can no longer
//! be read: add a field with a default instead, or a version to the codec.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::{JourneyDefinition, Migration, MigrationDefinition, Waits};
use journeyman::machine::{
    Cold, ContactState, Envelope, Hot, Input, InputKind, MoveCause, Pause, Program, ProgramParts, Transition,
    Withdrawal,
};
use journeyman::model::{
    Answer, ConsentStatus, ContactId, Deed, Delivery, DeliveryStatus, EnrollmentId, Evidence, ExitReason,
    FingerprintKey, Hash, InputId, MessageId, Permit, Reason, StepOutcome, Value, Waiting,
};
use journeyman::port::store::{Definition, DrawnLine, Edition, JobKind, MessageStatus, Pausable};
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::{Line, SegmentDefinition, Segments};
use journeyman::rule::template::Form;
use journeyman::rule::{Policy, Purpose, QuietHours, TemplateDefinition, VariantDefinition};
use journeyman::{Consent, Contact, Event, Journey};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The golden text of a value. That it is unchanged and that it reads back means that the stored text reads back.
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{name} does not read back");
    // Stores write the compact form, and may have read it through another value model.
    assert_eq!(&serde_json::from_slice::<T>(&serde_json::to_vec(value).unwrap()).unwrap(), value);
    let model: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&serde_json::from_value::<T>(model).unwrap(), value, "{name} depends on the order of fields");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, text) });
}

const JOURNEY: &str = r#"
journey: welcome-prospects
version: 3
description: Three messages and a call
zone: Europe/Paris
enter:
  - { on: { event: prospect.signed_up, where: { source: { one_of: [instagram, tiktok] }, age: { at_least: 18, below: 99.5 } } } }
  - { on: { event: form.sent }, if: { any: [ { tag: vip }, { all: [ { attribute: followers, at_least: 1000 }, { not: { performed: call.booked, since: ever } } ] } ] } }
reenter: { after: 1mo }
exit:
  - { on: { event: call.booked }, as: goal }
  - { on: { event: account.closed, where: { final: true } } }
max_duration: 60d
steps:
  - { id: hello, send: { channel: email, template: welcome, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing, refused: diagnosis } }
  - { wait_until: { entry: +3d, time: "09:30" } }
  - { id: diagnosis, send: { channel: email, template: diagnosis, purpose: onboarding } }
  - id: booked
    wait_for: { any: [ { event: link.clicked, where: { cta: book } }, { event: call.asked, goto: end } ], within: 2d, otherwise: ask }
  - { id: ask, branch: { when: [ { if: { attribute: city, exists: true }, goto: next } ], else: end } }
  - { id: end, exit: completed }
"#;

fn contact() -> Contact {
    let mut contact = Contact::new("c-1042")
        .attribute("first_name", "Léa")
        .attribute("followers", 2_000)
        .attribute("price", Value::Decimal("12.50".parse().unwrap()))
        .attribute("vip", true)
        .attribute("born", Value::Date("1996-02-29".parse().unwrap()))
        .attribute("seen_at", at("2026-03-22T10:00:00.123Z"))
        .attribute("genres", vec!["rap", "pop"])
        .address("email", "lea@example.org")
        .address("sms", "+33600000001")
        .zone("Europe/Paris")
        .locale("fr")
        .tag("chanteuse");
    let key = FingerprintKey::new([7; 32]);
    for (channel, address) in &mut contact.addresses {
        address.fingerprint = Some(key.fingerprint(channel, &address.value));
    }
    contact
}

fn evidence() -> Evidence {
    Evidence::new("signup-form", "notice-2026-03").committed(b"salt", b"the form")
}

fn fingerprint() -> journeyman::model::Fingerprint {
    FingerprintKey::new([7; 32]).fingerprint("email", "lea@example.org")
}

fn message() -> MessageId {
    MessageId::from_bytes([0xab; 16])
}

fn reasons() -> Vec<Reason> {
    vec![
        Reason::Erased,
        Reason::NoAddress,
        Reason::Suppressed,
        Reason::NoConsent,
        Reason::Withdrawn,
        Reason::QuietHours,
        Reason::Template("undefined value in line 1".into()),
        Reason::Channel("mailbox-unknown".into()),
        Reason::Attempts,
    ]
}

fn deliveries() -> Vec<DeliveryStatus> {
    vec![
        DeliveryStatus::Accepted,
        DeliveryStatus::Refused { reasons: reasons() },
        DeliveryStatus::Deferred { until: at("2026-03-24T07:30:00Z"), reasons: vec![Reason::QuietHours] },
        DeliveryStatus::Retry { at: at("2026-03-23T10:05:00Z") },
        DeliveryStatus::Parked,
    ]
}

fn inputs() -> Vec<InputKind> {
    let click = Event::new("c-1042", "link.clicked").id("click-77").property("cta", "book");
    let update = Contact::new("c-1042").attribute("city", "Lyon").without("vip").without_tag("chanteuse");
    vec![
        InputKind::Identify(contact()),
        InputKind::Identify(update),
        InputKind::Event(Event::new("c-1042", "prospect.signed_up")),
        InputKind::Event(click.at(at("2026-03-23T09:59:59.123456Z"))),
        InputKind::Consent(Consent::granted("c-1042", "marketing", "sms", evidence())),
        InputKind::Consent(
            Consent::granted("c-1042", "news", "email", Evidence::new("page", "v1"))
                .id("n-1")
                .for_address(fingerprint()),
        ),
        InputKind::Withdrawal(
            Withdrawal::everything("c-1042", Evidence::new("sms-keyword", "STOP")).on_channel("sms"),
        ),
        InputKind::Withdrawal(Withdrawal::of("c-1042", "marketing", "email", evidence()).id("w-1")),
        InputKind::Suppression { channel: "email".into(), address: fingerprint() },
        InputKind::Delivery(Delivery::new(
            message(),
            2,
            at("2026-03-23T10:00:00Z"),
            DeliveryStatus::Accepted,
        )),
        InputKind::Resume { journey: "welcome-prospects".into() },
    ]
}

/// One contact's first days, as a store would see them.
fn story() -> Transition {
    let journey = Journey::from_yaml(JOURNEY).unwrap();
    let program = Program::of([journey]);
    let start = at("2026-03-23T09:00:00Z");
    let id = ContactId::from("c-1042");
    let signed_up =
        Event::new("c-1042", "prospect.signed_up").property("source", "tiktok").property("age", 30);
    let kinds = [
        InputKind::Identify(contact()),
        InputKind::Consent(Consent::granted("c-1042", "onboarding", "email", evidence())),
        InputKind::Consent(Consent::granted("c-1042", "marketing", "sms", evidence())),
        InputKind::Withdrawal(
            Withdrawal::everything("c-1042", Evidence::new("sms-keyword", "STOP")).on_channel("sms"),
        ),
        InputKind::Suppression { channel: "sms".into(), address: fingerprint() },
        InputKind::Event(signed_up),
        InputKind::Event(Event::new("c-1042", "concert.begins").at(at("2026-05-01T19:00:00Z"))),
    ];
    let envelopes: Vec<Envelope> = (1..)
        .zip(kinds)
        .map(|(seq, kind)| {
            Envelope::new(seq, InputId::from_place(&id, seq), start + TimeDelta::seconds(seq as i64), kind)
        })
        .collect();
    program.transition(ContactState::new(id), &envelopes, start + TimeDelta::hours(3))
}

#[test]
fn inputs_are_unchanged() {
    golden("input_kinds", &inputs());
    let id = ContactId::from("c-1042");
    let input = Input::from(Event::new(id.clone(), "prospect.signed_up").id("e-1"));
    let envelope = Envelope::new(7, input.id.unwrap(), at("2026-03-23T09:00:00.123999Z"), input.kind);
    assert_eq!(envelope.received_at, at("2026-03-23T09:00:00.123Z"));
    golden("envelope", &envelope);
}

/// What a third party is told, from the input to the message, and what stays known of it.
#[test]
fn sharing_is_unchanged() {
    let purpose = Purpose::sharing("maison-k").telling_attribute("city").telling_address("email");
    let mut parts = ProgramParts::default();
    parts.policy = Policy::new("ours").purpose(purpose.clone());
    let (id, start) = (ContactId::from("c-1042"), at("2026-03-23T09:00:00Z"));
    let yes = Consent::granted("c-1042", "maison-k", "share:maison-k", evidence());
    let subject = FingerprintKey::new([7; 32]).subject("maison-k", &id);
    let share = InputKind::Share { purpose: "maison-k".into(), with: "maison-k".into(), subject };
    let envelopes: Vec<Envelope> = (1..)
        .zip([InputKind::Consent(yes), share.clone()])
        .map(|(seq, kind)| Envelope::new(seq, InputId::from_place(&id, seq), start, kind))
        .collect();
    let told = Program::new(parts).transition(ContactState::new(id), &envelopes, start);
    golden("sharing", &(purpose, share, told.messages, told.state.cold.sharings.clone()));
}

#[test]
fn the_two_parts_of_a_state_are_unchanged() {
    let state = story().state;
    golden::<Cold>("cold", &state.cold);
    golden::<Hot>("hot", &state.hot);
    // The smallest rows, and that the parts make the state again.
    let empty = ContactState::new("c-1".into());
    golden::<Cold>("cold_empty", &empty.cold);
    golden::<Hot>("hot_empty", &empty.hot);
    let again = ContactState::from_parts(Arc::clone(&state.cold), state.hot.clone());
    assert_eq!(again, state);
    assert!(serde_json::to_vec(&state.hot).unwrap().len() < 1_000, "a hot row stays small");
}

#[test]
fn what_an_enrollment_waits_for_is_unchanged() {
    let (until, message) = (at("2026-03-24T07:30:00.001Z"), message());
    let all = vec![
        Waiting::Until { at: until },
        Waiting::Event { until, stood: Vec::new() },
        Waiting::Event { until, stood: vec![2] },
        Waiting::Matched { at: until, alternative: 1 },
        Waiting::Permit { until },
        Waiting::Settled { at: until, message, accepted: false },
        Waiting::Delivery { message },
    ];
    golden("waiting", &all);
}

#[test]
fn steps_are_unchanged() {
    golden("steps", &story().steps);
    let (until, message) = (at("2026-03-24T07:30:00Z"), message());
    let exits = [
        ExitReason::Completed,
        ExitReason::Exit("completed".into()),
        ExitReason::Goal("call.booked".into()),
        ExitReason::Event("account.closed".into()),
        ExitReason::MaxDuration,
        ExitReason::StepBudget,
        ExitReason::UnknownNode,
    ];
    let mut outcomes = vec![
        StepOutcome::Entered,
        StepOutcome::Waited,
        StepOutcome::Matched { alternative: 1 },
        StepOutcome::TimedOut,
        StepOutcome::Branched { way: Some(0) },
        StepOutcome::Branched { way: None },
        StepOutcome::Sent { message },
        StepOutcome::Deferred { until, reasons: vec![Reason::QuietHours] },
        StepOutcome::Refused { reasons: reasons() },
        StepOutcome::Settled { message, accepted: true },
    ];
    outcomes.extend(exits.into_iter().map(|reason| StepOutcome::Exited { reason }));
    golden("step_outcomes", &outcomes);
    golden(
        "permits",
        &vec![
            Permit::Permit,
            Permit::Defer { until, reasons: vec![Reason::QuietHours] },
            Permit::Refuse { reasons: vec![Reason::NoConsent, Reason::QuietHours] },
        ],
    );
}

#[test]
fn messages_and_deliveries_are_unchanged() {
    golden("messages", &story().messages);
    let template = TemplateDefinition::new("welcome")
        .subject("Bienvenue {{ contact.first_name }}")
        .text("{{ contact.price }}")
        .html("<p>{{ contact.first_name }}</p>")
        .compile()
        .unwrap();
    golden("content", &template.render(&contact()).unwrap());
    let varied = TemplateDefinition::new("welcome").preheader("Deux jours").text("Vous").variant(
        VariantDefinition::default()
            .language("fr")
            .form(Form::Tu)
            .text("Toi")
            .preheader("{{ contact.first_name }}"),
    );
    let thou = contact().locale("fr-FR").attribute("address_form", "tu");
    let mut content = varied.compile().unwrap().render(&thou).unwrap();
    content.test = true;
    golden("content_of_a_variant", &content);
    golden("template_with_a_variant", &varied);
    let deed = Deed::new("ana", "une coquille");
    golden("edition", &Edition::new(7, at("2026-03-23T10:00:00Z"), varied, Some(deed)));
    golden("delivery_statuses", &deliveries());
    let delivery = Delivery::new(message(), 2, at("2026-03-23T10:00:00Z"), DeliveryStatus::Accepted);
    golden("delivery", &delivery);
    golden("delivery_of_an_enrollment", &delivery.of(EnrollmentId::from_bytes([9; 16])));
    let statuses = vec![
        MessageStatus::Pending,
        MessageStatus::Begun,
        MessageStatus::Accepted,
        MessageStatus::Refused,
        MessageStatus::Parked,
        MessageStatus::Cancelled,
    ];
    golden("message_statuses", &statuses);
}

#[test]
fn calls_are_unchanged() {
    let journey = "
journey: asks
version: 1
enter: { on: { event: go } }
steps:
  - id: rate
    call: { channel: crm, ask: rate, with: { city: Lyon }, answer: { fit: integer }, within: 10m }
";
    let program = Program::of([Journey::from_yaml(journey).unwrap()]);
    let id = ContactId::from("c-1042");
    let go = InputKind::Event(Event::new("c-1042", "go"));
    let start = at("2026-03-23T09:00:00Z");
    let mail = [Envelope::new(1, InputId::from_place(&id, 1), start, go)];
    let asked = program.transition(ContactState::new(id), &mail, start);
    golden("call_message", &asked.messages);
    golden("call_enrollment", &asked.state.hot.enrollments);
    let answer = Answer::of("good").value("fit", 80);
    let (message, at) = (message(), start);
    golden(
        "call_inputs",
        &vec![
            InputKind::Answer { message, answer: Answer::new() },
            InputKind::Delivery(Delivery::new(
                message,
                1,
                at,
                DeliveryStatus::Answered { answer: answer.clone() },
            )),
        ],
    );
    golden(
        "call_waiting",
        &vec![
            Waiting::Answer { message, until: at },
            Waiting::Answered { at, message, answer },
            Waiting::Refused { at, message, reasons: vec![Reason::Answer("fit".into()), Reason::NoOwner] },
        ],
    );
    golden(
        "call_outcomes",
        &vec![
            StepOutcome::Called { message },
            StepOutcome::Answered { message, result: Some("good".into()) },
            StepOutcome::Answered { message, result: None },
            StepOutcome::Assigned { owner: "ana".into() },
        ],
    );
}

#[test]
fn consent_is_unchanged_and_its_chain_holds_after_reading() {
    let consents = story().consents;
    assert_eq!(consents.len(), 3);
    assert_eq!(consents[2].status, ConsentStatus::Withdrawn);
    golden("consent_records", &consents);
    let read: Vec<journeyman::model::ConsentRecord> =
        serde_json::from_str(&serde_json::to_string(&consents).unwrap()).unwrap();
    assert!(journeyman::model::ConsentRecord::verify(&read));
}

#[test]
fn definitions_and_rules_are_unchanged() {
    let journey: JourneyDefinition = journeyman::journey::parse_yaml(JOURNEY).unwrap();
    let mut template =
        TemplateDefinition::new("welcome").subject("Bienvenue").text("Bonjour").html("<p>Bonjour</p>");
    template.variables = Some(["first_name".to_owned()].into());
    golden(
        "definitions",
        &vec![
            Definition::Journey(journey),
            Definition::Template(template),
            Definition::Template(TemplateDefinition::new("proof").text("Bonjour")),
            Definition::Score(ScoreDefinition::new("spark", r#"on("message.replied", 10);"#)),
            Definition::Score(ScoreDefinition::new("fit", r#"on("visit", 1);"#).keeps()),
        ],
    );
    golden("policy", &Policy::default());
    golden("quiet_hours", &QuietHours::new("push", "23:00-02:30".parse().unwrap()));
    golden(
        "pauses",
        &vec![
            Pause::new(at("2026-03-23T09:00:00Z"), Some(at("2026-03-24T09:00:00Z"))),
            Pause::new(at("2026-03-25T09:00:00Z"), None),
        ],
    );
    golden(
        "pausables",
        &vec![Pausable::Journey("welcome-prospects".into()), Pausable::Channel("sms".into())],
    );
    golden(
        "job_kinds",
        &vec![
            JobKind::Resume { journey: "welcome-prospects".into() },
            JobKind::Seed { score: "spark".into(), hash: Hash::of("test", &[]) },
        ],
    );
}

#[test]
fn what_is_kept_of_segments_is_unchanged() {
    let active = r#"{ "segment": "active", "version": 2,
        "where": { "all": [{ "event": "app.opened", "count": { "at_least": 2 }, "within": "30d" }, { "not": { "tag": "vip" } }] } }"#;
    let top = r#"{ "segment": "top",
        "rank": { "attribute": "followers", "percent": 5, "every": { "every": "week", "on": "mon", "at": "06:00" } } }"#;
    let read = |text| serde_json::from_str::<SegmentDefinition>(text).unwrap();
    let line = Line::new(3, at("2026-03-23T06:00:00Z"), 90, "lea".into());
    let definitions = vec![
        Definition::Segment(read(active)),
        Definition::Segment(read(top)),
        Definition::Segment(SegmentDefinition::manual("friends")),
        Definition::Line(DrawnLine::new("top", 1, line)),
    ];
    golden("segment_definitions", &definitions);
    let contact = Some("lea".into());
    golden(
        "segment_jobs",
        &vec![
            JobKind::seeding(&definitions).unwrap(),
            JobKind::SeedSegments { hash: Hash::of("test", &[]), contact },
        ],
    );
    let segments = Segments::compile([read(active)], &BTreeMap::new()).unwrap();
    let evidence = Evidence::new("inbound.start", "start");
    let address = FingerprintKey::new([7; 32]).fingerprint("sms", "+33639980001");
    golden(
        "inbound_inputs",
        &vec![
            InputKind::Restore { channel: "sms".into(), evidence: evidence.clone(), said_at: None },
            InputKind::Restore {
                channel: "sms".into(),
                evidence: evidence.clone(),
                said_at: Some(at("2026-03-23T10:00:00Z")),
            },
            InputKind::SoftBounce {
                channel: "sms".into(),
                address,
                bounced_at: Some(at("2026-03-23T10:00:00Z")),
            },
            InputKind::Withdrawal(Withdrawal::everything("lea", evidence).from_address("sms", address)),
        ],
    );
    golden(
        "segment_inputs",
        &vec![
            InputKind::SeedSegments {
                hash: Hash::of("test", &[]),
                through: 7,
                as_of: at("2026-03-23T10:00:00Z"),
                state: Box::new(segments.start()),
            },
            InputKind::Retract { input: InputId::from_host("event", &"lea".into(), "order-7") },
            InputKind::Wake,
        ],
    );
    let mut parts = ProgramParts::default();
    parts.segments = Arc::new(segments);
    let opened = |seq: u64| {
        let event = Event::new("lea", "app.opened").at(at("2026-03-23T09:00:00Z"));
        let id = InputId::from_place(&"lea".into(), seq);
        Envelope::new(seq, id, at("2026-03-23T10:00:00Z"), InputKind::Event(event))
    };
    let lea = ContactState::new("lea".into());
    let hot =
        Program::new(parts).transition(lea, &[opened(1), opened(2)], at("2026-03-23T10:00:00Z")).state.hot;
    assert!(hot.segments.is_in("active"));
    golden("segment_hot", &hot);
    golden(
        "move_causes",
        &vec![MoveCause::Input(InputId::from_bytes([7; 16])), MoveCause::Clock, MoveCause::Definition],
    );
}

/// A journey's hash names it in every store: it must not depend on the build.
#[test]
fn hashes_of_definitions_are_unchanged() {
    let journey = Journey::from_yaml(JOURNEY).unwrap();
    let template = TemplateDefinition::new("welcome").text("Bonjour").compile().unwrap();
    let lines = format!("journey {}\ntemplate {}", journey.hash, template.hash);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("hashes", lines) });
}

#[test]
fn values_keep_their_kind() {
    let texts = [
        "true",
        "-7",
        "9223372036854775807",
        "\"été\"",
        "[1,[\"a\"]]",
        "{\"decimal\":\"1.50\"}",
        "{\"instant\":\"2026-03-23T09:00:00.123Z\"}",
        "{\"date\":\"2026-02-28\"}",
        "[]",
        "\"\"",
    ];
    for text in texts {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
    }
    for (written, kept) in [
        ("1.5", "{\"decimal\":\"1.5\"}"),
        ("1e3", "{\"decimal\":\"1000\"}"),
        ("9223372036854775808", "{\"decimal\":\"9223372036854775808\"}"),
    ] {
        let value: Value = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), kept);
    }
    for refused in [
        "null",
        "{}",
        "{\"float\":1}",
        "{\"date\":\"2026-02-30\"}",
        "{\"decimal\":\"x\"}",
        "1e300",
        "{\"date\":\"2026-02-28\",\"x\":1}",
    ] {
        assert!(serde_json::from_str::<Value>(refused).is_err(), "{refused}");
    }
}

#[test]
fn what_a_publication_does_to_people_is_unchanged() {
    let map = MigrationDefinition::new("welcome", 1, 2).step("proof", "story").removed_go_on();
    let migration = Migration::new(map.waits(Waits::Recompute), Deed::new("ana", "an edit"));
    golden("migration", &migration);
    golden(
        "publication_inputs",
        &vec![
            InputKind::Enroll { journey: "welcome".into(), version: 2 },
            InputKind::Seed {
                score: "spark".into(),
                hash: Hash::of("test", &[]),
                through: 7,
                as_of: at("2026-03-23T10:00:00Z"),
                state: Box::default(),
            },
            InputKind::Migrate(Migration::new(MigrationDefinition::new("a", 1, 2), Deed::new("b", "c"))),
        ],
    );
    golden(
        "publication_jobs",
        &vec![
            JobKind::Enroll { journey: "welcome".into(), version: 2 },
            JobKind::Migrate(Migration::new(MigrationDefinition::new("a", 1, 2), Deed::new("b", "c"))),
        ],
    );
    let node = || "story".into();
    golden(
        "publication_steps",
        &vec![
            StepOutcome::Migrated { from: 1, to: 2, node: node() },
            StepOutcome::Exited { reason: ExitReason::Migrated },
        ],
    );
    golden("publication_waiting", &Waiting::Arrival { at: at("2026-03-23T09:00:00Z") });
}
