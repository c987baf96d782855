//! A template taken apart without being compiled: its words, and how much its values can put in.

use super::TemplateDefinition;
use crate::rule::number::ROOTS;

/// The most letters of what the engine itself says: a number, a truth, an instant.
const MOST_OWN: usize = 40;

/// A template's source in pieces.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pieces: Vec<Piece>,
    words: String,
}

/// A piece of a source.
#[derive(Clone, Debug)]
pub(in crate::rule) enum Piece {
    /// The author's own words.
    Words(String),
    /// What is put in: one of these.
    Value(Vec<Worth>),
    /// One of several ways, as an `if` has them.
    Ways(Vec<Vec<Piece>>),
}

/// How much can be put in.
#[derive(Clone, Debug)]
pub(in crate::rule) enum Worth {
    /// These words.
    Words(String),
    /// So many letters, or so many UTF-16 units whatever they are.
    Letters { plain: usize, units: usize },
    /// Nobody can say; by the name of what it is.
    Unknown(String),
}

impl Source {
    /// Takes a source apart. What cannot be read is not bounded; compiling says what is wrong with it.
    pub(crate) fn read(source: &str, definition: &TemplateDefinition) -> Self {
        let (tokens, words) = tokens(source);
        let mut tokens = tokens.into_iter().peekable();
        let mut pieces = Vec::new();
        while tokens.peek().is_some() {
            pieces.extend(block(&mut tokens, definition, 0));
            // An end without a begin.
            tokens.next();
        }
        Self { pieces, words }
    }

    pub(in crate::rule) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The source with spaces in the place of its comments and of what only asks, so that every letter stands where the
    /// author put it.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }
}

/// What a source is made of, as minijinja reads it.
enum Token<'s> {
    Words(&'s str),
    Value(&'s str),
    Tag(&'s str),
}

/// The tokens, and the source without its comments and its tags.
fn tokens(source: &str) -> (Vec<Token<'_>>, String) {
    let (mut found, mut said) = (Vec::new(), String::with_capacity(source.len()));
    let (mut words, mut from) = (0, 0);
    while let Some(index) = source.get(from..).and_then(|rest| rest.find('{')).map(|index| from + index) {
        let rest = source.get(index..).unwrap_or_default();
        let close = match rest.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => {
                from = index + 1;
                continue;
            }
        };
        let body = rest.get(2..).unwrap_or_default();
        let length = if close == "#}" { body.find(close) } else { end_of(body, close) };
        let length = length.unwrap_or(body.len());
        let before = source.get(words..index).unwrap_or_default();
        said.push_str(before);
        found.push(Token::Words(before));
        let inside = body.get(..length).unwrap_or_default();
        let inside = inside.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        match close {
            "}}" => found.push(Token::Value(inside)),
            "%}" => found.push(Token::Tag(inside)),
            _ => {}
        }
        words = (index + 2 + length + close.len()).min(source.len());
        let tag = source.get(index..words).unwrap_or_default();
        match close {
            "}}" => said.push_str(tag),
            _ => said.extend(tag.chars().map(|_| ' ')),
        }
        from = words;
    }
    let rest = source.get(words..).unwrap_or_default();
    said.push_str(rest);
    found.push(Token::Words(rest));
    (found, said)
}

/// Where a tag is closed, outside texts.
fn end_of(body: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut letters = body.char_indices();
    while let Some((index, letter)) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => drop(letters.next()),
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, _) if body.get(index..).is_some_and(|rest| rest.starts_with(close)) => return Some(index),
            _ => {}
        }
    }
    None
}

/// How deep ways are followed; what is deeper is not bounded.
const DEEPEST: usize = 32;

/// The pieces up to the end of a block, which is left where it is.
fn block<'s>(
    tokens: &mut std::iter::Peekable<impl Iterator<Item = Token<'s>>>,
    definition: &TemplateDefinition,
    depth: usize,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    loop {
        let tag = match tokens.peek() {
            None => return pieces,
            Some(Token::Tag(tag)) => *tag,
            Some(Token::Words(words)) => {
                pieces.push(Piece::Words((*words).to_owned()));
                tokens.next();
                continue;
            }
            Some(Token::Value(value)) => {
                pieces.push(Piece::Value(worths(value, definition, 0)));
                tokens.next();
                continue;
            }
        };
        let word = tag.split_whitespace().next().unwrap_or_default();
        if !matches!(word, "if" | "for") {
            return pieces;
        }
        tokens.next();
        let is_loop = word == "for";
        if is_loop || depth >= DEEPEST {
            pieces.push(Piece::Value(vec![Worth::Unknown(tag.to_owned())]));
        }
        let mut ways = Vec::new();
        let mut has_else = false;
        loop {
            let way = if depth < DEEPEST { block(tokens, definition, depth + 1) } else { skipped(tokens) };
            ways.push(way);
            let Some(Token::Tag(tag)) = tokens.next() else { break };
            match tag.split_whitespace().next() {
                Some("elif") => {}
                Some("else") => has_else = true,
                _ => break,
            }
        }
        if !has_else {
            ways.push(Vec::new());
        }
        pieces.push(Piece::Ways(ways));
    }
}

/// Passes over what is too deep, up to the next tag that goes on or ends.
fn skipped<'s>(tokens: &mut std::iter::Peekable<impl Iterator<Item = Token<'s>>>) -> Vec<Piece> {
    let mut open = 0_usize;
    while let Some(token) = tokens.peek() {
        if let Token::Tag(tag) = token {
            match tag.split_whitespace().next() {
                Some("if" | "for") => open += 1,
                Some("endif" | "endfor") if open > 0 => open -= 1,
                _ if open == 0 => break,
                _ => {}
            }
        }
        tokens.next();
    }
    Vec::new()
}

/// What an expression can put in: one of these.
fn worths(value: &str, definition: &TemplateDefinition, depth: usize) -> Vec<Worth> {
    let unknown = || vec![Worth::Unknown(value.trim().to_owned())];
    if depth > 4 {
        return unknown();
    }
    let mut parts = split(value, '|').into_iter();
    let first = parts.next().unwrap_or_default().trim();
    if let Some((yes, no)) = choice(value) {
        let mut both = worths(yes, definition, depth + 1);
        both.extend(no.map_or_else(Vec::new, |no| worths(no, definition, depth + 1)));
        return both;
    }
    let mut found = match worth_of(first, definition) {
        Some(worth) => vec![worth],
        None => return unknown(),
    };
    for filter in parts {
        let filter = filter.trim();
        let name = filter.split('(').next().unwrap_or_default().trim();
        match name {
            "default" => {
                let argument = filter.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
                let argument = argument.map_or("", |(argument, _)| argument);
                let fallback = split(argument, ',').first().copied().unwrap_or_default();
                found.extend(worths(fallback, definition, depth + 1));
            }
            "trim" => {}
            "upper" | "lower" | "capitalize" => {
                found = found.into_iter().map(|worth| grown(worth, name)).collect();
            }
            _ => return unknown(),
        }
    }
    found
}

/// What a filter makes of it: some letters grow, such as `ß`, which is `SS` in capitals.
fn grown(worth: Worth, filter: &str) -> Worth {
    match (worth, filter) {
        (Worth::Words(words), "lower") => Worth::Words(words.to_lowercase()),
        (Worth::Words(words), "upper") => Worth::Words(words.to_uppercase()),
        (Worth::Words(words), _) => {
            let mut letters = words.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            Worth::Words(first.collect::<String>() + letters.as_str())
        }
        // No letter of one unit becomes more than three in capitals, none of two more than two.
        (Worth::Letters { plain, units }, "upper") => {
            Worth::Letters { plain: plain.saturating_mul(2), units: units.saturating_mul(3) }
        }
        (Worth::Letters { plain, units }, "lower") => {
            Worth::Letters { plain, units: units.saturating_mul(2) }
        }
        (Worth::Letters { plain, units }, _) => {
            Worth::Letters { plain: plain.saturating_add(1), units: units.saturating_add(2) }
        }
        (unknown, _) => unknown,
    }
}

/// What one word of an expression can put in.
fn worth_of(word: &str, definition: &TemplateDefinition) -> Option<Worth> {
    let quoted = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = quoted('\'').or_else(|| quoted('"')) {
        // An escaped letter is shorter than what stands for it.
        let inside_is_plain = !text.contains(['\'', '"', '\\', '~']);
        return inside_is_plain.then(|| Worth::Words(text.to_owned()));
    }
    let own = Worth::Letters { plain: MOST_OWN, units: MOST_OWN };
    if !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.') {
        return Some(Worth::Words(word.to_owned()));
    }
    let is_path = word.chars().all(|letter| letter.is_alphanumeric() || "._[]'\"-".contains(letter));
    if !is_path {
        return None;
    }
    let root = word.split(['.', '[']).next().unwrap_or_default();
    let attribute = match root {
        "true" | "false" | "none" | "True" | "False" | "None" => return Some(own),
        "contact" => {
            let plain = word.strip_prefix("contact.").map(str::to_owned);
            plain.or_else(|| {
                let inside = word.strip_prefix("contact[")?.strip_suffix(']')?;
                Some(inside.trim_matches(['\'', '"']).to_owned())
            })?
        }
        "offer" if word == "offer.name" => word.to_owned(),
        "offer" => return Some(own),
        // A tier is a name, and the only text among them.
        root if ROOTS.contains(&root) && !word.ends_with("tier") => return Some(own),
        _ => return None,
    };
    let longest = definition.longest.get(&attribute)?;
    Some(Worth::Letters { plain: *longest, units: longest.saturating_mul(2) })
}

/// Both sides of `a if b else c`.
fn choice(value: &str) -> Option<(&str, Option<&str>)> {
    let start = word_at(value, " if ")?;
    let yes = value.get(..start)?;
    let rest = value.get(start + " if ".len()..)?;
    let no = word_at(rest, " else ").and_then(|end| rest.get(end + " else ".len()..));
    Some((yes, no))
}

/// Where a word stands outside texts.
fn word_at(value: &str, word: &str) -> Option<usize> {
    let mut quote = None;
    for (index, letter) in value.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, _) if value.get(index..).is_some_and(|rest| rest.starts_with(word)) => return Some(index),
            _ => {}
        }
    }
    None
}

/// The parts between a sign, outside texts and brackets.
fn split(value: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut from, mut quote, mut depth) = (Vec::new(), 0, None, 0_usize);
    for (index, letter) in value.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, letter) if letter == sign && depth == 0 => {
                parts.push(value.get(from..index).unwrap_or_default());
                from = index + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(value.get(from..).unwrap_or_default());
    parts
}
