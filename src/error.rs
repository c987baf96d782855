//! What can go wrong, sorted by whose turn it is to act.
//!
//! [`Diagnostic`]s are for authors of definitions, [`StoreError`] for the operator of the store, [`Error`] for the
//! caller of an engine's method. Messages name ids and never personal values.

use std::fmt;

use crate::model::{ContactId, MergeRefusal, Name, Reason};

/// One problem of a definition: a stable code, the place, a sentence, the next step.
///
/// ```
/// use journeyman::Journey;
/// let broken = r#"{"journey": "hi", "version": 1, "enter": {"on": {"event": "x"}},
///                  "steps": [{"wait": "2h", "goto": "nowhere"}]}"#;
/// let problems = Journey::from_json(broken).unwrap_err();
/// println!("{problems}");
/// assert_eq!(problems.diagnostics[0].code, "J011");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Stable for ever, such as `J011`; listed in `docs/DIAGNOSTICS.md`.
    pub code: &'static str,
    /// A path into the definition, such as `welcome/steps[3].send.template`.
    pub place: String,
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub next: String,
}

impl Diagnostic {
    pub(crate) fn new(
        code: &'static str,
        place: impl Into<String>,
        sentence: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { code, place: place.into(), sentence: sentence.into(), next: next.into() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}; {}", self.code, self.place, self.sentence, self.next)
    }
}

/// Every problem of a definition, found in one go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct BuildError {
    /// In the order of the definition; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl BuildError {
    pub(crate) fn of(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }

    /// `Err` with all that was collected, or `Ok` where nothing was.
    pub(crate) fn unless_empty(diagnostics: Vec<Diagnostic>) -> Result<(), Self> {
        if diagnostics.is_empty() { Ok(()) } else { Err(Self { diagnostics }) }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// What a store could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing was changed.
    #[error("the store could not {operation}: {reason}; nothing was changed, try again")]
    Unavailable {
        /// What was attempted.
        operation: &'static str,
        /// What the store said.
        reason: String,
    },
    /// The connection or the process broke after the commit was asked for: it may or may not have taken effect.
    #[error("whether the store did {operation} is not known ({reason}); read back before repeating")]
    Unknown {
        /// What was attempted.
        operation: &'static str,
        /// What the store said.
        reason: String,
    },
    /// Another process holds the store; nothing was changed.
    #[error("the store is busy: it could not {operation} in time; nothing was changed, try again")]
    Busy {
        /// What was attempted.
        operation: &'static str,
    },
    /// No space is left; nothing was changed, and nothing that was acknowledged is lost.
    #[error("no space is left to {operation}; nothing was changed; make room and try again")]
    Full {
        /// What was attempted.
        operation: &'static str,
    },
    /// The store may only be read.
    #[error("the store may only be read: it could not {operation}; open it with write permission")]
    ReadOnly {
        /// What was attempted.
        operation: &'static str,
    },
    /// A later version of this crate wrote the store.
    #[error(
        "the store has schema {found} and this version of journeyman knows up to {supported}; use a newer version"
    )]
    NewerSchema {
        /// The schema of the store.
        found: u32,
        /// The newest schema this version reads.
        supported: u32,
    },
    /// A stored row cannot be read.
    #[error("a stored {row} cannot be read: {reason}; restore it from a backup or erase the contact")]
    Corrupt {
        /// What kind of row.
        row: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// The store was opened for another purpose or by another program.
    #[error("this is not a journeyman store: {reason}; name another file")]
    NotAStore {
        /// What was found.
        reason: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy { .. } | Self::Full { .. })
    }
}

/// A row of an import that is not valid.
#[derive(Debug, thiserror::Error)]
#[error("{row}: {error}")]
#[non_exhaustive]
pub struct RowProblem {
    /// Its number, from 0.
    pub row: u64,
    /// What is wrong, as for a single input.
    pub error: Box<Error>,
}

/// The first five, so that a file with one mistake in every row still has a short answer.
fn first_rows(problems: &[RowProblem]) -> String {
    let rows: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
    rows.join("\nrow ")
}

/// What an engine's method could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A definition has problems.
    #[error("the definition has {} problem(s):\n{_0}", _0.diagnostics.len())]
    Build(#[from] BuildError),
    /// The input is larger than its limit; nothing of it was kept.
    #[error("the {what} has {size} bytes and the limit is {limit}; send less, or raise the limit in Limits")]
    TooLarge {
        /// Which kind of input.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The input itself is wrong; nothing of it was kept.
    #[error("the {what} is not valid: {sentence}; {next}")]
    Invalid {
        /// Which kind of input.
        what: &'static str,
        /// What is wrong.
        sentence: String,
        /// What to do.
        next: &'static str,
    },
    /// The host asked that unknown contacts be refused, and this one is unknown.
    #[error("the contact {contact} is unknown; identify it first, or let the engine create contacts")]
    UnknownContact {
        /// Who.
        contact: ContactId,
    },
    /// The contact was erased; nothing about it is kept.
    #[error(
        "the contact {contact} was erased; drop this, or use another id where the person came back by itself"
    )]
    Erased {
        /// Who.
        contact: ContactId,
    },
    /// Two contacts are not made one; nothing was changed.
    #[error("the contact {loser} is not merged into {winner}: {why}")]
    NotMerged {
        /// Who should end.
        loser: ContactId,
        /// Who should go on.
        winner: ContactId,
        /// Why not.
        why: MergeRefusal,
    },
    /// The event violates the newest schema of its name. It is not lost: it is kept aside, counts for nothing, and waits for
    /// somebody's decision.
    #[error("the event violates its schema and is kept aside under the number {id}: {}; release or drop it", problems.join("; "))]
    Aside {
        /// Its number, for [`Engine::release_aside`](crate::Engine::release_aside).
        id: u64,
        /// What it violates, a sentence each.
        problems: Vec<String>,
    },
    /// The event is older than the horizon within which events are deduplicated.
    #[error(
        "the event {name} is older than the horizon of {days} days; import history instead of tracking it"
    )]
    Expired {
        /// Which event.
        name: Name,
        /// The horizon.
        days: i64,
    },
    /// The contact does not allow it, or has no address there.
    #[error(
        "the contact {contact} may not be written to ({reasons:?}); what each reason asks for stands in model::Reason"
    )]
    Forbidden {
        /// Who.
        contact: ContactId,
        /// Every reason.
        reasons: Vec<Reason>,
    },
    /// Rows of an import are wrong; nothing of any row was kept.
    #[error("{} row(s) of the import are not valid, and nothing was imported; mend them and import again: row {}", _0.len(), first_rows(_0))]
    Rows(Vec<RowProblem>),
    /// Something published cannot be used by this version of the crate.
    #[error(
        "a definition of the catalog cannot be used by this version of journeyman: {reason}; use a newer one"
    )]
    Catalog {
        /// What was found.
        reason: String,
    },
}

impl StoreError {
    /// A word for it that never changes, such as `busy`, for answers and figures.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Unknown { .. } => "unknown_outcome",
            Self::Busy { .. } => "busy",
            Self::Full { .. } => "full",
            Self::ReadOnly { .. } => "read_only",
            Self::NewerSchema { .. } => "newer_schema",
            Self::Corrupt { .. } => "corrupt",
            Self::NotAStore { .. } => "not_a_store",
        }
    }
}

impl Error {
    /// A word for it that never changes, such as `unknown_contact`, for answers and figures. Problems of a definition have codes
    /// of their own beside it ([`Diagnostic::code`]).
    ///
    /// ```
    /// use journeyman::Error;
    /// let error = Error::UnknownContact { contact: "lea".into() };
    /// assert_eq!(error.code(), "unknown_contact");
    /// ```
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Build(_) => "build",
            Self::TooLarge { .. } => "too_large",
            Self::Invalid { .. } => "invalid",
            Self::UnknownContact { .. } => "unknown_contact",
            Self::Erased { .. } => "erased",
            Self::NotMerged { .. } => "not_merged",
            Self::Aside { .. } => "aside",
            Self::Expired { .. } => "expired",
            Self::Forbidden { .. } => "forbidden",
            Self::Rows(_) => "rows",
            Self::Catalog { .. } => "catalog",
        }
    }
}
