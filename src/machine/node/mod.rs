//! What each kind of node does when an enrollment arrives. One file per kind.

mod branch;
mod send;
mod wait;
mod wait_for;
mod wait_until;

use chrono::{DateTime, Utc};

use super::program::Program;
use super::state::ContactState;
use crate::journey::{Node, NodeKind, Target};
use crate::model::{Enrollment, ExitReason, Message, StepOutcome, Waiting};
use crate::time::Zone;

/// An enrollment at a node.
pub(super) struct Visit<'v> {
    pub(super) program: &'v Program,
    pub(super) node: &'v Node,
    pub(super) state: &'v ContactState,
    pub(super) enrollment: &'v Enrollment,
    pub(super) zone: &'v Zone,
    pub(super) at: DateTime<Utc>,
}

/// What a node decides.
pub(super) enum Move {
    /// On to the next node, or over the end.
    Go { outcome: StepOutcome, to: Target, message: Option<Message> },
    /// The enrollment waits here.
    Stay { waiting: Waiting, outcome: Option<StepOutcome>, message: Option<Message> },
    /// The enrollment ends here.
    End { reason: ExitReason },
}

impl Move {
    fn go(outcome: StepOutcome, to: Target) -> Self {
        Self::Go { outcome, to, message: None }
    }

    fn wait(waiting: Waiting) -> Self {
        Self::Stay { waiting, outcome: None, message: None }
    }
}

pub(super) fn enter(visit: &Visit<'_>) -> Move {
    match &visit.node.kind {
        NodeKind::Send { channel, template, purpose, refused } => {
            send::enter(visit, channel, template, purpose, *refused)
        }
        NodeKind::Wait { span } => wait::enter(visit, *span),
        NodeKind::WaitUntil { entry, time } => wait_until::enter(visit, *entry, *time),
        NodeKind::WaitFor { within, .. } => wait_for::enter(visit, *within),
        NodeKind::Branch { ways, otherwise } => branch::enter(visit, ways, *otherwise),
        NodeKind::Exit { name } => Move::End { reason: ExitReason::Exit(name.clone()) },
    }
}
