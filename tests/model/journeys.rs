//! The journeys of the stories, each written twice: as an author writes it, and as the reference reads it.

/// One version of one journey. Spans and instants are whole minutes.
pub(crate) struct Journey {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    /// What opens it.
    pub(crate) opens: &'static str,
    /// The least number that the event must carry, and the least score that the contact must have.
    pub(crate) door: (Option<i64>, Option<i64>),
    pub(crate) again: Again,
    pub(crate) ends: &'static [End],
    pub(crate) longest: Option<i64>,
    /// Name, what happens there, and what follows: another name, or nothing at the end.
    pub(crate) nodes: &'static [(&'static str, Node, &'static str)],
    /// The same for the engine.
    pub(crate) text: &'static str,
}

pub(crate) enum Again {
    Never,
    Always,
    After(i64),
}

/// An event, with the least number that it must carry, that ends a journey.
pub(crate) struct End(pub(crate) &'static str, pub(crate) Option<i64>, pub(crate) bool);

/// An event that is waited for, the number that it must carry, and where it leads.
pub(crate) struct Hope(pub(crate) &'static str, pub(crate) Option<i64>, pub(crate) &'static str);

/// A way that is open to scores in `[from, to)`.
pub(crate) struct Way(pub(crate) i64, pub(crate) i64, pub(crate) &'static str);

pub(crate) enum Node {
    Send {
        channel: &'static str,
        template: &'static str,
        purpose: &'static str,
        refused: Option<&'static str>,
    },
    Wait(i64),
    UntilEntry(i64),
    /// A minute of the day.
    UntilTime(i64),
    WaitFor {
        any: &'static [Hope],
        within: i64,
        otherwise: &'static str,
    },
    Branch {
        ways: &'static [Way],
        otherwise: &'static str,
    },
    Exit(&'static str),
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

const fn send(channel: &'static str, template: &'static str, purpose: &'static str) -> Node {
    Node::Send { channel, template, purpose, refused: None }
}

const fn send_or(
    channel: &'static str,
    template: &'static str,
    purpose: &'static str,
    refused: &'static str,
) -> Node {
    Node::Send { channel, template, purpose, refused: Some(refused) }
}

pub(crate) const TEMPLATES: [&str; 5] = ["hello", "note", "offer", "thanks", "bye"];

/// In order of name, then version.
pub(crate) static JOURNEYS: [Journey; 6] = [
    Journey {
        name: "offer",
        version: 1,
        opens: "seen",
        door: (Some(1), None),
        again: Again::Always,
        ends: &[End("left", None, false)],
        longest: None,
        nodes: &[
            ("try", send_or("email", "offer", "marketing", "other"), "morning"),
            ("morning", Node::UntilTime(9 * HOUR), "thanks"),
            ("thanks", send("sms", "thanks", "service"), "end"),
            ("other", send_or("sms", "offer", "service", "sorry"), "nap"),
            ("nap", Node::Wait(90), "end"),
            ("end", Node::Exit("done"), ""),
            ("sorry", Node::Exit("unreachable"), ""),
        ],
        text: r#"
journey: offer
version: 1
enter: { on: { event: seen, where: { number: { at_least: 1 } } } }
reenter: always
exit:
  - { on: { event: left } }
steps:
  - { id: try, send: { channel: email, template: offer, purpose: marketing, refused: other } }
  - { id: morning, wait_until: { time: "09:00" } }
  - { id: thanks, send: { channel: sms, template: thanks, purpose: service }, goto: end }
  - { id: other, send: { channel: sms, template: offer, purpose: service, refused: sorry } }
  - { id: nap, wait: 90m }
  - { id: end, exit: done }
  - { id: sorry, exit: unreachable }
"#,
    },
    Journey {
        name: "offer",
        version: 2,
        opens: "seen",
        door: (None, None),
        again: Again::Always,
        ends: &[],
        longest: Some(DAY),
        nodes: &[
            ("try", send_or("sms", "offer", "marketing", "nap"), "nap"),
            ("nap", Node::Wait(30), "again"),
            ("again", send("email", "offer", "service"), ""),
        ],
        text: r#"
journey: offer
version: 2
enter: { on: { event: seen } }
reenter: always
max_duration: 1d
steps:
  - { id: try, send: { channel: sms, template: offer, purpose: marketing, refused: nap } }
  - { id: nap, wait: 30m }
  - { id: again, send: { channel: email, template: offer, purpose: service } }
"#,
    },
    Journey {
        name: "trail",
        version: 1,
        opens: "clicked",
        door: (None, Some(10)),
        again: Again::Never,
        ends: &[End("booked", Some(2), true)],
        longest: Some(5 * DAY),
        nodes: &[
            ("turn", Node::Wait(6 * HOUR), "note"),
            ("note", send("sms", "note", "marketing"), "more"),
            (
                "more",
                Node::Branch {
                    ways: &[Way(i64::MIN, 30, "turn"), Way(80, i64::MAX, "last")],
                    otherwise: "mid",
                },
                "",
            ),
            (
                "mid",
                Node::WaitFor {
                    any: &[Hope("seen", Some(2), "turn"), Hope("clicked", None, "last")],
                    within: 3 * HOUR,
                    otherwise: "turn",
                },
                "",
            ),
            ("last", send("email", "thanks", "service"), ""),
        ],
        text: r#"
journey: trail
version: 1
enter: { on: { event: clicked }, if: { attribute: score, at_least: 10 } }
exit:
  - { on: { event: booked, where: { number: { at_least: 2 } } }, as: goal }
max_duration: 5d
steps:
  - { id: turn, wait: 6h }
  - { id: note, send: { channel: sms, template: note, purpose: marketing } }
  - { id: more, branch: { when: [{ if: { attribute: score, below: 30 }, goto: turn }, { if: { attribute: score, at_least: 80 }, goto: last }], else: mid } }
  - { id: mid, wait_for: { any: [{ event: seen, where: { number: 2 }, goto: turn }, { event: clicked }], within: 3h, otherwise: turn } }
  - { id: last, send: { channel: email, template: thanks, purpose: service } }
"#,
    },
    Journey {
        name: "trail",
        version: 2,
        opens: "booked",
        door: (None, None),
        again: Again::After(3 * DAY),
        ends: &[],
        longest: None,
        nodes: &[
            ("rest", Node::UntilEntry(DAY), "last"),
            ("last", send("sms", "note", "marketing"), "end"),
            ("end", Node::Exit("done"), ""),
        ],
        text: r#"
journey: trail
version: 2
enter: { on: { event: booked } }
reenter: { after: 3d }
steps:
  - { id: rest, wait_until: { entry: +1d } }
  - { id: last, send: { channel: sms, template: note, purpose: marketing } }
  - { id: end, exit: done }
"#,
    },
    Journey {
        name: "welcome",
        version: 1,
        opens: "signed_up",
        door: (None, None),
        again: Again::After(2 * DAY),
        ends: &[End("booked", None, true), End("left", None, false)],
        longest: Some(3 * DAY),
        nodes: &[
            ("hello", send("email", "hello", "service"), "rest"),
            ("rest", Node::Wait(2 * HOUR), "ask"),
            (
                "ask",
                Node::WaitFor {
                    any: &[Hope("clicked", Some(1), "thanks"), Hope("seen", None, "tier")],
                    within: DAY,
                    otherwise: "nudge",
                },
                "",
            ),
            ("tier", Node::Branch { ways: &[Way(50, i64::MAX, "thanks")], otherwise: "nudge" }, ""),
            ("nudge", send("sms", "note", "marketing"), "later"),
            ("later", Node::UntilEntry(2 * DAY), "thanks"),
            ("thanks", send("email", "thanks", "marketing"), "stay"),
            ("stay", Node::Wait(2 * DAY), "end"),
            ("end", Node::Exit("done"), ""),
        ],
        text: r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
reenter: { after: 2d }
exit:
  - { on: { event: booked }, as: goal }
  - { on: { event: left } }
max_duration: 3d
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: service } }
  - { id: rest, wait: 2h }
  - { id: ask, wait_for: { any: [{ event: clicked, where: { number: 1 }, goto: thanks }, { event: seen }], within: 1d, otherwise: nudge } }
  - { id: tier, branch: { when: [{ if: { attribute: score, at_least: 50 }, goto: thanks }], else: nudge } }
  - { id: nudge, send: { channel: sms, template: note, purpose: marketing } }
  - { id: later, wait_until: { entry: +2d } }
  - { id: thanks, send: { channel: email, template: thanks, purpose: marketing } }
  - { id: stay, wait: 2d }
  - { id: end, exit: done }
"#,
    },
    Journey {
        name: "welcome",
        version: 2,
        opens: "signed_up",
        door: (None, None),
        again: Again::After(DAY),
        ends: &[End("left", None, false)],
        longest: None,
        nodes: &[
            ("hello", send("sms", "hello", "marketing"), "ask"),
            (
                "ask",
                Node::WaitFor { any: &[Hope("seen", None, "thanks")], within: 12 * HOUR, otherwise: "bye" },
                "",
            ),
            ("thanks", send("sms", "thanks", "service"), "end"),
            ("bye", send("email", "bye", "marketing"), "end"),
            ("end", Node::Exit("finished"), ""),
        ],
        text: r#"
journey: welcome
version: 2
enter: { on: { event: signed_up } }
reenter: { after: 1d }
exit:
  - { on: { event: left } }
steps:
  - { id: hello, send: { channel: sms, template: hello, purpose: marketing } }
  - { id: ask, wait_for: { any: [{ event: seen }], within: 12h, otherwise: bye } }
  - { id: thanks, send: { channel: sms, template: thanks, purpose: service }, goto: end }
  - { id: bye, send: { channel: email, template: bye, purpose: marketing } }
  - { id: end, exit: finished }
"#,
    },
];
