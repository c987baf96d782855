//! What the store ever kept of memberships, against the log of its person, asked again at every instant that may change one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::plain::{Fact, Plain};
use super::rules::{Asks, Rule, definitions, rules};
use crate::machine::{ContactState, Envelope, InputKind};
use crate::model::{Contact, Event, Value};
use crate::port::store::Commit;
use crate::rule::segment::{Seen, Segments, Touched};
use crate::sim::fixture::Place;
use crate::testing::Invariant;
use crate::time::Zone;

/// The segments of each version, which know what a state lacks.
pub(super) static SETS: LazyLock<Vec<Segments>> = LazyLock::new(|| {
    let compile = |version| Segments::compile(definitions(version).ok()?, &BTreeMap::new()).ok();
    (0..=3).map(|version| compile(version).unwrap_or_default()).collect()
});

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

impl Sorted {
    pub(crate) fn new(commit: &Commit, published: u32) -> Self {
        let mut state = commit.hot.segments.clone();
        let mut lacking = BTreeSet::new();
        if let Some(set) = SETS.get(published as usize) {
            set.align(&mut state);
            let waiting = set.names().enumerate().filter(|(place, _)| set.is_waiting(*place, &state));
            lacking.extend(waiting.map(|(_, name)| name.to_string()));
        }
        let inside = state.members.iter().map(|(name, member)| {
            (name.to_string(), Member { inside: true, since: Some(member.since), times: member.times })
        });
        let left = state
            .left
            .iter()
            .map(|(name, times)| (name.to_string(), Member { inside: false, since: None, times: *times }));
        let known = rules(published).iter().map(|rule| rule.name);
        Self {
            published,
            now: commit.now.timestamp_millis(),
            read_seq: commit.read_seq,
            lacking,
            members: left.chain(inside).collect(),
            seen: known.filter(|name| commit.hot.rating.is_in(name)).map(ToOwned::to_owned).collect(),
        }
    }
}

/// How somebody stands to a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Member {
    inside: bool,
    /// Since when, where it is inside.
    since: Option<i64>,
    /// How often it was entered.
    times: u32,
}

/// Asks a person at rest everything once more: a move that comes of it was forgotten, or is made up.
pub(super) fn moves_again(place: &'static Place, state: &ContactState, newest: u32) -> Option<String> {
    let set = SETS.get(newest as usize)?;
    let mut kept = state.hot.segments.clone();
    if !set.is_aligned(&kept) {
        return None;
    }
    let zone = state.cold.zone().or_else(|| Zone::named(place.zone).ok())?;
    let seen = Seen::new(state.facts(), &state.cold.standing, &state.hot, &zone);
    let (mut touched, mut moved, due) = (Touched::default(), None, set.next_due(&kept));
    set.touch_all(&mut touched);
    set.settle(&mut kept, &mut touched, &seen, state.hot.now.timestamp_millis(), &mut |one| {
        moved = moved.or(Some(one));
    });
    let moved = moved.map(|one| format!("{one:?} comes of nothing at {}", state.hot.now));
    // A look too early does no harm, one too late comes after its instant.
    let sooner = set.next_due(&kept).filter(|sooner| due.is_none_or(|due| *sooner < due));
    moved.or_else(|| Some(format!("it is due at {}, and looked at {due:?}", sooner?)))
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
            *member =
                Member { inside, since: inside.then_some(now), times: member.times + u32::from(inside) };
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
            let told = |what: String| {
                format!("of {name} it {what} at {} in version {}", commit.now, commit.published)
            };
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
    let (mut clock, mut version) = (None, None);
    for commit in sorted {
        let mut now = clock.unwrap_or(i64::MIN);
        let mut from = clock;
        while let Some(envelope) = mail.next_if(|envelope| envelope.seq <= commit.read_seq) {
            now = now.max(envelope.received_at.timestamp_millis());
            from = from.or(Some(now));
            walk.takes(envelope, now);
        }
        now = now.max(commit.now);
        let rules = rules(commit.published);
        let before = version.replace(commit.published);
        if let Some(before) = before.filter(|before| *before != commit.published) {
            walk.becomes(self::rules(before), rules);
        }
        let loose = walk.goes_on(rules, from.unwrap_or(now), now, &commit.lacking);
        clock = Some(now);
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

impl Walk {
    /// Other rules are published: what they ask anew is taken up by the crate at an instant of its own.
    fn becomes(&mut self, before: &[Rule], rules: &[Rule]) {
        let asks = |rule: &Rule| before.iter().find(|old| old.name == rule.name).map(|old| old.asks);
        self.still.extend(rules.iter().filter(|rule| asks(rule) != Some(rule.asks)).map(|rule| rule.name));
    }

    /// Lets time pass to the end of a commit, and answers of which segments it is not known how often who moved.
    fn goes_on(
        &mut self,
        rules: &'static [Rule],
        from: i64,
        now: i64,
        lacking: &BTreeSet<String>,
    ) -> BTreeSet<&'static str> {
        let adopted: Vec<&'static Rule> = rules
            .iter()
            .filter(|rule| self.still.contains(rule.name) && !lacking.contains(rule.name))
            .collect();
        let asks_adopted = |rule: &&Rule| match rule.asks {
            Asks::Nested { inside, outside } => {
                adopted.iter().any(|own| [inside, outside].contains(&own.name))
            }
            _ => false,
        };
        let mut loose: BTreeSet<&'static str> = adopted.iter().map(|rule| rule.name).collect();
        loose.extend(rules.iter().filter(asks_adopted).map(|rule| rule.name));
        for at in self.plain.instants(rules, from, now) {
            self.settles(rules, at);
            if self.plain.comes_at(at) > 1 {
                // One of several may move somebody whom the next one moves back.
                self.judged.open.insert(at);
                loose.extend(rules.iter().map(|rule| rule.name));
            }
            // It may have been taken up before this.
            let moves = |rule: &&Rule| {
                let comes = || self.plain.comes_at(at) > 0 || !self.plain.is_in(rules, rule.name, at - 1);
                self.plain.is_in(rules, rule.name, at) && comes()
            };
            if adopted.iter().any(moves) {
                self.judged.open.insert(at);
            }
        }
        if !adopted.is_empty() {
            self.judged.happened.push("segment_adopted");
            self.still.retain(|name| lacking.contains(*name));
            // What still stands still does not move with those.
            let moved = |rule: &&Rule| loose.contains(rule.name) && !self.still.contains(rule.name);
            for rule in rules.iter().filter(moved).collect::<Vec<_>>() {
                let inside = self.is_in(rules, rule, now);
                let member = self.stands.entry(rule.name).or_default();
                if member.inside != inside {
                    member.inside = inside;
                    self.judged.happened.push("segment_moved_by_definition");
                }
            }
        }
        if !self.still.is_empty() {
            self.judged.happened.push("segment_stood_still");
        }
        loose
    }
}
