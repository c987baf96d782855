//! What a file must hold, after every kill and at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::Event;
use journeyman::machine::Input;
use journeyman::model::{InputId, MessageId, Step, StepOutcome};
use journeyman::port::store::{MessageStatus, Receipt};
use journeyman::port::{Archive, Mailbox};
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;

use super::log::{handovers, lines};
use super::story::{Act, BESIDE, GRANTED, MAIN, done, grant, ping, start, withdrawal};

/// What must be the same at the end, whatever happened on the way.
#[derive(Debug, PartialEq)]
pub(crate) struct End {
    /// By contact, enrollment and number.
    steps: BTreeMap<(String, String, u32), Step>,
    /// By contact, enrollment and node.
    messages: BTreeMap<(String, String, String), (Option<MessageId>, MessageStatus)>,
}

/// How much of what was acknowledged was looked for.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
    pub(crate) visits: usize,
    pub(crate) twice: usize,
    pub(crate) handovers: usize,
    /// Handovers under an id that had been handed over before.
    pub(crate) repeated: usize,
}

fn open(file: &Path) -> SqliteStore {
    SqliteStore::builder(file).clock(Arc::new(ManualClock::new(start()))).open().unwrap()
}

fn everybody() -> impl Iterator<Item = &'static str> {
    MAIN.into_iter().chain(BESIDE)
}

/// What a store holds of some contacts.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) visits: usize,
    /// Visits whose number had come before.
    pub(crate) twice: usize,
    pub(crate) accepted: usize,
    /// How often each message was begun.
    pub(crate) attempts: BTreeMap<String, u32>,
}

/// Asserts that no commit of these contacts is half there, and that no visit is missing.
pub(crate) async fn whole(store: &SqliteStore, contacts: impl Iterator<Item = &str>) -> Whole {
    let mut whole = Whole::default();
    for contact in contacts.map(Into::into) {
        let mut next: BTreeMap<_, u32> = BTreeMap::new();
        let steps = store.steps(&contact).await.unwrap();
        let mut decided = BTreeSet::new();
        for step in &steps {
            let ordinal = next.entry(step.enrollment).or_default();
            whole.twice += usize::from(step.ordinal < *ordinal);
            assert!(step.ordinal <= *ordinal, "a step of {contact} is missing before {step:?}");
            *ordinal = step.ordinal + 1;
            if let StepOutcome::Sent { message } = step.outcome {
                decided.insert(message);
            }
        }
        whole.visits += steps.len();
        let messages = store.messages(&contact).await.unwrap();
        let put_out: BTreeSet<_> = messages.iter().map(|record| record.message.id).collect();
        assert_eq!(
            decided, put_out,
            "a message of {contact} without its step, or a step without its message"
        );
        whole.accepted += messages.iter().filter(|record| record.status == MessageStatus::Accepted).count();
        whole.attempts.extend(messages.iter().map(|record| (record.message.id.to_string(), record.attempts)));
        if let Some(stored) = store.contact(&contact).await.unwrap() {
            let commits = store.commits(&contact).await.unwrap();
            let revisions: Vec<u64> = commits.iter().map(|commit| commit.revision).collect();
            assert_eq!(revisions, (1..=stored.revision).collect::<Vec<_>>(), "commits of {contact}");
            assert_eq!(commits.last().map_or(0, |commit| commit.read_seq), stored.read_seq, "{contact}");
        }
    }
    whole
}

/// Looks for everything that the log says was acknowledged, and for what may never be.
pub(crate) async fn check(file: &Path, log: &Path, story: &[Act]) -> Seen {
    let mut seen = Seen::default();
    let lines = lines(log);
    let store = open(file);

    // What was told: telling it again changes nothing, for it is in the mailbox or was read.
    let mut told: Vec<Input> = Vec::new();
    let mut withdrawals: Vec<(&str, InputId)> = Vec::new();
    for act in &story[..done(&lines)] {
        match act {
            Act::Know(contact) => {
                told.extend(
                    GRANTED.map(|(purpose, channel)| grant(contact, purpose, channel, "first").into()),
                );
            }
            Act::Track(contact, name, id) => told.push(Event::new(*contact, *name).id(id.as_str()).into()),
            Act::Grant(contact, purpose, channel, id) => {
                told.push(grant(contact, purpose, channel, id).into())
            }
            Act::Withdraw(contact, channel, id) => {
                withdrawals.extend(withdrawal(contact, channel, id).input_id().map(|id| (*contact, id)));
            }
            _ => {}
        }
    }
    told.extend(lines.iter().filter(|line| line[0] == "pinged").map(|line| ping(&line[1]).into()));
    let receipts = store.append(&told, TimeDelta::days(30)).await.unwrap();
    seen.acknowledged = told.len() + withdrawals.len();
    seen.lost = receipts.iter().filter(|receipt| **receipt != Receipt::Duplicate).count();
    for (contact, id) in withdrawals {
        let mail = store.inputs(&contact.into(), 0, u64::MAX).await.unwrap();
        seen.lost += usize::from(!mail.iter().any(|envelope| envelope.id == id));
    }

    // What a tick reported: steps and deliveries are there.
    let whole = whole(&store, everybody()).await;
    (seen.visits, seen.twice) = (whole.visits, whole.twice);
    for (word, found) in [(1, whole.visits), (2, whole.accepted)] {
        let ticked = lines.iter().filter(|line| line[0] == "ticked");
        let reported: usize = ticked.map(|line| line[word].parse::<usize>().unwrap()).sum();
        seen.acknowledged += reported;
        seen.lost += reported.saturating_sub(found);
    }

    // What was handed over: allowed at that moment, begun before, the same bytes each time.
    let mut allowed = BTreeSet::new();
    for line in &lines {
        match line[0].as_str() {
            "granting" => drop(allowed.insert((&line[1], &line[2], &line[3]))),
            "withdrew" => {
                allowed.retain(|(contact, _, channel)| (*contact, *channel) != (&line[1], &line[2]))
            }
            "sent" => assert!(
                allowed.contains(&(&line[3], &line[4], &line[5])),
                "handed over after its withdrawal was acknowledged: {line:?}"
            ),
            _ => {}
        }
    }
    for (id, sent) in handovers(&lines) {
        seen.handovers += sent.len();
        seen.repeated += sent.len() - 1;
        assert!(sent.len() == 1 || sent[0].channel == "email", "a channel without ids heard {id} twice");
        assert!(sent.iter().all(|one| one.text == sent[0].text), "{id} said two things: {sent:?}");
        let numbers: BTreeSet<u32> = sent.iter().map(|one| one.attempt).collect();
        assert_eq!(numbers.len(), sent.len(), "one attempt of {id} was handed over twice: {sent:?}");
        let begun = whole.attempts.get(&id).copied();
        assert!(begun >= numbers.last().copied(), "{id} was handed over and never begun: {sent:?}");
    }
    seen
}

/// The end of a story that was told to its end.
pub(crate) async fn end(file: &Path) -> End {
    let store = open(file);
    let mut end = End { steps: BTreeMap::new(), messages: BTreeMap::new() };
    for name in everybody() {
        let contact = name.into();
        let beside = BESIDE.contains(&name);
        for mut step in store.steps(&contact).await.unwrap() {
            if beside {
                // Their events come while a tick moves the clock, so that instants, and ids made of them, differ.
                step.at = DateTime::<Utc>::UNIX_EPOCH;
                if let StepOutcome::Sent { message } = &mut step.outcome {
                    *message = MessageId::from_bytes([0; 16]);
                }
            }
            end.steps.insert((name.to_owned(), step.enrollment.to_string(), step.ordinal), step);
        }
        for record in store.messages(&contact).await.unwrap() {
            let message = record.message;
            let key = (name.to_owned(), message.enrollment.to_string(), message.node.to_string());
            end.messages.insert(key, ((!beside).then_some(message.id), record.status));
        }
    }
    end
}

impl End {
    /// Compares with a calm run. A message of a channel without ids may be parked, where a kill took its answer.
    /// Answers how many were.
    pub(crate) fn assert_like(&mut self, calm: &Self, when: &str) -> usize {
        let mut parked = 0;
        for (key, (_, status)) in &mut self.messages {
            let calm = calm.messages.get(key).map(|(_, status)| status);
            if *status == MessageStatus::Parked && calm == Some(&MessageStatus::Accepted) {
                *status = MessageStatus::Accepted;
                parked += 1;
            }
        }
        assert_same(&self.messages, &calm.messages, when);
        assert_same(&self.steps, &calm.steps, when);
        parked
    }

    /// Steps, messages, and how many of them were accepted.
    pub(crate) fn size(&self) -> (usize, usize, usize) {
        let accepted =
            self.messages.values().filter(|(_, status)| *status == MessageStatus::Accepted).count();
        (self.steps.len(), self.messages.len(), accepted)
    }
}

/// As `assert_eq`, and shows what differs alone.
fn assert_same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    found: &BTreeMap<K, V>,
    calm: &BTreeMap<K, V>,
    when: &str,
) {
    let keys: BTreeSet<&K> = found.keys().chain(calm.keys()).collect();
    let differ = keys.into_iter().map(|key| (key, found.get(key), calm.get(key)));
    let differ: Vec<_> = differ.filter(|(_, found, calm)| found != calm).collect();
    assert!(differ.is_empty(), "{when}: found, and in a calm run: {differ:#?}");
}
