//! The denials of the gate: who withdrew what, for which address, and what a later grant lifted.

use crate::machine::{GateRow, Withdrawal};
use crate::model::{ContactId, Fingerprint, Name};
use crate::seeded::{Bug, is_on};

/// One row of the gate, for one scope: an address on a channel, or the contact itself.
///
/// Whoever shares the scope is denied; only a grant by the contact who withdrew, later in its mailbox, lifts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// Who withdrew.
    pub(super) by: ContactId,
    /// On which channel; absent means all of them.
    pub(super) channel: Option<Name>,
    /// For which purpose; absent means all of them.
    pub(super) purpose: Option<Name>,
    /// The place of the newest withdrawal in the mailbox; 0 where there is none.
    pub(super) withdrawn: u64,
    /// The place of the newest grant; 0 where there is none.
    pub(super) granted: u64,
}

impl Denial {
    /// The same for what a contact leaves to the one that it is merged into.
    pub(super) fn row(&self) -> GateRow {
        let Self { by, channel, purpose, withdrawn, granted } = self.clone();
        GateRow::new(by, channel, purpose, withdrawn, granted)
    }

    fn concerns(&self, channel: &str, purpose: &str) -> bool {
        self.channel.as_ref().is_none_or(|name| **name == *channel)
            && self.purpose.as_ref().is_none_or(|name| **name == *purpose)
    }
}

/// Whether the rows of one scope deny a purpose on a channel.
pub(super) fn denies(rows: &[Denial], channel: &str, purpose: &str) -> bool {
    rows.iter().filter(|row| row.concerns(channel, purpose)).any(|row| {
        let granted = rows
            .iter()
            .filter(|other| other.by == row.by || is_on(Bug::AnybodyLifts))
            .filter(|other| other.concerns(channel, purpose))
            .map(|other| other.granted)
            .max();
        row.withdrawn > granted.unwrap_or(0)
    })
}

/// A place in the mailbox after every other one: no grant comes later.
const FOR_GOOD: u64 = i64::MAX as u64;

/// Whether the rows of an address are those of somebody who was erased.
pub(super) fn are_of_erased(rows: &[Denial]) -> bool {
    rows.iter().any(|row| row.withdrawn == FOR_GOOD)
}

/// What is written into the rows of every scope of a contact.
pub(super) struct Forbids<'a> {
    /// Who withdraws.
    pub(super) by: &'a ContactId,
    /// On which channel; absent means all of them.
    pub(super) channel: Option<&'a Name>,
    /// For which purposes; none means every one.
    pub(super) purposes: &'a [Name],
    /// Purposes that are left alone.
    pub(super) except: &'a [Name],
    /// A further address that it is written for, with its channel.
    pub(super) from: Option<&'a (Name, Fingerprint)>,
    /// Its place in the mailbox.
    pub(super) seq: u64,
}

impl<'a> Forbids<'a> {
    pub(super) fn by(withdrawal: &'a Withdrawal, seq: u64) -> Self {
        let Withdrawal { contact, purposes, channel, except, from, .. } = withdrawal;
        Self { by: contact, channel: channel.as_ref(), purposes, except, from: from.as_ref(), seq }
    }
}

impl<'a> Forbids<'a> {
    /// Whoever was erased can grant nothing any more, so its addresses are denied for good.
    pub(super) fn for_good(by: &'a ContactId) -> Self {
        Self { by, channel: None, purposes: &[], except: &[], from: None, seq: FOR_GOOD }
    }
}

/// Writes it into the rows of one scope: a denial of each purpose that it names, or of all of them, and an end of denial for
/// each that it leaves alone.
pub(super) fn forbid(rows: &mut Vec<Denial>, what: &Forbids<'_>, channel: Option<&Name>) {
    let Forbids { by, purposes, except, seq, .. } = *what;
    if purposes.is_empty() {
        withdraw(rows, by, channel, None, seq);
        for spared in except {
            let row = find(rows, by, channel, Some(spared));
            row.granted = row.granted.max(seq);
        }
    }
    for purpose in purposes.iter().filter(|purpose| !except.contains(purpose)) {
        withdraw(rows, by, channel, Some(purpose), seq);
    }
}

/// Writes a withdrawal of one purpose, or of all, into the rows of one scope.
fn withdraw(
    rows: &mut Vec<Denial>,
    by: &ContactId,
    channel: Option<&Name>,
    purpose: Option<&Name>,
    seq: u64,
) {
    let row = find(rows, by, channel, purpose);
    row.withdrawn = row.withdrawn.max(seq);
}

/// Writes a grant into the rows of one scope, where the same contact withdrew anything that it could lift.
pub(super) fn lift(rows: &mut Vec<Denial>, by: &ContactId, channel: &Name, purpose: &Name, seq: u64) {
    let own = |row: &Denial| row.by == *by || is_on(Bug::AnybodyLifts);
    if rows.iter().any(|row| own(row) && row.concerns(channel, purpose)) {
        let row = find(rows, by, Some(channel), Some(purpose));
        row.granted = row.granted.max(seq);
    }
}

/// Takes a row of another scope into the rows of this one, which are of the same address.
pub(super) fn absorb(rows: &mut Vec<Denial>, other: &Denial) {
    let row = find(rows, &other.by, other.channel.as_ref(), other.purpose.as_ref());
    row.withdrawn = row.withdrawn.max(other.withdrawn);
    row.granted = row.granted.max(other.granted);
}

fn find<'r>(
    rows: &'r mut Vec<Denial>,
    by: &ContactId,
    channel: Option<&Name>,
    purpose: Option<&Name>,
) -> &'r mut Denial {
    let same =
        |row: &Denial| row.by == *by && row.channel.as_ref() == channel && row.purpose.as_ref() == purpose;
    let index = rows.iter().position(same).unwrap_or_else(|| {
        let (by, channel, purpose) = (by.clone(), channel.cloned(), purpose.cloned());
        rows.push(Denial { by, channel, purpose, withdrawn: 0, granted: 0 });
        rows.len() - 1
    });
    &mut rows[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawal_of_everything_leaves_alone_what_is_owed() {
        let stop = Withdrawal::everything("lea", crate::model::Evidence::new("sms", "STOP"));
        let stop = Withdrawal { except: vec!["receipts".into()], ..stop };
        let mut rows = Vec::new();
        forbid(&mut rows, &Forbids::by(&stop, 5), None);
        assert!(denies(&rows, "sms", "marketing") && !denies(&rows, "sms", "receipts"));
        let named = Withdrawal { except: Vec::new(), ..stop.for_purpose("receipts") };
        forbid(&mut rows, &Forbids::by(&named, 6), None);
        assert!(denies(&rows, "email", "receipts"));
    }

    #[test]
    fn only_a_later_grant_by_the_same_contact_lifts() {
        let (lea, tom) = (ContactId::from("lea"), ContactId::from("tom"));
        let (sms, marketing): (Name, Name) = ("sms".into(), "marketing".into());
        let mut rows = Vec::new();
        withdraw(&mut rows, &lea, Some(&sms), None, 5);
        assert!(
            denies(&rows, "sms", "marketing")
                && denies(&rows, "sms", "news")
                && !denies(&rows, "email", "news")
        );
        lift(&mut rows, &tom, &sms, &marketing, 9);
        lift(&mut rows, &lea, &sms, &marketing, 4);
        assert!(denies(&rows, "sms", "marketing"));
        lift(&mut rows, &lea, &sms, &marketing, 6);
        assert!(!denies(&rows, "sms", "marketing") && denies(&rows, "sms", "news"));
        withdraw(&mut rows, &lea, Some(&sms), Some(&marketing), 7);
        assert!(denies(&rows, "sms", "marketing"));
    }
}
