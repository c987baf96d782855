//! The heart: one total function that folds a contact's inputs into its state and says what follows.
//!
//! [`Program::transition`] does no input or output, reads no clock, draws nothing at random, never fails and never panics.
//! A host may drive it without our shell; the engine is one way to do so.

mod absorb;
mod act;
mod advance;
mod apply;
mod assign;
mod bucket;
mod call;
mod consent;
mod doors;
mod enroll;
mod existing;
mod happen;
mod heard;
mod import;
mod inbound;
mod input;
mod membership;
mod migrate;
mod node;
mod offer;
mod operate;
mod passage;
mod plan;
mod profiling;
mod program;
mod recount;
mod score;
mod scored;
mod seed;
mod segment;
mod sharing;
mod signal;
mod state;
mod transition;
mod undo;

pub use absorb::{Absorb, GateRow};
pub use input::{Envelope, Input, InputKind, Withdrawal};
pub use passage::Passage;
pub use profiling::{Profiling, ProfilingState};
pub use program::{Pause, Program, ProgramParts};
pub use scored::Scored;
pub use segment::MoveCause;
pub use sharing::Sharings;
pub use signal::Signal;
pub use state::{Cold, ContactState, Hot, Planned};
pub use transition::{Denial, Lift, Transition};
