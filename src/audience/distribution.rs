//! How the members of a segment are spread over what is known of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use super::Audience;
use super::bits::Bits;
use super::column::Column;
use crate::model::{Name, Value};

/// What members are told apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// The value of an attribute.
    Attribute(Name),
    /// Where a score lies among those of all contacts that are known: 1 for the lowest tenth up to 10, equal scores in the
    /// same tenth. Whoever has none has 0.
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

/// One thing that members are told apart by: a small number for each of them.
struct Axis {
    /// By row.
    codes: Codes,
    values: Vec<Option<Value>>,
}

enum Codes {
    /// All alike.
    Same,
    Rows(Vec<u32>),
}

pub(super) fn of(audience: &Audience, members: &Bits, by: &[By]) -> Distribution {
    let axes: Vec<Axis> = by.iter().map(|by| axis(audience, members, by)).collect();
    let cells = axes.iter().try_fold(1_usize, |cells, axis| cells.checked_mul(axis.values.len()));
    let place = |row: u32| {
        axes.iter().fold(0_usize, |place, axis| {
            let code = match &axis.codes {
                Codes::Same => 0,
                Codes::Rows(rows) => rows.get(row as usize).copied().unwrap_or(0),
            };
            place.wrapping_mul(axis.values.len()).wrapping_add(code as usize)
        })
    };
    let counted: Vec<(Vec<usize>, u64)> = match cells.filter(|cells| *cells <= MOST_CELLS) {
        Some(cells) => {
            let mut counts = vec![0_u64; cells];
            for row in members.iter() {
                counts.get_mut(place(row)).into_iter().for_each(|count| *count += 1);
            }
            let split = |mut place: usize| {
                let mut codes: Vec<usize> = axes
                    .iter()
                    .rev()
                    .map(|axis| {
                        let code = place % axis.values.len().max(1);
                        place /= axis.values.len().max(1);
                        code
                    })
                    .collect();
                codes.reverse();
                codes
            };
            let counts = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            counts.map(|(place, count)| (split(place), count)).collect()
        }
        None => {
            let mut counts: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
            for row in members.iter() {
                let codes = axes.iter().map(|axis| match &axis.codes {
                    Codes::Same => 0,
                    Codes::Rows(rows) => rows.get(row as usize).copied().unwrap_or(0) as usize,
                });
                *counts.entry(codes.collect()).or_default() += 1;
            }
            counts.into_iter().collect()
        }
    };
    let value = |(axis, code): (&Axis, usize)| axis.values.get(code).cloned().flatten();
    let mut groups: Vec<Group> = counted
        .into_iter()
        .map(|(codes, contacts)| Group { values: axes.iter().zip(codes).map(value).collect(), contacts })
        .collect();
    groups.sort_by(|one, other| other.contacts.cmp(&one.contacts).then_with(|| order(&one.values, &other.values)));
    Distribution { by: by.to_vec(), groups }
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

fn axis(audience: &Audience, members: &Bits, by: &By) -> Axis {
    let profile = &audience.profile;
    let rows = audience.roster.rows();
    match by {
        By::Attribute(name) => plain(profile.attributes.get(name), members, rows),
        By::Tier(score) => plain(profile.tiers.get(score), members, rows),
        By::ScoreDecile(score) => deciles(audience, profile.scores.get(score), rows),
    }
}

fn plain(column: Option<&Column>, members: &Bits, rows: usize) -> Axis {
    let mut codes = vec![0; rows];
    match column {
        None => Axis { codes: Codes::Same, values: vec![None] },
        Some(Column::Codes { dictionary, rows }) => {
            for row in members.iter() {
                codes.get_mut(row as usize).into_iter().for_each(|code| *code = rows.at(row as usize) as u32);
            }
            let values = dictionary.values().iter().cloned().map(Some);
            Axis { codes: Codes::Rows(codes), values: std::iter::once(None).chain(values).collect() }
        }
        Some(column @ Column::Numbers { kind, .. }) => {
            let mut found: Vec<i64> = members.iter().filter_map(|row| column.number(row as usize)).collect();
            found.sort_unstable();
            found.dedup();
            for row in members.iter() {
                let number = column.number(row as usize).and_then(|number| found.binary_search(&number).ok());
                codes.get_mut(row as usize).into_iter().for_each(|code| {
                    *code = number.map_or(0, |place| place as u32 + 1);
                });
            }
            let values = found.into_iter().map(|number| kind.value(number));
            Axis { codes: Codes::Rows(codes), values: std::iter::once(None).chain(values).collect() }
        }
    }
}

/// The tenths of a score over everybody who is known.
fn deciles(audience: &Audience, column: Option<&Column>, rows: usize) -> Axis {
    let values = (1..=10).map(|tenth| Some(Value::Integer(tenth))).collect();
    let score = |row: u32| column.and_then(|column| column.number(row as usize)).unwrap_or(0);
    let mut all: Vec<i64> = audience.roster.known().iter().map(score).collect();
    all.sort_unstable();
    let count = all.len();
    // The least score of each tenth but the first: above it stand at most so many tenths of all.
    let mut codes = vec![0; rows];
    for row in audience.roster.known().iter() {
        let lower = all.partition_point(|other| *other < score(row));
        let tenth = (lower * 10).checked_div(count).unwrap_or(0).min(9);
        codes.get_mut(row as usize).into_iter().for_each(|code| *code = tenth as u32);
    }
    Axis { codes: Codes::Rows(codes), values }
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
            lines.iter().filter_map(|line| line.get(place)).map(|cell| cell.chars().count()).max().unwrap_or(0)
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
