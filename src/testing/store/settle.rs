//! What became of messages that have begun.

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, PERMIT, call, content, id, millis, minutes, sends, welcome,
};
use crate::model::{Delivery, DeliveryStatus, Message, MessageId, Reason};
use crate::port::store::{Begin, Begun, InFlight, MessageStatus, Verdict};

cases! {
    settling_reaches_the_mailbox: "What became of an attempt stands on the message and, once, in its contact's mailbox.",
    settled_twice_changes_nothing: "Settling one attempt again, with whatever answer, changes nothing.",
    late_settle_of_an_older_attempt_is_ignored: "An attempt that is no longer the current one is ignored.",
    settle_before_begin_is_ignored: "An attempt that has not begun cannot be settled.",
    every_answer_has_an_id_of_its_own: "Deferrals, attempts and refusals of one message all reach the mailbox, none as a duplicate.",
    begun_and_not_settled_comes_back_as_unknown: "When its lease ends, a begun message is offered again, as unknown, with its content.",
    unknown_outcome_may_be_settled_until_it_begins_again: "An answer that comes after the lease still counts while its attempt is the current one.",
    unknown_outcome_is_taken_back_by_nobody: "A pause holds a message whose outcome is unknown and does not change what it is.",
    retry_comes_back_at_its_instant: "A message that is to be tried again is offered at its instant, not before, with its content.",
    in_flight_names_what_has_begun: "What has begun and has not settled is named, with the ends of its permit and lease.",
    an_answer_to_a_call_is_final: "What the host answers stands on the call and, whole, in its contact's mailbox; nothing follows it.",
    settle_answers_for_many_contacts: "One call settles messages of several contacts, each told in its own mailbox.",
}

async fn settling_reaches_the_mailbox(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.clock.advance(millis(800));
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    let told = Delivery::new(message.id, 1, bench.now(), DeliveryStatus::Accepted).about(&message);
    let answers: Vec<Delivery> = bench.answers(LEA).await?.into_iter().map(|(_, told)| told).collect();
    check_eq!(answers, [told], "what the mailbox is told");
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.attempts), (MessageStatus::Accepted, 1), "where the message stands");
    check_eq!(record.answer, Some(DeliveryStatus::Accepted), "the newest answer");
    check_eq!(record.answered_at, Some(bench.now()), "when it came");
    bench.clock.advance(LEASE + minutes(60));
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered once it is accepted"
    );
    bench.work(LEA).await?;
    Ok(())
}

/// A settle that must change nothing.
async fn ignored(bench: &Bench, message: &Message, attempt: u32) -> Answer {
    let reasons = vec![Reason::Channel("blocked".into())];
    let others = [
        DeliveryStatus::Accepted,
        DeliveryStatus::Refused { reasons },
        DeliveryStatus::Retry { at: bench.now() },
        DeliveryStatus::Parked,
    ];
    let (record, mail) = (bench.record(message).await?, bench.mail(LEA).await?);
    for status in others {
        bench.settle(message, attempt, status).await?;
        check_eq!(bench.record(message).await?, record, "the message after a settle that does not count");
        check_eq!(bench.mail(LEA).await?, mail, "the mail after a settle that does not count");
    }
    Ok(())
}

async fn an_answer_to_a_call_is_final(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let asked = call(LEA, 1, bench.now());
    bench.decide(LEA, vec![asked.clone()]).await?;
    let attempt = bench.begun(&asked, "").await?;
    let said = crate::model::Answer::of("good").value("fit", 80).value("names", vec!["ana", "zoé"]);
    let status = DeliveryStatus::Answered { answer: said };
    bench.settle(&asked, attempt, status.clone()).await?;
    bench.settle(&asked, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    let told: Vec<DeliveryStatus> =
        bench.answers(LEA).await?.into_iter().map(|(_, told)| told.status).collect();
    check_eq!(told.as_slice(), std::slice::from_ref(&status), "what the mailbox is told");
    let record = bench.record(&asked).await?;
    check_eq!((record.status, record.answer), (MessageStatus::Accepted, Some(status)), "the call");
    check_eq!(record.message, asked, "the call as it is kept");
    bench.clock.advance(LEASE + minutes(60));
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn settled_twice_changes_nothing(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    let told = Delivery::new(message.id, attempt, bench.now(), DeliveryStatus::Accepted);
    bench.store.settle(&[told.clone(), told]).await?;
    check_eq!(bench.answers(LEA).await?.len(), 1, "how often the mailbox is told");
    bench.clock.advance(minutes(1));
    ignored(&bench, &message, attempt).await
}

async fn late_settle_of_an_older_attempt_is_ignored(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let first = bench.begun(&message, "hi").await?;
    bench.clock.advance(LEASE);
    let second = bench.begun(&message, "hi").await?;
    check_eq!((first, second), (1, 2), "the attempts");
    ignored(&bench, &message, first).await?;
    bench.settle(&message, second, DeliveryStatus::Accepted).await?;
    check_eq!(
        bench.status(&message).await?,
        MessageStatus::Accepted,
        "the message once its attempt is settled"
    );
    ignored(&bench, &message, first).await
}

async fn settle_before_begin_is_ignored(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    for attempt in [0, 1] {
        ignored(&bench, &message, attempt).await?;
    }
    let attempt = bench.begun(&message, "hi").await?;
    ignored(&bench, &message, attempt + 1).await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() + minutes(5) }).await?;
    ignored(&bench, &message, attempt + 1).await
}

async fn every_answer_has_an_id_of_its_own(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let defer = Verdict::Defer { until: bench.now(), reasons: vec![Reason::QuietHours] };
    let taken = bench.taken(&message).await?;
    bench.begin(Begin::new(&taken, defer, "test")).await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    let taken = bench.taken(&message).await?;
    let refuse = Verdict::Refuse { reasons: vec![Reason::Attempts] };
    check_eq!(
        bench.begin(Begin::new(&taken, refuse, "test")).await?,
        Begun::Answered,
        "the answer to a refusal"
    );
    let answers = bench.answers(LEA).await?;
    let found: Vec<&str> = answers.iter().map(|(_, told)| kind(&told.status)).collect();
    check_eq!(found, ["deferred", "retry", "retry", "refused"], "what the mailbox is told");
    let ids: std::collections::BTreeSet<_> = answers.iter().map(|(id, _)| id).collect();
    check_eq!(ids.len(), 4, "the number of different ids");
    Ok(())
}

fn kind(status: &DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Accepted => "accepted",
        DeliveryStatus::Answered { .. } => "answered",
        DeliveryStatus::Refused { .. } => "refused",
        DeliveryStatus::Deferred { .. } => "deferred",
        DeliveryStatus::Retry { .. } => "retry",
        DeliveryStatus::Parked => "parked",
        DeliveryStatus::Cancelled { .. } => "cancelled",
        DeliveryStatus::Repeated { .. } => "repeated",
    }
}

async fn begun_and_not_settled_comes_back_as_unknown(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.begun(&message, "first").await?;
    bench.clock.advance(LEASE - millis(1));
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered before the lease ends"
    );
    bench.clock.advance(millis(1));
    let taken = bench.taken(&message).await?;
    check!(taken.unknown, "a message that was begun and never settled is offered as if nobody had called");
    check_eq!((taken.attempts, taken.content.clone()), (1, Some(content("first"))), "what was begun");
    check_eq!(bench.begun(&message, "first").await?, 2, "the attempt after an unknown outcome");
    Ok(())
}

async fn unknown_outcome_may_be_settled_until_it_begins_again(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.clock.advance(LEASE + minutes(5));
    let taken = bench.taken(&message).await?;
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&message).await?, MessageStatus::Accepted, "the message after its late answer");
    check_eq!(bench.begin(sends(&taken, "hi")).await?, Begun::Stale, "the answer to who took it before");
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn unknown_outcome_is_taken_back_by_nobody(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.begun(&message, "hi").await?;
    bench.store.pause(&welcome()).await?;
    bench.clock.advance(LEASE);
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered during a pause");
    bench.store.resume(&welcome()).await?;
    check!(bench.taken(&message).await?.unknown, "a pause made an unknown outcome known");
    Ok(())
}

async fn retry_comes_back_at_its_instant(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "first").await?;
    let at = bench.now() + minutes(15);
    bench.settle(&message, attempt, DeliveryStatus::Retry { at }).await?;
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.not_before), (MessageStatus::Pending, at), "where the message stands");
    bench.clock.set(at - millis(1));
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered before the instant"
    );
    bench.clock.set(at);
    let taken = bench.taken(&message).await?;
    check_eq!((taken.attempts, taken.unknown), (1, false), "the history of a message that is tried again");
    check_eq!(taken.content, Some(content("first")), "the content that is offered");
    Ok(())
}

async fn in_flight_names_what_has_begun(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    check_eq!(bench.store.in_flight(&id(LEA)).await?, [], "what is in flight before a begin");
    let attempt = bench.begun(&message, "hi").await?;
    let flight = InFlight::new(message.id, EMAIL.into(), bench.now() + PERMIT, bench.now() + LEASE);
    check_eq!(bench.store.in_flight(&id(LEA)).await?, [flight], "what is in flight after a begin");
    check_eq!(bench.store.in_flight(&id("nobody")).await?, [], "what is in flight of a stranger");
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(bench.store.in_flight(&id(LEA)).await?, [], "what is in flight after a settle");
    Ok(())
}

async fn settle_answers_for_many_contacts(bench: Bench) -> Answer {
    let (lea, tom) = (bench.lea_with_a_message().await?, bench.tom_with_a_message().await?);
    bench.begun(&lea, "hi").await?;
    bench.begun(&tom, "hi").await?;
    let reasons = vec![Reason::Channel("blocked".into())];
    let told = [
        Delivery::new(tom.id, 1, bench.now(), DeliveryStatus::Refused { reasons }).about(&tom),
        Delivery::new(lea.id, 1, bench.now(), DeliveryStatus::Accepted).about(&lea),
    ];
    bench.store.settle(&told).await?;
    for (message, told, status) in
        [(&tom, &told[0], MessageStatus::Refused), (&lea, &told[1], MessageStatus::Accepted)]
    {
        let answers = bench.answers(message.contact.as_str()).await?;
        check_eq!(answers.iter().map(|(_, told)| told).collect::<Vec<_>>(), [told], "what a mailbox is told");
        check_eq!(bench.status(message).await?, status, "where a message stands");
    }
    Ok(())
}
