//! A universe is played to two parties at once, one of which knows the answers: at every instant at which anything can
//! change, one millisecond before and one after, both say who is where, and what has moved since.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Clocks, DAY, written};
use super::language::{Question, Segment, Thing};
use super::naive::{Consent, Happened, Known, Memory, Mistake, look};
use super::universe::{LEA, Told, Universe};

/// Who is asked beside the naive one.
pub(crate) trait Subject {
    /// Time passes until this instant.
    fn passes(&mut self, at: i64);
    /// Something is told; an event of the future waits for its instant.
    fn told(&mut self, at: i64, told: &Told);
    /// Something is told that a store knows already.
    fn told_again(&mut self, _at: i64, _told: &Told) {}
    /// The instant of an event has come that was told before.
    fn comes(&mut self, at: i64, told: &Told);
    /// Whether the contact is in the segment of this place.
    fn is_in(&mut self, place: usize) -> bool;
    /// What moved since this was asked last: when, which, and whether in.
    fn moves(&mut self) -> Vec<(i64, usize, bool)>;
    /// Whatever else must hold of it now.
    fn check(&mut self, _at: i64) -> Result<(), String> {
        Ok(())
    }
    /// An instant at which it wants to be looked at.
    fn due(&self) -> Option<i64> {
        None
    }
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) universes: usize,
    pub(crate) instants: usize,
    pub(crate) memberships: usize,
    pub(crate) inside: usize,
    pub(crate) moves: usize,
    /// Those that time alone brought about.
    pub(crate) by_time: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        self.universes += other.universes;
        self.instants += other.instants;
        self.memberships += other.memberships;
        self.inside += other.inside;
        self.moves += other.moves;
        self.by_time += other.by_time;
    }
}

/// The naive side of a universe, on its way.
pub(crate) struct Truth<'u> {
    universe: &'u Universe,
    clocks: &'u Clocks,
    lots: &'u BTreeMap<&'static str, i64>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) known: Known,
    pub(crate) memory: Memory,
    pub(crate) pending: Vec<(i64, Told)>,
    seen: BTreeSet<u64>,
    begun: bool,
    lengths: Vec<i64>,
    pub(crate) mistake: Mistake,
    pub(crate) stops: BTreeSet<i64>,
    pub(crate) moved: Vec<(i64, usize, bool)>,
}

impl<'u> Truth<'u> {
    pub(crate) fn new(
        universe: &'u Universe,
        clocks: &'u Clocks,
        lots: &'u BTreeMap<&'static str, i64>,
    ) -> Self {
        let mut lengths: Vec<i64> = universe.segments.iter().flat_map(Segment::lengths).collect();
        for (_, told) in &universe.told {
            if let Told::Publish(_, segment) = told {
                lengths.extend(segment.lengths());
            }
        }
        lengths.sort_unstable();
        lengths.dedup();
        let mut truth = Self {
            universe,
            clocks,
            lots,
            segments: universe.segments.clone(),
            known: Known { id: LEA.to_owned(), ..Known::default() },
            memory: Memory::default(),
            pending: Vec::new(),
            seen: BTreeSet::new(),
            begun: false,
            lengths,
            mistake: Mistake::None,
            stops: BTreeSet::new(),
            moved: Vec::new(),
        };
        for (at, _) in &universe.told {
            truth.stop(*at);
        }
        let midnights: BTreeSet<i64> = universe
            .zones
            .iter()
            .flat_map(|zone| clocks.of(zone).changes(universe.start, universe.end))
            .collect();
        for at in midnights {
            truth.stop(at);
        }
        truth.stop(universe.end);
        truth
    }

    fn stop(&mut self, at: i64) {
        if at >= self.universe.start - 1 && at <= self.universe.end {
            self.stops.extend([at - 1, at, at + 1]);
        }
    }

    /// Everything that can come of what happened at this instant.
    fn stops_after(&mut self, at: i64) {
        self.stop(at);
        for length in self.lengths.clone() {
            self.stop(at + length);
        }
    }

    pub(crate) fn look(&mut self, at: i64) {
        if !self.begun {
            return;
        }
        let clocks = (self.clocks, self.universe.zone);
        let moved = look(&mut self.memory, &self.segments, &self.known, clocks, self.lots, at, self.mistake);
        self.moved.extend(moved.into_iter().map(|(place, inside)| (at, place, inside)));
        let begin: Vec<i64> = self.memory.since.values().copied().filter(|since| *since == at).collect();
        if !begin.is_empty() {
            self.stops_after(at);
        }
    }

    /// Takes in what is told; answers whether it waits for its instant.
    pub(crate) fn told(&mut self, at: i64, told: &Told) -> bool {
        self.begun = true;
        if let Told::Event { at: Some(then), id, .. } = told
            && *then > at
            && self.mistake != Mistake::FutureAtOnce
        {
            self.seen.insert(*id);
            self.pending.push((*then, told.clone()));
            self.stop(*then);
            self.look(at);
            return true;
        }
        self.takes_in(at, told);
        self.look(at);
        false
    }

    pub(crate) fn takes_in(&mut self, at: i64, told: &Told) {
        let known = &mut self.known;
        match told {
            Told::Update { zone, set, unset, tag, untag, address } => {
                for name in unset {
                    known.attributes.remove(name);
                }
                if let Some(tag) = untag {
                    known.tags.remove(tag);
                }
                known.tags.extend(tag);
                known.zone = zone.or(known.zone);
                known.addresses.extend(*address);
                known.attributes.extend(set.iter().cloned());
                for (_, value) in set {
                    match value {
                        Thing::Instant(then) => self.stops_after(*then),
                        Thing::Date(day) if *day > self.universe.start.div_euclid(DAY) - 60 => {
                            for zone in &self.universe.zones {
                                self.stops_after(self.clocks.of(zone).first_of(*day));
                            }
                        }
                        _ => {}
                    }
                }
            }
            Told::Event { name, properties, at: then, id } => {
                let then = then.unwrap_or(at).min(at);
                let then = if self.mistake == Mistake::LateByArrival { at } else { then };
                self.seen.insert(*id);
                let properties = properties.clone();
                known.events.push(Happened { name: name.clone(), properties, at: then, id: Some(*id) });
                self.stops_after(then);
            }
            Told::Again(_) => {}
            Told::Retract(_) if self.mistake == Mistake::RetractionKeeps => {}
            Told::Retract(id) => {
                known.events.retain(|event| event.id != Some(*id));
                self.pending.retain(|(_, told)| !matches!(told, Told::Event { id: other, .. } if other == id));
            }
            Told::Score(score, value) => {
                known.scores.insert(score, *value);
            }
            Told::Tier(score, tier) => {
                match tier {
                    Some(tier) => known.tiers.insert(score, tier),
                    None => known.tiers.remove(score),
                };
            }
            Told::Manual(segment, inside) => {
                if *inside {
                    known.manual.insert(segment);
                } else {
                    known.manual.remove(segment);
                }
            }
            Told::Grant(purpose, channel, address) => {
                known.consents.insert((purpose, channel), Consent::Granted(*address));
            }
            Told::Withdraw(purpose, channel) => {
                for ((p, c), consent) in &mut known.consents {
                    let concerns = purpose.is_none_or(|purpose| purpose == *p)
                        && channel.is_none_or(|channel| channel == *c);
                    if concerns {
                        *consent = Consent::Withdrawn;
                    }
                }
                if let (Some(purpose), Some(channel)) = (purpose, channel) {
                    known.consents.insert((purpose, channel), Consent::Withdrawn);
                }
            }
            Told::Begin(journey) => {
                if known.inside.insert(journey) {
                    known.entered.insert(journey);
                    let properties = BTreeMap::from([("journey", Thing::Text(journey))]);
                    let name = "journey.entered".to_owned();
                    known.events.push(Happened { name, properties, at, id: None });
                    self.stops_after(at);
                }
            }
            Told::End(journey, completed) => {
                if known.inside.remove(journey) {
                    let properties = BTreeMap::from([
                        ("journey", Thing::Text(journey)),
                        ("reason", Thing::Text(if *completed { "goal" } else { "exit" })),
                        ("completed", Thing::Bool(*completed)),
                    ]);
                    let name = "journey.left".to_owned();
                    known.events.push(Happened { name, properties, at, id: None });
                    self.stops_after(at);
                }
            }
            Told::Publish(..) if self.mistake == Mistake::DefinitionUnheard => {}
            Told::Publish(place, segment) => {
                if self.mistake == Mistake::HeldFromPublishing {
                    self.memory.since.clear();
                }
                self.segments[*place] = segment.clone();
                let mut kept = BTreeSet::new();
                for segment in &self.segments {
                    if let Some(question) = segment.question() {
                        question.walk(&mut |one| {
                            if let Question::Held(_, _, key) = one {
                                kept.insert(key.clone());
                            }
                        });
                    }
                }
                self.memory.since.retain(|key, _| kept.contains(key));
            }
        }
    }

    /// Whether a store would take it: a duplicate, and a retraction of what it does not know, change nothing.
    pub(crate) fn is_news(&self, told: &Told) -> bool {
        match told {
            Told::Again(_) => false,
            Told::Retract(id) => self.seen.contains(id),
            _ => true,
        }
    }
}

/// Plays a universe to its end, or to the first difference.
pub(crate) fn play(
    universe: &Universe,
    lots: &BTreeMap<&'static str, i64>,
    subject: &mut dyn Subject,
) -> Result<(Counts, Vec<(i64, usize, bool)>), String> {
    let clocks = universe.clocks();
    let mut truth = Truth::new(universe, &clocks, lots);
    let mut counts = Counts { universes: 1, ..Counts::default() };
    let mut inputs = universe.told.iter().peekable();
    let mut all_moves = Vec::new();
    let mut last = i64::MIN;
    loop {
        let next = truth.stops.pop_first();
        // Where the subject wants to be looked at, it is: nothing may move there that does not move for both.
        let at = match (next, subject.due().filter(|due| *due > last)) {
            (Some(stop), Some(due)) if due < stop => {
                truth.stops.insert(stop);
                due
            }
            (Some(stop), _) => stop,
            (None, _) => break,
        };
        if at <= last {
            continue;
        }
        last = at;
        truth.look(at);
        let by_time = truth.moved.len();
        subject.passes(at);
        while let Some(place) = truth.pending.iter().position(|(then, _)| *then == at) {
            let (_, told) = truth.pending.remove(place);
            truth.takes_in(at, &told);
            truth.look(at);
            subject.comes(at, &told);
        }
        while let Some((_, told)) = inputs.next_if(|(then, _)| *then == at) {
            if truth.is_news(told) {
                truth.told(at, told);
                subject.told(at, told);
            } else {
                subject.told_again(at, told);
            }
        }
        let (wanted, mut found) = (std::mem::take(&mut truth.moved), subject.moves());
        counts.instants += 1;
        counts.moves += wanted.len();
        counts.by_time += by_time;
        // What moves at once moves in an order in which whoever is asked for moves before whoever asks.
        let mut sorted = wanted.clone();
        sort_groups(&mut sorted);
        sort_groups(&mut found);
        if sorted != found {
            return Err(differs(&truth, at, &format!("moves should be {sorted:?} and are {found:?}")));
        }
        all_moves.extend(wanted);
        for place in 0..truth.segments.len() {
            let wanted = truth.memory.members.get(place).copied().unwrap_or(false);
            let found = subject.is_in(place);
            if wanted != found {
                let name = truth.segments[place].name;
                return Err(differs(&truth, at, &format!("{name:?} should be {wanted} and is {found}")));
            }
            counts.memberships += 1;
            counts.inside += usize::from(wanted);
        }
        subject.check(at).map_err(|text| differs(&truth, at, &text))?;
    }
    Ok((counts, all_moves))
}

/// Somebody who reads the rules with a mistake.
pub(crate) struct Mistaken<'u>(pub(crate) Truth<'u>);

impl Subject for Mistaken<'_> {
    fn passes(&mut self, at: i64) {
        let late = self.0.mistake == Mistake::FlipsLate;
        self.0.look(if late { at - 1 } else { at });
    }

    fn told(&mut self, at: i64, told: &Told) {
        self.0.told(at, told);
    }

    fn told_again(&mut self, at: i64, told: &Told) {
        let Told::Again(id) = told else { return };
        if self.0.mistake == Mistake::DuplicatesCount
            && let Some(event) = self.0.known.events.iter().find(|event| event.id == Some(*id)).cloned()
        {
            self.0.known.events.push(event);
            self.0.look(at);
        }
    }

    fn comes(&mut self, at: i64, told: &Told) {
        if self.0.mistake != Mistake::FutureAtOnce {
            self.0.takes_in(at, told);
            self.0.look(at);
        }
    }

    fn is_in(&mut self, place: usize) -> bool {
        self.0.memory.members.get(place).copied().unwrap_or(false)
    }

    fn moves(&mut self) -> Vec<(i64, usize, bool)> {
        std::mem::take(&mut self.0.moved)
    }
}

/// Orders what moves by its place, as long as no segment moves twice.
fn sort_groups(moves: &mut [(i64, usize, bool)]) {
    let mut from = 0;
    while from < moves.len() {
        let mut seen = BTreeSet::new();
        let mut to = from;
        while to < moves.len() && moves[to].0 == moves[from].0 && seen.insert(moves[to].1) {
            to += 1;
        }
        moves[from..to].sort_by_key(|(_, place, _)| *place);
        from = to;
    }
}

fn differs(truth: &Truth<'_>, at: i64, what: &str) -> String {
    use std::fmt::Write;
    let names: Vec<&'static str> = truth.segments.iter().map(|segment| segment.name).collect();
    let mut text = format!("universe {} at {} ({at}): {what}\n", truth.universe.seed, written(at));
    for (place, segment) in truth.segments.iter().enumerate() {
        let _ = writeln!(text, "  {place}: {} is {:?}", segment.json(&names), truth.memory.members.get(place));
    }
    for (then, told) in truth.universe.told.iter().filter(|(then, _)| *then <= at) {
        let _ = writeln!(text, "  {} ({then}) {told:?}", written(*then));
    }
    let _ = writeln!(text, "  zone {:?} else {}", truth.known.zone, truth.universe.zone);
    let _ = writeln!(text, "  since {:?}", truth.memory.since);
    text
}
