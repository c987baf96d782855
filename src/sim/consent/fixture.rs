//! What is said for which purpose, by two journeys of their own.

use crate::error::BuildError;
use crate::journey::Journey;
use crate::port::store::Definition;
use crate::rule::{Policy, Purpose, TemplateDefinition};

/// What acts are about: the purposes of the whole world, one that asks twice, one that may rest on a sale, and tracking.
pub(super) const PURPOSES: [&str; 5] = ["onboarding", "marketing", "tips", "shop", "tracking"];
/// The purpose of which a grant must confirm a request.
pub(super) const CONFIRMED: &str = "tips";
/// The purpose that a sale can carry, and of which family.
pub(super) const SOLD: &str = "shop";
pub(super) const FAMILIES: [&str; 2] = ["books", "shoes"];
/// What a contract demands.
pub(in crate::sim) const OWED: &str = "receipts";

/// The events that open the two journeys.
pub(super) const RUNG: &str = "rung";
pub(super) const DECLINED: &str = "declined";
/// The journey whose step withdraws, what it withdraws, and on which channel.
pub(super) const DECLINES: (&str, &str, &str) = ("declines", "onboarding", "sms");

const SAYS: &str = r#"
journey: says
version: VERSION
enter: { on: { event: rung } }
reenter: always
steps:
  - { id: tip, send: { channel: email, template: tip, purpose: tips } }
  - { id: shop, send: { channel: sms, template: proof, purpose: shop } }
  - { id: news, send: { channel: sms, template: proof, purpose: onboarding } }
  - { id: mail, send: { channel: email, template: tip, purpose: marketing } }
  - { id: owed, send: { channel: email, template: receipt, purpose: receipts } }
"#;

const NO_MORE: &str = r#"
journey: declines
version: VERSION
enter: { on: { event: declined } }
reenter: always
steps:
  - { id: no_more, withdraw: { channel: sms, purpose: onboarding } }
  - { id: nothing, send: { channel: sms, template: proof, purpose: onboarding } }
"#;

/// Whether no word of a contact forbids it.
pub(in crate::sim) fn is_owed(purpose: &str) -> bool {
    purpose == OWED || purpose == crate::sim::limits::OWED
}

/// The sending rules of every engine.
pub(in crate::sim) fn policy() -> Policy {
    Policy::default()
        .purpose(Purpose::consent(CONFIRMED).confirmed())
        .purpose(Purpose::soft_opt_in(SOLD, FAMILIES[0]))
        .purpose(Purpose::contract(OWED))
        .purpose(Purpose::tracking())
}

/// The journeys and templates of a version.
pub(in crate::sim) fn definitions(version: u32) -> Result<Vec<Definition>, BuildError> {
    let tip =
        format!("tip {version}: https://example.org/one https://example.org/two {{{{ link.preferences }}}}");
    let receipt = TemplateDefinition::new("receipt").text(format!("receipt {version}")).purpose(OWED);
    let mut all: Vec<Definition> = vec![TemplateDefinition::new("tip").text(tip).into(), receipt.into()];
    all.push(crate::sim::profile::score().into());
    for text in [SAYS, NO_MORE] {
        all.push(Journey::from_yaml(&text.replace("VERSION", &version.to_string()))?.into());
    }
    Ok(all)
}
