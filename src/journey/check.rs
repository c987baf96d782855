//! What a journey names and only its surroundings can know: channels, templates, purposes.

use std::collections::BTreeSet;

use super::compile::nearest;
use super::{Journey, NodeKind};
use crate::error::{BuildError, Diagnostic};
use crate::model::Name;

/// What a journey may name; `None` means that it is not known here and not checked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Scope {
    /// The channels of the host.
    pub channels: Option<BTreeSet<Name>>,
    /// The published templates.
    pub templates: Option<BTreeSet<Name>>,
    /// The purposes that contacts can consent to.
    pub purposes: Option<BTreeSet<Name>>,
}

/// Checks every name that a journey mentions.
///
/// # Errors
/// [`BuildError`] with every send whose channel (`J017`), template (`J018`) or purpose (`J036`) is unknown.
pub fn check(journey: &Journey, scope: &Scope) -> Result<(), BuildError> {
    let mut problems = Vec::new();
    for (step, node) in journey.nodes.iter().enumerate() {
        let NodeKind::Send { channel, template, purpose, .. } = &node.kind else { continue };
        let named = [
            ("J017", "channel", channel, &scope.channels, "give the engine a channel of this name"),
            ("J018", "template", template, &scope.templates, "publish a template of this name first"),
            ("J036", "purpose", purpose, &scope.purposes, "declare the purpose"),
        ];
        for (code, field, name, known, next) in named {
            let Some(known) = known.as_ref().filter(|known| !known.contains(name)) else { continue };
            let place = match &journey.definition.steps[step].id {
                Some(id) => format!("{}/steps[{step}] ({id}).send.{field}", journey.id),
                None => format!("{}/steps[{step}].send.{field}", journey.id),
            };
            let next = match nearest(name, known.iter().map(|name| &**name)) {
                Some(near) => format!("did you mean {near}?"),
                None => next.to_owned(),
            };
            problems.push(Diagnostic::new(code, place, format!("the {field} {name:?} is unknown"), next));
        }
    }
    BuildError::unless_empty(problems)
}
