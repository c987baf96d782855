//! In which words a contact is told something: variants, preheaders, editions, previews and tests.

use futures::executor::block_on;
use journeyman::model::{Deed, Outcome, Permit, Reason, StepOutcome};
use journeyman::port::store::{Definition, Pausable};
use journeyman::rule::TemplateDefinition;
use journeyman::rule::template::{Form, VariantDefinition};
use journeyman::testing::check;
use journeyman::{Contact, Engine, Error};

use crate::stage::Stage;

fn variant() -> VariantDefinition {
    VariantDefinition::default()
}

fn hello() -> TemplateDefinition {
    TemplateDefinition::new("hello")
        .subject("Hello")
        .preheader("Nice to see you, {{ contact.first_name | default('friend') }}")
        .text("Hello {{ contact.first_name | default('friend') }}")
        .variant(variant().form(Form::Vous).text("form vous"))
        .variant(variant().language("fr").subject("Bonjour").text("language fr"))
        .variant(variant().language("fr").text("language fr, again but with a form").form(Form::Vous))
        .variant(variant().language("fr-CA").text("language fr-CA"))
        .variant(variant().language("fr").form(Form::Tu).text("language fr, form tu"))
}

const GREETS: &str = "
journey: greets
enter: { on: { event: go } }
reenter: always
steps:
  - { id: greet, send: { channel: email, template: hello, purpose: news } }
";

#[test]
fn the_most_specific_variant_that_fits_is_taken() {
    let template = hello().compile().unwrap();
    let cases = [
        (None, None, "Hello friend", None),
        (Some("en"), None, "Hello friend", None),
        (Some("en"), Some("vous"), "form vous", Some("vous")),
        (Some("fr"), None, "language fr", Some("fr")),
        (Some("fr-FR"), None, "language fr", Some("fr")),
        (Some("fr_FR"), Some("tu"), "language fr, form tu", Some("fr-tu")),
        (Some("FR-ca"), None, "language fr-CA", Some("fr-CA")),
        // Language and form together are more specific than a place.
        (Some("fr-CA"), Some("Tu"), "language fr, form tu", Some("fr-tu")),
        (Some("fr"), Some("vous"), "language fr, again but with a form", Some("fr-vous")),
        (Some("fro"), None, "Hello friend", None),
        (Some("fr"), Some("ihr"), "language fr", Some("fr")),
    ];
    for (locale, form, text, name) in cases {
        let mut lea = Contact::new("lea");
        if let Some(locale) = locale {
            lea = lea.locale(locale);
        }
        if let Some(form) = form {
            lea = lea.attribute("address_form", form);
        }
        let content = template.render(&lea).unwrap();
        assert_eq!((content.plain(), content.variant.as_deref()), (text, name), "{locale:?} {form:?}");
    }
}

#[test]
fn a_part_that_a_variant_does_not_have_is_the_templates_own() {
    let template = hello().compile().unwrap();
    let lea = Contact::new("lea").locale("fr").attribute("address_form", "tu").attribute("first_name", "Léa");
    let content = template.render(&lea).unwrap();
    assert_eq!(content.subject.as_deref(), Some("Hello"), "and not that of the variant for fr alone");
    assert_eq!(content.preheader.as_deref(), Some("Nice to see you, Léa"));
    assert_eq!(content.template, hello().hash());
}

#[test]
fn a_step_may_say_another_preheader_which_may_not_break_its_line() {
    let stage = Stage::new(|builder| builder);
    let own = GREETS.replace("purpose: news", "purpose: news, preheader: 'Only {{ contact.left }} left'");
    stage.publish(vec![hello()], &[&own]);
    stage.know("lea", |lea| lea.attribute("left", 3));
    stage.know("mallory", |mallory| mallory.attribute("left", "\r\nBcc: everybody"));
    stage.know("tom", |tom| tom);
    for id in ["lea", "mallory", "tom"] {
        stage.event(id, "go");
    }
    stage.until("03-02 10:00");
    let sent = stage.email.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].content.preheader.as_deref(), Some("Only 3 left"));
    for id in ["mallory", "tom"] {
        let preview = block_on(stage.engine.preview("greets", None, "greet", &id.into())).unwrap_err();
        assert!(preview.to_string().contains("the preheader cannot be rendered"), "{preview}");
    }
}

#[test]
fn a_typo_is_mended_for_people_in_flight_and_stays_on_record() {
    let stage = Stage::new(|builder| builder);
    let late = GREETS.replace("steps:\n", "steps:\n  - { wait: 1d }\n");
    stage.publish(vec![TemplateDefinition::new("hello").text("Bienvneue")], &[&late]);
    stage.know("lea", |lea| lea);
    stage.know("tom", |tom| tom);
    stage.event("lea", "go");
    stage.until("03-02 12:00");
    stage.event("tom", "go");
    stage.until("03-03 10:00");
    let mended = TemplateDefinition::new("hello").text("Bienvenue");
    let deed = Deed::new("ana", "a typo");
    block_on(stage.engine.publish_as([mended.into()], deed.clone())).unwrap();
    stage.until("03-04 10:00");
    let said: Vec<String> = stage.email.sent().iter().map(|sent| sent.content.plain().to_owned()).collect();
    assert_eq!(said, ["Bienvneue", "Bienvenue"]);
    let history = block_on(stage.engine.template_history("hello")).unwrap();
    let by: Vec<_> = history.iter().map(|edition| edition.by.clone()).collect();
    assert_eq!(by, [None, Some(deed)]);
    assert_eq!(history[1].at, crate::scene::instant("03-03 10:00"));
    // What was said can be told from what is said now, each by its edition.
    let hashes: Vec<_> = stage.email.sent().iter().map(|sent| sent.content.template).collect();
    assert_eq!(hashes, [history[0].hash, history[1].hash]);
    assert!(block_on(check(&*stage.store)).unwrap().is_clean());
}

#[test]
fn a_deed_says_who_and_why() {
    let stage = Stage::new(|builder| builder);
    let nothing: [Definition; 0] = [];
    for (who, why) in [("", "a typo"), ("ana", " "), ("ana", &*"x".repeat(2_000))] {
        let refused = block_on(stage.engine.publish_as(nothing.clone(), Deed::new(who, why))).unwrap_err();
        assert!(matches!(refused, Error::Invalid { what: "deed", .. }), "{refused}");
    }
}

#[test]
fn a_preview_shows_what_a_contact_would_get_and_sends_nothing() {
    let stage = Stage::new(|builder| builder);
    stage.publish(vec![hello()], &[GREETS]);
    stage.know("lea", |lea| lea.attribute("first_name", "Léa").locale("fr").attribute("address_form", "tu"));
    block_on(async {
        stage.engine.identify(Contact::new("tom").address("sms", "+33")).await.unwrap();
        stage.engine.tick().await.unwrap();
        let preview = stage.engine.preview("greets", Some(1), "greet", &"lea".into()).await.unwrap();
        assert_eq!(preview.content.plain(), "language fr, form tu");
        assert_eq!(preview.variant.as_deref(), Some("fr-tu"));
        assert_eq!((&*preview.channel, preview.to.as_deref()), ("email", Some("lea@example.org")));
        assert_eq!(preview.permit, Permit::Permit);
        let tom = stage.engine.preview("greets", None, "greet", &"tom".into()).await.unwrap();
        assert_eq!((tom.to, tom.variant), (None, None));
        assert_eq!(tom.permit, Permit::Refuse { reasons: vec![Reason::NoAddress, Reason::NoConsent] });
        stage.engine.suppress("email", "lea@example.org", None, "bounce").await.unwrap();
        let preview = stage.engine.preview("greets", None, "greet", &"lea".into()).await.unwrap();
        assert_eq!(preview.permit, Permit::Refuse { reasons: vec![Reason::Suppressed] });
    });
    assert!(stage.email.sent().is_empty() && stage.outcomes("lea").is_empty());
}

#[test]
fn a_preview_knows_the_quiet_hours_and_the_window_of_its_step() {
    let stage = Stage::new(|builder| builder);
    let windowed =
        GREETS.replace("channel: email", "channel: sms").replace("news", "news, window: \"Tue 10:00-12:00\"");
    stage.publish(vec![hello()], &[&windowed]);
    stage.know("lea", |lea| lea);
    block_on(stage.engine.tick()).unwrap();
    let preview = block_on(stage.engine.preview("greets", None, "greet", &"lea".into())).unwrap();
    let until = crate::scene::instant("03-03 10:00");
    assert_eq!(preview.permit, Permit::Defer { until, reasons: vec![Reason::Window] });
}

#[test]
fn what_cannot_be_previewed_says_why() {
    let stage = Stage::new(|builder| builder);
    let more = format!("{GREETS}  - {{ id: rest, wait: 1d }}\n");
    stage.publish(vec![hello(), TemplateDefinition::new("strict").text("{{ contact.nothing }}")], &[&more]);
    stage.publish(vec![], &[&GREETS.replace("greets", "other").replace("hello", "strict")]);
    stage.know("lea", |lea| lea);
    block_on(async {
        let engine: &Engine = &stage.engine;
        engine.tick().await.unwrap();
        let wrong = [
            ("nobody", None, "greet", "lea", "there is no journey nobody"),
            ("greets", Some(7), "greet", "lea", "has no version 7; its newest is 1"),
            ("greets", None, "great", "lea", "has no step great"),
            ("greets", None, "rest", "lea", "says nothing"),
            ("other", None, "greet", "lea", "the text cannot be rendered"),
            ("greets", None, "greet", "tom", "tom is unknown"),
        ];
        for (journey, version, node, contact, expected) in wrong {
            let error =
                engine.preview(journey, version, node, &contact.into()).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        engine.erase(&"lea".into()).await.unwrap();
        let error = engine.preview("greets", None, "greet", &"lea".into()).await.unwrap_err();
        assert!(matches!(error, Error::Erased { .. }), "{error}");
    });
}

#[test]
fn a_test_goes_to_a_colleague_who_allows_it_and_marks_itself() {
    let stage = Stage::new(|builder| builder);
    stage.publish(vec![hello()], &[GREETS]);
    stage.know("lea", |lea| lea.attribute("first_name", "Léa"));
    stage.know("ana", |ana| ana);
    let deed = || Deed::new("ana", "how does it look?");
    let (lea, ana) = ("lea".into(), "ana".into());
    block_on(async {
        let engine = &stage.engine;
        engine.tick().await.unwrap();
        let test = || engine.send_test("greets", "greet", &lea, &ana, deed());
        // To allow news is not to allow tests.
        let refused = test().await.unwrap_err();
        assert!(
            matches!(&refused, Error::Forbidden { reasons, .. } if *reasons == [Reason::NoConsent]),
            "{refused}"
        );
        stage.allow("ana", "test", "email");
        engine.tick().await.unwrap();
        assert_eq!(test().await.unwrap(), Outcome::Accepted);
        let sent = stage.email.sent();
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].to.as_str(), &*sent[0].message.purpose), ("ana@example.org", "test"));
        let content = &sent[0].content;
        assert_eq!((content.subject.as_deref(), content.plain()), (Some("[TEST] Hello"), "[TEST] Hello Léa"));
        assert!(content.test);

        engine.pause(&Pausable::Channel("email".into())).await.unwrap();
        assert!(test().await.unwrap_err().to_string().contains("email is paused"));
        engine.resume(&Pausable::Channel("email".into())).await.unwrap();
        // A withdrawal that nobody has read yet forbids it all the same.
        let stop = journeyman::machine::Withdrawal::everything("ana", evidence());
        engine.withdraw(&stop).await.unwrap();
        let refused = test().await.unwrap_err();
        assert!(
            matches!(&refused, Error::Forbidden { reasons, .. } if *reasons == [Reason::Withdrawn]),
            "{refused}"
        );
        let nobody =
            engine.send_test("greets", "greet", &"lea".into(), &"ana".into(), Deed::new("", "")).await;
        assert!(matches!(nobody, Err(Error::Invalid { what: "deed", .. })));
    });
    assert_eq!(stage.email.calls(), 1);
    // Nobody was moved, and nothing is kept of it.
    assert!(stage.outcomes("lea").is_empty() && stage.outcomes("ana").is_empty());
    let kept = block_on(journeyman::port::Archive::messages(&*stage.store, &"ana".into())).unwrap();
    assert!(kept.is_empty());
}

fn evidence() -> journeyman::model::Evidence {
    journeyman::model::Evidence::new("form", "v1")
}

#[test]
fn a_message_without_a_preheader_has_none_and_a_test_of_html_alone_is_marked_in_it() {
    let stage = Stage::new(|builder| builder);
    stage.publish(vec![TemplateDefinition::new("hello").html("<p>Hi</p>")], &[GREETS]);
    stage.know("ana", |ana| ana);
    stage.allow("ana", "test", "email");
    stage.event("ana", "go");
    stage.until("03-02 10:00");
    assert_eq!(stage.email.sent()[0].content.preheader, None);
    assert!(matches!(stage.outcomes("ana")[1], StepOutcome::Sent { .. }));
    let deed = Deed::new("ana", "html");
    block_on(stage.engine.send_test("greets", "greet", &"ana".into(), &"ana".into(), deed)).unwrap();
    assert_eq!(stage.email.sent()[1].content.html.as_deref(), Some("[TEST] <p>Hi</p>"));
}
