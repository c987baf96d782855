//! Who likes which hour, and when somebody talks, drawn by itself so that nothing else is drawn otherwise.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::rules::{BEST_HOUR, CHAT, CHATTED, HOURS, QUIET};
use crate::engine::Engine;
use crate::error::Error;
use crate::model::{Consent, Contact, Event, Evidence};
use crate::sim::fixture::{TELLING, place, start};
use crate::sim::host::World;
use crate::sim::random::Random;
use crate::sim::scenario::{Deed, Person, What};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// What somebody says of its best hour, or in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Act {
    /// A number into the hours.
    Prefers {
        hour: usize,
    },
    Allows {
        line: usize,
    },
    Chats,
}

/// Two seeds in five without limits have it.
pub(in crate::sim) fn draw(seed: u64, people: &[Person], deeds: &mut Vec<Deed>) {
    let random = &mut Random::fork(seed, "liked");
    if !random.chance(4_000) {
        return;
    }
    for person in people {
        let mut push = |at, act| {
            deeds.push(Deed { at, what: What::Likes { person: person.id.clone(), act } });
        };
        if random.chance(8_500) {
            push(0, Act::Prefers { hour: random.below(HOURS.len()) });
        }
        for line in 0..2 {
            if random.chance(9_000) {
                push(random.between(0, HOUR), Act::Allows { line });
            }
        }
        for _ in 0..random.below(6) + 2 {
            let at = random.between(2 * HOUR, TELLING.num_milliseconds());
            // Half of it shortly before quiet hours begin, so that attempts come to lie on both sides of that.
            let evening = TimeDelta::minutes(QUIET) - TimeDelta::milliseconds(random.between(0, 15 * MINUTE));
            let then = place(person.place).next(start() + TimeDelta::milliseconds(at), evening) - start();
            let at = if random.chance(5_000) { then.num_milliseconds() } else { at };
            push(at, Act::Chats);
        }
    }
}

impl World {
    pub(in crate::sim) async fn likes(
        self: &Arc<Self>,
        id: String,
        person: &str,
        act: Act,
    ) -> Result<(), Error> {
        match act {
            Act::Prefers { hour } => {
                let contact = Contact::new(person).attribute(BEST_HOUR, HOURS[hour % HOURS.len()].0);
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            Act::Allows { line } => {
                let line = ["email", "sms"][line % 2];
                self.tells_consent(Consent::granted(person, CHAT, line, Evidence::new("form", "v1")).id(id))
                    .await
            }
            Act::Chats => {
                let event = Event::new(person, CHATTED).id(id);
                self.tell(|engine| track(engine, event.clone())).await
            }
        }
    }
}

async fn identify(engine: Engine, contact: Contact) -> Result<(), Error> {
    engine.identify(contact).await
}

async fn track(engine: Engine, event: Event) -> Result<(), Error> {
    engine.track(event).await.map(drop)
}
