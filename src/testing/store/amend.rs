//! What operators do to single messages.

use super::bench::{Answer, Bench, EMAIL, LEA, LEASE, TOM, content, enrollment, id, message, minutes, visit};
use crate::model::{Deed, Delivery, DeliveryStatus, Message, MessageId};
use crate::port::store::{Amended, Begun, MessageStatus, Verdict};

cases! {
    a_pending_message_is_taken_back_by_hand: "A message that waits is taken back, once, and its contact is told by whom.",
    taking_back_between_two_attempts: "A message that waits for another attempt is taken back, and keeps what it said.",
    what_is_no_longer_pending_is_not_taken_back: "A message that has begun or is settled is not taken back, and the answer says where it stands.",
    taken_back_after_the_take_does_not_begin: "A message that was taken before an operator took it back does not begin.",
    a_parked_message_begins_again_by_hand: "A parked message is offered again at once, with its content, and its contact is told who asked for it.",
    what_is_not_parked_is_not_repeated: "A message that is pending, begun or settled is not repeated, and the answer says where it stands.",
    a_parked_message_of_an_ended_run_is_not_repeated: "A message that was parked when its enrollment was cancelled is not repeated.",
    parked_messages_are_listed_in_pages: "Parked messages are listed in order of id, from any of them on.",
    nobody_amends_what_is_unknown: "An unknown message is neither taken back nor repeated.",
    nobody_amends_what_was_erased: "A message of an erased contact is neither listed nor taken back nor repeated.",
    a_commit_spares_what_it_names: "A message of the commit that is spared stays, though its enrollment is cancelled.",
    reopen_keeps_what_an_operator_did: "What an operator did to messages outlives the store.",
}

fn ana() -> Deed {
    Deed::new("ana", "the customer called")
}

async fn cancel(bench: &Bench, message: &Message) -> Answer<Amended> {
    Ok(bench.store.cancel_message(message.id, &ana()).await?)
}

async fn retry(bench: &Bench, message: &Message) -> Answer<Amended> {
    Ok(bench.store.retry_message(message.id, &ana()).await?)
}

/// Lets a message be begun and parked.
async fn park(bench: &Bench, message: &Message) -> Answer {
    let attempt = bench.begun(message, "hi").await?;
    bench.settle(message, attempt, DeliveryStatus::Parked).await
}

async fn parked(bench: &Bench, after: Option<MessageId>, limit: usize) -> Answer<Vec<MessageId>> {
    let found = bench.store.parked_messages(after, limit).await?;
    Ok(found.into_iter().map(|record| record.message.id).collect())
}

async fn a_pending_message_is_taken_back_by_hand(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.clock.advance(minutes(3));
    check_eq!(cancel(&bench, &message).await?, Amended::Done, "the answer to the first call");
    let stands = Amended::Stands(MessageStatus::Cancelled);
    check_eq!(cancel(&bench, &message).await?, stands, "the answer to the second call");
    let status = DeliveryStatus::Cancelled { by: ana() };
    let told = Delivery::new(message.id, 0, bench.now(), status.clone()).about(&message);
    let answers: Vec<Delivery> = bench.answers(LEA).await?.into_iter().map(|(_, told)| told).collect();
    check_eq!(answers, [told], "what the mailbox is told");
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.answer), (MessageStatus::Cancelled, Some(status)), "where it stands");
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    bench.work(LEA).await?;
    Ok(())
}

async fn taking_back_between_two_attempts(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() + minutes(5) }).await?;
    check_eq!(cancel(&bench, &message).await?, Amended::Done, "the answer");
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.attempts), (MessageStatus::Cancelled, 1), "where it stands");
    check_eq!(record.content, Some(content("hi")), "what it said");
    bench.clock.advance(minutes(10));
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn what_is_no_longer_pending_is_not_taken_back(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    for (settled, status) in
        [(None, MessageStatus::Begun), (Some(DeliveryStatus::Accepted), MessageStatus::Accepted)]
    {
        if let Some(settled) = settled {
            bench.settle(&message, attempt, settled).await?;
        }
        let (record, mail) = (bench.record(&message).await?, bench.mail(LEA).await?);
        check_eq!(cancel(&bench, &message).await?, Amended::Stands(status), "the answer");
        check_eq!(bench.record(&message).await?, record, "the message afterwards");
        check_eq!(bench.mail(LEA).await?, mail, "the mail afterwards");
    }
    Ok(())
}

async fn taken_back_after_the_take_does_not_begin(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    cancel(&bench, &message).await?;
    check_eq!(bench.begin(super::bench::sends(&taken, "hi")).await?, Begun::Stale, "the answer to begin");
    let parks = crate::port::store::Begin::new(&taken, Verdict::Park, "test");
    check_eq!(bench.begin(parks).await?, Begun::Stale, "the answer to a verdict");
    check_eq!(bench.status(&message).await?, MessageStatus::Cancelled, "where it stands");
    Ok(())
}

async fn a_parked_message_begins_again_by_hand(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    park(&bench, &message).await?;
    bench.clock.advance(LEASE);
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered before");
    check_eq!(retry(&bench, &message).await?, Amended::Done, "the answer");
    let taken = bench.taken(&message).await?;
    check_eq!((taken.attempts, taken.unknown), (1, false), "what is taken");
    check_eq!(taken.content, Some(content("hi")), "what an attempt said before");
    let told = bench.answers(LEA).await?.into_iter().last().map(|(_, told)| told.status);
    check_eq!(
        told,
        Some(DeliveryStatus::Repeated { at: bench.now(), by: ana() }),
        "what the mailbox is told"
    );
    check_eq!(bench.begun(&message, "other").await?, 2, "the attempt");
    bench.settle(&message, 2, DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&message).await?, MessageStatus::Accepted, "where it stands at last");
    let ids: std::collections::BTreeSet<_> = bench.answers(LEA).await?.iter().map(|(id, _)| *id).collect();
    check_eq!(ids.len(), 3, "the number of different ids");
    Ok(())
}

async fn what_is_not_parked_is_not_repeated(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    check_eq!(retry(&bench, &message).await?, Amended::Stands(MessageStatus::Pending), "a pending one");
    let attempt = bench.begun(&message, "hi").await?;
    check_eq!(retry(&bench, &message).await?, Amended::Stands(MessageStatus::Begun), "a begun one");
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(retry(&bench, &message).await?, Amended::Stands(MessageStatus::Accepted), "an accepted one");
    check_eq!(bench.answers(LEA).await?.len(), 1, "how often the mailbox is told");
    Ok(())
}

async fn a_parked_message_of_an_ended_run_is_not_repeated(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    park(&bench, &message).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.cancel = vec![message.enrollment];
    bench.done(commit).await?;
    check_eq!(retry(&bench, &message).await?, Amended::TakenBack, "the answer");
    check_eq!(bench.status(&message).await?, MessageStatus::Parked, "where it stands");
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn parked_messages_are_listed_in_pages(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    bench.clock.advance(minutes(1));
    let tom = bench.tom_with_a_message().await?;
    check_eq!(parked(&bench, None, 9).await?, [] as [MessageId; 0], "what is parked at first");
    park(&bench, &tom).await?;
    park(&bench, &lea).await?;
    check_eq!(parked(&bench, None, 9).await?, [lea.id, tom.id], "all of them");
    check_eq!(parked(&bench, None, 1).await?, [lea.id], "the first page");
    check_eq!(parked(&bench, Some(lea.id), 1).await?, [tom.id], "the second page");
    check_eq!(parked(&bench, Some(tom.id), 1).await?, [] as [MessageId; 0], "the last page");
    let record = bench.store.parked_messages(None, 1).await?.into_iter().next();
    check_eq!(record, Some(bench.record(&lea).await?), "a listed message");
    retry(&bench, &lea).await?;
    check_eq!(parked(&bench, None, 9).await?, [tom.id], "what is parked once one is repeated");
    Ok(())
}

async fn nobody_amends_what_is_unknown(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let unknown = message(LEA, 9, bench.now());
    check_eq!(cancel(&bench, &unknown).await?, Amended::Unknown, "the answer to taking it back");
    check_eq!(retry(&bench, &unknown).await?, Amended::Unknown, "the answer to repeating it");
    Ok(())
}

async fn nobody_amends_what_was_erased(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    park(&bench, &lea).await?;
    bench.store.erase(&id(LEA)).await?;
    check_eq!(parked(&bench, None, 9).await?, [] as [MessageId; 0], "what is listed");
    check_eq!(cancel(&bench, &lea).await?, Amended::Unknown, "the answer to taking it back");
    check_eq!(retry(&bench, &lea).await?, Amended::Unknown, "the answer to repeating it");
    Ok(())
}

async fn a_commit_spares_what_it_names(bench: Bench) -> Answer {
    let old = bench.lea_with_a_message().await?;
    bench.keep(visit(LEA, "moved")).await?;
    let mut commit = bench.reading(LEA).await?;
    let before = message(LEA, 2, bench.now());
    let mut after = message(LEA, 3, bench.now());
    after.enrollment = before.enrollment;
    commit.messages = vec![before.clone(), after.clone()];
    commit.cancel = vec![old.enrollment, enrollment(LEA, 2)];
    commit.spared = vec![after.id];
    bench.done(commit).await?;
    for cancelled in [&old, &before] {
        check_eq!(bench.status(cancelled).await?, MessageStatus::Cancelled, "a message from before");
    }
    check_eq!(bench.status(&after).await?, MessageStatus::Pending, "the message that is spared");
    check_eq!(bench.offered().await?, [after.id], "the messages that are offered");
    Ok(())
}

async fn reopen_keeps_what_an_operator_did(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    cancel(&bench, &tom).await?;
    park(&bench, &lea).await?;
    retry(&bench, &lea).await?;
    let bench = bench.reopen().await?;
    check_eq!(bench.offered().await?, [lea.id], "the messages that are offered");
    check_eq!(bench.status(&tom).await?, MessageStatus::Cancelled, "the message that was taken back");
    let told = bench.answers(TOM).await?.into_iter().last().map(|(_, told)| told.status);
    check_eq!(told, Some(DeliveryStatus::Cancelled { by: ana() }), "what Tom's mailbox is told");
    check!(lea.channel.as_ref() == EMAIL, "the message goes by email");
    Ok(())
}
