//! The hot path: inputs in, work out, results back.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::params;

use super::SqliteStore;
use super::db::Db;
use super::fault::{Fault, Step};
use super::rows::{blob, count, envelope, int, message_body, millis, soonest, text, uint};
use crate::error::StoreError;
use crate::machine::{ContactState, Envelope, Input, InputKind};
use crate::model::{ContactId, InputId, Message, Name};
use crate::port::Clock;
use crate::port::store::{Claim, Claimed, Commit, Committed, Lease, Mailbox, Receipt, Result, Work};
use crate::store::codec::encode;
use crate::store::moved::Moved;

#[async_trait]
impl Mailbox for SqliteStore {
    async fn append(&self, inputs: &[Input], horizon: TimeDelta) -> Result<Vec<Receipt>> {
        let inputs = inputs.to_vec();
        self.write("append inputs", inputs.len(), move |db| {
            let now = db.now();
            inputs.iter().map(|input| db.append(input, horizon, now)).collect()
        })
        .await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        let claim = claim.clone();
        self.read("claim contacts", move |db| db.claim(&claim)).await
    }

    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Committed>> {
        self.write("commit", commits.len(), move |db| {
            let (mut answers, mut moved) = (Vec::with_capacity(commits.len()), Moved::default());
            for mut commit in commits {
                let moves = std::mem::take(&mut commit.moves);
                let answer = db.commit(commit)?;
                moved.commit(moves, answer);
                answers.push(answer);
            }
            db.count(moved)?;
            Ok(answers)
        })
        .await
    }

    async fn fail(&self, lease: &Lease, reason: &Name, most: u32) -> Result<Option<u32>> {
        let (lease, reason) = (lease.clone(), reason.clone());
        self.write("count a failure", 1, move |db| db.fail(&lease, &reason, most)).await
    }

    async fn release(&self, contact: &ContactId) -> Result<bool> {
        let contact = contact.clone();
        self.write("release a contact", 1, move |db| db.let_go(&contact)).await
    }

    async fn next_due(&self, channels: &[Name]) -> Result<Option<DateTime<Utc>>> {
        let channels = channels.to_vec();
        self.read("look for what is due", move |db| {
            let now = db.now();
            let mail = db.unread_lane(1)?.first().map(|_| now);
            Ok([mail, db.next_timer()?, db.next_ready(&channels)?].into_iter().flatten().min())
        })
        .await
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.handle.clock)
    }
}

impl Db {
    pub(super) fn append(&mut self, input: &Input, horizon: TimeDelta, now: DateTime<Utc>) -> Step<Receipt> {
        let mut known = self.find(&input.contact)?;
        if let Some(alias) = known.as_ref().filter(|found| found.merged) {
            let heir = self.heir_of(alias)?;
            if !heir.erased && self.was_told(heir.row, input.id)? {
                return Ok(Receipt::Duplicate);
            }
            known = Some(heir);
        }
        if known.as_ref().is_some_and(|contact| contact.erased) {
            return Ok(Receipt::Erased);
        }
        if known.is_none() && !input.creates {
            return Ok(Receipt::UnknownContact);
        }
        let oldest = now.checked_sub_signed(horizon).unwrap_or(DateTime::<Utc>::MIN_UTC);
        if input.kind.claimed_at().is_some_and(|at| at < oldest) {
            return Ok(Receipt::Expired);
        }
        if let Some((channel, purpose)) = &input.permitted
            && self.forbidden(&input.contact, channel, purpose)?.denied
        {
            return Ok(Receipt::Denied);
        }
        let row = match known {
            Some(contact) => contact.row,
            None => self.find_or_make(&input.contact)?.row,
        };
        self.deliver(row, &input.contact, input.id, &input.kind, now)
    }

    /// Puts an input into a mailbox, unless its id was seen.
    pub(super) fn deliver(
        &mut self,
        row: i64,
        contact: &ContactId,
        id: Option<InputId>,
        kind: &InputKind,
        now: DateTime<Utc>,
    ) -> Step<Receipt> {
        let seq = self.head.last_seq + 1;
        let id = id.unwrap_or_else(|| InputId::from_place(contact, seq));
        let kept = self
            .conn
            .prepare_cached(
                "INSERT INTO input (contact, seq, id, received_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (contact, id) DO NOTHING",
            )?
            .execute(params![row, int(seq), id.as_bytes(), millis(now), encode("input", kind)?])?;
        if kept == 0 {
            return Ok(Receipt::Duplicate);
        }
        self.head.last_seq = seq;
        self.conn
            .prepare_cached(
                "INSERT INTO unread (contact, first, last) VALUES (?1, ?2, ?2)
                 ON CONFLICT (contact) DO UPDATE SET last = excluded.last",
            )?
            .execute(params![row, int(seq)])?;
        Ok(Receipt::Kept { id, seq })
    }

    fn claim(&mut self, claim: &Claim) -> Step<Claimed> {
        let now = self.now();
        let rows = self.claimable(claim.limit, now)?;
        let mut work = Vec::with_capacity(rows.len());
        for row in rows {
            match self.work(row, claim.inputs_per_contact) {
                Ok(found) => work.extend(found),
                // Any other error is the database's and not this row's.
                Err(Fault::Store(error)) => self.set_aside(row, &error),
                Err(fault) => return Err(fault),
            }
        }
        Ok(Claimed::new(now, self.head.revision, work))
    }

    /// The rows to hand out: from both lanes in turn, oldest first, each once.
    fn claimable(&mut self, limit: usize, now: DateTime<Utc>) -> Step<Vec<i64>> {
        let mail = self.unread_lane(limit)?;
        let due = self.due_lane(limit, now)?;
        let mut lanes = [mail.into_iter(), due.into_iter()];
        if self.due_first {
            lanes.reverse();
        }
        // A lane that gave one contact more this time gives one less the next time.
        self.due_first ^= limit % 2 == 1;
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            let before = rows.len();
            for lane in &mut lanes {
                if rows.len() < limit {
                    rows.extend(lane.find(|row| seen.insert(*row)));
                }
            }
            if rows.len() == before {
                return Ok(rows);
            }
        }
    }

    fn unread_lane(&self, limit: usize) -> Step<Vec<i64>> {
        self.lane(
            "SELECT contact FROM unread WHERE first <= ?1 AND NOT EXISTS
             (SELECT 1 FROM failing WHERE failing.contact = unread.contact AND parked IS NOT NULL)
             ORDER BY first LIMIT ?2",
            i64::MAX,
            limit,
        )
    }

    fn due_lane(&self, limit: usize, now: DateTime<Utc>) -> Step<Vec<i64>> {
        self.lane(
            "SELECT id FROM state WHERE due_at <= ?1 AND NOT EXISTS
             (SELECT 1 FROM failing WHERE failing.contact = state.id AND parked IS NOT NULL)
             ORDER BY due_at LIMIT ?2",
            millis(now),
            limit,
        )
    }

    /// The next timer of a contact that can be read.
    fn next_timer(&self) -> Step<Option<DateTime<Utc>>> {
        let first = self.due_lane(1, DateTime::<Utc>::MAX_UTC)?;
        let Some(row) = first.first() else { return Ok(None) };
        let due_at: i64 = self
            .conn
            .prepare_cached("SELECT due_at FROM state WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        Ok(Some(soonest(due_at)))
    }

    /// The first rows of a lane, without those that were set aside.
    fn lane(&self, sql: &str, until: i64, limit: usize) -> Step<Vec<i64>> {
        let most = int((limit + self.unreadable.len()) as u64);
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut found = statement.query(params![until, most])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()?.filter(|_| rows.len() < limit) {
            let row = row.get(0)?;
            if !self.unreadable.contains(&row) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Keeps a row that cannot be decoded out of the lanes until this store is opened anew.
    ///
    /// It is not marked in the file: a later version of this crate, in another process, may well read it.
    fn set_aside(&mut self, row: i64, error: &StoreError) {
        tracing::error!(row, %error, "a contact cannot be read and is set aside");
        self.unreadable.insert(row);
    }

    fn work(&self, row: i64, inputs: usize) -> Step<Option<Work>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT state.revision, state.read_seq, contact.external, contact.cold, state.hot, unread.last, epoch
             FROM state JOIN contact ON contact.id = state.id LEFT JOIN unread ON unread.contact = state.id
             WHERE state.id = ?1 AND contact.erased = 0",
        )?;
        let mut found = statement.query([row])?;
        let Some(columns) = found.next()? else { return Ok(None) };
        let (revision, read_seq) = (count(columns.get(0)?)?, count(columns.get(1)?)?);
        let cold = self.cold(row, uint(columns.get(6)?), text(columns, 2)?, blob(columns, 3)?)?;
        let damaged =
            |reason: &str| Fault::from(StoreError::Corrupt { row: "state", reason: reason.to_owned() });
        // Such work could never be committed, and would be handed out for ever.
        let hot = blob(columns, 4)?.ok_or_else(|| damaged("it is missing"))?;
        let state = ContactState::from_parts(cold, self.hot(row, revision, Some(hot))?);
        let envelopes = match columns.get::<_, Option<i64>>(5)? {
            Some(last) => self.mail(row, int(read_seq), last, inputs)?,
            None => Vec::new(),
        };
        if envelopes.is_empty() && columns.get::<_, Option<i64>>(5)?.is_some() {
            return Err(damaged("its unread mail is missing"));
        }
        // Nobody leases here, so the token says how far the mail was read, and the commit need not look.
        let lease = Lease::new(uint(row), revision, read_seq);
        Ok(Some(Work::new(lease, state, read_seq, envelopes)))
    }

    /// Mail with places in `(after, until]`.
    pub(super) fn mail(&self, row: i64, after: i64, until: i64, limit: usize) -> Step<Vec<Envelope>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT seq, id, received_at, body FROM input
             WHERE contact = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
        )?;
        let mut found = statement.query(params![row, after, until, int(limit as u64)])?;
        let mut envelopes = Vec::new();
        while let Some(row) = found.next()? {
            envelopes.push(envelope(row)?);
        }
        Ok(envelopes)
    }

    /// Unread mail as far as it can be read.
    pub(super) fn readable_mail(&self, row: i64, after: i64) -> Step<Vec<Envelope>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT seq, id, received_at, body FROM input WHERE contact = ?1 AND seq > ?2 ORDER BY seq",
        )?;
        let mut found = statement.query([row, after])?;
        let mut envelopes = Vec::new();
        while let Some(row) = found.next()? {
            envelopes.extend(envelope(row).ok());
        }
        Ok(envelopes)
    }

    fn commit(&mut self, commit: Commit) -> Step<Committed> {
        let (row, revision) = (int(commit.lease.row), int(commit.lease.revision));
        if self.has_other_consents(row, &commit)? {
            let reason = "it goes further than its contact knows".to_owned();
            self.set_aside(row, &StoreError::Corrupt { row: "consent chain", reason });
            return Ok(Committed::StaleLease);
        }
        if commit.catalog != self.head.revision {
            let held = self.holds(row, revision)?;
            return Ok(if held { Committed::StaleCatalog } else { Committed::StaleLease });
        }
        let (read_before, read_seq) = (int(commit.lease.token), int(commit.read_seq));
        // An erased contact has no hot part, whatever revision a lease names.
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE state SET revision = ?2 + 1, read_seq = ?3, due_at = ?4, hot = ?5
                 WHERE id = ?1 AND revision = ?2 AND hot IS NOT NULL",
            )?
            .execute(params![
                row,
                revision,
                read_seq,
                commit.due_at.map(millis),
                encode("state", &commit.hot)?
            ])?;
        if changed == 0 {
            return Ok(Committed::StaleLease);
        }
        if read_seq != read_before {
            self.mark_read(row, read_seq)?;
        }
        if let Some(cold) = &commit.cold {
            // What was taken with the old addresses and consents is looked at again.
            self.conn
                .prepare_cached("UPDATE contact SET cold = ?2, epoch = epoch + 1 WHERE id = ?1")?
                .execute(params![row, encode("contact", &**cold)?])?;
        }
        self.log_commit(row, revision + 1, &commit)?;
        for consent in &commit.consents {
            self.conn
                .prepare_cached("INSERT INTO consent (contact, seq, body) VALUES (?1, ?2, ?3)")?
                .execute(params![row, int(consent.seq), encode("consent", consent)?])?;
        }
        if !commit.denials.is_empty() {
            self.deny_all(row, &commit.denials)?;
        }
        if !commit.lifts.is_empty() {
            self.lift(row, &commit.lifts)?;
        }
        // What is spared is put aside for the moment in which the others are taken back.
        for message in &commit.spared {
            self.conn
                .prepare_cached("UPDATE outbox SET status = -1 WHERE id = ?1 AND status = 0")?
                .execute(params![message.as_bytes()])?;
        }
        for enrollment in &commit.cancel {
            // `status <= 1` is the words of the index, by which the planner knows that it may use it.
            self.conn
                .prepare_cached(
                    "UPDATE outbox SET status = 5, ready_at = NULL
                     WHERE contact = ?1 AND status = 0 AND status <= 1 AND enrollment = ?2",
                )?
                .execute(params![row, enrollment.as_bytes()])?;
            self.conn
                .prepare_cached(
                    "UPDATE outbox SET cancelled = 1
                     WHERE contact = ?1 AND status = 1 AND status <= 1 AND enrollment = ?2",
                )?
                .execute(params![row, enrollment.as_bytes()])?;
            self.conn
                .prepare_cached(
                    "UPDATE outbox SET cancelled = 1 WHERE contact = ?1 AND status = 4 AND enrollment = ?2",
                )?
                .execute(params![row, enrollment.as_bytes()])?;
        }
        for message in &commit.spared {
            self.conn
                .prepare_cached("UPDATE outbox SET status = 0 WHERE id = ?1 AND status = -1")?
                .execute(params![message.as_bytes()])?;
        }
        if !commit.denials.is_empty() {
            self.take_back_denied(row, &commit.denials)?;
        }
        self.remember(row, uint(revision + 1), commit.hot);
        Ok(Committed::Done)
    }

    /// Whether a place of the consent chain is taken that this commit would take: its contact was damaged.
    fn has_other_consents(&self, row: i64, commit: &Commit) -> Step<bool> {
        let Some(first) = commit.consents.first() else { return Ok(false) };
        let mut statement =
            self.conn.prepare_cached("SELECT 1 FROM consent WHERE contact = ?1 AND seq >= ?2")?;
        Ok(self.holds(row, int(commit.lease.revision))? && statement.exists([row, int(first.seq)])?)
    }

    pub(super) fn holds(&self, row: i64, revision: i64) -> Step<bool> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT 1 FROM state WHERE id = ?1 AND revision = ?2 AND hot IS NOT NULL")?;
        Ok(statement.exists([row, revision])?)
    }

    /// By place alone: mail that came since the claim stays unread.
    fn mark_read(&self, row: i64, read_seq: i64) -> Step<()> {
        let emptied = self
            .conn
            .prepare_cached("DELETE FROM unread WHERE contact = ?1 AND last <= ?2")?
            .execute(params![row, read_seq])?;
        if emptied == 0 {
            self.conn
                .prepare_cached(
                    "UPDATE unread SET first = (SELECT min(seq) FROM input WHERE contact = ?1 AND seq > ?2)
                     WHERE contact = ?1",
                )?
                .execute(params![row, read_seq])?;
        }
        Ok(())
    }

    /// Writes the commit's one row, and its messages in a row of places of their own.
    fn log_commit(&mut self, row: i64, revision: i64, commit: &Commit) -> Step<()> {
        let (mut first, mut count) = (None, 0);
        for message in &commit.messages {
            if let Some(seq) = self.put_out(row, message, message.decided_at)? {
                first.get_or_insert(seq);
                count += 1;
            }
        }
        let program = self.program(commit.program)?;
        let steps = match commit.steps.as_slice() {
            [] => None,
            steps => Some(encode("step", &steps)?),
        };
        self.conn
            .prepare_cached(
                "INSERT INTO commit_log (contact, revision, now, read_seq, program, first_message, messages, steps)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row,
                revision,
                millis(commit.now),
                int(commit.read_seq),
                program,
                first,
                count,
                steps
            ])?;
        Ok(())
    }

    /// Puts a message into the outbox and answers its place; `None` where it is there already.
    pub(super) fn put_out(&mut self, row: i64, message: &Message, from: DateTime<Utc>) -> Step<Option<i64>> {
        let (journey, channel) = (self.term(message.journey.as_str())?, self.term(&message.channel)?);
        let put = self
            .conn
            .prepare_cached(
                "INSERT INTO outbox (id, contact, enrollment, journey, channel, ready_at, not_before, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                message.id.as_bytes(),
                row,
                message.enrollment.as_bytes(),
                journey,
                channel,
                millis(from),
                message_body(message)?
            ])?;
        Ok((put == 1).then(|| self.conn.last_insert_rowid()))
    }
}
