//! A line of a message's head, such as `List-Unsubscribe`.

use serde::{Deserialize, Serialize};

use super::Name;

/// The longest line of a head, as RFC 5322 allows it.
const MOST_LINE: usize = 998;

/// A line of a message's head, such as `List-Unsubscribe`; one that could begin another line is never built.
///
/// ```
/// use journeyman::model::Header;
/// let header = Header::new("List-Id", "<marketing.example.org>")?;
/// assert_eq!((header.name(), header.value()), ("List-Id", "<marketing.example.org>"));
/// assert!(Header::new("Subject", "Hello\r\nBcc: everybody@example.org").is_err());
/// # Ok::<(), journeyman::model::NotAHeader>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Line")]
pub struct Header {
    name: Name,
    value: Name,
}

/// A header as it is read back, before it is checked.
#[derive(Deserialize)]
struct Line {
    name: Name,
    value: Name,
}

impl TryFrom<Line> for Header {
    type Error = NotAHeader;

    fn try_from(line: Line) -> Result<Self, NotAHeader> {
        Self::new(line.name, line.value)
    }
}

/// The text cannot stand in a message's head. It is refused and never mended; the text itself is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot stand in a head: {reason}")]
#[non_exhaustive]
pub struct NotAHeader {
    /// The name or the value.
    pub what: &'static str,
    /// Why not.
    pub reason: &'static str,
}

impl Header {
    /// A line of a head.
    ///
    /// # Errors
    /// [`NotAHeader`] for a name that is no token of RFC 9110, for a value with a control character (a line break is one),
    /// and for what is longer than the 998 bytes of RFC 5322.
    pub fn new(name: impl Into<Name>, value: impl Into<Name>) -> Result<Self, NotAHeader> {
        let (name, value) = (name.into(), value.into());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(NotAHeader { what: "the name", reason: "it is not made of letters, digits and -" });
        }
        if !is_one_line(&value) {
            return Err(NotAHeader { what: "the value", reason: "it holds a control character" });
        }
        if name.len() + 2 + value.len() > MOST_LINE {
            return Err(NotAHeader { what: "the value", reason: "the line is longer than 998 bytes" });
        }
        Ok(Self { name, value })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, on one line.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Whether a text can stand in a line of a head: CR, LF, NUL and every other control character would end it.
#[must_use]
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_begin_another_line_is_refused() {
        for value in ["a\nb", "a\rb", "a\0b", "a\tb", "\u{7f}", "\u{85}", "a\u{1b}[0m"] {
            assert!(Header::new("Subject", value).is_err(), "{value:?}");
        }
        for name in ["", "Sub ject", "Subject:", "Süß", "a\nb"] {
            assert!(Header::new(name, "x").is_err(), "{name:?}");
        }
        assert!(Header::new("X", "x".repeat(MOST_LINE)).is_err());
        assert!(Header::new("X", "Zoé 🎵 \u{202f}!").is_ok());
    }

    #[test]
    fn a_header_that_is_read_back_is_checked_again() {
        let text = serde_json::to_string(&Header::new("List-Id", "<a.b>").unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Header>(&text).unwrap().value(), "<a.b>");
        assert!(serde_json::from_str::<Header>(r#"{"name":"List-Id","value":"a\r\nBcc: b"}"#).is_err());
    }
}
