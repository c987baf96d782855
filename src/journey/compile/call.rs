//! Steps that ask the host, and the owner of a contact.

use super::Compiler;
use super::node::attributes;
use crate::journey::definition::{AssignDefinition, CallDefinition, SenderDefinition, WithdrawDefinition};
use crate::journey::node::{AssignNode, CallNode, Sender, Withdraw};
use crate::journey::{NodeKind, Target};
use crate::model::{Name, Value};
use crate::time::Span;

/// The attribute in which the owner of a contact stands.
fn owner_of(role: &str) -> Name {
    format!("owner_{role}").into()
}

/// What a person of a team is asked, unless the step says something else.
pub(super) const HAND_OVER: &str = "hand_over";

impl Compiler<'_> {
    pub(super) fn call(
        &mut self,
        step: usize,
        call: &CallDefinition,
        ask: &str,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        if call.channel.trim().is_empty() {
            let next = "add channel: the name under which the host answers, such as crm";
            self.problem("J070", &format!("{place}.channel"), "nobody is asked", next);
        }
        if call.ask.as_ref().is_some_and(|ask| ask.trim().is_empty()) {
            let next = "name what is asked, or leave it out";
            self.problem("J070", &format!("{place}.ask"), "nothing is asked", next);
        }
        self.along(&call.with, place);
        if let Some(retry) = &call.retry {
            self.retry(retry, &format!("{place}.retry"));
        }
        for name in call.answer.keys().filter(|name| name.trim().is_empty()) {
            let sentence = format!("a value of the answer is called {name:?}");
            self.problem("J072", &format!("{place}.answer"), sentence, "give it the attribute's name");
        }
        let within = self.patience(call.within, place);
        let hours = call.hours.as_ref().and_then(|hours| self.hours(hours, within, place));
        let mut results: Vec<(Name, Target)> = Vec::with_capacity(call.results.len());
        for (number, result) in call.results.iter().enumerate() {
            let place = format!("{place}.results[{number}]");
            let is = self.named(&result.is, &format!("{place}.is"), "result", "good");
            if results.iter().any(|(other, _)| *other == is) {
                let sentence = format!("an earlier result is {is:?} already");
                self.problem("J039", &place, sentence, "take one of them away");
            }
            let target = self.target(step, &result.goto, &format!("{place}.goto"));
            results.push((is, target));
        }
        Some(NodeKind::Call(CallNode {
            channel: call.channel.as_str().into(),
            ask: call.ask.as_deref().unwrap_or(ask).into(),
            with: attributes(&call.with),
            answer: call.answer.iter().map(|(name, kind)| (name.as_str().into(), *kind)).collect(),
            owner: None,
            within: within?,
            hours,
            hands_over: ask == HAND_OVER,
            results,
            refused: self.way_of(step, &call.refused, next, &format!("{place}.refused")),
            otherwise: self.way_of(step, &call.otherwise, next, &format!("{place}.otherwise")),
            retry: call.retry,
        }))
    }

    pub(super) fn assign(
        &mut self,
        step: usize,
        assign: &AssignDefinition,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        let role = assign.role.trim();
        if role.is_empty() {
            let next = "name the role, such as coach";
            self.problem("J074", &format!("{place}.role"), "the owner has no role", next);
        }
        let mut names = std::collections::BTreeSet::new();
        for (number, name) in assign.among.iter().enumerate() {
            if name.trim().is_empty() || !names.insert(name) {
                let sentence = format!("{name:?} is no name, or stands here twice");
                self.problem("J074", &format!("{place}.among[{number}]"), sentence, "take it away");
            }
        }
        let asks = assign.within.is_some()
            || assign.refused.is_some()
            || assign.otherwise.is_some()
            || !assign.with.is_empty();
        let attribute = owner_of(role);
        match &assign.channel {
            None if assign.among.is_empty() => {
                let next = "add among: [names], or channel: who is asked";
                self.problem("J073", place, "nobody can be the owner", next);
                None
            }
            Some(_) if !assign.among.is_empty() => {
                let next = "keep among or channel, not both";
                self.problem("J073", place, "the owner comes from two sources", next);
                None
            }
            None => {
                if asks {
                    let sentence = "with, within, refused and otherwise mean nothing where nobody is asked";
                    self.problem("J073", place, sentence, "take them away, or add channel");
                }
                let among = assign.among.iter().map(|name| name.as_str().into()).collect();
                Some(NodeKind::Assign(AssignNode { role: role.into(), attribute, among }))
            }
            Some(channel) => {
                if channel.trim().is_empty() {
                    let next = "name the channel that is asked, such as crm";
                    self.problem("J070", &format!("{place}.channel"), "nobody is asked", next);
                }
                self.along(&assign.with, place);
                let within = self.patience(assign.within, place);
                let mut with = attributes(&assign.with);
                with.entry("role".into()).or_insert_with(|| Value::from(role));
                Some(NodeKind::Call(CallNode {
                    channel: channel.as_str().into(),
                    ask: "assign".into(),
                    with,
                    answer: Vec::new(),
                    owner: Some(attribute),
                    within: within?,
                    hours: None,
                    hands_over: false,
                    results: Vec::new(),
                    refused: self.way_of(step, &assign.refused, next, &format!("{place}.refused")),
                    otherwise: self.way_of(step, &assign.otherwise, next, &format!("{place}.otherwise")),
                    retry: None,
                }))
            }
        }
    }

    /// What the contact no longer allows.
    pub(super) fn withdraw(&mut self, withdraw: &WithdrawDefinition, place: &str) -> NodeKind {
        let mut name = |name: &Option<String>, what: &str, example: &str| {
            name.as_ref().map(|name| self.named(name.trim(), &format!("{place}.{what}"), what, example))
        };
        let channel = name(&withdraw.channel, "channel", "sms");
        let purpose = name(&withdraw.purpose, "purpose", "marketing");
        NodeKind::Withdraw(Withdraw { purpose, channel })
    }

    /// Who says something.
    pub(super) fn sender(&mut self, sender: &SenderDefinition, place: &str) -> Sender {
        match sender {
            SenderDefinition::Name(name) => Sender::Name(self.named(name, place, "sender", "coach")),
            SenderDefinition::Owner { owner, otherwise } => {
                if owner.trim().is_empty() {
                    let next = "name the role that assign gives, such as coach";
                    self.problem("J075", &format!("{place}.owner"), "the owner has no role", next);
                }
                let otherwise = otherwise
                    .as_ref()
                    .map(|name| self.named(name, &format!("{place}.otherwise"), "sender", "team"));
                Sender::Owner { attribute: owner_of(owner.trim()), otherwise }
            }
        }
    }

    /// Nobody waits for ever.
    fn patience(&mut self, within: Option<Span>, place: &str) -> Option<Span> {
        let within = within.filter(|span| !span.is_zero());
        let place = format!("{place}.within");
        match within {
            Some(within) => self.span(within, &place),
            None => {
                let next = "add within: a span such as 10m, so that nobody waits for ever";
                self.problem("J071", &place, "the wait for the answer has no longest time", next);
            }
        }
        within
    }

    fn along(&mut self, with: &std::collections::BTreeMap<String, Value>, place: &str) {
        for name in with.keys().filter(|name| name.trim().is_empty()) {
            let sentence = format!("a value that goes along is called {name:?}");
            self.problem("J072", &format!("{place}.with"), sentence, "give it a name, such as city");
        }
    }

    fn way_of(&mut self, step: usize, name: &Option<String>, next: Target, place: &str) -> Target {
        name.as_ref().map_or(next, |name| self.target(step, name, place))
    }
}
