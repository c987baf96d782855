//! Who the people are, as hosts tell it.

use super::fixture::{LINES, place};
use super::host::{World, address};
use super::scenario::Person;
use crate::model::{Consent, Contact};

impl World {
    /// A yes, by whoever speaks for the person.
    pub(super) fn speaks(&self, consent: Consent) -> Consent {
        self.scenario.limits.as_ref().map_or(consent.clone(), |limits| limits.speaks(consent))
    }

    pub(super) fn contact(&self, person: &Person, moved: bool) -> Contact {
        let home = place(person.place);
        let mut contact = Contact::new(person.id.as_str()).attribute("score", person.score);
        if !home.zone.is_empty() {
            contact = contact.zone(home.zone);
        }
        // Some read French, and some of them are on first-name terms.
        if person.place.is_multiple_of(2) {
            contact = contact.locale("fr-FR");
        }
        if person.score % 2 == 0 {
            contact = contact.attribute("address_form", "tu");
        }
        let of = if moved { &person.id } else { &person.address };
        for line in LINES {
            contact = contact.address(line.name, address(of, line.name, moved));
        }
        self.scenario.limits.as_ref().map_or(contact.clone(), |limits| limits.describes(contact))
    }
}
