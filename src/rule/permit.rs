//! The one question before every send: may this be said, to this contact, on this channel, now?
//!
//! It is asked when a send node is reached and again, on the contact as it is then, before every attempt. Every reason
//! is reported, not only the first. A kill switch (a paused journey or channel) is not asked here: the outbox skips
//! what is paused, and an attempt that a pause overtakes fails on its epoch.

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::model::{ConsentRecord, ConsentStatus, Contact, Fingerprint, Hash, Name, Permit, Reason};
use crate::time::{DailyWindow, Zone};

/// What a contact allows, as a fold of its consent records: the current answer for every purpose and channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// By purpose and channel: the sequence number of the newest record and its address scope.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    granted: LiteMap<Name, LiteMap<Name, Grant>>,
    /// Purposes and channels that were granted once and are withdrawn now.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    withdrawn: LiteMap<Name, LiteMap<Name, u64>>,
    /// The suppressed addresses of this contact, by channel.
    #[serde(skip_serializing_if = "LiteMap::is_empty")]
    suppressed: LiteMap<Name, Vec<Fingerprint>>,
    /// How many records the chain has.
    length: u64,
    /// The hash of the newest record.
    head: Hash,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Fingerprint>,
}

impl Standing {
    /// How many consent records the contact has, and the hash of the newest.
    #[must_use]
    pub fn head(&self) -> (u64, Hash) {
        (self.length, self.head)
    }

    /// Whether a purpose is allowed on a channel, for the address given.
    #[must_use]
    pub fn allows(&self, purpose: &str, channel: &str, address: Option<Fingerprint>) -> bool {
        let grant = self.granted.get(purpose).and_then(|channels| channels.get(channel));
        grant.is_some_and(|grant| grant.address.is_none() || grant.address == address)
    }

    fn has_withdrawn(&self, purpose: &str, channel: &str) -> bool {
        self.withdrawn.get(purpose).is_some_and(|channels| channels.contains_key(channel))
    }

    /// Folds the next record in.
    pub(crate) fn apply(&mut self, record: &ConsentRecord) {
        self.fold(record);
        self.granted.retain(|_, channels| !channels.is_empty());
        self.withdrawn.retain(|_, channels| !channels.is_empty());
    }

    fn fold(&mut self, record: &ConsentRecord) {
        (self.length, self.head) = (record.seq, record.hash);
        match (record.status, &record.purpose, &record.channel) {
            (ConsentStatus::Granted, Some(purpose), Some(channel)) => {
                if let Some(channels) = self.withdrawn.get_mut(purpose) {
                    channels.remove(channel);
                }
                let grant = Grant { address: record.address };
                self.granted.entry(purpose.clone()).or_default().insert(channel.clone(), grant);
            }
            (ConsentStatus::Granted, _, _) => {} // a grant is never wider than one purpose on one channel
            (ConsentStatus::Withdrawn, purpose, channel) => {
                if let (Some(purpose), Some(channel)) = (purpose, channel) {
                    self.withdrawn.entry(purpose.clone()).or_default().insert(channel.clone(), record.seq);
                }
                for (name, channels) in &mut self.granted {
                    if purpose.as_ref().is_some_and(|purpose| purpose != name) {
                        continue;
                    }
                    let (gone, kept) = std::mem::take(channels)
                        .into_iter()
                        .partition(|(granted, _)| channel.as_ref().is_none_or(|channel| channel == granted));
                    *channels = kept;
                    let gone: LiteMap<Name, Grant> = gone;
                    let withdrawn = self.withdrawn.entry(name.clone()).or_default();
                    withdrawn.extend(gone.into_iter().map(|(channel, _)| (channel, record.seq)));
                }
            }
        }
    }

    /// Remembers that one of the contact's addresses is suppressed.
    pub(crate) fn suppress(&mut self, channel: &Name, address: Fingerprint) {
        let addresses = self.suppressed.entry(channel.clone()).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    fn is_suppressed(&self, channel: &str, address: Option<Fingerprint>) -> bool {
        let addresses = self.suppressed.get(channel);
        address.zip(addresses).is_some_and(|(address, addresses)| addresses.contains(&address))
    }
}

/// Hours in which nothing of certain purposes is said on a channel.
///
/// ```
/// use journeyman::rule::QuietHours;
/// let quiet = QuietHours::new("sms", "20:00-08:30".parse()?).for_purpose("marketing");
/// # Ok::<(), journeyman::time::WindowError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuietHours {
    /// On which channel.
    pub channel: Name,
    /// For which purposes; all of them where none is named.
    pub purposes: Vec<Name>,
    /// When, in the contact's own zone.
    pub window: DailyWindow,
}

impl QuietHours {
    /// Quiet hours for every purpose on a channel.
    #[must_use]
    pub fn new(channel: impl Into<Name>, window: DailyWindow) -> Self {
        Self { channel: channel.into(), purposes: Vec::new(), window }
    }

    /// Limits them to a purpose; call it again for further ones.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<Name>) -> Self {
        self.purposes.push(purpose.into());
        self
    }
}

/// The sending rules of a program: data, with a version that every answer carries.
///
/// The default keeps marketing SMS out of the hours from 20:00 until 08:30 where the contact lives, the hours that
/// French operators enforce (AF2M, code of conduct for SMS and MMS marketing).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Policy {
    /// Which edition of the rules this is.
    pub version: Name,
    /// All quiet hours; each that applies is asked.
    pub quiet: Vec<QuietHours>,
}

impl Policy {
    /// Rules of one's own; without quiet hours nothing but consent and suppression is asked.
    #[must_use]
    pub fn new(version: impl Into<Name>) -> Self {
        Self { version: version.into(), quiet: Vec::new() }
    }

    /// Adds quiet hours.
    #[must_use]
    pub fn quiet(mut self, quiet: QuietHours) -> Self {
        self.quiet.push(quiet);
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        let time = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let night = DailyWindow::new(time(20, 0), time(8, 30));
        Self::new("2026-11").quiet(QuietHours::new("sms", night).for_purpose("marketing"))
    }
}

/// Everything that [`permit`] may look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Question<'a> {
    /// The person, as it is now.
    pub contact: &'a Contact,
    /// What it allows.
    pub standing: &'a Standing,
    /// On which channel.
    pub channel: &'a str,
    /// For which purpose.
    pub purpose: &'a str,
    /// Whether the gate row of the address, or of the contact, denies the purpose.
    pub denied: bool,
    /// Whether the gate row of the address suppresses it.
    pub suppressed: bool,
}

impl<'a> Question<'a> {
    /// A question without an answer from the gate yet, as a node asks it.
    #[must_use]
    pub fn new(contact: &'a Contact, standing: &'a Standing, channel: &'a str, purpose: &'a str) -> Self {
        Self { contact, standing, channel, purpose, denied: false, suppressed: false }
    }

    /// The same question with what the gate rows say.
    #[must_use]
    pub fn at_gate(self, denied: bool, suppressed: bool) -> Self {
        Self { denied, suppressed, ..self }
    }
}

/// May this be said, now? Suppression, then consent, then quiet hours; every reason is reported.
///
/// `zone` is where the hours are counted: the contact's, else the journey's, else the engine's.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::model::{Permit, Reason};
/// use journeyman::rule::permit::{Question, permit};
/// use journeyman::rule::{Policy, Standing};
/// use journeyman::time::Zone;
///
/// let lea = Contact::new("lea").address("sms", "+33600000001");
/// let nothing_said = Standing::default();
/// let question = Question::new(&lea, &nothing_said, "sms", "marketing");
/// let evening = "2026-03-23T20:00:00Z".parse()?;
/// let answer = permit(&question, &Policy::default(), &Zone::named("Europe/Paris")?, evening);
/// assert_eq!(answer, Permit::Refuse { reasons: vec![Reason::NoConsent, Reason::QuietHours] });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn permit(question: &Question<'_>, policy: &Policy, zone: &Zone, now: DateTime<Utc>) -> Permit {
    let Question { contact, standing, channel, purpose, .. } = *question;
    let mut reasons = Vec::new();
    let address = contact.addresses.get(channel);
    let fingerprint = address.and_then(|address| address.fingerprint);
    if address.is_none() {
        reasons.push(Reason::NoAddress);
    }
    if question.suppressed || standing.is_suppressed(channel, fingerprint) {
        reasons.push(Reason::Suppressed);
    }
    let allowed = standing.allows(purpose, channel, fingerprint);
    if question.denied || (!allowed && standing.has_withdrawn(purpose, channel)) {
        reasons.push(Reason::Withdrawn);
    } else if !allowed {
        reasons.push(Reason::NoConsent);
    }
    let refused = !reasons.is_empty();
    let mut until = None;
    for quiet in &policy.quiet {
        let concerned = quiet.purposes.is_empty() || quiet.purposes.iter().any(|name| **name == *purpose);
        if *quiet.channel == *channel && concerned {
            until = until.max(quiet.window.end_after(now, zone)); // None is the least
        }
    }
    if until.is_some() {
        reasons.push(Reason::QuietHours);
    }
    match until {
        _ if refused => Permit::Refuse { reasons },
        Some(until) => Permit::Defer { until, reasons },
        None => Permit::Permit,
    }
}
