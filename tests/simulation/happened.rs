//! What must have happened, or a green run proves nothing.

use super::fleet::Sum;

/// Every kind of fault, at the store and at a channel.
const FAULTS: [&str; 20] = [
    "store unavailable",
    "store unknown",
    "store lost",
    "store busy",
    "store full",
    "store delay",
    "store pause",
    "store crash_before",
    "store crash_after",
    "store cancel_before",
    "store cancel_after",
    "channel refuse",
    "channel retry",
    "channel unknown",
    "channel accept_then_unknown",
    "channel slow",
    "channel panic",
    "channel accept_then_panic",
    "channel crash_before",
    "channel crash_after",
];

/// What the engines, the store and the providers went through.
const EVENTS: [&str; 65] = [
    "accepted_twice_where_ids_mean_nothing",
    "begun",
    "begun_again",
    "checked_at_once",
    "checked_replays",
    "clock_set_wrong",
    "crashed",
    "duplicate",
    "erased",
    "event_from_the_future",
    "event_from_the_past",
    "gate_parks",
    "gate_refuses_by_consent",
    "gate_refuses_by_suppression",
    "killed",
    "lease_stolen",
    "local_time_judged",
    "message_accepted",
    "message_parked",
    "message_refused",
    "paused",
    "poisoned",
    "published",
    "resumed",
    "settled_accepted",
    "settled_parked",
    "settled_refused",
    "settled_retry",
    "stale_begin",
    "step_branched",
    "step_deferred",
    "step_entered",
    "exit_by_event",
    "exit_by_goal",
    "exit_by_max_duration",
    "exit_completed",
    "exit_reached",
    "step_matched",
    "step_refused",
    "step_sent",
    "step_settled",
    "step_timed_out",
    "step_waited",
    "suppressed",
    "told_of_the_erased",
    "unknown_resolved_as_accepted",
    "unknown_resolved_as_parked",
    "wait_judged",
    "withdrawn",
    "calendar_judged",
    "window_judged",
    "step_drawn",
    "step_changed",
    "step_scored",
    "step_emitted",
    "step_jumped",
    "step_jumped_enough",
    "step_opened",
    "step_not_opened",
    "step_returned",
    "step_left",
    "step_replanned",
    "exit_by_another",
    "exit_by_date",
    "exit_by_fact",
];

/// What some dozens of seeds see.
const SOME: [&str; 15] = [
    "step_merged",
    "step_unknown",
    "batch_answered_in_part",
    "given_back",
    "zombie_refused",
    "parked",
    "released",
    "late_answer",
    "job_moved",
    "job_moved_by_another",
    "drained",
    "channel partial",
    "channel shuffled",
    "store poison",
    "channel hang",
];

/// What is so rare that only some hundreds of seeds see it.
const RARE: [&str; 6] = [
    "exit_late",
    "erased_in_flight",
    "message_cancelled",
    "old_program_refused",
    "withdrawn_twice",
    "drained_without_an_answer",
];

/// Fails a run of ten seeds or more in which something never happened.
pub(crate) fn must_have_happened(sum: &Sum) {
    let some = if sum.seeds >= 60 { &SOME[..] } else { &[] };
    let rare = if sum.seeds >= 1_000 { &RARE[..] } else { &[] };
    let must = FAULTS.iter().chain(&EVENTS).chain(some).chain(rare);
    let never: Vec<&&str> = must.filter(|word| sum.count(word) == 0).collect();
    assert!(never.is_empty(), "in {} seeds these never happened: {never:?}", sum.seeds);
}
