//! The welcome example as a real process on a real file: the same page however the run is cut, and nothing said twice.
//!
//! `cargo test` builds the example first; `cargo test --test welcome` alone takes the one that was built last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const KILLS: u32 = 50;

fn example() -> Command {
    let deps = std::env::current_exe().unwrap();
    let target = deps.parent().and_then(Path::parent).unwrap();
    let path = target.join("examples").join(format!("welcome{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "run `cargo build --examples` first: there is no {}", path.display());
    Command::new(path)
}

fn run(arguments: &[&str]) -> Output {
    example().args(arguments).output().unwrap()
}

/// The page of a run that must go well.
fn page(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where flushing costs nothing, if there is such a place: a killed process loses nothing that the system has.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The ids that the provider took, in order.
fn sent(db: &Path) -> Vec<String> {
    let mut path = db.as_os_str().to_owned();
    path.push(".sent");
    let text = std::fs::read_to_string(PathBuf::from(path)).unwrap_or_default();
    text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_fresh_file_gives_the_same_page_every_time_and_leaves_nothing() {
    let temp = folder();
    let fresh = || {
        let output = example().env("TMPDIR", temp.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap()
    };
    let first = fresh();
    assert_eq!(first, fresh());
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
    insta::assert_snapshot!("welcome", first);
}

#[test]
fn half_way_and_on_is_one_run() {
    let folder = folder();
    let db = folder.path().join("half.db");
    let db = db.to_str().unwrap();
    let half = page(&["--db", db, "--until", "3d"]);
    assert!(half.ends_with(&format!("-- --db {db}\n")), "{half}");
    insta::assert_snapshot!("welcome_half_way", half.replace(db, "FILE"));
    // Cut once more, in the middle of a day.
    page(&["--db", db, "--until", "4d12h"]);
    assert_eq!(page(&["--db", db]), page(&[]));
}

#[test]
fn a_finished_file_prints_its_page_again_and_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("whole.db");
    let db = path.to_str().unwrap();
    let whole = page(&["--db", db]);
    let (messages, bytes) = (sent(&path), std::fs::read(&path).unwrap());
    assert_eq!(page(&["--db", db]), whole);
    assert_eq!(sent(&path), messages);
    assert!(std::fs::read(&path).unwrap() == bytes, "the file changed");
    let late = run(&["--db", db, "--until", "3d"]);
    assert_eq!(late.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&late.stderr).contains("already"), "{late:?}");
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    for (arguments, code, sentence) in [
        (&["--dbb", "x"][..], 2, "there is no option \"--dbb\""),
        (&["--db"], 2, "--db needs a file"),
        (&["--until", "soon"], 2, "\"soon\" is not a span"),
        (&["--db", "/nowhere/at/all.db"], 1, "could not open"),
        (&["--db", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")], 1, "welcome:"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(sentence) && !said.contains("panicked"), "{said}");
        assert_eq!(said.contains("Usage:"), code == 2, "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // it measures a real process
fn killed_at_any_moment_it_ends_as_if_nothing_had_happened() {
    let folder = folder();
    let calm = folder.path().join("calm.db");
    let began = Instant::now();
    let whole = page(&["--slow", "--db", calm.to_str().unwrap()]);
    let calm_run = began.elapsed();
    let all: BTreeSet<String> = sent(&calm).into_iter().collect();
    assert!(all.len() > 50 && whole.contains("Messages"));

    let mut random: u64 = 0x5EED_2026;
    let (mut killed, mut in_the_middle, mut repeated) = (0, 0, 0);
    for round in 0..KILLS {
        // xorshift64: the same moments in every run, as far as a machine allows it.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let delay = Duration::from_micros(random % u64::try_from(calm_run.as_micros()).unwrap());
        let path = folder.path().join(format!("{round}.db"));
        let db = path.to_str().unwrap();
        let mut child = example()
            .args(["--slow", "--db", db])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        let hit = !child.wait().unwrap().success();
        let before = sent(&path);
        killed += u32::from(hit);
        in_the_middle += u32::from(hit && !before.is_empty() && before.len() < all.len());

        let again = run(&["--db", db]);
        repeated += u32::from(String::from_utf8_lossy(&again.stderr).contains("handed over again"));
        assert_eq!(String::from_utf8(again.stdout).unwrap(), whole, "killed after {delay:?} of {calm_run:?}");
        let after = sent(&path);
        assert_eq!(after.len(), all.len(), "an id was taken twice, or one is missing, after {delay:?}");
        assert_eq!(after.into_iter().collect::<BTreeSet<_>>(), all, "killed after {delay:?}");
        for ending in ["", "-wal", "-shm", ".sent"] {
            let _ = std::fs::remove_file(folder.path().join(format!("{round}.db{ending}")));
        }
    }
    println!(
        "{killed} of {KILLS} kills came before the end, {in_the_middle} of them in the middle; \
         after {repeated} a message was handed over again under its id"
    );
    assert!(
        repeated > 0,
        "no kill came between the provider's taking a message and the engine's knowing of it"
    );
    assert!(in_the_middle >= 10, "only {in_the_middle} of {KILLS} kills came in the middle");
}
