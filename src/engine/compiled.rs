//! What was compiled already, so that a catalog that changes is not compiled anew as a whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::BuildError;
use crate::journey::{Journey, JourneyDefinition};
use crate::model::Name;
use crate::rule::score::{ScoreDefinition, ScoreModel};
use crate::rule::segment::{Line, SegmentDefinition, Segments};
use crate::rule::{Template, TemplateDefinition};

/// Compiled definitions by their names, each beside what it was compiled from. Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct Compiled {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    journeys: BTreeMap<(String, u32), Arc<Journey>>,
    templates: BTreeMap<String, (TemplateDefinition, Template)>,
    scores: BTreeMap<String, Arc<ScoreModel>>,
    segments: Option<KnownSegments>,
}

/// All segments, beside what they were compiled from.
#[derive(Clone)]
struct KnownSegments {
    definitions: Vec<SegmentDefinition>,
    lines: BTreeMap<Name, Line>,
    segments: Arc<Segments>,
}

impl Compiled {
    pub(super) fn journey(&self, definition: &JourneyDefinition) -> Result<Arc<Journey>, BuildError> {
        let key = (definition.journey.clone(), definition.version);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).journeys.get(&key).cloned();
        if let Some(journey) = known.filter(|journey| *journey.definition == *definition) {
            return Ok(journey);
        }
        let journey = Arc::new(Journey::compile(definition)?);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).journeys.insert(key, journey.clone());
        Ok(journey)
    }

    pub(super) fn template(&self, definition: &TemplateDefinition) -> Result<Template, BuildError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let template = known.templates.get(&definition.template);
        if let Some((_, template)) = template.filter(|(other, _)| other == definition) {
            return Ok(template.clone());
        }
        let template = definition.compile()?;
        known.templates.insert(definition.template.clone(), (definition.clone(), template.clone()));
        Ok(template)
    }

    /// All segments together, as they read each other.
    pub(super) fn segments(
        &self,
        definitions: Vec<SegmentDefinition>,
        lines: &BTreeMap<Name, Line>,
    ) -> Result<Arc<Segments>, BuildError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).segments.clone();
        let same = |known: &KnownSegments| known.definitions == definitions && known.lines == *lines;
        if let Some(known) = known.filter(same) {
            return Ok(known.segments);
        }
        let segments = Arc::new(Segments::compile(definitions.clone(), lines)?);
        let known = KnownSegments { definitions, lines: lines.clone(), segments: segments.clone() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).segments = Some(known);
        Ok(segments)
    }

    /// `custom` says whether its script may have functions of its own.
    pub(super) fn score(
        &self,
        definition: &ScoreDefinition,
        custom: bool,
    ) -> Result<Arc<ScoreModel>, BuildError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let model = known.scores.get(&definition.score);
        if let Some(model) = model.filter(|model| model.hash() == definition.hash()) {
            return Ok(model.clone());
        }
        let model = Arc::new(definition.compile_by(ScoreModel::builder().custom(custom))?);
        known.scores.insert(definition.score.clone(), model.clone());
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_compiled_again_and_what_changed_is() {
        let compiled = Compiled::default();
        let one = Journey::builder("one").enter_on("e").exit("end", "done").build().unwrap();
        let first = compiled.journey(&one.definition).unwrap();
        assert!(Arc::ptr_eq(&first, &compiled.clone().journey(&one.definition).unwrap()));
        let mut other = JourneyDefinition::clone(&one.definition);
        other.description = Some("edited".to_owned());
        let second = compiled.journey(&other).unwrap();
        assert!(!Arc::ptr_eq(&first, &second) && second.hash != first.hash);

        let hello = TemplateDefinition::new("hello").text("Bonjour");
        let hash = compiled.template(&hello).unwrap().hash;
        assert_eq!(compiled.template(&hello).unwrap().hash, hash);
        assert_ne!(compiled.template(&hello.text("Bonsoir")).unwrap().hash, hash);
    }
}
