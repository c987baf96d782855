//! Definitions, pauses and jobs.

use super::bench::{Answer, Bench, EMAIL, LEA, Stop, journey, minutes, same, visit, welcome};
use crate::error::StoreError;
use crate::journey::{
    EntryDefinition, JourneyDefinition, Migration, MigrationDefinition, OneOrMany, TriggerDefinition,
};
use crate::machine::Pause;
use crate::model::{Deed, JourneyId, MessageId, Name};
use crate::port::store::{
    CatalogSnapshot, Committed, Definition, DrawnLine, Edition, Job, JobKind, MessageStatus, Pausable,
};
use crate::rule::TemplateDefinition;
use crate::rule::score::ScoreDefinition;
use crate::rule::segment::{Line, QuestionDefinition, SegmentDefinition};

cases! {
    publish_answers_a_new_revision: "What is published stands in the snapshot, under the revision that was answered.",
    publish_is_immutable: "A journey version with other content is refused by Unavailable, with everything beside it.",
    publish_twice_changes_nothing: "The same definitions again leave the revision and the snapshot as they are.",
    publish_keeps_every_version: "Every version of a journey stays published.",
    template_replaces_its_namesake: "Of the templates with one name, the newest is published.",
    score_replaces_its_namesake: "Of the scores with one name, the newest is published, with its rules and what it counts.",
    publish_starts_the_counting_of_new_rules:
        "Rules of a score that are new, or kept the past until now, start one job that counts histories, in the same transaction; the same rules again, and what keeps the past, start none.",
    score_and_its_job_outlive_the_store: "A score and the job that counts for it are the same when the store is opened again.",
    segment_version_is_immutable:
        "Every version of a segment stays published; one with other content is refused by Unavailable, with everything beside it.",
    publish_starts_the_seeding_of_segments:
        "Segment versions that are new start one job, in the same transaction; the same ones again start none.",
    a_line_replaces_an_older_one:
        "Of the lines of a segment the newest is published and starts a job; one that is not newer changes nothing.",
    segments_and_their_job_outlive_the_store: "A segment and the job that seeds it are the same when the store is opened again.",
    every_edition_of_a_template_stays:
        "The history of a template has each edition with its revision, instant, hash and deed; the same one again is none.",
    a_refused_publication_leaves_no_edition: "What is refused beside a journey leaves nothing in a history.",
    a_history_outlives_the_store: "The editions of a template are there when the store is opened again.",
    pause_bumps_the_revision: "Pausing and resuming answer a new revision, and commits of an older one are refused.",
    revision_is_what_the_snapshot_says: "The revision alone is the snapshot's, before and after every change, and after none.",
    pause_is_remembered_with_its_instants: "The snapshot says when each journey was paused, and which channels are.",
    pause_cancels_nothing: "A pause leaves messages pending.",
    publish_starts_the_planning_of_what_the_calendar_opens:
        "Publishing a journey that a date or the calendar opens starts one job that plans it; other journeys start none.",
    publish_starts_the_enrolling_once:
        "The first version of a journey that lets existing people in starts one job that enrolls them; later ones start none.",
    draft_is_replaced_and_goes_with_its_publication:
        "A journey has one draft, which leaves the revision and what is published as they are, and goes with its publication.",
    archive_is_remembered_with_its_instants:
        "The snapshot says since when nobody enters a journey, and until when; each change answers a new revision.",
    start_answers_the_number_of_its_job: "A job that is started is open under the number that was answered, after the older ones.",
    reopen_keeps_drafts_archives_and_jobs: "Drafts, archives and jobs are the same when the store is opened again.",
    resume_starts_its_job: "Letting a journey go starts a job that wakes its people; letting a channel go starts none.",
    jobs_come_back_oldest_first: "Jobs that have not ended come back in the order in which they were started.",
    job_cursor_moves_only_from_where_it_stands: "A job's cursor moves on only from where the caller saw it, and ends once.",
    snapshot_remembers_the_latest_instant: "The snapshot's high water is never below an instant that the store has stamped.",
}

fn template(name: &str, text: &str) -> Definition {
    Definition::Template(TemplateDefinition::new(name).text(text))
}

fn sorted(snapshot: &CatalogSnapshot) -> Vec<String> {
    let mut all: Vec<String> =
        snapshot.definitions.iter().map(|definition| format!("{definition:?}")).collect();
    all.sort();
    all
}

/// The snapshot holds these definitions and no other.
async fn holds(bench: &Bench, expected: Vec<Definition>) -> Answer<u64> {
    let snapshot = bench.store.snapshot().await?;
    let expected = CatalogSnapshot { definitions: expected, ..CatalogSnapshot::default() };
    check_eq!(sorted(&snapshot), sorted(&expected), "the published definitions");
    Ok(snapshot.revision)
}

async fn publish_answers_a_new_revision(bench: Bench) -> Answer {
    let empty = holds(&bench, Vec::new()).await?;
    let first = vec![Definition::Journey(journey("welcome", 1, "hello")?), template("hello", "hi")];
    let revision = bench.store.publish(&first).await?;
    check!(revision > empty, "revision {revision} follows {empty}");
    check_eq!(holds(&bench, first.clone()).await?, revision, "the snapshot's revision");
    let second = Definition::Journey(journey("other", 1, "hello")?);
    let next = bench.store.publish(std::slice::from_ref(&second)).await?;
    check!(next > revision, "revision {next} follows {revision}");
    holds(&bench, [first, vec![second]].concat()).await?;
    Ok(())
}

async fn publish_is_immutable(bench: Bench) -> Answer {
    let first = Definition::Journey(journey("welcome", 1, "hello")?);
    let revision = bench.store.publish(std::slice::from_ref(&first)).await?;
    let changed = Definition::Journey(journey("welcome", 1, "another")?);
    let batch = [template("hello", "hi"), Definition::Journey(journey("other", 1, "hello")?), changed];
    match bench.store.publish(&batch).await {
        Err(StoreError::Unavailable { .. }) => {}
        other => check!(false, "other content under a published version is answered by {other:?}"),
    }
    check_eq!(holds(&bench, vec![first]).await?, revision, "the revision after a refusal");
    Ok(())
}

async fn publish_twice_changes_nothing(bench: Bench) -> Answer {
    let all = vec![Definition::Journey(journey("welcome", 1, "hello")?), template("hello", "hi")];
    let revision = bench.store.publish(&all).await?;
    check_eq!(bench.store.publish(&all).await?, revision, "the revision after the same definitions again");
    check_eq!(bench.store.publish(&all[..1]).await?, revision, "the revision after one of them again");
    check_eq!(holds(&bench, all).await?, revision, "the snapshot's revision");
    Ok(())
}

async fn publish_keeps_every_version(bench: Bench) -> Answer {
    let mut all = Vec::new();
    for version in [1, 3, 2] {
        all.push(Definition::Journey(journey("welcome", version, "hello")?));
        bench.store.publish(&all[all.len() - 1..]).await?;
    }
    holds(&bench, all).await?;
    Ok(())
}

async fn template_replaces_its_namesake(bench: Bench) -> Answer {
    let before = bench.store.publish(&[template("hello", "hi"), template("other", "ho")]).await?;
    let after = bench.store.publish(&[template("hello", "good morning")]).await?;
    check!(after > before, "revision {after} follows {before}");
    holds(&bench, vec![template("hello", "good morning"), template("other", "ho")]).await?;
    Ok(())
}

fn score(name: &str, script: &str) -> ScoreDefinition {
    ScoreDefinition::new(name, script)
}

async fn score_replaces_its_namesake(bench: Bench) -> Answer {
    let (old, new) = (score("spark", "on(\"a\", 1);"), score("spark", "on(\"a\", 2);").keeps());
    let other = score("hello", "on(\"b\", 1);");
    let first = [old.into(), other.clone().into(), template("spark", "hi")];
    let before = bench.store.publish(&first).await?;
    let after = bench.store.publish(&[new.clone().into()]).await?;
    check!(after > before, "revision {after} follows {before}");
    let kept = vec![new.clone().into(), other.into(), template("spark", "hi")];
    holds(&bench, kept.clone()).await?;
    check_eq!(bench.store.publish(&[new.into()]).await?, after, "the revision after the same score again");
    holds(&bench, kept).await?;
    Ok(())
}

async fn publish_starts_the_counting_of_new_rules(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let (first, second) = (score("spark", "on(\"a\", 1);"), score("spark", "on(\"a\", 2);"));
    let seed = |of: &ScoreDefinition| JobKind::Seed { score: of.score.as_str().into(), hash: of.hash() };
    bench.store.publish(&[first.clone().into()]).await?;
    bench.store.publish(&[first.clone().into()]).await?;
    bench.store.publish(&[first.clone().keeps().into()]).await?;
    bench.store.publish(&[first.clone().into()]).await?;
    bench.store.publish(&[score("fit", "on(\"a\", 1);").keeps().into()]).await?;
    bench.store.publish(&[second.clone().into(), template("hello", "hi")]).await?;
    let batch = [
        score("late", "on(\"a\", 1);").into(),
        Definition::Journey(journey("welcome", 1, "hello")?),
        Definition::Journey(journey("welcome", 1, "other")?),
    ];
    check!(bench.store.publish(&batch).await.is_err(), "one version with two contents is refused");
    let jobs = bench.store.jobs().await?;
    let kinds: Vec<JobKind> = jobs.iter().map(|job| job.kind.clone()).collect();
    check_eq!(kinds, [seed(&first), seed(&first), seed(&second)], "the jobs after the publications");
    check_eq!(jobs.first().map(|job| job.cursor), Some(0), "where the job begins");
    Ok(())
}

async fn score_and_its_job_outlive_the_store(bench: Bench) -> Answer {
    bench.store.publish(&[score("spark", "on(\"a\", 1);").into()]).await?;
    let (catalog, jobs) = (format!("{:?}", bench.store.snapshot().await?), bench.store.jobs().await?);
    check_eq!(jobs.len(), 1, "the number of jobs");
    let bench = bench.reopen().await?;
    same(&format!("{:?}", bench.store.snapshot().await?), &catalog, "the catalog after opening again")?;
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after opening again");
    Ok(())
}

fn segment(name: &str, tag: &str) -> SegmentDefinition {
    let question = QuestionDefinition { tag: Some(tag.to_owned()), ..QuestionDefinition::default() };
    SegmentDefinition::new(name, question)
}

async fn segment_version_is_immutable(bench: Bench) -> Answer {
    let all: Vec<Definition> =
        [1, 3, 2].map(|version| segment("vips", &format!("vip-{version}")).version(version).into()).into();
    for one in &all {
        bench.store.publish(std::slice::from_ref(one)).await?;
    }
    let revision = holds(&bench, all.clone()).await?;
    let changed = segment("vips", "other").version(3).into();
    match bench.store.publish(&[template("hello", "hi"), changed]).await {
        Err(StoreError::Unavailable { .. }) => {}
        other => check!(false, "other content under a published version is answered by {other:?}"),
    }
    check_eq!(holds(&bench, all).await?, revision, "the revision after a refusal");
    Ok(())
}

async fn publish_starts_the_seeding_of_segments(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let both = [segment("vips", "vip").into(), segment("friends", "friend").into()];
    let second = [template("hello", "hi"), segment("vips", "gold").version(2).into()];
    bench.store.publish(&both).await?;
    bench.store.publish(&both).await?;
    bench.store.publish(&second).await?;
    bench.store.publish(&[template("hello", "ho"), segment("friends", "friend").into()]).await?;
    let refused = [segment("late", "late").into(), segment("vips", "other").version(2).into()];
    check!(bench.store.publish(&refused).await.is_err(), "one version with two contents is refused");
    let jobs = bench.store.jobs().await?;
    let kinds: Vec<JobKind> = jobs.iter().map(|job| job.kind.clone()).collect();
    let expected: Vec<JobKind> = [&both, &second].into_iter().filter_map(JobKind::seeding).collect();
    check_eq!(kinds, expected, "the jobs after the publications");
    check_eq!(jobs.first().map(|job| job.cursor), Some(0), "where the job begins");
    Ok(())
}

async fn a_line_replaces_an_older_one(bench: Bench) -> Answer {
    let line = |edition, value| {
        Definition::Line(DrawnLine::new("top", 1, Line::new(edition, bench.now(), value, LEA.into())))
    };
    let first = bench.store.publish(&[line(1, 10)]).await?;
    let second = bench.store.publish(&[line(2, 20)]).await?;
    check!(second > first, "revision {second} follows {first}");
    check_eq!(bench.store.publish(&[line(2, 30)]).await?, second, "the revision after one that is not newer");
    check_eq!(bench.store.publish(&[line(1, 10)]).await?, second, "the revision after an older one");
    holds(&bench, vec![line(2, 20)]).await?;
    let kinds: Vec<JobKind> = bench.store.jobs().await?.iter().map(|job| job.kind.clone()).collect();
    let expected: Vec<JobKind> =
        [line(1, 10), line(2, 20)].iter().filter_map(|one| JobKind::seeding([one])).collect();
    check_eq!(kinds, expected, "the jobs after the lines");
    Ok(())
}

async fn segments_and_their_job_outlive_the_store(bench: Bench) -> Answer {
    bench.store.publish(&[segment("vips", "vip").into()]).await?;
    let (catalog, jobs) = (format!("{:?}", bench.store.snapshot().await?), bench.store.jobs().await?);
    check_eq!(jobs.len(), 1, "the number of jobs");
    let bench = bench.reopen().await?;
    same(&format!("{:?}", bench.store.snapshot().await?), &catalog, "the catalog after opening again")?;
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after opening again");
    Ok(())
}

async fn every_edition_of_a_template_stays(bench: Bench) -> Answer {
    let store = &bench.store;
    check_eq!(store.history("hello").await?, [], "the history of a template that nobody has published");
    let deed = Deed::new("ana", "the greeting was cold");
    let (old, new) =
        (TemplateDefinition::new("hello").text("hi"), TemplateDefinition::new("hello").text("welcome"));
    let first_at = bench.now();
    let first = store.publish(&[Definition::Template(old.clone()), template("other", "ho")]).await?;
    bench.clock.advance(minutes(5));
    let second_at = bench.now();
    let second = store.publish_by(&[Definition::Template(new.clone())], Some(&deed)).await?;
    bench.clock.advance(minutes(5));
    store.publish_by(&[Definition::Template(new.clone())], Some(&Deed::new("ben", "again"))).await?;
    let expected = vec![
        Edition::new(first, first_at, old.clone(), None),
        Edition::new(second, second_at, new, Some(deed)),
    ];
    check_eq!(store.history("hello").await?, expected, "the editions");
    check_eq!(store.history("other").await?.len(), 1, "the editions of the template beside it");
    let third = store.publish(&[Definition::Template(old)]).await?;
    let revisions: Vec<u64> = store.history("hello").await?.iter().map(|edition| edition.revision).collect();
    check_eq!(revisions, [first, second, third], "the revisions once the first words are back");
    Ok(())
}

async fn a_refused_publication_leaves_no_edition(bench: Bench) -> Answer {
    bench.store.publish(&[Definition::Journey(journey("welcome", 1, "hello")?)]).await?;
    let changed = Definition::Journey(journey("welcome", 1, "another")?);
    let refused = bench.store.publish(&[template("hello", "hi"), changed]).await;
    check!(refused.is_err(), "other content under a published version is answered by {refused:?}");
    check_eq!(bench.store.history("hello").await?, [], "the history after a refusal");
    Ok(())
}

async fn a_history_outlives_the_store(bench: Bench) -> Answer {
    for text in ["hi", "welcome"] {
        let deed = Deed::new("ana", text);
        bench.store.publish_by(&[template("hello", text)], Some(&deed)).await?;
    }
    let before = bench.store.history("hello").await?;
    check_eq!(before.len(), 2, "the number of editions");
    let bench = bench.reopen().await?;
    check_eq!(bench.store.history("hello").await?, before, "the editions once the store is opened again");
    Ok(())
}

async fn pause_bumps_the_revision(bench: Bench) -> Answer {
    bench.know_lea().await?;
    for target in [welcome(), Pausable::Channel(EMAIL.into())] {
        for pauses in [true, false] {
            bench.keep(crate::model::Event::new(LEA, "visited")).await?;
            let old = bench.reading(LEA).await?;
            let revision = match pauses {
                true => bench.store.pause(&target).await?,
                false => bench.store.resume(&target).await?,
            };
            check!(revision > old.catalog, "revision {revision} follows {}", old.catalog);
            check_eq!(bench.store.snapshot().await?.revision, revision, "the snapshot's revision");
            check_eq!(
                bench.commit(vec![old]).await?,
                [Committed::StaleCatalog],
                "the answer to an older program"
            );
        }
    }
    Ok(())
}

async fn revision_is_what_the_snapshot_says(bench: Bench) -> Answer {
    let store = &bench.store;
    let empty = store.revision().await?;
    check_eq!(
        store.snapshot().await?.revision,
        empty,
        "the snapshot's revision before anything is published"
    );
    let hello = [template("hello", "hi"), Definition::Journey(journey("welcome", 1, "hello")?)];
    let published = store.publish(&hello).await?;
    check!(published > empty, "revision {published} follows {empty}");
    check_eq!(store.revision().await?, published, "the revision after publishing");
    store.publish(&hello).await?;
    check_eq!(store.revision().await?, published, "the revision after publishing the same again");
    for target in [welcome(), Pausable::Channel(EMAIL.into())] {
        let paused = store.pause(&target).await?;
        check_eq!(store.revision().await?, paused, "the revision after a pause");
        let resumed = store.resume(&target).await?;
        check_eq!(store.revision().await?, resumed, "the revision after a pause has ended");
        check_eq!(store.snapshot().await?.revision, resumed, "the snapshot's revision");
    }
    Ok(())
}

async fn pause_is_remembered_with_its_instants(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let welcomes = JourneyId::from("welcome");
    let from = bench.now();
    bench.store.pause(&welcome()).await?;
    bench.store.pause(&Pausable::Channel(EMAIL.into())).await?;
    let snapshot = bench.store.snapshot().await?;
    check_eq!(
        snapshot.pauses.get(&welcomes),
        Some(&vec![Pause::new(from, None)]),
        "the pauses of the journey"
    );
    check_eq!(snapshot.paused_channels, [Name::from(EMAIL)], "the channels that are paused");
    bench.clock.advance(minutes(5));
    let until = bench.now();
    bench.store.resume(&welcome()).await?;
    bench.store.resume(&Pausable::Channel(EMAIL.into())).await?;
    bench.clock.advance(minutes(5));
    bench.store.pause(&welcome()).await?;
    let snapshot = bench.store.snapshot().await?;
    let expected = vec![Pause::new(from, Some(until)), Pause::new(bench.now(), None)];
    check_eq!(snapshot.pauses.get(&welcomes), Some(&expected), "the pauses of the journey");
    check_eq!(snapshot.paused_channels, [] as [Name; 0], "the channels that are paused");
    Ok(())
}

async fn pause_cancels_nothing(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    for target in [welcome(), Pausable::Channel(EMAIL.into())] {
        bench.store.pause(&target).await?;
        check_eq!(bench.status(&message).await?, MessageStatus::Pending, "the message during a pause");
        check_eq!(
            bench.offered().await?,
            [] as [MessageId; 0],
            "the messages that are offered during a pause"
        );
        bench.store.resume(&target).await?;
    }
    check_eq!(bench.offered().await?, [message.id], "the messages that are offered after the pauses");
    Ok(())
}

/// A journey whose door lets existing people in.
fn existing(name: &str, version: u32, existing: bool) -> Answer<JourneyDefinition> {
    let mut definition = journey(name, version, "hello")?;
    let on = TriggerDefinition::event("visited");
    definition.enter = OneOrMany::One(EntryDefinition { on, existing, ..EntryDefinition::default() });
    Ok(definition)
}

async fn publish_starts_the_enrolling_once(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let publish = async |version, says| {
        let definition = Definition::Journey(existing("reward", version, says)?);
        bench.store.publish(&[definition, Definition::Journey(existing("other", version, false)?)]).await?;
        Ok::<(), Stop>(())
    };
    publish(1, false).await?;
    check_eq!(bench.store.jobs().await?, [], "the jobs where no version says so");
    publish(2, true).await?;
    let jobs = bench.store.jobs().await?;
    let expected = [JobKind::Enroll { journey: "reward".into(), version: 2 }];
    check_eq!(jobs.iter().map(|job| job.kind.clone()).collect::<Vec<_>>(), expected, "the jobs");
    publish(3, true).await?;
    publish(2, true).await?;
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after a later version and the same one again");
    Ok(())
}

async fn draft_is_replaced_and_goes_with_its_publication(bench: Bench) -> Answer {
    let published = vec![Definition::Journey(journey("welcome", 1, "hello")?)];
    let revision = bench.store.publish(&published).await?;
    bench.store.draft(&journey("welcome", 3, "hello")?).await?;
    bench.store.draft(&journey("other", 1, "hello")?).await?;
    let latest = journey("welcome", 3, "good morning")?;
    bench.store.draft(&latest).await?;
    let drafts = bench.store.snapshot().await?.drafts;
    check_eq!(drafts, [journey("other", 1, "hello")?, latest.clone()], "the drafts");
    check_eq!(holds(&bench, published.clone()).await?, revision, "the revision after a draft");
    let second = Definition::Journey(journey("welcome", 2, "hello")?);
    bench.store.publish(std::slice::from_ref(&second)).await?;
    check_eq!(bench.store.snapshot().await?.drafts.len(), 2, "the drafts after an older version");
    let third = Definition::Journey(journey("welcome", 3, "hello")?);
    bench.store.publish(std::slice::from_ref(&third)).await?;
    let drafts = bench.store.snapshot().await?.drafts;
    check_eq!(drafts, [journey("other", 1, "hello")?], "the drafts after the version of one");
    holds(&bench, [published, vec![second, third]].concat()).await?;
    Ok(())
}

async fn archive_is_remembered_with_its_instants(bench: Bench) -> Answer {
    let store = &bench.store;
    let (welcomes, from) = (JourneyId::from("welcome"), bench.now());
    let before = store.publish(&[Definition::Journey(journey("welcome", 1, "hello")?)]).await?;
    let archived = store.archive(&welcomes).await?;
    check!(archived > before, "revision {archived} follows {before}");
    bench.clock.advance(minutes(5));
    check_eq!(store.archive(&welcomes).await?, archived, "the revision after the same again");
    let until = bench.now();
    let back = store.unarchive(&welcomes).await?;
    check!(back > archived, "revision {back} follows {archived}");
    check_eq!(store.unarchive(&welcomes).await?, back, "the revision after the same again");
    check_eq!(store.unarchive(&"other".into()).await?, back, "the revision after what was never archived");
    bench.clock.advance(minutes(5));
    store.archive(&welcomes).await?;
    let snapshot = store.snapshot().await?;
    let expected = vec![Pause::new(from, Some(until)), Pause::new(bench.now(), None)];
    check_eq!(snapshot.archived.get(&welcomes), Some(&expected), "when nobody entered");
    check_eq!(snapshot.pauses.len(), 0, "the pauses");
    Ok(())
}

async fn start_answers_the_number_of_its_job(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let map = MigrationDefinition::new("welcome", 1, 2).step("a", "b").removed_go_on();
    let kinds = [
        JobKind::Migrate(Migration::new(map, Deed::new("ana", "an edit"))),
        JobKind::Enroll { journey: "welcome".into(), version: 2 },
    ];
    let mut expected = Vec::new();
    for kind in kinds {
        expected.push(Job::new(bench.store.start(&kind).await?, kind, 0));
    }
    check_eq!(bench.store.jobs().await?, expected, "the jobs");
    check!(bench.store.advance_job(expected[0].id, 0, None).await?, "a job does not end");
    check_eq!(bench.store.jobs().await?, expected[1..], "the jobs once the first has ended");
    Ok(())
}

async fn reopen_keeps_drafts_archives_and_jobs(bench: Bench) -> Answer {
    bench.store.publish(&[Definition::Journey(existing("reward", 1, true)?)]).await?;
    bench.store.draft(&journey("reward", 2, "hello")?).await?;
    bench.store.archive(&"reward".into()).await?;
    let (catalog, jobs) = (format!("{:?}", bench.store.snapshot().await?), bench.store.jobs().await?);
    check_eq!(jobs.len(), 1, "the number of jobs");
    let bench = bench.reopen().await?;
    same(&format!("{:?}", bench.store.snapshot().await?), &catalog, "the catalog after opening again")?;
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after opening again");
    Ok(())
}

async fn resume_starts_its_job(bench: Bench) -> Answer {
    bench.know_lea().await?;
    for target in [welcome(), Pausable::Channel(EMAIL.into())] {
        bench.store.pause(&target).await?;
        check_eq!(bench.store.jobs().await?, [], "the jobs during a pause");
        bench.store.resume(&target).await?;
        let jobs = bench.store.jobs().await?;
        let kinds: Vec<&JobKind> = jobs.iter().map(|job| &job.kind).collect();
        match &target {
            Pausable::Journey(journey) => {
                check_eq!(
                    kinds,
                    [&JobKind::Resume { journey: journey.clone() }],
                    "the jobs after a journey's pause"
                );
                check_eq!(jobs[0].cursor, 0, "where the job begins");
                check!(bench.store.advance_job(jobs[0].id, 0, None).await?, "a job does not end");
            }
            Pausable::Channel(_) => check_eq!(jobs, [], "the jobs after a channel's pause"),
        }
    }
    Ok(())
}

async fn publish_starts_the_planning_of_what_the_calendar_opens(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let mut dated = journey("dated", 1, "hello")?;
    dated.enter =
        OneOrMany::One(EntryDefinition { on: TriggerDefinition::date("due"), ..EntryDefinition::default() });
    let plain = journey("plain", 1, "hello")?;
    bench.store.publish(&[Definition::Journey(plain), Definition::Journey(dated.clone())]).await?;
    let jobs = bench.store.jobs().await?;
    let expected = [JobKind::Plan { journey: JourneyId::from("dated") }];
    check_eq!(
        jobs.iter().map(|job| job.kind.clone()).collect::<Vec<_>>(),
        expected,
        "the jobs after a publication"
    );
    bench.store.publish(&[Definition::Journey(dated)]).await?;
    check_eq!(bench.store.jobs().await?, jobs, "the jobs after the same publication again");
    Ok(())
}

async fn jobs_come_back_oldest_first(bench: Bench) -> Answer {
    let names = ["m", "z", "a"];
    for name in names {
        bench.store.publish(&[Definition::Journey(journey(name, 1, "hello")?)]).await?;
        bench.store.pause(&Pausable::Journey(name.into())).await?;
    }
    for name in names {
        bench.store.resume(&Pausable::Journey(name.into())).await?;
    }
    let jobs = bench.store.jobs().await?;
    let expected = names.map(|name| JobKind::Resume { journey: name.into() });
    check_eq!(jobs.iter().map(|job| job.kind.clone()).collect::<Vec<_>>(), expected, "the jobs");
    bench.store.advance_job(jobs[0].id, jobs[0].cursor, None).await?;
    check_eq!(bench.store.jobs().await?, jobs[1..], "the jobs once the first has ended");
    Ok(())
}

async fn job_cursor_moves_only_from_where_it_stands(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.store.pause(&welcome()).await?;
    bench.store.resume(&welcome()).await?;
    let jobs = bench.store.jobs().await?;
    check_eq!(jobs.len(), 1, "the number of jobs");
    let (job, start) = (jobs[0].id, jobs[0].cursor);
    let steps = [
        (job, start + 1, Some(start + 9), false),
        (job + 1_000, start, Some(start + 9), false),
        (job, start, Some(start + 9), true),
        (job, start, Some(start + 9), false),
        (job, start, None, false),
        (job, start + 9, None, true),
        (job, start + 9, None, false),
        (job, start + 9, Some(start + 20), false),
    ];
    for (number, from, to, moves) in steps {
        let moved = bench.store.advance_job(number, from, to).await?;
        check!(moved == moves, "moving job {number} of {job} from {from} to {to:?} answers {moved}");
        if to.is_some() && moves {
            check_eq!(bench.store.jobs().await?.first().map(|job| job.cursor), to, "the job's cursor");
        }
    }
    check_eq!(bench.store.jobs().await?, [], "the jobs once the only one has ended");
    Ok(())
}

async fn snapshot_remembers_the_latest_instant(bench: Bench) -> Answer {
    bench.clock.advance(minutes(5));
    bench.keep(visit(LEA, "a")).await?;
    let stamped = bench.mail(LEA).await?.last().map(|envelope| envelope.received_at);
    bench.clock.jump_to(bench.now() - minutes(60));
    let high = bench.store.snapshot().await?.high_water;
    check!(high >= stamped, "mail was received at {stamped:?} and the high water is {high:?}");
    Ok(())
}
