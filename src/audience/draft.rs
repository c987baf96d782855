//! A segment as the columns are asked for it.

use super::asked::{Asked, Range};
use super::moment::Moment;
use crate::model::Name;

/// A segment that [`Audience::draft`](super::Audience::draft) has read: it can be sized again and again, at any instant.
///
/// ```
/// use journeyman::audience::Audience;
/// use journeyman::rule::segment::SegmentDefinition;
/// let definition: SegmentDefinition = serde_json::from_str(r#"{"segment": "fans", "where": {"tag": "fan"}}"#)?;
/// let draft = Audience::default().draft(&definition, &[])?;
/// assert_eq!(draft.segment(), "fans");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) segment: Name,
    /// The segments that it names and itself, each after those that it names.
    pub(super) parts: Vec<Part>,
}

/// One segment of a draft.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) node: Node,
    /// Whether it is profiling for marketing, so that whoever may not be profiled is left out.
    pub(super) is_profile: bool,
}

impl Draft {
    /// The name of the segment.
    #[must_use]
    pub fn segment(&self) -> &str {
        &self.segment
    }
}

/// A question, or a combination of others.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A segment of the same draft.
    Part(usize),
    Leaf(Leaf),
}

/// One question.
#[derive(Clone, Debug)]
pub(super) enum Leaf {
    Tag(Name),
    Attribute {
        name: Name,
        asked: Asked,
        moment: Moment,
    },
    Score {
        name: Name,
        asked: Asked,
    },
    Tier {
        score: Name,
        asked: Asked,
    },
    Mark((Name, Name)),
    Granted((Name, Name)),
    Withdrawn((Name, Name)),
    Active(Name),
    Entered(Name),
    /// Whom the host's last word puts there.
    Member(Name),
    Bucket {
        salt: Name,
        from: u8,
        to: u8,
    },
    Events(Events),
    Sequence(Sequence),
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) names: Vec<Name>,
    pub(super) prefix: Option<Name>,
    pub(super) filter: Vec<(Name, Asked)>,
}

/// A question about events.
#[derive(Clone, Debug)]
pub(super) struct Events {
    pub(super) source: Source,
    pub(super) window: Window,
    pub(super) measure: Measure,
}

/// Which of them are alive; lengths in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Window {
    Ever,
    Within(i64),
    /// So many local days.
    Days(u32),
    Between(i64, i64),
}

/// What is made of them.
#[derive(Clone, Debug)]
pub(super) enum Measure {
    Count(Range),
    Sum(Name, Asked),
    Average(Name, Asked),
    Min(Name, Asked),
    Max(Name, Asked),
    Distinct(Name, Range),
    First(Moment),
    Last(Moment),
    LastWith(Vec<(Name, Asked)>),
}

/// One event, and then another, or then not; lengths in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) first: Source,
    pub(super) second: Source,
    /// Whether the second one must come, or must not.
    pub(super) comes: bool,
    pub(super) within: i64,
    pub(super) remember: i64,
}

impl Node {
    /// Nobody is asked this before what costs less.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::cost).max().unwrap_or(0),
            Self::Not(node) => node.cost(),
            Self::Part(_) => 1,
            Self::Leaf(leaf) => match leaf {
                Leaf::Tag(_)
                | Leaf::Mark(_)
                | Leaf::Granted(_)
                | Leaf::Withdrawn(_)
                | Leaf::Active(_)
                | Leaf::Entered(_)
                | Leaf::Member(_) => 0,
                Leaf::Attribute { moment, .. } if moment.is_civil() => 7,
                Leaf::Attribute { .. } | Leaf::Score { .. } | Leaf::Tier { .. } => 2,
                Leaf::Events(events) => match (&events.measure, events.window) {
                    (_, Window::Days(_)) => 6,
                    (Measure::Count(_), _) => 3,
                    _ => 5,
                },
                Leaf::Sequence(_) => 4,
                Leaf::Bucket { .. } => 8,
            },
        }
    }
}
