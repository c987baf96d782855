//! Where links lead: which schemes may stand in a message, and what a tracked link is led through.

use super::markup::{hrefs, unescape};

/// The schemes of links in a message. What a browser would run (`javascript:`, `data:`) survives the escaping of HTML.
pub const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];
/// The longest destination of a tracked link.
const MOST_URL: usize = 2048;
/// The most destinations of one message that are tracked; those after them stay as they are.
const MOST_LINKS: usize = 1_000;

/// Whether every link of a page has a scheme that is allowed, or none.
#[must_use]
pub fn has_allowed_schemes(html: &str) -> bool {
    hrefs(html).iter().all(|href| html.get(href.place.clone()).is_some_and(is_allowed))
}

fn is_allowed(value: &str) -> bool {
    // The scheme ends at the first colon; a slash, a question mark or a hash before it means that there is none.
    let Some(text) = unescape(value).or_else(|| unescape(value.split(['/', '?']).next().unwrap_or_default()))
    else {
        return false;
    };
    // Browsers leave out what an attacker hides a scheme behind.
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let text = text.trim_start();
    let Some(end) = text.find([':', '/', '?', '#']) else { return true };
    let (scheme, rest) = text.split_at(end);
    !rest.starts_with(':') || SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
}

/// Whether somebody can be led on to it: http or https, with a host, on one line.
pub(crate) fn leads_on(url: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let (head, rest) = url.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let host =
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', '\\', '@', ':']));
    host && url.len() <= MOST_URL && !url.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

/// Leads the links of a message through others, and collects where they lead.
pub(crate) struct Tracked<'t> {
    /// Where the links lead, by their number.
    pub(crate) links: Vec<String>,
    /// Whether a link is left as it is.
    pub(crate) keeps: &'t dyn Fn(&str) -> bool,
    /// The URL that leads to a link, by its number.
    pub(crate) url: &'t dyn Fn(u16) -> String,
}

impl Tracked<'_> {
    /// The URL that leads to a destination; `None` where it is left as it is.
    fn through(&mut self, destination: &str) -> Option<String> {
        if !leads_on(destination) || (self.keeps)(destination) {
            return None;
        }
        let known = self.links.iter().position(|link| link == destination);
        if known.is_none() && self.links.len() >= MOST_LINKS {
            return None;
        }
        let number = u16::try_from(known.unwrap_or(self.links.len())).ok()?;
        if known.is_none() {
            self.links.push(destination.to_owned());
        }
        Some((self.url)(number))
    }

    /// The page with its links led through ours; what a person does not follow by hand stays.
    pub(crate) fn html(&mut self, html: &str) -> String {
        let (mut written, mut from) = (String::with_capacity(html.len()), 0);
        for href in hrefs(html).into_iter().filter(|href| href.followed) {
            let value = html.get(href.place.clone()).unwrap_or_default();
            let Some(url) = unescape(value).and_then(|value| self.through(value.trim_ascii())) else {
                continue;
            };
            written.push_str(html.get(from..href.place.start).unwrap_or_default());
            written.push_str(&url);
            from = href.place.end;
        }
        written.push_str(html.get(from..).unwrap_or_default());
        written
    }

    /// The text with its links led through ours.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = next_url(rest) {
            let (before, from) = rest.split_at(start);
            written.push_str(before);
            let (url, after) = from.split_at(url_end(from));
            written.push_str(&self.through(url).unwrap_or_else(|| url.to_owned()));
            rest = after;
        }
        written.push_str(rest);
        written
    }
}

/// Where the next URL of a text begins: not within a word.
fn next_url(text: &str) -> Option<usize> {
    text.match_indices("http").map(|(start, _)| start).find(|start| {
        let (before, from) = text.split_at(*start);
        !before.ends_with(char::is_alphanumeric)
            && (from.starts_with("http://") || from.starts_with("https://"))
    })
}

/// Where a URL ends that begins a text: at a blank, without the marks that end a sentence.
fn url_end(text: &str) -> usize {
    let is_end = |letter: char| letter.is_whitespace() || letter.is_control() || "<>\"«»“”".contains(letter);
    let url = &text[..text.find(is_end).unwrap_or(text.len())];
    // A bracket that nothing opened belongs to the sentence.
    let opens = url.contains('(');
    let is_mark = |letter: char| ".,;:!?'’…*".contains(letter) || (letter == ')' && !opens);
    url.trim_end_matches(is_mark).len().max("http://".len())
}

/// The page with a picture of one dot at its end.
pub(crate) fn with_picture(html: &str, url: &str) -> String {
    let end = html.to_ascii_lowercase().rfind("</body").unwrap_or(html.len());
    let (before, after) = html.split_at(end);
    format!("{before}<img src=\"{url}\" width=\"1\" height=\"1\" alt=\"\">{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(read: impl Fn(&mut Tracked<'_>) -> String) -> (String, Vec<String>) {
        let keeps = |url: &str| url.starts_with("https://own/");
        let url = |number| format!("https://own/{number}");
        let mut tracked = Tracked { links: Vec::new(), keeps: &keeps, url: &url };
        let written = read(&mut tracked);
        (written, tracked.links)
    }

    #[test]
    fn a_scheme_that_a_browser_runs_is_not_allowed() {
        for value in [
            "javascript:x",
            "JAVASCRIPT:x",
            " java\nscript:x",
            "java&#10;script:x",
            "&#106;avascript:x",
            "javascript&colon;x",
            "data:text/html,x",
            "vbscript:x",
            "\u{1}javascript:x",
            "javascript&colon;a/b",
        ] {
            assert!(!has_allowed_schemes(&format!("<a href=\"{value}\">")), "{value}");
        }
        for value in [
            "https://x",
            "HTTP://x",
            "mailto:a@b",
            "tel:+33",
            "/a:b",
            "?a:b",
            "#a:b",
            "",
            "a",
            "//x",
            "/?a=&eacute;",
        ] {
            assert!(has_allowed_schemes(&format!("<a href=\"{value}\">")), "{value}");
        }
    }

    #[test]
    fn links_of_a_page_lead_through_ours() {
        let html = "<a href=\"https:&#x2f;&#x2f;x/?a=1&amp;b=2\">a</a><a href='https://y'>b</a><a href=https://x/?a=1&b=2>c</a>";
        let (written, links) = tracked(|tracked| tracked.html(html));
        assert_eq!(
            written,
            "<a href=\"https://own/0\">a</a><a href='https://own/1'>b</a><a href=https://own/0>c</a>"
        );
        assert_eq!(links, ["https://x/?a=1&b=2", "https://y"]);
    }

    #[test]
    fn what_must_stay_stays() {
        for html in [
            "<a href=\"https://own/abc\">",
            "<a href=mailto:a@b>",
            "<a href=tel:1>",
            "<a href=#x>",
            "<a href=x>",
            "<a href='https://x y'>",
            "<a href='https://'>",
            "<a rel=license href=https://x>",
            "<link href=https://x>",
            "<a href='https://x/&eacute;'>",
            "<img src=https://x>",
        ] {
            assert_eq!(tracked(|tracked| tracked.html(html)), (html.to_owned(), Vec::new()), "{html}");
        }
    }

    #[test]
    fn links_of_a_text_lead_through_ours() {
        let text = "Ici : https://x/a(b), (https://y/) ou http://z ! xhttps://n https://own/1 https:// «https://é.fr».";
        let (written, links) = tracked(|tracked| tracked.text(text));
        assert_eq!(
            written,
            "Ici : https://own/0, (https://own/1) ou https://own/2 ! xhttps://n https://own/1 https:// «https://own/3»."
        );
        assert_eq!(links, ["https://x/a(b)", "https://y/", "http://z", "https://é.fr"]);
    }

    #[test]
    fn the_picture_stands_at_the_end() {
        assert_eq!(
            with_picture("<body>x</BODY>", "u"),
            "<body>x<img src=\"u\" width=\"1\" height=\"1\" alt=\"\"></BODY>"
        );
        assert!(with_picture("x", "u").starts_with("x<img"));
    }
}
