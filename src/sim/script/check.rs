//! Whether everything that a scenario publishes can be published, in the order in which it does so.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::Published;
use super::place::Problems;
use crate::error::BuildError;
use crate::journey::{Journey, Scope, ScoreNames, check};
use crate::model::Name;
use crate::port::store::Definition;

/// What is published so far.
#[derive(Default)]
pub(super) struct Catalog<'c> {
    journeys: BTreeMap<(&'c str, u32), &'c Published>,
    templates: BTreeSet<Name>,
    scores: BTreeMap<Name, ScoreNames>,
    channels: BTreeSet<Name>,
}

impl<'c> Catalog<'c> {
    pub(super) fn new(channels: &[Name]) -> Self {
        Self { channels: channels.iter().cloned().collect(), ..Self::default() }
    }

    /// Publishes several definitions at once, as an engine would.
    pub(super) fn publish(&mut self, batch: &'c [Published], problems: &mut Problems) {
        let mut fresh: BTreeMap<&str, &Published> = BTreeMap::new();
        for published in batch {
            if let Definition::Template(template) = &published.definition {
                self.templates.insert(template.template.as_str().into());
                let other = fresh.insert(&template.template, published);
                if other.is_some_and(|other| other.definition != published.definition) {
                    let sentence = format!("the template {} is there twice", template.template);
                    problems.tell("S020", &published.origin, sentence, "rename one of them");
                }
            }
        }
        let mut scores: BTreeMap<&str, &Published> = BTreeMap::new();
        for published in batch {
            if let Definition::Score(score) = &published.definition
                && scores
                    .insert(&score.score, published)
                    .is_some_and(|other| other.definition != published.definition)
            {
                let sentence = format!("the score {} is there twice", score.score);
                problems.tell("S020", &published.origin, sentence, "rename one of them");
            }
            // What is wrong with a script is told below.
            if let Definition::Score(score) = &published.definition
                && let Ok(model) = score.compile()
            {
                self.scores.insert(score.score.as_str().into(), ScoreNames::of(&model));
            }
        }
        let scope = Scope {
            channels: Some(self.channels.clone()),
            templates: Some(self.templates.clone()),
            scores: self.scores.clone(),
            ..Scope::default()
        };
        for published in batch {
            let checked = if let Definition::Journey(journey) = &published.definition {
                let version = (journey.journey.as_str(), journey.version);
                let other = self.journeys.insert(version, published);
                if other.is_some_and(|other| other.definition != published.definition) {
                    let (journey, version) = version;
                    let sentence = format!("journey {journey} version {version} is there twice");
                    problems.tell("S020", &published.origin, sentence, "raise the version of one");
                }
                Journey::compile(journey).and_then(|journey| check(&journey, &scope))
            } else if let Definition::Template(template) = &published.definition {
                template.compile().map(drop)
            } else if let Definition::Score(score) = &published.definition {
                score.compile().map(drop)
            } else {
                Ok(())
            };
            let found = checked.err().map_or_else(Vec::new, |BuildError { diagnostics }| diagnostics);
            problems.0.extend(found.into_iter().map(|problem| published.found(problem)));
        }
    }
}
