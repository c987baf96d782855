//! A conversation: replies are routed by their keyword, by the message that they answer and by what was said before; what
//! no journey understands goes to a person. Each word is read before any journey hears it, and a STOP is in force at once.

use std::sync::Arc;

use chrono::TimeDelta;
use journeyman::channel::{FunctionChannel, RecordingChannel};
use journeyman::engine::{Inbound, Returned};
use journeyman::model::{Answer, Evidence, Outcome};
use journeyman::port::Clock;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::inbound::Keywords;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

/// An offer with two buttons: `oui` books, `non` is a refusal that withdraws. Anything else goes to a person, who has the
/// answer; then the contact says how that was.
const OFFER: &str = r#"
journey: offer
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: ask, send: { channel: sms, template: offer, purpose: marketing } }
  - id: reply
    wait_for:
      any:
        - { keyword: oui, channel: sms, goto: book }
        - { keyword: non, channel: sms, goto: refused }
        - { event: message.received, where: { journey: offer, reading: { one_of: [text, help] } }, goto: person }
      within: 2d
      otherwise: silent
  - { id: book, emit: { event: call.booked } }
  - { id: booked, exit: booked }
  - { id: refused, withdraw: { channel: sms, purpose: marketing } }
  - { id: declined, exit: declined }
  - id: person
    hand_over:
      channel: desk
      ask: answer_the_question
      within: 2m
      hours: { open: "Mon-Fri 09:00-18:00", zone: Europe/Paris, holidays: FR-MET }
      results: [{ is: solved, goto: resolved }]
      otherwise: silent
  - { id: open, exit: unresolved }
  - { id: resolved, emit: { event: conversation.resolved } }
  - { id: how, send: { channel: sms, template: how, purpose: service } }
  - id: rating
    wait_for:
      any:
        - { keyword: ["4", "5"], channel: sms, goto: happy }
        - { keyword: ["1", "2", "3"], channel: sms, goto: unhappy }
      within: 1d
      otherwise: silent
  - { id: happy, emit: { event: satisfaction.rated, properties: { good: true } }, goto: silent }
  - { id: unhappy, emit: { event: satisfaction.rated, properties: { good: false } } }
  - { id: silent, exit: over }
"#;

/// Two minutes in which the team is there are over, and nobody answered: whoever is on duty is asked.
const OVERDUE: &str = r#"
journey: overdue
version: 1
reenter: always
enter: { on: { event: hand_over.overdue } }
steps:
  - { id: duty, hand_over: { channel: desk, ask: somebody_please, within: 4h } }
"#;

/// What may be a STOP is one already; a person reads it, and more carefully where somebody had talked with us before.
const UNCLEAR: &str = r#"
journey: unclear
version: 1
reenter: always
enter: { on: { event: message.unclear } }
steps:
  - id: history
    branch:
      when: [{ if: { performed: conversation.resolved }, goto: coach }]
      else: team
  - { id: coach, hand_over: { channel: desk, ask: call_a_friend, within: 4h }, goto: done }
  - { id: team, hand_over: { channel: desk, ask: read_it, within: 4h } }
  - { id: done, exit: read }
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sms = RecordingChannel::new("sms");
    // The desk knows until when its answer counts, and does not get round to Zoé.
    let desk = FunctionChannel::new("desk", |call, contact| async move {
        let due = call.due_at.map(|due| format!(", due at {}", due.format("%H:%M UTC"))).unwrap_or_default();
        println!("  the desk: {} for {}{due}", call.ask, contact.id);
        match contact.id.as_str() {
            "zoe" => Outcome::Accepted,
            _ => Outcome::Answered(Answer::of("solved")),
        }
    });
    let clock = ManualClock::new("2026-03-24T09:00:00Z".parse()?);
    let store = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
    let keywords = Keywords::default().brand("Studio Harmonie");
    let engine =
        Engine::builder(Arc::new(store)).channel(sms.clone()).channel(desk).keywords(keywords).build();

    futures::executor::block_on(async {
        let offer = TemplateDefinition::new("offer").text("A call this week? OUI or NON. STOP to end.");
        let how = TemplateDefinition::new("how").text("How was that, from 1 to 5?");
        engine.publish([offer.into(), how.into()]).await?;
        for journey in [OFFER, UNCLEAR, OVERDUE] {
            engine.publish([Journey::from_yaml(journey)?.into()]).await?;
        }
        for (number, name) in ["lea", "lou", "tom", "zoe", "noe"].into_iter().enumerate() {
            engine.identify(Contact::new(name).address("sms", format!("+3363998000{number}"))).await?;
            for purpose in ["marketing", "service"] {
                engine
                    .consent(Consent::granted(name, purpose, "sms", Evidence::new("form", "2026-03")))
                    .await?;
            }
            engine.track(Event::new(name, "signed_up")).await?;
        }
        engine.tick().await?;
        println!("{} offers", sms.sent().len());

        for (name, text) in [
            ("lea", "Oui, merci !"),
            ("lou", "NON"),
            ("tom", "C'est à quelle heure, et combien de temps ?"),
            ("tom", "5 :-)"),
            ("tom", "please stop texting me"),
            ("zoe", "STOP Studio Harmonie"),
            ("zoe", "start"),
            ("zoe", "AIDE"),
        ] {
            clock.advance(TimeDelta::minutes(5));
            println!("{name} writes {text:?}");
            let reading = engine.receive(&Inbound::new(name, "sms", text).at(clock.now())).await?;
            println!("  read as {}", reading.word());
            engine.tick().await?;
        }
        let gone = Returned::new("sms", "twilio", "30005").contact("noe").address("+33639980004");
        println!("noe's number: {}", engine.bounced(&gone).await?.word());
        clock.advance(TimeDelta::minutes(5));
        engine.tick().await?;

        for name in ["lea", "lou", "tom", "zoe"] {
            let known = engine.store().contact(&name.into()).await?.ok_or("known")?.state;
            let allows = known.cold.standing.allows("marketing", "sms", None);
            let events = [
                "call.booked",
                "conversation.resolved",
                "satisfaction.rated",
                Engine::UNCLEAR,
                "hand_over.overdue",
            ];
            let heard: Vec<&str> =
                events.into_iter().filter(|event| known.hot.performed.tally(event).is_some()).collect();
            println!("{name}: marketing by SMS {allows}; {}", heard.join(", "));
        }
        let forbidden = engine.store().forbidden(&"noe".into(), &"sms".into(), &"service".into()).await?;
        println!("noe: suppressed {}", forbidden.suppressed);
        Ok(())
    })
}
