//! Names made from labels.

use std::collections::BTreeSet;

/// The longest name that is made, in bytes.
const MOST_NAME: usize = 64;

/// Latin letters and what is written for them in a name.
const PLAIN: [(&str, &str); 24] = [
    ("àáâãäåāăą", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ðďđ", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķĸ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉŋ", "n"),
    ("òóôõöøōŏő", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšșſ", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűų", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("ﬁ", "fi"),
];

/// Small letters and digits of any script, joined by `-`; accents of Latin letters are dropped. Empty where the label has
/// neither.
pub(super) fn slug(label: &str) -> String {
    let mut name = String::new();
    let mut gap = false;
    for letter in label.chars().flat_map(char::to_lowercase) {
        // An accent that stands by itself belongs to the letter before.
        if ('\u{300}'..='\u{36f}').contains(&letter) {
            continue;
        }
        if !letter.is_alphanumeric() {
            gap = true;
            continue;
        }
        let mut bytes = [0; 4];
        let plain = PLAIN
            .iter()
            .find(|(letters, _)| !letter.is_ascii() && letters.contains(letter))
            .map_or_else(|| &*letter.encode_utf8(&mut bytes), |(_, plain)| *plain);
        let joint = gap && !name.is_empty();
        if name.len() + plain.len() + usize::from(joint) > MOST_NAME {
            break;
        }
        if joint {
            name.push('-');
        }
        gap = false;
        name.push_str(plain);
    }
    name
}

/// The name of a journey has ASCII letters only; one that is already good is kept.
pub(super) fn journey_name(title: &str) -> Option<String> {
    let good = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_' | '.')
    };
    if !title.is_empty() && title.len() <= 128 && title.chars().all(good) {
        return Some(title.to_owned());
    }
    let ascii: String = slug(title).chars().map(|letter| if good(letter) { letter } else { '-' }).collect();
    Some(slug(&ascii)).filter(|name| !name.is_empty())
}

/// Names that are given once each: a second `hello` is `hello-2`.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The name, or the first of `name-2`, `name-3` … that is free.
    pub(super) fn give(&mut self, name: &str) -> String {
        // `next` means the following step wherever a step is named.
        let free = |names: &Self, name: &str| name != "next" && !names.0.contains(name);
        let mut given = name.to_owned();
        let mut number = 2_u32;
        while !free(self, &given) {
            given = format!("{name}-{number}");
            number += 1;
        }
        self.0.insert(given.clone());
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_name() {
        for (label, name) in [
            ("Check-up Digital", "check-up-digital"),
            ("Exécution", "execution"),
            ("E\u{301}te\u{301}", "ete"),
            ("  Fidélisation !! ", "fidelisation"),
            ("Straße & Œuvre", "strasse-oeuvre"),
            ("检查 OK", "检查-ok"),
            ("İstanbul", "istanbul"),
            ("?!", ""),
        ] {
            assert_eq!(slug(label), name);
            assert_eq!(slug(name), name);
        }
        let long = slug(&"é long ".repeat(100));
        assert!(long.len() <= 64 && slug(&long) == long, "{long}");
    }

    #[test]
    fn a_journey_has_a_plain_name() {
        assert_eq!(journey_name("welcome_v1.2").as_deref(), Some("welcome_v1.2"));
        assert_eq!(journey_name("Parcours été 检查 2").as_deref(), Some("parcours-ete-2"));
        assert_eq!(journey_name("检查"), None);
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        let given = ["a", "a", "a-2", "a", "next"].map(|name| names.give(name));
        assert_eq!(given, ["a", "a-2", "a-2-2", "a-3", "next-2"]);
    }
}
