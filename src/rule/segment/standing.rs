//! Reads questions about what is so of a contact: attributes, tags, scores, consents, journeys, segments, messages.

use super::author::Author;
use super::leaf::{Answer, Ask, AskAttribute, Kind, Status, Test};
use super::moment::Moment;
use super::period::Period;
use super::program::Form;
use super::question::{BucketDefinition, MessageDefinition, MomentDefinition, QuestionDefinition};
use super::window::Window;
use crate::model::Value;
use crate::rule::condition::Comparison;
use crate::rule::nearest;

impl Author<'_> {
    /// A question that is no combination, and not about events alone.
    pub(super) fn question(
        &mut self,
        asked: &str,
        question: &QuestionDefinition,
        place: &str,
    ) -> Option<Form> {
        let at = format!("{place}.{asked}");
        let mut streams = Vec::new();
        let ask = match asked {
            "tag" => Ask::Tag(self.named(question.tag.as_deref()?, &at)?),
            "attribute" => self.attribute(question, place, &at)?,
            "score" => {
                let test = self.test(question, place, Some(Kind::Decimal));
                Ask::Score { score: self.named(question.score.as_deref()?, &at)?, test: test? }
            }
            "tier" => {
                let test = self.test(question, place, Some(Kind::Text));
                Ask::Tier { score: self.named(question.tier.as_deref()?, &at)?, test: test? }
            }
            "mark" => {
                let mark = self.named(question.mark.as_deref()?, &at)?;
                let Some(score) = &question.of else {
                    return self.wrong(
                        "S017",
                        &at,
                        "the mark does not say of which score it is",
                        "write of: and the name of the score",
                    );
                };
                Ask::Mark { score: self.named(score, &format!("{place}.of"))?, mark }
            }
            "consent" => self.consent(question, place, &at)?,
            "journey" => return self.journey(question, place, &at),
            "segment" => {
                Ask::Segment { name: self.known_segment(question.segment.as_deref()?, &at)?, place: 0 }
            }
            "bucket" => self.bucket(question.bucket.as_ref()?, &at)?,
            "sequence" => return self.sequence(question, &at),
            "sent" => return self.message(question, question.sent.as_ref()?, "message.sent", false, &at),
            "delivered" => {
                return self.message(question, question.delivered.as_ref()?, "message.delivered", false, &at);
            }
            "opened" => {
                return self.message(question, question.opened.as_ref()?, "message.opened", true, &at);
            }
            _ => return self.message(question, question.clicked.as_ref()?, "message.clicked", true, &at),
        };
        let ask = self.held(question, ask, &mut streams, place)?;
        self.leaf(question, ask, streams)
    }

    /// The same, where it must have been so for a while.
    fn held(
        &mut self,
        question: &QuestionDefinition,
        ask: Ask,
        streams: &mut Vec<u32>,
        place: &str,
    ) -> Option<Ask> {
        let Some(held_for) = &question.held_for else { return Some(ask) };
        let place = format!("{place}.held_for");
        let span = self.span(held_for, &place)?;
        if ask.is_timed() {
            let sentence = "what time itself makes true or false has no span for which it holds";
            return self.wrong(
                "S026",
                &place,
                sentence,
                "take held_for away, or ask for a longer time directly",
            );
        }
        let stream = self.leaves.since(question);
        streams.push(stream);
        Some(Ask::Held { stream, span, of: Box::new(ask) })
    }

    fn attribute(&mut self, question: &QuestionDefinition, place: &str, at: &str) -> Option<Ask> {
        let name = self.path(question.attribute.as_deref()?, at);
        let kind = match &question.kind {
            Some(word) => Some(self.kind(word, &format!("{place}.type"))?),
            None => None,
        };
        let moment = MomentDefinition {
            older_than: question.older_than.clone(),
            newer_than: question.newer_than.clone(),
            on: question.on.clone(),
            before: question.before.clone(),
            after: question.after.clone(),
        };
        let before = self.problems.len();
        let moment = self.moment(&moment, place)?;
        let anniversary = match question.anniversary {
            Some(anniversary) if !(1..=366).contains(&anniversary.days) => {
                let sentence = format!("an anniversary comes within 1 to 366 days, not {}", anniversary.days);
                return self.wrong(
                    "S020",
                    &format!("{place}.anniversary.days"),
                    sentence,
                    "write 1 for today alone",
                );
            }
            anniversary => anniversary.map(|anniversary| anniversary.days),
        };
        let of_time = !moment.is_empty() || anniversary.is_some();
        if let Some(kind) = kind.filter(|kind| of_time && !matches!(kind, Kind::Instant | Kind::Date)) {
            let word = Kind::WORDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word);
            let sentence = format!("a value of type {word} lies nowhere in time");
            return self.wrong(
                "S009",
                &format!("{place}.type"),
                sentence,
                "write type: instant or type: date",
            );
        }
        let test = if of_time && comparisons(question).is_empty() && question.starts_with.is_none() {
            Some(Test::default())
        } else {
            self.test(question, place, kind)
        };
        if self.problems.len() > before {
            return None;
        }
        Some(Ask::Attribute(Box::new(AskAttribute { name: name?, kind, test: test?, moment, anniversary })))
    }

    fn kind(&mut self, word: &str, place: &str) -> Option<Kind> {
        if let Some((_, kind)) = Kind::WORDS.iter().find(|(known, _)| *known == word) {
            return Some(*kind);
        }
        let known = Kind::WORDS.map(|(word, _)| word);
        let shown: String = word.chars().take(40).collect();
        let next = match nearest(word, known.into_iter()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("write one of {}", known.join(", ")),
        };
        self.wrong("S008", place, format!("there is no type {shown:?}"), next)
    }

    /// The comparisons of a value, which is of this kind where one is given.
    fn test(&mut self, question: &QuestionDefinition, place: &str, kind: Option<Kind>) -> Option<Test> {
        let test = Test {
            comparisons: comparisons(question),
            starts_with: question.starts_with.as_deref().map(Into::into),
        };
        if test.is_empty() {
            let next = "add is, one_of, above, at_least, below, at_most, contains, starts_with or exists";
            return self.wrong("S007", place, "nothing is compared", next);
        }
        let mut whole = Some(());
        if let Some(values) = &question.one_of {
            whole = self.length(values.len(), &format!("{place}.one_of"));
        }
        let Some(kind) = kind else { return whole.map(|()| test) };
        let word = Kind::WORDS.iter().find(|(_, known)| *known == kind).map_or("", |(word, _)| word);
        for comparison in &test.comparisons {
            let (field, values) = operand(comparison);
            let fits = |value: &Value| match (comparison, kind) {
                (Comparison::Contains(_), Kind::List) => true,
                (Comparison::Contains(_), _) => kind == Kind::Text && kind.has(value),
                // A whole number may stand beside a fraction, and the other way round.
                _ => kind.has(value) || (kind == Kind::Integer && Kind::Decimal.has(value)),
            };
            if !values.iter().all(fits) {
                let sentence = format!("a value of type {word} is never compared with this");
                let next = format!("write a value of type {word}, or mend the type");
                whole = self.wrong("S009", &format!("{place}.{field}"), sentence, next);
            }
        }
        if test.starts_with.is_some() && kind != Kind::Text {
            let sentence = format!("a value of type {word} does not begin with a text");
            whole = self.wrong("S009", &format!("{place}.starts_with"), sentence, "mend the type");
        }
        whole.map(|()| test)
    }

    /// Where an instant lies.
    pub(super) fn moment(&mut self, definition: &MomentDefinition, place: &str) -> Option<Moment> {
        let before = self.problems.len();
        let mut span = |text: &Option<String>, field: &str| {
            text.as_ref().and_then(|text| self.span(text, &format!("{place}.{field}")))
        };
        let (older, newer) =
            (span(&definition.older_than, "older_than"), span(&definition.newer_than, "newer_than"));
        let mut period = |text: &Option<String>, field: &str| {
            let text = text.as_ref()?;
            Period::parse(text).or_else(|| {
                let shown: String = text.chars().take(40).collect();
                let next = "write a date as 2026-03-28, or today, yesterday, tomorrow, this_week, last_month, next_year, +5d, -2w, +1mo, -1y";
                self.wrong("S027", &format!("{place}.{field}"), format!("{shown:?} is no day and no period"), next)
            })
        };
        let on = period(&definition.on, "on");
        let (before_that, after) = (period(&definition.before, "before"), period(&definition.after, "after"));
        (self.problems.len() == before).then_some(Moment { older, newer, on, before: before_that, after })
    }

    fn consent(&mut self, question: &QuestionDefinition, place: &str, at: &str) -> Option<Ask> {
        let purpose = self.named(question.consent.as_deref()?, at)?;
        let Some(channel) = &question.channel else {
            return self.wrong(
                "S017",
                at,
                "the consent does not say on which channel",
                "write channel: and its name",
            );
        };
        let channel = self.named(channel, &format!("{place}.channel"))?;
        let words = [("granted", Status::Granted), ("withdrawn", Status::Withdrawn), ("none", Status::None)];
        let status = self.said(question, place, &words, Status::Granted)?;
        Some(Ask::Consent { purpose, channel, status })
    }

    /// The word that `is` says.
    fn said<T: Copy>(
        &mut self,
        question: &QuestionDefinition,
        place: &str,
        words: &[(&str, T)],
        unsaid: T,
    ) -> Option<T> {
        match &question.is {
            None => Some(unsaid),
            Some(Value::Text(text)) => self.word(text, &format!("{place}.is"), words),
            Some(other) => self.word(&format!("{other:?}"), &format!("{place}.is"), words),
        }
    }

    fn journey(&mut self, question: &QuestionDefinition, place: &str, at: &str) -> Option<Form> {
        let journey = self.named(question.journey.as_deref()?, at)?;
        let is = self.said(question, place, &[("in", 0), ("never", 1), ("completed", 2), ("left", 3)], 0)?;
        if is < 2 && question.within.is_some() {
            let sentence = "within belongs to a journey that is completed or left";
            return self.wrong(
                "S006",
                &format!("{place}.within"),
                sentence,
                "take within away; held_for says how long somebody is in it",
            );
        }
        if is > 0 && question.held_for.is_some() {
            let sentence = "how long a journey was never entered, or is over, is not counted";
            return self.wrong(
                "S026",
                &format!("{place}.held_for"),
                sentence,
                "take held_for away, or write within",
            );
        }
        let mut streams = Vec::new();
        let ask = match is {
            0 => {
                let ask = Ask::InJourney(journey);
                self.held(question, ask, &mut streams, place)?
            }
            1 => Ask::NeverJourney(journey),
            _ => {
                let mut properties = vec![("journey", Value::Text(journey))];
                properties.extend((is == 2).then_some(("completed", Value::Bool(true))));
                let (stream, window) =
                    self.told("journey.left", properties, question.within.as_deref(), place)?;
                streams.push(stream);
                let range = super::leaf::Range { least: 1, most: usize::MAX };
                Ask::Count { stream, window, range }
            }
        };
        self.leaf(question, ask, streams)
    }

    fn message(
        &mut self,
        question: &QuestionDefinition,
        message: &MessageDefinition,
        event: &str,
        tracked: bool,
        place: &str,
    ) -> Option<Form> {
        let words = [("yes", Answer::Yes), ("no", Answer::No), ("unknown", Answer::Unknown)];
        let words = if tracked { &words[..] } else { words.get(..2).unwrap_or(&words) };
        let is = self.word(&message.is, &format!("{place}.is"), words)?;
        let is = if tracked && is == Answer::No { Answer::TrackedNo } else { is };
        let mut properties = Vec::new();
        let fields =
            [("journey", &message.journey), ("template", &message.template), ("channel", &message.channel)];
        for (field, text) in fields {
            let Some(text) = text else { continue };
            properties.push((field, Value::Text(self.named(text, &format!("{place}.{field}"))?)));
        }
        let (stream, window) = self.told(event, properties, message.within.as_deref(), place)?;
        let channel = message.channel.as_deref().unwrap_or("email").into();
        self.leaf(question, Ask::Message { stream, window, is, channel }, vec![stream])
    }

    fn bucket(&mut self, bucket: &BucketDefinition, place: &str) -> Option<Ask> {
        let BucketDefinition { salt, from, to } = bucket;
        if from >= to || *to > 100 {
            let sentence = format!("the part from {from} to {to} is none of 0 to 100");
            return self.wrong(
                "S019",
                place,
                sentence,
                "let it begin before it ends, and end at 100 at most",
            );
        }
        let salt = self.named(salt, &format!("{place}.salt"))?;
        Some(Ask::Bucket { salt, from: *from, to: *to })
    }

    /// A stream of events that the house itself tells, or the host by their names.
    fn told(
        &mut self,
        event: &str,
        properties: Vec<(&str, Value)>,
        within: Option<&str>,
        place: &str,
    ) -> Option<(u32, Window)> {
        let window = match within {
            Some(within) => Window::Elapsed(self.span(within, &format!("{place}.within"))?),
            None => Window::Ever,
        };
        let filter = self.leaves.simple_filter(event, properties);
        Some((self.leaves.counted(filter, window, 1), window))
    }
}

/// All comparisons that were given.
fn comparisons(question: &QuestionDefinition) -> Vec<Comparison> {
    let given = question.clone();
    [
        given.is.map(Comparison::Is),
        given.one_of.map(Comparison::OneOf),
        given.above.map(Comparison::Above),
        given.at_least.map(Comparison::AtLeast),
        given.below.map(Comparison::Below),
        given.at_most.map(Comparison::AtMost),
        given.contains.map(Comparison::Contains),
        given.exists.map(Comparison::Exists),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn operand(comparison: &Comparison) -> (&'static str, &[Value]) {
    use std::slice::from_ref;
    match comparison {
        Comparison::Is(value) => ("is", from_ref(value)),
        Comparison::OneOf(values) => ("one_of", values),
        Comparison::Above(value) => ("above", from_ref(value)),
        Comparison::AtLeast(value) => ("at_least", from_ref(value)),
        Comparison::Below(value) => ("below", from_ref(value)),
        Comparison::AtMost(value) => ("at_most", from_ref(value)),
        Comparison::Contains(value) => ("contains", from_ref(value)),
        Comparison::Exists(_) => ("exists", &[]),
    }
}
