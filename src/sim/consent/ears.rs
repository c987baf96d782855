//! What is logged while a simulation runs: nobody who reads it may learn anything of a person.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What every address has in it.
const CANARY: &str = "@example.org";

/// Listens to everything that is logged on a thread.
#[derive(Clone, Default)]
pub(in crate::sim) struct Ears(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    lines: u64,
    /// Where something personal was said.
    personal: Vec<String>,
}

impl Ears {
    /// How many lines there were, and which of them say something personal.
    pub(in crate::sim) fn heard(&self) -> (u64, Vec<String>) {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (heard.lines, heard.personal.clone())
    }

    fn line(&self, name: &str, text: &str) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.lines += 1;
        if says_something_personal(text) {
            heard.personal.push(format!("{name} logs something personal"));
        }
    }
}

/// Whether a text has an address in it.
pub(in crate::sim) fn says_something_personal(text: &str) -> bool {
    text.contains(CANARY)
}

/// The fields of a line.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).ok();
    }
}

impl Subscriber for Ears {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        self.line(span.metadata().name(), &fields.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        self.line("a span", &fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.line(event.metadata().name(), &fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
