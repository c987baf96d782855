//! I22: only what comes from the person keeps what it allows alive, whatever a policy names.

use chrono::{DateTime, Days, TimeDelta, Utc};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, ProgramParts};
use journeyman::model::{Evidence, InputId, Permit, Reason};
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Policy, Retention};
use journeyman::time::{Span, Zone};
use journeyman::{Consent, Contact, Event};

use super::Draw;

/// How many days a silence may last.
const LASTS: u64 = 30;
/// What happens, and whether the person does it.
const HAPPENS: [(&str, bool); 4] =
    [("app.login", true), ("message.opened", false), ("message.sent", false), ("page.seen", false)];

/// What is wrong with whether one contact may still be told something.
pub(super) fn differs(seed: u64) -> Option<String> {
    let draw = &mut Draw(seed.wrapping_mul(7_919));
    let start: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    let retention = Retention::new(Span::days(LASTS as u32), "a test", "2026-11-23");
    // The page that is seen is not named.
    let retention = HAPPENS[..3].iter().fold(retention, |retention, (name, _)| retention.heard_by(*name));
    let policy = Policy::new("silence").retention(retention);
    let mut days: Vec<(u64, usize)> =
        (0..draw.below(6)).map(|_| (draw.below(60) as u64, draw.below(4))).collect();
    days.sort_unstable();
    let at = |day: u64| start + Days::new(day);
    let yes = Consent::granted("lea", "news", "email", Evidence::new("form", "v1"));
    let mut mail = vec![(start - TimeDelta::minutes(1), InputKind::Consent(yes))];
    mail.extend(
        days.iter().map(|(day, what)| (at(*day), InputKind::Event(Event::new("lea", HAPPENS[*what].0)))),
    );
    let mut parts = ProgramParts::default();
    parts.policy = policy.clone();
    let program = Program::new(parts);
    let mut state = ContactState::new("lea".into());
    for (seq, (at, kind)) in (1..).zip(mail) {
        let envelope = Envelope::new(seq, InputId::from_place(&"lea".into(), seq), at, kind);
        state = program.transition(state, &[envelope], at).state;
    }
    let contact = Contact::new("lea").address("email", "lea@example.org");
    let question = Question::new(&contact, &state.cold.standing, "email", "news");
    let last = days.iter().filter(|(_, what)| HAPPENS[*what].1).map(|(day, _)| *day).max().unwrap_or(0);
    let asked = draw.below(120) as u64;
    let silent = asked >= last + LASTS;
    let answer = permit(&question, &policy, &Zone::utc(), at(asked));
    let expected = if silent { Permit::Refuse { reasons: vec![Reason::Lapsed] } } else { Permit::Permit };
    (answer != expected).then(|| format!("on day {asked} after {days:?}: {answer:?}"))
}
