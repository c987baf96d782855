//! What the store ever kept of a score, against the log of its person, walked again by the plain rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::plain::{Moved, Plain};
use super::rules::{LEAST, Rules, SPARK, VERSIONS, definition, rules};
use crate::machine::{Envelope, InputKind};
use crate::model::{Contact, Event, Step, Value};
use crate::port::store::Commit;
use crate::sim::fixture::Place;
use crate::testing::Invariant;

/// Which version has which hash.
static HASHES: LazyLock<BTreeMap<u64, u32>> = LazyLock::new(|| {
    let hash = |rules: &Rules| {
        let model = definition(rules.version).compile().ok()?;
        Some((model.short_hash(), rules.version))
    };
    VERSIONS.iter().filter_map(hash).collect()
});

/// What one commit said of a person's score.
pub(crate) struct Rated {
    /// The version that was published when it ran; 0 before there were any rules.
    published: u32,
    now: i64,
    read_seq: u64,
    /// The version that counted it; absent where nothing was ever counted.
    counted: Option<u32>,
    value: i64,
    /// When the contact had something due, of whatever kind.
    due_at: Option<i64>,
    tier: Option<usize>,
    marks: BTreeSet<String>,
    /// What predicates see.
    seen: (i64, Option<String>),
}

impl Rated {
    pub(crate) fn new(commit: &Commit, published: u32) -> Self {
        let rating = &commit.hot.rating;
        let state = rating.state(SPARK);
        Self {
            published,
            now: commit.now.timestamp_millis(),
            read_seq: commit.read_seq,
            counted: state.and_then(|state| HASHES.get(&state.model).copied()),
            value: state.map_or(0, |state| state.value),
            due_at: commit.due_at.map(|due| due.timestamp_millis()),
            tier: state.and_then(|state| state.tier).map(usize::from),
            marks: state
                .map(|state| state.marks.iter().map(|(name, _)| name.to_string()).collect())
                .unwrap_or_default(),
            seen: (rating.score(SPARK), rating.tier(SPARK).map(ToString::to_string)),
        }
    }

    /// What is wrong with it by itself: bounds, and what predicates see.
    pub(crate) fn breaks(&self) -> Option<(Invariant, String)> {
        let counted = self.counted?;
        let rules = rules(counted);
        if !(LEAST..=rules.most).contains(&self.value) {
            return Some((Invariant::R2, format!("{} is outside its bounds", self.value)));
        }
        let tier = self.tier.and_then(|tier| rules.tiers.get(tier)).map(|tier| tier.0.to_owned());
        let seen = (self.value, tier);
        (seen != self.seen).then(|| {
            (Invariant::R1, format!("journeys see {:?} of a score that stands at {seen:?}", self.seen))
        })
    }

    /// How far it is from what the plain rules say.
    fn differs(&self, plain: &Plain) -> Option<(Invariant, String)> {
        let told = |invariant, found: String| {
            Some((invariant, format!("{found} at {} by version {}", self.now, plain.rules.version)))
        };
        if self.value != plain.value {
            return told(Invariant::R1, format!("it stands at {} and comes to {}", self.value, plain.value));
        }
        if self.tier != plain.tier {
            return told(Invariant::R4, format!("it is in {:?} and belongs to {:?}", self.tier, plain.tier));
        }
        let marks: BTreeSet<String> = plain.marks.iter().map(ToString::to_string).collect();
        if self.marks != marks {
            return told(Invariant::R1, format!("it has the marks {:?} and comes to {marks:?}", self.marks));
        }
        None
    }
}

/// What a person's log comes to.
pub(crate) struct Judged {
    pub(crate) broken: Option<(Invariant, String)>,
    /// How often what happened, by word.
    pub(crate) happened: Vec<&'static str>,
    /// When it rose to its highest tier, in order.
    pub(crate) rose: Vec<i64>,
    /// When it got stuck, in order.
    pub(crate) stuck: Vec<i64>,
    /// Spans in which other rules took over, so that what was told is not known to the millisecond.
    pub(crate) changing: Vec<(i64, i64)>,
}

/// The log, walked by the plain rules.
struct Walk {
    plain: Plain,
    /// What was told of a time to come, by its instant and its place in the log.
    pending: BTreeMap<(i64, u64), Event>,
}

impl Walk {
    fn new(rules: &'static Rules, place: &'static Place) -> Self {
        Self { plain: Plain::new(rules, place), pending: BTreeMap::new() }
    }

    fn until(&mut self, at: i64) {
        while let Some(entry) = self.pending.first_entry().filter(|entry| entry.key().0 <= at) {
            let ((due, _), event) = entry.remove_entry();
            self.plain.until(due);
            self.hears(&event, due, due);
        }
        self.plain.until(at);
    }

    /// When other rules take over: with the mail that comes next, or just before a timer, be it one of another matter.
    fn changes_at(&self, mail: &[Envelope], timer: Option<i64>) -> i64 {
        let mail = mail.first().map(|envelope| envelope.received_at.timestamp_millis());
        let pending = self.pending.keys().next().map(|(at, _)| *at);
        let timer = [timer, pending, self.plain.next_at()].into_iter().flatten().min();
        let just_before = timer.map(|at| at - 1);
        [mail, just_before].into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    fn hears(&mut self, event: &Event, happened: i64, at: i64) {
        let number = match event.properties.get("number") {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        };
        self.plain.hears(&event.name, number, happened, at);
    }

    fn learns(&mut self, contact: &Contact, at: i64) {
        if let Some(Value::Integer(score)) = contact.attributes.get("score") {
            self.plain.learns(*score, at);
        }
    }

    /// One thing from the log, which applies at an instant.
    fn takes(&mut self, envelope: &Envelope, at: i64) {
        self.until(at);
        match &envelope.kind {
            InputKind::Identify(contact) => self.learns(contact, at),
            InputKind::Event(event) => match event.at.map(|own| own.timestamp_millis()) {
                Some(own) if own > at => drop(self.pending.insert((own, envelope.seq), event.clone())),
                own => self.hears(event, own.unwrap_or(at), at),
            },
            InputKind::Import { row, .. } => {
                for event in &row.events {
                    // It counts when it happened, or when something was last counted.
                    let own = event.at.map_or(at, |own| own.timestamp_millis()).min(at);
                    let then = own.max(self.plain.applied).min(at);
                    self.plain.goes_back(then);
                    self.plain.until(then);
                    self.hears(event, own, then);
                }
                self.plain.until(at);
                self.learns(&row.contact, at);
            }
            _ => {}
        }
    }

    /// Nobody counts: what comes is passed over but for how often it came, and what is to come is remembered.
    fn stands(&mut self, mail: &[Envelope], now: i64) {
        let mut over: Vec<Event> = Vec::new();
        for envelope in mail {
            match &envelope.kind {
                InputKind::Event(event) => {
                    let own = event.at.map_or(0, |own| own.timestamp_millis());
                    self.pending.insert((own, envelope.seq), event.clone());
                }
                InputKind::Import { row, .. } => over.extend(row.events.iter().cloned()),
                _ => {}
            }
        }
        while let Some(entry) = self.pending.first_entry().filter(|entry| entry.key().0 <= now) {
            over.push(entry.remove());
        }
        over.iter().for_each(|event| self.plain.passes(&event.name));
        self.plain.stands_until(now);
    }
}

/// The mail of one commit.
fn read(mail: &[Envelope], after: u64, until: u64) -> &[Envelope] {
    let from = mail.partition_point(|envelope| envelope.seq <= after);
    let to = mail.partition_point(|envelope| envelope.seq <= until);
    mail.get(from..to.max(from)).unwrap_or_default()
}

/// The whole log until a commit, by the rules of one version.
fn counts_anew(rules: &'static Rules, place: &'static Place, rated: &[Rated], mail: &[Envelope]) -> Walk {
    let mut walk = Walk::new(rules, place);
    let (mut after, mut clock) = (0, i64::MIN);
    for commit in rated {
        for envelope in read(mail, after, commit.read_seq) {
            clock = clock.max(envelope.received_at.timestamp_millis());
            walk.takes(envelope, clock);
        }
        (after, clock) = (commit.read_seq, clock.max(commit.now));
        walk.until(clock);
    }
    walk
}

/// Judges every commit of one person, whose whole mail is known, to the newest version that was published.
pub(crate) fn judge(
    place: &'static Place,
    rated: &[Rated],
    mail: &[Envelope],
    steps: &[Step],
    newest: u32,
) -> Judged {
    let mut judged = Judged {
        broken: None,
        happened: Vec::new(),
        rose: Vec::new(),
        stuck: Vec::new(),
        changing: Vec::new(),
    };
    let Some(first) = rated.first() else { return judged };
    let mut walk = Walk::new(rules(first.published), place);
    let (mut after, mut clock, mut due) = (0, i64::MIN, None);
    for (number, commit) in rated.iter().enumerate() {
        let own = read(mail, after, commit.read_seq);
        let before = clock;
        let mut counts = true;
        if commit.published == 0 {
            judged.happened.push("score_without_rules");
            walk.stands(own, commit.now);
            counts = false;
        } else if commit.published != walk.plain.rules.version {
            let published = rules(commit.published);
            judged.changing.push((before, commit.now));
            if published.keeps {
                if commit.counted == Some(commit.published) {
                    // What happens with the mail is no sign of a timer before it.
                    let mailed = own.first().map(|envelope| envelope.received_at.timestamp_millis());
                    let step = steps.iter().map(|step| step.at.timestamp_millis());
                    let step = step.filter(|at| mailed.is_none_or(|mailed| *at < mailed));
                    // A timer may leave nothing behind it, like a date that concerns nobody.
                    let timer = step.chain(due).filter(|at| *at > clock).min();
                    let next = walk.changes_at(own, timer).max(clock).min(commit.now);
                    judged.happened.push("score_adopted");
                    walk.plain.becomes(published, next);
                }
            } else if commit.counted == Some(commit.published) {
                judged.happened.push("score_seeded");
                let upto = rated.get(..=number).unwrap_or_default();
                walk = counts_anew(published, place, upto, mail);
                walk.plain.moved.clear();
                walk.plain.happened.clear();
                counts = false;
            } else {
                judged.happened.push("score_stood_still");
                walk.stands(own, commit.now);
                counts = false;
            }
        }
        if counts {
            for envelope in own {
                clock = clock.max(envelope.received_at.timestamp_millis());
                walk.takes(envelope, clock);
            }
        }
        (after, clock, due) = (commit.read_seq, clock.max(commit.now), commit.due_at);
        if counts {
            walk.until(clock);
        }
        judged.happened.push("score_judged");
        for (at, moved) in std::mem::take(&mut walk.plain.moved) {
            match moved {
                Moved::Up("hot") => judged.rose.push(at),
                Moved::Marked("stuck") => judged.stuck.push(at),
                _ => {}
            }
        }
        judged.happened.append(&mut walk.plain.happened);
        judged.broken = commit.differs(&walk.plain).or_else(|| commit.breaks());
        if judged.broken.is_some() {
            return judged;
        }
    }
    // What is kept is taken over by whatever comes next, and that may be nothing.
    if !rules(newest).keeps && newest != walk.plain.rules.version {
        let found = "its history was never counted by the newest rules".to_owned();
        judged.broken = Some((Invariant::R1, found));
    }
    judged
}
