//! Doors that open on a date of the contact, and what becomes of them when the date moves.

use crate::scene::{Scene, day, moment};

/// A week before the day, at ten.
const BEFORE: &str = r#"
journey: before
enter: { on: { date: event_at, offset: -7d, time: "10:00" } }
steps: [{ id: say, send: { channel: email, template: soon, purpose: news } }, { id: stay, wait: 3d }]
"#;

fn known(journeys: &[&str], date: &str) -> Scene {
    let mut scene = Scene::of(journeys);
    scene.know(|lea| lea.attribute("event_at", day(date)));
    scene
}

#[test]
fn a_date_opens_a_journey_an_offset_before_it_at_a_local_time() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.until("03-13 09:59");
    assert_eq!(scene.walked(), [""; 0]);
    scene.until("03-20");
    assert_eq!(
        scene.walked(),
        [
            "03-13 10:00 before.say entered",
            "03-13 10:00 before.say sent soon",
            "03-16 10:00 before.stay waited",
            "03-16 10:00 before.stay exited completed"
        ]
    );
}

#[test]
fn a_day_begins_where_the_contact_lives_and_an_instant_is_the_same_everywhere() {
    let on_the_day =
        "{ journey: party, enter: { on: { date: event_at } }, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[on_the_day]);
    scene.know(|lea| lea.zone("Asia/Tokyo").attribute("event_at", day("03-20")));
    scene.until("03-25");
    assert_eq!(scene.walked()[0], "03-19 15:00 party.end entered");
    let mut scene = Scene::of(&[on_the_day]);
    scene.know(|lea| lea.zone("Asia/Tokyo").attribute("event_at", moment("03-20 18:30")));
    scene.until("03-25");
    assert_eq!(scene.walked()[0], "03-20 18:30 party.end entered");
}

#[test]
fn an_offset_after_the_date_in_hours_is_exact() {
    let after = "{ journey: after, enter: { on: { date: event_at, offset: +24h } }, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[after]);
    scene.know(|lea| lea.attribute("event_at", moment("03-10 08:15")));
    scene.until("03-12");
    assert_eq!(scene.walked()[0], "03-11 08:15 after.end entered");
}

#[test]
fn what_is_no_date_plans_nothing() {
    let mut scene = Scene::of(&[BEFORE]);
    scene.know(|lea| lea.attribute("event_at", "next week"));
    scene.until("04-20");
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_date_that_moves_is_planned_anew() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.until("03-10");
    scene.know(|lea| lea.attribute("event_at", day("03-27")));
    scene.until("03-20 10:00");
    assert_eq!(scene.walked(), ["03-20 10:00 before.say entered", "03-20 10:00 before.say sent soon"]);
}

#[test]
fn a_date_that_goes_away_is_dropped() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.until("03-10");
    scene.know(|lea| lea.without("event_at"));
    scene.until("04-20");
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_run_ends_when_the_date_that_opened_it_moves_and_takes_its_messages_back_and_does_not_count() {
    let mut scene = known(&[BEFORE], "03-20"); // never again, unless said
    scene.until("03-13 12:00");
    scene.walked();
    scene.know(|lea| lea.attribute("event_at", day("03-27")));
    assert_eq!(scene.walked(), ["03-13 12:00 before.stay exited date_moved"]);
    assert_eq!(scene.taken_back(), ["soon"]);
    scene.until("03-20 10:00");
    assert_eq!(scene.walked(), ["03-20 10:00 before.say entered", "03-20 10:00 before.say sent soon"]);
    assert_eq!(scene.said(), ["03-20 10:00 soon"]);
}

#[test]
fn a_run_ends_when_the_date_that_opened_it_goes_away() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.until("03-13 12:00");
    scene.walked();
    scene.know(|lea| lea.without("event_at"));
    assert_eq!(scene.walked(), ["03-13 12:00 before.stay exited date_moved"]);
    assert_eq!(scene.taken_back(), ["soon"]);
}

#[test]
fn the_same_date_told_again_changes_nothing() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.until("03-13 12:00");
    scene.walked();
    scene.know(|lea| lea.attribute("event_at", day("03-20")).attribute("place", "Lyon"));
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_run_that_an_event_opened_does_not_end_when_the_date_moves() {
    let both = "
journey: both
enter: [{ on: { date: event_at } }, { on: { event: go } }]
steps: [{ id: stay, wait: 3d }]
";
    let mut scene = known(&[both], "03-20");
    scene.event("go");
    scene.walked();
    scene.know(|lea| lea.attribute("event_at", day("03-27")));
    assert_eq!(scene.walked(), [""; 0]);
    scene.until("03-05 09:00");
    assert_eq!(scene.walked(), ["03-05 09:00 both.stay waited", "03-05 09:00 both.stay exited completed"]);
}

#[test]
fn a_run_that_does_not_count_leaves_what_counted_before_it() {
    let yearly = "
journey: yearly
enter: [{ on: { date: event_at } }, { on: { event: go } }]
reenter: { after: 10d, concurrent: true }
steps: [{ id: stay, wait: 30d }]
";
    let mut scene = known(&[yearly], "03-04");
    scene.until("03-15");
    scene.event("go");
    scene.until("03-16");
    scene.know(|lea| lea.attribute("event_at", day("05-04")));
    assert_eq!(
        scene.walked(),
        [
            "03-04 00:00 yearly.stay entered",
            "03-15 00:00 yearly.stay entered",
            "03-16 00:00 yearly.stay exited date_moved"
        ]
    );
    // The entry of the 15th still counts.
    scene.until("03-20");
    scene.event("go");
    assert_eq!(scene.walked(), [""; 0]);
    scene.until("03-25");
    scene.event("go");
    assert_eq!(scene.walked(), ["03-25 00:00 yearly.stay entered"]);
}

#[test]
fn a_date_that_is_over_when_it_is_told_is_left_out() {
    let mut scene = known(&[BEFORE], "03-05"); // a week before was in February
    scene.until("04-20");
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_date_of_this_very_instant_is_not_over() {
    let now = "{ journey: now, enter: { on: { date: event_at } }, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[now]);
    scene.know(|lea| lea.attribute("event_at", moment("03-02 09:00")));
    assert_eq!(scene.walked(), ["03-02 09:00 now.end entered", "03-02 09:00 now.end exited by step done"]);
}

#[test]
fn a_date_that_is_over_opens_its_door_when_it_is_told_where_the_journey_sends_late() {
    let mut scene = known(&[&format!("{BEFORE}\nlate: {{ then: send }}")], "03-05");
    // The run begins now and not in the past.
    assert_eq!(scene.walked(), ["03-02 09:00 before.say entered", "03-02 09:00 before.say sent soon"]);
    scene.until("03-05 09:00");
    assert_eq!(
        scene.walked(),
        ["03-05 09:00 before.stay waited", "03-05 09:00 before.stay exited completed"]
    );
}

#[test]
fn a_date_that_is_over_by_no_more_than_the_grace_opens_its_door() {
    let skip = |grace: &str| format!("{BEFORE}\nlate: {{ grace: {grace}, then: skip }}");
    // Due at 10:00 on 1 March: 23 hours ago.
    let mut scene = known(&[&skip("23h")], "03-08");
    assert_eq!(scene.walked(), ["03-02 09:00 before.say entered", "03-02 09:00 before.say sent soon"]);
    let mut scene = known(&[&skip("22h59m59s")], "03-08");
    scene.until("04-20");
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn a_date_that_comes_while_its_journey_is_paused_opens_it_when_the_pause_ends() {
    let mut scene = Scene::paused(&[BEFORE], "before", &[("03-13", "03-14 08:00")]);
    scene.know(|lea| lea.attribute("event_at", day("03-20")));
    scene.until("03-15");
    assert_eq!(scene.walked(), ["03-14 08:00 before.say entered", "03-14 08:00 before.say sent soon"]);
}

#[test]
fn a_date_that_a_pause_made_later_than_the_grace_is_left_out() {
    for (grace, opens) in [("22h", true), ("21h", false)] {
        let before = format!("{BEFORE}\nlate: {{ grace: {grace}, then: skip }}");
        let mut scene = Scene::paused(&[&before], "before", &[("03-13", "03-14 08:00")]);
        scene.know(|lea| lea.attribute("event_at", day("03-20")));
        scene.until("03-15");
        assert_eq!(!scene.walked().is_empty(), opens, "{grace}");
    }
}

#[test]
fn another_zone_moves_what_is_to_come() {
    let mut scene = known(&[BEFORE], "03-20");
    scene.know(|lea| lea.zone("Asia/Tokyo"));
    scene.until("03-13 01:00");
    assert_eq!(scene.walked(), ["03-13 01:00 before.say entered", "03-13 01:00 before.say sent soon"]);
}

#[test]
fn another_zone_does_not_bring_back_what_is_over() {
    let again = BEFORE.replace("steps:", "reenter: always\nsteps:").replace("wait: 3d", "wait: 1h");
    let mut scene = Scene::of(&[&again]);
    scene.know(|lea| lea.zone("Asia/Tokyo").attribute("event_at", day("03-20")));
    scene.until("03-13 05:00");
    scene.walked();
    // It is not yet ten in Montreal.
    scene.know(|lea| lea.zone("America/Montreal"));
    scene.until("03-20");
    assert_eq!(scene.walked(), [""; 0]);
}

#[test]
fn another_zone_does_not_drop_what_a_pause_holds() {
    let mut scene = Scene::paused(&[BEFORE], "before", &[("03-13", "03-14 08:00")]);
    scene.know(|lea| lea.attribute("event_at", day("03-20")));
    scene.until("03-13 12:00");
    scene.know(|lea| lea.zone("Asia/Tokyo"));
    scene.until("03-15");
    assert_eq!(scene.walked(), ["03-14 08:00 before.say entered", "03-14 08:00 before.say sent soon"]);
}

#[test]
fn a_predicate_at_the_door_is_asked_when_the_date_comes() {
    let vip = "{ journey: vip, enter: { on: { date: event_at }, if: { tag: vip } }, steps: [{ id: end, exit: done }] }";
    let mut scene = known(&[vip], "03-20");
    scene.until("03-22");
    assert_eq!(scene.walked(), [""; 0]);
    let mut scene = known(&[vip], "03-20");
    scene.until("03-19");
    scene.know(|lea| lea.tag("vip"));
    scene.until("03-22");
    assert_eq!(scene.walked()[0], "03-20 00:00 vip.end entered");
}

#[test]
fn several_doors_of_one_date_open_each_at_its_time() {
    let countdown = "
journey: countdown
enter: [{ on: { date: event_at, offset: -7d } }, { on: { date: event_at, offset: -1d } }]
reenter: always
steps: [{ id: say, send: { channel: email, template: soon, purpose: news } }]
";
    let mut scene = known(&[countdown], "03-20");
    scene.until("03-22");
    assert_eq!(scene.said(), ["03-13 00:00 soon", "03-19 00:00 soon"]);
}

#[test]
fn one_instant_told_again_opens_a_run_of_its_own() {
    let sends = format!("{BEFORE}\nlate: {{ then: send }}");
    let mut scene = known(&[&sends], "03-05");
    scene.walked();
    scene.know(|lea| lea.without("event_at"));
    scene.know(|lea| lea.attribute("event_at", day("03-05")));
    assert_eq!(
        scene.walked(),
        [
            "03-02 09:00 before.stay exited date_moved",
            "03-02 09:00 before.say entered",
            "03-02 09:00 before.say sent soon"
        ]
    );
    assert_eq!((scene.taken_back().len(), scene.said().len()), (1, 1));
}

#[test]
fn journeys_that_move_each_others_dates_do_not_spin() {
    let mover = |name: &str, to: &str| {
        format!(
            "
journey: {name}
enter: {{ on: {{ date: event_at }} }}
reenter: always
late: {{ then: send }}
steps: [{{ id: move, set: {{ attributes: {{ event_at: {{ date: {to} }} }} }} }}, {{ id: stay, wait: 1d }}]
"
        )
    };
    let mut scene = known(&[&mover("one", "2026-02-01"), &mover("two", "2026-02-02")], "02-03");
    let at_once = scene.walked();
    assert!(at_once.len() < 20, "{at_once:?}");
    scene.until("03-02 09:02");
    assert!(scene.walked().iter().all(|line| !line.starts_with("03-02 09:00 ")));
}

/// What happens in the very instant of the last entry plans it once more, and it must not open its door twice.
#[test]
fn the_last_day_of_a_calendar_opens_its_door_once() {
    let last = "{ journey: daily, enter: { on: { schedule: { every: day, at: \"12:00\", until: 2026-03-04 } } }, reenter: always, steps: [{ id: end, exit: done }] }";
    let mut scene = Scene::of(&[last]);
    scene.until("03-03 12:00");
    scene.event("seen");
    scene.event("seen");
    scene.until("03-09");
    let walked = scene.walked();
    assert_eq!(walked.iter().filter(|line| line.contains("entered")).count(), 2, "{walked:?}");
}
