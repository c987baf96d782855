//! How the members of a segment are spread over what is known of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use super::Audience;
use super::asked::value;
use super::bits::Bits;
use super::column::Column;
use crate::model::{Name, Value};

/// What members are told apart by.
///
/// ```
/// use journeyman::audience::By;
/// assert_eq!(By::attribute("city"), By::Attribute("city".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// The value of an attribute.
    Attribute(Name),
    /// Where a score lies among those of all contacts that are known: 1 for the lowest tenth up to 10, equal scores in the
    /// same tenth. Whoever has none stands at 0.
    ScoreDecile(Name),
    /// The tier of a score.
    Tier(Name),
}

impl By {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(name: impl Into<Name>) -> Self {
        Self::Attribute(name.into())
    }

    /// The tenth in which a score lies.
    #[must_use]
    pub fn score_decile(score: impl Into<Name>) -> Self {
        Self::ScoreDecile(score.into())
    }

    /// The tier of a score.
    #[must_use]
    pub fn tier(score: impl Into<Name>) -> Self {
        Self::Tier(score.into())
    }
}

/// How many members share the same values; its text is a small table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// What was asked for.
    pub by: Vec<By>,
    /// Every combination that somebody has, the largest first.
    pub groups: Vec<Group>,
}

/// Members that share the same values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The values in the order in which they were asked for; nothing where a member has none.
    pub values: Vec<Option<Value>>,
    /// How many there are.
    pub contacts: u64,
}

/// Up to so many combinations are counted in a table.
const MOST_CELLS: usize = 1 << 20;

/// One thing that members are told apart by: a small number for each of them, in their order.
struct Axis {
    codes: Vec<u32>,
    values: Vec<Option<Value>>,
}

pub(super) fn of(audience: &Audience, members: &Bits, by: &[By]) -> Distribution {
    let members: Vec<u32> = members.iter().collect();
    let axes: Vec<Axis> = by.iter().map(|by| axis(audience, &members, by)).collect();
    let cells = axes.iter().try_fold(1_usize, |cells, axis| cells.checked_mul(axis.values.len()));
    let counted: Vec<(Vec<u32>, u64)> = match cells.filter(|cells| *cells <= MOST_CELLS) {
        Some(cells) => {
            let mut places = vec![0_u32; members.len()];
            for axis in &axes {
                let size = axis.values.len() as u32;
                let codes = places.iter_mut().zip(&axis.codes);
                codes.for_each(|(place, code)| *place = place.wrapping_mul(size).wrapping_add(*code));
            }
            let mut counts = vec![0_u64; cells];
            for place in places {
                counts.get_mut(place as usize).into_iter().for_each(|count| *count += 1);
            }
            let counts = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            counts.map(|(place, count)| (split(place, &axes), count)).collect()
        }
        None => {
            let mut counts: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
            for member in 0..members.len() {
                let codes = axes.iter().map(|axis| axis.codes.get(member).copied().unwrap_or(0));
                *counts.entry(codes.collect()).or_default() += 1;
            }
            counts.into_iter().collect()
        }
    };
    let value = |(axis, code): (&Axis, u32)| axis.values.get(code as usize).cloned().flatten();
    let mut groups: Vec<Group> = counted
        .into_iter()
        .map(|(codes, contacts)| Group { values: axes.iter().zip(codes).map(value).collect(), contacts })
        .collect();
    groups.sort_by(|one, other| {
        other.contacts.cmp(&one.contacts).then_with(|| order(&one.values, &other.values))
    });
    Distribution { by: by.to_vec(), groups }
}

/// The code on each axis of a place in the table.
fn split(mut place: usize, axes: &[Axis]) -> Vec<u32> {
    let code = |axis: &Axis| {
        let size = axis.values.len().max(1);
        let code = place % size;
        place /= size;
        code as u32
    };
    let mut codes: Vec<u32> = axes.iter().rev().map(code).collect();
    codes.reverse();
    codes
}

/// Of equal groups, by their values; what is missing comes last.
fn order(one: &[Option<Value>], other: &[Option<Value>]) -> Ordering {
    let pairs = one.iter().zip(other).map(|pair| match pair {
        (Some(one), Some(other)) => {
            one.compare(other).unwrap_or_else(|| format!("{one:?}").cmp(&format!("{other:?}")))
        }
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (None, None) => Ordering::Equal,
    });
    pairs.fold(Ordering::Equal, Ordering::then)
}

fn axis(audience: &Audience, members: &[u32], by: &By) -> Axis {
    let profile = &audience.profile;
    match by {
        By::Attribute(name) => plain(profile.attributes.get(name), members),
        By::Tier(score) => plain(profile.tiers.get(score), members),
        By::ScoreDecile(score) => deciles(audience, profile.scores.get(score), members),
    }
}

fn plain(column: Option<&Column>, members: &[u32]) -> Axis {
    let with_none =
        |values: &mut dyn Iterator<Item = Option<Value>>| std::iter::once(None).chain(values).collect();
    match column {
        None => Axis { codes: vec![0; members.len()], values: vec![None] },
        Some(Column::Codes { dictionary, rows }) => Axis {
            codes: members.iter().map(|row| rows.at(*row as usize) as u32).collect(),
            values: with_none(&mut dictionary.values().iter().cloned().map(Some)),
        },
        Some(column @ Column::Numbers { kind, .. }) => {
            let number = |row: &u32| column.number(*row as usize);
            let mut found: Vec<i64> = members.iter().filter_map(number).collect();
            found.sort_unstable();
            found.dedup();
            let place = |number: i64| found.binary_search(&number).map_or(0, |place| place as u32 + 1);
            Axis {
                codes: members.iter().map(|row| number(row).map_or(0, place)).collect(),
                values: with_none(&mut found.iter().map(|number| value(*kind, *number))),
            }
        }
    }
}

/// The tenths of a score over everybody who is known.
fn deciles(audience: &Audience, column: Option<&Column>, members: &[u32]) -> Axis {
    let score = |row: u32| column.and_then(|column| column.number(row as usize)).unwrap_or(0);
    let known = audience.roster.known();
    let (least, greatest) = known
        .iter()
        .map(score)
        .fold((i64::MAX, i64::MIN), |(least, greatest), score| (least.min(score), greatest.max(score)));
    // By score, how many have it; a list of all where scores lie far apart.
    let mut counts: Vec<(i64, usize)> = Vec::new();
    if greatest.checked_sub(least).is_some_and(|width| width < MOST_CELLS as i64) {
        counts.extend((least..=greatest).map(|score| (score, 0)));
        for row in known.iter() {
            counts.get_mut((score(row) - least) as usize).into_iter().for_each(|(_, count)| *count += 1);
        }
    } else {
        counts.extend(known.iter().map(|row| (score(row), 1)));
        counts.sort_unstable();
    }
    // The least score of each tenth but the first.
    let (mut cuts, mut lower, mut before) = (Vec::new(), 0_usize, None);
    for (score, count) in counts {
        if before != Some(score) {
            let tenth = (lower * 10).checked_div(audience.len()).unwrap_or(0).min(9);
            cuts.resize(tenth.max(cuts.len()), score);
            before = Some(score);
        }
        lower += count;
    }
    let tenth = |row: &u32| cuts.iter().filter(|cut| **cut <= score(*row)).count() as u32;
    let values = (1..=10).map(|tenth| Some(Value::Integer(tenth))).collect();
    Axis { codes: members.iter().map(tenth).collect(), values }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => "–".into(),
        Some(Value::Text(text)) => text.to_string(),
        Some(value) => format!("{value:?}"),
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = |by: &By| match by {
            By::Attribute(name) => name.to_string(),
            By::ScoreDecile(score) => format!("{score} tenth"),
            By::Tier(score) => format!("{score} tier"),
        };
        let titles = self.by.iter().map(title).chain(["contacts".into()]);
        let mut lines: Vec<Vec<String>> = vec![titles.collect()];
        for group in &self.groups {
            let values = group.values.iter().map(|value| text(value.as_ref()));
            lines.push(values.chain([group.contacts.to_string()]).collect());
        }
        let width = |place: usize| {
            lines
                .iter()
                .filter_map(|line| line.get(place))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..=self.by.len()).map(width).collect();
        for line in &lines {
            for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let width = *width;
                if place == self.by.len() {
                    writeln!(f, "{cell:>width$}")?;
                } else {
                    write!(f, "{cell:<width$}  ")?;
                }
            }
        }
        Ok(())
    }
}
