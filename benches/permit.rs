//! What the one question before every send costs, by a policy that asks everything. `cargo bench --bench permit`.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use journeyman::Contact;
use journeyman::machine::{ContactState, Envelope, InputKind, Program, ProgramParts};
use journeyman::model::{Evidence, InputId, Permit};
use journeyman::rule::law::Profile;
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Minors, Policy, Purpose, QuietHours, Retention};
use journeyman::time::Zone;

/// Twenty purposes of every basis, quiet hours on three channels, the hours of France, minors and a retention.
fn policy() -> Policy {
    let mut policy = Policy::default()
        .quiet(QuietHours::new("email", "22:00-07:00".parse().unwrap()).for_purpose("marketing"))
        .quiet(QuietHours::new("push", "21:00-09:00".parse().unwrap()))
        .profile(Profile::named("fr").unwrap())
        .minors(Minors::new("age", 15))
        .retention(Retention::three_years().heard_by("app.login"))
        .purpose(Purpose::contract("receipts").sparing_hours())
        .purpose(Purpose::soft_opt_in("offers", "concerts"));
    for number in 0..17 {
        policy = policy.purpose(Purpose::consent(format!("purpose-{number}")));
    }
    policy.purpose(Purpose::consent("marketing").confirmed())
}

/// A contact who said yes to twelve things and took some back.
fn state(policy: Policy, at: DateTime<Utc>) -> ContactState {
    let mut parts = ProgramParts::default();
    parts.policy = policy;
    let program = Program::new(parts);
    let lea = Contact::new("lea")
        .attribute("age", 22)
        .address("sms", "+33600000001")
        .address("email", "lea@example.org")
        .zone("Europe/Paris");
    let mut kinds = vec![InputKind::Identify(lea)];
    let evidence = Evidence::new("form", "2026-03").confirming("r-1", at);
    let names = (0..5).map(|number| format!("purpose-{number}")).chain(["marketing".to_owned()]);
    for purpose in names {
        for channel in ["sms", "email"] {
            let consent = journeyman::Consent::granted("lea", purpose.as_str(), channel, evidence.clone());
            kinds.push(InputKind::Consent(consent));
        }
    }
    let stop = journeyman::machine::Withdrawal::of("lea", "purpose-1", "sms", Evidence::new("sms", "STOP"));
    kinds.push(InputKind::Withdrawal(stop));
    let mail: Vec<Envelope> = (1..)
        .zip(kinds)
        .map(|(seq, kind)| Envelope::new(seq, InputId::from_place(&"lea".into(), seq), at, kind))
        .collect();
    program.transition(ContactState::new("lea".into()), &mail, at).state
}

/// Cases under the hours of France: what is asked, on which channel, of whom, when, and what the answer is.
const FRENCH: [(&str, &str, Reader, &str, bool); 7] = [
    ("mobile", "sms", ("+33600000001", None), NOON, true),
    ("mobile, own zone", "sms", ("+33600000001", Some("Europe/Paris")), NOON, true),
    ("overseas, own zone", "sms", ("+262692000001", Some("Indian/Reunion")), NOON, true),
    ("zone alone", "sms", ("0600000001", Some("Europe/Paris")), NOON, true),
    ("email", "email", ("lea@example.org", None), NOON, true),
    // No instant is open for all of France.
    ("unknown place", "sms", ("0600000001", None), NOON, false),
    ("mobile, closed", "sms", ("+33600000001", None), "2026-03-23T21:00:00Z", false),
];
/// Where it is reached, and its zone.
type Reader = (&'static str, Option<&'static str>);
const NOON: &str = "2026-03-23T11:00:00Z";

fn permits(criterion: &mut Criterion) {
    let noon = NOON.parse().unwrap();
    let (policy, zone) = (policy(), Zone::named("Europe/Paris").unwrap());
    let state = state(policy.clone(), noon);
    let mut group = criterion.benchmark_group("permit");
    for (name, purpose, permitted) in
        [("permitted", "marketing", true), ("refused", "purpose-1", false), ("owed", "receipts", true)]
    {
        let cold = &state.cold;
        let question = Question::new(&cold.contact, &cold.standing, "sms", purpose).saying(Some(purpose));
        for (hours, policy) in [("", &policy), (", no profile", &without_profiles(&policy))] {
            assert_eq!(permit(&question, policy, &zone, noon) == Permit::Permit, permitted, "{name}");
            group.bench_function(format!("{name}{hours}"), |bencher| {
                bencher.iter(|| permit_counted(black_box(&question), policy, &zone, black_box(noon)));
            });
        }
    }
    for (name, channel, (to, own), at, permitted) in FRENCH {
        let mut contact = Contact::new("lea").attribute("age", 22).address(channel, to);
        contact.zone = own.map(Into::into);
        let zone = Zone::named(own.unwrap_or("Europe/Paris")).unwrap();
        let standing = &state.cold.standing;
        let question = Question::new(&contact, standing, channel, "marketing").saying(Some("marketing"));
        let at = at.parse().unwrap();
        assert_eq!(permit(&question, &policy, &zone, at) == Permit::Permit, permitted, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| permit_counted(black_box(&question), &policy, &zone, black_box(at)));
        });
    }
    group.finish();
}

fn without_profiles(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    policy.profiles.clear();
    policy
}

/// What callgrind counts, by `--toggle-collect='*permit_counted*'`.
#[inline(never)]
fn permit_counted(question: &Question<'_>, policy: &Policy, zone: &Zone, at: DateTime<Utc>) -> Permit {
    permit(question, policy, zone, at)
}

criterion_group!(benches, permits);
criterion_main!(benches);
