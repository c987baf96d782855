//! One person of the reference: what is known, where it stands in its journeys, and how it walks through them.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::commands::Told;
use crate::journeys::{Again, Hope, Journey, Node};

pub(crate) type Word = &'static str;
/// The story begins at eight in the morning.
const FIRST_MINUTE_OF_DAY: i64 = 8 * 60;

#[derive(Clone, Default)]
pub(crate) struct Person {
    pub(crate) erased: bool,
    pub(crate) score: Option<i64>,
    pub(crate) addresses: BTreeMap<Word, u8>,
    /// By purpose and channel: granted, or withdrawn after all.
    pub(crate) stands: BTreeMap<(Word, Word), bool>,
    pub(crate) suppressed: BTreeSet<(Word, u8)>,
    pub(crate) consents: usize,
    pub(crate) mail: Vec<(u64, i64, Mail)>,
    /// The ids of events, with the minute of their receipt.
    pub(crate) seen: BTreeMap<u8, i64>,
    pub(crate) ahead: Vec<(i64, Told)>,
    pub(crate) entered: BTreeMap<Word, i64>,
    pub(crate) stays: usize,
    pub(crate) inside: Vec<Stay>,
    pub(crate) steps: Vec<String>,
    pub(crate) letters: Vec<Letter>,
    /// Rare things that happened, so that a run can show that they did.
    pub(crate) noted: Vec<Word>,
}

#[derive(Clone)]
pub(crate) enum Mail {
    Identify(Option<i64>, Option<(Word, u8)>),
    Event(Told, Option<u8>),
    Grant(Word, Word),
    Withdrawal(Option<Word>, Option<Word>),
    Suppression(Word, u8),
    /// What became of a letter.
    Answer(usize, bool),
}

#[derive(Clone)]
pub(crate) struct Stay {
    pub(crate) number: usize,
    pub(crate) journey: &'static Journey,
    pub(crate) entered: i64,
    pub(crate) node: usize,
    pub(crate) arrived: i64,
    pub(crate) waits: Waits,
}

#[derive(Clone, Copy)]
pub(crate) enum Waits {
    Until(i64),
    Event(i64),
    Answer(usize),
    /// What was hoped for came in a pause.
    Matched(i64, usize),
    Answered(i64, bool),
}

#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) stay: usize,
    pub(crate) journey: &'static Journey,
    pub(crate) node: Word,
    pub(crate) what: (Word, Word, Word), // channel, template, purpose
    pub(crate) decided: i64,
    pub(crate) status: Word,
    pub(crate) attempts: u32,
    pub(crate) not_before: i64,
    pub(crate) said: Option<String>,
    pub(crate) answer: String,
    pub(crate) answered: i64,
}

impl Person {
    pub(crate) fn step(&mut self, index: usize, at: i64, outcome: &str, next: Option<usize>) {
        let Stay { journey, node, .. } = &self.inside[index];
        let next = next.map_or("-", |next| journey.nodes[next].0);
        let (name, version) = (journey.name, journey.version);
        self.steps.push(format!("{at} {name}/{version} {} {outcome} -> {next}", journey.nodes[*node].0));
    }

    pub(crate) fn leave(&mut self, index: usize, at: i64, why: &str) {
        self.step(index, at, &format!("exited {why}"), None);
        let stay = self.inside.remove(index);
        if why != "completed" && !why.starts_with("exit ") {
            let unsaid =
                self.letters.iter_mut().filter(|it| it.stay == stay.number && it.status == "pending");
            unsaid.for_each(|letter| letter.status = "cancelled");
        }
    }

    /// Why something may not be said.
    pub(crate) fn objections(
        &self,
        channel: Word,
        purpose: Word,
        denied: bool,
        suppressed: bool,
    ) -> Vec<Word> {
        let address = self.addresses.get(channel).map(|address| (channel, *address));
        let stand = self.stands.get(&(purpose, channel));
        let mut objections = Vec::new();
        objections.extend(address.is_none().then_some("NoAddress"));
        let suppressed = suppressed || address.is_some_and(|address| self.suppressed.contains(&address));
        objections.extend(suppressed.then_some("Suppressed"));
        match stand {
            _ if denied => objections.push("Withdrawn"),
            Some(true) => {}
            Some(false) => objections.push("Withdrawn"),
            None => objections.push("NoConsent"),
        }
        objections
    }

    /// Walks on to a node, and further until it must wait; no name is the end.
    pub(crate) fn walk(&mut self, index: usize, at: i64, outcome: &str, mut to: Word) {
        let (journey, entered) = (self.inside[index].journey, self.inside[index].entered);
        let place = |name: Word| journey.nodes.iter().position(|node| node.0 == name);
        self.step(index, at, outcome, place(to));
        while let Some(node) = place(to) {
            let (name, kind, next) = &journey.nodes[node];
            (self.inside[index].node, self.inside[index].arrived) = (node, at);
            let waits = match kind {
                Node::Send { channel, template, purpose, refused } => {
                    let objections = self.objections(channel, purpose, false, false);
                    if objections.is_empty() {
                        let what = (*channel, *template, *purpose);
                        let stay = self.inside[index].number;
                        let (status, said, answer) = ("pending", None, String::new());
                        self.letters.push(Letter {
                            stay,
                            journey,
                            node: name,
                            what,
                            decided: at,
                            status,
                            attempts: 0,
                            not_before: at,
                            said,
                            answer,
                            answered: i64::MAX,
                        });
                        let stays = refused.is_some();
                        self.step(index, at, "sent", if stays { None } else { place(next) });
                        if stays { Err(Waits::Answer(self.letters.len() - 1)) } else { Ok(*next) }
                    } else {
                        let to = refused.unwrap_or(next);
                        self.step(index, at, &format!("refused {objections:?}").replace('"', ""), place(to));
                        Ok(to)
                    }
                }
                Node::Wait(span) => Err(Waits::Until(at + span)),
                Node::UntilEntry(span) if entered + span <= at => {
                    self.step(index, at, "waited", place(next));
                    Ok(*next)
                }
                Node::UntilEntry(span) => Err(Waits::Until(entered + span)),
                Node::UntilTime(minute) => match (minute - FIRST_MINUTE_OF_DAY - at).rem_euclid(24 * 60) {
                    0 => {
                        self.step(index, at, "waited", place(next));
                        Ok(*next)
                    }
                    rest => Err(Waits::Until(at + rest)),
                },
                Node::WaitFor { within, .. } => Err(Waits::Event(at + within)),
                Node::Branch { ways, otherwise } => {
                    let open = |score: i64| ways.iter().position(|way| way.0 <= score && score < way.1);
                    let way = self.score.and_then(open);
                    let to = way.map_or(*otherwise, |way| ways[way].2);
                    let way = way.map_or("else".to_owned(), |way| way.to_string());
                    self.step(index, at, &format!("branched {way}"), place(to));
                    Ok(to)
                }
                Node::Exit(name) => return self.leave(index, at, &format!("exit {name}")),
            };
            match waits {
                Ok(next) => to = next,
                Err(waits) => return self.inside[index].waits = waits,
            }
        }
        self.leave(index, at, "completed");
    }

    pub(crate) fn standing(&self, index: usize) -> (&'static Node, Word) {
        let stay = &self.inside[index];
        let (_, node, next) = &stay.journey.nodes[stay.node];
        (node, next)
    }

    pub(crate) fn matched(&mut self, index: usize, at: i64, which: usize) {
        let (Node::WaitFor { any, .. }, _) = self.standing(index) else { panic!("nothing is hoped for") };
        self.walk(index, at, &format!("matched {which}"), any[which].2);
    }

    pub(crate) fn settled(&mut self, index: usize, at: i64, accepted: bool) {
        let (Node::Send { refused: Some(refused), .. }, next) = self.standing(index) else {
            panic!("not awaited")
        };
        self.walk(index, at, &format!("settled {accepted}"), if accepted { next } else { refused });
    }

    /// The next thing that time brings about: steps before the longest stays before events that were told ahead.
    pub(crate) fn next_due(&self, calendar: &Calendar) -> Option<(i64, u8, usize)> {
        let mut due: Vec<(Option<i64>, u8, usize)> = Vec::new();
        for (index, stay) in self.inside.iter().enumerate() {
            let happens = |at: i64| calendar.happens(stay.journey.name, at);
            due.push((stay.waits.until().and_then(happens), 0, index));
            due.push((stay.journey.longest.and_then(|longest| happens(stay.entered + longest)), 1, index));
        }
        due.extend(self.ahead.iter().enumerate().map(|(index, (at, _))| (Some(*at), 2, index)));
        due.into_iter().filter_map(|(at, kind, index)| Some((at?, kind, index))).min()
    }

    pub(crate) fn live_until(&mut self, calendar: &Calendar, until: i64) {
        while let Some((at, kind, index)) = self.next_due(calendar).filter(|(at, ..)| *at <= until) {
            match (kind, self.inside.get(index).map(|stay| stay.waits)) {
                (1, _) => self.leave(index, at, "after the longest stay"),
                (2, _) => {
                    let (_, event) = self.ahead.remove(index);
                    self.event(calendar, &event, at, at);
                }
                (_, Some(Waits::Until(_))) => self.walk(index, at, "waited", self.standing(index).1),
                (_, Some(Waits::Matched(_, which))) => self.matched(index, at, which),
                (_, Some(Waits::Answered(_, accepted))) => self.settled(index, at, accepted),
                _ => {
                    let (Node::WaitFor { otherwise, .. }, _) = self.standing(index) else {
                        panic!("not a hope")
                    };
                    self.walk(index, at, "timed out", otherwise);
                }
            }
        }
    }

    /// Goals and exits, then hopes, then doors.
    pub(crate) fn event(&mut self, calendar: &Calendar, event: &Told, at: i64, happened: i64) {
        let fits = |name: Word, least: Option<i64>| {
            name == event.name && least.is_none_or(|least| event.number >= least)
        };
        let numbers: Vec<usize> = self.inside.iter().map(|stay| stay.number).collect();
        let find = |person: &Self, number| person.inside.iter().position(|stay| stay.number == number);
        for number in &numbers {
            let Some(index) = find(self, *number) else { continue };
            let stay = &self.inside[index];
            let end = stay.journey.ends.iter().find(|end| happened >= stay.entered && fits(end.0, end.1));
            if let Some(end) = end {
                self.leave(index, at, &format!("{} {}", if end.2 { "goal" } else { "event" }, end.0));
            }
        }
        for number in &numbers {
            let Some(index) = find(self, *number) else { continue };
            let stay = &self.inside[index];
            let (Waits::Event(_), (Node::WaitFor { any, .. }, _)) = (stay.waits, self.standing(index)) else {
                continue;
            };
            let hope = |hope: &Hope| hope.0 == event.name && hope.1.is_none_or(|is| is == event.number);
            match any.iter().position(hope) {
                Some(_) if happened < stay.arrived => {
                    self.noted.push("an event comes too late for what waits")
                }
                Some(which) if calendar.is_paused(stay.journey.name, at) => {
                    self.inside[index].waits = Waits::Matched(at, which)
                }
                Some(which) => self.matched(index, at, which),
                None => {}
            }
        }
        for journey in calendar.newest().filter(|journey| fits(journey.opens, journey.door.0)) {
            let open = journey.door.1.is_none_or(|least| self.score.is_some_and(|score| score >= least));
            let inside = self.inside.iter().any(|stay| stay.journey.name == journey.name);
            let again = self.entered.get(journey.name).is_none_or(|last| match journey.again {
                Again::Never => false,
                Again::Always => true,
                Again::After(span) => last + span <= at,
            });
            let paused = calendar.is_paused(journey.name, at);
            self.noted.extend((!open).then_some("a score closes a door"));
            self.noted.extend((open && inside).then_some("somebody inside knocks again"));
            self.noted.extend((open && !inside && !again).then_some("somebody comes back too early"));
            self.noted.extend((open && !inside && again && paused).then_some("a pause closes a door"));
            if open && !inside && again && !paused {
                self.entered.insert(journey.name, at);
                self.stays += 1;
                self.inside.push(Stay {
                    number: self.stays,
                    journey,
                    entered: at,
                    node: 0,
                    arrived: at,
                    waits: Waits::Until(at),
                });
                self.walk(self.inside.len() - 1, at, "entered", journey.nodes[0].0);
            }
        }
    }

    /// Reads the mail and lives until now; answers the grants that were read, with their places.
    pub(crate) fn read(&mut self, calendar: &Calendar, now: i64) -> Vec<(u64, Word, Word)> {
        let mut granted = Vec::new();
        for (place, at, mail) in std::mem::take(&mut self.mail) {
            self.live_until(calendar, at);
            match mail {
                Mail::Identify(score, address) => {
                    self.score = score.or(self.score);
                    self.addresses.extend(address);
                }
                Mail::Event(event, _) => match event.at.map_or(at, |claimed| at + claimed) {
                    claimed if claimed > at => self.ahead.push((claimed, event)),
                    happened => self.event(calendar, &event, at, happened),
                },
                Mail::Grant(purpose, channel) => {
                    self.stands.insert((purpose, channel), true);
                    self.consents += 1;
                    granted.push((place, purpose, channel));
                }
                Mail::Withdrawal(purpose, channel) => {
                    self.consents += 1;
                    if let (Some(purpose), Some(channel)) = (purpose, channel) {
                        self.stands.insert((purpose, channel), false);
                    }
                    let concerned =
                        self.stands.iter_mut().filter(|(stand, _)| concerns(purpose, channel, **stand));
                    concerned.for_each(|(_, granted)| *granted = false);
                }
                Mail::Suppression(channel, address) => drop(self.suppressed.insert((channel, address))),
                Mail::Answer(letter, accepted) => {
                    let awaits =
                        |stay: &Stay| matches!(stay.waits, Waits::Answer(awaited) if awaited == letter);
                    let Some(index) = self.inside.iter().position(awaits) else { continue };
                    if calendar.is_paused(self.inside[index].journey.name, at) {
                        self.inside[index].waits = Waits::Answered(at, accepted);
                    } else {
                        self.settled(index, at, accepted);
                    }
                }
            }
        }
        self.live_until(calendar, now);
        granted
    }

    /// The addresses that are known, those of unread mail included.
    pub(crate) fn every_address(&self) -> BTreeSet<(Word, u8)> {
        let unread = self.mail.iter().filter_map(|(_, _, mail)| match mail {
            Mail::Identify(_, address) => *address,
            _ => None,
        });
        self.addresses.iter().map(|(channel, address)| (*channel, *address)).chain(unread).collect()
    }

    pub(crate) fn take_back(&mut self, now: i64, why: &str, which: impl Fn(&Letter) -> bool) {
        for index in 0..self.letters.len() {
            if self.letters[index].status == "pending" && which(&self.letters[index]) {
                self.answer(now, index, "cancelled", format!("refused [{why}]"), Some(false));
            }
        }
    }

    /// What became of a letter, which its person is told.
    pub(crate) fn answer(
        &mut self,
        now: i64,
        letter: usize,
        status: Word,
        answer: String,
        accepted: Option<bool>,
    ) {
        let it = &mut self.letters[letter];
        (it.status, it.answer, it.answered) = (status, answer, now);
        self.mail.extend(accepted.map(|accepted| (0, now, Mail::Answer(letter, accepted))));
    }
}

pub(crate) fn concerns(purpose: Option<Word>, channel: Option<Word>, (its, on): (Word, Word)) -> bool {
    purpose.is_none_or(|purpose| purpose == its) && channel.is_none_or(|channel| channel == on)
}

impl Waits {
    pub(crate) fn until(self) -> Option<i64> {
        match self {
            Self::Until(at) | Self::Event(at) | Self::Matched(at, _) | Self::Answered(at, _) => Some(at),
            Self::Answer(_) => None,
        }
    }
}
