//! The consent record: what it comes to in whatever order it is received, what may be said by it, and what proves it.
//!
//! The oracles here share no code with the crate: they look at what was said as a list, and at a question as a list of facts.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::{Asked, EngineBuilder};
use journeyman::journey::Reenter;
use journeyman::machine::{ContactState, Envelope, Input, InputKind, Program, ProgramParts, Withdrawal};
use journeyman::model::{
    ConsentRecord, ConsentStatus, Evidence, FingerprintKey, How, InputId, Permit, Reason, Step, StepOutcome,
};
use journeyman::port::store::MessageStatus;
use journeyman::rule::permit::{Question, permit, refusals};
use journeyman::rule::proof::{Controller, Proof, ProofError, ProofKey, Said, verify};
use journeyman::rule::{Cap, Minors, Policy, Purpose, QuietHours, Retention, TemplateDefinition};
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::time::{Span, Zone};
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x00c0_5e47), failure_persistence: None, ..Config::default() }
}

fn start() -> DateTime<Utc> {
    "2026-03-23T10:00:00Z".parse().unwrap()
}

fn minute(number: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(number)
}

fn evidence() -> Evidence {
    Evidence::new("form", "notice-1").by(How::Checkbox)
}

const PURPOSES: [&str; 3] = ["news", "offers", "business"];
const CHANNELS: [&str; 2] = ["email", "sms"];

/// One purpose on each basis that asks the contact, and one that asks nobody.
fn policy() -> Policy {
    Policy::new("test")
        .purpose(Purpose::consent("news"))
        .purpose(Purpose::soft_opt_in("offers", "concerts"))
        .purpose(Purpose::legitimate_interest("business"))
        .purpose(Purpose::contract("receipts"))
}

fn program(policy: Policy) -> Program {
    let mut parts = ProgramParts::default();
    parts.policy = policy;
    Program::new(parts)
}

/// Folds inputs into a contact, one after the other, each received when it says.
fn live(
    program: &Program,
    mail: &[(DateTime<Utc>, InputId, InputKind)],
) -> (ContactState, Vec<ConsentRecord>) {
    let mut state = ContactState::new("lea".into());
    let mut records = Vec::new();
    for (seq, (received_at, id, kind)) in (1..).zip(mail) {
        let envelope = Envelope::new(seq, *id, *received_at, kind.clone());
        let transition = program.transition(state, &[envelope], *received_at);
        records.extend(transition.consents);
        state = transition.state;
    }
    (state, records)
}

fn contact() -> Contact {
    Contact::new("lea").address("email", "lea@example.org").address("sms", "+33600000001")
}

fn is_permitted(
    state: &ContactState,
    policy: &Policy,
    purpose: &str,
    channel: &str,
    now: DateTime<Utc>,
) -> bool {
    let contact = contact();
    let question = Question::new(&contact, &state.cold.standing, channel, purpose);
    permit(&question, policy, &Zone::utc(), now) == Permit::Permit
}

// I2: what the record comes to.

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Yes,
    /// A yes that was asked for at the minute given.
    Confirmed(i64),
    Sale(&'static str),
    Interest,
    Requested,
    Imported,
    No(ConsentStatus),
    Objection,
    /// Everything, on one channel or on all.
    Everything(Option<usize>),
}

#[derive(Clone, Debug)]
struct Told {
    what: What,
    purpose: usize,
    channel: usize,
    /// The minute that it says; absent where its receipt is all that is known.
    says: Option<i64>,
}

fn told(always_says: bool) -> impl Strategy<Value = Told> {
    let what = prop_oneof![
        5 => Just(What::Yes),
        2 => (0..10i64).prop_map(What::Confirmed),
        3 => Just(What::Sale("concerts")),
        1 => Just(What::Sale("records")),
        2 => Just(What::Interest),
        1 => Just(What::Requested),
        1 => Just(What::Imported),
        3 => prop::sample::select(vec![
            ConsentStatus::Withdrawn,
            ConsentStatus::Refused,
            ConsentStatus::Expired,
            ConsentStatus::Invalidated,
        ]).prop_map(What::No),
        1 => Just(What::Objection),
        1 => prop::option::of(0..2usize).prop_map(What::Everything),
    ];
    (what, 0..3usize, 0..2usize, 0..10i64, any::<bool>()).prop_map(
        move |(what, purpose, channel, at, says)| Told {
            what,
            purpose,
            channel,
            says: (always_says || says).then_some(at),
        },
    )
}

fn input(number: usize, told: &Told) -> (InputId, InputKind) {
    let id = InputId::from_host("test", &"lea".into(), &number.to_string());
    let (purpose, channel) = (PURPOSES[told.purpose], CHANNELS[told.channel]);
    let granted = |evidence: Evidence| Consent::granted("lea", purpose, channel, evidence);
    let consent = match told.what {
        What::Yes => granted(evidence()),
        What::Confirmed(asked) => granted(evidence().confirming("r", minute(asked))),
        What::Sale(family) => granted(evidence().of_sale("sale-7", family)),
        What::Interest => granted(evidence().of_interest("lia-2")),
        What::Requested => Consent::requested("lea", purpose, channel, evidence()),
        What::Imported => Consent::imported("lea", purpose, channel, evidence()),
        What::No(act) => {
            let mut stop = Withdrawal::of("lea", purpose, channel, evidence());
            (stop.act, stop.at) = (act, told.says.map(minute));
            return (id, InputKind::Withdrawal(stop));
        }
        What::Objection => {
            let mut stop = Withdrawal::objection("lea", evidence());
            (stop.at, stop.except) = (told.says.map(minute), vec!["receipts".into()]);
            return (id, InputKind::Withdrawal(stop));
        }
        What::Everything(channel) => {
            let mut stop = Withdrawal::everything("lea", evidence());
            stop.channel = channel.map(|channel| CHANNELS[channel].into());
            stop.at = told.says.map(minute);
            return (id, InputKind::Withdrawal(stop));
        }
    };
    let consent = told.says.map_or(consent.clone(), |says| consent.at(minute(says)));
    (id, InputKind::Consent(consent))
}

/// The oracle: whether anything that was said and not taken back later allows a purpose on a channel. Each act has a minute and
/// whether it says so itself; `received` is when each was received.
fn allows(all: &[(Told, i64)], purpose: usize, channel: usize) -> bool {
    let minute_of = |told: &Told, received: i64| told.says.unwrap_or(received).min(received);
    let counts_for = |one: &Told| match one.what {
        What::Yes | What::Confirmed(_) => true,
        What::Sale(family) => purpose == 1 && family == "concerts",
        What::Interest => purpose == 2,
        _ => false,
    };
    let forbids = |one: &Told| match one.what {
        What::No(_) => (one.purpose, one.channel) == (purpose, channel),
        What::Objection => true,
        What::Everything(only) => only.is_none_or(|only| only == channel),
        _ => false,
    };
    all.iter().enumerate().any(|(place, (yes, received))| {
        if !counts_for(yes) || (yes.purpose, yes.channel) != (purpose, channel) {
            return false;
        }
        let (said, says_so) = match yes.what {
            What::Confirmed(asked) => (minute_of(yes, *received).min(asked), true),
            _ => (minute_of(yes, *received), yes.says.is_some()),
        };
        let is_yes = matches!(yes.what, What::Yes | What::Confirmed(_));
        !all.iter().enumerate().any(|(other, (no, no_received))| {
            if !forbids(no) {
                return false;
            }
            let at = minute_of(no, *no_received);
            let ties = at == said && (says_so || no.says.is_some() || other > place);
            // What the person refused, no sale and no interest brings back.
            let refused = !matches!(no.what, What::No(ConsentStatus::Expired | ConsentStatus::Invalidated));
            (refused && !is_yes) || at > said || ties
        })
    })
}

proptest! {
    #![proptest_config(config(1_024))]

    #[test]
    fn consent_acts_come_to_the_same_in_every_order(
        all in prop::collection::vec(told(true), 1..14),
        orders in prop::collection::vec(prop::collection::vec(any::<u32>(), 14), 3),
    ) {
        let (policy, now) = (policy(), minute(200));
        let program = program(policy.clone());
        for keys in orders {
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by_key(|number| keys[*number]);
            let mail: Vec<_> = (20..).zip(&order).map(|(at, number)| {
                let (id, kind) = input(*number, &all[*number]);
                (minute(at), id, kind)
            }).collect();
            let (state, records) = live(&program, &mail);
            prop_assert!(ConsentRecord::verify(&records));
            let listed: Vec<(Told, i64)> = all.iter().map(|one| (one.clone(), 100)).collect();
            for (purpose, name) in PURPOSES.into_iter().enumerate() {
                for (channel, on) in CHANNELS.into_iter().enumerate() {
                    let expected = allows(&listed, purpose, channel);
                    let found = is_permitted(&state, &policy, name, on, now);
                    prop_assert_eq!(found, expected, "{} by {} in {:?}", name, on, order);
                }
            }
            prop_assert!(is_permitted(&state, &policy, "receipts", "email", now), "what is owed goes on");
        }
    }

    #[test]
    fn consent_acts_that_do_not_say_when_stand_in_the_order_of_receipt(
        all in prop::collection::vec((told(false), 0..2i64), 1..16),
    ) {
        let (policy, now) = (policy(), minute(200));
        let program = program(policy.clone());
        let mut received = 5;
        let mut listed = Vec::new();
        let mut mail = Vec::new();
        for (number, (one, gap)) in all.iter().enumerate() {
            received += gap; // several at one instant
            let (id, kind) = input(number, one);
            mail.push((minute(received), id, kind));
            listed.push((one.clone(), received));
        }
        let (state, records) = live(&program, &mail);
        prop_assert!(ConsentRecord::verify(&records));
        for (purpose, name) in PURPOSES.into_iter().enumerate() {
            for (channel, on) in CHANNELS.into_iter().enumerate() {
                let expected = allows(&listed, purpose, channel);
                let found = is_permitted(&state, &policy, name, on, now);
                prop_assert_eq!(found, expected, "{} by {}", name, on);
            }
        }
        let (address, contact) = (None, contact());
        for purpose in PURPOSES {
            for channel in CHANNELS {
                prop_assert!(!state.cold.standing.allows(purpose, channel, address) || contact.addresses.contains_key(channel));
            }
        }
    }
}

/// What a contact writes and says of one purpose on one channel, each at the minute of its place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    Yes,
    No,
    Stop,
    Start,
}

fn word(number: usize, word: Word) -> (InputId, InputKind) {
    let id = InputId::from_host("word", &"lea".into(), &number.to_string());
    let said = minute(number as i64);
    let kind = match word {
        Word::Yes => InputKind::Consent(Consent::granted("lea", "news", "sms", evidence()).at(said)),
        Word::No => InputKind::Withdrawal(Withdrawal::of("lea", "news", "sms", evidence()).at(said)),
        Word::Stop => {
            let stop = Withdrawal::everything("lea", Evidence::new("inbound.stop", "stop"));
            InputKind::Withdrawal(stop.on_channel("sms").at(said))
        }
        Word::Start => {
            let evidence = Evidence::new("inbound.start", "start");
            InputKind::Restore { channel: "sms".into(), evidence, said_at: Some(said) }
        }
    };
    (id, kind)
}

/// The oracle: the words in the order in which they were said. A START gives back what a STOP took and nothing else.
fn words_allow(words: &[Word]) -> bool {
    let (mut allowed, mut taken) = (false, false);
    for word in words {
        match word {
            Word::Yes => (allowed, taken) = (true, false),
            Word::No => (allowed, taken) = (false, false),
            Word::Stop => (allowed, taken) = (false, taken || allowed),
            Word::Start => (allowed, taken) = (allowed || taken, false),
        }
    }
    allowed
}

proptest! {
    #![proptest_config(config(2_048))]

    #[test]
    fn consent_words_of_a_channel_never_allow_more_than_what_was_said_last(
        words in prop::collection::vec(
            prop::sample::select(vec![Word::Yes, Word::No, Word::Stop, Word::Start]), 1..8),
        keys in prop::collection::vec(any::<u32>(), 8),
    ) {
        for policy in [policy(), Policy::default()] {
            let program = program(policy.clone());
            let expected = words_allow(&words);
            let mut order: Vec<usize> = (0..words.len()).collect();
            for late in [false, true] {
                if late {
                    order.sort_by_key(|number| keys[*number]);
                }
                let mail: Vec<_> = (20..).zip(&order).map(|(at, number)| {
                    let (id, kind) = word(*number, words[*number]);
                    (minute(at), id, kind)
                }).collect();
                let (state, records) = live(&program, &mail);
                prop_assert!(ConsentRecord::verify(&records));
                let found = is_permitted(&state, &policy, "news", "sms", minute(200));
                prop_assert!(expected || !found, "wider, told in the order {:?}", order);
                prop_assert!(late || expected == found, "in order");
            }
        }
    }

    // The policy that names nothing keeps no instants until an act needs them: it may allow less for that, and never more.
    #[test]
    fn consent_under_a_policy_that_names_nothing_is_never_wider_than_the_record(
        all in prop::collection::vec((told(false), 0..2i64), 1..12),
    ) {
        let policy = Policy::default();
        let program = program(policy.clone());
        let (mut received, mut listed, mut mail) = (5, Vec::new(), Vec::new());
        for (number, (one, gap)) in all.iter().enumerate() {
            received += gap;
            let (id, kind) = input(number, one);
            mail.push((minute(received), id, kind));
            // A sale and an interest are no yes.
            if !matches!(one.what, What::Sale(_) | What::Interest) {
                listed.push((one.clone(), received));
            }
        }
        let (state, _) = live(&program, &mail);
        let tells_late = listed.iter().any(|(one, _)| one.says.is_some() || matches!(one.what, What::Confirmed(_)));
        for (purpose, name) in PURPOSES.into_iter().enumerate() {
            for (channel, on) in CHANNELS.into_iter().enumerate() {
                let expected = allows(&listed, purpose, channel);
                let found = is_permitted(&state, &policy, name, on, minute(200));
                prop_assert!(expected || !found, "{} by {} is wider", name, on);
                prop_assert!(tells_late || found == expected, "{} by {}", name, on);
            }
        }
    }

    #[test]
    fn consent_that_was_confirmed_is_not_lost_behind_a_yes_that_is_not(
        all in prop::collection::vec(told(true), 1..14),
        keys in prop::collection::vec(any::<u32>(), 14),
    ) {
        let policy = Policy::new("test").purpose(Purpose::consent("news").confirmed());
        let program = program(policy.clone());
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|number| keys[*number]);
        let mail: Vec<_> = (20..).zip(&order).map(|(at, number)| {
            let (id, kind) = input(*number, &all[*number]);
            (minute(at), id, kind)
        }).collect();
        let (state, _) = live(&program, &mail);
        // What is not confirmed says nothing of this purpose.
        let confirmed = all.iter().filter(|one| one.what != What::Yes).map(|one| (one.clone(), 100));
        let confirmed: Vec<(Told, i64)> = confirmed.collect();
        for (channel, on) in CHANNELS.into_iter().enumerate() {
            let found = is_permitted(&state, &policy, "news", on, minute(200));
            prop_assert_eq!(found, allows(&confirmed, 0, channel), "by {} in {:?}", on, order);
        }
    }
}

// I3 and I18: every reason and only these.

/// A question as a list of facts.
#[derive(Clone, Copy, Debug)]
struct World {
    basis: usize,
    has_address: bool,
    suppressed: bool,
    denied: bool,
    /// 0 nothing, 1 a yes, 2 the fitting ground, 3 a ground that does not fit, 4 withdrawn again, 5 objected to.
    said: usize,
    over: bool,
    needs_confirmation: bool,
    confirmed: bool,
    is_minor: bool,
    by_guardian: bool,
    retained: bool,
    heard_long_ago: bool,
    /// 0 words unknown, 1 declares nothing, 2 the purpose, 3 another one.
    words: usize,
    quiet: bool,
    spares: bool,
}

fn world() -> impl Strategy<Value = World> {
    let said =
        (0..5usize, any::<bool>(), any::<bool>(), any::<bool>(), 0..6usize, any::<bool>(), any::<bool>());
    let rest = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        0..4usize,
        any::<bool>(),
        any::<bool>(),
    );
    (said, rest).prop_map(
        |((basis, has_address, suppressed, denied, said, over, needs_confirmation), rest)| {
            let (confirmed, is_minor, by_guardian, retained, heard_long_ago, words, quiet, spares) = rest;
            World {
                basis,
                has_address,
                suppressed,
                denied,
                said,
                over,
                needs_confirmation,
                confirmed,
                is_minor,
                by_guardian,
                retained,
                heard_long_ago,
                words,
                quiet,
                spares,
            }
        },
    )
}

impl World {
    fn purpose(&self) -> Purpose {
        let mut purpose = match self.basis {
            0 => Purpose::consent("p"),
            1 => Purpose::soft_opt_in("p", "concerts"),
            2 => Purpose::legitimate_interest("p"),
            3 => Purpose::contract("p"),
            _ => Purpose::legal_obligation("p"),
        };
        if self.needs_confirmation {
            purpose = purpose.confirmed();
        }
        if self.spares { purpose.sparing_hours() } else { purpose }
    }

    fn now(&self) -> DateTime<Utc> {
        minute(60 * 24 * if self.heard_long_ago { 1_200 } else { 1 })
    }

    fn ask(&self) -> Permit {
        let mut policy = Policy::new("test").purpose(self.purpose()).minors(Minors::new("age", 15));
        if self.quiet {
            policy = policy.quiet(QuietHours::new("sms", "00:00-23:59".parse().unwrap()));
        }
        if self.retained {
            policy = policy.retention(Retention::three_years());
        }
        let mut proof = evidence();
        if self.said == 2 && self.basis == 1 || self.said == 3 && self.basis != 1 {
            proof = proof.of_sale("sale-7", "concerts");
        } else if self.said == 3 {
            proof = proof.of_sale("sale-7", "records");
        } else if self.said == 2 && self.basis == 2 {
            proof = proof.of_interest("lia-2");
        }
        if self.over {
            proof = proof.until(minute(10));
        }
        if self.confirmed {
            proof = proof.confirming("r", minute(0));
        }
        if self.by_guardian {
            proof = proof.from_guardian("g-1");
        }
        let id = |number: u64| InputId::from_place(&"lea".into(), number);
        // Whatever else is said, the person was heard of.
        let other = Consent::granted("lea", "another", "email", evidence());
        let mut mail = vec![(minute(1), id(1), InputKind::Consent(other))];
        if self.said > 0 {
            let grant = Consent::granted("lea", "p", "sms", proof);
            mail.push((minute(1), id(2), InputKind::Consent(grant)));
        }
        if self.said == 4 {
            mail.push((
                minute(2),
                id(3),
                InputKind::Withdrawal(Withdrawal::of("lea", "p", "sms", evidence())),
            ));
        }
        if self.said == 5 {
            mail.push((minute(2), id(3), InputKind::Withdrawal(Withdrawal::objection("lea", evidence()))));
        }
        let (state, _) = live(&program(policy.clone()), &mail);
        let mut contact = Contact::new("lea").attribute("age", if self.is_minor { 14 } else { 15 });
        if self.has_address {
            contact = contact.address("sms", "+33600000001");
        }
        let question =
            Question::new(&contact, &state.cold.standing, "sms", "p").at_gate(self.denied, self.suppressed);
        let question = match self.words {
            0 => question,
            1 => question.saying(None),
            2 => question.saying(Some("p")),
            _ => question.saying(Some("another")),
        };
        permit(&question, &policy, &Zone::utc(), self.now())
    }

    /// The oracle.
    fn expected(&self) -> Vec<Reason> {
        let owed = self.basis >= 3;
        let fits = match self.said {
            1 => true,
            // A ground that its basis does not know is a yes here: none was named.
            2 => true,
            _ => false,
        };
        let mut reasons = Vec::new();
        let mut add = |applies: bool, reason: Reason| {
            if applies {
                reasons.push(reason);
            }
        };
        add(!self.has_address, Reason::NoAddress);
        add(self.suppressed, Reason::Suppressed);
        if !owed {
            let withdrawn = self.denied || self.said == 4;
            add(self.said == 5, Reason::Objected);
            add(self.said != 5 && withdrawn, Reason::Withdrawn);
            let unasked = !fits && self.said != 5 && !withdrawn;
            add(unasked || (fits && self.needs_confirmation && !self.confirmed), Reason::NoConsent);
            add(fits && self.over, Reason::OutOfDate);
            add(self.is_minor && !(fits && self.by_guardian), Reason::Minor);
            add(self.retained && self.heard_long_ago, Reason::Lapsed);
        }
        add(self.words == 3 || (owed && self.words == 1), Reason::NotDeclared);
        add(self.quiet && !(owed && self.spares), Reason::QuietHours);
        reasons
    }
}

proptest! {
    #![proptest_config(config(1_024))]

    #[test]
    fn consent_reasons_are_all_there_and_nothing_is_permitted_by_default(world in world()) {
        let expected = world.expected();
        match world.ask() {
            Permit::Permit => prop_assert_eq!(expected, vec![]),
            Permit::Defer { reasons, .. } => {
                prop_assert_eq!(&reasons, &expected);
                prop_assert_eq!(reasons, vec![Reason::QuietHours], "only an hour passes by itself");
            }
            Permit::Refuse { reasons } => prop_assert_eq!(reasons, expected),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn consent_reasons_turned_over_permit_and_one_of_them_left_does_not(world in world(), left in any::<prop::sample::Index>()) {
        let reasons = world.expected();
        let turn = |world: &mut World, reason: &Reason| match reason {
            Reason::NoAddress => world.has_address = true,
            Reason::Suppressed => world.suppressed = false,
            Reason::Lapsed => world.heard_long_ago = false,
            Reason::NotDeclared => world.words = 2,
            Reason::QuietHours => world.quiet = false,
            Reason::Withdrawn | Reason::Objected => (world.denied, world.said) = (false, 1),
            Reason::NoConsent => (world.said, world.confirmed) = (1, true),
            Reason::OutOfDate => world.over = false,
            Reason::Minor => world.by_guardian = true,
            other => panic!("{other:?}"),
        };
        let mut all = world;
        // What a new yes brings with it, it brings whatever was said before.
        reasons.iter().for_each(|reason| turn(&mut all, reason));
        let rest = all.expected();
        let fresh = [Reason::NoConsent, Reason::OutOfDate, Reason::Minor];
        prop_assert!(rest.iter().all(|reason| fresh.contains(reason)), "{:?}", rest);
        rest.iter().for_each(|reason| turn(&mut all, reason));
        prop_assert_eq!(all.ask(), Permit::Permit);
        if !reasons.is_empty() {
            let spared = left.get(&reasons).clone();
            let mut most = world;
            reasons.iter().filter(|reason| **reason != spared).for_each(|reason| turn(&mut most, reason));
            // A new yes brings with it what the old one lacked.
            let renewed = [Reason::NoConsent, Reason::Withdrawn, Reason::Objected, Reason::Minor];
            let still_asks = !renewed.contains(&spared) || most.expected().contains(&spared);
            prop_assert!(!still_asks || most.ask() != Permit::Permit, "without {:?}", spared);
        }
    }

    // I19: what is owed is said by a template that declares it, and by no other.
    #[test]
    fn consent_is_not_asked_only_where_the_template_declares_what_is_owed(world in world()) {
        let world = World { words: world.words.max(1), ..world };
        if world.said == 0 && world.ask() == Permit::Permit {
            prop_assert!(world.basis >= 3 && world.words == 2);
        }
    }
}

#[test]
fn consent_by_a_sale_ends_with_an_objection_and_stays_in_its_family() {
    let policy = policy().purpose(Purpose::soft_opt_in("records", "records"));
    let program = program(policy.clone());
    let id = |number: u64| InputId::from_place(&"lea".into(), number);
    let sale = |at: i64, number: u64, purpose: &str| {
        let grant = Consent::granted("lea", purpose, "email", evidence().of_sale("sale-7", "concerts"));
        (minute(at), id(number), InputKind::Consent(grant))
    };
    let mut mail = vec![sale(1, 1, "offers"), sale(2, 2, "records"), sale(3, 3, "news")];
    let asked = |mail: &[(DateTime<Utc>, InputId, InputKind)]| {
        let (state, _) = live(&program, mail);
        ["offers", "records", "news"]
            .map(|purpose| is_permitted(&state, &policy, purpose, "email", minute(90)))
    };
    assert_eq!(asked(&mail), [true, false, false]);
    let stop = Withdrawal::of("lea", "offers", "email", evidence());
    let mut stopped = mail.clone();
    stopped.extend([(minute(4), id(4), InputKind::Withdrawal(stop)), sale(5, 5, "offers")]);
    assert_eq!(asked(&stopped), [false; 3], "nor does a new sale outweigh a STOP");
    mail.push((minute(4), id(4), InputKind::Withdrawal(Withdrawal::objection("lea", evidence()))));
    assert_eq!(asked(&mail), [false; 3]);
    mail.push(sale(5, 5, "offers"));
    assert_eq!(asked(&mail), [false; 3], "no sale outweighs an objection");
    let yes = Consent::granted("lea", "offers", "email", evidence());
    mail.push((minute(6), id(6), InputKind::Consent(yes)));
    assert_eq!(asked(&mail), [true, false, false], "a yes does");
}

#[test]
fn consent_for_what_says_nothing_is_asked_without_an_address() {
    let policy = policy()
        .purpose(Purpose::tracking())
        .purpose(Purpose::profiling())
        .purpose(Purpose::sharing("sponsor:x"))
        .minors(Minors::new("age_band", "under_15"));
    let program = program(policy.clone());
    let id = |number: u64| InputId::from_place(&"lea".into(), number);
    let mut mail = Vec::new();
    for (number, purpose) in (1..).zip(["tracking", "profiling", "sponsor:x"]) {
        let grant = Consent::granted("lea", purpose, "email", evidence().from_guardian("g-1"));
        mail.push((minute(1), id(number), InputKind::Consent(grant)));
    }
    let (grown, young) = (Contact::new("lea"), Contact::new("lea").attribute("age_band", "under_15"));
    let asked = |contact: &Contact, mail: &[(DateTime<Utc>, InputId, InputKind)]| {
        let (state, _) = live(&program, mail);
        ["tracking", "profiling", "sponsor:x"].map(|purpose| {
            let question = Question::new(contact, &state.cold.standing, "email", purpose);
            refusals(&question, &policy, &Zone::utc(), minute(9))
        })
    };
    assert_eq!(asked(&grown, &mail), [vec![], vec![], vec![]]);
    assert_eq!(asked(&young, &mail), [vec![], vec![Reason::Minor], vec![]], "nobody profiles a minor");
    mail.push((minute(2), id(9), InputKind::Withdrawal(Withdrawal::objection("lea", evidence()))));
    assert_eq!(asked(&grown, &mail), [(); 3].map(|()| vec![Reason::Objected]));
}

#[test]
fn consent_to_an_old_request_comes_too_late_after_a_withdrawal() {
    // Also where the policy names nothing, and the withdrawal does not say when it was.
    for policy in [policy(), Policy::new("old")] {
        let program = program(policy.clone());
        let id = |number: u64| InputId::from_place(&"lea".into(), number);
        let request = Consent::requested("lea", "news", "email", evidence()).id("r-1");
        let stop = Withdrawal::everything("lea", evidence());
        let click = |asked: i64| {
            Consent::granted("lea", "news", "email", evidence().confirming("r-1", minute(asked)))
        };
        let mut mail = vec![
            (minute(1), id(1), InputKind::Consent(request)),
            (minute(2), id(2), InputKind::Withdrawal(stop)),
            (minute(3), id(3), InputKind::Consent(click(1))),
        ];
        let now = minute(9);
        assert!(!is_permitted(&live(&program, &mail).0, &policy, "news", "email", now));
        mail.push((minute(4), id(4), InputKind::Consent(click(3))));
        assert!(is_permitted(&live(&program, &mail).0, &policy, "news", "email", now));
    }
}

proptest! {
    #![proptest_config(config(512))]

    // I22: only what comes from the person counts, and nothing has to run for it to lapse.
    #[test]
    fn consent_lapses_by_the_last_contact_that_comes_from_the_person(
        events in prop::collection::vec((0..5usize, 0..1_500i64), 0..12),
        granted in 0..10i64,
        asked in 0..3_000i64,
    ) {
        const NAMES: [&str; 5] = ["app.login", "order.paid", "message.opened", "message.sent", "page.seen"];
        let retention = Retention::three_years().heard_by("app.login").heard_by("order.paid").heard_by("message.opened");
        let policy = policy().retention(retention);
        let program = program(policy.clone());
        let day = |number: i64| start() + TimeDelta::days(number);
        let mut told: Vec<(i64, Option<usize>)> = events.iter().map(|(name, at)| (*at, Some(*name))).collect();
        told.push((granted, None));
        told.sort();
        let mail: Vec<_> = (1..).zip(&told).map(|(number, (at, name))| {
            let kind = match name {
                Some(name) => InputKind::Event(Event::new("lea", NAMES[*name])),
                None => InputKind::Consent(Consent::granted("lea", "news", "email", evidence())),
            };
            (day(*at), InputId::from_place(&"lea".into(), number), kind)
        }).collect();
        let (state, _) = live(&program, &mail);
        let heard = told.iter().filter(|(_, name)| name.is_none_or(|name| name < 2)).map(|(at, _)| *at).max().unwrap();
        let lasts = (day(heard) + chrono::Months::new(36) - day(heard)).num_days();
        for asked in [asked, heard + lasts - 1, heard + lasts] {
            let permitted = is_permitted(&state, &policy, "news", "email", day(asked));
            prop_assert_eq!(permitted, asked < heard + lasts, "day {} after day {}", asked, heard);
            prop_assert!(is_permitted(&state, &policy, "receipts", "email", day(asked)));
        }
    }
}

// What an engine does with it.

fn build(store: Arc<dyn journeyman::Store>, policy: Policy) -> (Engine, RecordingChannel) {
    let email = RecordingChannel::new("email");
    let settings: EngineBuilder = Engine::builder(store).channel(email.clone()).policy(policy);
    (settings.fingerprint_key(FingerprintKey::new([7; 32])).build(), email)
}

fn receipt() -> TemplateDefinition {
    TemplateDefinition::new("receipt").text("Thank you.").purpose("receipts")
}

/// Sends a receipt and news when something is paid.
fn paid(engine: &Engine) {
    paid_again(engine, Reenter::Never);
}

fn paid_again(engine: &Engine, reenter: Reenter) {
    let journey = Journey::builder("paid")
        .enter_on("order.paid")
        .reenter(reenter)
        .send("receipt", "email", "receipt", "receipts")
        .send("more", "email", "more", "news")
        .build()
        .unwrap();
    let more = TemplateDefinition::new("more").text("There is more.");
    block_on(engine.publish([receipt().into(), more.into(), journey.into()])).unwrap();
    block_on(engine.identify(Contact::new("lea").address("email", "lea@example.org"))).unwrap();
    block_on(engine.consent(Consent::granted("lea", "news", "email", evidence()))).unwrap();
    block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
}

fn said(email: &RecordingChannel) -> Vec<String> {
    email.sent().iter().map(|sent| sent.content.plain().to_owned()).collect()
}

#[test]
fn consent_withdrawn_from_everything_leaves_what_is_owed_in_the_outbox() {
    let everything = || Withdrawal::everything("lea", evidence());
    let named = || everything().for_purpose("receipts").for_purpose("news").on_channel("email");
    for withdrawal in [everything(), Withdrawal::objection("lea", evidence()), named()] {
        for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
            let (engine, email) = build(store.clone(), policy());
            paid(&engine);
            block_on(engine.advance()).unwrap();
            block_on(engine.withdraw(&withdrawal)).unwrap();
            let drained = block_on(engine.store().messages(&"lea".into())).unwrap();
            let standing: Vec<MessageStatus> = drained.into_iter().map(|record| record.status).collect();
            assert_eq!(standing, [MessageStatus::Pending, MessageStatus::Cancelled], "{name}");
            block_on(engine.tick()).unwrap();
            block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
            block_on(engine.tick()).unwrap();
            assert_eq!(said(&email), ["Thank you."], "{name}: one run, as it is not entered again");
            // What the gate's own rows say.
            let forbidden = |purpose: &str| {
                block_on(store.forbidden(&"lea".into(), &"email".into(), &purpose.into())).unwrap().denied
            };
            assert!(forbidden("news") && !forbidden("receipts"), "{name}");
        }
    }
}

#[test]
fn consent_given_after_a_withdrawal_that_was_told_late_still_stands_at_the_gate() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(minute(60)))) {
        let (engine, email) = build(store, policy());
        paid(&engine);
        let again = Consent::granted("lea", "news", "email", evidence()).at(minute(30));
        block_on(engine.consent(again)).unwrap();
        block_on(engine.advance()).unwrap();
        // Said before the yes, told after it.
        let stop = Withdrawal::of("lea", "news", "email", evidence()).at(minute(20));
        block_on(engine.withdraw(&stop)).unwrap();
        let forbidden = || block_on(engine.store().forbidden(&"lea".into(), &"email".into(), &"news".into()));
        assert!(forbidden().unwrap().denied, "{name}: until it is read, the gate forbids");
        block_on(engine.tick()).unwrap();
        assert!(!forbidden().unwrap().denied, "{name}");
        // And one that was said after it ends it for good.
        let stop = Withdrawal::of("lea", "news", "email", evidence()).at(minute(60));
        block_on(engine.withdraw(&stop)).unwrap();
        block_on(engine.tick()).unwrap();
        let late = Consent::granted("lea", "news", "email", evidence()).at(minute(50));
        block_on(engine.consent(late)).unwrap();
        block_on(engine.tick()).unwrap();
        assert!(forbidden().unwrap().denied, "{name}: an older yes that is told later lifts nothing");
        assert_eq!(said(&email), ["Thank you."], "{name}");
    }
}

#[test]
fn consent_is_not_asked_for_what_a_template_declares_and_a_replaced_template_is_refused() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let (engine, email) = build(store, policy());
        let send = |purpose: &str, template: &str| {
            let journey = Journey::builder("paid").enter_on("order.paid");
            journey.send("receipt", "email", template, purpose).build().unwrap()
        };
        let plain = TemplateDefinition::new("plain").text("Buy more.");
        block_on(engine.publish([receipt().into(), plain.clone().into()])).unwrap();
        let refused = |journey: Journey| block_on(engine.publish([journey.into()])).unwrap_err().to_string();
        assert!(refused(send("receipts", "plain")).contains("J121"), "{name}");
        assert!(refused(send("news", "receipt")).contains("J120"), "{name}");
        // A send without a purpose is for what its template is for.
        let mut open = (*send("receipts", "receipt").definition).clone();
        open.steps[0].send.as_mut().unwrap().purpose = None;
        block_on(engine.publish([open.clone().into()])).unwrap();
        block_on(engine.publish([open.into()])).unwrap();
        block_on(engine.identify(Contact::new("lea").address("email", "lea@example.org"))).unwrap();
        block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
        block_on(engine.advance()).unwrap();
        let replaced = TemplateDefinition::new("receipt").text("Thank you. Buy more!");
        block_on(engine.publish([replaced.into()])).unwrap();
        block_on(engine.tick()).unwrap();
        assert_eq!(said(&email), [""; 0], "{name}");
        let message = block_on(engine.store().messages(&"lea".into())).unwrap().remove(0).message;
        assert_eq!((&*message.purpose, &*message.template), ("receipts", "receipt"));
        let why = block_on(engine.why(&"lea".into(), message.id)).unwrap();
        assert_eq!(why.decision.unwrap().reasons, [Reason::NotDeclared], "{name}");
        assert_eq!(
            why.sentence,
            "It was not sent by email: its template does not declare that it is for \"receipts\"."
        );
    }
}

#[test]
fn consent_that_was_taken_back_is_why_somebody_did_not_get_it() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let (engine, _) = build(store, policy());
        paid(&engine);
        block_on(engine.advance()).unwrap();
        let stop = Withdrawal::everything("lea", Evidence::new("preferences", "page-1"));
        block_on(engine.withdraw(&stop)).unwrap();
        block_on(engine.tick()).unwrap();
        let lea = "lea".into();
        let messages = block_on(engine.store().messages(&lea)).unwrap();
        let [receipt, more] = messages.as_slice() else { panic!("{messages:?}") };
        let why = block_on(engine.why(&lea, receipt.message.id)).unwrap();
        assert_eq!(why.said, Said::Sent, "{name}: {}", why.sentence);
        let why = block_on(engine.why(&lea, (more.message.enrollment, "more"))).unwrap();
        assert_eq!((why.said, why.consents.len()), (Said::NotSent, 2), "{name}");
        let expected = "It was not sent by email: the contact no longer allowed \"news\" by email on \
                        2026-03-23 10:00:00 UTC (record 2, from \"preferences\").";
        assert_eq!(why.sentence, expected, "{name}");
        assert!(
            block_on(engine.why(&lea, (receipt.message.enrollment, "nowhere"))).unwrap().decision.is_none()
        );
        assert!(block_on(engine.why(&"tom".into(), receipt.message.id)).is_err());
    }
}

#[test]
fn consent_is_not_why_somebody_got_nothing_who_never_entered_and_the_newest_run_is_asked() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let (engine, _) = build(store, policy());
        paid_again(&engine, Reenter::Always);
        block_on(engine.tick()).unwrap();
        block_on(engine.identify(Contact::new("tom").address("email", "tom@example.org"))).unwrap();
        block_on(engine.tick()).unwrap();
        let (lea, tom) = ("lea".into(), "tom".into());
        let why = block_on(engine.why(&tom, ("paid", "more"))).unwrap();
        assert_eq!((why.said, why.decision.is_none()), (Said::NotSent, true), "{name}");
        assert_eq!(why.sentence, "It was not sent: the contact never entered paid.", "{name}");
        for (journey, node) in [("nothing", "more"), ("paid", "nowhere")] {
            let error = block_on(engine.why(&tom, (journey, node))).unwrap_err().to_string();
            assert!(error.contains(&format!("there is no journey {journey} with a step {node}")), "{error}");
        }
        // A second run, which is refused what the first one was granted.
        let first = block_on(engine.why(&lea, ("paid", "more"))).unwrap();
        assert_eq!(first.said, Said::Sent, "{name}: {}", first.sentence);
        let stop = Withdrawal::of("lea", "news", "email", Evidence::new("preferences", "page-1"));
        block_on(engine.withdraw(&stop)).unwrap();
        block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
        block_on(engine.tick()).unwrap();
        let newest = block_on(engine.why(&lea, Asked::At("paid".into(), "more".into()))).unwrap();
        assert_eq!(newest.said, Said::NotSent, "{name}: {}", newest.sentence);
        let run = newest.decision.as_ref().unwrap().enrollment;
        assert_ne!(run, first.decision.unwrap().enrollment, "{name}");
        assert_eq!(newest, block_on(engine.why(&lea, (run, "more"))).unwrap(), "{name}");
        block_on(engine.erase(&tom)).unwrap();
        let why = block_on(engine.why(&tom, ("paid", "more"))).unwrap();
        assert!(why.sentence.contains("the contact was erased"), "{name}: {}", why.sentence);
        block_on(engine.erase(&lea)).unwrap();
        let why = block_on(engine.why(&lea, ("paid", "receipt"))).unwrap();
        assert_eq!(why.said, Said::Sent, "{name}: a message outlives its contact: {}", why.sentence);
    }
}

#[test]
fn consent_is_why_none_of_the_channels_of_a_step_was_used() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let email = RecordingChannel::new("email");
        let builder = Engine::builder(store).channel(email.clone()).channel(RecordingChannel::new("sms"));
        let engine = builder.policy(policy()).build();
        let mut journey = Journey::builder("paid").enter_on("order.paid");
        journey = journey.send("tell", "sms", "more", "news");
        let mut definition = (*journey.build().unwrap().definition).clone();
        let send = definition.steps[0].send.as_mut().unwrap();
        (send.channel, send.channels) = (None, vec!["sms".into(), "email".into()]);
        let more = TemplateDefinition::new("more").text("There is more.");
        block_on(engine.publish([more.into(), definition.into()])).unwrap();
        let lea = contact().attribute("preferred_channel", "email");
        block_on(engine.identify(lea)).unwrap();
        block_on(engine.consent(Consent::granted("lea", "news", "email", evidence()))).unwrap();
        let stop = Withdrawal::of("lea", "news", "email", Evidence::new("preferences", "page-1"));
        block_on(engine.withdraw(&stop)).unwrap();
        block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
        block_on(engine.tick()).unwrap();
        let run = block_on(engine.store().steps(&"lea".into())).unwrap().pop().unwrap().enrollment;
        let why = block_on(engine.why(&"lea".into(), (run, "tell"))).unwrap();
        let expected = "It was not sent: by email: the contact no longer allowed \"news\" by email on \
                        2026-03-23 10:00:00 UTC (record 2, from \"preferences\"); \
                        by sms: the contact never allowed \"news\" by sms.";
        assert_eq!(why.sentence, expected, "{name}");
        assert_eq!(&*why.decision.unwrap().channel, "email", "{name}: the first that was asked");
        assert_eq!(why.consents.len(), 2, "{name}: what was said of any of them");
    }
}

#[test]
fn consent_at_an_instant_that_nobody_can_mean_is_refused() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let (engine, _) = build(store, policy());
        let extremes = [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC];
        for at in extremes {
            let yes = |evidence| Consent::granted("lea", "news", "email", evidence);
            let told = [
                block_on(engine.consent(yes(evidence()).at(at))),
                block_on(engine.consent(yes(evidence().until(at)))),
                block_on(engine.consent(yes(evidence().confirming("r", at)))),
                block_on(engine.withdraw(&Withdrawal::everything("lea", evidence()).at(at))),
            ];
            for error in told.map(Result::unwrap_err) {
                assert!(matches!(error, Error::Invalid { .. }), "{name}: {error}");
            }
        }
        assert!(
            block_on(engine.store().inputs(&"lea".into(), 0, u64::MAX >> 1)).unwrap().is_empty(),
            "{name}"
        );
        // What is plausible is taken, and one that is still to come counts from its receipt.
        let ahead = start() + TimeDelta::days(900);
        block_on(engine.consent(Consent::granted("lea", "news", "email", evidence()).at(ahead))).unwrap();
        block_on(engine.tick()).unwrap();
        assert_eq!(block_on(engine.store().consents(&"lea".into())).unwrap()[0].at, start(), "{name}");
    }
}

// I11: what proves it.

fn proven() -> (String, ProofKey) {
    let clock = ManualClock::new(start());
    let (_, store, _folder) = stores(Arc::new(clock.clone())).remove(0);
    let (engine, _) = build(store, policy().retention(Retention::three_years()));
    paid(&engine);
    block_on(engine.tick()).unwrap();
    clock.advance(TimeDelta::hours(1));
    block_on(engine.withdraw(&Withdrawal::objection("lea", evidence().showing("Do not write.")))).unwrap();
    let sale = evidence().of_sale("sale-7", "concerts").in_language("fr").until(minute(10_000));
    block_on(engine.consent(Consent::granted("lea", "offers", "email", sale).at(minute(3)))).unwrap();
    block_on(engine.tick()).unwrap();
    let controller = Controller::new("example-music", "privacy@example.org")
        .jurisdiction("FR")
        .stored_in("EU")
        .pii("email address")
        .withdrawn_by("a link in every message");
    let key = ProofKey::new([9; 32]);
    let proof = block_on(engine.proof(&"lea".into(), &controller)).unwrap().signed(&key);
    assert_eq!((proof.events.len(), proof.decisions.len()), (3, 2));
    (proof.to_json(), key)
}

#[test]
fn consent_every_answer_in_a_proof_names_the_rules_that_gave_it() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        let mut editions = Vec::new();
        // The rules change while she is away; what was answered before names the former ones.
        for version in ["former", "newer"] {
            let mut rules = policy().quiet(QuietHours::new("email", "22:00-07:00".parse().unwrap()));
            rules.version = version.into();
            editions.push(rules.edition());
            let (engine, _) = build(store.clone(), rules);
            paid_again(&engine, Reenter::Always);
            block_on(engine.tick()).unwrap();
            block_on(engine.withdraw(&Withdrawal::everything("lea", evidence()))).unwrap();
            block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
            block_on(engine.tick()).unwrap();
            clock.advance(TimeDelta::minutes(1));
        }
        let (engine, _) = build(store.clone(), policy());
        let proof = block_on(engine.proof(&"lea".into(), &Controller::new("x", "x@example.org"))).unwrap();
        let named = |said: Said| {
            let own = proof.decisions.iter().filter(move |one| one.said == said);
            own.map(|one| one.policy.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(named(Said::NotSent), editions, "{name}: what a step refused");
        let said: BTreeSet<_> = named(Said::Sent).into_iter().collect();
        assert_eq!(said, editions.iter().cloned().collect(), "{name}: what was said");
        let steps = block_on(store.steps(&"lea".into())).unwrap();
        let kept_back = |step: &&Step| matches!(step.outcome, StepOutcome::Refused { .. });
        assert!(steps.iter().all(|step| step.policy.is_some() == kept_back(&step)), "{name}: {steps:?}");
    }
}

#[test]
fn consent_i11_a_proof_has_every_time_that_a_message_was_put_off_and_an_erasure_leaves_why() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let rules = policy().cap(Cap::new("daily", 1, Span::days(1)).for_purpose("news"));
        let (engine, email) = build(store.clone(), rules.clone());
        paid_again(&engine, Reenter::Always);
        block_on(engine.tick()).unwrap();
        let again = || block_on(engine.track(Event::new("lea", "order.paid"))).unwrap();
        let tick = || block_on(engine.tick()).unwrap();
        let proof = || block_on(engine.proof(&"lea".into(), &Controller::new("x", "x@example.org"))).unwrap();
        let of_news = |proof: &Proof| {
            let own = proof.decisions.iter().filter(|one| &*one.purpose == "news");
            own.map(|one| (one.said, one.reasons.clone(), one.policy.clone())).collect::<Vec<_>>()
        };
        clock.advance(TimeDelta::hours(1));
        again();
        tick();
        let (edition, cap) = (Some(rules.edition()), vec![Reason::Cap("daily".into())]);
        let sent = (Said::Sent, Vec::new(), edition.clone());
        let waits = (Said::Waiting, cap.clone(), edition.clone());
        assert_eq!(of_news(&proof()), [sent.clone(), waits], "{name}: it waits");
        clock.advance(TimeDelta::hours(24));
        tick();
        let put_off = (Said::Deferred, cap.clone(), edition.clone());
        let told = [sent.clone(), put_off.clone(), sent.clone()];
        assert_eq!(of_news(&proof()), told, "{name}: it was sent");
        assert!(verify(&proof().to_json()).is_ok(), "{name}");
        assert_eq!(said(&email).len(), 4, "{name}: two receipts and twice the news");

        // The third one waits when she is erased.
        again();
        tick();
        let waiting = block_on(store.messages(&"lea".into())).unwrap().pop().unwrap();
        assert_eq!(waiting.deferrals.len(), 1, "{name}");
        assert!(block_on(engine.erase(&"lea".into())).unwrap());
        let erased = (Said::NotSent, vec![Reason::Erased], edition.clone());
        let told = [&told[..], &[put_off, erased]].concat();
        assert_eq!(of_news(&proof()), told, "{name}: after the erasure");
        let why = block_on(engine.why(&"lea".into(), waiting.message.id)).unwrap();
        assert_eq!(why.sentence, "It was not sent by email: the contact was erased.", "{name}");
        assert_eq!(why.before.len(), 1, "{name}: {:?}", why.before);
        assert!(verify(&proof().to_json()).is_ok(), "{name}");
    }
}

#[test]
fn consent_a_head_that_was_deposited_shows_that_nothing_was_cut_off() {
    let clock = ManualClock::new(start());
    for (name, store, _folder) in stores(Arc::new(clock.clone())) {
        clock.jump_to(start());
        let (engine, _) = build(store, policy());
        let key = ProofKey::new([9; 32]);
        let unknown = block_on(engine.head(&"lea".into()));
        assert!(matches!(unknown, Err(Error::UnknownContact { .. })), "{name}: {unknown:?}");
        let mut deposited = Vec::new();
        for number in 0..4 {
            let purpose = format!("news-{number}");
            block_on(engine.consent(Consent::granted("lea", &*purpose, "email", evidence()))).unwrap();
            block_on(engine.tick()).unwrap();
            deposited.push(block_on(engine.head(&"lea".into())).unwrap().signed(&key).to_json());
        }
        let proof = block_on(engine.proof(&"lea".into(), &Controller::new("x", "x@example.org"))).unwrap();
        // Somebody writes another record of her, and makes a proof of it that holds by itself.
        let (elsewhere, _) = build(Arc::new(MemoryStore::new()), policy());
        for number in 0..4 {
            let evidence = Evidence::new("form", "another");
            let purpose = format!("news-{number}");
            block_on(elsewhere.consent(Consent::granted("lea", &*purpose, "email", evidence))).unwrap();
        }
        block_on(elsewhere.tick()).unwrap();
        let other = block_on(elsewhere.proof(&"lea".into(), &Controller::new("x", "x@example.org"))).unwrap();
        assert_eq!((other.events.len(), other.verify()), (4, Ok(())), "{name}");
        for text in &deposited {
            let head = key.reader().head(text).unwrap();
            assert!(head.is_in(&proof), "{name}: {text}");
            assert!(!head.is_in(&other), "{name}: {text}");
            // A shorter one does not go on from there.
            let mut shorter = proof.clone();
            shorter.events.truncate(head.length as usize - 1);
            assert!(!head.is_in(&shorter), "{name}: {text}");
            // One letter of a head changed is no head.
            for place in (0..text.len()).step_by(7) {
                let mut bytes = text.clone().into_bytes();
                bytes[place] ^= 1;
                let changed = String::from_utf8_lossy(&bytes).into_owned();
                assert!(key.reader().head(&changed).is_err(), "{name}: {changed}");
            }
        }
        assert!(ProofKey::new([8; 32]).reader().head(&deposited[0]).is_err(), "{name}: another key");
    }
}

#[test]
fn consent_proofs_have_the_shape_of_the_standard_and_say_what_was_said() {
    let (text, key) = proven();
    let proof = key.reader().verify(&text).unwrap();
    assert!(proof.decisions.iter().all(|decision| decision.said == Said::Sent));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    for field in ["schema_version", "record_id", "pii_principal_id"] {
        assert!(value["header"][field].is_string(), "{field}");
    }
    let news = &value["processing"][0];
    assert_eq!((&news["purpose"], &news["lawful_basis"]), (&"news".into(), &"consent".into()));
    for field in [
        "privacy_notice",
        "language",
        "pii_information",
        "pii_controllers",
        "storage_location",
        "retention_period",
        "jurisdiction",
        "recipients",
        "withdrawal_method",
        "collection_method",
    ] {
        assert!(!news[field].is_null(), "{field}");
    }
    let event = &value["events"][2];
    assert_eq!(event["event_state"], "granted");
    assert!(event["validity_duration"].as_str().unwrap().starts_with("PT"), "{event}");
    assert_eq!(value["parties"][1]["party_type"], "pii_principal");
    assert!(!text.contains("lea@example.org"), "no address stands in a proof");
}

#[test]
fn consent_proofs_show_every_change_of_a_byte() {
    let (text, key) = proven();
    let reader = key.reader();
    assert!(reader.verify(&text).is_ok());
    let mut changed = 0;
    for place in 0..text.len() {
        for flip in [1u8, 0x20] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= flip;
            let Ok(other) = String::from_utf8(bytes) else { continue };
            changed += 1;
            assert!(
                reader.verify(&other).is_err(),
                "byte {place}: {:?}",
                &other[place.saturating_sub(20)..place]
            );
        }
        if place % 7 == 0 && text.is_char_boundary(place) {
            assert!(verify(&text[..place]).is_err(), "cut off at {place}");
        }
    }
    println!("{changed} changes of a byte, none verifies");
    assert!(changed > 5_000);
}

#[test]
fn consent_events_that_are_dropped_swapped_or_cut_off_break_the_proof() {
    let (text, key) = proven();
    let whole = verify(&text).unwrap();
    for dropped in 0..whole.events.len() {
        let mut proof = whole.clone();
        proof.events.remove(dropped);
        assert_eq!(proof.verify(), Err(ProofError::Chain), "without {dropped}");
    }
    let mut swapped = whole.clone();
    swapped.events.swap(0, 1);
    assert_eq!(swapped.verify(), Err(ProofError::Chain));
    let mut unsaid = whole.clone();
    unsaid.decisions.pop();
    assert_eq!(unsaid.verify(), Err(ProofError::Digest));
    // Whoever rewrites it as a whole, chain and digest included, cannot sign it.
    let controller = Controller::new("example-music", "privacy@example.org");
    let mut records = whole.records();
    records.pop();
    let forged = journeyman::rule::proof::Proof::new(
        "lea".into(),
        &controller,
        &policy(),
        records,
        Vec::new(),
        start(),
    );
    assert_eq!(forged.verify(), Ok(()));
    assert_eq!(key.reader().verify(&forged.to_json()), Err(ProofError::Signature), "nobody vouches for it");
    let by_another = forged.clone().signed(&ProofKey::new([8; 32])).to_json();
    assert_eq!(key.reader().verify(&by_another), Err(ProofError::Signature));
    let mut borrowed = forged;
    borrowed.signature = whole.signature;
    assert_eq!(borrowed.verify(), Err(ProofError::Signature));
}

#[test]
fn consent_records_of_before_still_verify() {
    // Written before the acts, the evidence and the instants of today were thought of.
    let text = include_str!("snapshots/wire__consent_records.snap");
    let json = text.splitn(3, "---").nth(2).unwrap();
    let mut records: Vec<ConsentRecord> = serde_json::from_str(json).unwrap();
    assert!(ConsentRecord::verify(&records) && records.len() == 3);
    records[0].evidence.locale = Some("fr".into());
    assert!(!ConsentRecord::verify(&records), "what is new is covered as well");
}

#[test]
fn consent_that_is_too_large_or_forbids_nothing_is_refused_at_the_door() {
    let (_, store, _folder) = stores(Arc::new(ManualClock::new(start()))).remove(0);
    let (engine, _) = build(store, policy());
    let long = "x".repeat(10_000);
    for proof in [
        evidence().in_language(long.as_str()),
        evidence().of_sale("", "concerts"),
        evidence().of_sale("sale", long.as_str()),
        evidence().of_interest(" "),
        evidence().from_guardian(""),
        evidence().confirming("", start()),
    ] {
        assert!(block_on(engine.consent(Consent::granted("lea", "news", "email", proof))).is_err());
    }
    let mut nothing = Withdrawal::everything("lea", evidence());
    nothing.act = ConsentStatus::Imported;
    assert!(block_on(engine.withdraw(&nothing)).is_err());
    let sneaked = Consent::of(ConsentStatus::Expired, "lea", "news", "email", evidence());
    assert!(block_on(engine.append(vec![Input::from(sneaked.clone())])).is_err());
    block_on(engine.consent(sneaked)).unwrap();
}
