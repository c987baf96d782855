//! I15 where the law asks for it: every begun marketing message offers a way out that is enough where its reader may be, and what
//! offers none is refused. Judged by a table of its own, against what an engine without any law hands over.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::link::LinkKeys;
use journeyman::model::{Content, DeliveryStatus, Evidence, Permit, Reason};
use journeyman::port::store::Store;
use journeyman::rule::law::{Profile, WayOut};
use journeyman::rule::template::VariantDefinition;
use journeyman::rule::{OptOut, Policy, Purpose, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::common::stores;

const CHANNELS: [&str; 6] = ["email", "sms", "mms", "whatsapp", "push", "letter"];
const BASE: &str = "https://go.example.org/l";

/// A Monday on which texts may be said from Berlin to Denver.
fn afternoon() -> DateTime<Utc> {
    "2026-11-23T16:00:00Z".parse().unwrap()
}

fn engine(store: Arc<dyn Store>, policy: Policy, links: bool) -> (Engine, Vec<RecordingChannel>) {
    let channels: Vec<_> = CHANNELS.into_iter().map(RecordingChannel::new).collect();
    let builder = channels
        .iter()
        .cloned()
        .fold(Engine::builder(store).policy(policy), |builder, channel| builder.channel(channel));
    let builder = match links {
        true => builder.links(LinkKeys::new(1, [7; 32]), BASE.parse().unwrap()),
        false => builder,
    };
    (builder.build(), channels)
}

/// What each person is handed by each channel, and why what was not handed over was refused.
type Handed = BTreeMap<(String, &'static str), Result<Content, Vec<Reason>>>;

/// Everybody is sent everything, by an engine whose law came after the journey was published.
fn handed(
    store: &Arc<dyn Store>,
    policy: &Policy,
    links: bool,
    template: &TemplateDefinition,
    people: &[Contact],
) -> Handed {
    let mut lawless = policy.clone();
    lawless.profiles.clear();
    let (publisher, _) = engine(store.clone(), lawless, links);
    let (engine, channels) = engine(store.clone(), policy.clone(), links);
    let journeys = CHANNELS.map(|channel| {
        let journey = Journey::builder(channel).enter_on("x");
        journey.send("say", channel, "offer", "marketing").build().unwrap().into()
    });
    block_on(async {
        publisher.publish([template.clone().into()].into_iter().chain(journeys)).await.unwrap();
        for person in people {
            let id = person.id.clone();
            engine.identify(person.clone()).await.unwrap();
            for channel in CHANNELS {
                let consent = Consent::granted(id.clone(), "marketing", channel, Evidence::new("form", "v1"));
                engine.consent(consent).await.unwrap();
            }
            engine.track(Event::new(id, "x")).await.unwrap();
        }
        for _ in 0..20 {
            engine.tick().await.unwrap();
        }
        let mut handed = Handed::new();
        for channel in &channels {
            for sent in channel.sent() {
                let name = CHANNELS.into_iter().find(|name| **name == *sent.message.channel).unwrap();
                handed.insert((sent.message.contact.to_string(), name), Ok(sent.content));
            }
        }
        for person in people {
            for record in store.messages(&person.id).await.unwrap() {
                let name = CHANNELS.into_iter().find(|name| **name == *record.message.channel).unwrap();
                if let Some(DeliveryStatus::Refused { reasons }) = record.answer {
                    assert!(handed.insert((person.id.to_string(), name), Err(reasons)).is_none());
                }
            }
        }
        handed
    })
}

/// The countries of which the rules speak.
const COUNTRIES: [&str; 4] = ["FR", "DE", "GB", "US"];

/// Whether a message offers a way out that is enough in a country, typed once more.
fn is_enough(country: &str, channel: &str, content: &Content) -> bool {
    let parts = [content.text.as_deref(), content.html.as_deref()];
    let is_linked = parts.into_iter().flatten().any(|part| part.replace("&#x2f;", "/").contains(BASE));
    let has_head =
        content.headers.iter().any(|line| line.name() == "List-Unsubscribe" && line.value().contains(BASE));
    let text = content.text.as_deref().unwrap_or_default().to_lowercase();
    let words: Vec<&str> =
        text.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let stop = words.iter().any(|word| ["stop", "end", "arret", "stopall"].contains(word));
    let to_french = words.iter().enumerate().any(|(at, word)| {
        let rest: Vec<&str> = words[at + 1..].iter().copied().take(3).collect();
        let number = |word: &str| {
            word.len() == 5
                && ["36", "38"].contains(&&word[..2])
                && word.bytes().all(|one| one.is_ascii_digit())
        };
        *word == "stop"
            && match rest.as_slice() {
                ["sms", "au", next, ..] | ["au", next, ..] | ["sms", next, ..] | [next, ..] => number(next),
                [] => false,
            }
    });
    match (country, channel) {
        ("FR", "sms" | "mms") => to_french,
        ("US", "email") => is_linked,
        ("US", _) | (_, "letter") => true,
        (_, "email") => has_head || is_linked,
        (_, "push") => is_linked,
        (_, "sms" | "mms" | "whatsapp") => stop || is_linked,
        other => panic!("{other:?}"),
    }
}

fn piece() -> impl Strategy<Value = String> {
    select(vec![
        "Dernière chance ! ",
        "Stop au 36111 ",
        " non-stop ",
        " STOP",
        " STOP SMS au 38222",
        " stop au 35111 ",
        " {{ link.unsubscribe }} ",
        "{% if contact.vip is defined %} {{ link.preferences }} {% endif %}",
        "{% if contact.vip is defined %} STOP 36111 {% endif %}",
    ])
    .prop_map(str::to_owned)
}

fn row(channel: &str) -> OptOut {
    OptOut::new(channel, "a contract", "2026-11-23".parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(120), ..ProptestConfig::default() })]

    #[test]
    fn consent_i15_marketing_begins_with_a_way_out_that_the_law_takes_or_not_at_all(
        profiles in subsequence(vec!["fr", "de", "gb", "us"], 0..=4),
        links in any::<bool>(),
        text in prop::collection::vec(piece(), 1..4),
        html in prop::option::of(prop::collection::vec(piece(), 1..3)),
        french in prop::option::of(prop::collection::vec(piece(), 1..3)),
        words in prop::option::of(select(vec!["STOP au 36111", "Reply STOP"])),
        carried in subsequence(CHANNELS.to_vec(), 0..2),
        sqlite in any::<bool>(),
    ) {
        let links = links || [&text, html.as_ref().unwrap_or(&text), french.as_ref().unwrap_or(&text)]
            .iter().any(|pieces| pieces.concat().contains("link."));
        let mut template = TemplateDefinition::new("offer").text(text.concat());
        template.html = html.map(|pieces| format!("<p>{}</p>", pieces.concat()));
        if let Some(french) = french {
            template = template.variant(VariantDefinition::default().language("fr").text(french.concat()));
        }
        let people: Vec<Contact> = ["FR-75", "DE", "GB", "US-NY", "BE", ""].into_iter().enumerate().map(|(number, country)| {
            let person = Contact::new(format!("p{number}").as_str()).locale(if number % 2 == 0 { "fr" } else { "en" });
            let person = CHANNELS.into_iter().fold(person, |person, channel| {
                person.address(channel, format!("{channel}{number}@line").as_str())
            });
            let person = if number % 3 == 0 { person.attribute("vip", true) } else { person };
            if country.is_empty() { person } else { person.attribute("country", country) }
        }).collect();
        let mut policy = Policy::new("p").territory_in("country");
        for channel in &carried {
            policy = policy.opt_out(row(channel).carried());
        }
        if let Some(words) = words {
            policy = policy.opt_out(row("sms").words(words));
        }
        let law = profiles.iter().fold(policy.clone(), |policy, name| policy.profile(Profile::named(name).unwrap()));
        let clock = || Arc::new(ManualClock::new(afternoon()));
        let (_, store, _folder) = stores(clock()).swap_remove(usize::from(sqlite));
        let free = handed(&store, &policy, links, &template, &people);
        let (_, store, _other) = stores(clock()).swap_remove(usize::from(sqlite));
        let held = handed(&store, &law, links, &template, &people);
        for ((person, channel), content) in free {
            let number: usize = person[1..].parse().unwrap();
            let content = match content {
                Ok(content) => content,
                Err(reasons) => {
                    prop_assert_eq!(&reasons, &[Reason::NoOptOut], "words of the house that are no way to stop");
                    continue;
                }
            };
            let asked = COUNTRIES.into_iter().filter(|country| {
                profiles.iter().any(|name| name.eq_ignore_ascii_case(country)) && match number {
                    0..=3 => COUNTRIES[number] == *country,
                    4 => false,
                    _ => true,
                }
            });
            let may = carried.contains(&channel) || asked.into_iter().all(|country| is_enough(country, channel, &content));
            match held.get(&(person.clone(), channel)) {
                Some(Ok(said)) => {
                    prop_assert!(may, "{} by {channel}: {said:?}", person);
                    prop_assert_eq!(&said.text, &content.text);
                }
                // Nobody knows where the last one is, and somewhere it is night.
                Some(Err(reasons)) if number == 5 && !reasons.contains(&Reason::NoOptOut) => {}
                Some(Err(reasons)) => {
                    prop_assert!(!may && *reasons == [Reason::NoOptOut], "{} by {channel}: {reasons:?}, {content:?}", person);
                }
                None => prop_assert!(number == 5, "{} by {channel}", person),
            }
        }
    }
}

/// The codes that a publication is refused with, and those that it is warned of.
fn codes(
    policy: Policy,
    links: bool,
    channel: &str,
    template: &TemplateDefinition,
) -> (Vec<&'static str>, Vec<&'static str>) {
    let clock = Arc::new(ManualClock::new(afternoon()));
    let (engine, _) = engine(Arc::new(MemoryStore::builder().clock(clock).build()), policy, links);
    let journey =
        Journey::builder("offers").enter_on("x").send("say", channel, "offer", "p").build().unwrap();
    let lints = block_on(engine.lint([template.clone().into(), journey.into()])).unwrap();
    let codes = |list: &[journeyman::Diagnostic]| list.iter().map(|one| one.code).collect();
    (codes(&lints.refused), codes(&lints.warnings))
}

fn said(text: &str) -> TemplateDefinition {
    TemplateDefinition::new("offer").text(text).purpose("p")
}

#[test]
fn consent_what_can_offer_no_way_out_that_the_law_takes_is_not_published() {
    let under = |name: &str| {
        let home = match name {
            "fr" => "FR-75",
            "gb" => "GB-ENG",
            _ => "US-NY",
        };
        let policy = Policy::new("p").profile(Profile::named(name).unwrap()).at_home(home);
        policy.purpose(Purpose::consent("p"))
    };
    let refused = (vec!["J139"], Vec::<&str>::new());
    let fine = (Vec::<&str>::new(), Vec::<&str>::new());
    for channel in ["email", "sms", "mms", "whatsapp", "push"] {
        assert_eq!(codes(under("fr"), false, channel, &said("Samedi, 20 h")), refused, "{channel}");
        // What is owed is no marketing, and what the channel says by itself needs no words.
        let owed = under("fr").purpose(Purpose::contract("p"));
        assert_eq!(codes(owed, false, channel, &said("Samedi, 20 h")), fine, "{channel}");
        let carried = under("fr").opt_out(row(channel).carried());
        assert_eq!(codes(carried, false, channel, &said("Samedi, 20 h")), fine, "{channel}");
    }
    assert_eq!(codes(under("fr"), false, "letter", &said("Samedi, 20 h")), fine);
    assert_eq!(codes(under("fr"), true, "email", &said("Samedi, 20 h")), fine);
    assert_eq!(codes(under("fr"), true, "push", &said("Samedi, 20 h")), refused);
    assert_eq!(codes(under("fr"), true, "push", &said("Samedi, 20 h {{ link.preferences }}")), fine);
    // The law of the United States wants it displayed, and asks nothing of each SMS.
    assert_eq!(codes(under("us"), true, "email", &said("Saturday")), refused);
    assert_eq!(codes(under("us"), true, "email", &said("Saturday. {{ link.unsubscribe }}")), fine);
    assert_eq!(codes(under("us"), true, "sms", &said("Saturday")).0, Vec::<&str>::new());
    for channel in ["sms", "mms"] {
        assert_eq!(codes(under("fr"), true, channel, &said("Samedi. STOP au 36111")), fine, "{channel}");
        assert_eq!(
            codes(under("fr"), true, channel, &said("Samedi. {{ link.unsubscribe }}")),
            refused,
            "{channel}"
        );
        let words = under("fr").opt_out(OptOut::france().on(channel).words("STOP au 36111"));
        assert_eq!(codes(words, true, channel, &said("Samedi, 20 h")), fine, "{channel}");
        assert_eq!(
            codes(under("gb"), true, channel, &said("Saturday. {{ link.unsubscribe }}")),
            fine,
            "{channel}"
        );
    }
    // What is carried to French numbers alone is asked of each message.
    let by_number = under("fr").opt_out(OptOut::france().carried());
    assert_eq!(codes(by_number, true, "sms", &said("Samedi, 20 h")), fine);
    // One wording is enough to lack it.
    let other =
        said("Samedi. STOP au 36111").variant(VariantDefinition::default().language("en").text("Saturday"));
    assert_eq!(codes(under("fr"), true, "sms", &other), refused);
    // A row of the house that has no words says it first.
    let house = under("fr").opt_out(OptOut::france());
    assert_eq!(codes(house, true, "sms", &said("Samedi, 20 h")).0, ["J131"]);

    let (engine, _) = engine(Arc::new(MemoryStore::new()), under("fr"), false);
    let journey = Journey::builder("offers").enter_on("x").send("say", "push", "offer", "p").build().unwrap();
    let refused = block_on(engine.publish([said("Samedi, 20 h").into(), journey.into()])).unwrap_err();
    let Error::Build(refused) = refused else { panic!("{refused}") };
    assert_eq!(
        refused.diagnostics[0].to_string(),
        "J139 offers/steps[0] (say).send.template: it offers no way out of p by push that is enough for GDPR art. 7(3) and 21 \
         (as of 2026-11-23); give the engine's builder links, and the text {{ link.unsubscribe }}; where the channel adds it by \
         itself, say so (OptOut::carried)"
    );
}

#[test]
fn consent_a_preview_says_that_no_way_out_is_offered() {
    let store: Arc<dyn Store> =
        Arc::new(MemoryStore::builder().clock(Arc::new(ManualClock::new(afternoon()))).build());
    let policy = Policy::new("p").profile(Profile::named("fr").unwrap()).at_home("FR-75");
    let vip = "Samedi{% if contact.vip is defined %} {{ link.preferences }}{% endif %}";
    let (engine, channels) = engine(store, policy, true);
    block_on(async {
        let journey =
            Journey::builder("offers").enter_on("x").send("say", "push", "offer", "news").build().unwrap();
        engine.publish([TemplateDefinition::new("offer").text(vip).into(), journey.into()]).await.unwrap();
        for (id, vip) in [("vip", true), ("other", false)] {
            let person = Contact::new(id).address("push", id);
            engine.identify(if vip { person.attribute("vip", true) } else { person }).await.unwrap();
            engine.consent(Consent::granted(id, "news", "push", Evidence::new("form", "v1"))).await.unwrap();
            engine.track(Event::new(id, "x")).await.unwrap();
        }
        while engine.tick().await.unwrap().accepted > 0 {}
        let shown = async |id: &str| engine.preview("offers", None, "say", &id.into()).await.unwrap().permit;
        assert_eq!(shown("vip").await, Permit::Permit);
        assert_eq!(shown("other").await, Permit::Refuse { reasons: vec![Reason::NoOptOut] });
        let sent: Vec<String> =
            channels[4].sent().iter().map(|sent| sent.message.contact.to_string()).collect();
        assert_eq!(sent, ["vip"]);
        let why = engine.why(&"other".into(), ("offers", "say")).await.unwrap();
        assert_eq!(
            why.sentence,
            "It was not sent by push: it did not say how to stop \"news\" by push, as it must."
        );
    });
}

#[test]
fn consent_rows_of_ways_out_that_can_not_be_are_refused() {
    let read = |row: &str| {
        let text = format!(
            r#"{{"name": "x", "edition": "1", "said": "x", "territories": ["FR"], "margin": "2m", "rules": [], "opt_outs": [{{{row},
                "force": "practice", "as_of": "2026-11-23"}}]}}"#
        );
        Profile::read(&text).map_err(|error| error.to_string())
    };
    let good =
        r#""channels": ["push"], "by": ["reply"], "phrases": ["STOP au 36###"], "source": "the house""#;
    let profile = read(good).unwrap();
    assert_eq!(profile.opt_outs[0].by, [WayOut::Reply]);
    assert!(profile.opt_outs[0].is_said("Stop, au 36111.") && !profile.opt_outs[0].is_said("Stop au 35111"));
    for (row, why) in [
        (good.replace(r#"["push"]"#, "[]"), "no channel, no way out or no source"),
        (good.replace(r#"["reply"]"#, "[]"), "no channel, no way out or no source"),
        (good.replace("the house", " "), "no channel, no way out or no source"),
        (good.replace(r#"["reply"]"#, r#"["link"]"#), "has phrases, and no reply is a way out of it"),
        (good.replace("STOP au 36###", "🛑"), "has no word in it"),
        (good.replace("reply", "smoke"), "unknown variant"),
        (format!(r#"{good}, "territories": ["DE"]"#), "where the profile does not"),
        (format!(r#"{good}, "from": "2027-01-01", "until": "2027-01-01""#), "ends before it begins"),
    ] {
        let said = read(&row).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    // A row of tomorrow asks nothing today.
    let tomorrow = read(&format!(r#"{good}, "from": "2026-11-25""#)).unwrap();
    let policy = |profile: &Profile| Policy::new("p").profile(profile.clone()).at_home("FR-75");
    assert_eq!(codes(policy(&tomorrow), true, "push", &said("Samedi")).0, Vec::<&str>::new());
    assert_eq!(codes(policy(&profile), true, "push", &said("Samedi")).0, ["J139"]);
}
