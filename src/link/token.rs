//! What a link may do, as bytes: what a token says is all that it can be used for.

use crate::model::{ContactId, Fingerprint, MessageId, Name};

/// What a public link may do. Every kind can only reduce what is allowed, or lead where its message already led.
///
/// A token never expires: a person who finds an old message may still unsubscribe by it. Write and read it with
/// [`LinkKeys`](super::LinkKeys).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Token {
    /// No more of one purpose on one channel.
    Unsubscribe {
        /// Whose consent.
        contact: ContactId,
        /// What for.
        purpose: Name,
        /// By which channel.
        channel: Name,
        /// The address that the message went to.
        address: Option<Fingerprint>,
        /// How many consent records the contact had when the message was written: what was granted again later was meant
        /// after it.
        epoch: u64,
    },
    /// See what is allowed, and take any of it back.
    Preferences {
        /// Whose consents.
        contact: ContactId,
        /// By which channel the message went.
        channel: Name,
        /// The address that it went to.
        address: Option<Fingerprint>,
    },
    /// Go where a link of a message leads.
    Click {
        /// Which message.
        message: MessageId,
        /// Which of its links, from 0.
        link: u16,
    },
    /// Load the picture that shows that a message was opened.
    Open {
        /// Which message.
        message: MessageId,
    },
}

const UNSUBSCRIBE: u8 = 1;
const PREFERENCES: u8 = 2;
const CLICK: u8 = 3;
const OPEN: u8 = 4;

impl Token {
    /// The kind, then every field, each in a form of its own length.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        match self {
            Self::Unsubscribe { contact, purpose, channel, address, epoch } => {
                bytes.push(UNSUBSCRIBE);
                push_text(&mut bytes, contact.as_str());
                push_text(&mut bytes, purpose);
                push_text(&mut bytes, channel);
                push_address(&mut bytes, *address);
                bytes.extend(epoch.to_le_bytes());
            }
            Self::Preferences { contact, channel, address } => {
                bytes.push(PREFERENCES);
                push_text(&mut bytes, contact.as_str());
                push_text(&mut bytes, channel);
                push_address(&mut bytes, *address);
            }
            Self::Click { message, link } => {
                bytes.push(CLICK);
                bytes.extend(message.as_bytes());
                bytes.extend(link.to_le_bytes());
            }
            Self::Open { message } => {
                bytes.push(OPEN);
                bytes.extend(message.as_bytes());
            }
        }
        bytes
    }

    /// Reads what [`bytes`](Token::bytes) wrote; nothing may be left over.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [kind] = take::<1>(&mut rest)?;
        let token = match kind {
            UNSUBSCRIBE => Self::Unsubscribe {
                contact: take_text(&mut rest)?.into(),
                purpose: take_text(&mut rest)?.into(),
                channel: take_text(&mut rest)?.into(),
                address: take_address(&mut rest)?,
                epoch: u64::from_le_bytes(take(&mut rest)?),
            },
            PREFERENCES => Self::Preferences {
                contact: take_text(&mut rest)?.into(),
                channel: take_text(&mut rest)?.into(),
                address: take_address(&mut rest)?,
            },
            CLICK => Self::Click {
                message: MessageId::from_bytes(take(&mut rest)?),
                link: u16::from_le_bytes(take(&mut rest)?),
            },
            OPEN => Self::Open { message: MessageId::from_bytes(take(&mut rest)?) },
            _ => return None,
        };
        rest.is_empty().then_some(token)
    }
}

/// A text with its length before it; what is longer than any id of the house is cut, and then leads nowhere.
fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.as_bytes().iter().take(usize::from(length)));
}

fn push_address(bytes: &mut Vec<u8>, address: Option<Fingerprint>) {
    match address {
        Some(address) => {
            bytes.push(1);
            bytes.extend(address.as_bytes());
        }
        None => bytes.push(0),
    }
}

fn take<const LENGTH: usize>(rest: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (taken, left) = rest.split_first_chunk::<LENGTH>()?;
    *rest = left;
    Some(*taken)
}

fn take_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::from(u16::from_le_bytes(take(rest)?));
    let (text, left) = rest.split_at_checked(length)?;
    *rest = left;
    std::str::from_utf8(text).ok()
}

fn take_address(rest: &mut &[u8]) -> Option<Option<Fingerprint>> {
    match take::<1>(rest)? {
        [0] => Some(None),
        [1] => Some(Some(Fingerprint::from_bytes(take(rest)?))),
        _ => None,
    }
}
