//! A million artists in segments, and four of them as time passes.
//!
//! ```text
//! cargo run --release --example segments
//! ```
//!
//! The YAML files are the segments: genre, place, engagement, history, what somebody can spend and wants, the four tiers, the
//! programme's own audience, and some that only time moves. First a million people are drawn into an [`Audience`] and every
//! segment is sized, with one draft and its distribution (20,000, where the build is not optimised). Then four of them live for a hundred days on a real SQLite file, in
//! virtual time: who enters and who leaves, at which instant and why, two journeys that this opens, and an explanation.

#![allow(clippy::disallowed_methods)] // it shows how long it took

mod crowd;
#[path = "../common/file.rs"]
mod file;
mod page;
mod people;
mod story;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::machine::{MoveCause, Signal};
use journeyman::model::ContactId;
use journeyman::port::store::Definition;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::rule::segment::SegmentDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::{Clock, Engine, Store};

use file::File;
use page::{day, line, millions};
use story::Story;

/// Every segment, a file for each question that it answers.
const FILES: [&str; 10] = [
    include_str!("genre.yaml"),
    include_str!("place.yaml"),
    include_str!("engagement.yaml"),
    include_str!("history.yaml"),
    include_str!("capacity.yaml"),
    include_str!("goals.yaml"),
    include_str!("mona.yaml"),
    include_str!("tiers.yaml"),
    include_str!("campaign.yaml"),
    include_str!("moments.yaml"),
];

const MAILS: [(&str, &str); 3] = [
    ("missed", "We have not seen you for two months."),
    ("again", "Your place is still here."),
    ("invite", "You are ready: here is your invitation."),
];

fn main() -> Result<(), Box<dyn Error>> {
    let now: DateTime<Utc> = "2026-03-02T00:00:00Z".parse()?;
    let mut segments: Vec<SegmentDefinition> = Vec::new();
    for file in FILES {
        segments.extend(parse_yaml::<Vec<SegmentDefinition>>(file)?);
    }

    let (mut page, begun) = (String::new(), Instant::now());
    let audience = crowd::draw(now)?;
    let bytes = audience.bytes() as u64;
    line!(
        &mut page,
        "{} people drawn and told of in {:.1} s",
        millions(crowd::PEOPLE),
        begun.elapsed().as_secs_f64()
    );
    line!(&mut page, "{} MB, {} bytes a person", bytes / 1_000_000, bytes / crowd::PEOPLE);
    crowd::sizes(&mut page, &audience, &segments, now)?;
    crowd::draft(&mut page, &audience, &parse_yaml(include_str!("draft.yaml"))?, &segments, now)?;
    drop(audience);

    let file = File::fresh("segments");
    futures::executor::block_on(live(&mut page, &file.0, segments, now))?;
    line!(&mut page, "\nAll of it took {:.1} s", begun.elapsed().as_secs_f64());
    // A reader that has gone away is no error.
    let _ = std::io::stdout().write_all(page.as_bytes());
    Ok(())
}

/// Four people live for a hundred days.
async fn live(
    page: &mut String,
    file: &Path,
    segments: Vec<SegmentDefinition>,
    start: DateTime<Utc>,
) -> Result<(), Box<dyn Error>> {
    let (clock, end) = (ManualClock::new(start), start + TimeDelta::days(100));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::builder(file).clock(Arc::new(clock.clone())).open()?);
    let email = RecordingChannel::new("email");
    let engine =
        Engine::builder(store).channel(email.clone()).purpose("marketing").purpose("tracking").build();
    let mut definitions: Vec<Definition> =
        vec![ScoreDefinition::new("mona", include_str!("../scoring/mona.rhai")).into()];
    definitions.extend(MAILS.map(|(name, text)| TemplateDefinition::new(name).text(text).into()));
    definitions.extend(segments.into_iter().map(Definition::Segment));
    let journeys: Vec<JourneyDefinition> = parse_yaml(include_str!("journeys.yaml"))?;
    definitions.extend(journeys.into_iter().map(Definition::from));
    engine.publish(definitions).await?;

    let mut story = Story::new(start);
    story.introduce(&engine).await?;
    line!(page, "\nFour people from {} to {}, in UTC", day(start), day(end));
    loop {
        story.tell(&engine, clock.now()).await?;
        let tick = engine.tick().await?;
        for signal in &tick.signals {
            if let Signal::Moved { contact, segment, inside, at, cause, .. } = signal {
                let sign = if *inside { '+' } else { '-' };
                line!(
                    page,
                    "  {}  {:<6} {sign} {:<30} {}",
                    day(*at),
                    contact.to_string(),
                    segment.to_string(),
                    why(cause)
                );
            }
        }
        let next = [tick.next_wake, story.next()].into_iter().flatten().min();
        match next.filter(|next| *next <= end) {
            Some(next) => clock.set(next),
            None => break,
        }
    }

    line!(page, "\nMails");
    for sent in email.sent() {
        let at = sent.message.decided_at;
        line!(page, "  {}  {:<6} {}", day(at), sent.message.contact.to_string(), sent.content.plain());
    }
    line!(page, "\nSizes, as the store counts them");
    for segment in engine.segments().await?.iter().filter(|segment| segment.size > 0) {
        line!(page, "  {:<32}{}", segment.segment.to_string(), segment.size);
    }
    line!(page, "\nWhy lea is in `campagne`, or is not");
    for row in engine.explain_segment(&ContactId::from("lea"), "campagne").await?.to_string().lines() {
        line!(page, "  {row}");
    }
    Ok(())
}

fn why(cause: &MoveCause) -> &'static str {
    match cause {
        MoveCause::Input(_) => "by what was told",
        MoveCause::Clock => "by the clock",
        _ => "by definition",
    }
}
