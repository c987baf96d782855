//! The numbers that a template reads: found in its source, checked, and put there under plain names.
//!
//! minijinja looks up `score.spark.tier` part by part, so that a score could not be a number and have a tier; and it does
//! not tell which `event['app.login']` a template reads. So each path becomes one variable before the source is compiled.

use crate::error::Diagnostic;
use crate::rule::number::{Number, ROOTS};

/// What the name of such a variable begins with.
const PLAIN: &str = "_number_";

/// The variable of the number at a place.
pub(super) fn plain(place: usize) -> String {
    format!("{PLAIN}{place}")
}

/// Whether a variable is one that an author may not write.
pub(super) fn is_plain(variable: &str) -> bool {
    variable.starts_with(PLAIN)
}

/// Whether a variable begins as numbers do.
pub(super) fn is_number(variable: &str) -> bool {
    ROOTS.contains(&variable.split('.').next().unwrap_or_default())
}

/// The source with a plain variable in the place of each number; numbers that are new join `known`, and `read` are the
/// places of all that occur. Only roots that `is_free` are numbers: others are variables of a loop. What is wrong goes into
/// `problems`.
pub(super) fn replace(
    source: &str,
    place: &str,
    is_free: impl Fn(&str) -> bool,
    known: &mut Vec<Number>,
    problems: &mut Vec<Diagnostic>,
) -> (String, Vec<usize>) {
    let (mut plainly, mut read) = (String::with_capacity(source.len()), Vec::new());
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        plainly.push_str(before);
        let close = match tag.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                let end = tag.find("#}").map_or(tag.len(), |end| end + 2);
                plainly.push_str(&tag[..end]);
                rest = &tag[end..];
                continue;
            }
            _ => {
                plainly.push('{');
                rest = &tag[1..];
                continue;
            }
        };
        plainly.push_str(&tag[..2]);
        rest = &tag[2..];
        let mut quote = None;
        while let Some(letter) = rest.chars().next() {
            if quote.is_none() && rest.starts_with(close) {
                plainly.push_str(close);
                rest = &rest[close.len()..];
                break;
            }
            let root = match quote {
                None => root_at(&plainly, rest).filter(|root| is_free(root)),
                Some(_) => None,
            };
            if root.is_some() {
                match Number::begin(rest) {
                    Ok((number, after)) => {
                        let found = known.iter().position(|other| *other == number).unwrap_or(known.len());
                        if found == known.len() {
                            known.push(number);
                        }
                        if !read.contains(&found) {
                            read.push(found);
                        }
                        plainly.push_str(&plain(found));
                        rest = after;
                        continue;
                    }
                    Err(misread) => {
                        let line = plainly.matches('\n').count() + 1;
                        let place = format!("{place} line {line}");
                        problems.push(Diagnostic::new("T005", place, misread.sentence, misread.next));
                    }
                }
            }
            let mut length = letter.len_utf8();
            match (quote, letter) {
                (Some(_), '\\') => length += rest[1..].chars().next().map_or(0, char::len_utf8),
                (Some(open), letter) if letter == open => quote = None,
                (None, '"' | '\'') => quote = Some(letter),
                _ => {}
            }
            plainly.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    plainly.push_str(rest);
    (plainly, read)
}

/// The root of a path that `rest` begins with; `before` leads up to it.
fn root_at<'r>(before: &str, rest: &'r str) -> Option<&'r str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if before.ends_with(is_part) || before.trim_end().ends_with('.') {
        return None;
    }
    let end = rest.find(|letter| !is_part(letter))?;
    let (root, after) = rest.split_at(end);
    (ROOTS.contains(&root) && after.starts_with(['.', '['])).then_some(root)
}
