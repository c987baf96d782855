//! What a run does when its end asks that what it did be undone, compiled.

use std::collections::{BTreeMap, BTreeSet};

use super::{Node, NodeKind};
use crate::model::{Name, NodeId, StepOutcome};

/// What undoes the steps of a journey, and which ends ask for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undoing {
    /// The words of the ends.
    pub(crate) on: BTreeSet<Name>,
    /// For each step that can be undone, the hidden nodes that do it, in order.
    pub(crate) nodes: BTreeMap<NodeId, Vec<NodeId>>,
    /// For each offer, the hidden node that gives its place back.
    pub(crate) releases: BTreeMap<Name, NodeId>,
}

/// Whether an outcome at a node is something that was done, so that it can be undone.
pub(crate) fn is_done(node: &Node, outcome: &StepOutcome) -> bool {
    match outcome {
        StepOutcome::Changed
        | StepOutcome::Scored { .. }
        | StepOutcome::Emitted { .. }
        | StepOutcome::Left { .. }
        | StepOutcome::Opened { enrollment: Some(_) }
        | StepOutcome::Settled { accepted: true, .. }
        | StepOutcome::Assigned { .. } => true,
        // The host may have done what it was asked, whether it answers or not; a refusal takes this back.
        StepOutcome::Called { .. } => true,
        // One whose refusal has an edge of its own is done when the channel has taken it.
        StepOutcome::Sent { .. } | StepOutcome::Merged { .. } => {
            matches!(&node.kind, NodeKind::Send(send) if send.refused.is_none())
        }
        _ => false,
    }
}

/// Whether an outcome that ends a wait for an answer says that nothing was done after all.
pub(crate) fn is_taken_back(node: &Node, outcome: &StepOutcome) -> bool {
    match (&node.kind, outcome) {
        (_, StepOutcome::Refused { .. }) => true,
        (NodeKind::Reserve(_) | NodeKind::Confirm(_), StepOutcome::Answered { result, .. }) => {
            result.as_deref() != Some("place")
        }
        _ => false,
    }
}
