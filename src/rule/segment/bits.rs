//! A bit for each place.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A bit for each place, by words. A single word lies beside whatever holds it: most programs need no more, and memory of its
/// own is dear to reach. It is written as the list of its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Bits {
    #[default]
    None,
    One(u64),
    Many(Vec<u64>),
}

impl Bits {
    /// So many places, none of them on.
    pub(super) fn off(places: usize) -> Self {
        vec![0; places.div_ceil(64)].into()
    }

    pub(super) fn words(&self) -> &[u64] {
        match self {
            Self::None => &[],
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::None
    }

    /// What it takes in memory of its own, in bytes.
    pub(super) fn size(&self) -> usize {
        if let Self::Many(words) = self { words.len() * 8 } else { 0 }
    }

    /// Whether the bit of a place is on.
    #[inline]
    pub(super) fn has(&self, place: usize) -> bool {
        bit(self.words(), place)
    }

    /// Turns the bit of a place on or off.
    #[inline]
    pub(super) fn put(&mut self, place: usize, on: bool) {
        let word = match self {
            Self::One(word) if place < 64 => Some(word),
            Self::Many(words) => words.get_mut(place / 64),
            _ => None,
        };
        let Some(word) = word else { return self.grow(place, on) };
        *word = if on { *word | (1 << (place % 64)) } else { *word & !(1 << (place % 64)) };
    }

    #[cold]
    fn grow(&mut self, place: usize, on: bool) {
        let mut words = self.words().to_vec();
        words.resize(place / 64 + 1, 0);
        if let Some(word) = words.last_mut() {
            *word |= u64::from(on) << (place % 64);
        }
        *self = words.into();
    }
}

#[inline]
pub(super) fn bit(bits: &[u64], place: usize) -> bool {
    bits.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
}

impl From<Vec<u64>> for Bits {
    fn from(words: Vec<u64>) -> Self {
        match words[..] {
            [] => Self::None,
            [word] => Self::One(word),
            _ => Self::Many(words),
        }
    }
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_bit_however_many_words_there_are() {
        let mut bits = Bits::default();
        for place in [3, 63, 64, 200] {
            assert!(!bits.has(place));
            bits.put(place, true);
            assert!(bits.has(place) && !bits.has(place + 1));
            assert_eq!(bits.words().len(), place / 64 + 1);
        }
        bits.put(63, false);
        assert_eq!(bits.words(), [8, 1, 0, 1 << 8]);
        assert_eq!([0, 1, 64, 65].map(|places| Bits::off(places).words().len()), [0, 1, 1, 2]);
    }

    #[test]
    fn it_is_written_as_the_list_of_its_words() {
        for text in ["[]", "[0]", "[7]", "[7,0]"] {
            let bits: Bits = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&bits).unwrap(), text);
        }
    }
}
