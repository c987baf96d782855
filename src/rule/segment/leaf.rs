//! One question about a contact, asked once for all segments that ask it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::line::Line;
use super::moment::{Moment, When};
use super::test::Test;
use super::window::Window;
use crate::model::{Kind, Name, Value};

/// A question, and who waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) ask: Ask,
    /// What the author wrote.
    pub(super) text: String,
    /// The streams that it reads.
    pub(super) streams: Vec<u32>,
    /// The segments that it decides.
    pub(super) readers: Vec<u32>,
    /// Its place among those whose answer can change as time passes.
    pub(super) slot: Option<u32>,
    /// The dearer, the later it is asked.
    pub(super) cost: u8,
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Attribute(Box<AskAttribute>),
    Tag(Name),
    Score {
        score: Name,
        test: Test,
    },
    Tier {
        score: Name,
        test: Test,
    },
    Mark {
        score: Name,
        mark: Name,
    },
    Consent {
        purpose: Name,
        channel: Name,
        status: Status,
    },
    InJourney(Name),
    NeverJourney(Name),
    /// In a segment that is worked out before; its place is found once all are known.
    Segment {
        name: Name,
        place: u32,
    },
    /// In a segment that the host puts people into.
    Told(Name),
    Bucket {
        salt: Name,
        from: u8,
        to: u8,
    },
    Ranked {
        by: By,
        line: Option<Line>,
    },
    Count {
        stream: u32,
        window: Window,
        range: Range,
    },
    Kinds {
        stream: u32,
        window: Window,
        range: Range,
    },
    Number {
        stream: u32,
        window: Window,
        of: Aggregate,
        bounds: Bounds,
    },
    First {
        stream: u32,
        moment: Moment,
    },
    Last {
        stream: u32,
        moment: Moment,
    },
    LastWith {
        stream: u32,
    },
    Message {
        stream: u32,
        window: Window,
        is: Answer,
        channel: Name,
    },
    Sequence {
        first: u32,
        then: u32,
        within: i64,
        remember: i64,
        never: bool,
    },
    Held {
        stream: u32,
        span: i64,
        of: Box<Ask>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct AskAttribute {
    pub(super) name: Name,
    pub(super) kind: Option<Kind>,
    pub(super) test: Test,
    pub(super) moment: Moment,
    pub(super) anniversary: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Granted,
    Withdrawn,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Of what only tracking shows: no, of whoever may not be tracked it is not known.
    TrackedNo,
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) enum By {
    Score(Name),
    Attribute(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// From so many to so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: usize,
    /// `usize::MAX` where there is no bound.
    pub(super) most: usize,
}

impl Range {
    pub(super) fn has(self, count: usize) -> bool {
        self.least <= count && count <= self.most
    }

    /// How many of the newest must be known.
    pub(super) fn needs(self) -> usize {
        if self.most == usize::MAX { self.least } else { self.least.max(self.most.saturating_add(1)) }
    }
}

/// Bounds of a number; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bounds {
    pub(super) is: Option<Decimal>,
    pub(super) above: Option<Decimal>,
    pub(super) at_least: Option<Decimal>,
    pub(super) below: Option<Decimal>,
    pub(super) at_most: Option<Decimal>,
}

impl Bounds {
    pub(super) fn hold(&self, number: Decimal) -> bool {
        self.is.is_none_or(|bound| number == bound)
            && self.above.is_none_or(|bound| number > bound)
            && self.at_least.is_none_or(|bound| number >= bound)
            && self.below.is_none_or(|bound| number < bound)
            && self.at_most.is_none_or(|bound| number <= bound)
    }
}

/// The instant or the date that a value is.
pub(super) fn when(value: &Value) -> Option<When> {
    match value {
        Value::Instant(at) => Some(When::At(at.timestamp_millis())),
        Value::Date(date) => Some(When::On(*date)),
        _ => None,
    }
}

/// The date that a value is, where clocks show it.
pub(super) fn local_date(value: &Value, clock: &super::clock::Clock<'_>) -> Option<NaiveDate> {
    match value {
        Value::Instant(at) => Some(clock.date(at.timestamp_millis())),
        Value::Date(date) => Some(*date),
        _ => None,
    }
}

impl Ask {
    /// Whether the answer can change as time passes.
    pub(super) fn is_timed(&self) -> bool {
        match self {
            Self::Attribute(ask) => !ask.moment.is_empty() || ask.anniversary.is_some(),
            Self::Count { window, .. }
            | Self::Kinds { window, .. }
            | Self::Number { window, .. }
            | Self::Message { window, .. } => *window != Window::Ever,
            Self::First { .. } | Self::Last { .. } | Self::Sequence { .. } | Self::Held { .. } => true,
            _ => false,
        }
    }

    /// Whether the answer hangs on what local clocks show.
    pub(super) fn is_civil(&self) -> bool {
        match self {
            Self::Attribute(ask) => !ask.moment.is_empty() || ask.anniversary.is_some(),
            Self::Count { window, .. } | Self::Kinds { window, .. } | Self::Number { window, .. } => {
                matches!(window, Window::Days(_))
            }
            Self::First { .. } | Self::Last { .. } => true,
            _ => false,
        }
    }

    /// How dear it is to ask, roughly.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Self::Segment { .. } => 0,
            Self::Count { .. } | Self::Message { .. } | Self::First { .. } | Self::Last { .. } => 2,
            Self::LastWith { .. } => 1,
            Self::Score { .. } | Self::Tier { .. } | Self::Mark { .. } | Self::InJourney(_) => 3,
            Self::NeverJourney(_) | Self::Told(_) => 3,
            Self::Tag(_) | Self::Consent { .. } => 4,
            Self::Attribute(_) | Self::Ranked { .. } => 5,
            Self::Kinds { .. } | Self::Number { .. } | Self::Bucket { .. } => 7,
            Self::Sequence { .. } => 8,
            Self::Held { of, .. } => of.cost(),
        }
    }
}
