//! Between columns and the model.

use std::sync::Arc;

use chrono::serde::ts_milliseconds;
use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::fault::Step;
use crate::error::StoreError;
use crate::machine::{Cold, ContactState, Envelope, Hot, InputKind};
use crate::model::{
    Attributes, Call, Contact, ContactId, EnrollmentId, InputId, JourneyId, Message, MessageId, Name, NodeId,
    Sharing,
};
use crate::port::store::MessageStatus;
use crate::store::codec::{decode, encode};

/// A count as SQLite keeps it; none comes near the limit.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that was kept by [`int`].
pub(super) fn uint(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// A count that may be trusted: one below nothing, or at the end of all numbers, was never written by us.
pub(super) fn count(column: i64) -> Step<u64> {
    match u64::try_from(column) {
        Ok(count) if column < i64::MAX => Ok(count),
        _ => Err(StoreError::Corrupt { row: "count", reason: "it is out of range".to_owned() }.into()),
    }
}

/// An instant as SQLite keeps it.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// An instant that was kept by [`millis`].
pub(super) fn instant(column: i64) -> Step<DateTime<Utc>> {
    let out_of_range =
        || StoreError::Corrupt { row: "instant", reason: "it is outside the calendar".to_owned() };
    Ok(DateTime::from_timestamp_millis(column).ok_or_else(out_of_range)?)
}

/// The instant at which something is due; the first of the calendar for what lies before it.
pub(super) fn soonest(column: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(column).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// An instant that may be absent.
pub(super) fn optional_instant(column: Option<i64>) -> Step<Option<DateTime<Utc>>> {
    column.map(instant).transpose()
}

/// The cold part; absent as long as nothing is known.
pub(super) fn cold_of(external: &str, column: Option<&[u8]>) -> Step<Cold> {
    match column {
        Some(bytes) => Ok(decode("contact", bytes)?),
        None => Ok(Cold {
            contact: Contact::new(ContactId::from(external)),
            standing: Default::default(),
            sharings: Default::default(),
        }),
    }
}

/// Both parts of a contact.
pub(super) fn state_of(external: &str, cold: Option<&[u8]>, hot: Option<&[u8]>) -> Step<ContactState> {
    Ok(ContactState::from_parts(Arc::new(cold_of(external, cold)?), hot_of(hot)?))
}

/// The hot part of a contact; nothing is remembered of an erased one.
pub(super) fn hot_of(column: Option<&[u8]>) -> Step<Hot> {
    Ok(column.map_or_else(|| Ok(Hot::default()), |bytes| decode("state", bytes))?)
}

/// The hot part of a contact of whom nothing is known.
pub(super) fn fresh_hot() -> Step<Vec<u8>> {
    Ok(encode("state", &Hot::default())?)
}

/// Mail from the columns `seq, id, received_at, body`.
pub(super) fn envelope(row: &Row<'_>) -> Step<Envelope> {
    let kind: InputKind = decode("input", bytes(row, 3)?)?;
    let id = InputId::from_bytes(row.get(1)?);
    Ok(Envelope::new(uint(row.get(0)?), id, instant(row.get(2)?)?, kind))
}

/// What a message's columns do not say already.
#[derive(Serialize, Deserialize)]
struct Body {
    version: u32,
    node: NodeId,
    template: Name,
    purpose: Name,
    #[serde(with = "ts_milliseconds")]
    decided_at: DateTime<Utc>,
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    not_after: Option<DateTime<Utc>>,
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    wanted_by: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<Call>,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    variables: Attributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sharing: Option<Sharing>,
}

/// The body column of a message.
pub(super) fn message_body(message: &Message) -> Step<Vec<u8>> {
    let Message { version, node, template, purpose, decided_at, not_after, wanted_by, .. } = message.clone();
    let Message { call, variables, sharing, .. } = message.clone();
    let body =
        Body { version, node, template, purpose, decided_at, not_after, wanted_by, call, variables, sharing };
    Ok(encode("message", &body)?)
}

/// The columns that [`message`] reads, and where they come from; a selection adds its own after them.
macro_rules! messages {
    ($columns:literal, $source:literal, $rest:literal) => {
        concat!(
            "SELECT outbox.id, enrollment, contact.external, journey.word, channel.word, body, ",
            $columns,
            " FROM ",
            $source,
            " JOIN contact ON contact.id = outbox.contact",
            " JOIN term AS journey ON journey.id = outbox.journey",
            " JOIN term AS channel ON channel.id = outbox.channel ",
            $rest
        )
    };
}
pub(super) use messages;

/// A message from the first six columns of [`messages`].
pub(super) fn message(row: &Row<'_>) -> Step<Message> {
    let Body { version, node, template, purpose, decided_at, not_after, wanted_by, call, variables, sharing } =
        decode("message", bytes(row, 5)?)?;
    Ok(Message {
        id: MessageId::from_bytes(row.get(0)?),
        enrollment: EnrollmentId::from_bytes(row.get(1)?),
        contact: ContactId::from(text(row, 2)?),
        journey: JourneyId::from(text(row, 3)?),
        channel: text(row, 4)?.into(),
        version,
        node,
        template,
        purpose,
        decided_at,
        not_after,
        wanted_by,
        call,
        variables,
        sharing,
    })
}

/// The bytes of a column that may be absent, borrowed.
pub(super) fn blob<'r>(row: &'r Row<'_>, index: usize) -> Step<Option<&'r [u8]>> {
    Ok(row.get_ref(index)?.as_blob_or_null()?)
}

/// The bytes of a column that is always there, borrowed.
pub(super) fn bytes<'r>(row: &'r Row<'_>, index: usize) -> Step<&'r [u8]> {
    Ok(row.get_ref(index)?.as_blob()?)
}

/// A text column, borrowed.
pub(super) fn text<'r>(row: &'r Row<'_>, index: usize) -> Step<&'r str> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// Statuses as numbers.
pub(super) const PENDING: i64 = 0;
pub(super) const BEGUN: i64 = 1;

/// A status as SQLite keeps it.
pub(super) fn status_column(status: MessageStatus) -> i64 {
    match status {
        MessageStatus::Pending => PENDING,
        MessageStatus::Begun => BEGUN,
        MessageStatus::Accepted => 2,
        MessageStatus::Refused => 3,
        MessageStatus::Parked => 4,
        MessageStatus::Cancelled => 5,
    }
}

/// A status that was kept by [`status_column`].
pub(super) fn status_of(column: i64) -> Step<MessageStatus> {
    Ok(match column {
        PENDING => MessageStatus::Pending,
        BEGUN => MessageStatus::Begun,
        2 => MessageStatus::Accepted,
        3 => MessageStatus::Refused,
        4 => MessageStatus::Parked,
        5 => MessageStatus::Cancelled,
        _ => Err(StoreError::Corrupt { row: "message", reason: "its status is unknown".to_owned() })?,
    })
}
