//! What stopped a script, in words that its author understands.

use rhai::{Dynamic, EvalAltResult, LexError, ParseErrorType, Position};

use super::desk::{Refusal, quoted};
use super::sandbox::{MOST_OPERATIONS, SWITCHED_OFF};
use super::words::{WORDS, usage};
use crate::rule::nearest;

/// What stopped a script, and where.
pub(super) fn explain(error: &EvalAltResult) -> (Refusal, Position) {
    use EvalAltResult as Error;
    let position = error.position();
    let refusal = match error {
        Error::ErrorInFunctionCall(_, _, inner, _) => {
            let (refusal, inner) = explain(inner);
            return (refusal, if inner.is_none() { position } else { inner });
        }
        Error::ErrorParsing(error, _) => unread(error),
        Error::ErrorFunctionNotFound(signature, _) => unknown(signature),
        Error::ErrorVariableNotFound(name, _) => Refusal::new(
            "R002",
            format!("{} is unknown here", quoted(name)),
            "define it with let before it is used",
        ),
        Error::ErrorTooManyOperations(_) => limit(
            format!("the script takes more than {MOST_OPERATIONS} operations"),
            "take loops away; a declaration needs none",
        ),
        Error::ErrorStackOverflow(_) => {
            limit("functions call each other too deeply", "take the recursion away")
        }
        Error::ErrorTooManyVariables(_) => limit("there are too many variables", "use fewer"),
        Error::ErrorTooManyModules(_) => limit("modules cannot be loaded", "write everything in this script"),
        Error::ErrorDataTooLarge(..) => {
            limit("a text, list or map is too large", "use several rules, or shorter texts")
        }
        Error::ErrorArithmetic(sum, _) => Refusal::new(
            "R006",
            format!("a calculation fails: {}", short(sum)),
            "use smaller numbers, and never divide by 0",
        ),
        Error::ErrorMismatchDataType(wanted, found, _) | Error::ErrorMismatchOutputType(wanted, found, _) => {
            mismatch(wanted, found)
        }
        Error::ErrorRuntime(value, _) => thrown(value),
        Error::ErrorDotExpr(name, _) | Error::ErrorPropertyNotFound(name, _) => Refusal::new(
            "R002",
            format!("there is no property {}", quoted(name)),
            "write a name with dots as attribute(\"a.b\"), and say more about a rule with .cap(...) and the like",
        ),
        Error::ErrorIndexingType(..)
        | Error::ErrorIndexNotFound(..)
        | Error::ErrorArrayBounds(..)
        | Error::ErrorStringBounds(..)
        | Error::ErrorBitFieldBounds(..) => {
            Refusal::new("R006", "there is nothing at this index", "use an index that is there, from 0")
        }
        Error::ErrorFor(_) => Refusal::new(
            "R006",
            "for needs a list or a range",
            "write for x in [\"a\", \"b\"], or for n in 0..3",
        ),
        Error::ErrorAssignmentToConstant(name, _) | Error::ErrorNonPureMethodCallOnConstant(name, _) => {
            let sentence = format!("{} cannot be changed", quoted(name));
            Refusal::new("R006", sentence, "define a variable of another name with let")
        }
        other => {
            Refusal::new("R006", format!("the script fails: {}", short(&other.to_string())), "mend the line")
        }
    };
    (refusal, position)
}

fn limit(sentence: impl Into<String>, next: &str) -> Refusal {
    Refusal::new("R004", sentence, next)
}

/// A text of others on one line, short enough to be read.
pub(super) fn short(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let cut: String = line.chars().take(120).collect();
    if cut.len() < line.len() { cut + "…" } else { cut }
}

fn thrown(value: &Dynamic) -> Refusal {
    let said = value.as_immutable_string_ref().map(|text| short(&text)).unwrap_or_default();
    Refusal::new("R006", format!("the script gives up: {said}"), "mend what it says, or take the throw away")
}

fn mismatch(wanted: &str, found: &str) -> Refusal {
    if found.contains("Condition") || found.contains("Field") {
        return Refusal::new(
            "R013",
            "a condition has no answer while the script runs, for there is no contact yet",
            "write when(\"name\", condition, points), or on(...).where(condition)",
        );
    }
    let sentence = format!("{} stands where {} is needed", kind_of(found), kind_of(wanted));
    Refusal::new("R006", sentence, "mend the line")
}

/// A kind of value, in words.
pub(super) fn kind_of(name: &str) -> &'static str {
    let known = [
        ("Condition", "a condition"),
        ("Field", "a field"),
        ("Calculation", "a calculation"),
        ("Handle", "a declaration"),
        ("Amount", "an amount of points"),
        ("Constant", "a date"),
        ("Refused", "what was refused before"),
        ("Person", "the contact"),
        ("string", "a text"),
        ("str", "a text"),
        ("String", "a text"),
        ("i64", "a whole number"),
        ("f64", "a number with a fraction"),
        ("bool", "true or false"),
        ("char", "a letter"),
        ("array", "a list"),
        ("Array", "a list"),
        ("map", "a map"),
        ("FnPtr", "a function"),
        ("Fn", "a function"),
        ("()", "nothing"),
        ("range", "a range"),
    ];
    let last = name.trim_end_matches('>').rsplit("::").next().unwrap_or_default().trim();
    known.iter().find(|(kind, _)| *kind == last).map_or("something else", |(_, words)| *words)
}

/// A call for which there is no function.
fn unknown(signature: &str) -> Refusal {
    let (name, kinds) = signature.split_once(" (").unwrap_or((signature, ""));
    if let Some(usage) = usage(name) {
        let sentence = format!("{name} is given the wrong number of values");
        return Refusal::new("R003", sentence, format!("write {usage}"));
    }
    let is_word = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !is_word {
        let kinds = kinds.trim_end_matches(')').replace("&str | ImmutableString | String", "string");
        let kinds: Vec<_> = kinds.split(", ").map(kind_of).collect();
        let sentence = format!("{} does not work with {}", short(name), kinds.join(" and "));
        let text = name == "+" && kinds.contains(&"a text");
        let next =
            if text { "put texts together in backticks: `level-${n}`" } else { "use two values of one kind" };
        return Refusal::new("R006", sentence, next);
    }
    let next = match nearest(name, WORDS.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean {near}?"),
        None => "use a word of the language: on, once, when, decay, clamp, tier, threshold and so on".into(),
    };
    Refusal::new("R002", format!("there is no word {}", quoted(name)), next)
}

/// What the parser could not read.
fn unread(error: &ParseErrorType) -> Refusal {
    use ParseErrorType as Error;
    let sentence = |said: String| format!("the script cannot be read: {said}");
    match error {
        Error::ExprTooDeep => limit("an expression is nested too deeply", "use let for its parts"),
        Error::TooManyFunctions => limit("there are too many functions", "use fewer"),
        Error::LiteralTooLarge(..) | Error::BadInput(LexError::StringTooLong(_)) => {
            limit("a text, list or map is too large", "use several rules, or shorter texts")
        }
        Error::Reserved(word) | Error::BadInput(LexError::ImproperSymbol(word, _)) => reserved(word),
        Error::UnexpectedEOF => {
            Refusal::new("R001", sentence("it ends too early".into()), "close what was opened last")
        }
        Error::BadInput(LexError::UnterminatedString) => {
            Refusal::new("R001", sentence("a text is not closed".into()), "close it with \"")
        }
        Error::BadInput(LexError::UnexpectedInput(letter)) if "“”„«»‘’".contains(letter.as_str()) => {
            Refusal::new("R001", sentence(format!("{letter} is no quotation mark of scripts")), "write \"")
        }
        Error::MissingToken(token, why) => {
            let said = format!("{} is missing {}", quoted(token), short(why));
            Refusal::new("R001", sentence(said), format!("write {token} here, or mend what stands before"))
        }
        Error::VariableUndefined(name) => {
            Refusal::new("R002", format!("{} is unknown here", quoted(name)), "define it with let before")
        }
        other => {
            Refusal::new("R001", sentence(short(&other.to_string())), "mend what stands here, or just before")
        }
    }
}

fn reserved(word: &str) -> Refusal {
    if SWITCHED_OFF.contains(&word) || matches!(word, "exit" | "spawn" | "go" | "thread" | "await") {
        let next = "take it away; a script only declares";
        return Refusal::new("R005", format!("{} is switched off", quoted(word)), next);
    }
    if word.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        let next = format!("if it is a field, write attribute(\"{word}\") or property(\"{word}\")");
        return Refusal::new("R001", format!("{} is a word that scripts reserve", quoted(word)), next);
    }
    let next = match word {
        "===" => "write ==",
        "!==" => "write !=",
        "->" | "=>" | ":=" => "write =",
        _ => "take it away",
    };
    Refusal::new("R001", format!("the script cannot be read: {} means nothing here", quoted(word)), next)
}
