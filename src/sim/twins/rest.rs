//! What must hold of such people once everything is over.

use super::fixture::{LINES, ONCE, PURPOSES, RUNG};
use super::ledger::Word;
use crate::error::StoreError;
use crate::model::{ContactId, StepOutcome};
use crate::port::store::StoredContact;
use crate::sim::host::World;
use crate::testing::Invariant;
use crate::testing::check::{Checker, Findings};

impl World {
    /// C6 at rest, and what the store's own checker says of them.
    pub(in crate::sim) async fn twins_at_rest(&self, checker: &Checker) -> Result<Findings, StoreError> {
        let names: Vec<String> = self.truth.seen().twins.own.keys().cloned().collect();
        let mut all = Findings::default();
        for name in names {
            let id = ContactId::from(name.as_str());
            let Some(stored) = self.store.contact(&id).await? else { continue };
            let findings = checker.check_contact(&*self.store, &id).await?;
            for violation in &findings.violations {
                self.truth.seen().breach(violation.invariant, violation.to_string());
            }
            all.absorb(findings);
            let (alias, steps) = (self.store.alias(&id).await?, self.store.steps(&id).await?);
            let messages = self.store.messages(&id).await?;
            let entered = steps
                .iter()
                .filter(|step| step.journey.as_str() == ONCE && matches!(step.outcome, StepOutcome::Entered));
            let entered = entered.count() as u64;
            let mut found: Vec<String> = Vec::new();
            {
                let mut seen = self.truth.seen();
                let heir = seen.twins.heir(&name);
                if alias.as_ref().map(ContactId::as_str) != (heir != name).then_some(heir.as_str()) {
                    found.push(format!("{name} leads to {alias:?}, and is part of {heir}"));
                }
                let own = seen.twins.own.get(&name).cloned().unwrap_or_default();
                if stored.erased != own.erased {
                    found.push(format!("{name} is erased: {}, and was: {}", stored.erased, own.erased));
                }
                if !own.erased {
                    seen.count("twin_judged_at_rest");
                    if let Some(run) = stored.state.hot.enrollments.first() {
                        found.push(format!("{name} is still in {}", run.journey));
                    }
                    if entered > own.joined {
                        found.push(format!("{name} entered {ONCE} {entered} times, and may {}", own.joined));
                    }
                    if heir == name {
                        found.extend(rung_wrong(&stored, own.rung));
                        found.extend(words_wrong(&name, &stored, &own));
                    }
                }
                found.into_iter().for_each(|found| seen.breach(Invariant::C6, found));
            }
            for record in messages {
                self.message_is_what_happened(&record, stored.erased);
            }
        }
        Ok(all)
    }
}

/// Whatever was told of either name happened to who goes on, each once.
fn rung_wrong(stored: &StoredContact, rung: u64) -> Option<String> {
    let tally = stored.state.hot.performed.tally(RUNG).map_or(0, |tally| tally.count);
    (tally != rung).then(|| format!("{rung} calls were told, and {tally} count"))
}

/// Who goes on allows what the words of all of them come to; of one that ends by itself, no more than that.
fn words_wrong(name: &str, stored: &StoredContact, own: &super::ledger::Twin) -> Vec<String> {
    let mut wrong = Vec::new();
    for purpose in PURPOSES {
        for line in LINES {
            let address = stored.state.cold.contact.addresses.get(line);
            let fingerprint = address.and_then(|address| address.fingerprint);
            let kept = stored.state.cold.standing.allows(purpose, line, fingerprint);
            let told = match own.words.get(&(purpose.to_owned(), line.to_owned())) {
                Some(Word::Yes { at, .. }) => {
                    at.is_none() || at.as_deref() == address.map(|address| &*address.value)
                }
                _ => false,
            };
            if kept && !told || told && !kept && !own.ends {
                wrong.push(format!("{name} allows {purpose} by {line}: {kept}, and it was told: {told}"));
            }
        }
    }
    wrong
}
