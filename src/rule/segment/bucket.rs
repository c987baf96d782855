//! A split of all contacts that is the same for ever.

use crate::model::{ContactId, derive};

/// The lot of a contact in the split of this name, from 0 to 99: spread evenly, and the same for ever.
///
/// ```
/// use journeyman::rule::segment::lot;
/// assert_eq!(lot("spring", &"lea".into()), lot("spring", &"lea".into()));
/// assert!(lot("spring", &"lea".into()) < 100);
/// ```
#[must_use]
pub fn lot(salt: &str, contact: &ContactId) -> u8 {
    let id = derive("segment bucket", &[salt.as_bytes(), contact.as_str().as_bytes()]);
    let fine = id.iter().take(8).fold(0_u64, |fine, byte| (fine << 8) | u64::from(*byte));
    // The high half of the product is below 100.
    u8::try_from((u128::from(fine) * 100) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_spread_evenly_and_never_change() {
        let mut found = [0_u32; 100];
        for number in 0..20_000 {
            found[usize::from(lot("a", &format!("c{number}").into()))] += 1;
        }
        assert!(found.iter().all(|count| (120..=290).contains(count)), "{found:?}");
        // Golden: a change here moves everybody of every host into another part.
        assert_eq!([lot("a", &"c1".into()), lot("a", &"c2".into()), lot("b", &"c1".into())], [80, 74, 45]);
    }
}
