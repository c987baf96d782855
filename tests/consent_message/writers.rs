//! Texts as people, and nobody, would write them.

use proptest::prelude::*;
use proptest::sample::select;

use super::encoder::alphabet;

/// Letters of which texts are made: plain ones, dear ones, pairs, and the whole of Unicode.
pub(super) fn letter() -> impl Strategy<Value = char> {
    prop_oneof![
        6 => select(('a'..='z').collect::<Vec<_>>()),
        3 => select(alphabet()),
        1 => select(vec!['€', '[', ']', '{', '\u{C}', '|']),
    ]
}

/// Letters drawn from one seed, for texts of hundreds of them.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn drawn(seed: &mut u64, plain: &[char], kind: u8) -> char {
    let pick = |from: &[char], by: u64| from[by as usize % from.len()];
    let dear = ['ê', '🔥', '’', '\u{202F}', '€', '['];
    match (kind, draw(seed) % 10) {
        (0 | 1, 0) => pick(&['€', '[', ']', '{', '\u{C}', '|'], draw(seed)),
        (2, 0) => pick(&dear, draw(seed)),
        (3, 0..=4) => '🔥',
        (3, 5..=7) => char::from_u32(draw(seed) as u32 % 0x11_0000).unwrap_or('x'),
        _ => pick(plain, draw(seed)),
    }
}

/// Texts around the lengths at which another segment begins.
pub(super) fn text() -> impl Strategy<Value = String> {
    let length =
        prop_oneof![0_usize..30, 30_usize..37, 60_usize..80, 125_usize..165, 295_usize..330, 450_usize..480];
    let plain = alphabet();
    (length, 0_u8..4, any::<u64>()).prop_map(move |(length, kind, mut seed)| {
        (0..length).map(|_| drawn(&mut seed, &plain, kind)).collect()
    })
}
