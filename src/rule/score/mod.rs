//! Scores: a script declares a table once, at load; events are scored natively from it.

mod change;
mod definition;
mod model;
mod state;
mod table;

pub use change::{Cause, Change};
pub use definition::{History, ScoreDefinition};
pub use model::{EventId, Heard, ScoreModel};
pub use state::{Mark, ScoreState};
pub use table::{
    Band, Cap, Clamp, CustomRule, Decay, EventRule, MarkKind, MarkRule, Points, Rule, Table, Trail, WhenRule,
};
