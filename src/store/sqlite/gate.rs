//! What forbids: each call is one transaction, ahead of everything that waits.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::params;

use super::SqliteStore;
use super::db::Db;
use super::denials::Scope;
use super::fault::Step;
use super::rows::{blob, bytes, cold_of, instant, message, messages, millis, text, uint};
use super::sharing::Removal;
use crate::machine::{Denial, InputKind, Withdrawal};
use crate::model::{
    ContactId, DeliveryStatus, Fingerprint, InputId, Message, MessageId, Name, Reason, Step as JourneyStep,
};
use crate::port::store::{Forbidden, Gate, InFlight, Merging, Receipt, Result, Suppression};
use crate::seeded::{Bug, is_on};
use crate::store::codec::{decode, encode};
use crate::store::denial::{self, Forbids};
use crate::store::known_addresses;

#[async_trait]
impl Gate for SqliteStore {
    async fn withdraw(&self, withdrawal: &Withdrawal, id: Option<InputId>) -> Result<()> {
        let withdrawal = withdrawal.clone();
        self.forbid("withdraw", move |db| {
            let now = db.now();
            db.withdraw(&withdrawal, id, now)
        })
        .await
    }

    async fn suppress(&self, suppression: &Suppression) -> Result<()> {
        let suppression = suppression.clone();
        self.forbid("suppress an address", move |db| {
            let now = db.now();
            db.suppress(&suppression, now)
        })
        .await
    }

    async fn rekey(&self, channel: &Name, former: Fingerprint, current: Fingerprint) -> Result<()> {
        let channel = channel.clone();
        self.forbid("give an address another fingerprint", move |db| {
            let channel = db.term(&channel)?;
            db.rekey(channel, former, current)
        })
        .await
    }

    async fn erase(&self, contact: &ContactId) -> Result<bool> {
        let contact = contact.clone();
        self.forbid("erase a contact", move |db| {
            db.forget_aside(&contact)?;
            let Some(found) = db.meant(&contact)? else { return Ok(false) };
            if !found.erased {
                // Whoever was merged into it is the same person.
                for row in db.aliases(found.row)?.into_iter().chain([found.row]) {
                    let id = db.external(row)?;
                    db.forget_aside(&id)?;
                    db.erase(row, &id)?;
                }
            }
            Ok(true)
        })
        .await
    }

    async fn merge(&self, loser: &ContactId, winner: &ContactId) -> Result<Merging> {
        let (loser, winner) = (loser.clone(), winner.clone());
        self.forbid("merge two contacts", move |db| {
            let now = db.now();
            db.merge(&loser, &winner, now)
        })
        .await
    }

    async fn forbidden(&self, contact: &ContactId, channel: &Name, purpose: &Name) -> Result<Forbidden> {
        let (contact, channel, purpose) = (contact.clone(), channel.clone(), purpose.clone());
        self.read("ask the gate", move |db| db.forbidden(&contact, &channel, &purpose)).await
    }

    async fn in_flight(&self, contact: &ContactId) -> Result<Vec<InFlight>> {
        let contact = contact.clone();
        self.read("look at what is under way", move |db| {
            let Some(contact) = db.meant(&contact)? else { return Ok(Vec::new()) };
            let mut begun = Vec::new();
            for row in db.aliases(contact.row)?.into_iter().chain([contact.row]) {
                begun.extend(db.in_flight(row)?);
            }
            Ok(begun)
        })
        .await
    }
}

impl Db {
    pub(super) fn forbidden(
        &mut self,
        contact: &ContactId,
        channel: &Name,
        purpose: &Name,
    ) -> Step<Forbidden> {
        let Some(row) = self.meant(contact)?.map(|found| found.row) else { return Ok(Forbidden::default()) };
        let mut denied =
            denial::denies(&self.denials(Scope::Contact(row))?, channel, purpose) || self.is_open(row)?;
        let term = self.known_term(channel)?;
        let contact = &self.external(row)?;
        let mut statement = self.conn.prepare_cached("SELECT cold, epoch FROM contact WHERE id = ?1")?;
        let mut found = statement.query([row])?;
        let cold = match found.next()? {
            Some(found) => self.cold(row, uint(found.get(1)?), contact.as_str(), blob(found, 0)?)?,
            None => return Ok(Forbidden::default()),
        };
        let address = cold.contact.addresses.get(channel).and_then(|address| address.fingerprint);
        // A channel without a number stands in no row.
        let Some((term, address)) = term.zip(address) else { return Ok(Forbidden::new(denied, false)) };
        let scope = Scope::Address(term, address);
        let rows = self.denials(scope)?;
        denied |= denial::denies(&rows, channel, purpose);
        let suppressed = self.address_gate(scope)?.1;
        Ok(Forbidden::new(denied, suppressed).of_erased(denial::are_of_erased(&rows)))
    }

    fn withdraw(&mut self, withdrawal: &Withdrawal, id: Option<InputId>, now: DateTime<Utc>) -> Step<()> {
        let mut contact = self.find_or_make(&withdrawal.contact)?;
        let mut withdrawal = withdrawal.clone();
        if contact.merged {
            contact = self.heir_of(&contact)?;
            withdrawal.contact = self.external(contact.row)?;
            if self.was_told(contact.row, id)? {
                return Ok(());
            }
        }
        if contact.erased {
            return Ok(());
        }
        let (row, withdrawal) = (contact.row, &withdrawal);
        let told = InputKind::Withdrawal(withdrawal.clone());
        let Receipt::Kept { seq, .. } = self.deliver(row, &withdrawal.contact, id, &told, now)? else {
            return Ok(());
        };
        self.deny(row, &Forbids::by(withdrawal, seq))?;
        self.take_back(row, &Reason::Withdrawn, now, |message| {
            message.call.is_none() && withdrawal.concerns(&message.purpose, &message.channel)
        })
    }

    /// Writes what is forbidden into the gate's rows of the contact and of its addresses, and of the one that it came from.
    fn deny(&mut self, row: i64, what: &Forbids<'_>) -> Step<()> {
        let (wanted, from) = (what.channel, what.from);
        self.bump_contact(row)?;
        let deny = |db: &mut Self, scope, channel: Option<&Name>| {
            db.change_denials(scope, row, what.by, |denials| {
                denial::forbid(denials, what, channel);
            })
        };
        deny(self, Scope::Contact(row), wanted)?;
        let mut addresses = self.addresses_of(row)?;
        for alias in self.aliases(row)? {
            let others = self.addresses_of(alias)?;
            addresses
                .extend(others.into_iter().filter(|other| !addresses.contains(other)).collect::<Vec<_>>());
        }
        addresses.extend(from.filter(|from| !addresses.contains(from)).cloned());
        for (channel, address) in addresses {
            if wanted.is_none_or(|wanted| *wanted == channel) {
                let scope = Scope::Address(self.term(&channel)?, address);
                self.bump_address(scope, false)?;
                deny(self, scope, Some(&channel))?;
            }
        }
        Ok(())
    }

    /// Writes what a commit denies.
    pub(super) fn deny_all(&mut self, row: i64, denials: &[Denial]) -> Step<()> {
        let contact: String = self
            .conn
            .prepare_cached("SELECT external FROM contact WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        let contact = ContactId::from(contact);
        for denied in denials {
            match denied {
                Denial::Withdrawn { purpose, channel, except, seq } => {
                    let (purposes, channel) = (purpose.as_slice(), channel.as_ref());
                    let by = &contact;
                    self.deny(row, &Forbids { by, channel, purposes, except, from: None, seq: *seq })?;
                }
                Denial::Suppressed { channel, address } => {
                    let scope = Scope::Address(self.term(channel)?, *address);
                    self.bump_address(scope, true)?;
                    self.bump_contact(row)?;
                }
            }
        }
        Ok(())
    }

    /// Takes back what a commit denies, but for what a later grant of the same commit allows again.
    pub(super) fn take_back_denied(&mut self, row: i64, denials: &[Denial]) -> Step<()> {
        let now = self.now();
        for denied in denials {
            let (reason, rows) = match denied {
                Denial::Withdrawn { .. } => (Reason::Withdrawn, self.denials(Scope::Contact(row))?),
                Denial::Suppressed { channel, address } => {
                    if !self.has_address(row, channel, *address)? {
                        continue;
                    }
                    (Reason::Suppressed, Vec::new())
                }
            };
            self.take_back(row, &reason, now, |message| {
                let stands =
                    reason == Reason::Suppressed || denial::denies(&rows, &message.channel, &message.purpose);
                message.call.is_none() && denied.concerns(message) && stands
            })?;
        }
        Ok(())
    }

    fn suppress(&mut self, suppression: &Suppression, now: DateTime<Utc>) -> Step<()> {
        let Suppression { channel, address, contact, .. } = suppression;
        let scope = Scope::Address(self.term(channel)?, *address);
        self.bump_address(scope, contact.is_none() || !is_on(Bug::BounceMarksTheContact))?;
        let Some(contact) = contact else { return Ok(()) };
        let Some(found) = self.meant(contact)?.filter(|found| !found.erased) else { return Ok(()) };
        self.bump_contact(found.row)?;
        let told = InputKind::Suppression { channel: channel.clone(), address: *address };
        self.deliver(found.row, contact, Some(suppression.input_id(contact)), &told, now)?;
        if self.has_address(found.row, channel, *address)? {
            self.take_back(found.row, &Reason::Suppressed, now, |message| {
                message.call.is_none() && message.channel == *channel
            })?;
        }
        Ok(())
    }

    /// Forgets a person; the order matters only in that addresses and segments are read before they go.
    fn erase(&mut self, row: i64, contact: &ContactId) -> Step<()> {
        if !is_on(Bug::ErasureFreesTheAddress) {
            self.deny(row, &Forbids::for_good(contact))?;
        }
        self.leave_segments(row)?;
        let now = self.now();
        let (owed, kept) = (self.removals(row, now)?, self.open_removals(row)?);
        self.blank_answers(row, &kept, now)?;
        for sql in [
            "UPDATE contact SET erased = 1, epoch = epoch + 1, cold = NULL WHERE id = ?1",
            "UPDATE state SET revision = revision + 1, due_at = NULL, hot = NULL WHERE id = ?1",
            "DELETE FROM unread WHERE contact = ?1",
            "DELETE FROM failing WHERE contact = ?1",
            "DELETE FROM input WHERE contact = ?1",
            "UPDATE outbox SET ready_at = NULL, cancelled = 1 WHERE contact = ?1 AND status <= 1",
            // Commits that put messages out stay as the way to them.
            "UPDATE outbox SET content = NULL, ready_at = NULL WHERE seq IN (
               SELECT outbox.seq FROM commit_log JOIN outbox
               ON outbox.seq BETWEEN first_message AND first_message + messages - 1 WHERE commit_log.contact = ?1)",
            "UPDATE commit_log SET program = NULL WHERE contact = ?1",
        ] {
            self.conn.prepare_cached(sql)?.execute([row])?;
        }
        self.blank_steps(row)?;
        self.conn
            .prepare_cached("DELETE FROM commit_log WHERE contact = ?1 AND messages = 0 AND steps IS NULL")?
            .execute([row])?;
        self.put_out_owed(row, &owed, now)?;
        self.reopen(&kept)?;
        self.forget(row);
        self.scrub = true;
        Ok(())
    }

    /// Leaves of the steps of a person what names nobody.
    fn blank_steps(&mut self, row: i64) -> Step<()> {
        let written: Vec<(i64, Vec<u8>)> = self.all(
            "SELECT seq, steps FROM commit_log WHERE contact = ?1 AND steps IS NOT NULL",
            [row],
            |row| Ok((row.get(0)?, bytes(row, 1)?.to_vec())),
        )?;
        let mut blank = self.conn.prepare_cached("UPDATE commit_log SET steps = ?2 WHERE seq = ?1")?;
        for (seq, steps) in written {
            // What cannot be read must not stop an erasure: nothing of it stays.
            let steps = decode::<Vec<JourneyStep>>("step", &steps).unwrap_or_default();
            let kept: Vec<JourneyStep> = steps.iter().filter_map(JourneyStep::without_words).collect();
            let kept = (!kept.is_empty()).then(|| encode("step", &kept)).transpose()?;
            blank.execute(params![seq, kept])?;
        }
        Ok(())
    }

    /// Takes back what waits of a person but for what is owed to others, and leaves of every answer what names nobody.
    fn blank_answers(&self, row: i64, owed: &[Removal], now: DateTime<Utc>) -> Step<()> {
        let answered: Vec<(i64, Vec<u8>)> = self.all(
            "SELECT outbox.seq, answer FROM commit_log JOIN outbox
             ON outbox.seq BETWEEN first_message AND first_message + messages - 1
             WHERE commit_log.contact = ?1 AND answer IS NOT NULL",
            [row],
            |row| Ok((row.get(0)?, bytes(row, 1)?.to_vec())),
        )?;
        let mut blank = self.conn.prepare_cached("UPDATE outbox SET answer = ?2 WHERE seq = ?1")?;
        for (seq, answer) in answered {
            // What cannot be read must not stop an erasure: nothing of it stays.
            let kept =
                decode::<DeliveryStatus>("answer", &answer).ok().and_then(|answer| answer.without_words());
            let kept = kept.map(|kept| encode("answer", &kept)).transpose()?;
            if kept.as_deref() != Some(&answer) {
                blank.execute(params![seq, kept])?;
            }
        }
        let waiting = self.all(
            "SELECT seq FROM outbox WHERE contact = ?1 AND status = 0 AND status <= 1",
            [row],
            |row| Ok(row.get::<_, i64>(0)?),
        )?;
        let erased = encode("answer", &DeliveryStatus::Refused { reasons: vec![Reason::Erased] })?;
        let mut take_back = self
            .conn
            .prepare_cached("UPDATE outbox SET status = 5, answer = ?2, answered_at = ?3 WHERE seq = ?1")?;
        for seq in waiting.into_iter().filter(|seq| owed.iter().all(|owed| owed.seq != *seq)) {
            take_back.execute(params![seq, erased, millis(now)])?;
        }
        Ok(())
    }

    fn bump_contact(&self, row: i64) -> Step<()> {
        self.conn.prepare_cached("UPDATE contact SET epoch = epoch + 1 WHERE id = ?1")?.execute([row])?;
        Ok(())
    }

    /// The addresses of a contact, those of unread mail included.
    ///
    /// Mail or a state that cannot be read must not stop a withdrawal or an erasure: what can be read counts.
    fn addresses_of(&self, row: i64) -> Step<Vec<(Name, Fingerprint)>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT external, cold, read_seq FROM contact JOIN state ON state.id = contact.id WHERE contact.id = ?1",
        )?;
        let mut found = statement.query([row])?;
        let Some(columns) = found.next()? else { return Ok(Vec::new()) };
        let external = text(columns, 0)?;
        let cold = match cold_of(external, blob(columns, 1)?) {
            Ok(cold) => cold,
            Err(_) => {
                tracing::error!(
                    row,
                    "a contact cannot be read: the gate sees the addresses of its unread mail alone"
                );
                cold_of(external, None)?
            }
        };
        let unread = self.readable_mail(row, columns.get(2)?)?;
        Ok(known_addresses(&cold, &unread))
    }

    /// Whether a contact has an address now, by whichever of its fingerprints.
    fn has_address(&mut self, row: i64, channel: &Name, address: Fingerprint) -> Step<bool> {
        let Some(own) = self.current_address(row, channel)? else { return Ok(false) };
        let term = self.term(channel)?;
        Ok(self.canonical(Scope::Address(term, own))? == self.canonical(Scope::Address(term, address))?)
    }

    fn current_address(&self, row: i64, channel: &Name) -> Step<Option<Fingerprint>> {
        let mut statement = self.conn.prepare_cached("SELECT external, cold FROM contact WHERE id = ?1")?;
        let mut found = statement.query([row])?;
        let Some(columns) = found.next()? else { return Ok(None) };
        // A contact that cannot be read has its messages cancelled by the epoch alone.
        let cold = cold_of(text(columns, 0)?, blob(columns, 1)?).ok();
        Ok(cold.and_then(|cold| cold.contact.addresses.get(channel)?.fingerprint))
    }

    /// Takes back the pending messages of a contact that `which` names, and tells the contact of each.
    fn take_back(
        &mut self,
        row: i64,
        reason: &Reason,
        now: DateTime<Utc>,
        which: impl Fn(&Message) -> bool,
    ) -> Step<()> {
        for seq in self.pending(row, which)? {
            self.forbid(seq, reason.clone(), now)?;
        }
        Ok(())
    }

    fn pending(&self, row: i64, which: impl Fn(&Message) -> bool) -> Step<Vec<i64>> {
        let pending = messages!("seq", "outbox", "WHERE outbox.contact = ?1 AND status = 0 AND status <= 1");
        let mut statement = self.conn.prepare_cached(pending)?;
        let mut found = statement.query([row])?;
        let mut cancelled = Vec::new();
        while let Some(columns) = found.next()? {
            // A message that cannot be read cannot be sent either; it must not stop what forbids.
            if message(columns).is_ok_and(|message| !message.is_removal() && which(&message)) {
                cancelled.push(columns.get::<_, i64>(6)?);
            }
        }
        Ok(cancelled)
    }

    fn in_flight(&self, row: i64) -> Step<Vec<InFlight>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT outbox.id, term.word, not_after, deadline FROM outbox JOIN term ON term.id = outbox.channel
             WHERE contact = ?1 AND status = 1 AND status <= 1 ORDER BY seq",
        )?;
        let mut found = statement.query(params![row])?;
        let mut begun = Vec::new();
        while let Some(columns) = found.next()? {
            let channel: String = columns.get(1)?;
            begun.push(InFlight::new(
                MessageId::from_bytes(columns.get(0)?),
                channel.into(),
                instant(columns.get(2)?)?,
                instant(columns.get(3)?)?,
            ));
        }
        Ok(begun)
    }
}
