//! What an explanation says was seen.

use super::answer::View;
use super::bucket::lot;
use super::leaf::Ask;
use super::stream::Stream;
use super::{count, number};
use crate::model::Value;

/// What an explanation says was seen.
pub(super) fn saw(ask: &Ask, view: &View<'_>) -> String {
    let facts = &view.seen.facts;
    let value =
        |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"));
    let times = |count: usize| format!("{count} event(s)");
    match ask {
        Ask::Attribute(ask) => value(facts.contact.attributes.get(&ask.name)),
        Ask::Score { score, .. } => facts.score(score).to_string(),
        Ask::Tier { score, .. } => value(facts.tier(score).as_ref()),
        Ask::Count { stream, window, .. } | Ask::Message { stream, window, .. } => {
            times(count::times(view.stream(*stream), *window, view.clock))
        }
        Ask::Kinds { stream, window, .. } => {
            format!("{} value(s)", count::kinds(view.stream(*stream), *window, view.clock))
        }
        Ask::Number { stream, window, of, .. } => {
            let folded = number::folded(view.stream(*stream), *window, *of, view.clock);
            let number = folded.number(*of);
            number.map_or_else(|| "nothing".to_owned(), |number| number.normalize().to_string())
        }
        Ask::First { stream, .. } => match view.stream(*stream) {
            Stream::Tally(_, first, _) => at(*first),
            _ => "nothing".to_owned(),
        },
        Ask::Last { stream, .. } => match view.stream(*stream) {
            Stream::Tally(_, _, last) => at(*last),
            _ => "nothing".to_owned(),
        },
        Ask::Ranked { by, line } => {
            let line = line.as_ref().map_or_else(
                || "no line".to_owned(),
                |line| format!("the line {} is at {}", line.edition, line.value),
            );
            let value = view.rank(by).map_or_else(|| "no value".to_owned(), |value| value.to_string());
            format!("{value}, {line}")
        }
        Ask::Bucket { salt, .. } => lot(salt, &facts.contact.id).to_string(),
        Ask::Sequence { first, then, .. } => {
            format!("{} and {} event(s)", view.times(*first).len(), view.times(*then).len())
        }
        Ask::Held { stream, .. } => match view.stream(*stream) {
            Stream::Since(since) => format!("so since {}", at(*since)),
            _ => "not so".to_owned(),
        },
        _ => if ask.holds(view) { "yes" } else { "no" }.to_owned(),
    }
}

/// An instant as people read it.
pub(super) fn at(at: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at)
        .map_or_else(|| at.to_string(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
