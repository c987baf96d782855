//! The million, in columns: how many are in each segment, and what a draft would hold.

use std::error::Error;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::audience::{Audience, By};
use journeyman::model::{Attributes, ContactId, Value};
use journeyman::rule::segment::SegmentDefinition;
use journeyman::time::Zone;

use crate::page::{line, millions};
use crate::people::{DOES, Draw, Mould};

/// How many artists there are.
pub(crate) const PEOPLE: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

const YEAR: u64 = 365 * 24 * 60 * 60 * 1_000;

/// Draws everybody and what they did in a year.
pub(crate) fn draw(now: DateTime<Utc>) -> Result<Audience, Box<dyn Error>> {
    let (mut audience, mut draw) = (Audience::new(Zone::utc()), Draw::new(2026));
    let mould = Mould::new(now)?;
    for number in 0..PEOPLE {
        audience.put(&mould.contact(number, &mut draw));
    }
    let nothing = Attributes::new();
    for number in 0..PEOPLE {
        let id = ContactId::from(format!("c-{number}"));
        // Who does much does much of everything; some have not come for long.
        let zeal = draw.below(3);
        let asleep = if draw.chance(25) { 70 * YEAR / 365 } else { 0 };
        for (event, often) in DOES {
            for _ in 0..draw.below(often * zeal + 1) {
                let ago = asleep + draw.below(YEAR - asleep) * draw.below(100) / 100;
                let at = now - TimeDelta::milliseconds(ago as i64);
                let amount =
                    || Attributes::from([("amount".into(), Value::Integer(20 + (ago % 280) as i64))]);
                let properties = if event == "purchase" { &amount() } else { &nothing };
                audience.hear(&id, event, properties, at);
            }
        }
    }
    audience.tidy();
    Ok(audience)
}

/// How many are in each segment, and what a draft would hold.
pub(crate) fn sizes(
    page: &mut String,
    audience: &Audience,
    segments: &[SegmentDefinition],
    now: DateTime<Utc>,
) -> Result<(), Box<dyn Error>> {
    line!(page, "\nEvery segment, of {} people", millions(audience.len() as u64));
    for segment in segments {
        match audience.draft(segment, segments) {
            Ok(draft) => {
                let begun = Instant::now();
                let size = audience.size(&draft, now);
                let took = begun.elapsed().as_secs_f64() * 1_000.0;
                line!(page, "  {:<32}{:>12}  {took:>7.2} ms", segment.segment, millions(size));
            }
            Err(problems) => {
                let problem = &problems.diagnostics[0];
                line!(page, "  {:<32}{:>12}  {}", segment.segment, "-", problem.next);
            }
        }
    }
    Ok(())
}

/// A draft that nobody has saved, and who it would hold.
pub(crate) fn draft(
    page: &mut String,
    audience: &Audience,
    draft: &SegmentDefinition,
    segments: &[SegmentDefinition],
    now: DateTime<Utc>,
) -> Result<(), Box<dyn Error>> {
    let (begun, draft) = (Instant::now(), audience.draft(draft, segments)?);
    let size = audience.size(&draft, now);
    let first: Vec<String> = audience.members(&draft, now).take(3).map(|id| id.to_string()).collect();
    let by = [By::attribute("genre"), By::tier("mona"), By::score_decile("mona")];
    let distribution = audience.distribution(&draft, &by, now);
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    line!(page, "\nA draft, with its members and their distribution in {took:.1} ms");
    line!(page, "  {} people, such as {}", millions(size), first.join(", "));
    for row in distribution.to_string().lines() {
        line!(page, "  {row}");
    }
    Ok(())
}
