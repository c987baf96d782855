//! The crate's own answer, through its one entry: inputs and time go in, and moves come out.

use std::sync::Arc;

use journeyman::machine::{Cold, ContactState, Envelope, Hot, InputKind, Program, ProgramParts, Signal};
use journeyman::model::{InputId, Step};
use journeyman::time::Zone;

use super::language::Segment;
use super::play::Subject;
use super::random::Random;
use super::universe::{LEA, Told, Universe};
use super::words::{compiled, id_of, input, instant, journeys};

pub(crate) struct Machine {
    pub(crate) program: Program,
    pub(crate) state: ContactState,
    universe: Universe,
    segments: Vec<Segment>,
    names: Vec<&'static str>,
    pub(crate) log: Vec<Envelope>,
    steps: Vec<Step>,
    due: Option<i64>,
    moves: Vec<(i64, usize, bool)>,
    random: Random,
    begun: bool,
    /// Whether the job that looks histories through takes its time.
    lazy: bool,
}

pub(crate) fn program(segments: &[Segment], zone: &str) -> Program {
    let mut parts = ProgramParts::default();
    parts.journeys = journeys().into_iter().map(Arc::new).collect();
    parts.zone = Zone::named(zone).unwrap();
    parts.segments = Arc::new(compiled(segments));
    Program::new(parts)
}

impl Machine {
    pub(crate) fn new(universe: &Universe) -> Self {
        Self {
            program: program(&universe.segments, universe.zone),
            state: ContactState::new(LEA.into()),
            universe: universe.clone(),
            segments: universe.segments.clone(),
            names: universe.names(),
            log: Vec::new(),
            steps: Vec::new(),
            due: None,
            moves: Vec::new(),
            random: Random::new(universe.seed),
            begun: false,
            lazy: false,
        }
    }

    /// The same, of whom a history is looked through only some time after it is asked for.
    pub(crate) fn lazy(universe: &Universe) -> Self {
        Self { lazy: true, ..Self::new(universe) }
    }

    fn lacks(&self) -> bool {
        self.program.segments().lacks(&self.state.hot.segments)
    }

    /// Reads inputs and lets time pass until an instant, in as many transitions as it takes.
    pub(crate) fn run(&mut self, mail: &[Envelope], until: i64) {
        let mut rest = mail;
        for _ in 0..64 + mail.len() {
            let mut state = self.state.clone();
            // Now and then everything is written down and read back.
            if self.random.in_hundred(10) {
                let cold: Cold = again(&*state.cold);
                let hot: Hot = again(&state.hot);
                assert_eq!(hot, state.hot, "universe {}: what is read back is the same", self.universe.seed);
                state = ContactState::from_parts(Arc::new(cold), hot);
            }
            let out = self.program.transition(state, rest, instant(until));
            self.state = out.state;
            self.steps.extend(out.steps);
            self.due = out.due_at.map(|at| at.timestamp_millis());
            for signal in out.signals {
                if let Signal::Moved { segment, inside, at, .. } = signal {
                    let place = self.names.iter().position(|name| **name == *segment).unwrap();
                    self.moves.push((at.timestamp_millis(), place, inside));
                }
            }
            rest = &rest[out.consumed..];
            if rest.is_empty() && self.due.is_none_or(|due| due > until) {
                return;
            }
        }
        panic!("universe {}: what is due at {:?} does not end", self.universe.seed, self.due);
    }

    pub(crate) fn envelope(&mut self, at: i64, id: Option<InputId>, kind: InputKind) -> Envelope {
        let seq = self.log.len() as u64 + 1;
        let id = id.unwrap_or_else(|| InputId::from_place(&LEA.into(), seq));
        let envelope = Envelope::new(seq, id, instant(at), kind);
        self.log.push(envelope.clone());
        envelope
    }

    fn read(&mut self, at: i64, id: Option<InputId>, kind: InputKind) {
        let envelope = self.envelope(at, id, kind);
        self.run(&[envelope], at);
    }

    /// The job that looks histories through has come to this contact.
    fn seed(&mut self, at: i64) {
        let through = self.log.last().map_or(0, |last| last.seq);
        let counted = self.program.recount_segments(&self.state, &self.log, &self.steps);
        let kind = InputKind::SeedSegments {
            hash: self.program.segments().hash(),
            through,
            as_of: self.state.hot.now,
            state: Box::new(counted),
        };
        self.read(at, None, kind);
        assert!(!self.lacks(), "universe {}: what was counted is taken", self.universe.seed);
    }
}

fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

impl Subject for Machine {
    fn passes(&mut self, at: i64) {
        if self.begun && (self.due.is_some_and(|due| due <= at) || self.random.in_hundred(10)) {
            self.run(&[], at);
        }
    }

    fn told(&mut self, at: i64, told: &Told) {
        match told {
            Told::Publish(place, segment) => {
                self.segments[*place] = segment.clone();
                self.program = program(&self.segments, self.universe.zone);
                if self.begun {
                    self.read(at, None, InputKind::Wake);
                    if self.lacks() && !self.lazy {
                        self.seed(at);
                    }
                }
            }
            Told::Retract(id) => {
                self.read(at, None, InputKind::Retract { input: id_of(*id) });
                self.seed(at);
            }
            Told::Erase => {
                self.state = ContactState::new(LEA.into());
                (self.due, self.begun) = (None, false);
                self.log.clear();
                self.steps.clear();
            }
            told => {
                let Some((id, kind)) = input(told) else { return };
                self.begun = true;
                self.read(at, id, kind);
                if self.lacks() && self.random.in_hundred(30) {
                    self.seed(at);
                }
            }
        }
    }

    fn waits(&self) -> bool {
        self.begun && self.lacks()
    }

    fn comes(&mut self, _at: i64, _told: &Told) {}

    fn is_in(&mut self, place: usize) -> bool {
        self.state.hot.segments.is_in(self.names[place])
    }

    fn moves(&mut self) -> Vec<(i64, usize, bool)> {
        std::mem::take(&mut self.moves)
    }

    fn due(&self) -> Option<i64> {
        self.due
    }

    fn check(&mut self, at: i64) -> Result<(), String> {
        for name in &self.names {
            if self.state.hot.rating.is_in(name) != self.state.hot.segments.is_in(name) {
                return Err(format!("predicates see another answer to {name:?} at {at}"));
            }
        }
        Ok(())
    }
}
