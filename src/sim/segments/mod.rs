//! The segments of the simulator, and their judge: what every commit says of them is compared with a plain evaluation of the
//! whole log of the person, which shares no code with the crate's own.

#[cfg(test)]
mod agrees;
mod judge;
mod order;
mod plain;
mod rest;
mod rules;

pub(crate) use judge::Sorted;
pub(crate) use rules::{definitions, version_of};
