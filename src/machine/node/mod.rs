//! What each kind of node does when an enrollment arrives. One file per kind.

mod branch;
mod call;
mod send;
mod split;
mod wait;
mod wait_for;
pub(super) mod wait_until;

use chrono::{DateTime, Utc};

use super::program::Program;
use super::state::ContactState;
use crate::journey::{Journey, Node, NodeKind, Target};
use crate::model::{Enrollment, ExitReason, Message, StepOutcome, Waiting};
use crate::time::Zone;

/// An enrollment at a node.
pub(super) struct Visit<'v> {
    pub(super) program: &'v Program,
    pub(super) journey: &'v Journey,
    pub(super) node: &'v Node,
    pub(super) state: &'v ContactState,
    pub(super) enrollment: &'v Enrollment,
    pub(super) zone: &'v Zone,
    pub(super) at: DateTime<Utc>,
    /// Whether a pause made this later than the journey allows.
    pub(super) late: bool,
    /// Whether the contact is told nothing.
    pub(super) held_out: bool,
    /// What this walk says so far; what an earlier one said is in the outbox.
    pub(super) messages: &'v [Message],
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
    pub(super) fn go(outcome: StepOutcome, to: Target) -> Self {
        Self::Go { outcome, to, message: None }
    }

    fn wait(waiting: Waiting) -> Self {
        Self::Stay { waiting, outcome: None, message: None }
    }
}

pub(super) fn enter(visit: &Visit<'_>) -> Move {
    match &visit.node.kind {
        NodeKind::Send(send) => send::enter(visit, send),
        NodeKind::Wait { span } => wait::enter(visit, *span),
        NodeKind::WaitUntil(until) => wait_until::enter(visit, until),
        NodeKind::WaitFor(wait) => wait_for::enter(visit, wait),
        NodeKind::Branch { ways, otherwise, unknown } => branch::enter(visit, ways, *otherwise, *unknown),
        NodeKind::Split(split) => split::enter(visit, split),
        NodeKind::Call(call) => call::enter(visit, call),
        NodeKind::Exit { name } => Move::End { reason: ExitReason::Exit(name.clone()) },
        // Those that change something are done by `act`, which is asked first.
        NodeKind::Set(_)
        | NodeKind::Score { .. }
        | NodeKind::Emit { .. }
        | NodeKind::Jump { .. }
        | NodeKind::Enter(_)
        | NodeKind::Assign(_)
        | NodeKind::Withdraw(_)
        | NodeKind::Reserve(_)
        | NodeKind::Confirm(_)
        | NodeKind::Release { .. }
        | NodeKind::Leave { .. } => Move::End { reason: ExitReason::UnknownNode },
    }
}
