//! I17: as many segments as an encoder that writes the octets needs, never a letter torn, never fewer for more text.

use journeyman::rule::sms::{Encoding, Loss, measure, segments, transliterate};
use proptest::prelude::*;
use sms_splitter::SplitSms;

use super::encoder;
use super::writers::text;

/// The parts that the peer makes of a text, and how long they are in units.
fn peer(text: &str) -> (usize, usize) {
    let text = String::from(text);
    let said = SplitSms::default().split(text);
    let units = if said.character_set == "GSM" { said.bytes } else { said.bytes / 2 };
    (said.parts.len(), units)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_200, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(17), ..ProptestConfig::default() })]

    #[test]
    fn a_text_takes_as_many_segments_as_an_encoder_needs(text in text()) {
        let octets = encoder::encode(&text);
        let measured = measure(&text);
        prop_assert_eq!(measured.segments, octets.len());
        prop_assert!(octets.iter().all(|octets| *octets <= 140));
        let parts = segments(&text);
        prop_assert_eq!(parts.len(), octets.len());
        prop_assert_eq!(parts.concat(), text.as_str());
        prop_assert!(parts.iter().all(|part| !part.is_empty()));
    }

    #[test]
    fn a_text_takes_as_many_segments_as_the_peer_says(text in text()) {
        let measured = measure(&text);
        // The peer says one part for no text at all.
        let parts = measured.segments.max(1);
        prop_assert_eq!((parts, measured.units), peer(&text));
    }

    #[test]
    fn more_text_never_takes_fewer_segments(text in text(), more in text()) {
        let longer = [text.as_str(), &more].concat();
        prop_assert!(measure(&longer).segments >= measure(&text).segments);
    }

    #[test]
    fn offending_letters_stand_where_they_are_said_to(text in text()) {
        let measured = measure(&text);
        prop_assert_eq!(measured.encoding == Encoding::Gsm7, measured.offending.is_empty());
        let outside = text.chars().filter(|letter| encoder::septets(*letter).is_empty());
        prop_assert_eq!(outside.count(), measured.offending.iter().map(|one| one.times).sum::<usize>());
        for one in measured.offending {
            prop_assert_eq!(text.chars().nth(one.position), Some(one.letter));
            prop_assert!(!text.chars().take(one.position).any(|letter| letter == one.letter));
        }
    }
}

#[test]
fn the_lengths_at_which_another_segment_begins() {
    let take = |letter: &str, times: usize| measure(&letter.repeat(times)).segments;
    assert_eq!([0, 1, 160, 161, 306, 307, 459, 460].map(|times| take("a", times)), [0, 1, 1, 2, 2, 3, 3, 4]);
    assert_eq!([70, 71, 134, 135].map(|times| take("ê", times)), [1, 2, 2, 3]);
    // 76 pairs fill 152 of 153 septets, 33 fill 66 of 67 units: the last one is left empty.
    assert_eq!([80, 81, 152, 153].map(|times| take("€", times)), [1, 2, 2, 3]);
    assert_eq!([35, 36, 66, 67].map(|times| take("🔥", times)), [1, 2, 2, 3]);
}

#[test]
fn every_letter_of_unicode_is_judged_as_the_table_says() {
    let known = encoder::alphabet();
    assert_eq!(known.len(), 127 + 10);
    for letter in '\0'..=char::MAX {
        let measured = measure(letter.encode_utf8(&mut [0; 4]));
        let is_known = known.contains(&letter);
        assert_eq!(measured.encoding == Encoding::Gsm7, is_known, "{letter:?}");
        let units = if is_known { encoder::septets(letter).len() } else { letter.len_utf16() };
        assert_eq!((measured.units, measured.segments), (units, 1), "{letter:?}");
    }
}

/// Seven texts of a music programme as somebody in marketing wrote them.
const AS_WRITTEN: [&str; 7] = [
    "🎪 Salut [Prénom] ! Ton audit MONA est en cours...\nEn attendant : Léa (chanteuse, 2K followers) est passée de 45 à 87 pts en 3 mois avec MONA 390€ \n→ Résultat : sélectionnée pour SPARK Villa #6 ! \nTon tour bientôt ? 😉",
    "🔥 [Prénom], plus qu'1 créneau dispo demain 16h30 pour ton appel gratuit !\nThomas a décroché son 1er sponsor après notre call... \nTon tour ? \n[LIEN BOOKING] ⏰",
    "Salut [Prénom] ! 👋\nAs-tu pu te connecter à ton dashboard MONA ?\nSi tu galères, réponds \"HELP\" et je t'aide en 2 min 😉\n[Coach]",
    "🚀 [Prénom], ton évolution impressionne !\nLisa (même profil que toi) vient de passer MONA 390€...\nRésultat : intro avec un A&R Universal hier 😱\nTu veux ses conseils perso ? Je peux vous connecter",
    "🔥 [Prénom], plus que 23h pour ta place MONA 390€...\nNina (même niveau que toi il y a 3 mois) vient de signer avec un label indie 🎵\nElle me dit : \"Best decision ever !\"\n[RÉSERVER MA PLACE]",
    "🎪 [Prénom], déjà 47 candidatures pour les prochaines villas SPARK !\nThomas (Villa #6) me dit : \"Game changer total, mon meilleur move career !\"\nTa candidature en 15 min : [LIEN]\nPlaces limitées ! ⚡",
    "[Prénom], dernière fois que je t'écris...\nTon comeback plan expire demain 😔\nMarc (même situation) est maintenant à 87 pts + villa SPARK prévue\nTes rêves méritent une 2ème chance non ?\n[COMEBACK PLAN] ou réponds STOP",
];

#[test]
fn what_marketing_wrote_costs_twice_what_it_must() {
    let mut prices = Vec::new();
    for text in AS_WRITTEN {
        let (before, offer) = (measure(text), transliterate(text, Loss::Sign));
        assert_eq!(before.encoding, Encoding::Ucs2);
        let letters: Vec<String> = before.offending.iter().map(ToString::to_string).collect();
        println!("{} segments, {} without {}", before.segments, offer.after.segments, letters.join("; "));
        prices.push((before.segments, offer.after.segments));
        assert!(offer.after.offending.is_empty());
    }
    let all = prices.iter().fold((0, 0), |sum, price| (sum.0 + price.0, sum.1 + price.1));
    println!("{} segments in all, {} without", all.0, all.1);
    assert_eq!(all, (22, 12));
}
