//! Puts segments behind those that they ask.

use std::collections::BTreeMap;

use super::author::Author;
use super::compile::{Read, asks};
use super::settle::index;
use crate::model::Name;

/// Sorts by how deep each asks, then by name; a circle is named as a whole.
pub(super) fn order(read: Vec<Read>, author: &mut Author<'_>) -> Option<Vec<Read>> {
    let leaves = &author.leaves.list;
    let asked = |read: &Read| -> Vec<Name> {
        let leaves = read.leaves.iter().filter_map(|leaf| leaves.get(index(*leaf)));
        leaves.filter_map(|leaf| asks(&leaf.ask).map(Into::into)).collect()
    };
    let others: BTreeMap<Name, Vec<Name>> =
        read.iter().map(|read| (read.name.clone(), asked(read))).collect();
    let mut depths: BTreeMap<Name, usize> = BTreeMap::new();
    while depths.len() < others.len() {
        let before = depths.len();
        for (name, asked) in &others {
            if depths.contains_key(name) {
                continue;
            }
            let below: Option<Vec<_>> = asked.iter().map(|other| depths.get(other).copied()).collect();
            if let Some(below) = below {
                depths.insert(name.clone(), below.into_iter().max().map_or(0, |deepest| deepest + 1));
            }
        }
        if depths.len() == before {
            let circle = circle(&others, &depths);
            let first = circle.first().cloned().unwrap_or_else(|| "".into());
            let mut names: Vec<&str> = circle.iter().map(|name| &**name).collect();
            names.push(&first);
            let sentence = format!("segments ask each other in a circle: {}", names.join(" asks "));
            return author.wrong(
                "S025",
                &format!("{first}/where"),
                sentence,
                "let one of them ask something else",
            );
        }
    }
    let mut read = read;
    read.sort_by_cached_key(|read| (depths.get(&read.name).copied(), read.name.clone()));
    Some(read)
}

/// Whoever is left asks somebody who is left, so that following them comes back.
fn circle(others: &BTreeMap<Name, Vec<Name>>, depths: &BTreeMap<Name, usize>) -> Vec<Name> {
    let is_left = |name: &&Name| !depths.contains_key(*name);
    let mut path: Vec<Name> = others.keys().find(is_left).cloned().into_iter().collect();
    while let Some(next) = path.last().and_then(|last| others.get(last)?.iter().find(is_left)) {
        if let Some(place) = path.iter().position(|name| name == next) {
            return path.split_off(place);
        }
        path.push(next.clone());
    }
    path
}
