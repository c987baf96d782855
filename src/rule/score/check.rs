//! What is wrong with a table, found before anything is scored by it.

use std::collections::BTreeSet;

use super::{Band, EventRule, MarkKind, Points, Rule, Table};
use crate::error::Diagnostic;
use crate::model::Name;

/// The most that a table declares, of each kind.
const MOST_RULES: usize = 256;
const MOST_TIERS: usize = 32;
const MOST_MARKS: usize = 64;
const MOST_TRAILS: usize = 16;
const MOST_CHECKLISTS: usize = 16;
const MOST_ITEMS: usize = 32;
/// The longest name, in bytes.
const MOST_NAME: usize = 128;
/// The longest span, in milliseconds: a thousand years.
const MOST_SPAN: i64 = 366_000 * 86_400_000;
/// The most that a property is multiplied or divided by, so that the answer is exact.
const MOST_FACTOR: i64 = 1_000_000_000;

struct Check<'p> {
    problems: &'p mut Vec<Diagnostic>,
}

/// Puts everything that cannot be into `problems`.
pub(super) fn check(table: &Table, problems: &mut Vec<Diagnostic>) {
    let mut check = Check { problems };
    check.count("rules", table.rules.len(), MOST_RULES);
    check.count("tiers", table.tiers.len(), MOST_TIERS);
    check.count("marks", table.marks.len(), MOST_MARKS);
    check.count("trails", table.trails.len(), MOST_TRAILS);
    check.count("checklists", table.checklists.len(), MOST_CHECKLISTS);
    check.rules(table);
    check.bounds(table);
    check.tiers(&table.tiers, table.clamp.map(|clamp| clamp.most));
    check.marks(table);
    for (place, trail) in table.trails.iter().enumerate() {
        check.span(&format!("trails[{place}]"), trail.span);
        if let Some(attribute) = &trail.attribute {
            check.name(&format!("trails[{place}].attribute"), attribute);
        }
    }
    check
        .unique("trails", table.trails.iter().map(|trail| trail.attribute.as_deref().unwrap_or("the score")));
    check.unique("checklists", table.checklists.iter().map(|(name, _)| &**name));
    for (place, (name, events)) in table.checklists.iter().enumerate() {
        let place = format!("checklists[{place}]");
        check.name(&place, name);
        check.count(&place, events.len(), MOST_ITEMS);
        check.unique(&place, events.iter().map(|event| &**event));
        for event in events {
            check.name(&place, event);
        }
        if events.is_empty() {
            check.tell("R060", &place, "the list has no events", "name the events, or take the list away");
        }
    }
}

impl Check<'_> {
    fn tell(&mut self, code: &'static str, place: &str, sentence: impl Into<String>, next: &str) {
        self.problems.push(Diagnostic::new(code, place, sentence, next));
    }

    fn count(&mut self, what: &str, count: usize, most: usize) {
        if count > most {
            let sentence = format!("there are {count}, and {most} at most are allowed");
            self.tell("R050", what, sentence, "leave out what nobody asks for, or declare a second score");
        }
    }

    fn name(&mut self, place: &str, name: &Name) {
        if name.trim().is_empty() || name.len() > MOST_NAME {
            let sentence = format!("a name has from 1 to {MOST_NAME} bytes, this one has {}", name.len());
            self.tell("R051", place, sentence, "write a short name");
        }
    }

    fn unique<'n>(&mut self, place: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                self.tell("R052", place, format!("{name} is declared twice"), "keep one of the two");
            }
        }
    }

    fn span(&mut self, place: &str, span: i64) {
        if !(1..=MOST_SPAN).contains(&span) {
            let sentence = "a span is above 0 and at most 366,000 days";
            self.tell("R056", place, sentence, "write it such as 7 * days");
        }
    }

    fn rules(&mut self, table: &Table) {
        for (place, rule) in table.rules.iter().enumerate() {
            let place = format!("rules[{place}]");
            self.name(&place, rule.name());
            if let Rule::On(rule) = rule {
                self.event_rule(&place, rule);
            }
        }
        let named = table.rules.iter().filter(|rule| !matches!(rule, Rule::On(_)));
        self.unique("rules", named.map(|rule| &**rule.name()));
    }

    fn event_rule(&mut self, place: &str, rule: &EventRule) {
        if let Points::Of { property, times, per, least, most } = &rule.points {
            self.name(place, property);
            if !(1..=MOST_FACTOR).contains(per) || times.saturating_abs() > MOST_FACTOR {
                let sentence = "a property is multiplied and divided by at most 1,000,000,000, and divided by 1 at least";
                self.tell("R058", place, sentence, "write such as per(10)");
            }
            if least > most {
                let sentence = format!("at least {least} and at most {most} points cannot be");
                self.tell("R058", place, sentence, "exchange the two");
            }
        }
        if let Some(cap) = rule.cap {
            if cap.points == 0 {
                self.tell(
                    "R057",
                    place,
                    "a cap of 0 lets nothing through",
                    "write a higher cap, or take the rule away",
                );
            }
            if let Some(period) = cap.period {
                self.span(&format!("{place}.cap"), period);
            }
        }
        if let Some(lasts) = rule.lasts {
            self.span(&format!("{place}.lasting"), lasts);
        }
    }

    fn bounds(&mut self, table: &Table) {
        if let Some(clamp) = table.clamp
            && clamp.least > clamp.most
        {
            let sentence = format!("no score is at least {} and at most {}", clamp.least, clamp.most);
            self.tell("R053", "clamp", sentence, "exchange the two");
        }
        if let Some(decay) = table.decay {
            self.span("decay", decay.every);
            if decay.points >= 0 {
                let sentence = format!("silence takes points, and {} takes none", decay.points);
                self.tell("R054", "decay", sentence, "write a number below 0, such as -5");
            }
        }
    }

    fn tiers(&mut self, tiers: &[Band], most: Option<i64>) {
        self.unique("tiers", tiers.iter().map(|band| &*band.tier));
        for (place, band) in tiers.iter().enumerate() {
            let place = format!("tiers[{place}]");
            self.name(&place, &band.tier);
            if band.hysteresis < 0 {
                self.tell(
                    "R055",
                    &place,
                    "a hysteresis is 0 or more",
                    "write by how many points the score must fall",
                );
            }
            if let Some(stay) = band.stay {
                self.span(&format!("{place}.stay"), stay);
            }
            if most.is_some_and(|most| band.from > most) {
                let sentence = format!("nobody reaches {}, which begins at {}", band.tier, band.from);
                self.tell("R055", &place, sentence, "begin it within the bounds of clamp");
            }
        }
        for pair in tiers.windows(2) {
            if let [lower, upper] = pair
                && lower.from == upper.from
            {
                let sentence = format!("{} and {} begin at the same score", lower.tier, upper.tier);
                self.tell("R055", "tiers", sentence, "begin one of them higher");
            }
        }
    }

    fn marks(&mut self, table: &Table) {
        self.unique("marks", table.marks.iter().map(|rule| &*rule.mark));
        for (place, rule) in table.marks.iter().enumerate() {
            let place = format!("marks[{place}]");
            self.name(&place, &rule.mark);
            match &rule.kind {
                MarkKind::Threshold(_) => {}
                MarkKind::Stagnation(span) | MarkKind::Inactivity(span) => self.span(&place, *span),
                MarkKind::Peak { window, least, permille } => {
                    self.span(&place, *window);
                    if *least == 0 || usize::from(*least) > super::Engagements::MOST || *permille <= 0 {
                        let sentence = "a peak has from 1 to 64 engagements and a factor above 0";
                        self.tell("R061", &place, sentence, "write such as 3.0 and at_least(5)");
                    }
                }
                MarkKind::Badge { event, count } | MarkKind::Challenge { event, count } => {
                    self.name(&place, event);
                    if *count == 0 {
                        self.tell(
                            "R062",
                            &place,
                            "0 times is reached by everybody",
                            "write how often it takes",
                        );
                    }
                }
            }
        }
    }
}
