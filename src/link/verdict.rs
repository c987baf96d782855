//! Whether a visit is a person's: mail programs and scanners load pictures and follow links on their own.

use chrono::TimeDelta;

/// What is known of one visit.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Visit<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// Who says to ask, if anybody.
    pub user_agent: Option<&'a str>,
    /// How long ago the message was handed over; `None` where that is not known.
    pub since_delivery: Option<TimeDelta>,
    /// How many different links of the message were followed within two seconds, this one included; 0 for a picture.
    pub links_at_once: usize,
    /// How many links the message has.
    pub links: usize,
}

impl<'a> Visit<'a> {
    /// A visit of which only the request is known.
    #[must_use]
    pub fn new(method: &'a str, user_agent: Option<&'a str>) -> Self {
        Self { method, user_agent, since_delivery: None, links_at_once: 0, links: 0 }
    }

    /// The same, so long after the message was handed over.
    #[must_use]
    pub fn after(self, since_delivery: TimeDelta) -> Self {
        Self { since_delivery: Some(since_delivery), ..self }
    }

    /// The same, with how many different links of how many were followed within two seconds.
    #[must_use]
    pub fn among(self, links_at_once: usize, links: usize) -> Self {
        Self { links_at_once, links, ..self }
    }
}

/// Whose visit it is; only a person's moves a branch, a score or a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// A person's, as far as one can tell.
    Human,
    /// A program's.
    Machine,
    /// Nobody can tell, so it counts for nothing.
    Unclear,
}

/// Before so much time has passed since delivery, it is a scanner that looks.
const SOONEST: TimeDelta = TimeDelta::seconds(10);
/// So many different links within two seconds is nobody's hand, however many a message has.
const MOST_AT_ONCE: usize = 3;
/// What programs call themselves, in small letters.
const PROGRAMS: [&str; 25] = [
    "bot",
    "crawl",
    "spider",
    "scan",
    "preview",
    "monitor",
    "headless",
    "phantomjs",
    "curl/",
    "wget/",
    "python",
    "go-http-client",
    "java/",
    "okhttp",
    "libwww",
    "httpclient",
    "node-fetch",
    "axios",
    "ruby",
    "php/",
    "barracuda",
    "mimecast",
    "proofpoint",
    "facebookexternalhit",
    "sg_machine_open",
];

/// Judges a visit.
///
/// A machine's are: another method than GET; what says so by its name; Apple's mail privacy (exactly `Mozilla/5.0`); Gmail
/// before anybody opens (Chrome 42 with Edge 12.246); less than ten seconds after delivery; all links of a message within
/// two seconds, or three of them. Without a name, or without a known delivery, it is unclear.
///
/// ```
/// use chrono::TimeDelta;
/// use journeyman::link::{Verdict, Visit, judge};
/// let firefox = Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
/// let visit = Visit::new("GET", firefox).after(TimeDelta::minutes(5));
/// assert_eq!(judge(&visit), Verdict::Human);
/// assert_eq!(judge(&visit.among(2, 2)), Verdict::Machine);
/// assert_eq!(judge(&Visit::new("GET", Some("Mozilla/5.0")).after(TimeDelta::minutes(5))), Verdict::Machine);
/// ```
#[must_use]
pub fn judge(visit: &Visit<'_>) -> Verdict {
    let agent = visit.user_agent.unwrap_or_default().trim();
    let small = agent.to_ascii_lowercase();
    let is_program = agent == "Mozilla/5.0"
        || (small.contains("chrome/42.") && small.contains("edge/12.246"))
        || PROGRAMS.iter().any(|program| small.contains(program));
    let at_once = visit.links_at_once;
    let is_burst = at_once >= MOST_AT_ONCE || (at_once >= 2 && at_once >= visit.links);
    let too_soon = visit.since_delivery.is_some_and(|since| since < SOONEST);
    if visit.method != "GET" || is_program || is_burst || too_soon {
        return Verdict::Machine;
    }
    if agent.is_empty() || visit.since_delivery.is_none() {
        return Verdict::Unclear;
    }
    Verdict::Human
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1";
    const GMAIL: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";

    #[test]
    fn each_sign_of_a_program_is_enough() {
        let person = Visit::new("GET", Some(PHONE)).after(SOONEST).among(1, 2);
        assert_eq!(judge(&person), Verdict::Human);
        for visit in [
            Visit { method: "HEAD", ..person },
            Visit { user_agent: Some("Mozilla/5.0"), ..person },
            Visit { user_agent: Some(GMAIL), ..person },
            Visit { user_agent: Some("Mozilla/5.0 (compatible; Googlebot/2.1)"), ..person },
            Visit { user_agent: Some("curl/8.14"), ..person },
            person.after(SOONEST - TimeDelta::milliseconds(1)),
            person.after(TimeDelta::seconds(-3)),
            person.among(2, 2),
            person.among(3, 40),
        ] {
            assert_eq!(judge(&visit), Verdict::Machine, "{visit:?}");
        }
    }

    #[test]
    fn what_nobody_can_tell_is_unclear() {
        assert_eq!(judge(&Visit::new("GET", Some(PHONE))), Verdict::Unclear);
        assert_eq!(judge(&Visit::new("GET", None).after(SOONEST)), Verdict::Unclear);
        assert_eq!(judge(&Visit::new("GET", Some(" ")).after(SOONEST)), Verdict::Unclear);
    }

    #[test]
    fn one_link_alone_is_no_burst() {
        assert_eq!(judge(&Visit::new("GET", Some(PHONE)).after(SOONEST).among(1, 1)), Verdict::Human);
        assert_eq!(judge(&Visit::new("GET", Some(PHONE)).after(SOONEST).among(2, 9)), Verdict::Human);
    }
}
