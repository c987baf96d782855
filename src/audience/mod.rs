//! Every contact in columns, so that a segment is sized at once: also one that nobody saved yet.
//!
//! An [`Audience`] is a copy in memory of what segments ask about: it belongs to the host, which [puts](Audience::put) a
//! contact's state wherever it changed and lets it [hear](Audience::hear) every event, once each. It answers what a recount of
//! everybody would answer, to the millisecond, at any instant: windows count back from the instant that is asked for, so an
//! instant ahead says who will be left if nothing happens.
//!
//! ```text
//!            contacts, by row                          events, by name, in order of their instants
//!   country  plan  score  tags      consents            app.opened   contact │ instant │ properties
//!   ┌────┐  ┌───┐ ┌─────┐ vip 0110  newsletter 1101         ┌────────────────────────────┐
//!   │ fr │  │ a │ │ 700 │ new 1000  tracking   0100         │        …        │ 30 days ▓│ ◄─ a window is the end of it
//!   └────┘  └───┘ └─────┘                                   └────────────────────────────┘
//! ```
//!
//! What columns do not keep, a draft is refused for, with code and next step: since when something has been so
//! (`held_for`), and lines of ranks. A saved segment of that kind counts, where another one names it, as whoever was last
//! put there. Lists of more than 4,096 values, which the engine cuts, are whole here.

mod amounts;
mod asked;
mod bits;
mod column;
mod dictionary;
mod distribution;
mod draft;
mod evaluation;
mod log;
mod members;
mod moment;
mod profile;
mod ranks;
mod read;
mod read_events;
mod roster;
mod rows;
mod sequence;
mod slots;
mod tally;
#[cfg(test)]
mod tests;

pub use distribution::{By, Distribution, Group};
pub use draft::Draft;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use self::bits::Bits;
use self::evaluation::Evaluation;
use self::log::Log;
use self::profile::{MOST_COLUMNS, Profile};
use self::read::Reader;
use self::roster::Roster;
use crate::error::BuildError;
use crate::machine::ContactState;
use crate::model::{Attributes, ContactId, Name};
use crate::rule::Policy;
use crate::rule::segment::SegmentDefinition;
use crate::time::Zone;

/// Every contact in columns.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use journeyman::audience::Audience;
/// use journeyman::model::Attributes;
/// use journeyman::rule::segment::SegmentDefinition;
/// use journeyman::time::Zone;
///
/// let mut audience = Audience::new(Zone::named("Europe/Paris")?);
/// let opened: DateTime<Utc> = "2026-03-01T09:00:00Z".parse()?;
/// audience.hear(&"lea".into(), "app.opened", &Attributes::new(), opened);
///
/// let definition: SegmentDefinition =
///     serde_json::from_str(r#"{"segment": "active", "where": {"event": "app.opened", "within": "30d"}}"#)?;
/// let active = audience.draft(&definition, &[])?;
/// let last: DateTime<Utc> = "2026-03-31T08:59:59.999Z".parse()?;
/// assert_eq!(audience.size(&active, last), 1);
/// assert_eq!(audience.size(&active, "2026-03-31T09:00:00Z".parse()?), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Audience {
    zone: Zone,
    roster: Roster,
    profile: Profile,
    history: BTreeMap<Name, Log>,
    /// Whether a name of events was left out.
    full: bool,
    /// Which segments are profiling for marketing, and who refuses it.
    policy: Policy,
    /// Who may not be profiled.
    unprofiled: Bits,
    /// Who once might not be, and from when on what happens counts again; in milliseconds.
    anew: BTreeMap<u32, i64>,
}

impl Default for Audience {
    fn default() -> Self {
        Self::new(Zone::utc())
    }
}

/// Events of people who are gone are swept out once so many rows are empty, besides a small part of the rest.
const FEW_EMPTY: usize = 1_024;

impl Audience {
    /// Nobody yet. `zone` is that of whoever has none of its own: the program's.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        let (roster, profile, history) = (Roster::default(), Profile::default(), BTreeMap::new());
        let (policy, unprofiled, anew) = (Policy::default(), Bits::default(), BTreeMap::new());
        Self { zone, roster, profile, history, full: false, policy, unprofiled, anew }
    }

    /// Says by which policy drafts are asked: who may not be profiled for marketing is in none but those for a purpose that is owed
    /// by it (GDPR art. 21(3)). Without one no purpose is.
    ///
    /// ```
    /// use journeyman::audience::Audience;
    /// use journeyman::machine::{ContactState, Hot};
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::rule::{Policy, Purpose};
    ///
    /// let policy = Policy::default().purpose(Purpose::legal_obligation("exclusion"));
    /// let mut audience = Audience::default().policy(policy);
    /// let mut lea = ContactState::new("lea".into());
    /// lea.hot = serde_json::from_str::<Hot>(r#"{"now": 1, "profiling": {"off_since": 1}}"#)?;
    /// audience.put(&lea);
    ///
    /// let all: SegmentDefinition = serde_json::from_str(r#"{"segment": "all", "where": {"not": {"tag": "vip"}}}"#)?;
    /// let at = chrono::DateTime::UNIX_EPOCH;
    /// assert_eq!(audience.size(&audience.draft(&all, &[])?, at), 0);
    /// let all = all.purpose("exclusion");
    /// assert_eq!(audience.size(&audience.draft(&all, &[])?, at), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.ask_by(policy);
        self
    }

    /// The same, for the engine that keeps it.
    pub(crate) fn ask_by(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Takes in what is known of a contact now, in place of what was known before; events are told by
    /// [`hear`](Audience::hear). Of attributes the first 1,024 by name are
    /// kept, of tags and the like the first 4,096; a draft that asks for what was left out is refused.
    ///
    /// ```
    /// use journeyman::audience::Audience;
    /// use journeyman::machine::ContactState;
    /// let mut audience = Audience::default();
    /// audience.put(&ContactState::new("lea".into()));
    /// assert_eq!(audience.len(), 1);
    /// ```
    pub fn put(&mut self, state: &ContactState) {
        if let Some(row) = self.roster.enter(state.cold.contact.id.as_str()) {
            self.profile.put(row, state);
            let profiling = &state.hot.profiling;
            let (contact, standing) = (&state.cold.contact, &state.cold.standing);
            let stops = self.policy.stops_profiling(contact, standing, profiling.merged);
            match profiling.off_since.is_some() || stops {
                true => drop(self.unprofiled.insert(row)),
                false => drop(self.unprofiled.remove(row)),
            }
            match profiling.from {
                Some(from) => drop(self.anew.insert(row, from)),
                None => drop(self.anew.remove(&row)),
            }
        }
    }

    /// Counts an event, once for each time that it is told; its instant is cut to whole milliseconds. It may come late, and it
    /// may lie ahead. Of each name the first 64 properties are kept, and the first 1,024 names.
    pub fn hear(&mut self, contact: &ContactId, event: &str, properties: &Attributes, at: DateTime<Utc>) {
        let Some(row) = self.roster.enter(contact.as_str()) else { return };
        let known = self.history.len();
        match self.history.get_mut(event) {
            Some(log) => log.push(row, properties, at.timestamp_millis()),
            None if known < MOST_COLUMNS && !self.full => {
                self.history.entry(event.into()).or_default().push(row, properties, at.timestamp_millis());
            }
            None => self.full = true,
        }
    }

    /// Forgets a contact, at once: its id, what was known of it, and what its events were like, down to every text and name
    /// that nobody else has. That events of these names happened at those instants, to nobody, goes with the next sweep.
    /// It looks through all events, and takes milliseconds for millions.
    ///
    /// ```
    /// use journeyman::audience::Audience;
    /// use journeyman::machine::ContactState;
    /// let mut audience = Audience::default();
    /// audience.put(&ContactState::new("lea".into()));
    /// audience.forget(&"lea".into());
    /// assert!(audience.is_empty());
    /// ```
    pub fn forget(&mut self, contact: &ContactId) {
        if !self.leave(contact) {
            return;
        }
        let known = self.roster.known();
        self.history.retain(|_, log| log.wipe(known));
    }

    /// Forgets a contact of whom everything is told again next: what its old events were like goes with the next sweep, or as
    /// soon as anybody is forgotten.
    pub(crate) fn renew(&mut self, contact: &ContactId) {
        self.leave(contact);
    }

    /// Empties the row of a contact; answers whether it had one.
    fn leave(&mut self, contact: &ContactId) -> bool {
        let Some(row) = self.roster.row(contact.as_str()) else { return false };
        self.profile.erase(row);
        self.unprofiled.remove(row);
        self.anew.remove(&row);
        self.roster.leave(row);
        if self.roster.empty() > FEW_EMPTY + self.roster.rows() / 16 {
            self.sweep();
        }
        true
    }

    fn sweep(&mut self) {
        if self.roster.empty() > 0 {
            let known = self.roster.known();
            self.history.values_mut().for_each(|log| log.retain(known));
            self.roster.release();
        }
    }

    /// Brings late events into order, sweeps out those of people who are gone, and gives unused room back: worth it once,
    /// after everything was read in.
    pub fn tidy(&mut self) {
        self.sweep();
        self.history.values_mut().for_each(|log| {
            log.settle();
            log.shrink();
        });
        self.history.retain(|_, log| log.len() > 0);
        self.roster.shrink();
        self.profile.shrink();
    }

    /// How many contacts are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roster.count()
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads a segment, saved or not; `saved` are the segments that it may name, of which the highest versions count.
    ///
    /// # Errors
    /// [`BuildError`] with every problem of any of them, as where segments are published, and then, as `S040`, with what
    /// columns do not keep.
    ///
    /// ```
    /// use journeyman::audience::Audience;
    /// use journeyman::rule::segment::SegmentDefinition;
    /// let settled: SegmentDefinition =
    ///     serde_json::from_str(r#"{"segment": "settled", "where": {"tag": "customer", "held_for": "90d"}}"#)?;
    /// let refused = Audience::default().draft(&settled, &[]).unwrap_err();
    /// assert_eq!(refused.diagnostics[0].code, "S040"); // next step: ask Engine::count
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn draft(
        &self,
        definition: &SegmentDefinition,
        saved: &[SegmentDefinition],
    ) -> Result<Draft, BuildError> {
        Reader::read(self, definition, saved)
    }

    /// How many contacts a draft holds at an instant, exactly.
    #[must_use]
    pub fn size(&self, draft: &Draft, at: DateTime<Utc>) -> u64 {
        Evaluation::run(self, draft, at.timestamp_millis()).count()
    }

    /// Whom a draft holds at an instant, in the order in which they became known.
    pub fn members(&self, draft: &Draft, at: DateTime<Utc>) -> impl Iterator<Item = ContactId> {
        evaluation::contacts(self, Evaluation::run(self, draft, at.timestamp_millis()))
    }

    /// How those whom a draft holds at an instant are spread over what is asked for, each combination with its number.
    ///
    /// ```
    /// use journeyman::Contact;
    /// use journeyman::audience::{Audience, By};
    /// use journeyman::machine::ContactState;
    /// use journeyman::rule::segment::SegmentDefinition;
    /// let mut audience = Audience::default();
    /// for (id, city) in [("lea", "Lyon"), ("max", "Paris"), ("zoe", "Lyon")] {
    ///     let mut state = ContactState::new(id.into());
    ///     std::sync::Arc::make_mut(&mut state.cold).contact = Contact::new(id).attribute("city", city).tag("fan");
    ///     audience.put(&state);
    /// }
    /// let fans: SegmentDefinition = serde_json::from_str(r#"{"segment": "fans", "where": {"tag": "fan"}}"#)?;
    /// let fans = audience.draft(&fans, &[])?;
    /// let cities = audience.distribution(&fans, &[By::attribute("city")], chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(cities.to_string(), "city   contacts\nLyon          2\nParis         1\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn distribution(&self, draft: &Draft, by: &[By], at: DateTime<Utc>) -> Distribution {
        let members = Evaluation::run(self, draft, at.timestamp_millis());
        distribution::of(self, &members, by)
    }

    /// How many contacts are in a saved segment, as they were last put: a number that is kept, whatever the size.
    ///
    /// ```
    /// use journeyman::audience::Audience;
    /// use journeyman::machine::{ContactState, Hot};
    /// let mut state = ContactState::new("lea".into());
    /// state.hot = serde_json::from_str::<Hot>(r#"{"now": 0, "rating": {"segments": {"active": null}}}"#)?;
    /// let mut audience = Audience::default();
    /// audience.put(&state);
    /// assert_eq!(audience.size_of("active"), 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn size_of(&self, segment: &str) -> u64 {
        self.profile.segments.at(&Name::from(segment)).map_or(0, members::Members::count)
    }

    /// The saved segments that anybody is in, as contacts were last put.
    pub fn segments(&self) -> impl Iterator<Item = &Name> {
        self.profile.segments.keys()
    }

    /// How much memory it takes, in bytes, unused room included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let logs: usize = self.history.iter().map(|(name, log)| name.len() + 64 + log.bytes()).sum();
        self.roster.bytes() + self.profile.bytes() + logs
    }
}
