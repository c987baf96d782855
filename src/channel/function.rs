//! A channel that is a function of the host's.

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::model::{Call, Contact, Handover, Outcome};
use crate::port::Channel;

type Function = dyn Fn(Call, Contact) -> BoxFuture<'static, Outcome> + Send + Sync;

/// Answers the calls of journeys with a function: a score, a look into another system, a task for a person.
///
/// The function gets what is asked and the contact as it is committed. [`Outcome::Answered`] answers at once;
/// [`Outcome::Accepted`] takes the call, and the answer comes later through [`Engine::answer`](crate::Engine::answer). It
/// may be asked again after an outcome that nobody knows, unless it says so itself with
/// [`asked_once`](FunctionChannel::asked_once). A message to the contact is refused: this channel reaches nobody.
///
/// ```
/// use journeyman::channel::FunctionChannel;
/// use journeyman::model::{Answer, Outcome};
/// use journeyman::port::Channel;
///
/// let crm = FunctionChannel::new("crm", |call, contact| async move {
///     match &*call.ask {
///         "rate" => Outcome::Answered(Answer::of("good").value("fit", contact.tags.len() as i64)),
///         _ => Outcome::Refused { reason: "nobody knows how".into() },
///     }
/// });
/// assert_eq!(crm.name(), "crm");
/// ```
pub struct FunctionChannel {
    name: String,
    function: Box<Function>,
    again: bool,
}

impl FunctionChannel {
    /// A channel of this name that asks a function.
    #[must_use]
    pub fn new<F, A>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn(Call, Contact) -> A + Send + Sync + 'static,
        A: Future<Output = Outcome> + Send + 'static,
    {
        let function =
            move |call, contact| -> BoxFuture<'static, Outcome> { Box::pin(function(call, contact)) };
        Self { name: name.into(), function: Box::new(function), again: true }
    }

    /// Parks a call whose outcome nobody knows, where asking twice would do something twice.
    #[must_use]
    pub fn asked_once(mut self) -> Self {
        self.again = false;
        self
    }
}

impl std::fmt::Debug for FunctionChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionChannel").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Channel for FunctionChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        match (handover.call(), handover.contact) {
            (Some(call), Some(contact)) => (self.function)(call.clone(), contact.clone()).await,
            _ => Outcome::Refused { reason: "it reaches nobody".into() },
        }
    }

    fn honours_ids(&self) -> bool {
        self.again
    }
}
