//! Published definitions, what is paused, and jobs.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteStore;
use super::db::Db;
use super::denials::{CHANNEL, JOURNEY};
use super::fault::Step;
use super::rows::{bytes, instant, int, millis, optional_instant, uint};
use crate::error::StoreError;
use crate::machine::Pause;
use crate::model::{JourneyId, Name};
use crate::port::store::{Catalog, CatalogSnapshot, Definition, Job, JobKind, Pausable, Result};
use crate::store::codec::{decode, encode};

#[async_trait]
impl Catalog for SqliteStore {
    async fn publish(&self, definitions: &[Definition]) -> Result<u64> {
        let definitions = definitions.to_vec();
        self.write("publish", definitions.len(), move |db| {
            let mut changed = false;
            for definition in &definitions {
                changed |= db.publish(definition)?;
            }
            db.head.revision += u64::from(changed);
            Ok(db.head.revision)
        })
        .await
    }

    async fn pause(&self, target: &Pausable) -> Result<u64> {
        let target = target.clone();
        self.forbid("pause", move |db| db.set_paused(&target, true)).await
    }

    async fn resume(&self, target: &Pausable) -> Result<u64> {
        let target = target.clone();
        self.forbid("resume", move |db| db.set_paused(&target, false)).await
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
            Definition::Journey(journey) => (0, &journey.journey, i64::from(journey.version)),
            Definition::Template(template) => (1, &template.template, 0),
        };
        if let Some(found) = self.definition(kind, name, version)? {
            if found == *definition {
                return Ok(false);
            }
            if let Definition::Journey(_) = definition {
                let reason = format!(
                    "journey {name} version {version} is published with other content; raise its version"
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
        Ok(true)
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
        let mut statement = self.conn.prepare_cached("SELECT body FROM definition ORDER BY id")?;
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
