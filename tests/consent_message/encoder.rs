//! An encoder of its own, that writes the very octets: what 3GPP TS 23.038 and 23.040 say, from their tables.

/// TS 23.038 section 6.2.1, row by row of the code, 0x1B being the escape.
const TABLE: &str = concat!(
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\u{1B}ÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
);

/// TS 23.038 section 6.2.1.1.
const EXTENSION: [(char, u8); 10] = [
    ('\u{C}', 0x0A),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2F),
    ('[', 0x3C),
    ('~', 0x3D),
    (']', 0x3E),
    ('|', 0x40),
    ('€', 0x65),
];

/// What a short message carries, in octets.
const CARRIED: usize = 140;
/// What the header takes that puts segments together (TS 23.040 section 9.2.3.24.1).
const HEADER: usize = 6;

/// The septets of a letter, or nothing where the alphabet does not have it.
pub(super) fn septets(letter: char) -> Vec<u8> {
    if let Some((_, code)) = EXTENSION.iter().find(|(known, _)| *known == letter) {
        return vec![0x1B, *code];
    }
    let code = TABLE.chars().position(|known| known == letter && letter != '\u{1B}');
    code.map_or_else(Vec::new, |code| vec![u8::try_from(code).unwrap()])
}

/// The letters of the table and its extension.
pub(super) fn alphabet() -> Vec<char> {
    TABLE
        .chars()
        .filter(|letter| *letter != '\u{1B}')
        .chain(EXTENSION.iter().map(|(letter, _)| *letter))
        .collect()
}

/// The octets of septets: packed, after a header that is filled up to a whole septet.
fn packed(septets: &[u8], header: usize) -> usize {
    let bits = (header * 8).next_multiple_of(7) + septets.len() * 7;
    bits.div_ceil(8)
}

/// The octets of user data of every segment.
pub(super) fn encode(text: &str) -> Vec<usize> {
    if text.is_empty() {
        return Vec::new();
    }
    let letters: Vec<Vec<u8>> = text.chars().map(septets).collect();
    if letters.iter().all(|letter| !letter.is_empty()) {
        let all = letters.concat();
        if packed(&all, 0) <= CARRIED {
            return vec![packed(&all, 0)];
        }
        return fill(&letters, |part: &[u8]| packed(part, HEADER));
    }
    let letters: Vec<Vec<u16>> =
        text.chars().map(|letter| letter.encode_utf16(&mut [0; 2]).to_vec()).collect();
    let all = letters.concat();
    if all.len() * 2 <= CARRIED {
        return vec![all.len() * 2];
    }
    fill(&letters, |part: &[u16]| HEADER + part.len() * 2)
}

/// Fills one segment after the other; a letter is never torn.
fn fill<T: Copy>(letters: &[Vec<T>], size: impl Fn(&[T]) -> usize) -> Vec<usize> {
    let (mut segments, mut open) = (Vec::new(), Vec::new());
    for letter in letters {
        let filled = open.len();
        open.extend(letter);
        if size(&open) > CARRIED {
            segments.push(size(&open[..filled]));
            open.drain(..filled);
        }
    }
    segments.push(size(&open));
    segments
}
