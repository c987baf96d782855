//! The little world that every simulation plays in: fifteen journeys with every kind of node, in three versions, three channels and
//! a desk that answers calls.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};

use crate::error::BuildError;
use crate::journey::Journey;
use crate::port::OnUnknown;
use crate::port::store::Definition;
use crate::rule::template::Form;
use crate::rule::{TemplateDefinition, VariantDefinition};

/// When every simulation begins: a week before the clocks of Europe change.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_774_252_800_000).unwrap_or_default() // 2026-03-23T08:00:00Z
}

/// For how long the host tells things, and for how long the engines may finish afterwards.
pub(super) const TELLING: TimeDelta = TimeDelta::days(9);
pub(super) const FINISHING: TimeDelta = TimeDelta::days(14);

const WELCOME: &str = r#"
journey: welcome
version: VERSION
zone: Europe/Paris
enter: { on: { event: signed_up } }
reenter: { after: 2d }
exit:
  - { on: { event: booked, where: { number: { at_least: 2 } } }, as: goal }
  - { on: { event: replied } }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: pause, wait: SPAN }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing, retry: { attempts: 3, first: 5m } } }
  - { id: later, wait_until: { entry: +1d } }
  - { id: ask, wait_for: { any: [{ event: clicked, where: { number: 1 }, goto: thanks }, { event: seen }], within: 2d, otherwise: objection } }
  - { id: worth, branch: { when: [{ if: { attribute: score, at_least: 50 }, goto: thanks }], else: next } }
  - { id: objection, send: { channel: letter, template: objection, purpose: marketing } }
  - { id: morning, wait_until: { time: "09:30" } }
  - { id: thanks, send: { channel: email, template: thanks, purpose: marketing } }
"#;

/// The step that only the first version has.
const LATER: &str = "  - { id: later, wait_until: { entry: +1d } }\n";

const CAREFUL: &str = r#"
journey: careful
version: VERSION
enter:
  - { on: { event: seen, where: { number: 0 } } }
  - { on: { event: clicked }, if: { not: { performed: booked } } }
reenter: always
steps:
  - { id: night, wait_until: { time: "02:30" } }
  - { id: try, send: { channel: email, template: hello, purpose: marketing, refused: plan_b } }
  - { id: rest, wait: SPAN }
  - { id: plan_b, send: { channel: sms, template: proof, purpose: onboarding, refused: end } }
  - { id: end, exit: done }
"#;

/// The door that only the first version has, and what the others have in its place.
const BOOKED: &str = "enter: { on: { event: booked } }";
const BOOKED_OR_WORTHY: &str = "enter: [{ on: { event: booked } }, { on: { attribute: score }, if: { attribute: score, at_least: 70 }, existing: true }]";

const NIGHTLY: &str = r#"
journey: nightly
version: VERSION
enter: { on: { event: booked } }
max_duration: 4d
steps:
  - { id: turn, wait: SPAN }
  - { id: evening, wait_until: { time: "23:45" } }
  - { id: note, send: { channel: letter, template: thanks, purpose: onboarding }, goto: turn }
"#;

/// Runs side by side, told apart by a key; every kind of step that changes something.
const ORDERS: &str = r#"
journey: orders
version: VERSION
zone: Europe/Paris
enter: { on: { event: clicked } }
reenter: { one_per: number, after: 12h }
exit:
  - { on: { event: booked } }
  - { on: { attribute: due, becomes: { exists: false } } }
max_duration: 7d
spacing: merge
steps:
  - { id: lot, split: { ways: [{ weight: 40, goto: mark }, { weight: 60, goto: points }] } }
  - { id: mark, set: { attributes: { plan: gold }, tags: [buyer] }, goto: tell }
  - { id: points, score: { name: heat, add: 30 } }
  - { id: tell, emit: { event: nudged, properties: { number: 1 } } }
  - { id: turn, wait: SPAN }
  - { id: again, jump: { to: turn, most: 2 } }
  - { id: side, enter: { journey: aside, within: 1d, results: [{ is: goal, goto: good }], otherwise: offer } }
  - { id: good, set: { attributes: { plan: silver }, untag: [buyer] }, goto: gone }
  - { id: offer, send: { channel: letter, template: objection, purpose: marketing, window: "08:00-12:00 18:00-20:00" } }
  - { id: known, branch: { when: [{ if: { attribute: plan, is: gold }, goto: more }], else: gone, unknown: more } }
  - { id: more, send: { channel: letter, template: thanks, purpose: onboarding, window: "08:00-12:00 18:00-20:00" } }
  - { id: gone, leave: { journey: nudge } }
"#;

/// Entered by another journey alone.
const ASIDE: &str = r#"
journey: aside
version: VERSION
enter: { on: { host: aside } }
reenter: always
exit: [{ on: { event: replied }, as: goal }, { on: { score: heat, falls_below: 20 }, as: goal }]
steps:
  - { id: look, wait_for: { any: [{ if: { attribute: score, at_least: 60 }, goto: note }, { attribute: plan }], within: 12h, otherwise: over } }
  - { id: note, send: { channel: email, template: hello, purpose: onboarding, deadline: 2h } }
  - { id: over, exit: done }
"#;

/// Opened by what others make happen.
const NUDGE: &str = r#"
journey: nudge
version: VERSION
enter: [{ on: { event: nudged } }, { on: { score: heat, reaches: 50 } }, { on: { journey: aside, ended: goal } }]
reenter: { after: 6h, from: exit }
late: { grace: 1h, then: skip }
steps:
  - { id: poke, send: { channel: sms, template: proof, purpose: onboarding } }
  - { id: held, wait_until: { date: due } }
  - { id: turn, wait: SPAN }
"#;

/// Opened by a date.
const REMIND: &str = r#"
journey: remind
version: VERSION
enter: { on: { date: due, offset: -1d, time: "10:00" } }
reenter: always
late: { grace: 6h, then: exit }
steps:
  - { id: before, wait_until: { date: due, offset: -2h } }
  - { id: remind, send: { channel: email, template: thanks, purpose: onboarding } }
"#;

/// Opened by the calendar.
const WEEKLY_NEWS: &str = r#"
journey: weekly
version: VERSION
enter: { on: { schedule: { every: week, on: Tue-Fri, at: "11:00", until: 2026-04-08 } }, if: { attribute: score, at_least: 30 } }
reenter: always
steps:
  - { id: news, send: { channel: letter, template: hello, purpose: marketing } }
"#;

/// Asks the host, twice in a row, and writes in the name of whoever owns the contact.
const ASKS: &str = r#"
journey: asks
version: VERSION
enter: { on: { event: asked } }
reenter: { after: 1h }
exit: [{ on: { event: booked } }]
steps:
  - { id: rate, call: { channel: desk, with: { city: Lyon }, answer: { fit: integer }, within: 6h, results: [{ is: good, goto: second }], refused: own, otherwise: second } }
  - { id: turn, wait: SPAN }
  - { id: second, hand_over: { channel: desk, ask: call_back, within: 12h, results: [{ is: good, goto: own }], refused: named } }
  - { id: own, assign: { role: coach, among: [ana, ben, zoe] } }
  - { id: tell, send: { channel: email, template: hello, purpose: onboarding, from: { owner: coach } } }
  - { id: over, exit: told }
  - { id: named, assign: { role: coach, channel: desk, within: 2h } }
  - { id: letter, send: { channel: letter, template: thanks, purpose: onboarding, from: { owner: coach } } }
"#;

/// Holds a place of which there are few, and undoes what it did where it comes to nothing.
const WORKSHOP: &str = r#"
journey: workshop
version: VERSION
enter: { on: { event: seen } }
reenter: always
exit: [{ on: { event: replied } }, { on: { event: booked }, as: goal }]
max_duration: 3d
undo_on: [exit, max_duration, gone]
steps:
  - { id: mark, set: { tags: [seated] }, undo: { set: { untag: [seated] } } }
  - { id: grow, score: { name: seats, add: 1 }, undo: [{ score: { name: seats, add: -1 } }, { emit: { event: unseated } }] }
  - { id: hold, reserve: { offer: seat, quota: seats, expires: 20h, within: 3h, full: gone, otherwise: gone } }
  - { id: ask_them, call: { channel: desk, within: 2h }, undo: { call: { channel: desk, ask: cancel, within: 2h } } }
  - { id: say, send: { channel: letter, template: seat, purpose: onboarding, offer: seat } }
  - { id: decide, wait_for: { any: [{ event: clicked, goto: keep }, { event: asked, goto: keep }], within: 1d, otherwise: gone } }
  - { id: keep, confirm: { offer: seat, within: 3h, full: gone }, undo: { release: { offer: seat } } }
  - { id: sit, wait: 4h }
  - { id: back, release: { offer: seat }, goto: end }
  - { id: gone, exit: gone }
  - { id: end, exit: done }
"#;

/// Entered whenever the score says so; what it says then decides the way.
const RISE: &str = r#"
journey: rise
version: VERSION
enter: [{ on: { tier: spark, moves: up, to: hot } }, { on: { mark: stuck, of: spark } }]
reenter: always
steps:
  - { id: worth, branch: { when: [{ if: { score: spark, at_least: 45 }, goto: far }], else: near } }
  - { id: far, set: { tags: [far] }, goto: end }
  - { id: near, set: { untag: [far] } }
  - { id: end, exit: done }
"#;

/// Computes attributes, of what was told and of what it computed before.
const SUMS: &str = r#"
journey: sums
version: VERSION
enter: { on: { event: counted } }
reenter: always
steps:
  - id: first
    set:
      attributes: { base: 1 }
      unset: [was]
      computed:
        visits: "if_else(known(visits), visits + base, base)"
        worth: "min((attribute('score') - score('heat')) / 8, 9) + base"
        share: "60 / number('event.clicked.count')"
  - { id: turn, wait: SPAN }
  - id: second
    set:
      attributes: { base: 10 }
      computed: { visits: visits + base, was: visits - worth, worth: "max(attribute('score'), score('heat')) * base" }
"#;

/// Entered by whoever comes into a segment, and left by who leaves it meanwhile.
const FLOCK: &str = r#"
journey: flock
version: VERSION
enter: [{ on: { segment: lively, moves: in } }, { on: { segment: waiting, moves: in } }]
reenter: always
steps:
  - { id: tag_it, set: { tags: [flocked] } }
  - { id: end, exit: done }
"#;

/// Entered by whoever was in the segment already, too.
const HERD: &str = r#"
journey: herd
version: VERSION
enter: { on: { segment: waiting, moves: in }, existing: true }
reenter: always
exit: [{ on: { segment: waiting, moves: out } }]
steps:
  - { id: meanwhile, wait_for: { any: [{ segment: calm, moves: in, goto: over }], within: 5d, otherwise: over } }
  - { id: over, exit: done }
"#;

/// Lets in only so many.
const FEW: &str = r#"
journey: few
version: VERSION
enter: { on: { event: signed_up } }
reenter: { after: 1d }
cap: { most: 3, quota: seats, within: 3h }
steps:
  - { id: welcome_in, send: { channel: letter, template: hello, purpose: onboarding } }
"#;

pub(super) const SEAT: &str = "seat";
pub(super) const SEATS_OF_ALL: usize = 3;
pub(super) const ENTRIES: &str = "entries/few";
pub(super) const CAP: usize = 3;

/// The local time at which the calendar opens a journey.
pub(super) const WEEKLY: TimeDelta = TimeDelta::hours(11);

/// The send window of two steps, as it is written there.
pub(super) fn is_window_open(local: TimeDelta) -> bool {
    let hours = |from, until| local >= TimeDelta::hours(from) && local < TimeDelta::hours(until);
    hours(8, 12) || hours(18, 20)
}

pub(super) const JOURNEYS: [&str; 15] = [
    "welcome", "careful", "nightly", "orders", "aside", "nudge", "remind", "weekly", "asks", "workshop",
    "few", "rise", "sums", "flock", "herd",
];
pub(super) const EVENTS: [&str; 8] =
    ["signed_up", "clicked", "booked", "replied", "seen", "asked", "praised", "counted"];
/// The event that opens the journey which asks the host.
pub(super) const ASKED: usize = 5;
/// The event that only the score is about.
pub(super) const PRAISED: usize = 6;
/// The event that opens the journey which computes.
pub(super) const COUNTED: usize = 7;
pub(super) const PURPOSES: [&str; 2] = ["onboarding", "marketing"];

/// What was read already: thousands of simulations of one process publish the same.
static READ: Mutex<BTreeMap<u32, Vec<Definition>>> = Mutex::new(BTreeMap::new());

/// Everything published as of a version; every version has a span of its own in its waits.
pub(super) fn definitions(version: u32) -> Result<Vec<Definition>, BuildError> {
    let known = READ.lock().unwrap_or_else(PoisonError::into_inner).get(&version).cloned();
    if let Some(definitions) = known {
        return Ok(definitions);
    }
    let definitions = read(version)?;
    READ.lock().unwrap_or_else(PoisonError::into_inner).insert(version, definitions.clone());
    Ok(definitions)
}

fn read(version: u32) -> Result<Vec<Definition>, BuildError> {
    let mut definitions: Vec<Definition> = Vec::new();
    for name in ["hello", "proof", "objection", "thanks"] {
        let text =
            format!("{name} {version}: {{{{ contact.score }}}} clicks {{{{ event['clicked'].count }}}}");
        let french = VariantDefinition::default().language("fr").text(format!("fr {text}"));
        let friendly = VariantDefinition::default().language("fr").form(Form::Tu).text(format!("tu {text}"));
        definitions.push(TemplateDefinition::new(name).text(text).variant(french).variant(friendly).into());
    }
    definitions.push(Definition::Score(super::spark::definition(version)));
    definitions.extend(super::segments::definitions(version)?.into_iter().map(Definition::Segment));
    definitions.extend(super::consent::definitions(version)?);
    definitions.push(TemplateDefinition::new("seat").text("{{ offer.name }}: {{ offer.remaining }}").into());
    for text in [
        WELCOME,
        CAREFUL,
        NIGHTLY,
        ORDERS,
        ASIDE,
        NUDGE,
        REMIND,
        WEEKLY_NEWS,
        ASKS,
        WORKSHOP,
        FEW,
        RISE,
        SUMS,
        FLOCK,
        HERD,
    ] {
        let text = text.replace("VERSION", &version.to_string()).replace("SPAN", span(version));
        // Another version is another graph.
        let text =
            if version == 1 { text } else { text.replace(LATER, "").replace(BOOKED, BOOKED_OR_WORTHY) };
        definitions.push(Journey::from_yaml(&text)?.into());
    }
    Ok(definitions)
}

fn span(version: u32) -> &'static str {
    match version {
        1 => "2h",
        2 => "5h",
        _ => "45m",
    }
}

/// How long the plain waits of a version last.
pub(super) fn wait_of(version: u32) -> TimeDelta {
    match version {
        1 => TimeDelta::hours(2),
        2 => TimeDelta::hours(5),
        _ => TimeDelta::minutes(45),
    }
}

/// Local times that steps wait for, by node.
pub(super) fn time_of(node: &str) -> Option<TimeDelta> {
    match node {
        "morning" => Some(TimeDelta::minutes(9 * 60 + 30)),
        "night" => Some(TimeDelta::minutes(2 * 60 + 30)),
        "evening" => Some(TimeDelta::minutes(23 * 60 + 45)),
        _ => None,
    }
}

/// Zones of contacts, with their distance from UTC before and after an instant, as tables say and no code of ours.
pub(super) struct Place {
    pub(super) zone: &'static str,
    before: i64,
    after: i64,
    /// When the clocks change, in milliseconds since 1970.
    change: i64,
}

const EUROPE: i64 = 1_774_746_000_000; // 2026-03-29T01:00:00Z

pub(super) static PLACES: [Place; 4] = [
    Place { zone: "Europe/Paris", before: 60, after: 120, change: EUROPE },
    Place { zone: "Asia/Tokyo", before: 540, after: 540, change: EUROPE },
    Place { zone: "Indian/Reunion", before: 240, after: 240, change: EUROPE },
    Place { zone: "Atlantic/Azores", before: -60, after: 0, change: EUROPE },
];

/// The place of somebody of whom nobody knows where it lives; its clock is the engine's.
pub(super) const NOWHERE: usize = 99;
static NO_PLACE: Place = Place { zone: "", before: 0, after: 0, change: EUROPE };

/// The place of a number.
pub(super) fn place(number: usize) -> &'static Place {
    if number == NOWHERE { &NO_PLACE } else { &PLACES[number % PLACES.len()] }
}

impl Place {
    /// The local time of day at an instant.
    pub(super) fn time_of_day(&self, at: DateTime<Utc>) -> TimeDelta {
        TimeDelta::milliseconds(self.local(at).rem_euclid(DAY))
    }

    fn local(&self, at: DateTime<Utc>) -> i64 {
        self.local_millis(at.timestamp_millis())
    }

    /// The month in which an instant falls, as a number that grows.
    pub(super) fn month(&self, at: i64) -> i32 {
        let local = DateTime::from_timestamp_millis(self.local_millis(at)).unwrap_or_default();
        local.year() * 12 + local.month0() as i32
    }

    /// The first instant of the month after.
    pub(super) fn month_ends(&self, at: i64) -> i64 {
        let own = self.month(at);
        let mut midnights = (0..).map(|day| {
            let at = DateTime::from_timestamp_millis(at + day * DAY).unwrap_or_default();
            self.next(at, TimeDelta::zero()).timestamp_millis()
        });
        midnights.find(|at| self.month(*at) != own).unwrap_or(at)
    }

    /// The local day of an instant, as a number that grows.
    pub(super) fn day(&self, at: i64) -> i64 {
        self.local_millis(at).div_euclid(DAY)
    }

    /// The first instant of the local day after.
    pub(super) fn midnight_after(&self, at: i64) -> i64 {
        let next = DateTime::from_timestamp_millis(at + 1).unwrap_or_default();
        self.next(next, TimeDelta::zero()).timestamp_millis()
    }

    fn local_millis(&self, at: i64) -> i64 {
        at + MINUTE * if at < self.change { self.before } else { self.after }
    }

    /// The instant of a local time, in milliseconds; one that no clock shows is the instant of the change.
    pub(super) fn instant(&self, local: i64) -> i64 {
        let early = local - MINUTE * self.before;
        if early < self.change { early } else { (local - MINUTE * self.after).max(self.change) }
    }

    /// The first instant at or after another with this local time; where a gap swallows it, the end of the gap.
    pub(super) fn next(&self, at: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        let midnight = self.local(at).div_euclid(DAY) * DAY;
        let local = (0..).map(|day| midnight + day * DAY + time.num_milliseconds());
        let instants =
            local.map(|local| DateTime::from_timestamp_millis(self.instant(local)).unwrap_or_default());
        let mut instants = instants.skip_while(|instant| *instant < at);
        instants.next().unwrap_or_default()
    }
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// A way to reach people, as its provider behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) honours_ids: bool,
    pub(super) on_unknown: OnUnknown,
    pub(super) batch: usize,
}

pub(super) const LINES: [Line; 3] = [
    Line { name: "email", honours_ids: true, on_unknown: OnUnknown::Park, batch: 4 },
    Line { name: "sms", honours_ids: false, on_unknown: OnUnknown::Park, batch: 1 },
    Line { name: "letter", honours_ids: false, on_unknown: OnUnknown::Resend, batch: 3 },
];

/// Where calls go; it reaches nobody, so that no contact has an address there.
pub(super) const DESK: Line = Line { name: "desk", honours_ids: true, on_unknown: OnUnknown::Park, batch: 1 };

/// Where places are counted.
pub(super) const SEATS: Line =
    Line { name: "seats", honours_ids: true, on_unknown: OnUnknown::Park, batch: 1 };

/// The third party that is told of people.
pub(super) const PARTNER: Line =
    Line { name: "share:maison", honours_ids: true, on_unknown: OnUnknown::Park, batch: 1 };

pub(super) fn line(name: &str) -> Line {
    LINES.into_iter().chain([DESK, SEATS, PARTNER]).find(|line| line.name == name).unwrap_or(LINES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixture_compiles_in_every_version() {
        for version in 1..=3 {
            assert_eq!(
                definitions(version).unwrap().len(),
                21 + super::super::segments::definitions(version).unwrap().len()
                    + super::super::consent::definitions(version).unwrap().len()
            );
        }
    }

    #[test]
    fn the_table_of_places_knows_the_gap_of_spring() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let night = time_of("night").unwrap();
        let [paris, tokyo, _, azores] = &PLACES;
        assert_eq!(paris.next(at("2026-03-27T08:00:00Z"), night), at("2026-03-28T01:30:00Z"));
        assert_eq!(paris.next(at("2026-03-28T01:30:00Z"), night), at("2026-03-28T01:30:00Z"));
        assert_eq!(paris.next(at("2026-03-28T01:30:00.001Z"), night), at("2026-03-29T01:00:00Z"));
        assert_eq!(paris.next(at("2026-03-29T01:00:00.001Z"), night), at("2026-03-30T00:30:00Z"));
        assert_eq!(tokyo.next(at("2026-03-27T18:00:00Z"), night), at("2026-03-28T17:30:00Z"));
        assert_eq!(azores.next(at("2026-03-29T00:00:00Z"), night), at("2026-03-29T02:30:00Z"));
        assert_eq!(paris.time_of_day(at("2026-03-29T01:00:00Z")), TimeDelta::hours(3));
    }
}
