//! What the store ever kept of memberships, against the log of its person, asked again at every instant that may change one.

use std::collections::{BTreeMap, BTreeSet};

use super::plain::{Fact, Plain};
use super::rules::{Asks, Rule, rules};
use crate::machine::{Envelope, InputKind};
use crate::model::{Contact, Event, Value};
use crate::port::store::Commit;
use crate::sim::fixture::Place;
use crate::testing::Invariant;

/// What one commit said of a person's segments.
pub(crate) struct Sorted {
    /// The version of the world that was published when it ran.
    published: u32,
    now: i64,
    read_seq: u64,
    /// Which segments stood still, because their history was still to be counted.
    lacking: BTreeSet<String>,
    members: BTreeMap<String, Member>,
    /// What predicates see.
    seen: BTreeSet<String>,
}

/// How somebody stands to a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Member {
    inside: bool,
    /// When that was last so anew; absent where it was never otherwise.
    since: Option<i64>,
    /// How often it was entered.
    times: u32,
}

/// What a person's log comes to.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) broken: Option<(Invariant, String)>,
    /// How often what happened, by word.
    pub(super) happened: Vec<&'static str>,
    /// When the person came into which segment, as a journey hears it.
    pub(super) came: Vec<(i64, &'static str)>,
    /// Instants at which a move may have been told or not: several things came, or a definition did it beside others.
    pub(super) open: BTreeSet<i64>,
}

/// One person, walked from commit to commit.
struct Walk {
    plain: Plain,
    stands: BTreeMap<&'static str, Member>,
    /// Segments whose history the crate is to count first.
    still: BTreeSet<&'static str>,
    /// When histories were brought in, which nobody hears.
    silent: BTreeSet<i64>,
    judged: Judged,
}

impl Walk {
    fn hears(&mut self, event: &Event, known: i64) {
        let number = match event.properties.get("number") {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        };
        let happened = event.at.map_or(known, |own| own.timestamp_millis());
        self.plain.learns(known, Fact::Event { name: event.name.to_string(), number, happened });
    }

    fn learns(&mut self, contact: &Contact, known: i64) {
        if let Some(Value::Integer(score)) = contact.attributes.get("score") {
            self.plain.learns(known, Fact::Score(*score));
        }
        match contact.attributes.get("due") {
            Some(Value::Instant(due)) => {
                self.plain.learns(known, Fact::Due(Some(due.timestamp_millis())));
            }
            None if contact.unset.contains("due") => self.plain.learns(known, Fact::Due(None)),
            _ => {}
        }
    }

    fn takes(&mut self, envelope: &Envelope, known: i64) {
        match &envelope.kind {
            InputKind::Identify(contact) => self.learns(contact, known),
            InputKind::Event(event) => self.hears(event, known),
            InputKind::Import { row, .. } => {
                self.silent.insert(known);
                row.events.iter().for_each(|event| self.hears(event, known));
                self.learns(&row.contact, known);
            }
            _ => {}
        }
    }

    /// Whether somebody is in a segment, by what is known and by how the segments stand that it asks for.
    fn is_in(&self, rules: &[Rule], rule: &Rule, now: i64) -> bool {
        match rule.asks {
            Asks::Nested { inside, outside } => {
                let stands = |name| self.stands.get(name).is_some_and(|member| member.inside);
                stands(inside) && !stands(outside)
            }
            _ => self.plain.is_in(rules, rule.name, now),
        }
    }

    /// Moves whoever moves at an instant, a segment before those that ask for it.
    fn settles(&mut self, rules: &'static [Rule], now: i64) {
        let crowded = self.plain.comes_at(now);
        for rule in rules.iter().filter(|rule| !self.still.contains(rule.name)).collect::<Vec<_>>() {
            let inside = self.is_in(rules, rule, now);
            let member = self.stands.entry(rule.name).or_default();
            if member.inside == inside {
                continue;
            }
            *member = Member { inside, since: Some(now), times: member.times + u32::from(inside) };
            self.judged.happened.push(if inside { "segment_entered" } else { "segment_left" });
            if crowded == 0 {
                self.judged.happened.push(match rule.name {
                    "daily" => "segment_moved_at_midnight",
                    "steady" => "segment_held",
                    "waiting" if inside => "segment_waited_in_vain",
                    _ => "segment_moved_by_time",
                });
            }
            if inside && !self.silent.contains(&now) {
                self.judged.came.push((now, rule.name));
            }
        }
    }

    /// What of one commit does not agree.
    fn differs(&mut self, commit: &Sorted, loose: &BTreeSet<&'static str>) -> Option<(Invariant, String)> {
        for (name, member) in &mut self.stands {
            let kept = commit.members.get(*name).copied().unwrap_or_default();
            let told = |what: String| format!("of {name} it {what} at {} in version {}", commit.now, commit.published);
            if kept.inside != member.inside {
                let found = format!("says {}, and it is {}", kept.inside, member.inside);
                return Some((Invariant::G1, told(found)));
            }
            if commit.seen.contains(*name) != kept.inside {
                return Some((Invariant::G3, told("says another thing to journeys".to_owned())));
            }
            if loose.contains(name) {
                *member = kept;
            } else if kept != *member {
                return Some((Invariant::G3, told(format!("says {kept:?}, and it is {member:?}"))));
            }
        }
        None
    }
}

/// Judges every commit of one person, whose whole mail is known, to the newest version that was published.
pub(super) fn judge(place: &'static Place, sorted: &[Sorted], mail: &[Envelope], newest: u32) -> Judged {
    let mut walk = Walk {
        plain: Plain::new(place),
        stands: BTreeMap::new(),
        still: BTreeSet::new(),
        silent: BTreeSet::new(),
        judged: Judged::default(),
    };
    let mut mail = mail.iter().peekable();
    let (mut clock, mut version) = (i64::MIN, None);
    for commit in sorted {
        let from = clock;
        while let Some(envelope) = mail.next_if(|envelope| envelope.seq <= commit.read_seq) {
            clock = clock.max(envelope.received_at.timestamp_millis());
            walk.takes(envelope, clock);
        }
        clock = clock.max(commit.now);
        let from = if version.is_some() { from } else { clock.min(first_of(&walk.plain, clock)) };
        let rules = rules(commit.published);
        let before = version.replace(commit.published);
        // What another version asks anew is settled by the crate at an instant of its own.
        let mut loose: BTreeSet<&'static str> = BTreeSet::new();
        if before.is_some_and(|before| before != commit.published) {
            for rule in rules {
                let old = self::rules(before.unwrap_or_default()).iter().find(|old| old.name == rule.name);
                if old.is_none_or(|old| old.asks != rule.asks) {
                    walk.still.insert(rule.name);
                }
            }
        }
        let adopts: Vec<&'static str> =
            walk.still.iter().copied().filter(|name| !commit.lacking.contains(*name)).collect();
        loose.extend(&adopts);
        if !adopts.is_empty() {
            loose.extend(rules.iter().filter(|rule| asks_one_of(rule, &adopts)).map(|rule| rule.name));
        }
        let instants = walk.plain.instants(rules, from, clock);
        for at in instants {
            let told = walk.judged.came.len();
            let moved = walk.judged.happened.len();
            walk.settles(rules, at);
            if walk.judged.happened.len() > moved && walk.plain.comes_at(at) != 1 {
                // What else came at this instant may have come before or after, and moved it back and forth.
                if walk.plain.comes_at(at) > 1 {
                    walk.judged.open.insert(at);
                    loose.extend(rules.iter().map(|rule| rule.name));
                }
            }
            if !adopts.is_empty() {
                walk.judged.open.extend(walk.judged.came.drain(told..).map(|(at, _)| at));
            }
        }
        if !adopts.is_empty() {
            let before: Vec<bool> = adopts.iter().map(|name| walk.stands.get(name).is_some_and(|member| member.inside)).collect();
            walk.still.retain(|name| commit.lacking.contains(*name));
            for rule in rules.iter().filter(|rule| loose.contains(rule.name)) {
                let inside = walk.is_in(rules, rule, clock);
                walk.stands.entry(rule.name).or_default().inside = inside;
            }
            let moves = adopts.iter().zip(before).filter(|(name, before)| {
                walk.stands.get(*name).is_some_and(|member| member.inside) != *before
            });
            let moved = moves.count();
            walk.judged.happened.extend(std::iter::repeat_n("segment_moved_by_definition", moved));
            walk.judged.happened.push("segment_adopted");
        }
        if !walk.still.is_empty() {
            walk.judged.happened.push("segment_stood_still");
        }
        walk.judged.happened.push("segment_judged");
        walk.judged.broken = walk.differs(commit, &loose);
        if walk.judged.broken.is_some() {
            return walk.judged;
        }
    }
    if version.is_some_and(|version| version != newest) || !walk.still.is_empty() {
        let found = format!("{:?} were never counted by version {newest}", walk.still);
        walk.judged.broken = Some((Invariant::G1, found));
    }
    walk.judged
}

fn asks_one_of(rule: &Rule, names: &[&str]) -> bool {
    matches!(rule.asks, Asks::Nested { inside, outside } if names.contains(&inside) || names.contains(&outside))
}
