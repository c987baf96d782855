//! A quota as a channel: what a journey asks of it is a call, and what it says is the answer.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::model::{Answer, Attributes, Handover, Name, Outcome, Value};
use crate::port::{Channel, Clock, Quota, Reservation, Reserved};
use crate::seeded::{Bug, is_on};

/// Asks a quota.
pub(crate) struct QuotaChannel {
    pub(crate) quota: Arc<dyn Quota>,
    pub(crate) clock: Arc<dyn Clock>,
}

fn text(with: &Attributes, name: &str) -> Option<Name> {
    match with.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

impl QuotaChannel {
    /// What is asked, of the quota; `None` where it is nothing that a quota knows.
    async fn ask(&self, ask: &str, with: &Attributes, attempt: u32) -> Option<Result<Reserved, StoreError>> {
        let (offer, key) = (text(with, "offer")?, text(with, "key")?);
        let key = if is_on(Bug::PlaceTwice) { format!("{key}/{attempt}").into() } else { key };
        let now = self.clock.now();
        Some(match ask {
            "reserve" => {
                let Some(Value::Instant(until)) = with.get("until") else { return None };
                let mut reservation = Reservation::new(offer, key, now, *until);
                reservation.most = match with.get("most") {
                    Some(Value::Integer(most)) => u64::try_from(*most).ok(),
                    _ => None,
                };
                self.quota.reserve(&reservation).await
            }
            "confirm" => self.quota.confirm(&offer, &key, now).await,
            "release" => {
                let released = self.quota.release(&offer, &key).await;
                released.map(|()| Reserved::Full)
            }
            _ => return None,
        })
    }
}

#[async_trait]
impl Channel for QuotaChannel {
    fn name(&self) -> &str {
        self.quota.name()
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let Some(call) = handover.call() else {
            return Outcome::Refused { reason: "a quota reaches nobody".into() };
        };
        match self.ask(&call.ask, &call.with, handover.attempt).await {
            Some(Ok(Reserved::Place { remaining })) => {
                let remaining = i64::try_from(remaining).unwrap_or(i64::MAX);
                Outcome::Answered(Answer::of("place").value("remaining", remaining))
            }
            Some(Ok(Reserved::Full)) if &*call.ask == "release" => Outcome::Answered(Answer::of("released")),
            Some(Ok(Reserved::Full)) => Outcome::Answered(Answer::of("full")),
            Some(Ok(Reserved::Unknown)) => Outcome::Refused { reason: "unknown offer".into() },
            Some(Err(StoreError::Unknown { .. })) => Outcome::Unknown,
            Some(Err(error)) => {
                tracing::warn!(quota = self.quota.name(), %error, "the quota did not answer");
                if error.is_retryable() {
                    Outcome::Retry { after: None }
                } else {
                    Outcome::Refused { reason: "the quota failed".into() }
                }
            }
            None => Outcome::Refused { reason: "a quota knows reserve, confirm and release".into() },
        }
    }

    /// Asking again under the same key changes nothing.
    fn honours_ids(&self) -> bool {
        true
    }
}
