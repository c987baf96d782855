//! Steps that speak of places: an offer has so many of them, and many contacts share them.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// A place of an offer that is held for a while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReserveDefinition {
    /// Of which offer, by the name that the quota knows.
    pub offer: String,
    /// Which quota counts its places; the one called `quota` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// For how long the place is held, unless it is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub expires: Option<Span>,
    /// The longest wait for the answer; ten minutes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// The step that follows where no place is left; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<String>,
    /// The step that follows where nobody can say; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// A place that is kept for good.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmDefinition {
    /// Of which offer; a step of this journey reserves it.
    pub offer: String,
    /// The longest wait for the answer; ten minutes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
    /// The step that follows where the run holds no place any more; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<String>,
    /// The step that follows where nobody can say; the step's own way on where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// A place that is given back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReleaseDefinition {
    /// Of which offer; a step of this journey reserves it.
    pub offer: String,
}

/// How many may enter a journey: each entry takes a place of the offer `entries/` and the journey's name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CapDefinition {
    /// How many, over all contacts and for ever.
    pub most: u64,
    /// Which quota counts them; the one called `quota` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// The longest wait for the answer; ten minutes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub within: Option<Span>,
}

/// The quota that is asked where none is named.
pub(crate) const QUOTA: &str = "quota";
/// The longest wait for a quota where none is said.
pub(crate) const PATIENCE: Span = Span::minutes(10);
/// For how long the place of somebody who enters is held until it is confirmed.
pub(crate) const AT_THE_DOOR: Span = Span::days(1);

/// The offer of which each entry takes a place.
pub(crate) fn entries_of(journey: &str) -> String {
    format!("entries/{journey}")
}

impl ReserveDefinition {
    /// Holds a place of an offer for a span.
    #[must_use]
    pub fn new(offer: impl Into<String>, expires: Span) -> Self {
        Self { offer: offer.into(), expires: Some(expires), ..Self::default() }
    }

    /// Names the quota that counts.
    #[must_use]
    pub fn quota(mut self, quota: impl Into<String>) -> Self {
        self.quota = Some(quota.into());
        self
    }

    /// Sets the longest wait for the answer.
    #[must_use]
    pub fn within(mut self, within: Span) -> Self {
        self.within = Some(within);
        self
    }

    /// Names the step that follows where no place is left.
    #[must_use]
    pub fn full(mut self, target: impl Into<String>) -> Self {
        self.full = Some(target.into());
        self
    }

    /// Names the step that follows where nobody can say.
    #[must_use]
    pub fn otherwise(mut self, target: impl Into<String>) -> Self {
        self.otherwise = Some(target.into());
        self
    }
}

impl ConfirmDefinition {
    /// Keeps the place of an offer.
    #[must_use]
    pub fn new(offer: impl Into<String>) -> Self {
        Self { offer: offer.into(), ..Self::default() }
    }

    /// Names the step that follows where the run holds no place any more.
    #[must_use]
    pub fn full(mut self, target: impl Into<String>) -> Self {
        self.full = Some(target.into());
        self
    }
}

impl ReleaseDefinition {
    /// Gives the place of an offer back.
    #[must_use]
    pub fn new(offer: impl Into<String>) -> Self {
        Self { offer: offer.into() }
    }
}

impl CapDefinition {
    /// So many may enter.
    #[must_use]
    pub fn new(most: u64) -> Self {
        Self { most, ..Self::default() }
    }

    /// Names the quota that counts.
    #[must_use]
    pub fn quota(mut self, quota: impl Into<String>) -> Self {
        self.quota = Some(quota.into());
        self
    }
}
