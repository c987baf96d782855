//! The GSM 7 bit default alphabet and its extension, 3GPP TS 23.038 sections 6.2.1 and 6.2.1.1.

/// How many septets a letter takes: one, two by way of the escape, none where the alphabet does not have it.
pub(super) const fn septets(letter: char) -> Option<usize> {
    match letter {
        '\u{C}' | '[' | '\\' | ']' | '^' | '{' | '|' | '}' | '~' | '€' => Some(2),
        '\n' | '\r' | ' '..='_' | 'a'..='z' => Some(1),
        '¡' | '£' | '¤' | '¥' | '§' | '¿' | 'Ä' | 'Å' | 'Æ' | 'Ç' | 'É' | 'Ñ' | 'Ö' | 'Ø' | 'Ü' | 'ß'
        | 'à' | 'ä' | 'å' | 'æ' | 'è' | 'é' | 'ì' | 'ñ' | 'ò' | 'ö' | 'ø' | 'ù' | 'ü' | 'Γ' | 'Δ' | 'Θ'
        | 'Λ' | 'Ξ' | 'Π' | 'Σ' | 'Φ' | 'Ψ' | 'Ω' => Some(1),
        _ => None,
    }
}

/// Whether every letter is of the alphabet.
pub(super) fn holds(text: &str) -> bool {
    text.chars().all(|letter| septets(letter).is_some())
}
