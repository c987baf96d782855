//! What a definition says of the whole journey: name, zone, when one may enter, and whether again.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::Compiler;
use crate::journey::definition::{CountedFrom, MOST_STEPS, Reenter, ReenterDefinition, Spacing};
use crate::journey::{Reentry, Window};
use crate::time::{Span, Zone};

/// What was compiled of it.
#[derive(Default)]
pub(super) struct Head {
    pub(super) zone: Option<Zone>,
    pub(super) window: Window,
    pub(super) holdout: u8,
    pub(super) reentry: Reentry,
}

impl Compiler<'_> {
    pub(super) fn head(&mut self) -> Head {
        let definition = self.definition;
        self.name();
        if definition.version == 0 {
            self.problem("J003", "version", "versions count from 1", "write version: 1");
        }
        if definition.steps.is_empty() {
            self.problem("J004", "steps", "the journey has no steps", "add at least one step");
        }
        if definition.steps.len() > MOST_STEPS {
            let sentence =
                format!("the journey has {} steps and the limit is {MOST_STEPS}", definition.steps.len());
            self.problem("J005", "steps", sentence, "split it into several journeys");
        }
        if let Some(span) = definition.max_duration {
            self.some_time(
                span,
                "max_duration",
                "J030",
                "the longest stay is no time at all",
                "write a span such as 8d",
            );
        }
        if let Some(Spacing::Keep(span)) = definition.spacing {
            self.span(span, "spacing");
        }
        if let Some(late) = definition.late {
            self.span(late.grace, "late.grace");
        }
        let holdout = definition.holdout.unwrap_or(0);
        if holdout > 100 || definition.holdout == Some(0) {
            let sentence = format!("{holdout} of a hundred contacts cannot be held out");
            self.problem("J048", "holdout", sentence, "write a number from 1 to 100, or leave holdout out");
        }
        let zone = self.zone();
        let window = self.window(zone.as_ref());
        Head { zone, window, holdout, reentry: self.reentry() }
    }

    fn name(&mut self) {
        let allowed = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_' | '.')
        };
        let name = &self.definition.journey;
        if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
            let sentence = "the name of a journey has from 1 to 128 small letters, digits, -, _ and .";
            self.problem("J002", "journey", sentence, "rename it, such as welcome-prospects");
        }
    }

    fn zone(&mut self) -> Option<Zone> {
        let name = self.definition.zone.as_deref()?;
        let zone = Zone::named(name).ok();
        if zone.is_none() {
            let next = "use an IANA name such as Europe/Paris, or leave it out";
            self.problem("J029", "zone", format!("the time zone {name:?} is unknown"), next);
        }
        zone
    }

    /// When one may enter. Its instants are local to the journey, whoever enters, so that it opens once for all.
    fn window(&mut self, zone: Option<&Zone>) -> Window {
        let definition = self.definition;
        let utc = Zone::utc();
        let zone = zone.unwrap_or(&utc);
        let opens = self.local_instant(definition.opens.as_deref(), "opens", zone);
        let closes = self.local_instant(definition.closes.as_deref(), "closes", zone);
        if opens.zip(closes).is_some_and(|(opens, closes)| opens >= closes) {
            let sentence = "the journey does not close later than it opens, so that nobody can enter";
            self.problem("J047", "closes", sentence, "let it close later than it opens");
        }
        Window { opens, closes }
    }

    fn local_instant(&mut self, text: Option<&str>, field: &str, zone: &Zone) -> Option<DateTime<Utc>> {
        let text = text?;
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok();
        if local.is_none() {
            let next = "write it as YYYY-MM-DDTHH:MM in quotes, such as \"2026-09-01T00:00\"";
            self.problem("J047", field, format!("{text:?} is not a local date and time"), next);
        }
        local.map(|local| zone.resolve(local))
    }

    fn reentry(&mut self) -> Reentry {
        match &self.definition.reenter {
            Reenter::Never => Reentry::default(),
            Reenter::Always => {
                Reentry { again: Some((Span::default(), CountedFrom::Entry)), ..Reentry::default() }
            }
            Reenter::When(map) => self.reentry_when(map),
        }
    }

    fn reentry_when(&mut self, map: &ReenterDefinition) -> Reentry {
        if let Some(span) = map.after {
            let next = "write always, or a span such as 1mo";
            self.some_time(span, "reenter.after", "J038", "the span is no time at all", next);
        }
        if let Some(span) = map.gap {
            let next = "leave it out, or write a span such as 10m";
            self.some_time(span, "reenter.gap", "J038", "the gap is no time at all", next);
        }
        if map.from.is_some() && map.after.is_none() {
            self.problem(
                "J038",
                "reenter.from",
                "from counts nothing without after",
                "add after, or take from away",
            );
        }
        if *map == ReenterDefinition::default() {
            self.problem("J038", "reenter", "the map says nothing", "write never, always, or { after: 1mo }");
        }
        let one_per =
            map.one_per.as_deref().map(|name| self.named(name, "reenter.one_per", "property", "order_id"));
        let from = map.from.unwrap_or_default();
        // Without `after`, a key is used once; what is not keyed and says only `concurrent` or `gap` may come back always.
        let again = match (map.after, &one_per) {
            (Some(span), _) => Some((span, from)),
            (None, Some(_)) => None,
            (None, None) => Some((Span::default(), from)),
        };
        Reentry { again, one_per, concurrent: map.concurrent, gap: map.gap }
    }

    /// A span that must be some time.
    pub(super) fn some_time(
        &mut self,
        span: Span,
        place: &str,
        code: &'static str,
        sentence: &str,
        next: &str,
    ) {
        if span.is_zero() {
            self.problem(code, place, sentence, next);
        }
        self.span(span, place);
    }
}
