//! Named sets of contacts that are exact at every instant, in both directions, without a poll.

mod definition;
mod question;

pub use definition::{RankDefinition, SegmentDefinition, WhereDefinition};
pub use question::{
    AggregateDefinition, AnniversaryDefinition, BucketDefinition, EventsDefinition, MessageDefinition,
    MomentDefinition, QuestionDefinition, SequenceDefinition,
};
