//! A journey that asks: a score from a webhook, an owner from a function, a telephone call from a person who answers a day
//! later. The webhook is a real one, on a port of this machine, in plain std.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use journeyman::channel::{FunctionChannel, RecordingChannel};
use journeyman::model::{Answer, ContactId, Evidence, Handover, MessageId, Outcome, Value};
use journeyman::port::Channel;
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

const JOURNEY: &str = r#"
journey: artist
version: 1
enter: { on: { event: signed_up } }
steps:
  - id: rate
    call:
      channel: webhook
      with: { campaign: spring }
      answer: { fit: integer }
      within: 10m
      results: [{ is: weak, goto: goodbye }]
      refused: goodbye
      otherwise: goodbye
  - { id: coach, assign: { role: coach, channel: team, within: 10m } }
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding, from: { owner: coach, otherwise: team } } }
  - id: phone
    hand_over:
      channel: desk
      ask: call_back
      within: 2d
      results: [{ is: reached, goto: done }]
  - { id: again, send: { channel: email, template: missed, purpose: onboarding, from: { owner: coach, otherwise: team } } }
  - { id: done, exit: talked }
  - { id: goodbye, exit: not_now }
"#;

/// Posts a call as JSON and reads the answer from the reply. A blocking request keeps this example short; use your HTTP
/// client's own futures, with a timeout below [`Channel::deadline`].
struct Webhook(SocketAddr);

impl Webhook {
    fn post(&self, key: MessageId, body: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.0)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let host = self.0;
        let size = body.len();
        write!(
            stream,
            "POST /calls HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n\
             Content-Length: {size}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        Ok((status, body))
    }
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let (Some(call), Some(contact)) = (handover.call(), handover.contact) else {
            return Outcome::Refused { reason: "it takes calls alone".into() };
        };
        let body = serde_json::json!({
            "ask": call.ask, "with": call.with, "contact": contact.id, "attributes": contact.attributes,
        });
        match self.post(handover.message.id, &body.to_string()) {
            Ok((200, body)) => match serde_json::from_str::<Answer>(&body) {
                Ok(answer) => Outcome::Answered(answer),
                Err(_) => Outcome::Refused { reason: "the reply is no answer".into() },
            },
            Ok((202, _)) => Outcome::Accepted, // it is taken, and Engine::answer follows
            Ok((400..500, _)) => Outcome::Refused { reason: "the request is refused".into() },
            Ok(_) => Outcome::Retry { after: None },
            // Nobody knows whether it was heard; the key makes asking again safe.
            Err(_) => Outcome::Unknown,
        }
    }

    fn honours_ids(&self) -> bool {
        true
    }
}

/// The other side: a server that is down at first, then rates whoever is asked about by the number of followers.
fn serve(listener: TcpListener) {
    for (turn, stream) in listener.incoming().enumerate() {
        let Ok(mut stream) = stream else { return };
        let mut reader = BufReader::new(&stream);
        let (mut line, mut size) = (String::new(), 0);
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some(length) = line.strip_prefix("Content-Length: ") {
                size = length.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut body = vec![0; size];
        if reader.read_exact(&mut body).is_err() {
            continue;
        }
        let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        println!("  POST /calls {asked}");
        let followers = asked["attributes"]["followers"].as_i64().unwrap_or(0);
        let result = if followers >= 1_000 { "good" } else { "weak" };
        let answer = serde_json::json!({ "result": result, "values": { "fit": followers / 50 } });
        let (status, reply) =
            if turn == 0 { ("503 Busy", String::new()) } else { ("200 OK", answer.to_string()) };
        println!("  {}", format!("{status} {reply}").trim_end());
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close", reply.len());
        write!(stream, "{head}\r\n\r\n{reply}").ok();
    }
}

/// What is on somebody's list.
type Tasks = Arc<Mutex<Vec<(ContactId, MessageId)>>>;

/// A list of tasks for people: it takes a call at once, and somebody answers when it is done.
struct Desk(Tasks);

#[async_trait]
impl Channel for Desk {
    fn name(&self) -> &str {
        "desk"
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let Some(call) = handover.call() else { return Outcome::Refused { reason: "no call".into() } };
        let (contact, id) = (handover.message.contact.clone(), handover.message.id);
        println!("  a task for the desk: {} {contact}", call.ask);
        let mut tasks = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The same id may come again and is the same task.
        if !tasks.iter().any(|(_, known)| *known == id) {
            tasks.push((contact, id));
        }
        Outcome::Accepted
    }

    fn honours_ids(&self) -> bool {
        true
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let webhook = Webhook(listener.local_addr()?);
    std::thread::spawn(move || serve(listener));

    let team = FunctionChannel::new("team", |call, contact| async move {
        let north = contact.attributes.get("city") == Some(&Value::from("Lille"));
        println!("  who is the {:?} of {}?", call.with["role"], contact.id);
        Outcome::Answered(Answer::of(if north { "ana" } else { "ben" }))
    });
    let (tasks, email) = (Tasks::default(), RecordingChannel::new("email"));
    let clock = ManualClock::new("2026-03-24T09:00:00Z".parse()?);
    let store = MemoryStore::builder().clock(Arc::new(clock.clone())).build();
    let engine = Engine::builder(Arc::new(store))
        .channel(webhook)
        .channel(team)
        .channel(Desk(tasks.clone()))
        .channel(email.clone())
        .build();
    let hello = TemplateDefinition::new("hello")
        .text("Bonjour ! {{ contact.owner_coach }} vous appelle ({{ contact.fit }}).");
    let missed = TemplateDefinition::new("missed").text("Quand puis-je vous rappeler ?");

    futures::executor::block_on(async {
        let journey = Journey::from_yaml(JOURNEY)?;
        engine.publish([hello.into(), missed.into(), journey.into()]).await?;
        for (id, city, followers) in [("lea", "Lille", 4_000), ("tom", "Lyon", 2_500), ("zoe", "Paris", 30)] {
            let contact = Contact::new(id).attribute("city", city).attribute("followers", followers);
            engine.identify(contact.address("email", format!("{id}@example.org"))).await?;
            let evidence = Evidence::new("signup", "v1");
            engine.consent(Consent::granted(id, "onboarding", "email", evidence)).await?;
        }
        for id in ["lea", "tom", "zoe"] {
            println!("{id} signs up");
            engine.track(Event::new(id, "signed_up")).await?;
            // The first request fails and follows again; some minutes are enough for everything that is answered at once.
            for _ in 0..6 {
                engine.tick().await?;
                clock.advance(TimeDelta::minutes(1));
            }
        }

        println!("a day later lea is reached, and nobody reaches tom");
        clock.advance(TimeDelta::days(1));
        let list = std::mem::take(&mut *tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for (contact, asked) in list {
            if contact.as_str() == "lea" {
                let first = engine.answer(contact.clone(), asked, Answer::of("reached")).await?;
                let second = engine.answer(contact, asked, Answer::of("not_reached")).await?;
                println!("  the first answer counts: {first}, the second one: {second}");
            }
        }
        while let Some(next) = engine.tick().await?.next_wake {
            clock.set(next);
        }

        println!("what was said, and how it ended");
        for sent in email.sent() {
            let from = sent.content.from.as_deref().unwrap_or("nobody");
            println!("  {from} to {}: {}", sent.to, sent.content.plain());
        }
        for id in ["lea", "tom", "zoe"] {
            let steps = engine.store().steps(&id.into()).await?;
            println!("  {id}: {:?}", steps.last().map(|step| &step.outcome));
        }
        Ok(())
    })
}
