//! What a segment asks of a contact, as an author writes it.

use serde::{Deserialize, Serialize};

use super::definition::WhereDefinition;
use crate::model::Value;

/// Exactly one question about a contact, or a combination of others.
///
/// What is missing makes a comparison false, and `not` is the exact complement. The one exception is written out: whether a
/// message was opened or clicked is not known of whoever did not allow it to be tracked, so those two ask
/// `{ is: yes | no | unknown }`.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use journeyman::rule::segment::QuestionDefinition;
/// let question: QuestionDefinition = journeyman::journey::parse_yaml(
///     "{ all: [ { attribute: followers, at_least: 1000 }, { not: { event: call.booked, within: 30d } } ] }",
/// ).unwrap();
/// assert_eq!(question.all.unwrap().len(), 2);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(description = "Exactly one question, or a combination of others."))]
#[serde(deny_unknown_fields, default)]
pub struct QuestionDefinition {
    /// Every one of these holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<QuestionDefinition>>,
    /// At least one of these holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<QuestionDefinition>>,
    /// This does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<QuestionDefinition>>,

    /// The contact has this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The attribute of this name compares as the further fields say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The score of this name compares as the further fields say; nobody begins with less or more than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The tier of the score of this name compares as the further fields say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The mark of this name is reached, and not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The score that the mark belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The consent to this purpose on `channel` stands as `is` says: `granted` (unless said otherwise), `withdrawn` or
    /// `none`, where it was never given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// The channel of a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The contact stands in the journey of this name as `is` says: `in` (unless said otherwise), `never`, `completed` or
    /// `left`; the last two may say `within`. `in` and `never` look at runs: an event `journey.entered` that a host tells
    /// is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// The contact is in the segment of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// The contact is in one part of a split that is the same for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketDefinition>,

    /// Events of this name, which the further fields count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Events of any of these names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Events whose names begin with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// One event, and then another, or then not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<SequenceDefinition>,
    /// A message was sent: its channel took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<MessageDefinition>,
    /// A message arrived, as an event `message.delivered` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<MessageDefinition>,
    /// A message was opened, as an event `message.opened` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<MessageDefinition>,
    /// A link in a message was clicked, as an event `message.clicked` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked: Option<MessageDefinition>,

    /// What kind an attribute has: `bool`, `integer`, `decimal`, `text`, `instant`, `date` or `list`. A value of another kind
    /// counts as missing then.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// Equals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub is: Option<Value>,
    /// Equals one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<serde_json::Value>>"))]
    pub one_of: Option<Vec<Value>>,
    /// Is greater than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub above: Option<Value>,
    /// Is greater than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_least: Option<Value>,
    /// Is less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub below: Option<Value>,
    /// Is less than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_most: Option<Value>,
    /// A text has this part, a list this item.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub contains: Option<Value>,
    /// A text begins with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// Is there at all, or is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// The instant, or the first instant of the date, lies at least this long back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than: Option<String>,
    /// It lies less than this back, and not ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_than: Option<String>,
    /// The local date falls into this: `2026-03-28`, `today`, `this_week`, `next_month`, `+5d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The local date lies before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The local date lies after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The day and month of the date come within so many local days, today included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anniversary: Option<AnniversaryDefinition>,
    /// All this has been so without a break for at least so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_for: Option<String>,

    /// What the events must be like.
    #[serde(skip_serializing_if = "Option::is_none", rename = "where")]
    pub filter: Option<WhereDefinition>,
    /// How far back events count, in elapsed time: `30d` is 30 times 24 hours. Ever, where no window is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// On how many local days events count: today and the days before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_days: Option<u32>,
    /// The first instant at which events count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first instant at which they no longer do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many there are; at least one, where nothing else is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<AggregateDefinition>,
    /// What the property `of` adds up to; 0 without events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<AggregateDefinition>,
    /// The mean of the property `of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<AggregateDefinition>,
    /// The least of the property `of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<AggregateDefinition>,
    /// The greatest of the property `of`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<AggregateDefinition>,
    /// How many values the property `of` has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<AggregateDefinition>,
    /// When the first one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<MomentDefinition>,
    /// When the last one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<MomentDefinition>,
    /// What the last one was like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_with: Option<WhereDefinition>,
}

/// A part of a split: contacts are spread evenly over 0 to 100, and stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BucketDefinition {
    /// Names the split: another salt spreads contacts anew.
    pub salt: String,
    /// The part begins here, in per cent.
    pub from: u8,
    /// And ends before here.
    pub to: u8,
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EventsDefinition {
    /// Of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Of any of these names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Of names that begin with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What they must be like.
    #[serde(skip_serializing_if = "Option::is_none", rename = "where")]
    pub filter: Option<WhereDefinition>,
}

/// One event, and then another, or then not. Of a first event at `t` the second one counts in `[t, t + within)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SequenceDefinition {
    /// What happened first.
    pub first: EventsDefinition,
    /// What happened then: true from its instant until `t + remember`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<EventsDefinition>,
    /// What did not happen then: true from `t + within` until `t + remember`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never: Option<EventsDefinition>,
    /// How long the second one has, in elapsed time.
    pub within: String,
    /// How long it is remembered, counted from the first one.
    pub remember: String,
}

/// What became of messages to the contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MessageDefinition {
    /// `yes`, `no` or `unknown`.
    pub is: String,
    /// Messages of this journey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// Messages by this template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Messages on this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// How far back, in elapsed time; ever, where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

/// A number made of events, and how it compares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AggregateDefinition {
    /// Of which property.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Equals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub is: Option<Value>,
    /// Is greater than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub above: Option<Value>,
    /// Is greater than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_least: Option<Value>,
    /// Is less than.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub below: Option<Value>,
    /// Is less than or equal to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Value>"))]
    pub at_most: Option<Value>,
}

/// Where an instant lies; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MomentDefinition {
    /// At least this long back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than: Option<String>,
    /// Less than this back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_than: Option<String>,
    /// Its local date falls into this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Its local date lies before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its local date lies after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The day and month of a date come soon. 29 February comes on 28 February in a common year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnniversaryDefinition {
    /// Within so many local days, today included: 1 is today alone.
    pub days: u16,
}
