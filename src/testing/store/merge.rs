//! Two contacts that turn out to be one person.

use super::bench::{
    Answer, Bench, EMAIL, LEA, MARKETING, SHARED, SMS, TOM, id, message, minutes, person, sends, stop, visit,
};
use crate::machine::{InputKind, Lift};
use crate::model::{DeliveryStatus, InputId, MergeRefusal, MessageId};
use crate::port::store::{Begun, Committed, Merging, MessageStatus, Receipt};

cases! {
    merge_leaves_everything_by_one_input: "What the loser leaves lies in the winner's mailbox once, with the id of the merge.",
    merge_closes_both_until_it_is_read: "Nothing of either is handed out or begins before the winner has read what the loser left.",
    merge_cancels_what_the_loser_had_to_say: "A pending message of the loser is cancelled, and what has begun is not repeated.",
    merge_makes_the_losers_worker_late: "A worker that claimed the loser before commits nothing, and it is never handed out again.",
    merged_id_means_the_winner: "Whatever is told of the loser is in the winner's mailbox, and what was told before is a duplicate.",
    merge_carries_denials_over: "What the loser withdrew is denied to the winner, until a later grant of the winner.",
    withdrawal_of_a_merged_contact_reaches_all_its_addresses: "A withdrawal of the winner denies the addresses of the loser as well.",
    erasing_a_merged_contact_erases_both: "An erasure by either id leaves nothing of both, and denies the addresses of both.",
    merge_is_done_once: "A second merge changes nothing; oneself, circles, third contacts, strangers and unread mail are refused.",
    merges_form_chains: "Aliases of a contact that is merged become aliases of the one that goes on.",
    answer_for_a_merged_contact_reaches_the_winner: "What became of a message of the loser is told to the winner.",
}

async fn merge(bench: &Bench, loser: &str, winner: &str) -> Answer<Merging> {
    Ok(bench.store.merge(&id(loser), &id(winner)).await?)
}

/// Tom goes on, with what Léa left still unread.
async fn merged(bench: &Bench) -> Answer {
    check_eq!(merge(bench, LEA, TOM).await?, Merging::Done, "what became of the merge");
    Ok(())
}

async fn both(bench: &Bench) -> Answer {
    bench.know_lea().await?;
    bench.know(person(TOM, SMS, "+33639980001")).await
}

async fn merge_leaves_everything_by_one_input(bench: Bench) -> Answer {
    both(&bench).await?;
    let lea = bench.contact(LEA).await?;
    merged(&bench).await?;
    let mail = bench.mail(TOM).await?;
    let left: Vec<_> = mail.iter().filter(|one| matches!(one.kind, InputKind::Absorb(_))).collect();
    check_eq!(left.len(), 1, "how often something was left");
    check_eq!(left[0].id, InputId::from_merge(&id(LEA)), "the id of what was left");
    let InputKind::Absorb(absorb) = &left[0].kind else { return Ok(()) };
    check_eq!(absorb.cold, *lea.state.cold, "who it was");
    check_eq!(bench.claimed(9).await?, [TOM], "who has mail");
    let listed = bench.store.scan(0, 9).await?;
    check!(listed.iter().all(|(_, state)| state.cold.contact.id != id(LEA)), "the loser is listed");
    Ok(())
}

async fn merge_closes_both_until_it_is_read(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let taken = bench.taken(&tom).await?;
    merged(&bench).await?;
    check_eq!(bench.begin(sends(&taken, "x")).await?, Begun::Stale, "a begin that was taken before");
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "what is offered before it was read");
    let forbidden = bench.store.forbidden(&id(TOM), &EMAIL.into(), &MARKETING.into()).await?;
    check!(forbidden.denied, "the gate answers as if nothing were open");
    let read = bench.reading(TOM).await?;
    bench.done(read).await?;
    check_eq!(bench.offered().await?, [tom.id], "what is offered after it was read");
    Ok(())
}

async fn merge_cancels_what_the_loser_had_to_say(bench: Bench) -> Answer {
    let pending = bench.lea_with_a_message().await?;
    bench.know(person(TOM, SMS, "+33639980001")).await?;
    merged(&bench).await?;
    check_eq!(bench.status(&pending).await?, MessageStatus::Cancelled, "the pending message");
    Ok(())
}

async fn merge_makes_the_losers_worker_late(bench: Bench) -> Answer {
    both(&bench).await?;
    bench.keep(visit(LEA, "a")).await?;
    let read = bench.reading(LEA).await?;
    bench.done(read).await?;
    bench.keep(visit(LEA, "b")).await?;
    check_eq!(
        merge(&bench, LEA, TOM).await?,
        Merging::Refused(MergeRefusal::Unread),
        "a merge over unread mail"
    );
    let mut read = bench.reading(LEA).await?;
    read.due_at = Some(bench.now() + minutes(5));
    let again = read.clone();
    bench.done(read).await?;
    merged(&bench).await?;
    check_eq!(bench.commit(vec![again]).await?, [Committed::StaleLease], "a commit from before the merge");
    bench.clock.advance(minutes(10));
    check_eq!(bench.claimed(9).await?, [TOM], "who is handed out after the merge");
    Ok(())
}

async fn merged_id_means_the_winner(bench: Bench) -> Answer {
    both(&bench).await?;
    bench.keep(visit(LEA, "a")).await?;
    let read = bench.reading(LEA).await?;
    bench.done(read).await?;
    merged(&bench).await?;
    let before = bench.mail(TOM).await?.len();
    let told = bench.append(&[visit(LEA, "a"), visit(LEA, "b")]).await?;
    check_eq!(told[0], Receipt::Duplicate, "what the loser's mailbox had seen");
    check!(matches!(told[1], Receipt::Kept { .. }), "something new of the loser is {:?}", told[1]);
    check_eq!(bench.append(&[visit(LEA, "b")]).await?, [Receipt::Duplicate], "the same again");
    check_eq!(bench.mail(TOM).await?.len(), before + 1, "the winner's mail");
    check_eq!(bench.store.alias(&id(LEA)).await?, Some(id(TOM)), "whom the loser was merged into");
    check_eq!(bench.store.aliases(&id(TOM)).await?, [id(LEA)], "who was merged into the winner");
    Ok(())
}

async fn merge_carries_denials_over(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let read = bench.reading(LEA).await?;
    bench.done(read).await?;
    merged(&bench).await?;
    let read = bench.reading(TOM).await?;
    bench.done(read).await?;
    check!(bench.taken(&tom).await?.denied, "what the loser withdrew is not denied to the winner");
    let (_, seq) = bench.keep(visit(TOM, "later")).await?;
    let mut grants = bench.reading(TOM).await?;
    let (channel, purpose) = (EMAIL.into(), MARKETING.into());
    grants.lifts = vec![Lift { channel, purpose, address: None, seq }];
    bench.done(grants).await?;
    check!(!bench.taken(&tom).await?.denied, "a later grant of the winner does not lift it");
    Ok(())
}

async fn withdrawal_of_a_merged_contact_reaches_all_its_addresses(bench: Bench) -> Answer {
    let tom = bench.tom_with_a_message().await?;
    bench.know_lea().await?;
    bench.know(person("max", SMS, "+33639980001")).await?;
    check_eq!(merge(&bench, LEA, "max").await?, Merging::Done, "what became of the merge");
    bench.withdraw(&stop("max"), "stop").await?;
    check!(bench.taken(&tom).await?.denied, "who shares the loser's address is not left alone");
    Ok(())
}

async fn erasing_a_merged_contact_erases_both(bench: Bench) -> Answer {
    both(&bench).await?;
    merged(&bench).await?;
    check!(bench.store.erase(&id(LEA)).await?, "the loser's id is answered as a stranger's");
    for who in [LEA, TOM] {
        let stored = bench.contact(who).await?;
        check!(stored.erased && stored.state.cold.contact.size() == 0, "{who} is not erased");
        check_eq!(bench.mail(who).await?, [], "the mail that is left");
        check_eq!(bench.append(&[visit(who, "z")]).await?, [Receipt::Erased], "what is told after it");
    }
    bench.know(person("max", EMAIL, SHARED)).await?;
    let forbidden = bench.store.forbidden(&id("max"), &EMAIL.into(), &MARKETING.into()).await?;
    check!(forbidden.denied, "the loser's address is not denied");
    Ok(())
}

async fn merge_is_done_once(bench: Bench) -> Answer {
    both(&bench).await?;
    check_eq!(merge(&bench, "max", TOM).await?, Merging::Unknown(id("max")), "a stranger as loser");
    check_eq!(merge(&bench, LEA, "max").await?, Merging::Unknown(id("max")), "a stranger as winner");
    check_eq!(merge(&bench, LEA, LEA).await?, Merging::Refused(MergeRefusal::Itself), "oneself");
    merged(&bench).await?;
    let before = bench.mail(TOM).await?;
    check_eq!(merge(&bench, LEA, TOM).await?, Merging::Already, "the same again");
    check_eq!(bench.mail(TOM).await?, before, "the winner's mail");
    check_eq!(merge(&bench, TOM, LEA).await?, Merging::Refused(MergeRefusal::Circle), "turned round");
    bench.know(person("max", SMS, "+33639980002")).await?;
    let elsewhere = Merging::Refused(MergeRefusal::Elsewhere(id(TOM)));
    check_eq!(merge(&bench, LEA, "max").await?, elsewhere, "into a third contact");
    bench.store.erase(&id("max")).await?;
    check_eq!(merge(&bench, "max", TOM).await?, Merging::Erased(id("max")), "somebody erased");
    Ok(())
}

async fn merges_form_chains(bench: Bench) -> Answer {
    both(&bench).await?;
    merged(&bench).await?;
    let read = bench.reading(TOM).await?;
    bench.done(read).await?;
    bench.know(person("max", SMS, "+33639980002")).await?;
    check_eq!(merge(&bench, TOM, "max").await?, Merging::Done, "what became of the second merge");
    check_eq!(bench.store.alias(&id(LEA)).await?, Some(id("max")), "whom the first one is part of now");
    check_eq!(bench.store.aliases(&id("max")).await?, [id(LEA), id(TOM)], "who is part of the last one");
    check_eq!(merge(&bench, LEA, TOM).await?, Merging::Already, "what was done by way of another one");
    let before = bench.mail("max").await?.len();
    bench.keep(visit(LEA, "a")).await?;
    check_eq!(bench.mail("max").await?.len(), before + 1, "the mail of the one that goes on");
    Ok(())
}

async fn answer_for_a_merged_contact_reaches_the_winner(bench: Bench) -> Answer {
    let begun = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&begun, "x").await?;
    bench.know(person(TOM, SMS, "+33639980001")).await?;
    merged(&bench).await?;
    check_eq!(bench.store.in_flight(&id(TOM)).await?.len(), 1, "what is under way");
    bench.settle(&begun, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&begun).await?, MessageStatus::Accepted, "the message");
    check_eq!(bench.answers(TOM).await?.len(), 1, "what the winner was told");
    check_eq!(bench.answers(LEA).await?.len(), 0, "what the loser was told");
    check_eq!(message(LEA, 1, bench.now()).contact, id(LEA), "whose message it stays");
    Ok(())
}
