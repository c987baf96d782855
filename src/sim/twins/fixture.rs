//! Where such people live, and the journeys that speak to them.

use crate::error::BuildError;
use crate::journey::Journey;
use crate::port::store::Definition;
use crate::rule::TemplateDefinition;
use crate::sim::host::address;

/// Their names.
pub(super) const NAMES: [&str; 3] = ["t0", "t1", "t2"];
/// The homes that there are: one that they may share, and one of each name's own.
pub(super) const HOMES: [&str; 4] = ["t", "t0", "t1", "t2"];
pub(super) const LINES: [&str; 2] = ["email", "sms"];
pub(super) const PURPOSES: [&str; 2] = ["kin", "gossip"];

pub(super) const RUNG: &str = "twin_rung";
pub(super) const JOINED: &str = "twin_joined";
/// The journey that nobody enters twice.
pub(super) const ONCE: &str = "twin_once";

const PAIRS: &str = r#"
journey: twin_pairs
version: 1
enter: { on: { event: twin_rung } }
reenter: always
steps:
  - { id: kin_mail, send: { channel: email, template: twin, purpose: kin } }
  - { id: gossip_mail, send: { channel: email, template: twin, purpose: gossip } }
  - { id: kin_text, send: { channel: sms, template: twin, purpose: kin } }
  - { id: gossip_text, send: { channel: sms, template: twin, purpose: gossip } }
"#;

const ENTERED_ONCE: &str = r#"
journey: twin_once
version: 1
enter: { on: { event: twin_joined } }
steps:
  - { id: hello, send: { channel: email, template: twin, purpose: kin } }
  - { id: turn, wait: 1d }
  - { id: again, send: { channel: sms, template: twin, purpose: gossip } }
"#;

/// What is published where a seed has them.
pub(in crate::sim) fn definitions() -> Result<Vec<Definition>, BuildError> {
    let mut all: Vec<Definition> = vec![TemplateDefinition::new("twin").text("Bonjour").into()];
    for text in [PAIRS, ENTERED_ONCE] {
        all.push(Journey::from_yaml(text)?.into());
    }
    Ok(all)
}

/// The address of a home.
pub(super) fn at_home(home: usize, line: &str) -> String {
    address(HOMES[home % HOMES.len()], line, false)
}

/// Every address that there is, with its channel.
pub(in crate::sim) fn homes() -> impl Iterator<Item = (&'static str, String)> {
    LINES.into_iter().flat_map(|line| (0..HOMES.len()).map(move |home| (line, at_home(home, line))))
}
