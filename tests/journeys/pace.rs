//! When what failed is tried again, how much leaves at a time, and what an outage makes of what is late.

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::Journey;
use journeyman::engine::{Backoff, Rate};
use journeyman::model::{ExitReason, Outcome, StepOutcome};
use journeyman::rule::TemplateDefinition;
use journeyman::testing::check;

use crate::scene::instant;
use crate::stage::Stage;

fn says(send: &str) -> String {
    format!(
        "
journey: says
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: say, send: {{ channel: sms, template: hi, purpose: news{send} }} }}
"
    )
}

fn hi() -> Vec<TemplateDefinition> {
    vec![TemplateDefinition::new("hi").text("hi")]
}

/// The whole minutes between the attempts of one message that is never taken.
fn waits(channel: Option<Backoff>, send: &str) -> Vec<i64> {
    let engine = Backoff { first: TimeDelta::minutes(10), longest: TimeDelta::minutes(20), attempts: 3 };
    let stage = Stage::new(|builder| match channel {
        Some(channel) => builder.backoff(engine).backoff_for("sms", channel).backoff_for("email", engine),
        None => builder.backoff(engine),
    });
    stage.publish(hi(), &[&says(send)]);
    stage.sms.answers(vec![Outcome::Retry { after: None }]);
    stage.know("lea", |lea| lea);
    stage.event("lea", "go");
    stage.until("03-05 09:00");
    stage.waits()
}

/// Each wait is the one that doubling gives, or up to a fifth more.
fn near(found: &[i64], expected: &[i64]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| (*expected..=expected * 6 / 5).contains(found))
}

#[test]
fn a_step_says_how_it_is_tried_again_then_its_channel_then_the_engine() {
    let channel = Backoff { first: TimeDelta::minutes(100), longest: TimeDelta::minutes(400), attempts: 4 };
    let cases: [(Option<Backoff>, &str, &[i64]); 6] = [
        (None, "", &[10, 20]),
        (Some(channel), "", &[100, 200, 400]),
        (Some(channel), ", retry: { attempts: 3, first: 1h, longest: 90m }", &[60, 90]),
        // What the step does not say is the channel's, and what the channel was not told the engine's.
        (Some(channel), ", retry: { first: 200m }", &[200, 400, 400]),
        (None, ", retry: { attempts: 1 }", &[]),
        // A first wait longer than the longest of the engine is meant.
        (None, ", retry: { first: 1h }", &[60, 60]),
    ];
    for (channel, send, expected) in cases {
        let found = waits(channel, send);
        assert!(near(&found, expected), "{send}: {found:?}, expected {expected:?}");
    }
}

#[test]
fn nonsense_is_refused_with_its_place() {
    let cases = [
        ("retry: {}", "says/steps[0] (say).send.retry: the retry says nothing"),
        ("retry: { attempts: 0 }", "send.retry.attempts: 0 attempts"),
        ("retry: { attempts: 101 }", "send.retry.attempts: 101 attempts"),
        ("retry: { first: 0m }", "send.retry.first:"),
        ("retry: { longest: 31d }", "send.retry.longest:"),
        ("retry: { first: 2h, longest: 1h }", "the first wait is longer than the longest"),
    ];
    for (retry, expected) in cases {
        let problems = Journey::from_yaml(&format!("version: 1{}", says(&format!(", {retry}")))).unwrap_err();
        assert_eq!(problems.diagnostics[0].code, "J085", "{retry}");
        assert!(problems.to_string().contains(expected), "{problems}");
    }
    for (line, expected) in [
        ("{{ contact.a", "J084"),
        ("{{ first_name }}", "J084"),
        ("{{ contact.a | title }}", "J084"),
        ("{{ contact.a ~ contact.b }}", "J084"),
    ] {
        let text = format!("version: 1{}", says(&format!(", preheader: '{line}'")));
        let problems = Journey::from_yaml(&text).unwrap_err();
        assert_eq!(problems.diagnostics[0].code, expected, "{line}");
        assert!(problems.diagnostics[0].place.ends_with("send.preheader"), "{problems}");
    }
}

/// Ten people are told something at once, on a channel that takes three a minute.
fn ten(rate: Option<Rate>) -> Stage {
    let stage = Stage::new(|builder| match rate {
        Some(rate) => builder.throttle("sms", rate),
        None => builder,
    });
    let both = says("").replace(
        "steps:\n",
        "steps:\n  - { id: mail, send: { channel: email, template: hi, purpose: news } }\n",
    );
    stage.publish(hi(), &[&both]);
    for number in 0..10 {
        stage.know(&format!("c{number}"), |contact| contact);
    }
    block_on(stage.engine.tick()).unwrap();
    for number in 0..10 {
        stage.event(&format!("c{number}"), "go");
    }
    stage
}

#[test]
fn a_throttled_channel_is_handed_no_more_than_its_rate_in_any_minute() {
    let stage = ten(Some(Rate::per_minute(3)));
    let tick = block_on(stage.engine.tick()).unwrap();
    assert_eq!((tick.accepted, stage.sms.calls().len()), (13, 3), "the other channel is not held back");
    let wake = tick.next_wake.unwrap();
    let minute = instant("03-02 09:01");
    assert!(wake > minute && wake <= minute + TimeDelta::milliseconds(1), "{wake}");
    // Sooner there is nothing to do, and nobody spins.
    stage.wait(TimeDelta::seconds(59));
    let tick = block_on(stage.engine.tick()).unwrap();
    assert_eq!((tick.accepted, tick.next_wake), (0, Some(wake)));
    let ticks = stage.until("03-02 10:00");
    assert!(ticks < 12, "{ticks}");
    let calls = stage.sms.calls();
    assert_eq!(calls.len(), 10);
    for (at, _) in &calls {
        let within = calls.iter().filter(|(other, _)| *other >= *at && *other < *at + TimeDelta::minutes(1));
        assert!(within.count() <= 3, "{calls:?}");
    }
    // In order of decision.
    let order: Vec<&String> = calls.iter().map(|(_, contact)| contact).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert!(block_on(check(&*stage.store)).unwrap().is_clean());
}

#[test]
fn without_a_rate_everything_leaves_at_once() {
    let stage = ten(None);
    let tick = block_on(stage.engine.tick()).unwrap();
    assert_eq!((tick.accepted, tick.next_wake), (20, None));
}

#[test]
fn a_withdrawal_takes_back_what_waits_for_its_turn() {
    let stage = ten(Some(Rate::per_minute(3)));
    block_on(stage.engine.tick()).unwrap();
    let stop =
        journeyman::machine::Withdrawal::everything("c7", journeyman::model::Evidence::new("sms", "STOP"));
    block_on(stage.engine.withdraw(&stop)).unwrap();
    stage.until("03-02 10:00");
    let told: Vec<String> = stage.sms.calls().into_iter().map(|(_, contact)| contact).collect();
    assert!(told.len() == 9 && !told.contains(&"c7".to_owned()), "{told:?}");
}

/// A message is decided in time and handed over only when the outage is over.
fn after_an_outage(then: &str) -> Stage {
    let stage = Stage::new(|builder| builder);
    let journey = format!(
        "
journey: says
late: {{ grace: 2h, then: {then} }}
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: say, send: {{ channel: sms, template: hi, purpose: news }} }}
  - {{ id: rest, wait: 9d }}
"
    );
    stage.publish(hi(), &[&journey]);
    stage.know("lea", |lea| lea);
    stage.event("lea", "go");
    while block_on(stage.engine.advance()).unwrap().contacts > 0 {}
    stage
}

#[test]
fn what_an_outage_made_late_ends_its_run_where_the_journey_says_so() {
    let ends = |stage: &Stage| {
        stage.outcomes("lea").last() == Some(&StepOutcome::Exited { reason: ExitReason::Late })
    };
    for (then, minutes, ended, said) in
        [("exit", 121, true, 0), ("exit", 119, false, 1), ("skip", 121, false, 0), ("send", 121, false, 1)]
    {
        let stage = after_an_outage(then);
        stage.wait(TimeDelta::minutes(minutes));
        block_on(stage.engine.tick()).unwrap();
        assert_eq!((ends(&stage), stage.sms.calls().len()), (ended, said), "{then} after {minutes} minutes");
        assert!(block_on(check(&*stage.store)).unwrap().is_clean());
    }
}

#[test]
fn a_run_that_is_over_already_does_not_end_twice() {
    let stage = after_an_outage("exit");
    stage.wait(TimeDelta::days(10));
    // Its timer comes first, and is late by itself.
    block_on(stage.engine.tick()).unwrap();
    let outcomes = stage.outcomes("lea");
    let exits = outcomes.iter().filter(|outcome| matches!(outcome, StepOutcome::Exited { .. }));
    assert_eq!(exits.count(), 1, "{outcomes:?}");
}
