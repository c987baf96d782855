//! What is offered is said, letter by letter, and no spelling changes unless somebody allowed that.

use journeyman::rule::sms::{Loss, measure, transliterate};
use proptest::prelude::*;

use super::writers::text;

const LOSSES: [Loss; 3] = [Loss::Typography, Loss::Spelling, Loss::Sign];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(18), ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_that_is_not_said(text in text()) {
        for most in LOSSES {
            let offer = transliterate(&text, most);
            prop_assert!(offer.changes.iter().all(|change| change.loss <= most && change.from != change.to));
            prop_assert_eq!(offer.text == text, offer.changes.is_empty());
            prop_assert_eq!(&offer.before, &measure(&text));
            prop_assert_eq!(&offer.after, &measure(&offer.text));
            prop_assert!(offer.after.offending.len() <= offer.before.offending.len());
            // What could be offered was: asked again, nothing is left.
            prop_assert!(transliterate(&offer.text, most).changes.is_empty());
        }
    }
}

#[test]
fn no_letter_of_a_word_changes_for_typography_alone() {
    for letter in ('\0'..=char::MAX).filter(|letter| letter.is_alphabetic()) {
        let text = letter.to_string();
        let offer = transliterate(&text, Loss::Typography);
        // U+02BC is the letter that stands for an apostrophe; those that are composed anew are the same letter.
        let same = offer.text == text || offer.changes[0].to == "'" || is_one_letter(letter, &offer.text);
        assert!(same, "{letter:?} became {:?}", offer.text);
    }
}

/// Signs that Unicode itself takes for the letter: the ångström, the ohm, the kelvin.
fn is_one_letter(letter: char, as_: &str) -> bool {
    matches!((letter, as_), ('\u{212B}', "Å") | ('\u{2126}', "Ω") | ('\u{212A}', "K"))
}

#[test]
fn french_is_offered_as_french_is_written() {
    let text =
        "Ça\u{A0}? «\u{202F}Œuvre\u{202F}» d’été\u{A0}: 3\u{202F}000 élèves, le maçon — et l’île… 🔥 fin";
    let typography = transliterate(text, Loss::Typography);
    assert_eq!(typography.text, "Ça ? \" Œuvre \" d'été : 3 000 élèves, le maçon - et l'île... 🔥 fin");
    let spelling = transliterate(text, Loss::Spelling);
    assert_eq!(spelling.text, "Ça ? \" OEuvre \" d'été : 3 000 élèves, le macon - et l'ile... 🔥 fin");
    let named: Vec<(&str, &str)> = spelling
        .changes
        .iter()
        .filter(|change| change.loss == Loss::Spelling)
        .map(|change| (change.from.as_str(), change.to.as_str()))
        .collect();
    assert_eq!(named, [("Œ", "OE"), ("ç", "c"), ("î", "i")]);
    assert_eq!(
        transliterate(text, Loss::Sign).text,
        "Ça ? \" OEuvre \" d'été : 3 000 élèves, le macon - et l'ile... fin"
    );
    // An accent that stands apart from its letter is one letter with it, and nothing is lost.
    assert_eq!(transliterate("e\u{301}te\u{301}", Loss::Typography).text, "été");
    // Another script is the text itself.
    assert_eq!(transliterate("Привет", Loss::Sign).text, "Привет");
}
