//! Doors, exits and whatever else waits for something to happen.

use std::collections::BTreeMap;

use super::Compiler;
use crate::journey::definition::{Moves, OneOrMany, Reenter, ReenterDefinition, TriggerDefinition};
use crate::journey::{Entry, Exit, Trigger};
use crate::model::Name;
use crate::rule::condition::{ConditionDefinition, Filter, Test};

/// The event and the property by which a submitted form is known.
const FORM_EVENT: &str = "form.submitted";
const FORM_PROPERTY: &str = "form";

/// Where a trigger stands: only a door can wait for a date or for the calendar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Door,
    Exit,
    Wait,
}

impl At {
    fn kinds(self) -> &'static str {
        match self {
            At::Door => {
                "event, form, keyword, attribute, segment, tier, mark, score, date, schedule, journey or host"
            }
            At::Exit => "event, form, keyword, attribute, segment, tier, mark, score, journey or host",
            At::Wait => "event, form, keyword, attribute, segment, tier, mark, score, journey, host or if",
        }
    }
}

impl Compiler<'_> {
    pub(super) fn entries(&mut self) -> Vec<Entry> {
        let entries = self.definition.enter.as_slice();
        if entries.is_empty() {
            self.problem("J013", "enter", "nobody can enter the journey", "add enter: { on: { event: … } }");
        }
        let mut compiled = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let place = if entries.len() == 1 { "enter".to_owned() } else { format!("enter[{number}]") };
            let trigger = self.trigger(&entry.on, At::Door, &format!("{place}.on"));
            let when = entry.when.as_ref().map(|when| self.predicate(when, &format!("{place}.if")));
            self.keyed(&entry.on, &format!("{place}.on"));
            if entry.existing {
                self.existing(trigger.as_ref(), &place);
            }
            let existing = entry.existing;
            compiled.extend(trigger.map(|trigger| Entry { trigger, when: when.flatten(), existing }));
        }
        compiled
    }

    /// What has no properties has no key, and would never open a journey that is one per key.
    fn keyed(&mut self, on: &TriggerDefinition, place: &str) {
        let Reenter::When(ReenterDefinition { one_per: Some(property), .. }) = &self.definition.reenter
        else {
            return;
        };
        if property.is_empty() {
            return;
        }
        if on.event.is_none() && on.form.is_none() && on.host.is_none() && *on != TriggerDefinition::default()
        {
            let sentence = format!(
                "the runs are told apart by {property:?}, and what opens this door has no properties"
            );
            self.problem(
                "J057",
                place,
                sentence,
                "open it by an event, a form or a call of the host, or take one_per away",
            );
        }
    }

    /// Refuses `existing` at a door through which nobody can already have come: what opens it leaves no trace.
    fn existing(&mut self, trigger: Option<&Trigger>, place: &str) {
        let sentence = match trigger {
            _ if matches!(&self.definition.reenter, Reenter::When(map) if map.one_per.is_some()) => {
                "a journey that is one_per a property cannot tell the runs of those who already qualify apart"
            }
            Some(Trigger::Event { filter, .. }) if !filter.is_empty() => {
                "the properties of events that are over are not remembered"
            }
            Some(Trigger::Tier { to: None, .. }) => "without to, nobody stands where this door leads",
            Some(Trigger::Mark { moves, .. }) if *moves != Moves::Up => {
                "nobody stands where a mark goes down"
            }
            Some(Trigger::Keyword { .. } | Trigger::Host { .. } | Trigger::Ended { .. }) => {
                "what opens this door is not remembered"
            }
            Some(Trigger::Date { .. } | Trigger::Schedule(_)) => "a date opens its door when it comes",
            _ => return,
        };
        let next = "take existing away, or ask an event without where, a segment, a tier with to, a score or an attribute";
        self.problem("J090", &format!("{place}.existing"), sentence, next);
    }

    pub(super) fn exits(&mut self) -> Vec<Exit> {
        let mut compiled: Vec<Exit> = Vec::with_capacity(self.definition.exit.len());
        for (number, exit) in self.definition.exit.iter().enumerate() {
            let place = format!("exit[{number}]");
            let trigger = self.trigger(&exit.on, At::Exit, &format!("{place}.on"));
            let when = exit.when.as_ref().and_then(|when| self.predicate(when, &format!("{place}.if")));
            let Some(trigger) = trigger else { continue };
            if compiled.iter().any(|other| other.trigger == trigger && other.when == when) {
                let sentence = match &exit.on.event {
                    Some(event) => {
                        format!("an earlier exit has the same event {event:?} and the same conditions")
                    }
                    None => "an earlier exit is the same".to_owned(),
                };
                self.problem("J039", &place, sentence, "take one of them away");
            }
            compiled.push(Exit { trigger, when, kind: exit.kind });
        }
        compiled
    }

    pub(super) fn trigger(&mut self, on: &TriggerDefinition, at: At, place: &str) -> Option<Trigger> {
        let given = [
            ("event", on.event.is_some()),
            ("form", on.form.is_some()),
            ("keyword", on.keyword.is_some()),
            ("attribute", on.attribute.is_some()),
            ("segment", on.segment.is_some()),
            ("tier", on.tier.is_some()),
            ("mark", on.mark.is_some()),
            ("score", on.score.is_some()),
            ("date", on.date.is_some()),
            ("schedule", on.schedule.is_some()),
            ("journey", on.journey.is_some()),
            ("host", on.host.is_some()),
        ];
        let kinds: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(kind, _)| kind).collect();
        let [kind] = kinds.as_slice() else {
            if kinds.is_empty() {
                self.problem(
                    "J044",
                    place,
                    "nothing says what happens",
                    format!("give one of {}", at.kinds()),
                );
            } else {
                let sentence = format!("several things happen at once: {}", kinds.join(", "));
                self.problem(
                    "J044",
                    place,
                    sentence,
                    "keep one, and make the others items of their own in the list",
                );
            }
            return None;
        };
        self.fields(on, kind, place);
        if at != At::Door && matches!(*kind, "date" | "schedule") {
            let next = "use it in enter; inside a journey, wait_until waits for dates, days and times";
            self.problem(
                "J046",
                &format!("{place}.{kind}"),
                format!("a {kind} can only open a journey"),
                next,
            );
            return None;
        }
        self.kind(on, place)
    }

    /// Refuses every field that does not belong to this kind of trigger.
    fn fields(&mut self, on: &TriggerDefinition, kind: &str, place: &str) {
        let fields: [(&str, bool, &[&str]); 11] = [
            ("where", !on.filter.is_empty(), &["event", "form", "host"]),
            ("channel", on.channel.is_some(), &["keyword"]),
            ("becomes", on.becomes.is_some(), &["attribute"]),
            ("of", on.of.is_some(), &["mark"]),
            ("moves", on.moves.is_some(), &["segment", "tier", "mark"]),
            ("to", on.to.is_some(), &["tier"]),
            ("reaches", on.reaches.is_some(), &["score"]),
            ("falls_below", on.falls_below.is_some(), &["score"]),
            ("offset", on.offset.is_some(), &["date"]),
            ("time", on.time.is_some(), &["date"]),
            ("ended", on.ended.is_some(), &["journey"]),
        ];
        for (field, _, owners) in fields.iter().filter(|(_, given, owners)| *given && !owners.contains(&kind))
        {
            let sentence = format!("{field} means nothing beside {kind}");
            let next = format!("take it away; it belongs to {}", owners.join(" or "));
            self.problem("J045", &format!("{place}.{field}"), sentence, next);
        }
    }

    fn kind(&mut self, on: &TriggerDefinition, place: &str) -> Option<Trigger> {
        if let Some(event) = &on.event {
            let name = self.named(event, &format!("{place}.event"), "event", "call.booked");
            return Some(Trigger::Event { name, filter: self.filter(&on.filter, place) });
        }
        if let Some(form) = &on.form {
            self.named(form, &format!("{place}.form"), "form", "signup");
            let mut filter = on.filter.clone();
            filter.insert(FORM_PROPERTY.to_owned(), ConditionDefinition::Is(form.as_str().into()));
            return Some(Trigger::Event { name: FORM_EVENT.into(), filter: self.filter(&filter, place) });
        }
        if let Some(words) = &on.keyword {
            let words = self.words(words, &format!("{place}.keyword"), "keyword", "OUI");
            let mut known = Vec::with_capacity(words.len());
            for word in words {
                let plain = crate::model::keyword(&word);
                if plain.is_empty() && !word.trim().is_empty() {
                    let sentence = format!("{word:?} has neither a letter nor a digit");
                    self.problem("J031", &format!("{place}.keyword"), sentence, "write a word, such as OUI");
                }
                known.push(plain);
            }
            let channel =
                on.channel.as_ref().map(|on| self.named(on, &format!("{place}.channel"), "channel", "sms"));
            return Some(Trigger::Keyword { words: known, channel });
        }
        if let Some(attribute) = &on.attribute {
            let name = self.named(attribute, &format!("{place}.attribute"), "attribute", "plan");
            let becomes = on.becomes.as_ref().map(|condition| {
                self.collect(&format!("{place}.becomes"), |place, problems| {
                    Test::compile(condition, place, problems)
                })
            });
            return Some(Trigger::Attribute { name, becomes: becomes.flatten() });
        }
        if let Some(segment) = &on.segment {
            let segment = self.named(segment, &format!("{place}.segment"), "segment", "dormant");
            return match on.moves {
                Some(Moves::In) => Some(Trigger::Segment { segment, inside: true }),
                Some(Moves::Out) => Some(Trigger::Segment { segment, inside: false }),
                _ => self.moves(place, "one moves in or out of a segment", "write moves: in, or moves: out"),
            };
        }
        if let Some(score) = &on.tier {
            let score = self.named(score, &format!("{place}.tier"), "score of the tier", "spark");
            return match on.moves.unwrap_or(Moves::Either) {
                Moves::In | Moves::Out => self.moves(
                    place,
                    "one moves up or down from tier to tier",
                    "write moves: up, down or either",
                ),
                moves => {
                    let to = on.to.as_ref().map(|to| self.named(to, &format!("{place}.to"), "tier", "gold"));
                    Some(Trigger::Tier { score, moves, to })
                }
            };
        }
        if let Some(mark) = &on.mark {
            let mark = self.named(mark, &format!("{place}.mark"), "mark", "stuck");
            let Some(score) = &on.of else {
                let next = "write of: and the name of the score";
                self.problem(
                    "J099",
                    place,
                    format!("the mark {mark:?} does not say of which score it is"),
                    next,
                );
                return None;
            };
            let score = self.named(score, &format!("{place}.of"), "score of the mark", "spark");
            return match on.moves.unwrap_or(Moves::Up) {
                Moves::In | Moves::Out => {
                    self.moves(place, "a mark comes up or goes down", "write moves: up, down or either")
                }
                moves => Some(Trigger::Mark { score, mark, moves }),
            };
        }
        if let Some(score) = &on.score {
            let score = self.named(score, &format!("{place}.score"), "score", "spark");
            return match (on.reaches, on.falls_below) {
                (Some(at), None) => Some(Trigger::Reaches { score, at }),
                (None, Some(at)) => Some(Trigger::FallsBelow { score, at }),
                _ => {
                    let next = "write either reaches: 75, or falls_below: 40";
                    self.problem("J045", place, "a score crosses one threshold, one way", next);
                    None
                }
            };
        }
        if let Some(journey) = &on.journey {
            let journey = self.named(journey, &format!("{place}.journey"), "journey", "welcome-prospects");
            let ends =
                on.ended.as_ref().map(|ends| self.words(ends, &format!("{place}.ended"), "end", "goal"));
            return Some(Trigger::Ended { journey: (&*journey).into(), ends: ends.unwrap_or_default() });
        }
        if let Some(attribute) = &on.date {
            let attribute = self.named(attribute, &format!("{place}.date"), "attribute", "event_at");
            let time = self.time_of_day(on.time.as_deref(), &format!("{place}.time"));
            return Some(Trigger::Date { attribute, offset: self.offset(on.offset, place), time });
        }
        if let Some(schedule) = &on.schedule {
            let place = format!("{place}.schedule");
            return match schedule.compile() {
                Ok(recurrence) => Some(Trigger::Schedule(Box::new(recurrence))),
                Err(problems) => {
                    for problem in problems {
                        let place = format!("{place}.{}", problem.field);
                        self.problem("J052", place.trim_end_matches('.'), problem.sentence, problem.next);
                    }
                    None
                }
            };
        }
        let host = on.host.as_deref().unwrap_or_default();
        let name = self.named(host, &format!("{place}.host"), "call", "invite");
        Some(Trigger::Host { name, filter: self.filter(&on.filter, place) })
    }

    fn moves(&mut self, place: &str, sentence: &str, next: &str) -> Option<Trigger> {
        self.problem("J045", &format!("{place}.moves"), sentence, next);
        None
    }

    fn words(&mut self, words: &OneOrMany<String>, place: &str, what: &str, example: &str) -> Vec<Name> {
        if words.as_slice().is_empty() || words.as_slice().len() > 100 {
            let sentence =
                format!("the list has from 1 to 100 words, this one has {}", words.as_slice().len());
            self.problem("J031", place, sentence, format!("write the words, such as {example}"));
        }
        words.as_slice().iter().map(|word| self.named(word, place, what, example)).collect()
    }

    fn filter(&mut self, filter: &BTreeMap<String, ConditionDefinition>, place: &str) -> Filter {
        self.collect(&format!("{place}.where"), |place, problems| Filter::compile(filter, place, problems))
    }
}
