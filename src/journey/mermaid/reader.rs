//! Reads the subset of Mermaid's flowcharts that documents use, and says all at once what it cannot read.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use super::picture::{Edge, Node, Picture, Shape};
use super::text::{MOST_LABEL, tidy, unescape};
use crate::error::{BuildError, Diagnostic};
use crate::journey::definition::{MOST_DEFINITION, MOST_STEPS};

/// Beside steps a flowchart has doors, notes and an end.
const MOST_NODES: usize = MOST_STEPS + 100;
/// How many problems are told; who has more has another one.
const MOST_PROBLEMS: usize = 100;
/// The most letters of the text that a problem quotes.
const MOST_QUOTED: usize = 24;

/// Statements that are about looks and groups.
const STATEMENTS: [&str; 10] = [
    "subgraph",
    "end",
    "classDef",
    "class",
    "style",
    "linkStyle",
    "click",
    "direction",
    "accTitle",
    "accDescr",
];

/// What is known of a problem: it was written down, and the rest of its line says nothing more.
struct Lost;

pub(super) fn read(text: &str) -> Result<Picture, BuildError> {
    if text.len() > MOST_DEFINITION {
        let sentence = format!("the flowchart has {} bytes and the limit is {MOST_DEFINITION}", text.len());
        return Err(BuildError::of(Diagnostic::new("J066", "flowchart", sentence, "split it in two")));
    }
    let mut reader = Reader {
        at: Cursor::new(text.strip_prefix('\u{feff}').unwrap_or(text), 1),
        picture: Picture::default(),
        index: BTreeMap::new(),
        problems: Vec::new(),
        full: false,
    };
    let fence = reader.fence();
    if fence.is_ok() && reader.title().is_ok() && reader.header().is_ok() {
        reader.statements(fence.unwrap_or_default());
    }
    BuildError::unless_empty(reader.problems).map(|()| reader.picture)
}

struct Reader<'t> {
    at: Cursor<'t>,
    picture: Picture,
    index: BTreeMap<&'t str, usize>,
    problems: Vec<Diagnostic>,
    full: bool,
}

impl<'t> Reader<'t> {
    fn problem<T>(
        &mut self,
        code: &'static str,
        at: &Cursor<'_>,
        sentence: impl Into<String>,
        next: &str,
    ) -> Result<T, Lost> {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Diagnostic::new(code, at.place(), sentence, next));
        } else if self.problems.len() == MOST_PROBLEMS {
            let sentence = format!("there are more than {MOST_PROBLEMS} problems");
            self.problems.push(Diagnostic::new(
                "J066",
                at.place(),
                sentence,
                "mend those that are listed first",
            ));
        }
        Err(Lost)
    }

    /// Whether there is room to tell more; without it reading on is of no use.
    fn has_room(&self) -> bool {
        self.problems.len() <= MOST_PROBLEMS
    }

    /// Spaces, ends of lines and comments.
    fn pass_blank(&mut self) {
        loop {
            self.at.pass_while(|letter| letter.is_whitespace() || letter == ';');
            if !self.at.sees("%%") {
                return;
            }
            self.at.pass_line();
        }
    }

    /// The fence that a document puts around a flowchart, if there is one.
    fn fence(&mut self) -> Result<&'static str, Lost> {
        self.at.pass_while(char::is_whitespace);
        let start = self.at.clone();
        let Some(fence) = ["```", "~~~"].into_iter().find(|fence| self.at.passes(fence)) else {
            return Ok("");
        };
        self.at.pass_while(|letter| fence.starts_with(letter));
        let language = self.at.pass_while(|letter| letter != '\n').trim();
        if language.is_empty() || language == "mermaid" {
            return Ok(fence);
        }
        let sentence = format!("the fence is for {}, not for mermaid", quoted(language));
        self.problem("J060", &start, sentence, "give the flowchart alone, or in a fence of mermaid")
    }

    /// The front matter: `title` between two lines of `---`.
    fn title(&mut self) -> Result<(), Lost> {
        self.at.pass_while(char::is_whitespace);
        let start = self.at.clone();
        if !self.at.passes("---") {
            return Ok(());
        }
        self.at.pass_line();
        if !self.at.rest().lines().any(|line| line.trim() == "---") {
            return self.problem(
                "J069",
                &start,
                "the front matter has no end",
                "close it with a line of ---",
            );
        }
        while self.at.pass().is_some() && self.has_room() {
            let line = self.at.clone();
            let text = self.at.pass_while(|letter| letter != '\n').trim();
            if text == "---" {
                break;
            }
            if let Some(title) = text.strip_prefix("title:") {
                self.picture.title = Some(unquoted(title.trim()));
            } else if !text.is_empty() && !text.starts_with('#') {
                let sentence = format!("the front matter says {}", quoted(text));
                let _: Result<(), Lost> = self.problem("J069", &line, sentence, "only title is supported");
            }
        }
        Ok(())
    }

    fn header(&mut self) -> Result<(), Lost> {
        const NEXT: &str = "begin with flowchart TD";
        self.pass_blank();
        let start = self.at.clone();
        let kind = self.at.pass_while(|letter| !letter.is_whitespace() && letter != ';');
        if !matches!(kind, "flowchart" | "graph") {
            let sentence = match kind {
                "" => "there is no flowchart".to_owned(),
                other => format!("a flowchart does not begin with {}", quoted(other)),
            };
            return self.problem("J060", &start, sentence, NEXT);
        }
        self.at.pass_spaces();
        let start = self.at.clone();
        let way = self.at.pass_while(|letter| !letter.is_whitespace() && letter != ';' && letter != '%');
        if !matches!(way, "" | "TD" | "TB" | "LR") {
            let sentence = format!("the direction is {}", quoted(way));
            let _: Result<(), Lost> = self.problem("J061", &start, sentence, "write TD, TB or LR");
        }
        self.at.pass_spaces();
        if !self.at_end_of_statement() {
            let sentence = format!("{} stands behind the direction", quoted(self.at.rest()));
            let start = self.at.clone();
            let _: Result<(), Lost> = self.problem("J067", &start, sentence, "begin a new line there");
            self.at.pass_line();
        }
        Ok(())
    }

    fn at_end_of_statement(&self) -> bool {
        matches!(self.at.peek(), None | Some('\n' | ';')) || self.at.sees("%%")
    }

    fn statements(&mut self, fence: &str) {
        loop {
            self.pass_blank();
            if self.at.peek().is_none() || !self.has_room() {
                return;
            }
            if !fence.is_empty() && self.at.sees(fence) {
                self.at.pass_line();
                self.at.pass_while(char::is_whitespace);
                if self.at.peek().is_some() {
                    let start = self.at.clone();
                    let _: Result<(), Lost> = self.problem(
                        "J067",
                        &start,
                        "text stands behind the fence",
                        "give one flowchart alone",
                    );
                }
                return;
            }
            if self.statement().is_err() {
                self.at.pass_line();
            }
        }
    }

    fn statement(&mut self) -> Result<(), Lost> {
        let start = self.at.clone();
        let word = start.clone().pass_while(|letter| letter.is_ascii_alphabetic());
        let alone = !start.rest().get(word.len()..).is_some_and(|rest| {
            rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-')
        });
        if alone && STATEMENTS.contains(&word) {
            let next = "nodes, arrows --> and comments %% are supported; take it away";
            return self.problem("J062", &start, format!("{word} is not supported"), next);
        }
        let mut from = self.node()?;
        loop {
            self.at.pass_spaces();
            if self.at_end_of_statement() {
                return Ok(());
            }
            let label = self.arrow()?;
            self.pass_blank_before_node();
            let to = self.node()?;
            if let (Some(from), Some(to)) = (from, to) {
                self.picture.edges.push(Edge { from, to, label });
            }
            from = to;
        }
    }

    /// An arrow may end its line.
    fn pass_blank_before_node(&mut self) {
        self.at.pass_while(char::is_whitespace);
    }

    /// A node: an id, and what stands in it. `None` beyond the limit, which was told once.
    fn node(&mut self) -> Result<Option<usize>, Lost> {
        let start = self.at.clone();
        let id = self.id();
        if id.is_empty() {
            let sentence = match self.at.peek() {
                None | Some('\n' | ';') => "a node is missing".to_owned(),
                Some(_) => format!("{} is no node", quoted(self.at.rest())),
            };
            return self.problem("J067", &start, sentence, "write a node such as A[Label]");
        }
        if id == "end" {
            let next = "call it otherwise; Mermaid reads end as the end of a subgraph";
            return self.problem("J062", &start, "no node can be called end", next);
        }
        let labelled = self.shape()?;
        let node = match self.index.get(id) {
            Some(node) => *node,
            None if self.picture.nodes.len() < MOST_NODES => {
                let label = tidy(id);
                self.picture.nodes.push(Node { id: id.to_owned(), shape: Shape::Rectangle, label });
                self.index.insert(id, self.picture.nodes.len() - 1);
                self.picture.nodes.len() - 1
            }
            None => {
                if !self.full {
                    self.full = true;
                    let sentence = format!("the flowchart has more than {MOST_NODES} nodes");
                    let next = "split it into several journeys";
                    let _: Result<(), Lost> = self.problem("J066", &start, sentence, next);
                }
                return Ok(None);
            }
        };
        if let (Some((shape, label)), Some(node)) = (labelled, self.picture.nodes.get_mut(node)) {
            // As in Mermaid, the last label that a node is given counts.
            node.shape = shape;
            if !label.is_empty() {
                node.label = label;
            }
        }
        Ok(Some(node))
    }

    /// Letters, digits and `_`, joined by single `-` and `.`.
    fn id(&mut self) -> &'t str {
        let from = self.at.rest();
        loop {
            self.at.pass_while(|letter| letter.is_alphanumeric() || letter == '_');
            let mut ahead = self.at.rest().chars();
            let joined = matches!(ahead.next(), Some('-' | '.'))
                && ahead.next().is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            let begun = from.len() > self.at.rest().len();
            if !joined || !begun {
                return from.get(..from.len() - self.at.rest().len()).unwrap_or_default();
            }
            self.at.pass();
        }
    }

    fn shape(&mut self) -> Result<Option<(Shape, String)>, Lost> {
        const SHAPES: [(&str, &str); 11] = [
            ("(((", "a double circle"),
            ("((", "a circle"),
            ("[[", "a subroutine"),
            ("[(", "a cylinder"),
            ("[/", "a parallelogram"),
            ("[\\", "a parallelogram"),
            ("[|", "a rectangle with properties"),
            ("(-", "an ellipse"),
            ("{{", "a hexagon"),
            (">", "a flag"),
            ("@{", "a shape by its name"),
        ];
        let start = self.at.clone();
        if let Some((_, name)) = SHAPES.iter().find(|(sign, _)| self.at.sees(sign)) {
            let next = "draw it as [ ], ( ), ([ ]) or { }";
            return self.problem("J064", &start, format!("the shape {name} is not supported"), next);
        }
        if self.at.sees(":::") {
            return self.problem("J062", &start, "classes are not supported", "take ::: and the name away");
        }
        let (shape, close) = if self.at.passes("([") {
            (Shape::Stadium, "])")
        } else if self.at.passes("(") {
            (Shape::Rounded, ")")
        } else if self.at.passes("[") {
            (Shape::Rectangle, "]")
        } else if self.at.passes("{") {
            (Shape::Rhombus, "}")
        } else {
            return Ok(None);
        };
        let label = self.label(&start, close)?;
        Ok(Some((shape, label)))
    }

    /// A label up to its closing sign, in quotes or without.
    fn label(&mut self, start: &Cursor<'t>, close: &str) -> Result<String, Lost> {
        self.at.pass_spaces();
        let written = if self.at.passes("\"") {
            let written = self.at.pass_while(|letter| letter != '"');
            if !self.at.passes("\"") {
                return self.problem("J065", start, "the quotes are not closed", "close them with \"");
            }
            self.at.pass_spaces();
            written
        } else {
            self.at
                .pass_while(|letter| !matches!(letter, '[' | ']' | '(' | ')' | '{' | '}' | '|' | '"' | '\n'))
        };
        if !self.at.passes(close) {
            let sentence = match self.at.peek() {
                None | Some('\n') => format!("the label is not closed by {close}"),
                Some(_) => format!("{} stands in a label that {close} should close", quoted(self.at.rest())),
            };
            let here = self.at.clone();
            return self.problem("J065", &here, sentence, "put the label in double quotes");
        }
        self.checked(start, written)
    }

    fn checked(&mut self, start: &Cursor<'t>, written: &str) -> Result<String, Lost> {
        let label = unescape(written);
        if label.chars().nth(MOST_LABEL).is_some() {
            let sentence = format!("the label has more than {MOST_LABEL} letters");
            return self.problem("J065", start, sentence, "shorten it");
        }
        Ok(label)
    }

    /// `-->`, `-->|label|` or `-- label -->`, of any length; returns the label.
    fn arrow(&mut self) -> Result<String, Lost> {
        let start = self.at.clone();
        let line = start.rest();
        let other = [
            ("-.", "a dotted line"),
            ("==", "a thick line"),
            ("~~~", "an invisible line"),
            ("<--", "an arrow with two heads"),
            ("<==", "an arrow with two heads"),
            ("<-.", "an arrow with two heads"),
            ("o--", "a line with circles"),
            ("x--", "a line with crosses"),
        ];
        let supported = "write A --> B or A -->|label| B";
        if let Some((_, name)) = other.iter().find(|(sign, _)| line.starts_with(sign)) {
            return self.problem("J063", &start, format!("{name} is not supported"), supported);
        }
        if line.starts_with('&') {
            let next = "write one arrow for each pair of nodes";
            return self.problem("J063", &start, "& is not supported", next);
        }
        if !line.starts_with("--") {
            let sentence = format!("{} is no arrow", quoted(line));
            return self.problem("J067", &start, sentence, supported);
        }
        if !self.dashes_end_in_arrow() {
            let dashes = line.len() - line.trim_start_matches('-').len();
            match self.at.peek() {
                Some('o') => {
                    return self.problem("J063", &start, "a line with circles is not supported", supported);
                }
                Some('x') => {
                    return self.problem("J063", &start, "a line with crosses is not supported", supported);
                }
                _ if dashes > 2 => {
                    return self.problem("J063", &start, "a line without a head is not supported", supported);
                }
                _ => return self.inner_label(&start),
            }
        }
        self.at.pass_spaces();
        let bar = self.at.clone();
        if self.at.passes("|") { self.label(&bar, "|") } else { Ok(String::new()) }
    }

    fn dashes_end_in_arrow(&mut self) -> bool {
        self.at.pass_while(|letter| letter == '-');
        self.at.passes(">")
    }

    /// The label of `-- label -->`, after the first dashes.
    fn inner_label(&mut self, start: &Cursor<'t>) -> Result<String, Lost> {
        self.at.pass_spaces();
        let written = if self.at.passes("\"") {
            let written = self.at.pass_while(|letter| letter != '"');
            self.at.passes("\"");
            self.at.pass_spaces();
            written
        } else {
            let from = self.at.rest();
            while !self.at.sees("--") && !matches!(self.at.peek(), None | Some('\n')) {
                self.at.pass();
            }
            from.get(..from.len() - self.at.rest().len()).unwrap_or_default()
        };
        if !self.at.sees("--") || !self.dashes_end_in_arrow() {
            let next = "write A -- label --> B or A -->|label| B";
            return self.problem("J063", start, "the line has no head", next);
        }
        self.checked(start, written)
    }
}

/// The beginning of what was found, for a sentence.
pub(super) fn quoted(text: &str) -> String {
    let line = tidy(text.lines().next().unwrap_or_default());
    let short: String = line.chars().take(MOST_QUOTED).collect();
    if short.len() < line.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

/// A text of YAML, without its quotes.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let plain = || inner.map_or_else(|| text.to_owned(), |inner| inner.replace("''", "'"));
    tidy(&serde_json::from_str::<String>(text).unwrap_or_else(|_| plain()))
}
