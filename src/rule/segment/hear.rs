//! What an event changes of what is kept.

use super::segments::Segments;
use super::state::SegmentState;
use super::stream::Stream;
use super::touched::Touched;
use crate::model::{Attributes, Name};
use crate::time::Zone;

/// An event as segments hear it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Heard<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is known of it.
    pub properties: &'a Attributes,
    /// When it happened, in milliseconds since 1970; at most `now`.
    pub at: i64,
    /// When it is heard.
    pub now: i64,
    /// The zone of the contact.
    pub zone: &'a Zone,
}

impl<'a> Heard<'a> {
    /// An event as it is heard.
    #[must_use]
    pub fn new(name: &'a str, properties: &'a Attributes, at: i64, now: i64, zone: &'a Zone) -> Self {
        Self { name, properties, at, now, zone }
    }
}

/// Who listens to events of a name.
#[derive(Clone, Copy, Debug)]
pub struct Hearing<'a> {
    named: &'a [u32],
    prefixes: &'a [(Name, u32)],
    event: &'a str,
}

impl<'a> Hearing<'a> {
    /// Whether nobody listens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.prefixed().next().is_none()
    }

    #[inline]
    fn prefixed(&self) -> impl Iterator<Item = u32> + use<'a> {
        let event = self.event;
        self.prefixes
            .iter()
            .filter(move |(prefix, _)| event.starts_with(&**prefix))
            .map(|(_, filter)| *filter)
    }

    #[inline]
    fn filters(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.named.iter().copied().chain(self.prefixed())
    }
}

impl Segments {
    /// Who listens to events of this name.
    #[inline]
    #[must_use]
    pub fn hearing<'a>(&'a self, event: &'a str) -> Hearing<'a> {
        let named = self.0.named.get(event).map_or(&[][..], |filters| filters);
        Hearing { named, prefixes: &self.0.prefixes, event }
    }

    /// The places of the streams that an event is for.
    pub(super) fn feeds<'a>(&'a self, event: &'a Heard<'_>) -> impl Iterator<Item = usize> + 'a {
        let filters = self.hearing(event.name).filters();
        let filters = filters.filter_map(|place| self.0.filters.get(usize::try_from(place).ok()?));
        let passing = filters.filter(|filter| filter.passes(event.properties, event.at));
        passing.flat_map(|filter| filter.streams.iter().filter_map(|place| usize::try_from(*place).ok()))
    }

    /// Counts an event; [`settle`](Self::settle) follows. It answers whether a stream that is missing should have counted
    /// it, so that a recount which has not read it yet is too old.
    pub fn hear(&self, state: &mut SegmentState, touched: &mut Touched, event: &Heard<'_>) -> bool {
        let mut missed = false;
        for filter in self.hearing(event.name).filters() {
            let filter = usize::try_from(filter).ok().and_then(|place| self.0.filters.get(place));
            let Some(filter) = filter.filter(|filter| filter.passes(event.properties, event.at)) else {
                continue;
            };
            for place in &filter.streams {
                let Ok(place) = usize::try_from(*place) else { continue };
                let (Some(rule), Some(key)) = (self.0.streams.get(place), state.keys.get(place)) else {
                    missed = true;
                    continue;
                };
                if *key == 0 {
                    missed = true;
                    continue;
                }
                if state.streams.len() <= place {
                    state.streams.resize(place.saturating_add(1), Stream::Empty);
                }
                let Some(stream) = state.streams.get_mut(place) else { continue };
                if rule.keep.hear(stream, event.properties, event.at, event.now) {
                    rule.leaves.iter().for_each(|leaf| touched.mark(*leaf));
                }
            }
        }
        missed
    }
}
