//! One edition of a template, as it was published.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Deed, Hash};
use crate::rule::TemplateDefinition;

/// One edition of a template: what it said from a revision on, until the next edition replaced it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edition {
    /// The catalog's revision that it was published in.
    pub revision: u64,
    /// When, by the store's clock. For what was published before editions were kept: the latest instant known then.
    pub at: DateTime<Utc>,
    /// The hash of the definition; every content that it renders carries it.
    pub hash: Hash,
    /// What it said.
    pub definition: TemplateDefinition,
    /// Who published it and why, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Deed>,
}

impl Edition {
    /// Puts an edition together, as a store does.
    #[must_use]
    pub fn new(revision: u64, at: DateTime<Utc>, definition: TemplateDefinition, by: Option<Deed>) -> Self {
        Self { revision, at, hash: definition.hash(), definition, by }
    }
}
