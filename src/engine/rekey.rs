//! A key of fingerprints that changes, or the spelling that they are made of: what was known under a former one is carried over
//! when its address is seen.

use super::Engine;
use crate::error::StoreError;
use crate::machine::{Input, InputKind};
use crate::model::{Contact, Fingerprint};
use crate::seeded::{Bug, is_on};

impl Engine {
    /// The fingerprint of an address that is seen, once what stands under former keys, and under the former
    /// spelling, stands under it too.
    pub(super) async fn seen(&self, channel: &str, address: &str) -> Result<Fingerprint, StoreError> {
        let current = self.shared.key.fingerprint(channel, address);
        for former in self.former(channel, address, current) {
            self.shared.store.rekey(&channel.into(), former, current).await?;
        }
        Ok(current)
    }

    /// What the address was known by before.
    fn former(&self, channel: &str, address: &str, current: Fingerprint) -> Vec<Fingerprint> {
        let mut former: Vec<Fingerprint> =
            self.shared.key.former_fingerprint(channel, address).into_iter().collect();
        for key in &self.shared.former_keys {
            if !is_on(Bug::OldKeyForgotten) {
                former.push(key.fingerprint(channel, address));
                former.extend(key.former_fingerprint(channel, address));
            }
        }
        former.retain(|former| *former != current);
        former
    }

    /// Sees every address of a contact. It happens before its fingerprints are in the mailbox, so that a message to one of them
    /// is never taken without what was known of it.
    pub(super) async fn see_addresses(&self, contact: &Contact) -> Result<(), StoreError> {
        for (channel, address) in contact.addresses.iter() {
            self.seen(channel, &address.value).await?;
        }
        Ok(())
    }

    /// Sees every address that inputs bring.
    pub(super) async fn see_all(&self, inputs: &[Input]) -> Result<(), StoreError> {
        for input in inputs {
            match &input.kind {
                InputKind::Identify(contact) => self.see_addresses(contact).await?,
                InputKind::Import { row, .. } => self.see_addresses(&row.contact).await?,
                _ => {}
            }
        }
        Ok(())
    }
}
