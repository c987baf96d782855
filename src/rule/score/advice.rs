//! What would raise a contact to its next tier.

use std::fmt;

use super::model::{Asks, OnRule};
use super::question::Known;
use super::{Points, ScoreModel, ScoreState};
use crate::model::{Contact, Name};

/// What would raise a contact to its next tier, each way by itself, the quickest first.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::rule::score::{Band, EventRule, ScoreModel, Table};
/// let mut table = Table::new();
/// table.rules = vec![
///     EventRule::new("message.replied", 10).into(),
///     EventRule::new("link.clicked", 3).cap(9, None).into(),
///     EventRule::new("profile.completed", 5).once().into(),
/// ];
/// table.tiers.push(Band::new("warm", 25));
/// let model = ScoreModel::from_table(table)?;
/// let advice = model.advice(&model.start(), &Contact::new("lea"), 0).unwrap();
/// assert_eq!(advice.to_string(), "25 points to warm: message.replied 3 times, link.clicked 3 times (+9), profile.completed once (+5)");
/// # Ok::<(), journeyman::error::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// The next tier.
    pub tier: Name,
    /// How many points are missing.
    pub missing: i64,
    /// What would give them.
    pub ways: Vec<Way>,
}

/// One rule that gives points.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Way {
    /// The event, or the name of a rule on attributes.
    pub rule: Name,
    /// Whether it is an event, rather than something that is not true of the contact yet.
    pub is_event: bool,
    /// Whether it counts under conditions alone.
    pub is_filtered: bool,
    /// How often it takes: until the tier is reached, or as often as it counts at all.
    pub times: u64,
    /// The points that it gives then, at most.
    pub points: i64,
    /// Whether that is enough.
    pub is_enough: bool,
}

impl ScoreModel {
    /// What would raise a contact to its next tier; nothing where it is in the highest one, or where no rule can.
    ///
    /// Caps, what counted once and what holds already are kept in mind; what silence takes meanwhile is not foreseen.
    #[must_use]
    pub fn advice(&self, state: &ScoreState, contact: &Contact, at: i64) -> Option<Advice> {
        let next = state.tier.map_or(0, |tier| usize::from(tier) + 1);
        // A tier that is kept although the score fell is no step below the next one.
        let band = self.table.tiers.iter().skip(next).find(|band| band.from > state.value)?;
        let missing = band.from.saturating_sub(state.value);
        let events = self.heard.iter().flat_map(|listed| &listed.rules);
        let mut ways: Vec<Way> = events.filter_map(|rule| rule.way(state, missing, at)).collect();
        let known = Known { names: &self.slots, values: &contact.attributes, tags: Some(&contact.tags) };
        for look in &self.looks {
            let Asks::When(question, points) = &look.asks else { continue };
            if *points > 0 && !state.held.contains_key(&look.name) && !question.holds(&known) {
                let (rule, points) = (look.name.clone(), *points);
                let is_enough = points >= missing;
                ways.push(Way { rule, is_event: false, is_filtered: false, times: 1, points, is_enough });
            }
        }
        ways.sort_by(|a, b| {
            let key = |way: &Way| {
                (!way.is_enough, if way.is_enough { way.times } else { 0 }, -way.points.min(missing))
            };
            key(a).cmp(&key(b)).then_with(|| a.rule.cmp(&b.rule))
        });
        if ways.is_empty() {
            return None;
        }
        Some(Advice { tier: band.tier.clone(), missing, ways })
    }
}

impl OnRule {
    fn way(&self, state: &ScoreState, missing: i64, at: i64) -> Option<Way> {
        let each = match &self.rule.points {
            Points::Fixed(points) => *points,
            Points::Of { most, .. } => *most,
        };
        if each <= 0 || self.once.as_ref().is_some_and(|once| state.once.contains_key(once)) {
            return None;
        }
        let left = self.room(state, at);
        let most_times = if self.once.is_some() { 1 } else { self.times_left(state) };
        let wanted = missing.min(left);
        if wanted <= 0 || most_times <= 0 {
            return None;
        }
        let times = wanted.saturating_add(each - 1).saturating_div(each).min(most_times);
        let points = each.saturating_mul(times).min(left);
        Some(Way {
            rule: self.rule.event.clone(),
            is_event: true,
            is_filtered: self.rule.filter.is_some(),
            times: times.unsigned_abs(),
            points,
            is_enough: points >= missing,
        })
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.missing == 1 { "point" } else { "points" };
        write!(f, "{} {plural} to {}: ", self.missing, self.tier)?;
        for (place, way) in self.ways.iter().enumerate() {
            write!(f, "{}{way}", if place > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)?;
        match (self.is_event, self.times) {
            (false, _) => {}
            (true, 1) => f.write_str(" once")?,
            (true, 2) => f.write_str(" twice")?,
            (true, times) => write!(f, " {times} times")?,
        }
        if self.is_enough { Ok(()) } else { write!(f, " (+{})", self.points) }
    }
}
