//! Who lets the third party be told, of whom it is told and who takes that back, drawn by itself so that nothing else is drawn otherwise.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::WITH;
use crate::engine::Engine;
use crate::error::Error;
use crate::machine::Withdrawal;
use crate::model::{Consent, Evidence, Share};
use crate::sim::fixture::{PARTNER, TELLING};
use crate::sim::host::World;
use crate::sim::random::Random;
use crate::sim::scenario::{Deed, Person, What};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What somebody says of being told of, or that it is asked for. Spans are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Act {
    Allows { lasts: Option<i64> },
    Forbids,
    Shares,
}

/// Two seeds in five without limits have it.
pub(in crate::sim) fn draw(seed: u64, people: &[Person], deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "sharing");
    if !random.chance(4_000) {
        return;
    }
    for person in people {
        if !random.chance(8_000) {
            continue;
        }
        let mut push = |at, act| {
            deeds.push(Deed { at, what: What::Shares { person: person.id.clone(), act } });
        };
        let mut at = random.between(0, TELLING.num_milliseconds() - 4 * DAY);
        push(at, allows(random));
        for _ in 0..random.below(7) + 2 {
            // Half of it comes while something before it may still be under way.
            at += if random.chance(5_000) {
                random.between(0, 5 * MINUTE)
            } else {
                random.between(0, 10 * HOUR)
            };
            let act = match random.below(8) {
                0..=4 => Act::Shares,
                5..=6 => Act::Forbids,
                _ => allows(random),
            };
            push(at, act);
        }
    }
}

fn allows(random: &mut Random) -> Act {
    Act::Allows { lasts: random.chance(2_500).then(|| random.between(HOUR, DAY)) }
}

impl World {
    pub(in crate::sim) async fn shares(
        self: &Arc<Self>,
        id: String,
        at: DateTime<Utc>,
        person: &str,
        act: Act,
    ) -> Result<(), Error> {
        let mut evidence = Evidence::new("form", "v1");
        match act {
            Act::Allows { lasts } => {
                evidence.valid_until = lasts.map(|lasts| at + TimeDelta::milliseconds(lasts));
                self.tells_consent(Consent::granted(person, WITH, PARTNER.name, evidence).id(id)).await
            }
            Act::Forbids => {
                let withdrawal = Withdrawal::everything(person, evidence).for_purpose(WITH).id(id);
                self.tell(|engine| withdraw(engine, withdrawal.clone())).await
            }
            Act::Shares => {
                let share = Share::new(person, WITH).id(id);
                self.tell(|engine| asks(engine, share.clone())).await
            }
        }
    }
}

async fn withdraw(engine: Engine, withdrawal: Withdrawal) -> Result<(), Error> {
    engine.withdraw(&withdrawal).await
}

async fn asks(engine: Engine, share: Share) -> Result<(), Error> {
    engine.share(share).await.map(drop)
}
