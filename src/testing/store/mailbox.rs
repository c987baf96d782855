//! Inputs in.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::bench::{Answer, Bench, HORIZON, LEA, Stop, TOM, id, input_id, millis, minutes, person, visit};
use crate::machine::{Input, InputKind};
use crate::model::{Contact, Event, Value};
use crate::port::store::Receipt;

cases! {
    append_keeps_order: "Inputs stand in the mailbox in the order in which they were appended, at growing places.",
    append_answers_each_input_in_its_place: "One append answers kept, duplicate, expired and unknown, each in its place.",
    append_gives_an_id_where_there_is_none: "An input without an id is given one of its own, and is never a duplicate.",
    append_ignores_a_seen_id: "An input whose id the mailbox has seen is a duplicate and changes nothing, even once read.",
    append_remembers_ids_by_contact: "An id that one contact's mailbox has seen is new to another contact.",
    append_refuses_what_is_older_than_the_horizon: "An instant older than the horizon is expired; one at its edge is kept.",
    append_creates_only_where_it_may: "An input that may not create its contact is refused where that is unknown.",
    append_never_changes_the_revision: "Appending leaves the contact's revision and what is committed as they are.",
    append_stamps_by_the_store_s_clock: "Mail carries the instant of the store's clock at which it was received.",
    received_at_never_goes_back: "A clock that jumps back never gives mail an earlier instant than the mail before it.",
    empty_batches_change_nothing: "A call with an empty batch answers an empty one.",
    unicode_and_nul_survive: "Any text survives: letters of every script, NUL, line ends, quotes, blanks.",
    appending_the_same_id_concurrently_keeps_one: "Of many appends of one id at once, one is kept.",
}

async fn append_keeps_order(bench: Bench) -> Answer {
    let words = ["a", "b", "c", "d", "e"];
    let inputs: Vec<Input> = words[..3].iter().map(|word| visit(LEA, word)).collect();
    bench.append(&inputs).await?;
    bench.keep(visit(TOM, "x")).await?;
    bench.append(&[visit(LEA, "d"), visit(LEA, "e")]).await?;
    let (work, _) = bench.work(LEA).await?;
    let found: Vec<&InputKind> = work.envelopes.iter().map(|envelope| &envelope.kind).collect();
    let expected: Vec<InputKind> = words.iter().map(|word| visit(LEA, word).kind).collect();
    check_eq!(found, expected.iter().collect::<Vec<_>>(), "Léa's mail");
    check!(work.envelopes.windows(2).all(|pair| pair[0].seq < pair[1].seq), "the places do not grow");
    check!(
        work.envelopes.iter().all(|envelope| envelope.seq > 0),
        "a place is 0, which means before the first"
    );
    Ok(())
}

async fn append_answers_each_input_in_its_place(bench: Bench) -> Answer {
    let old = bench.now() - HORIZON - minutes(1);
    let stranger = Input::for_known(id(TOM), None, visit(TOM, "b").kind);
    let expired = Event::new(LEA, "visited").id("c").at(old).into();
    let inputs = [visit(LEA, "a"), stranger, expired, visit(LEA, "a"), visit(LEA, "d")];
    let receipts = bench.append(&inputs).await?;
    let mail = bench.mail(LEA).await?;
    let [first, last] = mail.as_slice() else {
        return Err(Stop::failed(format_args!("two of the inputs were to be kept, not {}", mail.len())));
    };
    let expected = [
        Receipt::Kept { id: first.id, seq: first.seq },
        Receipt::UnknownContact,
        Receipt::Expired,
        Receipt::Duplicate,
        Receipt::Kept { id: last.id, seq: last.seq },
    ];
    check_eq!(receipts, expected, "the receipts");
    check_eq!(Some(first.id), inputs[0].id, "the id that the host gave");
    Ok(())
}

async fn append_gives_an_id_where_there_is_none(bench: Bench) -> Answer {
    for _ in 0..3 {
        bench.keep(Event::new(LEA, "visited")).await?;
    }
    bench.append(&[Event::new(LEA, "visited").into(), Event::new(LEA, "visited").into()]).await?;
    let ids: BTreeSet<_> = bench.mail(LEA).await?.iter().map(|envelope| envelope.id).collect();
    check_eq!(ids.len(), 5, "the number of different ids");
    Ok(())
}

async fn append_ignores_a_seen_id(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    check_eq!(bench.append(&[visit(LEA, "a")]).await?, [Receipt::Duplicate], "the receipt of an unread id");
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    bench.clock.advance(minutes(5));
    check_eq!(
        bench.append(&[visit(LEA, "a")]).await?,
        [Receipt::Duplicate],
        "the receipt of an id that was read"
    );
    check_eq!(bench.mail(LEA).await?.len(), 1, "the number of envelopes");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do after a duplicate");
    Ok(())
}

async fn append_remembers_ids_by_contact(bench: Bench) -> Answer {
    let same = input_id(LEA, "same");
    for contact in [LEA, TOM] {
        bench.keep(Input::new(id(contact), Some(same), visit(contact, "a").kind)).await?;
    }
    Ok(())
}

async fn append_refuses_what_is_older_than_the_horizon(bench: Bench) -> Answer {
    let edge = bench.now() - HORIZON;
    let old = Event::new(LEA, "visited").at(edge - millis(1)).into();
    check_eq!(bench.append(&[old]).await?, [Receipt::Expired], "the receipt of an event that is too old");
    check!(bench.store.contact(&id(LEA)).await?.is_none(), "an expired input created its contact");
    bench.keep(Event::new(LEA, "visited").at(edge)).await?;
    bench.keep(Event::new(LEA, "visited").at(bench.now() + minutes(5))).await?;
    Ok(())
}

async fn append_creates_only_where_it_may(bench: Bench) -> Answer {
    let careful = |word: &str| Input::for_known(id(LEA), None, visit(LEA, word).kind);
    check_eq!(
        bench.append(&[careful("a")]).await?,
        [Receipt::UnknownContact],
        "the receipt of a stranger's input"
    );
    check!(bench.store.contact(&id(LEA)).await?.is_none(), "a refused input created its contact");
    bench.keep(visit(LEA, "b")).await?;
    bench.keep(careful("c")).await?;
    Ok(())
}

async fn append_never_changes_the_revision(bench: Bench) -> Answer {
    bench.know(person(LEA, "email", "lea@example.org")).await?;
    let before = bench.contact(LEA).await?;
    bench.keep(visit(LEA, "a")).await?;
    bench.keep(Contact::new(LEA).attribute("name", "Léa")).await?;
    let after = bench.contact(LEA).await?;
    check_eq!(after.revision, before.revision, "the revision after appending");
    check_eq!(after.read_seq, before.read_seq, "the place that was read, after appending");
    check_eq!(after.state, before.state, "the state after appending");
    Ok(())
}

async fn append_stamps_by_the_store_s_clock(bench: Bench) -> Answer {
    let first = bench.now();
    bench.keep(visit(LEA, "a")).await?;
    bench.clock.advance(millis(1_234));
    bench.keep(Event::new(LEA, "visited").at(first - minutes(9))).await?;
    let stamps: Vec<_> = bench.mail(LEA).await?.iter().map(|envelope| envelope.received_at).collect();
    check_eq!(stamps, [first, first + millis(1_234)], "the instants of receipt");
    check_eq!(bench.store.clock().now(), bench.now(), "the store's clock");
    Ok(())
}

async fn received_at_never_goes_back(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    bench.clock.jump_to(bench.now() - minutes(60));
    bench.keep(visit(LEA, "b")).await?;
    bench.keep(visit(TOM, "c")).await?;
    let lea: Vec<_> = bench.mail(LEA).await?.iter().map(|envelope| envelope.received_at).collect();
    check!(lea.windows(2).all(|pair| pair[0] <= pair[1]), "Léa's mail was received at {lea:?}");
    let tom: Vec<_> = bench.mail(TOM).await?.iter().map(|envelope| envelope.received_at).collect();
    check!(lea.first() <= tom.first(), "mail of another contact was received at {tom:?}, after {lea:?}");
    Ok(())
}

async fn empty_batches_change_nothing(bench: Bench) -> Answer {
    check_eq!(bench.append(&[]).await?, [], "the receipts of nothing");
    check_eq!(bench.commit(Vec::new()).await?, [], "the answers to no commit");
    check_eq!(bench.store.begin(Vec::new()).await?, [], "the answers to no begin");
    bench.store.settle(&[]).await?;
    let revision = bench.store.snapshot().await?.revision;
    check_eq!(bench.store.publish(&[]).await?, revision, "the revision after publishing nothing");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do in an empty store");
    Ok(())
}

async fn unicode_and_nul_survive(bench: Bench) -> Answer {
    let odd =
        ["", " ", "\0", "a\0b", "Zoë 🎤", "e\u{301}", "שלום", "\r\n\t", "'\"\\;--", "%_*", "\u{10ffff}"];
    for text in odd {
        let contact = format!("c{text}");
        let told = Contact::new(contact.as_str()).attribute(text, text).tag(text).address("email", text);
        bench.know(told.clone()).await?;
        bench
            .keep(Event::new(contact.as_str(), text).id(text).property(text, Value::from(vec![text])))
            .await?;
        check_eq!(bench.contact(&contact).await?.state.cold.contact, told, "the contact as it came back");
        let mail = bench.mail(&contact).await?;
        let expected = Event::new(contact.as_str(), text).id(text).property(text, Value::from(vec![text]));
        check_eq!(mail.last().map(|envelope| &envelope.kind), Some(&InputKind::Event(expected)), "the event");
        let address = mail.first().and_then(|envelope| match &envelope.kind {
            InputKind::Identify(update) => update.addresses.get("email").map(|address| &*address.value),
            _ => None,
        });
        check_eq!(address, Some(text), "the address");
        let commit = bench.reading(&contact).await?;
        bench.done(commit).await?;
    }
    Ok(())
}

async fn appending_the_same_id_concurrently_keeps_one(bench: Bench) -> Answer {
    let input = [visit(LEA, "a")];
    let answers = join_all((0..16).map(|_| bench.append(&input))).await;
    let mut kept = 0;
    for answer in answers {
        match answer?.as_slice() {
            [Receipt::Kept { .. }] => kept += 1,
            other => check_eq!(other, [Receipt::Duplicate], "the receipt of who came late"),
        }
    }
    check_eq!(kept, 1, "how many were told that it is kept");
    check_eq!(bench.mail(LEA).await?.len(), 1, "the number of envelopes");
    Ok(())
}
