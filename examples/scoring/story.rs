//! The artists, and what is told of them: the host's side.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::parse_yaml;
use journeyman::model::{Attributes, ContactId, Evidence, Name};
use journeyman::{Consent, Contact, Engine, Error as EngineError, Event};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Artist {
    id: ContactId,
    zone: Name,
    attributes: Attributes,
}

/// One line of the file of events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// When the host tells it.
    pub(crate) at: DateTime<Utc>,
    pub(crate) contact: ContactId,
    event: Option<Name>,
    id: Option<Name>,
    /// When it happened, where it is told late.
    happened_at: Option<DateTime<Utc>>,
    learns: Option<Attributes>,
}

/// Everything that is told, in order of time.
pub(crate) struct Story {
    artists: Vec<Artist>,
    told: Vec<Told>,
    next: usize,
}

impl Story {
    pub(crate) fn read(contacts: &str, events: &str) -> Result<Self, Box<dyn Error>> {
        let told = events.lines().map(serde_json::from_str).collect::<Result<Vec<Told>, _>>()?;
        Ok(Self { artists: parse_yaml(contacts)?, told, next: 0 })
    }

    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.told.first().map_or_else(DateTime::default, |told| told.at - TimeDelta::hours(1))
    }

    pub(crate) fn artists(&self) -> Vec<ContactId> {
        self.artists.iter().map(|artist| artist.id.clone()).collect()
    }

    /// Everybody, with what they allow.
    pub(crate) async fn introduce(&self, engine: &Engine) -> Result<(), EngineError> {
        for Artist { id, zone, attributes } in &self.artists {
            let mut contact = Contact::new(id).zone(zone.clone());
            contact.attributes.clone_from(attributes);
            engine.identify(contact.address("email", format!("{id}@example.org"))).await?;
            let evidence = Evidence::new("application form", "2026-03");
            engine.consent(Consent::granted(id, "coaching", "email", evidence)).await?;
        }
        Ok(())
    }

    /// When the next thing is told.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.told.get(self.next).map(|told| told.at)
    }

    /// Tells what is to be told until now; answers of whom.
    pub(crate) async fn tell(
        &mut self,
        engine: &Engine,
        now: DateTime<Utc>,
    ) -> Result<Vec<ContactId>, EngineError> {
        let mut whom = Vec::new();
        while let Some(told) = self.told.get(self.next).filter(|told| told.at <= now) {
            self.next += 1;
            whom.push(told.contact.clone());
            if let Some(name) = &told.event {
                let mut event = Event::new(&told.contact, name.clone());
                event.id.clone_from(&told.id);
                event.at = told.happened_at;
                engine.track(event).await?;
            }
            if let Some(attributes) = &told.learns {
                let mut contact = Contact::new(&told.contact);
                contact.attributes.clone_from(attributes);
                engine.identify(contact).await?;
            }
        }
        Ok(whom)
    }
}
