//! I15, and heads that nobody can write into: what would break a line is refused and never mended.

use futures::executor::block_on;
use journeyman::link::{LinkBase, Request};
use journeyman::model::{Header, Reason};
use journeyman::rule::{TemplateDefinition, VariantDefinition};
use journeyman::{Contact, Engine, Error, Journey};

use super::{BASE, Host, evidence, hosts, unsubscribe};

/// What begins another line, or ends a text, for some reader.
const BREAKS: [&str; 10] =
    ["\r\n", "\n", "\r", "\0", "\u{b}", "\u{c}", "\u{85}", "\u{1b}", "\u{7f}", "\r\n\r\n"];

fn injected(line_break: &str) -> String {
    format!("Zoé{line_break}Bcc: everybody@example.org")
}

fn templates() -> Vec<TemplateDefinition> {
    let news = || TemplateDefinition::new("news");
    vec![
        news().text("plain"),
        news().html("<p>html</p>"),
        news().subject("s").preheader("p").text("both").html("<p>both</p>"),
        news().text("with its own link: {{ link.unsubscribe }}"),
        news().html("<a href=\"{{ link.unsubscribe }}\">stop</a> <a href='{{ link.preferences }}'>more</a>"),
        news().text("own").variant(VariantDefinition::default().language("fr").text("en français")),
        news().text("{% if contact.vip %}vip{% endif %}"),
        news().html("<a href=https://x.example/a>a</a><!-- <a href=https://n> --><style>a{}</style>"),
    ]
}

#[test]
fn consent_every_marketing_mail_that_begins_has_a_working_way_out() {
    let mut seen = 0;
    for host in hosts() {
        for (number, template) in templates().into_iter().enumerate() {
            for purposes in [&["marketing"][..], &["marketing", "tracking"]] {
                block_on(async {
                    host.publish(template.clone()).await;
                    let contact = format!("c{number}-{}", purposes.len());
                    host.meet(&contact, purposes).await;
                    let content = host.send(&contact).await.expect("it begins");
                    let names: Vec<&str> = content.headers.iter().map(Header::name).collect();
                    assert_eq!(names, ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"]);
                    assert_eq!(content.header("list-unsubscribe-post"), Some("List-Unsubscribe=One-Click"));
                    assert_eq!(content.header("list-id"), Some("<marketing.go.example.org>"));
                    let link = unsubscribe(&content);
                    assert!(link.starts_with(BASE) && link.len() < 300, "{link}");
                    // As a mail program does it: no cookie, no page before, the body of the standard.
                    let post =
                        Request::new("POST", &link).body(content.header("list-unsubscribe-post").unwrap());
                    assert_eq!(host.engine.visit(&post).await.status, 200);
                    assert!(!host.allowed(&contact).await.contains(&("marketing", "email")));
                    assert_eq!(host.send(&contact).await, None, "{}", host.name);
                    seen += 1;
                });
            }
        }
    }
    assert_eq!(seen, 2 * 8 * 2);
}

/// Sends the news to somebody with an attribute, and answers why it was refused.
async fn refused(
    host: &Host,
    contact: &str,
    template: TemplateDefinition,
    journey: &Journey,
    value: &str,
) -> String {
    host.engine.publish([template.into(), journey.clone().into()]).await.unwrap();
    host.meet(contact, &["marketing"]).await;
    let person = Contact::new(contact).attribute("name", value).attribute("owner_coach", value);
    host.engine.identify(person).await.unwrap();
    assert_eq!(host.send(contact).await, None);
    match host.refusal(contact).await.as_slice() {
        [Reason::Template(reason)] => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

fn from_coach(version: u32) -> Journey {
    Journey::from_yaml(&format!(
        "{{ journey: news, version: {version}, enter: {{ on: {{ event: news }} }}, steps: [{{ send: {{ channel: email, \
         template: news, purpose: marketing, from: {{ owner: coach }} }} }}] }}"
    ))
    .unwrap()
}

#[test]
fn consent_what_would_break_a_head_is_refused_when_it_is_rendered() {
    for host in hosts() {
        block_on(async {
            for (number, line_break) in BREAKS.into_iter().enumerate() {
                let value = injected(line_break);
                let news = || TemplateDefinition::new("news").text("x");
                let plain = super::journey("marketing");
                let subject = news().subject("Hello {{ contact.name }}");
                let reason = refused(&host, &format!("s{number}"), subject, &plain, &value).await;
                assert!(reason.starts_with("subject: ") && !reason.contains("Bcc"), "{reason}");
                let preheader = news().preheader("Hello {{ contact.name }}");
                let reason = refused(&host, &format!("p{number}"), preheader, &plain, &value).await;
                assert!(reason.starts_with("preheader: ") && !reason.contains("Bcc"), "{reason}");
            }
            for (number, line_break) in BREAKS.into_iter().enumerate() {
                let news = TemplateDefinition::new("news").text("x");
                let contact = format!("f{number}");
                let reason = refused(&host, &contact, news, &from_coach(2), &injected(line_break)).await;
                assert!(reason.starts_with("from: ") && !reason.contains("Bcc"), "{reason}");
            }
            assert!(host.email.sent().is_empty(), "{}", host.name);
        });
    }
}

#[test]
fn consent_what_would_break_a_head_is_refused_when_it_is_published() {
    for line_break in BREAKS {
        let name = serde_json::to_string(&injected(line_break)).unwrap();
        for field in ["\"from\"", "\"reply_to\""] {
            let text = format!(
                "{{\"journey\": \"news\", \"version\": 1, \"enter\": {{\"on\": {{\"event\": \"news\"}}}}, \"steps\": \
                 [{{\"send\": {{\"channel\": \"email\", \"template\": \"news\", \"purpose\": \"marketing\", {field}: {name}}}}}]}}"
            );
            let problems = Journey::from_json(&text).unwrap_err().to_string();
            assert!(problems.contains("J031") && problems.contains("control character"), "{problems}");
        }
        assert!(format!("https://x.example{line_break}/l").parse::<LinkBase>().is_err());
    }
}

#[test]
fn consent_an_address_of_two_lines_stays_outside() {
    for host in hosts() {
        block_on(async {
            for line_break in BREAKS {
                let person = Contact::new("lea").address("email", format!("lea@x.org{line_break}bcc@x.org"));
                let refused = host.engine.identify(person).await.unwrap_err();
                assert!(matches!(refused, Error::Invalid { what: "contact", .. }), "{refused}");
            }
            assert!(host.store.contact(&"lea".into()).await.unwrap().is_none(), "{}", host.name);
        });
    }
}

#[test]
fn consent_a_purpose_of_any_name_makes_one_line() {
    for host in hosts() {
        block_on(async {
            for (number, purpose) in ["é", "a b", "<a>", "a\"b", "List-Id: x"].into_iter().enumerate() {
                let contact = format!("c{number}");
                let journey = Journey::builder(format!("j{number}")).enter_on("news");
                let journey = journey.send("tell", "email", "news", purpose).build().unwrap();
                let news = TemplateDefinition::new("news").text("x");
                host.engine.publish([news.into(), journey.into()]).await.unwrap();
                host.meet(&contact, &[]).await;
                let consent = journeyman::Consent::granted(contact.as_str(), purpose, "email", evidence());
                host.engine.consent(consent).await.unwrap();
                let content = host.send(&contact).await.unwrap();
                for header in &content.headers {
                    assert!(!header.value().chars().any(char::is_control), "{header:?}");
                }
                let id = content.header("List-Id").unwrap();
                assert!(id.starts_with("<list-") && id.ends_with(".go.example.org>"), "{id}");
                let page = host.visit("GET", &unsubscribe(&content), "").await;
                assert_eq!(page.status, 200);
                assert!(!String::from_utf8(page.body).unwrap().contains("<a>"));
                host.visit("POST", &unsubscribe(&content), "List-Unsubscribe=One-Click").await;
                assert!(
                    host.store
                        .forbidden(&contact.as_str().into(), &"email".into(), &purpose.into())
                        .await
                        .unwrap()
                        .denied
                );
            }
        });
    }
}

#[test]
fn consent_a_purpose_of_two_lines_stays_outside() {
    for host in hosts() {
        block_on(async {
            host.meet("lea", &[]).await;
            for line_break in BREAKS {
                let purpose = injected(line_break);
                let consent = journeyman::Consent::granted("lea", purpose.as_str(), "email", evidence());
                let refused = host.engine.consent(consent).await.unwrap_err();
                assert!(matches!(refused, Error::Invalid { what: "purpose", .. }), "{refused}");
                let journey =
                    Journey::builder("j").enter_on("news").send("tell", "email", "news", purpose.as_str());
                let problems = journey.build().unwrap_err().to_string();
                assert!(problems.contains("J031") && problems.contains("control character"), "{problems}");
            }
        });
    }
}

#[test]
fn consent_a_link_that_a_browser_would_run_is_refused() {
    for host in hosts() {
        block_on(async {
            let news = || TemplateDefinition::new("news").html("<a href=\"{{ contact.name }}\">site</a>");
            let journey = super::journey("marketing");
            for (number, site) in [
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                " java\tscript:alert(1)",
                "data:text/html,x",
                "vbscript:x",
            ]
            .into_iter()
            .enumerate()
            {
                let reason = refused(&host, &format!("c{number}"), news(), &journey, site).await;
                assert!(reason.starts_with("html: ") && !reason.contains("alert"), "{reason}");
            }
            let person = Contact::new("ok").attribute("name", "https://lea.example/?a=1&b=2");
            host.meet("ok", &["marketing"]).await;
            host.engine.identify(person).await.unwrap();
            assert!(host.send("ok").await.is_some());
        });
    }
}

#[test]
fn consent_without_links_nothing_is_added() {
    block_on(async {
        let email = journeyman::channel::RecordingChannel::new("email");
        let store = std::sync::Arc::new(journeyman::store::MemoryStore::new());
        let engine = Engine::builder(store).channel(email.clone()).build();
        let news = TemplateDefinition::new("news").html("<a href=\"https://x.example\">x</a>");
        engine.publish([news.into(), super::journey("marketing").into()]).await.unwrap();
        engine.identify(Contact::new("lea").address("email", "lea@example.org")).await.unwrap();
        for purpose in ["marketing", "tracking"] {
            engine.consent(journeyman::Consent::granted("lea", purpose, "email", evidence())).await.unwrap();
        }
        engine.track(journeyman::Event::new("lea", "news")).await.unwrap();
        engine.tick().await.unwrap();
        let content = email.sent().remove(0).content;
        assert_eq!(content.html.as_deref(), Some("<a href=\"https://x.example\">x</a>"));
        assert!(content.headers.is_empty() && content.links.is_empty());
        assert_eq!(engine.visit(&Request::new("GET", "/l/x")).await.status, 404);
    });
}
