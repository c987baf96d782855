//! The hours of the law as they are asked before every send, by sets of bits and clocks that are held, against the same by the
//! plainest way there is: the tables read once more from their files, each place and each clock by itself, a walk by quarters.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::Contact;
use journeyman::rule::Policy;
use journeyman::rule::law::{Legal, Profile, Recipient, Territory};
use journeyman::time::Zone;
use proptest::prelude::*;
use serde_json::Value;

type Codes = BTreeSet<String>;

/// The tables, as they are written.
struct Plain {
    named: BTreeMap<String, Codes>,
    phones: Vec<(String, Codes)>,
    postcodes: Vec<(String, Codes)>,
    zones: BTreeMap<String, Vec<(String, Zone)>>,
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

fn plain() -> &'static Plain {
    static PLAIN: OnceLock<Plain> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let places: Value =
            serde_json::from_str(include_str!("../src/rule/law/data/territories.json")).unwrap();
        let phones: Value = serde_json::from_str(include_str!("../src/rule/law/data/phones.json")).unwrap();
        let (mut named, mut zones) = (BTreeMap::<String, Codes>::new(), BTreeMap::new());
        for row in places["territories"].as_array().unwrap() {
            let code = row["code"].as_str().unwrap().to_owned();
            for name in texts(&row["names"]).chain([code.as_str()]) {
                named.insert(name.to_lowercase(), [code.clone()].into());
            }
            let clocks = texts(&row["zones"]).map(|name| (name.to_owned(), Zone::named(name).unwrap()));
            zones.insert(code.clone(), clocks.collect());
        }
        let all = |named: &BTreeMap<String, Codes>, names: &Value| -> Codes {
            texts(names).flat_map(|name| named[&name.to_lowercase()].clone()).collect()
        };
        for group in places["groups"].as_array().unwrap() {
            let of = all(&named, &group["of"]);
            for name in texts(&group["names"]) {
                named.insert(name.to_lowercase(), of.clone());
            }
        }
        let prefixes = |rows: &Value| -> Vec<(String, Codes)> {
            let rows = rows.as_array().unwrap().iter();
            let row = |row: &Value| {
                let to = all(&named, &row["to"]);
                texts(&row["prefixes"]).map(|prefix| (prefix.to_owned(), to.clone())).collect::<Vec<_>>()
            };
            rows.flat_map(row).collect()
        };
        let (phones, postcodes) = (prefixes(&phones["prefixes"]), prefixes(&places["postcodes"]));
        Plain { named, phones, postcodes, zones }
    })
}

fn longest(prefixes: &[(String, Codes)], digits: &str) -> Option<Codes> {
    let fitting = prefixes.iter().filter(|(prefix, _)| digits.starts_with(prefix));
    fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, to)| to.clone())
}

fn named(text: &str) -> Option<Codes> {
    let written = text.trim().to_lowercase();
    let country = written.split('-').next().filter(|country| country.len() == 2);
    let named = &plain().named;
    let is_code = |text: &str| {
        let (country, place) = text.split_once('-').unwrap_or((text, "X"));
        country.len() == 2
            && country.bytes().all(|letter| letter.is_ascii_uppercase())
            && (1..=3).contains(&place.len())
            && place.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
    };
    let found = named.get(&written).or_else(|| named.get(country?)).cloned();
    found.or_else(|| is_code(text.trim()).then(Codes::new))
}

fn of_phone(number: &str) -> Option<Codes> {
    let number = number.trim().strip_prefix('+')?;
    let written = number.chars().filter(|letter| !" -.()\u{a0}".contains(*letter));
    let digits: String = written.take_while(char::is_ascii_digit).take(15).collect();
    if digits.len() < 5 { None } else { longest(&plain().phones, &digits) }
}

fn of_postcode(text: &str) -> Option<Codes> {
    let digits: String = text.chars().filter(|letter| *letter != ' ').collect();
    let is_one = digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_one { longest(&plain().postcodes, &digits) } else { None }
}

fn of_zone(name: &str) -> Option<Codes> {
    let has = |zones: &Vec<(String, Zone)>| zones.iter().any(|(zone, _)| zone.eq_ignore_ascii_case(name));
    let codes: Codes =
        plain().zones.iter().filter(|(_, zones)| has(zones)).map(|(code, _)| code.clone()).collect();
    if codes.is_empty() { None } else { Some(codes) }
}

fn narrowed(better: Codes, lesser: &Codes) -> Codes {
    let both: Codes = better.intersection(lesser).cloned().collect();
    if both.is_empty() { better } else { both }
}

/// Who is asked about.
#[derive(Clone, Debug)]
struct Reader {
    place: Option<String>,
    postcode: Option<String>,
    numbers: Vec<(&'static str, String)>,
    own_zone: Option<&'static str>,
    counted_in: &'static str,
    home: Option<&'static str>,
}

impl Reader {
    fn contact(&self) -> Contact {
        let mut contact = Contact::new("c");
        for (name, value) in [("country", &self.place), ("postcode", &self.postcode)] {
            if let Some(value) = value {
                contact = contact.attribute(name, value.as_str());
            }
        }
        for (channel, number) in &self.numbers {
            contact = contact.address(*channel, number.as_str());
        }
        match self.own_zone {
            Some(zone) => contact.zone(zone),
            None => contact,
        }
    }

    fn candidates(&self, channel: &str) -> Option<Codes> {
        let contact = self.contact();
        let written = self.place.as_deref().and_then(named);
        let asked = contact.addresses.get(channel).into_iter();
        let addresses = asked.chain(contact.addresses.iter().map(|(_, address)| address));
        let phone = addresses.filter_map(|address| of_phone(&address.value)).next();
        let home = || self.home.and_then(named);
        let postcode = self.postcode.as_deref().and_then(of_postcode).filter(|_| {
            let so_far = written.clone().or_else(|| phone.clone()).or_else(home).unwrap_or_default();
            plain().named["fr"].iter().any(|place| so_far.contains(place))
        });
        let sources = [written, postcode, phone].into_iter().flatten();
        let known = sources.reduce(|better, lesser| narrowed(better, &lesser));
        let by_zone = self.own_zone.and_then(of_zone);
        let known = match (known, by_zone) {
            (None, by_zone) => by_zone,
            (Some(known), Some(by_zone)) if known.len() > 1 => Some(narrowed(known, &by_zone)),
            (known, _) => known,
        };
        known.or_else(home)
    }

    /// Why nothing may be said at an instant: the hours, a holiday.
    fn closed(&self, profiles: &[Profile], channel: &str, at: DateTime<Utc>, all: bool) -> (bool, bool) {
        let is_own = self.own_zone.is_some_and(|own| own.eq_ignore_ascii_case(self.counted_in));
        let own = is_own.then(|| vec![(String::new(), Zone::named(self.counted_in).unwrap())]);
        let (candidates, mut closed) = (self.candidates(channel), (false, false));
        for profile in profiles {
            let lead = TimeDelta::milliseconds(profile.margin.milliseconds.cast_signed());
            for place in &profile.territories {
                if candidates.as_ref().is_some_and(|codes| !codes.contains(place.code())) {
                    continue;
                }
                let rows = profile.rules.iter().filter(|row| *row.channel == *channel);
                for row in rows.filter(|row| row.territories.is_empty() || row.territories.contains(place)) {
                    for (_, clock) in own.as_ref().unwrap_or(&plain().zones[place.code()]) {
                        if !row.is_in_force(clock.local(at).date()) {
                            continue;
                        }
                        for at in [at, at + lead] {
                            let local = clock.local(at);
                            let hours = !row.hours.contains(local);
                            let holiday = !row.holidays && place.is_holiday(local.date());
                            closed = (closed.0 || hours, closed.1 || holiday);
                            if hours || holiday {
                                break;
                            }
                        }
                        if !all && (closed.0 || closed.1) {
                            return closed;
                        }
                    }
                }
            }
        }
        closed
    }
}

fn number() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(vec![
        "33", "262", "262692", "262639", "590", "596", "689", "687", "49", "44", "4428", "441534", "1",
        "1205", "1305", "1907", "1214", "1416", "1800", "81", "2626", "",
    ]);
    (prefix, "[0-9]{0,14}", "[ ().\u{a0}-]{0,3}", any::<bool>(), "[a-z0-9٣+]{0,3}").prop_map(
        |(prefix, rest, between, plus, after)| {
            format!("{}{prefix}{between}{rest}{after}", if plus { "+" } else { "" })
        },
    )
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "Europe/Paris",
        "europe/paris",
        "Indian/Reunion",
        "Pacific/Tahiti",
        "America/St_Barthelemy",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/Adak",
        "America/Indiana/Tell_City",
        "Asia/Tokyo",
        "UTC",
        "Australia/Lord_Howe",
        "Europe/Monaco",
        "Antarctica/Troll",
    ])
}

fn reader() -> impl Strategy<Value = Reader> {
    let places = vec![
        "FR",
        "fr-67",
        "FR-75",
        "RE",
        "La-Reunion",
        "US",
        "US-TX",
        "DE-BY",
        "GB",
        "GB-XYZ",
        "JP",
        "JP-13",
        "jp",
        "somewhere that nobody knows and that is long",
        "",
        "é",
        " us-al ",
    ];
    let postcodes = vec!["67000", "75011", "97400", "97150", "98700", "57 072", "1", "٧٥٠١١", "SW1A 1AA"];
    let text =
        |texts: Vec<&'static str>| prop::option::of(prop::sample::select(texts).prop_map(str::to_owned));
    let numbers =
        prop::collection::vec((prop::sample::select(vec!["sms", "voice", "email"]), number()), 0..3);
    let home = prop::option::of(prop::sample::select(vec!["FR", "FR-MET", "US-AL", "Atlantis"]));
    let zones = (prop::option::of(zone()), zone(), any::<bool>());
    (text(places), text(postcodes), numbers, zones, home).prop_map(
        |(place, postcode, numbers, (own_zone, other, is_own), home)| {
            let counted_in = own_zone.filter(|_| is_own).unwrap_or(other);
            Reader { place, postcode, numbers, own_zone, counted_in, home }
        },
    )
}

/// Minutes around 2017 to 2044, which is more than is held, many of them near a jump of clocks or a turn of a year.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let near = prop::sample::select(vec![
        "2020-01-01T00:00:00Z",
        "2021-07-01T04:00:00Z",
        "2023-03-01T00:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2025-09-01T05:00:00Z",
        "2026-04-03T18:00:00Z",
        "2027-12-19T16:00:00Z",
        "2040-12-31T23:59:00Z",
        "2041-01-01T00:00:00Z",
        "2037-11-01T06:00:00Z",
    ]);
    let near = (near, -2_880_i64..2_880)
        .prop_map(|(near, past)| near.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(past));
    let any = (1_483_228_800_i64..2_335_219_200).prop_map(|at| DateTime::from_timestamp(at, 0).unwrap());
    let any = (any, 0_i64..1_000).prop_map(|(at, past)| at + TimeDelta::milliseconds(past));
    prop_oneof![near, any]
}

/// How far openings are looked for by walking.
const FAR: TimeDelta = TimeDelta::days(8);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn consent_i6_i7_what_is_worked_out_beforehand_answers_as_the_plain_way_does(
        reader in reader(),
        names in prop::sample::subsequence(vec!["fr", "fr-wide", "de", "gb", "us"], 0..4),
        channel in prop::sample::select(vec!["sms", "sms", "voice", "email"]),
        instants in prop::collection::vec(instant(), 4),
    ) {
        let mut policy = Policy::new("law").territory_in("country").postcode_in("postcode");
        for name in names {
            policy = policy.profile(Profile::named(name).unwrap());
        }
        if let Some(home) = reader.home {
            policy = policy.at_home(home);
        }
        let contact = reader.contact();
        let zone = Zone::named(reader.counted_in).unwrap();
        let recipient = Recipient::of(&contact, channel, &policy, &zone);
        let found = recipient.territories().map(|all| all.iter().map(|one| one.code().to_owned()).collect::<Codes>());
        prop_assert_eq!(found, reader.candidates(channel));
        let legal = Legal::new(&policy.profiles, channel, &recipient);
        for at in instants {
            let closed = reader.closed(&policy.profiles, channel, at, true);
            prop_assert_eq!(legal.is_open(at), closed == (false, false), "at {}", at);
            let opening = legal.next_open(at);
            // What keeps it closed at once is said; more may keep it closed on the way.
            prop_assert!(opening.hours >= closed.0 && opening.holiday >= closed.1, "{opening:?} at {at}");
            if closed == (false, false) {
                let open = (opening.at, opening.hours, opening.holiday);
                prop_assert_eq!(open, (Some(at), false, false));
                continue;
            }
            let mut here = at;
            while here < at + FAR && reader.closed(&policy.profiles, channel, here, false) != (false, false) {
                let quarter = 15 * 60 * 1_000;
                here += TimeDelta::milliseconds(quarter - here.timestamp_millis().rem_euclid(quarter));
            }
            let near = opening.at.filter(|opens| *opens < at + FAR);
            prop_assert_eq!(near, (here < at + FAR).then_some(here), "from {}", at);
        }
    }
}

#[test]
fn consent_territories_of_every_prefix_and_postcode_are_those_of_the_longest() {
    let codes = |places: Option<Vec<Territory>>| -> Option<Codes> {
        Some(places?.into_iter().map(|place| place.code().to_owned()).collect())
    };
    let mut asked = 0;
    for prefix in (0..100_000)
        .step_by(7)
        .map(|number| format!("{number}"))
        .chain(plain().phones.iter().map(|row| row.0.clone()))
    {
        for rest in ["", "1", "5550100", "99999999999999"] {
            let number = format!("+{prefix}{rest}");
            assert_eq!(codes(Territory::of_phone(&number)), of_phone(&number), "{number}");
            asked += 1;
        }
    }
    for postcode in 0..100_000 {
        let postcode = format!("{postcode:05}");
        assert_eq!(codes(Territory::of_postcode(&postcode)), of_postcode(&postcode), "{postcode}");
    }
    assert!(asked > 50_000);
}
