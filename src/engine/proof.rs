//! What a contact allowed and what it was told, put together from the store for who asks for proof.

use chrono::{DateTime, Utc};

use super::Engine;
use super::program::Loaded;
use crate::error::Error;
use crate::model::{ContactId, DeliveryStatus, Message, Reason, Step, StepOutcome};
use crate::port::store::{Deferral, MessageRecord, MessageStatus};
use crate::rule::proof::{Controller, Decision, Head, MergedRecord, Proof, Said};
use crate::seeded::{Bug, is_on};

impl Engine {
    /// What a contact allowed and what it was told: its whole consent chain, and every decision to say something or not, with
    /// the reasons; of whoever was [merged](Engine::merge) into it too, each chain by itself. The chain outlives an erasure, and so does
    /// every decision, with its reasons and every time that a message was put off, without contents and
    /// [without words](DeliveryStatus::without_words).
    ///
    /// Sign it with [`Proof::signed`](crate::rule::proof::ProofKey) before it leaves the house (feature `proof`), and let it
    /// be checked by [`verify`](crate::rule::proof::verify), which needs no store.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Evidence;
    /// use journeyman::rule::proof::{Controller, verify};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Engine};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.consent(Consent::granted("lea", "news", "email", Evidence::new("form", "2026-03"))).await?;
    /// engine.tick().await?;
    /// let controller = Controller::new("example-music", "privacy@example.org");
    /// let text = engine.proof(&"lea".into(), &controller).await?.to_json();
    /// assert_eq!(verify(&text).map(|proof| proof.events.len()), Ok(1));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Store`], [`Error::Catalog`].
    pub async fn proof(&self, contact: &ContactId, controller: &Controller) -> Result<Proof, Error> {
        if self.shared.store.contact(contact).await?.is_none() {
            return Err(Error::UnknownContact { contact: contact.clone() });
        }
        let contact = &self.meant(contact).await?;
        let decisions = self.decisions(contact).await?;
        let records = self.shared.store.consents(contact).await?;
        let mut merged = Vec::new();
        for alias in self.shared.store.aliases(contact).await? {
            let records = self.shared.store.consents(&alias).await?;
            merged.push(MergedRecord::new(alias, records));
        }
        let now = self.shared.store.clock().now();
        let proof = Proof::new(contact.clone(), controller, &self.shared.policy, records, decisions, now);
        Ok(if merged.is_empty() { proof } else { proof.with_merged(merged) })
    }

    /// Where the consent chain of a contact ends now. Sign it ([`Head::signed`], feature `proof`) and deposit it outside the house:
    /// no proof of a later day can then leave anything out of the chain up to here, and [`Head::is_in`] shows it. Of whoever was
    /// [merged](Engine::merge) it is the chain of the contact that goes on, in which stands where the other one ends.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::model::Evidence;
    /// use journeyman::rule::proof::Controller;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Engine};
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.consent(Consent::granted("lea", "news", "email", Evidence::new("form", "2026-03"))).await?;
    /// engine.tick().await?;
    /// let head = engine.head(&"lea".into()).await?;
    /// engine.consent(Consent::granted("lea", "news", "sms", Evidence::new("form", "2026-03"))).await?;
    /// engine.tick().await?;
    /// let proof = engine.proof(&"lea".into(), &Controller::new("example-music", "privacy@example.org")).await?;
    /// assert_eq!((head.length, head.is_in(&proof)), (1, true));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Store`].
    pub async fn head(&self, contact: &ContactId) -> Result<Head, Error> {
        if self.shared.store.contact(contact).await?.is_none() {
            return Err(Error::UnknownContact { contact: contact.clone() });
        }
        let contact = self.meant(contact).await?;
        let records = self.shared.store.consents(&contact).await?;
        Ok(Head::new(contact, &records, self.shared.store.clock().now()))
    }

    /// Every decision to say something to a contact, or not: of steps that came to no message, then of messages, each after every
    /// time that it was put off.
    pub(super) async fn decisions(&self, contact: &ContactId) -> Result<Vec<Decision>, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let (mut steps, mut messages) = (Vec::new(), Vec::new());
        for contact in self.all_of(contact).await? {
            steps.extend(self.shared.store.steps(&contact).await?);
            messages.extend(self.shared.store.messages(&contact).await?);
        }
        let mut decisions: Vec<Decision> = steps.iter().filter_map(|step| of_step(&loaded, step)).collect();
        for record in messages.iter().filter(|one| one.message.call.is_none()) {
            decisions.extend(put_off(record));
            decisions.push(of_message(record));
        }
        Ok(decisions)
    }
}

/// The decision of a step that refused a message, or put it off.
fn of_step(loaded: &Loaded, step: &Step) -> Option<Decision> {
    let (said, reasons) = match &step.outcome {
        StepOutcome::Refused { reasons } => (Said::NotSent, reasons),
        StepOutcome::Deferred { reasons, .. } => (Said::Deferred, reasons),
        _ => return None,
    };
    let send = loaded.program.send_at(&step.journey, step.version, &step.node)?;
    // Of several channels the first that was asked, which the contact may have chosen.
    let asked = reasons.iter().find_map(|reason| match reason {
        Reason::On { channel, .. } => Some(channel),
        _ => None,
    });
    let other = send.others.iter().find(|(channel, _)| Some(channel) == asked);
    let (channel, template) = other.cloned().unwrap_or((send.channel.clone(), send.template.clone()));
    let names = [channel, template, send.purpose.clone()];
    let (journey, node) = (step.journey.clone(), step.node.clone());
    let (reasons, policy) = (reasons.clone(), step.policy.clone());
    let decision = Decision::new(step.at, step.enrollment, journey, step.version, node, names, said, reasons);
    Some(decision.by(policy))
}

fn of_message(record: &MessageRecord) -> Decision {
    let message = &record.message;
    let said = match record.status {
        MessageStatus::Accepted => Said::Sent,
        MessageStatus::Refused | MessageStatus::Cancelled => Said::NotSent,
        MessageStatus::Pending => Said::Waiting,
        MessageStatus::Begun | MessageStatus::Parked => Said::Unknown,
    };
    let reasons: Vec<Reason> = match (&record.answer, said) {
        (Some(DeliveryStatus::Refused { reasons }), Said::NotSent) => reasons.clone(),
        (Some(DeliveryStatus::Deferred { reasons, .. }), Said::Waiting) => reasons.clone(),
        _ => Vec::new(),
    };
    // What was put off waits from then on.
    let at = record.answered_at.unwrap_or(message.decided_at);
    decided(message, at, said, reasons).by(record.policy.clone())
}

/// Every time that the gate put a message off. For what it waits now is said where it waits.
fn put_off(record: &MessageRecord) -> impl Iterator<Item = Decision> {
    let waits = record.status == MessageStatus::Pending
        && matches!(record.answer, Some(DeliveryStatus::Deferred { .. }));
    let forgotten = is_on(Bug::DeferralForgotten) && !waits;
    let over = if forgotten { 0 } else { record.deferrals.len().saturating_sub(usize::from(waits)) };
    record.deferrals.iter().take(over).map(|deferral| {
        let Deferral { at, reasons, policy, .. } = deferral;
        decided(&record.message, *at, Said::Deferred, reasons.clone()).by(Some(policy.clone()))
    })
}

fn decided(message: &Message, at: DateTime<Utc>, said: Said, reasons: Vec<Reason>) -> Decision {
    let names = [message.channel.clone(), message.template.clone(), message.purpose.clone()];
    let (journey, node) = (message.journey.clone(), message.node.clone());
    Decision::new(at, message.enrollment, journey, message.version, node, names, said, reasons)
        .of(message.id)
        .telling(message.sharing.clone())
}
