//! How many people are in each segment.

use std::collections::BTreeMap;

use super::Engine;
use crate::error::Error;
use crate::model::Name;

impl Engine {
    /// How many contacts are in each segment now, erased ones left out; a segment that nobody is in is left out too. It reads one
    /// counter a segment, however many contacts there are.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Engine, Event};
    ///
    /// let active: SegmentDefinition = serde_json::from_str(r#"{"segment": "active", "where": {"event": "app.opened"}}"#)?;
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([active.into()]).await?;
    /// for contact in ["lea", "zoe"] {
    ///     engine.track(Event::new(contact, "app.opened")).await?;
    /// }
    /// engine.tick().await?;
    /// assert_eq!(engine.segment_sizes().await?["active"], 2);
    /// engine.erase(&"zoe".into()).await?;
    /// assert_eq!(engine.segment_sizes().await?["active"], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn segment_sizes(&self) -> Result<BTreeMap<Name, u64>, Error> {
        Ok(self.shared.store.segment_sizes().await?)
    }

    /// How many contacts are in one segment now, by its counter; 0 where nobody is, also where there is no such segment.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::rule::segment::SegmentDefinition;
    /// use journeyman::store::MemoryStore;
    /// use journeyman::{Contact, Engine};
    ///
    /// let singers: SegmentDefinition = serde_json::from_str(r#"{"segment": "singers", "where": {"tag": "singer"}}"#)?;
    /// let engine = Engine::builder(Arc::new(MemoryStore::new())).build();
    /// engine.publish([singers.into()]).await?;
    /// engine.identify(Contact::new("lea").tag("singer")).await?;
    /// engine.tick().await?;
    /// assert_eq!(engine.segment_size("singers").await?, 1);
    /// engine.identify(Contact::new("lea").without_tag("singer")).await?;
    /// engine.tick().await?;
    /// assert_eq!(engine.segment_size("singers").await?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn segment_size(&self, segment: &str) -> Result<u64, Error> {
        Ok(self.shared.store.segment_size(segment).await?)
    }
}
