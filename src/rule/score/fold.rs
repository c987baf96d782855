//! The score of a history: what seeding, importing and explaining count with.

use chrono::DateTime;

use super::{Change, Heard, ScoreModel, ScoreState};
use crate::model::{Attributes, Contact, Name};
use crate::rule::Performed;
use crate::time::Zone;

/// Something in the history of a contact. Instants are milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Told<'a> {
    /// An event.
    Event {
        /// Its name.
        name: &'a Name,
        /// What is known of it.
        properties: &'a Attributes,
        /// When it happened.
        happened_at: i64,
        /// When it counts.
        at: i64,
    },
    /// What was known of the contact, all of it.
    Contact {
        /// The contact as it then was.
        contact: &'a Contact,
        /// Since when.
        at: i64,
    },
    /// Points that a step added.
    Granted {
        /// How many.
        points: i64,
        /// When.
        at: i64,
    },
    /// A value that the host told.
    Set {
        /// Which.
        value: i64,
        /// When.
        at: i64,
    },
    /// The zone of a contact that has none of its own; UTC unless said.
    Zone(&'a Zone),
}

/// A history that is counted piece by piece, with everything that falls due in between.
///
/// ```
/// use journeyman::model::Attributes;
/// use journeyman::rule::score::{Decay, EventRule, Fold, ScoreModel, Table, Told};
/// let mut table = Table::new();
/// table.rules.push(EventRule::new("message.replied", 10).into());
/// table.decay = Some(Decay::new(7_000, -5));
/// let model = ScoreModel::from_table(table)?;
/// let mut fold = Fold::new(&model);
/// let (name, properties) = ("message.replied".into(), Attributes::new());
/// fold.tell(Told::Event { name: &name, properties: &properties, happened_at: 0, at: 0 }, &mut |_, _| {});
/// let mut told = Vec::new();
/// fold.until(7_000, &mut |at, _| told.push(at));
/// assert_eq!((fold.state().value, told), (5, vec![7_000, 7_000])); // the points, and the score
/// # Ok::<(), journeyman::error::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fold<'m> {
    model: &'m ScoreModel,
    state: ScoreState,
    performed: Performed,
    zone: Zone,
    at: i64,
}

impl<'m> Fold<'m> {
    /// A contact of whom nothing is known yet.
    #[must_use]
    pub fn new(model: &'m ScoreModel) -> Self {
        let (state, performed) = (model.start(), Performed::default());
        Self { model, state, performed, zone: Zone::utc(), at: i64::MIN }
    }

    /// Counts one thing, after everything that was due at or before it. What would be earlier than the thing before it counts
    /// together with that.
    pub fn tell(&mut self, told: Told<'_>, sink: &mut impl FnMut(i64, Change)) {
        match told {
            Told::Event { name, properties, happened_at, at } => {
                let at = self.until(at, sink);
                let happened_at = happened_at.min(at);
                let instant = DateTime::from_timestamp_millis(happened_at).unwrap_or_default();
                self.performed.record(name, instant);
                if let Some(event) = self.model.event(name) {
                    let heard = Heard::new(properties, happened_at, at, &self.zone, &self.performed);
                    self.model.hear(&mut self.state, event, &heard, &mut |change| sink(at, change));
                }
            }
            Told::Contact { contact, at } => {
                let at = self.until(at, sink);
                if let Some(Ok(zone)) = contact.zone.as_deref().map(Zone::named) {
                    self.zone = zone;
                }
                self.model.look(&mut self.state, contact, at, &mut |change| sink(at, change));
            }
            Told::Granted { points, at } => {
                let at = self.until(at, sink);
                self.model.add(&mut self.state, points, at, &mut |change| sink(at, change));
            }
            Told::Set { value, at } => {
                let at = self.until(at, sink);
                self.model.set(&mut self.state, value, at, &mut |change| sink(at, change));
            }
            Told::Zone(zone) => self.zone = zone.clone(),
        }
    }

    /// Lets everything happen that is due until then, and answers the instant that was reached: never before one that was
    /// reached already.
    pub fn until(&mut self, at: i64, sink: &mut impl FnMut(i64, Change)) -> i64 {
        let at = at.max(self.at);
        self.model.pass(&mut self.state, at, &self.zone, sink);
        self.at = at;
        at
    }

    /// What came of it so far.
    #[must_use]
    pub fn state(&self) -> &ScoreState {
        &self.state
    }

    /// What came of it.
    #[must_use]
    pub fn into_state(self) -> ScoreState {
        self.state
    }
}

impl ScoreModel {
    /// The score of a history, with everything that was due until `until`.
    ///
    /// ```
    /// use journeyman::rule::score::{ScoreModel, Table, Told};
    /// let model = ScoreModel::from_table(Table::new())?;
    /// let history = [Told::Granted { points: 5, at: 0 }, Told::Granted { points: 2, at: 1 }];
    /// assert_eq!(model.fold(history, 10).value, 7);
    /// # Ok::<(), journeyman::error::BuildError>(())
    /// ```
    #[must_use]
    pub fn fold<'a>(&self, history: impl IntoIterator<Item = Told<'a>>, until: i64) -> ScoreState {
        let mut fold = Fold::new(self);
        for told in history {
            fold.tell(told, &mut |_, _| {});
        }
        fold.until(until, &mut |_, _| {});
        fold.into_state()
    }
}
