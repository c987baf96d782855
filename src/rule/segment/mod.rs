//! Named sets of contacts that are exact at every instant, in both directions, without a poll.

mod amount;
mod answer;
mod attribute;
mod author;
mod barred;
mod bits;
mod bucket;
mod clock;
mod compile;
mod count;
mod definition;
mod evaluation;
mod explain;
mod extent;
mod fields;
mod filter;
mod hear;
mod kept;
mod leaf;
mod leaves;
mod line;
mod moment;
mod number;
mod occurrence;
mod order;
mod period;
mod program;
mod question;
mod reader;
mod saw;
#[cfg(test)]
mod scene;
mod seed;
mod seen;
mod segments;
mod sequence;
mod settle;
mod standing;
mod state;
mod stream;
mod test;
#[cfg(test)]
mod tests;
mod touched;
#[cfg(test)]
mod turns;
mod window;

pub(crate) use barred::Barred;
pub use bucket::lot;
pub use definition::{RankDefinition, SegmentDefinition, WhereDefinition};
pub use explain::{Reason, SegmentExplanation};
pub use hear::{Heard, Hearing};
pub use line::Line;
pub use question::{
    AggregateDefinition, AnniversaryDefinition, BucketDefinition, EventsDefinition, MessageDefinition,
    MomentDefinition, QuestionDefinition, SequenceDefinition,
};
pub use seen::{NoPassages, Passages, Seen};
pub use segments::{Move, Segment, SegmentKind, Segments};
pub use state::{Membership, SegmentState, Uncounted};
pub use touched::Touched;
