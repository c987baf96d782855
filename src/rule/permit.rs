//! The one question before every send: may this be said, to this contact, on this channel, now?
//!
//! It is asked when a send node is reached and again, on the contact as it is then, before every attempt. Every reason
//! is reported, not only the first. A kill switch (a paused journey or channel) is not asked here: the outbox skips
//! what is paused, and an attempt that a pause overtakes fails on its epoch.

use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::model::{ConsentRecord, ConsentStatus, Contact, Fingerprint, Hash, Name, Permit, Reason};
use crate::seeded::{Bug, is_on};
use crate::time::{DailyWindow, WeeklyWindow, Zone};

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

    /// Whether a purpose was ever granted or withdrawn on a channel, and that is on record.
    pub(crate) fn has_said(&self, purpose: &str, channel: &str) -> bool {
        let granted = self.granted.get(purpose).is_some_and(|channels| channels.contains_key(channel));
        granted || self.has_withdrawn(purpose, channel)
    }

    fn has_withdrawn(&self, purpose: &str, channel: &str) -> bool {
        self.withdrawn.get(purpose).is_some_and(|channels| channels.contains_key(channel))
    }

    /// Every purpose and channel that something was said of.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&Name, &Name)> {
        fn pairs<V>(map: &LiteMap<Name, LiteMap<Name, V>>) -> impl Iterator<Item = (&Name, &Name)> {
            map.iter()
                .flat_map(|(purpose, channels)| channels.iter().map(move |(channel, _)| (purpose, channel)))
        }
        pairs(&self.granted).chain(pairs(&self.withdrawn))
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

    fn concerns(&self, channel: &str, purpose: &str) -> bool {
        *self.channel == *channel
            && (self.purposes.is_empty() || self.purposes.iter().any(|name| **name == *purpose))
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
    /// When the message may be said by its own journey.
    pub timing: Timing<'a>,
}

/// When a message may be said by its own journey.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timing<'a> {
    /// The send window, on the contact's clock.
    pub window: Option<&'a WeeklyWindow>,
    /// The deadline, from which on it may no longer be said.
    pub not_after: Option<DateTime<Utc>>,
    /// Whether a window that would open only after the deadline is left aside.
    pub window_yields: bool,
    /// Whether the contact is held out.
    pub held_out: bool,
    /// Whether a pause or an outage made it later than its journey allows.
    pub late: bool,
}

impl<'a> Question<'a> {
    /// A question without an answer from the gate yet, as a node asks it.
    #[must_use]
    pub fn new(contact: &'a Contact, standing: &'a Standing, channel: &'a str, purpose: &'a str) -> Self {
        Self {
            contact,
            standing,
            channel,
            purpose,
            denied: false,
            suppressed: false,
            timing: Timing::default(),
        }
    }

    /// The same question with what the gate rows say.
    #[must_use]
    pub fn at_gate(self, denied: bool, suppressed: bool) -> Self {
        Self { denied, suppressed, ..self }
    }

    /// The same question with what its journey says of time.
    #[must_use]
    pub fn timed(self, timing: Timing<'a>) -> Self {
        Self { timing, ..self }
    }
}

/// May this be said, now? Suppression, then consent, holdout and lateness, quiet hours, the send window, the deadline; every
/// reason is reported.
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
    let timing = question.timing;
    if timing.held_out {
        reasons.push(Reason::Holdout);
    }
    if timing.late {
        reasons.push(Reason::Late);
    }
    let refused = !reasons.is_empty();
    let mut deferring = Vec::new();
    let in_window = first_allowed(question, policy, zone, now, timing.window, &mut deferring);
    let is_too_late = |at: DateTime<Utc>| timing.not_after.is_some_and(|not_after| at >= not_after);
    let until = if is_too_late(in_window) && timing.window_yields && timing.window.is_some() {
        deferring.clear();
        first_allowed(question, policy, zone, now, None, &mut deferring)
    } else {
        in_window
    };
    reasons.append(&mut deferring);
    if is_too_late(until) && !timing.window_yields {
        reasons.push(Reason::Deadline);
        return Permit::Refuse { reasons };
    }
    match until {
        _ if refused => Permit::Refuse { reasons },
        until if until > now => Permit::Defer { until, reasons },
        _ => Permit::Permit,
    }
}

/// The first instant at or after `now` outside all quiet hours and inside the window, and why it is not `now`.
fn first_allowed(
    question: &Question<'_>,
    policy: &Policy,
    zone: &Zone,
    now: DateTime<Utc>,
    window: Option<&WeeklyWindow>,
    reasons: &mut Vec<Reason>,
) -> DateTime<Utc> {
    let utc = Zone::utc();
    let mut at = now;
    // Quiet hours and window take turns in pushing the instant on; two weeks show every week that there can be.
    for _ in 0..MOST_TURNS {
        let quiet = policy.quiet.iter().filter(|quiet| quiet.concerns(question.channel, question.purpose));
        // None is the least.
        let loud = quiet.filter_map(|quiet| quiet.window.end_after(at, zone)).max();
        let clock = if is_on(Bug::WindowInUtc) { &utc } else { zone };
        let open = window.map(|window| window.opens_at(loud.unwrap_or(at), clock).unwrap_or(never()));
        let next = open.or(loud).unwrap_or(at);
        if loud.is_some() && !reasons.contains(&Reason::QuietHours) {
            reasons.push(Reason::QuietHours);
        }
        if open.is_some_and(|open| open > loud.unwrap_or(at)) && !reasons.contains(&Reason::Window) {
            reasons.push(Reason::Window);
        }
        if next == at {
            return at;
        }
        at = next;
    }
    never()
}

/// How often quiet hours and window may push each other on before they are taken to exclude each other.
const MOST_TURNS: u32 = 64;

/// Where no instant is allowed: the last one that the house counts with.
fn never() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(253_370_764_800_000).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
