//! What a web server was asked, without any web server.

use std::fmt;

use super::form;

/// The largest body that is read; a form of ours has some hundred bytes.
pub const MOST_BODY: usize = 16 * 1024;

/// What a web server was asked: copy these few things from its own type.
///
/// ```
/// use journeyman::link::Request;
/// let request = Request::new("POST", "/l/TOKEN")
///     .content_type("application/x-www-form-urlencoded")
///     .body("List-Unsubscribe=One-Click");
/// assert_eq!(request.token(), "TOKEN");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `HEAD`, `POST`: in capitals, as HTTP has it.
    pub method: String,
    /// The path; a query behind it is not looked at.
    pub path: String,
    /// The `Content-Type` of the body.
    pub content_type: Option<String>,
    /// The `User-Agent`.
    pub user_agent: Option<String>,
    /// The body, at most [`MOST_BODY`] bytes.
    pub body: Vec<u8>,
}

// Whoever has the path may withdraw: it is in no log, and neither is who asks.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Request");
        shown.field("method", &self.method).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            content_type: None,
            user_agent: None,
            body: Vec::new(),
        }
    }

    /// Sets the type of the body.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets who says to ask.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The last part of the path, which is the token.
    #[must_use]
    pub fn token(&self) -> &str {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// The fields of the form in the body, multipart or urlencoded; none where it is neither.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        form::read(self.content_type.as_deref().unwrap_or_default(), &self.body)
    }
}
