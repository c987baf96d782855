//! Labels: what is shown of a text, how it is written so that Mermaid shows exactly that, and how it is read back.

/// The longest label that is written or read, in letters.
pub(in crate::journey) const MOST_LABEL: usize = 400;

/// One line without invisible letters: what a reader of a picture can see of a text.
pub(in crate::journey) fn tidy(text: &str) -> String {
    // Direction marks could show another text than the one that is there; the last two are no letters at all.
    let hidden = |letter: char| {
        matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(letter, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let shown = |letter: char| if letter.is_control() || hidden(letter) { ' ' } else { letter };
    // Mermaid marks entities by `ﬂ°` and `¶ß`, and takes these for marks wherever they come from.
    let spaced = text.chars().map(shown).collect::<String>().replace('ﬂ', "fl").replace("¶ß", "¶ss");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most [`MOST_LABEL`] letters, the last one `…` where there were more.
pub(super) fn shorten(text: String) -> String {
    if text.chars().nth(MOST_LABEL).is_none() {
        return text;
    }
    text.chars().take(MOST_LABEL - 1).chain(['…']).collect()
}

/// A label as Mermaid takes it between quotes: whatever could be markup is an entity code such as `#35;`.
pub(super) fn escape(label: &str) -> String {
    let letters: Vec<char> = label.chars().collect();
    // Mermaid cuts a line that looks like `style…:…#…;`, so such a line gets no colon.
    let cut = label.contains("style") || label.contains("classDef");
    let mut written = String::with_capacity(label.len());
    for (place, letter) in letters.iter().copied().enumerate() {
        let before = letters.get(..place).unwrap_or_default();
        let after = letters.get(place + 1).copied();
        let plain = match letter {
            ' ' => true,
            _ if letter.is_alphanumeric() => true,
            // At the beginning of a text these make lists, quotations and titles of it.
            _ if before.is_empty() => false,
            '.' => !counts(before) && !ends_in_www(before),
            ')' => !counts(before),
            // A colon could belong to a link or an icon, but not before a space or in a time of day.
            ':' if before.last().is_some_and(char::is_ascii_digit) => {
                !cut && after.is_some_and(|after| after == ' ' || after.is_ascii_digit())
            }
            ':' => !cut && after == Some(' '),
            '_' => {
                before.last().is_some_and(|letter| letter.is_alphanumeric())
                    && after.is_some_and(char::is_alphanumeric)
            }
            ',' | '+' | '-' | '/' | '=' | '!' | '?' | '(' | '\'' => true,
            _ => !letter.is_ascii(),
        };
        if plain {
            written.push(letter);
        } else {
            written.push_str(&format!("#{};", u32::from(letter)));
        }
    }
    written
}

/// `1.` and `1)` begin a list.
fn counts(before: &[char]) -> bool {
    before.iter().all(char::is_ascii_digit)
}

/// `www.` begins a link.
fn ends_in_www(before: &[char]) -> bool {
    before.len() >= 3 && before.iter().rev().take(3).all(|letter| letter.eq_ignore_ascii_case(&'w'))
}

/// The names of entities that documents use beside numbers.
const ENTITIES: [(&str, char); 10] = [
    ("quot", '"'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("num", '#'),
    ("semi", ';'),
    ("colon", ':'),
    ("excl", '!'),
];
/// The longest entity, without its signs.
const MOST_ENTITY: usize = 8;

/// What Mermaid shows of a written label, on one line.
pub(super) fn unescape(written: &str) -> String {
    let mut shown = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(place) = rest.find(['#', '<']) {
        let (before, from) = rest.split_at(place);
        shown.push_str(before);
        let (letter, length) = entity(from).or_else(|| line_break(from)).unwrap_or_else(|| {
            let sign = if from.starts_with('#') { '#' } else { '<' };
            (sign, 1)
        });
        shown.push(letter);
        rest = from.get(length..).unwrap_or_default();
    }
    shown.push_str(rest);
    tidy(&shown)
}

fn entity(from: &str) -> Option<(char, usize)> {
    let code = from.strip_prefix('#')?;
    let length = code.bytes().take(MOST_ENTITY + 1).position(|byte| byte == b';')?;
    let code = code.get(..length)?;
    let letter = match ENTITIES.iter().find(|(name, _)| *name == code) {
        Some((_, letter)) => *letter,
        None if code.bytes().all(|byte| byte.is_ascii_digit()) => char::from_u32(code.parse().ok()?)?,
        None => return None,
    };
    Some((letter, length + 2))
}

/// `<br>`, `<br/>` and `<br />`.
fn line_break(from: &str) -> Option<(char, usize)> {
    ["<br>", "<br/>", "<br />"]
        .iter()
        .find(|tag| from.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
        .map(|tag| (' ', tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_visible_line() {
        assert_eq!(tidy("ﬂ°°35¶ß"), "fl°°35¶ss");
        assert_eq!(tidy(" a\r\n\tb\u{202e}c\u{0}  d\u{feff}"), "a b c d");
        assert_eq!(shorten("é".repeat(400)).chars().count(), 400);
        assert!(shorten("é".repeat(401)).ends_with("é…"));
        assert_eq!(shorten("é".repeat(401)).chars().count(), 400);
    }

    #[test]
    fn what_could_be_markup_is_an_entity() {
        for (label, written) in [
            ("send email welcome", "send email welcome"),
            ("say \"hi\" # now; <b>", "say #34;hi#34; #35; now#59; #60;b#62;"),
            (
                "a] } | ` %% & \\ $ ~ * @ ^",
                "a#93; #125; #124; #96; #37;#37; #38; #92; #36; #126; #42; #64; #94;",
            ),
            ("signed_up _so_", "signed_up #95;so#95;"),
            ("1. a", "1#46; a"),
            ("12) a", "12#41; a"),
            ("- a", "#45; a"),
            ("fa:fa-star", "fa#58;fa-star"),
            ("at 10:00: x", "at 10:00: x"),
            ("http://www.example.org", "http#58;//www#46;example.org"),
            ("my style: #1;", "my style#58; #35;1#59;"),
            ("Exécution 检查 😀 – ß°¶", "Exécution 检查 😀 – ß°¶"),
        ] {
            assert_eq!(escape(label), written);
            assert_eq!(unescape(written), label);
        }
    }

    #[test]
    fn what_others_wrote_is_read_as_mermaid_shows_it() {
        assert_eq!(unescape("a<br>b<BR/>c<br />d"), "a b c d");
        assert_eq!(unescape("#quot;a#quot; #lt; #num;1 #9829;"), "\"a\" < #1 ♥");
        assert_eq!(
            unescape("#1 #; #nothing; #99999999; #55296; <b> #"),
            "#1 #; #nothing; #99999999; #55296; <b> #"
        );
    }
}
