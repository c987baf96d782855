//! How fast segments that nobody saved are sized over a million contacts. `cargo bench --bench audience`.
//!
//! The data is made here, the same each time; every size is compared with a loop over rows before anything is timed. With
//! `JOURNEYMAN_SEGMENT_DATA=1` it is also written to `target/segment-data` as CSV, where `benches/peers/segments.py` reads it
//! and asks DuckDB the same; run it after this, for it reads what was measured here, too.
//!
//! `JOURNEYMAN_CONTACTS` says how many contacts (1,000,000).

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // a bench measures time

mod common;

use std::fs;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use journeyman::Contact;
use journeyman::audience::{Audience, By, Draft};
use journeyman::machine::{Cold, ContactState, Hot};
use journeyman::model::{Attributes, ContactId, Value};
use journeyman::rule::Standing;
use journeyman::rule::segment::SegmentDefinition;

const DAY: i64 = 86_400_000;
/// 20 November 2026, 00:00 UTC.
const NOW: i64 = 1_795_132_800_000;
const COUNTRIES: [&str; 12] = ["FR", "FR", "FR", "FR", "BE", "BE", "CH", "CH", "CA", "DE", "ES", "US"];
const PLANS: [&str; 4] = ["free", "free", "pro", "team"];
const KINDS: [(&str, u64); 10] = [
    ("email.opened", 26),
    ("page.viewed", 24),
    ("app.opened", 14),
    ("link.clicked", 10),
    ("video.watched", 8),
    ("message.replied", 5),
    ("purchase", 5),
    ("cart.filled", 4),
    ("form.sent", 3),
    ("call.booked", 1),
];
const PURCHASE: usize = 6;
const ENGAGED: [usize; 4] = [0, 2, 3, 5];
const SKUS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "X", "Y"];

const DRAFTS: [&str; 5] = [
    r#"{"segment": "S1", "where": {"all": [
        {"attribute": "country", "is": "FR"}, {"attribute": "plan", "one_of": ["pro", "team"]},
        {"attribute": "score", "at_least": 700}, {"tag": "vip"}, {"not": {"tag": "trial"}},
        {"consent": "newsletter", "channel": "email"}]}}"#,
    r#"{"segment": "S2", "where": {"all": [
        {"consent": "newsletter", "channel": "email"},
        {"event": "email.opened", "count": {"at_least": 3}, "within": "30d"}]}}"#,
    r#"{"segment": "S3", "where": {"all": [
        {"attribute": "plan", "one_of": ["pro", "team"]}, {"attribute": "created_at", "older_than": "30d"},
        {"not": {"events": ["email.opened", "app.opened", "link.clicked", "message.replied"], "within": "7d"}}]}}"#,
    r#"{"segment": "S4", "where": {"sequence": {
        "first": {"event": "purchase", "where": {"sku": "X"}}, "never": {"event": "purchase", "where": {"sku": "Y"}},
        "within": "14d", "remember": "60d"}}}"#,
    r#"{"segment": "S5", "where": {"all": [
        {"consent": "newsletter", "channel": "email"}, {"not": {"journey": "onboarding"}},
        {"any": [{"tag": "vip"}, {"tag": "beta"}]},
        {"any": [{"event": "email.opened", "count": {"at_least": 3}, "within": "30d"},
                 {"all": [{"attribute": "score", "at_least": 500},
                          {"events": ["email.opened", "app.opened", "link.clicked", "message.replied"], "within": "7d"}]}]},
        {"event": "purchase", "sum": {"of": "amount", "at_least": 100}, "within": "90d"}]}}"#,
];

/// What a row says of one contact.
#[derive(Clone, Default)]
struct Person {
    country: usize,
    plan: usize,
    score: i64,
    created_at: i64,
    vip: bool,
    trial: bool,
    beta: bool,
    newsletter: bool,
    onboarding: bool,
    /// Kind, instant, product, amount; in order of their instants.
    events: Vec<(usize, i64, usize, i64)>,
}

struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// From 0 to below 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn people(count: usize) -> Vec<Person> {
    let mut draw = Draw(42);
    let weights: u64 = KINDS.iter().map(|(_, weight)| weight).sum();
    (0..count)
        .map(|_| {
            let mut person = Person {
                country: draw.below(12) as usize,
                plan: draw.below(4) as usize,
                score: (draw.part() * draw.part() * 1_000.0) as i64,
                created_at: NOW - (draw.part() * 730.0 * DAY as f64) as i64,
                vip: draw.percent(10),
                trial: draw.percent(20),
                beta: draw.percent(5),
                newsletter: draw.percent(40),
                onboarding: draw.percent(10),
                events: Vec::new(),
            };
            let events = (-(1.0 - draw.part()).ln() * 9.5 + 0.5) as usize;
            for _ in 0..events {
                let mut lot = draw.below(weights);
                let kind = KINDS.iter().position(|(_, weight)| match lot.checked_sub(*weight) {
                    Some(rest) => {
                        lot = rest;
                        false
                    }
                    None => true,
                });
                // Squared, so that half of all events lie in the last quarter of the year.
                let age = draw.part().powi(2) * 365.0 * DAY as f64;
                let (sku, amount) = (draw.below(8) as usize, 5 + draw.below(146) as i64);
                person.events.push((kind.unwrap(), NOW - age as i64, sku, amount));
            }
            person.events.sort_unstable_by_key(|event| event.1);
            person
        })
        .collect()
}

/// The same five questions, row by row.
fn by_rows(draft: usize, person: &Person) -> bool {
    let within = |at: i64, days: i64| at <= NOW && NOW < at + days * DAY;
    let count = |kinds: &[usize], days: i64| {
        person.events.iter().filter(|event| kinds.contains(&event.0) && within(event.1, days)).count()
    };
    let opened = || count(&[0], 30) >= 3;
    let paying = PLANS[person.plan] != "free";
    match draft {
        0 => {
            COUNTRIES[person.country] == "FR"
                && paying
                && person.score >= 700
                && person.vip
                && !person.trial
                && person.newsletter
        }
        1 => person.newsletter && opened(),
        2 => paying && person.created_at + 30 * DAY <= NOW && count(&ENGAGED, 7) == 0,
        3 => person.events.iter().any(|first| {
            let bought =
                |event: &(usize, i64, usize, i64), sku: &str| event.0 == PURCHASE && SKUS[event.2] == sku;
            bought(first, "X")
                && within(first.1, 60)
                && first.1 + 14 * DAY <= NOW
                && !person
                    .events
                    .iter()
                    .any(|then| bought(then, "Y") && first.1 <= then.1 && then.1 < first.1 + 14 * DAY)
        }),
        _ => {
            let spent: i64 = person
                .events
                .iter()
                .filter(|event| event.0 == PURCHASE && within(event.1, 90))
                .map(|event| event.3)
                .sum();
            person.newsletter
                && !person.onboarding
                && (person.vip || person.beta)
                && (opened() || (person.score >= 500 && count(&ENGAGED, 7) > 0))
                && spent >= 100
        }
    }
}

fn id(number: usize) -> String {
    format!("c{number:07}")
}

fn state(number: usize, person: &Person, consent: &Standing, onboarding: &Hot) -> ContactState {
    let mut contact = Contact::new(id(number).as_str())
        .attribute("country", COUNTRIES[person.country])
        .attribute("plan", PLANS[person.plan])
        .attribute("score", person.score)
        .attribute("created_at", Value::Instant(DateTime::from_timestamp_millis(person.created_at).unwrap()));
    for (tag, has) in [("vip", person.vip), ("trial", person.trial), ("beta", person.beta)] {
        if has {
            contact = contact.tag(tag);
        }
    }
    let mut state = ContactState::new(contact.id.clone());
    let cold: &mut Cold = Arc::make_mut(&mut state.cold);
    cold.contact = contact;
    if person.newsletter {
        cold.standing = consent.clone();
    }
    if person.onboarding {
        state.hot = onboarding.clone();
    }
    state
}

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap()
}

fn feed(people: &[Person]) -> Audience {
    let consent: Standing = serde_json::from_str(r#"{"granted": {"newsletter": {"email": {}}}}"#).unwrap();
    let onboarding: Hot = serde_json::from_str(
        r#"{"now": 0, "enrollments": [{"id": "00000000000000000000000000000000", "journey": "onboarding", "version": 1,
            "entered_at": 0, "node": "a", "arrived_at": 0, "ordinal": 0, "waiting": {"until": {"at": 0}}}]}"#,
    )
    .unwrap();
    let mut audience = Audience::default();
    let start = Instant::now();
    for (number, person) in people.iter().enumerate() {
        audience.put(&state(number, person, &consent, &onboarding));
    }
    let put = start.elapsed();
    let mut events: Vec<(i64, u32, u32)> = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let own = person.events.iter().enumerate();
        events.extend(own.map(|(place, event)| (event.1, number as u32, place as u32)));
    }
    events.sort_unstable();
    let ids: Vec<ContactId> = (0..people.len()).map(|number| ContactId::from(id(number))).collect();
    let nothing = Attributes::new();
    let purchases: Vec<Attributes> = (0..8)
        .flat_map(|sku| (0..151).map(move |amount| (sku, amount)))
        .map(|(sku, amount): (usize, i64)| {
            [("sku".into(), Value::from(SKUS[sku])), ("amount".into(), Value::Integer(amount))].into()
        })
        .collect();
    let start = Instant::now();
    for (at, number, place) in &events {
        let event = people[*number as usize].events[*place as usize];
        let properties =
            if event.0 == PURCHASE { &purchases[event.2 * 151 + event.3 as usize] } else { &nothing };
        audience.hear(&ids[*number as usize], KINDS[event.0].0, properties, instant(*at));
    }
    let heard = start.elapsed();
    audience.tidy();
    println!(
        "fed: {} contacts, {:.0} ns each, state included; {} events, {:.0} ns each",
        people.len(),
        put.as_nanos() as f64 / people.len() as f64,
        events.len(),
        heard.as_nanos() as f64 / events.len() as f64
    );
    println!(
        "memory: {} bytes, {:.1} a contact of {:.1} events",
        audience.bytes(),
        audience.bytes() as f64 / people.len() as f64,
        events.len() as f64 / people.len() as f64
    );
    audience
}

/// What the processor was at work for this thread, in nanoseconds.
fn at_work() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The fastest of many rounds, and the mean of what the processor was at work, in milliseconds.
fn time(mut work: impl FnMut()) -> (f64, f64) {
    const ROUNDS: u32 = 40;
    work();
    let mut best = f64::MAX;
    let before = at_work();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    let mean = before.zip(at_work()).map_or(f64::NAN, |(before, after)| (after - before) as f64 / 1e6);
    (best, mean / f64::from(ROUNDS))
}

fn write(people: &[Person]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/segment-data");
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| BufWriter::new(fs::File::create(folder.join(format!("{name}.csv"))).unwrap());
    let mut contacts = file("contacts");
    writeln!(contacts, "id,country,plan,score,created_at,vip,trial,beta,newsletter,onboarding").unwrap();
    for (number, person) in people.iter().enumerate() {
        let Person { score, created_at, vip, trial, beta, newsletter, onboarding, .. } = person;
        let (country, plan) = (COUNTRIES[person.country], PLANS[person.plan]);
        writeln!(
            contacts,
            "{number},{country},{plan},{score},{created_at},{vip},{trial},{beta},{newsletter},{onboarding}"
        )
        .unwrap();
    }
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let mut events: Vec<(i64, usize, usize, i64)> = Vec::new();
        for (number, person) in people.iter().enumerate() {
            let own = person.events.iter().filter(|event| event.0 == kind);
            events.extend(own.map(|event| (event.1, number, event.2, event.3)));
        }
        events.sort_unstable();
        let mut out = file(&name.replace('.', "_"));
        writeln!(out, "contact,at,sku,amount").unwrap();
        for (at, number, sku, amount) in events {
            writeln!(out, "{number},{at},{},{amount}", SKUS[sku]).unwrap();
        }
    }
    println!("data written to {}", folder.display());
}

fn main() {
    if !common::is_wanted("audience") {
        return;
    }
    let count = std::env::var("JOURNEYMAN_CONTACTS").ok().and_then(|text| text.parse().ok());
    // `cargo test` runs benches as well.
    let tested = std::env::args().any(|argument| argument == "--test");
    let count = count.unwrap_or(if tested { 2_000 } else { 1_000_000 });
    let people = people(count);
    let audience = feed(&people);
    let drafts: Vec<Draft> = DRAFTS
        .iter()
        .map(|text| {
            let definition: SegmentDefinition = serde_json::from_str(text).unwrap();
            audience.draft(&definition, &[]).unwrap()
        })
        .collect();
    let by = [By::attribute("country"), By::attribute("plan"), By::attribute("score")];
    let mut results = String::from("segment,contacts,ms,mean\n");
    println!(
        "\n{:<8} {:>9} {:>9} {:>9} {:>12} {:>16}",
        "segment", "contacts", "ms", "mean ms", "by rows, ms", "distribution, ms"
    );
    let (mut total, mut total_mean) = (0.0, 0.0);
    for (number, draft) in drafts.iter().enumerate() {
        let start = Instant::now();
        let wanted = people.iter().filter(|person| by_rows(number, person)).count() as u64;
        let rows = start.elapsed().as_secs_f64() * 1e3;
        let size = audience.size(draft, instant(NOW));
        assert_eq!(size, wanted, "{}", draft.segment());
        assert_eq!(audience.members(draft, instant(NOW)).count() as u64, wanted);
        let (best, mean) = time(|| {
            black_box(audience.size(black_box(draft), instant(NOW)));
        });
        let (spread, _) = time(|| {
            black_box(audience.distribution(black_box(draft), &by[..2], instant(NOW)));
        });
        println!("{:<8} {size:>9} {best:>9.3} {mean:>9.3} {rows:>12.1} {spread:>16.3}", draft.segment());
        results.push_str(&format!("{},{size},{best},{mean}\n", draft.segment()));
        (total, total_mean) = (total + best, total_mean + mean);
    }
    println!("{:<8} {:>9} {total:>9.3} {total_mean:>9.3}", "all five", "");
    if std::env::var_os("JOURNEYMAN_SEGMENT_DATA").is_some() {
        write(&people);
        let results_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/segment-data/results.csv");
        fs::write(results_file, results).unwrap();
    }
}
