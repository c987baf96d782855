//! I2: a yes that confirms a request counts only where somebody was asked, and from then on.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::model::Evidence;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Engine, Error};

use super::Draw;

/// What is wrong with one confirmation.
pub(super) fn differs(seed: u64) -> Option<String> {
    let draw = &mut Draw(seed.wrapping_mul(6_151));
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    let clock = ManualClock::new(start);
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    let engine = Engine::builder(store.clone()).build();
    let (purposes, channels) = (["news", "offers"], ["email", "sms"]);
    let minute = |minute: usize| start + TimeDelta::minutes(minute as i64);
    let mut requests = Vec::new();
    for number in 0..draw.below(4) {
        let (purpose, channel) = (draw.below(2), draw.below(2));
        clock.set(minute(10 * number));
        let asked =
            Consent::requested("lea", purposes[purpose], channels[channel], Evidence::new("form", "v1"));
        block_on(engine.consent(asked.id(format!("r-{number}")))).unwrap();
        requests.push((purpose, channel));
        if draw.below(2) == 0 {
            block_on(engine.tick()).unwrap();
        }
    }
    clock.set(minute(60));
    let (named, purpose, channel, says) =
        (draw.below(4), draw.below(2), draw.below(2), minute(draw.below(60)));
    let evidence = Evidence::new("click", "v1").confirming(format!("r-{named}"), says);
    let told =
        block_on(engine.consent(Consent::granted("lea", purposes[purpose], channels[channel], evidence)));
    let is_asked = requests.get(named) == Some(&(purpose, channel));
    match told {
        Err(Error::Invalid { .. }) if !is_asked => {}
        Ok(()) if is_asked => {}
        told => return Some(format!("r-{named} of {requests:?} confirms {purpose} on {channel}: {told:?}")),
    }
    block_on(engine.tick()).unwrap();
    let records = block_on(journeyman::port::Archive::consents(&*store, &"lea".into())).unwrap();
    let counts = records.iter().find_map(|record| record.evidence.confirms.as_ref()).map(|own| own.asked_at);
    let expected = is_asked.then(|| says.min(minute(10 * named)));
    (counts != expected).then(|| format!("it counts from {counts:?}, and that is {expected:?}"))
}
