//! What is printed.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::watch::{Change, Line, Standing, Watch};

// Writing to a String cannot fail, so these results are dropped.
macro_rules! line {
    ($page:expr, $($what:tt)*) => { let _ = writeln!($page, $($what)*); };
}
pub(crate) use line;

pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%a %e %b %H:%M").to_string()
}

/// What became of everybody's score, one after the other.
pub(crate) fn timelines(page: &mut String, watch: &Watch) {
    for (id, (_, lines)) in &watch.people {
        line!(page, "\n{id}");
        let mut rest = lines.as_slice();
        while let Some((first, later)) = rest.split_first() {
            // A long silence is one line.
            let run = rest.iter().take_while(|line| matches!(line.change, Change::Went(_))).count();
            if run > 1 {
                let last = &rest[run - 1];
                let took: i64 = rest[..run].iter().map(|line| line.change.went()).sum();
                let until = day(last.at);
                line!(page, "  {}  {:>4}  {took} by silence, until {until}", day(first.at), last.value);
                rest = &rest[run..];
                continue;
            }
            line!(page, "  {}  {:>4}  {}", day(first.at), first.value, said(first));
            rest = later;
        }
    }
}

fn said(line: &Line) -> String {
    let name = |tier: &Option<String>| tier.clone().unwrap_or_else(|| "no tier".into());
    match &line.change {
        Change::Tier { from: None, to } => format!("begins in {}", name(to)),
        Change::Tier { from, to } => format!("{} → {}", name(from), name(to)),
        Change::Reached(mark) => format!("+ {mark}"),
        Change::Over(mark) => format!("- {mark}"),
        Change::Went(points) => format!("{points} by silence"),
    }
}

/// Where everybody stands in the end.
pub(crate) fn table(page: &mut String, mona: &Watch, fit: &Watch) {
    line!(page, "\n{:<8}{:>5}  {:<18}{:>5}  {:<19}marks", "", "mona", "", "fit", "");
    for ((id, (mona, _)), (fit, _)) in mona.people.iter().zip(fit.people.values()) {
        let tier = |standing: &Standing| standing.tier.clone().unwrap_or_default();
        let row = format!(
            "{:<8}{:>5}  {:<18}{:>5}  {:<19}{}",
            id.to_string(),
            mona.value,
            tier(mona),
            fit.value,
            tier(fit),
            mona.marks.join(", ")
        );
        line!(page, "{}", row.trim_end());
    }
}
