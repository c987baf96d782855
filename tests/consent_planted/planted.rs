//! Bugs that others shipped, which must be seen here.

use journeyman::seeded::{Bug, plant};

use super::{CASES, asked, ids, reasons, silence, texts, words};

#[test]
fn consent_with_any_bug_that_is_planted_is_not_what_it_is() {
    let mut missed = Vec::new();
    println!("| bug | what it does | breaks | first case |\n|---|---|---|---|");
    // The last two are looked for by the simulator too.
    for bug in Bug::OF_CONSENT.into_iter().chain([Bug::SegmentsByLetters, Bug::FirstReasonAlone]) {
        plant(Some(bug));
        let found = (0..CASES).find(|seed| match bug.invariant() {
            "C30" => texts::differs(*seed).is_some(),
            "I16" => words::differs(*seed).is_some(),
            "I22" => silence::differs(*seed).is_some(),
            "I2" => asked::differs(*seed).is_some(),
            "I1" => ids::differs(*seed).is_some(),
            _ => reasons::differs(*seed, &mut Default::default()).is_some(),
        });
        plant(None);
        let case = found.map_or("not found".to_owned(), |seed| seed.to_string());
        println!("| {} | {} | {} | {case} |", bug.number(), bug.sentence(), bug.invariant());
        if found.is_none() {
            missed.push(bug);
        }
    }
    assert!(missed.is_empty(), "these are not seen in {CASES} cases: {missed:?}");
}
