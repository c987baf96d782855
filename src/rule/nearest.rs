//! The name that an author most likely meant.

/// The longest name that is compared with others.
const MOST_COMPARED: usize = 48;

/// The name that an author most likely meant: the nearest by edit distance, if it is near at all.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    if length > MOST_COMPARED {
        return None;
    }
    let limit = (length / 3).max(1);
    known
        .filter(|other| other.chars().count().abs_diff(length) <= limit)
        .filter_map(|other| Some((edit_distance(name, other, limit)?, other)))
        .min()
        .map(|(_, other)| other)
}

/// How many letters must change, two that swapped their places counted once; `None` where it is above the limit.
fn edit_distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut before = None;
    for (i, letter) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let mut distance = (row[j] + usize::from(letter != *other)).min(row[j + 1] + 1).min(next[j] + 1);
            if j > 0 && before == Some(*other) && letter == b[j - 1] {
                distance = distance.min(above[j - 1] + 1);
            }
            next.push(distance);
        }
        if next.iter().chain(&row).all(|distance| *distance > limit) {
            return None;
        }
        above = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    Some(row[b.len()]).filter(|distance| *distance <= limit)
}
