//! Where the host serves links.

use std::str::FromStr;

use crate::model::Name;

/// The longest base, so that a line of a head holds it with a token.
const MOST_BASE: usize = 200;

/// Where the host serves links: a token is added behind it as one more part of its path.
///
/// ```
/// use journeyman::link::LinkBase;
/// let base: LinkBase = "https://go.example.org/l".parse()?;
/// assert_eq!(base.url("TOKEN"), "https://go.example.org/l/TOKEN");
/// assert_eq!(base.host(), "go.example.org");
/// assert!("http://go.example.org".parse::<LinkBase>().is_err()); // RFC 8058 asks for https
/// # Ok::<(), journeyman::link::BadBase>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBase {
    /// Without a slash at its end.
    url: Name,
    host: Name,
}

/// The text is not where links can be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a base of links: {reason}; write it like https://go.example.org/l")]
#[non_exhaustive]
pub struct BadBase {
    /// What is wrong.
    pub reason: &'static str,
}

impl FromStr for LinkBase {
    type Err = BadBase;

    /// Reads `https://host/path`; on `localhost`, `127.0.0.1` and `[::1]` http will do.
    fn from_str(text: &str) -> Result<Self, BadBase> {
        let wrong = |reason| Err(BadBase { reason });
        let url = text.trim_end_matches('/');
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return wrong("it begins neither with https:// nor with http://"),
        };
        if url.len() > MOST_BASE {
            return wrong("it is longer than 200 bytes");
        }
        // Letters that mean nothing in HTML, in a head or in a text, so that a link is never escaped.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%[]".contains(&byte);
        if !rest.bytes().all(is_plain) {
            return wrong("it holds another letter than a-z, 0-9 and -._~:/%");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(literal) => literal.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        if host.is_empty() {
            return wrong("it has no host");
        }
        if !secure && !["localhost", "127.0.0.1", "::1"].contains(&host) {
            return wrong("it is not https");
        }
        Ok(Self { url: url.into(), host: host.into() })
    }
}

impl LinkBase {
    /// The link of a token.
    #[must_use]
    pub fn url(&self, token: &str) -> String {
        format!("{}/{token}", self.url)
    }

    /// Its host, which stands in `List-Id`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a link is one of ours, which is never led through another one.
    pub(crate) fn serves(&self, url: &str) -> bool {
        url.strip_prefix(&*self.url).is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_need_escaping_or_encryption_is_refused() {
        for text in [
            "",
            "go.example.org",
            "ftp://x",
            "https://",
            "https:///l",
            "http://example.org",
            "https://x/?a=1",
            "https://x/#a",
            "https://x/\"",
            "https://x/<",
            "https://x/ y",
            "https://x/é",
            "https://x/\r\nBcc: y",
            "https://user@x",
            "//x",
            "javascript:alert(1)",
        ] {
            assert!(text.parse::<LinkBase>().is_err(), "{text:?}");
        }
        for text in ["https://x", "https://x:8443/a/b/", "http://127.0.0.1:8080/l", "http://[::1]:80"] {
            assert!(text.parse::<LinkBase>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn only_what_lies_below_it_is_ours() {
        let base: LinkBase = "https://x/l".parse().unwrap();
        assert!(base.serves("https://x/l/abc"));
        assert!(
            !base.serves("https://x/later") && !base.serves("https://x/l") && !base.serves("https://y/l/a")
        );
    }
}
