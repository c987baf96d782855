//! Leads one contact through a journey for a year of virtual time, from one due instant to the next, and checks at every
//! jump that nobody is stuck; and leads it again with the same envelopes, cut into other transitions.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::journey::{Reenter, SetDefinition};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, Transition};
use journeyman::model::{
    Answer, Attributes, ContactId, Delivery, DeliveryStatus, Evidence, ExitReason, Fact, InputId, MessageId,
    Reason, Step, StepOutcome, Value, Waiting,
};
use journeyman::time::Span;
use journeyman::{Consent, Contact, Event, Journey};

const START: &str = "2026-01-15T09:30:00Z";
/// A circle of a minute has half a million rounds in a year: so many show enough.
const MOST_JUMPS: usize = 10_000;
/// Journeys that enter themselves have more and more people: so many steps show enough.
const MOST_STEPS: usize = 20_000;

/// One contact's year.
pub(crate) struct Walk {
    program: Program,
    id: ContactId,
    seq: u64,
    last: Transition,
    /// What was handed in, and when.
    calls: Vec<(DateTime<Utc>, Vec<Envelope>)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) exits: Vec<ExitReason>,
}

/// The other journey, which generated ones enter and leave.
fn other() -> Journey {
    Journey::builder("other")
        .enter_on("e3")
        .reenter(Reenter::Always)
        .goal("e2")
        .wait(Span::hours(3))
        .set(SetDefinition::default().attribute("a", 7))
        .exit("end", "done")
        .build()
        .unwrap()
}

/// Who the contact is, what it allows, and one of everything that opens doors.
fn first(tags: bool) -> Vec<InputKind> {
    let mut contact = Contact::new("lea")
        .address("email", "lea@example.org")
        .attribute("a", 5)
        .attribute("b", "ab")
        .attribute("d0", Value::Date("2026-03-29".parse().unwrap()))
        .attribute("d1", Value::Instant("2026-06-01T12:00:00Z".parse().unwrap()));
    if tags {
        contact = contact.tag("a").address("sms", "+33600000001");
    }
    let evidence = || Evidence::new("form", "v1");
    let mut first = vec![
        InputKind::Identify(contact),
        InputKind::Consent(Consent::granted("lea", "onboarding", "email", evidence())),
        InputKind::Consent(Consent::granted("lea", "marketing", "sms", evidence())),
    ];
    first.extend((0..4).map(|number| InputKind::Event(Event::new("lea", format!("e{number}")))));
    first.push(InputKind::Event(Event::new("lea", "form.submitted").property("form", "f0")));
    let facts = [
        Fact::Keyword { word: "oui".into(), channel: Some("sms".into()) },
        Fact::Segment { segment: "g".into(), inside: true },
        Fact::Tier { score: "r".into(), from: None, to: Some("gold".into()), up: true },
        Fact::Score { score: "r".into(), value: 50 },
        Fact::Host { name: "invite".into(), properties: Attributes::new() },
    ];
    first.extend(facts.map(InputKind::Fact));
    first
}

impl Walk {
    /// A year in which these things happen, each at its hour; every message is answered in the next second, now and then
    /// with a refusal.
    pub(crate) fn of(journey: Journey, inputs: &[(u16, InputKind)], tags: bool) -> Self {
        let program = Program::of([journey, other()]);
        let id = ContactId::from("lea");
        let start: DateTime<Utc> = START.parse().unwrap();
        let last = program.transition(ContactState::new(id.clone()), &[], start);
        let mut walk =
            Self { program, id, seq: 0, last, calls: Vec::new(), steps: Vec::new(), exits: Vec::new() };
        let mut mail: Vec<(DateTime<Utc>, InputKind)> = inputs
            .iter()
            .map(|(hour, input)| (start + TimeDelta::hours((*hour).into()), input.clone()))
            .collect();
        mail.sort_by_key(|(at, _)| *at);
        walk.year(start, mail, tags);
        walk
    }

    fn year(&mut self, start: DateTime<Utc>, mail: Vec<(DateTime<Utc>, InputKind)>, tags: bool) {
        let mut mail = mail.into_iter().peekable();
        let mut answers: BTreeSet<MessageId> = BTreeSet::new();
        let mut now = start;
        self.run(first(tags), now);
        for _ in 0..MOST_JUMPS {
            answers.extend(self.last.messages.iter().map(|message| message.id));
            self.nobody_is_stuck(now, &answers);
            let answered = (!answers.is_empty()).then(|| now + TimeDelta::seconds(1));
            let next = mail.peek().map(|(at, _)| (*at).max(now));
            let Some(at) = [self.last.due_at, answered, next].into_iter().flatten().min() else { return };
            if at > start + TimeDelta::days(365) || self.steps.len() > MOST_STEPS {
                return;
            }
            now = at;
            let mut kinds: Vec<InputKind> =
                std::iter::from_fn(|| mail.next_if(|(at, _)| *at <= now)).map(|(_, kind)| kind).collect();
            if answered == Some(now) {
                kinds.extend(std::mem::take(&mut answers).into_iter().map(|message| {
                    let refused = DeliveryStatus::Refused { reasons: vec![Reason::Attempts] };
                    let status = match message.as_bytes()[15] % 4 {
                        0 => refused,
                        // Of a message to the contact this is never said; then it settles nothing.
                        1 => DeliveryStatus::Answered {
                            // What a quota says, and what others do.
                            answer: Answer::of(if message.as_bytes()[14] % 2 == 0 {
                                "place"
                            } else {
                                "good"
                            })
                            .value("a", 1)
                            .value("b", "x")
                            .value("remaining", 2),
                        },
                        _ => DeliveryStatus::Accepted,
                    };
                    InputKind::Delivery(Delivery::new(message, 1, now, status))
                }));
            }
            self.run(kinds, now);
        }
    }

    fn run(&mut self, kinds: Vec<InputKind>, now: DateTime<Utc>) {
        let envelopes: Vec<Envelope> = kinds
            .into_iter()
            .map(|kind| {
                self.seq += 1;
                Envelope::new(self.seq, InputId::from_place(&self.id, self.seq), now, kind)
            })
            .collect();
        let next = self.program.transition(self.last.state.clone(), &envelopes, now);
        assert_eq!(next.consumed, envelopes.len(), "mail was left unread");
        self.exits.extend(next.steps.iter().filter_map(|step| match &step.outcome {
            StepOutcome::Exited { reason } if step.journey.as_str() != "other" => Some(reason.clone()),
            _ => None,
        }));
        self.steps.extend(next.steps.iter().cloned());
        self.calls.push((now, envelopes));
        self.last = next;
    }

    /// Time goes on with every jump, and whoever waits, waits for an instant that wakes it, or for an answer that comes.
    fn nobody_is_stuck(&self, now: DateTime<Utc>, answers: &BTreeSet<MessageId>) {
        let due = self.last.due_at;
        assert!(due.is_none_or(|due| due > now), "due at {due:?} after a transition at {now}");
        for enrollment in &self.last.state.hot.enrollments {
            match &enrollment.waiting {
                Waiting::Delivery { message } => {
                    assert!(answers.contains(message), "nobody answers {enrollment:?}")
                }
                waiting => {
                    let until = waiting.due_at();
                    assert!(until.is_some(), "{enrollment:?} waits for nothing");
                    assert!(due <= until && due.is_some(), "nobody wakes {enrollment:?}, due at {due:?}");
                }
            }
        }
        for reason in &self.exits {
            assert!(!matches!(reason, ExitReason::StepBudget | ExitReason::UnknownNode), "{reason:?}");
        }
    }

    /// The steps of the same year, with what happened handed in by these calls.
    fn again(&self, calls: impl IntoIterator<Item = (DateTime<Utc>, Vec<Envelope>)>) -> Vec<Step> {
        let mut state = ContactState::new(self.id.clone());
        let mut steps = Vec::new();
        for (now, mut envelopes) in calls {
            loop {
                let out = self.program.transition(state, &envelopes, now);
                state = out.state;
                steps.extend(out.steps);
                envelopes.drain(..out.consumed);
                if envelopes.is_empty() && out.due_at.is_none_or(|due| due > now) {
                    break;
                }
            }
        }
        steps
    }

    /// The same calls, with one more without mail half way before the given one.
    pub(crate) fn with_a_stop_before(&self, call: usize) -> Vec<Step> {
        let mut calls = self.calls.clone();
        let call = call % calls.len();
        let before = call.checked_sub(1).map_or_else(|| START.parse().unwrap(), |before| calls[before].0);
        calls.insert(call, (before + (calls[call].0 - before) / 2, Vec::new()));
        self.again(calls)
    }

    /// One call for each envelope and each due instant.
    pub(crate) fn one_by_one(&self) -> Vec<Step> {
        let single = |(now, envelopes): &(DateTime<Utc>, Vec<Envelope>)| {
            let now = *now;
            let each: Vec<_> = envelopes.iter().map(|envelope| (now, vec![envelope.clone()])).collect();
            each.into_iter().chain([(now, Vec::new())])
        };
        self.again(self.calls.iter().flat_map(single))
    }

    /// The whole year in one call, as a worker that slept would do.
    pub(crate) fn at_once(&self) -> Vec<Step> {
        let all = self.calls.iter().flat_map(|(_, envelopes)| envelopes.clone()).collect();
        let end = self.calls.last().unwrap().0;
        self.again([(end, all)])
    }
}
