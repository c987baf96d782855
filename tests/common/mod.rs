//! What several tests share.

use journeyman::Journey;

/// Journeys that use every node kind: waits, local times, alternatives, loops, exits, a refused edge.
pub fn journeys() -> Vec<Journey> {
    let welcome = r#"
journey: welcome
version: 1
zone: Europe/Paris
enter: { on: { event: signed_up } }
reenter: { after: 2d }
exit:
  - { on: { event: booked, where: { number: { at_least: 2 } } }, as: goal }
  - { on: { event: replied } }
max_duration: 8d
steps:
  - { id: hello, send: { channel: email, template: hello, purpose: onboarding } }
  - { wait: 2h }
  - { id: proof, send: { channel: sms, template: proof, purpose: marketing } }
  - { wait_until: { entry: +3d } }
  - { id: ask, wait_for: { any: [{ event: clicked, where: { number: 1 }, goto: thanks }, { event: seen }], within: 2d, otherwise: objection } }
  - { id: score, branch: { when: [{ if: { attribute: score, at_least: 50 }, goto: thanks }], else: next } }
  - { id: objection, send: { channel: sms, template: objection, purpose: marketing } }
  - { wait_until: { entry: 6d, time: "09:30" } }
  - { id: thanks, send: { channel: email, template: thanks, purpose: marketing } }
"#;
    let careful = r#"
journey: careful
version: 3
enter:
  - { on: { event: seen, where: { number: 0 } } }
  - { on: { event: clicked }, if: { not: { performed: booked } } }
reenter: always
steps:
  - { wait_until: { time: "02:30" } }
  - { id: try, send: { channel: email, template: a, purpose: marketing, refused: plan_b } }
  - { wait: 1d }
  - { id: again, branch: { when: [{ if: { performed: replied, since: entry }, goto: end }, { if: { attribute: age, below: 40 }, goto: try }], else: end } }
  - { id: plan_b, send: { channel: sms, template: b, purpose: onboarding, refused: end } }
  - { id: end, exit: done }
"#;
    let nightly = r#"
journey: nightly
version: 1
enter: { on: { event: booked } }
reenter: always
max_duration: 5d
steps:
  - { id: turn, wait: 1h }
  - { wait_until: { time: "23:45" } }
  - { id: note, send: { channel: sms, template: note, purpose: marketing }, goto: turn }
"#;
    [welcome, careful, nightly]
        .map(|text| Journey::from_yaml(text).unwrap_or_else(|problems| panic!("{problems}")))
        .into()
}

use std::sync::Arc;

use journeyman::port::{Clock, Store};
use journeyman::store::{MemoryStore, SqliteStore};

/// A store of each kind on one clock, with what keeps its file alive.
pub fn stores(clock: Arc<dyn Clock>) -> Vec<(&'static str, Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite =
        SqliteStore::builder(folder.path().join("journeyman.db")).clock(clock.clone()).open().unwrap();
    let memory = MemoryStore::builder().clock(clock).build();
    vec![("memory", Arc::new(memory), None), ("sqlite", Arc::new(sqlite), Some(folder))]
}
