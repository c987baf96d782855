//! What was said, for caps: counted when a message begins, and fenced so that of several workers one takes the last place.

use chrono::TimeDelta;
use futures::future::join_all;

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, MARKETING, SMS, Stop, TOM, call, message, minutes, person, sends,
};
use crate::model::{DeliveryStatus, Message, Name, Reason, Said};
use crate::port::store::{Begin, Begun, Take, Taken, Verdict};
use crate::rule::{Counted, MOST_SAID};

cases! {
    take_tells_what_was_said: "Where a take asks for it, a message comes with what else was said to its contact, newest first.",
    take_tells_of_nothing_unless_asked: "Where a take does not ask for it, a message comes without what was said.",
    said_reaches_back_as_far_as_asked: "What began later than the span asked for is told, what began just then is not.",
    said_is_of_the_purposes_asked_for: "What was said for other purposes is not told, nor are calls and other contacts' messages.",
    said_is_told_as_often_as_a_cap_may_ask: "Of one purpose on one channel at least the newest 64 are told.",
    begin_is_stale_once_something_was_said:
        "A begin that was judged by what was said is stale where anything else has begun for the contact since.",
    deferral_is_stale_once_something_was_said: "So is an answer that defers or refuses, where it was judged by what was said.",
    begin_that_was_judged_by_nothing_said_goes_on: "A begin that was not judged by it is not stale for it.",
    begins_of_one_batch_are_fenced_by_each_other: "Of two such begins of one contact in one batch, the second is stale.",
    saying_something_to_one_leaves_others_alone: "What is said to one contact makes no begin of another one stale.",
    message_that_is_repeated_counts_once: "A message that is begun again counts once, at its newest begin, and not for itself.",
    refusal_by_the_channel_gives_the_place_back:
        "What the channel refused for good at its first attempt was not said; its number stays given.",
    other_ends_keep_the_place: "What was accepted, parked, is tried again or was refused at a later attempt was said.",
    said_survives_a_restart: "What was said is still known when the store is opened again.",
    saying_concurrently_lets_one_win: "Of many workers that begin one contact's messages at once, one takes the place.",
}

const WEEK: TimeDelta = TimeDelta::days(7);

fn counted(purposes: &[&str]) -> Counted {
    Counted::new(purposes.iter().map(|name| Name::from(*name)), WEEK)
}

/// Takes with what was said for marketing within a week, and answers one message.
async fn asked(bench: &Bench, message: &Message) -> Answer<Taken> {
    asked_for(bench, message, counted(&[MARKETING])).await
}

async fn asked_for(bench: &Bench, message: &Message, counted: Counted) -> Answer<Taken> {
    let take = Take::of(1_000, [EMAIL, SMS].map(Name::from)).with_counted(Some(counted));
    let found = bench.store.take(&take).await?.messages;
    let found = found.into_iter().find(|taken| taken.message.id == message.id);
    found.ok_or_else(|| Stop::failed(format_args!("message {} is not offered", message.id)))
}

/// Léa with so many messages that have not begun.
async fn lea_with(bench: &Bench, count: u8) -> Answer<Vec<Message>> {
    bench.know_lea().await?;
    let mut messages = Vec::new();
    for number in 1..=count {
        let message = message(LEA, number, bench.now());
        bench.decide(LEA, vec![message.clone()]).await?;
        messages.push(message);
    }
    Ok(messages)
}

fn fenced(taken: &Taken) -> Begin {
    sends(taken, "hi").unless_said(taken)
}

async fn take_tells_what_was_said(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 3).await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 9, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    let before = asked(&bench, &messages[2]).await?;
    check_eq!((before.said, before.newest), (Vec::new(), 0), "what was said before anything was");
    let mut expected = Vec::new();
    for begun in [&messages[0], &sms] {
        bench.clock.advance(minutes(1));
        bench.begun(begun, "hi").await?;
        expected.insert(0, Said::new(MARKETING, begun.channel.clone(), bench.now()));
    }
    let after = asked(&bench, &messages[2]).await?;
    check_eq!(after.said, expected, "what was said");
    check!(after.newest > 0, "something has begun, and the newest begin has no number");
    Ok(())
}

async fn take_tells_of_nothing_unless_asked(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    bench.begun(&messages[0], "hi").await?;
    let taken = bench.taken(&messages[1]).await?;
    check_eq!((taken.said, taken.newest), (Vec::new(), 0), "what nobody asked for");
    Ok(())
}

async fn said_reaches_back_as_far_as_asked(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    bench.begun(&messages[0], "hi").await?;
    let said = Said::new(MARKETING, EMAIL, bench.now());
    bench.settle(&messages[0], 1, DeliveryStatus::Accepted).await?;
    bench.clock.advance(WEEK - TimeDelta::milliseconds(1));
    check_eq!(asked(&bench, &messages[1]).await?.said, [said], "what was said a moment less than a week ago");
    bench.clock.advance(TimeDelta::milliseconds(1));
    let later = asked(&bench, &messages[1]).await?;
    check_eq!(later.said, [], "what was said a week ago");
    check!(later.newest > 0, "the number of the newest begin is forgotten after a week");
    Ok(())
}

async fn said_is_of_the_purposes_asked_for(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    let other = Message { purpose: "onboarding".into(), ..message(LEA, 8, bench.now()) };
    let question = Message { channel: SMS.into(), ..call(LEA, 9, bench.now()) };
    bench.decide(LEA, vec![other.clone()]).await?;
    bench.decide(LEA, vec![question.clone()]).await?;
    let tom = bench.tom_with_a_message().await?;
    bench.begun(&tom, "hi").await?;
    bench.begun(&question, "").await?;
    let before = asked(&bench, &messages[1]).await?;
    check_eq!(
        before.newest,
        0,
        "the number of the newest begin, where only a call and another contact's began"
    );
    bench.begun(&other, "hi").await?;
    let after = asked(&bench, &messages[1]).await?;
    check_eq!(after.said, [], "what was said for another purpose");
    check!(after.newest > 0, "a begin for a purpose that was not asked for has no number");
    let both = asked_for(&bench, &messages[1], counted(&["nobody's", "onboarding", MARKETING])).await?;
    check_eq!(both.said, [Said::new("onboarding", EMAIL, bench.now())], "what was said for another purpose");
    Ok(())
}

async fn said_is_told_as_often_as_a_cap_may_ask(bench: Bench) -> Answer {
    let most = u8::try_from(MOST_SAID).unwrap_or(u8::MAX);
    let messages = lea_with(&bench, most + 2).await?;
    let (last, others) = messages.split_last().ok_or(Stop::NotApplicable)?;
    for begun in others {
        bench.clock.advance(minutes(1));
        bench.begun(begun, "hi").await?;
        bench.settle(begun, 1, DeliveryStatus::Accepted).await?;
    }
    let said = asked(&bench, last).await?.said;
    check!(said.len() >= MOST_SAID, "of {} messages that were said, {} are told", others.len(), said.len());
    let expected = (0i64..).map(|back| bench.now() - minutes(back));
    let newest = said.iter().zip(expected).take(MOST_SAID).all(|(said, at)| said.at == at);
    check!(newest, "the newest are not told, or not in order");
    Ok(())
}

async fn begin_is_stale_once_something_was_said(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 3).await?;
    let other = Message { purpose: "onboarding".into(), ..message(LEA, 9, bench.now()) };
    bench.decide(LEA, vec![other.clone()]).await?;
    // What was said for another purpose counts too: the store need not know what a cap counts.
    for (begun, late) in [(&messages[0], &messages[1]), (&other, &messages[2])] {
        let taken = asked(&bench, late).await?;
        bench.begun(begun, "hi").await?;
        let before = bench.record(late).await?;
        check_eq!(
            bench.begin(fenced(&taken)).await?,
            Begun::Stale,
            "the answer to a begin that came too late"
        );
        check_eq!(bench.record(late).await?, before, "the message after a stale answer");
        let anew = asked(&bench, late).await?;
        check!(
            matches!(bench.begin(fenced(&anew)).await?, Begun::Begun { attempt: 1, .. }),
            "a message that is judged anew does not begin"
        );
    }
    Ok(())
}

async fn deferral_is_stale_once_something_was_said(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    let taken = asked(&bench, &messages[1]).await?;
    bench.begun(&messages[0], "hi").await?;
    let reasons = || vec![Reason::Cap("weekly".into())];
    let defer = Verdict::Defer { until: bench.now() + minutes(5), reasons: reasons() };
    for verdict in [defer, Verdict::Refuse { reasons: reasons() }] {
        let begin = Begin::new(&taken, verdict, "test").unless_said(&taken);
        check_eq!(bench.begin(begin).await?, Begun::Stale, "the answer to an answer that came too late");
    }
    Ok(())
}

async fn begin_that_was_judged_by_nothing_said_goes_on(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    let taken = asked(&bench, &messages[1]).await?;
    bench.begun(&messages[0], "hi").await?;
    let answer = bench.begin(sends(&taken, "hi")).await?;
    check!(
        matches!(answer, Begun::Begun { attempt: 1, .. }),
        "a begin without a number is answered by {answer:?}"
    );
    Ok(())
}

async fn begins_of_one_batch_are_fenced_by_each_other(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    let (first, second) = (asked(&bench, &messages[0]).await?, asked(&bench, &messages[1]).await?);
    let answers = bench.store.begin(vec![fenced(&first), fenced(&second)]).await?;
    check!(
        matches!(answers.as_slice(), [Begun::Begun { attempt: 1, .. }, Begun::Stale]),
        "two begins of one contact in one batch are answered by {answers:?}"
    );
    Ok(())
}

async fn saying_something_to_one_leaves_others_alone(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 1).await?;
    bench.know(person(TOM, EMAIL, "tom@example.org")).await?;
    let tom = message(TOM, 1, bench.now());
    bench.decide(TOM, vec![tom.clone()]).await?;
    let taken = asked(&bench, &tom).await?;
    bench.begun(&messages[0], "hi").await?;
    let answer = bench.begin(fenced(&taken)).await?;
    check!(matches!(answer, Begun::Begun { .. }), "another contact's begin is answered by {answer:?}");
    Ok(())
}

async fn message_that_is_repeated_counts_once(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 3).await?;
    bench.begun(&messages[0], "hi").await?;
    bench.clock.advance(minutes(1));
    bench.begun(&messages[1], "hi").await?;
    let other = Said::new(MARKETING, EMAIL, bench.now());
    bench.settle(&messages[0], 1, DeliveryStatus::Retry { at: bench.now() }).await?;
    bench.clock.advance(minutes(1));
    let taken = asked(&bench, &messages[0]).await?;
    check_eq!(taken.said, std::slice::from_ref(&other), "what else was said, to a message that is repeated");
    check!(
        matches!(bench.begin(fenced(&taken)).await?, Begun::Begun { attempt: 2, .. }),
        "a repeated message does not begin"
    );
    let again = Said::new(MARKETING, EMAIL, bench.now());
    let last = asked(&bench, &messages[2]).await?;
    check_eq!(last.said, [again, other], "what was said, one message twice");
    check!(last.newest > taken.newest, "the begin of a repeated message has no number of its own");
    Ok(())
}

async fn refusal_by_the_channel_gives_the_place_back(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 3).await?;
    bench.begun(&messages[0], "hi").await?;
    let (before, waits) = (asked(&bench, &messages[1]).await?, asked(&bench, &messages[2]).await?);
    let refused = DeliveryStatus::Refused { reasons: vec![Reason::Channel("invalid".into())] };
    bench.settle(&messages[0], 1, refused).await?;
    let after = asked(&bench, &messages[1]).await?;
    check_eq!(after.said, [], "what was said, where the channel refused it");
    check_eq!(after.newest, before.newest, "the number of the newest begin");
    bench.begun(&messages[1], "hi").await?;
    let last = asked(&bench, &messages[2]).await?;
    check!(last.newest > before.newest, "a number is given again");
    check_eq!(bench.begin(fenced(&waits)).await?, Begun::Stale, "the answer to what was judged before");
    Ok(())
}

async fn other_ends_keep_the_place(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 7).await?;
    let channel = || vec![Reason::Channel("invalid".into())];
    let ends = [
        DeliveryStatus::Accepted,
        DeliveryStatus::Parked,
        DeliveryStatus::Retry { at: bench.now() + minutes(60) },
        DeliveryStatus::Refused { reasons: vec![Reason::Attempts] },
        DeliveryStatus::Refused { reasons: vec![Reason::Attempts, Reason::Channel("invalid".into())] },
    ];
    let mut said = 0;
    for (message, end) in messages.iter().zip(ends) {
        bench.begun(message, "hi").await?;
        bench.settle(message, 1, end.clone()).await?;
        said += 1;
        check_eq!(asked(&bench, &messages[6]).await?.said.len(), said, "how much was said after an end");
    }
    // The attempt before could have reached somebody.
    bench.begun(&messages[5], "hi").await?;
    bench.clock.advance(LEASE);
    bench.begun(&messages[5], "hi").await?;
    bench.settle(&messages[5], 2, DeliveryStatus::Refused { reasons: channel() }).await?;
    let found = asked(&bench, &messages[6]).await?.said.len();
    check_eq!(found, said + 1, "how much was said, where a later attempt was refused");
    Ok(())
}

async fn said_survives_a_restart(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 2).await?;
    bench.begun(&messages[0], "hi").await?;
    let before = asked(&bench, &messages[1]).await?;
    let bench = bench.reopen().await?;
    let after = asked(&bench, &messages[1]).await?;
    check_eq!((after.said, after.newest), (before.said, before.newest), "what was said");
    Ok(())
}

async fn saying_concurrently_lets_one_win(bench: Bench) -> Answer {
    let messages = lea_with(&bench, 16).await?;
    let mut taken = Vec::new();
    for message in &messages {
        taken.push(asked(&bench, message).await?);
    }
    let answers = join_all(taken.iter().map(|taken| bench.begin(fenced(taken)))).await;
    let mut won = 0;
    for answer in answers {
        match answer? {
            Begun::Begun { .. } => won += 1,
            Begun::Stale => {}
            other => return Err(Stop::failed(format_args!("a worker was answered by {other:?}"))),
        }
    }
    check_eq!(won, 1, "how many workers took the place");
    check_eq!(bench.store.in_flight(&super::bench::id(LEA)).await?.len(), 1, "how many messages have begun");
    Ok(())
}
