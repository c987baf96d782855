//! Erasure.

use std::sync::Arc;

use serde::Serialize;

use super::bench::{
    Answer, Bench, EMAIL, HORIZON, LEA, LEASE, MARKETING, SHARED, SMS, Stop, TOM, enrollment, evidence,
    fingerprint, id, input_id, message, minutes, person, reachable, visit,
};
use crate::machine::{Cold, Input, Lift};
use crate::model::{
    ConsentRecord, ConsentStatus, Contact, DeliveryStatus, Event, ExitReason, Hash, JourneyId, Message,
    MessageId, NodeId, Reason, Step, StepOutcome, Value,
};
use crate::port::store::{Begin, Begun, Committed, Forbidden, MessageStatus, Receipt, Verdict};

cases! {
    erase_leaves_no_personal_byte: "State, mail, steps, contents and addresses of an erased person are not read back.",
    erase_keeps_why_nothing_was_said: "The answers for messages of an erased person stay without a word of anybody's; what waited was taken back for the erasure.",
    erase_keeps_why_steps_said_nothing: "Steps of an erased person that refused something, or put it off, stay with the codes of their reasons; no other step does.",
    erase_leaves_nothing_to_do: "An erased contact is never handed out, nor is a message of its.",
    erase_answers_whether_it_was_known: "Erasing answers true for a contact that was known, and false for a stranger.",
    erasing_twice_changes_nothing: "An erased contact that is erased again stays as it is.",
    erase_grows_the_revision: "The tombstone's revision is above every one from before.",
    erased_contact_does_not_come_back: "Whatever is told of an erased contact is answered by that, and nothing is kept.",
    erase_keeps_the_consent_chain: "The consent chain of an erased person comes back whole.",
    erase_denies_its_addresses: "Every address, those of unread mail included, is denied for whoever has it, for every purpose.",
    erasure_is_lifted_by_nobody: "No grant of whoever has an address of the erased opens it again.",
    erase_spares_other_contacts: "Other contacts, their mail and their messages stay as they are.",
    zombie_commit_after_erase_is_refused: "A worker that claimed a contact before its erasure commits nothing.",
    settle_after_erase_brings_nothing_back: "An answer for a message of an erased contact is taken and leaves no trace.",
}

const CANARY: &str = "canary-7f3a";

fn text(value: &impl Serialize) -> Answer<String> {
    serde_json::to_string(value)
        .map_err(|error| Stop::failed(format_args!("cannot be written down: {error}")))
}

/// Everything that can be read of Léa, written down.
async fn everything(bench: &Bench) -> Answer<String> {
    let (store, lea) = (&bench.store, id(LEA));
    let mut all = String::new();
    if let Some(stored) = store.contact(&lea).await? {
        all += &text(&(&*stored.state.cold, &stored.state.hot))?;
    }
    for (_, state) in store.scan(0, 100).await? {
        all += &text(&(&*state.cold, &state.hot))?;
    }
    all += &text(&store.steps(&lea).await?)?;
    all += &text(&bench.mail(LEA).await?)?;
    for record in
        store.messages(&lea).await?.into_iter().chain(store.message(message(LEA, 1, bench.now()).id).await?)
    {
        all += &text(&(record.message, record.content, record.answer))?;
    }
    for taken in bench.take().await? {
        all += &text(&(taken.message, taken.content, &*taken.cold))?;
    }
    Ok(all)
}

async fn erase_leaves_no_personal_byte(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let told = person(LEA, EMAIL, "canary-7f3a@example.org").attribute("name", CANARY).tag(CANARY);
    bench.keep(told.clone()).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.cold =
        Some(Arc::new(Cold { contact: told, standing: Default::default(), sharings: Default::default() }));
    commit.hot.performed.record(&CANARY.into(), commit.now);
    commit.steps = vec![Step {
        enrollment: enrollment(LEA, 1),
        ordinal: 0,
        journey: JourneyId::from("welcome"),
        version: 1,
        node: NodeId::from("greet"),
        at: commit.now,
        outcome: StepOutcome::Exited { reason: ExitReason::Exit(CANARY.into()) },
        next: None,
        policy: None,
    }];
    let begun = message(LEA, 1, bench.now());
    commit.messages = vec![begun.clone()];
    bench.done(commit).await?;
    let attempt = bench.begun(&begun, CANARY).await?;
    let reasons = vec![Reason::Channel("blocked".into())];
    bench.settle(&begun, attempt, DeliveryStatus::Refused { reasons }).await?;
    bench.keep(Event::new(LEA, "visited").property("page", Value::from(CANARY))).await?;
    let before = everything(&bench).await?;
    check!(before.matches(CANARY).count() >= 9, "what was told is not read back even before the erasure");
    check!(bench.store.erase(&id(LEA)).await?, "a contact that is known is erased as if it were not");
    let after = everything(&bench).await?;
    check!(!after.contains(CANARY), "a personal value is read back after the erasure, in {after}");
    let stored = bench.contact(LEA).await?;
    check!(stored.erased, "the tombstone does not say that it is one");
    check_eq!(stored.state.cold.contact, Contact::new(LEA), "the person that is left");
    check_eq!(bench.mail(LEA).await?, [], "the mail that is left");
    check_eq!(bench.store.steps(&id(LEA)).await?, [], "the steps that are left");
    Ok(())
}

async fn erase_keeps_why_nothing_was_said(bench: Bench) -> Answer {
    let waiting = bench.lea_with_a_message().await?;
    let taken = bench.taken(&waiting).await?;
    let defer = Verdict::Defer { until: bench.now() + minutes(30), reasons: vec![Reason::QuietHours] };
    check_eq!(bench.begin(Begin::new(&taken, defer, "test")).await?, Begun::Answered, "a deferral");
    let told = [
        (vec![Reason::QuietHours, Reason::Withdrawn], vec![Reason::QuietHours, Reason::Withdrawn]),
        (vec![Reason::Channel(CANARY.into())], vec![Reason::Channel("".into())]),
        (vec![Reason::Template(CANARY.into())], vec![Reason::Template("".into())]),
    ];
    let others: Vec<Message> = (2..=4).map(|number| message(LEA, number, bench.now())).collect();
    let mut commit = bench.reading(LEA).await?;
    commit.messages = others.clone();
    bench.done(commit).await?;
    for (message, (reasons, _)) in others.iter().zip(&told) {
        let taken = bench.taken(message).await?;
        let refuse = Verdict::Refuse { reasons: reasons.clone() };
        check_eq!(bench.begin(Begin::new(&taken, refuse, "test")).await?, Begun::Answered, "a refusal");
    }
    bench.clock.advance(minutes(5));
    check!(bench.store.erase(&id(LEA)).await?, "nobody was erased");
    for (message, (_, reasons)) in others.iter().zip(told) {
        let record = bench.record(message).await?;
        check_eq!(record.answer, Some(DeliveryStatus::Refused { reasons }), "why nothing was said");
    }
    let record = bench.record(&waiting).await?;
    let erased = DeliveryStatus::Refused { reasons: vec![Reason::Erased] };
    check_eq!((record.status, record.answer), (MessageStatus::Cancelled, Some(erased)), "what waited");
    check_eq!(record.answered_at, Some(bench.now()), "when what waited was taken back");
    Ok(())
}

async fn erase_keeps_why_steps_said_nothing(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let until = bench.now() + minutes(30);
    let step = |ordinal, outcome| Step {
        enrollment: enrollment(LEA, 1),
        ordinal,
        journey: JourneyId::from("welcome"),
        version: 1,
        node: NodeId::from("greet"),
        at: bench.now(),
        outcome,
        next: None,
        policy: Some("test".into()),
    };
    let refused =
        |word: &str| StepOutcome::Refused { reasons: vec![Reason::NoConsent, Reason::Template(word.into())] };
    let put_off = StepOutcome::Deferred { until, reasons: vec![Reason::QuietHours] };
    let exit = StepOutcome::Exited { reason: ExitReason::Exit(CANARY.into()) };
    bench.keep(visit(LEA, "b")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.steps = vec![step(0, StepOutcome::Entered), step(1, put_off.clone())];
    bench.done(commit).await?;
    bench.keep(visit(LEA, "a")).await?;
    let mut commit = bench.reading(LEA).await?;
    // One that put a message out beside what it refused.
    commit.messages = vec![message(LEA, 1, bench.now())];
    commit.steps = vec![step(2, refused(CANARY)), step(3, exit)];
    bench.done(commit).await?;
    check_eq!(bench.store.steps(&id(LEA)).await?.len(), 4, "the number of steps before the erasure");
    bench.store.erase(&id(LEA)).await?;
    let left = [step(1, put_off), step(2, refused(""))];
    check_eq!(bench.store.steps(&id(LEA)).await?, left, "what is left of the steps");
    bench.store.erase(&id(LEA)).await?;
    check_eq!(bench.store.steps(&id(LEA)).await?, left, "what is left of the steps after a second erasure");
    Ok(())
}

async fn erase_leaves_nothing_to_do(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.keep(visit(LEA, "a")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.due_at = Some(bench.now() + minutes(5));
    bench.done(commit).await?;
    bench.keep(visit(LEA, "b")).await?;
    bench.store.erase(&id(LEA)).await?;
    check_eq!(bench.next_due().await?, None, "the next instant after the erasure");
    bench.clock.advance(minutes(10));
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do after the erasure");
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered after the erasure"
    );
    Ok(())
}

async fn erase_answers_whether_it_was_known(bench: Bench) -> Answer {
    bench.know_lea().await?;
    check!(!bench.store.erase(&id(TOM)).await?, "erasing a stranger answers that it was known");
    check!(bench.store.contact(&id(TOM)).await?.is_none(), "erasing a stranger made a contact");
    check!(bench.store.erase(&id(LEA)).await?, "erasing a known contact answers that it was a stranger");
    bench.keep(visit(TOM, "a")).await?;
    check!(
        bench.store.erase(&id(TOM)).await?,
        "a contact of whom only unread mail is known counts as a stranger"
    );
    Ok(())
}

async fn erasing_twice_changes_nothing(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.store.erase(&id(LEA)).await?;
    let first = format!("{:?}", bench.contact(LEA).await?);
    bench.clock.advance(minutes(5));
    check!(bench.store.erase(&id(LEA)).await?, "a contact that was erased counts as never known");
    check_eq!(format!("{:?}", bench.contact(LEA).await?), first, "the tombstone after a second erasure");
    Ok(())
}

async fn erase_grows_the_revision(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let before = bench.contact(LEA).await?.revision;
    bench.store.erase(&id(LEA)).await?;
    let after = bench.contact(LEA).await?.revision;
    check!(before < after, "revision {after} follows {before}");
    Ok(())
}

async fn erased_contact_does_not_come_back(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.store.erase(&id(LEA)).await?;
    let told: [Input; 4] = [
        person(LEA, EMAIL, SHARED).into(),
        visit(LEA, "a"),
        Event::new(LEA, "visited").at(bench.now() - HORIZON - minutes(1)).into(),
        Input::for_known(id(LEA), None, visit(LEA, "b").kind),
    ];
    for input in told {
        let receipts = bench.append(&[input]).await?;
        let refused = matches!(receipts.as_slice(), [Receipt::Erased | Receipt::Expired]);
        check!(refused, "an input of an erased contact is answered by {receipts:?}");
    }
    check_eq!(
        bench.append(&[visit(LEA, "c")]).await?,
        [Receipt::Erased],
        "the receipt of an erased contact's input"
    );
    check_eq!(bench.mail(LEA).await?, [], "the mail that is kept");
    check!(bench.contact(LEA).await?.erased, "the tombstone is gone");
    check_eq!(bench.store.scan(0, 10).await?.len(), 0, "how many contacts are read back");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do");
    Ok(())
}

async fn erase_keeps_the_consent_chain(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.keep(visit(LEA, "a")).await?;
    let mut commit = bench.reading(LEA).await?;
    let mut chain: Vec<ConsentRecord> = Vec::new();
    for (seq, status) in [(1, ConsentStatus::Granted), (2, ConsentStatus::Withdrawn)] {
        let (purpose, channel) = (Some(MARKETING.into()), Some(EMAIL.into()));
        let previous = chain.last().map_or(Hash::default(), |record| record.hash);
        let input = input_id(LEA, "consent");
        let at = commit.now;
        chain.push(ConsentRecord::link(seq, purpose, channel, status, at, evidence(), None, input, previous));
    }
    commit.consents.clone_from(&chain);
    bench.done(commit).await?;
    bench.store.erase(&id(LEA)).await?;
    let kept = bench.store.consents(&id(LEA)).await?;
    check_eq!(kept, chain, "the consent chain after the erasure");
    check!(ConsentRecord::verify(&kept), "the consent chain is broken");
    Ok(())
}

async fn erase_denies_its_addresses(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.keep(person(LEA, EMAIL, "unread@example.org")).await?;
    bench.store.erase(&id(LEA)).await?;
    let others = [(EMAIL, SHARED), (EMAIL, "unread@example.org"), (SMS, "+33600000001")];
    for (number, (channel, address)) in (1..).zip(others) {
        let contact = format!("other{number}");
        bench.know(reachable(Contact::new(contact.as_str()), channel, address)).await?;
        let decided =
            crate::model::Message { channel: channel.into(), ..message(&contact, number, bench.now()) };
        bench.decide(&contact, vec![decided.clone()]).await?;
        let place = fingerprint_of(channel, address);
        check!(bench.taken(&decided).await?.denied, "{place} is not denied");
        let asked = bench.store.forbidden(&id(&contact), &channel.into(), &"receipts".into()).await?;
        check_eq!(asked, Forbidden::new(true, false).of_erased(true), "what is said of {place}");
    }
    Ok(())
}

async fn erasure_is_lifted_by_nobody(bench: Bench) -> Answer {
    let tom = bench.tom_with_a_message().await?;
    bench.know_lea().await?;
    bench.store.erase(&id(LEA)).await?;
    check!(bench.taken(&tom).await?.denied, "whoever shares an address of the erased is told");
    let (_, seq) = bench.keep(Event::new(TOM, "granted")).await?;
    let mut commit = bench.reading(TOM).await?;
    commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq }];
    bench.done(commit).await?;
    check!(bench.taken(&tom).await?.denied, "a later grant opens the address of the erased");
    Ok(())
}

fn fingerprint_of(channel: &str, address: &str) -> String {
    format!("{channel}/{:?}", fingerprint(channel, address))
}

async fn erase_spares_other_contacts(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.know(person(TOM, EMAIL, "tom@example.org")).await?;
    let tom = message(TOM, 1, bench.now());
    bench.decide(TOM, vec![tom.clone()]).await?;
    bench.keep(visit(TOM, "a")).await?;
    let before = format!("{:?} {:?}", bench.contact(TOM).await?, bench.mail(TOM).await?);
    bench.store.erase(&id(LEA)).await?;
    let after = format!("{:?} {:?}", bench.contact(TOM).await?, bench.mail(TOM).await?);
    check_eq!(after, before, "another contact after the erasure");
    let taken = bench.taken(&tom).await?;
    check!(!taken.denied && !taken.suppressed, "another contact's message is denied or suppressed");
    check_eq!(bench.claimed(10).await?, [TOM], "who has something to do");
    Ok(())
}

async fn zombie_commit_after_erase_is_refused(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.keep(visit(LEA, "a")).await?;
    let (work, mut commit) = bench.work(LEA).await?;
    commit.cold = Some(work.state.cold.clone());
    commit.messages = vec![message(LEA, 2, bench.now())];
    bench.store.erase(&id(LEA)).await?;
    check_eq!(
        bench.commit(vec![commit]).await?,
        [Committed::StaleLease],
        "the answer to the worker that came late"
    );
    let stored = bench.contact(LEA).await?;
    check!(
        stored.erased && stored.state.cold.contact == Contact::new(LEA),
        "the contact came back: {stored:?}"
    );
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn settle_after_erase_brings_nothing_back(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.store.erase(&id(LEA)).await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    check_eq!(bench.mail(LEA).await?, [], "the mail of an erased contact");
    bench.clock.advance(LEASE + minutes(5));
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do");
    Ok(())
}
