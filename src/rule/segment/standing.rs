//! Reads questions about what is so of a contact: tags, scores, consents, journeys, segments, messages.

use super::author::Author;
use super::leaf::{Answer, Ask, Status};
use super::program::Form;
use super::question::{BucketDefinition, MessageDefinition, QuestionDefinition};
use super::window::Window;
use crate::model::{Kind, Value};

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
