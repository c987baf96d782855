//! The words under which is counted what happens in a simulation.

use crate::model::{ExitReason, Operated, Reason, StepOutcome};
use crate::port::store::Verdict;

/// What the gate answered, as a word.
pub(super) fn verdict(verdict: &Verdict) -> &'static str {
    let consent = [Reason::NoConsent, Reason::Withdrawn, Reason::Objected];
    match verdict {
        Verdict::Send { .. } => "gate_sends",
        Verdict::Defer { .. } => "gate_defers",
        Verdict::Refuse { reasons } if reasons.iter().any(|reason| consent.contains(reason)) => {
            "gate_refuses_by_consent"
        }
        Verdict::Refuse { reasons } if reasons.contains(&Reason::Suppressed) => "gate_refuses_by_suppression",
        Verdict::Refuse { .. } => "gate_refuses_otherwise",
        Verdict::Park => "gate_parks",
    }
}

/// What became of a visit, as a word.
pub(super) fn word(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Entered => "step_entered",
        StepOutcome::Waited => "step_waited",
        StepOutcome::Matched { .. } => "step_matched",
        StepOutcome::TimedOut => "step_timed_out",
        StepOutcome::Branched { .. } => "step_branched",
        StepOutcome::Sent { .. } => "step_sent",
        StepOutcome::Called { .. } => "step_called",
        StepOutcome::Answered { .. } => "step_answered",
        StepOutcome::Assigned { .. } => "step_assigned",
        StepOutcome::Merged { .. } => "step_merged",
        StepOutcome::Unknown { .. } => "step_unknown",
        StepOutcome::Drawn { .. } => "step_drawn",
        StepOutcome::Changed => "step_changed",
        StepOutcome::Scored { .. } => "step_scored",
        StepOutcome::Emitted { .. } => "step_emitted",
        StepOutcome::Dropped { .. } => "step_dropped",
        StepOutcome::Jumped { taken: true } => "step_jumped",
        StepOutcome::Jumped { taken: false } => "step_jumped_enough",
        StepOutcome::Opened { enrollment: Some(_) } => "step_opened",
        StepOutcome::Opened { enrollment: None } => "step_not_opened",
        StepOutcome::Returned { .. } => "step_returned",
        StepOutcome::Left { .. } => "step_left",
        StepOutcome::Withdrawn => "step_withdrawn",
        StepOutcome::Replanned { .. } => "step_replanned",
        StepOutcome::Migrated { .. } => "step_migrated",
        StepOutcome::Deferred { .. } => "step_deferred",
        StepOutcome::Refused { .. } => "step_refused",
        StepOutcome::Settled { .. } => "step_settled",
        StepOutcome::Operated { what, .. } => match what {
            Operated::Ejected => "step_ejected",
            Operated::Enrolled => "step_enrolled",
            Operated::Moved => "step_put_elsewhere",
            Operated::Held => "step_held",
            Operated::Released => "step_let_go",
        },
        StepOutcome::Exited { reason } => match reason {
            ExitReason::Completed => "exit_completed",
            ExitReason::Exit(_) => "exit_reached",
            ExitReason::Goal(_) => "exit_by_goal",
            ExitReason::Event(_) => "exit_by_event",
            ExitReason::MaxDuration => "exit_by_max_duration",
            ExitReason::Fact(_) => "exit_by_fact",
            ExitReason::Left => "exit_by_another",
            ExitReason::DateMoved => "exit_by_date",
            ExitReason::Late => "exit_late",
            ExitReason::Undone => "exit_undone",
            ExitReason::Full => "exit_full",
            ExitReason::Merged => "exit_by_merge",
            ExitReason::Migrated => "exit_by_migration",
            ExitReason::Ejected => "exit_by_hand",
            _ => "exit_otherwise",
        },
    }
}
