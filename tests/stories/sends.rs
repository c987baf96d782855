//! Stories of handing over: quiet hours, retries, refusals, batches, and an answer that comes too late.

use journeyman::Contact;
use journeyman::port::store::Pausable;

use crate::host::Host;
use crate::provider::Answer;
use crate::story::Story;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "quiet",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(quiet(host)),
        ends: &["lea promo accepted", "tom promo accepted"],
    },
    Story {
        name: "retries",
        workers: 1,
        awaits: true,
        tell: |host| Box::pin(retries(host)),
        ends: &["lea hello accepted", "lea thanks accepted", "tom hello refused", "tom sorry accepted"],
    },
    Story {
        name: "refusals",
        workers: 1,
        awaits: true,
        tell: |host| Box::pin(refusals(host)),
        ends: &[
            "ana sorry accepted",
            "lea hello accepted",
            "lea thanks accepted",
            "max hello cancelled",
            "max sorry accepted",
            "tom hello refused",
            "tom sorry accepted",
        ],
    },
    Story {
        name: "batches",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(batches(host)),
        ends: &[
            "ana card accepted",
            "eve card accepted",
            "ida card refused",
            "lea card accepted",
            "max card accepted",
            "tom card accepted",
            "zoe card accepted",
        ],
    },
    Story {
        name: "overtaken",
        workers: 1,
        awaits: true,
        tell: |host| Box::pin(overtaken(host)),
        ends: &["lea hello accepted", "lea thanks accepted"],
    },
];

const PROMOS: &str = r#"
journey: promos
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: promo, send: { channel: sms, template: hello, purpose: marketing } }
  - { wait: 200m }
  - { id: end, exit: done }
"#;

/// A quiet hour at the node, and one that begins between the decision and the handover.
async fn quiet(host: &mut Host) {
    let sms = || Pausable::Channel("sms".into());
    host.publishes(&[PROMOS]).await;
    host.meets("lea").await;
    host.meets("tom").await;
    host.until(11).await;
    host.pauses(sms()).await;
    host.event("lea", "signed_up", "1").await;
    host.until(13).await;
    host.resumes(sms()).await;
    host.event("tom", "signed_up", "1").await;
    host.until(14).await;
    host.until(40).await;
}

const RETRIES: &str = r#"
journey: retries
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding, refused: sorry } }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding }, goto: end }
  - { id: sorry, send: { channel: post, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

/// The provider asks for another attempt: once, and until no attempt is left.
async fn retries(host: &mut Host) {
    host.publishes(&[RETRIES]).await;
    host.book.answers("lea", "hello", &[Answer::Retry]);
    host.book.answers("tom", "hello", &[Answer::Retry; 8]);
    for contact in ["lea", "tom"] {
        host.meets(contact).await;
        host.event(contact, "signed_up", "1").await;
    }
    host.until(2).await;
}

/// Refused by the node, by the provider, and by a withdrawal while the enrollment waits for the answer.
async fn refusals(host: &mut Host) {
    let email = || Pausable::Channel("email".into());
    host.publishes(&[RETRIES]).await;
    host.book.answers("tom", "hello", &[Answer::Refuse]);
    for contact in ["lea", "max", "tom"] {
        host.meets(contact).await;
    }
    host.knows(Contact::new("ana").attribute("first_name", "Ana").address("post", "ana@post")).await;
    host.allows("ana", &["onboarding"], "post", "first").await;
    for contact in ["ana", "lea", "tom"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(2).await;
    host.pauses(email()).await;
    host.event("max", "signed_up", "1").await;
    host.until(3).await;
    host.suppresses("email", "max@email", Some("max")).await;
    host.until(4).await;
    host.resumes(email()).await;
    host.until(6).await;
}

const CARDS: &str = r#"
journey: cards
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: card, send: { channel: post, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: end, exit: done }
"#;

/// Seven cards in requests of four; the provider refuses one and puts one off.
async fn batches(host: &mut Host) {
    host.publishes(&[CARDS]).await;
    host.book.answers("ida", "card", &[Answer::Refuse]);
    host.book.answers("max", "card", &[Answer::Retry]);
    for contact in ["ana", "eve", "ida", "lea", "max", "tom", "zoe"] {
        host.knows(Contact::new(contact).attribute("first_name", contact).address("post", contact)).await;
        host.allows(contact, &["onboarding"], "post", "first").await;
        host.event(contact, "signed_up", "1").await;
    }
    host.until(8).await;
}

/// A worker's answer comes when another worker's attempt is under way: it is not about that one.
async fn overtaken(host: &mut Host) {
    host.publishes(&[RETRIES]).await;
    host.meets("lea").await;
    host.book.answers("lea", "hello", &[Answer::Late, Answer::Kill]);
    host.event("lea", "signed_up", "1").await;
    host.until(2).await;
}
