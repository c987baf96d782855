//! Waits until an instant that the entry, a date or the local clock names.

use crate::scene::{Scene, day, moment};

fn until(until: &str) -> String {
    format!(
        "
journey: clock
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: first, wait: 3h }}
  - {{ id: wait, wait_until: {until} }}
  - {{ id: end, exit: done }}
"
    )
}

/// When the wait is over for one who arrives on Monday, 2 March, at 12:00 UTC.
fn over(wait: &str, zone: &str, date: Option<&str>) -> String {
    let mut scene = Scene::of(&[&until(wait)]);
    scene.know(|lea| lea.zone(zone));
    if let Some(date) = date {
        let value = if date.len() == 5 { day(date) } else { moment(date) };
        scene.know(|lea| lea.attribute("event_at", value.clone()));
    }
    scene.event("go");
    scene.until("05-01");
    let walked = scene.walked();
    walked[2].strip_suffix(" clock.wait waited").unwrap().to_string()
}

#[test]
fn a_wait_until_ends_at_the_instant_that_its_fields_name_together() {
    for (wait, zone, ends) in [
        ("{ entry: +3d }", "UTC", "03-05 09:00"),
        ("{ entry: 1mo }", "UTC", "04-02 09:00"),
        ("{ entry: 3d, time: \"18:30\" }", "UTC", "03-05 18:30"),
        ("{ entry: 3d, time: \"08:00\" }", "Asia/Tokyo", "03-04 23:00"),
        ("{ time: \"18:30\" }", "UTC", "03-02 18:30"),
        ("{ time: \"12:00\" }", "UTC", "03-02 12:00"),
        ("{ time: \"11:59\" }", "UTC", "03-03 11:59"),
        ("{ time: \"02:30\" }", "Europe/Paris", "03-03 01:30"),
        ("{ days: Thu }", "UTC", "03-05 00:00"),
        ("{ days: Mon }", "UTC", "03-02 12:00"),
        ("{ days: Mon, time: \"11:00\" }", "UTC", "03-09 11:00"),
        ("{ days: Tue-Thu, time: \"10:00\" }", "UTC", "03-03 10:00"),
        // It is Tuesday 21:00 in Auckland on Monday... and the weekday is the contact's.
        ("{ days: Tue, time: \"01:00\" }", "Pacific/Auckland", "03-02 12:00"),
        ("{ entry: 3d, days: Mon, time: \"10:00\" }", "UTC", "03-09 10:00"),
        ("{ window: \"Mon-Fri 10:00-14:00\" }", "UTC", "03-02 12:00"),
        ("{ window: \"Tue-Thu 10:00-14:00 18:00-20:00\" }", "UTC", "03-03 10:00"),
        ("{ window: \"18:00-20:00\" }", "UTC", "03-02 18:00"),
        ("{ window: \"Tue-Thu 10:00-14:00\" }", "Asia/Tokyo", "03-03 01:00"),
        ("{ entry: 4d, window: \"Tue-Thu 10:00-14:00\" }", "UTC", "03-10 10:00"),
        ("{ days: Tue, time: \"09:00\", window: \"10:00-11:00\" }", "UTC", "03-03 10:00"),
    ] {
        assert_eq!(over(wait, zone, None), ends, "{wait} {zone}");
    }
}

#[test]
fn a_wait_for_a_date_ends_an_offset_away_from_it() {
    for (wait, zone, date, ends) in [
        ("{ date: event_at }", "UTC", "03-20", "03-20 00:00"),
        ("{ date: event_at }", "Asia/Tokyo", "03-20", "03-19 15:00"),
        ("{ date: event_at }", "Asia/Tokyo", "03-20 18:30", "03-20 18:30"),
        ("{ date: event_at, offset: -7d }", "UTC", "03-20 18:30", "03-13 18:30"),
        ("{ date: event_at, offset: -7d, time: \"10:00\" }", "UTC", "03-20 18:30", "03-13 10:00"),
        ("{ date: event_at, offset: +24h }", "UTC", "03-20 18:30", "03-21 18:30"),
        ("{ date: event_at, offset: -1mo }", "UTC", "04-30", "03-30 00:00"),
        // Seven days before keep the local time over the change of the clocks.
        ("{ date: event_at, offset: -7d }", "Europe/Paris", "04-01 08:00", "03-25 09:00"),
        ("{ date: event_at, days: Mon, time: \"10:00\" }", "UTC", "03-20", "03-23 10:00"),
        ("{ date: event_at, window: \"Mon-Fri 09:00-10:00\" }", "UTC", "03-21", "03-23 09:00"),
    ] {
        assert_eq!(over(wait, zone, Some(date)), ends, "{wait} {zone} {date}");
    }
}

#[test]
fn an_instant_that_is_over_is_not_waited_for() {
    assert_eq!(over("{ entry: 2h }", "UTC", None), "03-02 12:00");
    assert_eq!(over("{ entry: 0d, time: \"10:00\" }", "UTC", None), "03-02 12:00");
    assert_eq!(over("{ date: event_at, offset: -7d }", "UTC", Some("03-05")), "03-02 12:00");
}

#[test]
fn a_contact_without_the_date_does_not_wait() {
    assert_eq!(over("{ date: event_at }", "UTC", None), "03-02 12:00");
}

fn at_the_wait(date: &str) -> Scene {
    let mut scene = Scene::of(&[&until("{ date: event_at, offset: -1d, time: \"10:00\" }")]);
    scene.know(|lea| lea.attribute("event_at", day(date)));
    scene.event("go");
    scene.until("03-05");
    scene.walked();
    scene
}

#[test]
fn a_date_that_moves_moves_the_wait() {
    let mut scene = at_the_wait("03-20");
    scene.know(|lea| lea.attribute("event_at", day("03-10")));
    scene.until("03-08");
    scene.know(|lea| lea.attribute("event_at", day("03-27")));
    scene.until("04-01");
    assert_eq!(
        scene.walked(),
        [
            "03-05 00:00 clock.wait replanned 03-09 10:00",
            "03-08 00:00 clock.wait replanned 03-26 10:00",
            "03-26 10:00 clock.wait waited",
            "03-26 10:00 clock.end exited by step done"
        ]
    );
}

#[test]
fn a_date_that_moves_into_the_past_or_goes_away_ends_the_wait() {
    for gone in [false, true] {
        let mut scene = at_the_wait("03-20");
        match gone {
            true => scene.know(|lea| lea.without("event_at")),
            false => scene.know(|lea| lea.attribute("event_at", day("03-04"))),
        }
        assert_eq!(
            scene.walked(),
            [
                "03-05 00:00 clock.wait replanned 03-05 00:00",
                "03-05 00:00 clock.wait waited",
                "03-05 00:00 clock.end exited by step done"
            ]
        );
    }
}

#[test]
fn another_zone_moves_a_wait_for_a_date_and_no_other() {
    let mut scene = at_the_wait("03-20");
    scene.know(|lea| lea.zone("Asia/Tokyo"));
    assert_eq!(scene.walked(), ["03-05 00:00 clock.wait replanned 03-19 01:00"]);
    let mut scene = Scene::of(&[&until("{ time: \"18:00\" }")]);
    scene.event("go");
    scene.until("03-02 13:00");
    scene.know(|lea| lea.zone("Asia/Tokyo"));
    scene.until("03-03");
    assert_eq!(scene.walked()[2], "03-02 18:00 clock.wait waited");
}

#[test]
fn a_date_that_moves_while_the_journey_is_paused_moves_the_wait_too() {
    let wait = until("{ date: event_at }");
    let mut scene = Scene::paused(&[&wait], "clock", &[("03-04", "03-12")]);
    scene.know(|lea| lea.attribute("event_at", day("03-10")));
    scene.event("go");
    scene.until("03-05");
    scene.walked();
    scene.know(|lea| lea.attribute("event_at", day("03-20")));
    scene.until("03-21");
    assert_eq!(
        scene.walked()[..2],
        ["03-05 00:00 clock.wait replanned 03-20 00:00", "03-20 00:00 clock.wait waited"]
    );
}

#[test]
fn days_are_the_calendars_and_hours_are_exact() {
    let waits = |span: &str| {
        let text = format!(
            "{{ journey: j, zone: Europe/Paris, enter: {{ on: {{ event: go }} }}, steps: [{{ id: w, wait: {span} }}] }}"
        );
        let mut scene = Scene::of(&[&text]);
        scene.until("03-28 09:00"); // the clocks go forward that night
        scene.event("go");
        scene.until("04-02");
        scene.walked()[1].clone()
    };
    assert_eq!(waits("1d"), "03-29 08:00 j.w waited");
    assert_eq!(waits("24h"), "03-29 09:00 j.w waited");
}
