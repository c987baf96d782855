//! What is known of a person: packed, because most contacts only wait, or whole where a store shall rather be quick.

use std::sync::Arc;

use super::compact::{self, Names};
use crate::machine::{Cold, Sharings};
use crate::model::{ContactId, Fingerprint, Name};
use crate::rule::Standing;

pub(super) enum Person {
    Packed {
        contact: Box<[u8]>,
        standing: Box<Standing>,
        /// None where no third party was told.
        sharings: Option<Box<Sharings>>,
    },
    Whole(Arc<Cold>),
}

impl Person {
    pub(super) fn of(cold: &Arc<Cold>, whole: bool, names: &mut Names) -> Self {
        match whole {
            true => Self::Whole(cold.clone()),
            false => {
                let standing = Box::new(cold.standing.clone());
                let sharings = (!cold.sharings.is_empty()).then(|| Box::new(cold.sharings.clone()));
                Self::Packed { contact: compact::pack(&cold.contact, names), standing, sharings }
            }
        }
    }

    pub(super) fn cold(&self, id: &ContactId, names: &Names) -> Arc<Cold> {
        match self {
            Self::Whole(cold) => cold.clone(),
            Self::Packed { contact, standing, sharings } => {
                let contact = compact::unpack(id, contact, names);
                let sharings = sharings.as_deref().cloned().unwrap_or_default();
                Arc::new(Cold { contact, standing: Standing::clone(standing), sharings })
            }
        }
    }

    /// The fingerprint of the address on a channel, without unpacking the rest.
    pub(super) fn fingerprint(&self, channel: &Name, names: &Names) -> Option<Fingerprint> {
        match self {
            Self::Whole(cold) => cold.contact.addresses.get(channel)?.fingerprint,
            Self::Packed { contact, .. } => compact::fingerprint(contact, channel, names),
        }
    }
}
