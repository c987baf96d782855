//! The secrets that links are signed with.

use std::fmt;

use super::letters;
use super::token::Token;

/// The form of the bytes.
const VERSION: u8 = 1;
/// Version and key id.
const HEAD: usize = 2;
/// The seal at the end: 128 bits.
const SEAL: usize = 16;
/// The longest token that is looked at.
const MOST_TEXT: usize = 4096;

/// The secrets that links are signed with: one that signs, and former ones that are still believed.
///
/// A token is `version ‖ key id ‖ kind ‖ fields ‖ MAC` in the letters of a URL. The MAC is keyed BLAKE3, cut to 128 bits and
/// compared in constant time; the kind and every field are inside it. A token never expires, so keep a former key for as
/// long as a message that it signed may be read: a link that is not believed any more is a person who cannot unsubscribe.
///
/// ```
/// use journeyman::link::{LinkKeys, Token};
/// use journeyman::model::MessageId;
/// let first = LinkKeys::new(1, [7; 32]);
/// let open = Token::Open { message: MessageId::from_bytes([9; 16]) };
/// let link = first.sign(&open);
///
/// let second = LinkKeys::new(2, [8; 32]).former(1, [7; 32]);
/// assert_eq!(second.verify(&link), Some(open));
/// assert_eq!(second.verify(&link.to_lowercase()), None);
/// assert_eq!(LinkKeys::new(2, [8; 32]).verify(&link), None);
/// ```
#[derive(Clone)]
pub struct LinkKeys {
    current: Key,
    former: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: u8,
    /// Derived, so that a secret that serves elsewhere too makes no token there.
    secret: [u8; 32],
}

impl Key {
    fn new(id: u8, secret: [u8; 32]) -> Self {
        Self { id, secret: blake3::derive_key("journeyman 2026-11 public links", &secret) }
    }

    fn seal(&self, signed: &[u8]) -> [u8; SEAL] {
        let hash = blake3::keyed_hash(&self.secret, signed);
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&hash.as_bytes()[..SEAL]);
        seal
    }
}

impl LinkKeys {
    /// Signs with 32 secret bytes of the host's, under a number that every token names. Keep them outside the database.
    #[must_use]
    pub fn new(id: u8, secret: [u8; 32]) -> Self {
        Self { current: Key::new(id, secret), former: Vec::new() }
    }

    /// Still believes what another key signed. Of keys with one number, the one that signs counts, then the first.
    #[must_use]
    pub fn former(mut self, id: u8, secret: [u8; 32]) -> Self {
        self.former.push(Key::new(id, secret));
        self
    }

    /// A token as it stands in a URL.
    #[must_use]
    pub fn sign(&self, token: &Token) -> String {
        let mut bytes = vec![VERSION, self.current.id];
        bytes.extend(token.bytes());
        let seal = self.current.seal(&bytes);
        bytes.extend(seal);
        letters::write(&bytes)
    }

    /// What a text from a URL may do; `None` for everything but the very text that one of the keys signed.
    #[must_use]
    pub fn verify(&self, text: &str) -> Option<Token> {
        if text.len() > MOST_TEXT {
            return None;
        }
        let bytes = letters::read(text)?;
        let (signed, seal) = bytes.split_last_chunk::<SEAL>()?;
        let (&[version, id], fields) = signed.split_first_chunk::<HEAD>()?;
        if version != VERSION {
            return None;
        }
        let key = std::iter::once(&self.current).chain(&self.former).find(|key| key.id == id)?;
        is_same(&key.seal(signed), seal).then(|| Token::of_bytes(fields)).flatten()
    }
}

/// Compares in constant time: blake3's own comparison of hashes does, whatever the compiler thinks of it.
fn is_same(one: &[u8; SEAL], other: &[u8; SEAL]) -> bool {
    let widened = |seal: &[u8; SEAL]| {
        let mut bytes = [0; blake3::OUT_LEN];
        bytes[..SEAL].copy_from_slice(seal);
        blake3::Hash::from_bytes(bytes)
    };
    widened(one) == widened(other)
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MessageId;

    fn tokens() -> Vec<Token> {
        let (contact, channel) = ("lea".into(), "email".into());
        let message = MessageId::from_bytes([3; 16]);
        let address = Some(crate::model::Fingerprint::from_bytes([5; 16]));
        vec![
            Token::Unsubscribe { contact, purpose: "news".into(), channel, address, epoch: 4 },
            Token::Preferences { contact: "Zoé".into(), channel: "email".into(), address: None },
            Token::Click { message, link: 513 },
            Token::Open { message },
        ]
    }

    #[test]
    fn every_kind_reads_back() {
        let keys = LinkKeys::new(1, [1; 32]);
        for token in tokens() {
            assert_eq!(keys.verify(&keys.sign(&token)), Some(token));
        }
    }

    // Golden: a change here breaks the links in everything that was ever sent.
    #[test]
    fn the_letters_of_a_token_never_change() {
        let keys = LinkKeys::new(1, [1; 32]);
        let all: Vec<String> = tokens().iter().map(|token| keys.sign(token)).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn the_number_of_a_key_is_not_its_secret() {
        let link = LinkKeys::new(1, [1; 32]).sign(&tokens()[3]);
        assert_eq!(LinkKeys::new(1, [2; 32]).verify(&link), None);
        assert_eq!(LinkKeys::new(2, [1; 32]).verify(&link), None);
        assert!(LinkKeys::new(2, [2; 32]).former(1, [1; 32]).verify(&link).is_some());
        assert_eq!(LinkKeys::new(1, [2; 32]).former(1, [1; 32]).verify(&link), None);
    }

    #[test]
    fn nothing_may_be_left_over() {
        let keys = LinkKeys::new(1, [1; 32]);
        let mut bytes = vec![VERSION, 1];
        bytes.extend(tokens()[3].bytes());
        bytes.push(0);
        let seal = keys.current.seal(&bytes);
        bytes.extend(seal);
        assert_eq!(keys.verify(&letters::write(&bytes)), None);
    }
}
