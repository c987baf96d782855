//! The language of scripts: what each word declares, what is said of a mistake, and that no script harms anybody.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

#[path = "scripts/conditions.rs"]
mod conditions;
#[path = "scripts/custom.rs"]
mod custom;
#[path = "scripts/declared.rs"]
mod declared;
#[path = "scripts/hostile.rs"]
mod hostile;
#[path = "scripts/mistakes.rs"]
mod mistakes;

use journeyman::rule::score::{ScoreModel, Table};

/// What a script declares; a problem ends the test.
fn table(script: &str) -> Table {
    match ScoreModel::compile(script) {
        Ok(model) => model.table().clone(),
        Err(error) => panic!("{script}\n{error}"),
    }
}

/// What is said of a script that has problems.
fn said(script: &str) -> String {
    match ScoreModel::compile(script) {
        Ok(model) => panic!("{script}\ndeclares {:?}", model.table()),
        Err(error) => error.to_string(),
    }
}
