//! The people, and what happens to them: the host's side of the story.

use std::error::Error;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use journeyman::journey::parse_yaml;
use journeyman::machine::Withdrawal;
use journeyman::model::{Attributes, ContactId, Evidence};
use journeyman::time::Zone;
use journeyman::{Consent, Contact, Engine, Error as EngineError, Event};
use serde::Deserialize;

/// The words under which consent was given.
const WORDING: &str = "2026-03";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoryFile {
    start: NaiveDate,
    contacts: Vec<Person>,
}

/// One of the people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) id: ContactId,
    /// What makes this one worth watching.
    pub(crate) case: String,
    first_name: Option<String>,
    city: String,
    zone: Option<String>,
    email: Option<String>,
    sms: Option<String>,
    /// Purpose and channel.
    allows: Vec<String>,
    story: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Local time.
    at: String,
    #[serde(flatten)]
    fact: Fact,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact {
    SignsUp(String),
    IsLearned(Attributes),
    Happens(String),
    Withdraws(String),
    IsErased(bool),
}

/// Everything that happens, in order of time.
pub(crate) struct Story {
    pub(crate) start: DateTime<Utc>,
    /// When the last of it happens.
    pub(crate) end: DateTime<Utc>,
    pub(crate) people: Vec<Person>,
    /// The instant, who, and which entry of theirs.
    order: Vec<(DateTime<Utc>, usize, usize)>,
}

impl Story {
    pub(crate) fn read(text: &str, home: &Zone) -> Result<Self, Box<dyn Error>> {
        let StoryFile { start, contacts: people } = parse_yaml(text)?;
        let mut order = Vec::new();
        for (who, person) in people.iter().enumerate() {
            let zone = person.zone.as_deref().map_or_else(|| Ok(home.clone()), Zone::named)?;
            for (which, entry) in person.story.iter().enumerate() {
                let local = NaiveDateTime::parse_from_str(&entry.at, "%Y-%m-%d %H:%M").map_err(|_| {
                    format!("{}: {:?} is no time; write 2026-03-23 10:12", person.id, entry.at)
                })?;
                order.push((zone.resolve(local), who, which));
            }
        }
        order.sort();
        let start = home.resolve(start.and_time(NaiveTime::MIN));
        let end = order.last().map_or(start, |(at, ..)| *at);
        Ok(Self { start, end, people, order })
    }

    /// When the next untold thing happens.
    pub(crate) fn next(&self, told: usize) -> Option<DateTime<Utc>> {
        self.order.get(told).map(|(at, ..)| *at)
    }

    /// Tells everything from `told` on that has happened until now; answers how much is told then.
    pub(crate) async fn tell(
        &self,
        engine: &Engine,
        mut told: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, EngineError> {
        while let Some((_, who, which)) = self.order.get(told).filter(|(at, ..)| *at <= now) {
            match self.people[*who].tell(engine, *which).await {
                Err(EngineError::Erased { .. }) => {} // nothing more is kept about the erased
                other => other?,
            }
            told += 1;
        }
        Ok(told)
    }
}

impl Person {
    /// Tells one thing. Every fact has an id of its own, so telling it twice is telling it once.
    async fn tell(&self, engine: &Engine, which: usize) -> Result<(), EngineError> {
        let id = format!("{}/{which}", self.id);
        match &self.story[which].fact {
            Fact::SignsUp(form) => {
                engine.identify(self.contact()).await?;
                for allowed in &self.allows {
                    let (purpose, channel) = allowed.split_once('/').unwrap_or((allowed, "email"));
                    let evidence = Evidence::new("signup-form", WORDING);
                    let consent = Consent::granted(&self.id, purpose, channel, evidence);
                    engine.consent(consent.id(format!("{form}/{allowed}"))).await?;
                }
                engine.track(Event::new(&self.id, "prospect.signed_up").id(form.as_str())).await?;
            }
            Fact::IsLearned(attributes) => {
                let mut contact = Contact::new(&self.id);
                contact.attributes.clone_from(attributes);
                engine.identify(contact).await?;
            }
            Fact::Happens(event) => {
                engine.track(Event::new(&self.id, event.as_str()).id(id)).await?;
            }
            Fact::Withdraws(what) => {
                let everything =
                    |source| Withdrawal::everything(&self.id, Evidence::new(source, WORDING)).id(id);
                let withdrawal = match what.as_str() {
                    "everything" => everything("preference page"),
                    channel => everything("STOP").on_channel(channel),
                };
                engine.withdraw(&withdrawal).await?;
            }
            Fact::IsErased(yes) => {
                if *yes {
                    engine.erase(&self.id).await?;
                }
            }
        }
        Ok(())
    }

    fn contact(&self) -> Contact {
        let mut contact = Contact::new(&self.id).locale("fr").attribute("city", self.city.as_str());
        if let Some(name) = &self.first_name {
            contact = contact.attribute("first_name", name.as_str());
        }
        if let Some(zone) = &self.zone {
            contact = contact.zone(zone.as_str());
        }
        for (channel, address) in [("email", &self.email), ("sms", &self.sms)] {
            if let Some(address) = address {
                contact = contact.address(channel, address.as_str());
            }
        }
        contact
    }
}
