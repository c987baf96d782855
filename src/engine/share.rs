//! Telling a named third party of a contact, and telling it to forget: the door, and the gate's answer.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::Engine;
use super::deliver::{PERMIT, repeats_unknown};
use super::program::Loaded;
use crate::error::Error;
use crate::machine::{Input, InputKind};
use crate::model::{
    ConsentStatus, Content, Fingerprint, Hash, InputId, Message, Name, Permit, Reason, Share, SharedField,
    Sharing, SharingAct, Value,
};
use crate::port::store::{Receipt, Taken, Verdict};
use crate::rule::permit::{Question, permit};
use crate::rule::{Purpose, is_third_party};
use crate::seeded::{Bug, is_on};

/// What a third party is handed, as the text of the content.
#[derive(Serialize)]
struct Told<'a> {
    act: SharingAct,
    id: Fingerprint,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<Notice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Fields<'a>>,
}

/// The words that the contact said yes to.
#[derive(Serialize)]
struct Notice {
    version: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
}

#[derive(Default, Serialize)]
struct Fields<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a Name, &'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    addresses: BTreeMap<&'a Name, &'a str>,
}

impl Engine {
    /// Asks that the third party of a purpose is told of a contact: the fields that [the purpose](crate::rule::Purpose::sharing)
    /// declares, and nothing else. True where it is new; false where its id was told before.
    ///
    /// With the next [tick](Engine::tick) it is an export: a message to the [channel](crate::Channel) `share:` and the name of
    /// the party. The gate is asked before every attempt, as for any message ([`permit`]: the contact's
    /// yes to this very purpose, denials, suppression, age and retention; no hours and no caps). One that it refuses is on record
    /// with every reason: in [`why`](Engine::why), in the [proof](Engine::proof).
    ///
    /// Once the yes has ended (by a withdrawal of it or of everything, an objection, the end of its time, a merge, an erasure) the
    /// party is told to remove what it was told: one message for all exports under that yes, after the last of their calls is
    /// over. It is owed (GDPR art. 19): no withdrawal stops it and no erasure, and it is repeated until the channel takes or
    /// refuses it for good. Where no export has begun, there is none.
    ///
    /// The text of the content is JSON: `act` (`export` or `removal`) and `id`, another one for each party and each yes, so that a
    /// removal that comes late takes nothing of what is told under a newer yes; of an export
    /// `purpose`, `notice` (`version` and `hash` of the words of the yes) and `fields` (`attributes`, `addresses`) as well.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::channel::RecordingChannel;
    /// use journeyman::machine::Withdrawal;
    /// use journeyman::model::{Evidence, Share};
    /// use journeyman::rule::{Policy, Purpose};
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Consent, Contact, Engine};
    ///
    /// let sponsor = RecordingChannel::new("share:maison-k");
    /// let policy = Policy::default().purpose(Purpose::sharing("maison-k").telling_attribute("city"));
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).policy(policy).channel(sponsor.clone()).build();
    /// engine.identify(Contact::new("lea").attribute("city", "Lyon").attribute("age", 31)).await?;
    /// let form = Evidence::new("form", "v1");
    /// engine.consent(Consent::granted("lea", "maison-k", "share:maison-k", form.clone())).await?;
    ///
    /// assert!(engine.share(Share::new("lea", "maison-k").id("2027-01")).await?);
    /// engine.tick().await?;
    /// engine.withdraw(&Withdrawal::everything("lea", form)).await?;
    /// engine.tick().await?;
    ///
    /// let told: Vec<String> = sponsor.sent().iter().map(|sent| sent.content.plain().to_owned()).collect();
    /// assert!(told[0].contains(r#""fields":{"attributes":{"city":"Lyon"}}"#));
    /// assert!(told[1].starts_with(r#"{"act":"removal","id":""#) && told.len() == 2);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty id, and where the policy has no purpose of sharing of this name or it declares no field;
    /// [`Error::UnknownContact`], [`Error::Erased`], [`Error::TooLarge`], [`Error::Store`].
    pub async fn share(&self, share: Share) -> Result<bool, Error> {
        let Share { contact, purpose, id } = share;
        self.check_id("contact id", contact.as_str())?;
        self.check_id("purpose", &purpose)?;
        if let Some(id) = &id {
            self.check_id("id of a sharing", id)?;
        }
        let named = self.shared.policy.find(&purpose).filter(|purpose| !purpose.shares.is_empty());
        let Some(with) = named.and_then(Purpose::partner) else {
            return Err(Error::Invalid {
                what: "sharing",
                sentence: format!("the policy has no purpose {purpose:?} that tells a third party anything"),
                next: "give it one: Purpose::sharing with the fields that are told",
            });
        };
        let subject = self.shared.key.subject(with, &self.meant(&contact).await?);
        let id = id.map(|id| InputId::from_host("share", &contact, &format!("{purpose}/{id}")));
        let kind = InputKind::Share { purpose, with: with.clone(), subject };
        let receipts = self.append_checked(vec![Input::for_known(contact, id, kind)]).await?;
        Ok(matches!(receipts.first(), Some(Receipt::Kept { .. })))
    }

    /// The gate's answer for what a third party is told.
    pub(super) async fn judge_sharing(
        &self,
        loaded: &Loaded,
        taken: &Taken,
        sharing: &Sharing,
        now: DateTime<Utc>,
    ) -> Result<Verdict, Error> {
        let message = &taken.message;
        let Some(channel) = self.shared.channels.get(&message.channel) else {
            return Ok(Verdict::Refuse { reasons: vec![Reason::Channel("unknown".into())] });
        };
        let spent = taken.attempts >= self.backoff_of(loaded, message).attempts;
        let repeats = message.is_removal() || repeats_unknown(&**channel);
        if taken.unknown && (taken.cancelled || spent || !repeats) {
            return Ok(Verdict::Park);
        }
        Ok(match self.told_of(loaded, taken, sharing, now).await? {
            Err(reasons) => Verdict::Refuse { reasons },
            Ok(content) => Verdict::Send {
                content,
                permit: PERMIT,
                lease: PERMIT.checked_add(&channel.deadline()).unwrap_or(TimeDelta::MAX),
            },
        })
    }

    /// What is handed to a third party, or every reason why it is not.
    async fn told_of(
        &self,
        loaded: &Loaded,
        taken: &Taken,
        sharing: &Sharing,
        now: DateTime<Utc>,
    ) -> Result<Result<Content, Vec<Reason>>, Error> {
        let message = &taken.message;
        if sharing.act == SharingAct::Removal {
            let told =
                Told { act: sharing.act, id: sharing.subject, purpose: None, notice: None, fields: None };
            return Ok(Ok(written(&told)));
        }
        let policy = &loaded.program.policy;
        let cold = &taken.cold;
        let question = Question::new(&cold.contact, &cold.standing, &message.channel, &message.purpose)
            .at_gate(taken.denied, taken.suppressed);
        let zone = self.zone_of(loaded, taken);
        let mut reasons = match permit(&question, policy, &zone, now) {
            Permit::Permit => Vec::new(),
            Permit::Refuse { reasons } | Permit::Defer { reasons, .. } => reasons,
        };
        let purpose = policy.find(&message.purpose);
        let shares = purpose.map_or(&[][..], |purpose| &purpose.shares);
        // An address that nobody may write to is not told either, nor one of somebody who was erased. What else is denied there is not
        // asked: that is of messages.
        for field in shares {
            let SharedField::Address(channel) = field else { continue };
            let has_one = cold.contact.addresses.contains_key(channel);
            if !has_one || reasons.contains(&Reason::Suppressed) {
                continue;
            }
            let there = self.shared.store.forbidden(&message.contact, channel, &message.purpose).await?;
            if there.suppressed || there.erased {
                reasons.push(Reason::Suppressed);
            }
        }
        if is_on(Bug::ExportUnasked) {
            reasons.clear();
        } else if reasons.is_empty() && !cold.sharings.is_open(message) {
            // Asked for before the yes that stands now.
            reasons.push(Reason::NoConsent);
        }
        if !reasons.is_empty() {
            return Ok(Err(reasons));
        }
        // Every attempt carries the bytes of the first.
        if let Some(content) = &taken.content {
            return Ok(Ok(content.clone()));
        }
        let mut fields = Fields::default();
        for field in shares {
            match field {
                SharedField::Attribute(name) => {
                    fields.attributes.extend(cold.contact.attributes.get(name).map(|value| (name, value)));
                }
                SharedField::Address(channel) => {
                    let address = cold.contact.addresses.get(channel);
                    fields.addresses.extend(address.map(|address| (channel, &*address.value)));
                }
            }
        }
        let told = Told {
            act: sharing.act,
            id: sharing.subject,
            purpose: Some(&message.purpose),
            notice: self.notice_of(message).await?,
            fields: Some(fields),
        };
        Ok(Ok(written(&told)))
    }

    /// The words of the newest yes to the purpose of a message, on its channel.
    async fn notice_of(&self, message: &Message) -> Result<Option<Notice>, Error> {
        let records = self.shared.store.consents(&message.contact).await?;
        let yes = records.into_iter().rev().find(|record| {
            record.status == ConsentStatus::Granted && record.concerns(&message.purpose, &message.channel)
        });
        Ok(yes.map(|yes| Notice { version: yes.evidence.wording, hash: yes.evidence.wording_hash }))
    }
}

/// Whether a message that is not for a third party would be handed to one.
pub(super) fn strays(message: &Message) -> bool {
    message.sharing.is_none() && is_third_party(&message.channel)
}

fn written(told: &Told<'_>) -> Content {
    let mut content = Content::nothing();
    content.text = serde_json::to_string(told).ok();
    content
}
