//! Public links: looking changes nothing, no use of any raises a permission, no forged one is believed, and every marketing
//! mail has one that works. The names I4, I5, I13, I14 and I15 are those of the invariants of consent.

mod common;
#[path = "consent_link/forged.rs"]
mod forged;
#[path = "consent_link/head.rs"]
mod head;
#[path = "consent_link/looking.rs"]
mod looking;
#[path = "consent_link/race.rs"]
mod race;
#[path = "consent_link/sequences.rs"]
mod sequences;
#[path = "consent_link/tracking.rs"]
mod tracking;

use std::sync::Arc;

use chrono::TimeDelta;
use common::stores;
use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::engine::EngineBuilder;
use journeyman::journey::Reenter;
use journeyman::link::{LinkKeys, Request, Response};
use journeyman::model::{Content, Evidence, Reason};
use journeyman::port::Store;
use journeyman::rule::TemplateDefinition;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Event, Journey};

const BASE: &str = "https://go.example.org/l";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile Safari/604.1";

fn evidence() -> Evidence {
    Evidence::new("form", "v1")
}

fn keys() -> LinkKeys {
    LinkKeys::new(1, [7; 32])
}

fn with_links(builder: EngineBuilder) -> EngineBuilder {
    builder.links(keys(), BASE.parse().unwrap())
}

/// An engine on a store, with somebody in it who allowed marketing and, if asked, tracking.
struct Host {
    name: &'static str,
    engine: Engine,
    store: Arc<dyn Store>,
    clock: ManualClock,
    email: RecordingChannel,
    _folder: Option<tempfile::TempDir>,
}

fn hosts() -> Vec<Host> {
    let clock = ManualClock::new("2026-11-23T09:00:00Z".parse().unwrap());
    let host = |(name, store, _folder): (&'static str, Arc<dyn Store>, Option<tempfile::TempDir>)| {
        let email = RecordingChannel::new("email");
        let builder =
            Engine::builder(store.clone()).channel(email.clone()).channel(RecordingChannel::new("sms"));
        Host { name, engine: with_links(builder).build(), store, clock: clock.clone(), email, _folder }
    };
    stores(Arc::new(clock.clone())).into_iter().map(host).collect()
}

fn news() -> TemplateDefinition {
    TemplateDefinition::new("news")
        .subject("News")
        .text("Look: https://shop.example/a. Enough: {{ link.unsubscribe }}")
        .html(
            "<body><p><a href=\"https://shop.example/a\">a</a> <a href=\"https://shop.example/b?x=1&amp;y=2\">b</a></p>\
             <a href=\"https://example.org/legal\" rel=\"terms-of-service\">legal</a>\
             <a href=\"{{ link.preferences }}\">settings</a></body>",
        )
}

fn journey(purpose: &str) -> Journey {
    let journey = Journey::builder("news").enter_on("news").reenter(Reenter::Always);
    journey.send("tell", "email", "news", purpose).build().unwrap()
}

impl Host {
    async fn publish(&self, template: TemplateDefinition) {
        self.engine.publish([template.into(), journey("marketing").into()]).await.unwrap();
    }

    async fn meet(&self, contact: &str, purposes: &[&str]) {
        let person = Contact::new(contact).address("email", format!("{contact}@example.org"));
        self.engine.identify(person).await.unwrap();
        for purpose in purposes {
            self.grant(contact, purpose).await;
        }
    }

    async fn grant(&self, contact: &str, purpose: &str) {
        self.engine.consent(Consent::granted(contact, purpose, "email", evidence())).await.unwrap();
    }

    /// Sends the news, and answers the content that the channel was handed; nothing where none was sent.
    async fn send(&self, contact: &str) -> Option<Content> {
        let before = self.email.sent().len();
        self.engine.track(Event::new(contact, "news")).await.unwrap();
        self.engine.tick().await.unwrap();
        self.email.sent().into_iter().nth(before).map(|sent| sent.content)
    }

    async fn visit(&self, method: &str, url: &str, body: &str) -> Response {
        let request = Request::new(method, url.strip_prefix("https://go.example.org").unwrap_or(url));
        let form = request.content_type("application/x-www-form-urlencoded").user_agent(PHONE).body(body);
        self.engine.visit(&form).await
    }

    /// Why the newest message of a contact was refused.
    async fn refusal(&self, contact: &str) -> Vec<Reason> {
        let newest = self.store.messages(&contact.into()).await.unwrap().pop().unwrap();
        match newest.answer {
            Some(journeyman::model::DeliveryStatus::Refused { reasons }) => reasons,
            other => panic!("it was not refused: {other:?}"),
        }
    }

    /// Everything that the store holds of a contact, as text.
    async fn all(&self, contact: &str) -> String {
        let (store, id) = (&self.store, contact.into());
        let mut all = format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
            store.contact(&id).await.unwrap(),
            store.inputs(&id, 0, u64::MAX >> 1).await.unwrap(),
            store.consents(&id).await.unwrap(),
            store.messages(&id).await.unwrap(),
            store.steps(&id).await.unwrap(),
            store.commits(&id).await.unwrap(),
        );
        for (purpose, channel) in PAIRS {
            let forbidden = store.forbidden(&id, &channel.into(), &purpose.into()).await.unwrap();
            all.push_str(&format!("{purpose}/{channel}: {forbidden:?}\n"));
        }
        all
    }

    /// What a contact allows, by its own record and by the gate, once all mail is read.
    async fn allowed(&self, contact: &str) -> Vec<(&'static str, &'static str)> {
        self.engine.tick().await.unwrap();
        let id = contact.into();
        let stored = self.store.contact(&id).await.unwrap().unwrap();
        let mut allowed = Vec::new();
        for (purpose, channel) in PAIRS {
            let cold = &stored.state.cold;
            let address = cold.contact.addresses.get(channel).and_then(|address| address.fingerprint);
            let forbidden = self.store.forbidden(&id, &channel.into(), &purpose.into()).await.unwrap();
            if cold.standing.allows(purpose, channel, address) && !forbidden.denied && !forbidden.suppressed {
                allowed.push((purpose, channel));
            }
        }
        allowed
    }
}

const PAIRS: [(&str, &str); 6] = [
    ("marketing", "email"),
    ("service", "email"),
    ("tracking", "email"),
    ("marketing", "sms"),
    ("service", "sms"),
    ("tracking", "sms"),
];

/// The link in `List-Unsubscribe`.
fn unsubscribe(content: &Content) -> String {
    let line = content.header("List-Unsubscribe").expect("the head has the link");
    line.strip_prefix('<').and_then(|line| line.strip_suffix('>')).expect("in angle brackets").to_owned()
}

/// Every link of ours in a content, in its parts and in its head.
fn own_links(content: &Content) -> Vec<String> {
    let html = content.html.as_deref().unwrap_or_default().replace("&#x2f;", "/");
    let parts = [content.text.as_deref().unwrap_or_default(), &html, &unsubscribe(content)].join(" ");
    let mut links: Vec<String> = parts
        .match_indices(BASE)
        .map(|(start, _)| {
            let rest = &parts[start..];
            rest[..rest.find(['"', ' ', '>']).unwrap_or(rest.len())].trim_end_matches('.').to_owned()
        })
        .collect();
    links.sort();
    links.dedup();
    links
}

#[test]
fn consent_an_old_key_is_believed_and_the_new_one_signs() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing"]).await;
            let link = unsubscribe(&host.send("lea").await.unwrap());
            let rotated =
                Engine::builder(host.store.clone()).links(LinkKeys::new(2, [9; 32]), BASE.parse().unwrap());
            let visit = Request::new("POST", &link).body("List-Unsubscribe=One-Click");
            assert_eq!(rotated.build().visit(&visit).await.status, 404, "{}", host.name);
            let keys = LinkKeys::new(2, [9; 32]).former(1, [7; 32]);
            let rotated = Engine::builder(host.store.clone()).links(keys, BASE.parse().unwrap()).build();
            assert_eq!(rotated.visit(&visit).await.status, 200);
            assert_eq!(host.allowed("lea").await, [], "{}", host.name);
        });
    }
}

#[test]
fn consent_a_preview_has_links_that_lead_nowhere() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            host.engine.tick().await.unwrap();
            let content = host.engine.preview("news", None, "tell", &"lea".into()).await.unwrap().content;
            assert!(content.plain().ends_with("https://go.example.org/l/preview"), "{}", content.plain());
            assert!(content.headers.is_empty() && content.links.is_empty());
            assert_eq!(host.visit("POST", "/l/preview", "confirm=yes").await.status, 404);
        });
    }
}

#[test]
fn consent_a_template_with_links_needs_an_engine_with_links() {
    block_on(async {
        let engine = Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).build();
        let refused = engine.publish([news().into()]).await.unwrap_err().to_string();
        assert!(refused.contains("T005 news") && refused.contains("links"), "{refused}");
        let other = TemplateDefinition::new("t").text("{{ link.everything }}").compile().unwrap_err();
        assert!(other.to_string().contains("unsubscribe, preferences"), "{other}");
    });
}

#[test]
fn consent_waiting_visits_wake_the_engine() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let content = host.send("lea").await.unwrap();
            host.clock.advance(TimeDelta::minutes(1));
            for link in own_links(&content) {
                host.clock.advance(TimeDelta::seconds(3));
                host.visit("GET", &link, "").await;
            }
            let wake = host.engine.tick().await.unwrap().next_wake.unwrap();
            assert!(wake - host.store.clock().now() <= TimeDelta::milliseconds(2_001), "{}", host.name);
        });
    }
}
