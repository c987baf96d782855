//! How long a short message is: what it costs, which letters make it dear, and what would make it cheaper.
//!
//! A short message carries 140 bytes: 160 letters of the GSM alphabet (3GPP TS 23.038), or 70 units of UCS-2 as soon as
//! one letter is outside it. A longer one is sent in segments that are put together again, with 153 or 67 each, and each is
//! paid for. Everything here is pure and looks at the text alone.

mod alphabet;
mod bound;
mod measure;
mod reserved;
mod segment;
mod transliteration;

pub use bound::{WorstCase, worst_case};
pub use measure::{Encoding, Measure, Offending, measure};
pub use reserved::{Meaning, Misuse, misuses, names_a_stop};
pub use segment::segments;
pub use transliteration::{Change, Loss, Transliteration, transliterate};
