//! A channel that prints.

use async_trait::async_trait;

use crate::model::{Handover, Outcome};
use crate::port::Channel;

/// Prints every message to standard output: for examples and first tries.
///
/// ```
/// use journeyman::channel::ConsoleChannel;
/// use journeyman::port::Channel;
/// assert_eq!(ConsoleChannel::new("email").name(), "email");
/// ```
#[derive(Clone, Debug)]
pub struct ConsoleChannel {
    name: String,
}

impl ConsoleChannel {
    /// A channel of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

#[async_trait]
impl Channel for ConsoleChannel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        use std::io::Write;
        let content = handover.content;
        let subject = content.subject.as_deref().map_or(String::new(), |subject| format!("{subject}\n  "));
        let body = content.plain().trim_end().replace('\n', "\n  ");
        // A closed pipe is no reason to say it again.
        let _ = writeln!(std::io::stdout(), "[{}] to {}\n  {subject}{body}", self.name, handover.to);
        Outcome::Accepted
    }
}
