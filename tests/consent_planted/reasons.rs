//! I18: whoever turns over every reason that is named, and only these, is permitted.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, ProgramParts, Withdrawal};
use journeyman::model::{Evidence, InputId, Permit, Reason, Said};
use journeyman::rule::law::Profile;
use journeyman::rule::permit::{Question, Timing, permit};
use journeyman::rule::{Cap, Minors, Policy, Purpose, QuietHours, Rating, Retention, Spoken, Use};
use journeyman::time::{Span, WeeklyWindow, Zone};
use journeyman::{Consent, Contact};

use super::Draw;

/// What stands in the way; each alone can be turned over.
#[derive(Clone, Copy, Debug)]
struct Ways {
    no_address: bool,
    suppressed: bool,
    denied: bool,
    withdrawn: bool,
    nothing_said: bool,
    over: bool,
    minor: bool,
    lapsed: bool,
    undeclared: bool,
    held_out: bool,
    late: bool,
    quiet: bool,
    law: bool,
    window: bool,
    capped: bool,
    deadline: bool,
    preferred: bool,
    objected: bool,
    other_use: bool,
}

impl Ways {
    fn draw(draw: &mut Draw) -> Self {
        // Most of them are open, or nothing but the first would ever be seen.
        let mut one = || draw.below(4) == 0;
        Self {
            no_address: one(),
            suppressed: one(),
            denied: one(),
            withdrawn: one(),
            nothing_said: one(),
            over: one(),
            minor: one(),
            lapsed: one(),
            undeclared: one(),
            held_out: one(),
            late: one(),
            quiet: one(),
            law: one(),
            window: one(),
            capped: one(),
            deadline: one(),
            preferred: one(),
            objected: one(),
            other_use: one(),
        }
    }

    fn turn(&mut self, reason: &Reason) {
        match reason {
            Reason::NoAddress => self.no_address = false,
            Reason::Suppressed => self.suppressed = false,
            // What was taken back, a new yes gives.
            Reason::Withdrawn => (self.denied, self.withdrawn, self.nothing_said) = (false, false, false),
            Reason::Objected => {
                (self.objected, self.denied, self.withdrawn, self.nothing_said) =
                    (false, false, false, false);
            }
            Reason::OtherUse => self.other_use = false,
            Reason::PreferredTime => self.preferred = false,
            Reason::NoConsent => self.nothing_said = false,
            Reason::OutOfDate => self.over = false,
            Reason::Minor => self.minor = false,
            Reason::Lapsed => self.lapsed = false,
            Reason::NotDeclared => self.undeclared = false,
            Reason::Holdout => self.held_out = false,
            Reason::Late => self.late = false,
            Reason::QuietHours => self.quiet = false,
            Reason::LegalHours | Reason::Holiday => self.law = false,
            Reason::Window => self.window = false,
            Reason::Cap(_) => self.capped = false,
            Reason::Deadline => self.deadline = false,
            other => panic!("{other:?}"),
        }
    }

    fn ask(&self, now: DateTime<Utc>, utc: &Zone, week: &WeeklyWindow) -> Permit {
        let mut policy = Policy::new("test").minors(Minors::new("age", 15)).territory_in("territory");
        let mut purpose = Purpose::consent("p").at_preferred_time();
        if self.other_use {
            purpose.usage = Use::Profiling;
        }
        policy = policy.purpose(purpose).preferred_time_in("likes");
        if self.quiet {
            policy = policy.quiet(QuietHours::new("sms", "20:00-08:30".parse().unwrap()));
        }
        if self.law {
            policy = policy.profile(Profile::named("fr").unwrap());
        }
        if self.lapsed {
            policy = policy.retention(Retention::new(Span::days(30), "a test", "2026-11-20"));
        }
        if self.capped {
            policy = policy.cap(Cap::new("weekly", 1, Span::days(7)).for_purpose("p"));
        }
        let yes = now - TimeDelta::days(100);
        let evidence = Evidence::new("form", "v1");
        let over =
            if self.over { evidence.clone().until(yes + TimeDelta::days(1)) } else { evidence.clone() };
        let mut mail =
            vec![(yes, InputKind::Consent(Consent::granted("lea", "another", "email", evidence.clone())))];
        if !self.nothing_said {
            mail.push((yes, InputKind::Consent(Consent::granted("lea", "p", "sms", over))));
        }
        if self.withdrawn {
            let no = Withdrawal::of("lea", "p", "sms", evidence);
            mail.push((yes + TimeDelta::minutes(1), InputKind::Withdrawal(no)));
        }
        if self.objected {
            let no = Withdrawal::objection("lea", Evidence::new("form", "v1"));
            mail.push((yes + TimeDelta::minutes(2), InputKind::Withdrawal(no)));
        }
        let mut parts = ProgramParts::default();
        parts.policy = policy.clone();
        let program = Program::new(parts);
        let mut state = ContactState::new("lea".into());
        for (seq, (at, kind)) in (1..).zip(mail) {
            let envelope = Envelope::new(seq, InputId::from_place(&"lea".into(), seq), at, kind);
            state = program.transition(state, &[envelope], at).state;
        }
        let mut contact = Contact::new("lea").attribute("territory", "FR-75");
        contact = contact.attribute("age", if self.minor { 14 } else { 15 });
        if self.preferred {
            contact = contact.attribute("likes", "10:00-10:30");
        }
        if !self.no_address {
            contact = contact.address("sms", "+33600000001");
        }
        let mut timing = Timing::default();
        (timing.held_out, timing.late) = (self.held_out, self.late);
        timing.window = self.window.then_some(week);
        timing.not_after = self.deadline.then_some(now);
        let said = [Said::new("p", "sms", now - TimeDelta::days(1))];
        let rating = Rating::default();
        let spoken = Spoken::new(&said, &rating).dropping(true);
        let question = Question::new(&contact, &state.cold.standing, "sms", "p")
            .at_gate(self.denied, self.suppressed)
            .saying(Some(if self.undeclared { "another" } else { "p" }))
            .timed(timing)
            .counted(spoken);
        permit(&question, &policy, utc, now)
    }
}

/// What is wrong with the reasons that one contact is told, and counts how often each is.
pub(super) fn differs(seed: u64, told: &mut BTreeMap<String, usize>) -> Option<String> {
    let draw = &mut Draw(seed.wrapping_mul(977));
    let mut ways = Ways::draw(draw);
    // Somebody who took its yes back had said it, and what is over is a yes that still stands.
    ways.nothing_said &= !ways.withdrawn;
    ways.over &= !ways.nothing_said && !ways.withdrawn && !ways.objected;
    // What the contact prefers yields to a deadline, and keeps nothing back beside one.
    ways.preferred &= !ways.deadline;
    let start: DateTime<Utc> = "2026-03-30T00:00:00Z".parse().unwrap();
    let now = start + TimeDelta::minutes(draw.below(9 * 1_440) as i64);
    let (utc, week): (_, WeeklyWindow) = (Zone::utc(), "Mon-Fri 09:00-12:00".parse().unwrap());
    let answer = ways.ask(now, &utc, &week);
    let reasons = match &answer {
        Permit::Permit => Vec::new(),
        Permit::Defer { reasons, .. } | Permit::Refuse { reasons } => reasons.clone(),
        other => panic!("{other:?}"),
    };
    let mut turned = ways;
    for reason in &reasons {
        *told.entry(serde_json::to_string(reason).unwrap()).or_default() += 1;
        turned.turn(reason);
    }
    let then = turned.ask(now, &utc, &week);
    (then != Permit::Permit).then(|| format!("at {now}: {reasons:?}, and then {then:?}: {ways:?}"))
}
