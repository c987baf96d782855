//! Who vouches for a proof: Ed25519, so that whoever checks it can sign nothing.

use std::fmt;

use ed25519_dalek::{Signature as Signed, Signer, SigningKey, VerifyingKey};

use super::{Head, Proof, ProofError, Signature, verify};
use crate::model::{Hash, Name};

const ALGORITHM: &str = "ed25519";

/// The host's secret for signing proofs. Keep it outside the database, and publish what its [reader](ProofKey::reader) shows.
///
/// ```
/// use journeyman::rule::Policy;
/// use journeyman::rule::proof::{Controller, Proof, ProofKey, ProofReader};
/// let key = ProofKey::new([7; 32]);
/// let controller = Controller::new("example-music", "privacy@example.org");
/// let at = "2026-03-23T10:00:00Z".parse()?;
/// let proof = Proof::new("lea".into(), &controller, &Policy::default(), Vec::new(), Vec::new(), at);
/// let text = proof.signed(&key).to_json();
///
/// let reader = ProofReader::new(key.reader().bytes())?;
/// assert!(reader.verify(&text).is_ok());
/// assert!(ProofKey::new([8; 32]).reader().verify(&text).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ProofKey(SigningKey);

impl ProofKey {
    /// Wraps 32 secret bytes of the host's.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// What checks its signatures and can make none.
    #[must_use]
    pub fn reader(&self) -> ProofReader {
        ProofReader(self.0.verifying_key())
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(…)")
    }
}

/// What checks the signatures of one [`ProofKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofReader(VerifyingKey);

impl ProofReader {
    /// Wraps the 32 bytes that the signer published.
    ///
    /// # Errors
    /// [`ProofError::Signature`] where they are no key.
    pub fn new(bytes: [u8; 32]) -> Result<Self, ProofError> {
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| ProofError::Signature)
    }

    /// The 32 bytes to publish.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Reads a document that the key's owner vouches for: nothing in it was changed, left out or cut off since.
    ///
    /// # Errors
    /// As [`verify`]; [`ProofError::Signature`] where nobody vouches for it, or somebody else.
    pub fn verify(&self, text: &str) -> Result<Proof, ProofError> {
        let proof = verify(text)?;
        match &proof.signature {
            Some(signature) if self.made(signature) => Ok(proof),
            _ => Err(ProofError::Signature),
        }
    }

    /// Reads a head that the key's owner vouches for.
    ///
    /// # Errors
    /// As [`Head::read`]; [`ProofError::Signature`] where nobody vouches for it, or somebody else.
    pub fn head(&self, text: &str) -> Result<Head, ProofError> {
        let head = Head::read(text)?;
        match &head.signature {
            Some(signature) if self.made(signature) => Ok(head),
            _ => Err(ProofError::Signature),
        }
    }

    fn made(&self, signature: &Signature) -> bool {
        *signature.key == *hex(self.0.as_bytes())
    }
}

impl Proof {
    /// The same, with the host vouching for it.
    #[must_use]
    pub fn signed(mut self, key: &ProofKey) -> Self {
        self.signature = Some(key.sign(&self.chain.digest));
        self
    }
}

impl Head {
    /// The same, with the host vouching for it.
    ///
    /// ```
    /// use journeyman::rule::proof::{Head, ProofKey};
    /// let key = ProofKey::new([7; 32]);
    /// let head = Head::new("lea".into(), &[], "2026-03-23T10:00:00Z".parse()?).signed(&key);
    /// let text = head.to_json();
    /// assert_eq!(key.reader().head(&text)?, head);
    /// assert!(ProofKey::new([8; 32]).reader().head(&text).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn signed(self, key: &ProofKey) -> Self {
        let signature = Some(key.sign(&self.digest()));
        Self { signature, ..self }
    }
}

impl ProofKey {
    fn sign(&self, digest: &Hash) -> Signature {
        let value = self.0.sign(&said(digest)).to_bytes();
        Signature { algorithm: ALGORITHM.into(), key: hex(self.reader().0.as_bytes()), value: hex(&value) }
    }
}

/// Checks a signature by the key that it names.
pub(super) fn check(signature: &Signature, digest: &Hash) -> Result<(), ProofError> {
    let (key, value) = (read(&signature.key), read(&signature.value));
    let checked = key.zip(value).filter(|_| *signature.algorithm == *ALGORITHM).and_then(|(key, value)| {
        let key = VerifyingKey::from_bytes(&key).ok()?;
        key.verify_strict(&said(digest), &Signed::from_bytes(&value)).ok()
    });
    checked.ok_or(ProofError::Signature)
}

/// What is signed: a digest of a proof or of a head, and of nothing else that is ever signed by the key.
fn said(digest: &Hash) -> Vec<u8> {
    [b"journeyman proof 1".as_slice(), digest.as_bytes()].concat()
}

fn hex(bytes: &[u8]) -> Name {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Bytes from their one form in hexadecimal digits: a capital letter is another text.
fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    (*hex(&bytes) == *text).then_some(bytes)
}
