//! The corpora of the fuzz targets, asked again on stable: what was found once stays found.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

// The bodies of the targets, as the fuzzer runs them.
#[allow(dead_code, unreachable_pub)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Runs every file of a corpus; answers how many came past the parser.
fn ask(target: &str, body: fn(&[u8]) -> bool) -> (usize, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut past = 0;
    for file in &files {
        let data = fs::read(file).unwrap();
        match catch_unwind(AssertUnwindSafe(|| body(&data))) {
            Ok(passed) => past += usize::from(passed),
            Err(_) => panic!("{} breaks {target}", file.display()),
        }
    }
    (past, files.len())
}

/// A corpus is of use only if much of it comes past the parser, and not all of it.
fn stays_found(target: &str, body: fn(&[u8]) -> bool) {
    let (past, all) = ask(target, body);
    assert!(all >= 20, "{target} has {all} inputs");
    assert!(past * 100 >= all * 30, "{past} of {all} inputs of {target} come past the parser");
}

#[test]
fn definitions_in_json_are_refused_or_lead_to_an_end() {
    stays_found("definition_json", fuzz::definition_json);
}

#[test]
fn definitions_in_yaml_are_refused_or_lead_to_an_end() {
    stays_found("definition_yaml", fuzz::definition_yaml);
}

#[test]
fn what_a_host_says_is_kept_or_refused_and_bounded() {
    stays_found("event_ingest", fuzz::event_ingest);
}

#[test]
fn a_predicate_has_one_answer_and_not_is_its_complement() {
    stays_found("predicate", fuzz::predicate);
}

#[test]
fn a_damaged_row_stops_its_own_contact_alone() {
    stays_found("stored_row", fuzz::stored_row);
}

#[test]
fn scripts_are_refused_or_declare_within_their_limits() {
    stays_found("score_script", fuzz::score_script);
}

#[test]
fn templates_stay_within_bounds_and_escape() {
    stays_found("template_render", fuzz::template_render);
}
