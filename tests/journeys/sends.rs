//! When a message may be said: windows, quiet hours, deadlines.

use crate::scene::Scene;

fn says(send: &str) -> String {
    format!(
        "
journey: says
enter: {{ on: {{ event: go }} }}
steps:
  - {{ id: say, send: {{ channel: sms, template: hello, purpose: news{send} }} }}
  - {{ id: end, exit: done }}
"
    )
}

/// What becomes of a message that is decided at an instant by one who lives there.
fn said(send: &str, zone: &str, at: &str) -> Vec<String> {
    let mut scene = Scene::of(&[&says(send)]);
    scene.know(|lea| lea.zone(zone));
    scene.until(at);
    scene.event("go");
    scene.until("03-20");
    let walked = scene.walked();
    walked[1..walked.len() - 1].to_vec()
}

const WINDOW: &str = ", window: \"Tue-Thu 10:00-14:00 18:00-20:00\"";
const QUIET: &str = ", purpose: marketing";

/// The purpose that quiet hours, 20:00 to 08:30, concern.
fn marketing(send: &str) -> String {
    says(send).replace("purpose: news", &QUIET[2..])
}

fn said_as_marketing(send: &str, at: &str) -> Vec<String> {
    let mut scene = Scene::of(&[&marketing(send)]);
    scene.until(at);
    scene.event("go");
    scene.until("03-20");
    let walked = scene.walked();
    walked[1..walked.len() - 1].to_vec()
}

#[test]
fn a_message_is_held_until_its_window_opens() {
    assert_eq!(
        said(WINDOW, "UTC", "03-02 09:00"),
        ["03-02 09:00 says.say deferred 03-03 10:00 window", "03-03 10:00 says.say sent hello"]
    );
    assert_eq!(said(WINDOW, "UTC", "03-03 10:00"), ["03-03 10:00 says.say sent hello"]);
    assert_eq!(said(WINDOW, "UTC", "03-03 13:59"), ["03-03 13:59 says.say sent hello"]);
}

#[test]
fn a_window_may_open_twice_a_day_and_is_closed_at_its_end() {
    assert_eq!(
        said(WINDOW, "UTC", "03-03 14:00"),
        ["03-03 14:00 says.say deferred 03-03 18:00 window", "03-03 18:00 says.say sent hello"]
    );
    assert_eq!(
        said(WINDOW, "UTC", "03-05 20:00"),
        ["03-05 20:00 says.say deferred 03-10 10:00 window", "03-10 10:00 says.say sent hello"]
    );
}

#[test]
fn a_window_across_midnight_belongs_to_the_day_on_which_it_opens() {
    let night = ", window: \"Fri 22:00-02:00\"";
    assert_eq!(said(night, "UTC", "03-07 01:59"), ["03-07 01:59 says.say sent hello"]);
    assert_eq!(said(night, "UTC", "03-07 02:00")[0], "03-07 02:00 says.say deferred 03-13 22:00 window");
}

#[test]
fn the_weekday_is_the_contacts() {
    // Monday 23:30 UTC is Tuesday 08:30 in Tokyo, where it opens at 10:00.
    assert_eq!(
        said(WINDOW, "Asia/Tokyo", "03-02 23:30")[0],
        "03-02 23:30 says.say deferred 03-03 01:00 window"
    );
    // Thursday 16:00 UTC is Friday in Tokyo.
    assert_eq!(
        said(WINDOW, "Asia/Tokyo", "03-05 16:00")[0],
        "03-05 16:00 says.say deferred 03-10 01:00 window"
    );
}

#[test]
fn quiet_hours_and_window_push_each_other_on() {
    // Quiet until 08:30, when the window is closed again; it opens at 19:00, and quiet hours begin at 20:00.
    assert_eq!(
        said_as_marketing(", window: \"06:00-08:00 19:00-21:00\"", "03-02 20:30"),
        ["03-02 20:30 says.say deferred 03-03 19:00 quiethours+window", "03-03 19:00 says.say sent hello"]
    );
    assert_eq!(
        said_as_marketing(", window: \"20:00-09:00\"", "03-02 19:30"),
        ["03-02 19:30 says.say deferred 03-03 08:30 window+quiethours", "03-03 08:30 says.say sent hello"]
    );
    assert_eq!(
        said_as_marketing("", "03-02 20:00"),
        ["03-02 20:00 says.say deferred 03-03 08:30 quiethours", "03-03 08:30 says.say sent hello"]
    );
    assert_eq!(said_as_marketing("", "03-02 19:59"), ["03-02 19:59 says.say sent hello"]);
}

#[test]
fn a_message_that_could_be_said_only_after_its_deadline_is_left_out() {
    let within = |span: &str| format!(", window: \"Mon,Fri 10:00-14:00\", deadline: {span}");
    // From Monday 15:00 until Friday 10:00 are 91 hours; the deadline itself is too late.
    assert_eq!(said(&within("92h"), "UTC", "03-02 15:00")[1], "03-06 10:00 says.say sent hello");
    let day = ", window: \"10:00-14:00\", deadline: 20h";
    assert_eq!(said(day, "UTC", "03-02 14:00")[0], "03-02 14:00 says.say refused window+deadline");
    assert_eq!(said(day, "UTC", "03-02 14:01")[1], "03-03 10:00 says.say sent hello");
}

#[test]
fn quiet_hours_alone_can_make_a_message_too_late() {
    assert_eq!(
        said_as_marketing(", deadline: 2h", "03-02 20:30"),
        ["03-02 20:30 says.say refused quiethours+deadline"]
    );
    assert_eq!(
        said_as_marketing(", deadline: 12h", "03-02 20:30"),
        ["03-02 20:30 says.say refused quiethours+deadline"]
    );
    assert_eq!(said_as_marketing(", deadline: 12h", "03-02 20:31")[1], "03-03 08:30 says.say sent hello");
}

#[test]
fn a_deadline_that_sends_overrides_the_window_and_never_quiet_hours() {
    let send = ", window: \"Tue 10:00-14:00\", deadline: { within: 4h, then: send }";
    assert_eq!(said(send, "UTC", "03-03 15:00"), ["03-03 15:00 says.say sent hello"]);
    // The window opens in time: it is waited for.
    assert_eq!(said(send, "UTC", "03-03 07:00")[1], "03-03 10:00 says.say sent hello");
    assert_eq!(
        said_as_marketing(send, "03-03 21:00"),
        ["03-03 21:00 says.say deferred 03-04 08:30 quiethours", "03-04 08:30 says.say sent hello"]
    );
}

#[test]
fn a_deadline_counts_from_the_arrival_at_the_step() {
    let text = "
journey: says
enter: { on: { event: go } }
steps:
  - { id: wait, wait: 1d }
  - { id: say, send: { channel: sms, template: hello, purpose: news, window: \"10:00-14:00\", deadline: 25h } }
";
    let mut scene = Scene::of(&[text]);
    scene.until("03-02 15:00");
    scene.event("go");
    scene.until("03-20");
    assert_eq!(
        scene.walked()[2..4],
        ["03-03 15:00 says.say deferred 03-04 10:00 window", "03-04 10:00 says.say sent hello"]
    );
}

#[test]
fn what_is_refused_goes_the_way_of_the_refused_and_on_without_it() {
    let refused = says(", refused: no")
        .replace("steps:", "steps:\n")
        .replace("  - { id: end, exit: done }", "  - { id: end, exit: done }\n  - { id: no, exit: told_no }");
    let mut scene = Scene::of(&[&refused.replace("purpose: news", "purpose: unheard")]);
    scene.event("go");
    assert_eq!(
        scene.walked()[1..],
        ["03-02 09:00 says.say refused noconsent", "03-02 09:00 says.no exited by step told_no"]
    );
    for (accepted, end) in [(true, "says.end exited by step done"), (false, "says.no exited by step told_no")]
    {
        let mut scene = Scene::of(&[&refused]);
        scene.event("go");
        assert_eq!(scene.walked()[1..], ["03-02 09:00 says.say sent hello"]);
        scene.until("03-03");
        scene.answer(accepted);
        assert!(scene.walked().last().unwrap().ends_with(end));
    }
}

#[test]
fn whoever_withdraws_while_a_message_is_held_is_not_told() {
    use journeyman::machine::{InputKind, Withdrawal};
    use journeyman::model::Evidence;
    let mut scene = Scene::of(&[&says(WINDOW)]);
    scene.event("go");
    scene.hear(InputKind::Withdrawal(Withdrawal::of("lea", "news", "sms", Evidence::new("page", "v1"))));
    scene.until("03-04");
    assert_eq!(scene.walked()[2], "03-03 10:00 says.say refused withdrawn");
}
