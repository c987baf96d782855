//! I13 and I14: what is not allowed is not tracked, at the hit too, and what a machine does counts for nothing.

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::link::Request;
use journeyman::machine::{Input, InputKind, Withdrawal};
use journeyman::model::{Content, Import, ImportRow};
use journeyman::port::store::Receipt;
use journeyman::rule::{EventSchema, PropertyType, TemplateDefinition};
use journeyman::{Consent, Contact, Error, Event};

use super::{BASE, Host, PHONE, evidence, hosts, news, own_links, unsubscribe};

/// The links that lead on, and the picture.
pub(super) async fn tracked(host: &Host, content: &Content) -> (Vec<String>, String) {
    let (mut clicks, mut picture) = (Vec::new(), String::new());
    for link in own_links(content) {
        let response = host.engine.visit(&Request::new("HEAD", &link)).await;
        match response.status {
            302 => clicks.push(link),
            _ if response.header("content-type") == Some("image/gif") => picture = link,
            _ => {}
        }
    }
    (clicks, picture)
}

/// The events that visits became, in order.
async fn events(host: &Host, contact: &str) -> Vec<Event> {
    let mail = host.store.inputs(&contact.into(), 0, u64::MAX >> 1).await.unwrap();
    let events = mail.into_iter().filter_map(|envelope| match envelope.kind {
        InputKind::Event(event) if event.name.starts_with("message.") => Some(event),
        _ => None,
    });
    events.collect()
}

/// A visit of a person, and the time in which a scanner would show itself.
async fn follow(host: &Host, link: &str) -> journeyman::link::Response {
    let response = host.visit("GET", link, "").await;
    host.clock.advance(TimeDelta::seconds(3));
    host.engine.settle_visits().await.unwrap();
    response
}

#[test]
fn consent_nothing_is_tracked_that_was_not_allowed() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing"]).await;
            let content = host.send("lea").await.unwrap();
            assert!(content.links.is_empty());
            let html = content.html.as_deref().unwrap();
            assert!(!html.contains("<img"), "{html}");
            // Byte for byte what the template says, but for the one variable.
            let (before, after) = html.split_once("https:&#x2f;&#x2f;go.example.org").unwrap();
            let template = news().html.unwrap();
            let (own, rest) = template.split_once("{{ link.preferences }}").unwrap();
            assert_eq!(before, own);
            assert!(after.ends_with(rest));
            assert!(
                content.plain().starts_with("Look: https://shop.example/a. Enough: "),
                "{}",
                content.plain()
            );
        });
    }
}

#[test]
fn consent_clicks_and_openings_of_people_become_events() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let content = host.send("lea").await.unwrap();
            assert_eq!(content.links, ["https://shop.example/a", "https://shop.example/b?x=1&y=2"]);
            let html = content.html.as_deref().unwrap();
            assert!(html.contains("href=\"https://example.org/legal\" rel"), "legal links stay: {html}");
            let (clicks, picture) = tracked(&host, &content).await;
            assert_eq!(clicks.len(), 2);
            host.clock.advance(TimeDelta::minutes(1));
            let mut led = Vec::new();
            for link in &clicks {
                // Twice is once.
                for _ in 0..2 {
                    let response = follow(&host, link).await;
                    assert_eq!(
                        (response.status, response.header("referrer-policy")),
                        (302, Some("no-referrer"))
                    );
                    led.push(response.header("location").unwrap().to_owned());
                }
            }
            led.sort();
            led.dedup();
            assert_eq!(led, content.links);
            assert_eq!(follow(&host, &picture).await.header("content-type"), Some("image/gif"));
            let events = events(&host, "lea").await;
            let mut names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
            names.sort_unstable();
            assert_eq!(names, ["message.clicked", "message.clicked", "message.opened"], "{}", host.name);
            let id = host.email.sent()[0].message.id.to_string();
            assert!(events.iter().all(|event| event.properties["message"] == id.as_str().into()));
            assert!(events.iter().all(|event| event.at.unwrap() < host.store.clock().now()));
        });
    }
}

#[test]
fn consent_i13_what_a_provider_tells_is_asked_for_as_what_the_engine_sees() {
    const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1)";
    for host in hosts() {
        block_on(async {
            let opened = |contact: &str| Event::new(contact, "message.opened");
            // Nobody allowed it; a stranger did not either, and is not made known by it.
            host.meet("noe", &["marketing"]).await;
            assert!(!host.engine.track(opened("noe")).await.unwrap(), "{}", host.name);
            assert!(!host.engine.track(opened("tom")).await.unwrap(), "{}", host.name);
            assert!(host.store.contact(&"tom".into()).await.unwrap().is_none(), "{}", host.name);
            host.meet("lea", &["marketing", "tracking"]).await;
            assert!(
                !host.engine.track(opened("lea")).await.unwrap(),
                "{}: her yes is not read yet",
                host.name
            );
            host.engine.tick().await.unwrap();
            let tell = async |event: Event| host.engine.track(event).await.unwrap();
            assert!(tell(opened("lea").id("o-1")).await, "{}", host.name);
            assert!(!tell(opened("lea").id("o-1")).await, "{}: told twice", host.name);
            // By the channel that it names.
            assert!(!tell(opened("lea").property("channel", "sms")).await, "{}", host.name);
            assert!(tell(opened("lea").property("channel", "email")).await, "{}", host.name);
            // What a program did counts for nothing.
            assert!(!tell(opened("lea").property("machine", true)).await, "{}", host.name);
            assert!(!tell(opened("lea").property("user_agent", CRAWLER)).await, "{}", host.name);
            assert!(!tell(opened("lea").property("user_agent", "Mozilla/5.0")).await, "{}", host.name);
            let clicked = Event::new("lea", "message.clicked");
            let by_phone = clicked.clone().property("user_agent", PHONE).property("machine", false);
            assert!(tell(by_phone).await, "{}", host.name);
            assert_eq!(events(&host, "lea").await.len(), 3, "{}", host.name);
            // Of many, each has its own answer; anything else is told as ever.
            let many = [opened("noe"), Event::new("noe", "app.login"), opened("lea")];
            let receipts = host.engine.append(many.map(Input::from).into()).await.unwrap();
            let kept = |receipt: &Receipt| matches!(receipt, Receipt::Kept { .. });
            assert_eq!(receipts[0], Receipt::Denied, "{}", host.name);
            assert!(kept(&receipts[1]) && kept(&receipts[2]), "{}: {receipts:?}", host.name);
            // Live: from the withdrawal on nothing more, before anybody has read it.
            let withdrawal = Withdrawal::of("lea", "tracking", "email", evidence());
            host.engine.withdraw(&withdrawal).await.unwrap();
            assert!(!tell(opened("lea").id("o-2")).await, "{}", host.name);
            host.engine.tick().await.unwrap();
            assert!(!tell(clicked).await, "{}", host.name);
            assert_eq!(events(&host, "noe").await, [], "{}", host.name);
            host.engine.erase(&"lea".into()).await.unwrap();
            let late = host.engine.track(opened("lea")).await;
            assert!(matches!(late, Err(Error::Erased { .. })), "{}: {late:?}", host.name);
        });
    }
}

#[test]
fn consent_i13_openings_of_an_import_are_asked_for_too() {
    for host in hosts() {
        block_on(async {
            let at = host.store.clock().now() - TimeDelta::days(30);
            let row = |contact: &str| {
                let event = |name: &str| Event::new(contact, name).at(at);
                ImportRow::new(Contact::new(contact))
                    .event(event("message.opened"))
                    .event(event("order.paid"))
                    .event(event("message.clicked").property("machine", true))
            };
            host.meet("lea", &["tracking"]).await;
            host.engine.tick().await.unwrap();
            let imported =
                host.engine.import(Import::new("old").row(row("lea")).row(row("noe"))).await.unwrap();
            assert_eq!((imported.kept, imported.untracked), (2, 3), "{}", host.name);
            host.engine.tick().await.unwrap();
            for (contact, opened) in [("lea", 1), ("noe", 0)] {
                let stored = host.store.contact(&contact.into()).await.unwrap().unwrap();
                let count =
                    |name: &str| stored.state.hot.performed.tally(name).map_or(0, |tally| tally.count);
                let counts = ["message.opened", "order.paid", "message.clicked"].map(count);
                assert_eq!(counts, [opened, 1, 0], "{}: {contact}", host.name);
            }
        });
    }
}

#[test]
fn consent_an_opening_that_violates_its_schema_is_refused_and_lies_nowhere() {
    for host in hosts() {
        block_on(async {
            let schema = EventSchema::new("message.opened", 1).requires("message", PropertyType::Text);
            host.engine.publish([schema.into()]).await.unwrap();
            host.meet("lea", &["tracking"]).await;
            host.engine.tick().await.unwrap();
            let told = host.engine.track(Event::new("lea", "message.opened")).await;
            assert!(matches!(told, Err(Error::Invalid { .. })), "{}: {told:?}", host.name);
            assert!(host.engine.aside(0, 10).await.unwrap().is_empty(), "{}", host.name);
            let event = Event::new("lea", "message.opened").property("message", "m-1");
            assert!(host.engine.track(event).await.unwrap(), "{}", host.name);
        });
    }
}

#[test]
fn consent_a_withdrawal_reaches_messages_that_were_sent_before() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let content = host.send("lea").await.unwrap();
            let (clicks, picture) = tracked(&host, &content).await;
            host.clock.advance(TimeDelta::minutes(1));
            // One visit waits while the withdrawal comes.
            host.visit("GET", &clicks[0], "").await;
            let withdrawal = Withdrawal::of("lea", "tracking", "email", evidence());
            host.engine.withdraw(&withdrawal).await.unwrap();
            // Before the withdrawal is read, and after.
            for _ in 0..2 {
                host.clock.advance(TimeDelta::seconds(9));
                for link in &clicks {
                    assert_eq!(follow(&host, link).await.status, 302, "people are led on all the same");
                }
                assert_eq!(follow(&host, &picture).await.status, 200);
                assert_eq!(events(&host, "lea").await, [], "{}", host.name);
                host.engine.tick().await.unwrap();
            }
            assert!(host.send("lea").await.unwrap().links.is_empty());
        });
    }
}

#[test]
fn consent_a_withdrawal_that_is_not_read_yet_keeps_the_message_plain() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            host.engine.track(Event::new("lea", "news")).await.unwrap();
            host.engine.advance().await.unwrap();
            let withdrawal = Withdrawal::of("lea", "tracking", "email", evidence());
            host.engine.withdraw(&withdrawal).await.unwrap();
            assert_eq!(host.engine.deliver().await.unwrap().accepted, 1);
            let content = host.email.sent().remove(0).content;
            assert!(content.links.is_empty() && !content.html.unwrap().contains("<img"), "{}", host.name);
        });
    }
}

#[test]
fn consent_machines_move_nothing() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let content = host.send("lea").await.unwrap();
            let (clicks, picture) = tracked(&host, &content).await;
            let all = [clicks.clone(), vec![picture.clone()]].concat();
            let before = host.all("lea").await;
            let visit = async |method: &str, link: &str, agent: Option<&str>| {
                let mut request = Request::new(method, link);
                request.user_agent = agent.map(str::to_owned);
                host.engine.visit(&request).await;
                host.clock.advance(TimeDelta::seconds(3));
                host.engine.settle_visits().await.unwrap();
            };
            // Within ten seconds of delivery.
            for link in &all {
                visit("GET", link, Some(PHONE)).await;
            }
            host.clock.advance(TimeDelta::minutes(1));
            for link in &all {
                for agent in [
                    None,
                    Some(""),
                    Some("Mozilla/5.0"),
                    Some("Mozilla/5.0 (compatible; bingbot/2.0)"),
                    Some("Mozilla/5.0 Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"),
                    Some("curl/8.14"),
                ] {
                    visit("GET", link, agent).await;
                }
                visit("HEAD", link, Some(PHONE)).await;
            }
            // Every link within two seconds, with the name of a browser.
            for link in &all {
                host.visit("GET", link, "").await;
                host.clock.advance(TimeDelta::milliseconds(400));
            }
            host.clock.advance(TimeDelta::seconds(9));
            host.engine.settle_visits().await.unwrap();
            let after = host.all("lea").await;
            // The picture alone is a person's as far as one can tell: it was loaded after the links.
            assert_eq!(after, before, "{}", host.name);
            assert_eq!(events(&host, "lea").await, []);
        });
    }
}

#[test]
fn consent_a_text_message_is_tracked_too() {
    for host in hosts() {
        block_on(async {
            let journey =
                journeyman::Journey::builder("sms").enter_on("sms").send("tell", "sms", "short", "service");
            // Long enough that its links make it no dearer.
            let text =
                format!("Vite : https://shop.example/a ! {{{{ link.unsubscribe }}}} {}", "x".repeat(60));
            let short = TemplateDefinition::new("short").text(text);
            host.engine.publish([short.into(), journey.build().unwrap().into()]).await.unwrap();
            host.engine
                .identify(journeyman::Contact::new("lea").address("sms", "+33639980001"))
                .await
                .unwrap();
            for purpose in ["service", "tracking"] {
                host.engine.consent(Consent::granted("lea", purpose, "sms", evidence())).await.unwrap();
            }
            host.engine.track(Event::new("lea", "sms")).await.unwrap();
            host.engine.tick().await.unwrap();
            let record = host.store.messages(&"lea".into()).await.unwrap().remove(0);
            let content = record.content.unwrap();
            assert_eq!(content.links, ["https://shop.example/a"]);
            assert!(content.headers.is_empty(), "a text message has no head");
            assert_eq!(content.plain().matches(BASE).count(), 2, "{}", content.plain());
            let link = content.plain().split(' ').nth(2).unwrap().to_owned();
            let onward = host.engine.visit(&Request::new("GET", link)).await;
            assert_eq!(onward.header("location"), Some("https://shop.example/a"));
        });
    }
}

#[test]
fn consent_a_text_message_is_not_made_dearer_by_its_links() {
    for host in hosts() {
        block_on(async {
            let journey =
                journeyman::Journey::builder("sms").enter_on("sms").send("tell", "sms", "short", "service");
            let short = TemplateDefinition::new("short")
                .text(format!("Vite : https://shop.example/a ! {}", "x".repeat(120)));
            host.engine.publish([short.into(), journey.build().unwrap().into()]).await.unwrap();
            let lea = journeyman::Contact::new("lea").address("sms", "+33639980001");
            host.engine.identify(lea.attribute("first_name", "Lea")).await.unwrap();
            for purpose in ["service", "tracking"] {
                host.engine.consent(Consent::granted("lea", purpose, "sms", evidence())).await.unwrap();
            }
            host.engine.track(Event::new("lea", "sms")).await.unwrap();
            host.engine.tick().await.unwrap();
            let content = host.store.messages(&"lea".into()).await.unwrap().remove(0).content.unwrap();
            let cost = journeyman::rule::sms::measure(content.plain()).segments;
            assert!(cost == 1 || content.links.is_empty(), "{}: {}", host.name, content.plain());
        });
    }
}

#[test]
fn consent_a_tracked_message_still_ends_by_one_click() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let content = host.send("lea").await.unwrap();
            let link = unsubscribe(&content);
            assert!(content.plain().ends_with(&link), "never led through another link: {}", content.plain());
            host.visit("POST", &link, "List-Unsubscribe=One-Click").await;
            assert_eq!(host.allowed("lea").await, [("tracking", "email")]);
        });
    }
}
