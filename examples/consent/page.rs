//! What is printed.

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::rule::proof::{Proof, ProofReader, Said};

// Writing to a String cannot fail, so these results are dropped.
macro_rules! line {
    ($page:expr, $($what:tt)*) => { let _ = writeln!($page, $($what)*); };
}
pub(crate) use line;

/// Where Camille lives, which is an hour ahead in winter.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    (at + TimeDelta::hours(1)).format("%a %e %b %H:%M").to_string()
}

/// What a proof says, in a line for each event and one for all that was said and not said.
pub(crate) fn proof(proof: &Proof) -> Vec<String> {
    let mut lines: Vec<String> = proof
        .events
        .iter()
        .map(|event| {
            let what = event.record.purpose.as_deref().unwrap_or("everything");
            let channel = event.record.channel.as_deref().unwrap_or("every channel");
            let how = &event.record.evidence.source;
            format!("{}  {:<9} {what} by {channel}, {how}", day(event.event_time), &*event.event_state)
        })
        .collect();
    let count = |said| proof.decisions.iter().filter(|decision| decision.said == said).count();
    let (sent, not_sent, later) = (count(Said::Sent), count(Said::NotSent), count(Said::Deferred));
    lines.push(format!("{sent} messages sent, {not_sent} not sent, {later} put off, each with its reasons"));
    lines
}

/// In how many places one byte was changed, and how often a reader noticed.
pub(crate) fn forgeries(text: &str, reader: &ProofReader) -> (usize, usize) {
    let places = (0..text.len()).step_by(61);
    let changed = places.map(|place| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] ^= 1;
        reader.verify(&String::from_utf8_lossy(&bytes)).is_err()
    });
    changed.fold((0, 0), |(all, noticed), is_noticed| (all + 1, noticed + usize::from(is_noticed)))
}
