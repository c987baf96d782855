//! Scores: a script declares a table once, at load; events are scored natively from it.

mod adopt;
mod advice;
mod builder;
mod change;
mod check;
mod definition;
mod due;
mod explanation;
mod fit;
mod fold;
mod hear;
mod leaderboard;
mod mark;
mod model;
mod question;
mod record;
mod state;
mod table;
mod tier;
mod trail;

pub use crate::rule::script::Failure;
pub use advice::{Advice, Way};
pub use builder::ScoreModelBuilder;
pub use change::{Cause, Change};
pub use definition::{History, ScoreDefinition};
pub use explanation::{Entry, Explanation};
pub use fold::{Fold, Told};
pub use leaderboard::{Leaderboard, Rank};
pub use model::{EventId, Heard, ScoreModel};
pub use state::{Engagements, Lasting, Mark, Month, ScoreState, Spent};
pub use table::{
    Band, Cap, Clamp, CustomRule, Decay, EventRule, MarkKind, MarkRule, Points, Rule, Table, Trail, WhenRule,
};
pub use trail::TrailState;
