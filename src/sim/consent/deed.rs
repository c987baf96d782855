//! What somebody says or does about its consent.

use serde::{Deserialize, Serialize};

use super::visits::Look;
use crate::rule::inbound::{Certainty, Reading};

/// One thing that is said or done. Spans are milliseconds; `ago` is 0 where it is told at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Act {
    /// Something happens that the journey tells of.
    Rings,
    /// An answer for which a step withdraws.
    Declines,
    /// Allows a purpose on a line.
    Allows {
        purpose: usize,
        line: usize,
        ago: i64,
        /// How long before that it was asked for, where this confirms it.
        asked: Option<i64>,
        /// Which family was sold, where it rests on a sale.
        family: Option<usize>,
        lasts: Option<i64>,
    },
    /// Asks for a double opt-in, or is brought by another system: allows nothing.
    Mentions { purpose: usize, line: usize, imported: bool },
    /// Forbids a purpose, or each; on a line, or on every one.
    Forbids { purpose: Option<usize>, line: Option<usize>, how: How, ago: i64 },
    /// Writes back, by a number into the texts.
    Writes { line: usize, text: usize, ago: i64 },
    /// A mail or a text comes back, by a number into the codes; of a named contact, or of the address alone.
    Returns { line: usize, code: usize, named: bool },
    /// Somebody brings the same addresses in again, under another id, and says that everything is allowed.
    Again,
    /// Uses one of the links that the person got so far.
    Looks { nth: usize, how: Look },
}

/// By which act something is forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum How {
    Withdrawn,
    Refused,
    Objected,
    Expired,
}

/// What a text asks for, as a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Stop,
    Start,
    Nothing,
}

impl Asks {
    pub(super) fn fits(self, reading: Reading) -> bool {
        match self {
            Asks::Stop => matches!(reading, Reading::Stop(Certainty::Definite | Certainty::Probable)),
            Asks::Start => reading == Reading::Start,
            Asks::Nothing => matches!(reading, Reading::Text | Reading::Help),
        }
    }
}

/// What people write, and what they mean by it.
pub(super) const TEXTS: [(&str, Asks); 12] = [
    ("STOP", Asks::Stop),
    ("Arrêt svp !", Asks::Stop),
    ("s.t.o.p", Asks::Stop),
    ("Stop, merci 🙏", Asks::Stop),
    ("please stop texting me", Asks::Stop),
    ("STOP", Asks::Stop),
    ("START", Asks::Start),
    ("reprendre", Asks::Start),
    ("start", Asks::Start),
    ("C'est non-stop ?", Asks::Nothing),
    ("the stopover in Lyon", Asks::Nothing),
    ("AIDE", Asks::Nothing),
];

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// Nobody is there.
    Gone,
    /// Called unwanted: an objection to everything.
    Unwanted,
    /// The carrier has a STOP.
    Blocked,
    Nothing,
}

pub(super) const CODES: [(&str, &str, Means); 6] = [
    ("smtp", "550 5.1.1 user unknown", Means::Gone),
    ("ses", "permanent", Means::Gone),
    ("arf", "abuse", Means::Unwanted),
    ("twilio", "21610", Means::Blocked),
    ("smtp", "452 4.2.2 mailbox full", Means::Nothing),
    ("smtp", "auto-replied", Means::Nothing),
];
