//! The segments of everybody, as definitions and as numbers, in three versions.

use crate::error::BuildError;
use crate::journey::parse_yaml;
use crate::rule::segment::SegmentDefinition;
use crate::sim::consent::OWED;

const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What a segment asks, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// So many of these events within so long.
    Many { events: &'static [&'static str], within: i64, least: usize },
    /// So many events whose names begin so, on so many local days.
    Days { prefix: &'static str, days: i64, least: usize },
    /// One event and then another in time, remembered for so long.
    Then { first: &'static str, then: &'static str, within: i64, remember: i64 },
    /// One event and then not another.
    Never { first: &'static str, never: &'static str, within: i64, remember: i64 },
    /// The attribute `score` is at least this, and has been for so long.
    Held { least: i64, length: i64 },
    /// The property `number` of these events comes to at least this.
    Sum { events: &'static [&'static str], within: i64, least: i64 },
    /// The attribute `due` is over for so long.
    Over { length: i64 },
    /// In the one segment and not in the other.
    Nested { inside: &'static str, outside: &'static str },
}

/// A segment in one version.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// Its own version, which is older than that of the world where nothing of it changed.
    pub(super) version: u32,
    pub(super) asks: Asks,
    yaml: &'static str,
}

const SIX_HOURS: i64 = 6 * HOUR;

const DAILY: Rule = Rule {
    name: "daily",
    version: 1,
    asks: Asks::Days { prefix: "s", days: 2, least: 2 },
    yaml: "{ prefix: s, calendar_days: 2, count: { at_least: 2 } }",
};
const QUICK: Rule = Rule {
    name: "quick",
    version: 1,
    asks: Asks::Then { first: "seen", then: "clicked", within: SIX_HOURS, remember: 2 * DAY },
    yaml: "{ sequence: { first: { event: seen }, then: { event: clicked }, within: 6h, remember: 2d } }",
};
const STEADY: Rule = Rule {
    name: "steady",
    version: 1,
    asks: Asks::Held { least: 50, length: 2 * DAY },
    yaml: "{ attribute: score, at_least: 50, held_for: 2d }",
};
const OVERDUE: Rule = Rule {
    name: "overdue",
    version: 1,
    asks: Asks::Over { length: SIX_HOURS },
    yaml: "{ attribute: due, older_than: 6h }",
};
const CALM: Rule = Rule {
    name: "calm",
    version: 1,
    asks: Asks::Nested { inside: "daily", outside: "lively" },
    yaml: "{ all: [{ segment: daily }, { not: { segment: lively } }] }",
};

const FIRST: [Rule; 8] = [
    Rule {
        name: "lively",
        version: 1,
        asks: Asks::Many { events: &["clicked", "seen", "praised"], within: 36 * HOUR, least: 3 },
        yaml: "{ events: [clicked, seen, praised], within: 36h, count: { at_least: 3 } }",
    },
    DAILY,
    Rule {
        name: "waiting",
        version: 1,
        asks: Asks::Never { first: "signed_up", never: "booked", within: DAY, remember: 3 * DAY },
        yaml: "{ sequence: { first: { event: signed_up }, never: { event: booked }, within: 1d, remember: 3d } }",
    },
    QUICK,
    STEADY,
    Rule {
        name: "spent",
        version: 1,
        asks: Asks::Sum { events: &["clicked", "booked"], within: 3 * DAY, least: 6 },
        yaml: "{ events: [clicked, booked], within: 3d, sum: { of: number, at_least: 6 } }",
    },
    OVERDUE,
    CALM,
];

const SECOND: [Rule; 9] = [
    // Fewer of the same: nothing new is counted.
    Rule {
        name: "lively",
        version: 2,
        asks: Asks::Many { events: &["clicked", "seen", "praised"], within: 24 * HOUR, least: 2 },
        yaml: "{ events: [clicked, seen, praised], within: 24h, count: { at_least: 2 } }",
    },
    DAILY,
    // Another event: its history is counted.
    Rule {
        name: "waiting",
        version: 2,
        asks: Asks::Never { first: "signed_up", never: "seen", within: DAY, remember: 3 * DAY },
        yaml: "{ sequence: { first: { event: signed_up }, never: { event: seen }, within: 1d, remember: 3d } }",
    },
    QUICK,
    STEADY,
    Rule {
        name: "spent",
        version: 2,
        asks: Asks::Sum { events: &["clicked", "booked", "praised"], within: 3 * DAY, least: 6 },
        yaml: "{ events: [clicked, booked, praised], within: 3d, sum: { of: number, at_least: 6 } }",
    },
    OVERDUE,
    CALM,
    // Nobody was ever in it.
    Rule {
        name: "answering",
        version: 2,
        asks: Asks::Many { events: &["replied", "asked"], within: 5 * DAY, least: 2 },
        yaml: "{ events: [replied, asked], within: 5d, count: { at_least: 2 } }",
    },
];

const THIRD: [Rule; 9] = [
    // More of the same: those that were forgotten are counted again.
    Rule {
        name: "lively",
        version: 3,
        asks: Asks::Many { events: &["clicked", "seen", "praised"], within: 48 * HOUR, least: 4 },
        yaml: "{ events: [clicked, seen, praised], within: 48h, count: { at_least: 4 } }",
    },
    DAILY,
    Rule {
        name: "waiting",
        version: 3,
        asks: Asks::Never { first: "signed_up", never: "booked", within: DAY, remember: 3 * DAY },
        yaml: "{ sequence: { first: { event: signed_up }, never: { event: booked }, within: 1d, remember: 3d } }",
    },
    QUICK,
    STEADY,
    Rule {
        name: "spent",
        version: 3,
        asks: Asks::Sum { events: &["clicked", "booked", "praised"], within: 2 * DAY, least: 6 },
        yaml: "{ events: [clicked, booked, praised], within: 2d, sum: { of: number, at_least: 6 } }",
    },
    OVERDUE,
    CALM,
    Rule {
        name: "answering",
        version: 2,
        asks: Asks::Many { events: &["replied", "asked"], within: 5 * DAY, least: 2 },
        yaml: "{ events: [replied, asked], within: 5d, count: { at_least: 2 } }",
    },
];

/// The segments of a version of the world; the last for a later one.
pub(super) fn rules(version: u32) -> &'static [Rule] {
    match version {
        0 => &[],
        1 => &FIRST,
        2 => &SECOND,
        _ => &THIRD,
    }
}

/// Which version of the world this definition came with first.
pub(crate) fn version_of(definition: &SegmentDefinition) -> u32 {
    definition.version
}

/// The segments as the host publishes them in a version.
pub(crate) fn definitions(version: u32) -> Result<Vec<SegmentDefinition>, BuildError> {
    let definition = |rule: &Rule| {
        let condition = parse_yaml(rule.yaml)?;
        // Their judges need not ask who objects.
        Ok(SegmentDefinition::new(rule.name, condition).version(rule.version).purpose(OWED))
    };
    let mut all: Vec<SegmentDefinition> =
        rules(version).iter().map(definition).collect::<Result<_, BuildError>>()?;
    all.extend(crate::sim::profile::segment().filter(|_| version > 0));
    Ok(all)
}
