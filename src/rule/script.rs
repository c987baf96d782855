//! Scripts: run once, in a sandbox, to declare something. What they declare is plain data, so that nothing is interpreted
//! afterwards, but for the functions of `custom`.

mod ask;
mod calculation;
mod custom;
mod desk;
mod explain;
mod field;
mod mark;
mod more;
mod rule;
mod sandbox;
mod source;
mod words;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Module, Position, Scope, Shared};

pub use custom::Failure;
pub(super) use custom::{Custom, Library};

use self::calculation::Calculation;
use self::desk::{MOST_PROBLEMS, Refusal, SharedDesk, place};
use self::explain::explain;
use self::field::{Condition, Field, Owner};
use self::source::Source;
use super::expression::Term;
use super::predicate::PredicateDefinition;
use super::score::Table;
use crate::error::{BuildError, Diagnostic};

/// What a script declares.
#[derive(Debug)]
pub(super) struct Declared {
    /// Everything that is data.
    pub(super) table: Table,
    /// The functions that the custom rules of the table name by their places.
    pub(super) custom: Vec<Custom>,
}

/// Runs a script and answers what it declares; `custom` allows functions in it.
///
/// # Errors
/// [`BuildError`] with every problem that one run finds; places are lines and positions of the script.
pub(super) fn declare(source: &str, custom: bool) -> Result<Declared, BuildError> {
    let source = read(source, "").map_err(BuildError::of)?;
    if let (Some((line, position)), false) = (source.custom, custom) {
        let next = "say it with when(...), or let the host allow it: ScoreModel::builder().custom(true)";
        let refusal = Refusal::new("R016", "custom functions are not allowed here", next);
        return Err(BuildError::of(refusal.at(place("", Some(line), Some(position)))));
    }
    let desk = SharedDesk::new("");
    let mut engine = asking(custom, &desk);
    engine.register_global_module(words::NO_CALCULATIONS.clone());
    engine.register_global_module(words::DECLARATIONS.clone());
    let compiled = engine.compile(&source.text).map_err(|error| Box::new(EvalAltResult::from(error)));
    let ran = compiled.and_then(|tree| {
        engine.run_ast_with_scope(&mut Scope::new(), &tree)?;
        Ok(tree)
    });
    finish(ran, &desk, &source)
}

fn finish(
    ran: Result<AST, Box<EvalAltResult>>,
    desk: &SharedDesk,
    source: &Source,
) -> Result<Declared, BuildError> {
    let mut desk = desk.with(std::mem::take);
    let tree = match ran {
        Ok(tree) => tree,
        Err(error) => {
            if desk.problems.len() < MOST_PROBLEMS {
                let (refusal, position) = explain(&error);
                desk.problems.push(refusal.at(desk.place(position)));
            }
            return Err(BuildError { diagnostics: desk.problems });
        }
    };
    if let Some(clamp) = desk.table.clamp {
        for (position, value) in std::mem::take(&mut desk.reached) {
            if value > clamp.most {
                let sentence = format!("{value} is never reached: the score ends at {}", clamp.most);
                let refusal = Refusal::new("R009", sentence, "let clamp end later, or use a lower number");
                desk.problems.push(refusal.at(desk.place(position)));
            }
        }
    }
    for (name, function, position) in &desk.custom {
        let one =
            |found: rhai::ScriptFnMetadata<'_>| found.name == function.fn_name() && found.params.len() == 1;
        if !tree.iter_functions().any(one) {
            let sentence = format!("the function of {name:?} does not take the contact alone");
            let next = "write |c| and read what it has: c.followers";
            desk.problems.push(Refusal::new("R017", sentence, next).at(desk.place(*position)));
        }
    }
    BuildError::unless_empty(std::mem::take(&mut desk.problems))?;
    if desk.table == Table::default() {
        let next = "declare a rule, such as on(\"message.replied\", 10)";
        let refusal = Refusal::new("R018", "the script declares nothing", next);
        return Err(BuildError::of(refusal.at(desk.place(Position::NONE))));
    }
    desk.table.tiers.sort_by_key(|band| band.from);
    let mut custom = Vec::new();
    if !desk.custom.is_empty() {
        let library = Library::new(tree.clone_functions_only(), &source.read);
        custom.extend(
            desk.custom.into_iter().map(|(name, function, _)| Custom::new(name, function, library.clone())),
        );
    }
    Ok(Declared { table: desk.table, custom })
}

/// Runs an expression such as `followers > 1000 && score("spark") >= 60` and answers the predicate that it is.
pub(super) fn condition(
    source: &str,
    prefix: &str,
    problems: &mut Vec<Diagnostic>,
) -> Option<PredicateDefinition> {
    evaluate(source, prefix, problems, &words::NO_CALCULATIONS, |value| {
        let condition = Condition::of(value)?;
        if condition.event {
            let next = "write attribute(...), for there is no event here";
            return Err(Refusal::new("R014", "a property of an event is asked for", next));
        }
        Ok(condition.definition)
    })
}

/// Runs an expression such as `score("spark") + 10 * count` and answers the tree that it is.
pub(super) fn expression(source: &str, prefix: &str, problems: &mut Vec<Diagnostic>) -> Option<Term> {
    evaluate(source, prefix, problems, &words::CALCULATIONS, |value| {
        Calculation::of(value).map(|calculation| calculation.term)
    })
}

/// Runs one expression of a journey and takes what it is.
fn evaluate<T>(
    source: &str,
    prefix: &str,
    problems: &mut Vec<Diagnostic>,
    sums: &Shared<Module>,
    take: impl FnOnce(&Dynamic) -> Result<T, Refusal>,
) -> Option<T> {
    let source = match read(source, prefix) {
        Ok(source) => source,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let desk = SharedDesk::new(prefix);
    let mut engine = asking(false, &desk);
    engine.register_global_module(sums.clone());
    engine.register_global_module(words::JOURNEY.clone());
    let compiled =
        engine.compile_expression(&source.text).map_err(|error| Box::new(EvalAltResult::from(error)));
    let ran = compiled.and_then(|tree| engine.eval_ast_with_scope::<Dynamic>(&mut Scope::new(), &tree));
    let mut desk = desk.with(std::mem::take);
    let taken = match ran {
        Ok(value) => take(&value),
        Err(error) => {
            let (refusal, position) = explain(&error);
            if desk.problems.len() < MOST_PROBLEMS {
                desk.problems.push(refusal.at(desk.place(position)));
            }
            problems.append(&mut desk.problems);
            return None;
        }
    };
    let refused = taken.as_ref().err().filter(|refusal| !refusal.code.is_empty()).cloned();
    desk.problems.extend(refused.map(|refusal| refusal.at(desk.place(Position::NONE))));
    let sound = desk.problems.is_empty();
    problems.append(&mut desk.problems);
    taken.ok().filter(|_| sound)
}

/// Refuses what is too long for the parser, which nothing else stops, and a sandbox that does not hold.
fn read(source: &str, prefix: &str) -> Result<Source, Diagnostic> {
    let here = || place(prefix, None, None);
    if source.len() > sandbox::MOST_BYTES {
        let sentence = format!("the script has {} bytes", source.len());
        let next = format!("use at most {}, or two scores", sandbox::MOST_BYTES);
        return Err(Refusal::new("R007", sentence, next).at(here()));
    }
    sandbox::holds().map_err(|refusal| refusal.at(here()))?;
    Ok(Source::new(source))
}

/// An engine for which an unknown name is a field.
#[allow(deprecated)] // not deprecated, says rhai, but it may change
fn asking(closures: bool, desk: &SharedDesk) -> Engine {
    let mut engine = sandbox::engine(closures);
    engine.set_default_tag(Dynamic::from(desk.clone()));
    engine.register_global_module(words::QUESTIONS.clone());
    engine.on_var(|name, index, context| {
        if index > 0 || context.scope().contains(name) {
            return Ok(None);
        }
        let span = words::SPANS.iter().find(|(span, _)| *span == name);
        Ok(Some(match span {
            Some((_, length)) => (*length).into(),
            None => Dynamic::from(Field::new(Owner::Either, name.into())),
        }))
    });
    engine
}
