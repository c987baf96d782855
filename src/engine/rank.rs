//! Segments that rank: the line is drawn when they are published, and then on their schedule.

use chrono::{DateTime, Utc};

use super::Engine;
use super::program::Loaded;
use crate::error::Error;
use crate::model::ContactId;
use crate::port::store::{Definition, DrawnLine, JobKind};
use crate::rule::segment::{Line, RankDefinition, SegmentDefinition};

/// Contacts that are read together.
const PAGE: usize = 512;

impl Engine {
    /// Draws every line that is due, and answers whether there was one. Two workers that draw the same one publish it once.
    pub(super) async fn draw_lines(&self) -> Result<bool, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let now = self.shared.store.clock().now();
        let due = loaded.ranks.iter().filter(|rank| {
            let at = self.drawn_at(&loaded, rank);
            at.is_some_and(|at| at <= now)
        });
        let mut lines = Vec::new();
        for rank in due {
            lines.push(Definition::Line(self.draw(&loaded, rank, now).await?));
        }
        if lines.is_empty() {
            return Ok(false);
        }
        self.shared.store.publish(&lines).await?;
        tracing::info!(lines = lines.len(), "lines drawn");
        Ok(true)
    }

    /// Whether segments wait for the history of anybody.
    pub(super) async fn is_seeding(&self) -> Result<bool, Error> {
        let jobs = self.shared.store.jobs().await?;
        Ok(jobs.iter().any(|job| matches!(job.kind, JobKind::SeedSegments { .. })))
    }

    /// When the next line is to be drawn.
    pub(super) async fn next_line(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        Ok(loaded.ranks.iter().filter_map(|rank| self.drawn_at(&loaded, rank)).min())
    }

    /// When the line of a segment is to be drawn: at once, where it has none.
    fn drawn_at(&self, loaded: &Loaded, rank: &SegmentDefinition) -> Option<DateTime<Utc>> {
        let Some(line) = loaded.program.line(&rank.segment) else { return Some(DateTime::UNIX_EPOCH) };
        let every = rank.rank.as_ref()?.every.compile().ok()?;
        let (zone, calendars) = (&self.shared.zone, &self.shared.calendars);
        let after = line.at + chrono::TimeDelta::milliseconds(1);
        every.next_at_or_after(after, zone, |name| calendars.get(name))
    }

    async fn draw(
        &self,
        loaded: &Loaded,
        rank: &SegmentDefinition,
        now: DateTime<Utc>,
    ) -> Result<DrawnLine, Error> {
        let edition = loaded.program.line(&rank.segment).map_or(0, |line| line.edition).saturating_add(1);
        let mut ranked = self.ranked(loaded, rank).await?;
        ranked.sort_by(|(value, contact), (other, than)| other.cmp(value).then_with(|| contact.cmp(than)));
        let places = places(rank.rank.as_ref(), ranked.len());
        let last = places.checked_sub(1).and_then(|last| ranked.get(last));
        // Nobody stands above the highest value.
        let (value, last) = last.cloned().unwrap_or((i64::MAX, "".into()));
        Ok(DrawnLine::new(rank.segment.as_str(), rank.version, Line::new(edition, now, value, last)))
    }

    /// Everybody who is ranked, with the value that counts.
    async fn ranked(
        &self,
        loaded: &Loaded,
        rank: &SegmentDefinition,
    ) -> Result<Vec<(i64, ContactId)>, Error> {
        let (mut found, mut after) = (Vec::new(), 0);
        let Some(place) = loaded.program.segments().place(&rank.segment) else { return Ok(found) };
        loop {
            let page = self.shared.store.scan(after, PAGE).await?;
            let Some((row, _)) = page.last() else { return Ok(found) };
            after = *row;
            for (_, state) in &page {
                let value = loaded.program.rank(place, state);
                found.extend(value.map(|value| (value, state.cold.contact.id.clone())));
            }
        }
    }
}

/// How many of so many are in.
fn places(rank: Option<&RankDefinition>, ranked: usize) -> usize {
    let Some(rank) = rank else { return 0 };
    let first = rank.first.map(|first| usize::try_from(first).unwrap_or(usize::MAX));
    let share = rank.percent.map(|percent| ranked.saturating_mul(percent.into()).div_ceil(100));
    first.or(share).unwrap_or(0).min(ranked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_and_nobody_is_counted_twice() {
        let first = RankDefinition { first: Some(100), ..RankDefinition::default() };
        let share = RankDefinition { percent: Some(5), ..RankDefinition::default() };
        let found =
            [0, 1, 20, 21, 1_000].map(|ranked| (places(Some(&first), ranked), places(Some(&share), ranked)));
        assert_eq!(found, [(0, 0), (1, 1), (20, 1), (21, 2), (100, 50)]);
    }
}
