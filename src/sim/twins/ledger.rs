//! The newest word of each of them by purpose and line, and what becomes of the words of two when they are one: an independent plain
//! computation.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::fixture::{JOINED, LINES, NAMES, PURPOSES, RUNG};
use crate::machine::Withdrawal;
use crate::model::{Consent, Contact, MessageId};

/// Everything that is known of such people.
#[derive(Default)]
pub(in crate::sim) struct Twins {
    pub(super) own: BTreeMap<String, Twin>,
    /// Who became part of whom.
    pub(super) into: BTreeMap<String, String>,
    /// What is denied where, for whoever is there.
    pub(super) denied: Vec<Denied>,
    /// How often each event was kept, by the name that it was told of and its own.
    pub(super) kept: BTreeMap<(String, String), u64>,
    /// What was so when each message began.
    pub(super) begun: BTreeMap<MessageId, Then>,
}

/// One of them, as far as it was told.
#[derive(Clone, Default)]
pub(super) struct Twin {
    pub(super) lives: BTreeMap<String, String>,
    pub(super) words: BTreeMap<Pair, Word>,
    pub(super) erased: bool,
    /// How many events opened the journey that is entered every time.
    pub(super) rung: u64,
    /// Whether it, or whoever became part of it, was ever in the journey that is entered once.
    pub(super) was_in: bool,
    /// How often it itself may have entered that.
    pub(super) joined: u64,
    /// Whether any of its words ends by itself.
    pub(super) ends: bool,
}

/// A purpose on a line.
pub(super) type Pair = (String, String);

/// The newest word; none where it is silent.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Word {
    No,
    Yes {
        until: Option<DateTime<Utc>>,
        /// The one address that it is for, where it was taken over.
        at: Option<String>,
    },
}

pub(super) struct Denied {
    by: String,
    pair: Pair,
    address: String,
}

/// What was so when a message began.
pub(super) struct Then {
    /// Where alone it may go.
    pub(super) only_to: Option<String>,
    /// Where it may not go.
    pub(super) not_to: BTreeSet<String>,
}

fn pairs() -> impl Iterator<Item = Pair> {
    PURPOSES.into_iter().flat_map(|purpose| LINES.map(|line| (purpose.to_owned(), line.to_owned())))
}

impl Twins {
    pub(in crate::sim) fn knows(&self, person: &str) -> bool {
        NAMES.contains(&person)
    }

    /// Who goes on of those that a name means.
    pub(super) fn heir(&self, name: &str) -> String {
        let mut heir = name;
        while let Some(next) = self.into.get(heir) {
            heir = next;
        }
        heir.to_owned()
    }

    fn meant(&mut self, name: &str) -> &mut Twin {
        let heir = self.heir(name);
        self.own.entry(heir).or_default()
    }

    pub(super) fn moves(&mut self, contact: &Contact) {
        let lives = &mut self.meant(contact.id.as_str()).lives;
        let told = contact.addresses.iter();
        lives.extend(told.map(|(channel, address)| (channel.to_string(), address.value.to_string())));
    }

    pub(super) fn allows(&mut self, consent: &Consent) {
        let pair = (consent.purpose.to_string(), consent.channel.to_string());
        let heir = self.heir(consent.contact.as_str());
        let into = self.into.clone();
        let is_own = |by: &str| {
            let mut by = by;
            while let Some(next) = into.get(by) {
                by = next;
            }
            by == heir
        };
        self.denied.retain(|denied| denied.pair != pair || !is_own(&denied.by));
        let until = consent.evidence.valid_until;
        let own = self.meant(&heir);
        own.ends |= until.is_some();
        own.words.insert(pair, Word::Yes { until, at: None });
    }

    pub(super) fn forbids(&mut self, withdrawal: &Withdrawal, from: Option<&(String, String)>) {
        let heir = self.heir(withdrawal.contact.as_str());
        let concerned = |(purpose, line): &Pair| withdrawal.concerns(purpose, line);
        let names: Vec<String> = self.own.keys().filter(|name| self.heir(name) == heir).cloned().collect();
        for pair in pairs().filter(concerned) {
            // Where it is, and where those were who became part of it.
            let lives = names.iter().filter_map(|name| self.own.get(name)?.lives.get(&pair.1).cloned());
            let told =
                from.into_iter().filter(|(line, _)| *line == pair.1).map(|(_, address)| address.clone());
            let addresses: BTreeSet<String> = lives.chain(told).collect();
            for address in addresses {
                self.denied.push(Denied { by: heir.clone(), pair: pair.clone(), address });
            }
            self.meant(&heir).words.insert(pair, Word::No);
        }
    }

    /// An event was kept; how often it was by now.
    pub(super) fn happens(&mut self, name: &str, event: &str, id: &str) -> u64 {
        let kept = self.kept.entry((name.to_owned(), id.to_owned())).or_default();
        *kept += 1;
        let kept = *kept;
        let own = self.meant(name);
        match event {
            RUNG => own.rung += 1,
            JOINED => {
                own.joined += u64::from(!own.was_in);
                own.was_in = true;
            }
            _ => {}
        }
        kept
    }

    /// Whether one may become part of the other.
    pub(super) fn may_merge(&self, loser: &str, winner: &str) -> bool {
        !self.into.contains_key(loser) && self.heir(winner) != loser
    }

    /// One becomes part of another. True where they have an address in common.
    pub(super) fn merge(&mut self, loser: &str, winner: &str) -> bool {
        let heir = self.heir(winner);
        let left = self.own.entry(loser.to_owned()).or_default().clone();
        self.into.insert(loser.to_owned(), heir.clone());
        let own = self.own.entry(heir).or_default();
        let words = pairs().filter_map(|pair| together(&pair, own, &left).map(|word| (pair, word)));
        let words: BTreeMap<Pair, Word> = words.collect();
        let shared = LINES
            .iter()
            .any(|line| own.lives.contains_key(*line) && own.lives.get(*line) == left.lives.get(*line));
        own.words = words;
        for (line, address) in left.lives {
            own.lives.entry(line).or_insert(address);
        }
        own.rung += left.rung;
        own.was_in |= left.was_in;
        own.ends |= left.ends;
        shared
    }

    /// Who is forgotten takes along whoever is part of it.
    pub(super) fn erase(&mut self, name: &str) {
        let heir = self.heir(name);
        let names: Vec<String> = self.own.keys().filter(|own| self.heir(own) == heir).cloned().collect();
        for name in names {
            self.own.entry(name).or_default().erased = true;
        }
    }

    /// What is denied where, of a purpose on a line.
    pub(super) fn denied_at(&self, pair: &Pair) -> BTreeSet<String> {
        self.denied
            .iter()
            .filter(|denied| denied.pair == *pair)
            .map(|denied| denied.address.clone())
            .collect()
    }
}

/// What is left of a purpose on a line when another one becomes part of somebody.
fn together(pair: &Pair, own: &Twin, other: &Twin) -> Option<Word> {
    let (mine, others) = (own.words.get(pair).cloned(), other.words.get(pair).cloned());
    if mine == Some(Word::No) || others == Some(Word::No) {
        return Some(Word::No);
    }
    match (own.lives.get(&pair.1), other.lives.get(&pair.1)) {
        // Both are there: what both said, for as long as both said it.
        (Some(here), Some(there)) if here == there => match (mine?, others?) {
            (Word::Yes { until, at }, Word::Yes { until: others, at: only })
                if only.as_ref().is_none_or(|only| only == here) =>
            {
                Some(Word::Yes { until: until.into_iter().chain(others).min(), at })
            }
            _ => None,
        },
        // It comes from the other one, with what that one said there.
        (None, Some(there)) => match others? {
            Word::Yes { until, at } if at.as_ref().is_none_or(|at| at == there) => {
                Some(Word::Yes { until, at: Some(there.clone()) })
            }
            _ => None,
        },
        _ => mine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes() -> Word {
        Word::Yes { until: None, at: None }
    }

    fn twin(lives: Option<&str>, word: Option<Word>) -> Twin {
        let mut twin = Twin::default();
        twin.lives.extend(lives.map(|at| ("email".to_owned(), at.to_owned())));
        twin.words.extend(word.map(|word| (pair(), word)));
        twin
    }

    fn pair() -> Pair {
        ("kin".to_owned(), "email".to_owned())
    }

    #[test]
    fn two_allow_what_neither_of_them_forbids_and_what_both_allow_where_both_are() {
        let may = |own: Twin, other: Twin| matches!(together(&pair(), &own, &other), Some(Word::Yes { .. }));
        let (here, there) = (Some("here"), Some("there"));
        assert!(may(twin(here, Some(yes())), twin(here, Some(yes()))));
        assert!(!may(twin(here, Some(yes())), twin(here, None)));
        assert!(!may(twin(here, None), twin(here, Some(yes()))));
        assert!(may(twin(here, Some(yes())), twin(there, None)));
        assert!(!may(twin(here, Some(yes())), twin(there, Some(Word::No))));
        assert!(!may(twin(here, None), twin(there, Some(yes()))));
        assert!(may(twin(None, None), twin(there, Some(yes()))));
        assert!(!may(twin(None, Some(Word::No)), twin(there, Some(yes()))));
        assert!(!may(twin(None, Some(yes())), twin(there, None)));
    }
}
