//! After an erasure nothing of a person is left but what the law asks for: not in the file, its log, what is logged or what is
//! answered; and what comes late brings nobody back. The names I10 and I24 are those of the invariants of consent.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

#[path = "consent_erasure/bytes.rs"]
mod bytes;
mod common;
#[path = "consent_erasure/import.rs"]
mod import;
#[path = "consent_erasure/late.rs"]
mod late;
#[path = "consent_erasure/life.rs"]
mod life;
#[path = "consent_erasure/log.rs"]
mod log;
#[path = "consent_erasure/rotation.rs"]
mod rotation;
#[path = "consent_erasure/spelling.rs"]
mod spelling;
