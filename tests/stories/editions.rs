//! Stories of the catalog: pauses, new versions while people wait, and two workers.

use journeyman::port::store::Pausable;

use crate::host::Host;
use crate::story::Story;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "pauses",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(pauses(host)),
        ends: &["ana thanks accepted", "eve thanks accepted", "lea nudge accepted", "zoe thanks accepted"],
    },
    Story {
        name: "versions",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(versions(host)),
        ends: &["lea hello accepted", "lea last accepted", "tom fresh accepted", "tom hello accepted"],
    },
    Story {
        name: "turns",
        workers: 2,
        awaits: false,
        tell: |host| Box::pin(turns(host)),
        ends: &[
            "ana letter accepted",
            "ana text accepted",
            "lea letter accepted",
            "lea text accepted",
            "tom letter accepted",
            "zoe letter accepted",
            "zoe text accepted",
        ],
    },
];

const PAUSES: &str = r#"
journey: pauses
version: 1
enter: { on: { event: signed_up } }
reenter: always
exit:
  - { on: { event: booked }, as: goal }
steps:
  - { id: ask, wait_for: { any: [{ event: clicked }], within: 200m, otherwise: nudge } }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding }, goto: end }
  - { id: nudge, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

/// A journey is paused with people in it, and so is its channel; nobody is lost when they go on.
async fn pauses(host: &mut Host) {
    let (journey, email) = (Pausable::Journey("pauses".into()), Pausable::Channel("email".into()));
    host.publishes(&[PAUSES]).await;
    for contact in ["ana", "eve", "lea", "max", "tom", "zoe"] {
        host.meets(contact).await;
    }
    for contact in ["ana", "lea", "max", "zoe"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(1).await;
    host.pauses(email.clone()).await;
    host.event("zoe", "clicked", "1").await;
    host.until(2).await;
    host.pauses(journey.clone()).await;
    host.event("ana", "clicked", "1").await;
    host.event("max", "booked", "1").await;
    // Nobody enters a journey that is paused.
    host.event("tom", "signed_up", "1").await;
    host.until(6).await;
    host.resumes(email.clone()).await;
    host.until(8).await;
    host.resumes(journey.clone()).await;
    host.until(9).await;
    host.event("eve", "signed_up", "1").await;
    host.until(10).await;
    host.event("eve", "clicked", "1").await;
    host.until(20).await;
}

const FIRST: &str = r#"
journey: versions
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: last, send: { channel: post, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

const SECOND: &str = r#"
journey: versions
version: 2
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 100m }
  - { id: fresh, send: { channel: sms, template: hello, purpose: onboarding } }
  - { id: end, exit: fresh }
"#;

/// Who waits stays on its version; a new template is used by both.
async fn versions(host: &mut Host) {
    host.publishes(&[FIRST]).await;
    host.meets("lea").await;
    host.meets("tom").await;
    host.event("lea", "signed_up", "1").await;
    host.until(1).await;
    host.publishes(&[SECOND]).await;
    host.event("tom", "signed_up", "1").await;
    host.until(2).await;
    host.publishes_template("Bonsoir {{ contact.first_name }}").await;
    host.until(12).await;
}

const LETTERS: &str = r#"
journey: letters
version: 1
enter: { on: { event: signed_up } }
exit:
  - { on: { event: booked }, as: goal }
steps:
  - { id: letter, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: text, send: { channel: sms, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: end, exit: done }
"#;

/// Two engines over one store: what one publishes and pauses, the other must notice.
async fn turns(host: &mut Host) {
    let journey = Pausable::Journey("letters".into());
    host.publishes(&[LETTERS]).await;
    for contact in ["ana", "lea", "tom", "zoe"] {
        host.meets(contact).await;
        host.event(contact, "signed_up", "1").await;
    }
    host.until(1).await;
    host.event("tom", "booked", "1").await;
    host.pauses(journey.clone()).await;
    host.until(2).await;
    host.publishes_template("Bonsoir {{ contact.first_name }}").await;
    host.resumes(journey.clone()).await;
    // Nobody was awake when it was due.
    host.oversleeps(6);
    host.event("ana", "clicked", "1").await;
    host.until(20).await;
}
