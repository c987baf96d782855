//! How runs of one version of a journey are led to another one, as data that is checked before anybody moves.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::compile::nearest;
use super::{Journey, Node, NodeKind, Target};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Deed, NodeId};

/// How runs of one version of a journey are led to another one: which step follows which.
///
/// A step that both versions have under one name follows itself; `steps` names what follows the others, and `removed` says
/// what becomes of those whose step has no successor. In YAML, JSON or Rust.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use journeyman::journey::{MigrationDefinition, Waits, parse_yaml};
/// let migration: MigrationDefinition =
///     parse_yaml("{ migrate: welcome, from: 1, to: 2, steps: { proof: story }, removed: next, waits: recompute }")?;
/// assert_eq!(migration, MigrationDefinition::new("welcome", 1, 2).step("proof", "story").removed_go_on().waits(Waits::Recompute));
/// # }
/// # Ok::<(), journeyman::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MigrationDefinition {
    /// The journey.
    pub migrate: String,
    /// The version whose runs are moved.
    pub from: u32,
    /// The version that they are moved to; newer, and published.
    pub to: u32,
    /// The step of the new version that follows a step of the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, String>,
    /// What becomes of runs whose step has no successor; without it, every step must have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed>,
    /// What becomes of a wait that was begun.
    #[serde(default, skip_serializing_if = "Waits::is_keep")]
    pub waits: Waits,
}

/// What becomes of runs whose step is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Removed {
    /// They arrive at the first following step of the old version, by its main way on, that has a successor; where there is
    /// none, they end.
    Next,
    /// They end.
    Exit,
}

/// What becomes of a wait that was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Waits {
    /// It goes on until the instant that it was given, where the new step waits in the same way; else it begins anew.
    #[default]
    Keep,
    /// It begins anew: the new step is arrived at now.
    Restart,
    /// It counts from the old arrival with the new step's span, where that waits in the same way; what is over by then, is
    /// over now.
    Recompute,
}

impl Waits {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks by reference
    fn is_keep(&self) -> bool {
        *self == Self::Keep
    }
}

/// A migration that was accepted, with who asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Migration {
    /// Who follows what.
    pub map: MigrationDefinition,
    /// Who asked for it, and why.
    pub by: Deed,
}

impl Migration {
    /// Puts one together.
    #[must_use]
    pub fn new(map: MigrationDefinition, by: Deed) -> Self {
        Self { map, by }
    }
}

/// Where a migration leads a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// To a step of the new version.
    Step(usize),
    /// Out of the journey.
    Exit,
}

impl MigrationDefinition {
    /// A migration under which each step is followed by the one of its name.
    #[must_use]
    pub fn new(journey: impl Into<String>, from: u32, to: u32) -> Self {
        Self { migrate: journey.into(), from, to, ..Self::default() }
    }

    /// Names the successor of a step.
    #[must_use]
    pub fn step(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.steps.insert(old.into(), new.into());
        self
    }

    /// Leads runs whose step is gone to what followed it.
    #[must_use]
    pub fn removed_go_on(mut self) -> Self {
        self.removed = Some(Removed::Next);
        self
    }

    /// Ends runs whose step is gone.
    #[must_use]
    pub fn removed_exit(mut self) -> Self {
        self.removed = Some(Removed::Exit);
        self
    }

    /// Says what becomes of waits that were begun; they are kept unless said.
    #[must_use]
    pub fn waits(mut self, waits: Waits) -> Self {
        self.waits = waits;
        self
    }

    /// Checks the map against the two versions; `None` for one that is not published.
    ///
    /// # Errors
    /// [`BuildError`] with every problem: a version that is not published (`J091`), or not newer than the one that is left
    /// (`J092`), a step that does not exist on the left (`J093`) or on the right (`J094`), a step that leads nowhere (`J095`),
    /// and a map by which nobody finds a place (`J096`).
    ///
    /// ```
    /// use journeyman::Journey;
    /// use journeyman::journey::MigrationDefinition;
    /// use journeyman::time::Span;
    /// let draft = |version| Journey::builder("hello").version(version).enter_on("signed_up");
    /// let old = draft(1).wait(Span::days(1)).id("pause").exit("end", "done").build()?;
    /// let new = draft(2).wait(Span::days(2)).id("rest").exit("end", "done").build()?;
    /// let problems = MigrationDefinition::new("hello", 1, 2).check(Some(&old), Some(&new)).unwrap_err();
    /// assert_eq!((problems.diagnostics[0].code, problems.diagnostics[0].place.as_str()), ("J095", "hello/steps.pause"));
    /// MigrationDefinition::new("hello", 1, 2).step("pause", "rest").check(Some(&old), Some(&new))?;
    /// # Ok::<(), journeyman::BuildError>(())
    /// ```
    pub fn check(&self, from: Option<&Journey>, to: Option<&Journey>) -> Result<(), BuildError> {
        let mut problems = Vec::new();
        let mut problem = |code, place: &str, sentence: String, next: String| {
            problems.push(Diagnostic::new(code, format!("{}/{place}", self.migrate), sentence, next));
        };
        for (field, version, found) in [("from", self.from, from), ("to", self.to, to)] {
            if found.is_none() {
                let sentence = format!("version {version} of {} is not published", self.migrate);
                problem("J091", field, sentence, "publish it first, or name one that is".to_owned());
            }
        }
        if self.to <= self.from {
            let sentence = format!("version {} is not newer than version {}", self.to, self.from);
            let next = "publish what shall hold as a newer version, and migrate to that";
            problem("J092", "to", sentence, next.to_owned());
        }
        for (old, new) in &self.steps {
            let sides = [("J093", from, self.from, old), ("J094", to, self.to, new)];
            for (code, journey, version, name) in sides {
                let Some(journey) = journey.filter(|journey| journey.node(&name.as_str().into()).is_none())
                else {
                    continue;
                };
                let next = match nearest(name, journey.index.keys().map(NodeId::as_str)) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("name a step of version {version}"),
                };
                problem(
                    code,
                    &format!("steps.{old}"),
                    format!("version {version} has no step {name:?}"),
                    next,
                );
            }
        }
        if let (Some(from), Some(to)) = (from, to) {
            self.check_steps(from, to, &mut problem);
        }
        BuildError::unless_empty(problems)
    }

    fn check_steps(
        &self,
        from: &Journey,
        to: &Journey,
        problem: &mut impl FnMut(&'static str, &str, String, String),
    ) {
        let steps = || (0..from.definition.steps.len()).filter_map(|step| from.nodes.get(step));
        for node in steps() {
            let named = self.steps.contains_key(node.id.as_str());
            if !named && self.landing(from, to, &node.id).is_none() {
                let sentence = match to.node(&node.id) {
                    None => format!("version {} has no step {}", self.to, node.id),
                    Some(_) => format!("{} is a number and no name, and says another thing there", node.id),
                };
                let next = "name what follows it, or add removed: next or exit";
                problem("J095", &format!("steps.{}", node.id), sentence, next.to_owned());
            }
        }
        let nobody = steps().all(|node| self.successor(from, to, &node.id).is_none());
        if nobody && self.steps.is_empty() {
            let sentence = format!("no step of version {} has a successor in version {}", self.from, self.to);
            let next = "name under steps what follows what; to let everybody go, use leave";
            problem("J096", "steps", sentence, next.to_owned());
        }
    }

    /// Where a run that stands at a node is led; `None` where the map does not say, and then it stays.
    pub(crate) fn landing(&self, from: &Journey, to: &Journey, node: &NodeId) -> Option<Landing> {
        if let Some(step) = self.successor(from, to, node) {
            return Some(Landing::Step(step));
        }
        // Who has not come in yet goes in.
        if from.node(node).is_some_and(|node| node >= from.definition.steps.len()) {
            return Some(Landing::Step(to.door));
        }
        match self.removed? {
            Removed::Exit => Some(Landing::Exit),
            Removed::Next => {
                let mut passed = BTreeSet::new();
                let mut here = from.node(node)?;
                while passed.insert(here) {
                    let Some(next) = from.nodes.get(here).and_then(main_way) else { break };
                    let Some(node) = from.nodes.get(next) else { break };
                    if let Some(step) = self.successor(from, to, &node.id) {
                        return Some(Landing::Step(step));
                    }
                    here = next;
                }
                Some(Landing::Exit)
            }
        }
    }

    /// The step that follows one: the one that the map names, else the one of the same name.
    pub(crate) fn successor(&self, from: &Journey, to: &Journey, node: &NodeId) -> Option<usize> {
        if let Some(named) = self.steps.get(node.as_str()) {
            return to.node(&named.as_str().into());
        }
        let (old, new) = (from.node(node)?, to.node(node)?);
        let (old, other) = (from.definition.steps.get(old), to.definition.steps.get(new));
        // A step without a name is known by its number, which moves when another one is put before it.
        let is_named = |step: Option<&super::StepDefinition>| step.is_some_and(|step| step.id.is_some());
        ((is_named(old) && is_named(other)) || old == other).then_some(new)
    }
}

/// The way out that a step takes where nothing speaks for another one.
fn main_way(node: &Node) -> Target {
    match &node.kind {
        NodeKind::Branch { otherwise, .. } => *otherwise,
        NodeKind::Split(split) => split.ways.first().and_then(|(_, _, to)| *to),
        NodeKind::Exit { .. } => None,
        _ => node.next,
    }
}
