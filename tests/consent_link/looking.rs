//! I4: a look changes nothing; one POST withdraws, and a second one changes nothing more.

use futures::executor::block_on;
use journeyman::Engine;
use journeyman::link::{Request, Token};
use journeyman::model::{ConsentRecord, ConsentStatus, MessageId};
use journeyman::testing::{Fault, FaultyStore};

use super::{BASE, PHONE, hosts, keys, news, own_links, unsubscribe, with_links};

/// Everything but POST, and what only looks like it.
const LOOKS: [&str; 14] = [
    "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "Post",
    "POST ", "", "P\0ST",
];
const BODIES: [&str; 5] =
    ["", "List-Unsubscribe=One-Click", "confirm=yes", "everything=yes", "purpose=marketing&channel=email"];

#[test]
fn consent_no_method_but_post_changes_anything() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            // Without tracking, and with it.
            host.meet("lea", &["marketing", "service"]).await;
            host.meet("zoe", &["marketing", "tracking"]).await;
            let mut links = own_links(&host.send("lea").await.unwrap());
            assert_eq!(links.len(), 2, "unsubscribe and preferences: {links:?}");
            links.extend(own_links(&host.send("zoe").await.unwrap()));
            assert_eq!(links.len(), 2 + 2 + 2 + 1, "two links and a picture more: {links:?}");
            let before = (host.all("lea").await, host.all("zoe").await);
            let mut looks = 0;
            for link in &links {
                for method in LOOKS {
                    for body in BODIES {
                        // Right after delivery, so that no click of a person is among them.
                        let response = host.visit(method, link, body).await;
                        let known = matches!(method, "GET" | "HEAD");
                        assert!((response.status == 405) != known, "{method} {link}: {}", response.status);
                        assert!(method != "HEAD" || response.body.is_empty());
                        looks += 1;
                    }
                }
            }
            host.engine.settle_visits().await.unwrap();
            assert_eq!((host.all("lea").await, host.all("zoe").await), before, "{}", host.name);
            println!("{}: {looks} looks changed nothing", host.name);
        });
    }
}

#[test]
fn consent_a_click_of_a_person_changes_no_consent() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("zoe", &["marketing", "tracking"]).await;
            let links = own_links(&host.send("zoe").await.unwrap());
            let before = (host.allowed("zoe").await, host.store.consents(&"zoe".into()).await.unwrap());
            host.clock.advance(chrono::TimeDelta::minutes(1));
            for link in links {
                for method in ["GET", "HEAD"] {
                    host.visit(method, &link, "confirm=yes&everything=yes").await;
                    host.clock.advance(chrono::TimeDelta::seconds(5));
                }
            }
            let after = (host.allowed("zoe").await, host.store.consents(&"zoe".into()).await.unwrap());
            assert_eq!(after, before, "{}", host.name);
        });
    }
}

fn newest(records: &[ConsentRecord]) -> (Option<&str>, Option<&str>, ConsentStatus, &str) {
    let record = records.last().unwrap();
    (record.purpose.as_deref(), record.channel.as_deref(), record.status, &record.evidence.source)
}

#[test]
fn consent_one_click_withdraws_at_once_and_only_once() {
    let multipart =
        "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let forms = [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=b", multipart),
    ];
    for (kind, body) in forms {
        for host in hosts() {
            block_on(async {
                host.publish(news()).await;
                host.meet("lea", &["marketing", "service"]).await;
                let link = unsubscribe(&host.send("lea").await.unwrap());
                // Decided and not begun: the withdrawal takes it back.
                host.engine.track(journeyman::Event::new("lea", "news")).await.unwrap();
                host.engine.advance().await.unwrap();
                let post = Request::new("POST", &link).content_type(kind).body(body);
                let response = host.engine.visit(&post).await;
                assert_eq!(response.status, 200);
                assert_eq!((response.header("location"), response.header("set-cookie")), (None, None));
                let forbidden =
                    host.store.forbidden(&"lea".into(), &"email".into(), &"marketing".into()).await.unwrap();
                assert!(forbidden.denied, "in force when the answer is there");

                // Before it was read, and after.
                for _ in 0..2 {
                    let before = host.all("lea").await;
                    assert_eq!(host.engine.visit(&post).await.status, 200);
                    assert_eq!(host.all("lea").await, before, "{}", host.name);
                    host.engine.tick().await.unwrap();
                }
                assert_eq!(host.allowed("lea").await, [("service", "email")]);
                let records = host.store.consents(&"lea".into()).await.unwrap();
                let expected = (Some("marketing"), Some("email"), ConsentStatus::Withdrawn, "link.one_click");
                assert_eq!(newest(&records), expected);
                assert_eq!(host.email.sent().len(), 1, "what was decided before is not sent");
                assert!(host.send("lea").await.is_none());
            });
        }
    }
}

#[test]
fn consent_the_buttons_of_the_pages_do_what_they_say() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("c-77", &["marketing", "service", "tracking"]).await;
            let content = host.send("c-77").await.unwrap();
            let links = own_links(&content);
            let mut preferences = None;
            for link in links {
                let page = String::from_utf8(host.visit("GET", &link, "").await.body).unwrap_or_default();
                assert!(
                    !page.contains("c-77") && !page.contains('@'),
                    "a page tells nobody's name or address: {page}"
                );
                if page.contains("name=\"purpose\"") {
                    preferences = Some(link);
                }
            }
            let preferences = preferences.expect("the message leads to the preferences");
            host.visit("POST", &preferences, "purpose=service&channel=email").await;
            assert_eq!(host.allowed("c-77").await, [("marketing", "email"), ("tracking", "email")]);
            // What was never said cannot be chosen, and leaves no trace.
            let before = host.all("c-77").await;
            for body in [
                "purpose=x&channel=email",
                "purpose=service&channel=email",
                "",
                "everything=no",
                "confirm=yes",
            ] {
                assert_eq!(host.visit("POST", &preferences, body).await.status, 200);
            }
            assert_eq!(host.all("c-77").await, before, "{}", host.name);
            let page = host.visit("POST", &unsubscribe(&content), "everything=yes").await;
            assert_eq!(page.status, 200);
            assert_eq!(host.allowed("c-77").await, []);
            let expected = (None, None, ConsentStatus::Withdrawn, "link.page");
            assert_eq!(newest(&host.store.consents(&"c-77".into()).await.unwrap()), expected);
        });
    }
}

#[test]
fn consent_an_old_link_ends_a_later_wish_by_hand_alone() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing"]).await;
            let link = unsubscribe(&host.send("lea").await.unwrap());
            host.visit("POST", &link, "List-Unsubscribe=One-Click").await;
            host.engine.tick().await.unwrap();
            host.grant("lea", "marketing").await;
            // The new wish counts before it is read, and after.
            for _ in 0..2 {
                let response = host.visit("POST", &link, "List-Unsubscribe=One-Click").await;
                let page = String::from_utf8(response.body).unwrap();
                assert!(page.contains("again") && page.contains("name=\"confirm\""), "{page}");
                assert_eq!(host.allowed("lea").await, [("marketing", "email")], "{}", host.name);
            }
            // A link of the new time ends it by one click, the old one by its button.
            let newer = unsubscribe(&host.send("lea").await.unwrap());
            host.visit("POST", &newer, "List-Unsubscribe=One-Click").await;
            assert_eq!(host.allowed("lea").await, []);
            host.grant("lea", "marketing").await;
            host.visit("POST", &link, "confirm=yes").await;
            assert_eq!(host.allowed("lea").await, []);
        });
    }
}

#[test]
fn consent_whoever_reads_another_mailbox_learns_nothing() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "service"]).await;
            let token = Token::Preferences { contact: "lea".into(), channel: "email".into(), address: None };
            let page = host.visit("GET", &format!("{BASE}/{}", keys().sign(&token)), "").await;
            let page = String::from_utf8(page.body).unwrap();
            assert!(!page.contains("service") && page.contains("name=\"everything\""), "{page}");
        });
    }
}

#[test]
fn consent_links_of_nobody_and_of_the_erased_answer_alike() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing", "tracking"]).await;
            let links = own_links(&host.send("lea").await.unwrap());
            host.engine.erase(&"lea".into()).await.unwrap();
            let before = host.all("lea").await;
            host.clock.advance(chrono::TimeDelta::minutes(1));
            for link in &links {
                for (method, body) in
                    [("GET", ""), ("POST", "List-Unsubscribe=One-Click"), ("POST", "everything=yes")]
                {
                    let response = host.visit(method, link, body).await;
                    assert!(
                        [200, 404, 405].contains(&response.status),
                        "{method} {link}: {}",
                        response.status
                    );
                }
                host.clock.advance(chrono::TimeDelta::seconds(5));
            }
            host.engine.settle_visits().await.unwrap();
            assert_eq!(host.all("lea").await, before, "{}: nobody comes back", host.name);
            let nobody = Token::Click { message: MessageId::from_bytes([1; 16]), link: 0 };
            let missing = host.visit("GET", &format!("{BASE}/{}", keys().sign(&nobody)), "").await;
            let forged = host.visit("GET", &format!("{BASE}/forged"), "").await;
            assert_eq!(missing, forged);
            assert_eq!(forged.status, 404);
        });
    }
}

#[test]
fn consent_a_store_that_fails_is_no_withdrawal() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing"]).await;
            let link = unsubscribe(&host.send("lea").await.unwrap());
            let post = Request::new("POST", &link).user_agent(PHONE).body("List-Unsubscribe=One-Click");
            // Reads of the chain, of the contact and of its mail, then the withdrawal itself.
            for call in 1..=4 {
                let faulty = std::sync::Arc::new(FaultyStore::new(host.store.clone()));
                let engine = with_links(Engine::builder(faulty.clone())).build();
                faulty.fail(call, Fault::Unavailable);
                let response = engine.visit(&post).await;
                assert!(faulty.fired(), "{} calls: {:?}", faulty.calls(), faulty.operations());
                assert_eq!(
                    (response.status, response.header("retry-after")),
                    (503, Some("60")),
                    "call {call}"
                );
            }
            assert_eq!(host.allowed("lea").await, [("marketing", "email")], "{}", host.name);
            assert_eq!(host.engine.visit(&post).await.status, 200);
            assert_eq!(host.allowed("lea").await, []);
        });
    }
}

#[test]
fn consent_a_body_without_end_is_not_read() {
    for host in hosts() {
        block_on(async {
            host.publish(news()).await;
            host.meet("lea", &["marketing"]).await;
            let link = unsubscribe(&host.send("lea").await.unwrap());
            let large = "List-Unsubscribe=One-Click&".repeat(1_000);
            assert_eq!(host.visit("POST", &link, &large).await.status, 413);
            assert_eq!(host.allowed("lea").await, [("marketing", "email")]);
        });
    }
}
