//! Finds the links of a page, as a browser's tokenizer does.

use std::ops::Range;

/// The value of an `href`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Href {
    /// Where it stands, without its quotes.
    pub(super) place: Range<usize>,
    /// Whether a person follows it by hand: an `a` or an `area` that its author did not keep out.
    pub(super) followed: bool,
}

/// Elements whose content is no markup.
const RAW: [&str; 4] = ["style", "script", "textarea", "title"];
/// What `rel` says of a link that must stay as it is.
const LEGAL: [&str; 3] = ["privacy-policy", "terms-of-service", "license"];

/// Every `href` of a page, in order; comments and raw elements have none.
pub(super) fn hrefs(html: &str) -> Vec<Href> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = html.get(at..).and_then(|rest| rest.find('<')).map(|start| at + start) {
        let rest = html.get(start..).unwrap_or_default();
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(html.len(), |end| start + end + 3);
            continue;
        }
        at = start + 1;
        if !rest[1..].starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            continue;
        }
        let name = until(html, at, |byte| byte.is_ascii_whitespace() || byte == b'/' || byte == b'>');
        let element = html.get(at..name).unwrap_or_default().to_ascii_lowercase();
        let Some((attributes, end)) = attributes(html, name) else { break };
        at = end;
        if RAW.contains(&element.as_str()) {
            at = closes(html, at, &element);
        }
        let value = |name: &str| {
            attributes.iter().find(|(own, _)| own == name).and_then(|(_, place)| html.get(place.clone()))
        };
        let Some((_, place)) = attributes.iter().find(|(own, _)| own == "href") else { continue };
        let rel = value("rel").unwrap_or_default().to_ascii_lowercase();
        let kept = value("data-untracked").is_some()
            || rel.split_ascii_whitespace().any(|word| LEGAL.contains(&word));
        let followed = matches!(element.as_str(), "a" | "area") && !kept;
        found.push(Href { place: place.clone(), followed });
    }
    found
}

/// Where a raw element ends. Each byte is looked at once, however many such elements a page has.
fn closes(html: &str, at: usize, element: &str) -> usize {
    let rest = html.get(at..).unwrap_or_default();
    let is_end = |start: usize| {
        let name = rest.as_bytes().get(start + 2..start + 2 + element.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(element.as_bytes()))
    };
    let mut ends = rest.match_indices("</").map(|(start, _)| start);
    ends.find(|start| is_end(*start)).map_or(html.len(), |start| at + start)
}

/// The attributes that anybody asks for: a hostile tag has any number of others.
const ASKED: [&str; 3] = ["href", "rel", "data-untracked"];

/// The attributes of a tag that are asked for, the first of each name, and where the tag ends; `None` where it never does.
#[allow(clippy::type_complexity)] // a pair of its own
fn attributes(html: &str, mut at: usize) -> Option<(Vec<(String, Range<usize>)>, usize)> {
    let bytes = html.as_bytes();
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    loop {
        at = until(html, at, |byte| !byte.is_ascii_whitespace() && byte != b'/');
        if *bytes.get(at)? == b'>' {
            return Some((found, at + 1));
        }
        // An equals sign that comes first belongs to the name.
        let name = at;
        at = until(html, at + 1, |byte| byte.is_ascii_whitespace() || b"/>=".contains(&byte));
        let name = html.get(name..at).unwrap_or_default().to_ascii_lowercase();
        at = until(html, at, |byte| !byte.is_ascii_whitespace());
        let mut place = at..at;
        if *bytes.get(at)? == b'=' {
            at = until(html, at + 1, |byte| !byte.is_ascii_whitespace());
            let quote = *bytes.get(at)?;
            if quote == b'"' || quote == b'\'' {
                let end = until(html, at + 1, |byte| byte == quote);
                bytes.get(end)?;
                (place, at) = (at + 1..end, end + 1);
            } else {
                let end = until(html, at, |byte| byte.is_ascii_whitespace() || byte == b'>');
                (place, at) = (at..end, end);
            }
        }
        if ASKED.contains(&name.as_str()) && !found.iter().any(|(other, _)| *other == name) {
            found.push((name, place));
        }
    }
}

/// The first place from `at` on whose byte is one of these; all of them are ASCII, so that no letter is cut.
fn until(html: &str, at: usize, is_end: impl Fn(u8) -> bool) -> usize {
    let rest = html.as_bytes().get(at..).unwrap_or_default();
    rest.iter().position(|byte| is_end(*byte)).map_or(html.len(), |place| at + place)
}

/// What an attribute's value says, with its character references read. `None` for one that only a browser's table knows.
pub(super) fn unescape(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let closed = after.strip_prefix(';');
        let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        });
        let letter = match (name, number) {
            ("amp" | "AMP", _) => '&',
            ("lt" | "LT", _) => '<',
            ("gt" | "GT", _) => '>',
            ("quot" | "QUOT", _) => '"',
            ("apos", _) => '\'',
            (_, Some(number)) => char::from_u32(number.ok()?)?,
            // `?a=1&copy=2`: a name without its semicolon, before an equals sign, is plain text.
            _ if closed.is_none() && (after.starts_with('=') || name.is_empty()) => {
                text.push('&');
                text.push_str(name);
                rest = after;
                continue;
            }
            _ => return None,
        };
        // `&amp=1` is plain text too.
        if closed.is_none() && number_is_absent(name) && after.starts_with('=') {
            text.push('&');
            text.push_str(name);
        } else {
            text.push(letter);
        }
        rest = closed.unwrap_or(after);
    }
    text.push_str(rest);
    Some(text)
}

fn number_is_absent(name: &str) -> bool {
    !name.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<(&str, bool)> {
        hrefs(html).into_iter().map(|href| (&html[href.place], href.followed)).collect()
    }

    #[test]
    fn links_are_found_as_a_browser_finds_them() {
        assert_eq!(found("<a href=\"x\">"), [("x", true)]);
        assert_eq!(found("<A\nclass=b HREF = 'x y' >"), [("x y", true)]);
        assert_eq!(found("<a/href=x>y</a>"), [("x", true)]);
        assert_eq!(found("<a href=x/y>"), [("x/y", true)]);
        assert_eq!(found("<a href=x href=y>"), [("x", true)]);
        assert_eq!(found("<a title=\"<a href=n>\" href=x>"), [("x", true)]);
        assert_eq!(found("<a href>"), [("", true)]);
        assert_eq!(found("<link href=x><base href=y>"), [("x", false), ("y", false)]);
        assert_eq!(found("<ä href=x><a é='>' href=é>"), [("é", true)]);
    }

    #[test]
    fn what_is_no_link_is_none() {
        for html in [
            "<!-- <a href=x> -->",
            "<style><a href=x></style>",
            "<SCRIPT><a href=x></script>",
            "a < b href=x>",
            "<a href=x",
            "<a href=\"x>",
            "<a data-href=x>",
            "</a href=x",
            "<",
            "<a",
            "<a =",
            "<!--",
        ] {
            assert_eq!(found(html), [], "{html}");
        }
        assert_eq!(found("<!-- a --><a href=x>"), [("x", true)]);
        assert_eq!(found("<style>a</style><a href=x>"), [("x", true)]);
    }

    #[test]
    fn a_hostile_page_is_read_once() {
        let hostile: [fn(usize) -> String; 4] = [
            |many| "<title></title>".repeat(many),
            |many| format!("<a {}href=x>", (0..many).map(|name| format!("a{name} ")).collect::<String>()),
            |many| format!("<style>{}", "</x".repeat(many)),
            |many| "<a title='".repeat(many),
        ];
        // Whoever read the rest once more at every tag would be at it for hours.
        for page in hostile {
            assert!(hrefs(&page(400_000)).len() <= 1);
        }
    }

    #[test]
    fn legal_links_are_kept() {
        assert_eq!(found("<a rel='nofollow Privacy-Policy' href=x>"), [("x", false)]);
        assert_eq!(found("<a href=x data-untracked>"), [("x", false)]);
        assert_eq!(found("<a rel=nofollow href=x>"), [("x", true)]);
    }

    #[test]
    fn references_are_read_or_the_link_is_left() {
        for (value, text) in [
            ("https:&#x2f;&#47;x&#x2F;?a=1&amp;b=2", Some("https://x/?a=1&b=2")),
            ("?a=1&copy=2&x", None),
            ("?a=1&copy=2", Some("?a=1&copy=2")),
            ("?a&=1&&amp=2", Some("?a&=1&&amp=2")),
            ("javascript&colon;x", None),
            ("java&#115;cript:", Some("javascript:")),
            ("&eacute;", None),
            ("&#xD800;", None),
            ("&#99999999999;", None),
            ("a&", Some("a&")),
        ] {
            assert_eq!(unescape(value).as_deref(), text, "{value}");
        }
    }
}
