//! The engine that runs scripts: four packages, a limit on everything, and proof that the limits hold.

use std::sync::{LazyLock, OnceLock};

use rhai::packages::{ArithmeticPackage, BasicIteratorPackage, BasicStringPackage, LogicPackage, Package};
use rhai::{Engine, EvalAltResult, Module, OptimizationLevel, ParseErrorType, Shared};

use super::desk::Refusal;

/// The longest script, in bytes: the parser is stopped by nothing else.
pub(super) const MOST_BYTES: usize = 8 * 1024;
/// The most operations of one run.
pub(super) const MOST_OPERATIONS: u64 = 10_000;
/// The deepest nesting of expressions, of those in functions, and of calls: a debug build on a stack of 2 MiB survives all
/// together, and a release build on one of 512 KiB.
const MOST_DEPTH: usize = 32;
const MOST_FUNCTION_DEPTH: usize = 20;
const MOST_CALLS: usize = 4;
/// The longest text, in bytes, and the longest list.
const MOST_TEXT: usize = 1_024;
const MOST_ITEMS: usize = 64;
/// The same inside a custom function, which reads what a contact has.
const MOST_READ_TEXT: usize = 16 * 1_024;
const MOST_READ_ITEMS: usize = 1_024;

/// What no script may say: it runs text, waits, reads files, prints, or calls what is not written where it is called.
pub(super) const SWITCHED_OFF: [&str; 15] = [
    "eval",
    "import",
    "export",
    "Fn",
    "call",
    "curry",
    "is_shared",
    "is_def_fn",
    "is_def_var",
    "type_of",
    "print",
    "debug",
    "sleep",
    "timestamp",
    "this",
];

/// Built once: what they register never changes.
static PACKAGES: LazyLock<[Shared<Module>; 4]> = LazyLock::new(|| {
    [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
    ]
});

/// An engine that declares: operators look for the meaning that a condition has before they compare kinds.
pub(super) fn engine(closures: bool) -> Engine {
    let mut engine = limited(MOST_TEXT, MOST_ITEMS);
    engine.set_allow_anonymous_fn(closures);
    // What is fast compares two kinds as unequal without asking; a condition has a meaning of its own for each operator.
    engine.set_fast_operators(false);
    engine
}

/// An engine that runs custom functions on contacts.
pub(super) fn reader() -> Engine {
    limited(MOST_READ_TEXT, MOST_READ_ITEMS)
}

fn limited(text: usize, items: usize) -> Engine {
    let mut engine = Engine::new_raw();
    for package in PACKAGES.iter() {
        engine.register_global_module(package.clone());
    }
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_max_operations(MOST_OPERATIONS)
        .set_max_call_levels(MOST_CALLS)
        .set_max_expr_depths(MOST_DEPTH, MOST_FUNCTION_DEPTH)
        .set_max_string_size(text)
        .set_max_array_size(items)
        .set_max_map_size(MOST_ITEMS)
        .set_max_variables(64)
        .set_max_functions(16)
        .set_max_modules(0)
        .set_max_strings_interned(64);
    for symbol in SWITCHED_OFF {
        engine.disable_symbol(symbol);
    }
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    engine
}

/// Whether every limit bites, tried once a process: another crate of the build could have switched limits off for all.
///
/// # Errors
/// What was not stopped.
pub(super) fn holds() -> Result<(), Refusal> {
    static HELD: OnceLock<Result<(), &'static str>> = OnceLock::new();
    HELD.get_or_init(|| try_all(&engine(false))).map_err(unlimited)
}

fn unlimited(what: &str) -> Refusal {
    let sentence = format!("scripts cannot be run safely: nothing limits {what}");
    let next = "turn the features of rhai off that another crate of the build turns on, such as unchecked";
    Refusal::new("R008", sentence, next)
}

/// Whether an error is what a limit answers.
type Stopped = fn(&EvalAltResult) -> bool;

/// Every trial ends by itself, for where the limits are gone nothing would end it.
fn try_all(engine: &Engine) -> Result<(), &'static str> {
    use EvalAltResult as Error;
    let brackets = format!("{}1{};", "(".repeat(2 * MOST_DEPTH), ")".repeat(2 * MOST_DEPTH));
    let items = format!("[{}];", "1,".repeat(MOST_ITEMS + 1));
    let trials: [(&str, &str, Stopped); 8] = [
        ("operations", "let i = 0; while i < 20000 { i += 1; }", |error| {
            matches!(error, Error::ErrorTooManyOperations(_))
        }),
        ("calls", "fn f(n) { if n > 0 { f(n - 1) } } f(20);", |error| {
            matches!(error.unwrap_inner(), Error::ErrorStackOverflow(_))
        }),
        ("texts", "let s = \"0123456789abcdef\"; for n in 0..8 { s += s; }", |error| {
            matches!(error, Error::ErrorDataTooLarge(..))
        }),
        ("lists", &items, |error| {
            matches!(error, Error::ErrorParsing(ParseErrorType::LiteralTooLarge(..), _))
        }),
        ("nesting", &brackets, |error| matches!(error, Error::ErrorParsing(ParseErrorType::ExprTooDeep, _))),
        ("sums", "9223372036854775807 + 1;", |error| matches!(error, Error::ErrorArithmetic(..))),
        ("eval", "eval(\"1\");", |error| matches!(error, Error::ErrorParsing(..))),
        ("functions without a name", "let f = |x| x;", |error| matches!(error, Error::ErrorParsing(..))),
    ];
    for (what, script, stopped) in trials {
        match engine.run(script) {
            Err(error) if stopped(&error) => {}
            _ => return Err(what),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_bites() {
        assert_eq!(try_all(&engine(false)), Ok(()));
    }

    type SwitchOff = fn(&mut Engine);

    #[test]
    fn a_limit_that_is_gone_is_noticed() {
        let gone: [(&str, SwitchOff); 7] = [
            ("operations", |engine| _ = engine.set_max_operations(0)),
            ("calls", |engine| _ = engine.set_max_call_levels(64)),
            ("texts", |engine| _ = engine.set_max_string_size(0)),
            ("lists", |engine| _ = engine.set_max_array_size(0)),
            ("nesting", |engine| _ = engine.set_max_expr_depths(200, 200)),
            ("eval", |engine| *engine = without_symbols()),
            ("functions without a name", |engine| _ = engine.set_allow_anonymous_fn(true)),
        ];
        for (what, switch_off) in gone {
            let mut engine = engine(false);
            switch_off(&mut engine);
            let open = try_all(&engine).unwrap_err();
            assert_eq!(open, what);
            let refusal = unlimited(open);
            assert!(refusal.code == "R008" && refusal.sentence.ends_with(what));
        }
    }

    fn without_symbols() -> Engine {
        let mut engine = Engine::new_raw();
        for package in PACKAGES.iter() {
            engine.register_global_module(package.clone());
        }
        engine.set_max_operations(MOST_OPERATIONS).set_max_call_levels(MOST_CALLS);
        engine.set_max_expr_depths(MOST_DEPTH, MOST_DEPTH).set_max_string_size(MOST_TEXT);
        engine.set_max_array_size(MOST_ITEMS);
        engine
    }
}
