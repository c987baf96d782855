//! Who opened or clicked: the person, or a machine that looks at mail before the person does.

use chrono::TimeDelta;

/// What is known of one open or click when it comes in; the address it came from and its agent are forgotten afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visit<'a> {
    /// What the visitor calls itself; `None` where it says nothing.
    pub agent: Option<&'a str>,
    /// By which method: `GET`, `HEAD` ...
    pub method: &'a str,
    /// How long after the message was handed over.
    pub since_delivery: Option<TimeDelta>,
    /// How many different links of the message were asked for within two seconds, this one included.
    pub links_at_once: u32,
    /// How many links the message has.
    pub links: u32,
    /// Whether it asked for a link that no person sees.
    pub is_trap: bool,
}

impl<'a> Visit<'a> {
    /// A visit with a method and an agent.
    #[must_use]
    pub fn new(method: &'a str, agent: Option<&'a str>) -> Self {
        Self { agent, method, ..Self::default() }
    }

    /// Says how long after the message was handed over it came.
    #[must_use]
    pub fn after(self, since_delivery: TimeDelta) -> Self {
        Self { since_delivery: Some(since_delivery), ..self }
    }

    /// Says how many of the message's links were asked for within two seconds.
    #[must_use]
    pub fn links(self, links_at_once: u32, links: u32) -> Self {
        Self { links_at_once, links, ..self }
    }

    /// Says that it asked for a link that no person sees.
    #[must_use]
    pub fn trapped(self) -> Self {
        Self { is_trap: true, ..self }
    }
}

/// Who it was. Only what a person did may move a branch, a score or a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// A person, as far as one can see.
    Human,
    /// A machine.
    Machine,
    /// It cannot be told; it counts as little as a machine.
    Unclear,
}

/// How an agent is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// Its name in small letters, or a part of it.
    pub name: &'static str,
    /// Whether the whole name must be that.
    pub is_whole: bool,
    /// Where that is written.
    pub source: &'static str,
    /// When it was looked up.
    pub as_of: &'static str,
}

const fn agent(name: &'static str, source: &'static str) -> Agent {
    Agent { name, is_whole: false, source, as_of: "2026-11-20" }
}

const SELF: &str = "it says so itself";

/// The agents that are machines.
pub const MACHINES: &[Agent] = &[
    // Apple's mail privacy protection loads every picture, opened or not.
    Agent { name: "mozilla/5.0", is_whole: true, source: "ua-parser#509", as_of: "2026-11-20" },
    agent("edge/12.246 mozilla/5.0", "mautic#10245, keila#164: Gmail before the mail is opened"),
    agent("sendgrid", "SendGrid: sg_machine_open"),
    agent("barracuda", SELF),
    agent("proofpoint", SELF),
    agent("mimecast", SELF),
    agent("safelinks", SELF),
    agent("bingpreview", SELF),
    agent("slackbot", SELF),
    agent("facebookexternalhit", SELF),
    agent("whatsapp/", SELF),
    agent("telegrambot", SELF),
    agent("twitterbot", SELF),
    agent("googlebot", SELF),
    agent("headlesschrome", SELF),
    agent("python-requests", SELF),
    agent("python-urllib", SELF),
    agent("go-http-client", SELF),
    agent("okhttp", SELF),
    agent("curl/", SELF),
    agent("wget/", SELF),
    agent("crawler", SELF),
    agent("spider", SELF),
    agent("scanner", SELF),
];

/// Before this much time has passed, a mail filter is more likely than a person.
const SOON: TimeDelta = TimeDelta::seconds(10);
/// The longest name of an agent that is looked at.
const MOST_AGENT: usize = 1_000;

/// Who it was.
///
/// ```
/// use chrono::TimeDelta;
/// use journeyman::rule::visit::{Verdict, Visit, judge};
/// let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// let click = Visit::new("GET", Some(browser)).after(TimeDelta::minutes(7)).links(1, 4);
/// assert_eq!(judge(&click), Verdict::Human);
/// assert_eq!(judge(&Visit::new("HEAD", Some(browser))), Verdict::Machine);
/// assert_eq!(judge(&Visit::new("GET", Some("Mozilla/5.0"))), Verdict::Machine);
/// ```
#[must_use]
pub fn judge(visit: &Visit<'_>) -> Verdict {
    if visit.is_trap || !["GET", "POST"].contains(&visit.method.to_ascii_uppercase().as_str()) {
        return Verdict::Machine;
    }
    let name: String = visit.agent.unwrap_or_default().trim().chars().take(MOST_AGENT).collect();
    let name = name.to_lowercase();
    let is = |known: &Agent| if known.is_whole { name == known.name } else { name.contains(known.name) };
    if MACHINES.iter().any(is) {
        return Verdict::Machine;
    }
    let asked_for_all = visit.links_at_once > 1 && visit.links_at_once >= visit.links;
    let soon = visit.since_delivery.is_some_and(|since| since < SOON);
    if asked_for_all || (soon && visit.links_at_once > 1) {
        return Verdict::Machine;
    }
    if soon || visit.links_at_once > 1 || name.is_empty() || visit.since_delivery.is_none() {
        return Verdict::Unclear;
    }
    Verdict::Human
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1";

    #[test]
    fn a_person_is_slow_and_has_a_browser() {
        let person = Visit::new("GET", Some(BROWSER)).after(TimeDelta::minutes(3)).links(1, 3);
        assert_eq!(judge(&person), Verdict::Human);
        assert_eq!(judge(&person.after(TimeDelta::seconds(9))), Verdict::Unclear);
        assert_eq!(judge(&person.after(TimeDelta::seconds(10))), Verdict::Human);
        assert_eq!(judge(&person.links(3, 3)), Verdict::Machine, "all of them at once");
        assert_eq!(judge(&person.links(2, 3)), Verdict::Unclear);
        assert_eq!(judge(&person.links(2, 3).after(TimeDelta::seconds(2))), Verdict::Machine);
        assert_eq!(judge(&person.links(1, 1)), Verdict::Human, "the only link is one click");
        assert_eq!(judge(&person.trapped()), Verdict::Machine);
        assert_eq!(judge(&Visit { agent: None, ..person }), Verdict::Unclear);
        assert_eq!(judge(&Visit { since_delivery: None, ..person }), Verdict::Unclear);
        assert_eq!(judge(&Visit { method: "head", ..person }), Verdict::Machine);
        for known in MACHINES {
            assert_eq!(
                judge(&Visit { agent: Some(known.name), ..person }),
                Verdict::Machine,
                "{}",
                known.name
            );
        }
    }
}
