//! Stories of walking: every kind of node, goals and exits, entering again, and events out of order.

use chrono::TimeDelta;
use journeyman::{Contact, Event};

use crate::host::{Host, start};
use crate::story::Story;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "welcome",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(welcome(host)),
        ends: &[
            "lea bye accepted",
            "lea gold accepted",
            "lea hello accepted",
            "tom bye accepted",
            "tom hello accepted",
            "tom plain accepted",
        ],
    },
    Story {
        name: "answers",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(answers(host)),
        ends: &[
            "ana nudge accepted",
            "eve thanks accepted",
            "lea thanks accepted",
            "max thanks accepted",
            "tom chat accepted",
            "zoe nudge accepted",
        ],
    },
    Story {
        name: "goals",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(goals(host)),
        ends: &[
            "lea hello accepted",
            "lea hello accepted",
            "lea hello cancelled",
            "tom hello accepted",
            "tom hello accepted",
            "zoe bye accepted",
            "zoe hello accepted",
        ],
    },
];

const WELCOME: &str = r#"
journey: welcome
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 100m }
  - { id: fork, branch: { when: [{ if: { tag: vip }, goto: gold }], else: next } }
  - { id: plain, send: { channel: sms, template: hello, purpose: onboarding }, goto: later }
  - { id: gold, send: { channel: post, template: hello, purpose: onboarding } }
  - { id: later, wait_until: { entry: +1d } }
  - { wait_until: { time: "07:20" } }
  - { id: bye, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

async fn welcome(host: &mut Host) {
    host.publishes(&[WELCOME]).await;
    host.meets("lea").await;
    host.knows(Contact::new("lea").tag("vip")).await;
    host.meets("tom").await;
    host.event("lea", "signed_up", "1").await;
    host.event("tom", "signed_up", "1").await;
    host.until(60).await;
}

const ANSWERS: &str = r#"
journey: answers
version: 1
enter: { on: { event: signed_up } }
steps:
  - id: ask
    wait_for:
      any: [{ event: clicked, where: { cta: book }, goto: thanks }, { event: replied }]
      within: 1480m
      otherwise: nudge
  - { id: chat, send: { channel: sms, template: hello, purpose: onboarding }, goto: end }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding }, goto: end }
  - { id: nudge, send: { channel: post, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

async fn answers(host: &mut Host) {
    let click = |contact: &str| Event::new(contact, "clicked").id("booking").property("cta", "book");
    let minutes = |minutes: i64| start() + TimeDelta::minutes(minutes);
    host.publishes(&[ANSWERS]).await;
    for contact in ["ana", "eve", "lea", "max", "tom", "zoe"] {
        host.meets(contact).await;
        host.event(contact, "signed_up", "1").await;
        // Told twice, as a provider's webhook is.
        host.event(contact, "signed_up", "1").await;
    }
    // It happened before the question was asked, so it is no answer to it.
    host.tells(click("ana").at(minutes(-300))).await;
    host.until(1).await;
    // It has not happened yet.
    host.tells(click("eve").at(minutes(260))).await;
    host.until(3).await;
    host.tells(click("lea")).await;
    host.tells(Event::new("tom", "clicked").id("skipping").property("cta", "skip")).await;
    host.until(6).await;
    host.event("tom", "replied", "2").await;
    host.event("tom", "replied", "2").await;
    host.tells(click("lea")).await;
    // It happened long before it is told.
    host.tells(click("max").at(minutes(120))).await;
    host.until(30).await;
}

const GOALS: &str = r#"
journey: goals
version: 1
enter: { on: { event: signed_up } }
reenter: always
exit:
  - { on: { event: booked }, as: goal }
  - { on: { event: left } }
max_duration: 500m
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: ask, wait_for: { any: [{ event: clicked }], within: 1d, otherwise: bye } }
  - { id: bye, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 1d }
"#;

async fn goals(host: &mut Host) {
    let email = || journeyman::port::store::Pausable::Channel("email".into());
    host.publishes(&[GOALS]).await;
    for contact in ["lea", "tom", "zoe"] {
        host.meets(contact).await;
        host.event(contact, "signed_up", "1").await;
    }
    host.until(2).await;
    host.event("lea", "booked", "1").await;
    host.event("zoe", "clicked", "1").await;
    host.until(3).await;
    host.event("lea", "signed_up", "2").await;
    host.until(5).await;
    host.event("lea", "left", "1").await;
    host.until(10).await;
    // Tom's longest stay was over by itself.
    host.event("tom", "signed_up", "2").await;
    host.until(20).await;
    // What was decided and has not begun is taken back by the goal.
    host.pauses(email()).await;
    host.event("lea", "signed_up", "3").await;
    host.until(22).await;
    host.event("lea", "booked", "2").await;
    host.until(23).await;
    host.resumes(email()).await;
    host.until(40).await;
}
