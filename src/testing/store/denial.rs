//! What a commit denies in the gate.

use super::bench::{
    Answer, Bench, EMAIL, LEA, MARKETING, SHARED, SMS, Stop, TOM, call, fingerprint, message, minutes,
    person, sends,
};
use crate::machine::{Denial, InputKind, Lift};
use crate::model::{DeliveryStatus, Event, Message, MessageId, Name, Reason};
use crate::port::store::{Begun, Commit, Committed, MessageStatus};

cases! {
    a_commit_denies_what_it_withdraws: "What a commit withdraws is denied to the contact and to whoever has its address, and nothing else is.",
    a_commit_takes_back_what_it_withdraws: "The contact's messages that a commit withdraws from are cancelled, those of the commit included, and it is told of each.",
    a_commit_that_withdraws_spares_calls: "A call says nothing to the contact: a commit that withdraws takes none back.",
    a_commit_that_withdraws_makes_takers_late: "What was taken before a commit that withdraws does not begin after it, whoever it is for.",
    a_grant_after_what_a_commit_withdraws_lifts_it: "A grant at the place of the denial, or later, lifts it; one from before does not.",
    a_later_grant_of_the_same_commit_lifts_its_denial: "What a later grant of the same commit allows again is not taken back.",
    a_commit_suppresses_an_address: "An address that a commit suppresses is suppressed for whoever has it, and the contact's messages there are cancelled.",
    a_refused_commit_denies_nothing: "A commit that is refused denies nothing.",
}

fn withdrawn(seq: u64) -> Denial {
    Denial::Withdrawn {
        purpose: Some(MARKETING.into()),
        channel: Some(EMAIL.into()),
        except: Vec::new(),
        seq,
    }
}

/// A commit of Léa's that denies, and the place that its denial has.
async fn denying(bench: &Bench, seq: impl Fn(u64) -> u64) -> Answer<Commit> {
    let (_, read) = bench.keep(Event::new(LEA, "tick")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.denials = vec![withdrawn(seq(read))];
    Ok(commit)
}

fn right_after(read: u64) -> u64 {
    read + 1
}

async fn a_commit_denies_what_it_withdraws(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.done(denying(&bench, right_after).await?).await?;
    let late = message(LEA, 2, bench.now());
    let other = Message { purpose: "receipts".into(), ..message(LEA, 3, bench.now()) };
    let sms = Message { channel: SMS.into(), ..message(LEA, 4, bench.now()) };
    bench.decide(LEA, vec![late.clone(), other.clone(), sms.clone()]).await?;
    for (message, expected) in [(&tom, true), (&late, true), (&other, false), (&sms, false)] {
        let found = bench.taken(message).await?.denied;
        check!(
            found == expected,
            "{} of {} by {}: denied is {found}",
            message.contact,
            message.purpose,
            message.channel
        );
    }
    let (email, marketing) = (Name::from(EMAIL), Name::from(MARKETING));
    let forbidden = bench.store.forbidden(&LEA.into(), &email, &marketing).await?;
    check!(forbidden.denied, "the gate says that nothing is denied");
    Ok(())
}

async fn a_commit_takes_back_what_it_withdraws(bench: Bench) -> Answer {
    let before = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let (same, sms) =
        (message(LEA, 2, bench.now()), Message { channel: SMS.into(), ..message(LEA, 3, bench.now()) });
    let mut commit = denying(&bench, right_after).await?;
    commit.messages = vec![same.clone(), sms.clone()];
    bench.done(commit).await?;
    for (message, expected) in [
        (&before, MessageStatus::Cancelled),
        (&same, MessageStatus::Cancelled),
        (&sms, MessageStatus::Pending),
        (&tom, MessageStatus::Pending),
    ] {
        let found = bench.status(message).await?;
        check!(found == expected, "a message to {} by {} is {found:?}", message.contact, message.channel);
    }
    let told: Vec<MessageId> =
        bench.answers(LEA).await?.into_iter().map(|(_, delivery)| delivery.message).collect();
    check_eq!(told, [before.id, same.id], "what the contact is told of");
    let reasons = vec![Reason::Withdrawn];
    let status = DeliveryStatus::Refused { reasons };
    check!(
        bench.answers(LEA).await?.iter().all(|(_, delivery)| delivery.status == status),
        "it is told that they were refused for another reason"
    );
    let (work, _) = bench.work(LEA).await?;
    check!(
        work.envelopes.iter().all(|envelope| matches!(envelope.kind, InputKind::Delivery(_))),
        "other mail than that is unread"
    );
    Ok(())
}

async fn a_commit_that_withdraws_spares_calls(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let asked = call(LEA, 2, bench.now());
    bench.decide(LEA, vec![asked.clone()]).await?;
    let mut commit = bench_commit(&bench).await?;
    commit.denials = vec![Denial::Withdrawn {
        purpose: None,
        channel: None,
        except: Vec::new(),
        seq: commit.read_seq + 1,
    }];
    bench.done(commit).await?;
    check_eq!(bench.status(&asked).await?, MessageStatus::Pending, "the call");
    Ok(())
}

async fn bench_commit(bench: &Bench) -> Answer<Commit> {
    bench.keep(Event::new(LEA, "tick")).await?;
    bench.reading(LEA).await
}

async fn a_commit_that_withdraws_makes_takers_late(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let (lea, tom) = (bench.taken(&lea).await?, bench.taken(&tom).await?);
    bench.done(denying(&bench, right_after).await?).await?;
    for taken in [lea, tom] {
        let begun = bench.begin(sends(&taken, "hi")).await?;
        check!(!matches!(begun, Begun::Begun { .. }), "a message to {} began", taken.message.contact);
    }
    Ok(())
}

async fn a_grant_after_what_a_commit_withdraws_lifts_it(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.done(denying(&bench, right_after).await?).await?;
    for (before, denied) in [(1, true), (0, false)] {
        let (_, read) = bench.keep(Event::new(LEA, "tick")).await?;
        let mut commit = bench.reading(LEA).await?;
        // The first is as old as what was read before the denial, the second is what comes next in the mailbox.
        let seq = if before == 1 { 1 } else { read };
        commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq }];
        bench.done(commit).await?;
        let later = message(LEA, 10 - before, bench.now());
        bench.decide(LEA, vec![later.clone()]).await?;
        let found = bench.taken(&later).await?.denied;
        check!(found == denied, "after a grant at {seq} denied is {found}");
    }
    Ok(())
}

async fn a_later_grant_of_the_same_commit_lifts_its_denial(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let (_, first) = bench.keep(Event::new(LEA, "tick")).await?;
    let (_, second) = bench.keep(Event::new(LEA, "tock")).await?;
    let mut commit = bench.reading(LEA).await?;
    let said = message(LEA, 2, bench.now());
    commit.denials = vec![withdrawn(first + 1)];
    commit.lifts =
        vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq: second }];
    commit.messages = vec![said.clone()];
    bench.done(commit).await?;
    check_eq!(bench.status(&said).await?, MessageStatus::Pending, "the message that the grant allows");
    check!(!bench.taken(&said).await?.denied, "the grant came later and lifts nothing");
    Ok(())
}

async fn a_commit_suppresses_an_address(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    let taken = bench.taken(&tom).await?;
    let mut commit = bench_commit(&bench).await?;
    commit.messages = vec![sms.clone()];
    commit.denials = vec![Denial::Suppressed { channel: EMAIL.into(), address: fingerprint(EMAIL, SHARED) }];
    bench.done(commit).await?;
    check_eq!(bench.status(&lea).await?, MessageStatus::Cancelled, "the contact's own message there");
    check_eq!(bench.status(&sms).await?, MessageStatus::Pending, "its message elsewhere");
    let begun = bench.begin(sends(&taken, "hi")).await?;
    check!(!matches!(begun, Begun::Begun { .. }), "what was taken before begins");
    check!(bench.taken(&tom).await?.suppressed, "another contact's message there is not suppressed");
    bench.know(person("ann", EMAIL, SHARED)).await?;
    let ann = message("ann", 1, bench.now());
    bench.decide("ann", vec![ann.clone()]).await?;
    check!(bench.taken(&ann).await?.suppressed, "who comes later has the address unsuppressed");
    Ok(())
}

async fn a_refused_commit_denies_nothing(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let stale = denying(&bench, right_after).await?;
    bench.clock.advance(minutes(60));
    let mut fresh = bench.reading(LEA).await?;
    fresh.denials.clear();
    bench.done(fresh).await?;
    let answer = bench.commit(vec![stale]).await?;
    if answer != [Committed::StaleLease] {
        return Err(Stop::failed(format_args!("a stale commit is answered with {answer:?}")));
    }
    check!(!bench.taken(&lea).await?.denied, "a commit that was refused denies");
    let tom = bench.tom_with_a_message().await?;
    check_eq!(tom.contact.as_str(), TOM, "whose message it is");
    check!(!bench.taken(&tom).await?.denied, "a commit that was refused denies another contact");
    Ok(())
}
