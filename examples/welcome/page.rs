//! The page that is printed: a timeline for each contact, everybody at a glance, the totals.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use journeyman::journey::JourneyDefinition;
use journeyman::time::Zone;

use crate::facts::{Cell, Ended, Passage, Send, What, sends};
use crate::story::Story;

const QUOTED: usize = 64;
const CELL: usize = 12;

pub(crate) fn print(passages: &[Passage], story: &Story, journey: &JourneyDefinition) -> String {
    let sends = sends(journey);
    let mut page = String::new();
    header(&mut page, passages, story, journey);
    for passage in passages {
        timeline(&mut page, passage, &sends);
    }
    at_a_glance(&mut page, passages, &sends);
    totals(&mut page, passages, &sends);
    page
}

// Writing to a String cannot fail, so these results are dropped.
macro_rules! line {
    ($page:expr, $($what:tt)*) => { let _ = writeln!($page, $($what)*); };
}

fn header(page: &mut String, passages: &[Passage], story: &Story, journey: &JourneyDefinition) {
    let home = journey.zone.as_deref().and_then(|zone| Zone::named(zone).ok()).unwrap_or_else(Zone::utc);
    let start = home.local(story.start).format("%A %-d %B %Y");
    line!(page, "{} version {}: {} contacts, from {start}", journey.journey, journey.version, passages.len());
    line!(page, "Hours are local to each contact, in France where no offset is shown.");
    if let Some(day) = clocks_change(&home, story.start) {
        line!(page, "The clocks of France change on {}: 09:00 stays 09:00.", day.format("%A %-d %B"));
    }
}

fn timeline(page: &mut String, passage: &Passage, sends: &[Send]) {
    let Passage { id, name, city, case, .. } = passage;
    let who = match (name, city) {
        _ if passage.erased => "(erased)",
        (Some(name), Some(city)) => &format!("{name}, {city}"),
        (None, Some(city)) => &format!("(no name), {city}"),
        _ => "(no name)",
    };
    line!(page, "\n{who} · {id} · {case}");
    if passage.erased {
        line!(page, "  Name, addresses, steps and texts are gone.");
        line!(
            page,
            "  {} messages had left before; {} consent records stay as proof.",
            passage.sent.len(),
            passage.proof
        );
    }
    for entry in &passage.lines {
        let at = local(&passage.zone, entry.at);
        let send = entry.send.and_then(|send| sends.get(send));
        let send = send.map_or(String::new(), |send| format!("{:<5}  {:<9}  ", send.channel, send.node));
        let what = match &entry.what {
            What::Entered => "signs up".to_owned(),
            What::Said(words) => format!("« {} »", excerpt(words)),
            What::Held(until, why) => format!("held back until {}: {why}", local(&passage.zone, *until)),
            What::NotSaid(why) => format!("not sent: {why}"),
            What::Withdrew(what) | What::Ended(what) => what.clone(),
        };
        line!(page, "  {at}  {send}{what}");
    }
    if let Ended::Not(Some(until)) = passage.ended {
        line!(page, "  {}  next step", local(&passage.zone, until));
    }
}

fn at_a_glance(page: &mut String, passages: &[Passage], sends: &[Send]) {
    line!(page, "\nAt a glance (+: held back by quiet hours for so long; ·: not reached; ?: forgotten)");
    let row = |page: &mut String, who: [&str; 2], cells: &[String], end: &str| {
        let cells: String = cells.iter().map(|cell| format!("{cell:<CELL$}")).collect();
        line!(page, "{}", format!("  {:<8}{:<8}{cells}{end}", who[0], who[1]).trim_end());
    };
    let nodes: Vec<String> = sends.iter().map(|send| send.node.clone()).collect();
    let whens: Vec<String> = sends.iter().map(|send| format!("{} {}", send.channel, send.when)).collect();
    row(page, ["", ""], &nodes, "");
    row(page, ["", ""], &whens, "end");
    for passage in passages {
        let cells: Vec<String> = passage.cells.iter().map(|cell| in_a_word(cell, passage)).collect();
        let end = match &passage.ended {
            Ended::At(at, how) => format!("{how}, {}", day(&passage.zone, *at)),
            Ended::Not(Some(until)) => format!("next step {}", day(&passage.zone, *until)),
            Ended::Not(None) => "waits".to_owned(),
            Ended::Erased => "erased".to_owned(),
            Ended::NeverEntered => "not in the journey".to_owned(),
        };
        let name = passage.name.as_deref().unwrap_or("–");
        row(page, [name, passage.id.as_str()], &cells, &end);
    }
}

fn in_a_word(cell: &Cell, passage: &Passage) -> String {
    match cell {
        Cell::NotReached if passage.erased => "?".to_owned(),
        Cell::NotReached => "·".to_owned(),
        Cell::Held(_) => "held back".to_owned(),
        Cell::Waiting => "waiting".to_owned(),
        Cell::Sent { late } if late.is_zero() => "sent".to_owned(),
        Cell::Sent { late } => format!("sent +{}", duration(*late)),
        Cell::NotSent(why) => (*why).to_owned(),
    }
}

fn totals(page: &mut String, passages: &[Passage], sends: &[Send]) {
    let channels = crate::CHANNELS;
    let mut rows: BTreeMap<(u8, String), [usize; 2]> = BTreeMap::new();
    let mut count = |rank: u8, what: &str, channel: &str| {
        if let Some(column) = channels.iter().position(|name| *name == channel) {
            rows.entry((rank, what.to_owned())).or_default()[column] += 1;
        }
    };
    for passage in passages {
        for channel in &passage.sent {
            count(0, "sent", channel);
            if passage.erased {
                count(2, "  of them to people erased since", channel);
            }
        }
        for (cell, send) in passage.cells.iter().zip(sends) {
            match cell {
                Cell::Sent { late } if !late.is_zero() => {
                    count(1, "  of them held back by quiet hours", &send.channel)
                }
                Cell::NotSent(why) => count(4, &format!("not sent: {why}"), &send.channel),
                Cell::Held(_) | Cell::Waiting => count(3, "held back or waiting now", &send.channel),
                _ => {}
            }
        }
    }
    line!(page, "\n{:<38}{:>5}{:>7}", "Messages", channels[0], channels[1]);
    for ((_, what), counts) in &rows {
        let [email, sms] = counts.map(|count| if count == 0 { "–".to_owned() } else { count.to_string() });
        line!(page, "  {what:<36}{email:>5}{sms:>7}");
    }
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for passage in passages {
        let end = match &passage.ended {
            Ended::At(_, how) => how.clone(),
            Ended::Not(_) => "in the journey".to_owned(),
            Ended::Erased => "erased".to_owned(),
            Ended::NeverEntered => "not in the journey".to_owned(),
        };
        *ends.entry(end).or_default() += 1;
    }
    line!(page, "\n{:<38}{:>5}", "People", passages.len());
    let mut ends: Vec<_> = ends.into_iter().collect();
    ends.sort_by_key(|(_, people)| std::cmp::Reverse(*people));
    for (end, people) in ends {
        line!(page, "  {end:<36}{people:>5}");
    }
}

/// The first day on which local clocks jump, within two weeks.
fn clocks_change(zone: &Zone, start: DateTime<Utc>) -> Option<NaiveDate> {
    let offset = |at: DateTime<Utc>| zone.local(at) - at.naive_utc();
    let mut days = (0..14).map(|day| start + TimeDelta::days(day));
    days.find(|day| offset(*day) != offset(*day + TimeDelta::days(1))).map(|day| zone.local(day).date())
}

/// `Mon 23 Mar 10:12`, with the offset where it is not that of France.
fn local(zone: &Zone, at: DateTime<Utc>) -> String {
    let offset = match zone.local(at) - at.naive_utc() {
        _ if format!("{zone:?}") == "Europe/Paris" => String::new(),
        offset => {
            let sign = if offset < TimeDelta::zero() { '-' } else { '+' };
            let minutes = offset.num_minutes().abs();
            format!(" {sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    format!("{}{offset}", zone.local(at).format("%a %d %b %H:%M"))
}

fn day(zone: &Zone, at: DateTime<Utc>) -> String {
    zone.local(at).format("%a %-d %b").to_string()
}

fn duration(span: TimeDelta) -> String {
    match (span.num_hours(), span.num_minutes() % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h{minutes:02}"),
    }
}

fn excerpt(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= QUOTED {
        return words;
    }
    let cut: String = words.chars().take(QUOTED).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{} …", cut.trim_end_matches([',', ' ', ':']))
}
