//! A table made fast to apply.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::fit::Fit;
use super::question::{Given, Question, slot};
use super::{Clamp, EventRule, MarkKind, Rule, ScoreState, Table};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Attributes, Hash, Name, Value};
use crate::rule::Performed;
use crate::rule::script::{Custom, Declared};
use crate::time::Zone;

/// The rules of one score: immutable, shared, and known by the hash of what they were written in.
///
/// ```
/// use journeyman::rule::score::ScoreModel;
/// let spark = ScoreModel::compile(r#"on("message.replied", 10); clamp(0, 120); tier("hot", 80);"#)?;
/// assert!(spark.event("message.replied").is_some());
/// # Ok::<(), journeyman::error::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ScoreModel {
    hash: Hash,
    short_hash: u64,
    pub(super) table: Table,
    events: BTreeMap<Name, EventId>,
    pub(super) heard: Vec<Listed>,
    pub(super) looks: Vec<Look>,
    /// The attributes that conditions read.
    pub(super) slots: Vec<Name>,
    tags: BTreeSet<Name>,
    pub(super) bounds: Clamp,
    /// By tier, the first place standing for none, the scores with which nothing moves: from the first, below the second.
    pub(super) steady: Vec<(i64, i64)>,
    /// By mark, the event that it is about.
    pub(super) marked: Vec<Option<EventId>>,
    /// The longest window in which engagements are counted; 0 where none is.
    pub(super) window: i64,
    /// Whether nothing happens by itself but decay.
    pub(super) only_decays: bool,
    /// The conditions of [`looks`](Self::looks) once more, where their order does not matter.
    fit: Option<Fit>,
    /// By the place that a custom rule names.
    pub(super) custom: Vec<Custom>,
}

/// An event that a model knows, so that no name is compared on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId(pub(crate) u16);

/// What an event sets off.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// The points, and whether they engage, where one plain rule is all that there is.
    pub(super) plain: Option<Plain>,
    pub(super) rules: Vec<OnRule>,
    /// The properties that filters read.
    pub(super) properties: Vec<Name>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    pub(super) place: u16,
    pub(super) engages: bool,
    /// Whether there are tiers to stand in.
    pub(super) stands: bool,
    pub(super) points: i64,
    /// The bounds once more: everything that an event reads lies side by side.
    pub(super) least: i64,
    pub(super) most: i64,
    /// The bound that its points lead to.
    pub(super) still: i64,
    /// The silence that takes something; 0 where none does.
    pub(super) every: i64,
}

/// A rule on an event.
#[derive(Clone, Debug)]
pub(super) struct OnRule {
    pub(super) place: u16,
    pub(super) rule: EventRule,
    pub(super) filter: Option<Question>,
    /// The place of the property that its points hang on.
    pub(super) property: u16,
    /// Under what it is remembered that it counted.
    pub(super) once: Option<Name>,
}

/// A rule on what is true of a contact.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) place: u16,
    pub(super) name: Name,
    pub(super) asks: Asks,
    /// Whether it is asked the other way round.
    pub(super) not: bool,
}

/// What a rule asks a contact.
#[derive(Clone, Debug)]
pub(super) enum Asks {
    /// Whether this holds; then it has these points.
    When(Question, i64),
    /// How many points a function of the script finds.
    Custom(u16),
}

/// An event as a model hears it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Heard<'a> {
    /// What is known of it.
    pub properties: &'a Attributes,
    /// When it happened, in milliseconds since 1970; at most `at`.
    pub happened_at: i64,
    /// When it counts: never before what counted before.
    pub at: i64,
    /// The contact's zone, for months alone.
    pub zone: &'a Zone,
    /// How often and when events of each name happened, this one included.
    pub performed: &'a Performed,
}

impl<'a> Heard<'a> {
    /// An event as it is heard.
    #[must_use]
    pub fn new(
        properties: &'a Attributes,
        happened_at: i64,
        at: i64,
        zone: &'a Zone,
        performed: &'a Performed,
    ) -> Self {
        Self { properties, happened_at, at, zone, performed }
    }
}

impl ScoreModel {
    /// Runs a script once and takes what it declares.
    ///
    /// # Errors
    /// [`BuildError`] with every problem; places are lines and positions of the script.
    pub fn compile(source: &str) -> Result<Self, BuildError> {
        Self::builder().compile(source)
    }

    pub(super) fn of(declared: Declared, source: &str) -> Result<Self, BuildError> {
        let mut model = Self::from_table(declared.table)?;
        model.custom = declared.custom;
        Ok(model.hashed(Hash::of("score", &[source.as_bytes()])))
    }

    /// The same from a table that was put together in Rust. Its bands may come in any order.
    ///
    /// # Errors
    /// [`BuildError`] with everything in the table that cannot be: `R050` to `R062`.
    ///
    /// ```
    /// use journeyman::rule::score::{Decay, ScoreModel, Table};
    /// let mut table = Table::new();
    /// table.decay = Some(Decay::new(7 * 86_400_000, 5));
    /// let problems = ScoreModel::from_table(table).unwrap_err();
    /// assert_eq!(problems.diagnostics[0].code, "R054");
    /// ```
    pub fn from_table(mut table: Table) -> Result<Self, BuildError> {
        table.tiers.sort_by_key(|band| band.from);
        let mut problems = Vec::new();
        check(&table, &mut problems);
        let mut model = Self {
            hash: Hash::of("table", &[format!("{table:?}").as_bytes()]),
            short_hash: 0,
            events: BTreeMap::new(),
            heard: Vec::new(),
            looks: Vec::new(),
            slots: Vec::new(),
            tags: BTreeSet::new(),
            bounds: table.clamp.unwrap_or(Clamp { least: i64::MIN, most: i64::MAX }),
            steady: steady(&table),
            marked: Vec::new(),
            window: 0,
            only_decays: false,
            fit: None,
            custom: Vec::new(),
            table,
        };
        model.list_rules(&mut problems);
        BuildError::unless_empty(problems)?;
        model.list_marks();
        model.find_plain();
        // Where nothing is taken and 0 is within the bounds, they may be kept once for all of them.
        let is_within = (model.bounds.least..=model.bounds.most).contains(&0);
        model.fit = Fit::of(&model.looks).filter(|_| is_within);
        let hash = model.hash;
        Ok(model.hashed(hash))
    }

    fn hashed(mut self, hash: Hash) -> Self {
        self.hash = hash;
        self.short_hash =
            hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        self
    }

    fn list_event(&mut self, event: &Name) -> EventId {
        let next = EventId(u16::try_from(self.heard.len()).unwrap_or(u16::MAX));
        let id = *self.events.entry(event.clone()).or_insert(next);
        if id == next {
            self.heard.push(Listed::default());
        }
        id
    }

    fn list_rules(&mut self, problems: &mut Vec<Diagnostic>) {
        let mut onces = BTreeMap::new();
        for (place, rule) in (0u16..).zip(self.table.rules.clone()) {
            let path = format!("rules[{place}]");
            match rule {
                Rule::On(rule) => {
                    let once = rule.once.then(|| once_name(&rule.event, &mut onces));
                    let id = self.list_event(&rule.event);
                    let Some(listed) = self.heard.get_mut(usize::from(id.0)) else { continue };
                    let filter = rule.filter.as_ref().and_then(|filter| {
                        Question::compile(filter, &path, &mut listed.properties, None, problems)
                    });
                    let property = match &rule.points {
                        super::Points::Of { property, .. } => slot(&mut listed.properties, property),
                        super::Points::Fixed(_) => None,
                    };
                    let property = property.unwrap_or(u16::MAX);
                    listed.rules.push(OnRule { place, rule, filter, property, once });
                }
                Rule::When(rule) => {
                    let tags = Some(&mut self.tags);
                    let question = Question::compile(&rule.when, &path, &mut self.slots, tags, problems);
                    let Some((question, not)) = question.map(Question::upright) else { continue };
                    let asks = Asks::When(question, rule.points);
                    self.looks.push(Look { place, name: rule.name, asks, not });
                }
                Rule::Custom(rule) => {
                    let asks = Asks::Custom(rule.function);
                    self.looks.push(Look { place, name: rule.name, asks, not: false });
                }
            }
        }
    }

    fn list_marks(&mut self) {
        for rule in self.table.marks.clone() {
            let event = match &rule.kind {
                MarkKind::Badge { event, .. } | MarkKind::Challenge { event, .. } => {
                    Some(self.list_event(event))
                }
                MarkKind::Peak { window, .. } => {
                    self.window = self.window.max(*window);
                    None
                }
                _ => None,
            };
            self.marked.push(event);
        }
    }

    /// Finds the events that are scored without any question.
    fn find_plain(&mut self) {
        let marks = self.table.marks.is_empty();
        let trails = self.table.trails.iter().any(|trail| trail.attribute.is_none());
        let stays = self.table.tiers.iter().any(|band| band.stay.is_some());
        let lasts =
            self.table.rules.iter().any(|rule| matches!(rule, Rule::On(rule) if rule.lasts.is_some()));
        self.only_decays = marks && !stays && !lasts && !trails;
        for listed in &mut self.heard {
            let [OnRule { place, rule, .. }] = &*listed.rules else { continue };
            let EventRule { event: _, points, filter: None, once: false, cap: None, lasts: None, engages } =
                rule
            else {
                continue;
            };
            if let (super::Points::Fixed(points), true, false) = (points, marks, trails) {
                let engages = engages.unwrap_or(*points > 0);
                let Clamp { least, most } = self.bounds;
                listed.plain = Some(Plain {
                    still: if *points < 0 { least } else { most },
                    place: *place,
                    engages,
                    stands: self.steady.len() > 1,
                    points: *points,
                    least: self.bounds.least,
                    most: self.bounds.most,
                    every: self.table.decay.map_or(0, |decay| decay.every),
                });
            }
        }
    }

    /// Identifies the rules.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The first 8 bytes of the hash, as states keep it.
    #[must_use]
    pub fn short_hash(&self) -> u64 {
        self.short_hash
    }

    /// Whether a mark hangs on the months of a calendar, so that the contact's zone matters.
    #[must_use]
    pub fn counts_months(&self) -> bool {
        self.table.marks.iter().any(|rule| matches!(rule.kind, super::MarkKind::Challenge { .. }))
    }

    /// What was declared.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The event of this name, where a rule or a mark is about it.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<EventId> {
        self.events.get(name).copied()
    }

    /// Every event that a rule or a mark is about.
    pub fn events(&self) -> impl Iterator<Item = (&Name, EventId)> {
        self.events.iter().map(|(name, id)| (name, *id))
    }

    /// Whether a rule or a trail reads the attribute of this name.
    #[must_use]
    pub fn reads(&self, attribute: &str) -> bool {
        self.slots.iter().any(|slot| **slot == *attribute)
            || self.table.trails.iter().any(|trail| trail.attribute.as_deref() == Some(attribute))
            || self.table.rules.iter().any(|rule| matches!(rule, Rule::Custom(_)))
    }

    /// Whether a rule reads the tag of this name.
    #[must_use]
    pub fn reads_tag(&self, tag: &str) -> bool {
        self.tags.contains(tag) || self.table.rules.iter().any(|rule| matches!(rule, Rule::Custom(_)))
    }

    /// The attributes that conditions read, in the order in which [`fit`](Self::fit) takes their values.
    #[must_use]
    pub fn slots(&self) -> &[Name] {
        &self.slots
    }

    /// The points of all conditions that hold for these values, within the bounds; tags and functions of the
    /// script are left out.
    ///
    /// ```
    /// use journeyman::model::Value;
    /// use journeyman::rule::PredicateDefinition;
    /// use journeyman::rule::score::{ScoreModel, Table, WhenRule};
    /// let when = PredicateDefinition { attribute: Some("followers".into()), above: Some(1_000.into()), ..Default::default() };
    /// let mut table = Table::new();
    /// table.rules.push(WhenRule::new("size", when, 20).into());
    /// let model = ScoreModel::from_table(table)?;
    /// assert_eq!(model.slots(), ["followers".into()]);
    /// assert_eq!(model.fit(&[Some(&Value::from(2_000))]), 20);
    /// assert_eq!(model.fit(&[None]), 0);
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    #[must_use]
    pub fn fit(&self, values: &[Option<&Value>]) -> i64 {
        match self.fit.as_ref().and_then(|fit| fit.points(&Given(values))) {
            Some(points) => self.bounded(points),
            None => self.fit_in_order(values),
        }
    }

    /// The same one by one.
    #[inline(never)]
    fn fit_in_order(&self, values: &[Option<&Value>]) -> i64 {
        let source = Given(values);
        let points = |look: &Look| match &look.asks {
            Asks::When(question, points) if question.holds(&source) != look.not => *points,
            _ => 0,
        };
        self.looks.iter().fold(0, |sum, look| self.bounded(i64::saturating_add(sum, points(look))))
    }

    /// What a contact of whom nothing is known has.
    #[must_use]
    pub fn start(&self) -> ScoreState {
        ScoreState { model: self.short_hash, ..ScoreState::default() }
    }

    #[inline]
    pub(super) fn bounded(&self, value: i64) -> i64 {
        value.min(self.bounds.most).max(self.bounds.least)
    }

    /// The name of a rule, or of what else gives points.
    pub(super) fn rule_name(&self, place: u16) -> Option<&Name> {
        self.table.rules.get(usize::from(place)).map(Rule::name)
    }
}

/// What a rule that counts once is remembered by: its event, and its place among several of one event.
fn once_name(event: &Name, seen: &mut BTreeMap<Name, usize>) -> Name {
    let count = seen.entry(event.clone()).or_default();
    *count += 1;
    if *count == 1 { event.clone() } else { format!("{event} ({count})").into() }
}

fn steady(table: &Table) -> Vec<(i64, i64)> {
    let upper = |place: usize| table.tiers.get(place).map_or(i64::MAX, |band| band.from);
    let lowest = std::iter::once((i64::MIN, upper(0)));
    let bands = table.tiers.iter().enumerate();
    lowest
        .chain(bands.map(|(place, band)| (band.from.saturating_sub(band.hysteresis), upper(place + 1))))
        .collect()
}
