//! What can be seen of one person, as lines that a failure can print.

use std::collections::BTreeMap;

use crate::commands::PEOPLE;
use crate::person::{Letter, Stay, Waits, Word};
use crate::reference::World;

/// Everything that can be seen of one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Account {
    /// Known, erased, score, addresses and what is allowed.
    pub(crate) person: Vec<String>,
    pub(crate) inside: Vec<String>,
    pub(crate) steps: Vec<String>,
    pub(crate) messages: Vec<String>,
    /// How many consent records there are.
    pub(crate) consents: usize,
    /// What the channels were handed, in order.
    pub(crate) handed: Vec<String>,
}

impl World {
    pub(crate) fn accounts(&self) -> BTreeMap<Word, Account> {
        PEOPLE.iter().map(|who| (*who, self.account(who))).collect()
    }

    fn account(&self, who: Word) -> Account {
        let handed = self.handed.get(who).cloned().unwrap_or_default();
        let Some(person) = self.people.get(who) else { return Account { handed, ..Account::default() } };
        let mut about = vec![format!("erased {}, score {:?}", person.erased, person.score)];
        about.extend(
            person.addresses.iter().map(|(channel, address)| format!("{channel} at {channel}-{address}")),
        );
        let granted = person.stands.iter().filter(|(_, granted)| **granted);
        about.extend(granted.map(|((purpose, channel), _)| format!("{purpose} by {channel}")));
        let inside = person.inside.iter().map(Stay::line).collect();
        let messages = person.letters.iter().map(Letter::line).collect();
        Account {
            person: about,
            inside,
            steps: person.steps.clone(),
            messages,
            consents: person.consents,
            handed,
        }
    }
}

impl Stay {
    fn line(&self) -> String {
        let waits = match self.waits {
            Waits::Until(at) => format!("until {at}"),
            Waits::Event(at) => format!("for an event until {at}"),
            Waits::Answer(_) => "for an answer".to_owned(),
            Waits::Matched(at, which) => format!("since {at} to go on with {which}"),
            Waits::Answered(at, accepted) => format!("since {at} to go on, accepted {accepted}"),
        };
        let Self { journey, entered, node, arrived, .. } = self;
        let node = journey.nodes[*node].0;
        format!(
            "{}/{} since {entered} at {node} since {arrived}, waits {waits}",
            journey.name, journey.version
        )
    }
}

impl Letter {
    fn line(&self) -> String {
        let Self {
            journey,
            node,
            what: (channel, template, purpose),
            decided,
            status,
            attempts,
            said,
            answer,
            ..
        } = self;
        let (name, version, said) = (journey.name, journey.version, said.as_deref().unwrap_or("-"));
        let next = if *status == "pending" { self.not_before.to_string() } else { "-".to_owned() };
        format!(
            "{decided} {name}/{version} {node} {channel} {template} {purpose}: {status}, {attempts} attempts, next {next}, answer {answer}, said {said}"
        )
    }
}
