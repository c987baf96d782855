//! The limits that a policy sets, in some seeds: hours of the law, caps, opt-outs, minors, silence, what is owed, and the order
//! of channels; and what must hold of every begin then.
//!
//! The judge sees what began, was put off and was decided, at the store and at the providers. Its rules are numbers that are
//! written down once more ([`plain`]), and it shares no code with those of the crate.

mod answers;
mod drawn;
mod judge;
mod ledger;
mod length;
mod plain;
mod proof;
mod reasons;
mod rules;

pub(super) use answers::{Answers, Said};
pub(super) use drawn::{Limits, Told};
pub(super) use ledger::Ledger;
pub(super) use rules::{BILLED, NEWER_FROM, OFFERED, OWED, bill};
