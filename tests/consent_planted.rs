//! What can be judged without faults: what a text costs (I17), that a refusal names all that stands in its way (I18), what a
//! START gives back (I16), who was heard of (I22), what confirms a request (I2), and which acts are told twice (I1). Each holds here, and where bugs are planted (`Bug::OF_CONSENT`) each must be seen to fail:
//! `RUSTFLAGS="--cfg seeded_bugs" CARGO_TARGET_DIR=target/seeded cargo test --release --test consent_planted bug`.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

use std::collections::BTreeMap;

#[path = "consent_planted/asked.rs"]
mod asked;
#[path = "consent_message/encoder.rs"]
#[allow(dead_code)] // one half of it is for another test
mod encoder;
#[path = "consent_planted/ids.rs"]
mod ids;
#[cfg(seeded_bugs)]
#[path = "consent_planted/planted.rs"]
mod planted;
#[path = "consent_planted/reasons.rs"]
mod reasons;
#[path = "consent_planted/silence.rs"]
mod silence;
#[path = "consent_planted/texts.rs"]
mod texts;
#[path = "consent_planted/words.rs"]
mod words;

/// How many cases each of them looks at.
const CASES: u64 = 4_000;

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

#[test]
fn consent_a_text_costs_what_an_encoder_needs() {
    let wrong: Vec<String> = (0..CASES).filter_map(texts::differs).collect();
    assert!(wrong.is_empty(), "I17: {wrong:#?}");
}

#[test]
fn consent_a_start_gives_back_what_the_last_stop_took_and_nothing_else() {
    let wrong: Vec<String> = (0..CASES).filter_map(words::differs).collect();
    assert!(wrong.is_empty(), "I16: {} of {CASES}, first {:#?}", wrong.len(), &wrong[..1]);
}

#[test]
fn consent_only_what_comes_from_the_person_keeps_it_alive() {
    let wrong: Vec<String> = (0..CASES).filter_map(silence::differs).collect();
    assert!(wrong.is_empty(), "I22: {} of {CASES}, first {:#?}", wrong.len(), &wrong[..1]);
}

#[test]
fn consent_a_confirmation_counts_where_somebody_was_asked() {
    let wrong: Vec<String> = (0..CASES / 10).filter_map(asked::differs).collect();
    assert!(wrong.is_empty(), "I2: {} of {}, first {:#?}", wrong.len(), CASES / 10, &wrong[..1]);
}

#[test]
fn consent_acts_under_one_id_each_count_once() {
    let wrong: Vec<String> = (0..CASES / 10).filter_map(ids::differs).collect();
    assert!(wrong.is_empty(), "I1: {} of {}, first {:#?}", wrong.len(), CASES / 10, &wrong[..1]);
}

#[test]
fn consent_a_refusal_names_all_that_stands_in_its_way_and_nothing_else() {
    let mut told = BTreeMap::new();
    let wrong: Vec<String> = (0..CASES).filter_map(|seed| reasons::differs(seed, &mut told)).collect();
    assert!(wrong.is_empty(), "I18: {} of {CASES}, first {:#?}", wrong.len(), &wrong[..1]);
    // Each was told often enough that leaving it out, or adding it, would have been seen.
    assert_eq!(told.len(), 19, "{told:#?}");
    assert!(told.values().all(|times| *times > 100), "{told:#?}");
}
