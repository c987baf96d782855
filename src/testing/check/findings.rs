//! What a check looked at, and what it found.

use std::fmt;

use super::super::Invariant;
use crate::model::ContactId;

/// Something that must hold and does not. It names ids, never personal values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What does not hold.
    pub invariant: Invariant,
    /// Whose history; `everybody` where it is of no one alone, as the size of a segment is.
    pub contact: ContactId,
    /// Where in it: an enrollment, a message, a commit.
    pub place: String,
    /// What was found there.
    pub found: String,
}

impl Violation {
    /// Puts one together, as another judge of the same invariants needs it.
    #[must_use]
    pub fn new(
        invariant: Invariant,
        contact: ContactId,
        place: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { invariant, contact, place: place.into(), found: found.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, contact, place, found } = self;
        write!(f, "{invariant} {contact}, {place}: {found} ({})", invariant.sentence())
    }
}

/// What a check looked at, and what it found. A check of nothing finds nothing, so ask the counts too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Findings {
    /// Everything that does not hold.
    pub violations: Vec<Violation>,
    /// Contacts that were judged, erased ones included.
    pub contacts: u64,
    /// Erased contacts among them.
    pub erased: u64,
    /// Enrollments, ended ones included.
    pub enrollments: u64,
    /// Steps.
    pub steps: u64,
    /// Messages.
    pub messages: u64,
    /// Inputs that the mailboxes still hold.
    pub inputs: u64,
    /// Consent records.
    pub consents: u64,
    /// Commits.
    pub commits: u64,
    /// Commits that were run again and gave the same.
    pub replayed: u64,
    /// Rows of commits of one contact and one program whose mail was run again in one go.
    pub at_once: u64,
    /// Segments that somebody is in and whose size was compared with the states of everybody.
    pub segments: u64,
    /// What could not be judged.
    pub skipped: Skipped,
}

/// What could not be judged, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Contacts that changed each time while they were read, and were not judged at all.
    pub changing: u64,
    /// Contacts whose store keeps no history of them: only what stands now was judged.
    pub without_history: u64,
    /// Contacts whose mail was purged: they were not replayed.
    pub without_mail: u64,
    /// Commits of a program that cannot be built any more, or that ran with another policy, zone or time-zone database,
    /// and those that follow them: they were not replayed.
    pub without_program: u64,
    /// Contacts that were not replayed, because something else of them is wrong already.
    pub broken: u64,
    /// Whether people moved each time while the sizes of segments were compared: they were not judged.
    pub sizes_changing: u64,
}

impl Skipped {
    /// Whether everything was judged.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Findings {
    /// Whether everything that was judged holds.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// Ends a test unless contacts were judged and everything holds.
    ///
    /// # Panics
    /// With everything that was found, or where there was nothing to judge.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean() && self.contacts > 0, "{self}");
    }

    /// The invariants that do not hold, each once, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<Invariant> {
        let mut broken: Vec<Invariant> =
            self.violations.iter().map(|violation| violation.invariant).collect();
        broken.sort_unstable();
        broken.dedup();
        broken
    }

    /// Takes in what another check found.
    pub fn absorb(&mut self, other: Findings) {
        let Findings { violations, contacts, erased, enrollments, steps, messages, inputs, .. } = other;
        self.violations.extend(violations);
        self.contacts += contacts;
        self.erased += erased;
        self.enrollments += enrollments;
        self.steps += steps;
        self.messages += messages;
        self.inputs += inputs;
        self.consents += other.consents;
        self.commits += other.commits;
        self.replayed += other.replayed;
        self.at_once += other.at_once;
        self.segments = self.segments.max(other.segments);
        self.skipped.changing += other.skipped.changing;
        self.skipped.without_history += other.skipped.without_history;
        self.skipped.without_mail += other.skipped.without_mail;
        self.skipped.without_program += other.skipped.without_program;
        self.skipped.broken += other.skipped.broken;
        self.skipped.sizes_changing += other.skipped.sizes_changing;
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        if self.contacts == 0 {
            return write!(f, "nothing was judged: {} contacts changed meanwhile", self.skipped.changing);
        }
        write!(
            f,
            "{} violations in {} contacts ({} erased), {} enrollments, {} steps, {} messages, {} inputs, {} consents, \
             {} commits; {} commits replayed, {} rows of them at once; {} segments",
            self.violations.len(),
            self.contacts,
            self.erased,
            self.enrollments,
            self.steps,
            self.messages,
            self.inputs,
            self.consents,
            self.commits,
            self.replayed,
            self.at_once,
            self.segments,
        )?;
        let Skipped { changing, without_history, without_mail, without_program, broken, sizes_changing } =
            self.skipped;
        write!(
            f,
            "; skipped: {changing} contacts changing, {without_history} without history, {without_mail} without mail, \
             {without_program} commits without their program, {broken} contacts broken, {sizes_changing} sizes changing"
        )
    }
}
