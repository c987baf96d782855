//! An edit with people in flight: who is led where, and what becomes of waits, messages and ends.

use journeyman::journey::{MigrationDefinition, Waits};

use crate::scene::{Scene, journey, moment};

const OLD: &str = r#"
journey: care
enter: { on: { event: signed_up } }
reenter: always
steps:
  - { id: pause, wait: 2d }
  - { id: proof, send: { channel: email, template: proof, purpose: news } }
  - { id: ask, wait_for: { any: [{ event: clicked, goto: end }], within: 3d, otherwise: next } }
  - { id: last, send: { channel: email, template: last, purpose: news } }
  - { id: end, exit: done }
"#;

const NEW: &str = r#"
journey: care
version: 2
enter: { on: { event: signed_up } }
reenter: always
max_duration: 20d
steps:
  - { id: pause, wait: 5d }
  - { id: story, send: { channel: email, template: story, purpose: news } }
  - { id: ask, wait_for: { any: [{ event: clicked, goto: end }], within: 1d, otherwise: next } }
  - { id: last, send: { channel: email, template: adieu, purpose: news } }
  - { id: end, exit: done }
"#;

fn map() -> MigrationDefinition {
    MigrationDefinition::new("care", 1, 2).step("proof", "story")
}

/// Entered on Monday at nine, and a day later there is another version.
fn inside(old: &str, new: &str) -> Scene {
    let mut scene = Scene::of(&[old]);
    scene.event("signed_up");
    scene.until("03-03 09:00");
    scene.publish(&[new]);
    scene.walked();
    scene
}

#[test]
fn who_is_inside_stays_on_the_version_that_was_entered_until_somebody_migrates() {
    let mut scene = inside(OLD, NEW);
    scene.until("03-04 09:00");
    assert_eq!(scene.walked(), ["03-04 09:00 care.pause waited", "03-04 09:00 care.proof sent proof"]);
    assert_eq!(scene.stands(), ["1.ask 03-07 09:00"]);
}

#[test]
fn a_wait_is_kept_begun_anew_or_counted_from_the_old_arrival_as_the_map_says() {
    for (waits, until) in [
        (Waits::Keep, "2.pause 03-04 09:00"),
        (Waits::Restart, "2.pause 03-08 09:00"),
        (Waits::Recompute, "2.pause 03-07 09:00"),
    ] {
        let mut scene = inside(OLD, NEW);
        scene.migrate(map().waits(waits));
        assert_eq!(scene.walked(), ["03-03 09:00 care.pause migrated 1 to 2 at pause"], "{waits:?}");
        assert_eq!(scene.stands(), [until], "{waits:?}");
        scene.until("03-09 09:00");
        assert_eq!(scene.walked()[1..2], [format!("{} care.story sent story", &until[8..])], "{waits:?}");
    }
}

#[test]
fn what_is_over_by_the_new_span_is_over_now() {
    let mut scene = inside(OLD, NEW);
    scene.until("03-06 12:00");
    assert_eq!(scene.stands(), ["1.ask 03-07 09:00"]);
    scene.walked();
    scene.migrate(map().waits(Waits::Recompute));
    let walked = scene.walked();
    assert_eq!(
        walked[..3],
        [
            "03-06 12:00 care.ask migrated 1 to 2 at ask",
            "03-06 12:00 care.ask timed out",
            "03-06 12:00 care.last sent adieu",
        ]
    );
    // What is decided after the move is not taken back with what was decided before it.
    assert_eq!(scene.runs(), 0);
}

#[test]
fn a_wait_of_another_kind_begins_anew_and_what_follows_is_said() {
    let old = OLD.replace("wait: 2d", "wait_until: { time: \"18:00\" }");
    let new = NEW.replace("wait: 5d", "wait: 1h");
    let mut scene = Scene::of(&[&old]);
    scene.event("signed_up");
    scene.publish(&[&new]);
    scene.migrate(map());
    assert_eq!(scene.stands(), ["2.pause 03-02 10:00"]);
}

#[test]
fn a_step_under_another_name_is_where_the_map_says_and_one_that_is_gone_leads_to_what_followed_it() {
    let new = NEW.replace("id: pause", "id: rest");
    let mut scene = inside(OLD, &new);
    scene.migrate(map().step("pause", "rest"));
    assert_eq!(scene.stands(), ["2.rest 03-04 09:00"]);

    let gone = NEW.replace("  - { id: pause, wait: 5d }\n", "");
    let mut scene = inside(OLD, &gone);
    scene.migrate(map().removed_go_on());
    assert_eq!(
        scene.walked(),
        ["03-03 09:00 care.pause migrated 1 to 2 at story", "03-03 09:00 care.story sent story",]
    );
    assert_eq!((scene.stands(), scene.taken_back()), (vec!["2.ask 03-04 09:00".to_owned()], vec![]));

    let mut scene = inside(OLD, &gone);
    scene.migrate(map().removed_exit());
    assert_eq!(scene.walked(), ["03-03 09:00 care.pause exited migrated"]);
}

#[test]
fn where_nothing_follows_that_is_left_the_run_ends() {
    let old = "{ journey: care, enter: { on: { event: signed_up } }, steps: [{ id: a, wait: 1h }, { id: b, wait: 9d }, { id: c, wait: 1h }] }";
    let new =
        "{ journey: care, version: 2, enter: { on: { event: signed_up } }, steps: [{ id: a, wait: 1h }] }";
    let mut scene = inside(old, new);
    scene.migrate(MigrationDefinition::new("care", 1, 2).removed_go_on());
    assert_eq!(scene.walked(), ["03-03 09:00 care.b exited migrated"]);
}

#[test]
fn a_second_migration_and_one_of_another_version_move_nobody() {
    let mut scene = inside(OLD, NEW);
    scene.migrate(map().waits(Waits::Restart));
    scene.walked();
    scene.until("03-03 12:00");
    scene.migrate(map().waits(Waits::Restart));
    scene.migrate(MigrationDefinition::new("care", 7, 8));
    scene.migrate(MigrationDefinition::new("other", 1, 2));
    assert_eq!((scene.walked().len(), scene.stands()), (0, vec!["2.pause 03-08 09:00".to_owned()]));
}

#[test]
fn messages_that_were_decided_before_are_taken_back_and_those_after_are_not() {
    let mut scene = Scene::of(&[OLD]);
    scene.event("signed_up");
    scene.until("03-04 09:00");
    assert_eq!(scene.said(), ["03-04 09:00 proof"]);
    scene.publish(&[NEW]);
    scene.migrate(map());
    assert_eq!(scene.taken_back(), ["proof"]);
}

#[test]
fn a_message_whose_answer_is_awaited_is_not_said_twice() {
    let old =
        OLD.replace("purpose: news } }\n  - { id: ask", "purpose: news, refused: last } }\n  - { id: ask");
    for (waits, new) in [
        (Waits::Keep, NEW.to_owned()),
        (
            Waits::Restart,
            NEW.replace("template: story, purpose: news", "template: story, purpose: news, refused: end"),
        ),
    ] {
        let mut scene = Scene::of(&[&old]);
        scene.event("signed_up");
        scene.until("03-04 09:00");
        scene.publish(&[&new]);
        scene.migrate(map().waits(waits));
        scene.walked();
        assert_eq!((scene.said().len(), scene.taken_back().len()), (1, 0));
        scene.answer(true);
        assert_eq!(scene.walked(), ["03-04 09:00 care.story accepted"]);
        assert_eq!(scene.stands(), ["2.ask 03-05 09:00"]);
    }
}

#[test]
fn the_longest_stay_is_that_of_the_new_version_and_counts_from_the_entry() {
    let short = NEW.replace("max_duration: 20d", "max_duration: 3d");
    let mut scene = inside(OLD, &short);
    scene.migrate(map().waits(Waits::Restart));
    scene.walked();
    scene.until("03-09 09:00");
    assert_eq!(scene.walked(), ["03-05 09:00 care.pause exited max_duration"]);
    // What is over by then is over now, and not in the past.
    let over = NEW.replace("max_duration: 20d", "max_duration: 2h");
    let mut scene = inside(OLD, &over);
    scene.migrate(map());
    assert_eq!(scene.walked()[1..], ["03-03 09:00 care.pause exited max_duration"]);
}

#[test]
fn jumps_that_were_taken_count_on_under_their_new_names() {
    let old = "{ journey: care, enter: { on: { event: signed_up } }, steps: [{ id: turn, wait: 12h }, { id: again, jump: { to: turn, most: 2 } }, { id: end, exit: done }] }";
    let new = old.replace("journey: care", "journey: care, version: 2").replace("id: again", "id: once_more");
    let mut scene = inside(old, &new);
    scene.migrate(MigrationDefinition::new("care", 1, 2).step("again", "once_more"));
    scene.walked();
    scene.until("03-05 09:00");
    let walked = scene.walked();
    assert_eq!(walked[walked.len() - 2], "03-03 21:00 care.once_more jumped no more", "{walked:?}");
}

#[test]
fn who_is_held_by_a_pause_moves_at_once_and_arrives_when_it_ends() {
    let mut scene = Scene::paused(&[OLD], "care", &[("03-02 12:00", "03-06 12:00")]);
    scene.event("signed_up");
    scene.until("03-03 09:00");
    scene.publish(&[&NEW.replace("  - { id: pause, wait: 5d }\n", "")]);
    scene.walked();
    scene.migrate(map().removed_go_on());
    assert_eq!(scene.walked(), ["03-03 09:00 care.pause migrated 1 to 2 at story"]);
    scene.until("03-07 09:00");
    assert_eq!(scene.walked(), ["03-06 12:00 care.story sent story"]);
}

#[test]
fn what_came_in_a_pause_is_followed_where_the_new_step_asks_for_it_too() {
    let more = NEW.replace("any: [", "any: [{ event: wrote, goto: last }, ");
    for (new, then) in
        [(more.as_str(), "matched 1"), (&NEW.replace("event: clicked", "event: wrote"), "timed out")]
    {
        let mut scene = Scene::paused(&[OLD], "care", &[("03-05 12:00", "03-06 12:00")]);
        scene.event("signed_up");
        scene.until("03-05 18:00");
        scene.event("clicked");
        scene.publish(&[new]);
        scene.migrate(map());
        scene.walked();
        scene.until("03-09 09:00");
        assert!(scene.walked()[0].ends_with(&format!("care.ask {then}")), "{new}");
    }
}

#[test]
fn an_alternative_that_holds_already_must_cease_to_hold_first() {
    let new = NEW.replace("any: [", "any: [{ if: { attribute: plan, is: gold }, goto: last }, ");
    let mut scene = Scene::of(&[OLD]);
    scene.know(|lea| lea.attribute("plan", "gold"));
    scene.event("signed_up");
    scene.until("03-05 09:00");
    scene.publish(&[&new]);
    scene.migrate(map());
    scene.walked();
    scene.know(|lea| lea.attribute("plan", "silver"));
    assert_eq!(scene.walked(), Vec::<String>::new());
    scene.know(|lea| lea.attribute("plan", "gold"));
    assert_eq!(scene.walked()[0], "03-05 09:00 care.ask matched 0");
}

#[test]
fn a_wait_for_a_date_moves_with_it_after_a_migration_too() {
    let old = "{ journey: care, enter: { on: { event: signed_up } }, steps: [{ id: eve, wait_until: { date: show, offset: -1d } }, { id: end, exit: done }] }";
    let new = old.replace("journey: care", "journey: care, version: 2").replace("-1d", "-2d");
    let mut scene = Scene::of(&[old]);
    scene.know(|lea| lea.attribute("show", moment("03-20 09:00")));
    scene.event("signed_up");
    scene.publish(&[&new]);
    scene.migrate(MigrationDefinition::new("care", 1, 2));
    assert_eq!(scene.stands(), ["2.eve 03-19 09:00"]);
    scene.know(|lea| lea.attribute("show", moment("03-22 09:00")));
    assert_eq!(scene.stands(), ["2.eve 03-20 09:00"]);
}

#[test]
fn two_migrations_in_a_row_lead_through_both() {
    let third = NEW.replace("version: 2", "version: 3").replace("wait: 5d", "wait: 9d");
    let mut scene = inside(OLD, NEW);
    scene.publish(&[&third]);
    scene.migrate(map());
    scene.migrate(MigrationDefinition::new("care", 2, 3).waits(Waits::Recompute));
    assert_eq!(scene.stands(), ["3.pause 03-11 09:00"]);
}

/// Every problem of a map, all at once.
#[test]
fn a_map_is_checked_as_a_whole() {
    let (old, new) = (journey(OLD), journey(NEW));
    let codes = |map: &MigrationDefinition, new| {
        let problems = map.check(Some(&old), new).err().map(|error| error.diagnostics).unwrap_or_default();
        problems.iter().map(|problem| format!("{} {}", problem.code, problem.place)).collect::<Vec<_>>()
    };
    assert_eq!(codes(&map(), Some(&new)), Vec::<String>::new());
    assert_eq!(codes(&map(), None), ["J091 care/to"]);
    let wrong = MigrationDefinition::new("care", 1, 1).step("pauze", "ask").step("last", "lost");
    assert_eq!(
        codes(&wrong, Some(&new)),
        ["J092 care/to", "J094 care/steps.last", "J093 care/steps.pauze", "J095 care/steps.proof"]
    );
    let other = journey("{ journey: care, version: 2, enter: { on: { event: e } }, steps: [{ wait: 1h }] }");
    assert_eq!(
        codes(&MigrationDefinition::new("care", 1, 2).removed_exit(), Some(&other)),
        ["J096 care/steps"]
    );
}

/// A number moves when a step is put before it, and is no name.
#[test]
fn a_step_without_a_name_follows_itself_only_where_it_says_the_same() {
    let steps = |version: u32, steps: &str| {
        journey(&format!(
            "{{ journey: care, version: {version}, enter: {{ on: {{ event: e }} }}, steps: [{steps}] }}"
        ))
    };
    let old = steps(1, "{ wait: 1h }, { wait: 2h }");
    let check = |new: &str| {
        let problems = MigrationDefinition::new("care", 1, 2).check(Some(&old), Some(&steps(2, new)));
        problems.err().map_or(0, |error| error.diagnostics.len())
    };
    assert_eq!(check("{ wait: 1h }, { wait: 2h }, { wait: 3h }"), 0);
    assert_eq!(check("{ wait: 1h }, { wait: 90m }, { wait: 2h }"), 1);
    assert_eq!(check("{ wait: 5m }, { wait: 1h }, { wait: 2h }"), 3);
}

/// One run ends because its step is gone, and another run of the same journey waits for such an end.
#[test]
fn what_an_end_by_a_migration_sets_off_happens_before_the_others_move() {
    let old = r#"
journey: care
enter: { on: { event: signed_up } }
reenter: { concurrent: true }
steps:
  - { id: first, wait_for: { any: [{ journey: care }], within: 1d, otherwise: gone } }
  - { id: note, send: { channel: email, template: proof, purpose: news } }
  - { id: stay, wait: 9d, goto: end }
  - { id: gone, wait: 9d }
  - { id: end, exit: done }
"#;
    let new = old.replace("journey: care\nenter", "journey: care\nversion: 2\nenter");
    let new = new.replace("  - { id: gone, wait: 9d }\n", "").replace("otherwise: gone", "otherwise: end");
    let mut scene = Scene::of(&[old]);
    scene.event("signed_up");
    scene.until("03-03 10:00");
    scene.event("signed_up");
    scene.publish(&[&new]);
    scene.walked();
    scene.migrate(MigrationDefinition::new("care", 1, 2).removed_exit());
    assert_eq!(
        scene.walked(),
        [
            "03-03 10:00 care.gone exited migrated",
            "03-03 10:00 care.first matched 0",
            "03-03 10:00 care.note sent proof",
            "03-03 10:00 care.stay migrated 1 to 2 at stay",
        ]
    );
    assert_eq!(
        (scene.stands(), scene.taken_back()),
        (vec!["2.stay 03-12 10:00".to_owned()], vec!["proof".to_owned()])
    );
}
