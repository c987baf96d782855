//! Events that violate their schema.

use super::bench::{Answer, Bench, LEA, TOM, id, minutes, visit};
use crate::machine::{Input, InputKind};
use crate::model::{Deed, Event};
use crate::port::store::{AsideEnd, AsideRecord, NewAside, Receipt};

cases! {
    what_is_aside_is_kept_and_in_no_mailbox: "An event that is set aside is listed with what it violates, creates no contact and reaches no mailbox.",
    what_is_aside_is_listed_in_pages: "Events are listed in order of number, from any of them on.",
    an_event_with_an_id_is_aside_once: "An event with a host's id that is aside and open keeps its number; another contact's is another event.",
    released_it_reaches_its_mailbox_in_the_same_call: "A released event is in its mailbox, however old, is listed no more, and its record says who released it.",
    released_twice_it_counts_once: "An event that is released again, or dropped afterwards, changes nothing.",
    dropped_it_is_gone: "A dropped event is listed no more, reaches no mailbox, and its record says who dropped it.",
    an_erasure_forgets_what_is_aside: "After an erasure nothing of the contact is aside, known or unknown before, and nothing of an erased one is set aside.",
    reopen_keeps_what_is_aside: "What is aside outlives the store, and no number comes twice.",
}

fn ana() -> Deed {
    Deed::new("ana", "the shop was wrong")
}

fn wrong(contact: &str, id: &str) -> NewAside {
    NewAside::new(
        Event::new(contact, "paid").id(id),
        vec!["E010 paid.total: the property is missing".to_owned()],
    )
}

/// Sets one event aside that must be kept.
async fn set_aside(bench: &Bench, new: NewAside) -> Answer<u64> {
    match bench.store.set_aside(&[new]).await?.as_slice() {
        [Some(id)] => Ok(*id),
        other => {
            Err(super::bench::Stop::failed(format_args!("an event is set aside and the answer is {other:?}")))
        }
    }
}

async fn listed(bench: &Bench, after: u64, limit: usize) -> Answer<Vec<u64>> {
    Ok(bench.store.aside(after, limit).await?.iter().map(|record| record.id).collect())
}

fn input(contact: &str, id: &str) -> Input {
    Input::from(Event::new(contact, "paid").id(id))
}

async fn what_is_aside_is_kept_and_in_no_mailbox(bench: Bench) -> Answer {
    let number = set_aside(&bench, wrong(LEA, "a")).await?;
    let NewAside { event, problems } = wrong(LEA, "a");
    let record = AsideRecord::new(number, bench.now(), event, problems);
    check_eq!(bench.store.aside(0, 9).await?, std::slice::from_ref(&record), "what is listed");
    check_eq!(bench.store.aside_record(number).await?, Some(record), "the record");
    check_eq!(bench.store.aside_record(number + 1).await?, None, "another number");
    check!(bench.store.contact(&id(LEA)).await?.is_none(), "the contact was created");
    check_eq!(bench.claimed(9).await?, [] as [String; 0], "who has something to do");
    Ok(())
}

async fn what_is_aside_is_listed_in_pages(bench: Bench) -> Answer {
    let all = [wrong(LEA, "a"), wrong(TOM, "b"), wrong(LEA, "c")];
    let numbers: Vec<u64> = bench.store.set_aside(&all).await?.into_iter().flatten().collect();
    check_eq!(numbers.len(), 3, "how many are set aside");
    check!(numbers.is_sorted(), "the numbers {numbers:?} do not grow");
    check_eq!(listed(&bench, 0, 2).await?, numbers[..2], "the first page");
    check_eq!(listed(&bench, numbers[1], 2).await?, numbers[2..], "the second page");
    check_eq!(listed(&bench, numbers[2], 2).await?, [] as [u64; 0], "the last page");
    Ok(())
}

async fn an_event_with_an_id_is_aside_once(bench: Bench) -> Answer {
    let first = set_aside(&bench, wrong(LEA, "a")).await?;
    check_eq!(set_aside(&bench, wrong(LEA, "a")).await?, first, "the number of the same event");
    let other = set_aside(&bench, wrong(TOM, "a")).await?;
    check!(other != first, "two contacts have one event");
    let nameless = || NewAside::new(Event::new(LEA, "paid"), Vec::new());
    let (one, two) = (set_aside(&bench, nameless()).await?, set_aside(&bench, nameless()).await?);
    check!(one != two, "two events without an id are one");
    bench.store.drop_aside(first, &ana()).await?;
    let again = set_aside(&bench, wrong(LEA, "a")).await?;
    check!(again > two, "an event that is told again after the decision has the old number");
    Ok(())
}

async fn released_it_reaches_its_mailbox_in_the_same_call(bench: Bench) -> Answer {
    let old = bench.now() - minutes(60 * 24 * 400);
    let number = set_aside(&bench, wrong(LEA, "a")).await?;
    bench.clock.advance(minutes(5));
    let input = Input::from(Event::new(LEA, "paid").id("a").at(old));
    let receipt = bench.store.release_aside(number, &input, &ana()).await?;
    check!(matches!(receipt, Some(Receipt::Kept { .. })), "the receipt is {receipt:?}");
    let mail = bench.mail(LEA).await?;
    check!(matches!(&mail[..], [one] if one.kind == input.kind), "the mail is {mail:?}");
    check_eq!(listed(&bench, 0, 9).await?, [] as [u64; 0], "what is listed");
    let record = bench.store.aside_record(number).await?.map(|record| (record.event, record.end));
    check_eq!(record, Some((None, Some(AsideEnd::new(true, bench.now(), ana())))), "the record");
    check_eq!(bench.claimed(9).await?, [LEA], "who has something to do");
    Ok(())
}

async fn released_twice_it_counts_once(bench: Bench) -> Answer {
    let number = set_aside(&bench, wrong(LEA, "a")).await?;
    bench.store.release_aside(number, &input(LEA, "a"), &ana()).await?;
    let again = bench.store.release_aside(number, &input(LEA, "a"), &ana()).await?;
    check_eq!(again, None, "the answer to the second release");
    check_eq!(bench.store.drop_aside(number, &ana()).await?, false, "the answer to a drop afterwards");
    check_eq!(bench.store.release_aside(number + 1, &input(LEA, "b"), &ana()).await?, None, "another number");
    check_eq!(bench.mail(LEA).await?.len(), 1, "how much mail there is");
    // One that was told in the meantime is known.
    let number = set_aside(&bench, wrong(LEA, "c")).await?;
    bench.keep(visit(LEA, "other")).await?;
    bench.keep(input(LEA, "c")).await?;
    let known = bench.store.release_aside(number, &input(LEA, "c"), &ana()).await?;
    check_eq!(known, Some(Receipt::Duplicate), "the receipt of one that was told meanwhile");
    Ok(())
}

async fn dropped_it_is_gone(bench: Bench) -> Answer {
    let number = set_aside(&bench, wrong(LEA, "a")).await?;
    check_eq!(bench.store.drop_aside(number, &ana()).await?, true, "the answer");
    check_eq!(bench.store.drop_aside(number, &ana()).await?, false, "the answer to the second drop");
    check_eq!(listed(&bench, 0, 9).await?, [] as [u64; 0], "what is listed");
    let record = bench.store.aside_record(number).await?.map(|record| (record.event, record.end));
    check_eq!(record, Some((None, Some(AsideEnd::new(false, bench.now(), ana())))), "the record");
    check_eq!(
        bench.store.release_aside(number, &input(LEA, "a"), &ana()).await?,
        None,
        "a release afterwards"
    );
    check!(bench.store.contact(&id(LEA)).await?.is_none(), "the contact was created");
    Ok(())
}

async fn an_erasure_forgets_what_is_aside(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    let lea = set_aside(&bench, wrong(LEA, "a")).await?;
    let ended = set_aside(&bench, wrong(LEA, "b")).await?;
    bench.store.drop_aside(ended, &ana()).await?;
    let tom = set_aside(&bench, wrong(TOM, "a")).await?;
    for contact in [LEA, TOM] {
        bench.store.erase(&id(contact)).await?;
    }
    check_eq!(listed(&bench, 0, 9).await?, [] as [u64; 0], "what is listed");
    for number in [lea, ended, tom] {
        check_eq!(bench.store.aside_record(number).await?, None, "the record of an erased contact");
    }
    check_eq!(bench.store.set_aside(&[wrong(LEA, "c")]).await?, [None], "the answer for an erased contact");
    check_eq!(listed(&bench, 0, 9).await?, [] as [u64; 0], "what is listed afterwards");
    Ok(())
}

async fn reopen_keeps_what_is_aside(bench: Bench) -> Answer {
    let first = set_aside(&bench, wrong(LEA, "a")).await?;
    let second = set_aside(&bench, wrong(TOM, "b")).await?;
    let dropped = set_aside(&bench, wrong(LEA, "c")).await?;
    bench.store.drop_aside(dropped, &ana()).await?;
    bench.store.erase(&id(TOM)).await?;
    let bench = bench.reopen().await?;
    check_eq!(listed(&bench, 0, 9).await?, [first], "what is listed");
    let record = bench.store.aside_record(dropped).await?;
    check!(record.is_some_and(|record| record.end.is_some()), "who dropped it is forgotten");
    let third = set_aside(&bench, wrong(LEA, "d")).await?;
    check!(third > dropped && third > second, "the number {third} came before");
    check!(matches!(input(LEA, "d").kind, InputKind::Event(_)), "what is released is an event");
    Ok(())
}
