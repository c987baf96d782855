//! What fails: leases given back, failures counted, contacts parked and released.

use super::bench::{Answer, Bench, EMAIL, LEA, LEASE, SHARED, TOM, id, minutes, person, reads, visit};
use crate::port::store::{Committed, Lease};

cases! {
    what_is_given_back_is_handed_out_at_once: "Work that is given back can be claimed again without waiting for the end of its lease.",
    giving_back_what_another_holds_changes_nothing: "A lease that is no longer good gives nothing back.",
    a_failure_is_counted_and_gives_the_lease_back: "Each failure of one contact is counted, and the contact is handed out again at once.",
    a_contact_that_fails_too_often_is_parked: "With the last failure allowed no claim hands the contact out, and it is listed with the reason.",
    a_parked_contact_is_waited_for_by_nobody: "A parked contact that has mail or is due is no reason to wake.",
    a_parked_contact_still_receives: "The mailbox of a parked contact fills, and its gate forbids.",
    a_parked_contact_keeps_no_other_waiting: "However many are parked, the others are handed out.",
    a_released_contact_goes_on: "A released contact is handed out with all its mail, and its failures are forgotten.",
    releasing_who_is_not_parked_changes_nothing: "Releasing a contact that is unknown or not parked says so.",
    a_commit_ends_the_row_of_failures: "After a commit failures count from one again.",
    a_stale_failure_counts_for_nothing: "A failure under a lease that is no longer good is not counted.",
    erasing_a_parked_contact_ends_its_parking: "An erased contact is not parked.",
    reopen_keeps_who_is_parked: "Failures and parked contacts outlive the store.",
}

/// Claims, and lets one contact fail.
async fn fail(bench: &Bench, contact: &str, most: u32) -> Answer<Option<u32>> {
    let lease = bench.reading(contact).await?.lease;
    Ok(bench.store.fail(&lease, &"corrupt".into(), most).await?)
}

async fn park(bench: &Bench, contact: &str) -> Answer {
    bench.keep(visit(contact, "a")).await?;
    for count in 1..=2 {
        check_eq!(fail(bench, contact, 2).await?, Some(count), "how many failures there are");
    }
    Ok(())
}

async fn parked(bench: &Bench) -> Answer<Vec<String>> {
    Ok(bench
        .store
        .parked()
        .await?
        .into_iter()
        .map(|(contact, reason)| format!("{contact}: {reason}"))
        .collect())
}

async fn what_is_given_back_is_handed_out_at_once(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    bench.keep(visit(TOM, "a")).await?;
    let claimed = bench.claim(10).await?;
    let leases: Vec<Lease> = claimed.work.iter().map(|work| work.lease.clone()).collect();
    check_eq!(leases.len(), 2, "how many contacts are handed out");
    bench.store.give_back(&leases).await?;
    let mut again = bench.claimed(10).await?;
    again.sort();
    check_eq!(again, [LEA, TOM], "who is handed out after everything was given back");
    Ok(())
}

async fn giving_back_what_another_holds_changes_nothing(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    let old = bench.reading(LEA).await?;
    bench.clock.advance(LEASE);
    let (work, commit) = bench.work(LEA).await?;
    if work.lease == old.lease {
        return Ok(()); // a plain read: there is nothing to hold
    }
    bench.store.give_back(&[old.lease]).await?;
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out while another worker holds the contact");
    bench.done(commit).await
}

async fn a_failure_is_counted_and_gives_the_lease_back(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    for count in 1..=3 {
        check_eq!(fail(&bench, LEA, 9).await?, Some(count), "how many failures there are");
    }
    check_eq!(parked(&bench).await?, [""; 0], "who is parked before the last failure");
    check_eq!(bench.claimed(10).await?, [LEA], "who is handed out after a failure");
    Ok(())
}

async fn a_contact_that_fails_too_often_is_parked(bench: Bench) -> Answer {
    park(&bench, LEA).await?;
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out after the last failure");
    bench.clock.advance(minutes(60));
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out long after the last failure");
    check_eq!(parked(&bench).await?, ["lea: corrupt"], "who is parked");
    Ok(())
}

async fn a_parked_contact_is_waited_for_by_nobody(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "wait")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.due_at = Some(bench.now() + minutes(5));
    bench.done(commit).await?;
    park(&bench, LEA).await?;
    check_eq!(bench.next_due().await?, None, "the next instant while the one contact is parked");
    bench.clock.advance(minutes(6));
    check_eq!(bench.next_due().await?, None, "the next instant while the one contact is parked and due");
    check_eq!(bench.claimed(10).await?, [""; 0], "who is handed out while parked and due");
    Ok(())
}

async fn a_parked_contact_still_receives(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    park(&bench, LEA).await?;
    bench.keep(visit(LEA, "b")).await?;
    let taken = bench.taken(&message).await?;
    bench.withdraw(&super::bench::stop(LEA), "stop").await?;
    let answer = bench.begin(super::bench::sends(&taken, "hi")).await?;
    check_eq!(answer, crate::port::store::Begun::Stale, "a begin after a withdrawal by a parked contact");
    bench.store.release(&id(LEA)).await?;
    let (work, _) = bench.work(LEA).await?;
    // The two visits, the withdrawal and what became of the message.
    check_eq!(work.envelopes.len(), 4, "how much of the mail is unread after a release");
    Ok(())
}

async fn a_parked_contact_keeps_no_other_waiting(bench: Bench) -> Answer {
    for contact in ["a", "b", "c"] {
        park(&bench, contact).await?;
    }
    bench.keep(visit(TOM, "a")).await?;
    check_eq!(bench.claimed(1).await?, [TOM], "who is handed out behind three that are parked");
    Ok(())
}

async fn a_released_contact_goes_on(bench: Bench) -> Answer {
    park(&bench, LEA).await?;
    check!(bench.store.release(&id(LEA)).await?, "releasing a parked contact says that it was not parked");
    check_eq!(parked(&bench).await?, [""; 0], "who is parked after the release");
    check!(bench.next_due().await?.is_some(), "nobody waits for a released contact with mail");
    check_eq!(fail(&bench, LEA, 2).await?, Some(1), "how many failures there are after a release");
    let (_, commit) = bench.work(LEA).await?;
    bench.done(commit).await
}

async fn releasing_who_is_not_parked_changes_nothing(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    check_eq!(fail(&bench, LEA, 3).await?, Some(1), "how many failures there are");
    for contact in [LEA, TOM] {
        check!(!bench.store.release(&id(contact)).await?, "a contact is released that was not parked");
    }
    check_eq!(fail(&bench, LEA, 3).await?, Some(2), "how many failures there are");
    Ok(())
}

async fn a_commit_ends_the_row_of_failures(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    check_eq!(fail(&bench, LEA, 2).await?, Some(1), "how many failures there are");
    let commit = bench.reading(LEA).await?;
    bench.done(commit).await?;
    bench.keep(visit(LEA, "b")).await?;
    check_eq!(fail(&bench, LEA, 2).await?, Some(1), "how many failures there are after a commit");
    check_eq!(parked(&bench).await?, [""; 0], "who is parked");
    Ok(())
}

async fn a_stale_failure_counts_for_nothing(bench: Bench) -> Answer {
    bench.keep(visit(LEA, "a")).await?;
    let claimed = bench.claim(10).await?;
    let Some(work) = claimed.work.first() else {
        return Err(super::bench::Stop::failed("nobody is handed out"));
    };
    let committed = bench.commit(vec![reads(&claimed, work)]).await?;
    check_eq!(committed, [Committed::Done], "the answer to a commit with a fresh lease");
    let counted = bench.store.fail(&work.lease, &"late".into(), 1).await?;
    check_eq!(counted, None, "what a failure under an old lease counts");
    check_eq!(parked(&bench).await?, [""; 0], "who is parked");
    Ok(())
}

async fn erasing_a_parked_contact_ends_its_parking(bench: Bench) -> Answer {
    bench.know(person(LEA, EMAIL, SHARED)).await?;
    park(&bench, LEA).await?;
    check!(bench.store.erase(&id(LEA)).await?, "a parked contact cannot be erased");
    check_eq!(parked(&bench).await?, [""; 0], "who is parked after the erasure");
    check!(!bench.store.release(&id(LEA)).await?, "an erased contact is released");
    Ok(())
}

async fn reopen_keeps_who_is_parked(bench: Bench) -> Answer {
    park(&bench, LEA).await?;
    bench.keep(visit(TOM, "a")).await?;
    check_eq!(fail(&bench, TOM, 3).await?, Some(1), "how many failures there are");
    let bench = bench.reopen().await?;
    check_eq!(parked(&bench).await?, ["lea: corrupt"], "who is parked after it was opened again");
    check_eq!(fail(&bench, TOM, 3).await?, Some(2), "how many failures there are after it was opened again");
    Ok(())
}
