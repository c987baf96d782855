//! Where the reader of a message may be.

use super::Territory;
use super::clock::Clock;
use super::places::Places;
use super::tables::tables;
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
        let found = Whereabouts::of(contact, channel, policy, zone);
        Self { territories: found.places.map(Places::list), clock: found.clock.is_some().then_some(zone) }
    }

    /// The candidates; `None` where nothing is known.
    #[must_use]
    pub fn territories(&self) -> Option<&[Territory]> {
        self.territories.as_deref()
    }

    pub(super) fn whereabouts(&self) -> Whereabouts<'a> {
        Whereabouts { places: self.territories.as_deref().map(Places::of), clock: self.clock.map(Clock::of) }
    }
}

/// The same as sets of bits, which cost nothing to make.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Whereabouts<'a> {
    /// As a [`Recipient`]'s.
    pub(super) places: Option<Places>,
    clock: Option<Clock<'a>>,
}

impl<'a> Whereabouts<'a> {
    /// As [`Recipient::of`].
    pub(in super::super) fn of(contact: &Contact, channel: &str, policy: &Policy, zone: &'a Zone) -> Self {
        let tables = tables();
        let own_zone = contact.zone.as_deref();
        let held = own_zone.and_then(|name: &str| tables?.zone(name));
        let is_own = own_zone
            .zip(zone.name())
            .is_some_and(|(own, counted)| own == counted || own.eq_ignore_ascii_case(counted));
        let text = |attribute: &Option<Name>| match contact.attributes.get(attribute.as_ref()?) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let written = text(&policy.territory).and_then(|text| read(text));
        let asked = contact.addresses.get(channel);
        let addresses = asked.into_iter().chain(contact.addresses.iter().map(|(_, address)| address));
        let phone = addresses.filter_map(|address| Places::of_phone(&address.value)).next();
        let home = || policy.home.as_deref().and_then(read);
        let postcode = text(&policy.postcode).and_then(|text| Places::of_postcode(text)).filter(|_| {
            let so_far = written.or(phone).or_else(home).unwrap_or_default();
            tables.and_then(|tables| tables.named("FR")).is_some_and(|france| so_far.meets(france))
        });
        let sources = [written, postcode, phone].into_iter().flatten();
        let known = sources.reduce(Places::narrowed);
        // A zone narrows what is still open.
        let known = match (known, held) {
            (None, held) => held.map(|held| held.places),
            (Some(known), Some(held)) if known.is_open() => Some(known.narrowed(held.places)),
            (known, _) => known,
        };
        let clock = is_own.then(|| held.map_or(Clock::Other(zone), Clock::Held));
        Self { places: known.or_else(home), clock }
    }

    pub(super) fn clock(&self) -> Option<Clock<'a>> {
        self.clock
    }
}

/// The candidates that a text means; none for the code of another country, nothing for what is no code.
fn read(text: &str) -> Option<Places> {
    let named = tables().and_then(|tables| tables.named(text));
    named.or_else(|| is_abroad(text.trim()).then(Places::default))
}

/// Whether a text says where somebody is: a place of the tables, or a country outside them.
pub(in super::super) fn is_place(text: &str) -> bool {
    read(text).is_some()
}

/// Whether it has the form of ISO 3166 and begins with a country of today: whoever it frees from a law must be named with care.
fn is_abroad(text: &str) -> bool {
    let (country, place) = text.split_once('-').unwrap_or((text, "X"));
    let capital = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    country.len() == 2
        && (1..=3).contains(&place.len())
        && place.bytes().all(capital)
        && COUNTRIES.split(' ').any(|code| code == country)
}

/// ISO 3166-1, the officially assigned alpha-2 codes, as of 2026-11-23.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
                         BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE \
                         EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
                         HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
                         LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
                         NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
                         SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
                         TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_one_that_there_is() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        for abroad in ["BE", "CH", " CA-QC ", "JP-13"] {
            assert_eq!(read(abroad), Some(Places::default()), "{abroad}");
        }
        for nobody in ["EU", "RF", "XX", "be", "B", "", "BE-", "BE-abc", "CA-QUEBEC", "\u{c9}T"] {
            assert_eq!(read(nobody), None, "{nobody}");
        }
        assert!(
            read("FR-99").is_some_and(Places::is_open),
            "of a country of the tables every place is meant"
        );
    }
}
