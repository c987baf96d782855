//! Leads the people of one version of a journey to another one, after saying how many there are.

use std::collections::BTreeMap;

use super::Engine;
use crate::error::Error;
use crate::journey::{Landing, Migration, MigrationDefinition};
use crate::model::{Deed, JourneyId, NodeId};
use crate::port::store::JobKind;

/// Contacts that are looked up at a time.
const PAGE: usize = 512;

/// How many runs a migration would move, as of now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationCount {
    /// Each step where somebody stands, with where it leads; in order of their names.
    pub moves: Vec<MigrationMove>,
    /// All runs of the version that is left.
    pub total: u64,
}

/// Where the runs of one step are led.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationMove {
    /// The step of the old version.
    pub from: NodeId,
    /// The step of the new one; absent where they leave the journey.
    pub to: Option<NodeId>,
    /// How many runs stand there.
    pub runs: u64,
}

impl Engine {
    /// Counts whom a migration would move, and moves nobody. It reads every contact once; mail that lies unread is not looked
    /// into, so who enters or leaves meanwhile is counted as it is committed.
    ///
    /// # Errors
    /// [`Error::Build`] with every problem of the map, [`Error::Store`], [`Error::Catalog`].
    pub async fn dry_run(&self, migration: &MigrationDefinition) -> Result<MigrationCount, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let id = JourneyId::from(migration.migrate.as_str());
        let (from, to) =
            (loaded.program.journey(&id, migration.from), loaded.program.journey(&id, migration.to));
        migration.check(from.map(|journey| &**journey), to.map(|journey| &**journey))?;
        let mut count = MigrationCount::default();
        let (Some(from), Some(to)) = (from, to) else { return Ok(count) };
        let mut moves: BTreeMap<NodeId, (Option<NodeId>, u64)> = BTreeMap::new();
        let mut after = 0;
        loop {
            let page = self.shared.store.scan(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let runs = page.iter().flat_map(|(_, state)| &state.hot.enrollments);
            for run in runs.filter(|run| run.journey == id && run.version == migration.from) {
                let lands = migration.landing(from, to, &run.node);
                let there = match lands {
                    Some(Landing::Step(step)) => to.nodes.get(step).map(|node| node.id.clone()),
                    _ => None,
                };
                moves.entry(run.node.clone()).or_insert((there, 0)).1 += 1;
                count.total += 1;
            }
        }
        count.moves = moves.into_iter().map(|(from, (to, runs))| MigrationMove { from, to, runs }).collect();
        Ok(count)
    }

    /// Leads everybody who is in one version of a journey to another one: starts a durable job that tells each of them, and
    /// goes on after a crash. A second migration of the same version finds nobody to move.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::journey::MigrationDefinition;
    /// use journeyman::model::Deed;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::time::Span;
    /// use journeyman::{Engine, Event, Journey};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let hello = |version, days| {
    ///     let head = Journey::builder("hello").version(version).enter_on("signed_up");
    ///     head.wait(Span::days(days)).id("pause").exit("end", "done").build()
    /// };
    /// engine.publish([hello(1, 2)?.into()]).await?;
    /// engine.track(Event::new("lea", "signed_up")).await?;
    /// engine.tick().await?;
    ///
    /// engine.publish([hello(2, 5)?.into()]).await?;
    /// let longer = MigrationDefinition::new("hello", 1, 2);
    /// assert_eq!(engine.dry_run(&longer).await?.total, 1);
    /// engine.migrate(&longer, Deed::new("ana", "two days were too short")).await?;
    /// engine.tick().await?;
    /// assert_eq!(engine.dry_run(&longer).await?.total, 0);
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Build`] with every problem of the map, [`Error::Invalid`] for a deed that does not say who and why,
    /// [`Error::Store`], [`Error::Catalog`]. After [`StoreError::Unknown`](crate::StoreError::Unknown) it may be asked for again.
    pub async fn migrate(&self, migration: &MigrationDefinition, by: Deed) -> Result<(), Error> {
        if let Some(sentence) = by.problem() {
            return Err(Error::Invalid { what: "deed", sentence, next: "say who does it, and why" });
        }
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let id = JourneyId::from(migration.migrate.as_str());
        let version = |version| loaded.program.journey(&id, version).map(|journey| &**journey);
        migration.check(version(migration.from), version(migration.to))?;
        tracing::info!(journey = %id, from = migration.from, to = migration.to, who = &*by.who, "migrates");
        self.shared.store.start(&JobKind::Migrate(Migration::new(migration.clone(), by))).await?;
        self.wake();
        Ok(())
    }
}
