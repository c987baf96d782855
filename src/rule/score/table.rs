//! What a script declares: plain data, in the order in which it was declared.

use crate::model::Name;
use crate::rule::PredicateDefinition;

/// Everything that a script declares. Spans are milliseconds of elapsed time.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// What gives points, in order; a rule is known by its place.
    pub rules: Vec<Rule>,
    /// What silence takes.
    pub decay: Option<Decay>,
    /// The bounds, kept at each application.
    pub clamp: Option<Clamp>,
    /// The bands, lowest first.
    pub tiers: Vec<Band>,
    /// What becomes true of a contact besides its tier.
    pub marks: Vec<MarkRule>,
    /// The numbers whose changes are remembered.
    pub trails: Vec<Trail>,
    /// Lists of events, of which a contact has done some: a name and the events.
    pub checklists: Vec<(Name, Vec<Name>)>,
}

/// What gives points.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// An event.
    On(EventRule),
    /// Something that is true of a contact, for as long as it is.
    When(WhenRule),
    /// A function in the script, run whenever an attribute changes; slow.
    Custom(CustomRule),
}

/// Points for an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventRule {
    /// Which event.
    pub event: Name,
    /// How many.
    pub points: Points,
    /// What its properties must be like; a question about attributes stands for one about properties.
    pub filter: Option<PredicateDefinition>,
    /// Whether it counts the first time alone.
    pub once: bool,
    /// The most that it gives.
    pub cap: Option<Cap>,
    /// For how long its points last; for ever where absent.
    pub lasts: Option<i64>,
    /// Whether it is an engagement, which ends a silence; absent: where it has points above 0.
    pub engages: Option<bool>,
}

/// How many points.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Points {
    /// Always so many.
    Fixed(i64),
    /// `value * times / per` of a property that is a number, rounded down, within `[least, most]`; 0 where it is none.
    Of {
        /// The property.
        property: Name,
        /// Multiplied by.
        times: i64,
        /// And divided by; above 0.
        per: i64,
        /// Never fewer.
        least: i64,
        /// Never more.
        most: i64,
    },
}

/// The most points of one rule: in all, or in a period that opens with the first that it gives, `[t, t + period)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cap {
    /// The most.
    pub points: i64,
    /// In which period; ever where absent.
    pub period: Option<i64>,
}

/// Points for what is true of a contact.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WhenRule {
    /// Its name.
    pub name: Name,
    /// What must be true.
    pub when: PredicateDefinition,
    /// How many: given when it becomes true, taken when it ceases to be.
    pub points: i64,
}

/// Points that a function in the script finds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomRule {
    /// Its name.
    pub name: Name,
    /// Which of the functions of the script.
    pub function: u16,
}

/// What silence takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decay {
    /// Once for every full span of this length without an engagement.
    pub every: i64,
    /// How many points, below 0.
    pub points: i64,
}

/// The bounds of a score, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clamp {
    /// The lowest.
    pub least: i64,
    /// The highest.
    pub most: i64,
}

/// A tier: from its bound to the next one's, the highest without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Band {
    /// The name of the tier.
    pub tier: Name,
    /// The lowest score in it.
    pub from: i64,
    /// How far the score must fall below `from` before the tier is left.
    pub hysteresis: i64,
    /// How long it is kept at least, once it was reached, however far the score falls.
    pub stay: Option<i64>,
}

/// Something that becomes true of a contact besides its tier.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MarkRule {
    /// Its name.
    pub mark: Name,
    /// What it is.
    pub kind: MarkKind,
}

/// What a mark is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarkKind {
    /// The score is at least this; over when it falls below.
    Threshold(i64),
    /// The score has not changed for a span; over when it changes.
    Stagnation(i64),
    /// There was no engagement for a span; over with the next one.
    Inactivity(i64),
    /// At least `least` engagements in a window, and at least `permille` thousandths of what the contact's own past lets
    /// expect; over a window later.
    Peak {
        /// The length of the window.
        window: i64,
        /// The least engagements.
        least: u16,
        /// How many thousandths of the contact's own average before the window.
        permille: i64,
    },
    /// An event happened so often; never over.
    Badge {
        /// Which event.
        event: Name,
        /// How often.
        count: u64,
    },
    /// An event happened so often in one month of the contact's calendar; over with the month.
    Challenge {
        /// Which event.
        event: Name,
        /// How often.
        count: u64,
    },
}

/// A number whose changes are remembered for a span.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trail {
    /// Which attribute; the score itself where absent.
    pub attribute: Option<Name>,
    /// For how long.
    pub span: i64,
}

impl Table {
    /// A table that declares nothing.
    ///
    /// ```
    /// use journeyman::rule::score::{Band, Clamp, Decay, EventRule, ScoreModel, Table};
    /// let mut table = Table::new();
    /// table.rules.push(EventRule::new("message.replied", 10).into());
    /// table.decay = Some(Decay::new(7 * 86_400_000, -5));
    /// table.clamp = Some(Clamp::new(0, 120));
    /// table.tiers.push(Band::new("hot", 80).hysteresis(2));
    /// assert!(ScoreModel::from_table(table).is_ok());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl EventRule {
    /// So many points for an event.
    #[must_use]
    pub fn new(event: impl Into<Name>, points: i64) -> Self {
        Self::of(event, Points::Fixed(points))
    }

    /// Points for an event that hang on one of its properties.
    #[must_use]
    pub fn of(event: impl Into<Name>, points: Points) -> Self {
        let event = event.into();
        Self { event, points, filter: None, once: false, cap: None, lasts: None, engages: None }
    }

    /// Counts it the first time alone.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Counts it where its properties are so.
    #[must_use]
    pub fn filter(mut self, filter: PredicateDefinition) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Gives so many points at most: in all, or in a period of so many milliseconds.
    #[must_use]
    pub fn cap(mut self, points: i64, period: Option<i64>) -> Self {
        self.cap = Some(Cap { points, period });
        self
    }

    /// Takes its points back after so many milliseconds.
    #[must_use]
    pub fn lasting(mut self, span: i64) -> Self {
        self.lasts = Some(span);
        self
    }

    /// Says whether it is an engagement.
    #[must_use]
    pub fn engages(mut self, engages: bool) -> Self {
        self.engages = Some(engages);
        self
    }
}

impl WhenRule {
    /// So many points for what is true of a contact.
    #[must_use]
    pub fn new(name: impl Into<Name>, when: PredicateDefinition, points: i64) -> Self {
        Self { name: name.into(), when, points }
    }
}

impl CustomRule {
    /// The points that a function of the script finds.
    #[must_use]
    pub fn new(name: impl Into<Name>, function: u16) -> Self {
        Self { name: name.into(), function }
    }
}

impl Cap {
    /// So many points at most: in all, or in a period of so many milliseconds.
    #[must_use]
    pub fn new(points: i64, period: Option<i64>) -> Self {
        Self { points, period }
    }
}

impl Decay {
    /// So many points, below 0, for every full span of so many milliseconds without an engagement.
    #[must_use]
    pub fn new(every: i64, points: i64) -> Self {
        Self { every, points }
    }
}

impl Clamp {
    /// Both bounds, included.
    #[must_use]
    pub fn new(least: i64, most: i64) -> Self {
        Self { least, most }
    }
}

impl Band {
    /// A tier from this score on.
    #[must_use]
    pub fn new(tier: impl Into<Name>, from: i64) -> Self {
        Self { tier: tier.into(), from, hysteresis: 0, stay: None }
    }

    /// Leaves it so far below its bound alone.
    #[must_use]
    pub fn hysteresis(mut self, points: i64) -> Self {
        self.hysteresis = points;
        self
    }

    /// Keeps it for so many milliseconds at least.
    #[must_use]
    pub fn stay(mut self, span: i64) -> Self {
        self.stay = Some(span);
        self
    }
}

impl MarkRule {
    /// A mark.
    #[must_use]
    pub fn new(mark: impl Into<Name>, kind: MarkKind) -> Self {
        Self { mark: mark.into(), kind }
    }
}

impl Trail {
    /// The past of an attribute, or of the score itself, for so many milliseconds.
    #[must_use]
    pub fn new(attribute: Option<Name>, span: i64) -> Self {
        Self { attribute, span }
    }
}

impl From<EventRule> for Rule {
    fn from(rule: EventRule) -> Self {
        Self::On(rule)
    }
}

impl From<WhenRule> for Rule {
    fn from(rule: WhenRule) -> Self {
        Self::When(rule)
    }
}

impl Rule {
    /// What it is called: the event, or the name that it was given.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::On(rule) => &rule.event,
            Self::When(rule) => &rule.name,
            Self::Custom(rule) => &rule.name,
        }
    }
}
