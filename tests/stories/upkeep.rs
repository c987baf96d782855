//! Stories of upkeep: what is purged, and who is parked and released.

use chrono::TimeDelta;
use journeyman::{Error, Event};

use crate::host::{Host, start};
use crate::story::Story;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "purged",
        workers: 1,
        awaits: false,
        tell: |host| Box::pin(purged(host)),
        ends: &["lea hello accepted", "lea thanks accepted", "tom hello accepted", "tom thanks accepted"],
    },
    Story {
        name: "poisoned",
        workers: 1,
        awaits: true,
        tell: |host| Box::pin(poisoned(host)),
        ends: &["lea hello accepted", "tom hello accepted", "tom thanks accepted", "zoe hello accepted"],
    },
];

const VISITS: &str = r#"
journey: visits
version: 1
enter: { on: { event: signed_up } }
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: ask, wait_for: { any: [{ event: clicked }], within: 2000h, otherwise: end } }
  - { id: thanks, send: { channel: email, template: hello, purpose: onboarding } }
  - { id: end, exit: done }
"#;

/// What was read is forgotten after the horizon; what is told again within it is still known.
async fn purged(host: &mut Host) {
    host.publishes(&[VISITS]).await;
    for contact in ["lea", "tom"] {
        host.meets(contact).await;
        host.event(contact, "signed_up", "1").await;
    }
    host.until(24).await;
    host.event("lea", "clicked", "1").await;
    host.until(30).await;
    host.purges(10).await;
    host.event("lea", "clicked", "1").await;
    host.until(1000).await;
    host.purges(200).await;
    let old = Event::new("tom", "clicked").id("0").at(start() + TimeDelta::hours(20));
    assert!(matches!(host.tells_in_vain(old).await, Error::Expired { .. }));
    host.event("tom", "clicked", "1").await;
    host.until(1001).await;
    host.purges(1002).await;
    host.until(1010).await;
}

/// A contact whose commits the store refuses is parked, slows nobody, and goes on when it is released.
async fn poisoned(host: &mut Host) {
    host.publishes(&[VISITS]).await;
    for contact in ["lea", "tom", "zoe"] {
        host.meets(contact).await;
    }
    host.poisons("lea");
    for contact in ["lea", "tom", "zoe"] {
        host.event(contact, "signed_up", "1").await;
    }
    host.until(2).await;
    host.event("tom", "clicked", "1").await;
    host.until(3).await;
    host.cures("lea").await;
    host.until(5).await;
    host.event("zoe", "booked", "1").await;
    host.until(2020).await;
}
