//! A definition goes in, a checked graph comes out; nothing half checked exists.

mod builder;
mod check;
mod compile;
mod definition;
mod dot;
mod graph;
mod lint;
mod mermaid;
mod migration;
mod node;
#[cfg(feature = "schema")]
mod schema;
mod trigger;
pub(crate) mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use builder::JourneyBuilder;
pub use check::{Scope, ScoreNames, check};
#[cfg(feature = "yaml")]
pub use definition::parse_yaml;
pub use definition::{
    AlternativeDefinition, AnswerKind, AssignDefinition, BranchDefinition, CallDefinition, CapDefinition,
    Capped, ConfirmDefinition, CountedFrom, Deadline, DeadlineDefinition, EmitDefinition, EnterDefinition,
    EntryDefinition, ExitDefinition, ExitKind, HoursDefinition, JourneyDefinition, JumpDefinition, Late,
    LateDefinition, LeaveDefinition, LotDefinition, MOST_AT_ONCE, MOST_DEFINITION, MOST_STEPS, Moves,
    OneOrMany, Reenter, ReenterDefinition, ReleaseDefinition, ReserveDefinition, ResultDefinition,
    RetryDefinition, ScoreDefinition, SendDefinition, SenderDefinition, SetDefinition, Spacing,
    SplitDefinition, StepDefinition, TriggerDefinition, UndoDefinition, WaitForDefinition, WaitSince,
    WaitUntilDefinition, WayDefinition, WithdrawDefinition, parse_json,
};
pub use lint::{Lints, Surroundings, lint};
pub use mermaid::parse_mermaid;
pub(crate) use migration::Landing;
pub use migration::{Migration, MigrationDefinition, Removed, Waits};
pub(crate) use node::{
    AssignNode, Base, CallNode, Cause, Confirm, Enter, Node, NodeKind, Reserve, Send, Set, Split, Target,
    WaitFor, WaitUntil, Withdraw,
};
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub(crate) use trigger::{Occurrence, Trigger};

use crate::error::BuildError;
use crate::model::{Hash, JourneyId, Name, NodeId};
use crate::rule::Predicate;
use crate::time::{Span, Zone};

/// A compiled journey: immutable, versioned, shared. It exists only if its definition has no problem.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use journeyman::Journey;
/// let journey = Journey::from_yaml(r#"
/// journey: hello
/// version: 1
/// enter: { on: { event: signed_up } }
/// steps:
///   - { id: greet, send: { channel: email, template: hello, purpose: onboarding } }
///   - { wait: 2d }
///   - { id: again, send: { channel: email, template: still_there, purpose: marketing } }
/// "#)?;
/// assert_eq!((journey.id.as_str(), journey.version), ("hello", 1));
/// # }
/// # Ok::<(), journeyman::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Journey {
    /// The name, the same for all versions.
    pub id: JourneyId,
    /// Which version.
    pub version: u32,
    /// The hash of its definition.
    pub hash: Hash,
    /// What it was compiled from.
    pub definition: Arc<JourneyDefinition>,
    pub(crate) zone: Option<Zone>,
    pub(crate) window: Window,
    pub(crate) holdout: u8,
    pub(crate) spacing: Spacing,
    pub(crate) late: Option<LateDefinition>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) exits: Vec<Exit>,
    pub(crate) reentry: Reentry,
    pub(crate) max_duration: Option<Span>,
    pub(crate) undoing: undo::Undoing,
    /// The node at which one enters.
    pub(crate) door: usize,
    pub(crate) nodes: Vec<Node>,
    pub(crate) index: BTreeMap<NodeId, usize>,
}

/// A door into a journey.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) trigger: Trigger,
    pub(crate) when: Option<Predicate>,
    /// Whether it opens at publication to those who qualify by then.
    pub(crate) existing: bool,
}

/// Something that ends an enrollment wherever it stands.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) trigger: Trigger,
    pub(crate) when: Option<Predicate>,
    pub(crate) kind: ExitKind,
}

/// When one may enter, `[opens, closes)`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    pub(crate) opens: Option<DateTime<Utc>>,
    pub(crate) closes: Option<DateTime<Utc>>,
}

impl Window {
    pub(crate) fn contains(&self, at: DateTime<Utc>) -> bool {
        self.opens.is_none_or(|opens| opens <= at) && self.closes.is_none_or(|closes| at < closes)
    }
}

/// Whether one contact may enter again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reentry {
    /// After this span, counted from there; never where absent.
    pub(crate) again: Option<(Span, CountedFrom)>,
    /// Each value of this property of the entering event has runs of its own.
    pub(crate) one_per: Option<Name>,
    /// An active enrollment does not block a new one.
    pub(crate) concurrent: bool,
    /// The least time between two entries.
    pub(crate) gap: Option<Span>,
}

impl Journey {
    /// Begins a journey written in Rust; it produces the same definition as a file would.
    pub fn builder(journey: impl Into<String>) -> JourneyBuilder {
        JourneyBuilder::new(journey)
    }

    /// Reads and compiles a definition in JSON.
    ///
    /// # Errors
    /// [`BuildError`] with the place of a syntax error, or with every problem of the definition.
    pub fn from_json(text: &str) -> Result<Self, BuildError> {
        parse_json::<JourneyDefinition>(text).and_then(|definition| Self::compile(&definition))
    }

    /// Reads and compiles a definition in YAML.
    ///
    /// # Errors
    /// [`BuildError`] with the place of a syntax error, or with every problem of the definition.
    #[cfg(feature = "yaml")]
    pub fn from_yaml(text: &str) -> Result<Self, BuildError> {
        parse_yaml::<JourneyDefinition>(text).and_then(|definition| Self::compile(&definition))
    }

    /// Compiles a definition.
    ///
    /// # Errors
    /// [`BuildError`] with every problem of the definition, each with a code, a place, a sentence and the next step.
    pub fn compile(definition: &JourneyDefinition) -> Result<Self, BuildError> {
        compile::compile(definition)
    }

    pub(crate) fn node(&self, id: &NodeId) -> Option<usize> {
        self.index.get(id).copied()
    }
}
