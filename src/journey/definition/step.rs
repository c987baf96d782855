//! One step of a journey, and each of the things that a step can do.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AssignDefinition, CallDefinition, ConfirmDefinition, Moves, OneOrMany, ReleaseDefinition,
    ReserveDefinition, SenderDefinition, TriggerDefinition, UndoDefinition,
};
use crate::model::Value;
use crate::rule::{ConditionDefinition, PredicateDefinition};
use crate::time::{Days, Offset, Span, WeeklyWindow};

/// One step: exactly one action, an optional name, an optional jump.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StepDefinition {
    /// Its name; `step-N`, counted from 1, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<SendDefinition>,
    /// Waits for a span from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub wait: Option<Span>,
    /// Waits until an instant that the entry, a date or the local clock names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<WaitUntilDefinition>,
    /// Waits for something to happen, and gives up after a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<WaitForDefinition>,
    /// Goes one of several ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchDefinition>,
    /// Goes one of several ways by lot; one contact always draws the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitDefinition>,
    /// Changes attributes and tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<SetDefinition>,
    /// Adds to a score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreDefinition>,
    /// Makes an event happen to the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emit: Option<EmitDefinition>,
    /// Goes back or forth, a limited number of times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<JumpDefinition>,
    /// Enters another journey, and may wait for its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enter: Option<EnterDefinition>,
    /// Leaves another journey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<LeaveDefinition>,
    /// Withdraws a consent in the contact's name, because of what it answered: in force with the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdraw: Option<WithdrawDefinition>,
    /// Asks the host, and waits for its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallDefinition>,
    /// Hands the contact over to a person, and waits until that one is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<CallDefinition>,
    /// Gives the contact an owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign: Option<AssignDefinition>,
    /// Holds a place of an offer for a while, where one is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve: Option<ReserveDefinition>,
    /// Keeps the place of an offer for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmDefinition>,
    /// Gives the place of an offer back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseDefinition>,
    /// Ends the enrollment under this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
    /// What undoes it, where the run ends as `undo_on` says: one action, or a list of them.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub undo: OneOrMany<UndoDefinition>,
    /// The step that follows; the next one in the list where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goto: Option<String>,
}

/// What is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SendDefinition {
    /// By which channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// By which of these channels, in the place of `channel`: the first on which it may be said now, in this order, the one
    /// that the contact's attribute `preferred_channel` names before the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// In which words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// In which words on which of the `channels`; those that are not named here say `template`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, String>,
    /// For which purpose; the contact must have allowed it on this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Who says it, such as `coach`, or `{ owner: coach }`; the channel knows the address or the number that belongs to the
    /// name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<SenderDefinition>,
    /// Where an answer goes, where that is somewhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The offer that it speaks of, whose place the run holds: `offer.name`, `offer.remaining` and `offer.expires_at` stand
    /// in the template, and nothing is said of it when the place is free again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// The line that an inbox shows beside the subject, in the place of the template's own; it may name variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The step that follows a refusal. With it the enrollment waits for what becomes of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// When it may be said, on the contact's own clock, such as `Tue-Thu 10:00-14:00 18:00-20:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub window: Option<WeeklyWindow>,
    /// How long after the arrival at this step it may still be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DeadlineDefinition>,
    /// How often, and when, a failed handover is tried again; as the channel or the engine does where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryDefinition>,
    /// Which of a contact's messages take the places that a cap leaves: those of the higher priority. The journey's unless
    /// said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i8>,
    /// What becomes of it where a cap leaves no place; it waits for one, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capped: Option<Capped>,
}

/// What becomes of a message where a cap leaves no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capped {
    /// It waits for the first instant at which the window has room; where that is past a deadline that skips, it is left out.
    #[default]
    Wait,
    /// It is left out.
    Drop,
}

/// How often, and when, a failed handover is tried again. What is not said is as the channel or the engine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RetryDefinition {
    /// The most attempts, the first one included: 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The wait after the first attempt; each further one is twice as long. At most 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub first: Option<Span>,
    /// The longest wait; at most 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub longest: Option<Span>,
}

/// How long something may still be said. Written as a span, or as `{ within: 24h, then: send }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadlineDefinition {
    /// Counted from the arrival at the step.
    pub within: Span,
    /// What happens where the send window would open too late.
    pub then: Deadline,
}

/// What happens where the send window would open only after the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deadline {
    /// The message is left out.
    #[default]
    Skip,
    /// The message goes out at once: the deadline is stronger than the window. Quiet hours are stronger than both, and what they
    /// keep back beyond the deadline is said when they end.
    Send,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct DeadlineMap {
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    within: Span,
    #[serde(default)]
    then: Deadline,
}

impl Serialize for DeadlineDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.then {
            Deadline::Skip => self.within.serialize(serializer),
            then => DeadlineMap { within: self.within, then }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for DeadlineDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = DeadlineDefinition;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a span such as 24h, or { within: 24h, then: send }")
            }

            fn visit_str<E: serde::de::Error>(self, span: &str) -> Result<DeadlineDefinition, E> {
                let within = Span::deserialize(StrDeserializer::new(span))?;
                Ok(DeadlineDefinition { within, then: Deadline::Skip })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DeadlineDefinition, A::Error> {
                let DeadlineMap { within, then } = DeadlineMap::deserialize(MapAccessDeserializer::new(map))?;
                Ok(DeadlineDefinition { within, then })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for DeadlineDefinition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DeadlineDefinition".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<DeadlineMap>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}

/// An instant that the entry, a date or the local clock names; one that is over is not waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WaitUntilDefinition {
    /// This span after the entry; with `time`, on that local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub entry: Option<Span>,
    /// The day or instant in the attribute of this name. A contact without it does not wait; where it moves, the wait
    /// moves with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// How long before (`-7d`) or after (`+24h`) the date.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub offset: Option<Offset>,
    /// The local weekdays that will do, such as `Tue-Thu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub days: Option<Days>,
    /// A local time of day, `HH:MM`; alone, its next occurrence, now included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The first instant inside this window, at or after what the other fields say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub window: Option<WeeklyWindow>,
}

/// Something that is waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WaitForDefinition {
    /// The first of these that comes ends the wait.
    pub any: Vec<AlternativeDefinition>,
    /// Whether what already stands counts; only what comes after the arrival, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<WaitSince>,
    /// The longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// The step that follows where none came in time; the next one in the list where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// Since when something that is waited for counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaitSince {
    /// Only what comes after the arrival at the step.
    #[default]
    Arrival,
    /// What came since the entry ends the wait at once; so does a predicate that holds already.
    Entry,
    /// What ever came ends the wait at once; so does a predicate that holds already.
    Ever,
}

/// One thing that ends a wait: something that happens, or a predicate that becomes true.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AlternativeDefinition {
    /// What happens.
    #[serde(flatten)]
    pub on: TriggerDefinition,
    /// The predicate that becomes true; nothing else may stand beside it.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub when: Option<PredicateDefinition>,
    /// The step that follows; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goto: Option<String>,
}

/// The fields of an alternative side by side: `flatten` would lose the line of an error.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct AlternativeFields {
    /// An event of this name.
    event: Option<String>,
    /// Conditions on the properties of an event, a form or a call of the host; all must hold.
    #[serde(default, rename = "where")]
    filter: BTreeMap<String, ConditionDefinition>,
    /// A form of this name was submitted.
    form: Option<String>,
    /// One of these words came in; case and accents make no difference.
    keyword: Option<OneOrMany<String>>,
    /// The channel on which the keyword comes; any where absent.
    channel: Option<String>,
    /// The attribute of this name changed.
    attribute: Option<String>,
    /// What the attribute must be after the change.
    becomes: Option<ConditionDefinition>,
    /// The contact moved in or out of the segment of this name.
    segment: Option<String>,
    /// The tier of the score of this name changed.
    tier: Option<String>,
    /// The mark of this name was reached, or is over.
    mark: Option<String>,
    /// The score that the mark belongs to.
    of: Option<String>,
    /// Which way: `in` or `out` of a segment, `up`, `down` or `either` for a tier or a mark.
    moves: Option<Moves>,
    /// The tier that is reached; any where absent.
    to: Option<String>,
    /// The score of this name crossed a threshold.
    score: Option<String>,
    /// The threshold that is reached from below.
    reaches: Option<i64>,
    /// The threshold that is left downwards.
    falls_below: Option<i64>,
    /// The contact's passage through the journey of this name ended.
    journey: Option<String>,
    /// How it must have ended: `goal`, `completed`, `max_duration`, or the name of an exit; any way where absent.
    ended: Option<OneOrMany<String>>,
    /// The host says so, by this name.
    host: Option<String>,
    /// The predicate that becomes true; nothing else may stand beside it.
    #[serde(rename = "if")]
    when: Option<PredicateDefinition>,
    /// The step that follows; the step's own way on where absent.
    goto: Option<String>,
}

// Not derived: a date and a calendar are triggers that no wait has.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for AlternativeDefinition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AlternativeDefinition".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = AlternativeFields::json_schema(generator);
        let what = "One thing that ends a wait: something that happens, or a predicate that becomes true.";
        schema.insert("description".to_owned(), what.into());
        schema
    }
}

impl<'de> Deserialize<'de> for AlternativeDefinition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = AlternativeFields::deserialize(deserializer)?;
        let on = TriggerDefinition {
            event: fields.event,
            filter: fields.filter,
            form: fields.form,
            keyword: fields.keyword,
            channel: fields.channel,
            attribute: fields.attribute,
            becomes: fields.becomes,
            segment: fields.segment,
            tier: fields.tier,
            mark: fields.mark,
            of: fields.of,
            moves: fields.moves,
            to: fields.to,
            score: fields.score,
            reaches: fields.reaches,
            falls_below: fields.falls_below,
            journey: fields.journey,
            ended: fields.ended,
            host: fields.host,
            ..TriggerDefinition::default()
        };
        Ok(Self { on, when: fields.when, goto: fields.goto })
    }
}

/// Several ways and an else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BranchDefinition {
    /// The first way whose predicate holds is taken.
    pub when: Vec<WayDefinition>,
    /// The step that follows where none holds; `next` is the following one.
    #[serde(rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// The step that follows where a way cannot be judged, because something that it asks for is not known, and no
    /// earlier way holds; without it, what cannot be judged does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// One way of a branch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WayDefinition {
    /// When it is taken.
    #[serde(rename = "if")]
    pub when: PredicateDefinition,
    /// The step that follows; `next` is the following one.
    pub goto: String,
}

/// Several ways by lot. The lot is a stable hash of contact, journey, step and salt: one contact draws the same on every
/// machine and for ever, and other weights move the fewest contacts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SplitDefinition {
    /// At least two; their weights add up to 100.
    pub ways: Vec<LotDefinition>,
    /// Another salt draws another lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

/// One way of a split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LotDefinition {
    /// How many of a hundred contacts take it.
    pub weight: u8,
    /// The step that follows; `next` is the following one. The lot goes by this name.
    pub goto: String,
}

/// What a step changes of the contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SetDefinition {
    /// Attributes that get a value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub attributes: BTreeMap<String, Value>,
    /// Attributes that get a value which is computed when the step is taken, by an expression such as `followers / 1000`. What
    /// this step sets is known to them, what it computes is not. An attribute whose value cannot be computed stays as it was.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub computed: BTreeMap<String, String>,
    /// Attributes that go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unset: BTreeSet<String>,
    /// Tags that come.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Tags that go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub untag: BTreeSet<String>,
}

/// What a step adds to a score.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ScoreDefinition {
    /// Which score.
    pub name: String,
    /// How many points; a negative number takes them away.
    pub add: i64,
}

/// An event that a step makes happen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EmitDefinition {
    /// Its name.
    pub event: String,
    /// Its properties.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub properties: BTreeMap<String, Value>,
}

/// A way back or forth that is taken a limited number of times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct JumpDefinition {
    /// Where to.
    pub to: String,
    /// How often in one enrollment; after that it goes on to the next step.
    pub most: u16,
}

/// Another journey that is entered from here, whatever its own doors say; its re-entry policy holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EnterDefinition {
    /// Which journey.
    pub journey: String,
    /// The longest wait for its end; without it, this step waits for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// Where to go after which end; the step's own way on for every other one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultDefinition>,
    /// The step that follows where it could not be entered or did not end in time; the next one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// Where to go after one end of another journey.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ResultDefinition {
    /// How it ended: `goal`, `completed`, `max_duration`, or the name of an exit.
    pub is: String,
    /// The step that follows; `next` is the following one.
    pub goto: String,
}

/// Another journey that the contact leaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LeaveDefinition {
    /// Which journey; every run of it that the contact is in.
    pub journey: String,
}

/// A consent that the contact no longer gives; written `{}` it is everything, on every channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WithdrawDefinition {
    /// On which channel; every one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// For which purpose; every one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}
