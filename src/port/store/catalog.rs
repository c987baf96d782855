//! Published definitions, what is paused, and the jobs that follow.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

use super::Edition;
use super::Result;
use crate::journey::JourneyDefinition;
use crate::journey::Migration;
use crate::machine::Pause;
use crate::model::ContactId;
use crate::model::Deed;
use crate::model::Hash;
use crate::model::JourneyId;
use crate::model::Name;
use crate::rule::EventSchema;
use crate::rule::TemplateDefinition;
use crate::rule::score::ScoreDefinition;
use crate::rule::segment::Line;
use crate::rule::segment::SegmentDefinition;

/// Published definitions, and what is paused.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Adds definitions in one transaction and answers the new revision. The same definition again changes nothing.
    ///
    /// A new journey version that a date or the calendar opens ([`JourneyDefinition::plans`]) also starts the job that
    /// lets every contact plan its doors, in the same transaction.
    ///
    /// The first version of a journey that lets those in who already qualify ([`JourneyDefinition::enrolls`]) starts a
    /// [`JobKind::Enroll`] in the same transaction, after its plan. A draft of a version that is not above one that is new
    /// here is dropped.
    ///
    /// A score that counts what was before, and whose rules are new or kept the past until now ([`ScoreDefinition::history`]) also starts a
    /// [`JobKind::Seed`] in the same transaction.
    ///
    /// Segment versions and lines that are new also start one [`JobKind::SeedSegments`] in the same transaction, however many
    /// they are. A line takes the place of an older one of its segment; one that is not newer changes nothing.
    ///
    /// A journey version or a segment version that is there with other content is refused by [`StoreError::Unavailable`](crate::StoreError::Unavailable); a template replaces
    /// the one of its name, as a score does, and stays in its [`history`](Catalog::history) with the deed, where one is given.
    async fn publish_by(&self, definitions: &[Definition], by: Option<&Deed>) -> Result<u64>;

    /// [`publish_by`](Catalog::publish_by) without a word of who and why.
    async fn publish(&self, definitions: &[Definition]) -> Result<u64> {
        self.publish_by(definitions, None).await
    }

    /// Every edition of the template of this name, oldest first; the last one is the one that is used. Empty where no
    /// template has the name. The same definition again is no new edition; an older one again is.
    async fn history(&self, template: &str) -> Result<Vec<Edition>>;

    /// Holds a journey's people, or a channel's messages. Bumps its epoch and the revision, and cancels nothing.
    async fn pause(&self, target: &Pausable) -> Result<u64>;

    /// Lets go again. For a journey this also starts the job that wakes its people, in the same transaction.
    async fn resume(&self, target: &Pausable) -> Result<u64>;

    /// Keeps a definition that nobody enters, in place of the former draft of its journey. The revision stays.
    async fn draft(&self, definition: &JourneyDefinition) -> Result<()>;

    /// Lets nobody enter a journey from now on and answers the new revision; whoever is inside walks on. What is so already
    /// changes nothing.
    async fn archive(&self, journey: &JourneyId) -> Result<u64>;

    /// Lets a journey be entered again, and answers the new revision.
    async fn unarchive(&self, journey: &JourneyId) -> Result<u64>;

    /// Starts a job and answers its number.
    async fn start(&self, kind: &JobKind) -> Result<u64>;

    /// The revision, which every change of what is published, paused or archived raises.
    async fn revision(&self) -> Result<u64>;

    /// Everything published, as of one revision.
    async fn snapshot(&self) -> Result<CatalogSnapshot>;

    /// The jobs that have not ended, oldest first.
    async fn jobs(&self) -> Result<Vec<Job>>;

    /// Moves a job's cursor on, if it still stands where `from` says.
    async fn advance_job(&self, job: u64, from: u64, to: Option<u64>) -> Result<bool>;
}

/// Something published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // a catalog holds few of them, and a host builds them by hand
pub enum Definition {
    /// A journey version; immutable.
    Journey(JourneyDefinition),
    /// A template; the newest of its name is used.
    Template(TemplateDefinition),
    /// What an event must look like; immutable, and the newest version of its event is used.
    Schema(EventSchema),
    /// A score; the newest of its name is used.
    Score(ScoreDefinition),
    /// A segment version; immutable, and the highest version of its name is used.
    Segment(SegmentDefinition),
    /// Where a segment that ranks ends; the highest edition of its segment is used, and an older one changes nothing.
    Line(DrawnLine),
}

/// Where a segment that ranks ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DrawnLine {
    /// Which segment.
    pub segment: Name,
    /// Which of its versions it was drawn for.
    pub version: u32,
    /// Where it was drawn.
    pub line: Line,
}

impl DrawnLine {
    /// Puts one together.
    ///
    /// ```
    /// use journeyman::port::store::DrawnLine;
    /// use journeyman::rule::segment::Line;
    /// let line = Line::new(1, "2026-03-23T09:00:00Z".parse()?, 90, "lea".into());
    /// assert_eq!(&*DrawnLine::new("top", 1, line).segment, "top");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(segment: impl Into<Name>, version: u32, line: Line) -> Self {
        Self { segment: segment.into(), version, line }
    }

    /// Whether it takes the place of another one of its segment.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        (self.version, self.line.edition) > (other.version, other.line.edition)
    }
}

/// What can be paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pausable {
    /// A journey, all its versions.
    Journey(JourneyId),
    /// A channel.
    Channel(Name),
}

/// Everything published, as of one revision.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CatalogSnapshot {
    /// The revision.
    pub revision: u64,
    /// Goes into every derived id.
    pub namespace: Name,
    /// Every journey version, and the newest template and the newest score of each name.
    pub definitions: Vec<Definition>,
    /// When which journey was paused, in order of time.
    pub pauses: BTreeMap<JourneyId, Vec<Pause>>,
    /// When nobody entered which journey, in order of time.
    pub archived: BTreeMap<JourneyId, Vec<Pause>>,
    /// What is being written: at most one definition of a journey, in order of their names.
    pub drafts: Vec<JourneyDefinition>,
    /// The channels that are paused now.
    pub paused_channels: Vec<Name>,
    /// The latest instant that the store has seen; its clock never stamps an earlier one.
    pub high_water: Option<DateTime<Utc>>,
}

impl CatalogSnapshot {
    /// The lines of segments that rank, by their names, where one was drawn for the newest version.
    #[must_use]
    pub fn lines(&self) -> BTreeMap<Name, Line> {
        let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
        for definition in &self.definitions {
            if let Definition::Segment(segment) = definition {
                let known = newest.entry(&segment.segment).or_default();
                *known = segment.version.max(*known);
            }
        }
        let drawn = self.definitions.iter().filter_map(|definition| match definition {
            Definition::Line(drawn) if newest.get(&*drawn.segment) == Some(&drawn.version) => {
                Some((drawn.segment.clone(), drawn.line.clone()))
            }
            _ => None,
        });
        drawn.collect()
    }

    /// Every version of every segment.
    pub fn segments(&self) -> impl Iterator<Item = &SegmentDefinition> {
        self.definitions.iter().filter_map(|definition| match definition {
            Definition::Segment(segment) => Some(segment),
            _ => None,
        })
    }
}

/// Work that concerns many contacts and survives a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// The row after which it goes on.
    pub cursor: u64,
}

impl Job {
    /// Puts a job together.
    #[must_use]
    pub fn new(id: u64, kind: JobKind, cursor: u64) -> Self {
        Self { id, kind, cursor }
    }
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobKind {
    /// Lets every contact plan the doors of a journey that a date or the calendar opens.
    Plan {
        /// Which journey.
        journey: JourneyId,
    },
    /// Lets everybody into a journey who already qualifies for one of its doors.
    Enroll {
        /// Which journey.
        journey: JourneyId,
        /// Its first version that says so.
        version: u32,
    },
    /// Leads everybody who is in one version of a journey to another one.
    Migrate(Migration),
    /// Wakes everybody in a journey that was paused.
    Resume {
        /// Which journey.
        journey: JourneyId,
    },
    /// Counts the history of every contact by the new rules of a score.
    Seed {
        /// Which score.
        score: Name,
        /// Its rules.
        hash: Hash,
    },
    /// Looks in histories for what segments ask.
    SeedSegments {
        /// What was published together; of one contact, the segments that were published then.
        hash: Hash,
        /// In whose; in everybody's where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<ContactId>,
    },
}

impl JobKind {
    /// The job that follows where these definitions are new: one for all segments and lines among them, none where there is
    /// none.
    ///
    /// ```
    /// use journeyman::port::store::{Definition, JobKind};
    /// use journeyman::rule::segment::SegmentDefinition;
    /// let definition = Definition::Segment(SegmentDefinition::manual("friends"));
    /// assert!(matches!(JobKind::seeding([&definition]), Some(JobKind::SeedSegments { .. })));
    /// assert_eq!(JobKind::seeding([]), None);
    /// ```
    #[must_use]
    pub fn seeding<'d>(new: impl IntoIterator<Item = &'d Definition>) -> Option<Self> {
        let versions = new.into_iter().filter_map(|definition| match definition {
            Definition::Segment(segment) => Some(serde_json::to_vec(segment).unwrap_or_default()),
            Definition::Line(line) => Some(serde_json::to_vec(line).unwrap_or_default()),
            _ => None,
        });
        let versions: Vec<Vec<u8>> = versions.collect();
        let slices: Vec<&[u8]> = versions.iter().map(Vec::as_slice).collect();
        (!slices.is_empty())
            .then(|| JobKind::SeedSegments { hash: Hash::of("segments", &slices), contact: None })
    }
}
