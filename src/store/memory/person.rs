//! What is known of a person: packed, because most contacts only wait, or whole where a store shall rather be quick.

use std::sync::Arc;

use super::compact::{self, Names};
use crate::machine::Cold;
use crate::model::{ContactId, Fingerprint, Name};
use crate::rule::Standing;

pub(super) enum Person {
    Packed { contact: Box<[u8]>, standing: Box<Standing> },
    Whole(Arc<Cold>),
}

impl Person {
    pub(super) fn of(cold: &Arc<Cold>, whole: bool, names: &mut Names) -> Self {
        match whole {
            true => Self::Whole(cold.clone()),
            false => {
                let standing = Box::new(cold.standing.clone());
                Self::Packed { contact: compact::pack(&cold.contact, names), standing }
            }
        }
    }

    pub(super) fn cold(&self, id: &ContactId, names: &Names) -> Arc<Cold> {
        match self {
            Self::Whole(cold) => cold.clone(),
            Self::Packed { contact, standing } => {
                let contact = compact::unpack(id, contact, names);
                Arc::new(Cold { contact, standing: Standing::clone(standing) })
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
