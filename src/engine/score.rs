//! Where a contact stands by its scores, who stands highest, and why.

use std::sync::Arc;

use super::Engine;
use super::program::Loaded;
use crate::error::Error;
use crate::model::{ContactId, Name};
use crate::port::store::StoredContact;
use crate::rule::score::{Advice, Explanation, Leaderboard, Rank};

/// Contacts that are read together.
const PAGE: usize = 512;

/// Where a contact stands by one score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScoreStanding {
    /// Its value.
    pub value: i64,
    /// The tier that it falls in; absent before the first points, and below the lowest.
    pub tier: Option<Name>,
    /// What is true of the contact besides, in order of name.
    pub marks: Vec<Name>,
    /// Whether the newest rules count it; false while its history is still to be counted, and where it has no rules.
    pub counted: bool,
}

impl Engine {
    /// Where a contact stands by a score, as it is committed.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::score::ScoreDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([ScoreDefinition::new("spark", r#"on("message.replied", 10); tier("warm", 5);"#).into()]).await?;
    /// engine.track(Event::new("lea", "message.replied")).await?;
    /// engine.tick().await?;
    /// let spark = engine.score(&"lea".into(), "spark").await?;
    /// assert_eq!((spark.value, spark.tier.as_deref()), (10, Some("warm")));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`]; [`Error::Invalid`] for a score that has no rules and of which the
    /// contact was told nothing; [`Error::Store`], [`Error::Catalog`].
    pub async fn score(&self, contact: &ContactId, score: &str) -> Result<ScoreStanding, Error> {
        let stored = self.known_contact(contact).await?;
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        let (rating, scored) = (&stored.state.hot.rating, loaded.program.score(score));
        if scored.is_none() && !rating.has_score(score) && rating.tier(score).is_none() {
            return Err(unknown(score));
        }
        let state = rating.state(score);
        let marks = state.map(|state| state.marks.keys().cloned().collect());
        Ok(ScoreStanding {
            value: state.map_or_else(|| rating.score(score), |state| state.value),
            tier: rating.tier(score).cloned(),
            marks: marks.unwrap_or_default(),
            counted: scored.is_some_and(|scored| scored.counts(score, rating)),
        })
    }

    /// The contacts with the highest values of a score, best first; equal values share a rank. It reads every contact once, so
    /// it is exact, and slow where there are many.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::score::ScoreDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([ScoreDefinition::new("spark", r#"on("message.replied", 10);"#).into()]).await?;
    /// for contact in ["lea", "zoe", "lea"] {
    ///     engine.track(Event::new(contact, "message.replied")).await?;
    /// }
    /// engine.tick().await?;
    /// let board = engine.leaderboard("spark", 10).await?;
    /// assert_eq!((board[0].contact.as_str(), board[0].value, board[1].rank), ("lea", 20, 2));
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// Who has no value yet is left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a score without rules, [`Error::Store`], [`Error::Catalog`].
    pub async fn leaderboard(&self, score: &str, places: usize) -> Result<Vec<Rank>, Error> {
        self.model_of(score).await?;
        let (mut board, mut after) = (Leaderboard::new(places), 0);
        loop {
            let page = self.shared.store.scan(after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(board.into_ranks()) };
            after = *last;
            for (_, state) in page.iter().filter(|(_, state)| state.hot.rating.has_score(score)) {
                board.offer(state.cold.contact.id.clone(), state.hot.rating.score(score));
            }
        }
    }

    /// Why a contact has its score: which rules gave points and took them, how often, and by how much it moved. The history
    /// of the contact is counted once more for it, so it is for a screen and not for every event.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::score::ScoreDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let rules = r#"on("message.replied", 10); on("link.clicked", 3); clamp(0, 15);"#;
    /// engine.publish([ScoreDefinition::new("spark", rules).into()]).await?;
    /// for event in ["message.replied", "link.clicked", "link.clicked"] {
    ///     engine.track(Event::new("lea", event)).await?;
    /// }
    /// engine.tick().await?;
    /// let why = engine.explain_score(&"lea".into(), "spark").await?;
    /// assert_eq!(why.to_string(), "+10 message.replied, +5 of +6 link.clicked twice");
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownContact`], [`Error::Erased`]; [`Error::Invalid`] for a score without rules; [`Error::Store`],
    /// [`Error::Catalog`].
    pub async fn explain_score(&self, contact: &ContactId, score: &str) -> Result<Explanation, Error> {
        let loaded = self.model_of(score).await?;
        let stored = self.known_contact(contact).await?;
        let (inputs, steps) = self.history_of(contact, &stored).await?;
        let explained = loaded.program.explain_score(score, &stored.state, &inputs, &steps);
        explained.ok_or_else(|| unknown(score))
    }

    /// What would raise a contact to the next tier of a score; `None` where it stands in the highest, where no rule could, and
    /// while its history is still to be counted.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::score::ScoreDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// let rules = r#"on("message.replied", 10); tier("hot", 25);"#;
    /// engine.publish([ScoreDefinition::new("spark", rules).into()]).await?;
    /// engine.track(Event::new("lea", "message.replied")).await?;
    /// engine.tick().await?;
    /// let advice = engine.advice(&"lea".into(), "spark").await?.ok_or("none")?;
    /// assert_eq!((&*advice.tier, advice.missing, advice.ways[0].times), ("hot", 15, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`explain_score`](Engine::explain_score).
    pub async fn advice(&self, contact: &ContactId, score: &str) -> Result<Option<Advice>, Error> {
        let loaded = self.model_of(score).await?;
        let stored = self.known_contact(contact).await?;
        let Some(scored) = loaded.program.score(score) else { return Err(unknown(score)) };
        let Some(state) = stored.state.hot.rating.state(score) else { return Ok(None) };
        if !scored.counts(score, &stored.state.hot.rating) {
            return Ok(None);
        }
        let at = stored.state.hot.now.timestamp_millis();
        Ok(scored.model.advice(state, &stored.state.cold.contact, at))
    }

    /// The program, where it has rules for this score.
    async fn model_of(&self, score: &str) -> Result<Arc<Loaded>, Error> {
        let revision = self.shared.store.revision().await?;
        let loaded = self.program(Some(revision)).await?;
        loaded.program.score(score).is_some().then_some(()).ok_or_else(|| unknown(score))?;
        Ok(loaded)
    }

    pub(super) async fn known_contact(&self, contact: &ContactId) -> Result<StoredContact, Error> {
        match self.shared.store.contact(contact).await? {
            None => Err(Error::UnknownContact { contact: contact.clone() }),
            Some(stored) if stored.erased => Err(Error::Erased { contact: contact.clone() }),
            Some(stored) => Ok(stored),
        }
    }
}

fn unknown(score: &str) -> Error {
    let sentence = format!("no rules of a score {score} are published");
    Error::Invalid { what: "score", sentence, next: "publish them, or mend its name" }
}
