//! A list that needs no memory of its own while it is short.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of which the first `N` items lie beside whatever holds it: most contacts keep few, and memory of its own is dear to
/// reach. It is written as any list is.
#[derive(Clone, Debug)]
pub(super) enum Kept<T, const N: usize> {
    /// So many of them count.
    Near(u8, [T; N]),
    Far(Vec<T>),
}

impl<T: Copy + Default, const N: usize> Kept<T, N> {
    /// A list of one item.
    pub(super) fn one(item: T) -> Self {
        let mut kept = Self::default();
        kept.insert(0, item);
        kept
    }

    /// Puts an item before the one of a place, or at the end.
    pub(super) fn insert(&mut self, place: usize, item: T) {
        match self {
            Self::Near(count, items) if usize::from(*count) < N => {
                let last = usize::from(*count);
                *count += 1;
                if let Some(moved) = items.get_mut(place.min(last)..=last) {
                    moved.rotate_right(1);
                    moved.first_mut().into_iter().for_each(|slot| *slot = item);
                }
            }
            Self::Near(_, items) => {
                let mut far = Vec::with_capacity(2 * N);
                far.extend_from_slice(items);
                far.insert(place.min(far.len()), item);
                *self = Self::Far(far);
            }
            Self::Far(items) => items.insert(place.min(items.len()), item),
        }
    }

    /// Forgets so many from a place on.
    pub(super) fn forget(&mut self, place: usize, many: usize) {
        let length = self.len();
        let place = place.min(length);
        let many = many.min(length - place);
        match self {
            Self::Near(count, items) => {
                if let Some(moved) = items.get_mut(place..length) {
                    moved.rotate_left(many);
                }
                *count = u8::try_from(length - many).unwrap_or(0);
            }
            Self::Far(items) => drop(items.drain(place..place + many)),
        }
    }

    /// The items, to be changed.
    pub(super) fn items(&mut self) -> &mut [T] {
        match self {
            Self::Near(count, items) => items.get_mut(..usize::from(*count)).unwrap_or_default(),
            Self::Far(items) => items,
        }
    }

    /// What it takes in memory of its own, in bytes.
    pub(super) fn size(&self) -> usize {
        if let Self::Far(items) = self { items.capacity() * size_of::<T>() } else { 0 }
    }
}

impl<T: Copy + Default, const N: usize> Default for Kept<T, N> {
    fn default() -> Self {
        Self::Near(0, [T::default(); N])
    }
}

impl<T, const N: usize> Deref for Kept<T, N> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Near(count, items) => items.get(..usize::from(*count)).unwrap_or_default(),
            Self::Far(items) => items,
        }
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Kept<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq, const N: usize> Eq for Kept<T, N> {}

impl<T: Copy + Default, const N: usize> From<Vec<T>> for Kept<T, N> {
    fn from(items: Vec<T>) -> Self {
        let mut near = [T::default(); N];
        match (near.get_mut(..items.len()), u8::try_from(items.len())) {
            (Some(slots), Ok(count)) => {
                slots.copy_from_slice(&items);
                Self::Near(count, near)
            }
            _ => Self::Far(items),
        }
    }
}

impl<T: Serialize, const N: usize> Serialize for Kept<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Copy + Default + Deserialize<'de>, const N: usize> Deserialize<'de> for Kept<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_it_is_the_list_that_a_vector_is() {
        let (mut kept, mut wanted) = (Kept::<i64, 3>::default(), Vec::new());
        for step in 0..9 {
            for place in 0..=wanted.len() {
                let (mut kept, mut wanted) = (kept.clone(), wanted.clone());
                kept.insert(place, 77);
                wanted.insert(place, 77);
                assert_eq!(*kept, *wanted, "{place}");
            }
            kept.insert(step / 2, step as i64);
            wanted.insert(step / 2, step as i64);
            assert_eq!(*kept, *wanted);
            assert_eq!(Kept::from(wanted.clone()), kept);
            assert_eq!(matches!(kept, Kept::Near(..)), wanted.len() <= 3);
            assert_eq!(serde_json::to_string(&kept).unwrap(), serde_json::to_string(&wanted).unwrap());
            for (place, many) in [(0, 1), (1, 1), (0, 3), (2, 9), (9, 1)] {
                let (mut kept, mut wanted) = (kept.clone(), wanted.clone());
                kept.forget(place, many);
                let from = place.min(wanted.len());
                wanted.drain(from..(from + many).min(wanted.len()));
                assert_eq!(*kept, *wanted, "{place} {many}");
                kept.items().reverse();
                wanted.reverse();
                assert_eq!(*kept, *wanted);
            }
        }
        let read: Kept<i64, 3> = serde_json::from_str("[1, 2, 3, 4]").unwrap();
        assert_eq!(*read, [1, 2, 3, 4]);
        assert_eq!((read.size(), Kept::<i64, 3>::one(7).size()), (32, 0));
    }
}
