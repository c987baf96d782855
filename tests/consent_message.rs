//! What a message says: how long a short one is, that nobody gets marketing by SMS without a way to stop it, and what an
//! author is told before anybody is told anything.

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;
mod consent_message {
    #[cfg(feature = "addresses")]
    mod address;
    mod bound;
    mod encoder;
    mod lints;
    mod opt_out;
    mod segments;
    mod transliteration;
    mod way_out;
    mod writers;
}
