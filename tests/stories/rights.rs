//! Stories of what forbids: withdrawals, shared addresses, suppressions, erasures, and an address that changes.

use journeyman::machine::Withdrawal;
use journeyman::port::store::Pausable;
use journeyman::{Contact, Error, Event};

use crate::host::{Host, evidence};
use crate::provider::Answer;
use crate::story::Story;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "withdrawals",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(withdrawals(host)),
        ends: &[
            "ana hello accepted",
            "ana offer cancelled",
            "lea again accepted",
            "lea hello accepted",
            "lea offer cancelled",
            "tom hello accepted",
            "tom offer cancelled",
        ],
    },
    Story {
        name: "drained",
        workers: 1,
        awaits: true,
        tell: |host| Box::pin(drained(host)),
        ends: &["lea hello refused", "tom hello accepted", "zoe text parked"],
    },
    Story {
        name: "shared",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(shared(host)),
        ends: &[
            "eve offer accepted",
            "lea offer cancelled",
            "max offer cancelled",
            "tom news refused",
            "tom offer refused",
            "zoe news refused",
            "zoe offer refused",
        ],
    },
    Story {
        name: "erasures",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(erasures(host)),
        ends: &[
            "lea hello begun",
            "max bye accepted",
            "max hello accepted",
            "tom hello accepted",
            "zoe hello cancelled",
        ],
    },
    Story {
        name: "moves",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(moves(host)),
        ends: &["lea hello accepted", "tom hello accepted", "zoe hello refused"],
    },
];

fn email() -> Pausable {
    Pausable::Channel("email".into())
}

const OFFERS: &str = r#"
journey: offers
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: offer, send: { channel: email, template: hello, purpose: marketing } }
  - { wait: 200m }
  - { id: news, send: { channel: email, template: hello, purpose: marketing } }
  - { wait: 400m }
  - { id: again, send: { channel: email, template: hello, purpose: marketing } }
  - { id: end, exit: done }
"#;

/// Everything, or one purpose, is withdrawn while messages are queued; one is granted again.
async fn withdrawals(host: &mut Host) {
    host.publishes(&[OFFERS]).await;
    for contact in ["ana", "lea", "tom"] {
        host.meets(contact).await;
    }
    host.pauses(email()).await;
    for contact in ["ana", "lea", "tom"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(1).await;
    host.withdraws(Withdrawal::of("lea", "marketing", "email", evidence()).id("w1")).await;
    host.withdraws(Withdrawal::everything("ana", evidence()).for_purpose("marketing").id("w1")).await;
    host.withdraws(Withdrawal::of("tom", "marketing", "email", evidence()).id("w1")).await;
    host.until(2).await;
    host.resumes(email()).await;
    host.until(5).await;
    host.allows("lea", &["marketing"], "email", "second").await;
    host.withdraws(Withdrawal::everything("tom", evidence()).id("w2")).await;
    host.until(20).await;
}

const DRAINED: &str = r#"
journey: drained
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: news, send: { channel: email, template: hello, purpose: marketing } }
"#;

const TEXTS: &str = r#"
journey: texts
version: 1
enter: { on: { event: texted } }
steps:
  - { id: text, send: { channel: sms, template: hello, purpose: onboarding } }
"#;

/// What has begun is waited for, on a channel that honours ids and on one that does not.
async fn drained(host: &mut Host) {
    host.publishes(&[DRAINED, TEXTS]).await;
    for contact in ["lea", "tom", "zoe"] {
        host.meets(contact).await;
    }
    host.book.answers("lea", "hello", &[Answer::Hold]);
    host.book.answers("zoe", "text", &[Answer::Hold]);
    host.event("lea", "signed_up", "1").await;
    host.gives_up().await;
    host.drains(Withdrawal::everything("lea", evidence()).id("w1")).await;
    host.until(2).await;
    host.event("zoe", "texted", "1").await;
    host.gives_up().await;
    host.drains(Withdrawal::everything("zoe", evidence()).on_channel("sms").id("w1")).await;
    host.until(4).await;
    host.event("tom", "signed_up", "1").await;
    host.until(5).await;
    host.drains(Withdrawal::of("tom", "marketing", "email", evidence()).id("w1")).await;
    host.until(12).await;
}

const SHARED: &str = r#"
journey: shared
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: offer, send: { channel: email, template: hello, purpose: marketing } }
  - { wait: 200m }
  - { id: news, send: { channel: email, template: hello, purpose: marketing } }
  - { id: end, exit: done }
"#;

/// Two contacts with one address; an address that is suppressed for whoever has it.
async fn shared(host: &mut Host) {
    host.publishes(&[SHARED]).await;
    for contact in ["eve", "lea", "max", "tom", "zoe"] {
        host.meets(contact).await;
    }
    for contact in ["lea", "tom"] {
        host.knows(Contact::new(contact).address("email", "family@email")).await;
    }
    host.pauses(email()).await;
    for contact in ["eve", "lea", "max", "tom", "zoe"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(1).await;
    host.withdraws(Withdrawal::of("lea", "marketing", "email", evidence()).id("w1")).await;
    host.suppresses("email", "zoe@email", None).await;
    host.suppresses("email", "max@email", Some("max")).await;
    host.until(2).await;
    host.resumes(email()).await;
    host.until(3).await;
    host.suppresses("email", "eve@email", Some("eve")).await;
    host.until(8).await;
}

const ERASURES: &str = r#"
journey: erasures
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: bye, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

/// Erased in flight, while a message is queued, and while waiting.
async fn erasures(host: &mut Host) {
    host.publishes(&[ERASURES]).await;
    for contact in ["lea", "max", "tom", "zoe"] {
        host.meets(contact).await;
    }
    host.event("tom", "signed_up", "1").await;
    host.event("max", "signed_up", "1").await;
    host.until(1).await;
    host.book.answers("lea", "hello", &[Answer::Hold]);
    host.event("lea", "signed_up", "1").await;
    host.gives_up().await;
    host.erases("lea").await;
    host.erases("tom").await;
    host.until(2).await;
    host.pauses(email()).await;
    host.event("zoe", "signed_up", "1").await;
    host.until(3).await;
    host.erases("zoe").await;
    host.resumes(email()).await;
    for contact in ["lea", "tom", "zoe"] {
        let told = host.tells_in_vain(Event::new(contact, "signed_up").id("2")).await;
        assert!(matches!(told, Error::Erased { .. }), "{told}");
    }
    host.until(12).await;
}

const MOVES: &str = r#"
journey: moves
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 200m }
  - { id: end, exit: done }
"#;

/// An address changes between the decision and the handover: the new one hears, or nobody.
async fn moves(host: &mut Host) {
    host.publishes(&[MOVES]).await;
    for contact in ["lea", "tom", "zoe"] {
        host.meets(contact).await;
    }
    host.suppresses("email", "blocked@email", None).await;
    host.pauses(email()).await;
    for contact in ["lea", "tom", "zoe"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(1).await;
    host.knows(Contact::new("lea").address("email", "moved@email")).await;
    host.knows(Contact::new("zoe").address("email", "blocked@email")).await;
    host.until(2).await;
    host.suppresses("email", "lea@email", None).await;
    // A worker reads what is known before it says anything; what another worker holds unread, it does not wait for.
    host.knows(Contact::new("tom").address("email", "away@email")).await;
    host.until(3).await;
    host.resumes(email()).await;
    host.until(12).await;
}
