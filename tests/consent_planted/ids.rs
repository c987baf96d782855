//! I1: one id of the host's may stand for several acts, such as those of one form. Each is in force when it was told, and once.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use journeyman::machine::Withdrawal;
use journeyman::model::{ConsentStatus, Evidence};
use journeyman::port::Store;
use journeyman::store::{MemoryStore, SqliteStore};
use journeyman::testing::ManualClock;
use journeyman::{Consent, Engine};

use super::Draw;

/// The act, its purpose, its channel, its id; an objection has neither purpose nor channel.
type Told = (ConsentStatus, Option<&'static str>, Option<&'static str>, usize);

const ACTS: [ConsentStatus; 5] = [
    ConsentStatus::Requested,
    ConsentStatus::Granted,
    ConsentStatus::Withdrawn,
    ConsentStatus::Refused,
    ConsentStatus::Objected,
];

/// What is wrong with one conversation, on the memory store, and of some on a SQLite file's.
pub(super) fn differs(seed: u64) -> Option<String> {
    let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    let clock = ManualClock::new(start);
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = match seed % 20 {
        0 => Arc::new(sqlite(&clock, &folder)),
        _ => Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build()),
    };
    let engine = Engine::builder(store.clone()).build();
    let draw = &mut Draw(seed.wrapping_mul(7_919));
    let mut expected: Vec<Told> = Vec::new();
    for number in 0..1 + draw.below(8) {
        clock.set(start + TimeDelta::minutes(number as i64));
        let (act, id) = (ACTS[draw.below(ACTS.len())], draw.below(2));
        let (purpose, channel) = (["news", "offers"][draw.below(2)], ["email", "sms"][draw.below(2)]);
        let evidence = Evidence::new("form", "v1");
        let by_door = draw.below(2) == 0;
        let told = match act {
            ConsentStatus::Objected => (act, None, None, id),
            _ => (act, Some(purpose), Some(channel), id),
        };
        match act {
            ConsentStatus::Withdrawn if by_door => {
                let stop = Withdrawal::of("lea", purpose, channel, evidence).id(format!("f-{id}"));
                block_on(engine.withdraw(&stop)).unwrap();
            }
            _ => {
                let consent = Consent::of(act, "lea", purpose, channel, evidence).id(format!("f-{id}"));
                block_on(engine.consent(consent)).unwrap();
            }
        }
        if !expected.contains(&told) {
            expected.push(told);
        }
        if draw.below(3) == 0 {
            block_on(engine.tick()).unwrap();
        }
    }
    block_on(engine.tick()).unwrap();
    let records = block_on(store.consents(&"lea".into())).unwrap();
    let words = |act: ConsentStatus, purpose: Option<&str>, channel: Option<&str>| {
        format!("{act:?} {} {}", purpose.unwrap_or("all"), channel.unwrap_or("all"))
    };
    let mut expected: Vec<_> = expected.iter().map(|told| words(told.0, told.1, told.2)).collect();
    let kept = records.iter();
    let mut kept: Vec<_> =
        kept.map(|kept| words(kept.status, kept.purpose.as_deref(), kept.channel.as_deref())).collect();
    expected.sort_unstable();
    kept.sort_unstable();
    (expected != kept).then(|| format!("seed {seed}: {expected:?} was told, and {kept:?} is on record"))
}

fn sqlite(clock: &ManualClock, folder: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::builder(folder.path().join("ids.db")).clock(Arc::new(clock.clone())).open().unwrap()
}
