//! What third parties were told of a contact, and the removals that are owed to them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, SHARED, Stop, TOM, id, message, minutes, person, sends,
};
use crate::machine::{Cold, Sharings, Withdrawal};
use crate::model::{
    DeliveryStatus, Event, Evidence, Fingerprint, Message, MessageId, Name, Sharing, SharingAct,
};
use crate::port::store::{Amended, Begun, Merging, MessageStatus, Take, Taken};

cases! {
    erasing_owes_a_removal_of_what_was_exported: "An erasure puts a removal out for what a third party was told, once, and the removal is settled like any message.",
    erasing_owes_nothing_for_what_never_began: "An export that never began leaves no removal.",
    nothing_takes_a_removal_back: "No withdrawal, merge, erasure or operator takes back a removal that is owed.",
    a_merge_says_which_exports_have_begun: "What a merged contact leaves says of each export whether a call of it may go on.",
}

const THIRD: &str = "share:maison-k";

fn told(act: SharingAct, number: u8, at: DateTime<Utc>) -> Message {
    let sharing = Sharing::new(act, "maison-k", Fingerprint::from_bytes([7; 16]));
    let (template, purpose) = (Name::default(), "maison-k".into());
    Message { channel: THIRD.into(), template, purpose, sharing: Some(sharing), ..message(LEA, number, at) }
}

/// Léa, of whom a third party shall be told.
async fn lea_with_an_export(bench: &Bench) -> Answer<Message> {
    bench.know_lea().await?;
    let export = told(SharingAct::Export, 1, bench.now());
    let episode = json!([{
        "run": export.enrollment,
        "purpose": "maison-k",
        "with": "maison-k",
        "subject": Fingerprint::from_bytes([7; 16]),
        "since": bench.now().timestamp_millis(),
        "decided": 1,
        "exports": [export.id],
    }]);
    let sharings: Sharings = serde_json::from_value(episode).map_err(Stop::failed)?;
    bench.keep(Event::new(LEA, "tick")).await?;
    let (work, mut commit) = bench.work(LEA).await?;
    commit.cold = Some(Arc::new(Cold { sharings, ..Cold::clone(&work.state.cold) }));
    commit.messages = vec![export.clone()];
    bench.done(commit).await?;
    Ok(export)
}

async fn offered(bench: &Bench) -> Answer<Vec<Taken>> {
    Ok(bench.store.take(&Take::of(100, [Name::from(THIRD)])).await?.messages)
}

async fn begun(bench: &Bench) -> Answer<(Message, u32)> {
    let taken = offered(bench).await?;
    let [taken] = taken.as_slice() else {
        return Err(Stop::failed(format_args!("{} messages for a third party are offered", taken.len())));
    };
    match bench.begin(sends(taken, "{}")).await? {
        Begun::Begun { attempt, .. } => Ok((taken.message.clone(), attempt)),
        other => Err(Stop::failed(format_args!("nothing came between take and begin, and it is {other:?}"))),
    }
}

async fn removals(bench: &Bench, contact: &str) -> Answer<Vec<(MessageId, MessageStatus)>> {
    let messages = bench.store.messages(&id(contact)).await?.into_iter();
    let removals = messages.filter(|record| record.message.is_removal());
    Ok(removals.map(|record| (record.message.id, record.status)).collect())
}

async fn erasing_owes_a_removal_of_what_was_exported(bench: Bench) -> Answer {
    lea_with_an_export(&bench).await?;
    let (export, _) = begun(&bench).await?;
    bench.store.erase(&id(LEA)).await?;
    bench.store.erase(&id(LEA)).await?;
    check_eq!(removals(&bench, LEA).await?.len(), 1, "the removals that an erasure owes");
    check_eq!(offered(&bench).await?.len(), 0, "what is offered while the call of the export may go on");
    bench.clock.advance(LEASE + minutes(1));
    let (removal, attempt) = begun(&bench).await?;
    check!(removal.is_removal(), "an export of an erased contact is offered");
    check_eq!(removal.enrollment, export.enrollment, "the run of the removal");
    bench.settle(&removal, attempt, DeliveryStatus::Retry { at: bench.now() + minutes(5) }).await?;
    check_eq!(bench.status(&removal).await?, MessageStatus::Pending, "where it stands after a failure");
    bench.clock.advance(minutes(5));
    let due = bench.store.next_due(&[THIRD.into()]).await?;
    check_eq!(due, Some(bench.now()), "when there is something to do");
    let (again, attempt) = begun(&bench).await?;
    check_eq!((again.id, attempt), (removal.id, 2), "the next attempt");
    bench.settle(&removal, attempt, DeliveryStatus::Accepted).await?;
    bench.clock.advance(LEASE + minutes(60));
    check_eq!(offered(&bench).await?.len(), 0, "what is offered once it is settled");
    let settled = [(removal.id, MessageStatus::Accepted)];
    check_eq!(removals(&bench, LEA).await?, settled, "the removals in the end");
    Ok(())
}

async fn erasing_owes_nothing_for_what_never_began(bench: Bench) -> Answer {
    let export = lea_with_an_export(&bench).await?;
    bench.store.erase(&id(LEA)).await?;
    check_eq!(bench.status(&export).await?, MessageStatus::Cancelled, "where the export stands");
    check_eq!(bench.store.messages(&id(LEA)).await?.len(), 1, "the messages that are left");
    check_eq!(offered(&bench).await?.len(), 0, "what is offered");
    Ok(())
}

async fn nothing_takes_a_removal_back(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.know(person(TOM, EMAIL, SHARED)).await?;
    let removal = told(SharingAct::Removal, 1, bench.now());
    bench.decide(LEA, vec![removal.clone()]).await?;
    let evidence = Evidence::new("form", "v1");
    bench.withdraw(&Withdrawal::everything(LEA, evidence), "stop").await?;
    let by = crate::model::Deed::new("ops", "a mistake");
    let amended = bench.store.cancel_message(removal.id, &by).await?;
    check_eq!(amended, Amended::Stands(MessageStatus::Pending), "what an operator's word comes to");
    bench.done(bench.reading(LEA).await?).await?;
    check_eq!(bench.store.merge(&id(LEA), &id(TOM)).await?, Merging::Done, "the merge");
    check_eq!(offered(&bench).await?.len(), 1, "what is offered after the merge");
    bench.store.erase(&id(TOM)).await?;
    let (begun, attempt) = begun(&bench).await?;
    check_eq!(begun.id, removal.id, "what is offered after the erasure");
    bench.settle(&begun, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&removal).await?, MessageStatus::Accepted, "where it stands");
    Ok(())
}

async fn a_merge_says_which_exports_have_begun(bench: Bench) -> Answer {
    lea_with_an_export(&bench).await?;
    begun(&bench).await?;
    bench.know(person(TOM, EMAIL, "tom@example.org")).await?;
    check_eq!(bench.store.merge(&id(LEA), &id(TOM)).await?, Merging::Done, "the merge");
    let left = bench.mail(TOM).await?.into_iter().find_map(|one| match one.kind {
        crate::machine::InputKind::Absorb(left) => Some(left.cold.sharings.clone()),
        _ => None,
    });
    let left = serde_json::to_value(left).map_err(Stop::failed)?;
    check!(left[0]["began"] == true && left[0]["stopped"] == true, "what is left is {left}");
    check!(left[0]["exports"].as_array().is_some_and(|calls| calls.len() == 1), "what is left is {left}");
    Ok(())
}
