//! Four artists, and what they do: the host's side.

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::model::{ContactId, Evidence, Value};
use journeyman::{Consent, Contact, Engine, Error, Event};

/// What one of them does: the day, the hour, who, what, and an amount where there is one.
type Deed = (i64, i64, &'static str, &'static str, i64);

const DEEDS: [Deed; 24] = [
    (0, 9, "lea", "app.login", 0),
    (0, 10, "lea", "work.published", 0),
    (1, 8, "karim", "app.login", 0),
    (1, 9, "lea", "action.done", 0),
    (2, 9, "lea", "action.done", 0),
    (2, 12, "ines", "application.started", 0),
    (3, 9, "lea", "app.login", 0),
    (3, 9, "lea", "action.done", 0),
    (3, 10, "ines", "application.sent", 0),
    (4, 9, "lea", "app.login", 0),
    (4, 11, "tom", "application.started", 0),
    (5, 9, "lea", "app.login", 0),
    (5, 10, "lea", "action.done", 0),
    (6, 9, "lea", "app.login", 0),
    (6, 9, "lea", "action.done", 0),
    (6, 14, "lea", "purchase", 240),
    (8, 15, "karim", "purchase", 650),
    (9, 15, "tom", "application.sent", 0),
    (12, 9, "ines", "app.login", 0),
    (20, 9, "karim", "app.login", 0),
    (32, 9, "lea", "app.login", 0),
    (58, 18, "karim", "app.login", 0),
    (75, 20, "ines", "app.login", 0),
    (96, 8, "lea", "app.login", 0),
];

/// Where the story stands.
pub(crate) struct Story {
    start: DateTime<Utc>,
    next: usize,
}

impl Story {
    pub(crate) fn new(start: DateTime<Utc>) -> Self {
        Self { start, next: 0 }
    }

    /// Lets everybody be known.
    pub(crate) async fn introduce(&self, engine: &Engine) -> Result<(), Error> {
        for (id, genre, region, followers, known) in [
            ("lea", "musique", "Bretagne", 4_800, 90),
            ("karim", "musique", "Île-de-France", 15_000, 400),
            ("ines", "art", "Bretagne", 900, 10),
            ("tom", "performance", "Bretagne", 22_000, 45),
        ] {
            let joined = Value::Instant(self.start - TimeDelta::days(known));
            let contact = Contact::new(id)
                .zone("Europe/Paris")
                .address("email", format!("{id}@example.org"))
                .attribute("genre", genre)
                .attribute("region", region)
                .attribute("country", "FR")
                .attribute("act", "solo")
                .attribute("production", "self")
                .attribute("followers", followers)
                .attribute("joined", joined);
            engine.identify(contact).await?;
            let evidence = Evidence::new("form", "notice-2026");
            engine.consent(Consent::granted(id, "marketing", "email", evidence)).await?;
        }
        Ok(())
    }

    /// When something happens next.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        DEEDS.get(self.next).map(|deed| self.at(deed))
    }

    fn at(&self, (day, hour, ..): &Deed) -> DateTime<Utc> {
        self.start + TimeDelta::days(*day) + TimeDelta::hours(*hour)
    }

    /// Tells everything that happens until an instant.
    pub(crate) async fn tell(&mut self, engine: &Engine, now: DateTime<Utc>) -> Result<(), Error> {
        while let Some(deed) = DEEDS.get(self.next).filter(|deed| self.at(deed) <= now) {
            let (_, _, who, what, amount) = *deed;
            let mut event = Event::new(ContactId::from(who), what).id(format!("deed-{}", self.next));
            if amount > 0 {
                event = event.property("amount", amount);
            }
            engine.track(event).await?;
            self.next += 1;
        }
        Ok(())
    }
}
