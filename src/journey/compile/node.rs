//! One step of a definition becomes one node, or its problems.

use std::collections::{BTreeMap, BTreeSet};

use super::call::HAND_OVER;
use super::{Compiler, NEXT};
use crate::journey::definition::{
    BranchDefinition, Capped, Deadline, EnterDefinition, JumpDefinition, RetryDefinition, SendDefinition,
    SetDefinition, SplitDefinition, StepDefinition,
};
use crate::journey::node::{Enter, Send, Set, Split};
use crate::journey::{Node, NodeKind, Target};
use crate::model::{Attributes, Name, Value, is_one_line};
use crate::rule::{Expression, Template, TemplateDefinition};
use crate::time::Span;

/// The most attempts that a step may ask for.
const MOST_ATTEMPTS: u32 = 100;
/// The longest wait between two attempts, in days.
const MOST_RETRY_DAYS: u32 = 30;

impl Compiler<'_> {
    pub(super) fn node(&mut self, step: usize, definition: &StepDefinition) -> Option<Node> {
        let place = self.place(step);
        let given = given(definition);
        let actions = self.actions_of(definition);
        if actions.is_empty() {
            let names: Vec<&str> = given.into_iter().map(|(name, _)| name).collect();
            self.problem("J006", &place, "the step does nothing", format!("add one of {}", names.join(", ")));
            return None;
        }
        if actions.len() > 1 {
            let sentence = format!("the step does {} things: {}", actions.len(), actions.join(", "));
            self.problem("J007", &place, sentence, "make them separate steps");
            return None;
        }
        let chooses = definition.branch.is_some() || definition.split.is_some() || definition.exit.is_some();
        let next = match &definition.goto {
            Some(_) if chooses => {
                let sentence = format!("goto has no effect beside {}", actions[0]);
                self.problem("J032", &format!("{place}.goto"), sentence, "take goto away");
                None
            }
            Some(name) => self.target(step, name, &format!("{place}.goto")),
            None => self.following(step),
        };
        let place = format!("{place}.{}", actions[0]);
        let kind = self.kind_of(step, definition, next, &place);
        Some(Node { id: self.names[step].clone(), kind: kind?, next })
    }

    /// What a definition does, by the names of its fields.
    pub(super) fn actions_of(&self, definition: &StepDefinition) -> Vec<&'static str> {
        given(definition).into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    pub(super) fn kind_of(
        &mut self,
        step: usize,
        definition: &StepDefinition,
        next: Target,
        place: &str,
    ) -> Option<NodeKind> {
        if let Some(send) = &definition.send {
            self.send(step, send, place)
        } else if let Some(span) = definition.wait {
            self.wait(span, place)
        } else if let Some(until) = &definition.wait_until {
            self.wait_until(until, place)
        } else if let Some(wait) = &definition.wait_for {
            self.wait_for(step, wait, next, place)
        } else if let Some(branch) = &definition.branch {
            self.branch(step, branch, place)
        } else if let Some(split) = &definition.split {
            self.split(step, split, place)
        } else if let Some(set) = &definition.set {
            Some(self.set(set, place))
        } else if let Some(score) = &definition.score {
            if score.add == 0 {
                self.problem(
                    "J054",
                    &format!("{place}.add"),
                    "the step adds nothing",
                    "write how many points",
                );
            }
            let name = self.named(&score.name, &format!("{place}.name"), "score", "spark");
            Some(NodeKind::Score { score: name, add: score.add })
        } else if let Some(emit) = &definition.emit {
            let event = self.named(&emit.event, &format!("{place}.event"), "event", "trial.ended");
            Some(NodeKind::Emit { event, properties: attributes(&emit.properties) })
        } else if let Some(jump) = &definition.jump {
            self.jump(step, jump, place)
        } else if let Some(enter) = &definition.enter {
            self.enter(step, enter, place)
        } else if let Some(leave) = &definition.leave {
            let journey =
                self.named(&leave.journey, &format!("{place}.journey"), "journey", "welcome-prospects");
            Some(NodeKind::Leave { journey: (&*journey).into() })
        } else if let Some(withdraw) = &definition.withdraw {
            Some(self.withdraw(withdraw, place))
        } else if let Some(call) = &definition.call {
            let ask = self.names[step].clone();
            self.call(step, call, ask.as_str(), next, place)
        } else if let Some(call) = &definition.hand_over {
            self.call(step, call, HAND_OVER, next, place)
        } else if let Some(assign) = &definition.assign {
            self.assign(step, assign, next, place)
        } else if let Some(reserve) = &definition.reserve {
            self.reserve(step, reserve, next, place)
        } else if let Some(confirm) = &definition.confirm {
            Some(self.confirm(step, confirm, next, place))
        } else if let Some(release) = &definition.release {
            Some(self.release(release, place))
        } else {
            let name = definition.exit.as_deref().unwrap_or_default();
            if name.trim().is_empty() {
                self.problem("J040", place, "the exit has no name", "name it, such as completed");
            }
            if !is_one_line(name) {
                self.problem(
                    "J040",
                    place,
                    "the exit has a control character in its name",
                    "write it on one line",
                );
            }
            Some(NodeKind::Exit { name: name.into() })
        }
    }

    fn send(&mut self, step: usize, send: &SendDefinition, place: &str) -> Option<NodeKind> {
        let mut part = |code, field: &str, value: &Option<String>, next: &str| match value
            .as_deref()
            .map(str::trim)
        {
            Some(value) if !value.is_empty() => {
                Some(self.named(value, &format!("{place}.{field}"), field, "email"))
            }
            _ => {
                self.problem(code, &format!("{place}.{field}"), format!("the send names no {field}"), next);
                None
            }
        };
        let several = !send.channels.is_empty();
        let channel = match several {
            true => None,
            false => part("J015", "channel", &send.channel, "add channel, such as email"),
        };
        let worded = several && send.channels.iter().all(|channel| send.templates.contains_key(channel));
        let template = match worded && send.template.is_none() {
            true => None,
            false => part("J016", "template", &send.template, "add template: the name of what is said"),
        };
        let purpose = part("J014", "purpose", &send.purpose, "add purpose: consent is asked for it");
        let refused = send.refused.as_ref().map(|name| self.target(step, name, &format!("{place}.refused")));
        if let Some(deadline) = send.deadline {
            let place = format!("{place}.deadline");
            let next = "write a span such as 24h";
            self.some_time(deadline.within, &place, "J050", "the deadline is no time at all", next);
            let closed = send.window.as_ref().map_or(0, |window| window.longest_closed().num_milliseconds());
            if deadline.then == Deadline::Skip
                && super::most_milliseconds(deadline.within) < closed.unsigned_abs()
            {
                let (hours, within) = (closed.div_euclid(3_600_000), deadline.within);
                let sentence = format!(
                    "the window stays closed for up to {hours} h and the deadline is {within}, so that some would \
                     never be told"
                );
                let next = "widen the window, give more time, or write { within: …, then: send }";
                self.problem("J050", &place, sentence, next);
            }
        }
        let from = send.from.as_ref().map(|from| self.sender(from, &format!("{place}.from")));
        let reply_to = send.reply_to.as_deref();
        let reply_to = reply_to.map(|name| self.named(name, &format!("{place}.reply_to"), "sender", "coach"));
        let offer = send.offer.as_ref().map(|offer| self.reserved(offer, &format!("{place}.offer")));
        let preheader =
            send.preheader.as_ref().and_then(|line| self.preheader(line, &format!("{place}.preheader")));
        if let Some(retry) = &send.retry {
            self.retry(retry, &format!("{place}.retry"));
        }
        let ways = self.ways(send, channel, template, place);
        let mut ways = ways?.into_iter();
        let ((channel, template), purpose) = (ways.next()?, purpose?);
        let (window, deadline, retry) = (send.window.clone(), send.deadline, send.retry);
        Some(NodeKind::Send(Send {
            channel,
            template,
            purpose,
            from,
            reply_to,
            offer,
            preheader,
            refused,
            window,
            deadline,
            retry,
            priority: send.priority.or(self.definition.priority).unwrap_or_default(),
            drops_capped: send.capped == Some(Capped::Drop),
            others: ways.collect(),
        }))
    }

    /// The channels to ask, in order, each with its template.
    fn ways(
        &mut self,
        send: &SendDefinition,
        channel: Option<Name>,
        template: Option<Name>,
        place: &str,
    ) -> Option<Vec<(Name, Name)>> {
        for (name, words) in &send.templates {
            let place = format!("{place}.templates.{name}");
            if !send.channels.contains(name) {
                let sentence = format!("{name:?} has words of its own, and is none of the channels");
                self.problem("J144", &place, sentence, "add it to channels, or take its words away");
            } else if words.trim().is_empty() {
                let sentence = format!("the template for {name} has no name");
                self.problem("J016", &place, sentence, "write the name of what is said");
            }
        }
        if send.channels.is_empty() {
            return Some(vec![(channel?, template?)]);
        }
        let place = format!("{place}.channels");
        if send.channel.is_some() {
            let sentence = "the send names a channel and a list of channels";
            self.problem("J143", &place, sentence, "write one of channel and channels");
        }
        let names: BTreeSet<&str> = send.channels.iter().map(|name| name.trim()).collect();
        if names.len() < send.channels.len() || names.contains("") {
            let sentence = "a channel is listed twice, or has no name";
            self.problem("J143", &place, sentence, "list each channel once, such as [sms, email]");
        }
        if send.channels.iter().chain(send.templates.values()).any(|name| !is_one_line(name)) {
            let sentence = "a channel or a template has a control character in its name";
            self.problem("J143", &place, sentence, "write it on one line");
        }
        let ways = send.channels.iter().map(|name| {
            let own = send.templates.get(name).map(|words| Name::from(words.trim()));
            Some((Name::from(name.trim()), own.or_else(|| template.clone())?))
        });
        ways.collect()
    }

    /// A line that is a template of its own.
    fn preheader(&mut self, line: &str, place: &str) -> Option<Template> {
        let compiled = TemplateDefinition::new("preheader").text(line).compile();
        match compiled {
            Ok(template) => Some(template),
            Err(error) => {
                for problem in error.diagnostics {
                    self.problem("J084", place, problem.sentence, problem.next);
                }
                None
            }
        }
    }

    /// Refuses attempts that are none, and waits that are none or without end.
    pub(super) fn retry(&mut self, retry: &RetryDefinition, place: &str) {
        if *retry == RetryDefinition::default() {
            let next = "add attempts, first or longest, or leave it out";
            self.problem("J085", place, "the retry says nothing", next);
        }
        if let Some(attempts) = retry.attempts.filter(|attempts| !(1..=MOST_ATTEMPTS).contains(attempts)) {
            let next = "write from 1, which tries once, to 100";
            self.problem(
                "J085",
                &format!("{place}.attempts"),
                format!("{attempts} attempts are not possible"),
                next,
            );
        }
        let most = super::most_milliseconds(Span::days(MOST_RETRY_DAYS));
        for (field, span) in [("first", retry.first), ("longest", retry.longest)] {
            let span = span.map(super::most_milliseconds);
            if span.is_some_and(|span| span == 0 || span > most) {
                let sentence =
                    format!("a wait must be longer than nothing and at most {MOST_RETRY_DAYS} days");
                self.problem("J085", &format!("{place}.{field}"), sentence, "write a span such as 5m");
            }
        }
        let [first, longest] = [retry.first, retry.longest].map(|span| span.map(super::most_milliseconds));
        if first.zip(longest).is_some_and(|(first, longest)| first > longest) {
            let next = "make longest at least as long as first";
            self.problem("J085", place, "the first wait is longer than the longest", next);
        }
    }

    fn branch(&mut self, step: usize, branch: &BranchDefinition, place: &str) -> Option<NodeKind> {
        if branch.when.is_empty() {
            let next = "add when: [{ if: …, goto: … }]";
            self.problem("J024", &format!("{place}.when"), "the branch has no ways", next);
        }
        let mut ways = Vec::with_capacity(branch.when.len());
        for (number, way) in branch.when.iter().enumerate() {
            let place = format!("{place}.when[{number}]");
            let target = self.target(step, &way.goto, &format!("{place}.goto"));
            let predicate = self.predicate(&way.when, &format!("{place}.if"));
            ways.extend(predicate.map(|predicate| (predicate, target)));
        }
        let otherwise = match &branch.otherwise {
            Some(name) => self.target(step, name, &format!("{place}.else")),
            None => {
                let next = "add else: the step for everybody else, or next";
                self.problem("J025", &format!("{place}.else"), "the branch has no else", next);
                None
            }
        };
        let unknown =
            branch.unknown.as_ref().map(|name| self.target(step, name, &format!("{place}.unknown")));
        Some(NodeKind::Branch { ways, otherwise, unknown })
    }

    fn split(&mut self, step: usize, split: &SplitDefinition, place: &str) -> Option<NodeKind> {
        let total: u32 = split.ways.iter().map(|way| u32::from(way.weight)).sum();
        if split.ways.len() < 2 || total != 100 {
            let sentence = match split.ways.len() {
                0 => "the split has no ways".to_owned(),
                1 => "the split has one way only".to_owned(),
                ways => format!("the weights of the {ways} ways add up to {total}"),
            };
            let next = "give at least two ways whose weights add up to 100";
            self.problem("J049", &format!("{place}.ways"), sentence, next);
        }
        let mut ways: Vec<(Name, u8, Target)> = Vec::with_capacity(split.ways.len());
        for (number, way) in split.ways.iter().enumerate() {
            let place = format!("{place}.ways[{number}]");
            let target = self.target(step, &way.goto, &format!("{place}.goto"));
            // A target that does not exist is said already.
            let taken = |(name, _, other): &(Name, u8, Target)| {
                **name == *way.goto || (target.is_some() && *other == target)
            };
            if ways.iter().any(taken) && (target.is_some() || way.goto == NEXT) {
                let sentence = format!("an earlier way leads to {:?} already", way.goto);
                self.problem("J049", &place, sentence, "make them one way, with their weights added up");
            }
            ways.push((way.goto.as_str().into(), way.weight, target));
        }
        Some(NodeKind::Split(Split { ways, salt: split.salt.as_deref().unwrap_or_default().into() }))
    }

    fn set(&mut self, set: &SetDefinition, place: &str) -> NodeKind {
        if *set == SetDefinition::default() {
            self.problem(
                "J053",
                place,
                "the step changes nothing",
                "add attributes, computed, unset, tags or untag",
            );
        }
        let given = |name: &&String| set.attributes.contains_key(*name) || set.computed.contains_key(*name);
        let twice = set.unset.iter().filter(given);
        for name in twice.chain(set.untag.intersection(&set.tags)) {
            let sentence = format!("the step both gives {name:?} and takes it away");
            self.problem("J053", place, sentence, "leave one of the two out");
        }
        for name in set.computed.keys().filter(|name| set.attributes.contains_key(*name)) {
            let sentence = format!("the step both sets {name:?} and computes it");
            self.problem("J053", place, sentence, "leave one of the two out");
        }
        for name in set.attributes.keys().filter(|name| name.trim().is_empty()) {
            self.named(name, &format!("{place}.attributes"), "attribute", "plan");
        }
        NodeKind::Set(Set {
            attributes: attributes(&set.attributes),
            computed: self.computed(set, &format!("{place}.computed")),
            unset: self.names(&set.unset, &format!("{place}.unset"), "attribute", "plan"),
            tags: self.names(&set.tags, &format!("{place}.tags"), "tag", "customer"),
            untag: self.names(&set.untag, &format!("{place}.untag"), "tag", "customer"),
        })
    }

    fn computed(&mut self, set: &SetDefinition, place: &str) -> Vec<(Name, Expression)> {
        if set.computed.len() > SetDefinition::MOST_COMPUTED {
            let (count, most) = (set.computed.len(), SetDefinition::MOST_COMPUTED);
            let sentence = format!("the step computes {count} attributes and the limit is {most}");
            self.problem("J112", place, sentence, "compute some of them in a step of their own");
            return Vec::new();
        }
        let mut computed = Vec::with_capacity(set.computed.len());
        for (name, source) in &set.computed {
            let attribute = self.named(name, place, "attribute", "level");
            let compile = |place: &str, problems: &mut _| Expression::compile(source, place, problems);
            let expression = self.collect(&format!("{place}.{name}"), compile);
            computed.extend(expression.map(|expression| (attribute, expression)));
        }
        computed
    }

    fn names(&mut self, names: &BTreeSet<String>, place: &str, what: &str, example: &str) -> BTreeSet<Name> {
        names.iter().map(|name| self.named(name, place, what, example)).collect()
    }

    fn jump(&mut self, step: usize, jump: &JumpDefinition, place: &str) -> Option<NodeKind> {
        if jump.most == 0 {
            let next = "write how often at the most, such as most: 3";
            self.problem("J055", &format!("{place}.most"), "the jump is never taken", next);
        }
        let to = self.target(step, &jump.to, &format!("{place}.to"));
        Some(NodeKind::Jump { to, most: jump.most })
    }

    fn enter(&mut self, step: usize, enter: &EnterDefinition, place: &str) -> Option<NodeKind> {
        let journey = self.named(&enter.journey, &format!("{place}.journey"), "journey", "welcome-prospects");
        if enter.within.is_none() && !enter.results.is_empty() {
            let next = "add within: a span such as 7d, so that nobody waits for ever";
            self.problem(
                "J023",
                &format!("{place}.within"),
                "the wait for the end has no longest time",
                next,
            );
        }
        if let Some(within) = enter.within {
            let next = "write a span such as 7d, or leave it out";
            self.some_time(within, &format!("{place}.within"), "J023", "the wait is no time at all", next);
        }
        let mut results: Vec<(Name, Target)> = Vec::with_capacity(enter.results.len());
        for (number, result) in enter.results.iter().enumerate() {
            let place = format!("{place}.results[{number}]");
            let is = self.named(&result.is, &format!("{place}.is"), "end", "goal");
            if results.iter().any(|(other, _)| *other == is) {
                self.problem(
                    "J039",
                    &place,
                    format!("an earlier result is {is:?} already"),
                    "take one of them away",
                );
            }
            let target = self.target(step, &result.goto, &format!("{place}.goto"));
            results.push((is, target));
        }
        let otherwise = match &enter.otherwise {
            Some(name) => self.target(step, name, &format!("{place}.otherwise")),
            None => self.following(step),
        };
        Some(NodeKind::Enter(Enter { journey: (&*journey).into(), within: enter.within, results, otherwise }))
    }
}

/// Every kind of step, and whether it is given.
fn given(definition: &StepDefinition) -> Vec<(&'static str, bool)> {
    vec![
        ("send", definition.send.is_some()),
        ("wait", definition.wait.is_some()),
        ("wait_until", definition.wait_until.is_some()),
        ("wait_for", definition.wait_for.is_some()),
        ("branch", definition.branch.is_some()),
        ("split", definition.split.is_some()),
        ("set", definition.set.is_some()),
        ("score", definition.score.is_some()),
        ("emit", definition.emit.is_some()),
        ("jump", definition.jump.is_some()),
        ("enter", definition.enter.is_some()),
        ("leave", definition.leave.is_some()),
        ("withdraw", definition.withdraw.is_some()),
        ("call", definition.call.is_some()),
        ("hand_over", definition.hand_over.is_some()),
        ("assign", definition.assign.is_some()),
        ("reserve", definition.reserve.is_some()),
        ("confirm", definition.confirm.is_some()),
        ("release", definition.release.is_some()),
        ("exit", definition.exit.is_some()),
    ]
}

pub(super) fn attributes(values: &BTreeMap<String, Value>) -> Attributes {
    values.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect()
}
