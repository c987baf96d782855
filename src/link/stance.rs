//! What of a link's scope still stands, by what the contact said since.

use crate::model::{ConsentRecord, ConsentStatus, Name};

/// What a link, or a form behind it, would take back: everything that is not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) purpose: Option<Name>,
    pub(crate) channel: Option<Name>,
}

/// Something that a contact said of what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) granted: bool,
    pub(crate) purpose: Option<Name>,
    pub(crate) channel: Option<Name>,
    /// Its place in the chain; greater than every place for what was not read yet.
    pub(crate) seq: u64,
}

impl Said {
    /// What a record says; nothing where it neither grants nor withdraws.
    pub(crate) fn of(record: &ConsentRecord) -> Option<Self> {
        let granted = match record.status {
            ConsentStatus::Granted => true,
            ConsentStatus::Withdrawn => false,
        };
        let (purpose, channel) = (record.purpose.clone(), record.channel.clone());
        Some(Self { granted, purpose, channel, seq: record.seq })
    }
}

/// What became of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// As it was when the message was written, as far as is known.
    Stands,
    /// It was taken back and granted again after the message.
    Again,
    /// It was taken back, and nothing was granted since.
    Ended,
}

fn holds(outer: Option<&Name>, inner: Option<&Name>) -> bool {
    outer.is_none() || outer == inner
}

impl Extent {
    /// One purpose on one channel.
    pub(crate) fn of(purpose: &Name, channel: &Name) -> Self {
        Self { purpose: Some(purpose.clone()), channel: Some(channel.clone()) }
    }

    /// Whether a grant falls into it.
    pub(crate) fn contains(&self, said: &Said) -> bool {
        holds(self.purpose.as_ref(), said.purpose.as_ref())
            && holds(self.channel.as_ref(), said.channel.as_ref())
    }

    /// Whether a withdrawal takes all of it back.
    fn is_covered_by(&self, said: &Said) -> bool {
        holds(said.purpose.as_ref(), self.purpose.as_ref())
            && holds(said.channel.as_ref(), self.channel.as_ref())
    }

    /// What became of it, by everything that was said, in order; a link was written when `epoch` records were there.
    pub(crate) fn stance(&self, said: &[Said], epoch: u64) -> Stance {
        let mut stance = Stance::Stands;
        for said in said {
            if said.granted && self.contains(said) {
                let again = stance == Stance::Ended && said.seq > epoch;
                stance = if again || stance == Stance::Again { Stance::Again } else { Stance::Stands };
            } else if !said.granted && self.is_covered_by(said) {
                stance = Stance::Ended;
            }
        }
        stance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(granted: bool, scope: &str, seq: u64) -> Said {
        let name = |text: &str| (text != "*").then(|| Name::from(text));
        let (purpose, channel) = scope.split_once('/').unwrap();
        Said { granted, purpose: name(purpose), channel: name(channel), seq }
    }

    fn stance(story: &[(bool, &str)], epoch: u64) -> Stance {
        let story: Vec<Said> =
            (1..).zip(story).map(|(seq, (granted, scope))| said(*granted, scope, seq)).collect();
        Extent::of(&"news".into(), &"email".into()).stance(&story, epoch)
    }

    #[test]
    fn a_link_ends_what_stood_when_it_was_written_and_no_later_wish() {
        let (granted, withdrawn) = ((true, "news/email"), (false, "news/email"));
        assert_eq!(stance(&[], 0), Stance::Stands);
        assert_eq!(stance(&[granted], 1), Stance::Stands);
        assert_eq!(stance(&[granted, withdrawn], 1), Stance::Ended);
        assert_eq!(stance(&[granted, withdrawn, granted], 1), Stance::Again);
        assert_eq!(stance(&[granted, withdrawn, granted], 3), Stance::Stands);
        assert_eq!(stance(&[granted, withdrawn, granted, withdrawn], 1), Stance::Ended);
        // Said again without having been taken back: no new wish.
        assert_eq!(stance(&[granted, granted], 1), Stance::Stands);
        // A second yes to the new wish leaves it new.
        assert_eq!(stance(&[granted, withdrawn, granted, granted], 1), Stance::Again);
    }

    #[test]
    fn a_wide_withdrawal_ends_a_narrow_scope_and_not_the_other_way() {
        assert_eq!(stance(&[(true, "news/email"), (false, "*/email")], 1), Stance::Ended);
        assert_eq!(stance(&[(true, "news/email"), (false, "*/*")], 1), Stance::Ended);
        assert_eq!(stance(&[(true, "news/email"), (false, "news/sms")], 1), Stance::Stands);
        let everything = Extent::default();
        assert_eq!(everything.stance(&[said(false, "news/email", 1)], 0), Stance::Stands);
        assert_eq!(everything.stance(&[said(false, "*/*", 1)], 0), Stance::Ended);
        assert_eq!(everything.stance(&[said(false, "*/*", 1), said(true, "a/b", 2)], 2), Stance::Stands);
    }
}
