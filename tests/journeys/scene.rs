//! A contact, the journeys that it can walk, and a clock that a story moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use journeyman::journey::{Migration, MigrationDefinition};
use journeyman::machine::{
    ContactState, Envelope, Input, InputKind, Pause, Program, ProgramParts, Signal, Transition,
};
use journeyman::model::{
    Answer, Deed, Delivery, DeliveryStatus, EnrollmentId, Evidence, ExitReason, Fact, InputId, Message,
    MessageId, Reason, Step, StepOutcome, Value,
};
use journeyman::{Consent, Contact, Event, Journey};

/// A story of one contact from Monday, 2 March 2026, 09:00 UTC on.
pub(crate) struct Scene {
    program: Program,
    parts: ProgramParts,
    state: ContactState,
    contact: String,
    log: Vec<Envelope>,
    now: DateTime<Utc>,
    record: Record,
    /// What was taken back, as the outbox would know it.
    taken_back: BTreeSet<MessageId>,
    shown: usize,
    /// What was published before, each with how much mail there was and when another publication came.
    former: Vec<(ProgramParts, usize, DateTime<Utc>)>,
}

/// So often one moment may be looked at until nothing is due; who needs more spins.
const MOST_TRANSITIONS: usize = 3;

/// Everything that came out, in order.
#[derive(Debug, Default, PartialEq)]
struct Record {
    steps: Vec<Step>,
    messages: Vec<Message>,
    cancel: Vec<EnrollmentId>,
    signals: Vec<Signal>,
}

impl Record {
    fn add(&mut self, transition: &Transition) {
        self.steps.extend(transition.steps.iter().cloned());
        self.messages.extend(transition.messages.iter().cloned());
        self.cancel.extend(transition.cancel.iter().copied());
        self.signals.extend(transition.signals.iter().cloned());
    }
}

/// `"03-04"` is that day of 2026 at midnight, `"03-04 10:30"` that minute, in UTC.
pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    let time = if text.len() == 5 { format!("{text}T00:00") } else { text.replace(' ', "T") };
    let seconds = if time.len() > 11 { "" } else { ":00" };
    format!("2026-{time}{seconds}Z").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// An attribute that holds an instant.
pub(crate) fn moment(text: &str) -> Value {
    Value::from(instant(text))
}

/// An attribute that holds a day.
pub(crate) fn day(text: &str) -> Value {
    Value::from(instant(text).date_naive())
}

/// Compiles what a test says of a journey; it is version 1 unless it says another.
pub(crate) fn journey(text: &str) -> Journey {
    let text = text.trim_start();
    let text = match text.strip_prefix('{') {
        _ if text.contains("version:") => text.to_owned(),
        Some(rest) => format!("{{ version: 1,{rest}"),
        None => format!("version: 1\n{text}"),
    };
    Journey::from_yaml(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

impl Scene {
    /// Lea, who can be reached by email and sms and allows `news` and `marketing` on both.
    pub(crate) fn of(journeys: &[&str]) -> Self {
        Self::with(journeys, |_| {})
    }

    /// The same, with a journey that is paused from one instant to another.
    pub(crate) fn paused(journeys: &[&str], journey: &str, pauses: &[(&str, &str)]) -> Self {
        let pauses =
            pauses.iter().map(|(from, until)| Pause::new(instant(from), Some(instant(until)))).collect();
        Self::with(journeys, |parts| drop(parts.pauses.insert(journey.into(), pauses)))
    }

    /// The same, with whatever else goes into the program.
    pub(crate) fn with(journeys: &[&str], change: impl FnOnce(&mut ProgramParts)) -> Self {
        Self::whose("lea", journeys, change)
    }

    /// The same for another contact.
    pub(crate) fn whose(contact: &str, journeys: &[&str], change: impl FnOnce(&mut ProgramParts)) -> Self {
        let mut parts = ProgramParts::default();
        parts.journeys = journeys.iter().map(|text| Arc::new(journey(text))).collect();
        change(&mut parts);
        let mut scene = Self {
            program: Program::new(parts.clone()),
            parts,
            state: ContactState::new(contact.into()),
            contact: contact.into(),
            log: Vec::new(),
            now: instant("03-02 09:00"),
            record: Record::default(),
            taken_back: BTreeSet::new(),
            shown: 0,
            former: Vec::new(),
        };
        scene.know(|lea| lea.address("email", "lea@example.org").address("sms", "+33639980001"));
        for (purpose, channel) in
            [("news", "email"), ("news", "sms"), ("marketing", "email"), ("marketing", "sms")]
        {
            let consent = Consent::granted(contact, purpose, channel, Evidence::new("form", "v1"));
            scene.hear(Input::from(consent).kind);
        }
        scene
    }

    /// Something reaches the mailbox.
    pub(crate) fn hear(&mut self, kind: InputKind) {
        let seq = self.log.len() as u64 + 1;
        let id = InputId::from_place(&self.contact.as_str().into(), seq);
        self.log.push(Envelope::new(seq, id, self.now, kind));
        let mail = [self.log[self.log.len() - 1].clone()];
        self.fold(&mail);
    }

    fn fold(&mut self, mut mail: &[Envelope]) {
        for _ in 0..MOST_TRANSITIONS {
            let transition = self.program.transition(self.state.clone(), mail, self.now);
            self.record.add(&transition);
            let messages = self.record.messages.iter();
            let gone = messages.filter(|message| {
                transition.cancel.contains(&message.enrollment) && !transition.spared.contains(&message.id)
            });
            self.taken_back.extend(gone.map(|message| message.id));
            mail = &mail[transition.consumed..];
            self.state = transition.state;
            if mail.is_empty() && transition.due_at.is_none_or(|due| due > self.now) {
                return;
            }
        }
        panic!("the contact spins at {}", short(self.now));
    }

    /// Further journeys are published, or other versions of those that there are.
    pub(crate) fn publish(&mut self, journeys: &[&str]) {
        self.change(|parts| parts.journeys.extend(journeys.iter().map(|text| Arc::new(journey(text)))));
    }

    /// The program is another one from now on.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut ProgramParts)) {
        self.former.push((self.parts.clone(), self.log.len(), self.now));
        change(&mut self.parts);
        self.program = Program::new(self.parts.clone());
    }

    /// A migration reaches the contact, as its job tells it.
    pub(crate) fn migrate(&mut self, map: MigrationDefinition) {
        let migration = Migration::new(map, Deed::new("ana", "an edit"));
        self.hear(InputKind::Migrate(migration));
    }

    /// The version and the step of every run.
    pub(crate) fn stands(&self) -> Vec<String> {
        let runs = self.state.hot.enrollments.iter();
        runs.map(|run| format!("{}.{} {}", run.version, run.node, short(run.waiting.due_at().unwrap())))
            .collect()
    }

    /// Something happens now.
    pub(crate) fn event(&mut self, name: &str) {
        self.happens(name, |event| event);
    }

    /// Something happens now, of which more is known.
    pub(crate) fn happens(&mut self, name: &str, more: impl FnOnce(Event) -> Event) {
        let event = more(Event::new(self.contact.as_str(), name));
        self.hear(InputKind::Event(event));
    }

    /// More is known of the contact.
    pub(crate) fn know(&mut self, more: impl FnOnce(Contact) -> Contact) {
        let contact = more(Contact::new(self.contact.as_str()));
        self.hear(InputKind::Identify(contact));
    }

    /// Something became true.
    pub(crate) fn fact(&mut self, fact: Fact) {
        self.hear(InputKind::Fact(fact));
    }

    /// A score has another value.
    pub(crate) fn score(&mut self, name: &str, value: i64) {
        self.fact(Fact::Score { score: name.into(), value });
    }

    /// What became of the last message is known.
    pub(crate) fn answer(&mut self, accepted: bool) {
        let message = self.record.messages.last().map(|message| message.id).unwrap();
        let status = if accepted { DeliveryStatus::Accepted } else { DeliveryStatus::Parked };
        self.hear(InputKind::Delivery(Delivery::new(message, 1, self.now, status)));
    }

    /// The host answers the last call.
    pub(crate) fn host_answers(&mut self, answer: Answer) {
        let message = self.record.messages.last().map(|message| message.id).unwrap();
        self.host_answers_to(message, answer);
    }

    /// The host answers a call.
    pub(crate) fn host_answers_to(&mut self, message: MessageId, answer: Answer) {
        self.hear(InputKind::Answer { message, answer });
    }

    /// What the channel says of the last message is known.
    pub(crate) fn settles(&mut self, status: DeliveryStatus) {
        let message = self.record.messages.last().map(|message| message.id).unwrap();
        self.hear(InputKind::Delivery(Delivery::new(message, 1, self.now, status)));
    }

    /// Every message, calls included.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.record.messages
    }

    /// How often something was left out because the contact would have grown too large.
    pub(crate) fn too_large(&self) -> usize {
        self.record.signals.iter().filter(|signal| matches!(signal, Signal::TooLarge { .. })).count()
    }

    /// Time passes: every timer fires at its own instant.
    pub(crate) fn until(&mut self, text: &str) {
        let until = instant(text);
        loop {
            let due = self.program.transition(self.state.clone(), &[], self.now).due_at;
            match due.filter(|due| *due <= until) {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
            self.fold(&[]);
        }
        self.now = until;
        self.fold(&[]);
    }

    /// What was walked since this was asked last, a line for each step.
    pub(crate) fn walked(&mut self) -> Vec<String> {
        let steps = &self.record.steps[self.shown..];
        let lines = steps.iter().map(|step| self.line(step)).collect();
        self.shown = self.record.steps.len();
        lines
    }

    /// The templates of everything that was said and not taken back, each with the instant of its decision.
    pub(crate) fn said(&self) -> Vec<String> {
        let kept = self.record.messages.iter().filter(|message| !self.is_taken_back(message));
        kept.map(|message| format!("{} {}", short(message.decided_at), message.template)).collect()
    }

    /// The templates of everything that was taken back before it began.
    pub(crate) fn taken_back(&self) -> Vec<String> {
        let gone = self.record.messages.iter().filter(|message| self.is_taken_back(message));
        gone.map(|message| message.template.to_string()).collect()
    }

    /// What the program would say of an earlier moment: how many runs the contact is in.
    pub(crate) fn runs(&self) -> usize {
        self.state.hot.enrollments.len()
    }

    /// How often too much set itself off at one instant.
    pub(crate) fn overflows(&self) -> usize {
        self.record.signals.iter().filter(|signal| matches!(signal, Signal::Overflowed { .. })).count()
    }

    /// The run that the contact entered first, of those that have not ended.
    pub(crate) fn first_run(&self) -> EnrollmentId {
        self.state.hot.enrollments[0].id
    }

    /// What is known of the contact.
    pub(crate) fn contact(&self) -> &Contact {
        &self.state.cold.contact
    }

    /// The value of a score.
    pub(crate) fn points(&self, score: &str) -> i64 {
        self.state.hot.rating.score(score)
    }

    fn is_taken_back(&self, message: &Message) -> bool {
        self.taken_back.contains(&message.id)
    }

    fn line(&self, step: &Step) -> String {
        format!("{} {}.{} {}", short(step.at), step.journey, step.node, self.outcome(&step.outcome))
    }

    fn template(&self, id: MessageId) -> String {
        let known: BTreeMap<_, _> =
            self.record.messages.iter().map(|message| (message.id, &message.template)).collect();
        known.get(&id).map_or("?".into(), |template| template.to_string())
    }

    fn outcome(&self, outcome: &StepOutcome) -> String {
        match outcome {
            StepOutcome::Entered => "entered".into(),
            StepOutcome::Waited => "waited".into(),
            StepOutcome::Matched { alternative } => format!("matched {alternative}"),
            StepOutcome::TimedOut => "timed out".into(),
            StepOutcome::Branched { way: Some(way) } => format!("way {way}"),
            StepOutcome::Branched { way: None } => "else".into(),
            StepOutcome::Unknown { way } => format!("unknown {way}"),
            StepOutcome::Drawn { way } => format!("drawn {way}"),
            StepOutcome::Changed => "changed".into(),
            StepOutcome::Scored { value } => format!("scored {value}"),
            StepOutcome::Emitted { event } => format!("emitted {event}"),
            StepOutcome::Dropped { event } => format!("dropped {event}"),
            StepOutcome::Jumped { taken: true } => "jumped".into(),
            StepOutcome::Jumped { taken: false } => "jumped no more".into(),
            StepOutcome::Opened { enrollment: Some(_) } => "opened".into(),
            StepOutcome::Opened { enrollment: None } => "not opened".into(),
            StepOutcome::Returned { end } => format!("returned {end}"),
            StepOutcome::Left { runs } => format!("left {runs}"),
            StepOutcome::Replanned { until } => format!("replanned {}", short(*until)),
            StepOutcome::Migrated { from, to, node } => format!("migrated {from} to {to} at {node}"),
            StepOutcome::Merged { .. } => "merged".into(),
            StepOutcome::Sent { message } => format!("sent {}", self.template(*message)),
            StepOutcome::Deferred { until, reasons } => {
                format!("deferred {} {}", short(*until), words(reasons))
            }
            StepOutcome::Refused { reasons } => format!("refused {}", words(reasons)),
            StepOutcome::Settled { accepted: true, .. } => "accepted".into(),
            StepOutcome::Settled { accepted: false, .. } => "not accepted".into(),
            StepOutcome::Called { .. } => "called".into(),
            StepOutcome::Answered { result: Some(result), .. } => format!("answered {result}"),
            StepOutcome::Answered { result: None, .. } => "answered".into(),
            StepOutcome::Assigned { owner } => format!("assigned {owner}"),
            StepOutcome::Operated { what, by } => {
                let what = format!("{what:?}").to_lowercase().replace("released", "let go");
                format!("{what} by {}", by.who)
            }
            StepOutcome::Exited { reason } => format!("exited {}", end(reason)),
            other => panic!("no word for {other:?}"),
        }
    }

    /// Folds the whole log in one go; the story is checked so when it ends.
    fn again(&self) -> Record {
        let mut state = ContactState::new(self.contact.as_str().into());
        let mut record = Record::default();
        let mut from = 0;
        let last = (self.parts.clone(), self.log.len(), self.now);
        for (parts, until, now) in self.former.iter().chain([&last]) {
            let program = Program::new(parts.clone());
            let mut mail = &self.log[from..*until];
            from = *until;
            loop {
                let transition = program.transition(state, mail, *now);
                record.add(&transition);
                mail = &mail[transition.consumed..];
                state = transition.state;
                if mail.is_empty() && transition.due_at.is_none_or(|due| due > *now) {
                    break;
                }
            }
        }
        record
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.record, self.again(), "the same log in one go");
        }
    }
}

fn short(at: DateTime<Utc>) -> String {
    let whole = at.timestamp() % 60 == 0;
    at.format(if whole { "%m-%d %H:%M" } else { "%m-%d %H:%M:%S" }).to_string()
}

fn words(reasons: &[Reason]) -> String {
    let words: Vec<String> = reasons.iter().map(|reason| format!("{reason:?}").to_lowercase()).collect();
    words.join("+")
}

fn end(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Exit(name) => format!("by step {name}"),
        ExitReason::Goal(name) => format!("goal {name}"),
        ExitReason::Event(name) => format!("event {name}"),
        ExitReason::Fact(name) => format!("fact {name}"),
        other => other.word().to_string(),
    }
}
