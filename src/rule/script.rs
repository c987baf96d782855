//! Scripts: run once, in a sandbox, to declare something.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::packages::{ArithmeticPackage, BasicStringPackage, LogicPackage, Package};
use rhai::{Engine, Position};

use super::score::{Band, Clamp, Decay, EventRule, Points, Rule, Table};
use crate::error::{BuildError, Diagnostic};

/// Runs a script and answers what it declared.
pub(super) fn declare(source: &str) -> Result<Table, BuildError> {
    let table = Arc::new(Mutex::new(Table::default()));
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    engine.set_max_operations(10_000);
    let declare = |edit: fn(&mut Table, &str, i64)| {
        let table = table.clone();
        move |name: &str, number: i64| {
            edit(&mut table.lock().unwrap_or_else(PoisonError::into_inner), name, number)
        }
    };
    engine.register_fn("on", declare(|table, event, points| push(table, event, points, false)));
    engine.register_fn("once", declare(|table, event, points| push(table, event, points, true)));
    engine.register_fn(
        "tier",
        declare(|table, tier, from| {
            table.tiers.push(Band { tier: tier.into(), from, hysteresis: 0, stay: None });
            table.tiers.sort_by_key(|band| band.from);
        }),
    );
    let shared = table.clone();
    engine.register_fn("clamp", move |least: i64, most: i64| {
        shared.lock().unwrap_or_else(PoisonError::into_inner).clamp = Some(Clamp { least, most });
    });
    let shared = table.clone();
    engine.register_fn("decay", move |every: i64, points: i64| {
        shared.lock().unwrap_or_else(PoisonError::into_inner).decay = Some(Decay { every, points });
    });
    let mut scope = rhai::Scope::new();
    scope.push_constant("days", 86_400_000_i64);
    let ran = engine.run_with_scope(&mut scope, source);
    ran.map_err(|error| BuildError { diagnostics: vec![diagnose(&error.to_string(), error.position())] })?;
    let table = table.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(table)
}

fn push(table: &mut Table, event: &str, points: i64, once: bool) {
    let (event, points) = (event.into(), Points::Fixed(points));
    table.rules.push(Rule::On(EventRule {
        event,
        points,
        filter: None,
        once,
        cap: None,
        lasts: None,
        engages: None,
    }));
}

fn diagnose(sentence: &str, position: Position) -> Diagnostic {
    let place =
        format!("line {}, position {}", position.line().unwrap_or(0), position.position().unwrap_or(0));
    Diagnostic::new("R001", place, sentence, "mend the script")
}
