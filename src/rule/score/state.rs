//! What a contact keeps of one score.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::TrailState;
use crate::model::Name;

/// What a contact keeps of one score. Instants are milliseconds since 1970, in UTC.
///
/// It is small, and bounded by its model: what is empty takes no room in JSON.
///
/// ```
/// use journeyman::rule::score::ScoreState;
/// assert_eq!(serde_json::to_string(&ScoreState::default())?, r#"{"model":0,"value":0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScoreState {
    /// The first 8 bytes of the hash of the model that counted it.
    pub model: u64,
    /// Its value.
    pub value: i64,
    /// Whether points were ever given, be they 0; nobody has a tier before.
    #[serde(skip_serializing_if = "is_false")]
    pub rated: bool,
    /// Whether its model took the value of other rules over, and never counted what was before.
    #[serde(skip_serializing_if = "is_false")]
    pub kept: bool,
    /// When the contact last engaged; absent where it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engaged_at: Option<i64>,
    /// The end of the span without engagement that is running; absent where nothing can decay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decays_at: Option<i64>,
    /// When its model had something due, as of the last commit: other rules come in by then, whatever they say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    /// When something was last counted; a history that is told later counts from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<i64>,
    /// When the value last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<i64>,
    /// The place of the tier in the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u16>,
    /// When the tier was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier_since: Option<i64>,
    /// What is true by name, each with its end, where it has one.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub marks: LiteMap<Name, Mark>,
    /// The rules on attributes that hold, each with the points that it gives.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub held: LiteMap<Name, i64>,
    /// The events that counted once and never again.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub once: LiteMap<Name, ()>,
    /// What rules with a cap gave, in the order of the rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Spent>,
    /// Points that will go, in the order in which they were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lasting: Vec<Lasting>,
    /// What counts towards the challenges of a month, by mark.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    pub months: LiteMap<Name, Month>,
    /// How often the contact engaged, where a peak asks for it.
    #[serde(skip_serializing_if = "Engagements::is_empty")]
    pub engagements: Engagements,
    /// The past of the numbers whose changes are remembered, in the order of the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trails: Vec<TrailState>,
}

/// A mark that was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Mark {
    /// Since when.
    pub since: i64,
    /// Until when; absent where something else ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// What a rule with a cap gave, in JSON a list of its three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, i64, i64)", into = "(u16, i64, i64)")]
#[non_exhaustive]
pub struct Spent {
    /// The place of the rule.
    pub rule: u16,
    /// When its period began.
    pub since: i64,
    /// How many points it gave since then.
    pub points: i64,
}

/// Points that will go, in JSON a list of its three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, i64, i64)", into = "(u16, i64, i64)")]
#[non_exhaustive]
pub struct Lasting {
    /// The place of the rule that gave them.
    pub rule: u16,
    /// When they go.
    pub ends_at: i64,
    /// How many they are.
    pub points: i64,
}

/// How often something happened in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Month {
    /// Months since the year 0.
    pub month: i32,
    /// How often.
    pub count: u64,
}

/// How often a contact engaged, by the instants at which that was known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Engagements {
    /// How often in all.
    pub count: u64,
    /// The first.
    pub first_at: i64,
    /// The newest ones, at most [`MOST`](Self::MOST), oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<i64>,
}

impl Engagements {
    /// The most instants that are kept.
    pub const MOST: usize = 64;

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts one; instants that no window of this length will ask for again are given up.
    pub(super) fn record(&mut self, at: i64, window: i64) {
        if self.count == 0 {
            self.first_at = at;
        }
        self.count = self.count.saturating_add(1);
        let over = self.recent.iter().take_while(|then| **then <= at.saturating_sub(window)).count();
        let over = over.max((self.recent.len() + 1).saturating_sub(Self::MOST));
        self.recent.drain(..over.min(self.recent.len()));
        self.recent.push(at);
    }
}

impl ScoreState {
    /// What it takes in memory, in bytes.
    ///
    /// ```
    /// use journeyman::rule::score::ScoreState;
    /// assert!(ScoreState::default().size() < 512);
    /// ```
    #[must_use]
    pub fn size(&self) -> usize {
        const NAME: usize = size_of::<Name>();
        let names = |names: &mut dyn Iterator<Item = &Name>, each: usize| {
            names.map(|name| name.len() + NAME + each).sum::<usize>()
        };
        size_of::<Self>()
            + names(&mut self.marks.keys(), size_of::<Mark>())
            + names(&mut self.held.keys(), 8)
            + names(&mut self.once.keys(), 0)
            + names(&mut self.months.keys(), size_of::<Month>())
            + self.caps.len() * size_of::<Spent>()
            + self.lasting.len() * size_of::<Lasting>()
            + self.engagements.recent.len() * 8
            + self.trails.len() * size_of::<TrailState>()
            + self.trails.iter().map(|trail| trail.changes.len() * 24).sum::<usize>()
    }
}

impl From<(u16, i64, i64)> for Spent {
    fn from((rule, since, points): (u16, i64, i64)) -> Self {
        Self { rule, since, points }
    }
}

impl From<Spent> for (u16, i64, i64) {
    fn from(spent: Spent) -> Self {
        (spent.rule, spent.since, spent.points)
    }
}

impl From<(u16, i64, i64)> for Lasting {
    fn from((rule, ends_at, points): (u16, i64, i64)) -> Self {
        Self { rule, ends_at, points }
    }
}

impl From<Lasting> for (u16, i64, i64) {
    fn from(lasting: Lasting) -> Self {
        (lasting.rule, lasting.ends_at, lasting.points)
    }
}

// serde passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}
