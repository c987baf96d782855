//! A proof, made when everything is over: it verifies, says what the providers know, and is refused wherever it is changed.

use crate::engine::Engine;
use crate::error::Error;
use crate::model::ContactId;
use crate::port::store::MessageStatus;
use crate::rule::proof::{Controller, Proof, Said, verify};
use crate::sim::host::World;
use crate::sim::random::Random;
use crate::testing::Invariant;

/// How many places of a proof are changed.
const CHANGES: usize = 3;

impl World {
    /// C25, of one person.
    pub(in crate::sim) async fn proof_holds(&self) -> Result<(), Error> {
        let Some(limits) = self.scenario.limits.as_ref().filter(|limits| limits.proof) else { return Ok(()) };
        let random = &mut Random::fork(self.scenario.people.len() as u64, "proof");
        let Some(person) = self.scenario.people.first() else { return Ok(()) };
        let id = ContactId::from(person.id.as_str());
        let Some(stored) = self.store.contact(&id).await? else { return Ok(()) };
        let engine = Engine::builder(self.store.clone())
            .policy(limits.policy())
            .compiled(crate::sim::host::compiled())
            .build();
        let controller = Controller::new("a school", "privacy@example.org").jurisdiction("FR");
        let proof = sealed(engine.proof(&id, &controller).await?);
        let text = proof.to_json();
        let found = unproven(&proof, &text, random);
        let messages = self.store.messages(&id).await?;
        let accepted =
            messages.iter().filter(|one| one.status == MessageStatus::Accepted && one.message.call.is_none());
        let (accepted, told) =
            (accepted.count(), proof.decisions.iter().filter(|one| one.said == Said::Sent).count());
        let mut seen = self.truth.seen();
        seen.count("limit_proof_judged");
        if accepted != told {
            let found = format!("the proof of {id} tells of {told} messages, and {accepted} were accepted");
            seen.breach(Invariant::C25, found);
        }
        for record in messages.iter().filter(|one| one.message.call.is_none()) {
            if let Some(found) = seen.misses_answers(record.message.id, &proof.decisions) {
                seen.breach(Invariant::C25, format!("the proof of {id} {found}"));
            }
        }
        if let Some(found) = seen.misses_steps(id.as_str(), stored.erased, &proof.decisions) {
            seen.breach(Invariant::C25, format!("the proof of {id} {found}"));
        }
        if let Some(found) = found {
            seen.breach(Invariant::C25, format!("the proof of {id} {found}"));
        }
        Ok(())
    }
}

/// What is wrong with a proof and its written form.
fn unproven(proof: &Proof, text: &str, random: &mut Random) -> Option<String> {
    if let Err(error) = verify(text) {
        return Some(format!("does not verify: {error}"));
    }
    for _ in 0..CHANGES {
        let place = random.below(text.len());
        let mut bytes = text.as_bytes().to_vec();
        let before = bytes[place];
        // Another letter or digit of its kind, so that most of what comes of it can still be read.
        bytes[place] = if before.is_ascii_digit() { b'0' + (before - b'0' + 1) % 10 } else { before ^ 1 };
        if String::from_utf8(bytes).is_ok_and(|changed| verify(&changed).is_ok()) {
            return Some(format!("verifies with another byte at {place}"));
        }
    }
    let mut unsaid = proof.clone();
    if unsaid.decisions.pop().is_some() && verify(&unsaid.to_json()).is_ok() {
        return Some("verifies without its last decision".into());
    }
    let mut shorter = proof.clone();
    if shorter.events.pop().is_some() {
        let records = shorter.records();
        let last = records.last().map_or((0, Default::default()), |last| (last.seq, last.hash));
        (shorter.chain.length, shorter.chain.head) = last;
        if verify(&shorter.to_json()).is_ok() {
            return Some("verifies when it is cut off at an earlier head".into());
        }
    }
    None
}

#[cfg(feature = "proof")]
fn sealed(proof: Proof) -> Proof {
    proof.signed(&crate::rule::proof::ProofKey::new([9; 32]))
}

#[cfg(not(feature = "proof"))]
fn sealed(proof: Proof) -> Proof {
    proof
}
