//! Messages out: taken, begun, deferred, refused.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::join_all;

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, PERMIT, SHARED, SMS, Stop, TOM, content, journey, message, millis,
    minutes, person, sends, stop, welcome,
};
use crate::machine::Cold;
use crate::model::{DeliveryStatus, Event, InputId, Message, MessageId, Name, Reason};
use crate::port::store::{
    Begin, Begun, Definition, Epochs, MessageStatus, Pausable, Suppression, Take, Taken, Verdict,
};

cases! {
    take_is_of_one_instant: "What is taken carries the store's own instant and the catalog's revision.",
    permit_that_ran_out_does_not_begin: "A message whose permit is over when it would begin has not begun.",
    take_offers_what_was_committed: "A message is offered once its commit is done, with no history and nothing denied.",
    take_repeats_what_was_not_begun: "A message that was taken and not begun is offered again.",
    take_answers_in_order_of_decision: "Messages are offered in the order in which they were decided, across contacts.",
    take_limits_messages: "An answer has at most as many messages as were asked for, the oldest first.",
    take_offers_only_named_channels: "Only messages of the channels that were named are offered.",
    take_skips_what_is_paused: "Messages of a paused journey or channel are held, and offered again after it.",
    take_hands_out_the_committed_contact: "A message comes with its contact as it is committed now, not as it was decided.",
    take_hands_out_where_the_contact_stands:
        "Where a take asks for it, a message comes with the contact's hot part as it is committed now; otherwise without.",
    begin_gives_a_not_after: "A begun message may be handed over until its permit ends, which counts from the take.",
    begin_stores_the_content_once: "The first attempt's content stays; every later attempt is offered it.",
    begin_hides_the_message: "A message that has begun is not offered while its lease runs.",
    begin_refuses_after_withdraw: "A message that was taken before its purpose was withdrawn does not begin.",
    begin_refuses_after_suppress: "A message that was taken before its address was suppressed does not begin.",
    begin_refuses_after_erase: "A message that was taken before its contact was erased does not begin.",
    begin_refuses_after_pause: "A message that was taken before its journey or channel was paused does not begin.",
    begin_refuses_after_cancel: "A message that was taken before its enrollment was cancelled does not begin.",
    begin_refuses_a_second_worker: "Of two workers that took one message, the second is stale.",
    begin_refuses_what_is_over: "A message that was settled, and one that never was, does not begin.",
    one_stale_begin_does_not_stop_the_others: "Each answer of a batch is fenced by itself and answered in its place.",
    deferred_message_keeps_its_id_and_waits: "A deferred message is offered again under its id at its instant, not before.",
    message_names_the_rules_of_its_newest_answer: "A message keeps the edition of the rules by which the gate answered last, and a stale answer leaves it.",
    deferral_reaches_the_mailbox_once: "A deferral is an input with the id H(message, answer); a stale one is none.",
    refusal_reaches_the_mailbox: "A refused message is never offered again, and its contact's mailbox is told why.",
    parked_message_is_kept_aside: "A parked message is never offered again, and its contact's mailbox is told.",
    beginning_one_message_concurrently_lets_one_win: "Of many workers that begin one message at once, one may send.",
}

async fn take_offers_what_was_committed(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    check_eq!(taken.message, message, "the message");
    check_eq!((taken.attempts, taken.answers, taken.unknown), (0, 0, false), "the history of a new message");
    check!(taken.content.is_none(), "a message that was never begun has a content");
    check!(!taken.denied && !taken.suppressed, "a message that nothing forbids is denied or suppressed");
    check_eq!(bench.status(&message).await?, MessageStatus::Pending, "where the message stands");
    Ok(())
}

async fn take_repeats_what_was_not_begun(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    for _ in 0..3 {
        check_eq!(bench.offered().await?, [message.id], "the messages that are offered");
    }
    Ok(())
}

/// Four messages of two contacts, a minute apart; what they are, in order of decision.
async fn four(bench: &Bench) -> Answer<Vec<MessageId>> {
    bench.know_lea().await?;
    bench.know(person(TOM, EMAIL, "tom@example.org")).await?;
    let mut order = Vec::new();
    // Léa's ids and Tom's alternate, so that no order of ids or contacts passes for the order of decision.
    for (contact, number) in [(TOM, 9), (LEA, 1), (TOM, 4), (LEA, 2)] {
        bench.clock.advance(minutes(1));
        let decided = message(contact, number, bench.now());
        order.push(decided.id);
        bench.decide(contact, vec![decided]).await?;
    }
    Ok(order)
}

async fn take_answers_in_order_of_decision(bench: Bench) -> Answer {
    let order = four(&bench).await?;
    check_eq!(bench.offered().await?, order, "the messages that are offered");
    Ok(())
}

async fn take_limits_messages(bench: Bench) -> Answer {
    let order = four(&bench).await?;
    let taken = bench.store.take(&Take::of(3, [Name::from(EMAIL)])).await?.messages;
    let found: Vec<MessageId> = taken.iter().map(|taken| taken.message.id).collect();
    check_eq!(found, order[..3], "the messages that are offered");
    Ok(())
}

async fn take_offers_only_named_channels(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    let wanted: [(&[&str], &[MessageId]); 4] =
        [(&[EMAIL], &[email.id]), (&[SMS], &[sms.id]), (&["push"], &[]), (&[], &[])];
    for (channels, expected) in wanted {
        let take = Take::of(10, channels.iter().map(|name| Name::from(*name)));
        let taken = bench.store.take(&take).await?;
        let found: Vec<MessageId> = taken.messages.iter().map(|taken| taken.message.id).collect();
        check_eq!(found, expected, "the messages that are offered for some channels");
    }
    Ok(())
}

async fn take_skips_what_is_paused(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    bench.store.publish(&[Definition::Journey(journey("other", 1, "hello")?)]).await?;
    let other = Message { channel: SMS.into(), journey: "other".into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![other.clone()]).await?;
    for (target, left) in [
        (welcome(), other.id),
        (Pausable::Channel(EMAIL.into()), other.id),
        (Pausable::Channel(SMS.into()), email.id),
    ] {
        bench.store.pause(&target).await?;
        check_eq!(bench.offered().await?, [left], "the messages that are offered during a pause");
        bench.store.resume(&target).await?;
        check_eq!(
            bench.offered().await?,
            [email.id, other.id],
            "the messages that are offered after a pause"
        );
    }
    Ok(())
}

async fn take_hands_out_the_committed_contact(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let moved = person(LEA, EMAIL, "new@example.org");
    bench.know(moved.clone()).await?;
    let stored = bench.contact(LEA).await?.state.cold;
    let taken = bench.taken(&message).await?;
    check_eq!(taken.cold, stored, "the contact that comes with the message");
    check_eq!(
        Arc::unwrap_or_clone(taken.cold),
        Cold { contact: moved, ..Cold::clone(&stored) },
        "the person"
    );
    Ok(())
}

async fn take_hands_out_where_the_contact_stands(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    check!(bench.taken(&message).await?.hot.is_none(), "what nobody asked for comes with the message");
    for (name, minute) in [("first", 1), ("second", 2)] {
        bench.clock.advance(minutes(1));
        bench.keep(Event::new(LEA, name)).await?;
        let mut commit = bench.reading(LEA).await?;
        commit.hot.performed.record(&name.into(), bench.now());
        bench.done(commit).await?;
        let take = Take::of(100, [Name::from(EMAIL)]).with_hot(true);
        let found = bench.store.take(&take).await?.messages.pop();
        let hot = found.and_then(|taken| taken.hot).map(|hot| *hot);
        check_eq!(hot, Some(bench.contact(LEA).await?.state.hot), "where the contact stands");
        check!(
            hot.is_some_and(|hot| hot.performed.tally(name).is_some()),
            "what was committed in minute {minute}"
        );
    }
    Ok(())
}

async fn begin_gives_a_not_after(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    let expected = Begun::Begun { attempt: 1, not_after: bench.now() + PERMIT };
    bench.clock.advance(PERMIT - millis(1));
    check_eq!(bench.begin(sends(&taken, "hi")).await?, expected, "the answer to a begin");
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.attempts), (MessageStatus::Begun, 1), "where the message stands");
    Ok(())
}

async fn begin_stores_the_content_once(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    for attempt in 1..=3 {
        let expected = (attempt > 1).then(|| content("first"));
        check_eq!(bench.taken(&message).await?.content, expected, "the content that is offered");
        let words = if attempt == 1 { "first" } else { "another" };
        check_eq!(bench.begun(&message, words).await?, attempt, "the attempt");
        check_eq!(
            bench.record(&message).await?.content,
            Some(content("first")),
            "the content that is stored"
        );
        bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    }
    Ok(())
}

async fn begin_hides_the_message(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.begun(&message, "hi").await?;
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered at once");
    bench.clock.advance(LEASE - millis(1));
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered before the lease ends"
    );
    Ok(())
}

/// A begin with what was taken before is stale, and starts nothing.
async fn overtaken(bench: &Bench, taken: &Taken) -> Answer {
    let later = Verdict::Defer { until: bench.now() + minutes(5), reasons: vec![Reason::QuietHours] };
    let before = bench.store.message(taken.message.id).await?;
    for begin in [sends(taken, "hi"), Begin::new(taken, later, "test")] {
        check_eq!(bench.begin(begin).await?, Begun::Stale, "the answer for a message that was overtaken");
    }
    check_eq!(bench.store.message(taken.message.id).await?, before, "the message after a stale answer");
    check_eq!(
        bench.store.in_flight(&taken.message.contact).await?,
        [],
        "what is in flight after a stale answer"
    );
    Ok(())
}

async fn begin_refuses_after_withdraw(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    overtaken(&bench, &taken).await
}

async fn begin_refuses_after_suppress(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    // Without the contact nothing is cancelled, so that the epoch of the address alone must tell.
    let suppression =
        Suppression::new(EMAIL.into(), super::bench::fingerprint(EMAIL, SHARED), None, "bounce".into());
    bench.store.suppress(&suppression).await?;
    overtaken(&bench, &taken).await?;
    check!(
        bench.taken(&message).await?.suppressed,
        "a message to a suppressed address is offered as if it were not"
    );
    Ok(())
}

async fn begin_refuses_after_erase(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    bench.store.erase(&super::bench::id(LEA)).await?;
    overtaken(&bench, &taken).await?;
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered after the erasure"
    );
    Ok(())
}

async fn begin_refuses_after_pause(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    for target in [welcome(), Pausable::Channel(EMAIL.into())] {
        let taken = bench.taken(&message).await?;
        bench.store.pause(&target).await?;
        overtaken(&bench, &taken).await?;
        bench.store.resume(&target).await?;
        overtaken(&bench, &taken).await?;
    }
    check_eq!(bench.begun(&message, "hi").await?, 1, "the attempt once it was taken anew");
    Ok(())
}

async fn begin_refuses_after_cancel(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    bench.keep(super::bench::visit(LEA, "goal")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.cancel = vec![message.enrollment];
    bench.done(commit).await?;
    overtaken(&bench, &taken).await
}

async fn begin_refuses_a_second_worker(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let (first, second) = (bench.taken(&message).await?, bench.taken(&message).await?);
    check!(
        matches!(bench.begin(sends(&first, "hi")).await?, Begun::Begun { attempt: 1, .. }),
        "the first is stale"
    );
    check_eq!(bench.begin(sends(&second, "hi")).await?, Begun::Stale, "the answer to the second worker");
    bench.settle(&message, 1, DeliveryStatus::Retry { at: bench.now() }).await?;
    check_eq!(
        bench.begin(sends(&second, "hi")).await?,
        Begun::Stale,
        "the answer to the second worker, late"
    );
    let twice = bench.taken(&message).await?;
    let answers = bench.store.begin(vec![sends(&twice, "hi"), sends(&twice, "hi")]).await?;
    check!(
        matches!(answers.as_slice(), [Begun::Begun { attempt: 2, .. }, Begun::Stale]),
        "one message begun twice in one batch is answered by {answers:?}"
    );
    Ok(())
}

async fn begin_refuses_what_is_over(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    bench.begun(&message, "hi").await?;
    bench.settle(&message, 1, DeliveryStatus::Accepted).await?;
    let late = Taken { attempts: 1, answers: 1, ..taken.clone() };
    for begin in [sends(&taken, "hi"), sends(&late, "hi")] {
        check_eq!(bench.begin(begin).await?, Begun::Stale, "the answer for a message that was settled");
    }
    let never = Taken::new(super::bench::message(LEA, 99, bench.now()), taken.cold, Epochs::default());
    check_eq!(
        bench.begin(sends(&never, "hi")).await?,
        Begun::Stale,
        "the answer for a message that never was"
    );
    Ok(())
}

async fn one_stale_begin_does_not_stop_the_others(bench: Bench) -> Answer {
    let order = four(&bench).await?;
    let taken = bench.take().await?;
    check_eq!(taken.len(), 4, "how many messages are offered");
    bench.begin(sends(&taken[1], "hi")).await?;
    // Sooner than the leases of what is begun beside it.
    let until = bench.now() + LEASE - millis(1);
    let defer = Begin::new(&taken[2], Verdict::Defer { until, reasons: vec![Reason::QuietHours] }, "test");
    let batch = vec![sends(&taken[0], "hi"), sends(&taken[1], "hi"), defer, sends(&taken[3], "hi")];
    let answers = bench.store.begin(batch).await?;
    let begun = Begun::Begun { attempt: 1, not_after: bench.now() + PERMIT };
    check_eq!(answers, [begun, Begun::Stale, Begun::Answered, begun], "the answers to a batch");
    bench.clock.set(until);
    check_eq!(bench.offered().await?, [order[2]], "the messages that are offered after the batch");
    Ok(())
}

async fn deferred_message_keeps_its_id_and_waits(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let until = bench.now() + minutes(30);
    let defer = Verdict::Defer { until, reasons: vec![Reason::QuietHours] };
    let taken = bench.taken(&message).await?;
    check_eq!(
        bench.begin(Begin::new(&taken, defer, "test")).await?,
        Begun::Answered,
        "the answer to a deferral"
    );
    let record = bench.record(&message).await?;
    check_eq!(
        (record.status, record.not_before),
        (MessageStatus::Pending, until),
        "where the message stands"
    );
    bench.clock.set(until - millis(1));
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered before the instant"
    );
    bench.clock.set(until);
    let again = bench.taken(&message).await?;
    check_eq!(again.message, message, "the message that is offered again");
    check_eq!((again.attempts, again.answers, again.unknown), (0, 1, false), "its history");
    Ok(())
}

async fn message_names_the_rules_of_its_newest_answer(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    check_eq!(bench.record(&message).await?.policy, None, "the rules of a message that nobody asked about");
    let taken = bench.taken(&message).await?;
    let defer = Verdict::Defer { until: bench.now(), reasons: vec![Reason::QuietHours] };
    bench.begin(Begin::new(&taken, defer, "ours-1+fr@2026")).await?;
    check_eq!(
        bench.record(&message).await?.policy.as_deref(),
        Some("ours-1+fr@2026"),
        "the rules of a deferral"
    );
    bench.begin(Begin { policy: "ours-0".into(), ..sends(&taken, "hi") }).await?;
    check_eq!(
        bench.record(&message).await?.policy.as_deref(),
        Some("ours-1+fr@2026"),
        "the rules after a stale answer"
    );
    let taken = bench.taken(&message).await?;
    bench.begin(Begin { policy: "ours-2".into(), ..sends(&taken, "hi") }).await?;
    check_eq!(bench.record(&message).await?.policy.as_deref(), Some("ours-2"), "the rules of a begin");
    bench.settle(&message, 1, DeliveryStatus::Retry { at: bench.now() }).await?;
    let taken = bench.taken(&message).await?;
    let refuse = Verdict::Refuse { reasons: vec![Reason::Withdrawn] };
    bench.begin(Begin::new(&taken, refuse, "ours-3")).await?;
    let record = bench.record(&message).await?;
    check_eq!(record.policy.as_deref(), Some("ours-3"), "the rules of a refusal");
    let listed = bench.store.messages(&LEA.into()).await?;
    check_eq!(listed, [record], "the messages of the contact");
    Ok(())
}

async fn deferral_reaches_the_mailbox_once(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let mut expected = Vec::new();
    for answer in 1..=2 {
        let taken = bench.taken(&message).await?;
        let (until, reasons) = (bench.now() + minutes(30), vec![Reason::QuietHours]);
        let defer = Begin::new(&taken, Verdict::Defer { until, reasons: reasons.clone() }, "test");
        check_eq!(bench.begin(defer.clone()).await?, Begun::Answered, "the answer to a deferral");
        check_eq!(bench.begin(defer).await?, Begun::Stale, "the answer to the same deferral again");
        expected
            .push((InputId::from_attempt(message.id, answer), DeliveryStatus::Deferred { until, reasons }));
        bench.clock.set(until);
    }
    let answers = bench.answers(LEA).await?;
    check!(
        answers.iter().all(|(_, told)| told.attempt == 0),
        "a deferral before any attempt names an attempt"
    );
    check!(answers.iter().all(|(_, told)| told.message == message.id), "a deferral names another message");
    let found: Vec<_> = answers.into_iter().map(|(id, told)| (id, told.status)).collect();
    check_eq!(found, expected, "the deferrals in the mailbox");
    check_eq!(
        bench.record(&message).await?.answer.as_ref(),
        found.last().map(|(_, told)| told),
        "the newest answer"
    );
    Ok(())
}

/// A final answer of the gate: told once, never offered again.
async fn ended(bench: &Bench, verdict: Verdict, status: MessageStatus, told: DeliveryStatus) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    check_eq!(
        bench.begin(Begin::new(&taken, verdict.clone(), "test")).await?,
        Begun::Answered,
        "the gate's answer"
    );
    check_eq!(
        bench.begin(Begin::new(&taken, verdict, "test")).await?,
        Begun::Stale,
        "the gate's answer, again"
    );
    let record = bench.record(&message).await?;
    check_eq!((record.status, record.answer), (status, Some(told.clone())), "where the message stands");
    let found: Vec<_> = bench.answers(LEA).await?.into_iter().map(|(id, told)| (id, told.status)).collect();
    check_eq!(found, [(InputId::from_attempt(message.id, 1), told)], "what the mailbox is told");
    bench.clock.advance(TimeDelta::days(30));
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn refusal_reaches_the_mailbox(bench: Bench) -> Answer {
    let reasons = vec![Reason::NoConsent, Reason::QuietHours];
    let verdict = Verdict::Refuse { reasons: reasons.clone() };
    ended(&bench, verdict, MessageStatus::Refused, DeliveryStatus::Refused { reasons }).await
}

async fn parked_message_is_kept_aside(bench: Bench) -> Answer {
    ended(&bench, Verdict::Park, MessageStatus::Parked, DeliveryStatus::Parked).await
}

async fn beginning_one_message_concurrently_lets_one_win(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let answers = join_all((0..16).map(|_| async {
        let taken = bench.taken(&message).await?;
        bench.begin(sends(&taken, "hi")).await
    }));
    let mut won = 0;
    for answer in answers.await {
        match answer {
            Ok(Begun::Begun { .. }) => won += 1,
            Ok(Begun::Stale) => {}
            Ok(other) => return Err(Stop::failed(format_args!("a worker was answered by {other:?}"))),
            // Whoever takes after another has begun is offered nothing.
            Err(_) => {}
        }
    }
    check_eq!(won, 1, "how many workers may send");
    check_eq!(bench.record(&message).await?.attempts, 1, "the number of attempts");
    Ok(())
}

async fn take_is_of_one_instant(bench: Bench) -> Answer {
    four(&bench).await?;
    bench.clock.advance(millis(77));
    let batch = bench.store.take(&Take::of(10, [Name::from(EMAIL)])).await?;
    check_eq!(batch.now, bench.now(), "the instant of a take");
    check_eq!(batch.catalog, bench.store.revision().await?, "the catalog's revision in a take");
    check!(batch.messages.iter().all(|taken| taken.taken_at == batch.now), "a message has another instant");
    Ok(())
}

async fn permit_that_ran_out_does_not_begin(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let taken = bench.taken(&message).await?;
    bench.clock.advance(PERMIT);
    check_eq!(bench.begin(sends(&taken, "hi")).await?, Begun::Stale, "the answer once the permit is over");
    bench.begun(&message, "hi").await?;
    Ok(())
}
