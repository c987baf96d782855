//! Who takes part in what is done with a person's data, and what that is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::{Basis, Policy, Purpose};
use super::Decision;
use crate::model::{ConsentRecord, ContactId, Hash, Name};

/// Who decides what is done: what the host says of itself, for its proofs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Controller {
    /// Its name.
    pub name: Name,
    /// Where it is asked about data.
    pub contact: Name,
    /// Its postal address.
    pub address: Name,
    /// Under whose law it stands.
    pub jurisdiction: Name,
    /// Where the data lies.
    pub storage_location: Name,
    /// Who else gets the data.
    pub recipients: Vec<Name>,
    /// Which data it is about.
    pub pii: Vec<Name>,
    /// How a yes is taken back.
    pub withdrawal_method: Name,
}

impl Controller {
    /// A controller with a name and where it is asked.
    #[must_use]
    pub fn new(name: impl Into<Name>, contact: impl Into<Name>) -> Self {
        Self { name: name.into(), contact: contact.into(), ..Self::default() }
    }

    /// Sets its postal address.
    #[must_use]
    pub fn address(mut self, address: impl Into<Name>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets under whose law it stands.
    #[must_use]
    pub fn jurisdiction(mut self, jurisdiction: impl Into<Name>) -> Self {
        self.jurisdiction = jurisdiction.into();
        self
    }

    /// Sets where the data lies.
    #[must_use]
    pub fn stored_in(mut self, location: impl Into<Name>) -> Self {
        self.storage_location = location.into();
        self
    }

    /// Adds somebody else who gets the data.
    #[must_use]
    pub fn recipient(mut self, recipient: impl Into<Name>) -> Self {
        self.recipients.push(recipient.into());
        self
    }

    /// Adds a kind of data that it is about.
    #[must_use]
    pub fn pii(mut self, kind: impl Into<Name>) -> Self {
        self.pii.push(kind.into());
        self
    }

    /// Sets how a yes is taken back.
    #[must_use]
    pub fn withdrawn_by(mut self, method: impl Into<Name>) -> Self {
        self.withdrawal_method = method.into();
        self
    }

    pub(super) fn party(&self) -> Party {
        Party {
            party_id: self.name.clone(),
            party_type: "controller".into(),
            party_name: Some(self.name.clone()),
            party_address: Some(self.address.clone()).filter(|address| !address.is_empty()),
            party_contact: Some(self.contact.clone()),
        }
    }
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Party {
    /// Its identity in the document.
    pub party_id: Name,
    /// What it is: `controller` or `pii_principal`.
    pub party_type: Name,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_name: Option<Name>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_address: Option<Name>,
    /// Where it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_contact: Option<Name>,
}

impl Party {
    /// The person. Its name and its addresses stay out of the document.
    pub(super) fn person(contact: &ContactId) -> Self {
        Self {
            party_id: contact.as_str().into(),
            party_type: "pii_principal".into(),
            party_name: None,
            party_address: None,
            party_contact: None,
        }
    }
}

/// What is done for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Processing {
    /// The purpose.
    pub purpose: Name,
    /// What allows it.
    pub lawful_basis: Basis,
    /// By which channels.
    pub channels: BTreeSet<Name>,
    /// Which words the person was shown, each with the hash of its text where that is on record.
    pub privacy_notice: BTreeSet<(Name, Option<Hash>)>,
    /// In which languages it was asked.
    pub language: BTreeSet<Name>,
    /// Where it was asked.
    pub collection_method: BTreeSet<Name>,
    /// Which data it is about.
    pub pii_information: Vec<Name>,
    /// Who decides what is done.
    pub pii_controllers: Vec<Name>,
    /// Who else gets the data.
    pub recipients: Vec<Name>,
    /// Where the data lies.
    pub storage_location: Name,
    /// How long it is used, and where that is written.
    pub retention_period: Name,
    /// Under whose law.
    pub jurisdiction: Name,
    /// How a yes is taken back.
    pub withdrawal_method: Name,
}

impl Processing {
    /// Every purpose that anything was said of, or for.
    pub(super) fn all(
        controller: &Controller,
        policy: &Policy,
        records: &[ConsentRecord],
        decisions: &[Decision],
    ) -> Vec<Self> {
        let mut purposes: BTreeSet<&Name> =
            records.iter().filter_map(|record| record.purpose.as_ref()).collect();
        purposes.extend(decisions.iter().map(|decision| &decision.purpose));
        let retention = policy.retention.as_ref().map_or("until it is withdrawn".into(), |retention| {
            let (lasts, source, as_of) = (retention.lasts, &retention.source, &retention.as_of);
            format!("{lasts} after the last contact by the person ({source}, {as_of})").into()
        });
        let of = |purpose: &Name| {
            let asked = || records.iter().filter(move |record| record.purpose.as_ref() == Some(purpose));
            let told = policy.find(purpose).filter(|purpose| purpose.partner().is_some());
            let said = decisions.iter().filter(|decision| decision.purpose == *purpose);
            Self {
                purpose: purpose.clone(),
                lawful_basis: policy.basis(purpose).clone(),
                channels: asked()
                    .filter_map(|record| record.channel.clone())
                    .chain(said.map(|decision| decision.channel.clone()))
                    .collect(),
                privacy_notice: asked()
                    .map(|record| (record.evidence.wording.clone(), record.evidence.wording_hash))
                    .collect(),
                language: asked().filter_map(|record| record.evidence.locale.clone()).collect(),
                collection_method: asked().map(|record| record.evidence.source.clone()).collect(),
                pii_information: told.map_or_else(|| controller.pii.clone(), fields_of),
                pii_controllers: vec![controller.name.clone()],
                recipients: told
                    .and_then(Purpose::partner)
                    .map_or_else(|| controller.recipients.clone(), |with| vec![with.clone()]),
                storage_location: controller.storage_location.clone(),
                retention_period: Name::clone(&retention),
                jurisdiction: controller.jurisdiction.clone(),
                withdrawal_method: controller.withdrawal_method.clone(),
            }
        };
        purposes.into_iter().map(of).collect()
    }
}

/// Which data a third party is told.
fn fields_of(purpose: &Purpose) -> Vec<Name> {
    purpose.shares.iter().map(|field| field.name().clone()).collect()
}
