//! What must have happened in the stories, so that they cannot hold because nothing happens in them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::account::Account;

thread_local! {
    /// What happened in all the stories of a test, by its word.
    static HAPPENED: RefCell<BTreeMap<String, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// How many stories the numbers below are for.
pub(crate) const PER: usize = 200;

/// Every command, outcome of a step, end of an enrollment and fate of a message, and how often it happens at least.
const MUST: [(&str, usize); 80] = [
    ("command: advance", 300),
    ("command: behave: accept", 20),
    ("command: behave: later", 20),
    ("command: behave: refuse", 5),
    ("command: behave: unknown", 5),
    ("command: erase", 10),
    ("command: grant", 60),
    ("command: identify", 60),
    ("command: pass", 100),
    ("command: pause", 30),
    ("command: publish", 30),
    ("command: purge", 30),
    ("command: reopen", 30),
    ("command: resume", 50),
    ("command: suppress", 5),
    ("command: suppress of a contact", 10),
    ("command: tick afresh", 50),
    ("command: track", 300),
    ("command: track ahead", 25),
    ("command: track late", 80),
    ("command: withdraw a channel", 10),
    ("command: withdraw a purpose", 10),
    ("command: withdraw all", 8),
    ("command: withdraw one", 20),
    ("answer: done", 900),
    ("answer: told", 500),
    ("answer: told before", 15),
    ("answer: too old", 25),
    ("answer: erased", 10),
    ("answer: 0 blanked", 30),
    ("answer: 2 blanked", 1),
    ("a grant lifts a denial", 5),
    ("a pause closes a door", 15),
    ("a score closes a door", 10),
    ("a purge passes over unread mail", 10),
    ("an event comes too late for what waits", 2),
    ("an id is forgotten", 10),
    ("an old version speaks", 2),
    ("somebody comes back too early", 12),
    ("somebody else's withdrawal denies", 8),
    ("somebody inside knocks again", 15),
    ("attempt: 1", 200),
    ("attempt: 2", 12),
    ("attempt: 3", 4),
    ("message: accepted (accepted)", 150),
    ("message: cancelled ()", 10),
    ("message: cancelled (refused [Erased])", 1),
    ("message: cancelled (refused [Suppressed])", 1),
    ("message: cancelled (refused [Withdrawn])", 2),
    ("message: cancelled (retry)", 2),
    ("message: parked (parked)", 4),
    ("message: pending (retry)", 3),
    ("message: refused (refused [Attempts])", 4),
    ("message: refused (refused [Channel(blocked)])", 4),
    ("message: refused (refused [Suppressed])", 15),
    ("message: refused (refused [Withdrawn])", 8),
    ("step: branched 0", 60),
    ("step: branched 1", 8),
    ("step: branched else", 50),
    ("step: entered", 120),
    ("step: exited after the longest stay", 8),
    ("step: exited completed", 15),
    ("step: exited event left", 12),
    ("step: exited exit done", 12),
    ("step: exited exit finished", 8),
    ("step: exited exit unreachable", 8),
    ("step: exited goal booked", 20),
    ("step: matched 0", 6),
    ("step: matched 1", 4),
    ("step: refused [NoAddress, NoConsent]", 25),
    ("step: refused [Withdrawn]", 25),
    ("step: sent", 250),
    ("step: settled false", 6),
    ("step: settled true", 15),
    ("step: timed out", 60),
    ("step: waited", 180),
    ("waits: for an answer", 30),
    ("waits: for an event until", 200),
    ("waits: since to go on with", 5),
    ("waits: since to go on, accepted false", 1),
];

pub(crate) fn count(word: &str) {
    HAPPENED.with_borrow_mut(|happened| *happened.entry(word.to_owned()).or_default() += 1);
}

/// Counts what somebody waits for now.
pub(crate) fn count_waits(account: &Account) {
    for enrollment in &account.inside {
        count(&format!("waits: {}", letters(enrollment.split("waits ").nth(1).unwrap())));
    }
}

/// Counts what happened to somebody until the end.
pub(crate) fn count_all(account: &Account) {
    for step in &account.steps {
        let outcome = step.splitn(4, ' ').nth(3).unwrap().split(" ->").next().unwrap();
        count(&format!("step: {outcome}"));
    }
    for message in &account.messages {
        let parts: Vec<&str> = message.split(": ").nth(1).unwrap().split(", ").collect();
        let answer = message.split("answer ").nth(1).unwrap().split(", said").next().unwrap();
        count(&format!("message: {} ({})", parts[0], letters(answer)));
    }
    for handed in &account.handed {
        let attempt = handed.split("attempt ").nth(1).unwrap();
        count(&format!("attempt: {}", attempt.split(':').next().unwrap()));
    }
}

/// A text without its numbers.
fn letters(text: &str) -> String {
    let words = text.split(' ').filter(|word| word.parse::<i64>().is_err());
    words.collect::<Vec<_>>().join(" ")
}

/// What happened too rarely in so many stories; with slack, a part of what is usual is enough.
pub(crate) fn missing(cases: usize, slack: usize) -> Vec<String> {
    let happened = HAPPENED.take();
    let least = MUST
        .map(|(word, least)| (word, least * cases / PER / slack, happened.get(word).copied().unwrap_or(0)));
    if std::env::var("JOURNEYMAN_SHOW").is_ok() {
        println!("{happened:#?}");
    }
    let rare = least.into_iter().filter(|(_, least, seen)| seen < least);
    rare.map(|(word, least, seen)| format!("{word}: {seen} of {least}")).collect()
}
