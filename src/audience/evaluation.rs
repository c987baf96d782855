//! Who a draft holds, at an instant.

use std::cell::OnceCell;

use super::Audience;
use super::asked::Asked;
use super::bits::Bits;
use super::column::Column;
use super::draft::{Draft, Leaf, Node};
use super::moment::{Calendar, Moment};
use crate::model::Kind;
use crate::model::{ContactId, Value};
use crate::rule::segment::lot;
use crate::time::Zone;

/// One asking of a draft.
pub(super) struct Evaluation<'a> {
    pub(super) audience: &'a Audience,
    pub(super) at: i64,
    /// Who is in each part of the draft, as far as they are known.
    parts: Vec<Bits>,
    /// By the codes of the zones.
    calendars: OnceCell<Vec<Calendar>>,
    /// Whether what is asked now is profiling for marketing.
    is_profile: bool,
}

impl<'a> Evaluation<'a> {
    /// Everybody whom the draft holds.
    pub(super) fn run(audience: &'a Audience, draft: &Draft, at: i64) -> Bits {
        let mut evaluation =
            Self { audience, at, parts: Vec::new(), calendars: OnceCell::new(), is_profile: true };
        for part in &draft.parts {
            let mut out = audience.roster.known().clone();
            evaluation.is_profile = part.is_profile;
            if part.is_profile {
                out.minus(&audience.unprofiled);
            }
            evaluation.keep(&part.node, &mut out);
            evaluation.parts.push(out);
        }
        evaluation.parts.pop().unwrap_or_default()
    }

    /// Whether what is asked now counts everything that ever happened to everybody.
    pub(super) fn counts_all(&self) -> bool {
        !self.is_profile || self.audience.anew.is_empty()
    }

    /// Whether something that happened to a contact counts for what is asked now.
    pub(super) fn counts(&self, contact: u32, at: i64) -> bool {
        self.counts_all() || self.audience.anew.get(&contact).is_none_or(|from| *from <= at)
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.audience.roster.rows()
    }

    /// Keeps of `out` those of whom it is true.
    fn keep(&self, node: &Node, out: &mut Bits) {
        match node {
            Node::All(nodes) => nodes.iter().for_each(|node| self.keep(node, out)),
            Node::Any(nodes) => {
                let mut rest = std::mem::replace(out, Bits::none(self.rows()));
                for (place, node) in nodes.iter().enumerate() {
                    if place + 1 == nodes.len() {
                        self.keep(node, &mut rest);
                        out.or(&rest);
                        return;
                    }
                    let mut kept = rest.clone();
                    self.keep(node, &mut kept);
                    rest.minus(&kept);
                    out.or(&kept);
                }
            }
            Node::Not(node) => {
                let mut kept = out.clone();
                self.keep(node, &mut kept);
                out.minus(&kept);
            }
            Node::Part(part) => match self.parts.get(*part) {
                Some(members) => out.and(members),
                None => out.words_mut().fill(0),
            },
            Node::Leaf(leaf) => self.keep_leaf(leaf, out),
        }
    }

    fn keep_leaf(&self, leaf: &Leaf, out: &mut Bits) {
        let profile = &self.audience.profile;
        match leaf {
            Leaf::Tag(tag) => profile.tags.keep(tag, out),
            Leaf::Mark(mark) => profile.marks.keep(mark, out),
            Leaf::Granted(consent) => profile.granted.keep(consent, out),
            Leaf::Withdrawn(consent) => profile.withdrawn.keep(consent, out),
            Leaf::Active(journey) => profile.active.keep(journey, out),
            Leaf::Entered(journey) => profile.entered.keep(journey, out),
            Leaf::Member(segment) => profile.segments.keep(segment, out),
            Leaf::Attribute { name, asked, moment } => {
                keep_column(profile.attributes.get(name), asked, asked.holds(None), out);
                if !moment.is_nothing() {
                    self.keep_moments(profile.attributes.get(name), asked.kind, moment, out);
                }
            }
            Leaf::Score { name, asked } => {
                keep_column(profile.scores.get(name), asked, asked.holds(Some(&Value::Integer(0))), out);
            }
            Leaf::Tier { score, asked } => {
                keep_column(profile.tiers.get(score), asked, asked.holds(None), out);
            }
            Leaf::Bucket { salt, from, to } => {
                let mut kept = Bits::none(self.rows());
                let within =
                    |row: &u32| (*from..*to).contains(&lot(salt, &self.audience.roster.id(*row).into()));
                out.iter().filter(within).for_each(|row| kept.mark(row));
                *out = kept;
            }
            Leaf::Events(events) => self.keep_events(events, out),
            Leaf::Sequence(sequence) => self.keep_sequence(sequence, out),
        }
    }

    /// Keeps those whose instant or date lies there.
    fn keep_moments(&self, column: Option<&Column>, kind: Option<Kind>, moment: &Moment, out: &mut Bits) {
        match column {
            None => out.words_mut().fill(0),
            Some(Column::Numbers { kind: Kind::Instant, base, rows, present })
                if !moment.is_civil() && kind.is_none_or(|kind| kind == Kind::Instant) =>
            {
                out.and(present);
                let (first, last) = moment.range(self.at);
                let first = first.max(*base);
                if first > last {
                    return out.words_mut().fill(0);
                }
                rows.keep(first.wrapping_sub(*base) as u64, last.wrapping_sub(*base) as u64, out.words_mut());
            }
            Some(column) => {
                let mut kept = Bits::none(self.rows());
                let holds =
                    |row: &u32| {
                        let calendar = || self.calendar(*row);
                        match column.at(*row as usize) {
                            Some(value) if kind.is_some_and(|kind| !kind.takes(Kind::of(&value))) => false,
                            Some(Value::Integer(_)) | None => false,
                            Some(value) => super::asked::number(&value).zip(calendar()).is_some_and(
                                |(number, calendar)| moment.holds(Kind::of(&value), number, calendar),
                            ),
                        }
                    };
                out.iter().filter(holds).for_each(|row| kept.mark(row));
                *out = kept;
            }
        }
    }

    /// The calendar of a contact.
    pub(super) fn calendar(&self, row: u32) -> Option<&Calendar> {
        let Column::Codes { dictionary, rows } = &self.audience.profile.zones else { return None };
        let calendars = self.calendars.get_or_init(|| {
            let named = |value: &Value| match value {
                Value::Text(name) => Zone::named(name).ok(),
                _ => None,
            };
            let zones = dictionary.values().iter().map(named);
            let zones = std::iter::once(None).chain(zones);
            let own = &self.audience.zone;
            zones.map(|zone| Calendar::new(zone.unwrap_or_else(|| own.clone()), self.at)).collect()
        });
        calendars.get(rows.at(row as usize) as usize)
    }
}

fn keep_column(column: Option<&Column>, asked: &Asked, missing: bool, out: &mut Bits) {
    if asked.is_nothing() {
        return;
    }
    match column {
        Some(column) => column.keep(asked, missing, out),
        None if missing => {}
        None => out.words_mut().fill(0),
    }
}

/// Everybody in a bitmap, by name.
pub(super) fn contacts(audience: &Audience, members: Bits) -> impl Iterator<Item = ContactId> {
    (0..audience.roster.rows() as u32)
        .filter(move |row| members.has(*row))
        .map(|row| ContactId::from(audience.roster.id(row)))
}
