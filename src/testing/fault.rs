//! What can go wrong at one call of a store or of a channel.

use chrono::TimeDelta;

use super::rig::Need;

/// How one call of a store goes wrong. An error of the store itself always stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The store is not called; the answer is [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    Unavailable,
    /// The call took effect and its answer is lost: [`StoreError::Unknown`](crate::StoreError::Unknown).
    Unknown,
    /// The call never reached the store, and nobody knows: [`StoreError::Unknown`](crate::StoreError::Unknown).
    Lost,
    /// The store is not called; the answer is [`StoreError::Busy`](crate::StoreError::Busy).
    Busy,
    /// The store is not called; the answer is [`StoreError::Full`](crate::StoreError::Full).
    Full,
    /// The call reaches the store after this span. Needs a [`Sleep`](super::Sleep).
    Delay(TimeDelta),
    /// The call takes effect at once, and its answer reaches the caller after this span. With a span longer than a lease
    /// the caller is a zombie: it goes on with what is no longer its own. Needs a [`Sleep`](super::Sleep).
    Pause(TimeDelta),
    /// The process dies and the store is not called. Needs a [`Life`](super::Life).
    CrashBefore,
    /// The call takes effect, and the process dies before it hears so. Needs a [`Life`](super::Life).
    CrashAfter,
    /// The caller's future is dropped at this await and the store is not called; the engine lives on. Needs a
    /// [`Life`](super::Life).
    CancelBefore,
    /// The call takes effect, and the caller's future is dropped before it hears so; the engine lives on. Needs a
    /// [`Life`](super::Life).
    CancelAfter,
}

impl Fault {
    /// Every kind once, for a test that tries all of them at each call. `delay` is how late a call comes, `pause` how late
    /// an answer.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use journeyman::testing::Fault;
    ///
    /// let kinds = Fault::kinds(TimeDelta::seconds(2), TimeDelta::minutes(2));
    /// assert!(kinds.contains(&Fault::CrashAfter) && kinds.contains(&Fault::Pause(TimeDelta::minutes(2))));
    /// ```
    #[must_use]
    pub fn kinds(delay: TimeDelta, pause: TimeDelta) -> Vec<Self> {
        vec![
            Self::Unavailable,
            Self::Unknown,
            Self::Lost,
            Self::Busy,
            Self::Full,
            Self::Delay(delay),
            Self::Pause(pause),
            Self::CrashBefore,
            Self::CrashAfter,
            Self::CancelBefore,
            Self::CancelAfter,
        ]
    }

    /// The word under which it is counted, such as `crash_after`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Lost => "lost",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Delay(_) => "delay",
            Self::Pause(_) => "pause",
            Self::CrashBefore => "crash_before",
            Self::CrashAfter => "crash_after",
            Self::CancelBefore => "cancel_before",
            Self::CancelAfter => "cancel_after",
        }
    }

    pub(super) fn need(&self) -> Need {
        match self {
            Self::Unavailable | Self::Unknown | Self::Lost | Self::Busy | Self::Full => Need::Nothing,
            Self::Delay(_) | Self::Pause(_) => Need::Sleep,
            Self::CrashBefore | Self::CrashAfter | Self::CancelBefore | Self::CancelAfter => Need::Life,
        }
    }
}

/// How one call of a channel goes wrong, whether it carries one message or a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelFault {
    /// The channel never had it and never will take it: [`Outcome::Refused`](crate::model::Outcome::Refused).
    Refuse,
    /// The channel never had it and asks for another attempt: [`Outcome::Retry`](crate::model::Outcome::Retry).
    Retry,
    /// The channel never had it, and nobody knows: [`Outcome::Unknown`](crate::model::Outcome::Unknown).
    Unknown,
    /// The channel has it and its answer is lost: [`Outcome::Unknown`](crate::model::Outcome::Unknown).
    AcceptThenUnknown,
    /// The call reaches the channel after this span. Needs a [`Sleep`](super::Sleep).
    Slow(TimeDelta),
    /// The channel has it and does not answer: after twice its [`deadline`](crate::port::Channel::deadline) the answer is
    /// [`Outcome::Unknown`](crate::model::Outcome::Unknown). Needs a [`Sleep`](super::Sleep).
    Hang,
    /// Of a batch only the first half is handed over and answered; the rest is not mentioned. No fault for one message.
    Partial,
    /// A batch is handed over, and its answers come in another order. No fault for one message.
    Shuffled,
    /// The channel never had it, and panics.
    Panic,
    /// The channel has it, and panics.
    AcceptThenPanic,
    /// The process dies and the channel is not called. Needs a [`Life`](super::Life).
    CrashBefore,
    /// The channel has it, and the process dies before it hears so. Needs a [`Life`](super::Life).
    CrashAfter,
}

impl ChannelFault {
    /// Every kind once, for a test that tries all of them at each call. `slow` is how late a call reaches the channel.
    ///
    /// ```
    /// use chrono::TimeDelta;
    /// use journeyman::testing::ChannelFault;
    ///
    /// assert!(ChannelFault::kinds(TimeDelta::seconds(2)).contains(&ChannelFault::AcceptThenUnknown));
    /// ```
    #[must_use]
    pub fn kinds(slow: TimeDelta) -> Vec<Self> {
        vec![
            Self::Refuse,
            Self::Retry,
            Self::Unknown,
            Self::AcceptThenUnknown,
            Self::Slow(slow),
            Self::Hang,
            Self::Partial,
            Self::Shuffled,
            Self::Panic,
            Self::AcceptThenPanic,
            Self::CrashBefore,
            Self::CrashAfter,
        ]
    }

    /// The word under which it is counted, such as `accept_then_unknown`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Retry => "retry",
            Self::Unknown => "unknown",
            Self::AcceptThenUnknown => "accept_then_unknown",
            Self::Slow(_) => "slow",
            Self::Hang => "hang",
            Self::Partial => "partial",
            Self::Shuffled => "shuffled",
            Self::Panic => "panic",
            Self::AcceptThenPanic => "accept_then_panic",
            Self::CrashBefore => "crash_before",
            Self::CrashAfter => "crash_after",
        }
    }

    pub(super) fn need(&self) -> Need {
        match self {
            Self::Refuse | Self::Retry | Self::Unknown | Self::AcceptThenUnknown => Need::Nothing,
            Self::Panic | Self::AcceptThenPanic => Need::Nothing,
            Self::Slow(_) | Self::Hang => Need::Sleep,
            Self::Partial | Self::Shuffled => Need::Batch,
            Self::CrashBefore | Self::CrashAfter => Need::Life,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let store: Vec<_> = Fault::kinds(TimeDelta::zero(), TimeDelta::zero());
        let names: BTreeSet<_> = store.iter().map(Fault::name).collect();
        assert_eq!((store.len(), names.len()), (11, 11));
        let channel = ChannelFault::kinds(TimeDelta::zero());
        let names: BTreeSet<_> = channel.iter().map(ChannelFault::name).collect();
        assert_eq!((channel.len(), names.len()), (12, 12));
    }
}
