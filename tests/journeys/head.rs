//! What a journey says of itself as a whole: when it lets people in, and whom it tells nothing.

use crate::scene::Scene;

#[test]
fn one_enters_from_the_opening_on_and_no_more_from_the_closing_on() {
    let season = "
journey: season
zone: Europe/Paris
opens: \"2026-03-03T00:00\"
closes: \"2026-03-05T00:00\"
enter: { on: { event: go } }
reenter: always
steps: [{ id: end, exit: done }]
";
    for (at, open) in
        [("03-02 22:59", false), ("03-02 23:00", true), ("03-04 22:59", true), ("03-04 23:00", false)]
    {
        let mut scene = Scene::of(&[season]);
        // The instants are the journey's, wherever the contact lives.
        scene.know(|lea| lea.zone("Asia/Tokyo"));
        scene.until(at);
        scene.event("go");
        assert_eq!(!scene.walked().is_empty(), open, "{at}");
    }
}

#[test]
fn a_run_that_began_in_time_goes_on_after_the_closing() {
    let season = "{ journey: season, closes: \"2026-03-05T00:00\", enter: { on: { event: go } }, steps: [{ id: w, wait: 9d }] }";
    let mut scene = Scene::of(&[season]);
    scene.event("go");
    scene.until("03-12");
    assert_eq!(scene.walked().last().unwrap(), "03-11 09:00 season.w exited completed");
}

#[test]
fn the_window_holds_for_what_a_step_enters_too() {
    let mut scene = Scene::of(&[
        "{ journey: season, closes: \"2026-03-02T00:00\", enter: { on: { host: nobody } }, steps: [{ id: w, wait: 9d }] }",
        "{ journey: opens, enter: { on: { event: go } }, steps: [{ id: e, enter: { journey: season } }] }",
    ]);
    scene.event("go");
    assert_eq!(scene.walked()[1], "03-02 09:00 opens.e not opened");
}

fn says(holdout: &str) -> String {
    format!(
        "
journey: says
{holdout}
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: say, send: {{ channel: email, template: hello, purpose: news, refused: no }} }}
  - {{ id: wait, wait: 1d }}
  - {{ id: no, send: {{ channel: sms, template: hello, purpose: marketing }} }}
"
    )
}

/// Whether a contact is refused everything as one who is held out; it walks all the same.
fn held_out(contact: &str, holdout: &str, of_all: u8) -> bool {
    let mut scene = Scene::whose(contact, &[&says(holdout)], |parts| parts.holdout = of_all);
    scene.until("03-02 12:00");
    scene.event("go");
    let walked = scene.walked();
    let held = walked.iter().any(|line| line.contains("holdout"));
    if held {
        let expected = [
            "03-02 12:00 says.say entered",
            "03-02 12:00 says.say refused holdout",
            "03-02 12:00 says.no refused holdout",
            "03-02 12:00 says.no exited completed",
        ];
        assert_eq!(walked, expected);
        assert_eq!(scene.said(), [""; 0]);
    }
    held
}

#[test]
fn a_contact_that_is_held_out_walks_and_is_refused_everything() {
    assert!(held_out("lea", "holdout: 100", 0));
    assert!(!held_out("lea", "", 0));
    let held = (0..200).filter(|number| held_out(&format!("c{number}"), "holdout: 20", 0)).count();
    assert!((20..60).contains(&held), "{held}");
}

#[test]
fn who_is_held_out_of_all_is_refused_by_every_journey() {
    assert!(held_out("lea", "", 100));
    let held = (0..200).filter(|number| held_out(&format!("c{number}"), "", 20)).count();
    assert!((20..60).contains(&held), "{held}");
}

#[test]
fn one_contact_is_held_out_of_a_journey_for_ever() {
    for number in 0..20 {
        let contact = format!("c{number}");
        assert_eq!(held_out(&contact, "holdout: 50", 0), held_out(&contact, "holdout: 50", 0));
        // More of a hundred hold out those who were, and more.
        assert!(!held_out(&contact, "holdout: 20", 0) || held_out(&contact, "holdout: 60", 0));
    }
}
