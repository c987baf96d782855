//! What undoes a step becomes hidden nodes behind those of the steps, which no edge leads to.

use std::collections::BTreeSet;

use super::Compiler;
use crate::journey::definition::{StepDefinition, UndoDefinition};
use crate::journey::undo::Undoing;
use crate::journey::{Node, NodeKind};
use crate::model::{Name, NodeId};

/// The ends that every journey can come to, by their words.
const ENDS: [&str; 9] =
    ["completed", "goal", "exit", "max_duration", "left", "late", "date_moved", "ejected", "migrated"];

impl Compiler<'_> {
    /// Adds the hidden nodes, and says which ends ask for them.
    pub(super) fn undoing(&mut self, nodes: &mut Vec<Option<Node>>) -> Undoing {
        let definition = self.definition;
        let mut undoing = Undoing { on: self.ends_that_undo(), ..Undoing::default() };
        for (step, step_definition) in definition.steps.iter().enumerate() {
            let actions = step_definition.undo.as_slice();
            if actions.is_empty() {
                continue;
            }
            let place = format!("{}.undo", self.place(step));
            self.can_be_undone(step_definition, &place);
            if actions.len() > UndoDefinition::MOST {
                let sentence = format!(
                    "{} actions undo the step and the limit is {}",
                    actions.len(),
                    UndoDefinition::MOST
                );
                self.problem("J076", &place, sentence, "undo it with fewer");
            }
            let mut names = Vec::with_capacity(actions.len());
            for (number, action) in actions.iter().enumerate() {
                let place = if actions.len() == 1 { place.clone() } else { format!("{place}[{number}]") };
                let suffix = if number == 0 { "undo".to_owned() } else { format!("undo.{}", number + 1) };
                let name = NodeId::from(format!("{}.{suffix}", self.names[step]));
                let kind = self.undo(step, action, &place);
                self.hide(nodes, name.clone(), kind, &place);
                names.push(name);
            }
            undoing.nodes.insert(self.names[step].clone(), names);
        }
        match (undoing.on.is_empty(), undoing.nodes.is_empty()) {
            (true, false) => {
                let next = "add undo_on: [goal], or another end";
                self.problem("J078", "undo_on", "no end asks for what undoes the steps", next);
            }
            (false, true) => {
                let next = "add undo to a step, or take undo_on away";
                self.problem("J078", "undo_on", "no step says what undoes it", next);
            }
            _ => {}
        }
        undoing
    }

    fn undo(&mut self, step: usize, action: &UndoDefinition, place: &str) -> Option<NodeKind> {
        let definition = action.step();
        let given = self.actions_of(&definition);
        let [kind] = given.as_slice() else {
            let sentence = match given.len() {
                0 => "nothing undoes the step".to_owned(),
                several => format!("one action undoes {several} things: {}", given.join(", ")),
            };
            self.problem(
                "J076",
                place,
                sentence,
                "write one of call, set, score, emit or release, or a list of them",
            );
            return None;
        };
        let leads = action.call.as_ref().is_some_and(|call| {
            !call.results.is_empty() || call.refused.is_some() || call.otherwise.is_some()
        });
        if leads {
            let next = "take results, refused and otherwise away";
            self.problem("J083", &format!("{place}.call"), "what undoes a step leads nowhere", next);
        }
        self.kind_of(step, &definition, None, &format!("{place}.{kind}"))
    }

    /// Only what changes something can be undone.
    fn can_be_undone(&mut self, definition: &StepDefinition, place: &str) {
        let actions = self.actions_of(definition);
        let nothing = ["wait", "wait_until", "wait_for", "branch", "split", "jump", "release", "exit"];
        for action in actions.iter().filter(|action| nothing.contains(action)) {
            let sentence = format!("{action} does nothing that could be undone");
            self.problem("J077", place, sentence, "put undo at the step that does it");
        }
    }

    fn ends_that_undo(&mut self) -> BTreeSet<Name> {
        let definition = self.definition;
        let own: Vec<&str> = definition.steps.iter().filter_map(|step| step.exit.as_deref()).collect();
        for word in definition.undo_on.as_slice() {
            let known = || ENDS.into_iter().chain(own.iter().copied());
            if !known().any(|known| known == word) {
                let next = match super::nearest(word, known()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("write {} or the name of an exit step", ENDS.join(", ")),
                };
                self.problem("J078", "undo_on", format!("no run ends by {word:?}"), next);
            }
        }
        definition.undo_on.as_slice().iter().map(|word| word.as_str().into()).collect()
    }

    /// Adds a node that no edge leads to.
    pub(super) fn hide(
        &mut self,
        nodes: &mut Vec<Option<Node>>,
        id: NodeId,
        kind: Option<NodeKind>,
        place: &str,
    ) {
        if self.index.contains_key(&id) {
            let sentence = format!("the name {id} is taken by a step");
            self.problem("J082", place, sentence, "rename that step");
            return;
        }
        self.index.insert(id.clone(), nodes.len());
        nodes.push(kind.map(|kind| Node { id, kind, next: None }));
    }
}
