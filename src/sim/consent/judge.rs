//! What the acts of a contact allow, by brute force, asked of everything that begins.

use chrono::{DateTime, Utc};

use super::fixture::{CONFIRMED, FAMILIES, SOLD, is_owed};
use super::ledger::{Told, What};
use super::sharing::is_partner;
use crate::model::MessageId;
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// Whether an act that forbids counts against one that allows.
fn beats(no: &Told, yes: &Told) -> bool {
    match (no.at == yes.at, no.says_when || yes.says_when) {
        (false, _) => no.at > yes.at,
        (true, true) => true,
        // Neither says when it was: then it was as it came.
        (true, false) => no.order > yes.order,
    }
}

fn is_stop(no: &Told) -> bool {
    matches!(no.what, What::No { stop: true, .. })
}

/// Whether a yes stands beside an act that forbids the same.
fn survives(acts: &[&Told], yes: &Told, no: &Told, channel: &str) -> bool {
    let What::Yes { sold, .. } = &yes.what else { return false };
    let What::No { said, .. } = no.what else { return true };
    if sold.is_some() && said {
        // No sale outweighs what the person said, however new it is.
        return false;
    }
    let started = |told: &&&Told| matches!(&told.what, What::Start { channel: on } if on == channel);
    let mut starts = acts.iter().filter(started).filter(|_| sold.is_none());
    if !beats(no, yes) {
        return true;
    }
    // A START gives back what a STOP took, as it was: any other no since then outweighs it, however late it is told.
    is_stop(no) && starts.any(|start| start.at >= no.at)
}

fn is_for(yes: &Told, purpose: &str, channel: &str) -> bool {
    matches!(&yes.what, What::Yes { purpose: own, channel: on, .. } if own == purpose && on == channel)
}

/// The grants of a purpose on a channel that no act forbids, by what took effect before an order.
pub(super) fn standing<'a>(
    acts: &'a [Told],
    purpose: &'a str,
    channel: &'a str,
    before: u64,
) -> impl Iterator<Item = &'a Told> {
    let known: Vec<&Told> = acts.iter().filter(|told| told.order < before).collect();
    let stands = move |yes: &&'a Told| {
        let mut against = known.iter().filter(|no| no.forbids(purpose, channel));
        yes.order < before && against.all(|no| survives(&known, yes, no, channel))
    };
    acts.iter().filter(|yes| is_for(yes, purpose, channel)).filter(stands)
}

/// Whether the person itself said yes, and nothing since forbids it.
pub(super) fn has_said_yes(acts: &[Told], purpose: &str, channel: &str) -> bool {
    let own = |yes: &Told| matches!(yes.what, What::Yes { sold: None, .. });
    standing(acts, purpose, channel, u64::MAX).any(own)
}

/// Whether acts that took effect before an order let a purpose be said on a channel at an instant.
pub(super) fn allows(acts: &[Told], purpose: &str, channel: &str, before: u64, now: DateTime<Utc>) -> bool {
    standing(acts, purpose, channel, before).any(|yes| match &yes.what {
        What::Yes { sold, confirms, until, .. } => {
            until.is_none_or(|until| until > now)
                && (purpose != CONFIRMED || *confirms)
                && sold.as_ref().is_none_or(|family| purpose == SOLD && family == FAMILIES[0])
        }
        _ => false,
    })
}

impl Seen {
    /// A message has begun: the acts of its contact must allow it.
    pub(in crate::sim) fn consent_of(
        &mut self,
        id: MessageId,
        person: &str,
        (channel, purpose): (&str, &str),
        order: u64,
        now: DateTime<Utc>,
    ) {
        self.likes_begin(id, person, now);
        if purpose.is_empty() || is_owed(purpose) {
            return;
        }
        if is_partner(channel) {
            return self.export_begins(id, person, order, now);
        }
        if self.twins.knows(person) {
            return self.twins_begin(id, person, (channel, purpose), now);
        }
        self.count(match purpose {
            CONFIRMED => "begin_judged_confirmed",
            SOLD => "begin_judged_sold",
            _ => "begin_judged",
        });
        let acts = self.ledger.of(person);
        if allows(acts, purpose, channel, order, now) {
            return;
        }
        let rests_on_sale = acts.iter().any(
            |told| matches!(&told.what, What::Yes { purpose: own, sold: Some(_), .. } if own == purpose),
        );
        let invariant = if rests_on_sale { Invariant::C13 } else { Invariant::C7 };
        self.breach(
            invariant,
            format!("{id} has begun, and the acts of {person} allow no {purpose} by {channel}"),
        );
    }

    /// A message goes out to an address: nobody who has it may have said no to it.
    pub(in crate::sim) fn address_of(
        &mut self,
        id: MessageId,
        person: &str,
        (channel, purpose): (&str, &str),
        to: &str,
        order: u64,
    ) {
        if purpose.is_empty() {
            return;
        }
        let place = (channel.to_owned(), to.to_owned());
        let before = |since: &u64| *since < order;
        if self.ledger.banned.get(&place).is_some_and(before) {
            self.breach(Invariant::C11, format!("{id} goes to an address that came back for good"));
        }
        let buried = self.ledger.buried.get(&place).is_some_and(before);
        if is_owed(purpose) {
            if buried {
                self.count("owed_after_an_erasure");
            }
            return;
        }
        if buried {
            self.breach(
                Invariant::C11,
                format!("{id} for {purpose} goes to an address of somebody who was erased"),
            );
        }
        if self.twins.knows(person) {
            return self.twins_call(id, person, to);
        }
        let others = self.ledger.acts.iter().filter(|(other, _)| other.as_str() != person);
        let forbidding = others.filter(|(_, acts)| {
            let known: Vec<&Told> = acts.iter().filter(|told| told.order < order).collect();
            let mut against = known.iter().filter(|no| {
                let here = matches!(&no.what, What::No { addresses, .. } if addresses.get(channel).is_some_and(|own| own == to));
                here && no.forbids(purpose, channel)
            });
            let lifted = |no: &&&Told| {
                let mut yes = known.iter().filter(|yes| is_for(yes, purpose, channel));
                yes.any(|yes| survives(&known, yes, no, channel))
            };
            against.any(|no| !lifted(&no))
        });
        let by = forbidding.map(|(other, _)| other.clone()).next();
        if let Some(by) = by {
            let found =
                format!("{id} for {purpose} goes by {channel} to an address that {by} had when it said no");
            self.breach(Invariant::C7, found);
        }
    }
}
