//! The quota of the simulation: it counts places by itself, and knows under which keys they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::fixture::{CAP, ENTRIES, SEAT, SEATS, SEATS_OF_ALL};
use super::random::Random;
use super::timeline::Timeline;
use super::truth::Truth;
use crate::engine::QuotaChannel;
use crate::error::StoreError;
use crate::model::{Handover, Hash, Name, Outcome};
use crate::port::{Channel, Quota, Reservation, Reserved};
use crate::quota::MemoryQuota;
use crate::testing::{Invariant, Sleep};

/// By offer and key, from when on a place is free again; absent where it is confirmed.
type Held = BTreeMap<(Name, Name), Option<DateTime<Utc>>>;

/// A quota whose places are counted a second time.
pub(super) struct Seats {
    inner: MemoryQuota,
    truth: Truth,
    held: Mutex<Held>,
}

impl Seats {
    fn count(&self, offer: &str, key: &str, given: Reserved, now: DateTime<Utc>, until: DateTime<Utc>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, until| until.is_none_or(|until| now < until));
        let mut seen = self.truth.seen();
        seen.keys.insert((offer.into(), key.into()));
        if let Reserved::Place { .. } = given {
            held.entry((offer.into(), key.into())).or_insert(Some(until));
        }
        let taken = held.keys().filter(|(other, _)| **other == *offer).count();
        let most = if offer == SEAT { SEATS_OF_ALL } else { CAP };
        if taken > most {
            seen.breach(Invariant::Q1, format!("{taken} places of {offer} are held, and there are {most}"));
        }
        seen.count(match given {
            Reserved::Place { .. } => "place_given",
            Reserved::Full => "place_denied",
            Reserved::Unknown => "place_unknown",
        });
    }
}

#[async_trait]
impl Quota for Seats {
    fn name(&self) -> &str {
        SEATS.name
    }

    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, StoreError> {
        let given = self.inner.reserve(reservation).await?;
        let Reservation { offer, key, now, until, .. } = reservation;
        self.count(offer, key, given, *now, *until);
        Ok(given)
    }

    async fn confirm(&self, offer: &str, key: &str, now: DateTime<Utc>) -> Result<Reserved, StoreError> {
        let kept = self.inner.confirm(offer, key, now).await?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Reserved::Place { .. } = kept {
            held.insert((offer.into(), key.into()), None);
            self.truth.seen().count("place_kept");
        }
        Ok(kept)
    }

    async fn release(&self, offer: &str, key: &str) -> Result<(), StoreError> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&(offer.into(), key.into()));
        self.truth.seen().count("place_given_back");
        self.inner.release(offer, key).await
    }
}

/// The channel of the quota, sooner or later, as its engine sees it.
pub(super) struct Counter {
    channel: QuotaChannel,
    truth: Truth,
    timeline: Timeline,
    random: Mutex<Random>,
}

impl Counter {
    pub(super) fn new(truth: &Truth, timeline: &Timeline, seed: u64) -> Self {
        let inner = MemoryQuota::new(SEATS.name).offer(SEAT, SEATS_OF_ALL as u64);
        let quota = Arc::new(Seats { inner, truth: truth.clone(), held: Mutex::default() });
        let channel = QuotaChannel { quota, clock: Arc::new(timeline.clone()) };
        let random = Mutex::new(Random::fork(seed, SEATS.name));
        Self { channel, truth: truth.clone(), timeline: timeline.clone(), random }
    }
}

#[async_trait]
impl Channel for Counter {
    fn name(&self) -> &str {
        SEATS.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let wait = self.random.lock().unwrap_or_else(PoisonError::into_inner).between(0, 700);
        self.timeline.sleep(TimeDelta::milliseconds(wait)).await;
        let outcome = self.channel.send(handover).await;
        if let Outcome::Answered(_) = outcome {
            self.truth.seen().accepted(handover.message.id, Hash::of("counted", &[]));
        }
        outcome
    }

    fn honours_ids(&self) -> bool {
        SEATS.honours_ids
    }

    fn deadline(&self) -> TimeDelta {
        TimeDelta::seconds(15)
    }
}

/// Every place was asked for by a run, under its own key.
pub(super) fn judge(truth: &Truth) {
    let mut seen = truth.seen();
    let own: BTreeSet<(Name, Name)> = seen
        .runs
        .iter()
        .flat_map(|run| [SEAT, ENTRIES].map(|offer| (Name::from(offer), Reservation::key_of(*run, offer))))
        .collect();
    for (offer, key) in seen.keys.difference(&own).cloned().collect::<Vec<_>>() {
        seen.breach(Invariant::Q1, format!("a place of {offer} is asked for under {key}, the key of no run"));
    }
}
