//! Every store call and every channel call of every story fails once in each way; the end is that of a calm run.
//!
//! A plain run takes a fixed sample: every seventh call, and the first of each operation. `JOURNEYMAN_EVERY_CALL=1` takes
//! them all; `JOURNEYMAN_STORY=welcome:17:crash_after` (or `welcome:email2:hang`) tells one case again, and
//! `JOURNEYMAN_STORY=welcome` every case of one story.

mod editions;
mod end;
mod host;
mod provider;
mod rights;
mod sends;
mod story;
mod upkeep;
mod walks;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};

use journeyman::port::Store;
use journeyman::store::{Durability, MemoryStore, SqliteStore};
use journeyman::testing::{ChannelFault, Fault, ManualClock};

use provider::CHANNELS;
use story::{DELAY, Make, PAUSE, Run, Site, Story};

/// Every operation of a store that an engine or a host calls in a story.
const OPERATIONS: [&str; 22] = [
    "advance_job",
    "append",
    "begin",
    "claim",
    "commit",
    "erase",
    "fail",
    "give_back",
    "in_flight",
    "jobs",
    "next_due",
    "pause",
    "publish",
    "purge",
    "release",
    "resume",
    "scan",
    "settle",
    "snapshot",
    "suppress",
    "take",
    "withdraw",
];
/// Without `JOURNEYMAN_EVERY_CALL`, one call in so many is broken.
const SAMPLE: u64 = 7;
/// Without it on SQLite, where a run takes longer.
const SAMPLE_ON_SQLITE: u64 = 31;
/// Failures that are shown.
const SHOWN: usize = 6;

fn memory(clock: ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>) {
    (Arc::new(MemoryStore::builder().clock(Arc::new(clock)).build()), None)
}

fn sqlite(clock: ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>) {
    let folder = tempfile::tempdir().unwrap();
    let builder = SqliteStore::builder(folder.path().join("journeyman.db"));
    // The faults here are answers, not power losses, so nothing needs to reach the disk.
    let store = builder.clock(Arc::new(clock)).durability(Durability::Relaxed).open().unwrap();
    (Arc::new(store), Some(folder))
}

fn stories() -> Vec<&'static Story> {
    let all = [walks::STORIES, rights::STORIES, editions::STORIES, sends::STORIES, upkeep::STORIES];
    all.into_iter().flatten().collect()
}

/// A story with its calm run.
struct Told {
    story: &'static Story,
    calm: Run,
}

/// One story with one call broken.
#[derive(Clone, Copy)]
struct Case<'t> {
    told: &'t Told,
    site: Site,
}

impl Case<'_> {
    fn operation(&self) -> String {
        match self.site {
            Site::Store(nth, _) => self.told.calm.operations[nth as usize - 1].to_owned(),
            Site::Channel(channel, nth, _) => {
                let messages = self.told.calm.calls[channel][nth as usize - 1].len();
                let operation = if messages > 1 { "send_many" } else { "send" };
                format!("{channel}.{operation}")
            }
        }
    }

    fn name(&self) -> String {
        format!("{}:{}", self.told.story.name, self.site.name())
    }

    /// Why the fault cannot happen there, if it cannot.
    fn impossible(&self) -> Option<&'static str> {
        match self.site {
            Site::Channel(channel, nth, ChannelFault::Partial | ChannelFault::Shuffled) => {
                let messages = self.told.calm.calls[channel][nth as usize - 1].len();
                (messages < 2).then_some("one message has no halves and no order")
            }
            Site::Store(_, Fault::Unknown | Fault::CrashAfter | Fault::CancelAfter) => {
                let refuses = self.told.story.name == "poisoned" && self.operation() == "commit";
                refuses.then_some("the poisoned commit took no effect, so there is no answer to lose")
            }
            _ => None,
        }
    }
}

/// Which cases are told: all, a sample, or those that `JOURNEYMAN_STORY` names.
struct Choice {
    every_call: bool,
    only: Option<String>,
    sample: u64,
}

impl Choice {
    fn new(sample: u64) -> Self {
        let every_call = std::env::var("JOURNEYMAN_EVERY_CALL").is_ok_and(|value| value == "1");
        Self { every_call, only: std::env::var("JOURNEYMAN_STORY").ok(), sample }
    }

    fn tells(&self, story: &Story) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(':').next() == Some(story.name))
    }

    fn is_whole(&self) -> bool {
        self.only.is_none()
    }

    /// The cases: of a sample in memory also the first call of each operation.
    fn cases<'t>(&self, told: &'t [Told]) -> Vec<Case<'t>> {
        let (mut cases, mut seen) = (Vec::new(), BTreeSet::new());
        for told in told {
            let mut offer = |site: Site, nth: u64, is_new: bool| {
                let case = Case { told, site };
                let chosen = match &self.only {
                    Some(only) => *only == told.story.name || *only == case.name(),
                    None => self.every_call || nth % self.sample == 1 || (is_new && self.sample == SAMPLE),
                };
                if chosen {
                    cases.push(case);
                }
            };
            for (nth, operation) in (1..).zip(&told.calm.operations) {
                let is_new = seen.insert((*operation).to_owned());
                for fault in Fault::kinds(DELAY, PAUSE) {
                    offer(Site::Store(nth, fault), nth, is_new);
                }
            }
            for (channel, ..) in CHANNELS {
                for (nth, call) in (1..).zip(told.calm.calls.get(channel).map_or(&[][..], Vec::as_slice)) {
                    let is_new = seen.insert(format!("{channel}/{}", call.len() > 1));
                    for fault in ChannelFault::kinds(DELAY) {
                        offer(Site::Channel(channel, nth, fault), nth, is_new);
                    }
                }
            }
        }
        cases
    }
}

/// What came of all cases.
#[derive(Default)]
struct Tally {
    fired: BTreeMap<(String, &'static str), u64>,
    impossible: BTreeMap<&'static str, u64>,
    failures: BTreeMap<String, String>,
}

fn tell(make: Make, case: Case<'_>, tally: &Mutex<Tally>) {
    let answer = case.told.story.broken(make, &case.told.calm, case.site);
    let mut tally = tally.lock().unwrap();
    let wrong = match (answer, case.impossible()) {
        (Err(wrong), _) => wrong,
        (Ok(true), None) => {
            *tally.fired.entry((case.operation(), case.site.kind())).or_default() += 1;
            return;
        }
        (Ok(false), Some(why)) => {
            *tally.impossible.entry(why).or_default() += 1;
            return;
        }
        (Ok(true), Some(why)) if why.starts_with("the poisoned") => {
            *tally.fired.entry((case.operation(), case.site.kind())).or_default() += 1;
            return;
        }
        (Ok(true), Some(why)) => format!("the fault happened, although {why}"),
        (Ok(false), None) => "the fault never happened".to_owned(),
    };
    tally.failures.insert(format!("{} ({})", case.name(), case.operation()), wrong);
}

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Panics that a fault asked for, and those of a case, which are failures with a name, are not printed.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !HUSHED.get() {
                loud(panic);
            }
        }));
    });
}

/// Does something for each, on two threads.
fn on_both_cores<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    hush();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                HUSHED.set(true);
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

fn calm(make: Make, stories: &[&'static Story]) -> Vec<Told> {
    let (told, wrong) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    on_both_cores(stories, |story| match story.calm(make) {
        Ok(calm) => drop(told.lock().unwrap().insert(story.name, Told { story, calm })),
        Err(sentence) => wrong.lock().unwrap().push(format!("{}, told calmly: {sentence}", story.name)),
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    told.into_inner().unwrap().into_values().collect()
}

fn every_call_fails_once(what: &str, make: Make, stories: &[&'static Story], sample: u64) -> Tally {
    let choice = Choice::new(sample);
    let stories: Vec<_> = stories.iter().copied().filter(|story| choice.tells(story)).collect();
    if stories.is_empty() {
        return Tally::default();
    }
    let told = calm(make, &stories);
    for Told { story, calm } in &told {
        let calls: usize = calm.calls.values().map(Vec::len).sum();
        println!("{what}: {} has {} store calls, {calls} channel calls", story.name, calm.operations.len());
    }
    let cases = choice.cases(&told);
    assert!(!cases.is_empty(), "JOURNEYMAN_STORY names a call or a kind that {what} does not have");
    let tally = Mutex::new(Tally::default());
    on_both_cores(&cases, |case| tell(make, *case, &tally));
    let tally = tally.into_inner().unwrap();
    let calls: usize = told.iter().map(|told| told.calm.operations.len()).sum();
    println!("{what}: {} stories, {calls} store calls, {} broken runs", told.len(), cases.len());
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    tally.fired.iter().for_each(|((_, kind), times)| *kinds.entry(kind).or_default() += times);
    println!("{what}: fired {kinds:?}");
    println!("{what}: impossible {:?}", tally.impossible);
    if !tally.failures.is_empty() {
        let mut stories: BTreeMap<&str, u64> = BTreeMap::new();
        for case in tally.failures.keys() {
            *stories.entry(case.split(':').next().unwrap_or_default()).or_default() += 1;
        }
        let shown: Vec<String> = tally
            .failures
            .iter()
            .take(SHOWN)
            .map(|(case, wrong)| {
                let replay = case.split(' ').next().unwrap_or_default();
                format!("{case}; again with JOURNEYMAN_STORY={replay}\n{wrong}")
            })
            .collect();
        let names: Vec<&String> = tally.failures.keys().collect();
        panic!("{} cases failed, by story {stories:?}\n{names:?}\n\n{}", names.len(), shown.join("\n\n"));
    }
    tally
}

#[test]
fn a_replay_names_a_story_that_exists() {
    if let Some(only) = Choice::new(SAMPLE).only {
        assert!(
            stories().iter().any(|story| only.split(':').next() == Some(story.name)),
            "no story is {only}"
        );
    }
}

#[test]
fn every_call_of_every_story_fails_once_in_every_way() {
    let tally = every_call_fails_once("memory", memory, &stories(), SAMPLE);
    if !Choice::new(SAMPLE).is_whole() {
        return;
    }
    // No fault may be one that never happens: each kind, at each operation where it can.
    for operation in OPERATIONS {
        for fault in Fault::kinds(DELAY, PAUSE) {
            let fired = tally.fired.contains_key(&(operation.to_owned(), fault.name()));
            assert!(fired, "no {operation} ever met {}", fault.name());
        }
    }
    for (channel, _, batch) in CHANNELS {
        for (operation, batches) in [("send", false), ("send_many", true)] {
            for fault in ChannelFault::kinds(DELAY) {
                let of_batches = matches!(fault, ChannelFault::Partial | ChannelFault::Shuffled);
                let possible = if batches { batch > 1 } else { !of_batches };
                let fired = tally.fired.contains_key(&(format!("{channel}.{operation}"), fault.name()));
                assert!(fired == possible, "{channel}.{operation} and {}: {fired}", fault.name());
            }
        }
    }
}

/// Three stories, which between them meet every kind of fault at claims, commits, handovers and withdrawals.
#[test]
fn every_call_of_three_stories_fails_once_in_every_way_on_sqlite() {
    let three = ["drained", "overtaken", "pauses"];
    let stories: Vec<_> = stories().into_iter().filter(|story| three.contains(&story.name)).collect();
    let tally = every_call_fails_once("sqlite", sqlite, &stories, SAMPLE_ON_SQLITE);
    if Choice::new(SAMPLE).is_whole() {
        for fault in Fault::kinds(DELAY, PAUSE) {
            assert!(
                tally.fired.keys().any(|(_, kind)| *kind == fault.name()),
                "no call met {}",
                fault.name()
            );
        }
    }
}

#[test]
fn every_story_ends_on_sqlite_as_it_does_in_memory() {
    let told = (calm(memory, &stories()), calm(sqlite, &stories()));
    for (memory, sqlite) in told.0.iter().zip(&told.1) {
        assert_eq!(memory.end().messages, sqlite.end().messages, "{}", memory.story.name);
    }
}

impl Told {
    fn end(&self) -> &end::End {
        &self.calm.end
    }
}
