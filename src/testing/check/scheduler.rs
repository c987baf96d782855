//! S1 and S2: whether what waits can still go on, and whether it waited long enough.

use chrono::{DateTime, Utc};

use super::super::Invariant;
use super::chart::{Chart, Kind, after};
use super::known::{Known, Pauses, held};
use super::record::{Passage, Record, Sink, at};
use crate::machine::{InputKind, Program};
use crate::model::{Enrollment, ExitReason, JourneyId, MessageId, Operated, Step, StepOutcome, Waiting};
use crate::port::store::MessageStatus;
use crate::rule::score::History;

pub(super) fn judge(known: &Known, record: &Record, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    for enrollment in &record.stored.state.hot.enrollments {
        if let Some(found) = stuck(known, record, enrollment) {
            sink.add(Invariant::S1, format!("enrollment {}", enrollment.id), found);
        }
    }
    timers(known, record, sink);
    untold(known, passages, sink);
    for passage in passages {
        let first = passage.steps[0];
        if let Some(chart) = known.chart(&first.journey, first.version) {
            let by_hand = passage.steps.iter().any(|step| is_hold(&step.outcome));
            let paused = by_hand || known.snapshot.pauses.contains_key(&first.journey);
            if let Some((step, found)) = untimely(known, chart, passage, paused) {
                sink.add(Invariant::S2, at(step), format!("it happened at {}, {found}", step.at));
            }
        }
    }
}

/// S1: an enrollment that waits for what its node never gives, or for what will not come any more.
fn stuck(known: &Known, record: &Record, enrollment: &Enrollment) -> Option<String> {
    let chart = known.chart(&enrollment.journey, enrollment.version)?;
    let Some(kind) = chart.kind(&enrollment.node) else {
        return Some(format!("its journey has no node {}", enrollment.node));
    };
    let fits = match &enrollment.waiting {
        Waiting::Until { .. } => matches!(kind, Kind::Wait(_) | Kind::WaitUntil { .. }),
        Waiting::Event { .. } | Waiting::Matched { .. } => matches!(kind, Kind::WaitFor { .. }),
        Waiting::Permit { .. } => matches!(kind, Kind::Send { .. }),
        Waiting::Arrival { .. } => true,
        // One that was migrated still waits for what it said, whatever the step says now.
        Waiting::Delivery { .. } | Waiting::Settled { .. } => {
            matches!(kind, Kind::Send { refused, .. } if refused.is_some() || was_migrated(record, enrollment))
        }
        Waiting::Moved { .. } => true,
        Waiting::Enrollment { .. } | Waiting::Ended { .. } => {
            matches!(kind, Kind::Enter { waits: Some(_), .. })
        }
        Waiting::Answer { .. } | Waiting::Answered { .. } | Waiting::Refused { .. } => {
            matches!(kind, Kind::Call { .. } | Kind::Reserve { .. } | Kind::Confirm { .. })
        }
    };
    if !fits {
        return Some(format!("the node {} does not wait in this way", enrollment.node));
    }
    match &enrollment.waiting {
        Waiting::Delivery { message } => undelivered(record, enrollment, *message),
        Waiting::Answer { message, .. } => {
            let own = record
                .messages
                .iter()
                .any(|one| one.message.id == *message && one.message.enrollment == enrollment.id);
            (!own).then(|| format!("it waits for call {message}, which is not one of its own"))
        }
        Waiting::Enrollment { enrollment: other, .. } => {
            let stands = record.stored.state.hot.enrollments.iter().any(|one| one.id == *other);
            (!stands).then(|| format!("it waits for the end of enrollment {other}, which stands nowhere"))
        }
        _ => None,
    }
}

fn was_migrated(record: &Record, enrollment: &Enrollment) -> bool {
    record
        .steps
        .iter()
        .any(|step| step.enrollment == enrollment.id && matches!(step.outcome, StepOutcome::Migrated { .. }))
}

fn undelivered(record: &Record, enrollment: &Enrollment, id: MessageId) -> Option<String> {
    let message = record.messages.iter().find(|message| message.message.id == id);
    let Some(message) = message.filter(|message| message.message.enrollment == enrollment.id) else {
        return Some(format!("it waits for message {id}, which is not one of its own"));
    };
    let open = matches!(message.status, MessageStatus::Pending | MessageStatus::Begun);
    let told = record.mail.iter().any(|envelope| {
        envelope.seq > record.stored.read_seq
            && matches!(&envelope.kind, InputKind::Delivery(delivery) if delivery.message == id)
    });
    (!open && !told).then(|| format!("it waits for message {id}, of which everything was read"))
}

/// S1: an enrollment that waited for the end of another one after that had ended.
fn untold(known: &Known, passages: &[Passage<'_>], sink: &mut Sink<'_>) {
    for passage in
        passages.iter().filter(|passage| !known.snapshot.pauses.contains_key(&passage.steps[0].journey))
    {
        for pair in passage.steps.windows(2) {
            let [Step { outcome: StepOutcome::Opened { enrollment: Some(other) }, .. }, step] = *pair else {
                continue;
            };
            let other = passages.iter().find(|one| one.id == *other).and_then(|one| one.steps.last());
            let ended =
                other.filter(|last| matches!(last.outcome, StepOutcome::Exited { .. }) && last.at < step.at);
            if let Some(last) = ended.filter(|_| step.outcome == StepOutcome::TimedOut) {
                let found = format!("it gave up and enrollment {} had ended at {}", last.enrollment, last.at);
                sink.add(Invariant::S1, at(step), found);
            }
        }
    }
}

/// S1: the contact wakes when the first of its timers does.
fn timers(known: &Known, record: &Record, sink: &mut Sink<'_>) {
    let stored = &record.stored;
    let ran = record.commits.last().and_then(|commit| known.program(commit.program));
    let first = |pauses| {
        let score = ran.and_then(|ran| score_timer(record, &ran.program));
        let segment = ran.and_then(|ran| segment_timer(record, &ran.program));
        first_timer(record, pauses).0.into_iter().chain(score).chain(segment).min()
    };
    let right = match ran {
        Some(ran) => first(&ran.pauses) == stored.due_at,
        // Which rules a score had when the newest commit ran is not known, nor which segments there were.
        None if known.now().scores().next().is_some() || !known.now().segments().is_empty() => true,
        // What was paused when the newest commit ran is not known.
        None => known.history.iter().any(|pauses| first(pauses) == stored.due_at),
    };
    if !right && stored.revision > 0 {
        let expected = first(ran.map_or(&known.snapshot.pauses, |ran| &ran.pauses));
        let found = format!("it wakes at {:?} and its first timer is due at {expected:?}", stored.due_at);
        return sink.add(Invariant::S1, "the contact", found);
    }
    // After a pause has ended, either somebody was told, or somebody is still at it.
    let (due, journey) = first_timer(record, &known.snapshot.pauses);
    let late = due.is_some_and(|due| stored.due_at.is_none_or(|stored| due < stored));
    let unread = record.mail.iter().any(|envelope| envelope.seq > stored.read_seq);
    if late && !unread && !journey.is_some_and(|journey| known.waking.contains(journey)) {
        let found =
            format!("it wakes at {:?}, a timer is due at {due:?} and nothing wakes it", stored.due_at);
        sink.add(Invariant::S1, "the contact", found);
    }
}

/// When a score changes by itself; what is still to be counted anew stands still.
fn score_timer(record: &Record, program: &Program) -> Option<DateTime<Utc>> {
    let rating = &record.stored.state.hot.rating;
    let due = program.scores().filter_map(|(name, scored)| {
        let state = rating.state(name)?;
        let stands = scored.history == History::Count && state.model != scored.model.short_hash();
        scored.model.next_due(state).filter(|_| !stands)
    });
    due.min().and_then(DateTime::from_timestamp_millis)
}

/// When a membership may turn by itself.
fn segment_timer(record: &Record, program: &Program) -> Option<DateTime<Utc>> {
    let due = program.segments().next_due(&record.stored.state.hot.segments);
    due.and_then(DateTime::from_timestamp_millis)
}

/// The first timer of a contact where these pauses hold, and whose it is.
fn first_timer<'r>(record: &'r Record, pauses: &Pauses) -> (Option<DateTime<Utc>>, Option<&'r JourneyId>) {
    let hot = &record.stored.state.hot;
    let waits = hot.enrollments.iter().flat_map(|enrollment| {
        let timer = match &enrollment.waiting {
            Waiting::Until { at }
            | Waiting::Arrival { at }
            | Waiting::Matched { at, .. }
            | Waiting::Settled { at, .. }
            | Waiting::Ended { at, .. }
            | Waiting::Moved { at }
            | Waiting::Answered { at, .. }
            | Waiting::Refused { at, .. } => Some(*at),
            Waiting::Event { until, .. }
            | Waiting::Permit { until }
            | Waiting::Enrollment { until, .. }
            | Waiting::Answer { until, .. } => Some(*until),
            Waiting::Delivery { .. } => None,
        };
        let timers = [timer, enrollment.expires_at].into_iter().flatten();
        timers.filter_map(|due| {
            let mut due = held(pauses, &enrollment.journey, due)?;
            if let Some(hold) = enrollment.held.filter(|hold| hold.from <= due) {
                due = held(pauses, &enrollment.journey, due.max(hold.until?))?;
            }
            Some((due, Some(&enrollment.journey)))
        })
    });
    let later = hot.pending.iter().map(|envelope| {
        let at = match &envelope.kind {
            InputKind::Event(event) => event.at,
            _ => None,
        };
        (at.unwrap_or(envelope.received_at), None)
    });
    let doors = hot
        .planned
        .iter()
        .filter_map(|planned| Some((held(pauses, &planned.journey, planned.at)?, Some(&planned.journey))));
    match waits.chain(doors).chain(later).min() {
        Some((due, journey)) => (Some(due), journey),
        None => (None, None),
    }
}

/// Whether an operator held a run there.
fn is_hold(outcome: &StepOutcome) -> bool {
    matches!(outcome, StepOutcome::Operated { what: Operated::Held, .. })
}

/// S2: the first step that came before its instant, or after it where no pause held it.
fn untimely<'r, 'k>(
    known: &'k Known,
    mut chart: &'k Chart,
    passage: &Passage<'r>,
    paused: bool,
) -> Option<(&'r Step, String)> {
    if passage.steps[0].outcome != StepOutcome::Entered {
        return None; // when it began is lost, which is told of by another name
    }
    let entered = passage.steps[0].at;
    let stays = |chart: &Chart| chart.max_duration.filter(|_| !chart.undoes(&passage.steps[0].node));
    let mut end = stays(chart).map(|span| after(entered, span));
    let (mut arrived, mut deferred) = (entered, None);
    // What a migration made of the wait is judged by its own name.
    let mut migrated = false;
    for step in passage.steps.iter().copied() {
        if let StepOutcome::Migrated { to, .. } = &step.outcome {
            chart = known.chart(&step.journey, *to)?;
            end = stays(chart).map(|span| after(entered, span));
            end = end.map(|(earliest, latest)| (earliest, latest.max(step.at)));
            (arrived, deferred, migrated) = (step.at, None, true);
            continue;
        }
        let window = match (&step.outcome, chart.kind(&step.node)) {
            (StepOutcome::Exited { reason: ExitReason::MaxDuration }, _) => end,
            (StepOutcome::Exited { .. } | StepOutcome::Operated { .. }, _) => None,
            _ if migrated => None,
            (StepOutcome::Waited, Some(Kind::Wait(span))) => Some(after(arrived, *span)),
            (StepOutcome::Waited, Some(Kind::WaitUntil { entry: Some(span), timed: false })) => {
                // One that is over when it is reached is passed at once.
                let (earliest, latest) = after(entered, *span);
                Some((earliest, latest.max(arrived)))
            }
            // How much later, the hours of the team say, which `tests/consent_hours` judges.
            (StepOutcome::TimedOut, Some(Kind::Call { within, in_hours: true, .. })) => {
                Some((after(arrived, *within).0, DateTime::<Utc>::MAX_UTC))
            }
            (
                StepOutcome::TimedOut,
                Some(
                    Kind::WaitFor { within, .. }
                    | Kind::Call { within, .. }
                    | Kind::Reserve { within, .. }
                    | Kind::Confirm { within, .. },
                ),
            ) => Some(after(arrived, *within)),
            (StepOutcome::TimedOut, Some(Kind::Enter { waits: Some(within), .. })) => {
                // One that could not be entered after all is not waited for.
                Some((arrived, after(arrived, *within).1))
            }
            _ => deferred,
        };
        if let Some((earliest, latest)) = window {
            if step.at < earliest {
                return Some((step, format!("and waited until {earliest}")));
            }
            if !paused && step.at > latest {
                return Some((step, format!("and was due by {latest}")));
            }
        }
        if let Some((_, latest)) = end.filter(|(_, latest)| !paused && step.at > *latest) {
            return Some((step, format!("and its longest stay was over by {latest}")));
        }
        if step.next.is_some() {
            (arrived, migrated) = (step.at, false);
        }
        deferred = match &step.outcome {
            StepOutcome::Deferred { until, .. } => Some((*until, *until)),
            StepOutcome::Operated { .. } if step.next.is_none() => deferred,
            _ => None,
        };
    }
    None
}
