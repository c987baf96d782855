//! C29: a refusal names everything that stands in its way, as far as that is known here too.

use chrono::{DateTime, TimeDelta, Utc};

use super::drawn::Limits;
use super::ledger::Decided;
use super::plain::later;
use super::rules::{OF_AGE, SILENCE};
use crate::model::{MessageId, Reason};
use crate::sim::consent::is_owed;
use crate::sim::fixture::place;
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// How long after its end a silence is taken for over by any clock.
const SURELY: TimeDelta = TimeDelta::hours(3);

impl Seen {
    /// The gate kept a message back, for these reasons.
    pub(super) fn reasons_are_all(
        &mut self,
        limits: &Limits,
        id: MessageId,
        taken_at: DateTime<Utc>,
        reasons: &[Reason],
    ) {
        let seized: Vec<Decided> = self
            .limits
            .seized(id, taken_at)
            .iter()
            .filter_map(|take| take.messages.get(&id).cloned())
            .collect();
        self.all_are_named(limits, &seized, taken_at, reasons, &id.to_string());
        let is_minor = |own: &Decided| own.age.is_some_and(|age| age < OF_AGE);
        let misnamed = (reasons.contains(&Reason::Lapsed) && !limits.silence)
            || (reasons.contains(&Reason::Minor) && !(limits.minors && seized.iter().any(is_minor)));
        if misnamed {
            let found = format!("{id} is kept back for {reasons:?}, which is not so");
            self.breach(Invariant::C29, found);
        }
    }

    /// Something was not said, for these reasons, to somebody who was taken like this.
    pub(super) fn all_are_named(
        &mut self,
        limits: &Limits,
        seized: &[Decided],
        at: DateTime<Utc>,
        reasons: &[Reason],
        what: &str,
    ) {
        let Some(own) = seized.first().filter(|own| !is_owed(&own.purpose)) else { return };
        // What is not the answer of the rules.
        let is_another = |reason: &Reason| {
            matches!(
                reason,
                Reason::Template(_)
                    | Reason::Channel(_)
                    | Reason::NoOptOut
                    | Reason::NoOwner
                    | Reason::NoPlace
                    | Reason::Expired
                    | Reason::Answer(_)
                    | Reason::Spacing
                    | Reason::OtherUse
                    | Reason::Erased
            )
        };
        if reasons.iter().any(is_another) {
            return;
        }
        let at = at.timestamp_millis();
        let clock = place(self.lives_at(&own.person));
        let heard = self.limits.heard.get(&own.person).copied();
        let is_silent = limits.silence
            && heard.is_none_or(|heard| later(clock, heard, SILENCE, 0) + SURELY.num_milliseconds() <= at);
        let yes = (own.person.clone(), own.purpose.clone(), own.channel.clone());
        let is_minor = limits.minors
            && seized.iter().all(|own| own.age.is_some_and(|age| age < OF_AGE))
            && !self.limits.guarded.contains(&yes);
        let is_closed = !limits.hours(&own.channel).is_empty() && !self.is_open(limits, own, at);
        let by_hours =
            |reason: &Reason| matches!(reason, Reason::LegalHours | Reason::Holiday | Reason::QuietHours);
        let unnamed = [
            (is_silent, "limit_reasons_of_silence", reasons.contains(&Reason::Lapsed), "silent"),
            (is_minor, "limit_reasons_of_age", reasons.contains(&Reason::Minor), "too young"),
            (is_closed, "limit_reasons_of_hours", reasons.iter().any(by_hours), "asleep"),
        ];
        let own = own.clone();
        for (stands, word, is_named, state) in unnamed {
            if !stands {
                continue;
            }
            // Where it is not the only one, it could be left out.
            if reasons.len() > 1 {
                self.count(word);
            }
            if !is_named {
                let found =
                    format!("{what} to {} is kept back for {reasons:?}, who is {state} too", own.person);
                self.breach(Invariant::C29, found);
            }
        }
    }
}
