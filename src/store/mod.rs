//! Adapters of [`port::store`](crate::port::store). They know the machine's data and never the engine.

#[cfg(feature = "sqlite")]
mod codec;
mod denial;
mod memory;
mod moved;
mod said;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::{MemoryStore, MemoryStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteStore, SqliteStoreBuilder};

use crate::machine::{Cold, Envelope, InputKind};
use crate::model::{Fingerprint, Name};

/// The addresses of a contact as the gate must see them: the committed ones and those of unread mail, each once.
fn known_addresses<'e>(
    cold: &Cold,
    unread: impl IntoIterator<Item = &'e Envelope>,
) -> Vec<(Name, Fingerprint)> {
    let unread = unread.into_iter().filter_map(|envelope| match &envelope.kind {
        InputKind::Identify(update) => Some(&update.addresses),
        InputKind::Import { row, .. } => Some(&row.contact.addresses),
        _ => None,
    });
    let mut found: Vec<(Name, Fingerprint)> = std::iter::once(&cold.contact.addresses)
        .chain(unread)
        .flatten()
        .filter_map(|(channel, address)| Some((channel.clone(), address.fingerprint?)))
        .collect();
    found.sort();
    found.dedup();
    found
}
