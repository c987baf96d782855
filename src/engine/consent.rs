//! What contacts allow and no longer allow, at the door: the one goes through the mailbox, the other through the gate.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};

use super::{Engine, UnknownContacts};
use crate::error::{Error, StoreError};
use crate::machine::{Envelope, Input, InputKind, Withdrawal};
use crate::model::{Consent, ConsentStatus, ContactId, Evidence, InputId, Name};
use crate::seeded::{Bug, is_on};

const MOST_PURPOSES: usize = 100;
/// The days on which something can have been said, counted from 1970-01-01: not on the first, which is how programs write
/// that they know none, and until the end of the year 9998.
const PLAUSIBLE: RangeInclusive<i64> = 1..=2_932_531;

impl Engine {
    /// Says what a contact allows. An act that forbids (a withdrawal, a refusal, an objection, the end of what was allowed)
    /// takes the same way as [`withdraw`](Engine::withdraw); an objection concerns everything that is not owed, whatever it
    /// names.
    ///
    /// A yes that [confirms](Evidence::confirming) a request is taken only where that request is on record: told before, for the same
    /// purpose and channel, under the [id](Consent::id) that the yes names. It counts from when it was asked there, or from
    /// what the yes itself says where that is sooner.
    ///
    /// # Errors
    /// As [`track`](Engine::track); [`Error::Invalid`] where no request is on record that it confirms.
    pub async fn consent(&self, consent: Consent) -> Result<(), Error> {
        if !consent.status.forbids() {
            return self.append(vec![Input::from(consent)]).await.map(drop);
        }
        let Consent { contact, purpose, channel, status, evidence, id, at, .. } = consent;
        let withdrawal = match status {
            ConsentStatus::Objected => Withdrawal::objection(contact, evidence),
            _ => Withdrawal::of(contact, purpose, channel, evidence),
        };
        self.withdraw(&Withdrawal { id, act: status, at, ..withdrawal }).await
    }

    /// Says that a contact no longer allows something. When this returns, no message that it forbids can begin.
    ///
    /// What a contract or a law demands goes on: purposes that the policy says are owed are left alone, even where they are
    /// named. What is said of them is on record all the same.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty id, and for an act that forbids nothing; [`Error::Store`], and then it must be said
    /// again.
    pub async fn withdraw(&self, withdrawal: &Withdrawal) -> Result<(), Error> {
        if let Some(id) = &withdrawal.id {
            self.check_id("name in the withdrawal", id)?;
        }
        self.forbid_at_once(withdrawal).await
    }

    /// The same under an id that is made of one of the host's, and so is longer than those may be.
    pub(super) async fn forbid_at_once(&self, withdrawal: &Withdrawal) -> Result<(), Error> {
        self.check_id("contact id", withdrawal.contact.as_str())?;
        self.check_evidence(&withdrawal.evidence)?;
        if withdrawal.purposes.len() > MOST_PURPOSES {
            return Err(Error::Invalid {
                what: "withdrawal",
                sentence: format!("it names more than {MOST_PURPOSES} purposes"),
                next: "name none, which means every purpose",
            });
        }
        if !withdrawal.act.forbids() {
            return Err(Error::Invalid {
                what: "withdrawal",
                sentence: format!("{} forbids nothing", withdrawal.act.word()),
                next: "call consent, which takes what allows",
            });
        }
        for name in withdrawal.purposes.iter().chain(&withdrawal.channel) {
            self.check_id("name in the withdrawal", name)?;
        }
        self.check_instant("withdrawal", withdrawal.at)?;
        withdrawal.purposes.iter().for_each(|purpose| self.warn_of_purpose(purpose));
        let named = |purpose: &&Name| withdrawal.purposes.is_empty() || withdrawal.purposes.contains(purpose);
        let except = self.shared.policy.owed().filter(named).cloned().collect();
        let withdrawal = &Withdrawal { except, ..withdrawal.clone() };
        // Without an id of the host's no two withdrawals are one, for a grant can lie between them.
        let id = withdrawal.input_id();
        let first = self.shared.store.withdraw(withdrawal, id).await;
        // Withdrawing twice forbids what withdrawing once does, so an unknown outcome is settled by telling it again.
        match first {
            Err(StoreError::Unknown { .. }) => self.shared.store.withdraw(withdrawal, id).await?,
            other => other?,
        }
        tracing::info!(contact = %withdrawal.contact, "consent withdrawn");
        self.wake();
        Ok(())
    }

    pub(super) fn check_consent(&self, consent: &Consent) -> Result<(), Error> {
        self.check_id("purpose", &consent.purpose)?;
        self.check_evidence(&consent.evidence)?;
        if let Some(id) = &consent.id {
            self.check_id("consent id", id)?;
        }
        self.check_id("channel name", &consent.channel)?;
        self.check_instant("consent", consent.at)?;
        self.warn_of_purpose(&consent.purpose);
        if consent.status.forbids() {
            return Err(Error::Invalid {
                what: "consent",
                sentence: "a withdrawal does not go through the mailbox".to_owned(),
                next: "call withdraw, which takes effect at once",
            });
        }
        Ok(())
    }

    /// A name that is mistyped allows and forbids nothing that anybody says. It is no error: rules are named anew, and what was
    /// said under an older name must be told all the same.
    fn warn_of_purpose(&self, purpose: &Name) {
        let (policy, declared) = (&self.shared.policy, &self.shared.purposes);
        let says_names = !policy.purposes.is_empty() || declared.is_some();
        let is_declared = declared.as_ref().is_some_and(|declared| declared.contains(purpose));
        if says_names && !is_declared && policy.find(purpose).is_none() {
            tracing::warn!(%purpose, "no rule names this purpose, and a consent speaks of it");
        }
    }

    /// Refuses an instant that nobody can mean: the zero of a clock that was never set, and what no calendar is written for.
    pub(super) fn check_instant(&self, what: &'static str, at: Option<DateTime<Utc>>) -> Result<(), Error> {
        let days = at.map(|at| at.timestamp().div_euclid(86_400));
        if days.is_none_or(|days| PLAUSIBLE.contains(&days)) {
            return Ok(());
        }
        Err(Error::Invalid {
            what,
            sentence: "its instant lies before 1970-01-02 or after the year 9998".to_owned(),
            next: "give the instant at which it was said, or none",
        })
    }

    /// Refuses a yes that confirms what nobody was asked, as far as is on record; one counts from when it was asked there at the
    /// latest.
    pub(super) async fn check_requests(&self, inputs: &mut [Input]) -> Result<(), Error> {
        for place in 0..inputs.len() {
            let (before, rest) = inputs.split_at_mut(place);
            let Some(Input { kind: InputKind::Consent(yes), .. }) = rest.first_mut() else { continue };
            let Some(confirms) = yes.evidence.confirms.clone() else { continue };
            let asked_at = self.asked_at(before, yes, &confirms.request).await?;
            let Some(asked_at) = asked_at else {
                return Err(Error::Invalid {
                    what: "consent",
                    sentence: format!(
                        "it confirms {:?}, and no such request for {:?} on {:?} is on record",
                        confirms.request, yes.purpose, yes.channel
                    ),
                    next: "tell the request first: Consent::requested with the id that the confirmation names",
                });
            };
            if let Some(confirms) = yes.evidence.confirms.as_mut().filter(|_| !is_on(Bug::ConfirmsNothing)) {
                confirms.asked_at = confirms.asked_at.min(asked_at);
            }
        }
        Ok(())
    }

    /// When a request was made that a yes confirms; as the yes says, where the store refuses it for another reason.
    async fn asked_at(
        &self,
        before: &[Input],
        yes: &Consent,
        request: &str,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let (store, said_at) = (&self.shared.store, yes.evidence.confirms.as_ref().map(|own| own.asked_at));
        if is_on(Bug::ConfirmsNothing) {
            return Ok(said_at);
        }
        let is_request = |kind: &InputKind| match kind {
            InputKind::Consent(other) => {
                other.status == ConsentStatus::Requested
                    && (&other.purpose, &other.channel) == (&yes.purpose, &yes.channel)
            }
            _ => false,
        };
        // Of former versions, which made one id of all that a host told under one.
        let ids = |contact: &ContactId| {
            let (purpose, channel) = ([&*yes.purpose], Some(&*yes.channel));
            let own = InputId::from_act(ConsentStatus::Requested, contact, purpose, channel, request);
            [own, InputId::from_host("consent", contact, request)]
        };
        let [own, _] = ids(&yes.contact);
        let now = store.clock().now();
        if let Some(Input { kind: InputKind::Consent(asked), .. }) =
            before.iter().find(|input| input.id == Some(own) && is_request(&input.kind))
        {
            return Ok(Some(asked.at.unwrap_or(now)));
        }
        let contact = self.meant(&yes.contact).await?;
        let Some(stored) = store.contact(&contact).await? else {
            return Ok(said_at.filter(|_| self.shared.unknown_contacts != UnknownContacts::Create));
        };
        if stored.erased {
            return Ok(said_at);
        }
        // Unread before the chain: what is read meanwhile then stands in both, and never in neither.
        let unread = store.inputs(&contact, stored.read_seq, u64::MAX >> 1).await?;
        for contact in self.all_of(&contact).await? {
            let ids = ids(&contact);
            let unread =
                unread.iter().find(|envelope| ids.contains(&envelope.id) && is_request(&envelope.kind));
            if let Some(Envelope { kind: InputKind::Consent(asked), received_at, .. }) = unread {
                return Ok(Some(asked.at.unwrap_or(*received_at)));
            }
            let records = store.consents(&contact).await?;
            let asked = records.iter().find(|record| {
                ids.contains(&record.input)
                    && record.status == ConsentStatus::Requested
                    && record.purpose.as_ref() == Some(&yes.purpose)
                    && record.channel.as_ref() == Some(&yes.channel)
            });
            if let Some(asked) = asked {
                return Ok(Some(asked.at));
            }
        }
        Ok(None)
    }

    fn check_evidence(&self, evidence: &Evidence) -> Result<(), Error> {
        self.check_instant("evidence", evidence.valid_until)?;
        self.check_instant("evidence", evidence.confirms.as_ref().map(|confirms| confirms.asked_at))?;
        evidence.names().try_for_each(|(what, name)| self.check_id(what, name))
    }
}
