//! Openings and clicks that the host tells: asked for like those that the engine itself sees.

use std::collections::BTreeSet;

use super::program::Loaded;
use super::{Engine, UnknownContacts};
use crate::error::Error;
use crate::link::{TRACKING, Verdict, Visit, judge};
use crate::machine::{Input, InputKind};
use crate::model::{ContactId, Event, Name, Value};
use crate::seeded::{Bug, is_on};

/// The events that say what a person does with a message.
const TRACKED: [&str; 2] = ["message.opened", "message.clicked"];
/// Where such an event says nothing of it.
const CHANNEL: &str = "email";

/// Whether an event says what a person does with a message.
pub(super) fn is_tracked(event: &Event) -> bool {
    TRACKED.contains(&&*event.name) && !is_on(Bug::ProvidersTrackAnybody)
}

/// Whether a program did it: the provider says so (`machine`), or its name does (`user_agent`).
pub(super) fn is_by_machine(event: &Event) -> bool {
    let said = event.properties.get("machine") == Some(&Value::Bool(true));
    let agent = match event.properties.get("user_agent") {
        Some(Value::Text(agent)) => Some(&**agent),
        _ => None,
    };
    said || agent.is_some_and(|agent| judge(&Visit::new("GET", Some(agent))) == Verdict::Machine)
}

fn channel_of(event: &Event) -> Name {
    match event.properties.get("channel") {
        Some(Value::Text(channel)) => Name::from(&**channel),
        _ => CHANNEL.into(),
    }
}

impl Engine {
    /// The places of the events that nobody may know of. The store asks of the others once more, when it keeps them.
    pub(super) async fn untracked(&self, inputs: &mut [Input]) -> Result<BTreeSet<usize>, Error> {
        let mut places = BTreeSet::new();
        for (place, input) in inputs.iter_mut().enumerate() {
            let InputKind::Event(event) = &input.kind else { continue };
            if !is_tracked(event) {
                continue;
            }
            // It never lies aside, where nobody would ask.
            let loaded = self.program(None).await?;
            check_schema(&loaded, event)?;
            let channel = channel_of(event);
            if self.may_know(&input.contact, event).await? {
                input.permitted = Some((channel, TRACKING.into()));
            } else {
                tracing::debug!(event = %event.name, "an event is left out: its contact does not allow tracking, or no person did it");
                places.insert(place);
            }
        }
        Ok(places)
    }

    /// Whether an opening or a click may be known: a person did it, and allows that it is known. What the store refuses for
    /// another reason is for the store.
    pub(super) async fn may_know(&self, contact: &ContactId, event: &Event) -> Result<bool, Error> {
        if is_by_machine(event) {
            return Ok(false);
        }
        let store = &self.shared.store;
        let Some(stored) = store.contact(&self.meant(contact).await?).await? else {
            return Ok(self.shared.unknown_contacts != UnknownContacts::Create);
        };
        Ok(stored.erased || self.may_track(&stored.state.cold, &channel_of(event)).await?)
    }
}

fn check_schema(loaded: &Loaded, event: &Event) -> Result<(), Error> {
    let problems = super::aside::violations(loaded, event);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid {
            what: "event",
            sentence: problems.join("; "),
            next: "tell it as its schema says; an opening or a click does not lie aside",
        }),
    }
}
