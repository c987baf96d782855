//! The time of day that a contact prefers (invariant I32) narrows a send window and nothing else; a deadline beats it, and the
//! law and consent beat both. Held against a walk over the minutes.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "fixtures/zones/table.rs"]
mod table;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use journeyman::Contact;
use journeyman::model::{Evidence, InputId, Permit, Reason};
use journeyman::rule::law::Profile;
use journeyman::rule::permit::{Question, Timing, permit};
use journeyman::rule::{Policy, Purpose, Standing};
use journeyman::time::{WeeklyWindow, Zone};
use table::{DAY, Range, Table, is_inside};

const NOT_SUNDAY: [u8; 7] = [1, 1, 1, 1, 1, 1, 0];
const TUESDAY_TO_THURSDAY: [u8; 7] = [0, 1, 1, 1, 0, 0, 0];

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

/// The first second from `from` on at which every week is open, by a walk over minutes and jumps; none within so many days.
fn walk(weeks: &[&[Range]], clock: &Table, from: i64, days: i64) -> Option<i64> {
    let changes: BTreeSet<i64> = clock.changes().into_iter().collect();
    let mut here = from;
    while here < from + days * DAY {
        let local = clock.local(here);
        if weeks.iter().all(|week| is_inside(local, week)) {
            return Some(here);
        }
        let jump = changes.range(here + 1..).next().copied().unwrap_or(i64::MAX);
        here = (here + 60 - local.rem_euclid(60)).min(jump);
    }
    None
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

fn standing() -> Standing {
    let mut standing = Standing::default();
    let granted = journeyman::Consent::granted("lea", "news", "sms", Evidence::new("form", "v1"));
    let machine = journeyman::machine::Program::of([]);
    let state = journeyman::machine::ContactState::new("lea".into());
    let envelope = journeyman::machine::Envelope::new(
        1,
        InputId::from_place(&"lea".into(), 1),
        at(0),
        journeyman::machine::Input::from(granted).kind,
    );
    standing.clone_from(&machine.transition(state, &[envelope], at(0)).state.cold.standing);
    assert!(standing.allows("news", "sms", None));
    standing
}

/// What a contact wrote, and the same typed a second time; nothing where nobody can read it.
fn preferences() -> [(&'static str, Option<(i64, i64)>); 8] {
    [
        ("18:30", Some((1110, 1170))),
        (" 09:00 ", Some((540, 600))),
        ("18:00-19:30", Some((1080, 1170))),
        ("23:30", Some((1410, 30))),
        ("02:15", Some((135, 195))),
        ("21:00-06:00", Some((1260, 360))),
        ("tonight", None),
        ("25:00", None),
    ]
}

#[test]
fn consent_i32_a_preferred_time_narrows_the_window_and_never_opens_the_law() {
    let legal: &[Range] = &[(NOT_SUNDAY, 510, 1200)];
    // The last two minutes are closed for what begins.
    let begins: &[Range] = &[(NOT_SUNDAY, 510, 1198)];
    let windows: [(Option<&str>, &[Range]); 3] = [
        (None, &[([1; 7], 0, 1440)]),
        (Some("Tue-Thu 10:00-19:00"), &[(TUESDAY_TO_THURSDAY, 600, 1140)]),
        (Some("22:00-04:00"), &[([1; 7], 1320, 240)]),
    ];
    let (mut draw, standing) = (Draw(32), standing());
    let mut seen = [0_u32; 4];
    for name in ["Europe/Paris", "Indian/Reunion", "America/Guadeloupe"] {
        let (zone, clock) = (Zone::named(name).unwrap(), Table::named(name));
        for law in [false, true] {
            let policy = Policy::new("liked").preferred_time_in("best_hour");
            let policy = policy.purpose(Purpose::consent("news").at_preferred_time());
            let policy =
                if law { policy.profile(Profile::named("fr").unwrap()).at_home("FR-MET") } else { policy };
            for _ in 0..250 {
                let (wrote, liked) = preferences()[draw.below(8)];
                let (window, week) = windows[draw.below(if law { 2 } else { 3 })];
                // June 2027 has no French holiday, in any of them; March and October 2026 change the clocks.
                let now = match law {
                    true => 1_812_000_000 + draw.below(12 * 86_400) as i64,
                    false => [1_774_400_000, 1_792_500_000][draw.below(2)] + draw.below(6 * 86_400) as i64,
                };
                let deadline = [None, Some(2), Some(9), Some(40), Some(200)][draw.below(5)];
                let until = deadline.map(|hours| now + hours * 3_600);
                let contact =
                    Contact::new("lea").attribute("best_hour", wrote).address("sms", "+33612345678");
                let contact = contact.zone(name);
                let parsed: Option<WeeklyWindow> = window.map(|window| window.parse().unwrap());
                let mut timing = Timing::default();
                // One that skips, or one after which it is said all the same.
                let sends = draw.below(3) == 0;
                timing.window = parsed.as_ref();
                *(if sends { &mut timing.wanted_by } else { &mut timing.not_after }) = until.map(at);
                let question = Question::new(&contact, &standing, "sms", "news").timed(timing);
                let answer = permit(&question, &policy, &zone, at(now));

                let law_week: &[Range] = if law { begins } else { &[([1; 7], 0, 1440)] };
                let liked = liked.map(|(start, end)| [([1; 7], start, end)]);
                let best = liked.and_then(|liked| walk(&[law_week, week, &liked], clock, now, 25));
                let best = best.filter(|best| until.is_none_or(|until| *best < until));
                let any = walk(&[law_week, week], clock, now, 60);
                let any = match until {
                    Some(until) if sends && any.is_none_or(|any| any >= until) => {
                        walk(&[law_week], clock, now, 60)
                    }
                    _ => any,
                };
                let expected = best.or(any).unwrap_or_else(|| panic!("{name} {window:?}"));
                let told =
                    format!("{name}, law {law}, {window:?}, {wrote:?}, {deadline:?} h from {}", at(now));
                match &answer {
                    Permit::Permit => assert_eq!(expected, now, "I32: {told}"),
                    Permit::Defer { until, reasons } => {
                        assert_eq!(*until, at(expected), "I32: {told}: {reasons:?}");
                        let alone = best.is_some() && any != best;
                        assert!(!alone || reasons.contains(&Reason::PreferredTime), "{told}: {reasons:?}");
                        assert!(best.is_some() || !reasons.contains(&Reason::PreferredTime), "{told}");
                        seen[if best.is_some() { 1 } else { 2 }] += 1;
                    }
                    Permit::Refuse { reasons } => {
                        assert!(reasons.contains(&Reason::Deadline), "{told}: {reasons:?}");
                        assert!(!sends && until.is_some_and(|until| expected >= until), "I32: {told}");
                        seen[3] += 1;
                        continue;
                    }
                    other => panic!("{other:?}"),
                }
                assert!(!law || is_inside(clock.local(expected), legal), "never beyond the law: {told}");
                seen[0] += u32::from(answer == Permit::Permit);
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn consent_a_preferred_time_is_asked_by_the_purposes_that_say_so_and_allows_nothing() {
    let evening = "2026-03-24T09:00:00Z".parse().unwrap();
    let (zone, standing) = (Zone::named("Europe/Paris").unwrap(), standing());
    let lea = Contact::new("lea").attribute("best_hour", "18:30").address("sms", "+33612345678");
    let ask = |policy: &Policy, purpose: &str| {
        permit(&Question::new(&lea, &standing, "sms", purpose), policy, &zone, evening)
    };
    let policy = Policy::new("liked").purpose(Purpose::consent("news"));
    assert_eq!(ask(&policy.clone().preferred_time_in("best_hour"), "news"), Permit::Permit);
    let liked = policy.clone().purpose(Purpose::consent("news").at_preferred_time());
    assert_eq!(ask(&liked, "news"), Permit::Permit);
    let liked = liked.preferred_time_in("best_hour");
    let until = "2026-03-24T17:30:00Z".parse().unwrap();
    assert_eq!(ask(&liked, "news"), Permit::Defer { until, reasons: vec![Reason::PreferredTime] });
    assert_eq!(ask(&liked, "offers"), Permit::Refuse { reasons: vec![Reason::NoConsent] });
    // A policy without it is written as before.
    assert!(!serde_json::to_string(&policy).unwrap().contains("preferred"));
    let written = serde_json::to_string(&liked).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&written).unwrap(), liked);
}
