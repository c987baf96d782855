//! What the policies of such seeds say, and the journeys that speak under them.

use chrono::NaiveDate;

use super::drawn::{Law, Limits};
use super::plain::{Hours, LETTERS, TEXTS};
use crate::error::BuildError;
use crate::journey::Journey;
use crate::port::store::Definition;
use crate::rule::law::Profile;
use crate::rule::template::Form;
use crate::rule::{Cap, Minors, OptOut, Policy, Purpose, Retention, TemplateDefinition, VariantDefinition};
use crate::time::Span;

/// The purpose that nobody is asked for.
pub(in crate::sim) const OWED: &str = "bills";
/// The events that open the journeys below.
pub(in crate::sim) const OFFERED: &str = "offered";
pub(in crate::sim) const BILLED: &str = "billed";
/// How every short message must say that it can be stopped.
pub(super) const STOP: &str = "STOP au 36111";
/// What a bill says as long as its template declares what it is for, and what it says when it no longer does.
pub(super) const BILL_SAYS: &str = "Bill of your order";
const SALE: &str = "Everything must go";
/// Who is younger is a minor.
pub(super) const OF_AGE: i64 = 15;
/// How many local days of silence are too many, and what breaks it beside consents.
pub(super) const SILENCE: i64 = 4;
pub(super) const HEARD_BY: &str = "clicked";
/// The journey whose message may go by one channel or another, its channels, and the more urgent one.
pub(super) const WAYS: &str = "ways";
pub(super) const CHANNELS: [&str; 2] = ["sms", "email"];
pub(super) const URGENT: &str = "urgent";

/// A cap, typed once more.
pub(super) struct Most {
    pub(super) name: &'static str,
    pub(super) most: usize,
    pub(super) days: i64,
    pub(super) hours: i64,
    pub(super) purposes: &'static [&'static str],
    pub(super) channel: Option<&'static str>,
    pub(super) tier: Option<&'static str>,
}

const fn most(name: &'static str, most: usize, days: i64, hours: i64) -> Most {
    Most { name, most, days, hours, purposes: &["marketing"], channel: None, tier: None }
}

pub(super) const CAPS: [Most; 5] = [
    most("two in a day and more", 2, 0, 26),
    most("one in a morning", 1, 0, 7),
    most("three in two days", 3, 2, 0),
    Most { purposes: &["marketing", "onboarding"], channel: Some("sms"), ..most("texts", 1, 0, 12) },
    Most { tier: Some("cold"), ..most("cold", 1, 1, 0) },
];

impl Most {
    pub(super) fn concerns(&self, channel: &str, purpose: &str) -> bool {
        self.purposes.contains(&purpose) && self.channel.is_none_or(|own| own == channel)
    }
}

/// The house's own hours, which hold where letters may go.
const HOUSE: &str = r#"{"name": "house", "edition": "EDITION", "said": "hours of the house", "margin": "2m",
    "territories": ["FR-MET", "FR-AM", "RE"], "rules": [
    {"channel": "letter", "hours": "Mon-Sat 07:30-20:30", "holidays": false, "force": "practice", "source": "the house", "as_of": "2026-03-01"},
    {"channel": "letter", "hours": "09:00-18:00", "holidays": true, "force": "practice", "source": "the house", "as_of": "2026-03-01", "from": "2026-03-30"}TEXTSMAILS],
    "caps": [{"name": "tips", "channels": ["email"], "most": 1, "per": "30h", "force": "practice", "source": "the house", "as_of": "2026-03-01"}]}"#;
/// The same of what may be said, typed once more; the policy names no other purpose of mail that is not owed.
const HOUSE_CAP: Most = Most { purposes: &["tips"], channel: Some("email"), ..most("house: tips", 1, 0, 30) };
/// The editions of that table: the newer one has a row for mail from a day on.
const FORMER: &str = "2026-03-01";
const NEWER: &str = "2026-03-20";
const HOUSE_MAILS: &str = r#",
    {"channel": "email", "hours": "Mon-Sat 09:00-19:00", "holidays": true, "force": "practice", "source": "the house", "as_of": "2026-03-20", "from": "2026-03-28"}"#;
/// The first instant at which it is that day anywhere in the world of a simulation: 2026-03-27T15:00Z, in Tokyo.
pub(in crate::sim) const NEWER_FROM: i64 = 1_774_623_600_000;
const HOUSE_TEXTS: &str = r#",
    {"channel": "sms", "hours": "Mon-Sat 08:30-20:00", "holidays": false, "force": "practice", "source": "the house", "as_of": "2026-03-01"}"#;

impl Limits {
    /// The sending rules of the seed.
    pub(in crate::sim) fn policy(&self) -> Policy {
        self.policy_of(false)
    }

    /// Whether there are hours of the law.
    pub(in crate::sim) fn has_law(&self) -> bool {
        self.law != Law::None
    }

    /// The same, before the tables of the law change or after it.
    pub(in crate::sim) fn policy_of(&self, amended: bool) -> Policy {
        let mut policy = crate::sim::consent::policy();
        if self.law != Law::None {
            let texts = if self.law == Law::House { HOUSE_TEXTS } else { "" };
            let (edition, mails) = if amended { (NEWER, HOUSE_MAILS) } else { (FORMER, "") };
            let house = HOUSE.replace("EDITION", edition).replace("TEXTS", texts).replace("MAILS", mails);
            let house = Profile::read(&house).ok();
            let france = Profile::named("fr").ok().filter(|_| self.law == Law::France);
            policy = france.into_iter().chain(house).fold(policy, Policy::profile).territory_in("territory");
        }
        for cap in self.caps() {
            let days = Span::days(u32::try_from(cap.days).unwrap_or(0));
            let per = Span { milliseconds: u64::try_from(cap.hours * 3_600_000).unwrap_or(0), ..days };
            let mut own = Cap::new(cap.name, u32::try_from(cap.most).unwrap_or(1), per);
            own = cap.purposes.iter().fold(own, |own, purpose| own.for_purpose(*purpose));
            own = cap.channel.into_iter().fold(own, Cap::on_channel);
            policy = policy.cap(cap.tier.into_iter().fold(own, |own, tier| own.in_tier("spark", tier)));
        }
        if self.has_words(amended) {
            let as_of = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default();
            policy = policy.opt_out(OptOut::new("sms", "a contract", as_of).words(STOP));
        }
        if self.minors {
            policy = policy.minors(Minors::new("age", OF_AGE));
        }
        if self.silence {
            let lasts = Span::days(u32::try_from(SILENCE).unwrap_or(0));
            policy = policy.retention(Retention::new(lasts, "a test", "2026-03-01").heard_by(HEARD_BY));
        }
        if self.owed {
            policy = policy.purpose(Purpose::contract(OWED).sparing_hours());
        }
        policy
    }

    pub(super) fn caps(&self) -> impl Iterator<Item = &'static Most> {
        self.caps.iter().filter_map(|cap| CAPS.get(*cap))
    }

    /// What holds where the house's hours do.
    pub(super) fn law_cap(&self) -> Option<&'static Most> {
        (self.law != Law::None).then_some(&HOUSE_CAP)
    }

    /// The hours that hold for a channel.
    pub(super) fn hours(&self, channel: &str) -> Vec<&'static Hours> {
        let all = LETTERS.iter().chain([&TEXTS]);
        all.filter(|hours| self.law != Law::None && hours.channel == channel).collect()
    }

    /// What is published beside the rest.
    pub(in crate::sim) fn definitions(&self) -> Result<Vec<Definition>, BuildError> {
        // In the alphabet of short messages, in two segments that a sign could be torn between, and in one.
        let french = VariantDefinition::default()
            .language("fr")
            .text("Aujourd'hui seulement : {{ contact.score }} € de moins sur toutes nos places 🔥🔥🔥🔥🔥");
        let friendly =
            VariantDefinition::default().language("fr").form(Form::Tu).text("🔥 {{ contact.score }}");
        let promo = TemplateDefinition::new("promo").text("Only today {{ contact.score }} €");
        let mut definitions: Vec<Definition> = vec![promo.variant(french).variant(friendly).into()];
        let mut journeys = vec![BARGAIN, URGENTLY, EITHER_WAY];
        if self.owed {
            definitions.push(bill(true).into());
            journeys.push(BILL);
        }
        for text in journeys {
            definitions.push(Journey::from_yaml(text)?.into());
        }
        Ok(definitions)
    }
}

/// The words of a bill, which declare what they are for, or no longer.
pub(in crate::sim) fn bill(declared: bool) -> TemplateDefinition {
    match declared {
        true => TemplateDefinition::new("bill").text(BILL_SAYS).purpose(OWED),
        false => TemplateDefinition::new("bill").text(SALE),
    }
}

const BARGAIN: &str = r#"
journey: bargain
version: 1
enter: { on: { event: offered } }
reenter: always
steps:
  - { id: bargain, send: { channel: email, template: promo, purpose: marketing } }
"#;

const URGENTLY: &str = r#"
journey: urgent
version: 1
enter: { on: { event: offered, where: { number: { at_least: 2 } } } }
reenter: always
steps:
  - { id: urgent, send: { channel: sms, template: promo, purpose: marketing, priority: 5 } }
  - { id: more_urgent, send: { channel: email, template: promo, purpose: marketing, priority: 5 } }
"#;

const EITHER_WAY: &str = r#"
journey: ways
version: 1
enter: { on: { event: offered, where: { number: { at_most: 1 } } } }
reenter: always
steps:
  - { id: either, send: { channels: [sms, email], template: promo, purpose: marketing, capped: drop } }
"#;

const BILL: &str = r#"
journey: bill
version: 1
enter: { on: { event: billed } }
reenter: always
steps:
  - { id: bill, send: { channel: letter, template: bill, purpose: bills } }
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Random;

    #[test]
    fn what_is_drawn_compiles_and_can_hold() {
        let mut some = 0;
        for seed in 0..200 {
            let Some(limits) = Limits::draw(&mut Random::fork(seed, "limits"), &[]) else { continue };
            limits.policy().check().unwrap();
            let newer = limits.policy_of(true);
            newer.check().unwrap();
            assert_eq!(newer.edition() != limits.policy().edition(), limits.has_law());
            limits.definitions().unwrap();
            let named = if limits.law == Law::None { 0 } else { limits.policy().profiles.len() };
            assert!(named > 0 || limits.law == Law::None);
            some += 1;
        }
        assert!(some > 50);
    }
}
