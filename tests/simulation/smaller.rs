//! A failing run made smaller: proptest leaves out whatever is not needed to fail, faults first, then deeds, then people.

use journeyman::sim::{Outcome, Replay, Simulation};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// Which parts of a list are kept, at first all of them.
#[derive(Debug)]
struct Kept(usize);

/// A tree that leaves out runs of parts, long ones first.
struct Tree {
    kept: Vec<bool>,
    length: usize,
    at: usize,
    left_out: Vec<usize>,
}

impl Strategy for Kept {
    type Tree = Tree;
    type Value = Vec<bool>;

    fn new_tree(&self, _: &mut TestRunner) -> NewTree<Self> {
        Ok(Tree { kept: vec![true; self.0], length: self.0.max(1), at: 0, left_out: Vec::new() })
    }
}

impl ValueTree for Tree {
    type Value = Vec<bool>;

    fn current(&self) -> Vec<bool> {
        self.kept.clone()
    }

    fn simplify(&mut self) -> bool {
        loop {
            let run: Vec<usize> =
                (self.at..self.kept.len()).filter(|part| self.kept[*part]).take(self.length).collect();
            match run.last() {
                Some(last) => {
                    self.at = last + 1;
                    run.iter().for_each(|part| self.kept[*part] = false);
                    self.left_out = run;
                    return true;
                }
                None if self.length == 1 => return false,
                None => (self.length, self.at) = (self.length / 2, 0),
            }
        }
    }

    fn complicate(&mut self) -> bool {
        let back = std::mem::take(&mut self.left_out);
        back.iter().for_each(|part| self.kept[*part] = true);
        !back.is_empty()
    }
}

/// The smallest list of decisions that proptest finds for which `fails` still holds.
pub(crate) fn smaller(replay: &Replay, fails: impl Fn(&Outcome) -> bool) -> Replay {
    let mut runner = TestRunner::new(Config {
        cases: 1,
        max_shrink_iters: 3_000,
        failure_persistence: None,
        ..Config::default()
    });
    let found = runner.run(&Kept(replay.parts()), |kept| {
        let outcome = Simulation::replay(replay.with_only(|part| kept[part])).run();
        if fails(&outcome) { Err(TestCaseError::fail("it fails")) } else { Ok(()) }
    });
    match found {
        Err(TestError::Fail(_, kept)) => replay.with_only(|part| kept[part]),
        _ => replay.clone(),
    }
}

#[test]
fn a_list_is_made_as_small_as_it_can_be() {
    let replay = Simulation::of(18).run().replay;
    assert!(replay.decisions() > 40, "{} decisions", replay.decisions());
    // What stands for a failure here: a refused zombie, for which a fault or two are enough.
    let crashed = |outcome: &Outcome| outcome.happened.get("crashed").is_some_and(|count| *count > 0);
    let small = smaller(&replay, crashed);
    assert!(crashed(&Simulation::replay(small.clone()).run()));
    assert!(small.decisions() <= 4, "{}", small.to_json().unwrap());
}
