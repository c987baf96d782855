//! SIGKILL at any moment: a real process on a real file loses nothing that it acknowledged, and does nothing twice.
//!
//! 150 kills by default; `JOURNEYMAN_KILLS=1000` asks for more.
#![cfg(all(feature = "sqlite", unix))]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod process;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use futures::executor::block_on;
use process::child::{Child, say};
use process::end::{End, Seen, check, end};
use process::log::{Log, lines};
use process::story::{Act, Host, done, story};
use process::{Random, assert_whole, folder};

const FOLDER: &str = "JOURNEYMAN_KILL_FOLDER";
const SEED: &str = "JOURNEYMAN_KILL_SEED";
const HOLD: &str = "JOURNEYMAN_KILL_HOLD";

/// Different stories, each told by many files.
const STORIES: u64 = 4;
/// The most kills of one file before it is renewed.
const MOST_KILLS: usize = 24;

/// The process that dies: it tells the story from where its log ends.
#[test]
fn child_of_the_kills() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let (file, log) = (Path::new(&folder).join("journeyman.db"), Path::new(&folder).join("log"));
    let acts = story(number(SEED));
    let done = done(&lines(&log));
    let log = Log::of_child(&log, number(HOLD) as usize);
    block_on(async {
        let host = Host::open(&file, |store| store, log, 10).await.unwrap();
        host.tell(&acts, done).await.unwrap();
    });
    say("finished");
}

/// When a child dies.
enum Moment {
    /// So many lines and microseconds after its start.
    Lines(u64, u64),
    /// So many microseconds after its start, where it opens its file.
    Early(u64),
    /// Between a handover, counted from its start, and its answer.
    Held(u64),
}

impl Moment {
    fn draw(random: &mut Random) -> Self {
        match random.below(10) {
            0 => Self::Early(random.below(30_000)),
            1 | 2 => Self::Held(1 + random.below(4)),
            _ => Self::Lines(1 + random.below(16), random.below(1_500)),
        }
    }
}

/// What became of all the kills.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// It had acknowledged something in this life, and was not finished.
    in_the_middle: usize,
    /// A handover had no answer yet.
    held: usize,
    files: usize,
    acknowledged: usize,
    lost: usize,
    visits: usize,
    twice: usize,
    handovers: usize,
    repeated: usize,
    parked: usize,
}

impl Tally {
    fn add(&mut self, seen: &Seen) {
        assert_eq!((seen.lost, seen.twice), (0, 0), "after {} kills: {seen:?}", self.kills);
        self.lost += seen.lost;
        self.twice += seen.twice;
    }

    /// What a file adds at its end, where it was looked at whole.
    fn close(&mut self, seen: &Seen, parked: usize) {
        self.files += 1;
        self.acknowledged += seen.acknowledged;
        self.visits += seen.visits;
        self.handovers += seen.handovers;
        self.repeated += seen.repeated;
        self.parked += parked;
    }

    fn sum(mut self, other: &Self) -> Self {
        self.kills += other.kills;
        self.in_the_middle += other.in_the_middle;
        self.held += other.held;
        self.files += other.files;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.visits += other.visits;
        self.twice += other.twice;
        self.handovers += other.handovers;
        self.repeated += other.repeated;
        self.parked += other.parked;
        self
    }
}

/// Lets a child live until its moment. True where it came to the story's end before.
fn live(folder: &Path, seed: u64, moment: Option<&Moment>, tally: &mut Tally) -> bool {
    let hold = match moment {
        Some(Moment::Held(handovers)) => handovers.to_string(),
        _ => "0".to_owned(),
    };
    let (path, seed) = (folder.to_str().unwrap(), seed.to_string());
    let mut child = Child::start("child_of_the_kills", &[(FOLDER, path), (SEED, &seed), (HOLD, &hold)]);
    let mut heard = 0;
    let mut held = false;
    match moment {
        None => {
            child.end();
            return true;
        }
        Some(Moment::Early(micros)) => std::thread::sleep(Duration::from_micros(*micros)),
        Some(Moment::Lines(lines, micros)) => {
            while heard < *lines && child.line().is_some_and(|line| line != "finished") {
                heard += 1;
            }
            std::thread::sleep(Duration::from_micros(*micros));
        }
        Some(Moment::Held(_)) => {
            held = loop {
                match child.line().as_deref() {
                    Some("held") => break true,
                    Some("finished") | None => break false,
                    Some(_) => heard += 1,
                }
            };
        }
    }
    if !child.kill() {
        return true;
    }
    let finished = done(&lines(&folder.join("log"))) == story(seed.parse().unwrap()).len();
    tally.kills += 1;
    tally.in_the_middle += usize::from(heard > 0 && !finished);
    tally.held += usize::from(held);
    false
}

/// The end of a story that nobody interrupts.
fn calm(seed: u64) -> &'static End {
    static CALM: [OnceLock<End>; STORIES as usize] = [const { OnceLock::new() }; STORIES as usize];
    CALM[seed as usize].get_or_init(|| {
        let folder = folder();
        live(folder.path(), seed, None, &mut Tally::default());
        let end = block_on(end(&folder.path().join("journeyman.db")));
        let (steps, messages, accepted) = end.size();
        assert!(
            steps > 100 && messages > 40 && accepted > 30,
            "{steps} steps, {messages} messages, {accepted} accepted"
        );
        end
    })
}

/// One file from its first line to the end of its story, killed again and again.
fn one_file(random: &mut Random, tally: &mut Tally, most: usize) {
    let seed = random.below(STORIES);
    let acts: Vec<Act> = story(seed);
    let folder = folder();
    let (file, log) = (folder.path().join("journeyman.db"), folder.path().join("log"));
    let most = most.min(tally.kills + MOST_KILLS);
    let mut finished = false;
    while tally.kills < most && !finished {
        finished = live(folder.path(), seed, Some(&Moment::draw(random)), tally);
        if file.exists() {
            assert_whole(&file, &format!("after kill {}", tally.kills));
            tally.add(&block_on(check(&file, &log, &acts)));
        }
    }
    if !finished {
        live(folder.path(), seed, None, tally);
    }
    assert_whole(&file, "at the end");
    let seen = block_on(check(&file, &log, &acts));
    tally.add(&seen);
    let parked = block_on(end(&file)).assert_like(calm(seed), &format!("story {seed}"));
    tally.close(&seen, parked);
}

#[test]
#[allow(clippy::disallowed_methods)] // it measures real processes
fn killed_at_any_moment_it_loses_nothing_and_does_nothing_twice() {
    let kills: usize = std::env::var("JOURNEYMAN_KILLS").map_or(150, |kills| kills.parse().unwrap());
    let began = std::time::Instant::now();
    let tallies = std::thread::scope(|scope| {
        let lanes = [0, 1].map(|lane| {
            scope.spawn(move || {
                let (mut random, mut tally) = (Random::new(0x5EED + lane), Tally::default());
                while tally.kills < kills.div_ceil(2) {
                    one_file(&mut random, &mut tally, kills.div_ceil(2));
                }
                tally
            })
        });
        lanes.map(|lane| lane.join().unwrap())
    });
    let [one, other] = tallies;
    let tally = one.sum(&other);
    let took = began.elapsed().as_secs_f64();
    println!("{tally:?}\n{:.1} kills/s", tally.kills as f64 / took);
    assert!(tally.kills >= kills);
    assert_eq!((tally.lost, tally.twice), (0, 0), "{tally:?}");
    // The kills hit what they were made for.
    assert!(tally.in_the_middle * 2 > tally.kills, "{tally:?}");
    assert!(tally.held > 0 && tally.repeated > 0 && tally.parked > 0, "{tally:?}");
}
