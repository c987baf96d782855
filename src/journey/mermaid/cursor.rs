//! A place in a text, counted as people count.

/// What is left of a text, and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    rest: &'t str,
    line: usize,
    column: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, line: usize) -> Self {
        Self { rest: text, line, column: 1 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn sees(&self, start: &str) -> bool {
        self.rest.starts_with(start)
    }

    pub(super) fn place(&self) -> String {
        format!("line {} column {}", self.line, self.column)
    }

    pub(super) fn pass(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or_default();
        if letter == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(letter)
    }

    /// Passes a text that stands here, if it does.
    pub(super) fn passes(&mut self, start: &str) -> bool {
        let here = self.sees(start);
        if here {
            start.chars().for_each(|_| {
                self.pass();
            });
        }
        here
    }

    /// Passes as long as letters please, and returns them.
    pub(super) fn pass_while(&mut self, pleases: impl Fn(char) -> bool) -> &'t str {
        let from = self.rest;
        while self.peek().is_some_and(&pleases) {
            self.pass();
        }
        from.get(..from.len() - self.rest.len()).unwrap_or_default()
    }

    /// Passes spaces, but no end of a line.
    pub(super) fn pass_spaces(&mut self) {
        self.pass_while(|letter| letter.is_whitespace() && letter != '\n');
    }

    pub(super) fn pass_line(&mut self) {
        self.pass_while(|letter| letter != '\n');
    }
}
