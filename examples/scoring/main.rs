//! Six artists and two scores: what they do (`mona.rhai`) and whom the programme is for (`fit.rhai`).
//!
//! ```text
//! cargo run --example scoring
//! ```
//!
//! `contacts.yaml` are the artists, `events.jsonl` what is told of them over six weeks: some of it late, some of it twice. Time is
//! moved by hand from one instant of interest to the next, on a real SQLite file, so that every crossing is seen at its own
//! instant. `journeys.yaml` sends a mail when a score says so, and `broken.rhai` shows what a mistake is answered with.

#[path = "../common/file.rs"]
mod file;
mod page;
mod story;
mod watch;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::model::ContactId;
use journeyman::port::store::Definition;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::score::ScoreDefinition;
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::{Clock, Engine, Store};

use file::File;
use page::{day, line};
use story::Story;
use watch::Watch;

const MAILS: [(&str, &str); 5] = [
    ("invitation", "You are ready: here is your invitation."),
    ("milestone", "Half way there, well done."),
    ("help", "Nothing moved for two weeks. Shall we talk?"),
    ("more", "What a week! Go on like this."),
    ("come_back", "We have not heard from you for a month."),
];

fn main() -> Result<(), Box<dyn Error>> {
    let file = File::fresh("scoring");
    let page = futures::executor::block_on(run(&file.0))?;
    // A reader that has gone away is no error.
    let _ = std::io::stdout().write_all(page.as_bytes());
    Ok(())
}

async fn run(file: &Path) -> Result<String, Box<dyn Error>> {
    let mut story = Story::read(include_str!("contacts.yaml"), include_str!("events.jsonl"))?;
    let end: DateTime<Utc> = "2026-04-20T00:00:00Z".parse()?;
    let clock = ManualClock::new(story.start());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::builder(file).clock(Arc::new(clock.clone())).open()?);
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(store).channel(email.clone()).purpose("coaching").build();

    let mut definitions: Vec<Definition> = vec![
        ScoreDefinition::new("mona", include_str!("mona.rhai")).into(),
        ScoreDefinition::new("fit", include_str!("fit.rhai")).into(),
    ];
    definitions.extend(MAILS.map(|(name, text)| TemplateDefinition::new(name).text(text).into()));
    let journeys: Vec<JourneyDefinition> = parse_yaml(include_str!("journeys.yaml"))?;
    definitions.extend(journeys.into_iter().map(Definition::from));
    engine.publish(definitions).await?;

    story.introduce(&engine).await?;
    let artists = story.artists();
    let (mut mona, mut fit) = (Watch::new("mona", &artists), Watch::new("fit", &artists));
    loop {
        let told = story.tell(&engine, clock.now()).await?;
        let tick = engine.tick().await?;
        mona.look(&engine, &told, clock.now()).await?;
        fit.look(&engine, &told, clock.now()).await?;
        let next = [tick.next_wake, story.next()].into_iter().flatten().min();
        match next.filter(|next| *next <= end) {
            Some(next) => clock.set(next),
            None => break,
        }
    }

    let mut page = String::new();
    line!(page, "Six artists from {} to {}, in UTC", day(story.start()), day(end));
    page::timelines(&mut page, &mona);
    page::table(&mut page, &mona, &fit);
    reasons(&mut page, &engine).await?;
    line!(page, "\nMails");
    for sent in email.sent() {
        let at = sent.message.decided_at;
        line!(page, "  {}  {:<6} {}", day(at), sent.message.contact.to_string(), sent.content.plain());
    }
    if let Err(error) = ScoreDefinition::new("broken", include_str!("broken.rhai")).compile() {
        line!(page, "\nA broken script");
        for problem in &error.diagnostics {
            line!(page, "  {}: {}", problem.place, problem.sentence);
            line!(page, "      {}", problem.next);
        }
    }
    Ok(page)
}

/// Why, who is first, and what next.
async fn reasons(page: &mut String, engine: &Engine) -> Result<(), Box<dyn Error>> {
    let id = |who: &str| ContactId::from(who);
    line!(
        page,
        "\nWhy lea has so many points of mona\n  {}",
        engine.explain_score(&id("lea"), "mona").await?
    );
    line!(page, "\nWhy karim fits\n  {}", engine.explain_score(&id("karim"), "fit").await?);
    line!(page, "\nWhat would raise nina");
    let advice = engine.advice(&id("nina"), "mona").await?;
    if let Some(advice) = advice {
        line!(page, "  {advice}");
    }
    line!(page, "\nThe three first");
    for rank in engine.leaderboard("mona", 3).await? {
        line!(page, "  {}. {} with {}", rank.rank, rank.contact, rank.value);
    }
    Ok(())
}
