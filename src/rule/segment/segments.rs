//! Every segment that counts, compiled together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile;
use super::definition::SegmentDefinition;
use super::filter::EventFilter;
use super::leaf::{By, Leaf};
use super::line::Line;
use super::program::{Form, Program};
use super::state::SegmentState;
use super::stream::Keep;
use super::touched::Touched;
use crate::error::BuildError;
use crate::model::{Hash, Name};

/// Every segment that counts, compiled together: what several of them ask is kept and asked once. Cheap to clone.
///
/// Who uses it tells what happens ([`hear`](Self::hear), and the `touch` methods after what they name has changed), and
/// settles: [`settle`](Self::settle) tells every move at once, [`next_due`](Self::next_due) says when to come back.
///
/// ```
/// use std::collections::BTreeMap;
/// use journeyman::Contact;
/// use journeyman::rule::segment::{
///     Heard, NoPassages, QuestionDefinition, Seen, SegmentDefinition, Segments, Touched,
/// };
/// use journeyman::rule::{Facts, Performed, Rating, Standing};
/// use journeyman::time::Zone;
///
/// let question: QuestionDefinition =
///     serde_json::from_str(r#"{"event": "app.opened", "count": {"at_least": 2}, "within": "1d"}"#)?;
/// let segments = Segments::compile([SegmentDefinition::new("active", question)], &BTreeMap::new())?;
///
/// let (lea, performed, rating) = (Contact::new("lea"), Performed::default(), Rating::default());
/// let (standing, zone, properties) = (Standing::default(), Zone::utc(), BTreeMap::new());
/// let seen = Seen::new(Facts::new(&lea, &performed, &rating), &standing, &NoPassages, &zone);
/// let (mut state, mut touched, mut moves) = (segments.start(), Touched::default(), Vec::new());
/// for at in [1_000, 5_000] {
///     segments.hear(&mut state, &mut touched, &Heard::new("app.opened", &properties, at, at, &zone));
///     segments.settle(&mut state, &mut touched, &seen, at, &mut |step| moves.push((at, step.inside)));
/// }
/// // The first of the two stops counting a day after it happened.
/// let due = segments.next_due(&state).unwrap();
/// segments.fire(&state, &mut touched, due);
/// segments.settle(&mut state, &mut touched, &seen, due, &mut |step| moves.push((due, step.inside)));
/// assert_eq!(moves, [(5_000, true), (86_401_000, false)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Segments(pub(super) Arc<Compiled>);

/// What segments are made into.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) hash: Hash,
    pub(super) short: u64,
    /// Those that others ask come before them, else by name: the order in which moves of one instant are told.
    pub(super) segments: Vec<Segment>,
    pub(super) places: BTreeMap<Name, usize>,
    pub(super) leaves: Vec<Leaf>,
    /// The leaf of each slot.
    pub(super) timed: Vec<u32>,
    pub(super) streams: Vec<Rule>,
    pub(super) keys: Arc<[u64]>,
    pub(super) filters: Vec<EventFilter>,
    pub(super) named: BTreeMap<Name, Vec<u32>>,
    pub(super) prefixes: Vec<(Name, u32)>,
    pub(super) index: Index,
}

/// Which leaves read what, by name.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) attributes: BTreeMap<Name, Vec<u32>>,
    pub(super) tags: BTreeMap<Name, Vec<u32>>,
    pub(super) scores: BTreeMap<Name, Vec<u32>>,
    pub(super) tiers: BTreeMap<Name, Vec<u32>>,
    pub(super) marks: BTreeMap<Name, Vec<u32>>,
    pub(super) consents: BTreeMap<Name, Vec<u32>>,
    pub(super) journeys: BTreeMap<Name, Vec<u32>>,
    pub(super) told: BTreeMap<Name, Vec<u32>>,
    pub(super) civil: Vec<u32>,
}

/// What one stream keeps, and of which events.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) key: u64,
    pub(super) keep: Keep,
    /// The leaves that read it.
    pub(super) leaves: Vec<u32>,
}

/// One segment, as it counts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Segment {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: u32,
    /// The hash of its definition.
    pub hash: Hash,
    /// What says who is in it.
    pub kind: SegmentKind,
    /// What it is for, where it says so.
    pub purpose: Option<Name>,
    pub(super) form: Form,
    pub(super) program: Program,
    /// The streams that it reads.
    pub(super) streams: Vec<u32>,
    /// The leaves that ask whether somebody is in it.
    pub(super) askers: Vec<u32>,
    /// The places of the segments that it asks.
    pub(super) asks: Vec<u32>,
    /// By what it ranks, and among whom.
    pub(super) rank: Option<(By, Option<Form>)>,
}

/// What says who is in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SegmentKind {
    /// A condition.
    Where,
    /// A line that is drawn on a schedule.
    Rank,
    /// The host.
    Manual,
}

/// A contact enters a segment or leaves it, at the instant for which everything was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// The place of the segment.
    pub place: usize,
    /// Whether the contact is in it now.
    pub inside: bool,
}

impl Segments {
    /// The most segments of one program.
    pub const MOST: usize = 256;
    /// The most questions of all its segments together, each counted once.
    pub const MOST_QUESTIONS: usize = 4_096;

    /// Compiles everything that is published; of each name the highest version counts. `lines` are those of the rank
    /// segments, by their names.
    ///
    /// # Errors
    /// Every problem of every definition, see `docs/DIAGNOSTICS.md`.
    pub fn compile(
        definitions: impl IntoIterator<Item = SegmentDefinition>,
        lines: &BTreeMap<Name, Line>,
    ) -> Result<Self, BuildError> {
        compile::compile(definitions, lines).map(|compiled| Self(Arc::new(compiled)))
    }

    /// Whether there is no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.segments.is_empty()
    }

    /// The hash of everything that can change an answer, lines included.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.0.hash
    }

    /// The names, in the order of their places.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.segments.iter().map(|segment| &segment.name)
    }

    /// The place of a segment: those that it asks come before it, else by name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.0.places.get(name).copied()
    }

    /// The segment of a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Segment> {
        self.0.segments.get(place)
    }

    /// Somebody of whom there is no history: nothing is missing. The first [`settle`](Self::settle) asks everything.
    #[must_use]
    pub fn start(&self) -> SegmentState {
        if self.is_empty() {
            return SegmentState::default();
        }
        SegmentState { set: self.0.short, keys: self.0.keys.clone(), asleep: true, ..SegmentState::default() }
    }

    /// When an answer may next change by itself; nothing where time changes none.
    #[must_use]
    pub fn next_due(&self, state: &SegmentState) -> Option<i64> {
        state.due
    }

    /// Touches every question whose answer may have changed by now; [`settle`](Self::settle) follows, at the same instant.
    pub fn fire(&self, state: &SegmentState, touched: &mut Touched, now: i64) {
        if state.due.is_none_or(|due| due > now) {
            return;
        }
        for (leaf, at) in self.0.timed.iter().zip(&state.flips) {
            if *at <= now {
                touched.mark(*leaf);
            }
        }
    }

    pub(super) fn leaf(&self, place: u32) -> Option<&Leaf> {
        usize::try_from(place).ok().and_then(|place| self.0.leaves.get(place))
    }
}

macro_rules! touch {
    ($($(#[$doc:meta])* $method:ident: $field:ident),* $(,)?) => {
        impl Segments {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $method(&self, touched: &mut Touched, name: &str) {
                    if let Some(leaves) = self.0.index.$field.get(name) {
                        leaves.iter().for_each(|leaf| touched.mark(*leaf));
                    }
                }
            )*
        }
    };
}

touch! {
    /// An attribute changed, came or went.
    touch_attribute: attributes,
    /// A tag came or went.
    touch_tag: tags,
    /// A score changed.
    touch_score: scores,
    /// The tier of this score changed.
    touch_tier: tiers,
    /// A mark of this score was reached, or is over.
    touch_mark: marks,
    /// The consent to this purpose was given or withdrawn.
    touch_consent: consents,
    /// A run of this journey began or ended.
    touch_journey: journeys,
    /// The host put the contact into this manual segment, or took it out: the rating says so already.
    touch_segment: told,
}

impl Segments {
    /// An address came, went or changed, or consent to everything was withdrawn at once.
    pub fn touch_consents(&self, touched: &mut Touched) {
        self.0.index.consents.values().flatten().for_each(|leaf| touched.mark(*leaf));
    }

    /// The zone of the contact changed.
    pub fn touch_zone(&self, touched: &mut Touched) {
        self.0.index.civil.iter().for_each(|leaf| touched.mark(*leaf));
    }

    /// Anything may have changed.
    pub fn touch_all(&self, touched: &mut Touched) {
        touched.mark_all();
    }
}
