//! The same questions, answered row by row: as plain as can be, and slow.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use crate::machine::ContactState;
use crate::model::{Attributes, Name, Value, derive};
use crate::rule::condition::Test;
use crate::rule::segment::{
    AggregateDefinition, EventsDefinition, MessageDefinition, MomentDefinition, QuestionDefinition,
    SegmentDefinition, WhereDefinition,
};
use crate::rule::{ConditionDefinition, Filter, PredicateDefinition};
use crate::time::{Span, Zone};

/// One contact and all that it did, in order of arrival.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) state: ContactState,
    pub(super) events: Vec<(Name, Attributes, i64)>,
}

pub(super) struct Asking<'a> {
    pub(super) saved: &'a [SegmentDefinition],
    pub(super) at: i64,
}

fn length(text: &str) -> i64 {
    let span: Span = text.parse().unwrap();
    i64::from(span.days) * 86_400_000 + span.milliseconds as i64
}

fn test(predicate: PredicateDefinition) -> Test {
    let condition = ConditionDefinition::Compare(Box::new(predicate));
    Test::compile(&condition, "", &mut Vec::new()).unwrap()
}

fn passes(filter: Option<&WhereDefinition>, properties: &Attributes) -> bool {
    filter.is_none_or(|filter| Filter::compile(filter, "", &mut Vec::new()).passes(properties))
}

fn aggregate(given: &AggregateDefinition, value: Option<Value>) -> bool {
    let AggregateDefinition { is, above, at_least, below, at_most, .. } = given.clone();
    test(PredicateDefinition { is, above, at_least, below, at_most, ..Default::default() })
        .holds(value.as_ref())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Integer(_) => "integer",
        Value::Decimal(_) => "decimal",
        Value::Text(_) => "text",
        Value::Instant(_) => "instant",
        Value::Date(_) => "date",
        Value::List(_) => "list",
    }
}

impl Asking<'_> {
    fn zone(&self, person: &Person) -> Zone {
        let named = person.state.cold.contact.zone.as_ref().and_then(|zone| Zone::named(zone).ok());
        named.unwrap_or(Zone::named("Asia/Tokyo").unwrap())
    }

    fn date(&self, at: i64, person: &Person) -> NaiveDate {
        self.zone(person).local(DateTime::from_timestamp_millis(at).unwrap()).date()
    }

    fn period(&self, text: &str, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let monday = today - Days::new(today.weekday().num_days_from_monday().into());
        let month = today.with_day(1).unwrap();
        let one = |date: NaiveDate| (date, date);
        match text {
            "today" => one(today),
            "yesterday" => one(today.pred_opt().unwrap()),
            "tomorrow" => one(today.succ_opt().unwrap()),
            "this_week" => (monday, monday + Days::new(6)),
            "last_week" => (monday - Days::new(7), monday - Days::new(1)),
            "next_month" => (month + Months::new(1), month + Months::new(2) - Days::new(1)),
            "this_year" => {
                (today.with_ordinal(1).unwrap(), NaiveDate::from_ymd_opt(today.year(), 12, 31).unwrap())
            }
            "+5d" => one(today + Days::new(5)),
            "-1mo" => one(today - Months::new(1)),
            date => one(date.parse().unwrap()),
        }
    }

    fn moment(&self, given: &MomentDefinition, value: &Value, person: &Person) -> bool {
        let (at, date) = match value {
            Value::Instant(at) => (at.timestamp_millis(), self.date(at.timestamp_millis(), person)),
            Value::Date(date) => {
                let first = self.zone(person).resolve(date.and_time(NaiveTime::MIN));
                (first.timestamp_millis(), *date)
            }
            _ => return false,
        };
        let period = |text: &String| self.period(text, self.date(self.at, person));
        given.older_than.as_ref().is_none_or(|span| at + length(span) <= self.at)
            && given.newer_than.as_ref().is_none_or(|span| at <= self.at && self.at < at + length(span))
            && given.on.as_ref().map(period).is_none_or(|(first, last)| first <= date && date <= last)
            && given.before.as_ref().map(period).is_none_or(|(first, _)| date < first)
            && given.after.as_ref().map(period).is_none_or(|(_, last)| date > last)
    }

    fn compares(&self, given: &QuestionDefinition, value: Option<&Value>, person: &Person) -> bool {
        let value = value.filter(|value| {
            given.kind.as_ref().is_none_or(|wanted| {
                *wanted == kind(value) || (&**wanted, kind(value)) == ("decimal", "integer")
            })
        });
        let QuestionDefinition { is, one_of, above, at_least, below, at_most, contains, exists, .. } =
            given.clone();
        let predicate = PredicateDefinition {
            is,
            one_of,
            above,
            at_least,
            below,
            at_most,
            contains,
            exists,
            ..Default::default()
        };
        if predicate != PredicateDefinition::default() && !test(predicate).holds(value) {
            return false;
        }
        if let Some(start) = &given.starts_with
            && !matches!(value, Some(Value::Text(text)) if text.starts_with(start.as_str()))
        {
            return false;
        }
        let QuestionDefinition { older_than, newer_than, on, before, after, .. } = given.clone();
        let moment = MomentDefinition { older_than, newer_than, on, before, after };
        if moment != MomentDefinition::default()
            && !value.is_some_and(|value| self.moment(&moment, value, person))
        {
            return false;
        }
        given.anniversary.is_none_or(|soon| {
            let date = match value {
                Some(Value::Date(date)) => *date,
                Some(Value::Instant(at)) => self.date(at.timestamp_millis(), person),
                _ => return false,
            };
            let today = self.date(self.at, person);
            (0..u64::from(soon.days)).any(|ahead| {
                let day = today + Days::new(ahead);
                let leaps = NaiveDate::from_ymd_opt(day.year(), 2, 29).is_some();
                let (month, number) = match (date.month(), date.day()) {
                    (2, 29) if !leaps => (2, 28),
                    other => other,
                };
                (day.month(), day.day()) == (month, number)
            })
        })
    }

    fn matching<'p>(&self, given: &EventsDefinition, person: &'p Person) -> Vec<&'p (Name, Attributes, i64)> {
        let named = |name: &str| {
            given.event.as_deref() == Some(name)
                || given.events.as_ref().is_some_and(|names| names.iter().any(|other| other == name))
                || given.prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix.as_str()))
        };
        let known = person.events.iter().filter(|event| event.2 <= self.at);
        known.filter(|event| named(&event.0) && passes(given.filter.as_ref(), &event.1)).collect()
    }

    fn message(&self, event: &str, given: &MessageDefinition, person: &Person) -> bool {
        let alive = person.events.iter().any(|(name, properties, at)| {
            let like = |property: &str, wanted: &Option<String>| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| properties.get(property) == Some(&Value::from(wanted.as_str())))
            };
            **name == *event
                && like("journey", &given.journey)
                && like("template", &given.template)
                && like("channel", &given.channel)
                && *at <= self.at
                && given.within.as_ref().is_none_or(|within| self.at < at + length(within))
        });
        let tracked = ["message.opened", "message.clicked"].contains(&event);
        let known = !tracked || self.allows("tracking", given.channel.as_deref().unwrap_or("email"), person);
        match given.is.as_str() {
            "yes" => alive,
            "no" => !alive && known,
            _ => !alive && !known,
        }
    }

    fn allows(&self, purpose: &str, channel: &str, person: &Person) -> bool {
        let address = person.state.cold.contact.addresses.get(channel);
        let address = address.and_then(|address| address.fingerprint);
        person.state.cold.standing.allows(purpose, channel, address)
    }

    pub(super) fn holds(&self, given: &QuestionDefinition, person: &Person) -> bool {
        let (contact, hot) = (&person.state.cold.contact, &person.state.hot);
        if let Some(all) = &given.all {
            return all.iter().all(|question| self.holds(question, person));
        }
        if let Some(any) = &given.any {
            return any.iter().any(|question| self.holds(question, person));
        }
        if let Some(question) = &given.not {
            return !self.holds(question, person);
        }
        if let Some(tag) = &given.tag {
            return contact.tags.contains(tag.as_str());
        }
        if let Some(attribute) = &given.attribute {
            return self.compares(given, contact.attributes.get(attribute.as_str()), person);
        }
        if let Some(score) = &given.score {
            return self.compares(given, Some(&Value::Integer(hot.rating.score(score))), person);
        }
        if let Some(tier) = &given.tier {
            return self.compares(given, hot.rating.tier(tier).cloned().map(Value::Text).as_ref(), person);
        }
        if let Some(segment) = &given.segment {
            let saved = self.saved.iter().find(|saved| saved.segment == *segment).unwrap();
            return match &saved.condition {
                Some(question) if question.held_for.is_none() => self.holds(question, person),
                _ => hot.rating.is_in(segment),
            };
        }
        if let Some(bucket) = &given.bucket {
            let parts = [bucket.salt.as_bytes(), contact.id.as_str().as_bytes()];
            let id = derive("segment bucket", &parts);
            let fine = u64::from_be_bytes(id[..8].try_into().unwrap());
            let lot = (u128::from(fine) * 100) >> 64;
            return u128::from(bucket.from) <= lot && lot < u128::from(bucket.to);
        }
        let word = |usual: &'static str| match &given.is {
            Some(Value::Text(word)) => word.to_string(),
            _ => usual.to_owned(),
        };
        if let Some(purpose) = &given.consent {
            let channel = given.channel.as_deref().unwrap();
            let said = contact.tags.contains("said"); // the universe tags whoever once said something
            let allows = self.allows(purpose, channel, person);
            return match &*word("granted") {
                "granted" => allows,
                "withdrawn" => !allows && said,
                _ => !allows && !said,
            };
        }
        if let Some(journey) = &given.journey {
            let passage = hot.entries.get(journey.as_str());
            let told = person.events.iter().any(|(name, properties, at)| {
                &**name == "journey.left"
                    && properties.get("journey") == Some(&Value::from(journey.as_str()))
                    && *at <= self.at
                    && given.within.as_ref().is_none_or(|within| self.at < at + length(within))
            });
            return match &*word("in") {
                "in" => hot.enrollments.iter().any(|run| run.journey.as_str() == journey),
                "never" => passage.is_none(),
                _ => told,
            };
        }
        let messages = [
            ("sent", &given.sent),
            ("delivered", &given.delivered),
            ("opened", &given.opened),
            ("clicked", &given.clicked),
        ];
        for (word, message) in messages {
            if let Some(message) = message {
                return self.message(&format!("message.{word}"), message, person);
            }
        }
        if let Some(sequence) = &given.sequence {
            let (within, remember) = (length(&sequence.within), length(&sequence.remember));
            let comes = sequence.then.is_some();
            let seconds = self.matching(sequence.then.as_ref().or(sequence.never.as_ref()).unwrap(), person);
            return self.matching(&sequence.first, person).iter().any(|first| {
                let came = seconds.iter().any(|second| first.2 <= second.2 && second.2 < first.2 + within);
                self.at < first.2 + remember && came == comes && (comes || first.2 + within <= self.at)
            });
        }
        self.counts(given, person)
    }

    fn counts(&self, given: &QuestionDefinition, person: &Person) -> bool {
        let QuestionDefinition { event, events, prefix, filter, .. } = given.clone();
        let all = self.matching(&EventsDefinition { event, events, prefix, filter }, person);
        let parse = |text: &String| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        let today = self.date(self.at, person);
        let alive: Vec<_> = all
            .iter()
            .filter(|event| given.within.as_ref().is_none_or(|within| self.at < event.2 + length(within)))
            .filter(|event| given.from.as_ref().is_none_or(|from| parse(from) <= event.2))
            .filter(|event| given.to.as_ref().is_none_or(|to| event.2 < parse(to)))
            .filter(|event| {
                given.calendar_days.is_none_or(|days| {
                    let date = self.date(event.2, person);
                    today - Days::new(u64::from(days) - 1) <= date && date <= today
                })
            })
            .collect();
        let values = |of: &AggregateDefinition| -> Vec<Value> {
            let of = of.of.as_deref().unwrap();
            alive.iter().filter_map(|event| event.1.get(of)).cloned().collect()
        };
        let numbers = |of: &AggregateDefinition| -> Vec<Decimal> {
            let values = values(of).into_iter();
            values
                .filter_map(|value| match value {
                    Value::Integer(number) => Some(number.into()),
                    Value::Decimal(number) => Some(number),
                    _ => None,
                })
                .collect()
        };
        let earliest = all.iter().min_by_key(|event| event.2);
        let newest = all.iter().max_by_key(|event| event.2); // of equal ones the last to arrive
        let at = |at: i64| Value::Instant(DateTime::from_timestamp_millis(at).unwrap());
        if let Some(first) = &given.first {
            return earliest.is_some_and(|event| self.moment(first, &at(event.2), person));
        }
        if let Some(last) = &given.last {
            return newest.is_some_and(|event| self.moment(last, &at(event.2), person));
        }
        if let Some(like) = &given.last_with {
            return newest.is_some_and(|event| passes(Some(like), &event.1));
        }
        if let Some(count) = &given.count {
            return aggregate(count, Some(Value::Integer(alive.len() as i64)));
        }
        if let Some(sum) = &given.sum {
            return aggregate(sum, Some(Value::Decimal(numbers(sum).into_iter().sum())));
        }
        if let Some(average) = &given.average {
            let all = numbers(average);
            let count = Decimal::from(all.len());
            return aggregate(
                average,
                (!all.is_empty()).then(|| Value::Decimal(all.into_iter().sum::<Decimal>() / count)),
            );
        }
        if let Some(min) = &given.min {
            return aggregate(min, numbers(min).into_iter().min().map(Value::Decimal));
        }
        if let Some(max) = &given.max {
            return aggregate(max, numbers(max).into_iter().max().map(Value::Decimal));
        }
        if let Some(distinct) = &given.distinct {
            let mut found: Vec<Value> = Vec::new();
            for value in values(distinct) {
                if !found.iter().any(|other| other.compare(&value).is_some_and(std::cmp::Ordering::is_eq)) {
                    found.push(value);
                }
            }
            return aggregate(distinct, Some(Value::Integer(found.len() as i64)));
        }
        !alive.is_empty()
    }
}
