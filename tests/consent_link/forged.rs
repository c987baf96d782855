//! No text but the very one that was signed is believed: millions of seeded mutations.

use std::collections::BTreeSet;

use journeyman::link::{LinkKeys, Token};
use journeyman::model::{Fingerprint, MessageId};

/// A generator of our own, small and the same for ever (splitmix64).
struct Lot(u64);

impl Lot {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn write(bytes: &[u8]) -> String {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)).collect();
    let letter =
        |six: &[u8]| six.iter().fold(0, |word, bit| word << 1 | usize::from(*bit)) << (6 - six.len());
    bits.chunks(6).map(|six| char::from(LETTERS[letter(six)])).collect()
}

fn read(text: &str) -> Vec<u8> {
    let value = |letter: u8| LETTERS.iter().position(|other| *other == letter).unwrap() as u8;
    let bits: Vec<u8> =
        text.bytes().flat_map(|letter| (0..6).rev().map(move |bit| (value(letter) >> bit) & 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |word, bit| word << 1 | bit)).collect()
}

fn tokens() -> Vec<Token> {
    let message = MessageId::from_bytes([3; 16]);
    let address = Some(Fingerprint::from_bytes([5; 16]));
    let unsubscribe = |contact: &str, purpose: &str, epoch| Token::Unsubscribe {
        contact: contact.into(),
        purpose: purpose.into(),
        channel: "email".into(),
        address,
        epoch,
    };
    vec![
        unsubscribe("lea", "marketing", 1),
        unsubscribe("lea", "marketing", 2),
        unsubscribe("zoe", "marketing", 1),
        unsubscribe("lea", "service", 1),
        unsubscribe("", "", 0),
        Token::Preferences { contact: "lea".into(), channel: "email".into(), address },
        Token::Preferences { contact: "lea".into(), channel: "sms".into(), address: None },
        Token::Click { message, link: 0 },
        Token::Click { message, link: 1 },
        Token::Open { message },
    ]
}

/// A text that somebody could have made of those that were signed.
fn mutation(lot: &mut Lot, originals: &[String], bytes: &[Vec<u8>]) -> String {
    let (own, other) = (lot.below(originals.len()), lot.below(originals.len()));
    let mut own_bytes = bytes[own].clone();
    let length = own_bytes.len();
    match lot.below(12) {
        // One bit, or a few.
        0 | 1 => {
            for _ in 0..=lot.below(3) {
                own_bytes[lot.below(length)] ^= 1 << lot.below(8);
            }
        }
        // One byte anew.
        2 => own_bytes[lot.below(length)] = lot.draw() as u8,
        // Cut off, before or behind.
        3 => own_bytes.truncate(lot.below(length)),
        4 => drop(own_bytes.drain(..=lot.below(length - 1))),
        // Longer than it was.
        5 => own_bytes.extend((0..=lot.below(20)).map(|_| lot.draw() as u8)),
        6 => own_bytes.insert(lot.below(length), lot.draw() as u8),
        // Another kind, another key, another version, under the same seal.
        7 => own_bytes[lot.below(3)] = lot.below(8) as u8,
        // The fields of one under the seal of another.
        8 => {
            let seal = bytes[other].len() - 16;
            own_bytes.truncate(length - 16);
            own_bytes.extend(&bytes[other][seal..]);
        }
        // Spliced somewhere.
        9 => {
            own_bytes.truncate(lot.below(length));
            own_bytes.extend(&bytes[other][lot.below(bytes[other].len())..]);
        }
        // The text itself.
        10 => {
            let mut text = originals[own].clone().into_bytes();
            let place = lot.below(text.len());
            text[place] = match lot.below(3) {
                0 => LETTERS[lot.below(64)],
                1 => text[place] ^ 0x20,
                _ => b"=+/.%~ \n\0"[lot.below(9)],
            };
            return String::from_utf8_lossy(&text).into_owned();
        }
        _ => {
            let text = &originals[own];
            let cut = lot.below(text.len());
            return match lot.below(4) {
                0 => text[..cut].to_owned(),
                1 => text[cut..].to_owned() + &text[..cut],
                2 => format!("{text}{}", ["=", "==", "A", "AA", "\n", " ", "%00"][lot.below(7)]),
                _ => format!("{}{}", &text[..cut], &originals[other][originals[other].len().min(cut)..]),
            };
        }
    }
    write(&own_bytes)
}

#[test]
fn consent_no_mutation_of_a_token_is_believed() {
    let count: usize = std::env::var("JOURNEYMAN_MUTATIONS").map_or(200_000, |count| count.parse().unwrap());
    let keys = LinkKeys::new(2, [9; 32]).former(1, [7; 32]).former(3, [1; 32]);
    // Of the key that signs, of a former one, and of one that nobody has.
    let signed = |keys: &LinkKeys| tokens().iter().map(|token| keys.sign(token)).collect::<Vec<_>>();
    let mut originals = signed(&LinkKeys::new(2, [9; 32]));
    originals.extend(signed(&LinkKeys::new(1, [7; 32])));
    let good: BTreeSet<String> = originals.iter().cloned().collect();
    assert!(good.iter().all(|text| keys.verify(text).is_some()));
    originals.extend(signed(&LinkKeys::new(2, [8; 32])));
    let bytes: Vec<Vec<u8>> = originals.iter().map(|text| read(text)).collect();
    assert!(originals.iter().zip(&bytes).all(|(text, bytes)| write(bytes) == *text), "the reading is right");

    let mut lot = Lot(0x6c69_6e6b);
    let (mut tried, mut same) = (0_usize, 0_usize);
    while tried < count {
        let text = mutation(&mut lot, &originals, &bytes);
        // What a mutation happened to leave as it was is believed, and is no mutation.
        if good.contains(&text) {
            assert!(keys.verify(&text).is_some());
            same += 1;
            continue;
        }
        assert_eq!(keys.verify(&text), None, "{text}");
        tried += 1;
    }
    println!("{tried} mutations, none believed; {same} that changed nothing");
    assert!(same < count / 10, "most of them are mutations: {same}");
}
