//! Looks at every score after each tick, and keeps what changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use journeyman::model::ContactId;
use journeyman::{Engine, Error};

/// What is worth a line.
pub(crate) enum Change {
    Tier {
        from: Option<String>,
        to: Option<String>,
    },
    Reached(String),
    Over(String),
    /// Points that went without anything being told.
    Went(i64),
}

impl Change {
    /// The points that silence took.
    pub(crate) fn went(&self) -> i64 {
        if let Change::Went(points) = self { *points } else { 0 }
    }
}

pub(crate) struct Line {
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: i64,
    pub(crate) change: Change,
}

#[derive(Clone, Default)]
pub(crate) struct Standing {
    pub(crate) value: i64,
    pub(crate) tier: Option<String>,
    pub(crate) marks: Vec<String>,
}

/// What became of one score of everybody.
pub(crate) struct Watch {
    score: &'static str,
    pub(crate) people: BTreeMap<ContactId, (Standing, Vec<Line>)>,
}

impl Watch {
    pub(crate) fn new(score: &'static str, people: &[ContactId]) -> Self {
        let people = people.iter().map(|id| (id.clone(), Default::default())).collect();
        Self { score, people }
    }

    /// Looks at everybody; `told` are those of whom something was told just now.
    pub(crate) async fn look(
        &mut self,
        engine: &Engine,
        told: &[ContactId],
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        for (id, (before, lines)) in &mut self.people {
            let now = standing(engine, id, self.score).await?;
            let value = now.value;
            let mut line = |change| lines.push(Line { at, value, change });
            if value < before.value && !told.contains(id) {
                line(Change::Went(value - before.value));
            }
            if now.tier != before.tier {
                line(Change::Tier { from: before.tier.take(), to: now.tier.clone() });
            }
            for over in before.marks.iter().filter(|mark| !now.marks.contains(mark)) {
                line(Change::Over(over.clone()));
            }
            for reached in now.marks.iter().filter(|mark| !before.marks.contains(mark)) {
                line(Change::Reached(reached.clone()));
            }
            *before = now;
        }
        Ok(())
    }
}

async fn standing(engine: &Engine, id: &ContactId, score: &str) -> Result<Standing, Error> {
    let score = engine.score(id, score).await?;
    let tier = score.tier.map(|tier| tier.to_string());
    let marks = score.marks.iter().map(ToString::to_string).collect();
    Ok(Standing { value: score.value, tier, marks })
}
