//! Which names of steps Mermaid reads as the id of a node.

/// Words that begin a statement of Mermaid, or that JavaScript gives a meaning to.
const WORDS: [&str; 21] = [
    "graph",
    "flowchart",
    "subgraph",
    "end",
    "style",
    "linkstyle",
    "classdef",
    "class",
    "click",
    "href",
    "call",
    "default",
    "interpolate",
    "direction",
    "acctitle",
    "accdescr",
    "constructor",
    "prototype",
    "tostring",
    "valueof",
    "hasownproperty",
];

/// Whether the name of a step can be the id of a node wherever Mermaid reads it.
pub(super) fn is_plain(name: &str) -> bool {
    let parts = || name.split('-');
    let letters = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let small = name.to_ascii_lowercase();
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && parts().all(letters)
        && !WORDS.iter().any(|word| small.starts_with(word))
        && !["style", "classdef"].iter().any(|word| small.contains(word))
}
