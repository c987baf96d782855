//! The caps of the law, wherever a reader may be.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::model::{DeliveryStatus, Evidence, Permit, Reason, Said};
use journeyman::rule::law::{Force, Profile};
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Policy, Purpose, Rating, Spoken, Standing, TemplateDefinition};
use journeyman::testing::ManualClock;
use journeyman::time::Zone;
use journeyman::{Consent, Contact, Engine, Event, Journey};
use proptest::prelude::*;

use crate::common::stores;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn policy(profile: &str) -> Policy {
    Policy::new("test")
        .profile(Profile::named(profile).unwrap())
        .purpose(Purpose::consent("offers"))
        .purpose(Purpose::consent("news"))
        .purpose(Purpose::contract("receipts"))
}

/// The reasons for which an offer may not be said now, to somebody who was told this.
fn asked(policy: &Policy, (channel, number): (&str, &str), said: &[Said], now: DateTime<Utc>) -> Permit {
    let contact = Contact::new("lea").address(channel, number);
    let (standing, rating) = (Standing::default(), Rating::default());
    let question = Question::new(&contact, &standing, channel, "offers").counted(Spoken::new(said, &rating));
    permit(&question, policy, &Zone::utc(), now)
}

fn is_capped(policy: &Policy, to: (&str, &str), said: &[Said], now: DateTime<Utc>) -> Vec<Reason> {
    let (Permit::Refuse { reasons } | Permit::Defer { reasons, .. }) = asked(policy, to, said, now) else {
        return Vec::new();
    };
    reasons.into_iter().filter(|reason| matches!(reason, Reason::Cap(_))).collect()
}

const MIAMI: &str = "+13055550123";
const NEW_YORK: &str = "+12125550123";

#[test]
fn consent_calls_and_texts_count_together_where_a_state_says_so_and_nowhere_else() {
    let now = at("2026-11-23T18:00:00Z");
    let mixed = |hours: [i64; 3]| {
        let channels = [("offers", "sms"), ("news", "voice"), ("offers", "mms")].into_iter();
        let all = channels.zip(hours);
        all.map(|((purpose, on), hours)| Said::new(purpose, on, now - TimeDelta::hours(hours)))
            .collect::<Vec<_>>()
    };
    let us = policy("us");
    assert_eq!(is_capped(&us, ("sms", MIAMI), &mixed([1, 2, 23]), now), [Reason::Cap("us: florida".into())]);
    assert_eq!(is_capped(&us, ("sms", MIAMI), &mixed([1, 2, 24]), now), []);
    assert_eq!(is_capped(&us, ("sms", NEW_YORK), &mixed([1, 2, 3]), now), []);
    assert_eq!(is_capped(&us, ("email", "lea@example.org"), &mixed([1, 2, 3]), now), []);
    // Of whom nothing is known may be in any of the three.
    let anywhere: Vec<Reason> =
        ["florida", "oklahoma", "maryland"].map(|state| Reason::Cap(format!("us: {state}").into())).into();
    assert_eq!(is_capped(&us, ("sms", "+1"), &mixed([1, 2, 3]), now), anywhere);
    // What is owed counts for nothing.
    let owed = [1, 2, 3].map(|hours| Said::new("receipts", "sms", now - TimeDelta::hours(hours)));
    assert_eq!(is_capped(&us, ("sms", MIAMI), &owed, now), []);
    // Before the statute was in force.
    let before = at("2021-06-30T18:00:00Z");
    let early = [1, 2, 3].map(|hours| Said::new("offers", "sms", before - TimeDelta::hours(hours)));
    assert_eq!(is_capped(&us, ("sms", MIAMI), &early, before), []);
}

#[test]
fn consent_the_caps_of_the_law_are_asked_for_by_the_purposes_that_a_policy_names() {
    let us = policy("us");
    let counted = us.counted().unwrap();
    assert_eq!(counted.purposes, ["news", "offers"].map(Into::into));
    assert!(counted.within >= TimeDelta::hours(24));
    assert!(us.is_capped("voice", "offers") && !us.is_capped("voice", "receipts"));
    assert!(!us.is_capped("email", "offers") && !us.is_capped("sms", "unheard of"));
    assert_eq!(Policy::new("x").profile(Profile::named("us").unwrap()).counted(), None);
    assert_eq!(policy("de").counted(), None);
}

#[test]
fn consent_whoever_has_the_hours_of_a_statute_has_its_caps() {
    for profile in Profile::all() {
        let calls = profile.rules.iter().any(|row| row.source.contains("D. 223-9"));
        assert_eq!(calls, profile.caps.iter().any(|cap| cap.source.contains("D. 223-9")), "{}", profile.name);
    }
}

#[test]
fn consent_a_profile_says_what_is_wrong_with_its_caps() {
    let with_caps = |cap: &str| {
        let text = format!(
            "{{\"name\": \"ours\", \"edition\": \"1\", \"said\": \"ours\", \"territories\": [\"FR-MET\"], \"margin\": \"2m\", \
             \"rules\": [], \"caps\": [{cap}]}}"
        );
        Profile::read(&text).map_err(|error| error.to_string())
    };
    let with = |cap: &str| with_caps(cap).map(|profile| profile.caps.len());
    let cap = |name: &str, most: u32, per: &str, more: &str| {
        format!(
            "{{\"name\": \"{name}\", \"channels\": [\"sms\"], \"most\": {most}, \"per\": \"{per}\", \"force\": \"law\", \
             \"source\": \"a book\", \"as_of\": \"2026-01-01\"{more}}}"
        )
    };
    let fine = cap("a", 1, "1d", "");
    assert_eq!(with(&fine), Ok(1));
    for (wrong, said) in [
        (cap(" ", 1, "1d", ""), "no name"),
        (cap("a", 0, "1d", ""), "allows 0 messages"),
        (cap("a", 65, "1d", ""), "allows 65 messages"),
        (cap("a", 1, "401d", ""), "the window of the cap a is 401d"),
        (cap("a", 1, "1d", ", \"territories\": [\"US-FL\"]"), "where the profile does not"),
        (cap("a", 1, "1d", ", \"from\": \"2026-01-02\", \"until\": \"2026-01-02\""), "ends before it begins"),
        (format!("{fine}, {fine}"), "two caps are called a"),
    ] {
        let error = with(&wrong).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(Profile::named("us").unwrap().at_least(Force::Law).caps.len(), 3);
    let trade = with_caps(&fine.replace("law", "practice")).unwrap();
    assert_eq!(trade.caps.len(), 1);
    assert_eq!(trade.at_least(Force::Operators).caps, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // Whoever is asked again and again is told at most so often in any window, counted by brute force.
    #[test]
    fn consent_no_window_of_the_law_holds_more_than_it_may(
        steps in prop::collection::vec((0_i64..40, 0_usize..2), 1..60),
        french in any::<bool>(),
    ) {
        let (profile, to, most, window, unit) = match french {
            true => ("fr", ("voice", "+33612345678"), 4, TimeDelta::days(30), TimeDelta::hours(17)),
            false => ("us", ("voice", MIAMI), 3, TimeDelta::hours(24), TimeDelta::minutes(53)),
        };
        let policy = policy(profile);
        let (mut now, mut said) = (at("2026-11-02T15:00:00Z"), Vec::new());
        let mut room_was_taken = true;
        for (step, purpose) in steps {
            now += unit * i32::try_from(step).unwrap();
            let inside = said.iter().filter(|one: &&Said| one.at > now - window).count();
            let capped = !is_capped(&policy, to, &said, now).is_empty();
            room_was_taken &= capped == (inside >= most);
            if !capped {
                said.push(Said::new(["offers", "news"][purpose], "voice", now));
            }
        }
        prop_assert!(room_was_taken, "{:?}", said);
        for one in &said {
            let inside = said.iter().filter(|other| other.at >= one.at && other.at < one.at + window).count();
            prop_assert!(inside <= most, "{inside} from {} on", one.at);
        }
    }
}

#[test]
fn consent_an_engine_waits_as_the_law_counts() {
    let start = at("2026-11-23T15:00:00Z");
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start))) {
        block_on(async {
            let clock = store.clock();
            let sms = RecordingChannel::new("sms");
            let policy = policy("us");
            let engine = Engine::builder(store.clone()).policy(policy).channel(sms.clone()).build();
            let offer = TemplateDefinition::new("offer").text("Only today");
            let journey = Journey::builder("offers")
                .enter_on("offered")
                .reenter(journeyman::journey::Reenter::Always)
                .send("tell", "sms", "offer", "offers");
            engine.publish([offer.into(), journey.build().unwrap().into()]).await.unwrap();
            for (contact, number) in [("miami", MIAMI), ("york", NEW_YORK)] {
                engine.identify(Contact::new(contact).address("sms", number)).await.unwrap();
                let evidence = Evidence::new("form", "v1");
                engine.consent(Consent::granted(contact, "offers", "sms", evidence)).await.unwrap();
                for number in 0..5 {
                    engine.track(Event::new(contact, "offered").id(format!("{number}"))).await.unwrap();
                    engine.tick().await.unwrap();
                }
            }
            let told = |to: &str| sms.sent().iter().filter(|one| one.to == *to).count();
            assert_eq!((told(MIAMI), told(NEW_YORK)), (3, 5), "{name}: {:?}", clock.now());
            let messages = store.messages(&"miami".into()).await.unwrap();
            let waits = messages.iter().filter(|one| {
                matches!(&one.answer, Some(DeliveryStatus::Deferred { until, reasons })
                    if reasons.contains(&Reason::Cap("us: florida".into())) && *until == start + TimeDelta::hours(24))
            });
            assert_eq!(waits.count(), 2, "{name}");
        });
    }
}
