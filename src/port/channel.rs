//! A way to reach contacts.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::model::{Handover, MessageId, Outcome};

/// What an unknown outcome means on a channel that does not honour message ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnknown {
    /// The message is kept aside for an operator: at most once. Right for marketing.
    #[default]
    Park,
    /// The message is handed over again: at least once. Right where silence is worse than saying it twice.
    Resend,
}

/// A way to reach contacts: email, SMS, push, a webhook. Name one by what it is and not by its provider: the law, a STOP and the
/// lints know `email`, `sms`, `mms` and `voice` ([`Policy`](crate::rule::Policy)).
///
/// Two things that it is handed bind it: what stands in [`Content::headers`](crate::model::Content::headers) belongs into the head of
/// a mail, and after [`Handover::deliver_by`] the message must not arrive any more.
///
/// ```
/// use async_trait::async_trait;
/// use journeyman::model::{Handover, Outcome};
/// use journeyman::port::Channel;
///
/// struct Pigeon;
///
/// #[async_trait]
/// impl Channel for Pigeon {
///     fn name(&self) -> &str {
///         "pigeon"
///     }
///
///     async fn send(&self, handover: Handover<'_>) -> Outcome {
///         let (lines, until) = (&handover.content.headers, handover.deliver_by());
///         println!("to {}, by {until:?}: {lines:?} {}", handover.to, handover.content.plain());
///         Outcome::Accepted
///     }
/// }
/// ```
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// The name that journeys use: `email`, `sms`.
    fn name(&self) -> &str;

    /// Hands one message over. Where [`Handover::call`] says that it asks the host, nothing is said to the contact: the answer
    /// is [`Outcome::Answered`], or [`Outcome::Accepted`] and later [`Engine::answer`](crate::Engine::answer).
    ///
    /// `handover.message.id` is the idempotency key: the same id may come twice, with the same
    /// bytes. A future that is dropped counts as [`Outcome::Unknown`]; so does a panic, and a call that has not answered
    /// when [`deadline`](Channel::deadline) is over: nobody stops it, so give the request a timeout of its own.
    ///
    /// [`Handover::deliver_by`] is the instant after which the message must not arrive: hand it on as the validity period of the
    /// provider (`validity_period` of SMPP, `ttl` of push, `expires` of others), or a queue of the provider's brings at night
    /// what was begun in the evening.
    async fn send(&self, handover: Handover<'_>) -> Outcome;

    /// Hands several messages over and says of each what became of it, in any order. One that is not mentioned counts as
    /// unknown, and so does one that is mentioned twice with different outcomes.
    async fn send_many(&self, handovers: &[Handover<'_>]) -> Vec<(MessageId, Outcome)> {
        let mut outcomes = Vec::with_capacity(handovers.len());
        for handover in handovers {
            outcomes.push((handover.message.id, self.send(*handover).await));
        }
        outcomes
    }

    /// How many messages one call of [`send_many`](Channel::send_many) may carry; with 1, each goes by itself. Say more
    /// only where `send_many` is one request: the permit is looked at once before it.
    fn batch(&self) -> usize {
        1
    }

    /// Whether the channel accepts one id once, so that an unknown outcome may safely be repeated.
    fn honours_ids(&self) -> bool {
        false
    }

    /// What an unknown outcome means where ids are not honoured.
    fn on_unknown(&self) -> OnUnknown {
        OnUnknown::Park
    }

    /// The longest that one call takes; a call that is still under way after it counts as unknown.
    fn deadline(&self) -> TimeDelta {
        TimeDelta::seconds(30)
    }
}
