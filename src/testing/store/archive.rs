//! The cold side: what is read back, forgotten and kept.

use super::bench::{
    Answer, Bench, EMAIL, END, LEA, LEASE, MARKETING, SHARED, TOM, content, enrollment, evidence,
    fingerprint, id, input_id, journey, message, minutes, person, same, stop, visit, welcome,
};
use crate::model::{
    ConsentRecord, ConsentStatus, DeliveryStatus, Hash, JourneyId, MessageId, NodeId, Reason, Step,
    StepOutcome,
};
use crate::port::store::{
    Begin, Begun, CommitRecord, Deferral, Definition, MessageStatus, Pausable, Purged, Receipt, Suppression,
    Verdict,
};

cases! {
    what_nobody_knows_is_absent: "Everything that is asked about a stranger is answered by nothing.",
    steps_come_back_in_order: "A contact's steps come back in the order of their commits, and no one else's.",
    messages_come_back_in_order_of_decision: "A contact's messages come back in the order in which they were decided.",
    consents_come_back_in_order: "A contact's consent chain comes back whole, from its first record.",
    commits_record_what_was_read: "Every commit's revision, instant, place read and program come back.",
    inputs_come_back_by_range: "Mail comes back by its places, after the first and up to the last that was asked for.",
    scan_pages_without_gaps_or_repeats: "Paging by row reaches every contact once, those that come meanwhile included.",
    scan_passes_over_the_erased: "An erased contact is left out of a page and does not end the paging.",
    purge_forgets_what_was_read: "Mail that was read and came before the instant goes, its id with it, and is counted.",
    deferrals_stay_with_their_message: "Every time that the gate put a message off stays with it, oldest first: when it is sent, and after a purge.",
    purge_keeps_what_is_unread: "Mail that nobody has read stays, however old it is.",
    purge_forgets_contents_of_settled_messages: "Contents of messages settled before the instant go; all else of them stays.",
    reopen_keeps_everything: "A store that is opened again has contacts, mail, steps, messages, consents and definitions.",
    reopen_keeps_what_is_forbidden: "A store that is opened again has its denials, suppressions, tombstones and pauses.",
    reopen_keeps_what_has_begun: "A message that had begun when the store was closed comes back as unknown.",
    reopen_keeps_time_from_going_back: "Mail received after the store is opened with an earlier clock is not stamped earlier.",
}

async fn what_nobody_knows_is_absent(bench: Bench) -> Answer {
    let stranger = id("stranger");
    check!(bench.store.contact(&stranger).await?.is_none(), "a stranger is found");
    check_eq!(bench.store.steps(&stranger).await?, [], "a stranger's steps");
    check_eq!(bench.store.messages(&stranger).await?, [], "a stranger's messages");
    check_eq!(bench.mail("stranger").await?, [], "a stranger's mail");
    check_eq!(bench.store.consents(&stranger).await?, [], "a stranger's consent chain");
    check_eq!(bench.store.commits(&stranger).await?, [], "a stranger's commits");
    check_eq!(
        bench.store.message(message("stranger", 1, bench.now()).id).await?,
        None,
        "a message that never was"
    );
    check_eq!(bench.store.scan(0, 10).await?, [], "the contacts of an empty store");
    check_eq!(bench.store.purge(bench.now()).await?, Purged::new(0, 0), "what was purged of an empty store");
    Ok(())
}

fn step(contact: &str, number: u8, ordinal: u32, bench: &Bench) -> Step {
    Step {
        enrollment: enrollment(contact, number),
        ordinal,
        journey: JourneyId::from("welcome"),
        version: 1,
        node: NodeId::from("greet"),
        at: bench.now(),
        outcome: StepOutcome::Entered,
        next: None,
        policy: Some("2026-03".into()),
    }
}

/// Commits steps for a contact.
async fn walk(bench: &Bench, contact: &str, steps: Vec<Step>) -> Answer {
    bench.keep(crate::model::Event::new(contact, "visited")).await?;
    let mut commit = bench.reading(contact).await?;
    commit.steps = steps;
    bench.done(commit).await
}

async fn steps_come_back_in_order(bench: Bench) -> Answer {
    let mut expected = Vec::new();
    for ordinal in 0..3 {
        let steps: Vec<Step> = [9, 2, 5].iter().map(|number| step(LEA, *number, ordinal, &bench)).collect();
        walk(&bench, LEA, steps.clone()).await?;
        walk(&bench, TOM, vec![step(TOM, 1, ordinal, &bench)]).await?;
        expected.extend(steps);
    }
    check_eq!(bench.store.steps(&id(LEA)).await?, expected, "Léa's steps");
    check_eq!(bench.store.steps(&id(TOM)).await?.len(), 3, "the number of Tom's steps");
    Ok(())
}

async fn messages_come_back_in_order_of_decision(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let mut order = Vec::new();
    for number in [9, 2, 5] {
        bench.clock.advance(minutes(1));
        let decided = message(LEA, number, bench.now());
        order.push(decided.clone());
        bench.decide(LEA, vec![decided]).await?;
    }
    bench.tom_with_a_message().await?;
    bench.begun(&order[1], "hi").await?;
    let order: Vec<MessageId> = order.iter().map(|decided| decided.id).collect();
    let records = bench.store.messages(&id(LEA)).await?;
    check_eq!(records.iter().map(|record| record.message.id).collect::<Vec<_>>(), order, "Léa's messages");
    for record in &records {
        check_eq!(
            bench.store.message(record.message.id).await?.as_ref(),
            Some(record),
            "one message by its id"
        );
    }
    check_eq!(records[1].status, MessageStatus::Begun, "the message that has begun");
    Ok(())
}

async fn consents_come_back_in_order(bench: Bench) -> Answer {
    let mut chain: Vec<ConsentRecord> = Vec::new();
    for (seq, purpose) in (1..).zip(["marketing", "news", "alerts", "marketing"]) {
        bench.keep(crate::model::Event::new(LEA, "visited")).await?;
        let mut commit = bench.reading(LEA).await?;
        let status = if seq == 3 { ConsentStatus::Withdrawn } else { ConsentStatus::Granted };
        let previous = chain.last().map_or(Hash::default(), |record| record.hash);
        let (purpose, channel) = (Some(purpose.into()), (seq != 3).then(|| EMAIL.into()));
        let address = (seq == 2).then(|| fingerprint(EMAIL, SHARED));
        let (at, input) = (commit.now, input_id(LEA, "consent"));
        let evidence = evidence().committed(b"salt", b"what was said");
        chain
            .push(ConsentRecord::link(seq, purpose, channel, status, at, evidence, address, input, previous));
        commit.consents = chain[chain.len() - 1..].to_vec();
        bench.done(commit).await?;
        bench.clock.advance(minutes(1));
    }
    let found = bench.store.consents(&id(LEA)).await?;
    check_eq!(found, chain, "the consent chain");
    check!(ConsentRecord::verify(&found), "the consent chain is broken");
    Ok(())
}

async fn commits_record_what_was_read(bench: Bench) -> Answer {
    let mut expected = Vec::new();
    for word in ["a", "b", "c"] {
        bench.clock.advance(minutes(7));
        bench.keep(visit(LEA, word)).await?;
        bench.keep(visit(TOM, word)).await?;
        let mut commit = bench.reading(LEA).await?;
        commit.program = Hash::of("program", &[word.as_bytes()]);
        let (now, read_seq, program) = (commit.now, commit.read_seq, commit.program);
        bench.done(commit).await?;
        expected.push(CommitRecord::new(bench.contact(LEA).await?.revision, now, read_seq, program));
    }
    check_eq!(bench.store.commits(&id(LEA)).await?, expected, "the commits on record");
    check_eq!(bench.store.commits(&id(TOM)).await?, [], "the commits of a contact whose mail nobody read");
    Ok(())
}

async fn inputs_come_back_by_range(bench: Bench) -> Answer {
    for word in ["a", "b", "c", "d"] {
        bench.keep(visit(LEA, word)).await?;
        bench.keep(visit(TOM, word)).await?;
    }
    let all = bench.mail(LEA).await?;
    check_eq!(all.len(), 4, "the number of envelopes");
    let lea = id(LEA);
    check_eq!(bench.store.inputs(&lea, 0, u64::MAX).await?, all, "the mail up to the greatest place");
    check_eq!(bench.store.inputs(&lea, all[0].seq, all[2].seq).await?, all[1..=2], "the mail of a range");
    check_eq!(bench.store.inputs(&lea, all[3].seq, END).await?, [], "the mail after the last");
    check_eq!(bench.store.inputs(&lea, all[1].seq, all[1].seq).await?, [], "the mail of an empty range");
    Ok(())
}

async fn scan_pages_without_gaps_or_repeats(bench: Bench) -> Answer {
    let mut expected: Vec<String> = (0..7).map(|number| format!("c{number}")).collect();
    for contact in &expected {
        bench.know(person(contact, EMAIL, &format!("{contact}@example.org"))).await?;
    }
    let (mut after, mut found) = (0, Vec::new());
    for round in 0.. {
        let page = bench.store.scan(after, 3).await?;
        check!(page.len() <= 3, "a page of at most 3 has {}", page.len());
        let Some((last, _)) = page.last() else { break };
        check!(round < 9, "the paging does not end");
        for (row, state) in &page {
            check!(*row > after || *row == *last, "row {row} comes after {after}");
            check_eq!(
                bench.contact(state.cold.contact.id.as_str()).await?.state,
                *state,
                "a state in a page"
            );
            found.push(state.cold.contact.id.to_string());
        }
        check!(page.windows(2).all(|pair| pair[0].0 < pair[1].0), "the rows of a page do not grow");
        check!(*last > after, "a page ends at {last} and began after {after}");
        after = *last;
        if round == 0 {
            bench.know(person("meanwhile", EMAIL, SHARED)).await?;
            expected.push("meanwhile".to_owned());
        }
    }
    found.sort();
    expected.sort();
    check_eq!(found, expected, "the contacts of all pages");
    Ok(())
}

async fn scan_passes_over_the_erased(bench: Bench) -> Answer {
    for number in 0..6 {
        bench.know(person(&format!("c{number}"), EMAIL, &format!("c{number}@example.org"))).await?;
    }
    for number in 1..5 {
        bench.store.erase(&id(&format!("c{number}"))).await?;
    }
    let (mut after, mut found) = (0, Vec::new());
    while let Some((row, state)) = bench.store.scan(after, 1).await?.into_iter().next() {
        check!(row > after, "row {row} comes after {after}");
        (after, found) = (row, [found, vec![state.cold.contact.id.to_string()]].concat());
    }
    check_eq!(found, ["c0", "c5"], "the contacts of all pages");
    Ok(())
}

async fn purge_forgets_what_was_read(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "old")).await?;
    bench.clock.advance(minutes(10));
    let edge = bench.now();
    bench.keep(visit(LEA, "new")).await?;
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    let (before, mail) = (bench.contact(LEA).await?, bench.mail(LEA).await?);
    check_eq!(bench.store.purge(edge).await?, Purged::new(1, 0), "what was purged");
    check_eq!(bench.mail(LEA).await?, mail[1..], "the mail that is left");
    check_eq!(
        bench.append(&[visit(LEA, "new")]).await?,
        [Receipt::Duplicate],
        "the receipt of an id that is kept"
    );
    let after = bench.contact(LEA).await?;
    check_eq!(format!("{after:?}"), format!("{before:?}"), "the contact after a purge");
    let (_, seq) = bench.keep(visit(LEA, "old")).await?;
    check!(seq > after.read_seq, "mail after a purge is put before what was read");
    check_eq!(bench.claimed(10).await?, [LEA], "who has unread mail");
    Ok(())
}

async fn deferrals_stay_with_their_message(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let mut expected = Vec::new();
    for (reason, policy) in [(Reason::QuietHours, "first"), (Reason::Cap("all".into()), "second")] {
        let taken = bench.taken(&message).await?;
        let (at, until) = (bench.now(), bench.now() + minutes(30));
        let verdict = Verdict::Defer { until, reasons: vec![reason.clone()] };
        check_eq!(bench.begin(Begin::new(&taken, verdict, policy)).await?, Begun::Answered, "a deferral");
        expected.push(Deferral::new(at, until, &[reason], policy));
        check_eq!(bench.record(&message).await?.deferrals, expected, "the deferrals of what waits");
        bench.clock.set(until);
    }
    let attempt = bench.begun(&message, "hi").await?;
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    bench.clock.advance(minutes(60));
    bench.store.purge(bench.now()).await?;
    let record = bench.record(&message).await?;
    check_eq!(record.deferrals, expected, "the deferrals of what was sent");
    check_eq!(bench.store.messages(&LEA.into()).await?, [record], "the messages of the contact");
    check!(bench.store.erase(&LEA.into()).await?, "nobody was erased");
    check_eq!(bench.record(&message).await?.deferrals, expected, "the deferrals after an erasure");
    Ok(())
}

async fn purge_keeps_what_is_unread(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "read")).await?;
    let commit = bench.reading(LEA).await?;
    bench.keep(visit(LEA, "unread")).await?;
    bench.keep(visit(TOM, "unread")).await?;
    bench.done(commit).await?;
    bench.clock.advance(minutes(60));
    check_eq!(bench.store.purge(bench.now()).await?, Purged::new(1, 0), "what was purged");
    check_eq!(
        bench.append(&[visit(LEA, "unread")]).await?,
        [Receipt::Duplicate],
        "the receipt of an unread id"
    );
    let mut left = bench.claimed(10).await?;
    left.sort();
    check_eq!(left, [LEA, TOM], "who has unread mail");
    check_eq!(bench.mail(LEA).await?.len(), 1, "how much of Léa's mail is left");
    Ok(())
}

async fn purge_forgets_contents_of_settled_messages(bench: Bench) -> Answer {
    let settled = bench.lea_with_a_message().await?;
    let begun = bench.tom_with_a_message().await?;
    let (retried, late) = (message(LEA, 2, bench.now()), message(LEA, 3, bench.now()));
    bench.decide(LEA, vec![retried.clone(), late.clone()]).await?;
    for message in [&settled, &begun, &retried, &late] {
        bench.begun(message, "hi").await?;
    }
    bench.settle(&settled, 1, DeliveryStatus::Accepted).await?;
    bench.settle(&retried, 1, DeliveryStatus::Retry { at: bench.now() + minutes(90) }).await?;
    bench.clock.advance(minutes(60));
    let edge = bench.now();
    bench.settle(&late, 1, DeliveryStatus::Accepted).await?;
    let before = bench.record(&settled).await?;
    check_eq!(bench.store.purge(edge).await?.contents, 1, "how many contents were purged");
    let after = bench.record(&settled).await?;
    check_eq!(after.content, None, "the content of a message that was settled before");
    check_eq!(
        (after.message, after.status, after.answer),
        (before.message, before.status, before.answer),
        "its rest"
    );
    for message in [&begun, &retried, &late] {
        check_eq!(
            bench.record(message).await?.content,
            Some(content("hi")),
            "a content that is still needed"
        );
    }
    Ok(())
}

/// Everything that can be read of a contact, written down.
async fn trace(bench: &Bench, contact: &str) -> Answer<String> {
    let (store, who) = (&bench.store, id(contact));
    Ok(format!(
        "{:?}",
        (
            store.contact(&who).await?,
            store.steps(&who).await?,
            store.messages(&who).await?,
            bench.mail(contact).await?,
            store.consents(&who).await?,
            store.commits(&who).await?,
            store.scan(0, 100).await?,
        )
    ))
}

async fn reopen_keeps_everything(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    walk(&bench, LEA, vec![step(LEA, 1, 0, &bench)]).await?;
    bench.keep(visit(LEA, "a")).await?;
    let mut commit = bench.reading(LEA).await?;
    let (purpose, channel) = (Some(MARKETING.into()), Some(EMAIL.into()));
    let (at, input) = (commit.now, input_id(LEA, "consent"));
    let status = ConsentStatus::Granted;
    commit.consents =
        vec![ConsentRecord::link(1, purpose, channel, status, at, evidence(), None, input, Hash::default())];
    commit.due_at = Some(bench.now() + minutes(30));
    bench.done(commit).await?;
    bench.keep(visit(LEA, "unread")).await?;
    bench.store.publish(&[Definition::Journey(journey("other", 2, "hello")?)]).await?;
    let before = trace(&bench, LEA).await?;
    let catalog = format!("{:?}", bench.store.snapshot().await?);
    let bench = bench.reopen().await?;
    same(&trace(&bench, LEA).await?, &before, "what is read of a contact after opening again")?;
    same(&format!("{:?}", bench.store.snapshot().await?), &catalog, "the catalog after opening again")?;
    check_eq!(
        bench.append(&[visit(LEA, "a")]).await?,
        [Receipt::Duplicate],
        "the receipt of an id from before"
    );
    check_eq!(bench.begun(&message, "hi").await?, 1, "the attempt after opening again");
    check_eq!(bench.claimed(10).await?, [LEA], "who has something to do after opening again");
    Ok(())
}

async fn reopen_keeps_what_is_forbidden(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.know(person("ann", EMAIL, "ann@example.org")).await?;
    let ann = message("ann", 1, bench.now());
    bench.decide("ann", vec![ann.clone()]).await?;
    let (stale, fresh) = (bench.taken(&tom).await?, bench.taken(&ann).await?);
    bench.withdraw(&stop(LEA), "stop").await?;
    let address = fingerprint(EMAIL, "ann@example.org");
    bench.store.suppress(&Suppression::new(EMAIL.into(), address, None, "bounce".into())).await?;
    bench.store.erase(&id(LEA)).await?;
    bench.store.pause(&Pausable::Channel("sms".into())).await?;
    bench.store.pause(&welcome()).await?;
    bench.store.resume(&welcome()).await?;
    let jobs = bench.store.jobs().await?;
    let bench = bench.reopen().await?;
    for taken in [&stale, &fresh] {
        let begin = super::bench::sends(taken, "hi");
        check_eq!(bench.begin(begin).await?, crate::port::store::Begun::Stale, "a begin from before");
    }
    check!(bench.taken(&tom).await?.denied, "a denial is forgotten");
    check!(bench.taken(&ann).await?.suppressed, "a suppression is forgotten");
    check_eq!(
        bench.append(&[visit(LEA, "a")]).await?,
        [Receipt::Erased],
        "the receipt of an erased contact's input"
    );
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after opening again");
    check_eq!(bench.store.snapshot().await?.paused_channels.len(), 1, "how many channels are paused");
    Ok(())
}

async fn reopen_keeps_what_has_begun(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    bench.begun(&message, "first").await?;
    let flights = bench.store.in_flight(&id(LEA)).await?;
    let bench = bench.reopen().await?;
    check_eq!(bench.store.in_flight(&id(LEA)).await?, flights, "what is in flight after opening again");
    check_eq!(
        bench.offered().await?,
        [] as [MessageId; 0],
        "the messages that are offered before the lease ends"
    );
    bench.clock.advance(LEASE);
    let taken = bench.taken(&message).await?;
    check!(taken.unknown, "a message that had begun is offered as if nobody had called");
    check_eq!(taken.content, Some(content("first")), "the content that is offered");
    Ok(())
}

async fn reopen_keeps_time_from_going_back(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    bench.clock.jump_to(bench.now() - minutes(60));
    let bench = bench.reopen().await?;
    bench.keep(visit(LEA, "b")).await?;
    let stamps: Vec<_> = bench.mail(LEA).await?.iter().map(|envelope| envelope.received_at).collect();
    check_eq!(stamps.len(), 2, "the number of envelopes");
    check!(stamps[0] <= stamps[1], "mail was received at {stamps:?}");
    Ok(())
}
