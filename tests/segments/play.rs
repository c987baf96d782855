//! A universe is played to two parties at once, one of which knows the answers: at every instant at which anything can
//! change, one millisecond before and one after, both say who is where, and what has moved since.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Clocks, DAY, written};
use super::language::{Holds, Question, Segment, Thing};
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
    /// Whether a history is to be looked through, until which what was published anew stands still.
    fn waits(&self) -> bool {
        false
    }
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
    pub(crate) entered: usize,
    /// Somebody was erased.
    pub(crate) erased: usize,
    /// A rank was given another line.
    pub(crate) drawn: usize,
    /// A channel took a message.
    pub(crate) sent: usize,
    /// What waited came at the very instant at which time moved somebody, or would have moved somebody.
    pub(crate) met: usize,
}

impl Counts {
    /// What is compared of a universe that is no universe is nothing: so much must have happened.
    pub(crate) fn reach(&self, memberships: usize) {
        let per_thousand = |part: usize| 1_000 * part / memberships;
        let left = self.moves - self.entered;
        assert!(self.memberships >= memberships, "{self:?}");
        assert!(self.inside > memberships / 5 && self.inside < self.memberships / 2, "{self:?}");
        assert!(per_thousand(self.moves) >= 2 && self.by_time > self.moves / 4, "{self:?}");
        assert!(self.entered > self.moves / 3 && left > self.moves / 4, "{self:?}");
        assert!(self.erased > self.universes / 5 && self.sent > self.universes / 5, "{self:?}");
        assert!(self.met > 0, "{self:?}");
    }

    pub(crate) fn add(&mut self, other: Counts) {
        self.universes += other.universes;
        self.instants += other.instants;
        self.memberships += other.memberships;
        self.inside += other.inside;
        self.moves += other.moves;
        self.by_time += other.by_time;
        self.entered += other.entered;
        self.erased += other.erased;
        self.drawn += other.drawn;
        self.sent += other.sent;
        self.met += other.met;
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
    /// What was told so far, but for what was retracted.
    log: Vec<(i64, Told)>,
    lengths: Vec<i64>,
    pub(crate) mistake: Mistake,
    pub(crate) stops: BTreeSet<i64>,
    pub(crate) moved: Vec<(i64, usize, bool)>,
    /// How many looks of this instant moved somebody.
    looks: usize,
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
            log: Vec::new(),
            lengths,
            mistake: Mistake::None,
            stops: BTreeSet::new(),
            moved: Vec::new(),
            looks: 0,
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
        self.looks += usize::from(!moved.is_empty());
        self.moved.extend(moved.into_iter().map(|(place, inside)| (at, place, inside)));
        let begin: Vec<i64> = self.memory.since.values().copied().filter(|since| *since == at).collect();
        if !begin.is_empty() {
            self.stops_after(at);
        }
    }

    /// Takes in what is told; answers whether it waits for its instant.
    pub(crate) fn told(&mut self, at: i64, told: &Told) -> bool {
        if matches!(told, Told::Erase) {
            self.erases();
            return false;
        }
        if !matches!(told, Told::Again(_) | Told::Retract(_) | Told::Publish(..)) {
            self.begun = true;
            self.log.push((at, told.clone()));
        }
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
        // The word is heard before the journey begins or ends by it.
        if matches!(told, Told::Begin(_) | Told::End(..)) {
            self.look(at);
        }
        self.takes_in(at, told);
        self.look(at);
        false
    }

    /// What was known of the contact is known no longer, and nobody is told who it was.
    fn erases(&mut self) {
        let kept = std::mem::take(&mut self.known);
        if self.mistake == Mistake::ErasureRemembers {
            self.known.events = kept.events;
        }
        self.known.id = kept.id;
        self.memory = Memory::default();
        self.pending.clear();
        self.seen.clear();
        self.log.clear();
        self.begun = false;
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
            Told::Sent { at: sent, by: [channel, template, journey], .. } => {
                let properties = BTreeMap::from([
                    ("channel", Thing::Text(channel)),
                    ("template", Thing::Text(template)),
                    ("journey", Thing::Text(journey)),
                ]);
                let (name, sent) = ("message.sent".to_owned(), at.min(*sent));
                known.events.push(Happened { name, properties, at: sent, id: None });
                self.stops_after(sent);
            }
            Told::Again(_) | Told::Erase => {}
            Told::Retract(_) if self.mistake == Mistake::RetractionKeeps => {}
            Told::Retract(id) => {
                known.events.retain(|event| event.id != Some(*id));
                let is_it = |told: &Told| matches!(told, Told::Event { id: other, .. } if other == id);
                self.pending.retain(|(_, told)| !is_it(told));
                self.log.retain(|(_, told)| !is_it(told));
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
                let watched = keys(&self.segments);
                self.segments[*place] = segment.clone();
                let watches = keys(&self.segments);
                self.memory.since.retain(|key, _| watches.contains(key));
                if watches.iter().any(|key| !watched.contains(key)) {
                    let past = self.again(at).into_iter();
                    self.memory.since.extend(past.filter(|(key, _)| !watched.contains(key)));
                }
            }
        }
    }

    /// Since when what must hold for a while would have held, had everything been asked from the beginning.
    fn again(&self, until: i64) -> BTreeMap<String, i64> {
        let universe = Universe {
            told: self.log.clone(),
            segments: self.segments.clone(),
            end: until,
            ..self.universe.clone()
        };
        let mut truth = Truth::new(&universe, self.clocks, self.lots);
        truth.mistake = self.mistake;
        let mut inputs = universe.told.iter().peekable();
        let mut last = i64::MIN;
        while let Some(at) = truth.stops.pop_first().filter(|at| *at <= until) {
            if at <= last {
                continue;
            }
            last = at;
            truth.comes(at, |_| {});
            truth.look(at);
            while let Some((_, told)) = inputs.next_if(|(then, _)| *then == at) {
                truth.told(at, told);
            }
        }
        truth.memory.since
    }

    /// Whether time alone would move somebody at an instant at which something comes.
    fn would_move(&self, at: i64) -> bool {
        if !self.begun || self.pending.iter().all(|(then, _)| *then != at) {
            return false;
        }
        let (mut memory, clocks) = (self.memory.clone(), (self.clocks, self.universe.zone));
        !look(&mut memory, &self.segments, &self.known, clocks, self.lots, at, self.mistake).is_empty()
    }

    /// The events of the future whose instant has come.
    fn comes(&mut self, at: i64, mut each: impl FnMut(&Told)) {
        while let Some(place) = self.pending.iter().position(|(then, _)| *then == at) {
            let (_, told) = self.pending.remove(place);
            self.takes_in(at, &told);
            self.look(at);
            each(&told);
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
    let (mut last, mut looked_at) = (i64::MIN, 0);
    let (mut still, mut waited) = (BTreeSet::new(), false);
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
        looked_at += 1;
        if looked_at > 20_000 {
            return Err(differs(&truth, at, "it wants to be looked at again and again"));
        }
        // What happens at an instant, also what was told before, comes before the moves of that instant.
        let mut come = 0;
        let would = truth.would_move(at);
        truth.comes(at, |told| {
            subject.comes(at, told);
            come += 1;
        });
        counts.met += usize::from(come > 0 && would);
        let by_input = truth.moved.len();
        truth.look(at);
        let by_time = truth.moved.len() - by_input;
        subject.passes(at);
        let (mut redefined, mut erased) = (false, false);
        while let Some((_, told)) = inputs.next_if(|(then, _)| *then == at) {
            if truth.is_news(told) {
                redefined |= matches!(told, Told::Publish(..) | Told::Retract(_));
                if let Told::Publish(place, segment) = told {
                    still.insert(*place);
                    askers(&truth.segments, *place, segment, &mut still);
                    counts.drawn += usize::from(matches!(segment.holds, Holds::Rank { .. }));
                }
                erased |= matches!(told, Told::Erase);
                counts.erased += usize::from(matches!(told, Told::Erase));
                counts.sent += usize::from(matches!(told, Told::Sent { .. }));
                truth.told(at, told);
                subject.told(at, told);
            } else {
                subject.told_again(at, told);
            }
        }
        let (wanted, found) = (std::mem::take(&mut truth.moved), subject.moves());
        counts.instants += 1;
        counts.moves += wanted.len();
        counts.entered += wanted.iter().filter(|(.., inside)| *inside).count();
        counts.by_time += by_time;
        let (mut should, mut moved) = (sorted(&wanted), sorted(&found));
        // Where a history is awaited, what asks for it moves once it was looked through.
        if waited || erased || subject.waits() {
            should.retain(|(_, place, _)| !still.contains(place));
            moved.retain(|(_, place, _)| !still.contains(place));
        }
        waited = subject.waits();
        if !waited {
            still.clear();
        }
        if redefined {
            (should, moved) = (net(&should), net(&moved));
        }
        if should != moved {
            return Err(differs(&truth, at, &format!("moves should be {should:?} and are {moved:?}")));
        }
        if truth.looks == 1 && !waited && !in_order(&found, &truth.segments) {
            return Err(differs(&truth, at, &format!("moves come in a wrong order: {found:?}")));
        }
        truth.looks = 0;
        all_moves.extend(wanted);
        for place in (0..truth.segments.len()).filter(|place| !still.contains(place)) {
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
        if self.0.mistake == Mistake::MovesFirst {
            self.0.look(at);
        }
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

/// Whoever asks for one of these, and whoever asks for them.
fn askers(segments: &[Segment], gone: usize, new: &Segment, still: &mut BTreeSet<usize>) {
    for (place, segment) in segments.iter().enumerate() {
        let segment = if place == gone { new } else { segment };
        if let Some(question) = segment.question() {
            let mut asks = false;
            question
                .walk(&mut |one| asks |= matches!(one, Question::Segment(other) if still.contains(other)));
            if asks {
                still.insert(place);
            }
        }
    }
}

/// What must hold for a while, somewhere.
fn keys(segments: &[Segment]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for question in segments.iter().filter_map(Segment::question) {
        question.walk(&mut |one| {
            if let Question::Held(_, _, key) = one {
                keys.insert(key.clone());
            }
        });
    }
    keys
}

/// What is left of moves at one instant where some were taken back.
fn net(moves: &[(i64, usize, bool)]) -> Vec<(i64, usize, bool)> {
    let mut left: BTreeMap<(i64, usize), Vec<bool>> = BTreeMap::new();
    for (at, place, inside) in moves {
        left.entry((*at, *place)).or_default().push(*inside);
    }
    let odd = left.into_iter().filter(|(_, all)| all.len() % 2 == 1);
    odd.map(|((at, place), all)| (at, place, all[0])).collect()
}

/// Each segment's own moves, one after the other.
fn sorted(moves: &[(i64, usize, bool)]) -> Vec<(i64, usize, bool)> {
    let mut sorted = moves.to_vec();
    sorted.sort_by_key(|(at, place, _)| (*at, *place));
    sorted
}

/// Who asks for another one moves after it, where all moved at once.
fn in_order(moves: &[(i64, usize, bool)], segments: &[Segment]) -> bool {
    let before = |first: usize, then: usize| {
        let mut asks = false;
        if let Some(question) = segments[first].question() {
            question.walk(&mut |one| asks |= matches!(one, Question::Segment(place) if *place == then));
        }
        asks
    };
    let pairs =
        moves.iter().enumerate().flat_map(|(at, one)| moves[at + 1..].iter().map(move |two| (one, two)));
    pairs.into_iter().all(|((_, first, _), (_, then, _))| !before(*first, *then))
}

fn differs(truth: &Truth<'_>, at: i64, what: &str) -> String {
    use std::fmt::Write;
    let names: Vec<&'static str> = truth.segments.iter().map(|segment| segment.name).collect();
    let mut text = format!("universe {} at {} ({at}): {what}\n", truth.universe.seed, written(at));
    for (place, segment) in truth.segments.iter().enumerate() {
        let _ =
            writeln!(text, "  {place}: {} is {:?}", segment.json(&names), truth.memory.members.get(place));
    }
    for (then, told) in truth.universe.told.iter().filter(|(then, _)| *then <= at) {
        let _ = writeln!(text, "  {} ({then}) {told:?}", written(*then));
    }
    let _ = writeln!(text, "  zone {:?} else {}", truth.known.zone, truth.universe.zone);
    let _ = writeln!(text, "  since {:?}", truth.memory.since);
    text
}
