//! What an author is told at publication, and what is refused there.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::port::store::Definition;
use journeyman::rule::template::VariantDefinition;
use journeyman::rule::{OptOut, Policy, Purpose, QuietHours, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Engine, Error, Journey};

fn engine(policy: Policy) -> Engine {
    let clock = Arc::new(ManualClock::new("2026-11-23T11:00:00Z".parse().unwrap()));
    let store = MemoryStore::builder().clock(clock).build();
    let [sms, email] = ["sms", "email"].map(RecordingChannel::new);
    let keys = journeyman::link::LinkKeys::new(1, [7; 32]);
    let builder = Engine::builder(Arc::new(store)).channel(sms).channel(email).policy(policy);
    builder.links(keys, "https://go.example.org/l".parse().unwrap()).build()
}

fn journey(channel: &str, purpose: &str) -> Journey {
    Journey::builder("offers").enter_on("x").send("offer", channel, "offer", purpose).build().unwrap()
}

fn template(text: &str) -> TemplateDefinition {
    TemplateDefinition::new("offer").text(text)
}

/// The codes of what is refused, and of what is warned of.
fn codes(policy: Policy, text: &str, channel: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let definitions: [Definition; 2] = [template(text).into(), journey(channel, "marketing").into()];
    let lints = block_on(engine(policy).lint(definitions)).unwrap();
    let codes = |list: &[journeyman::Diagnostic]| list.iter().map(|one| one.code).collect();
    (codes(&lints.refused), codes(&lints.warnings))
}

fn plain() -> Policy {
    Policy::new("p")
}

fn refused(result: Result<(), Error>) -> Vec<String> {
    match result {
        Err(Error::Build(error)) => error.diagnostics.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_link_to_unsubscribe_from_what_is_owed_is_warned_of() {
    let warned = |purpose: Purpose, text: &str| {
        let template = template(text).purpose("p");
        let policy = plain().purpose(purpose);
        let definitions: [Definition; 2] = [template.into(), journey("email", "p").into()];
        let clock = Arc::new(ManualClock::new("2026-11-23T11:00:00Z".parse().unwrap()));
        let store = MemoryStore::builder().clock(clock).build();
        let builder = Engine::builder(Arc::new(store)).channel(RecordingChannel::new("email"));
        let keys = journeyman::link::LinkKeys::new(1, [7; 32]);
        let engine = builder.policy(policy).links(keys, "https://go.example.org/l".parse().unwrap()).build();
        let lints = block_on(engine.lint(definitions)).unwrap();
        lints.warnings.iter().any(|one| one.code == "J137")
    };
    let (with, without) = ("Thanks. {{ link.unsubscribe }}", "Thanks. {{ link.preferences }}");
    assert!(warned(Purpose::contract("p"), with) && warned(Purpose::legal_obligation("p"), with));
    assert!(!warned(Purpose::contract("p"), without) && !warned(Purpose::consent("p"), with));
}

#[test]
fn marketing_by_sms_without_a_way_to_stop_it_is_warned_of() {
    assert_eq!(codes(plain(), "Dernière chance", "sms"), (vec![], vec!["J130"]));
    assert_eq!(codes(plain(), "Dernière chance STOP au 36111", "sms"), (vec![], vec![]));
    assert_eq!(codes(plain(), "Dernière chance", "email"), (vec![], vec![]));
}

#[test]
fn marketing_mail_of_an_engine_without_links_is_warned_of() {
    let warned = |purpose: Purpose, channel: &str, linked: bool| {
        let definitions: [Definition; 2] =
            [template("Thanks.").purpose("p").into(), journey(channel, "p").into()];
        let builder = Engine::builder(Arc::new(MemoryStore::new())).channel(RecordingChannel::new("email"));
        let builder =
            builder.channel(RecordingChannel::new("post")).policy(Policy::new("p").purpose(purpose));
        let keys = journeyman::link::LinkKeys::new(1, [7; 32]);
        let builder = match linked {
            true => builder.links(keys, "https://go.example.org/l".parse().unwrap()),
            false => builder,
        };
        let lints = block_on(builder.build().lint(definitions)).unwrap();
        lints.warnings.iter().any(|one| one.code == "J138")
    };
    assert!(warned(Purpose::consent("p"), "email", false));
    assert!(!warned(Purpose::consent("p"), "email", true));
    assert!(!warned(Purpose::contract("p"), "email", false) && !warned(Purpose::consent("p"), "post", false));
}

#[test]
fn marketing_by_sms_to_france_without_a_way_to_stop_it_is_refused() {
    let france = plain().opt_out(OptOut::france());
    assert_eq!(codes(france.clone(), "Dernière chance", "sms"), (vec!["J131"], vec![]));
    // A word that stops is not yet how to stop.
    assert_eq!(codes(france.clone(), "Dernière chance STOP", "sms").0, ["J131"]);
    assert_eq!(codes(france.clone(), "Dernière chance STOP au 36111", "sms"), (vec![], vec![]));
    let adding = plain().opt_out(OptOut::france().words("STOP au 36111"));
    assert_eq!(codes(adding, "Dernière chance", "sms"), (vec![], vec![]));

    let engine = engine(france);
    block_on(async {
        let whole = template("Offre. STOP au 36111");
        engine.publish([whole.clone().into(), journey("sms", "marketing").into()]).await.unwrap();
        // One wording without it, in a template alone, while the journey is published already.
        let lacking = whole.clone().variant(VariantDefinition::default().language("en").text("Last chance"));
        let said = refused(engine.publish([lacking.into()]).await);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with(
            "J131 offers/steps[0] (offer).send.template: it does not say how to stop marketing by sms, which is asked in FR by"
        ));
        assert!(
            said[0].ends_with("write it, such as \"STOP au 36###\", or give the policy the words to add")
        );
        assert_eq!(engine.template_history("offer").await.unwrap().len(), 1);
        engine.publish([whole.subject("x").into()]).await.unwrap();
    });
}

#[test]
fn words_that_networks_act_on_are_warned_of_where_they_mean_something_else() {
    let warned = |text: &str| codes(plain(), &format!("{text}. STOP au 36111"), "sms").1.contains(&"J132");
    for text in [
        "Si tu galères, réponds \"HELP\" et je t'aide en 2 min",
        "Répondez STOP pour gagner un iPhone",
        "Reply YES to book your call",
        "Envoie AIDE pour parler à ton coach",
        "Text END to finish your application",
    ] {
        assert!(warned(text), "{text}");
    }
    for text in [
        "Reply HELP for help",
        "Répondez STOP pour ne plus recevoir nos messages",
        "Reply STOP to unsubscribe",
        "ou réponds STOP",
        "Un concert non-stop, et de l'aide si tu veux",
        "Réponds OUI pour réserver",
        "This is the end, call us",
    ] {
        assert!(!warned(text), "{text}");
    }
    // Nobody acts on the words of a mail.
    assert!(codes(plain(), "Répondez STOP pour gagner", "email").1.is_empty());
}

#[test]
fn a_window_that_never_opens_is_warned_of() {
    let night = QuietHours::new("sms", "20:00-08:30".parse().unwrap()).for_purpose("marketing");
    let with_window = |window: &str| {
        let text = format!(
            r#"{{"journey": "offers", "version": 1, "enter": {{"on": {{"event": "x"}}}},
                "steps": [{{"send": {{"channel": "sms", "template": "offer", "purpose": "marketing", "window": "{window}"}}}}]}}"#
        );
        let definitions: [Definition; 2] =
            [template("STOP au 36111").into(), Journey::from_json(&text).unwrap().into()];
        let lints = block_on(engine(plain().quiet(night.clone())).lint(definitions)).unwrap();
        assert!(lints.warnings.iter().all(|warning| warning.code == "J134"));
        lints.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(
        with_window("21:00-22:00")[0]
            .starts_with("J134 offers/steps[0].send.window: the rules for marketing by sms")
    );
    assert!(with_window("Sat 20:00-23:59").len() == 1);
    assert!(with_window("19:00-22:00").is_empty());
    assert!(with_window("Mon 08:00-09:00").is_empty());
}

#[test]
fn consent_what_a_send_falls_back_to_is_read_as_well() {
    let text = r#"{"journey": "offers", "version": 1, "enter": {"on": {"event": "x"}}, "steps": [{"id": "offer",
        "send": {"channels": ["email", "sms"], "template": "offer", "templates": {"sms": "short"}, "purpose": "marketing"}}]}"#;
    let journey = Journey::from_json(text).unwrap();
    let short = |text: &str| TemplateDefinition::new("short").text(text);
    let engine = engine(plain().opt_out(OptOut::france()));
    block_on(async {
        let all = |said: &str| -> [Definition; 3] {
            [template("Bonjour").into(), short(said).into(), journey.clone().into()]
        };
        assert!(refused(engine.publish(all("Viens")).await)[0].starts_with("J131 offers/"));
        engine.publish(all("Viens STOP au 36111")).await.unwrap();
        assert_eq!(refused(engine.publish([short("Viens vite").into()]).await).len(), 1);
    });
}

#[test]
fn consent_a_purpose_without_a_basis_is_warned_of() {
    let named = plain().purpose(Purpose::consent("news"));
    assert_eq!(codes(named.clone(), "Bonjour", "email").1, ["J133"]);
    assert_eq!(codes(named.purpose(Purpose::consent("marketing")), "Bonjour", "email").1, Vec::<&str>::new());
    assert_eq!(codes(plain(), "Bonjour", "email").1, Vec::<&str>::new());
}

#[test]
fn a_channel_on_which_nobody_is_asked_is_warned_of() {
    let asked = plain().asked("signup-form", "marketing", "email");
    assert_eq!(codes(asked.clone(), "Bonjour", "email").1, Vec::<&str>::new());
    assert_eq!(codes(asked.clone(), "Offre STOP au 36111", "sms").1, ["J135"]);
    assert_eq!(
        codes(asked.asked("checkout", "marketing", "sms"), "Offre STOP au 36111", "sms").1,
        Vec::<&str>::new()
    );
}

#[test]
fn dear_letters_are_named_with_their_places_and_their_price() {
    let policy = plain().opt_out(OptOut::france().words("STOP au 36111"));
    let text = "🔥 {{ contact.name }}, c’est la dernière semaine, et la fête commence dès demain à 16h30 : viens quand tu veux !";
    let definitions: [Definition; 2] =
        [template(text).longest("name", 20).into(), journey("sms", "marketing").into()];
    let lints = block_on(engine(policy).lint(definitions)).unwrap();
    assert_eq!(
        lints.warnings[0].sentence,
        "letters outside the GSM alphabet: 🔥 (U+1F525) at 0; ’ (U+2019) at 23; ê (U+00EA) at 56; it takes up to 2 segments, 1 without"
    );
    assert_eq!(lints.warnings[0].code, "J136");
}
