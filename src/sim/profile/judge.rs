//! What the store ever kept of a profile, against what its person had said by then.

use super::{COUNTED, ENOUGH, FOUND, HEAT, HOT, KEEN};
use crate::machine::{Envelope, InputKind};
use crate::model::{ConsentStatus, Contact, Event, Value};
use crate::port::store::Commit;
use crate::sim::consent::is_owed;

/// What one commit says of a person's profile.
pub(crate) struct Profiled {
    now: i64,
    read_seq: u64,
    is_off: bool,
    /// Whether it ever was off by then, be it within one commit.
    was_off: bool,
    /// Whether anything at all is kept of it.
    value: Option<i64>,
    is_hot: bool,
    is_keen: bool,
    is_found: bool,
    was_found: bool,
    /// Whether the rules of the score, and the segment, count all that was told.
    counts: bool,
}

impl Profiled {
    pub(crate) fn new(commit: &Commit) -> Self {
        let (rating, segments) = (&commit.hot.rating, &commit.hot.segments);
        let model = rating.state(HEAT);
        let value = rating.has_score(HEAT).then(|| rating.score(HEAT));
        Self {
            now: commit.now.timestamp_millis(),
            read_seq: commit.read_seq,
            is_off: commit.hot.profiling.off_since.is_some(),
            was_off: !commit.hot.profiling.is_plain(),
            value: value.or_else(|| model.map(|model| model.value).filter(|value| *value != 0)),
            is_hot: rating.tier(HEAT).is_some(),
            is_keen: rating.is_marked(HEAT, "keen"),
            is_found: rating.is_in(FOUND) || segments.is_in(FOUND),
            was_found: segments.left.contains_key(FOUND),
            counts: model.is_some() && !rating.is_uncounted(HEAT),
        }
    }

    pub(crate) fn was_off(&self) -> bool {
        self.was_off
    }

    fn is_blank(&self) -> bool {
        let is_in = self.is_hot || self.is_keen || self.is_found || self.was_found;
        !is_in && self.value.is_none()
    }
}

/// What a person's words come to.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) broken: Option<String>,
    /// How often what happened, by word.
    pub(super) happened: Vec<&'static str>,
}

/// What a person said and did until now. Instants are milliseconds.
#[derive(Default)]
struct Said {
    objected: Option<i64>,
    /// The latest instant that any yes can count from, whether or not it still stands.
    agreed: Option<i64>,
    is_minor: bool,
    /// When everything happened that gives a point.
    clicks: Vec<i64>,
    /// When it was last known that there may be no profile.
    off_at: Option<i64>,
    /// Whether something was told that the bounds do not tell apart.
    is_open: bool,
}

impl Said {
    fn takes(&mut self, envelope: &Envelope, of_age: Option<i64>) {
        let received = envelope.received_at.timestamp_millis();
        let said = |at: Option<chrono::DateTime<chrono::Utc>>| {
            at.map_or(received, |at| at.timestamp_millis().min(received))
        };
        let is_marketing = |purpose: &str| purpose != "tracking" && !is_owed(purpose);
        match &envelope.kind {
            InputKind::Event(event) => self.hears(event, received),
            InputKind::Identify(contact) => self.learns(contact, of_age),
            InputKind::Import { row, .. } => {
                row.events.iter().for_each(|event| self.hears(event, received));
                self.learns(&row.contact, of_age);
            }
            InputKind::Consent(consent)
                if consent.status == ConsentStatus::Granted && is_marketing(&consent.purpose) =>
            {
                self.agreed = self.agreed.max(Some(said(consent.at)));
            }
            InputKind::Withdrawal(withdrawal) if withdrawal.act == ConsentStatus::Objected => {
                let purposes = &withdrawal.purposes;
                if purposes.is_empty() || purposes.iter().any(|purpose| is_marketing(purpose)) {
                    self.objected = self.objected.max(Some(said(withdrawal.at)));
                }
            }
            InputKind::Retract { .. } | InputKind::Absorb(_) => self.is_open = true,
            _ => {}
        }
        if self.must_be_off() {
            self.off_at = Some(received);
        }
    }

    fn hears(&mut self, event: &Event, received: i64) {
        if &*event.name == COUNTED {
            self.clicks.push(event.at.map_or(received, |at| at.timestamp_millis()));
        }
    }

    fn learns(&mut self, contact: &Contact, of_age: Option<i64>) {
        if let (Some(Value::Integer(age)), Some(of_age)) = (contact.attributes.get("age"), of_age) {
            self.is_minor = *age < of_age;
        }
    }

    /// A yes that counts from no later than the objection, or that was taken back since, lifts nothing; one that is newer may.
    fn must_be_off(&self) -> bool {
        self.is_minor
            || self.objected.is_some_and(|objected| self.agreed.is_none_or(|agreed| agreed < objected))
    }

    fn was_ever_off(&self) -> bool {
        self.off_at.is_some() || self.objected.is_some()
    }

    /// At most so many points can have been given by now.
    fn most(&self, now: i64) -> i64 {
        let counts = |at: &&i64| **at <= now && self.off_at.is_none_or(|off_at| off_at <= **at);
        i64::try_from(self.clicks.iter().filter(counts).count()).unwrap_or(i64::MAX)
    }
}

/// Judges every commit of one person, whose whole mail is known.
pub(super) fn judge(commits: &[Profiled], mail: &[Envelope], of_age: Option<i64>) -> Judged {
    let (mut judged, mut said, mut read) = (Judged::default(), Said::default(), 0);
    for commit in commits {
        while let Some(envelope) = mail.get(read).filter(|envelope| envelope.seq <= commit.read_seq) {
            said.takes(envelope, of_age);
            read += 1;
        }
        judged.broken = said.breaks(commit, &mut judged.happened);
        if judged.broken.is_some() {
            return judged;
        }
    }
    let all = said.most(i64::MAX);
    let last = commits.last().filter(|last| last.counts && !said.was_ever_off() && !said.is_open);
    if let Some(last) = last.filter(|last| said.most(last.now) == all) {
        judged.happened.push("profile_counted");
        let value = last.value.unwrap_or(0);
        if value != all || last.is_off {
            judged.broken = Some(format!("it stands at {value} and comes to {all}, and nobody objected"));
        }
    }
    judged
}

impl Said {
    /// What is wrong with a commit.
    fn breaks(&self, commit: &Profiled, happened: &mut Vec<&'static str>) -> Option<String> {
        let at = commit.now;
        if self.must_be_off() {
            happened.push(if self.is_minor { "profile_minor" } else { "profile_objected" });
            return match (commit.is_off, commit.is_blank()) {
                (false, _) => Some(format!("at {at} it may not be profiled, and is")),
                (true, false) => Some(format!("at {at} it may not be profiled, and a profile is kept")),
                (true, true) => None,
            };
        }
        if !self.was_ever_off() && commit.is_off {
            return Some(format!("at {at} it is not profiled, and nobody objected"));
        }
        if self.is_open {
            return None;
        }
        if self.was_ever_off() && !commit.is_off {
            happened.push("profile_anew");
        }
        let most = self.most(at);
        let value = commit.value.unwrap_or(0);
        let reached = [(commit.is_hot, HOT), (commit.is_keen, KEEN), (commit.is_found, ENOUGH)];
        let is_wrong = value > most || reached.into_iter().any(|(is_so, least)| is_so && most < least);
        is_wrong.then(|| {
            format!("at {at} it stands at {value}, and only {most} were told since it may be profiled")
        })
    }
}
