//! Work out: who is handed out, when, in which order and with what.

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, SHARED, TOM, millis, minutes, person, reads, sends, visit,
};
use crate::model::{Contact, DeliveryStatus, Event};
use crate::port::store::Claim;

cases! {
    claim_answers_nothing_where_nothing_is_to_do: "A contact whose mail is read and that waits for nothing is not handed out.",
    claim_answers_each_contact_once: "A contact that has mail and is due stands in an answer once.",
    claim_hands_out_due_contacts_at_their_instant: "A contact is handed out at its instant, and not a millisecond before.",
    claimed_and_not_committed_comes_back: "Work that was handed out and never committed is handed out again once its lease is over.",
    claim_alternates_its_lanes: "Where contacts with mail and contacts that are due wait, an answer has as many of each.",
    claim_of_one_starves_neither_lane: "Claiming one contact at a time reaches both lanes, however long one of them is.",
    claim_hands_out_the_oldest_first: "In each lane the contact that waits longest comes first.",
    claim_limits_contacts: "An answer has at most as many contacts as were asked for.",
    claim_limits_inputs_per_contact: "A contact's oldest mail comes first, at most as much as was asked for; the rest follows.",
    claim_answers_the_clock_and_the_catalog: "An answer says what time it is for the store, and the catalog's revision.",
    claim_hands_out_what_is_committed: "Work carries the state, the revision and the place read, as they are committed.",
    next_due_is_the_minimum: "The next instant is the earliest that any contact waits for; now, where mail is unread.",
    next_due_counts_the_outbox: "The next instant counts messages: those that wait, and those that have begun.",
}

async fn claim_answers_nothing_where_nothing_is_to_do(bench: Bench) -> Answer {
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do in an empty store");
    bench.keep(visit(LEA, "a")).await?;
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    bench.clock.advance(minutes(60 * 24 * 400));
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do after everything was read");
    Ok(())
}

/// Makes contacts that wait until an instant and have no mail.
async fn waiting(bench: &Bench, contacts: &[String], in_minutes: i64) -> Answer {
    for contact in contacts {
        bench.keep(visit(contact, "wait")).await?;
        let mut commit = bench.reading(contact).await?;
        commit.due_at = Some(bench.now() + minutes(in_minutes));
        bench.done(commit).await?;
    }
    Ok(())
}

fn named(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

async fn claim_answers_each_contact_once(bench: Bench) -> Answer {
    waiting(&bench, &named("due", 3), 5).await?;
    bench.clock.advance(minutes(6));
    for contact in named("due", 3) {
        bench.keep(visit(&contact, "a")).await?;
        bench.keep(visit(&contact, "b")).await?;
    }
    let mut found = bench.claimed(10).await?;
    found.sort();
    check_eq!(found, named("due", 3), "who is handed out");
    Ok(())
}

async fn claim_hands_out_due_contacts_at_their_instant(bench: Bench) -> Answer {
    waiting(&bench, &named("due", 1), 5).await?;
    bench.clock.advance(minutes(5) - millis(1));
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out a millisecond before");
    bench.clock.advance(millis(1));
    let (work, commit) = bench.work("due0").await?;
    check!(work.envelopes.is_empty(), "a contact without unread mail is handed out with mail");
    bench.done(commit).await?;
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out once it waits for nothing");
    Ok(())
}

async fn claimed_and_not_committed_comes_back(bench: Bench) -> Answer {
    waiting(&bench, &named("due", 1), 1).await?;
    bench.clock.advance(minutes(2));
    bench.keep(visit(LEA, "a")).await?;
    for _ in 0..3 {
        let mut found = bench.claimed(10).await?;
        found.sort();
        check_eq!(found, ["due0", LEA], "who is handed out once the lease is over");
        bench.clock.advance(Claim::default().lease);
    }
    Ok(())
}

async fn claim_alternates_its_lanes(bench: Bench) -> Answer {
    waiting(&bench, &named("due", 6), 1).await?;
    bench.clock.advance(minutes(2));
    for contact in named("mail", 6) {
        bench.keep(visit(&contact, "a")).await?;
    }
    let found = bench.claimed(6).await?;
    check_eq!(found.len(), 6, "how many are handed out");
    let due = found.iter().filter(|contact| contact.starts_with("due")).count();
    check_eq!(due, 3, "how many of six come from the lane of what is due");
    Ok(())
}

async fn claim_of_one_starves_neither_lane(bench: Bench) -> Answer {
    for (busy, rare) in [("mail", "due"), ("due", "mail")] {
        let due = format!("{rare}-{busy}-due");
        waiting(&bench, std::slice::from_ref(&due), 1).await?;
        bench.clock.advance(minutes(2));
        bench.keep(visit(&format!("{rare}-{busy}-mail"), "a")).await?;
        let wanted = format!("{rare}-{busy}-{rare}");
        let mut reached = false;
        for round in 0..8 {
            let claimed = bench.claim(1).await?;
            let Some(work) = claimed.work.first() else { break };
            let contact = work.state.cold.contact.id.to_string();
            let mut commit = reads(&claimed, work);
            if contact == wanted {
                reached = true;
            } else if busy == "due" {
                commit.due_at = Some(bench.now());
            } else {
                bench.keep(visit(&contact, &format!("again{round}"))).await?;
            }
            bench.done(commit).await?;
        }
        check!(reached, "a lane of {busy} that never ends starved the lane of {rare}");
        // What is left must not disturb the second round.
        for _ in 0..4 {
            let claimed = bench.claim(10).await?;
            bench.commit(claimed.work.iter().map(|work| reads(&claimed, work)).collect()).await?;
        }
    }
    Ok(())
}

async fn claim_hands_out_the_oldest_first(bench: Bench) -> Answer {
    waiting(&bench, &["due-late".to_owned()], 9).await?;
    waiting(&bench, &["due-soon".to_owned()], 3).await?;
    for contact in ["mail-first", "mail-second"] {
        bench.clock.advance(minutes(1));
        bench.keep(visit(contact, "a")).await?;
    }
    bench.keep(visit("mail-first", "b")).await?;
    bench.clock.advance(minutes(10));
    let found = bench.claimed(10).await?;
    let lane = |prefix: &str| -> Vec<&str> {
        found.iter().map(String::as_str).filter(|contact| contact.starts_with(prefix)).collect()
    };
    check_eq!(lane("due"), ["due-soon", "due-late"], "the order of what is due");
    check_eq!(lane("mail"), ["mail-first", "mail-second"], "the order of what has mail");
    Ok(())
}

async fn claim_limits_contacts(bench: Bench) -> Answer {
    for contact in named("mail", 5) {
        bench.keep(visit(&contact, "a")).await?;
    }
    let mut seen = Vec::new();
    for expected in [2, 2, 1, 0] {
        let claimed = bench.claim(2).await?;
        check_eq!(claimed.work.len(), expected, "how many are handed out");
        seen.extend(claimed.work.iter().map(|work| work.state.cold.contact.id.to_string()));
        bench.commit(claimed.work.iter().map(|work| reads(&claimed, work)).collect()).await?;
    }
    seen.sort();
    check_eq!(seen, named("mail", 5), "who was handed out in all");
    Ok(())
}

async fn claim_limits_inputs_per_contact(bench: Bench) -> Answer {
    let inputs: Vec<_> = named("visit", 5).iter().map(|word| visit(LEA, word)).collect();
    bench.append(&inputs).await?;
    let mut seen = Vec::new();
    for expected in [2, 2, 1] {
        let claim = Claim { inputs_per_contact: 2, ..Claim::of(10) };
        let claimed = bench.store.claim(&claim).await?;
        check_eq!(claimed.work.len(), 1, "how many contacts have unread mail");
        for work in &claimed.work {
            check_eq!(work.envelopes.len(), expected, "how many inputs are handed out");
            seen.extend(work.envelopes.iter().map(|envelope| envelope.kind.clone()));
            bench.done(reads(&claimed, work)).await?;
        }
    }
    let expected: Vec<_> = inputs.into_iter().map(|input| input.kind).collect();
    check_eq!(seen, expected, "the mail as it was handed out");
    check_eq!(bench.claimed(10).await?, [""; 0], "who has something to do after everything was read");
    Ok(())
}

async fn claim_answers_the_clock_and_the_catalog(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.clock.advance(millis(77));
    let claimed = bench.claim(10).await?;
    check_eq!(claimed.now, bench.now(), "the instant of a claim");
    check_eq!(claimed.catalog, bench.store.snapshot().await?.revision, "the catalog's revision in a claim");
    Ok(())
}

async fn claim_hands_out_what_is_committed(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    let (work, commit) = bench.work(LEA).await?;
    check_eq!(work.state.cold.contact, Contact::new(LEA), "a contact of whom nothing was committed");
    check_eq!(work.read_seq, 0, "the place read of a new contact");
    bench.done(commit).await?;
    bench.know(person(LEA, EMAIL, SHARED).attribute("followers", 2_000)).await?;
    bench.keep(Event::new(LEA, "visited")).await?;
    let stored = bench.contact(LEA).await?;
    let (work, _) = bench.work(LEA).await?;
    check_eq!(work.state, stored.state, "the state that is handed out");
    check_eq!(work.lease.revision, stored.revision, "the revision that is handed out");
    check_eq!(work.read_seq, stored.read_seq, "the place read that is handed out");
    check_eq!(work.envelopes.len(), 1, "how much of the mail is unread");
    check!(
        work.envelopes.iter().all(|envelope| envelope.seq > work.read_seq),
        "mail that was read comes again"
    );
    Ok(())
}

async fn next_due_is_the_minimum(bench: Bench) -> Answer {
    check_eq!(bench.next_due().await?, None, "the next instant of an empty store");
    waiting(&bench, &["late".to_owned()], 30).await?;
    waiting(&bench, &["soon".to_owned()], 10).await?;
    waiting(&bench, &["later".to_owned()], 20).await?;
    let soon = bench.now() + minutes(10);
    check_eq!(bench.next_due().await?, Some(soon), "the next instant of three contacts that wait");
    bench.clock.advance(minutes(1));
    bench.keep(visit(TOM, "a")).await?;
    check_eq!(bench.next_due().await?, Some(bench.now()), "the next instant while mail is unread");
    let commit = bench.reading(TOM).await?;
    bench.done(commit).await?;
    check_eq!(bench.next_due().await?, Some(soon), "the next instant once the mail is read");
    Ok(())
}

async fn next_due_counts_the_outbox(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.clock.advance(minutes(1));
    let now = bench.now();
    check!(
        bench.next_due().await?.is_some_and(|due| due <= now),
        "a message that may leave is not waited for"
    );
    let taken = bench.taken(&message).await?;
    bench.begin(sends(&taken, "hi")).await?;
    check_eq!(bench.next_due().await?, Some(now + LEASE), "the next instant while a message has begun");
    let again = now + minutes(15);
    bench.settle(&message, 1, DeliveryStatus::Retry { at: again }).await?;
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    check_eq!(bench.next_due().await?, Some(again), "the next instant while an attempt is to follow");
    bench.clock.set(again);
    bench.begun(&message, "hi").await?;
    bench.settle(&message, 2, DeliveryStatus::Accepted).await?;
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    check_eq!(bench.next_due().await?, None, "the next instant once everything is settled");
    Ok(())
}
