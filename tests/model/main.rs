//! Random stories of commands against a small reference: after each one, what can be seen is what contacts should experience.
//!
//! `PROPTEST_CASES` and `JOURNEYMAN_SEED` (a number) set how many stories are told and which; without them it is always
//! the same few. A story that fails is shortened and printed as its list of commands. `JOURNEYMAN_SHOW=1` with `--nocapture`
//! prints what happened in the stories.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod account;
mod calendar;
mod commands;
mod coverage;
mod journeys;
mod person;
mod reference;
mod subject;

use std::marker::PhantomData;

use commands::Command;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use reference::World;
use subject::{Kind, Memory, Sqlite, Subject};

/// Which stories are told unless the environment says otherwise.
const SEED: u64 = 7;
/// How many commands a story has at the most.
const LONGEST: usize = 60;

struct Stories<K>(PhantomData<K>);

impl<K: Kind> StateMachineTest for Stories<K> {
    type SystemUnderTest = Subject<K>;
    type Reference = World;

    fn init_test(_: &World) -> Subject<K> {
        Subject::new()
    }

    fn apply(mut subject: Subject<K>, world: &World, command: Command) -> Subject<K> {
        let reply = subject.obey(&command);
        assert_eq!(reply, world.reply, "the answer to {command:?}");
        let (expected, seen) = (world.accounts(), subject.accounts());
        for (who, expected) in &expected {
            let seen = &seen[who];
            assert_eq!(expected.person, seen.person, "what is known of {who} after {command:?}");
            same(&expected.steps, &seen.steps, &format!("the steps of {who} after {command:?}"));
            same(&expected.inside, &seen.inside, &format!("the enrollments of {who} after {command:?}"));
            same(&expected.messages, &seen.messages, &format!("the messages of {who} after {command:?}"));
            same(&expected.handed, &seen.handed, &format!("what {who} was sent after {command:?}"));
            assert_eq!(expected.consents, seen.consents, "the consent records of {who} after {command:?}");
        }
        if let Some(wake) = subject.next_wake {
            // Waking early for nothing is allowed, sleeping too long is not.
            let late = world.next_wake().filter(|due| wake.is_none_or(|wake| wake > *due));
            assert_eq!(late, None, "the tick said to wake at {wake:?}, after {command:?}");
        }
        coverage::count(&format!("command: {}", command.word()));
        coverage::count(&format!("answer: {reply}"));
        expected.values().for_each(coverage::count_waits);
        subject
    }

    fn teardown(_: Subject<K>, world: World) {
        world.noted().for_each(coverage::count);
        world.accounts().values().for_each(coverage::count_all);
    }
}

/// Like `assert_eq!`, but says no more than the first line that differs.
fn same(expected: &[String], seen: &[String], what: &str) {
    let lines = expected.len().max(seen.len());
    let first = (0..lines).find(|line| expected.get(*line) != seen.get(*line));
    if let Some(line) = first {
        let (expected, seen) = (expected.get(line), seen.get(line));
        panic!("{what}\n  line {line}\n  expected {expected:?}\n  seen     {seen:?}");
    }
}

fn tell<K: Kind>() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seed = number("JOURNEYMAN_SEED").unwrap_or(SEED);
    let cases = number("PROPTEST_CASES").map_or(K::STORIES, |cases: u64| cases as u32);
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let stories = World::sequential_strategy(1..LONGEST);
    let told = TestRunner::new(config.clone()).run(&stories, |(world, commands, seen)| {
        Stories::<K>::test_sequential(config.clone(), world, commands, seen);
        Ok(())
    });
    if let Err(failure) = told {
        panic!("on the {} store, JOURNEYMAN_SEED={seed} PROPTEST_CASES={cases}: {failure}", K::NAME);
    }
    // Fewer stories than usual may lack what is rare, and so may those of another seed.
    if cases >= K::STORIES {
        let missing = coverage::missing(cases as usize, if seed == SEED { 1 } else { 3 });
        assert!(
            missing.is_empty(),
            "what must happen happened too rarely in {cases} stories of seed {seed}: {missing:#?}"
        );
    }
}

#[test]
fn contacts_of_the_memory_store_experience_what_the_reference_says() {
    tell::<Memory>();
}

#[test]
fn contacts_of_the_sqlite_store_experience_what_the_reference_says() {
    tell::<Sqlite>();
}
