//! What to answer, without any web server.

use crate::model::Header;

/// What to answer: copy it into the web server's own type as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// The head.
    pub headers: Vec<Header>,
    /// The body; empty for `HEAD`.
    pub body: Vec<u8>,
}

/// What every answer says: nobody keeps it, nobody lists it, and no page that follows learns the link.
const ALWAYS: [(&str, &str); 4] = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex, nofollow"),
];
/// A page of ours loads nothing, stands in no frame and posts to itself alone.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// A transparent picture of one dot.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

impl Response {
    fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers =
            ALWAYS.iter().chain(headers).filter_map(|(name, value)| Header::new(*name, *value).ok());
        Self { status, headers: headers.collect(), body: body.to_vec() }
    }

    /// The value of a header, whatever the case of its name.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// # use std::sync::Arc;
    /// use journeyman::link::Request;
    /// # let engine = journeyman::Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).build();
    /// let response = engine.visit(&Request::new("GET", "/l/forged")).await;
    /// assert_eq!((response.status, response.header("cache-control")), (404, Some("no-store")));
    /// # });
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|header| header.name().eq_ignore_ascii_case(name));
        named.next().map(Header::value)
    }

    pub(crate) fn page(status: u16, page: &str) -> Self {
        let kind = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", POLICY)];
        Self::new(status, &kind, page.as_bytes())
    }

    /// One dot that nobody sees.
    pub(crate) fn picture() -> Self {
        Self::new(200, &[("Content-Type", "image/gif")], PICTURE)
    }

    /// Onward, to where the link of a message leads; `None` where that cannot stand in a head.
    pub(crate) fn onward(destination: &str) -> Option<Self> {
        let location = Header::new("Location", ascii(destination)).ok()?;
        let mut response = Self::new(302, &[], b"");
        response.headers.push(location);
        Some(response)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.extend(Header::new(name, value));
        self
    }

    /// What HEAD is answered.
    pub(crate) fn without_body(mut self) -> Self {
        self.body = Vec::new();
        self
    }
}

/// Letters beyond ASCII as the bytes of a URL.
fn ascii(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for letter in url.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            letter.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_stands_on_one_line_in_ascii() {
        let onward = Response::onward("https://x/é?a=1").unwrap();
        assert_eq!((onward.status, onward.header("location")), (302, Some("https://x/%C3%A9?a=1")));
        assert_eq!(onward.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(Response::onward("https://x/\r\nSet-Cookie: a=b"), None);
    }

    #[test]
    fn every_header_of_ours_is_one() {
        assert_eq!(Response::page(200, "").headers.len(), ALWAYS.len() + 2);
        assert_eq!(Response::picture().headers.len(), ALWAYS.len() + 1);
    }
}
