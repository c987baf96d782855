//! A scenario that was read whole and found to have no problem.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::{self, Answers};
use super::check::Catalog;
use super::comparison::Comparison;
use super::deed::{Act, Deed, Reading};
use super::definition::{self, Published};
use super::head::{self, Head};
use super::host::{self, HostAnswer};
use super::loader::{self, Folder, Loader};
use super::node::{Node, Unreadable};
use super::person::{self, Known, People, Person};
use super::place::{Place, Problems};
use super::timeline::Timeline;
use super::{MOST_SCENARIO, play};
use crate::error::{BuildError, Error};
use crate::model::{ContactId, Name};
use crate::port::store::Definition;
use crate::rule::Policy;
use crate::time::Zone;

/// People, what happens to them and when, and the journeys that they walk; read from a file and run in virtual time.
///
/// `docs/SCENARIOS.md` describes every field and every problem. Reading answers all problems at once, and a scenario that
/// was read runs: the same scenario gives the same [`Timeline`], to the byte.
///
/// ```
/// use journeyman::sim::Scenario;
/// let scenario = Scenario::from_yaml(r#"
/// scenario: hello
/// start: 2026-03-23T09:00:00+01:00
/// zone: Europe/Paris
/// journeys:
///   - journey: hello
///     version: 1
///     enter: { on: { event: signed_up } }
///     steps:
///       - { wait: 2d }
///       - { id: greet, send: { channel: email, template: hello, purpose: onboarding } }
/// templates:
///   - { template: hello, subject: "Bienvenue {{ contact.first_name }}", text: Bonjour }
/// contacts:
///   - id: lea
///     attributes: { first_name: Léa }
///     addresses: { email: lea@example.org }
///     consents: [ { purpose: onboarding } ]
/// inputs:
///   - { at: "+1h", contact: lea, event: signed_up }
/// "#, |path| Err(std::io::Error::other(format!("{path} is not given"))))?;
///
/// let timeline = scenario.run()?;
/// assert!(timeline.to_string().contains("Wed 25 Mar 10:00  day 2  sent email hello (onboarding): \"Bienvenue Léa\""));
/// assert_eq!(timeline.summary().sent["email"], 1);
/// # Ok::<(), journeyman::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(super) plan: Arc<Plan>,
}

/// Everything that a run is a function of.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) name: Name,
    pub(super) description: Option<Name>,
    pub(super) start: DateTime<Utc>,
    /// Absent where it goes on until nothing is waited for.
    pub(super) end: Option<DateTime<Utc>>,
    pub(super) zone: Zone,
    pub(super) zone_name: Name,
    pub(super) policy: Policy,
    pub(super) channels: Vec<Name>,
    /// Whether the channels are those that the journeys name.
    pub(super) any_channel: bool,
    pub(super) answers: Answers,
    pub(super) host: Vec<HostAnswer>,
    pub(super) definitions: Vec<Published>,
    pub(super) people: Vec<Person>,
    pub(super) deeds: Vec<Deed>,
}

impl Scenario {
    /// Reads a scenario in YAML. `loader` gives the text of the files that it names, by the path as it is written; nothing
    /// else is read from anywhere.
    ///
    /// # Errors
    /// [`BuildError`] with every problem of the scenario (`S001` and following) and of its definitions (their own codes).
    pub fn from_yaml(
        text: &str,
        mut loader: impl FnMut(&str) -> std::io::Result<String>,
    ) -> Result<Self, BuildError> {
        Self::read("scenario.yaml", text, &mut loader)
    }

    /// Reads a scenario in JSON.
    ///
    /// # Errors
    /// As [`from_yaml`](Scenario::from_yaml).
    pub fn from_json(
        text: &str,
        mut loader: impl FnMut(&str) -> std::io::Result<String>,
    ) -> Result<Self, BuildError> {
        Self::read("scenario.json", text, &mut loader)
    }

    /// Reads a scenario and the files that it names from the disk, JSON where the name ends so and YAML elsewhere.
    ///
    /// A scenario may come from somebody else, so its paths are relative, end in `.yaml`, `.yml`, `.json` or `.rhai`, and stay within
    /// the folder that holds its own folder: `welcome.yaml` and `../journeys/welcome.yaml` are read, `../../secrets.yaml`,
    /// `/etc/hosts` and a link that leads outside are `S002`. For another layout give a loader to
    /// [`from_yaml`](Scenario::from_yaml).
    ///
    /// # Errors
    /// As [`from_yaml`](Scenario::from_yaml), and `S002` where the file itself cannot be read.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, BuildError> {
        let path = path.as_ref();
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        let (folder, text) = Folder::of(path).map_err(|error| {
            let sentence = format!("the scenario cannot be read: {}", loader::why(&error));
            let mut problems = Problems::default();
            problems.tell("S002", path.display(), sentence, "name a file that exists");
            BuildError { diagnostics: problems.0 }
        })?;
        Self::read(&name, &text, &mut |path| folder.read(path))
    }

    fn read(name: &str, text: &str, loader: Loader<'_>) -> Result<Self, BuildError> {
        let mut problems = Problems::default();
        if text.len() > MOST_SCENARIO {
            let sentence = format!("the scenario is larger than the limit of {MOST_SCENARIO} bytes");
            problems.tell("S003", name, sentence, "make many contacts from one entry, by count");
            return Err(BuildError { diagnostics: problems.0 });
        }
        let parsed = if name.ends_with(".json") { Node::parse_json(text) } else { Node::parse(text) };
        let node = parsed.map_err(|error| unreadable(name, error))?;
        let place = Place::file(name, &node);
        place.is_map_of(&head::FIELDS, &mut problems);
        let plan = Plan::read(&place, loader, &mut problems);
        BuildError::unless_empty(problems.0)?;
        Ok(Self { plan: Arc::new(plan) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.plan.description.as_deref()
    }

    /// How many contacts it has.
    #[must_use]
    pub fn contacts(&self) -> usize {
        self.plan.people.len()
    }

    /// How many inputs it has, each counted once for every contact that it concerns and for every repetition.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.plan.deeds.len()
    }

    /// The same scenario with some of its contacts and what concerns them and everybody; unknown ids are passed over.
    ///
    /// A contact alone walks as it does among the others, unless they share an address.
    #[must_use]
    pub fn only<'c>(&self, contacts: impl IntoIterator<Item = &'c ContactId>) -> Self {
        let wanted: BTreeSet<&ContactId> = contacts.into_iter().collect();
        let kept = |person: &Person| wanted.contains(&person.contact.id);
        let mut next = 0;
        let places: Vec<Option<u32>> = self
            .plan
            .people
            .iter()
            .map(|person| {
                let place = kept(person).then_some(next);
                next += u32::from(place.is_some());
                place
            })
            .collect();
        let mut plan = Plan::clone(&self.plan);
        plan.people.retain(kept);
        plan.deeds.retain_mut(|deed| match deed.person {
            None => true,
            Some(person) => {
                deed.person = usize::try_from(person).ok().and_then(|person| *places.get(person)?);
                deed.person.is_some()
            }
        });
        Self { plan: Arc::new(plan) }
    }

    /// The same scenario with other definitions: each takes the place of the journey (all its versions), the template or
    /// the score of its name, or is added.
    ///
    /// # Errors
    /// [`BuildError`] with every problem of the definitions, channels and templates that the scenario does not have included.
    pub fn with(&self, definitions: impl IntoIterator<Item = Definition>) -> Result<Self, BuildError> {
        let fresh: Vec<Published> =
            definitions.into_iter().map(|definition| Published { definition, origin: "".into() }).collect();
        let named: BTreeSet<(&str, &str)> = fresh.iter().map(|one| called(&one.definition)).collect();
        let mut plan = Plan::clone(&self.plan);
        plan.definitions.retain(|one| !named.contains(&called(&one.definition)));
        plan.definitions.extend(fresh);
        let mut problems = Problems::default();
        plan.complete_channels();
        plan.check(&mut problems);
        BuildError::unless_empty(problems.0)?;
        Ok(Self { plan: Arc::new(plan) })
    }

    /// Runs it: through an engine on a memory store whose clock is moved from one instant of interest to the next.
    ///
    /// # Errors
    /// [`Error`] where the engine refuses what no reading can see; of a scenario that was read, none is known.
    pub fn run(&self) -> Result<Timeline, Error> {
        pollster::block_on(play::play(&self.plan))
    }

    /// Runs an old and a new scenario and says what differs: `Scenario::compare(&old, &new)`.
    ///
    /// # Errors
    /// As [`run`](Scenario::run).
    pub fn compare(&self, new: &Self) -> Result<Comparison, Error> {
        Ok(Comparison::of(&self.run()?, &new.run()?))
    }
}

/// What it is, and its name.
fn called(definition: &Definition) -> (&'static str, &str) {
    if let Definition::Journey(journey) = definition {
        ("journey", &journey.journey)
    } else if let Definition::Template(template) = definition {
        ("template", &template.template)
    } else if let Definition::Score(score) = definition {
        ("score", &score.score)
    } else {
        ("", "")
    }
}

fn unreadable(name: &str, error: Unreadable) -> BuildError {
    let place = match error.place {
        Some((line, column)) => format!("{name} line {line} column {column}"),
        None => name.to_owned(),
    };
    let mut problems = Problems::default();
    problems.tell("S001", place, error.sentence, "mend the scenario there");
    BuildError { diagnostics: problems.0 }
}

impl Plan {
    fn read(place: &Place<'_>, loader: Loader<'_>, problems: &mut Problems) -> Self {
        let head = Head::read(place, problems);
        let mut definitions = Vec::new();
        for field in ["templates", "scores", "journeys"] {
            if let Some(place) = place.get(field) {
                definitions.extend(definition::read(&place, loader, problems));
            }
        }
        let given = place.get("channels").map(|place| place.names(problems));
        let mut plan = Self {
            name: head.name,
            description: head.description,
            start: head.calendar.start,
            end: head.end,
            zone: head.calendar.zone.clone(),
            zone_name: head.zone,
            policy: head.policy,
            any_channel: given.is_none(),
            channels: given.unwrap_or_default(),
            answers: Answers::default(),
            host: Vec::new(),
            definitions,
            people: Vec::new(),
            deeds: Vec::new(),
        };
        // What is published later names channels, templates and journeys too.
        let later = published_later(place, loader);
        plan.name_channels(&later);
        let names = |kind: &str| -> BTreeSet<Name> {
            let all = plan.definitions.iter().chain(&later).map(|one| called(&one.definition));
            all.filter(|(is, _)| *is == kind).map(|(_, name)| name.into()).collect()
        };
        let (journeys, templates) = (names("journey"), names("template"));
        let known = || Known { channels: &plan.channels, templates: &templates, journeys: &journeys };
        let mut people = People::default();
        if let Some(place) = place.get("contacts") {
            people.read(&place, &known(), problems);
        }
        let answers = place.get("channel_answers").map(|place| {
            let known = known();
            answer::read(&place, |name| person::names(&known, name), problems)
        });
        let host = place.get("answers").map(|place| {
            host::read(&place, |name| plan.channels.iter().any(|channel| **channel == *name), problems)
        });
        let mut reading = Reading {
            calendar: &head.calendar,
            end: plan.end,
            known: known(),
            people: &people,
            deeds: Vec::new(),
            looked: 0,
            timed: head.timed,
        };
        if let Some(place) = place.get("inputs") {
            reading.all(&place, loader, problems);
        }
        plan.deeds = reading.deeds;
        plan.answers = Answers { all: answers.unwrap_or_default(), own: people.answers };
        plan.host = host.unwrap_or_default();
        plan.people = people.all;
        plan.check(problems);
        plan
    }

    /// Adds the channels that definitions name, unless the scenario names its own.
    fn name_channels(&mut self, later: &[Published]) {
        if self.any_channel {
            let named = self.definitions.iter().chain(later).flat_map(Published::channels);
            let all: BTreeSet<Name> = named.chain(self.channels.iter().cloned()).collect();
            self.channels = all.into_iter().collect();
        }
    }

    fn complete_channels(&mut self) {
        self.name_channels(&[]);
    }

    /// Publishes everything in order, as the engine will.
    fn check(&self, problems: &mut Problems) {
        let mut catalog = Catalog::new(&self.channels);
        catalog.publish(&self.definitions, problems);
        for deed in &self.deeds {
            if let Act::Publish(batch) = &*deed.act {
                catalog.publish(batch, problems);
            }
        }
    }
}

/// The definitions of all inputs that publish; what is wrong with them is told where the inputs are read.
fn published_later(place: &Place<'_>, loader: Loader<'_>) -> Vec<Published> {
    let mut found = Vec::new();
    if let Some(inputs) = place.get("inputs") {
        for item in inputs.items() {
            if let Some(publish) = item.get("publish") {
                found.extend(definition::read(&publish, loader, &mut Problems::default()));
            }
        }
    }
    found
}
