//! Where the reader of a message may be.

use super::Territory;
use crate::model::{Contact, Name, Value};
use crate::rule::Policy;
use crate::time::Zone;

/// Where the reader of a message may be, and on whose clocks: every candidate is asked, and all of them must be open.
#[derive(Clone, Debug, Default)]
pub struct Recipient<'a> {
    /// Nothing is known where it is `None`; none of the tables' where it is empty.
    territories: Option<Vec<Territory>>,
    clock: Option<&'a Zone>,
}

impl<'a> Recipient<'a> {
    /// Somebody who may be anywhere.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Somebody who is in one of these territories; elsewhere where none is given.
    #[must_use]
    pub fn within(territories: impl IntoIterator<Item = Territory>) -> Self {
        let mut territories: Vec<_> = territories.into_iter().collect();
        territories.sort_unstable();
        territories.dedup();
        Self { territories: Some(territories), clock: None }
    }

    /// The same, on this clock and no other.
    #[must_use]
    pub fn on_clock(self, zone: &'a Zone) -> Self {
        Self { clock: Some(zone), ..self }
    }

    /// Where a contact may be, by what the policy says of where that is written.
    ///
    /// Its own zone is its clock. Its territory is, from the best source to the least: the attribute that the policy names,
    /// the postcode that it names (a French one, of a contact who may be in France), the telephone number that is asked for
    /// or else any other, the zone. A lesser source narrows what a better one leaves open (`FR` and `+262 692` are
    /// Réunion), and does not speak where they contradict each other. Of whom nothing is known, the policy's home holds.
    /// `zone` is the one that hours are counted in, which may be a journey's; only the contact's own is a clock here.
    #[must_use]
    pub fn of(contact: &Contact, channel: &str, policy: &Policy, zone: &'a Zone) -> Self {
        let own_zone = contact.zone.as_deref();
        let is_own = own_zone
            .zip(zone.name())
            .is_some_and(|(own, counted): (&str, &str)| own.eq_ignore_ascii_case(counted));
        let text = |attribute: &Option<Name>| match contact.attributes.get(attribute.as_ref()?) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let written = text(&policy.territory).and_then(|text| read(&text));
        let asked = contact.addresses.get(channel);
        let addresses = asked.into_iter().chain(contact.addresses.iter().map(|(_, address)| address));
        let phone = addresses.filter_map(|address| Territory::of_phone(&address.value)).next();
        let home = || policy.home.as_deref().and_then(read);
        let postcode = text(&policy.postcode).and_then(|text| Territory::of_postcode(&text)).filter(|_| {
            let so_far = written.clone().or_else(|| phone.clone()).or_else(home);
            may_be_french(so_far.as_deref().unwrap_or_default())
        });
        let mut known: Option<Vec<Territory>> = None;
        for source in [written, postcode, phone].into_iter().flatten() {
            known = Some(match known {
                None => source,
                Some(better) => narrowed(better, &source),
            });
        }
        // A zone narrows what is still open, and is looked for then alone.
        if known.as_ref().is_none_or(|known| known.len() > 1) {
            let by_zone = own_zone.map(Territory::of_zone).filter(|territories| !territories.is_empty());
            known = match (known, by_zone) {
                (Some(better), Some(by_zone)) => Some(narrowed(better, &by_zone)),
                (known, by_zone) => known.or(by_zone),
            };
        }
        Self { territories: known.or_else(home), clock: is_own.then_some(zone) }
    }

    /// The candidates; `None` where nothing is known.
    #[must_use]
    pub fn territories(&self) -> Option<&[Territory]> {
        self.territories.as_deref()
    }

    pub(super) fn clock(&self) -> Option<&'a Zone> {
        self.clock
    }
}

/// Whether one of the candidates is French.
fn may_be_french(candidates: &[Territory]) -> bool {
    Territory::named("FR").is_ok_and(|france| candidates.iter().any(|place| france.contains(place)))
}

/// What a better source leaves open, as far as a lesser one agrees.
fn narrowed(better: Vec<Territory>, lesser: &[Territory]) -> Vec<Territory> {
    let both: Vec<_> = better.iter().copied().filter(|place| lesser.contains(place)).collect();
    if both.is_empty() { better } else { both }
}

/// The candidates that a text means; none for the code of another country, nothing for what is no code.
fn read(text: &str) -> Option<Vec<Territory>> {
    Territory::named(text).ok().or_else(|| is_code(text.trim()).then(Vec::new))
}

/// Whether it has the form of ISO 3166, in capitals: whoever it frees from a law must be named with care.
fn is_code(text: &str) -> bool {
    let (country, place) = text.split_once('-').unwrap_or((text, "X"));
    let capital = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    country.len() == 2
        && country.bytes().all(|letter| letter.is_ascii_uppercase())
        && (1..=3).contains(&place.len())
        && place.bytes().all(capital)
}
