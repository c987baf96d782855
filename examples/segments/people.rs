//! A million artists, drawn from one number so that they are the same in every run.

use std::error::Error;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use journeyman::Contact;
use journeyman::machine::ContactState;
use journeyman::model::Value;
use journeyman::rule::{Rating, Standing};

const GENRES: [&str; 4] = ["musique", "art", "performance", "danse"];
const PLACES: [(&str, &str); 8] = [
    ("Paris", "Île-de-France"),
    ("Lyon", "Auvergne-Rhône-Alpes"),
    ("Marseille", "Provence"),
    ("Rennes", "Bretagne"),
    ("Brest", "Bretagne"),
    ("Lille", "Hauts-de-France"),
    ("Nantes", "Pays de la Loire"),
    ("Bordeaux", "Nouvelle-Aquitaine"),
];
const ABROAD: [&str; 4] = ["BE", "CH", "CA", "SN"];
const ACTS: [&str; 3] = ["solo", "duo", "group"];
const GOALS: [&str; 3] = ["notoriete", "monetisation", "artistique"];
const TIERS: [(&str, i64); 4] =
    [("spark-ready", 80), ("mona-possible", 60), ("en-developpement", 40), ("non-prioritaire", 0)];

/// Numbers that follow from a first one.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number in `[0, below)`.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(below)) >> 64) as u64
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What contacts share, made once.
pub(crate) struct Mould {
    now: DateTime<Utc>,
    /// By the value of the score.
    ratings: Vec<Rating>,
    /// Nothing, marketing, marketing with tracking.
    standings: Vec<Standing>,
}

impl Mould {
    pub(crate) fn new(now: DateTime<Utc>) -> Result<Self, Box<dyn Error>> {
        let rating = |value: i64| {
            let tier = TIERS.iter().find(|(_, from)| value >= *from).map_or("", |(name, _)| *name);
            serde_json::from_value(
                serde_json::json!({ "scores": { "mona": value }, "tiers": { "mona": tier } }),
            )
        };
        let ratings = (0..=120).map(rating).collect::<Result<_, _>>()?;
        let standings = [
            serde_json::json!({}),
            serde_json::json!({ "granted": { "marketing": { "email": {} } } }),
            serde_json::json!({ "granted": { "marketing": { "email": {} }, "tracking": { "email": {} } } }),
        ];
        let standings = standings.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?;
        Ok(Self { now, ratings, standings })
    }

    /// One artist, as a store would have it.
    pub(crate) fn contact(&self, number: u64, draw: &mut Draw) -> ContactState {
        let mut contact = Contact::new(format!("c-{number}")).attribute("genre", draw.pick(&GENRES));
        if draw.chance(80) {
            let (city, region) = draw.pick(&PLACES);
            contact = contact.attribute("city", city).attribute("region", region).attribute("country", "FR");
        } else if draw.chance(80) {
            contact = contact.attribute("country", draw.pick(&ABROAD));
        }
        let goals: Vec<Value> =
            GOALS.iter().filter(|_| draw.chance(45)).map(|goal| Value::from(*goal)).collect();
        // Many have few followers, few have many.
        let followers = 50_i64 << draw.below(12);
        let joined = self.now - TimeDelta::minutes(draw.below(3 * 365 * 24 * 60) as i64);
        let born = NaiveDate::from_ymd_opt(1965, 1, 1).unwrap_or_default() + Days::new(draw.below(40 * 365));
        contact = contact
            .attribute("act", draw.pick(&ACTS))
            .attribute("followers", followers + draw.below(followers as u64) as i64)
            .attribute("production", if draw.chance(60) { "self" } else { "label" })
            .attribute("goals", Value::List(goals.into()))
            .attribute("joined", Value::Instant(joined))
            .attribute("birthday", Value::Date(born));
        if draw.chance(30) {
            contact = contact.attribute("budget", draw.below(500) as i64);
        }
        if draw.chance(1) {
            contact = contact.tag("team");
        }
        let score = (draw.below(121) * draw.below(121) / 120) as usize;
        let standing = self.standings[[0, 1, 1, 2, 2, 2][draw.below(6) as usize]].clone();
        let mut state = ContactState::new(contact.id.clone());
        let cold = Arc::make_mut(&mut state.cold);
        (cold.contact, cold.standing) = (contact, standing);
        (state.hot.now, state.hot.rating) = (self.now, self.ratings[score].clone());
        state
    }
}

/// What artists do, how often within a year, and what it says.
pub(crate) const DOES: [(&str, u64); 6] = [
    ("app.login", 5),
    ("work.published", 1),
    ("purchase", 1),
    ("message.opened", 2),
    ("application.started", 1),
    ("application.sent", 1),
];
