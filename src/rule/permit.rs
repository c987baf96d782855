//! The one question before every send: may this be said, to this contact, on this channel, now?
//!
//! It is asked when a send node is reached and again, on the contact as it is then, before every attempt. Every reason
//! is reported, not only the first. A kill switch (a paused journey or channel) is not asked here: the outbox skips
//! what is paused, and an attempt that a pause overtakes fails on its epoch.

use chrono::{DateTime, Utc};

use super::allowed::forbidding;
use super::law::{self, Legal, Opening, Whereabouts};
use super::{Policy, Purpose, Spared, Spoken, Standing, sharing};
use crate::model::{Contact, Fingerprint, Name, Permit, Reason, Said};
use crate::seeded::{Bug, is_on};
use crate::time::{DailyWindow, WeeklyWindow, Zone};

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
    /// In which words; not known at a node, which binds none.
    pub words: Words<'a>,
    /// When the message may be said by its own journey.
    pub timing: Timing<'a>,
    /// What was said before; caps are asked where it is known. A node does not know what is about to be said.
    pub spoken: Option<Spoken<'a>>,
}

/// In which words something would be said, as far as they are bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Words<'a> {
    /// Not bound yet.
    #[default]
    Unknown,
    /// Of a template that declares no purpose.
    Undeclared,
    /// Of a template that declares this purpose.
    For(&'a str),
}

/// When a message may be said by its own journey.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timing<'a> {
    /// The send window, on the contact's clock.
    pub window: Option<&'a WeeklyWindow>,
    /// The deadline, from which on it may no longer be said.
    pub not_after: Option<DateTime<Utc>>,
    /// By when its journey wants it said: a window that opens only later is left aside. It may be said later all the same.
    pub wanted_by: Option<DateTime<Utc>>,
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
            words: Words::Unknown,
            timing: Timing::default(),
            spoken: None,
        }
    }

    /// The same question with what the gate rows say.
    #[must_use]
    pub fn at_gate(self, denied: bool, suppressed: bool) -> Self {
        Self { denied, suppressed, ..self }
    }

    /// The same question with the purpose that the template declares, where it declares one.
    #[must_use]
    pub fn saying(self, declared: Option<&'a str>) -> Self {
        Self { words: declared.map_or(Words::Undeclared, Words::For), ..self }
    }

    /// The same question with what its journey says of time.
    #[must_use]
    pub fn timed(self, timing: Timing<'a>) -> Self {
        Self { timing, ..self }
    }

    /// The same question with what was said before, as it is asked when a message begins.
    #[must_use]
    pub fn counted(self, spoken: Spoken<'a>) -> Self {
        Self { spoken: Some(spoken), ..self }
    }
}

/// May this be said, now? Suppression, then consent by the basis of the purpose, the template's declaration, holdout and
/// lateness, quiet hours, the hours of the law, caps, the send window, the deadline; every reason is reported. A deadline can
/// beat a send window, never the law.
///
/// A purpose of [sharing](crate::rule::Use::Sharing) permits what its own third party is told, by the channel of that party, and
/// nothing else; nothing else permits that. It waits for no hour and is counted by no cap.
///
/// What a contract or a law demands needs no yes, and no withdrawal stops it: a suppressed address does, and a template that
/// does not declare the purpose.
///
/// `zone` is where the hours are counted: the contact's, else the journey's, else the engine's. The law counts them where the
/// contact may be.
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
    let named = policy.find(question.purpose);
    if let Some(answer) = sharing::permit(question, named, policy, zone, now) {
        return answer;
    }
    let contact = question.contact;
    let mut reasons = Vec::new();
    if sharing::is_other_use(question.channel, named) {
        reasons.push(Reason::OtherUse);
    }
    let fingerprint = unreachable(question, &mut reasons);
    forbidding(question, named, policy, zone, fingerprint, now, &mut reasons);
    if !declares(question, named) {
        reasons.push(Reason::NotDeclared);
    }
    let timing = question.timing;
    if timing.held_out {
        reasons.push(Reason::Holdout);
    }
    if timing.late {
        reasons.push(Reason::Late);
    }
    let refused = !reasons.is_empty();
    let (room_at, over) = room(question, named, policy, zone, now);
    let mut deferring = Vec::new();
    let spared = spared(named);
    let timing = Timing { window: timing.window.filter(|_| !spared.window), ..timing };
    let open = Open { question, policy, zone, spared, legal: legal(question, policy, zone, spared) };
    let first = |hours: Hours<'_>, reasons: &mut Vec<Reason>| {
        let at = open.first_allowed(now, hours, reasons);
        match room_at.filter(|room_at| *room_at > at) {
            Some(room_at) => (open.first_allowed(room_at, hours, reasons), true),
            None => (at, false),
        }
    };
    let is_too_late = |at: DateTime<Utc>| timing.not_after.is_some_and(|not_after| at >= not_after);
    let is_unwanted = |at: DateTime<Utc>| timing.wanted_by.is_some_and(|wanted_by| at >= wanted_by);
    // What cannot be read is as if nothing had been said.
    let preferred = named.and_then(|named| policy.preferred_time_for(named, contact).unwrap_or_default());
    let window = Hours { window: timing.window, preferred: None };
    let (in_window, full) = match first(Hours { preferred, ..window }, &mut deferring) {
        // What the contact prefers narrows the window; it makes nothing late, and keeps nothing back for ever.
        (at, _) if preferred.is_some() && (is_too_late(at) || is_unwanted(at) || at >= never()) => {
            deferring.clear();
            first(window, &mut deferring)
        }
        chosen => chosen,
    };
    let (until, full) = if is_unwanted(in_window) && timing.window.is_some() {
        deferring.clear();
        first(Hours::default(), &mut deferring)
    } else {
        (in_window, full)
    };
    let by_law = deferring.iter().any(|reason| matches!(reason, Reason::LegalHours | Reason::Holiday));
    reasons.append(&mut deferring);
    // What the law never lets be said waits for nothing.
    let refused = refused || (by_law && until >= never());
    reasons.extend(over);
    // Over a cap when it could be said: it waits for room, or is left out.
    let refused = refused || (full && question.spoken.is_some_and(|spoken| spoken.drops));
    if is_too_late(until) {
        reasons.push(Reason::Deadline);
        return Permit::Refuse { reasons };
    }
    match until {
        _ if refused => Permit::Refuse { reasons },
        until if until > now => Permit::Defer { until, reasons },
        _ => Permit::Permit,
    }
}

/// After which instant something that begins `now` must not be delivered: the earlier of its deadline and the end of the hours
/// in which it begins, which are quiet hours, the hours of the law and the window of its step, where it begins inside. Nothing
/// where it is never too late; by when its journey [wants](Timing::wanted_by) it said makes nothing too late.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::rule::permit::{Question, deliver_by};
/// use journeyman::rule::{Policy, Standing};
/// use journeyman::time::Zone;
/// let (lea, nothing_said) = (Contact::new("lea"), Standing::default());
/// let question = Question::new(&lea, &nothing_said, "sms", "marketing");
/// let (paris, evening) = (Zone::named("Europe/Paris")?, "2026-03-23T18:50:00Z".parse()?);
/// let until = deliver_by(&question, &Policy::default(), &paris, evening);
/// assert_eq!(until, Some("2026-03-23T19:00:00Z".parse()?)); // quiet hours begin at 20:00
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn deliver_by(
    question: &Question<'_>,
    policy: &Policy,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let spared = spared(policy.find(question.purpose));
    let quiet = policy.quiet.iter();
    let quiet = quiet.filter(|quiet| !spared.hours && quiet.concerns(question.channel, question.purpose));
    let quiet = quiet.filter_map(|quiet| quiet.window.opens_at(now, zone)).filter(|at| *at > now);
    let window = question.timing.window.filter(|_| !spared.window);
    quiet
        .chain(legal(question, policy, zone, spared).closes_at(now))
        .chain(window.and_then(|window| window.closes_at(now, zone)))
        .chain(question.timing.not_after)
        .chain(question.timing.wanted_by.filter(|_| is_on(Bug::WantedIsTooLate)))
        .min()
}

/// Why something may not be done for a purpose that says nothing to the contact: tracking, profiling, sharing. Nothing where it
/// may. Asked are consent by the basis of the purpose, age and retention; addresses, hours and deadlines are not.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::model::Reason;
/// use journeyman::rule::permit::{Question, refusals};
/// use journeyman::rule::{Policy, Purpose, Standing};
/// use journeyman::time::Zone;
/// let (lea, nothing_said) = (Contact::new("lea"), Standing::default());
/// let question = Question::new(&lea, &nothing_said, "email", "tracking");
/// let policy = Policy::default().purpose(Purpose::tracking());
/// let now = "2026-03-23T10:00:00Z".parse()?;
/// assert_eq!(refusals(&question, &policy, &Zone::utc(), now), [Reason::NoConsent]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn refusals(question: &Question<'_>, policy: &Policy, zone: &Zone, now: DateTime<Utc>) -> Vec<Reason> {
    let address = question.contact.addresses.get(question.channel);
    let fingerprint = address.and_then(|address| address.fingerprint);
    let mut reasons = Vec::new();
    let named = policy.find(question.purpose);
    forbidding(question, named, policy, zone, fingerprint, now, &mut reasons);
    reasons
}

/// Why something may not be said at any hour, to a colleague who is sent a test. Nothing where it may.
pub(crate) fn untellable(
    question: &Question<'_>,
    policy: &Policy,
    zone: &Zone,
    now: DateTime<Utc>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let fingerprint = unreachable(question, &mut reasons);
    let named = policy.find(question.purpose);
    forbidding(question, named, policy, zone, fingerprint, now, &mut reasons);
    reasons
}

/// Whether the contact has an address on the channel, and one that is not suppressed.
fn unreachable(question: &Question<'_>, reasons: &mut Vec<Reason>) -> Option<Fingerprint> {
    let Question { contact, standing, channel, .. } = *question;
    let address = contact.addresses.get(channel);
    let fingerprint = address.and_then(|address| address.fingerprint);
    if address.is_none() {
        reasons.push(Reason::NoAddress);
    }
    if question.suppressed || standing.is_suppressed(channel, fingerprint) {
        reasons.push(Reason::Suppressed);
    }
    fingerprint
}

/// Whether the words are for what they are said for: what is owed is said by a template that declares it, and what a
/// template declares is what it says.
fn declares(question: &Question<'_>, named: Option<&Purpose>) -> bool {
    match question.words {
        Words::Unknown => true,
        Words::Undeclared => !named.is_some_and(|named| named.basis.is_owed()) || is_on(Bug::OwedUnasked),
        Words::For(declared) => declared == question.purpose,
    }
}

/// The first instant at which every cap has room, and the caps that have none now.
fn room(
    question: &Question<'_>,
    named: Option<&Purpose>,
    policy: &Policy,
    zone: &Zone,
    now: DateTime<Utc>,
) -> (Option<DateTime<Utc>>, Vec<Reason>) {
    let Some(spoken) = question.spoken else { return (None, Vec::new()) };
    let owed = named.is_some_and(|named| named.basis.is_owed());
    let caps = policy.caps.iter().filter(|_| !owed);
    let caps =
        caps.filter(|cap| cap.concerns(question.channel, question.purpose) && cap.holds_for(spoken.rating));
    let full = caps.filter_map(|cap| Some((cap.opens_at(spoken.said, zone, now)?, cap.name.clone())));
    let by_law = match named.is_some_and(Policy::counts_by_law) {
        true => full_by_law(question, policy, spoken.said, zone, now),
        false => Vec::new(),
    };
    let (rooms, over): (Vec<_>, Vec<_>) =
        full.chain(by_law).map(|(at, name)| (at, Reason::Cap(name))).unzip();
    (rooms.into_iter().max(), over)
}

/// The caps of the law that have no room for what is asked.
fn full_by_law(
    question: &Question<'_>,
    policy: &Policy,
    said: &[Said],
    zone: &Zone,
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, Name)> {
    let channel = question.channel;
    let reader = || Whereabouts::of(question.contact, channel, policy, zone);
    let counts = |purpose: &str| policy.find(purpose).is_some_and(Policy::counts_by_law);
    law::full(&policy.profiles, channel, said, reader, counts, zone, now)
}

/// What a purpose is spared.
fn spared(named: Option<&Purpose>) -> Spared {
    named.map(Purpose::spares).unwrap_or_default()
}

/// The hours that the law leaves to what is asked.
fn legal<'a>(question: &Question<'_>, policy: &'a Policy, zone: &'a Zone, spared: Spared) -> Legal<'a> {
    let channel = question.channel;
    match spared.hours {
        true => Legal::default(),
        false => Legal::of(&policy.profiles, channel, zone, || {
            Whereabouts::of(question.contact, channel, policy, zone)
        }),
    }
}

/// When something is said at best: in the window of its step, and of that at the time of day that the contact prefers.
#[derive(Clone, Copy, Default)]
struct Hours<'a> {
    window: Option<&'a WeeklyWindow>,
    preferred: Option<DailyWindow>,
}

/// What says when a question is open.
struct Open<'a> {
    question: &'a Question<'a>,
    policy: &'a Policy,
    zone: &'a Zone,
    spared: Spared,
    legal: Legal<'a>,
}

impl Open<'_> {
    /// The first instant at or after `now` outside all quiet hours, within the hours of the law and inside the window, and why it
    /// is not `now`.
    fn first_allowed(
        &self,
        now: DateTime<Utc>,
        hours: Hours<'_>,
        reasons: &mut Vec<Reason>,
    ) -> DateTime<Utc> {
        let Self { question, policy, zone, spared, legal } = self;
        let utc = Zone::utc();
        let mut at = now;
        let clock = if is_on(Bug::WindowInUtc) { &utc } else { zone };
        let likes_on = if is_on(Bug::PreferredTimeInUtc) { &utc } else { zone };
        let (mut closed, mut shut) = (Opening::default(), false);
        // Quiet hours and window take turns in pushing the instant on; two weeks show every week that there can be.
        for _ in 0..MOST_TURNS {
            let quiet = policy.quiet.iter();
            let mut quiet = quiet
                .filter(|quiet| !spared.hours && quiet.concerns(question.channel, question.purpose))
                .peekable();
            let shown = quiet.peek().map(|_| legal.time_of_day(at, zone));
            let quiet = quiet.filter(|quiet| shown.is_some_and(|shown| quiet.window.contains(shown)));
            // None is the least.
            let loud = quiet.filter_map(|quiet| quiet.window.end_after(at, zone)).max();
            let opening = legal.next_open(loud.unwrap_or(at));
            let lawful = opening.at.unwrap_or_else(never);
            if at == now && lawful > now {
                // What is closed by itself now is a reason, also where something else stays closed for longer.
                closed = if loud.is_some() { legal.looked_at(now) } else { opening };
                shut = hours.window.is_some_and(|window| !window.contains(clock.local(now)));
            }
            let open = hours.window.map(|window| window.opens_at(lawful, clock).unwrap_or_else(never));
            let open = open.unwrap_or(lawful);
            let liked =
                hours.preferred.map(|preferred| preferred.opens_at(open, likes_on).unwrap_or_else(never));
            let next = liked.unwrap_or(open);
            let mut note = |holds: bool, reason: Reason| {
                if holds && !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            };
            note(loud.is_some(), Reason::QuietHours);
            note(opening.hours || closed.hours, Reason::LegalHours);
            note(opening.holiday || closed.holiday, Reason::Holiday);
            note(shut || open > lawful, Reason::Window);
            note(next > open, Reason::PreferredTime);
            if next == at || opening.at.is_none() {
                return next;
            }
            at = next;
        }
        never()
    }
}

/// Whether the rules and a window leave any instant from `now` on, for somebody who allows everything.
pub(crate) fn ever_opens(
    channel: &str,
    purpose: &str,
    policy: &Policy,
    zone: &Zone,
    window: Option<&WeeklyWindow>,
    now: DateTime<Utc>,
) -> bool {
    let (nobody, standing) = (Contact::new(""), Standing::default());
    let question = Question::new(&nobody, &standing, channel, purpose);
    let spared = spared(policy.find(purpose));
    let legal = legal(&question, policy, zone, spared);
    let open = Open { question: &question, policy, zone, spared, legal };
    open.first_allowed(now, Hours { window, preferred: None }, &mut Vec::new()) != never()
}

/// How often quiet hours and window may push each other on before they are taken to exclude each other.
const MOST_TURNS: u32 = 64;

/// Where no instant is allowed: the last one that the house counts with.
fn never() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(253_370_764_800_000).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
