//! Messages between the commit and the channel.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Error, OptionalExtension, Row, ToSql, params};

use super::SqliteStore;
use super::db::Db;
use super::denials::{CHANNEL, JOURNEY, Scope};
use super::fault::{Fault, Step};
use super::rows::{
    BEGUN, blob, hot_of, message, messages, millis, soonest, status_column, status_of, text, uint,
};
use super::said::Wanted;
use crate::error::StoreError;
use crate::machine::{Cold, Hot, InputKind};
use crate::model::{Content, Deed, Delivery, DeliveryStatus, InputId, Message, MessageId, Name, Reason};
use crate::port::store::{
    Amended, Begin, Begun, Deferral, Epochs, MessageRecord, MessageStatus, Outbox, Result, Take, Taken,
    TakenBatch, Verdict,
};
use crate::store::codec::{decode, encode};
use crate::store::denial::denies;
use crate::store::said::is_refusal;

#[async_trait]
impl Outbox for SqliteStore {
    async fn take(&self, take: &Take) -> Result<TakenBatch> {
        let take = take.clone();
        self.read("take messages", move |db| db.take(&take)).await
    }

    async fn begin(&self, begins: Vec<Begin>) -> Result<Vec<Begun>> {
        self.write("begin messages", begins.len(), move |db| {
            let now = db.now();
            begins.into_iter().map(|begin| db.begin_one(begin, now)).collect()
        })
        .await
    }

    async fn settle(&self, deliveries: &[Delivery]) -> Result<()> {
        let deliveries = deliveries.to_vec();
        self.write("settle messages", deliveries.len(), move |db| {
            let now = db.now();
            deliveries.into_iter().try_for_each(|delivery| db.settle(delivery, now))
        })
        .await
    }

    async fn cancel_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let by = by.clone();
        self.write("take a message back", 1, move |db| {
            let now = db.now();
            db.amend(message, MessageStatus::Pending, DeliveryStatus::Cancelled { by }, now)
        })
        .await
    }

    async fn retry_message(&self, message: MessageId, by: &Deed) -> Result<Amended> {
        let by = by.clone();
        self.write("repeat a message", 1, move |db| {
            let now = db.now();
            db.amend(message, MessageStatus::Parked, DeliveryStatus::Repeated { at: now, by }, now)
        })
        .await
    }

    async fn parked_messages(&self, after: Option<MessageId>, limit: usize) -> Result<Vec<MessageRecord>> {
        self.read("list what is parked", move |db| db.parked_messages(after, limit)).await
    }
}

const BY_PLACE: &str = messages!(
    "seq, outbox.contact, journey, channel, status, ready_at, attempts, answers, cancelled",
    "outbox",
    "WHERE outbox.seq = ?1"
);
const BY_ID: &str = messages!(
    "seq, outbox.contact, journey, channel, status, ready_at, attempts, answers, cancelled",
    "outbox",
    "WHERE outbox.id = ?1"
);

/// A message's row.
struct Entry {
    seq: i64,
    contact: i64,
    journey: i64,
    channel: i64,
    status: i64,
    ready_at: Option<i64>,
    attempts: u32,
    answers: u32,
    cancelled: bool,
    message: Message,
}

/// What forbids a message, with its contact.
struct Gates {
    cold: Arc<Cold>,
    erased: bool,
    held: bool,
    suppressed: bool,
    address: Option<Scope>,
    epochs: Epochs,
}

impl Entry {
    fn of(row: &Row<'_>) -> Step<Self> {
        Ok(Self {
            message: message(row)?,
            seq: row.get(6)?,
            contact: row.get(7)?,
            journey: row.get(8)?,
            channel: row.get(9)?,
            status: row.get(10)?,
            ready_at: row.get(11)?,
            attempts: row.get(12)?,
            answers: row.get(13)?,
            cancelled: row.get(14)?,
        })
    }
}

impl Db {
    fn take(&mut self, take: &Take) -> Step<TakenBatch> {
        let now = self.now();
        let channels = self.channel_terms(&take.channels)?;
        let mut places = self.ready(millis(now), &channels, take.limit)?;
        places.sort_unstable();
        let wanted = take.counted.as_ref().map(|counted| self.wanted(counted, now)).transpose()?;
        let mut taken = Vec::with_capacity(places.len());
        for (seq, _) in places {
            match self.taken(seq, take.hot, wanted.as_ref()) {
                Ok(found) => taken.extend(found),
                Err(Fault::Store(error)) => {
                    tracing::error!(row = seq, %error, "a message cannot be read and is set aside");
                    self.unreadable_messages.insert(seq);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(TakenBatch::new(now, self.head.revision, taken))
    }

    /// When a message can be taken next, by a worker that has its channel.
    pub(super) fn next_ready(&mut self, channels: &[Name]) -> Step<Option<DateTime<Utc>>> {
        let channels = self.channel_terms(channels)?;
        let first = self.ready(millis(DateTime::<Utc>::MAX_UTC), &channels, 1)?;
        Ok(first.first().map(|(_, ready_at)| soonest(*ready_at)))
    }

    fn channel_terms(&mut self, channels: &[Name]) -> Step<BTreeSet<i64>> {
        let mut terms = BTreeSet::new();
        for channel in channels {
            terms.extend(self.known_term(channel)?);
        }
        Ok(terms)
    }

    /// Places and instants of messages that can be taken by `until`, the longest ready first; without what is paused.
    fn ready(&self, until: i64, channels: &BTreeSet<i64>, limit: usize) -> Step<Vec<(i64, i64)>> {
        let (held, open) = (self.held()?, self.open_contacts()?);
        let mut statement = self.conn.prepare_cached(
            "SELECT seq, ready_at, channel, journey FROM outbox INDEXED BY outbox_ready
             WHERE ready_at <= ?1 ORDER BY ready_at",
        )?;
        let mut found = statement.query([until])?;
        let mut places = Vec::new();
        while places.len() < limit {
            let Some(row) = found.next()? else { break };
            // A row whose columns are damaged is nobody's turn, and must not hold up the others.
            let columns = (|| Ok::<_, Error>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))();
            let (seq, ready_at, channel, journey) = match columns.map_err(Fault::from) {
                Ok(columns) => columns,
                Err(Fault::Store(error)) => {
                    tracing::error!(%error, "a message cannot be read and is left out");
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let wanted = channels.contains(&channel) && !self.unreadable_messages.contains(&seq);
            let free = open.is_empty() || !open.contains(&self.contact_at(seq)?);
            if wanted && free && !held.contains(&(CHANNEL, channel)) && !held.contains(&(JOURNEY, journey)) {
                places.push((seq, ready_at));
            }
        }
        Ok(places)
    }

    fn contact_at(&self, seq: i64) -> Step<i64> {
        let mut statement = self.conn.prepare_cached("SELECT contact FROM outbox WHERE seq = ?1")?;
        Ok(statement.query_row([seq], |row| row.get(0))?)
    }

    fn taken(&self, seq: i64, hot: bool, wanted: Option<&Wanted>) -> Step<Option<Taken>> {
        let Some(entry) = self.entry(BY_PLACE, seq)? else { return Ok(None) };
        let gates = self.gates(&entry)?;
        if gates.erased && !entry.message.is_removal() {
            return Ok(None);
        }
        let Message { channel, purpose, .. } = &entry.message;
        let mut denied = denies(&self.denials(Scope::Contact(entry.contact))?, channel, purpose);
        if let Some(address) = gates.address {
            denied |= denies(&self.denials(address)?, channel, purpose);
        }
        let content = self.content(seq)?;
        let hot = if hot { Some(Box::new(self.standing(entry.contact)?)) } else { None };
        let mut taken = Taken::new(entry.message, gates.cold, gates.epochs);
        taken.hot = hot;
        taken.attempts = entry.attempts;
        taken.answers = entry.answers;
        taken.unknown = entry.status == BEGUN;
        taken.cancelled = entry.cancelled;
        taken.content = content;
        taken.denied = denied;
        taken.suppressed = gates.suppressed;
        if let Some(wanted) = wanted {
            taken.newest = self.newest(entry.contact)?;
            taken.said = self.said(entry.contact, seq, wanted)?;
        }
        Ok(Some(taken))
    }

    /// Where a contact stands, as it is committed.
    fn standing(&self, contact: i64) -> Step<Hot> {
        let mut statement = self.conn.prepare_cached("SELECT hot FROM state WHERE id = ?1")?;
        let mut found = statement.query([contact])?;
        match found.next()? {
            Some(row) => hot_of(blob(row, 0)?),
            None => hot_of(None),
        }
    }

    fn content(&self, seq: i64) -> Step<Option<Content>> {
        let mut statement = self.conn.prepare_cached("SELECT content FROM outbox WHERE seq = ?1")?;
        let mut found = statement.query([seq])?;
        match found.next()? {
            Some(row) => Ok(blob(row, 0)?.map(|bytes| decode("content", bytes)).transpose()?),
            None => Ok(None),
        }
    }

    fn entry(&self, sql: &str, key: impl ToSql) -> Step<Option<Entry>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut found = statement.query([key])?;
        found.next()?.map(Entry::of).transpose()
    }

    /// Everything that can forbid a message, as it is now.
    fn gates(&self, entry: &Entry) -> Step<Gates> {
        let mut statement =
            self.conn.prepare_cached("SELECT external, cold, erased, epoch FROM contact WHERE id = ?1")?;
        let mut found = statement.query([entry.contact])?;
        let Some(contact) = found.next()? else {
            let reason = "its contact is missing".to_owned();
            return Err(StoreError::Corrupt { row: "message", reason }.into());
        };
        let contact_epoch = uint(contact.get(3)?);
        let cold = self.cold(entry.contact, contact_epoch, text(contact, 0)?, blob(contact, 1)?)?;
        let current = cold.contact.addresses.get(&entry.message.channel);
        let address = current
            .and_then(|address| address.fingerprint)
            .map(|fingerprint| Scope::Address(entry.channel, fingerprint));
        let (address_epoch, suppressed) = match address {
            Some(address) => self.address_gate(address)?,
            None => (0, false),
        };
        let (journey_epoch, journey_paused) = self.switch(JOURNEY, entry.journey)?;
        let (channel_epoch, channel_paused) = self.switch(CHANNEL, entry.channel)?;
        Ok(Gates {
            erased: contact.get::<_, i64>(2)? == 1,
            held: journey_paused || channel_paused,
            suppressed,
            address,
            epochs: Epochs::new(contact_epoch, address_epoch, journey_epoch, channel_epoch),
            cold,
        })
    }

    fn begin_one(&mut self, begin: Begin, now: DateTime<Utc>) -> Step<Begun> {
        let Some(entry) = self.entry(BY_ID, begin.message.as_bytes())? else {
            return Ok(Begun::Stale);
        };
        let ready = entry.ready_at.is_some_and(|at| at <= millis(now));
        if !ready || entry.attempts != begin.attempts || entry.answers != begin.answers {
            return Ok(Begun::Stale);
        }
        let gates = self.gates(&entry)?;
        let gone = gates.erased && !entry.message.is_removal();
        if gates.epochs != begin.epochs || gates.held || gone {
            return Ok(Begun::Stale);
        }
        if let Some(newest) = begin.said
            && self.newest(entry.contact)? != newest
        {
            return Ok(Begun::Stale);
        }
        let taken_at = begin.taken_at;
        let status = match begin.verdict {
            Verdict::Send { permit, .. } if later(taken_at, permit) <= now => return Ok(Begun::Stale),
            Verdict::Send { content, permit, lease } => {
                let begun = self.hand_over(&entry, &content, permit, lease, &begin.policy, taken_at)?;
                if entry.message.is_said() {
                    self.note_said(entry.seq, entry.contact, &entry.message.purpose, now)?;
                }
                return Ok(begun);
            }
            Verdict::Defer { until, reasons } => {
                let deferral = Deferral::new(now, until, &reasons, begin.policy.clone());
                self.conn
                    .prepare_cached("INSERT INTO deferral (message, number, body) VALUES (?1, ?2, ?3)")?
                    .execute(params![
                        entry.seq,
                        entry.answers.saturating_add(1),
                        encode("deferral", &deferral)?
                    ])?;
                DeliveryStatus::Deferred { until, reasons }
            }
            Verdict::Refuse { reasons } => DeliveryStatus::Refused { reasons },
            Verdict::Park => DeliveryStatus::Parked,
        };
        self.conn
            .prepare_cached("UPDATE outbox SET policy = ?2 WHERE seq = ?1")?
            .execute(params![entry.seq, &*begin.policy])?;
        self.answer(entry, status, now)?;
        Ok(Begun::Answered)
    }

    /// Begins an attempt; one before it keeps its content.
    fn hand_over(
        &self,
        entry: &Entry,
        content: &Content,
        permit: TimeDelta,
        lease: TimeDelta,
        policy: &str,
        taken_at: DateTime<Utc>,
    ) -> Step<Begun> {
        let (not_after, deadline) = (later(taken_at, permit), later(taken_at, lease));
        let attempt = entry.attempts.saturating_add(1);
        self.conn
            .prepare_cached(
                "UPDATE outbox SET status = 1, attempts = ?2, ready_at = ?3, deadline = ?3, not_after = ?4,
                 policy = ?5, content = coalesce(content, ?6) WHERE seq = ?1",
            )?
            .execute(params![
                entry.seq,
                attempt,
                millis(deadline),
                millis(not_after),
                policy,
                encode("content", content)?
            ])?;
        Ok(Begun::Begun { attempt, not_after })
    }

    fn settle(&mut self, delivery: Delivery, now: DateTime<Utc>) -> Step<()> {
        let found = self.entry(BY_ID, delivery.message.as_bytes())?;
        match found.filter(|entry| entry.status == BEGUN && entry.attempts == delivery.attempt) {
            Some(entry) => {
                if is_refusal(&delivery.status, delivery.attempt) {
                    self.forget_said(entry.seq)?;
                }
                self.answer(entry, delivery.status, now)
            }
            None => Ok(()),
        }
    }

    /// Answers for a message as an operator says, where it stands as that needs it.
    fn amend(
        &mut self,
        message: MessageId,
        needed: MessageStatus,
        status: DeliveryStatus,
        now: DateTime<Utc>,
    ) -> Step<Amended> {
        let Some(entry) = self.entry(BY_ID, message.as_bytes())? else { return Ok(Amended::Unknown) };
        if self.is_erased(entry.contact)? {
            return Ok(Amended::Unknown);
        }
        let stands = status_of(entry.status)?;
        let is_owed = stands == MessageStatus::Pending && entry.message.is_removal();
        if stands != needed || is_owed {
            return Ok(Amended::Stands(stands));
        }
        if stands == MessageStatus::Parked && entry.cancelled {
            return Ok(Amended::TakenBack);
        }
        self.answer(entry, status, now)?;
        Ok(Amended::Done)
    }

    /// Takes a pending message back; its contact is told that it was refused, for an enrollment may wait for it.
    pub(super) fn forbid(&mut self, seq: i64, reason: Reason, now: DateTime<Utc>) -> Step<()> {
        let Some(entry) = self.entry(BY_PLACE, seq)? else { return Ok(()) };
        self.answer(entry, DeliveryStatus::Refused { reasons: vec![reason] }, now)?;
        self.conn.prepare_cached("UPDATE outbox SET status = 5 WHERE seq = ?1")?.execute([seq])?;
        Ok(())
    }

    /// Records an answer for a message and tells its contact.
    fn answer(&mut self, entry: Entry, status: DeliveryStatus, now: DateTime<Utc>) -> Step<()> {
        let erased = self.is_erased(entry.contact)?;
        let (after, not_before) = match &status {
            DeliveryStatus::Accepted | DeliveryStatus::Answered { .. } => (MessageStatus::Accepted, None),
            DeliveryStatus::Refused { .. } => (MessageStatus::Refused, None),
            DeliveryStatus::Parked => (MessageStatus::Parked, None),
            DeliveryStatus::Cancelled { .. } => (MessageStatus::Cancelled, None),
            DeliveryStatus::Deferred { .. } | DeliveryStatus::Retry { .. }
                if entry.cancelled || (erased && !entry.message.is_removal()) =>
            {
                (MessageStatus::Cancelled, None)
            }
            DeliveryStatus::Deferred { until: at, .. }
            | DeliveryStatus::Retry { at }
            | DeliveryStatus::Repeated { at, .. } => (MessageStatus::Pending, Some(millis(*at))),
        };
        let answers = entry.answers.saturating_add(1);
        let kept = if erased { status.without_words() } else { Some(status.clone()) };
        self.conn
            .prepare_cached(
                "UPDATE outbox SET status = ?2, ready_at = ?3, not_before = coalesce(?4, not_before), answers = ?5,
                 not_after = NULL, deadline = NULL, answer = ?6, answered_at = ?7 WHERE seq = ?1",
            )?
            .execute(params![
                entry.seq,
                status_column(after),
                not_before,
                not_before,
                answers,
                kept.map(|answer| encode("answer", &answer)).transpose()?,
                millis(now)
            ])?;
        if erased {
            return Ok(());
        }
        let id = entry.message.id;
        let told = InputKind::Delivery(Delivery::new(id, entry.attempts, now, status).about(&entry.message));
        let heir = self.heir(entry.contact)?;
        self.deliver(heir, &entry.message.contact, Some(InputId::from_attempt(id, answers)), &told, now)?;
        Ok(())
    }

    fn is_erased(&self, row: i64) -> Step<bool> {
        let erased = self
            .conn
            .prepare_cached("SELECT erased = 1 FROM contact WHERE id = ?1")?
            .query_row([row], |row| row.get(0))
            .optional()?;
        Ok(erased.unwrap_or(false))
    }
}

fn later(now: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
