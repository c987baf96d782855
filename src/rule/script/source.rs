//! What is done to a script before it is read: nothing moves, so that every position stays the author's own.

/// A script with `&&` and `||` written as `&` and `|`, which conditions can give a meaning to, and texts in single
/// quotes written in double ones.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// What is compiled: as long as what was written, line by line and letter by letter.
    pub(super) text: String,
    /// Where `custom(` stands first: line and position.
    pub(super) custom: Option<(usize, usize)>,
    /// The words after a dot, and the texts, in custom functions: what they can read of a contact.
    pub(super) read: Vec<String>,
}

impl Source {
    /// Looks at every letter once.
    pub(super) fn new(written: &str) -> Self {
        let letters: Vec<char> = written.chars().collect();
        let mut reader = Reader { letters: &letters, at: 0, source: Source::default(), inside: None };
        // Helpers may read a contact for a custom function, so that all of the script counts.
        let helped = written.contains("fn ");
        reader.read(helped);
        let mut source = reader.source;
        source.read.sort();
        source.read.dedup();
        source
    }
}

struct Reader<'l> {
    letters: &'l [char],
    at: usize,
    source: Source,
    /// How many brackets are open inside `custom(`, where `&&` keeps its own meaning.
    inside: Option<usize>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn copy(&mut self, count: usize) {
        let end = (self.at + count).min(self.letters.len());
        self.source.text.extend(self.letters.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    fn put(&mut self, text: &str) {
        self.source.text.push_str(text);
        self.at += text.chars().count();
    }

    fn read(&mut self, helped: bool) {
        let mut dotted = false;
        while let Some(letter) = self.peek(0) {
            let (next, reads) = (self.peek(1), helped || self.inside.is_some());
            match (letter, next) {
                ('/', Some('/')) => {
                    let length = self.until(|letter| letter == '\n');
                    self.copy(length);
                }
                ('/', Some('*')) => self.comment(),
                ('"' | '`', _) => {
                    let text = self.text(letter);
                    self.keep(reads, text);
                }
                ('\'', _) => {
                    let text = self.single();
                    self.keep(reads, text);
                }
                ('&', Some('&')) if self.inside.is_none() => self.put("& "),
                ('|', Some('|')) if self.inside.is_none() => self.put("| "),
                _ if letter.is_ascii_alphabetic() || letter == '_' => {
                    let word = self.word();
                    if dotted {
                        self.keep(reads, Some(word));
                    } else if word == "custom" {
                        self.enter();
                    }
                }
                _ => {
                    self.count(letter);
                    self.copy(1);
                }
            }
            dotted = letter == '.' || (dotted && letter.is_whitespace());
        }
    }

    fn keep(&mut self, reads: bool, word: Option<String>) {
        self.source.read.extend(word.filter(|_| reads));
    }

    /// Follows the brackets of `custom( ... )`.
    fn count(&mut self, letter: char) {
        match (letter, self.inside) {
            ('(' | '[' | '{', Some(open)) => self.inside = Some(open + 1),
            (')' | ']' | '}', Some(open)) => self.inside = open.checked_sub(1).filter(|open| *open > 0),
            _ => {}
        }
    }

    fn enter(&mut self) {
        let gap = self.until(|letter| !letter.is_whitespace());
        if self.peek(gap) != Some('(') || self.inside.is_some() {
            return;
        }
        let (line, position) = self.place();
        self.source.custom.get_or_insert((line, position.saturating_sub("custom".len())));
        self.copy(gap + 1);
        self.inside = Some(1);
    }

    /// The line and position of the next letter, both from 1.
    fn place(&self) -> (usize, usize) {
        let before = self.letters.get(..self.at).unwrap_or_default();
        let lines = before.iter().filter(|letter| **letter == '\n').count();
        let position = before.iter().rev().take_while(|letter| **letter != '\n').count();
        (lines + 1, position + 1)
    }

    fn until(&self, ends: impl Fn(char) -> bool) -> usize {
        let rest = self.letters.get(self.at..).unwrap_or_default();
        rest.iter().position(|letter| ends(*letter)).unwrap_or(rest.len())
    }

    fn word(&mut self) -> String {
        let length = self.until(|letter| !letter.is_ascii_alphanumeric() && letter != '_');
        let word = self.letters.iter().skip(self.at).take(length).collect();
        self.copy(length);
        word
    }

    /// Comments nest.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(letter) = self.peek(0) {
            match (letter, self.peek(1)) {
                ('/', Some('*')) => {
                    depth += 1;
                    self.copy(2);
                }
                ('*', Some('/')) => {
                    depth = depth.saturating_sub(1);
                    self.copy(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.copy(1),
            }
        }
    }

    /// A text in double quotes or backticks; answers what stands in it.
    fn text(&mut self, quote: char) -> Option<String> {
        let mut inside = String::new();
        self.copy(1);
        while let Some(letter) = self.peek(0) {
            if letter == '\\' && quote == '"' {
                self.copy(2);
                continue;
            }
            self.copy(1);
            if letter == quote {
                return Some(inside);
            }
            inside.push(letter);
        }
        None
    }

    /// A text in single quotes becomes one in double quotes, unless it has those inside.
    fn single(&mut self) -> Option<String> {
        let rest = self.letters.get(self.at + 1..).unwrap_or_default();
        let ends = |letter: &char| matches!(letter, '\'' | '"' | '\\' | '\n');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        if rest.get(length) != Some(&'\'') {
            self.copy(1);
            return None;
        }
        let inside: String = rest.iter().take(length).collect();
        self.put("\"");
        self.copy(length);
        self.put("\"");
        Some(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_and_only_operators_and_quotes_change() {
        let cases = [
            ("a && b || c", "a &  b |  c"),
            ("\"a && b\" && `c || d` // e && f\n||", "\"a && b\" &  `c || d` // e && f\n| "),
            ("/* a && /* b */ || */ &&", "/* a && /* b */ || */ & "),
            ("tier('spark') == 'hot'", "tier(\"spark\") == \"hot\""),
            ("\"it\\\" && 's\" && 'x'", "\"it\\\" && 's\" &  \"x\""),
            (
                "custom(\"a\", |c| c.x && (c.y || c.z)); a && b",
                "custom(\"a\", |c| c.x && (c.y || c.z)); a &  b",
            ),
            ("'\"' && x", "'\"' && x"),
            ("é && ü", "é &  ü"),
        ];
        for (written, read) in cases {
            let source = Source::new(written);
            assert_eq!(source.text, read);
            assert_eq!(source.text.chars().count(), written.chars().count());
        }
    }

    #[test]
    fn what_custom_functions_may_read_is_known_beforehand() {
        let source =
            Source::new("on(\"x\", 1).cap(3);\n custom(\"a\", |c| c.followers + c[\"a.b\"] + c . fans);");
        assert_eq!(source.read, ["a", "a.b", "fans", "followers"]);
        assert_eq!(source.custom, Some((2, 2)));
        assert_eq!(Source::new("fn f(c) { c.x } custom(\"a\", |c| f(c));").read, ["a", "x"]);
        assert_eq!(Source::new("let custom = 1; x.custom;").custom, None);
    }
}
