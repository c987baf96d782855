//! What a template may say: the constructs that could grow a value, or a stack, are refused before it is compiled.

use crate::error::Diagnostic;

const FILTERS: [&str; 5] = ["capitalize", "default", "lower", "trim", "upper"];
const TESTS: [&str; 1] = ["defined"];
const ALLOWED_TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// The longest tag, texts in quotes not counted, and the most `elif`s: the parser follows both with its stack.
const MOST_TAG: usize = 512;
const MOST_ELIF: usize = 64;

/// What one instruction of a template can cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// Whether values are compared, searched or cut, which takes as long as they are large.
    pub(super) compares: bool,
    /// The most text between quotes of one tag, in bytes.
    pub(super) quoted: usize,
}

/// Refuses every construct that could grow a value; looks at what stands between `{{ }}` and `{% %}`, outside texts.
pub(super) fn refuse_growth(source: &str, place: &str) -> Result<Reach, Diagnostic> {
    let mut reach = Reach::default();
    let mut rest = source;
    let mut line = 1;
    let mut elifs = 0;
    while let Some(start) = rest.find('{') {
        line += rest[..start].matches('\n').count();
        let after = &rest[start + 1..];
        let close = match after.as_bytes().first() {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                let end = after.find("#}").map_or(after.len(), |end| end + 2);
                line += after[..end].matches('\n').count();
                rest = &after[end..];
                continue;
            }
            _ => {
                rest = after;
                continue;
            }
        };
        let body = &after[1..];
        let end = check_tag(body, close, &format!("{place} line {line}"), &mut reach)?;
        elifs += usize::from(close == "%}" && tag_word(body) == "elif");
        if elifs > MOST_ELIF {
            let place = format!("{place} line {line}");
            let sentence = format!("there are more than {MOST_ELIF} elif tags");
            return Err(Diagnostic::new(
                "T006",
                place,
                sentence,
                "say it in several templates, or in an attribute",
            ));
        }
        line += body[..end].matches('\n').count();
        rest = &body[end..];
    }
    Ok(reach)
}

/// What a bracket opens.
#[derive(Clone, Copy, PartialEq)]
enum Bracket {
    /// `[1, 'a']`: constants alone, for a list of values could be nested by every `for` around it.
    List,
    /// `contact['a']`.
    Index,
    /// `contact.a[1:`: an index that turned out to be a slice.
    Slice,
    /// `default('a', true)`.
    Call,
    /// `(a or b)`: without a comma, which would make it a list.
    Group,
}

const KEYWORDS: [&str; 8] = ["and", "elif", "else", "if", "in", "is", "not", "or"];
const CONSTANTS: [&str; 6] = ["False", "None", "True", "false", "none", "true"];

/// What the bracket at `index` opens, by what stands before it.
fn opened(body: &str, index: usize, letter: char) -> Bracket {
    let before = body[..index].trim_end();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let word = before.rfind(|letter| !is_part(letter)).map_or(before, |end| {
        let next = before[end..].chars().next().map_or(0, char::len_utf8);
        &before[end + next..]
    });
    let attribute = before[..before.len() - word.len()].ends_with('.');
    let name = !word.is_empty() && (attribute || !KEYWORDS.contains(&word));
    match letter {
        '[' if name || before.ends_with([')', ']', '"', '\'']) => Bracket::Index,
        '[' => Bracket::List,
        _ if name || before.ends_with([')', ']']) => Bracket::Call,
        _ => Bracket::Group,
    }
}

/// The word that a tag begins with.
fn tag_word(body: &str) -> &str {
    let content = body.trim_start_matches(['-', '+']).trim_start();
    let end =
        content.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(content.len());
    &content[..end]
}

/// The whole word that begins at `index`; empty where another word or a dot leads up to it.
fn word_at(body: &str, index: usize) -> &str {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    if body[..index].ends_with(|letter: char| is_part(letter) || letter == '.') {
        return "";
    }
    let end = body[index..].find(|letter: char| !is_part(letter)).map_or(body.len(), |end| index + end);
    &body[index..end]
}

/// Refuses a filter or a test that no message could ever be rendered with.
fn known_word(kind: &str, known: &[&str], rest: &str, place: &str) -> Result<(), Diagnostic> {
    let word = word_at(rest.trim_start(), 0);
    if known.contains(&word) {
        return Ok(());
    }
    let sentence = format!("there is no {kind} {word:?}");
    Err(Diagnostic::new("T007", place, sentence, format!("use one of {}", known.join(", "))))
}

/// Whether a comma may stand here.
fn may_list(brackets: &[Bracket], names_of_loop: bool) -> bool {
    match brackets.last() {
        Some(Bracket::List | Bracket::Call) => true,
        Some(Bracket::Index | Bracket::Slice | Bracket::Group) => false,
        None => names_of_loop,
    }
}

/// Checks one tag and answers where it ends.
fn check_tag(body: &str, close: &str, place: &str, reach: &mut Reach) -> Result<usize, Diagnostic> {
    let word = tag_word(body);
    let (is_for, mut ins, mut quoted) = (close == "%}" && word == "for", 0, 0);
    if close == "%}" && !ALLOWED_TAGS.contains(&word) {
        let next = "use if and for alone";
        return Err(Diagnostic::new("T006", place, format!("the tag {word:?} is not allowed"), next));
    }
    let mut quote = None;
    let (mut signs, mut brackets) = (0, Vec::new());
    let mut letters = body.char_indices();
    let skipped = body.len() - body.trim_start_matches(['-', '+']).len();
    while let Some((index, letter)) = letters.next() {
        signs += usize::from(quote.is_none());
        quoted += usize::from(quote.is_some()) * letter.len_utf8();
        reach.quoted = reach.quoted.max(quoted);
        reach.compares |= quote.is_none() && matches!(letter, '=' | '!' | '<' | '>' | '[' | '(');
        if signs > MOST_TAG {
            let sentence = format!("a tag is longer than {MOST_TAG} letters outside quotes");
            return Err(Diagnostic::new(
                "T006",
                place,
                sentence,
                "ask for less at once, or set an attribute before",
            ));
        }
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, 'i') if word_at(body, index) == "in" && !brackets.contains(&Bracket::List) => {
                ins += 1;
                reach.compares |= ins > usize::from(is_for);
            }
            (None, '|') => known_word("filter", &FILTERS, &body[index + 1..], place)?,
            (None, 'i') if word_at(body, index) == "is" => {
                let rest = body[index + "is".len()..].trim_start();
                let negated = rest.strip_prefix("not").filter(|rest| rest.starts_with(char::is_whitespace));
                known_word("test", &TESTS, negated.unwrap_or(rest), place)?;
            }
            // With brackets open, a tag would end elsewhere for minijinja than here; so it may not.
            (None, _) if body[index..].starts_with(close) && brackets.is_empty() => {
                return Ok(index + close.len());
            }
            (None, '(' | '[') => brackets.push(opened(body, index, letter)),
            (None, ')' | ']') if !brackets.is_empty() => {
                brackets.pop();
            }
            (None, ':') if brackets.last() == Some(&Bracket::Index) => {
                brackets.pop();
                brackets.push(Bracket::Slice);
            }
            // minijinja 3.0.5 panics where an empty text is cut backwards.
            (None, ':') if brackets.last() == Some(&Bracket::Slice) => {
                let sentence = "a slice may not have a step";
                return Err(Diagnostic::new(
                    "T006",
                    place,
                    sentence,
                    "cut from a place to a place, as in [1:3]",
                ));
            }
            (None, ',') if !may_list(&brackets, is_for && ins == 0) => {
                let sentence = "a comma makes a list of values, which could grow without bound";
                return Err(Diagnostic::new("T006", place, sentence, "name the values one by one"));
            }
            (None, letter) if letter.is_alphabetic() || letter == '_' => {
                let word = word_at(body, index);
                if brackets.contains(&Bracket::List) && !word.is_empty() && !CONSTANTS.contains(&word) {
                    let sentence =
                        format!("a list that a template writes holds constants, and {word} is none");
                    return Err(Diagnostic::new("T006", place, sentence, "compare the values one by one"));
                }
            }
            (None, '{' | '}' | ')' | ']') => {
                let sentence = format!("the {letter} is out of place");
                return Err(Diagnostic::new(
                    "T006",
                    place,
                    sentence,
                    "close each bracket within its tag, and use no braces",
                ));
            }
            (None, '+' | '-') if index < skipped || body[index + 1..].starts_with(close) => {}
            (None, '~' | '+' | '*' | '%') => {
                let sentence = format!("the operator {letter} could grow a value without bound");
                return Err(Diagnostic::new(
                    "T006",
                    place,
                    sentence,
                    "put the parts beside each other in the text",
                ));
            }
            (None, _) => {}
        }
    }
    Ok(body.len())
}
