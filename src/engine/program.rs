//! What is published, and the program that a worker builds from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use super::Engine;
use crate::error::{BuildError, Diagnostic, Error};
use crate::journey::{Journey, JourneyDefinition, Lints, Scope, ScoreNames, Surroundings, check, lint};
use crate::machine::{Program, ProgramParts, Scored};
use crate::model::{Deed, Name};
use crate::port::store::{CatalogSnapshot, Definition, Edition, Pausable};
use crate::rule::score::ScoreDefinition;
use crate::rule::segment::SegmentDefinition;
use crate::rule::{EventSchema, Template, TemplateDefinition};

/// A program and the templates that belong to its revision.
pub(super) struct Loaded {
    pub(super) program: Program,
    pub(super) templates: BTreeMap<Name, Template>,
    /// Whether what is said reads scores, or what happened to the contact.
    pub(super) reads_numbers: bool,
    /// The newest schema of each event that has one.
    pub(super) schemas: BTreeMap<Name, EventSchema>,
    /// The newest version of each segment that ranks.
    pub(super) ranks: Vec<SegmentDefinition>,
}

impl From<Journey> for Definition {
    fn from(journey: Journey) -> Self {
        Definition::Journey(JourneyDefinition::clone(&journey.definition))
    }
}

impl From<JourneyDefinition> for Definition {
    fn from(definition: JourneyDefinition) -> Self {
        Definition::Journey(definition)
    }
}

impl From<EventSchema> for Definition {
    fn from(schema: EventSchema) -> Self {
        Definition::Schema(schema)
    }
}

impl From<ScoreDefinition> for Definition {
    fn from(definition: ScoreDefinition) -> Self {
        Definition::Score(definition)
    }
}

impl From<SegmentDefinition> for Definition {
    fn from(definition: SegmentDefinition) -> Self {
        Definition::Segment(definition)
    }
}

impl From<TemplateDefinition> for Definition {
    fn from(definition: TemplateDefinition) -> Self {
        Definition::Template(definition)
    }
}

impl Engine {
    /// Publishes journeys and templates in one go: all of them or none. The same definition again changes nothing.
    ///
    /// A published journey version never changes; contacts in it stay on it, and new ones enter the highest version.
    ///
    /// # Errors
    /// [`Error::Build`] with every problem of every definition, channels, templates and journeys that do not exist
    /// included;
    /// [`Error::Store`] where a journey version is published with other content, or the store fails.
    pub async fn publish(&self, definitions: impl IntoIterator<Item = Definition>) -> Result<(), Error> {
        self.publish_with(definitions.into_iter().collect(), None).await
    }

    /// [`publish`](Engine::publish), with who did it and why on record beside each template that changes; see
    /// [`template_history`](Engine::template_history).
    ///
    /// # Errors
    /// As [`publish`](Engine::publish); [`Error::Invalid`] for a deed that says too little or too much.
    pub async fn publish_as(
        &self,
        definitions: impl IntoIterator<Item = Definition>,
        deed: Deed,
    ) -> Result<(), Error> {
        self.check_deed(&deed)?;
        self.publish_with(definitions.into_iter().collect(), Some(&deed)).await
    }

    /// Every edition of a template, oldest first; the last one is what everybody gets who is told something by it from now
    /// on, in flight too. Empty where no template has the name.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::model::Deed;
    /// # use journeyman::rule::TemplateDefinition;
    /// # futures::executor::block_on(async {
    /// # let engine = journeyman::Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).build();
    /// engine.publish([TemplateDefinition::new("hello").text("Bienvneue").into()]).await?;
    /// let mended = TemplateDefinition::new("hello").text("Bienvenue");
    /// engine.publish_as([mended.into()], Deed::new("ana", "a typo")).await?;
    ///
    /// let history = engine.template_history("hello").await?;
    /// assert_eq!(history.len(), 2);
    /// assert_eq!(history[1].by.as_ref().map(|by| &*by.who), Some("ana"));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn template_history(&self, template: &str) -> Result<Vec<Edition>, Error> {
        Ok(self.shared.store.history(template).await?)
    }

    async fn publish_with(&self, definitions: Vec<Definition>, by: Option<&Deed>) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot().await?;
        let mut definitions = definitions;
        take_purposes(&mut definitions, &snapshot);
        self.check(&definitions, &snapshot)?;
        let lints = self.lints(&definitions, &snapshot);
        BuildError::unless_empty(lints.refused)?;
        for warning in &lints.warnings {
            tracing::warn!(code = warning.code, "{warning}");
        }
        let revision = self.shared.store.publish_by(&definitions, by).await?;
        tracing::info!(revision, definitions = definitions.len(), "published");
        if definitions.iter().any(|definition| matches!(definition, Definition::Schema(_))) {
            // The next event is judged by it, whoever ticks.
            *self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.wake();
        Ok(())
    }

    /// Reads definitions as [`publish`](Engine::publish) would, and publishes nothing: what it would refuse because of the
    /// sending rules, and what it would only warn of in the log. Journeys that are published already are read again where
    /// one of their templates is among the definitions.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::Journey;
    /// # use journeyman::rule::TemplateDefinition;
    /// # futures::executor::block_on(async {
    /// # let sms = journeyman::channel::RecordingChannel::new("sms");
    /// # let engine = journeyman::Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).channel(sms).build();
    /// let template = TemplateDefinition::new("help").text("Tu galères ? Réponds HELP et je t'appelle. STOP au 36111");
    /// let journey = Journey::builder("care").enter_on("stuck").send("ask", "sms", "help", "care").build()?;
    /// let lints = engine.lint([template.into(), journey.into()]).await?;
    /// assert_eq!(lints.warnings[0].to_string(), "J132 care/steps[0] (ask).send.template: it asks for the answer HELP, \
    ///     which networks act on; ask for another word; this one may never reach you");
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`] for definitions that are wrong in themselves; [`Error::Store`].
    pub async fn lint(&self, definitions: impl IntoIterator<Item = Definition>) -> Result<Lints, Error> {
        let definitions: Vec<Definition> = definitions.into_iter().collect();
        let snapshot = self.shared.store.snapshot().await?;
        self.check(&definitions, &snapshot)?;
        Ok(self.lints(&definitions, &snapshot))
    }

    /// Reads the journeys that are new, and those that say something by a template that is.
    fn lints(&self, definitions: &[Definition], snapshot: &CatalogSnapshot) -> Lints {
        let mut templates: BTreeMap<Name, &TemplateDefinition> = BTreeMap::new();
        for definition in snapshot.definitions.iter().chain(definitions) {
            if let Definition::Template(template) = definition {
                templates.insert(template.template.as_str().into(), template);
            }
        }
        let changed = |name: &str| {
            definitions.iter().any(|new| matches!(new, Definition::Template(new) if new.template == name))
        };
        let (policy, zone) = (&self.shared.policy, &self.shared.zone);
        let surroundings = Surroundings::new(policy, &templates, zone, self.shared.store.clock().now());
        let surroundings =
            if self.shared.links.is_some() { surroundings } else { surroundings.without_links() };
        let mut lints = Lints::default();
        let mut read = |journey: &JourneyDefinition| {
            if let Ok(journey) = self.shared.compiled.journey(journey) {
                let found = lint(&journey, &surroundings);
                lints.refused.extend(found.refused);
                lints.warnings.extend(found.warnings);
            }
        };
        for definition in definitions {
            if let Definition::Journey(journey) = definition {
                read(journey);
            }
        }
        for definition in &snapshot.definitions {
            let Definition::Journey(journey) = definition else { continue };
            let sends = journey.steps.iter().filter_map(|step| step.send.as_ref());
            let mut named = sends.flat_map(|send| send.template.iter().chain(send.templates.values()));
            if named.any(|name| changed(name)) && !definitions.contains(definition) {
                read(journey);
            }
        }
        lints
    }

    pub(super) fn check(
        &self,
        definitions: &[Definition],
        snapshot: &CatalogSnapshot,
    ) -> Result<(), BuildError> {
        // Rules that cannot hold would hold back everything that is published now.
        self.shared.policy.check()?;
        let mut problems = Vec::new();
        let (mut templates, mut journeys) = (BTreeSet::new(), BTreeSet::new());
        let (mut scores, mut segments) = (BTreeMap::new(), Vec::new());
        let declared = declared(snapshot.definitions.iter().chain(definitions));
        for definition in snapshot.definitions.iter().chain(definitions) {
            match definition {
                Definition::Score(score) => {
                    if let Ok(model) = self.shared.compiled.score(score, self.shared.custom_scores) {
                        scores.insert(score.score.as_str().into(), ScoreNames::of(&model));
                    }
                }
                Definition::Template(template) => drop(templates.insert(template.template.as_str().into())),
                Definition::Journey(journey) => drop(journeys.insert(journey.journey.as_str().into())),
                Definition::Segment(segment) => segments.push(segment.clone()),
                Definition::Schema(_) | Definition::Line(_) => {}
            }
        }
        let scope = Scope {
            channels: Some(self.shared.channels.keys().cloned().collect()),
            templates: Some(templates),
            purposes: self.shared.purposes.clone(),
            journeys: Some(journeys),
            scores,
            segments: (!segments.is_empty())
                .then(|| segments.iter().map(|one| one.segment.as_str().into()).collect()),
            declared,
            owed: self.shared.policy.owed().cloned().collect(),
            unsaid: self.shared.policy.unsaid().cloned().collect(),
        };
        // They read each other, so they are judged together, and where one is new.
        if definitions.iter().any(|definition| matches!(definition, Definition::Segment(_))) {
            let judged = self.shared.compiled.segments(segments, &snapshot.lines());
            problems.extend(judged.err().into_iter().flat_map(|error| error.diagnostics));
        }
        for definition in definitions {
            let checked = match definition {
                Definition::Template(template) => {
                    template.compile().and_then(|template| self.check_links(&template))
                }
                Definition::Schema(schema) => schema.check(),
                Definition::Segment(_) | Definition::Line(_) => Ok(()),
                Definition::Score(score) => check_name(score)
                    .and_then(|()| self.shared.compiled.score(score, self.shared.custom_scores).map(drop)),
                Definition::Journey(journey) => {
                    Journey::compile(journey).and_then(|journey| check(&journey, &scope))
                }
            };
            problems.extend(checked.err().into_iter().flat_map(|error| error.diagnostics));
        }
        BuildError::unless_empty(problems)
    }

    /// Holds a journey's people where they are, or a channel's messages. What was due before happens as if nothing had
    /// been paused; what is due from now on waits for [`resume`](Engine::resume). Nobody enters a paused journey; goals and
    /// exits still end it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn pause(&self, target: &Pausable) -> Result<(), Error> {
        self.shared.store.pause(target).await?;
        Ok(())
    }

    /// Lets a journey's people, or a channel's messages, go on. A step that was due in the meantime happens now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn resume(&self, target: &Pausable) -> Result<(), Error> {
        self.shared.store.resume(target).await?;
        self.wake();
        Ok(())
    }

    /// Whether what was published when the program was loaded last reads scores, or what happened to contacts.
    pub(super) fn reads_numbers(&self) -> bool {
        let loaded = self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.as_ref().is_some_and(|loaded| loaded.reads_numbers)
    }

    /// The program of at least revision `revision`, loaded anew where the one at hand is another.
    pub(super) async fn program(&self, revision: Option<u64>) -> Result<Arc<Loaded>, Error> {
        let at_hand = self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(loaded) = at_hand
            && revision.is_none_or(|revision| loaded.program.catalog == revision)
        {
            return Ok(loaded);
        }
        let snapshot = self.shared.store.snapshot().await?;
        let loaded = Arc::new(self.load(snapshot)?);
        tracing::debug!(revision = loaded.program.catalog, hash = %loaded.program.hash, "program loaded");
        *self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(loaded.clone());
        Ok(loaded)
    }

    /// Everything was checked when it was published; what does not compile now was published by a newer version.
    fn load(&self, snapshot: CatalogSnapshot) -> Result<Loaded, Error> {
        let compiled = &self.shared.compiled;
        let unknown = |error: BuildError| Error::Catalog { reason: error.to_string() };
        let (mut journeys, mut templates) = (Vec::new(), BTreeMap::new());
        let (mut scores, mut segments) = (BTreeMap::new(), Vec::new());
        let mut schemas: BTreeMap<Name, EventSchema> = BTreeMap::new();
        for definition in &snapshot.definitions {
            match definition {
                Definition::Journey(journey) => journeys.push(compiled.journey(journey).map_err(unknown)?),
                Definition::Schema(schema) => {
                    let newest =
                        schemas.entry(schema.event.as_str().into()).or_insert_with(|| schema.clone());
                    if newest.version < schema.version {
                        newest.clone_from(schema);
                    }
                }
                Definition::Template(template) => {
                    let template = compiled.template(template).map_err(unknown)?;
                    templates.insert(template.name.clone(), template);
                }
                Definition::Segment(segment) => segments.push(segment.clone()),
                Definition::Line(_) => {}
                Definition::Score(score) => {
                    let model = compiled.score(score, self.shared.custom_scores).map_err(unknown)?;
                    scores.insert(
                        score.score.as_str().into(),
                        Scored::new(model, score.history).purpose(score.purpose.as_deref()),
                    );
                }
            }
        }
        let lines = snapshot.lines();
        let ranks = ranks(&segments);
        let segments = compiled.segments(segments, &lines).map_err(unknown)?;
        let program = Program::new(ProgramParts {
            namespace: snapshot.namespace,
            catalog: snapshot.revision,
            journeys,
            pauses: snapshot.pauses,
            archived: snapshot.archived,
            policy: self.shared.policy.clone(),
            zone: self.shared.zone.clone(),
            holdout: self.shared.holdout,
            calendars: self.shared.calendars.clone(),
            scores,
            segments,
            lines,
        });
        let reads_numbers = templates.values().any(Template::reads_numbers) || program.reads_numbers();
        Ok(Loaded { program, templates, reads_numbers, schemas, ranks })
    }
}

/// The purposes that templates declare; of two templates of one name the later one.
fn declared<'d>(definitions: impl Iterator<Item = &'d Definition>) -> BTreeMap<Name, Name> {
    let mut declared = BTreeMap::new();
    for definition in definitions {
        if let Definition::Template(template) = definition {
            let name = Name::from(template.template.as_str());
            match &template.purpose {
                Some(purpose) => drop(declared.insert(name, purpose.as_str().into())),
                None => drop(declared.remove(&name)),
            }
        }
    }
    declared
}

/// Gives each send that names no purpose the one that its template declares, for good: another edition of the template
/// does not change what a published journey says something for.
fn take_purposes(definitions: &mut [Definition], snapshot: &CatalogSnapshot) {
    let declared = declared(snapshot.definitions.iter().chain(definitions.iter()));
    for definition in definitions {
        let Definition::Journey(journey) = definition else { continue };
        for send in journey.steps.iter_mut().filter_map(|step| step.send.as_mut()) {
            let template = send.template.as_deref().map(str::trim);
            if let (None, Some(template)) = (&send.purpose, template) {
                send.purpose = declared.get(template).map(|purpose| purpose.to_string());
            }
        }
    }
}

/// The newest versions that rank.
fn ranks(segments: &[SegmentDefinition]) -> Vec<SegmentDefinition> {
    let mut newest: BTreeMap<&str, &SegmentDefinition> = BTreeMap::new();
    for segment in segments {
        let known = newest.entry(&segment.segment).or_insert(segment);
        if known.version < segment.version {
            *known = segment;
        }
    }
    newest.into_values().filter(|segment| segment.rank.is_some()).cloned().collect()
}

/// A score has a name that others can say.
fn check_name(score: &ScoreDefinition) -> Result<(), BuildError> {
    let (name, most) = (score.score.as_str(), ScoreDefinition::MOST_NAME);
    let sentence = match name.len() {
        _ if name.trim().is_empty() => "the score has no name".to_owned(),
        length if length > most => format!("the name has {length} bytes and the limit is {most}"),
        _ => return Ok(()),
    };
    let shown: String = name.chars().take(32).collect();
    Err(BuildError {
        diagnostics: vec![Diagnostic::new("J031", shown, sentence, "write the name, such as spark")],
    })
}
