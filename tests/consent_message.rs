//! What a message says: how long a short one is, that nobody gets marketing by SMS without a way to stop it, and what an
//! author is told before anybody is told anything.

#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "consent_message/bound.rs"]
mod bound;
#[path = "consent_message/encoder.rs"]
mod encoder;
#[path = "consent_message/lints.rs"]
mod lints;
#[path = "consent_message/opt_out.rs"]
mod opt_out;
#[path = "consent_message/segments.rs"]
mod segments;
#[path = "consent_message/transliteration.rs"]
mod transliteration;
#[path = "consent_message/writers.rs"]
mod writers;
