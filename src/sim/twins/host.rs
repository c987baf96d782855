//! How it is told, of whichever name, until it is heard.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::deed::Act;
use super::fixture::{JOINED, LINES, PURPOSES, RUNG, at_home};
use crate::engine::{Engine, Inbound, Returned};
use crate::error::Error;
use crate::machine::Withdrawal;
use crate::model::{Consent, Contact, ContactId, Event, Evidence, MergeRefusal};
use crate::sim::host::World;
use crate::testing::Invariant;

impl World {
    pub(in crate::sim) async fn twin(
        self: &Arc<Self>,
        id: String,
        at: DateTime<Utc>,
        who: &str,
        act: Act,
    ) -> Result<(), Error> {
        match act {
            Act::Comes { homes } => {
                let mut contact = Contact::new(who);
                for (line, home) in LINES.into_iter().zip(homes) {
                    if let Some(home) = home {
                        contact = contact.address(line, at_home(home, line));
                    }
                }
                self.tell(|engine| identify(engine, contact.clone())).await
            }
            Act::Allows { purpose, line, lasts } => {
                let mut evidence = Evidence::new("form", "v1");
                evidence.valid_until = lasts.map(|lasts| at + TimeDelta::milliseconds(lasts));
                let (purpose, line) = (PURPOSES[purpose % PURPOSES.len()], LINES[line % LINES.len()]);
                self.tells_consent(Consent::granted(who, purpose, line, evidence).id(id)).await
            }
            Act::Forbids { purpose, line } => {
                let mut withdrawal = Withdrawal::everything(who, Evidence::new("page", "v1"));
                if let Some(purpose) = purpose {
                    withdrawal = withdrawal.for_purpose(PURPOSES[purpose % PURPOSES.len()]);
                }
                if let Some(line) = line {
                    withdrawal = withdrawal.on_channel(LINES[line % LINES.len()]);
                }
                let withdrawal = withdrawal.id(id);
                self.tell(|engine| withdraw(engine, withdrawal.clone())).await
            }
            Act::Stops { line } => {
                let inbound = Inbound::new(who, LINES[line % LINES.len()], "STOP").id(id);
                self.tell(|engine| receive(engine, inbound.clone())).await
            }
            Act::Returns { line } => {
                let line = LINES[line % LINES.len()];
                let lives = |own: &super::ledger::Twin| own.lives.get(line).cloned();
                let to = self.truth.seen().twins.own.get(who).and_then(lives);
                let Some(to) = to else { return Ok(()) };
                let gone = Returned::new(line, "smtp", "550 5.1.1 user unknown").contact(who);
                let gone = gone.address(to).id(id);
                self.tell(|engine| bounced(engine, gone.clone())).await
            }
            Act::Rings { name, lag } => {
                let event = Event::new(who, RUNG).id(name);
                let event = if lag > 0 { event.at(at + TimeDelta::milliseconds(lag)) } else { event };
                self.tell(|engine| track(engine, event.clone())).await
            }
            Act::Joins { name } => {
                let event = Event::new(who, JOINED).id(name);
                self.tell(|engine| track(engine, event.clone())).await
            }
            Act::Merges { into } => self.merges(&who.into(), &into.as_str().into()).await,
            Act::Erases => {
                let contact = ContactId::from(who);
                self.tell(|engine| erase(engine, contact.clone())).await
            }
        }
    }

    /// Says that two are one until it is so, or can never be.
    async fn merges(&self, loser: &ContactId, winner: &ContactId) -> Result<(), Error> {
        loop {
            let told = self.tell(|engine| merge(engine, loser.clone(), winner.clone())).await;
            if self.merge_is_told(loser, winner, told)? || self.is_over() {
                return Ok(());
            }
            self.rest(500, 20_000).await;
        }
    }

    /// Whether nothing more is to be said of a merge.
    fn merge_is_told(
        &self,
        loser: &ContactId,
        winner: &ContactId,
        told: Result<(), Error>,
    ) -> Result<bool, Error> {
        let mut seen = self.truth.seen();
        let (one, other) = (seen.twins.heir(loser.as_str()), seen.twins.heir(winner.as_str()));
        match told {
            Ok(()) => {
                if one != other {
                    let found = format!("{loser} was to be part of {winner}, and leads to {one}");
                    seen.breach(Invariant::C6, found);
                }
                Ok(true)
            }
            Err(Error::NotMerged { why: MergeRefusal::Unread, .. }) => {
                seen.count("twin_unread");
                Ok(false)
            }
            Err(Error::NotMerged { why, .. }) => {
                seen.count("twin_not_merged");
                if one != other && seen.twins.may_merge(loser.as_str(), winner.as_str()) {
                    seen.breach(Invariant::C6, format!("{loser} is not made part of {winner}: {why}"));
                }
                Ok(true)
            }
            // Of a smaller story, somebody may never have come.
            Err(Error::UnknownContact { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

// Each call owns its engine, so that a host may repeat it.

async fn identify(engine: Engine, contact: Contact) -> Result<(), Error> {
    engine.identify(contact).await
}

async fn withdraw(engine: Engine, withdrawal: Withdrawal) -> Result<(), Error> {
    engine.withdraw(&withdrawal).await
}

async fn receive(engine: Engine, inbound: Inbound) -> Result<(), Error> {
    engine.receive(&inbound).await.map(drop)
}

async fn bounced(engine: Engine, returned: Returned) -> Result<(), Error> {
    engine.bounced(&returned).await.map(drop)
}

async fn track(engine: Engine, event: Event) -> Result<(), Error> {
    engine.track(event).await.map(drop)
}

async fn merge(engine: Engine, loser: ContactId, winner: ContactId) -> Result<(), Error> {
    engine.merge(&loser, &winner).await.map(drop)
}

async fn erase(engine: Engine, contact: ContactId) -> Result<(), Error> {
    engine.erase(&contact).await.map(drop)
}
