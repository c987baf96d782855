//! Histories with one thing altered: exactly one invariant does not hold of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use journeyman::journey::{MigrationDefinition, OneOrMany, Waits};
use journeyman::machine::{ContactState, Envelope, InputKind, Passage, Program, ProgramParts, Scored};
use journeyman::model::{
    Answer, Call, Deed, Delivery, DeliveryStatus, Enrollment, EnrollmentId, ExitReason, Fingerprint, Hash,
    ImportRow, InputId, Message, MessageId, Operated, Reason, Sharing, SharingAct, Step, StepOutcome,
    Waiting,
};
use journeyman::port::store::{Definition, MessageRecord, MessageStatus};
use journeyman::rule::segment::Segments;
use journeyman::rule::{Policy, QuietHours};
use journeyman::store::MemoryStore;
use journeyman::testing::Invariant::{self, *};
use journeyman::testing::ManualClock;
use journeyman::testing::check::Checker;
use journeyman::time::Zone;
use journeyman::{Contact, Journey};

use crate::history::{Doctored, History};
use crate::population::{checker, live, start};

fn told(act: SharingAct) -> Sharing {
    Sharing::new(act, "maison-k", Fingerprint::from_bytes([7; 16]))
}

/// Makes a message one to a third party, at a place under its yes.
fn shared(message: &mut Message, act: SharingAct, place: u32) {
    let node = if act == SharingAct::Removal { "removal" } else { "export" };
    message.id = MessageId::derive(message.enrollment, place, message.decided_at);
    (message.channel, message.journey) = ("share:maison-k".into(), "share:maison-k".into());
    (message.template, message.node) = ("".into(), node.into());
    (message.purpose, message.sharing) = ("maison-k".into(), Some(told(act)));
}

impl History {
    /// The steps of the nth enrollment in a journey, as places in the list.
    fn passage(&self, journey: &str, nth: usize) -> Vec<usize> {
        let entered = |step: &&Step| step.journey.as_str() == journey && step.outcome == StepOutcome::Entered;
        let id = self.steps.iter().filter(entered).nth(nth).unwrap().enrollment;
        (0..self.steps.len()).filter(|step| self.steps[*step].enrollment == id).collect()
    }

    /// One step of the first enrollment in a journey.
    fn step(&mut self, journey: &str, ordinal: usize) -> &mut Step {
        let place = self.passage(journey, 0)[ordinal];
        &mut self.steps[place]
    }

    fn enrollment(&mut self, journey: &str) -> &mut Enrollment {
        let enrollments = &mut self.stored.state.hot.enrollments;
        enrollments.iter_mut().find(|enrollment| enrollment.journey.as_str() == journey).unwrap()
    }

    fn message(&mut self, journey: &str, status: MessageStatus) -> &mut MessageRecord {
        let wanted = |record: &&mut MessageRecord| {
            record.message.journey.as_str() == journey && record.status == status
        };
        self.messages.iter_mut().find(wanted).unwrap()
    }

    /// Alters what is kept of a score, and not what journeys see of it.
    fn score(&mut self, alter: impl FnOnce(&mut serde_json::Value)) {
        let rating = &mut self.stored.state.hot.rating;
        let mut json = serde_json::to_value(&*rating).unwrap();
        alter(&mut json["models"]["spark"]);
        *rating = serde_json::from_value(json).unwrap();
    }

    /// Where the answers of a message lie in the mail.
    fn told(&self, message: MessageId) -> Vec<usize> {
        let about = |envelope: &Envelope| matches!(&envelope.kind, InputKind::Delivery(delivery) if delivery.message == message);
        (0..self.mail.len()).filter(|place| about(&self.mail[*place])).collect()
    }

    /// Appends the steps of an enrollment once more, as those of another one, so much later.
    fn enter_again(&mut self, journey: &str, nth: usize, place: usize, by: TimeDelta) {
        let again: Vec<Step> =
            self.passage(journey, nth).into_iter().map(|place| self.steps[place].clone()).collect();
        for (number, mut step) in again.into_iter().enumerate() {
            step.enrollment = EnrollmentId::from_bytes([7; 16]);
            step.at += by;
            self.steps.insert(place + number, step);
        }
    }

    /// The map by which somebody was moved.
    fn map(&mut self) -> &mut MigrationDefinition {
        let maps = self.mail.iter_mut().filter_map(|envelope| match &mut envelope.kind {
            InputKind::Migrate(migration) => Some(&mut migration.map),
            _ => None,
        });
        maps.last().unwrap()
    }

    /// As if an operator had held the first enrollment in a journey before one of its steps.
    fn hold(&mut self, journey: &str, ordinal: usize) {
        let places = self.passage(journey, 0);
        let mut held = self.steps[places[ordinal]].clone();
        held.at = self.steps[places[ordinal - 1]].at;
        (held.next, held.outcome) =
            (None, StepOutcome::Operated { what: Operated::Held, by: Deed::new("ana", "asked for it") });
        for place in &places[ordinal..] {
            self.steps[*place].ordinal += 1;
        }
        self.steps.insert(places[ordinal], held);
    }

    /// As if nothing had become of a message.
    fn unsaid(record: &mut MessageRecord) {
        let message = record.message.clone();
        *record = MessageRecord::new(message);
    }
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

/// Somebody runs round in a circle that no version of the compiler lets pass.
fn whirl(history: &mut History) {
    let branch =
        |goto: &str| format!("branch: {{ when: [{{ if: {{ tag: x }}, goto: {goto} }}], else: {goto} }}");
    let text = format!(
        "journey: whirl\nversion: 1\nenter: {{ on: {{ event: spun }} }}\nsteps:\n  - {{ id: round, {} }}\n  - {{ id: about, {} }}\n",
        branch("about"),
        branch("round")
    );
    history.snapshot.definitions.push(Definition::Journey(journeyman::journey::parse_yaml(&text).unwrap()));
    let mut step = history.steps[0].clone();
    (step.enrollment, step.journey, step.version) = (EnrollmentId::from_bytes([7; 16]), "whirl".into(), 1);
    (step.node, step.next, step.outcome) = ("round".into(), Some("round".into()), StepOutcome::Entered);
    step.ordinal = 0;
    history.steps.push(step.clone());
    for ordinal in 1..=65 {
        step.node = step.next.clone().unwrap();
        step.next = Some(if ordinal % 2 == 1 { "about" } else { "round" }.into());
        (step.ordinal, step.outcome) = (ordinal, StepOutcome::Branched { way: None });
        history.steps.push(step.clone());
    }
    (step.ordinal, step.next) = (66, None);
    step.outcome = StepOutcome::Exited { reason: ExitReason::StepBudget };
    history.steps.push(step);
}

/// All commits say that they ran under a policy in which every hour is quiet but one, at night.
fn strict() -> Policy {
    Policy::new("strict").quiet(QuietHours::new("email", "03:00-02:00".parse().unwrap()))
}

fn strict_program(history: &History) -> Hash {
    let journeys = history.snapshot.definitions.iter().filter_map(|definition| match definition {
        Definition::Journey(journey) => Some(Arc::new(Journey::compile(journey).unwrap())),
        _ => None,
    });
    let mut parts = ProgramParts::default();
    for definition in &history.snapshot.definitions {
        if let Definition::Score(score) = definition {
            let scored = Scored::new(score.compile().unwrap().into(), score.history);
            parts.scores.insert(score.score.as_str().into(), scored);
        }
    }
    let segments = history.snapshot.definitions.iter().filter_map(|definition| match definition {
        Definition::Segment(segment) => Some(segment.clone()),
        _ => None,
    });
    parts.segments = Arc::new(Segments::compile(segments, &BTreeMap::new()).unwrap());
    parts.namespace = history.snapshot.namespace.clone();
    parts.journeys = journeys.collect();
    parts.pauses = history.snapshot.pauses.clone();
    parts.lines = history.snapshot.lines();
    parts.segments = Arc::new(Segments::compile(history.snapshot.segments().cloned(), &parts.lines).unwrap());
    parts.policy = strict();
    parts.zone = Zone::named("Europe/Paris").unwrap();
    Program::new(parts).hash
}

struct Case {
    name: &'static str,
    contact: &'static str,
    breaks: Invariant,
    alter: fn(&mut History),
}

macro_rules! cases {
    ($($breaks:ident $contact:ident $name:literal: $alter:expr;)+) => {
        &[$(Case { name: $name, contact: stringify!($contact), breaks: $breaks, alter: $alter }),+]
    };
}

const CASES: &[Case] = cases! {
    B7 lea "a message says what was never published": |h| h.message("welcome", MessageStatus::Accepted).content.as_mut().unwrap().template = Hash::of("template", &[b"another"]);
    X1 lea "a step in the middle is missing": |h| { let at = h.passage("welcome", 0)[2]; h.steps.remove(at); };
    X1 lea "the entry is missing": |h| { let at = h.passage("survey", 0)[0]; h.steps.remove(at); };
    X1 lea "a step leads along no edge": |h| h.step("welcome", 3).next = Some("morning".into());
    X1 lea "a step leads over the end too early": |h| h.step("welcome", 2).next = None;
    X1 lea "a step has an outcome that its node has not": |h| h.step("welcome", 2).outcome = StepOutcome::TimedOut;
    X1 lea "a branch goes a way that it has not": |h| {
        h.step("welcome", 3).outcome = StepOutcome::Branched { way: Some(4) };
    };
    X1 lea "a step goes back in time": |h| h.step("welcome", 5).at -= days(1);
    X1 lea "a step is a second entry": |h| h.step("welcome", 2).outcome = StepOutcome::Entered;
    X1 lea "an exit has a name that its node has not": |h| {
        let last = h.passage("welcome", 0).len() - 1;
        h.step("welcome", last).outcome = StepOutcome::Exited { reason: ExitReason::Exit("other".into()) };
    };
    X1 max "a goal is reached that is none": |h| {
        let last = h.passage("welcome", 0).len() - 1;
        h.step("welcome", last).outcome = StepOutcome::Exited { reason: ExitReason::Goal("other".into()) };
    };
    X1 lea "a journey is over before its end": |h| {
        let last = h.passage("welcome", 0).len() - 1;
        h.step("welcome", last).outcome = StepOutcome::Exited { reason: ExitReason::Completed };
    };
    X1 kim "what nobody waited for settles": |h| {
        let message = MessageId::from_bytes([7; 16]);
        h.step("cart", 2).outcome = StepOutcome::Settled { message, accepted: true };
    };
    X1 lea "a version is not published": |h| {
        h.snapshot.definitions.retain(|one| !matches!(one, Definition::Journey(one) if one.journey == "survey"));
    };
    X1 lea "an enrollment stood on an unknown node": |h| {
        let last = h.passage("welcome", 0).len() - 1;
        h.step("welcome", last).outcome = StepOutcome::Exited { reason: ExitReason::UnknownNode };
    };
    X12 vic "what was done is left as it is": |h| {
        // The run in the place of the other one: grow, mark, and the place that is given back.
        let [entered, grow, mark, ..] = h.passage("deal", 1)[..] else { panic!("nothing was undone") };
        assert_eq!(h.steps[entered].outcome, StepOutcome::Entered);
        h.steps[mark].node = h.steps[grow].node.clone();
        h.steps[mark].outcome = h.steps[grow].outcome.clone();
        h.steps[grow].next = Some(h.steps[grow].node.clone());
    };
    X12 vic "what was done is undone and no end asks for it": |h| {
        for one in &mut h.snapshot.definitions {
            if let Definition::Journey(one) = one && one.journey == "deal" {
                one.undo_on = OneOrMany::One("goal".to_owned());
            }
        }
    };
    X12 vic "nobody undoes what was done": |h| {
        for place in h.passage("deal", 1) {
            h.steps[place].enrollment = EnrollmentId::from_bytes([7; 16]);
        }
        let released = h.messages.iter().position(|one| one.message.node.as_str() == "hold.release").unwrap();
        let step = h.passage("deal", 1).into_iter().find(|place| h.steps[*place].node.as_str() == "hold.release");
        let (id, at) = (h.steps[step.unwrap()].ordinal, h.steps[step.unwrap()].at);
        h.messages[released].message.enrollment = EnrollmentId::from_bytes([7; 16]);
        let id = MessageId::derive(EnrollmentId::from_bytes([7; 16]), id, at);
        let old = std::mem::replace(&mut h.messages[released].message.id, id);
        for envelope in &mut h.mail {
            if let InputKind::Delivery(delivery) = &mut envelope.kind && delivery.message == old {
                delivery.message = id;
                envelope.id = InputId::from_attempt(id, delivery.attempt);
            }
        }
        h.steps[step.unwrap()].outcome = StepOutcome::Called { message: id };
    };
    X2 lea "a step is there twice": |h| {
        let at = h.passage("welcome", 0)[2];
        h.steps.insert(at, h.steps[at].clone());
    };
    X2 lea "a visit is consumed a second time, later": |h| {
        let at = *h.passage("welcome", 0).last().unwrap();
        let mut again = h.steps[at].clone();
        again.at += days(1);
        h.steps.push(again);
    };
    X2 lea "two steps sent one message": |h| {
        let first = h.step("welcome", 1).outcome.clone();
        let StepOutcome::Sent { message } = std::mem::replace(&mut h.step("welcome", 4).outcome, first) else { panic!() };
        h.messages.retain(|record| record.message.id != message);
    };
    X3 tom "an enrollment stands at another node": |h| h.enrollment("welcome").node = "more".into();
    X3 tom "an enrollment counts one step too many": |h| h.enrollment("course").ordinal += 1;
    X3 tom "an enrollment is lost": |h| {
        h.stored.state.hot.enrollments.retain(|enrollment| enrollment.journey.as_str() != "cart");
    };
    X3 tom "an enrollment came from nowhere": |h| h.steps.retain(|step| step.journey.as_str() != "course");
    X3 eva "the last step is missing": |h| { h.steps.pop(); };
    X3 lea "a step was taken on another version": |h| h.step("welcome", 3).version = 2;
    X3 tom "an enrollment stands on another version": |h| h.enrollment("welcome").version = 1;
    X3 tom "an enrollment forgot when it entered": |h| h.enrollment("course").entered_at += days(1);
    X3 tom "an enrollment arrived before it was led there": |h| h.enrollment("course").arrived_at -= days(1);
    X15 tom "somebody who is barred is inside": |h| {
        h.stored.state.hot.barred.insert("cart".into(), Deed::new("ana", "asked for it"));
    };
    X16 lea "a held run goes on": |h| h.hold("survey", 1);
    X17 lea "an import opens a journey": |h| {
        let bought = |envelope: &&mut Envelope| matches!(&envelope.kind, InputKind::Event(event) if &*event.name == "bought");
        let envelope = h.mail.iter_mut().find(bought).unwrap();
        envelope.kind = InputKind::Import { row: ImportRow::new(Contact::new("lea")), triggers: false };
    };
    X4 lea "a commit is missing": |h| { h.commits.remove(3); };
    X4 lea "the first commit is missing": |h| { h.commits.remove(0); };
    X4 lea "the last commit is missing": |h| { h.commits.pop(); };
    X4 lea "a commit is there twice": |h| h.commits.insert(3, h.commits[3].clone());
    X4 lea "a commit ran before the one before it": |h| h.commits[3].now = h.commits[2].now - days(1);
    X4 lea "a commit read less than the one before it": |h| h.commits[3].read_seq = 0;
    X4 lea "the contact has a revision that no commit gave it": |h| h.stored.revision += 1;
    X4 lea "the contact read further than its commits": |h| h.stored.read_seq += 1;
    X4 lea "the state is of another instant": |h| h.stored.state.hot.now += days(1);
    X4 lea "all commits are missing": |h| h.commits.clear();
    X5 tom "an enrollment that ended has a state": |h| {
        let at = *h.passage("welcome", 0).last().unwrap();
        let mut end = h.steps[at].clone();
        end.node = end.next.take().unwrap();
        (end.ordinal, end.outcome) = (end.ordinal + 1, StepOutcome::Exited { reason: ExitReason::StepBudget });
        h.steps.push(end);
    };
    X5 max "a step follows the end": |h| {
        let at = *h.passage("welcome", 0).last().unwrap();
        let mut more = h.steps[at].clone();
        more.ordinal += 1;
        h.steps.push(more);
    };
    X5 max "what the end took back still waits to be sent": |h| {
        History::unsaid(h.message("welcome", MessageStatus::Accepted));
    };
    X6 lea "a journey of once in a life is entered twice": |h| {
        h.enter_again("course", 0, h.steps.len(), TimeDelta::zero());
    };
    X6 lea "somebody is in a journey twice at once": |h| {
        let at = h.passage("cart", 0)[1];
        h.enter_again("survey", 0, at, TimeDelta::zero());
        let first = h.passage("survey", 0)[0];
        let second = h.steps.iter().position(|step| step.enrollment == EnrollmentId::from_bytes([7; 16])).unwrap();
        let step = h.steps.remove(second);
        h.steps.insert(first + 1, step);
    };
    X6 lea "a journey is entered again too soon": |h| {
        for place in h.passage("survey", 1) {
            h.steps[place].at -= days(3);
        }
    };
    X7 lea "an attribute is not what was told": |h| {
        let cold = Arc::make_mut(&mut h.stored.state.cold);
        cold.contact.attributes.insert("plan".into(), "gold".into());
    };
    X7 lea "a journey forgot when it was entered": |h| { h.stored.state.hot.entries.insert("cart".into(), Passage::default()); };
    X7 lea "an event has another name": |h| {
        for envelope in &mut h.mail {
            if let InputKind::Event(event) = &mut envelope.kind {
                event.name = "other".into();
            }
        }
    };
    X7 lea "an input is there twice": |h| {
        let at = h.mail.iter().position(|envelope| matches!(envelope.kind, InputKind::Consent(_))).unwrap();
        h.mail.insert(at, h.mail[at].clone());
    };
    X7 lea "messages are in another order": |h| h.messages.swap(0, 1);
    X7 lea "steps of two enrollments are in another order": |h| {
        let entered = h.steps.remove(h.passage("survey", 0)[0]);
        h.steps.insert(0, entered);
    };
    X7 tom "an enrollment ends at another instant": |h| {
        h.enrollment("course").expires_at = Some(start() + days(3_000));
    };
    X8 lea "somebody runs in a circle": whirl;
    X11 cleo "a call is answered twice": |h| {
        let StepOutcome::Answered { message: first, .. } = h.step("asks", 2).outcome.clone() else { panic!() };
        let StepOutcome::Answered { message, .. } = &mut h.step("asks", 4).outcome else { panic!() };
        *message = first;
    };
    X11 cleo "an answer is to a call of nobody": |h| {
        let StepOutcome::Answered { message, .. } = &mut h.step("asks", 4).outcome else { panic!() };
        *message = MessageId::from_bytes([7; 16]);
    };
    X11 uma "an answer that was read leads nowhere": |h| {
        let at = h.commits.last().unwrap().now;
        let Waiting::Answer { message, .. } = h.enrollment("asks").waiting.clone() else { panic!() };
        h.stored.read_seq += 1;
        let seq = h.stored.read_seq;
        h.commits.last_mut().unwrap().read_seq = seq;
        let told = InputKind::Answer { message, answer: Answer::of("done") };
        h.mail.push(Envelope::new(seq, InputId::from_answer(message), at, told));
    };
    X11 uma "a call gives up that was answered in time": |h| {
        let asked = h.messages[0].message.clone();
        let told = InputKind::Answer { message: asked.id, answer: Answer::of("good").value("fit", 1) };
        // It lies where the mail lay that was read when the question was asked.
        let asking = h.commits.iter().find(|commit| commit.now >= asked.decided_at).unwrap().read_seq;
        h.mail.push(Envelope::new(asking, InputId::from_answer(asked.id), asked.decided_at, told));
    };
    X1 cleo "a call leads on and nobody answered it": |h| {
        h.step("asks", 2).outcome = StepOutcome::Waited;
    };
    S1 uma "an enrollment waits for a call of nobody": |h| {
        let until = h.enrollment("asks").waiting.due_at().unwrap();
        h.enrollment("asks").waiting = Waiting::Answer { message: MessageId::from_bytes([7; 16]), until };
    };
    S2 uma "a call gives up too early": |h| h.step("asks", 2).at -= TimeDelta::minutes(30);
    B1 cleo "a call is another question than its node": |h| h.messages[0].message.call = Some(Call::new("other"));
    B3 cleo "a call that was taken waits to be asked": |h| h.messages[0].status = MessageStatus::Pending;
    X13 rob "a run was led elsewhere than its map says": |h| drop(h.map().steps.insert("rest".into(), "more".into()));
    X13 rob "a wait is not what its map says": |h| h.map().waits = Waits::Restart;
    X13 rob "a run was left behind": |h| h.map().migrate = "club".into();
    X14 rob "somebody was enrolled who does not qualify": |h| {
        for envelope in &mut h.mail {
            if let InputKind::Identify(contact) = &mut envelope.kind {
                contact.tags.clear();
            }
        }
    };
    S1 tom "the contact wakes too late": |h| h.stored.due_at = h.stored.due_at.map(|due| due + days(1));
    S1 tom "the contact wakes too early": |h| h.stored.due_at = h.stored.due_at.map(|due| due - days(1));
    S1 tom "the contact never wakes": |h| h.stored.due_at = None;
    S1 bob "the contact wakes and waits for nothing": |h| h.stored.due_at = Some(start());
    S1 tom "an enrollment waits in a way that its node has not": |h| {
        let until = h.enrollment("course").waiting.due_at().unwrap();
        h.enrollment("course").waiting = Waiting::Event { until, stood: Vec::new() };
    };
    S1 zoe "an enrollment waits for a message of nobody": |h| {
        h.enrollment("cart").waiting = Waiting::Delivery { message: MessageId::from_bytes([7; 16]) };
    };
    S1 zoe "an enrollment waits for what was read": |h| {
        let at = h.commits.last().unwrap().now;
        let record = h.message("cart", MessageStatus::Pending);
        record.status = MessageStatus::Refused;
        let status = DeliveryStatus::Refused { reasons: vec![Reason::Suppressed] };
        (record.answer, record.answered_at) = (Some(status.clone()), Some(at));
        let id = record.message.id;
        h.stored.read_seq += 1;
        let seq = h.stored.read_seq;
        h.commits.last_mut().unwrap().read_seq = seq;
        let told = InputKind::Delivery(Delivery::new(id, 0, at, status));
        h.mail.push(Envelope::new(seq, InputId::from_attempt(id, 1), at, told));
    };
    S2 lea "a wait ends too early": |h| h.step("welcome", 2).at -= TimeDelta::minutes(30);
    S2 noe "a wait for an event gives up too early": |h| {
        let place = h.passage("welcome", 0).into_iter().find(|place| h.steps[*place].outcome == StepOutcome::TimedOut);
        h.steps[place.unwrap()].at -= TimeDelta::hours(30);
    };
    S2 noe "a wait ends too late": |h| {
        for ordinal in 2..4 {
            h.step("welcome", ordinal).at += TimeDelta::minutes(1);
        }
    };
    S2 lea "a longest stay ends too late": |h| h.step("course", 2).at += TimeDelta::hours(1);
    S2 lea "a longest stay ends too early": |h| h.step("course", 2).at -= TimeDelta::hours(2);
    S2 eva "a deferred send is asked too early": |h| {
        let deferred = |step: &Step| matches!(step.outcome, StepOutcome::Deferred { .. });
        let at = h.steps.iter().position(deferred).unwrap();
        let StepOutcome::Deferred { until, .. } = &mut h.steps[at].outcome else { panic!() };
        *until += days(1);
    };
    B1 lea "a message is lost": |h| { h.messages.pop(); };
    B1 lea "a message is there twice": |h| h.messages.push(h.messages[0].clone());
    B1 lea "a message was sent by no step": |h| {
        let mut more = h.messages[0].clone();
        more.message.id = MessageId::from_bytes([7; 16]);
        History::unsaid(&mut more);
        h.messages.push(more);
    };
    B1 lea "a message was sent by no step and calls itself a third party's": |h| {
        let mut more = h.messages[0].clone();
        more.message.id = MessageId::from_bytes([7; 16]);
        more.message.sharing = Some(told(SharingAct::Export));
        History::unsaid(&mut more);
        h.messages.push(more);
    };
    B1 lea "a removal stands at the place of an export": |h| {
        let mut more = h.messages[0].clone();
        shared(&mut more.message, SharingAct::Removal, 1);
        History::unsaid(&mut more);
        h.messages.push(more);
    };
    B1 lea "a message has another template than its node": |h| h.messages[0].message.template = "other".into();
    B1 lea "a message is of another node": |h| h.messages[0].message.node = "gift".into();
    B1 lea "a message is for somebody else": |h| h.messages[0].message.contact = "tom".into();
    B1 zoe "a message has an id of its own": |h| {
        let id = MessageId::from_bytes([7; 16]);
        h.message("cart", MessageStatus::Pending).message.id = id;
        h.step("cart", 1).outcome = StepOutcome::Sent { message: id };
        h.enrollment("cart").waiting = Waiting::Delivery { message: id };
    };
    B3 lea "what was accepted was never begun": |h| h.message("welcome", MessageStatus::Accepted).attempts = 0;
    B3 lea "what was accepted waits to be sent": |h| h.messages[0].status = MessageStatus::Pending;
    B3 lea "what was accepted is begun again": |h| h.messages[0].status = MessageStatus::Begun;
    B3 lea "what was accepted is refused": |h| h.messages[0].status = MessageStatus::Refused;
    B3 lea "what was accepted is parked": |h| h.messages[0].status = MessageStatus::Parked;
    B3 lea "what was accepted is taken back": |h| h.messages[0].status = MessageStatus::Cancelled;
    B3 joe "what was refused is accepted": |h| {
        h.message("cart", MessageStatus::Refused).status = MessageStatus::Accepted;
    };
    B3 lea "an answer is lost": |h| h.messages[0].answer = None;
    B3 lea "an answer came at no time": |h| h.messages[0].answered_at = None;
    B3 zoe "what was never begun says something": |h| {
        let content = h.messages[0].content.clone();
        assert!(content.is_none());
        h.messages[0].content = Some(serde_json::from_str(&format!("{{\"template\":\"{}\"}}", Hash::default())).unwrap());
    };
    B3 zoe "what was never answered waits for an instant of its own": |h| h.messages[0].not_before += days(1);
    B3 zoe "what has begun has no attempt": |h| h.messages[0].status = MessageStatus::Begun;
    B3 max "what has begun says nothing": |h| {
        let record = &mut h.messages[0];
        History::unsaid(record);
        (record.status, record.attempts) = (MessageStatus::Begun, 1);
    };
    B4 lea "nobody was told of an answer": |h| { let at = h.told(h.messages[0].message.id)[0]; h.mail.remove(at); };
    B4 lea "somebody was told of another answer": |h| {
        let at = h.told(h.messages[0].message.id)[0];
        let InputKind::Delivery(delivery) = &mut h.mail[at].kind else { panic!() };
        delivery.status = DeliveryStatus::Parked;
    };
    B4 lea "an answer has an id of its own": |h| {
        let at = h.told(h.messages[0].message.id)[0];
        h.mail[at].id = InputId::from_bytes([7; 16]);
    };
    B4 kim "the first of two answers is missing": |h| {
        let at = h.told(h.messages[0].message.id);
        assert_eq!(at.len(), 2);
        h.mail.remove(at[0]);
    };
    C1 lea "a consent was altered": |h| h.consents[0].evidence.source = "other".into();
    C1 lea "a consent in the middle is missing": |h| { h.consents.remove(0); };
    C1 lea "the newest consent is missing": |h| { h.consents.pop(); };
    C1 lea "a consent is there twice": |h| h.consents.push(h.consents[1].clone());
    C1 lea "the standing allows nothing": |h| {
        Arc::make_mut(&mut h.stored.state.cold).standing = ContactState::new("lea".into()).cold.standing.clone();
    };
    C1 lea "the standing allows what was never granted": |h| {
        let cold = Arc::make_mut(&mut h.stored.state.cold);
        let text = serde_json::to_string(&cold.standing).unwrap();
        assert!(text.contains("\"onboarding\":{\"email\""), "{text}");
        let text = text.replace("\"onboarding\":{\"email\"", "\"onboarding\":{\"sms\"");
        cold.standing = serde_json::from_str(&text).unwrap();
    };
    C1 lea "nothing was ever granted": |h| {
        h.consents.clear();
        Arc::make_mut(&mut h.stored.state.cold).standing = ContactState::new("lea".into()).cold.standing.clone();
    };
    C3 pam "what was withdrawn still waits to be sent": |h| {
        let told = h.told(h.messages[0].message.id);
        assert_eq!(told.len(), 2, "it was tried, and then taken back");
        h.mail.remove(told[1]);
        let InputKind::Delivery(delivery) = h.mail[told[0]].kind.clone() else { panic!() };
        let DeliveryStatus::Retry { at } = delivery.status else { panic!() };
        let record = &mut h.messages[0];
        (record.status, record.not_before) = (MessageStatus::Pending, at);
        (record.answer, record.answered_at) = (Some(delivery.status), Some(delivery.at));
    };
    C4 ida "a state is left": |h| { h.stored.state.hot.entries.insert("welcome".into(), Passage::default()); };
    C4 ida "an attribute is left": |h| {
        let cold = Arc::make_mut(&mut h.stored.state.cold);
        cold.contact.attributes.insert("plan".into(), "basic".into());
    };
    C4 ida "somebody is woken who is nobody any more": |h| h.stored.due_at = Some(start());
    C4 ida "mail is left": |h| {
        let kind = InputKind::Resume { journey: "survey".into() };
        h.mail.push(Envelope::new(1, InputId::from_bytes([7; 16]), start(), kind));
    };
    C4 ida "words of an answer are left": |h| {
        let reasons = vec![Reason::QuietHours, Reason::Channel("no such user".into())];
        h.messages[0].answer = Some(DeliveryStatus::Refused { reasons });
    };
    C4 ida "a message still waits to be sent": |h| h.messages[0].status = MessageStatus::Pending;
    C1 ida "the proof is broken": |h| { h.consents.remove(0); };
    X19 sam "nobody is counted in a segment that somebody is in": |h| h.sizes.clear();
    R1 sam "journeys see another score": |h| h.score(|state| state["value"] = 23.into());
    R2 sam "a score is above its bounds": |h| h.score(|state| state["value"] = 31.into());
    R4 sam "a tier is lower than its score allows": |h| h.score(|state| state["tier"] = 0.into());
    R4 sam "a tier is higher than its score allows": |h| h.score(|state| state["value"] = 3.into());
    R4 sam "a score has no tier": |h| h.score(|state| drop(state.as_object_mut().unwrap().remove("tier")));
    G1 sam "a membership is forgotten": |h| {
        h.stored.state.hot.segments.members.remove("fans");
    };
    G3 sam "journeys see another segment": |h| {
        let rating = &mut h.stored.state.hot.rating;
        let mut json = serde_json::to_value(&*rating).unwrap();
        json.as_object_mut().unwrap().remove("segments");
        *rating = serde_json::from_value(json).unwrap();
    };
    G3 sam "a segment was entered in the future": |h| {
        let members = &mut h.stored.state.hot.segments.members;
        members.get_mut("fans").unwrap().since = i64::MAX;
    };
    C5 max "it was quiet": |h| {
        let program = strict_program(h);
        h.commits.iter_mut().for_each(|commit| commit.program = program);
    };
};

#[test]
fn each_altered_history_breaks_exactly_one_invariant() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let mut wrong = Vec::new();
    let mut broken = BTreeSet::new();
    for Case { name, contact, breaks, alter } in CASES {
        let contact = (*contact).into();
        let mut doctored = Doctored::new(&store, block_on(History::read(&store, &contact)));
        let checker: Checker = if *breaks == C5 { checker().policy(strict()) } else { checker() };
        let before = block_on(checker.check_contact(&doctored, &contact)).unwrap();
        assert!(before.is_clean() && before.contacts == 1, "before {name}: {before}");
        alter(&mut doctored.history);
        let findings = block_on(checker.check_contact(&doctored, &contact)).unwrap();
        broken.insert(*breaks);
        if findings.broken() != [*breaks] {
            wrong.push(format!("{name} should break {breaks}: {findings}"));
        }
        let said = findings.to_string();
        assert!(!said.contains("basic") && !said.contains("gold"), "it names a value: {said}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(CASES.len() >= 30, "{} histories", CASES.len());
    // T1 is broken by a worker that is wrong, not by a history that is altered.
    let judged = [
        X1, X2, X3, X4, X5, X6, X7, X8, X11, X12, X13, X14, X15, X16, X17, X19, S1, S2, B1, B3, B4, B7, C1,
        C3, C4, C5, R1, R2, R4, G1, G3,
    ];
    assert_eq!(broken.into_iter().collect::<Vec<_>>(), judged);
}

#[test]
fn every_altered_history_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES.len());
}

/// An export and its removal need no step.
#[test]
fn what_a_third_party_is_told_is_sent_by_no_step() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let contact = "lea".into();
    let mut history = block_on(History::read(&store, &contact));
    for (act, place) in [(SharingAct::Export, 1_001), (SharingAct::Removal, 0)] {
        let mut more = history.messages[0].clone();
        shared(&mut more.message, act, place);
        History::unsaid(&mut more);
        history.messages.push(more);
    }
    let doctored = Doctored::new(&store, history);
    let findings = block_on(checker().check_contact(&doctored, &contact)).unwrap();
    // They are not in the fold of its mail: that is all.
    assert_eq!(findings.broken(), [X7], "{findings}");
}

/// Mail that is missing is a violation where nothing is ever purged, whichever it was.
#[test]
fn where_nothing_is_purged_each_missing_input_is_found() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let contact = "lea".into();
    let whole = block_on(History::read(&store, &contact));
    let mut looked_at = 0;
    for (place, envelope) in whole.mail.iter().enumerate() {
        let mut history = whole.clone();
        history.mail.remove(place);
        let doctored = Doctored::new(&store, history);
        let findings = block_on(checker().keeps_all_mail().check_contact(&doctored, &contact)).unwrap();
        assert!(!findings.is_clean(), "{:?} is not missed", envelope.kind);
        looked_at += 1;
    }
    assert!(looked_at >= 10, "{looked_at}");
}

/// A contact that changes while it is read is read again, a few times, and then it is left and counted.
#[test]
fn a_contact_that_changes_is_read_again_and_then_left() {
    let clock = ManualClock::new(start());
    let store = Arc::new(MemoryStore::builder().clock(Arc::new(clock.clone())).build());
    block_on(live(store.clone(), clock));
    let contact = "lea".into();
    for (moves, changing) in [(0, 0), (3, 0), (1_000, 1)] {
        let doctored = Doctored::new(&store, block_on(History::read(&store, &contact)));
        doctored.moves.store(moves, std::sync::atomic::Ordering::SeqCst);
        let findings = block_on(checker().check_contact(&doctored, &contact)).unwrap();
        assert!(findings.is_clean(), "{findings}");
        assert_eq!((findings.contacts, findings.skipped.changing), (1 - changing, changing), "{findings}");
    }
}
