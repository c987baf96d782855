//! Where a contact is, and which days are public holidays there.
//!
//! Holidays are held against what others compute (`fixtures/law/holidays.txt`), and Easter against what is published.

#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "fixtures/law/holidays.rs"]
mod holidays;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};
use holidays::known_holidays;
use journeyman::Contact;
use journeyman::rule::Policy;
use journeyman::rule::law::{Profile, ProfileError, Recipient, Territory};
use journeyman::time::Zone;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn territories(name: &str) -> Vec<Territory> {
    Territory::named(name).unwrap()
}

fn codes(territories: Option<&[Territory]>) -> Option<Vec<&'static str>> {
    territories.map(|territories| territories.iter().map(|territory| territory.code()).collect())
}

#[test]
fn consent_holidays_are_those_that_others_compute() {
    let codes: BTreeSet<&str> = Territory::all().map(Territory::code).collect();
    assert_eq!(codes.len(), 13 + 16 + 4 + 56);
    let mut compared = 0;
    for territory in Territory::all() {
        let code = territory.code();
        let known = known_holidays(if code.starts_with("US-") { "US" } else { code });
        let ours: BTreeSet<NaiveDate> =
            (2024..2032).flat_map(|year| territory.holidays(year)).map(|(day, _)| day).collect();
        assert_eq!(ours, known, "{code}");
        if code.starts_with("US-") && code != "US-AL" {
            continue; // the same days for each
        }
        for day in date("2024-01-01").iter_days().take(8 * 365) {
            assert_eq!(territory.is_holiday(day), known.contains(&day), "{code} {day}");
            compared += 1;
        }
    }
    println!("{compared} days compared");
}

#[test]
fn consent_holidays_follow_easter_as_it_is_published() {
    // Published by the Bureau des longitudes.
    let sundays = [
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2027-03-28",
        "2028-04-16",
        "2029-04-01",
        "2030-04-21",
        "2031-04-13",
    ];
    for sunday in sundays.map(date) {
        let places = |name: &str| territories(name);
        let after = |days| sunday + TimeDelta::days(days);
        assert!(places("FR").iter().all(|place| place.is_holiday(after(1)) && place.is_holiday(after(39))));
        assert!(places("DE").iter().all(|place| place.is_holiday(after(-2)) && place.is_holiday(after(50))));
        assert!(places("FR-AM")[0].is_holiday(after(-2)) && !places("FR-MET")[0].is_holiday(after(-2)));
        assert!(places("DE-BB")[0].is_holiday(sunday) && !places("DE-BE")[0].is_holiday(sunday));
        assert!(!places("GB-SCT")[0].is_holiday(after(1)) && places("GB-ENG")[0].is_holiday(after(1)));
    }
    let count = |name: &str| territories(name)[0].holidays(2026).len();
    assert_eq!([count("FR-AM"), count("FR-MET"), count("RE"), count("NC")], [13, 11, 12, 11]);
}

fn candidates(contact: &Contact) -> Option<Vec<&'static str>> {
    let policy = Policy::new("law").territory_in("country").postcode_in("postcode");
    let zone = contact.zone.as_deref().map_or_else(Zone::utc, |name| Zone::named(name).unwrap());
    codes(Recipient::of(contact, "sms", &policy, &zone).territories())
}

#[test]
fn consent_territory_is_narrowed_by_each_source_in_its_order() {
    let with = |country: &str, postcode: &str, phone: &str, zone: &str| {
        let set = |contact: Contact, name: &str, value: &str| match value {
            "" => contact,
            value => contact.attribute(name, value),
        };
        let contact = set(set(Contact::new("c"), "country", country), "postcode", postcode);
        let contact = if phone.is_empty() { contact } else { contact.address("sms", phone) };
        candidates(&if zone.is_empty() { contact } else { contact.zone(zone) })
    };
    for (country, postcode, phone, zone, expected) in [
        ("", "", "", "", None),
        ("", "", "0612345678", "", None),
        ("", "", "+33612345678", "", Some(vec!["FR-MET", "FR-AM"])),
        ("", "67000", "+33612345678", "", Some(vec!["FR-AM"])),
        ("", "75011", "+33612345678", "", Some(vec!["FR-MET"])),
        ("", "97400", "+33612345678", "", Some(vec!["RE"])), // who moved there keeps the number
        (
            "",
            "57072",
            "+491701234567",
            "Europe/Berlin",
            candidates(&Contact::new("c").attribute("country", "DE")),
        ),
        ("", "57072", "", "", None), // Siegen or Moselle
        ("FR", "", "+262692000001", "", Some(vec!["RE"])),
        ("FR", "97150", "", "", Some(vec!["MF"])),
        ("fr-67", "", "+33612345678", "", Some(vec!["FR-AM"])),
        ("FR-75", "67000", "+262692000001", "Indian/Mayotte", Some(vec!["FR-MET"])),
        ("La-Reunion", "", "+33612345678", "", Some(vec!["RE"])),
        ("", "", "", "Indian/Reunion", Some(vec!["RE"])),
        ("", "", "", "Asia/Tokyo", None),
        ("JP", "", "+33612345678", "Europe/Paris", Some(vec![])),
        ("", "", "+81312345678", "", Some(vec![])),
        ("", "", "+14165550100", "", Some(vec![])), // Toronto
        ("somewhere", "", "+262639000001", "", Some(vec!["YT"])),
        ("US", "", "+12125550100", "", Some(vec!["US-NY"])),
        ("US-TX", "", "+12125550100", "America/New_York", Some(vec!["US-TX"])),
        ("", "", "+18505550100", "America/Chicago", Some(vec!["US-FL"])),
        ("GB", "", "+442890000001", "", Some(vec!["GB-NIR"])),
    ] {
        assert_eq!(with(country, postcode, phone, zone), expected, "{country} {postcode} {phone} {zone}");
    }
    for text in ["", "+", "+33", "++33612345678", "33612345678", "+٣٣٦١٢٣٤٥٦٧٨", "+abc"] {
        assert_eq!(Territory::of_phone(text), None, "{text}");
    }
    for text in ["", "7500", "750110", "٧٥٠١١", "7501a", "SW1A 1AA"] {
        assert_eq!(Territory::of_postcode(text), None, "{text}");
    }
}

#[test]
fn consent_territory_of_an_overseas_number_is_its_own() {
    let of = |number: &str| codes(Territory::of_phone(number).as_deref()).unwrap();
    for (number, code) in [
        ("+262692000001", "RE"),
        ("+596696000001", "MQ"),
        ("+594694000001", "GF"),
        ("+508550001", "PM"),
        ("+687750001", "NC"),
        ("+68987000001", "PF"),
        ("+681800001", "WF"),
        ("+17875550100", "US-PR"),
    ] {
        assert_eq!(of(number), [code], "{number}");
    }
    assert!(of("+590690000001").contains(&"GP"));
    assert_eq!((of("+491701234567").len(), of("+447700900001").len()), (16, 4));
    assert_eq!(of("+441534000001"), Vec::<&str>::new()); // Jersey
    // Every state has an area code, and no code two states.
    let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
    for area in 200..1000 {
        let states = of(&format!("+1{area}5550100"));
        if let [state] = states[..] {
            *codes.entry(state).or_default() += 1;
        }
        assert!(matches!(states.len(), 0 | 1 | 51), "{area}: {states:?}");
    }
    assert_eq!((codes.len(), codes["US-FL"] > 15, codes["US-WY"]), (56, true, 1));
}

#[test]
fn consent_profiles_that_are_wrong_are_refused_with_a_sentence() {
    assert!(matches!(Profile::named("atlantis"), Err(ProfileError::Unknown { .. })));
    let read = |territories: &str, margin: &str, row: &str| {
        Profile::read(&format!(
            r#"{{"name": "x", "edition": "1", "said": "", "territories": {territories}, "margin": "{margin}", "rules": [
                {{"channel": "sms", "hours": "09:00-18:00", "holidays": true, "force": "law", "source": "x",
                  "as_of": "2026-11-20" {row}}}]}}"#
        ))
    };
    assert!(read(r#"["FR"]"#, "2m", "").is_ok());
    for (territories, margin, row) in [
        (r#"["Atlantis"]"#, "2m", ""),
        ("[]", "2m", ""),
        (r#"["FR"]"#, "2h", ""),
        (r#"["FR"]"#, "1d", ""),
        (r#"["FR"]"#, "0s", ""),
        (r#"["FR"]"#, "4s", ""),
        (r#"["FR"]"#, "2m", r#", "territories": ["US-FL"]"#),
        (r#"["FR"]"#, "2m", r#", "from": "2026-02-01", "until": "2026-02-01""#),
        (r#"["FR"]"#, "2m", r#", "from": "2026-02-30""#),
        (r#"["FR"]"#, "2m", r#", "colour": "red""#),
    ] {
        let error = read(territories, margin, row).unwrap_err();
        assert!(matches!(&error, ProfileError::Unreadable { reason } if reason.len() > 10), "{error}");
    }
}
