//! A definition goes in, a checked graph comes out; nothing half checked exists.

mod builder;
mod check;
mod compile;
mod definition;
mod dot;
mod graph;
mod mermaid;
#[cfg(feature = "schema")]
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveTime;

pub use builder::JourneyBuilder;
pub use check::{Scope, check};
#[cfg(feature = "yaml")]
pub use definition::parse_yaml;
pub use definition::{
    AlternativeDefinition, BranchDefinition, EntryDefinition, ExitDefinition, ExitKind, JourneyDefinition,
    MOST_AT_ONCE, MOST_DEFINITION, MOST_STEPS, OneOrMany, Reenter, SendDefinition, StepDefinition,
    TriggerDefinition, WaitForDefinition, WaitUntilDefinition, WayDefinition, parse_json,
};
pub use mermaid::parse_mermaid;
#[cfg(feature = "schema")]
pub use schema::json_schema;

use crate::error::BuildError;
use crate::model::{Hash, JourneyId, Name, NodeId};
use crate::rule::predicate::{Filter, Predicate};
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
    pub(crate) entries: Vec<Entry>,
    pub(crate) exits: Vec<Exit>,
    pub(crate) reenter: Reenter,
    pub(crate) max_duration: Option<Span>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) index: BTreeMap<NodeId, usize>,
}

/// A door into a journey.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: Name,
    pub(crate) filter: Filter,
    pub(crate) when: Option<Predicate>,
}

/// An event that ends an enrollment wherever it stands.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) event: Name,
    pub(crate) filter: Filter,
    pub(crate) kind: ExitKind,
}

/// A place in a journey.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) kind: NodeKind,
    /// The way out that most kinds take; absent where the journey is over.
    pub(crate) next: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Send { channel: Name, template: Name, purpose: Name, refused: Option<Target> },
    Wait { span: Span },
    WaitUntil { entry: Option<Span>, time: Option<NaiveTime> },
    WaitFor { alternatives: Vec<Alternative>, within: Span, otherwise: Option<usize> },
    Branch { ways: Vec<(Predicate, Option<usize>)>, otherwise: Option<usize> },
    Exit { name: Name },
}

/// Where an edge leads: a node, or the end of the journey.
pub(crate) type Target = Option<usize>;

#[derive(Clone, Debug)]
pub(crate) struct Alternative {
    pub(crate) event: Name,
    pub(crate) filter: Filter,
    pub(crate) next: Option<usize>,
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
