//! What must hold of everything once it is over: the store's own story against what really happened.

use chrono::{DateTime, Utc};

use super::fixture::{DESK, LINES, PARTNER, SEATS, WEEKLY, is_window_open, place, time_of, wait_of};
use super::host::{World, zone};
use crate::error::StoreError;
use crate::machine::InputKind;
use crate::model::{ContactId, EnrollmentId, Operated, Outcome, Step, StepOutcome};
use crate::port::Clock;
use crate::port::store::{MessageRecord, MessageStatus};
use crate::testing::Invariant;
use crate::testing::check::{Checker, Findings};

fn is_by_hand(step: &Step) -> bool {
    operated(step).is_some()
}

/// Whether a hold of its run begins or ends there.
fn is_hold(step: &Step) -> bool {
    matches!(operated(step), Some(Operated::Held | Operated::Released))
}

fn operated(step: &Step) -> Option<Operated> {
    match &step.outcome {
        StepOutcome::Operated { what, .. } => Some(*what),
        _ => None,
    }
}

impl World {
    /// Judges every person at rest, and answers what the store's own checker looked at.
    pub(super) async fn judge(&self) -> Result<Findings, StoreError> {
        let checker = Checker::new().policy(self.scenario.policy()).zone(zone()).keeps_all_mail();
        let mut all = Findings::default();
        for person in &self.scenario.people {
            let id = ContactId::from(person.id.as_str());
            let findings = checker.check_contact(&*self.store, &id).await?;
            for violation in &findings.violations {
                self.truth.seen().breach(violation.invariant, violation.to_string());
            }
            all.absorb(findings);
            let steps = self.store.steps(&id).await?;
            self.count_enrolled(&id, &steps).await?;
            let messages = self.store.messages(&id).await?;
            let place = place(person.place);
            let stored = self.store.contact(&id).await?;
            let erased = stored.as_ref().is_some_and(|stored| stored.erased);
            if let Some(stored) = &stored {
                for enrollment in &stored.state.hot.enrollments {
                    let found = format!("{id} is still in {} at {}", enrollment.journey, enrollment.node);
                    self.truth.seen().breach(Invariant::S3, found);
                }
            }
            self.waits_are_exact(&steps, |at, time| place.next(at, time));
            self.answers_lead_on(&steps);
            if !erased {
                self.score_is_the_fold(person, &steps).await?;
                self.sums_are_right(person).await?;
                self.profile_is_allowed(person).await?;
                let state = stored.as_ref().map(|stored| &stored.state);
                self.segments_are_exact(person, &steps, state).await?;
                if let Some(state) = state {
                    self.consent_is_the_fold(&person.id, state);
                }
            }
            self.truth.seen().sharing_is_right(person);
            self.windows_are_open(&steps, |at| place.time_of_day(at));
            for record in messages {
                self.message_is_what_happened(&record, erased);
            }
        }
        all.absorb(self.twins_at_rest(&checker).await?);
        let sizes = checker.check_sizes(&*self.store).await?;
        for violation in &sizes.violations {
            self.truth.seen().breach(violation.invariant, violation.to_string());
        }
        all.absorb(sizes);
        super::seats::judge(&self.truth);
        Ok(all)
    }

    /// Whether somebody entered because a journey was published.
    async fn count_enrolled(&self, contact: &ContactId, steps: &[Step]) -> Result<(), StoreError> {
        let namespace = self.store.snapshot().await?.namespace;
        for envelope in self.store.inputs(contact, 0, u64::MAX >> 1).await? {
            let InputKind::Enroll { journey, .. } = &envelope.kind else { continue };
            let run = EnrollmentId::derive(&namespace, contact, journey, envelope.id, "");
            let entered = steps.iter().any(|step| step.enrollment == run);
            self.truth.seen().count(if entered { "enrolled_at_publication" } else { "not_enrolled" });
        }
        Ok(())
    }

    /// Every plain wait lasts what its version says, every wait for a local time ends at it, once, or when a pause ends.
    fn waits_are_exact(
        &self,
        steps: &[Step],
        next: impl Fn(DateTime<Utc>, chrono::TimeDelta) -> DateTime<Utc>,
    ) {
        let mut seen = self.truth.seen();
        for step in steps.iter().filter(|step| step.outcome == StepOutcome::Waited) {
            let own = || steps.iter().filter(|other| other.enrollment == step.enrollment);
            // What an operator did to a run that stayed where it was is no arrival.
            let arrives = |other: &&Step| !is_by_hand(other) || other.next.is_some();
            let before = own().filter(|other| other.ordinal < step.ordinal).rfind(arrives);
            let let_go = own().any(|other| is_by_hand(other) && other.at == step.at);
            // What becomes of a wait in a migration is judged where its map is known.
            let before = before.filter(|before| !matches!(before.outcome, StepOutcome::Migrated { .. }));
            let Some(before) = before else { continue };
            let mut arrived = before.at;
            if is_by_hand(before) {
                // Who is put there while the run is held, or its journey paused, arrives when it goes on.
                let was_held =
                    own().filter(|other| other.ordinal < before.ordinal).rfind(|other| is_hold(other));
                let was_held = was_held.is_some_and(|hold| operated(hold) == Some(Operated::Held));
                let goes_on = own().find(|other| other.ordinal > before.ordinal && is_hold(other));
                arrived = goes_on.filter(|_| was_held).map_or(arrived, |other| other.at);
                let resumed = seen.resumes.iter().find(|resume| **resume > arrived && **resume < step.at);
                if resumed.is_some() {
                    continue;
                }
            }
            let (invariant, expected) = match (time_of(step.node.as_str()), step.node.as_str()) {
                (Some(time), _) => (Invariant::S5, next(arrived, time)),
                (None, "pause" | "rest" | "turn") => (Invariant::S2, arrived + wait_of(step.version)),
                _ => continue,
            };
            let held = (let_go || seen.resumes.contains(&step.at)) && step.at > expected;
            if step.at != expected && !held {
                let found = format!(
                    "{} at {} ends at {}, and its instant is {expected}",
                    step.enrollment, step.node, step.at
                );
                seen.breach(invariant, found);
            }
            seen.count(if invariant == Invariant::S5 { "local_time_judged" } else { "wait_judged" });
        }
    }

    /// What a call leads to is what the host said of it first.
    fn answers_lead_on(&self, steps: &[Step]) {
        let mut seen = self.truth.seen();
        for pair in steps.windows(2) {
            let [before, step] = pair else { continue };
            match (&before.outcome, &step.outcome) {
                (_, StepOutcome::Answered { message, result }) => {
                    let first = seen.first_answers.get(message).cloned();
                    if first.as_ref() != Some(result) {
                        let found = format!("{message} leads on by {result:?}, and the host said {first:?}");
                        seen.breach(Invariant::X11, found);
                    }
                    seen.count("answer_judged");
                }
                (StepOutcome::Called { message }, StepOutcome::TimedOut)
                    if before.enrollment == step.enrollment && seen.first_answers.contains_key(message) =>
                {
                    seen.count("answer_came_too_late");
                }
                _ => {}
            }
        }
    }

    /// What is sent in a window is decided in it, and the calendar opens its journey at its hour, or when a pause ends.
    fn windows_are_open(&self, steps: &[Step], time_of_day: impl Fn(DateTime<Utc>) -> chrono::TimeDelta) {
        let mut seen = self.truth.seen();
        for step in steps {
            let local = time_of_day(step.at);
            let said = matches!(step.outcome, StepOutcome::Sent { .. } | StepOutcome::Merged { .. });
            if said && matches!(step.node.as_str(), "offer" | "more") {
                seen.count("window_judged");
                if !is_window_open(local) {
                    let found = format!("{} says {} at the local time {local}", step.enrollment, step.node);
                    seen.breach(Invariant::S7, found);
                }
            }
            if step.outcome == StepOutcome::Entered && step.journey.as_str() == "weekly" {
                seen.count("calendar_judged");
                let by_hand = |other: &Step| {
                    matches!(other.outcome, StepOutcome::Operated { what: Operated::Enrolled, .. })
                };
                let by_hand = steps.iter().any(|other| other.enrollment == step.enrollment && by_hand(other));
                if local != WEEKLY && !by_hand && !seen.resumes.contains(&step.at) {
                    let found = format!("{} enters at the local time {local}", step.enrollment);
                    seen.breach(Invariant::S5, found);
                }
            }
        }
    }

    /// What the outbox says of a message is what its provider knows.
    pub(super) fn message_is_what_happened(&self, record: &MessageRecord, erased: bool) {
        let id = record.message.id;
        let mut seen = self.truth.seen();
        let now = self.timeline.now();
        let Some(message) = seen.messages.get(&id) else {
            return seen.breach(Invariant::B1, format!("{id} was never decided"));
        };
        let (accepted, calls) = (message.accepted, message.called.len() as u32);
        let lost = message.begun.keys().any(|attempt| !message.answers.contains(attempt));
        let unknown =
            lost || message.called.values().any(|answer| matches!(answer, None | Some(Outcome::Unknown)));
        if calls > record.attempts {
            seen.breach(
                Invariant::B2,
                format!("{id} was called for {calls} times in {} attempts", record.attempts),
            );
        }
        let found = match record.status {
            MessageStatus::Accepted if accepted == 0 => Some("accepted, and its provider never had it"),
            MessageStatus::Parked if !unknown => Some("parked, and every answer is known"),
            MessageStatus::Pending if accepted > 0 && !erased => Some("pending, and its provider has it"),
            _ => None,
        };
        if let Some(found) = found {
            seen.breach(Invariant::B4, format!("{id} is {found}"));
        }
        seen.rules_are_on_record(record);
        let open = matches!(record.status, MessageStatus::Pending | MessageStatus::Begun);
        if open && !erased && record.not_before <= now {
            seen.breach(Invariant::S3, format!("{id} is {:?} and nobody sends it", record.status));
        }
        seen.count(match record.status {
            MessageStatus::Accepted => "message_accepted",
            MessageStatus::Refused => "message_refused",
            MessageStatus::Parked => "message_parked",
            MessageStatus::Cancelled => "message_cancelled",
            MessageStatus::Pending | MessageStatus::Begun => "message_open",
        });
        match record.status {
            MessageStatus::Accepted if unknown => seen.count("unknown_resolved_as_accepted"),
            MessageStatus::Parked if unknown => seen.count("unknown_resolved_as_parked"),
            _ => {}
        }
        debug_assert!(
            LINES.iter().chain([&DESK, &SEATS, &PARTNER]).any(|line| *line.name == *record.message.channel)
        );
    }
}
