//! X19: the counters of segments against what is stored of everybody.

use std::collections::BTreeMap;

use super::super::Invariant;
use super::PAGE;
use super::findings::{Findings, Violation};
use super::record::{Record, Sink};
use crate::model::{ContactId, Name};
use crate::port::store::{Result, Store};

/// How often everybody is counted where people move meanwhile.
const MOST_COUNTS: usize = 4;

/// Stands where a violation names a contact: a size is of nobody alone.
const EVERYBODY: &str = "everybody";

/// As far as one contact shows it: somebody is counted where it is.
pub(super) fn judge_one(record: &Record, sink: &mut Sink<'_>) {
    for (segment, size) in &record.sizes {
        if *size == 0 {
            sink.add(
                Invariant::X19,
                format!("segment {segment}"),
                "it is in, and the store counts nobody in it",
            );
        }
    }
}

/// Everybody who can be scanned, against every counter.
pub(super) async fn judge(store: &dyn Store) -> Result<Findings> {
    let (mut findings, mut before) = (Findings::default(), None);
    for _ in 0..MOST_COUNTS {
        let count = Count::of(store).await?;
        let wrong = count.wrong();
        // A difference that stands still was made by nobody who moves while the others are counted.
        if wrong.is_empty() || before.as_ref() == Some(&count) {
            findings.segments = count.stored.len() as u64;
            findings.violations = wrong;
            return Ok(findings);
        }
        before = Some(count);
    }
    findings.skipped.sizes_changing = 1;
    Ok(findings)
}

/// One look at everybody.
#[derive(PartialEq)]
struct Count {
    /// What the counters say.
    stored: BTreeMap<Name, u64>,
    /// What the states say.
    found: BTreeMap<Name, u64>,
    /// Who was where, and when it was committed last.
    who: blake3::Hash,
}

impl Count {
    async fn of(store: &dyn Store) -> Result<Self> {
        let stored = store.segment_sizes().await?;
        let (mut found, mut who, mut after) = (BTreeMap::<Name, u64>::new(), blake3::Hasher::new(), 0);
        loop {
            let page = store.scan(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (row, state) in &page {
                for segment in state.hot.segments_inside() {
                    *found.entry(segment.clone()).or_default() += 1;
                    who.update(&row.to_le_bytes()).update(&state.hot.now.timestamp_millis().to_le_bytes());
                    who.update(segment.as_bytes()).update(&[0]);
                }
            }
        }
        Ok(Self { stored, found, who: who.finalize() })
    }

    fn wrong(&self) -> Vec<Violation> {
        let size = |sizes: &BTreeMap<Name, u64>, segment| sizes.get(segment).copied().unwrap_or(0);
        let mut segments: Vec<&Name> = self.stored.keys().chain(self.found.keys()).collect();
        segments.sort();
        segments.dedup();
        let wrong = segments.into_iter().filter_map(|segment| {
            let (stored, found) = (size(&self.stored, segment), size(&self.found, segment));
            let told = format!("the store counts {stored}, and {found} are in it");
            let place = format!("segment {segment}");
            let contact = ContactId::from(EVERYBODY);
            (stored != found).then(|| Violation::new(Invariant::X19, contact, place, told))
        });
        wrong.collect()
    }
}
