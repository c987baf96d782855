//! A number that is known of a contact, named by a path: the one language for templates and predicates.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Facts;
use super::score::{ScoreModel, ScoreState, TrailState};
use crate::model::{Name, Value};

const DAY: i64 = 86_400_000;
/// What a path can begin with.
pub(super) const ROOTS: [&str; 4] = ["score", "number", "event", "done"];
/// The longest span that a path asks for, in days.
const MOST_DAYS: i64 = 36_600;

/// A number that is known of a contact, or is not: a score, its change, the days since an event.
///
/// | path | what |
/// |---|---|
/// | `score.spark` | the score of this name, as it stands |
/// | `score.spark.tier` | the tier that it stands in, a text |
/// | `number.followers` | the attribute of this name, where it is a number |
/// | `.first`, `.last` | after either of the two: the first value that its trail saw, and the last |
/// | `.change` | the last value less the first |
/// | `.change_30d` | the last value less what it was so long ago; `h`, `d` (24 h) or `w` |
/// | `.projected_14d` | the last value and once more its change over that span, within the bounds of the score |
/// | `event.signed_up.days` | full days of 24 h since the event happened last |
/// | `event.signed_up.count` | how often it happened |
/// | `done.actions.done`, `.of` | how many events of a checklist happened, and how many it has |
///
/// A name with other letters than `a-z`, digits and `_` stands in brackets: `event['app.login'].days`.
///
/// An answer is exact, or there is none: a change over thirty days is not known of somebody who was first seen ten days
/// ago, nor where the score remembers no trail that is long enough.
///
/// ```
/// use journeyman::machine::ContactState;
/// use journeyman::rule::Number;
/// let logins = Number::parse("event['app.login'].count")?;
/// assert_eq!(logins.of(&ContactState::new("lea".into()).facts()), Some(0.into()));
/// assert!(Number::parse("score.spark.teir").unwrap_err().to_string().contains("ask for tier, first"));
/// # Ok::<(), journeyman::rule::Misread>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    path: Name,
    subject: Subject,
    field: Field,
}

/// What a number is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Score(Name),
    Attribute(Name),
    Event(Name),
    Checklist(Name),
}

/// What is asked of it. Spans are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Value,
    Tier,
    First,
    Last,
    Change,
    ChangeOver(i64),
    ProjectedOver(i64),
    Days,
    Count,
    Done,
    Of,
}

/// A path that names no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}; {next}")]
#[non_exhaustive]
pub struct Misread {
    /// What is wrong.
    pub sentence: String,
    /// What to do.
    pub next: String,
}

/// The models of scores that a program runs, for whoever asks for what they remember.
pub trait Models: fmt::Debug + Sync {
    /// The newest rules of a score.
    fn model(&self, score: &str) -> Option<&ScoreModel>;

    /// Every score that has rules, in order of name.
    fn scores(&self) -> Vec<&Name>;
}

impl Models for BTreeMap<Name, Arc<ScoreModel>> {
    fn model(&self, score: &str) -> Option<&ScoreModel> {
        self.get(score).map(|model| &**model)
    }

    fn scores(&self) -> Vec<&Name> {
        self.keys().collect()
    }
}

impl Number {
    /// Reads a path.
    ///
    /// # Errors
    /// [`Misread`] for anything else than a path of the table above, with what was probably meant.
    pub fn parse(path: &str) -> Result<Self, Misread> {
        let (number, rest) = Self::begin(path)?;
        if rest.is_empty() {
            return Ok(number);
        }
        Err(misread(
            format!("{path:?} goes on after a number with {rest:?}"),
            "write a path such as score.spark.change_30d, without spaces",
        ))
    }

    /// Reads the path that a text begins with, and answers what follows it.
    pub(super) fn begin(text: &str) -> Result<(Self, &str), Misread> {
        let end = word_end(text);
        let (root, mut rest) = (&text[..end], &text[end..]);
        let mut parts = Vec::new();
        while let Some((part, after)) = part(rest)? {
            parts.push(part);
            rest = after;
        }
        let path = &text[..text.len() - rest.len()];
        let number = Self::of_parts(path, root, &parts)?;
        Ok((number, rest))
    }

    fn of_parts(path: &str, root: &str, parts: &[Part<'_>]) -> Result<Self, Misread> {
        if !ROOTS.contains(&root) {
            let sentence = format!("{path:?} is no number");
            return Err(misread(sentence, &format!("begin with {}", ROOTS.join(", "))));
        }
        let (name, field) = match parts {
            [name] => (name, None),
            [name, field] if !field.quoted => (name, Some(field.text)),
            [] => {
                let next = format!("name it, such as {}", example(root));
                return Err(misread(format!("{path:?} does not say which"), &next));
            }
            _ => {
                let next = format!("a name with dots is written in brackets, such as {root}['app.login']");
                return Err(misread(
                    format!("{path:?} has more parts than a name and what is asked of it"),
                    &next,
                ));
            }
        };
        if name.text.is_empty() {
            return Err(misread(format!("{path:?} has an empty name"), "write the name"));
        }
        let subject = Name::from(name.text);
        let (subject, field) = match root {
            "score" => (Subject::Score(subject), field.map_or(Some(Field::Value), of_score)),
            "number" => (Subject::Attribute(subject), field.map_or(Some(Field::Value), of_trail)),
            "event" => (Subject::Event(subject), field.and_then(of_event)),
            _ => (Subject::Checklist(subject), field.and_then(of_checklist)),
        };
        match field {
            Some(field) => Ok(Self { path: path.into(), subject, field }),
            None => Err(unknown_field(path, root, parts)),
        }
    }

    /// The path as it was written.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is for a contact; `None` where that is not known exactly.
    #[must_use]
    pub fn of(&self, facts: &Facts<'_>) -> Option<Value> {
        match &self.subject {
            Subject::Score(score) => self.of_score(score, facts),
            Subject::Attribute(name) => self.of_attribute(name, facts),
            Subject::Event(event) => self.of_event(event, facts).map(Value::Integer),
            Subject::Checklist(list) => self.of_checklist(list, facts).map(Value::Integer),
        }
    }

    /// Whether it can change by time alone, so that nobody is told when.
    pub(crate) fn moves_with_time(&self) -> bool {
        matches!(self.field, Field::Days | Field::ChangeOver(_) | Field::ProjectedOver(_))
    }

    fn of_score(&self, score: &Name, facts: &Facts<'_>) -> Option<Value> {
        let rating = facts.rating;
        let model = facts.models.and_then(|models| models.model(score));
        match self.field {
            Field::Tier => rating.tier(score).cloned().map(Value::Text),
            Field::Value | Field::Last => {
                let known = rating.has_score(score) || rating.state(score).is_some() || model.is_some();
                known.then(|| Value::Integer(rating.score(score)))
            }
            _ => {
                let model = model?;
                let trail = trail_of(model, rating.state(score)?, None)?;
                let number = self.of_trail(trail, facts)?;
                let bounds = model.table().clamp.filter(|_| matches!(self.field, Field::ProjectedOver(_)));
                Some(Value::Integer(bounds.map_or(number, |clamp| number.max(clamp.least).min(clamp.most))))
            }
        }
    }

    fn of_attribute(&self, name: &Name, facts: &Facts<'_>) -> Option<Value> {
        if self.field == Field::Value {
            let value = facts.contact.attributes.get(name);
            return value.filter(|value| matches!(value, Value::Integer(_) | Value::Decimal(_))).cloned();
        }
        let models = facts.models?;
        let mut trails = models
            .scores()
            .into_iter()
            .filter_map(|score| trail_of(models.model(score)?, facts.rating.state(score)?, Some(name)));
        self.of_trail(trails.next()?, facts).map(Value::Integer)
    }

    fn of_trail(&self, trail: &TrailState, facts: &Facts<'_>) -> Option<i64> {
        let since = |span: i64| Some(facts.at?.timestamp_millis().saturating_sub(span));
        match self.field {
            Field::First => trail.first(),
            Field::Value | Field::Last => trail.last(),
            Field::Change => trail.change(),
            Field::ChangeOver(span) => trail.change_since(since(span)?),
            Field::ProjectedOver(span) => {
                Some(trail.last()?.saturating_add(trail.change_since(since(span)?)?))
            }
            _ => None,
        }
    }

    fn of_event(&self, event: &Name, facts: &Facts<'_>) -> Option<i64> {
        let tally = facts.performed.tally(event);
        if self.field == Field::Days {
            let since = facts.at?.signed_duration_since(tally?.last_at);
            return Some(since.num_milliseconds().max(0) / DAY);
        }
        match tally {
            Some(tally) => Some(i64::try_from(tally.count).unwrap_or(i64::MAX)),
            // Of a name that found no place nobody knows how often it happened.
            None if facts.performed.is_full() => None,
            None => Some(0),
        }
    }

    fn of_checklist(&self, list: &Name, facts: &Facts<'_>) -> Option<i64> {
        let models = facts.models?;
        let mut lists = models.scores().into_iter().filter_map(|score| {
            let lists = &models.model(score)?.table().checklists;
            lists.iter().find(|(name, _)| name == list).map(|(_, events)| events)
        });
        let events = lists.next()?;
        let count = match self.field {
            Field::Of => events.len(),
            _ => {
                let done = events.iter().filter(|event| facts.performed.tally(event).is_some()).count();
                (done == events.len() || !facts.performed.is_full()).then_some(done)?
            }
        };
        i64::try_from(count).ok()
    }
}

/// The trail of the score, or of an attribute, where the rules that the contact was counted by remember one.
fn trail_of<'s>(
    model: &ScoreModel,
    state: &'s ScoreState,
    attribute: Option<&Name>,
) -> Option<&'s TrailState> {
    if state.model != model.short_hash() {
        return None;
    }
    let place = model.table().trails.iter().position(|trail| trail.attribute.as_ref() == attribute)?;
    state.trails.get(place)
}

/// One part of a path after its root.
struct Part<'t> {
    text: &'t str,
    quoted: bool,
}

/// The part that a text begins with: `.name` or `['name']`, and what follows.
fn part(text: &str) -> Result<Option<(Part<'_>, &str)>, Misread> {
    if let Some(after) = text.strip_prefix('.') {
        let end = word_end(after);
        if end == 0 {
            return Err(misread("a path ends with a dot".to_owned(), "take it away, or say what follows"));
        }
        return Ok(Some((Part { text: &after[..end], quoted: false }, &after[end..])));
    }
    let Some(after) = text.strip_prefix('[') else { return Ok(None) };
    let quoted = ['\'', '"'].into_iter().find_map(|quote| {
        let after = after.strip_prefix(quote)?;
        let end = after.find(quote)?;
        let rest = after[end..].strip_prefix(quote)?.strip_prefix(']')?;
        Some((&after[..end], rest))
    });
    match quoted.filter(|(name, _)| !name.contains('\\')) {
        Some((text, rest)) => Ok(Some((Part { text, quoted: true }, rest))),
        None => Err(misread(
            "a name in brackets stands in quotes".to_owned(),
            "write it as it is, such as event['app.login'].days",
        )),
    }
}

/// Where the word ends that a text begins with.
fn word_end(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
}

fn of_score(field: &str) -> Option<Field> {
    if field == "tier" { Some(Field::Tier) } else { of_trail(field) }
}

fn of_trail(field: &str) -> Option<Field> {
    match field {
        "first" => Some(Field::First),
        "last" => Some(Field::Last),
        "change" => Some(Field::Change),
        _ => {
            let (what, span) = field.split_once('_')?;
            let span = span_of(span)?;
            match what {
                "change" => Some(Field::ChangeOver(span)),
                "projected" => Some(Field::ProjectedOver(span)),
                _ => None,
            }
        }
    }
}

/// A span of elapsed time such as `30d`, in milliseconds.
fn span_of(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(['h', 'd', 'w'])?;
    let unit = match text.as_bytes().last()? {
        b'h' => DAY / 24,
        b'd' => DAY,
        _ => 7 * DAY,
    };
    let digits = digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(digits)?;
    let count: i64 = digits.parse().ok()?;
    count.checked_mul(unit).filter(|span| (1..=MOST_DAYS * DAY).contains(span))
}

fn of_event(field: &str) -> Option<Field> {
    match field {
        "days" => Some(Field::Days),
        "count" => Some(Field::Count),
        _ => None,
    }
}

fn of_checklist(field: &str) -> Option<Field> {
    match field {
        "done" => Some(Field::Done),
        "of" => Some(Field::Of),
        _ => None,
    }
}

fn example(root: &str) -> &'static str {
    match root {
        "score" => "score.spark",
        "number" => "number.followers.change_30d",
        "event" => "event['app.login'].days",
        _ => "done.actions.done",
    }
}

/// The fields that a number can be asked for, with an example of each span.
fn fields(root: &str) -> &'static [&'static str] {
    match root {
        "score" => &["tier", "first", "last", "change", "change_30d", "projected_14d"],
        "number" => &["first", "last", "change", "change_30d", "projected_14d"],
        "event" => &["days", "count"],
        _ => &["done", "of"],
    }
}

fn unknown_field(path: &str, root: &str, parts: &[Part<'_>]) -> Misread {
    let known = fields(root);
    let Some(field) = parts.get(1) else {
        let next = format!("add .{}", known.join(" or ."));
        return misread(format!("{path:?} does not say what is asked"), &next);
    };
    let next = format!("ask for {}", known.join(", "));
    misread(format!("{path:?} asks for {:?}, which no {root} has", field.text), &next)
}

fn misread(sentence: String, next: &str) -> Misread {
    Misread { sentence, next: next.to_owned() }
}

#[cfg(test)]
mod tests;
