//! What a journey names and only its surroundings can know: channels, templates, purposes, other journeys.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::nearest;
use super::definition::TriggerDefinition;
use super::{Journey, NodeKind, Send};
use crate::error::{BuildError, Diagnostic};
use crate::model::{JourneyId, Name, Value};
use crate::rule::PredicateDefinition;
use crate::rule::is_third_party;
use crate::rule::score::ScoreModel;

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
    /// The journeys that are published, or are published together with this one; a journey always knows itself.
    pub journeys: Option<BTreeSet<JourneyId>>,
    /// The scores that have rules, published or together with this journey; what others are called, the host knows.
    pub scores: BTreeMap<Name, ScoreNames>,
    /// The segments that are published, or are published together with this journey; not known where there are none, for
    /// then the host alone says who is in one.
    pub segments: Option<BTreeSet<Name>>,
    /// The purposes that templates declare, by template.
    pub declared: BTreeMap<Name, Name>,
    /// The purposes that a contract or a law demands: templates that declare them alone may say them.
    pub owed: BTreeSet<Name>,
    /// The purposes that no message is for: by which third parties are told, tracking, profiling.
    pub unsaid: BTreeSet<Name>,
}

/// What a journey may name of a score that has rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScoreNames {
    /// Its tiers.
    pub tiers: BTreeSet<Name>,
    /// Its marks.
    pub marks: BTreeSet<Name>,
}

impl ScoreNames {
    /// The names that the rules of a score declare.
    #[must_use]
    pub fn of(model: &ScoreModel) -> Self {
        let table = model.table();
        Self {
            tiers: table.tiers.iter().map(|band| band.tier.clone()).collect(),
            marks: table.marks.iter().map(|rule| rule.mark.clone()).collect(),
        }
    }
}

/// Checks every name that a journey mentions.
///
/// # Errors
/// [`BuildError`] with every send or call whose channel (`J017`), template (`J018`) or purpose (`J036`) is unknown, with every
/// other journey that is entered, left or waited for and is unknown (`J056`), with every tier (`J097`) and mark (`J098`)
/// that the rules of its score do not declare, with every segment that is unknown where some are published (`J113`), with every send for another purpose than its
/// template declares (`J120`) or for one that is owed by a template that declares none (`J121`), and with every step that would tell a
/// third party of the contact (`J124`).
///
/// ```
/// use journeyman::Journey;
/// use journeyman::journey::{Scope, check};
/// let journey = Journey::builder("hello").enter_on("signed_up").send("greet", "emial", "hello", "onboarding").build()?;
/// let mut scope = Scope::default();
/// scope.channels = Some(["email".into()].into());
/// let problem = &check(&journey, &scope).unwrap_err().diagnostics[0];
/// assert_eq!((problem.code, problem.next.as_str()), ("J017", "did you mean email?"));
/// # Ok::<(), journeyman::BuildError>(())
/// ```
pub fn check(journey: &Journey, scope: &Scope) -> Result<(), BuildError> {
    let mut problems = Vec::new();
    for (step, node) in journey.nodes.iter().enumerate() {
        if let NodeKind::Call(call) = &node.kind
            && let Some(known) = scope.channels.as_ref().filter(|known| !known.contains(&call.channel))
        {
            let word = journey.definition.steps.get(step).map_or("call", |step| match step {
                step if step.assign.is_some() => "assign",
                step if step.hand_over.is_some() => "hand_over",
                _ => "call",
            });
            let place = format!("{}.{word}.channel", place_of(journey, step));
            let sentence = format!("the channel {:?} is unknown", call.channel);
            let next = "give the engine a channel of this name";
            problems.push(unknown(
                "J017",
                place,
                sentence,
                &call.channel,
                known.iter().map(|name| &**name),
                next,
            ));
        }
        if let NodeKind::Call(call) = &node.kind {
            not_shared(&call.channel, None, scope, &place_of(journey, step), &mut problems);
        }
        if let NodeKind::Reserve(reserve) = &node.kind
            && let Some(known) = scope.channels.as_ref().filter(|known| !known.contains(&reserve.quota))
        {
            let place = match reserve.at_the_door {
                true => format!("{}/cap.quota", journey.id),
                false => format!("{}.reserve.quota", place_of(journey, step)),
            };
            let sentence = format!("the quota {:?} is unknown", reserve.quota);
            let next = "give the engine a quota of this name";
            let near = known.iter().map(|name| &**name);
            problems.push(unknown("J017", place, sentence, &reserve.quota, near, next));
        }
        if let NodeKind::Withdraw(withdraw) = &node.kind {
            let named = [
                (
                    "J017",
                    "channel",
                    &withdraw.channel,
                    &scope.channels,
                    "give the engine a channel of this name",
                ),
                ("J036", "purpose", &withdraw.purpose, &scope.purposes, "declare the purpose"),
            ];
            for (code, field, name, known, next) in named {
                let Some((name, known)) = name.as_ref().zip(known.as_ref()) else { continue };
                if known.contains(name) {
                    continue;
                }
                let place = format!("{}.withdraw.{field}", place_of(journey, step));
                let sentence = format!("the {field} {name:?} is unknown");
                problems.push(unknown(code, place, sentence, name, known.iter().map(|name| &**name), next));
            }
        }
        let NodeKind::Send(send) = &node.kind else { continue };
        let Send { channel, template, purpose, .. } = send;
        let named = [
            ("J017", "channel", channel, &scope.channels, "give the engine a channel of this name"),
            ("J018", "template", template, &scope.templates, "publish a template of this name first"),
            ("J036", "purpose", purpose, &scope.purposes, "declare the purpose"),
        ];
        for (code, field, name, known, next) in named {
            let Some(known) = known.as_ref().filter(|known| !known.contains(name)) else { continue };
            let place = format!("{}.send.{field}", place_of(journey, step));
            let sentence = format!("the {field} {name:?} is unknown");
            problems.push(unknown(code, place, sentence, name, known.iter().map(|name| &**name), next));
        }
        declared(scope, template, purpose, &place_of(journey, step), &mut problems);
        for channel in std::iter::once(channel).chain(send.others.iter().map(|(channel, _)| channel)) {
            not_shared(channel, Some(purpose), scope, &place_of(journey, step), &mut problems);
        }
        let further = send.others.iter().flat_map(|(channel, template)| {
            let channels =
                ("J017", "channel", channel, &scope.channels, "give the engine a channel of this name");
            [
                channels,
                ("J018", "template", template, &scope.templates, "publish a template of this name first"),
            ]
        });
        for (code, field, name, known, next) in further {
            let Some(known) = known.as_ref().filter(|known| !known.contains(name)) else { continue };
            let place = format!("{}.send.{field}s", place_of(journey, step));
            let sentence = format!("the {field} {name:?} is unknown");
            problems.push(unknown(code, place, sentence, name, known.iter().map(|name| &**name), next));
        }
    }
    if let Some(known) = &scope.journeys {
        for (place, name) in journeys_named(journey) {
            if name == journey.id.as_str() || known.contains(name) {
                continue;
            }
            let sentence = format!("the journey {name:?} is unknown");
            let near = known.iter().chain([&journey.id]).map(JourneyId::as_str);
            let next = "publish a journey of this name first, or in the same publication";
            problems.push(unknown("J056", place, sentence, name, near, next));
        }
    }
    names_of_rules(journey, scope, &mut problems);
    BuildError::unless_empty(problems)
}

/// Refuses a step that would tell a third party of the contact: that is asked for by the host alone, and logged.
fn not_shared(
    channel: &Name,
    purpose: Option<&Name>,
    scope: &Scope,
    place: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let purpose = purpose.filter(|purpose| scope.unsaid.contains(*purpose));
    if purpose.is_none() && !is_third_party(channel) {
        return;
    }
    let sentence = match purpose {
        Some(purpose) => {
            format!(
                "{purpose:?} is for something else (sharing, tracking, profiling), and this is said to the contact"
            )
        }
        None => format!("{channel:?} is how a third party is told, which no step does"),
    };
    let next = "say it for another purpose, by another channel; a third party is told by Engine::share";
    problems.push(Diagnostic::new("J124", place, sentence, next));
}

/// Whether a template may say something for a purpose.
fn declared(scope: &Scope, template: &Name, purpose: &Name, place: &str, problems: &mut Vec<Diagnostic>) {
    let place = format!("{place}.send.purpose");
    match scope.declared.get(template) {
        Some(declared) if declared != purpose => {
            let sentence =
                format!("the send is for {purpose:?} and its template {template:?} is for {declared:?}");
            let next = "say it for the template's purpose, or by another template";
            problems.push(Diagnostic::new("J120", place, sentence, next));
        }
        None if scope.owed.contains(purpose)
            && scope.templates.as_ref().is_none_or(|known| known.contains(template)) =>
        {
            let sentence = format!(
                "{purpose:?} is owed and needs no yes, and the template {template:?} does not say that it is for it"
            );
            let next = format!(
                "write `purpose: {purpose}` in the template, once somebody read that it sells nothing"
            );
            problems.push(Diagnostic::new("J121", place, sentence, next));
        }
        _ => {}
    }
}

fn unknown<'n>(
    code: &'static str,
    place: String,
    sentence: String,
    name: &str,
    known: impl Iterator<Item = &'n str>,
    next: &str,
) -> Diagnostic {
    let next = match nearest(name, known) {
        Some(near) => format!("did you mean {near}?"),
        None => next.to_owned(),
    };
    Diagnostic::new(code, place, sentence, next)
}

pub(super) fn place_of(journey: &Journey, step: usize) -> String {
    match journey.definition.steps.get(step).and_then(|step| step.id.as_ref()) {
        Some(id) => format!("{}/steps[{step}] ({id})", journey.id),
        None => format!("{}/steps[{step}]", journey.id),
    }
}

/// Every journey that the definition names, with the place where it does.
fn journeys_named(journey: &Journey) -> Vec<(String, &str)> {
    let definition = &journey.definition;
    let mut named: Vec<(String, Option<&str>)> = Vec::new();
    let doors = definition.enter.as_slice();
    for (number, entry) in doors.iter().enumerate() {
        let door = if doors.len() == 1 { "enter".to_owned() } else { format!("enter[{number}]") };
        named.push((format!("{}/{door}.on", journey.id), entry.on.journey.as_deref()));
    }
    for (number, exit) in definition.exit.iter().enumerate() {
        named.push((format!("{}/exit[{number}].on", journey.id), exit.on.journey.as_deref()));
    }
    for (number, step) in definition.steps.iter().enumerate() {
        let place = place_of(journey, number);
        for (number, other) in step.wait_for.iter().flat_map(|wait| wait.any.iter().enumerate()) {
            named.push((format!("{place}.wait_for.any[{number}]"), other.on.journey.as_deref()));
        }
        named.push((format!("{place}.enter"), step.enter.as_ref().map(|enter| enter.journey.as_str())));
        named.push((format!("{place}.leave"), step.leave.as_ref().map(|leave| leave.journey.as_str())));
    }
    named.into_iter().filter_map(|(place, name)| Some((format!("{place}.journey"), name?))).collect()
}

/// Refuses every tier and mark that the rules of a score do not declare, and every segment that is not published: nobody
/// would ever come there.
fn names_of_rules(journey: &Journey, scope: &Scope, problems: &mut Vec<Diagnostic>) {
    let (definition, id) = (&journey.definition, &journey.id);
    let mut names = Names { known: &scope.scores, segments: scope.segments.as_ref(), problems };
    let doors = definition.enter.as_slice();
    for (number, entry) in doors.iter().enumerate() {
        let door = if doors.len() == 1 { "enter".to_owned() } else { format!("enter[{number}]") };
        names.trigger(&entry.on, &format!("{id}/{door}.on"));
        names.maybe(entry.when.as_ref(), &format!("{id}/{door}.if"));
    }
    for (number, exit) in definition.exit.iter().enumerate() {
        names.trigger(&exit.on, &format!("{id}/exit[{number}].on"));
        names.maybe(exit.when.as_ref(), &format!("{id}/exit[{number}].if"));
    }
    for (number, step) in definition.steps.iter().enumerate() {
        let place = place_of(journey, number);
        for (number, other) in step.wait_for.iter().flat_map(|wait| wait.any.iter().enumerate()) {
            let place = format!("{place}.wait_for.any[{number}]");
            names.trigger(&other.on, &place);
            names.maybe(other.when.as_ref(), &format!("{place}.if"));
        }
        for (number, way) in step.branch.iter().flat_map(|branch| branch.when.iter().enumerate()) {
            names.predicate(&way.when, &format!("{place}.branch.when[{number}].if"));
        }
    }
}

/// The tiers and marks of scores, and the segments, as something names them.
struct Names<'n> {
    known: &'n BTreeMap<Name, ScoreNames>,
    segments: Option<&'n BTreeSet<Name>>,
    problems: &'n mut Vec<Diagnostic>,
}

impl Names<'_> {
    fn trigger(&mut self, on: &TriggerDefinition, place: &str) {
        if let Some((score, to)) = on.tier.as_ref().zip(on.to.as_ref()) {
            self.tier(score, to, &format!("{place}.to"));
        }
        if let Some((score, mark)) = on.of.as_ref().zip(on.mark.as_ref()) {
            self.mark(score, mark, place);
        }
        if let Some(segment) = &on.segment {
            self.segment(segment, place);
        }
    }

    fn maybe(&mut self, predicate: Option<&PredicateDefinition>, place: &str) {
        if let Some(predicate) = predicate {
            self.predicate(predicate, place);
        }
    }

    /// No deeper than predicates are allowed to be, which was checked before.
    fn predicate(&mut self, asked: &PredicateDefinition, place: &str) {
        let lists = [("all", &asked.all), ("any", &asked.any)];
        for (word, parts) in lists {
            for (number, part) in parts.iter().flatten().enumerate() {
                self.predicate(part, &format!("{place}.{word}[{number}]"));
            }
        }
        self.maybe(asked.not.as_deref(), &format!("{place}.not"));
        if let Some(score) = &asked.tier {
            for tier in asked.is.iter().chain(asked.one_of.iter().flatten()) {
                if let Value::Text(tier) = tier {
                    self.tier(score, tier, place);
                }
            }
        }
        if let Some((score, mark)) = asked.of.as_ref().zip(asked.mark.as_ref()) {
            self.mark(score, mark, place);
        }
        if let Some(segment) = &asked.segment {
            self.segment(segment, place);
        }
    }

    fn segment(&mut self, segment: &str, place: &str) {
        let Some(known) = self.segments.filter(|known| !known.contains(segment)) else { return };
        let sentence = format!("the segment {segment:?} is unknown");
        let near = known.iter().map(|name| &**name);
        let next = "publish a segment of this name first, or in the same publication";
        self.problems.push(unknown("J113", format!("{place}.segment"), sentence, segment, near, next));
    }

    fn tier(&mut self, score: &str, tier: &str, place: &str) {
        let Some(names) = self.known.get(score).filter(|names| !names.tiers.contains(tier)) else { return };
        let sentence = format!("the score {score} has no tier {tier:?}");
        let (near, next) = (names.tiers.iter().map(|name| &**name), "declare it in the script of the score");
        self.problems.push(unknown("J097", place.to_owned(), sentence, tier, near, next));
    }

    fn mark(&mut self, score: &str, mark: &str, place: &str) {
        let Some(names) = self.known.get(score).filter(|names| !names.marks.contains(mark)) else { return };
        let sentence = format!("the score {score} has no mark {mark:?}");
        let (near, next) = (names.marks.iter().map(|name| &**name), "declare it in the script of the score");
        self.problems.push(unknown("J098", place.to_owned(), sentence, mark, near, next));
    }
}
