//! Steps that ask the host: what leads on, what does not, and what the contact learns.

use chrono::TimeDelta;
use journeyman::Journey;
use journeyman::journey::{AnswerKind, AssignDefinition, CallDefinition};
use journeyman::model::{Answer, DeliveryStatus, Reason, Value};
use journeyman::time::Span;

use crate::scene::{Scene, instant, journey, moment};

const RATE: &str = "
journey: rates
enter: { on: { event: go } }
exit: [{ on: { event: stop } }]
steps:
  - id: rate
    call:
      channel: crm
      with: { city: Paris }
      answer: { fit: integer, note: text }
      within: 10m
      results: [{ is: good, goto: hot }]
      refused: nobody
      otherwise: silent
  - { id: cold, exit: cold }
  - { id: hot, exit: hot }
  - { id: nobody, exit: refused }
  - { id: silent, exit: silent }
";

fn asked() -> Scene {
    let mut scene = Scene::of(&[RATE]);
    scene.event("go");
    assert_eq!(scene.walked(), ["03-02 09:00 rates.rate entered", "03-02 09:00 rates.rate called"]);
    scene
}

fn good() -> Answer {
    Answer::of("good").value("fit", 80).value("note", "sings")
}

#[test]
fn a_call_leaves_as_a_message_that_says_nothing_to_the_contact() {
    let scene = asked();
    let message = &scene.messages()[0];
    let call = message.call.as_ref().unwrap();
    // What is asked goes by the step's name where the journey names nothing else.
    assert_eq!((&*call.ask, call.with.get("city")), ("rate", Some(&Value::from("Paris"))));
    assert_eq!((&*message.channel, &*message.template, &*message.purpose), ("crm", "", ""));
    assert_eq!(message.not_after, Some(instant("03-02 09:10")));
}

#[test]
fn a_result_leads_to_its_goto_and_its_values_are_known() {
    let mut scene = asked();
    scene.until("03-02 09:05");
    scene.host_answers(good().value("not_declared", true));
    assert_eq!(
        scene.walked(),
        ["03-02 09:05 rates.rate answered good", "03-02 09:05 rates.hot exited by step hot"]
    );
    let known = &scene.contact().attributes;
    assert_eq!((known.get("fit"), known.get("note")), (Some(&Value::from(80)), Some(&Value::from("sings"))));
    assert_eq!(known.get("not_declared"), None);
}

#[test]
fn any_other_answer_goes_on_to_the_next_step() {
    for (result, word) in [(Answer::of("bad"), "answered bad"), (Answer::new(), "answered")] {
        let mut scene = asked();
        scene.host_answers(result.value("fit", 1).value("note", ""));
        assert_eq!(scene.walked()[0], format!("03-02 09:00 rates.rate {word}"));
        assert_eq!(scene.walked(), [] as [&str; 0]);
    }
}

#[test]
fn an_answer_at_once_by_the_channel_is_the_same() {
    let mut scene = asked();
    scene.settles(DeliveryStatus::Answered { answer: good() });
    assert_eq!(scene.walked()[1], "03-02 09:00 rates.hot exited by step hot");
    let mut scene = asked();
    scene.settles(DeliveryStatus::Accepted);
    scene.settles(DeliveryStatus::Retry { at: instant("03-02 09:03") });
    assert_eq!(scene.walked(), [] as [&str; 0]);
    scene.host_answers(good());
    assert_eq!(scene.walked()[1], "03-02 09:00 rates.hot exited by step hot");
}

#[test]
fn who_does_not_answer_in_time_is_too_late() {
    let mut scene = asked();
    scene.until("03-02 09:09");
    assert_eq!(scene.walked(), [] as [&str; 0]);
    scene.until("03-02 09:10");
    scene.host_answers(good());
    scene.until("03-03");
    scene.host_answers(good());
    assert_eq!(
        scene.walked(),
        ["03-02 09:10 rates.rate timed out", "03-02 09:10 rates.silent exited by step silent"]
    );
    assert_eq!(scene.contact().attributes.get("fit"), None);
}

#[test]
fn a_refusal_has_its_own_way_and_names_every_reason() {
    let refused = |why: &str| DeliveryStatus::Refused { reasons: vec![Reason::Channel(why.into())] };
    let stories = [
        (refused("closed"), "refused channel(\"closed\")"),
        (DeliveryStatus::Refused { reasons: vec![Reason::Attempts] }, "refused attempts"),
        (DeliveryStatus::Parked, "refused channel(\"unknown\")"),
    ];
    for (status, word) in stories {
        let mut scene = asked();
        scene.settles(status);
        // Whoever answers after all is not heard any more.
        scene.host_answers(good());
        assert_eq!(
            scene.walked(),
            [
                format!("03-02 09:00 rates.rate {word}"),
                "03-02 09:00 rates.nobody exited by step refused".into()
            ]
        );
    }
}

#[test]
fn an_answer_that_is_not_as_declared_is_a_refusal_and_nothing_of_it_is_known() {
    let stories = [
        (Answer::of("good").value("fit", 80), "note"),
        (Answer::of("good").value("fit", "80").value("note", ""), "fit"),
        (Answer::of("good").value("fit", Value::Decimal("80.0".parse().unwrap())).value("note", ""), "fit"),
        (Answer::of("good").value("fit", 80).value("note", vec!["a"]), "note"),
    ];
    for (answer, wrong) in stories {
        let mut scene = asked();
        scene.host_answers(answer);
        assert_eq!(scene.walked()[0], format!("03-02 09:00 rates.rate refused answer(\"{wrong}\")"));
        assert_eq!(scene.contact().attributes.len(), 0);
    }
}

#[test]
fn every_kind_of_value_is_read_as_itself_and_a_whole_number_as_a_decimal() {
    let kinds = [
        ("boolean", Value::from(true)),
        ("integer", Value::from(1)),
        ("decimal", Value::Decimal("1.5".parse().unwrap())),
        ("text", Value::from("a")),
        ("date", crate::scene::day("03-02")),
        ("instant", moment("03-02")),
        ("list", Value::from(vec!["a"])),
    ];
    for (kind, _) in &kinds {
        let text = format!(
            "{{ journey: a, enter: {{ on: {{ event: go }} }}, steps: [{{ id: ask, call: {{ channel: crm, \
             answer: {{ it: {kind} }}, within: 1h }} }}] }}"
        );
        for (other, value) in &kinds {
            let mut scene = Scene::of(&[&text]);
            scene.event("go");
            scene.host_answers(Answer::new().value("it", value.clone()));
            let taken = scene.walked()[2] == "03-02 09:00 a.ask answered";
            assert_eq!(
                taken,
                kind == other || (*kind, *other) == ("decimal", "integer"),
                "{kind}: {value:?}"
            );
            let whole = Value::Decimal(1.into());
            let known = if kind == other { value } else { &whole };
            assert_eq!(scene.contact().attributes.get("it"), taken.then_some(known));
        }
    }
}

#[test]
fn what_would_make_the_contact_too_large_is_a_refusal_and_a_signal() {
    let mut scene = asked();
    let large = "x".repeat(journeyman::machine::ContactState::MOST_SIZE);
    scene.host_answers(Answer::of("good").value("fit", 1).value("note", &*large));
    assert_eq!(scene.walked()[0], "03-02 09:00 rates.rate refused answer(\"fit\")");
    assert_eq!((scene.too_large(), scene.contact().attributes.len()), (1, 0));
}

#[test]
fn the_first_answer_counts_and_one_of_an_earlier_call_does_not() {
    let twice = "
journey: twice
enter: { on: { event: go } }
steps:
  - { id: one, call: { channel: crm, within: 1h } }
  - { id: two, hand_over: { channel: desk, within: 1h } }
";
    let mut scene = Scene::of(&[twice]);
    scene.event("go");
    let first = scene.messages()[0].id;
    scene.host_answers_to(first, Answer::of("first"));
    scene.host_answers_to(first, Answer::of("second"));
    assert_eq!(scene.walked()[2..], ["03-02 09:00 twice.one answered first", "03-02 09:00 twice.two called"]);
    let asks: Vec<&str> = scene.messages().iter().flat_map(|one| &one.call).map(|call| &*call.ask).collect();
    assert_eq!(asks, ["one", "hand_over"]);
    scene.host_answers(Answer::of("done"));
    assert_eq!(scene.walked()[0], "03-02 09:00 twice.two answered done");
}

#[test]
fn who_is_not_answered_by_a_person_is_told_to_other_journeys_and_a_program_to_nobody() {
    let asks = |step: &str| {
        let text = format!(
            "journey: asks\nenter: {{ on: {{ event: go }} }}\nsteps:\n  - {{ id: desk, {step}: {{ channel: desk, {} within: 1h }} }}\n",
            if step == "call" { "ask: look," } else { "" }
        );
        let duty = "journey: duty\nenter: { on: { event: hand_over.overdue } }\nsteps:\n  - { id: look, wait: 1d }\n";
        let mut scene = Scene::of(&[&text, duty]);
        scene.event("go");
        scene.until("03-02 11:00");
        scene.walked().into_iter().filter(|walked| walked.contains("duty")).collect::<Vec<_>>()
    };
    assert_eq!(asks("hand_over"), ["03-02 10:00 duty.look entered"]);
    assert_eq!(asks("call"), [] as [&str; 0]);
}

#[test]
fn an_exit_ends_the_wait_and_takes_the_call_back() {
    let mut scene = asked();
    scene.event("stop");
    assert_eq!(scene.walked(), ["03-02 09:00 rates.rate exited event stop"]);
    assert_eq!(scene.taken_back(), [""]);
    scene.host_answers(good());
    assert_eq!((scene.runs(), scene.walked().len()), (0, 0));
}

/// Answered, refused or silent in a pause that lasts from 09:05 to noon.
fn in_a_pause(story: impl FnOnce(&mut Scene)) -> Vec<String> {
    let mut scene = Scene::paused(&[RATE], "rates", &[("03-02 09:05", "03-02 12:00")]);
    scene.event("go");
    scene.until("03-02 11:00");
    scene.walked();
    story(&mut scene);
    assert_eq!(scene.walked(), [] as [&str; 0]);
    scene.until("03-02 13:00");
    scene.walked()
}

#[test]
fn what_comes_in_a_pause_is_remembered_and_followed_after_it() {
    let answered = in_a_pause(|scene| {
        scene.host_answers(good());
        scene.host_answers(Answer::of("bad").value("fit", 0).value("note", ""));
    });
    assert_eq!(
        answered,
        ["03-02 12:00 rates.rate answered good", "03-02 12:00 rates.hot exited by step hot"]
    );
    let refused = in_a_pause(|scene| {
        scene.settles(DeliveryStatus::Refused { reasons: vec![Reason::Attempts] });
        scene.host_answers(good());
    });
    assert_eq!(refused[0], "03-02 12:00 rates.rate refused attempts");
    let silent = in_a_pause(|_| {});
    assert_eq!(silent[0], "03-02 12:00 rates.rate timed out");
}

#[test]
fn the_contact_need_not_be_reachable_nor_allow_anything() {
    let holdout = RATE.replace("exit: [", "holdout: 100\nexit: [");
    let mut scene = Scene::of(&[&holdout]);
    scene.event("go");
    assert_eq!(scene.walked()[1], "03-02 09:00 rates.rate called");
}

#[test]
fn nothing_keeps_apart_from_a_call() {
    let says = "
journey: says
enter: { on: { event: go } }
steps:
  - { id: late, send: { channel: sms, template: late, purpose: marketing, window: \"10:00-11:00\" } }
  - { id: ask, call: { channel: crm, within: 1h } }
  - { id: then, send: { channel: sms, template: then, purpose: marketing } }
";
    let mut scene = Scene::of(&[says]);
    scene.event("go");
    scene.until("03-02 10:00");
    scene.host_answers(Answer::new());
    // The message that had had to wait still keeps the next one apart, as if nobody had been asked between them.
    assert_eq!(scene.walked().last().unwrap(), "03-02 10:00 says.then deferred 03-03 06:00 spacing");
    let wakes = instant("03-03 06:00") - instant("03-02 10:00");
    assert_eq!(wakes, TimeDelta::hours(20));
}

#[test]
fn what_an_answer_sets_off_happens_when_the_walk_rests() {
    let other = "{ journey: other, enter: { on: { attribute: fit } }, steps: [{ wait: 1d }] }";
    let mut scene = Scene::of(&[RATE, other]);
    scene.event("go");
    scene.walked();
    scene.host_answers(good());
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 rates.rate answered good",
            "03-02 09:00 rates.hot exited by step hot",
            "03-02 09:00 other.step-1 entered"
        ]
    );
}

#[test]
fn the_builder_and_the_file_say_the_same() {
    let file = journey(
        "
journey: both
enter: { on: { event: go } }
steps:
  - id: rate
    call:
      channel: crm
      ask: look
      with: { city: Paris }
      answer: { fit: integer }
      within: 10m
      results: [{ is: good, goto: end }]
      refused: end
      otherwise: end
  - { id: desk, hand_over: { channel: desk, within: 2d } }
  - { assign: { role: coach, among: [ana, ben] } }
  - { assign: { role: chef, channel: crm, within: 1h } }
  - { id: end, exit: done }
",
    );
    let rate = CallDefinition::new("crm", Span::minutes(10))
        .ask("look")
        .with("city", "Paris")
        .answer("fit", AnswerKind::Integer)
        .result("good", "end")
        .refused("end")
        .otherwise("end");
    let built = Journey::builder("both")
        .enter_on("go")
        .call("rate", rate)
        .hand_over("desk", CallDefinition::new("desk", Span::days(2)))
        .assign(AssignDefinition::among("coach", ["ana", "ben"]))
        .assign(AssignDefinition::by("chef", "crm", Span::hours(1)))
        .exit("end", "done")
        .build()
        .unwrap();
    assert_eq!(built.hash, file.hash);
    let drawn = built.to_mermaid();
    for words in [
        "call crm for look, at most 10m",
        "hand over to desk, at most 2d",
        "assign a coach: one of ana, ben",
        "assign a chef: crm says, at most 1h",
        "any other answer",
        "good",
    ] {
        assert!(drawn.contains(words), "{words}\n{drawn}");
    }
}
