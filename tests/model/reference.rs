//! What contacts should experience, as plainly as it can be said: maps, whole minutes, and nothing of the crate.
//!
//! Mail waits until a tick; a tick reads it in order of receipt, and before each piece everything due happens at its own
//! minute. What a journey says goes into the outbox and is handed over when everything is read.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::commands::{ATTEMPTS, Answer, CHANNELS, Command, HORIZON, PATIENCE, PURPOSES};
use crate::journeys::Node;
use crate::person::{Letter, Mail, Person, Waits, Word, concerns};

#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    /// What the engine answers to the newest command.
    pub(crate) reply: String,
    pub(crate) people: BTreeMap<Word, Person>,
    pub(crate) calendar: Calendar,
    pub(crate) suppressed: BTreeSet<(Word, u8)>,
    /// Where whoever was erased was reached.
    pub(crate) buried: BTreeSet<(Word, u8)>,
    /// By address (or the contact itself), who withdrew, channel and purpose: the place of the withdrawal.
    pub(crate) denied: BTreeMap<(Option<u8>, Word, Word, Word), u64>,
    pub(crate) answers: BTreeMap<Word, Answer>,
    pub(crate) handed: BTreeMap<Word, Vec<String>>,
    pub(crate) places: u64,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a world after {} minutes", self.now)
    }
}

impl World {
    /// Three people are known; nobody has ticked yet.
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        Command::prologue().iter().for_each(|command| world.obey(command));
        world
    }

    pub(crate) fn obey(&mut self, command: &Command) {
        self.reply = match command.clone() {
            Command::Identify { who, score, address } => self.tell(who, Mail::Identify(score, address)),
            Command::Grant { who, purpose, channel } => self.tell(who, Mail::Grant(purpose, channel)),
            Command::Track { who, event, id } => self.tell(who, Mail::Event(event, id)),
            Command::Withdraw { who, purpose, channel } => self.withdraw(who, purpose, channel),
            Command::Erase { who } => self.erase(who),
            Command::Suppress { channel, address, who } => self.suppress(channel, address, who),
            Command::Purge { older } => self.purge(self.now - HORIZON - older),
            Command::Advance { minutes } => {
                self.now += minutes;
                self.tick()
            }
            Command::FreshTick => self.tick(),
            Command::Pass { minutes } => {
                self.now += minutes;
                "done".into()
            }
            Command::Publish { journey } => {
                self.calendar.second.insert(journey);
                "done".into()
            }
            Command::Pause { journey } => {
                let pauses = self.calendar.pauses.entry(journey).or_default();
                if pauses.last().is_none_or(|(_, until)| until.is_some()) {
                    pauses.push((self.now, None));
                }
                "done".into()
            }
            Command::Resume { journey } => {
                let last = self.calendar.pauses.get_mut(journey).and_then(|pauses| pauses.last_mut());
                if let Some((_, until)) = last {
                    until.get_or_insert(self.now);
                }
                "done".into()
            }
            Command::Behave { channel, answer } => {
                self.answers.insert(channel, answer);
                "done".into()
            }
            Command::Reopen => "done".into(),
        };
    }

    fn place(&mut self) -> u64 {
        self.places += 1;
        self.places
    }

    fn tell(&mut self, who: Word, mail: Mail) -> String {
        let (now, place) = (self.now, self.place());
        if self.people.get(who).is_some_and(|person| person.erased) {
            return "erased".into();
        }
        if let Mail::Event(event, id) = &mail {
            if event.at.is_some_and(|at| at < -HORIZON) {
                return "too old".into();
            }
            let person = self.people.entry(who).or_default();
            if id.is_some_and(|id| person.seen.contains_key(&id)) {
                return "told before".into();
            }
            person.seen.extend(id.map(|id| (id, now)));
        }
        self.people.entry(who).or_default().mail.push((place, now, mail));
        "told".into()
    }

    fn withdraw(&mut self, who: Word, purpose: Option<Word>, channel: Option<Word>) -> String {
        let (now, place) = (self.now, self.place());
        let person = self.people.entry(who).or_default();
        if person.erased {
            return "done".into();
        }
        let known = person.every_address();
        person.mail.push((place, now, Mail::Withdrawal(purpose, channel)));
        person
            .take_back(now, "Withdrawn", |letter| concerns(purpose, channel, (letter.what.2, letter.what.0)));
        for on in CHANNELS {
            for its in PURPOSES.into_iter().filter(|its| concerns(purpose, channel, (its, on))) {
                let scopes =
                    known.iter().filter(|(channel, _)| *channel == on).map(|(_, address)| Some(*address));
                for scope in scopes.chain([None]) {
                    self.denied.insert((scope, who, on, its), place);
                }
            }
        }
        "done".into()
    }

    fn suppress(&mut self, channel: Word, address: u8, who: Option<Word>) -> String {
        let (now, place) = (self.now, self.place());
        self.suppressed.insert((channel, address));
        if let Some(person) = who.and_then(|who| self.people.get_mut(who)).filter(|person| !person.erased) {
            person.mail.push((place, now, Mail::Suppression(channel, address)));
            if person.addresses.get(channel) == Some(&address) {
                person.take_back(now, "Suppressed", |letter| letter.what.0 == channel);
            }
        }
        "done".into()
    }

    /// Forgets a person; what was said or was not, where to and that consent was given stay provable.
    fn erase(&mut self, who: Word) -> String {
        let Some(person) = self.people.get_mut(who) else { return "unknown".into() };
        self.buried.extend(person.every_address());
        let mut letters = std::mem::take(&mut person.letters);
        for letter in &mut letters {
            letter.said = None;
            if letter.status == "pending" {
                (letter.status, letter.answer) = ("cancelled", "refused [Erased]".into());
            }
            // No word of a provider stays.
            letter.answer = letter.answer.replace("Channel(blocked)", "Channel()");
        }
        let (consents, noted) = (person.consents, std::mem::take(&mut person.noted));
        let mut steps = std::mem::take(&mut person.steps);
        steps.retain(|step| step.contains(" refused [") || step.contains(" deferred"));
        *person = Person { erased: true, consents, letters, noted, steps, ..Person::default() };
        "done".into()
    }

    fn purge(&mut self, before: i64) -> String {
        let mut blanked = 0;
        for person in self.people.values_mut() {
            let unread = |id: &u8| {
                person
                    .mail
                    .iter()
                    .any(|(_, _, mail)| matches!(mail, Mail::Event(_, Some(other)) if other == id))
            };
            let old = person.seen.len();
            person.seen.retain(|id, at| *at >= before || unread(id));
            let forgotten = person.seen.len() < old;
            let kept = person.mail.iter().any(|(_, at, _)| *at < before);
            person.noted.extend(forgotten.then_some("an id is forgotten"));
            person.noted.extend(kept.then_some("a purge passes over unread mail"));
            for letter in &mut person.letters {
                let old = letter.status != "pending" && letter.answered < before;
                blanked += usize::from(old && letter.said.take().is_some());
            }
        }
        format!("{blanked} blanked")
    }

    fn tick(&mut self) -> String {
        loop {
            for (who, person) in &mut self.people {
                for (place, purpose, channel) in person.read(&self.calendar, self.now) {
                    // Only the contact's own later grant lifts what it withdrew.
                    let before = self.denied.len();
                    self.denied.retain(|denial, at| {
                        let (_, by, on, its) = denial;
                        (by, *on, *its) != (who, channel, purpose) || *at > place
                    });
                    person.noted.extend((self.denied.len() < before).then_some("a grant lifts a denial"));
                }
            }
            if !self.hand_over() {
                return "done".into();
            }
        }
    }

    /// Hands over what is due, and says whether there was anything.
    fn hand_over(&mut self) -> bool {
        let (now, mut any) = (self.now, false);
        for (who, person) in &mut self.people {
            for index in 0..person.letters.len() {
                let Letter {
                    status, not_before, what: (channel, template, purpose), journey, attempts, ..
                } = person.letters[index];
                if status != "pending" || not_before > now || self.calendar.is_paused(journey.name, now) {
                    continue;
                }
                any = true;
                let address = person.addresses.get(channel).copied();
                let suppressed = address.is_some_and(|address| self.suppressed.contains(&(channel, address)));
                let mut denials = self.denied.keys().filter(|(scope, by, on, its)| {
                    let meant = scope.map_or(by == who, |scope| Some(scope) == address);
                    meant && (*on, *its) == (channel, purpose)
                });
                let buried = address.is_some_and(|address| self.buried.contains(&(channel, address)));
                let denied = denials.clone().next().is_some();
                person.noted.extend(buried.then_some("whoever was reached there is erased"));
                if denied && denials.all(|(_, by, ..)| by != who) {
                    person.noted.push("somebody else's withdrawal denies");
                }
                let old = journey.version == 1 && self.calendar.second.contains(journey.name);
                person.noted.extend(old.then_some("an old version speaks"));
                let objections = person.objections(channel, purpose, denied || buried, suppressed);
                if !objections.is_empty() {
                    let answer = format!("refused {objections:?}").replace('"', "");
                    person.answer(now, index, "refused", answer, Some(false));
                    continue;
                }
                let (score, letter) = (person.score, &mut person.letters[index]);
                let score = score.map_or("-".to_owned(), |score| score.to_string());
                letter.attempts += 1;
                let said = letter.said.get_or_insert_with(|| format!("{template} {score}")).clone();
                let (node, attempt, to) = (letter.node, letter.attempts, address.unwrap_or_default());
                let handed = format!("{now} {node} {template} to {channel}-{to}, attempt {attempt}: {said}");
                self.handed.entry(who).or_default().push(handed);
                let (status, answer, accepted) = match self.answers.get(channel).unwrap_or(&Answer::Accept) {
                    Answer::Accept => ("accepted", "accepted".to_owned(), Some(true)),
                    Answer::Refuse => ("refused", "refused [Channel(blocked)]".to_owned(), Some(false)),
                    Answer::Later if attempts + 1 < ATTEMPTS => {
                        ("pending", format!("retry {}", now + PATIENCE), None)
                    }
                    Answer::Later => ("refused", "refused [Attempts]".to_owned(), Some(false)),
                    Answer::Unknown => ("parked", "parked".to_owned(), Some(false)),
                };
                person.letters[index].not_before = now + PATIENCE;
                person.answer(now, index, status, answer, accepted);
            }
        }
        any
    }

    /// Who waits for which event, or would be led out by it, with a number that it could carry.
    pub(crate) fn awaited(&self) -> Vec<(Word, Word, i64)> {
        let stays =
            self.people.iter().flat_map(|(who, person)| person.inside.iter().map(move |stay| (who, stay)));
        let mut awaited = Vec::new();
        for (who, stay) in stays {
            awaited.extend(stay.journey.ends.iter().map(|end| (*who, end.0, end.1.unwrap_or(0))));
            if let (Waits::Event(_), (_, Node::WaitFor { any, .. }, _)) =
                (stay.waits, &stay.journey.nodes[stay.node])
            {
                let hopes = any.iter().map(|hope| (*who, hope.0, hope.1.unwrap_or(0)));
                awaited.extend(std::iter::repeat_n(hopes, 4).flatten());
            }
        }
        awaited
    }

    /// What lies in the outbox: whose, of which journey unless that is paused, for which purpose, by which channel, to which address.
    pub(crate) fn unsaid(&self) -> Vec<(Word, Option<Word>, Word, Word, u8)> {
        let mut unsaid = Vec::new();
        for (who, person) in &self.people {
            let pending = |(_, letter): &(usize, &Letter)| letter.status == "pending";
            for (index, letter) in person.letters.iter().enumerate().filter(pending) {
                let (channel, _, purpose) = letter.what;
                let address = person.addresses.get(channel).copied().unwrap_or_default();
                let journey = Some(letter.journey.name);
                let journey = journey.filter(|journey| !self.calendar.is_paused(journey, self.now));
                // What somebody waits for the answer of is the rarest, and told of more often.
                let awaited =
                    person.inside.iter().any(|stay| matches!(stay.waits, Waits::Answer(it) if it == index));
                let often = if awaited && journey.is_none() { 15 } else { 1 + 4 * usize::from(awaited) };
                unsaid.extend([(*who, journey, purpose, channel, address)].repeat(often));
            }
        }
        unsaid
    }

    /// The journeys that somebody is in and that are not paused.
    pub(crate) fn inside(&self) -> Vec<Word> {
        let inside = self.people.values().flat_map(|person| &person.inside).map(|stay| stay.journey.name);
        inside.filter(|journey| !self.calendar.is_paused(journey, self.now)).collect()
    }

    pub(crate) fn paused(&self) -> Vec<Word> {
        let journeys = self.calendar.pauses.keys().copied();
        journeys.filter(|journey| self.calendar.is_paused(journey, self.now)).collect()
    }

    /// Who said where to be reached, by which channel, and nobody has read it.
    pub(crate) fn unread_addresses(&self) -> Vec<(Word, Word)> {
        let mail =
            self.people.iter().flat_map(|(who, person)| person.mail.iter().map(move |mail| (*who, &mail.2)));
        let address = |(who, mail): (Word, &Mail)| match mail {
            Mail::Identify(_, Some((channel, _))) => Some((who, *channel)),
            _ => None,
        };
        mail.filter_map(address).collect()
    }

    /// How old the oldest mail is that nobody has read.
    pub(crate) fn oldest_unread(&self) -> Option<i64> {
        let mail = self.people.values().flat_map(|person| &person.mail);
        mail.map(|(_, at, _)| self.now - at).max()
    }

    /// The rare things that happened.
    pub(crate) fn noted(&self) -> impl Iterator<Item = Word> {
        self.people.values().flat_map(|person| person.noted.iter().copied())
    }

    /// The first minute at which there is something to do, once a tick is over.
    pub(crate) fn next_wake(&self) -> Option<i64> {
        let living = self.people.values().filter(|person| !person.erased);
        let timers = living.clone().filter_map(|person| person.next_due(&self.calendar).map(|(at, ..)| at));
        let held = |letter: &&Letter| {
            letter.status == "pending" && !self.calendar.is_paused(letter.journey.name, self.now)
        };
        let letters =
            living.flat_map(|person| person.letters.iter().filter(held).map(|letter| letter.not_before));
        timers.chain(letters).min()
    }
}
