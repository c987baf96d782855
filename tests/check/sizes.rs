//! The sizes of segments are those of everybody, and each that is not is found.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use futures::executor::block_on;
use journeyman::model::Name;
use journeyman::store::MemoryStore;
use journeyman::testing::Invariant::X19;
use journeyman::testing::ManualClock;
use journeyman::testing::check::Findings;

use crate::history::{Doctored, History};
use crate::population::{checker, live, start};

fn population() -> Doctored {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let history = block_on(History::read(&store, &"sam".into()));
    Doctored::new(&store, history)
}

fn judged(store: &Doctored) -> Findings {
    block_on(checker().check_sizes(store)).unwrap()
}

#[test]
fn each_size_that_is_not_that_of_everybody_is_found() {
    let mut store = population();
    let true_sizes = store.history.sizes.clone();
    assert!(true_sizes.len() >= 3 && true_sizes.values().all(|size| *size > 0), "{true_sizes:?}");
    let findings = judged(&store);
    assert!(findings.is_clean(), "{findings}");
    assert_eq!(findings.segments, true_sizes.len() as u64);
    for segment in true_sizes.keys() {
        for wrong in [Some(true_sizes[segment] + 1), Some(true_sizes[segment] - 1), None] {
            store.history.sizes.clone_from(&true_sizes);
            store.history.sizes.insert(segment.clone(), wrong.unwrap_or(0));
            let findings = judged(&store);
            assert_eq!(findings.broken(), [X19], "{segment}: {wrong:?}");
            assert_eq!(findings.violations.len(), 1, "{findings}");
            assert!(findings.to_string().contains(&format!("segment {segment}")), "{findings}");
        }
    }
    store.history.sizes.clone_from(&true_sizes);
    store.history.sizes.insert(Name::from("nobody"), 1);
    assert_eq!(judged(&store).broken(), [X19]);
}

#[test]
fn sizes_that_move_while_they_are_counted_are_counted_again_and_then_left() {
    let store = population();
    for (moves, changing) in [(0, 0), (2, 0), (1_000, 1)] {
        store.moves.store(moves, SeqCst);
        let findings = judged(&store);
        assert!(findings.is_clean(), "{findings}");
        assert_eq!(findings.skipped.sizes_changing, changing, "{findings}");
    }
}
