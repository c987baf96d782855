//! Published definitions, what is paused, and jobs.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::params;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SqliteStore;
use super::db::Db;
use super::denials::{CHANNEL, JOURNEY};
use super::fault::Step;
use super::rows::{bytes, instant, int, millis, optional_instant, uint};
use crate::error::StoreError;
use crate::journey::JourneyDefinition;
use crate::machine::Pause;
use crate::model::{Deed, Hash, JourneyId, Name};
use crate::port::store::{Catalog, CatalogSnapshot, Definition, Edition, Job, JobKind, Pausable, Result};
use crate::rule::score::History;
use crate::store::codec::{decode, encode};

/// Kinds of the table `definition` that are not published: a draft, and when nobody entered a journey.
const DRAFT: i64 = 8;
const ARCHIVED: i64 = 9;

#[async_trait]
impl Catalog for SqliteStore {
    async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64> {
        let (definitions, by) = (definitions.to_vec(), by.cloned());
        self.write("publish", definitions.len(), move |db| {
            let mut new = Vec::new();
            for definition in &definitions {
                if db.publish(definition)? {
                    new.push(definition);
                    db.keep_edition(definition, by.as_ref())?;
                }
            }
            db.head.revision += u64::from(!new.is_empty());
            if let Some(job) = JobKind::seeding(new) {
                db.start(&job)?;
            }
            Ok(db.head.revision)
        })
        .await
    }

    async fn history(&self, template: &str) -> Result<Vec<Edition>> {
        let template = template.to_owned();
        self.read("read the editions", move |db| db.history(&template)).await
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        let target = target.clone();
        self.forbid("pause", move |db| db.set_paused(&target, true)).await
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        let target = target.clone();
        self.forbid("resume", move |db| db.set_paused(&target, false)).await
    }

    async fn draft(&self, definition: &JourneyDefinition) -> Result<()> {
        let definition = definition.clone();
        self.write("keep a draft", 1, move |db| db.keep(DRAFT, &definition.journey, "draft", &definition))
            .await
    }

    async fn archive(&self, journey: &JourneyId) -> Result<u64> {
        let journey = journey.clone();
        self.write("archive", 1, move |db| db.set_archived(&journey, true)).await
    }

    async fn unarchive(&self, journey: &JourneyId) -> Result<u64> {
        let journey = journey.clone();
        self.write("unarchive", 1, move |db| db.set_archived(&journey, false)).await
    }

    async fn start(&self, kind: &JobKind) -> Result<u64> {
        let kind = kind.clone();
        self.write("start a job", 1, move |db| {
            db.start(&kind)?;
            Ok(uint(db.conn.last_insert_rowid()))
        })
        .await
    }

    async fn revision(&self) -> Result<u64> {
        self.read("read the catalog", |db| Ok(db.head.revision)).await
    }

    async fn snapshot(&self) -> Result<CatalogSnapshot> {
        self.read("read the catalog", |db| {
            Ok(CatalogSnapshot {
                revision: db.head.revision,
                namespace: db.namespace.clone(),
                definitions: db.definitions()?,
                pauses: db.pauses()?,
                archived: db.kept(ARCHIVED, "archive")?.into_iter().collect(),
                drafts: db.kept(DRAFT, "draft")?.into_iter().map(|(_, draft)| draft).collect(),
                paused_channels: db.paused_channels()?,
                high_water: db.head.high_water,
            })
        })
        .await
    }

    async fn jobs(&self) -> Result<Vec<Job>> {
        self.read("read the jobs", |db| db.jobs()).await
    }

    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool> {
        self.write("advance a job", 1, move |db| {
            let advanced = db
                .conn
                .prepare_cached(
                    "UPDATE job SET cursor = coalesce(?3, cursor), done = ?3 IS NULL
                     WHERE id = ?1 AND cursor = ?2 AND done = 0",
                )?
                .execute(params![int(job), int(from), to.map(int)])?;
            Ok(advanced == 1)
        })
        .await
    }
}

impl Db {
    /// Adds or replaces a definition; false where it is there already.
    fn publish(&self, definition: &Definition) -> Step<bool> {
        let (kind, name, version) = match definition {
            Definition::Journey(journey) => (0, journey.journey.as_str(), i64::from(journey.version)),
            Definition::Template(template) => (1, template.template.as_str(), 0),
            Definition::Schema(schema) => (2, schema.event.as_str(), i64::from(schema.version)),
            Definition::Score(score) => (3, score.score.as_str(), 0),
            Definition::Segment(segment) => (4, segment.segment.as_str(), i64::from(segment.version)),
            Definition::Line(line) => (5, &*line.segment, 0),
        };
        let mut rules = None;
        if let Some(found) = self.definition(kind, name, version)? {
            if found == *definition {
                return Ok(false);
            }
            if let (Definition::Line(found), Definition::Line(line)) = (&found, definition)
                && !line.replaces(found)
            {
                return Ok(false);
            }
            if let Definition::Score(found) = &found {
                rules = Some((found.hash(), found.history));
            }
            let immutable = match definition {
                Definition::Journey(_) => Some("journey"),
                Definition::Schema(_) => Some("the schema of"),
                Definition::Segment(_) => Some("segment"),
                Definition::Template(_) | Definition::Score(_) | Definition::Line(_) => None,
            };
            if let Some(what) = immutable {
                let reason = format!(
                    "{what} {name} version {version} is published with other content; raise its version"
                );
                return Err(StoreError::Unavailable { operation: "publish", reason }.into());
            }
        }
        self.conn
            .prepare_cached(
                "INSERT INTO definition (kind, name, version, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, name, version) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![kind, name, version, encode("definition", definition)?])?;
        if let Definition::Journey(journey) = definition
            && journey.plans()
        {
            self.start(&JobKind::Plan { journey: journey.journey.as_str().into() })?;
        }
        if let Definition::Journey(journey) = definition {
            self.published(journey)?;
        }
        if let Definition::Score(score) = definition
            && score.history == History::Count
            && rules != Some((score.hash(), History::Count))
        {
            self.start(&JobKind::Seed { score: score.score.as_str().into(), hash: score.hash() })?;
        }
        Ok(true)
    }

    /// Keeps what a template says from the next revision on.
    fn keep_edition(&mut self, definition: &Definition, by: Option<&Deed>) -> Step<()> {
        let Definition::Template(template) = definition else { return Ok(()) };
        let now = self.now();
        self.conn
            .prepare_cached(
                "INSERT INTO edition (name, revision, published_at, hash, body, who, why)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                template.template,
                int(self.head.revision.saturating_add(1)),
                millis(now),
                template.hash().as_bytes(),
                encode("definition", definition)?,
                by.map(|by| &*by.who),
                by.map(|by| by.why.as_str()),
            ])?;
        Ok(())
    }

    fn history(&self, template: &str) -> Step<Vec<Edition>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT revision, published_at, hash, body, who, why FROM edition WHERE name = ?1 ORDER BY id",
        )?;
        let mut found = statement.query([template])?;
        let mut editions = Vec::new();
        while let Some(row) = found.next()? {
            let Definition::Template(definition) = decode("edition", bytes(row, 3)?)? else {
                let reason = "it is no template".to_owned();
                return Err(StoreError::Corrupt { row: "edition", reason }.into());
            };
            let who: Option<String> = row.get(4)?;
            let why: Option<String> = row.get(5)?;
            let by = who.zip(why).map(|(who, why)| Deed::new(who, why));
            let mut edition = Edition::new(uint(row.get(0)?), instant(row.get(1)?)?, definition, by);
            if let Some(hash) = row.get::<_, Option<[u8; 32]>>(2)? {
                edition.hash = Hash::from_bytes(hash);
            }
            editions.push(edition);
        }
        Ok(editions)
    }

    /// What else a new version of a journey brings: those enter who already qualify, and its draft is done with.
    fn published(&self, journey: &JourneyDefinition) -> Step<()> {
        let id = JourneyId::from(journey.journey.as_str());
        let enrolls = |other: &Definition| match other {
            Definition::Journey(other) => {
                other.journey == journey.journey && other.version != journey.version && other.enrolls()
            }
            _ => false,
        };
        if journey.enrolls() && !self.definitions()?.iter().any(enrolls) {
            self.start(&JobKind::Enroll { journey: id.clone(), version: journey.version })?;
        }
        let drafts: Vec<(JourneyId, JourneyDefinition)> = self.kept(DRAFT, "draft")?;
        if drafts.iter().any(|(other, draft)| *other == id && draft.version <= journey.version) {
            self.conn
                .prepare_cached("DELETE FROM definition WHERE kind = ?1 AND name = ?2")?
                .execute(params![DRAFT, journey.journey])?;
        }
        Ok(())
    }

    /// Keeps something of a journey beside its versions, in place of what was kept of it before.
    fn keep<T: Serialize>(&self, kind: i64, name: &str, row: &'static str, what: &T) -> Step<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO definition (kind, name, version, body) VALUES (?1, ?2, 0, ?3)
                 ON CONFLICT (kind, name, version) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![kind, name, encode(row, what)?])?;
        Ok(())
    }

    /// What is kept of journeys beside their versions, in order of their names.
    fn kept<T: DeserializeOwned>(&self, kind: i64, row: &'static str) -> Step<Vec<(JourneyId, T)>> {
        let mut statement =
            self.conn.prepare_cached("SELECT name, body FROM definition WHERE kind = ?1 ORDER BY name")?;
        let mut found = statement.query([kind])?;
        let mut kept = Vec::new();
        while let Some(found) = found.next()? {
            kept.push((JourneyId::from(found.get::<_, String>(0)?), decode(row, bytes(found, 1)?)?));
        }
        Ok(kept)
    }

    /// Archives or takes back out, and answers the revision; what is so already changes nothing.
    fn set_archived(&mut self, journey: &JourneyId, archived: bool) -> Step<u64> {
        let now = self.now();
        let mut times: Vec<Pause> = self
            .kept(ARCHIVED, "archive")?
            .into_iter()
            .find_map(|(other, times)| (other == *journey).then_some(times))
            .unwrap_or_default();
        match times.last_mut().filter(|last| last.until.is_none()) {
            None if archived => times.push(Pause::new(now, None)),
            Some(last) if !archived => last.until = Some(now),
            _ => return Ok(self.head.revision),
        }
        self.keep(ARCHIVED, journey.as_str(), "archive", &times)?;
        self.head.revision += 1;
        Ok(self.head.revision)
    }

    fn start(&self, job: &JobKind) -> Step<()> {
        self.conn
            .prepare_cached("INSERT INTO job (kind, cursor, done) VALUES (?1, 0, 0)")?
            .execute([encode("job", job)?])?;
        Ok(())
    }

    fn definition(&self, kind: i64, name: &str, version: i64) -> Step<Option<Definition>> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT body FROM definition WHERE kind = ?1 AND name = ?2 AND version = ?3")?;
        let mut found = statement.query(params![kind, name, version])?;
        match found.next()? {
            Some(row) => Ok(Some(decode("definition", bytes(row, 0)?)?)),
            None => Ok(None),
        }
    }

    fn definitions(&self) -> Step<Vec<Definition>> {
        let mut statement =
            self.conn.prepare_cached("SELECT body FROM definition WHERE kind < 8 ORDER BY id")?;
        let mut found = statement.query([])?;
        let mut definitions = Vec::new();
        while let Some(row) = found.next()? {
            definitions.push(decode("definition", bytes(row, 0)?)?);
        }
        Ok(definitions)
    }

    /// Pauses or resumes, and answers the revision; what is so already changes nothing.
    fn set_paused(&mut self, target: &Pausable, paused: bool) -> Step<u64> {
        let (kind, term) = match target {
            Pausable::Journey(journey) => (JOURNEY, self.term(journey.as_str())?),
            Pausable::Channel(channel) => (CHANNEL, self.term(channel)?),
        };
        let now = self.now();
        if self.switch(kind, term)?.1 == paused {
            return Ok(self.head.revision);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO switch (kind, term, epoch, paused) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT DO UPDATE SET epoch = epoch + 1, paused = excluded.paused",
            )?
            .execute(params![kind, term, paused])?;
        match target {
            Pausable::Journey(_) if paused => {
                self.conn
                    .prepare_cached("INSERT INTO pause (journey, since) VALUES (?1, ?2)")?
                    .execute(params![term, millis(now)])?;
            }
            Pausable::Journey(journey) => {
                self.conn
                    .prepare_cached("UPDATE pause SET until = ?2 WHERE journey = ?1 AND until IS NULL")?
                    .execute(params![term, millis(now)])?;
                self.start(&JobKind::Resume { journey: journey.clone() })?;
            }
            Pausable::Channel(_) => {}
        }
        self.head.revision += 1;
        Ok(self.head.revision)
    }

    fn pauses(&self) -> Step<BTreeMap<JourneyId, Vec<Pause>>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT word, since, until FROM pause JOIN term ON term.id = pause.journey ORDER BY pause.id",
        )?;
        let mut found = statement.query([])?;
        let mut pauses: BTreeMap<JourneyId, Vec<Pause>> = BTreeMap::new();
        while let Some(row) = found.next()? {
            let journey = JourneyId::from(row.get::<_, String>(0)?);
            let pause = Pause::new(instant(row.get(1)?)?, optional_instant(row.get(2)?)?);
            pauses.entry(journey).or_default().push(pause);
        }
        Ok(pauses)
    }

    fn paused_channels(&self) -> Step<Vec<Name>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT word FROM switch JOIN term ON term.id = switch.term
             WHERE switch.kind = 1 AND switch.paused = 1 ORDER BY word",
        )?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(names.map(|name| name.map(Name::from)).collect::<std::result::Result<_, _>>()?)
    }

    fn jobs(&self) -> Step<Vec<Job>> {
        let mut statement =
            self.conn.prepare_cached("SELECT id, kind, cursor FROM job WHERE done = 0 ORDER BY id")?;
        let mut found = statement.query([])?;
        let mut jobs = Vec::new();
        while let Some(row) = found.next()? {
            let kind = decode("job", bytes(row, 1)?)?;
            jobs.push(Job::new(uint(row.get(0)?), kind, uint(row.get(2)?)));
        }
        Ok(jobs)
    }
}
