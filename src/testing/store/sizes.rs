//! How many contacts are in each segment.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::bench::{Answer, Bench, LEA, TOM, id, journey, reads, set_inside};
use crate::model::{Event, Name};
use crate::port::store::{Commit, Committed, Definition, SegmentMove};

cases! {
    sizes_follow_who_moves: "Who enters a segment is counted in it with the commit, and who leaves it is not any more.",
    a_commit_counts_each_of_its_moves: "A commit that moves a contact several times counts every move, and nothing of who came and went.",
    a_batch_counts_each_of_its_contacts: "Contacts that enter one segment in one batch are counted one by one.",
    a_stale_commit_counts_nobody: "A commit that is refused changes no size, and the others of its batch do.",
    moving_one_contact_concurrently_counts_it_once: "Of many commits with one lease at once, one is counted.",
    what_moves_nobody_changes_no_size: "A commit without moves changes no size, whatever its state says, and neither does a purge.",
    an_erasure_takes_the_contact_out_of_its_segments: "An erased contact is taken out of each segment that its state says it is in, and nobody else of any.",
    erasing_twice_counts_once: "Who is erased again was taken out already.",
    a_zombie_after_an_erasure_counts_nobody: "A worker that claimed a contact before its erasure moves nobody.",
    one_size_is_what_the_list_says: "The size of one segment is that of the list, which leaves out what nobody is in.",
    reopen_keeps_the_sizes: "A store that is opened again has the sizes of its segments.",
}

/// A commit that moves a contact, as its state says.
async fn moving(bench: &Bench, contact: &str, moves: &[(&str, bool)]) -> Answer<Commit> {
    bench.keep(Event::new(contact, "visited")).await?;
    let mut commit = bench.reading(contact).await?;
    moved(&mut commit, moves);
    Ok(commit)
}

fn moved(commit: &mut Commit, moves: &[(&str, bool)]) {
    for (segment, inside) in moves {
        set_inside(&mut commit.hot, segment, *inside);
        commit.moves.push(SegmentMove::new(*segment, *inside));
    }
}

async fn moves(bench: &Bench, contact: &str, moves: &[(&str, bool)]) -> Answer {
    let commit = moving(bench, contact, moves).await?;
    bench.done(commit).await
}

/// The sizes that are listed, and that each is what it is by itself.
async fn are(bench: &Bench, expected: &[(&str, u64)]) -> Answer {
    let found = bench.store.segment_sizes().await?;
    let expected: BTreeMap<Name, u64> =
        expected.iter().map(|(segment, size)| (Name::from(*segment), *size)).collect();
    check_eq!(found, expected, "the sizes of segments");
    Ok(())
}

async fn sizes_follow_who_moves(bench: Bench) -> Answer {
    are(&bench, &[]).await?;
    moves(&bench, LEA, &[("active", true)]).await?;
    are(&bench, &[("active", 1)]).await?;
    moves(&bench, TOM, &[("active", true)]).await?;
    are(&bench, &[("active", 2)]).await?;
    moves(&bench, LEA, &[("active", false)]).await?;
    are(&bench, &[("active", 1)]).await?;
    moves(&bench, LEA, &[("active", true)]).await?;
    are(&bench, &[("active", 2)]).await
}

async fn a_commit_counts_each_of_its_moves(bench: Bench) -> Answer {
    let mixed = [("new", true), ("passing", true), ("active", true), ("passing", false)];
    moves(&bench, LEA, &mixed).await?;
    are(&bench, &[("active", 1), ("new", 1)]).await?;
    moves(&bench, LEA, &[("new", false), ("active", false), ("active", true)]).await?;
    are(&bench, &[("active", 1)]).await
}

async fn a_batch_counts_each_of_its_contacts(bench: Bench) -> Answer {
    let people = ["a", "b", "c", "d"];
    for contact in people {
        bench.keep(Event::new(contact, "visited")).await?;
    }
    let claimed = bench.claim(10).await?;
    check_eq!(claimed.work.len(), people.len(), "how many contacts have mail");
    let mut batch: Vec<Commit> = claimed.work.iter().map(|work| reads(&claimed, work)).collect();
    for (number, commit) in batch.iter_mut().enumerate() {
        moved(commit, if number == 2 { &[("other", true)] } else { &[("active", true)] });
    }
    check_eq!(bench.commit(batch).await?, [Committed::Done; 4], "the answers to a batch");
    are(&bench, &[("active", 3), ("other", 1)]).await
}

async fn a_stale_commit_counts_nobody(bench: Bench) -> Answer {
    let zombie = moving(&bench, LEA, &[("active", true)]).await?;
    let twice = bench.commit(vec![zombie.clone(), zombie.clone()]).await?;
    check_eq!(twice, [Committed::Done, Committed::StaleLease], "the answers to one commit given twice");
    are(&bench, &[("active", 1)]).await?;
    let old = moving(&bench, TOM, &[("active", true), ("new", true)]).await?;
    bench.store.publish(&[Definition::Journey(journey("welcome", 1, "hello")?)]).await?;
    check_eq!(bench.commit(vec![old]).await?, [Committed::StaleCatalog], "the answer to an old catalog");
    are(&bench, &[("active", 1)]).await?;
    let fresh = moving(&bench, "ann", &[("new", true)]).await?;
    let answers = bench.commit(vec![zombie, fresh]).await?;
    check_eq!(answers, [Committed::StaleLease, Committed::Done], "the answers to a batch");
    are(&bench, &[("active", 1), ("new", 1)]).await
}

async fn moving_one_contact_concurrently_counts_it_once(bench: Bench) -> Answer {
    let commit = moving(&bench, LEA, &[("active", true)]).await?;
    let answers = join_all((0..16).map(|_| bench.commit(vec![commit.clone()]))).await;
    for answer in answers {
        answer?;
    }
    are(&bench, &[("active", 1)]).await
}

async fn what_moves_nobody_changes_no_size(bench: Bench) -> Answer {
    moves(&bench, LEA, &[("active", true)]).await?;
    moves(&bench, LEA, &[]).await?;
    // What a host tells of a segment that nobody defined is in the state of its contact and in no count.
    let mut told = moving(&bench, TOM, &[]).await?;
    set_inside(&mut told.hot, "active", true);
    bench.done(told).await?;
    bench.store.purge(bench.now()).await?;
    are(&bench, &[("active", 1)]).await
}

async fn an_erasure_takes_the_contact_out_of_its_segments(bench: Bench) -> Answer {
    moves(&bench, LEA, &[("active", true), ("new", true), ("left", true)]).await?;
    moves(&bench, LEA, &[("left", false)]).await?;
    for contact in [TOM, "ann"] {
        moves(&bench, contact, &[("active", true), ("left", true), ("other", true)]).await?;
    }
    are(&bench, &[("active", 3), ("left", 2), ("new", 1), ("other", 2)]).await?;
    check!(bench.store.erase(&id(LEA)).await?, "a contact that is known is erased as if it were not");
    are(&bench, &[("active", 2), ("left", 2), ("other", 2)]).await?;
    moves(&bench, "eve", &[("new", true)]).await?;
    are(&bench, &[("active", 2), ("left", 2), ("new", 1), ("other", 2)]).await
}

async fn erasing_twice_counts_once(bench: Bench) -> Answer {
    for contact in [LEA, TOM, "ann"] {
        moves(&bench, contact, &[("active", true)]).await?;
    }
    bench.store.erase(&id(LEA)).await?;
    bench.store.erase(&id(LEA)).await?;
    are(&bench, &[("active", 2)]).await
}

async fn a_zombie_after_an_erasure_counts_nobody(bench: Bench) -> Answer {
    moves(&bench, TOM, &[("active", true)]).await?;
    let zombie = moving(&bench, LEA, &[("active", true)]).await?;
    bench.store.erase(&id(LEA)).await?;
    check_eq!(
        bench.commit(vec![zombie]).await?,
        [Committed::StaleLease],
        "the answer to a worker that came late"
    );
    are(&bench, &[("active", 1)]).await
}

async fn one_size_is_what_the_list_says(bench: Bench) -> Answer {
    moves(&bench, LEA, &[("active", true), ("left", true), ("été à la mer", true)]).await?;
    moves(&bench, TOM, &[("active", true)]).await?;
    moves(&bench, LEA, &[("left", false)]).await?;
    are(&bench, &[("active", 2), ("été à la mer", 1)]).await?;
    for (segment, size) in [("active", 2), ("été à la mer", 1), ("left", 0), ("nobody", 0), ("", 0)] {
        check_eq!(bench.store.segment_size(segment).await?, size, "the size of one segment");
    }
    Ok(())
}

async fn reopen_keeps_the_sizes(bench: Bench) -> Answer {
    moves(&bench, LEA, &[("active", true), ("new", true)]).await?;
    moves(&bench, TOM, &[("active", true)]).await?;
    let bench = bench.reopen().await?;
    are(&bench, &[("active", 2), ("new", 1)]).await?;
    bench.store.erase(&id(LEA)).await?;
    are(&bench, &[("active", 1)]).await
}
