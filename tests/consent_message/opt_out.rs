//! I15 for short messages, seen where they leave: every begun marketing SMS says how to stop such messages, or is refused.

use std::sync::Arc;

use chrono::NaiveDate;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::model::{DeliveryStatus, Evidence, Reason};
use journeyman::port::store::Archive;
use journeyman::rule::sms::measure;
use journeyman::rule::template::{Missing, VariantDefinition};
use journeyman::rule::{OptOut, Policy, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};
use proptest::prelude::*;
use proptest::sample::select;

const STOP: &str = "STOP au 36111";

fn noon() -> chrono::DateTime<chrono::Utc> {
    "2026-11-23T11:00:00Z".parse().unwrap()
}

fn row() -> OptOut {
    OptOut::new("sms", "a contract", NaiveDate::from_ymd_opt(2026, 11, 20).unwrap())
}

/// Sends one message to everybody, and answers what the channel was handed: to whom, what.
fn sent(
    policy: Policy,
    template: &TemplateDefinition,
    people: &[Contact],
    purpose: &str,
) -> (Engine, RecordingChannel, Arc<MemoryStore>) {
    let (sms, clock) = (RecordingChannel::new("sms"), Arc::new(ManualClock::new(noon())));
    let store = Arc::new(MemoryStore::builder().clock(clock).build());
    let engine = Engine::builder(store.clone()).channel(sms.clone()).policy(policy).build();
    let journey =
        Journey::builder("offers").enter_on("x").send("offer", "sms", "offer", purpose).build().unwrap();
    block_on(async {
        engine.publish([template.clone().into(), journey.into()]).await.unwrap();
        for person in people {
            let id = person.id.clone();
            engine.identify(person.clone()).await.unwrap();
            let evidence = Evidence::new("form", "v1");
            engine.consent(Consent::granted(id.clone(), purpose, "sms", evidence)).await.unwrap();
            engine.track(Event::new(id, "x")).await.unwrap();
        }
        while engine.tick().await.unwrap().accepted > 0 {}
    });
    (engine, sms, store)
}

/// Whether somebody who reads the text knows how to stop: judged by its own rule. French operators also take the word and
/// the number without anything between them.
fn is_stoppable(text: &str, french: bool) -> bool {
    let plain = text.to_lowercase();
    let words: Vec<&str> =
        plain.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &str| word.len() == 5 && (word.starts_with("36") || word.starts_with("38"));
    words.windows(3).any(|three| three[..2] == ["stop", "au"] && is_number(three[2]))
        || french && words.windows(2).any(|two| two[0] == "stop" && is_number(two[1]))
}

fn piece() -> impl Strategy<Value = String> {
    select(vec![
        "Dernière chance ! ",
        "STOP",
        " stop ",
        "au 36111",
        " au ",
        "36111",
        "STOP au 36222.",
        "Stop, au 38333 ",
        "non-stop",
        "STOP aux soucis au 36 111 ",
        "{{ contact.note }}",
        "{% if contact.note is defined %}STOP au 36111{% endif %}",
        "s t o p ",
        "STOPau36111",
        "STOP au 361115",
        "stop au 35111",
        "🔥",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(15), ..ProptestConfig::default() })]

    #[test]
    fn no_marketing_by_sms_begins_without_a_way_to_stop_it(
        pieces in proptest::collection::vec(piece(), 1..5),
        other in proptest::collection::vec(piece(), 0..3),
        notes in proptest::collection::vec(prop_oneof![Just(None), piece().prop_map(Some)], 1..4),
        number in select(vec!["+33612345678", "0612345678", "0033612345678", "+262692123456", "short", "+44 7400 123456"]),
        country in any::<bool>(),
    ) {
        let mut template = TemplateDefinition::new("offer").text(pieces.concat());
        template.missing = Missing::Blank;
        if !other.is_empty() {
            template = template.variant(VariantDefinition::default().language("fr").text(other.concat()));
        }
        let people: Vec<Contact> = notes.iter().enumerate().map(|(place, note)| {
            let contact = Contact::new(format!("c{place}").as_str()).address("sms", number);
            let contact = contact.locale(if place % 2 == 0 { "fr" } else { "en" });
            match note {
                Some(note) => contact.attribute("note", note.as_str()),
                None => contact,
            }
        }).collect();
        let row = if country { OptOut::france() } else { row().accept("STOP au 36###").accept("STOP au 38###") };
        let (_, sms, _) = sent(Policy::new("p").opt_out(row.words(STOP)), &template, &people, "marketing");
        let sent = sms.sent();
        prop_assert_eq!(sent.len(), people.len());
        let abroad = country && number.starts_with("+44");
        for one in sent {
            let text = one.content.plain();
            prop_assert!(abroad || is_stoppable(text, country), "{text:?}");
            // What says it by itself is not said twice, and nothing else is added.
            let person = people.iter().find(|person| person.id == one.message.contact).unwrap();
            let own = template.compile().unwrap().render(person).unwrap().plain().to_owned();
            let is_added = !abroad && !is_stoppable(&own, country);
            let added = match own.trim_end() {
                "" if is_added => STOP.to_owned(),
                cut if is_added => [cut, STOP].join(" "),
                _ => own,
            };
            prop_assert_eq!(text, added);
        }
    }
}

#[test]
fn what_cannot_be_completed_is_refused_when_it_begins() {
    // At authoring it stands there; for this contact it does not.
    let template = TemplateDefinition::new("offer")
        .text("Offre !{% if contact.vip is defined %} STOP au 36111{% endif %}");
    let people = [
        Contact::new("vip").address("sms", "+33612345678").attribute("vip", true),
        Contact::new("other").address("sms", "+33612345679"),
    ];
    let (_, sms, store) = sent(Policy::new("p").opt_out(OptOut::france()), &template, &people, "marketing");
    let told: Vec<String> = sms.sent().iter().map(|sent| sent.content.plain().to_owned()).collect();
    assert_eq!(told, ["Offre ! STOP au 36111"]);
    let messages = block_on(store.messages(&"other".into())).unwrap();
    let refused = match &messages[0].answer {
        Some(DeliveryStatus::Refused { reasons }) => Some(reasons.clone()),
        _ => None,
    };
    assert_eq!(refused, Some(vec![Reason::NoOptOut]));
}

#[test]
fn a_purpose_that_no_row_names_and_another_channel_stay_as_they_are() {
    let template = TemplateDefinition::new("offer").text("Ton code : 1234");
    let people = [Contact::new("lea").address("sms", "+33612345678")];
    let policy = Policy::new("p").opt_out(row().words(STOP).for_purpose("marketing"));
    let (_, sms, _) = sent(policy.clone(), &template, &people, "login");
    assert_eq!(sms.sent()[0].content.plain(), "Ton code : 1234");
    assert_eq!(policy.completed("email", "marketing", "lea@example.org", "Bonjour").unwrap(), "Bonjour");
    assert_eq!(policy.completed("sms", "marketing", "+336", "Bonjour").unwrap(), "Bonjour STOP au 36111");
    // Words that nobody can read complete nothing.
    assert!(
        Policy::new("p").opt_out(row().words("🛑")).completed("sms", "marketing", "+336", "Bonjour").is_err()
    );
}

#[test]
fn a_preview_shows_the_words_and_counts_them() {
    let text = "x".repeat(150);
    let template = TemplateDefinition::new("offer").text(text.clone());
    let people = [Contact::new("lea").address("sms", "+33612345678")];
    let (engine, sms, _) = sent(Policy::new("p").opt_out(row().words(STOP)), &template, &people, "marketing");
    let preview = block_on(engine.preview("offers", None, "offer", &"lea".into())).unwrap();
    assert_eq!(preview.content, sms.sent()[0].content);
    let short = preview.short.unwrap();
    assert_eq!((short.units, short.segments), (150 + 1 + STOP.len(), 2));
    assert_eq!(measure(&text).segments, 1);
}
