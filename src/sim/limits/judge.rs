//! What must hold of everything that begins, is put off or is decided in a seed with limits.

use chrono::{DateTime, Utc};

use super::drawn::{Law, Limits};
use super::ledger::{Decided, Said, Seized};
use super::plain::{later, minutes, time_of_day};
use super::rules::{BILL_SAYS, CHANNELS, Most, OF_AGE, OWED, SILENCE, STOP, URGENT, WAYS};
use crate::model::{Handover, Message, MessageId, Outcome, Reason, Step, StepOutcome};
use crate::port::store::{Begin, Begun, StoredContact, TakenBatch, Verdict};
use crate::sim::consent::{BASE, is_owed};
use crate::sim::fixture::{NOWHERE, PURPOSES, place};
use crate::sim::truth::Seen;
use crate::testing::Invariant;

/// The steps whose channel and purpose are asked when they put something off.
const SENDS: [(&str, &str, &str, &str); 15] = [
    ("welcome", "proof", "sms", "marketing"),
    ("welcome", "objection", "letter", "marketing"),
    ("careful", "plan_b", "sms", "onboarding"),
    ("nightly", "note", "letter", "onboarding"),
    ("nudge", "poke", "sms", "onboarding"),
    ("weekly", "news", "letter", "marketing"),
    ("workshop", "say", "letter", "onboarding"),
    ("few", "welcome_in", "letter", "onboarding"),
    ("asks", "letter", "letter", "onboarding"),
    ("urgent", "urgent", "sms", "marketing"),
    ("says", "tip", "email", "tips"),
    ("says", "shop", "sms", "shop"),
    ("says", "news", "sms", "onboarding"),
    ("says", "mail", "email", "marketing"),
    ("declines", "nothing", "sms", "onboarding"),
];

/// The longest that a wait for hours is walked through, minute by minute.
const LONGEST: i64 = 6;

type Found = Vec<(Invariant, String)>;

impl Seen {
    fn finds(&mut self, found: Found) {
        for (invariant, found) in found {
            self.breach(invariant, found);
        }
    }

    /// A place number of a person; nobody's where it is unknown.
    pub(super) fn lives_at(&self, person: &str) -> usize {
        self.people.get(person).map_or(NOWHERE, |seen| seen.place)
    }

    /// Whether hours and quiet hours leave an instant open for a message to somebody.
    pub(super) fn is_open(&self, limits: &Limits, to: &Decided, at: i64) -> bool {
        let number = self.lives_at(&to.person);
        let time = time_of_day(place(number), at) / 60_000;
        let quiet = to.channel == "sms" && to.purpose == "marketing" && !(510..1_200).contains(&time);
        let lawful = limits.whereabouts(&to.person, number).is_open(&limits.hours(&to.channel), at);
        lawful && !quiet
    }

    /// A worker took messages, whose contacts stood like this.
    pub(in crate::sim) fn limits_taken(&mut self, batch: &TakenBatch, contacts: &[Option<StoredContact>]) {
        self.editions.takes(batch);
        self.limits.takes(batch, contacts);
    }

    /// A worker's answers took effect.
    pub(in crate::sim) fn limits_answered(&mut self, judged: &[Begin], begun: &[Begun]) {
        if judged.is_empty() {
            return;
        }
        self.editions.answered(judged, begun);
        let ids: Vec<MessageId> = judged.iter().map(|begin| begin.message).collect();
        let mut said = Vec::new();
        for (begin, begun) in judged.iter().zip(begun) {
            match (begun, &begin.verdict) {
                (Begun::Begun { attempt, .. }, Verdict::Send { content, .. }) => {
                    said.push((begin.message, begin.taken_at, *attempt, content.text.as_deref()));
                }
                (Begun::Answered, verdict) => self.limits_kept_back(begin.message, begin.taken_at, verdict),
                _ => {}
            }
        }
        self.limits_hold(&ids, &said);
    }

    /// A worker's begins took effect: those that began, among all that it judged.
    fn limits_hold(&mut self, judged: &[MessageId], begun: &[(MessageId, DateTime<Utc>, u32, Option<&str>)]) {
        let Some(limits) = self.limits.limits.clone() else { return };
        for (id, taken_at, attempt, text) in begun {
            let seized: Vec<Decided> = self
                .limits
                .seized(*id, *taken_at)
                .iter()
                .filter_map(|take| take.messages.get(id).cloned())
                .collect();
            // A call to the host is limited by nothing.
            let Some(own) = seized.first().cloned() else { continue };
            let mut found = Found::new();
            self.hours_hold(&limits, *id, &own, *taken_at, &mut found);
            self.person_may_be_told(&limits, *id, &seized, &mut found);
            self.priority_holds(&limits, *id, *taken_at, judged, &mut found);
            if own.purpose == OWED {
                self.count("limit_owed_judged");
                if *attempt == 1 && text.is_some_and(|text| text != BILL_SAYS) {
                    found.push((Invariant::C19, format!("{id} is owed, and says {text:?}")));
                }
            }
            let said = Said {
                person: own.person.clone(),
                channel: own.channel.clone(),
                purpose: own.purpose.clone(),
                at: self.now().timestamp_millis(),
            };
            self.limits.said.insert(*id, said);
            self.caps_hold(&limits, *id, &seized, &mut found);
            self.finds(found);
        }
    }

    /// C15.
    fn hours_hold(
        &mut self,
        limits: &Limits,
        id: MessageId,
        own: &Decided,
        taken_at: DateTime<Utc>,
        found: &mut Found,
    ) {
        let whereabouts = limits.whereabouts(&own.person, self.lives_at(&own.person));
        if limits.hours(&own.channel).is_empty() || own.purpose == OWED {
            return;
        }
        self.count("limit_hours_judged");
        if whereabouts.spots.is_empty() {
            self.count("limit_hours_of_nobody");
        }
        if whereabouts.clock.is_none() {
            self.count("limit_hours_of_every_clock");
        }
        if !self.is_open(limits, own, taken_at.timestamp_millis()) {
            let told = format!("{id} by {} to {} has begun outside the hours", own.channel, own.person);
            found.push((Invariant::C15, told));
        }
    }

    /// C22 and C23.
    fn person_may_be_told(&mut self, limits: &Limits, id: MessageId, seized: &[Decided], found: &mut Found) {
        let Some(own) = seized.first().filter(|own| !is_owed(&own.purpose)) else { return };
        if limits.silence {
            self.count("limit_silence_judged");
            let clock = place(self.lives_at(&own.person));
            let heard = self.limits.heard.get(&own.person).copied();
            if heard.is_none_or(|at| later(clock, at, SILENCE, 0) <= self.now().timestamp_millis()) {
                found.push((Invariant::C22, format!("{id} has begun, and {} is silent", own.person)));
            }
        }
        let is_minor = |own: &Decided| own.age.is_some_and(|age| age < OF_AGE);
        if limits.minors && seized.iter().all(is_minor) {
            self.count("limit_minor_judged");
            let yes = (own.person.clone(), own.purpose.clone(), own.channel.clone());
            if !self.limits.guarded.contains(&yes) {
                found.push((
                    Invariant::C23,
                    format!("{id} has begun, and no guardian of {} allowed it", own.person),
                ));
            }
        }
    }

    /// C16: the window that ends now holds no more than it may.
    fn caps_hold(&mut self, limits: &Limits, id: MessageId, seized: &[Decided], found: &mut Found) {
        let Some(own) = seized.first() else { return };
        let now = self.now().timestamp_millis();
        let lives_at = self.lives_at(&own.person);
        let may_be_there = |_: &&Most| !limits.whereabouts(&own.person, lives_at).spots.is_empty();
        let by_law = limits.law_cap().filter(may_be_there);
        if by_law.is_some_and(|cap| cap.concerns(&own.channel, &own.purpose)) {
            self.count("limit_law_cap_judged");
        }
        let caps = limits.caps().chain(by_law);
        for cap in caps.filter(|cap| cap.concerns(&own.channel, &own.purpose)) {
            // A tier may have changed between two takes of one instant.
            if cap.tier.is_some_and(|tier| seized.iter().any(|own| own.tier.as_deref() != Some(tier))) {
                continue;
            }
            let inside = self.inside(cap, &own.person, now);
            self.count(if cap.tier.is_some() { "limit_tier_cap_judged" } else { "limit_cap_judged" });
            if inside == cap.most {
                self.count("limit_cap_full");
            }
            if inside > cap.most {
                let told = format!(
                    "with {id} there are {inside} in the window of {:?} for {}",
                    cap.name, own.person
                );
                found.push((Invariant::C16, told));
            }
        }
    }

    fn inside(&self, cap: &Most, person: &str, now: i64) -> usize {
        let clock = place(self.lives_at(person));
        let counted = self.limits.said.values().filter(|said| {
            said.person == person
                && cap.concerns(&said.channel, &said.purpose)
                && later(clock, said.at, cap.days, cap.hours) > now
        });
        counted.count()
    }

    /// C17: what is more urgent was judged before something less urgent takes a place.
    fn priority_holds(
        &mut self,
        limits: &Limits,
        id: MessageId,
        taken_at: DateTime<Utc>,
        judged: &[MessageId],
        found: &mut Found,
    ) {
        let capped = |own: &Decided| limits.caps().any(|cap| cap.concerns(&own.channel, &own.purpose));
        let is_passed_over = |take: &&Seized| {
            let Some(own) = take.messages.get(&id).filter(|own| capped(own) && own.journey != URGENT) else {
                return false;
            };
            take.messages.iter().any(|(other, urgent)| {
                urgent.person == own.person
                    && urgent.journey == URGENT
                    && capped(urgent)
                    && !judged.contains(other)
            })
        };
        let takes = self.limits.seized(id, taken_at);
        let passed_over = !takes.is_empty() && takes.iter().all(is_passed_over);
        let contended = takes.iter().any(|take| {
            let own = take.messages.get(&id);
            own.is_some_and(|own| {
                capped(own)
                    && take
                        .messages
                        .iter()
                        .any(|(other, more)| *other != id && more.person == own.person && capped(more))
            })
        });
        if contended {
            self.count("limit_priority_judged");
        }
        if passed_over {
            found.push((Invariant::C17, format!("{id} has begun before what is more urgent was asked")));
        }
    }

    /// Whether a provider refused a message at its first attempt, for certain.
    pub(in crate::sim) fn refused_at_once(&self, id: MessageId) -> bool {
        let first = self.messages.get(&id).and_then(|message| message.called.get(&1).cloned());
        matches!(first, Some(Some(Outcome::Refused { .. })))
    }

    /// What nobody got takes no place.
    pub(in crate::sim) fn place_comes_back(&mut self, id: MessageId) {
        if self.limits.said.remove(&id).is_some() {
            self.count("limit_place_given_back");
        }
    }

    /// Something was not begun, and why.
    fn limits_kept_back(&mut self, id: MessageId, taken_at: DateTime<Utc>, verdict: &Verdict) {
        let Some(limits) = self.limits.limits.clone() else { return };
        if let Verdict::Defer { reasons, .. } | Verdict::Refuse { reasons } = verdict {
            self.reasons_are_all(&limits, id, taken_at, reasons);
        }
        match verdict {
            Verdict::Defer { until, reasons } => {
                let own =
                    self.limits.seized(id, taken_at).first().and_then(|take| take.messages.get(&id).cloned());
                let Some(own) = own else { return };
                if reasons.iter().any(|reason| matches!(reason, Reason::Cap(_))) {
                    self.count("limit_cap_deferred");
                }
                self.waits_no_longer(&limits, &own, taken_at, *until, reasons, &id.to_string());
            }
            Verdict::Refuse { reasons } => self.limits_refused(reasons),
            _ => {}
        }
    }

    fn limits_refused(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            match reason {
                Reason::Cap(_) => self.count("limit_cap_dropped"),
                Reason::NoOptOut => self.count("limit_way_out_refused"),
                Reason::NotDeclared => self.count("limit_owed_refused"),
                Reason::Lapsed => self.count("limit_silence_refused"),
                Reason::Minor => self.count("limit_minor_refused"),
                _ => {}
            }
        }
    }

    /// C15: what waits for hours alone waits until the first minute in which they are open.
    fn waits_no_longer(
        &mut self,
        limits: &Limits,
        own: &Decided,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reasons: &[Reason],
        what: &str,
    ) {
        let by_hours =
            |reason: &Reason| matches!(reason, Reason::LegalHours | Reason::Holiday | Reason::QuietHours);
        if !reasons.iter().all(by_hours)
            || (until - from).num_days() > LONGEST
            || limits.hours(&own.channel).is_empty()
        {
            return;
        }
        self.count("limit_hours_deferred");
        if reasons.contains(&Reason::Holiday) {
            self.count("limit_holiday_deferred");
        }
        let open = |at: DateTime<Utc>| self.is_open(limits, own, at.timestamp_millis());
        let sooner = std::iter::once(from).chain(minutes(from, until)).find(|at| open(*at));
        if let Some(sooner) = sooner {
            let told = format!(
                "{what} by {} to {} waits until {until}, and could begin at {sooner}",
                own.channel, own.person
            );
            self.breach(Invariant::C15, told);
        } else if !open(until) {
            let told = format!(
                "{what} by {} to {} waits until {until}, when nothing is open",
                own.channel, own.person
            );
            self.breach(Invariant::C15, told);
        }
    }

    /// A commit took effect.
    pub(in crate::sim) fn limits_step(&mut self, row: u64, step: &Step) {
        self.likes_step(row, step);
        self.step_decided(row, step);
        let Some(limits) = self.limits.limits.clone() else { return };
        self.step_names_its_rules(&limits, step);
        match &step.outcome {
            StepOutcome::Refused { reasons } => {
                self.limits_refused(reasons);
                if let Some((own, what)) = self.sending(row, step) {
                    self.all_are_named(&limits, &[own], step.at, reasons, &what);
                }
            }
            // An answer for which a step withdraws is the person's.
            StepOutcome::Withdrawn => {
                if let Some(person) = self.rows.get(&row).cloned() {
                    self.limits.heard_of(&person.into(), step.at);
                }
            }
            StepOutcome::Deferred { until, reasons } => {
                let Some((own, what)) = self.sending(row, step) else { return };
                self.all_are_named(&limits, std::slice::from_ref(&own), step.at, reasons, &what);
                self.waits_no_longer(&limits, &own, step.at, *until, reasons, &what);
            }
            _ => {}
        }
    }

    /// What a step would have said, and what it is called.
    fn sending(&self, row: u64, step: &Step) -> Option<(Decided, String)> {
        let send =
            SENDS.iter().find(|send| send.0 == step.journey.as_str() && send.1 == step.node.as_str())?;
        let own = Decided {
            person: self.rows.get(&row).cloned()?,
            channel: send.2.into(),
            purpose: send.3.into(),
            journey: send.0.into(),
            tier: None,
            age: None,
        };
        Some((own, format!("the step {} of {}", send.1, send.0)))
    }

    /// C24: a message was decided that may go by one channel or another. Where its contact never took anything back, the first one
    /// that its contact allowed from the beginning must be open for nothing less than its hours.
    pub(in crate::sim) fn limits_choice(&mut self, message: &Message) {
        self.likes_decided(message);
        let Some(limits) = self.limits.limits.clone() else { return };
        if message.journey.as_str() != WAYS {
            return;
        }
        let own = Decided::new(message);
        let prefers = limits.people.get(&own.person).and_then(|traits| traits.prefers.clone());
        let first = prefers.filter(|channel| CHANNELS.contains(&channel.as_str()));
        let first = first.unwrap_or_else(|| CHANNELS[0].to_owned());
        self.count(if first == own.channel { "limit_way_first" } else { "limit_way_second" });
        // A step asks what its own contact said, and nobody else.
        let untouched = !self.editions.are_amended
            && self.denials.iter().all(|denial| denial.by != own.person)
            && self.suppressed.keys().all(|(channel, _)| *channel != first)
            && self.ledger.is_untouched(&own.person, &first)
            && !limits.minors
            && !limits.silence;
        let allowed = self.people.get(&own.person).is_some_and(|seen| {
            // What was granted at the very beginning was read by then.
            seen.grants
                .iter()
                .take_while(|(.., order)| *order <= seen.first_grants)
                .any(|(purpose, channel, _)| purpose == PURPOSES[1] && *channel == first)
        });
        if first != own.channel && untouched && allowed {
            let by_first = Decided { channel: first.clone(), ..own.clone() };
            self.count("limit_way_judged");
            if self.is_open(&limits, &by_first, message.decided_at.timestamp_millis()) {
                let told =
                    format!("{} goes by {}, and {first} comes first and is open", message.id, own.channel);
                self.breach(Invariant::C24, told);
            }
        }
    }

    /// C18: a message leaves, in these bytes.
    pub(in crate::sim) fn limits_read(&mut self, handover: &Handover<'_>) {
        self.arrives_in_time(handover);
        let (message, content) = (handover.message, handover.content);
        if &*message.channel == "sms" && message.is_said() {
            self.length_is_right(handover);
        }
        let Some(limits) = self.limits.limits.as_ref() else { return };
        if message.call.is_some() || is_owed(&message.purpose) {
            return;
        }
        let person = message.contact.to_string();
        // Where the law of France may hold, whatever the host's own rules say.
        let by_law = limits.law == Law::France
            && !limits.whereabouts(&person, self.lives_at(&person)).spots.is_empty();
        let (says, links) = (by_law || limits.has_words(self.editions.are_amended), limits.links);
        if says && &*message.channel == "sms" {
            self.count("limit_opt_out_judged");
            if !content.text.as_deref().is_some_and(|text| text.contains(STOP)) {
                self.breach(
                    Invariant::C18,
                    format!("{} does not say how to stop it: {:?}", message.id, content.text),
                );
            }
        }
        if links && &*message.channel == "email" {
            self.count("limit_head_judged");
            let line = |name: &str| {
                let mut own = content.headers.iter().filter(|header| header.name() == name);
                own.next().map(|header| header.value().to_owned()).filter(|_| own.next().is_none())
            };
            let leads = line("List-Unsubscribe").is_some_and(|value| value.contains(&format!("<{BASE}")));
            let at_once =
                line("List-Unsubscribe-Post").is_some_and(|value| value == "List-Unsubscribe=One-Click");
            if !leads || !at_once {
                self.breach(Invariant::C18, format!("the head of {} names no way out", message.id));
            }
        }
    }
}
