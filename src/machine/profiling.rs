//! Profiling stops for whoever objects, and for whoever is too young: nothing of the profile is kept, and nothing is counted.

use std::ops::Deref;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::absorb::Absorb;
use super::happen::Happening;
use super::program::Program;
use super::score::Told;
use super::scored::Scored;
use super::state::ContactState;
use super::transition::Run;
use crate::model::{Fact, InputId, Name};
use crate::rule::Performed;
use crate::rule::segment::Barred;
use crate::seeded::{Bug, is_on};

/// What tells the stop apart that other rules brought about, and no input.
pub(super) const PROFILING: &str = "profiling";

/// Whether scores and segments may be made of what a contact does: it takes room only for whom that was ever stopped.
///
/// ```
/// use journeyman::machine::ContactState;
/// assert_eq!(ContactState::new("lea".into()).hot.profiling.off_since, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profiling(Option<Box<ProfilingState>>);

/// What is known of whom profiling was stopped. Instants are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProfilingState {
    /// Since when there may be no scores and segments for marketing; absent where there may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_since: Option<i64>,
    /// From when on they are counted anew, where they once might not; what happened before counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// When another record of the person, which may not be profiled, was merged into this one: only a newer yes lifts that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<i64>,
    /// What happened how often since then, where they are counted anew.
    #[serde(skip_serializing_if = "Performed::is_empty")]
    pub performed: Performed,
}

static NEVER_STOPPED: LazyLock<ProfilingState> = LazyLock::new(ProfilingState::default);

impl Deref for Profiling {
    type Target = ProfilingState;

    fn deref(&self) -> &ProfilingState {
        self.0.as_deref().unwrap_or(&NEVER_STOPPED)
    }
}

impl Profiling {
    pub(crate) fn is_plain(&self) -> bool {
        self.0.is_none()
    }

    /// Changes it; where nothing is left to know, it takes no room.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut ProfilingState)) {
        change(self.0.get_or_insert_default());
        if **self == ProfilingState::default() {
            self.0 = None;
        }
    }

    /// Whether what happened at an instant, and was told at another one, makes no profile.
    pub(super) fn ignores(&self, happened_at: i64, told_at: i64) -> bool {
        self.off_since.is_some() || self.from.is_some_and(|from| happened_at.min(told_at) < from)
    }
}

impl Program {
    /// Since when a contact has no score by these rules; nothing where it may have one.
    pub(crate) fn unscored_since(&self, contact: &ContactState, scored: Option<&Scored>) -> Option<i64> {
        let purpose = scored.and_then(|scored| scored.purpose.as_deref());
        contact.hot.profiling.off_since.filter(|_| self.policy.is_profiling(purpose))
    }

    /// Whether a contact may not be profiled: also one that was committed under a policy that let it, and told nothing since.
    pub(crate) fn is_unprofiled(&self, contact: &ContactState) -> bool {
        let (cold, profiling) = (&contact.cold, &contact.hot.profiling);
        profiling.off_since.is_some()
            || self.policy.stops_profiling(&cold.contact, &cold.standing, profiling.merged)
    }

    /// The segments that a contact stands outside of, because it may not be profiled.
    pub(super) fn barred(&self) -> Barred {
        self.segments.barred(|purpose| self.policy.is_profiling(purpose))
    }
}

impl Run<'_> {
    /// What denies wins: where one of two records that become one may not be profiled, the one that goes on may not either,
    /// unless the person let it since. What is taken over by a merge is no yes.
    pub(super) fn absorb_profiling(&mut self, absorb: &Absorb, at: DateTime<Utc>) {
        let policy = &self.program.policy;
        let (left, before) = (&absorb.cold, absorb.unprofiled);
        let (own, hot) = (&self.out.state.cold, &mut self.out.state.hot);
        let objected = left.standing.objects_at(policy).map(|at| at.timestamp_millis()).max(before);
        let let_since = objected.is_some_and(|objected| own.standing.lets_profile_since(policy, objected));
        let other = left.standing.refuses_profiling(policy, before)
            && (left.standing.took_profiling_back(policy) || !let_since);
        // Of two ages the one that goes on keeps its own, and nobody knows which is true.
        let is_known = |name: &Name| own.contact.attributes.contains_key(name);
        let minor = policy.is_minor(&left.contact)
            && policy.minors.as_ref().is_some_and(|minors| is_known(&minors.attribute))
            && !policy.is_minor(&own.contact);
        if own.standing.refuses_profiling(policy, hot.profiling.merged) || other || minor {
            let at = at.timestamp_millis();
            hot.profiling.change(|known| known.merged = known.merged.max(Some(at)));
        }
    }

    /// Asks whether the contact may be profiled, after what it allows or what it is like has changed.
    pub(super) fn mind_profiling(&mut self, cause: InputId, at: DateTime<Utc>) {
        if !self.profiling_turned() || is_on(Bug::ProfilingGoesOn) {
            return;
        }
        let now = at.timestamp_millis();
        let profiling = &mut self.out.state.hot.profiling;
        let stops = profiling.off_since.is_none();
        profiling.change(|known| {
            known.off_since = stops.then_some(now);
            known.performed = Performed::default();
            if !stops {
                // A history that is read again knows already from when on it counts.
                known.from = known.from.max(Some(now));
            }
        });
        let told = if stops { self.forget_profile(cause) } else { self.begin_profile(cause, at) };
        self.touch_rules();
        if !told.is_empty() {
            self.queue(Happening::Rated(told), cause, at);
        }
    }

    /// Whether the contact may be profiled now and might not before, or the other way round.
    pub(super) fn profiling_turned(&self) -> bool {
        let (cold, profiling) = (&self.out.state.cold, &self.out.state.hot.profiling);
        let stops = self.program.policy.stops_profiling(&cold.contact, &cold.standing, profiling.merged);
        stops != profiling.off_since.is_some()
    }

    /// Whether a score by these rules is not counted for this contact now.
    pub(super) fn is_unscored(&self, scored: &Scored) -> bool {
        self.out.state.hot.profiling.off_since.is_some()
            && self.program.policy.is_profiling(scored.purpose.as_deref())
    }

    /// Whether a score by these rules was begun anew, so that what happened before counts for nothing.
    pub(super) fn is_counted_anew(&self, scored: &Scored) -> bool {
        self.out.state.hot.profiling.from.is_some()
            && self.program.policy.is_profiling(scored.purpose.as_deref())
    }

    /// Whether an event makes nothing of a score by these rules.
    pub(super) fn scores_nothing(
        &self,
        scored: &Scored,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> bool {
        self.out.state.hot.profiling.ignores(happened_at.timestamp_millis(), at.timestamp_millis())
            && self.program.policy.is_profiling(scored.purpose.as_deref())
    }

    /// Notes that something happened, which conditions can ask for; for scores beside that, where these were begun anew.
    pub(super) fn perform(&mut self, name: &Name, happened_at: DateTime<Utc>, at: DateTime<Utc>) {
        let hot = &mut self.out.state.hot;
        hot.performed.record(name, happened_at);
        let ignored = hot.profiling.ignores(happened_at.timestamp_millis(), at.timestamp_millis());
        if hot.profiling.from.is_some() && !ignored {
            hot.profiling.change(|known| known.performed.record(name, happened_at));
        }
    }

    /// Whether what the host tells of a score or a segment is left out.
    pub(super) fn is_unprofiled_fact(&self, fact: &Fact) -> bool {
        self.out.state.hot.profiling.off_since.is_some()
            && match fact {
                Fact::Score { score, .. } | Fact::Tier { score, .. } | Fact::Mark { score, .. } => {
                    self.is_profile_score(score)
                }
                Fact::Segment { segment, .. } => self.is_profile_segment(segment),
                Fact::Keyword { .. } | Fact::Host { .. } => false,
            }
    }

    /// The segments that the contact stands outside of now.
    pub(super) fn barred(&self) -> Option<Barred> {
        self.out.state.hot.profiling.off_since.map(|_| self.program.barred())
    }

    /// Whether the contact stands outside of a segment, because it may not be profiled.
    pub(super) fn stands_outside(&self, segment: &str) -> bool {
        self.out.state.hot.profiling.off_since.is_some() && self.is_profile_segment(segment)
    }

    fn is_profile_score(&self, score: &str) -> bool {
        let purpose = self.program.score(score).and_then(|scored| scored.purpose.as_deref());
        self.program.policy.is_profiling(purpose)
    }

    fn is_profile_segment(&self, segment: &str) -> bool {
        let segments = &self.program.segments;
        let found = segments.place(segment).and_then(|place| segments.at(place));
        self.program.policy.is_profiling(found.and_then(|segment| segment.purpose.as_deref()))
    }

    /// Nothing of a profile stays: whoever waits for that hears of it, and nobody enters by it.
    fn forget_profile(&mut self, cause: InputId) -> Vec<Told> {
        let program = self.program;
        let rating = &self.out.state.hot.rating;
        let scores: Vec<Name> =
            rating.rated().filter(|score| self.is_profile_score(score)).cloned().collect();
        // Of those that are published, settling tells that the contact leaves them.
        let others = rating.segments().filter(|segment| program.segments.place(segment).is_none());
        let others: Vec<Name> = others.filter(|segment| self.is_profile_segment(segment)).cloned().collect();
        let rating = &mut self.out.state.hot.rating;
        let mut gone = Vec::new();
        for score in scores {
            rating.forget(&score, &mut gone);
            if let Some(scored) = program.score(&score) {
                rating.models.insert(score, scored.model.start());
            }
        }
        for segment in others {
            rating.put_into(&segment, false);
            gone.push((Fact::Segment { segment, inside: false }, 0));
        }
        let told = gone.into_iter().map(|(fact, before)| {
            let cause = InputId::from_score(cause, &fact);
            Told { fact, before, cause, by_definition: true }
        });
        told.collect()
    }

    /// Scores are counted from now on, of what the contact is like now.
    pub(super) fn begin_profile(&mut self, cause: InputId, at: DateTime<Utc>) -> Vec<Told> {
        let program = self.program;
        let mut places = Vec::new();
        for (place, score, scored) in program.scores.all() {
            if program.policy.is_profiling(scored.purpose.as_deref()) {
                let rating = &mut self.out.state.hot.rating;
                rating.uncounted.remove(score);
                rating.models.insert(score.clone(), scored.model.start());
                places.push(place);
            }
        }
        self.look(&places, cause, at)
    }
}
