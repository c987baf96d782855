//! The rules of the score, as a script and as numbers, in three versions.

use crate::rule::score::{History, ScoreDefinition};

/// The name of the score.
pub(crate) const SPARK: &str = "spark";

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What a version says, where it does not say the same as the others.
pub(super) struct Rules {
    pub(super) version: u32,
    /// What becomes of those who are known already.
    pub(super) keeps: bool,
    /// Points for a click, and how many of them in a day.
    pub(super) click: (i64, i64),
    /// A silence, and what it takes.
    pub(super) decay: (i64, i64),
    pub(super) most: i64,
    /// Name, lowest value, hysteresis and shortest stay, lowest first.
    pub(super) tiers: [(&'static str, i64, i64, i64); 3],
    /// The value of a mark.
    pub(super) half: i64,
}

/// Everything that is counted.
pub(super) const HEARD: [&str; 6] = ["clicked", "signed_up", "booked", "praised", "replied", "seen"];
pub(super) const LEAST: i64 = 0;
pub(super) const SIGNED_UP: i64 = 5;
pub(super) const BOOKED: i64 = 20;
/// Every booking takes a little, so that the order of bounds can be seen.
pub(super) const COOLED: i64 = -6;
pub(super) const PRAISED: i64 = 12;
pub(super) const REPLIED: (i64, i64) = (10, 3 * DAY);
pub(super) const SEEN_MOST: i64 = 3;
/// From which value of the attribute on, and how many points.
pub(super) const WORTHY: (i64, i64) = (50, 10);
pub(super) const STUCK: i64 = 3 * DAY;
pub(super) const ASLEEP: i64 = 4 * DAY;
/// A window, how many times the past, and how many at least.
pub(super) const PEAK: (i64, i64, i64) = (DAY, 2, 3);
pub(super) const CLICKS: usize = 3;
pub(super) const SEEN: usize = 2;

const SCRIPT: &str = r#"
on("clicked", CLICK).cap(CAPPED, 1 * days);
once("signed_up", 5);
on("booked", 20).where(number >= 2);
on("booked", -6);
on("praised", 12);
on("replied", 10).lasting(3 * days);
on("seen", points(number).at_most(3)).silent();
when("worthy", attribute("score") >= 50, 10);
decay(SILENCE * hours, TAKEN);
clamp(0, MOST);
tier("cold", 0); tier("warm", 15).hysteresis(2); tier("hot", HOT).hysteresis(4).stay(1 * days);
threshold("half", HALF); stagnation("stuck", 3 * days); inactivity("asleep", 4 * days);
badge("clicker", "clicked", 3); challenge("busy", "seen", 2);
peak("on-fire", 1 * days, 2.0).at_least(3);
"#;

pub(super) const VERSIONS: [Rules; 3] = [
    Rules {
        version: 1,
        keeps: false,
        click: (4, 8),
        decay: (48 * HOUR, -5),
        most: 60,
        tiers: [("cold", 0, 0, 0), ("warm", 15, 2, 0), ("hot", 40, 4, DAY)],
        half: 30,
    },
    Rules {
        version: 2,
        keeps: false,
        click: (5, 15),
        decay: (36 * HOUR, -4),
        most: 50,
        tiers: [("cold", 0, 0, 0), ("warm", 15, 2, 0), ("hot", 35, 4, DAY)],
        half: 25,
    },
    Rules {
        version: 3,
        keeps: true,
        click: (6, 12),
        decay: (48 * HOUR, -5),
        most: 60,
        tiers: [("cold", 0, 0, 0), ("warm", 15, 2, 0), ("hot", 40, 4, DAY)],
        half: 25,
    },
];

/// The rules of a version; the last for a later one.
pub(super) fn rules(version: u32) -> &'static Rules {
    VERSIONS.iter().find(|rules| rules.version == version).unwrap_or(&VERSIONS[2])
}

fn script(rules: &Rules) -> String {
    let parts = [
        ("CLICK", rules.click.0),
        ("CAPPED", rules.click.1),
        ("SILENCE", rules.decay.0 / HOUR),
        ("TAKEN", rules.decay.1),
        ("MOST", rules.most),
        ("HOT", rules.tiers[2].1),
        ("HALF", rules.half),
    ];
    parts.iter().fold(SCRIPT.to_owned(), |script, (word, number)| script.replace(word, &number.to_string()))
}

/// The score as the host publishes it in a version.
pub(crate) fn definition(version: u32) -> ScoreDefinition {
    let rules = rules(version);
    // Its judge need not ask who objects.
    let definition = ScoreDefinition::new(SPARK, script(rules)).purpose(crate::sim::consent::OWED);
    if rules.keeps { definition.keeps() } else { definition }
}

/// Which version this definition is.
pub(crate) fn version_of(definition: &ScoreDefinition) -> Option<u32> {
    let wanted = |rules: &&Rules| {
        definition.script == script(rules) && (definition.history == History::Keep) == rules.keeps
    };
    VERSIONS.iter().find(wanted).map(|rules| rules.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_known_by_its_script() {
        for version in 1..=3 {
            assert_eq!(version_of(&definition(version)), Some(version));
            assert!(definition(version).compile().is_ok(), "{:?}", definition(version).compile().err());
        }
        assert_eq!(version_of(&ScoreDefinition::new(SPARK, "")), None);
    }
}
