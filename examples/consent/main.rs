//! The consents of one contact: asked twice, used within caps and hours, taken back, proved, forgotten.
//!
//! ```text
//! cargo run --example consent
//! ```
//!
//! Camille plays the piano and signs up at a small music school. `journeys.yaml` and `templates.yaml` are what the school
//! says, [`policy`] is what it holds itself to. Time is moved by hand, on a real SQLite file.

#[path = "../common/file.rs"]
mod file;
mod page;
mod story;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use journeyman::channel::RecordingChannel;
use journeyman::engine::Inbound;
use journeyman::journey::{JourneyDefinition, parse_yaml};
use journeyman::link::LinkKeys;
use journeyman::model::{Evidence, FingerprintKey, How, Import, ImportRow};
use journeyman::port::store::Definition;
use journeyman::rule::law::Profile;
use journeyman::rule::proof::{Controller, ProofKey};
use journeyman::rule::{Cap, OptOut, Policy, Purpose, TemplateDefinition};
use journeyman::store::SqliteStore;
use journeyman::testing::ManualClock;
use journeyman::time::{Span, Zone};
use journeyman::{Clock, Consent, Contact, Engine, Event, Store};

use file::File;
use page::{day, line};
use story::Story;

/// The words beside the box that is ticked.
const WORDS: &str = "Oui, écrivez-moi sur les cours et les concerts de l'atelier.";
/// What must not be found in the file once Camille is forgotten.
const TRACES: [&str; 3] = ["Aubertin-Delmas", "camille@exemple.fr", "+33639987142"];

fn main() -> Result<(), Box<dyn Error>> {
    let file = File::fresh("consent");
    let page = futures::executor::block_on(run(&file.0))?;
    // A reader that has gone away is no error.
    let _ = std::io::stdout().write_all(page.as_bytes());
    Ok(())
}

fn policy() -> Result<Policy, Box<dyn Error>> {
    Ok(Policy::new("atelier-1")
        .purpose(Purpose::contract("inscription"))
        .purpose(Purpose::consent("marketing").confirmed())
        .cap(Cap::new("hebdo", 2, Span::days(7)).for_purpose("marketing"))
        .profile(Profile::named("fr")?)
        .at_home("FR")
        .opt_out(OptOut::france().words("STOP au 36111")))
}

/// Out of a vault, in a program that is not an example.
const KEY: FingerprintKey = FingerprintKey::new([3; 32]);

async fn run(file: &Path) -> Result<String, Box<dyn Error>> {
    let clock = ManualClock::new("2027-01-04T09:00:00Z".parse()?);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::builder(file).clock(Arc::new(clock.clone())).open()?);
    let (email, sms) = (RecordingChannel::new("email"), RecordingChannel::new("sms"));
    let engine = Engine::builder(store)
        .channel(email.clone())
        .channel(sms.clone())
        .policy(policy()?)
        .fingerprint_key(KEY)
        .links(LinkKeys::new(1, [5; 32]), "https://atelier.exemple.fr/l".parse()?)
        .zone(Zone::named("Europe/Paris")?)
        .build();
    let templates: Vec<TemplateDefinition> = parse_yaml(include_str!("templates.yaml"))?;
    let journeys: Vec<JourneyDefinition> = parse_yaml(include_str!("journeys.yaml"))?;
    let mut definitions: Vec<Definition> = templates.into_iter().map(Definition::from).collect();
    definitions.extend(journeys.into_iter().map(Definition::from));
    engine.publish(definitions).await?;

    let mut story = Story::new(engine, clock, email, sms);
    asked_twice(&mut story).await?;
    a_week(&mut story).await?;
    stopped(&mut story).await?;
    proved(&mut story).await?;
    forgotten(&mut story, file).await?;
    Ok(story.page)
}

async fn asked_twice(story: &mut Story) -> Result<(), Box<dyn Error>> {
    story.chapter("A form is sent, and what it asks for is confirmed");
    let camille = Contact::new("c-1042").attribute("prenom", "Camille").attribute("nom", TRACES[0]);
    let camille = camille.address("email", TRACES[1]).address("sms", TRACES[2]);
    let (engine, asked_at) = (story.engine.clone(), story.clock.now());
    engine.identify(camille).await?;
    for channel in ["email", "sms"] {
        let box_ticked = Evidence::new("form", "notice-2027-01").showing(WORDS).by(How::Checkbox);
        let asked = Consent::requested("c-1042", "marketing", channel, box_ticked.in_language("fr"));
        engine.consent(asked.id("form-1")).await?;
    }
    engine.track(Event::new("c-1042", "form.sent").id("form-1")).await?;
    story.tick().await?;
    story.allowed().await?;

    story.until("2027-01-04T09:12:00Z").await?;
    for (channel, how, address) in [("email", How::Link, TRACES[1]), ("sms", How::Keyword, TRACES[2])] {
        let evidence =
            Evidence::new("confirmation", "notice-2027-01").showing(WORDS).by(how).in_language("fr");
        let evidence = evidence.confirming("form-1", asked_at);
        let yes = Consent::granted("c-1042", "marketing", channel, evidence);
        // What she confirmed from this mailbox and this telephone holds for no later ones.
        engine.consent(yes.for_address(KEY.fingerprint(channel, address))).await?;
    }
    engine.track(Event::new("c-1042", "address.confirmed").id("click-1")).await?;
    story.tick().await?;
    story.allowed().await
}

async fn a_week(story: &mut Story) -> Result<(), Box<dyn Error>> {
    story.chapter("An exercise ends in the evening, and an SMS waits for the morning");
    story.until("2027-01-05T20:40:00Z").await?;
    story.tell("exercise.done").await?;
    story.why("bravo", "bravo").await?;
    story.until("2027-01-06T12:00:00Z").await?;

    story.chapter("A third message in the week is over the cap");
    story.until("2027-01-07T17:00:00Z").await?;
    story.tell("concert.announced").await?;
    story.why("concert", "invitation").await?;
    story.until("2027-01-12T12:00:00Z").await
}

async fn stopped(story: &mut Story) -> Result<(), Box<dyn Error>> {
    story.chapter("STOP, while a message is in the outbox");
    story.until("2027-01-13T11:00:00Z").await?;
    let event = Event::new("c-1042", "seats.open").id("seats.open");
    story.engine.track(event).await?;
    story.engine.advance().await?; // decided and written down; it has not left
    let waiting = story.newest().await?;
    let (at, handed_over) = (day(story.clock.now()), story.handed_over());
    line!(story.page, "  {at}  seats.open: an SMS is in the outbox, {:?}", waiting.status);
    let stop = Inbound::new("c-1042", "sms", "Stop svp, merci 🙏").id("SM-81").from_address(TRACES[2]);
    let reading = story.engine.receive(&stop.at(story.clock.now())).await?;
    line!(story.page, "  {at}  \"Stop svp, merci 🙏\" comes in, read as {}", reading.word());
    story.until("2027-01-14T11:00:00Z").await?;
    story.tick().await?;
    line!(
        story.page,
        "  {}  handed over since: {}",
        day(story.clock.now()),
        story.handed_over() - handed_over
    );
    let why = story.engine.why(&"c-1042".into(), waiting.message.id).await?;
    line!(story.page, "  why?  {}", why.sentence);
    story.allowed().await
}

async fn proved(story: &mut Story) -> Result<(), Box<dyn Error>> {
    story.chapter("Proof, read by somebody without the database");
    let atelier = Controller::new("Atelier du Fond", "vie-privee@atelier.exemple.fr").jurisdiction("FR");
    let key = ProofKey::new([11; 32]);
    let text = story.engine.proof(&"c-1042".into(), &atelier).await?.signed(&key).to_json();
    let reader = key.reader();
    for row in page::proof(&reader.verify(&text)?) {
        line!(story.page, "  {row}");
    }
    let (changed, noticed) = page::forgeries(&text, &reader);
    line!(story.page, "  one byte changed in {changed} places: refused {noticed} times");
    Ok(())
}

async fn forgotten(story: &mut Story, file: &Path) -> Result<(), Box<dyn Error>> {
    story.chapter("Forgotten, and brought back by a file");
    let (engine, camille) = (story.engine.clone(), "c-1042".into());
    let was_found = traces(file)? > 0;
    engine.erase(&camille).await?;
    let found = traces(file)?;
    line!(
        story.page,
        "  personal values were found in the database file: {was_found}; after the erasure: {found}"
    );
    let atelier = Controller::new("Atelier du Fond", "vie-privee@atelier.exemple.fr");
    let proof = engine.proof(&camille, &atelier).await?;
    let is_whole = proof.verify().is_ok();
    line!(
        story.page,
        "  what was allowed stays as proof: {} events, unbroken: {is_whole}",
        proof.events.len()
    );

    let row = |id: &str| {
        ImportRow::new(Contact::new(id).attribute("prenom", "Camille").address("email", TRACES[1]))
    };
    let imported = engine.import(Import::new("old-list").row(row("c-1042")).row(row("c-2048"))).await?;
    line!(story.page, "  an old list: {} row refused as erased, {} taken in", imported.erased, imported.kept);
    if let Err(error) = engine.identify(Contact::new("c-1042")).await {
        line!(story.page, "  telling of c-1042 again: {error}");
    }
    let claimed = Evidence::new("old list", "unknown").by(How::Import);
    engine.consent(Consent::imported("c-2048", "marketing", "email", claimed)).await?;
    // The second one is owed, and needs no yes: nothing else reaches the address any more.
    for (event, journey, node) in
        [("concert.announced", "concert", "invitation"), ("form.sent", "inscription", "adresse")]
    {
        engine.track(Event::new("c-2048", event)).await?;
        line!(story.page, "  {}  {event}, of c-2048 from the old list", day(story.clock.now()));
        story.tick().await?;
        story.why_of("c-2048", journey, node).await?;
    }
    Ok(())
}

/// How often a personal value stands in the database, its log included.
fn traces(file: &Path) -> Result<usize, Box<dyn Error>> {
    let mut found = 0;
    for ending in ["", "-wal"] {
        let mut name = file.to_owned().into_os_string();
        name.push(ending);
        let bytes = std::fs::read(name).unwrap_or_default();
        for trace in TRACES {
            found += bytes.windows(trace.len()).filter(|window| *window == trace.as_bytes()).count();
        }
    }
    Ok(found)
}
