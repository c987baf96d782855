//! Who is in which segment, asked anew of everything that ever happened: nothing is kept but the history, and since when
//! what must hold for a while does.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Clock, Clocks, DAY, date_of, day_of, is_leap, month, months_on, week, year};
use super::language::{Asks, Holds, Names, Period, Question, Reach, Segment, Test, Thing, When, Which};

/// Ways to misread the rules: whoever makes one must be told from whoever does not by the universes that are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mistake {
    #[default]
    None,
    FlipsLate,
    WindowClosed,
    SameInstantOnce,
    SecondAfterFirst,
    SequenceClosed,
    RememberedTooLong,
    DaysInUtc,
    DaysElapsed,
    OneFewerKept,
    RetractionKeeps,
    FutureAtOnce,
    LateByArrival,
    FirstOfEqualsIsLast,
    MissingIsLess,
    OlderTooLate,
    HeldTooLong,
    HeldThroughBreaks,
    HeldFromPublishing,
    UnknownIsNo,
    WithdrawnIsNone,
    DistinctKinds,
    LeapDayInMarch,
    WeekFromSunday,
    DefinitionUnheard,
    ReferencesLag,
    DuplicatesCount,
    ErasureRemembers,
    MovesFirst,
}

pub(crate) const MISTAKES: [Mistake; 28] = [
    Mistake::FlipsLate,
    Mistake::WindowClosed,
    Mistake::SameInstantOnce,
    Mistake::SecondAfterFirst,
    Mistake::SequenceClosed,
    Mistake::RememberedTooLong,
    Mistake::DaysInUtc,
    Mistake::DaysElapsed,
    Mistake::OneFewerKept,
    Mistake::RetractionKeeps,
    Mistake::FutureAtOnce,
    Mistake::LateByArrival,
    Mistake::FirstOfEqualsIsLast,
    Mistake::MissingIsLess,
    Mistake::OlderTooLate,
    Mistake::HeldTooLong,
    Mistake::HeldThroughBreaks,
    Mistake::HeldFromPublishing,
    Mistake::UnknownIsNo,
    Mistake::WithdrawnIsNone,
    Mistake::DistinctKinds,
    Mistake::LeapDayInMarch,
    Mistake::WeekFromSunday,
    Mistake::DefinitionUnheard,
    Mistake::ReferencesLag,
    Mistake::DuplicatesCount,
    Mistake::ErasureRemembers,
    Mistake::MovesFirst,
];

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<&'static str, Thing>,
    pub(crate) at: i64,
    /// By what it can be retracted.
    pub(crate) id: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Consent {
    /// For every address, or for one.
    Granted(Option<u8>),
    Withdrawn,
}

/// Everything that is known of one contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) zone: Option<&'static str>,
    pub(crate) attributes: BTreeMap<&'static str, Thing>,
    pub(crate) tags: BTreeSet<&'static str>,
    pub(crate) scores: BTreeMap<&'static str, i64>,
    pub(crate) tiers: BTreeMap<&'static str, &'static str>,
    pub(crate) marks: BTreeSet<(&'static str, &'static str)>,
    pub(crate) consents: BTreeMap<(&'static str, &'static str), Consent>,
    /// The address of a channel, by a number of its own.
    pub(crate) addresses: BTreeMap<&'static str, u8>,
    pub(crate) events: Vec<Happened>,
    /// The journeys that it is in, and those that it ever entered.
    pub(crate) inside: BTreeSet<&'static str>,
    pub(crate) entered: BTreeSet<&'static str>,
    pub(crate) manual: BTreeSet<&'static str>,
}

/// What is kept from one look to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Since when what must hold for a while does.
    pub(crate) since: BTreeMap<String, i64>,
    /// Who was in, by the place of the segment.
    pub(crate) members: Vec<bool>,
    before: Vec<bool>,
}

pub(crate) struct Look<'w> {
    pub(crate) known: &'w Known,
    pub(crate) clock: &'w Clock,
    pub(crate) now: i64,
    /// The lot of the contact, by salt.
    pub(crate) lots: &'w BTreeMap<&'static str, i64>,
    pub(crate) mistake: Mistake,
}

/// Looks at every segment in its order, those that ask for others after them; answers who moved.
pub(crate) fn look(
    memory: &mut Memory,
    segments: &[Segment],
    known: &Known,
    (clocks, last_resort): (&Clocks, &'static str),
    lots: &BTreeMap<&'static str, i64>,
    now: i64,
    mistake: Mistake,
) -> Vec<(usize, bool)> {
    let zone = known.zone.unwrap_or(last_resort);
    let clock = clocks.of(if mistake == Mistake::DaysInUtc { "UTC" } else { zone });
    let look = Look { known, clock, now, lots, mistake };
    let mut moved = Vec::new();
    memory.members.resize(segments.len(), false);
    memory.before.clone_from(&memory.members);
    for (place, segment) in segments.iter().enumerate() {
        let is_in = look.is_in(segment, memory);
        if memory.members[place] != is_in {
            memory.members[place] = is_in;
            moved.push((place, is_in));
        }
    }
    moved
}

impl Look<'_> {
    fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    /// Whether what happened then is still within so long.
    fn is_alive(&self, at: i64, length: i64) -> bool {
        self.now < at + length + i64::from(self.errs(Mistake::WindowClosed))
    }

    fn is_in(&self, segment: &Segment, memory: &mut Memory) -> bool {
        let asked = segment.question().is_none_or(|question| self.holds(question, memory));
        match &segment.holds {
            Holds::Where(_) => asked,
            Holds::Manual => self.known.manual.contains(segment.name),
            Holds::Rank { score, attribute, line, .. } => {
                let value = match (score, attribute) {
                    (Some(score), _) => self.known.scores.get(score).copied(),
                    (None, Some(attribute)) => match self.known.attributes.get(attribute) {
                        Some(Thing::Whole(value)) => Some(*value),
                        _ => None,
                    },
                    (None, None) => None,
                };
                let stands = value.zip(*line).is_some_and(|(value, (least, last))| {
                    value > least || (value == least && self.known.id.as_bytes() <= last.as_bytes())
                });
                asked && stands
            }
        }
    }

    fn score(&self, name: &str) -> i64 {
        self.known.scores.get(name).copied().unwrap_or(0)
    }

    /// Every part is asked, so that what must hold for a while is looked at wherever it stands.
    fn holds(&self, question: &Question, memory: &mut Memory) -> bool {
        let known = self.known;
        match question {
            Question::All(all) => all.iter().fold(true, |all, one| self.holds(one, memory) && all),
            Question::Any(any) => any.iter().fold(false, |any, one| self.holds(one, memory) || any),
            Question::Not(one) => !self.holds(one, memory),
            Question::Held(one, length, key) => {
                if !self.holds(one, memory) {
                    if !self.errs(Mistake::HeldThroughBreaks) {
                        memory.since.remove(key);
                    }
                    return false;
                }
                match memory.since.get(key) {
                    Some(since) if self.errs(Mistake::HeldTooLong) => since + length < self.now,
                    Some(since) => since + length <= self.now,
                    None => {
                        memory.since.insert(key.clone(), self.now);
                        false
                    }
                }
            }
            Question::Tag(tag) => known.tags.contains(tag),
            Question::Attribute { name, kind, tests, whens, anniversary } => {
                let value = known.attributes.get(name);
                let value = value.filter(|value| kind.is_none_or(|kind| is_of(kind, value)));
                let least = self.errs(Mistake::MissingIsLess) && tests.len() == 1;
                let missing =
                    least && value.is_none() && matches!(tests[0], Test::Below(_) | Test::AtMost(_));
                (missing || all_pass(tests, value))
                    && whens.iter().all(|when| self.lies(when, value))
                    && anniversary.is_none_or(|days| self.comes(value, days))
            }
            Question::Score(name, tests) => all_pass(tests, Some(&Thing::Whole(self.score(name)))),
            Question::Tier(name, tests) => {
                let tier = known.tiers.get(name).map(|tier| Thing::Text(tier));
                all_pass(tests, tier.as_ref())
            }
            Question::Mark(mark, of) => known.marks.contains(&(*of, *mark)),
            Question::Consent { purpose, channel, is } => {
                self.consent(purpose, channel) == is.unwrap_or("granted")
            }
            Question::Journey { name, is, within } => match is.unwrap_or("in") {
                "in" => known.inside.contains(name),
                "never" => !known.entered.contains(name),
                word => known.events.iter().any(|event| {
                    event.name == "journey.left"
                        && event.properties.get("journey") == Some(&Thing::Text(name))
                        && (word == "left" || event.properties.get("completed") == Some(&Thing::Bool(true)))
                        && event.at <= self.now
                        && within.is_none_or(|within| self.is_alive(event.at, within))
                }),
            },
            Question::Segment(place) if self.errs(Mistake::ReferencesLag) => memory.before[*place],
            Question::Segment(place) => memory.members[*place],
            Question::Bucket { salt, from, to } => (*from..*to).contains(&self.lots[salt]),
            Question::Events { of, reach, asks } => {
                let mut found: Vec<&Happened> =
                    self.all(of).filter(|event| self.reaches(reach, event)).collect();
                if self.errs(Mistake::SameInstantOnce) {
                    let mut seen = BTreeSet::new();
                    found.retain(|event| seen.insert(event.at));
                }
                self.adds_up(asks, &found)
            }
            Question::First(of, whens) => {
                let first = self.all(of).map(|event| event.at).min().map(Thing::Instant);
                whens.iter().all(|when| self.lies(when, first.as_ref()))
            }
            Question::Last(of, whens) => {
                let last = self.all(of).map(|event| event.at).max().map(Thing::Instant);
                whens.iter().all(|when| self.lies(when, last.as_ref()))
            }
            Question::LastWith(of, conditions) => {
                let mut last: Option<&Happened> = None;
                for event in self.all(of) {
                    let ties = last.is_some_and(|last| last.at == event.at);
                    if ties && self.errs(Mistake::FirstOfEqualsIsLast) {
                        continue;
                    }
                    if last.is_none_or(|last| last.at <= event.at) {
                        last = Some(event);
                    }
                }
                last.is_some_and(|last| fits(conditions, last))
            }
            Question::Sequence { first, second, then, within, remember } => {
                let longer = i64::from(self.errs(Mistake::RememberedTooLong));
                let remembered = |x: i64| x <= self.now && self.now < x + remember + longer;
                let least = i64::from(self.errs(Mistake::SecondAfterFirst));
                let more = i64::from(self.errs(Mistake::SequenceClosed));
                let follows =
                    |x: i64| self.all(second).any(|y| x + least <= y.at && y.at < x + within + more);
                let mut xs = self.all(first).map(|event| event.at).filter(|x| remembered(*x));
                if *then { xs.any(follows) } else { xs.any(|x| x + within <= self.now && !follows(x)) }
            }
            Question::Message { what, is, journey, template, channel, within } => {
                let name = format!("message.{what}");
                let wanted = [("journey", journey), ("template", template), ("channel", channel)];
                let there = known.events.iter().any(|event| {
                    event.name == name
                        && event.at <= self.now
                        && within.is_none_or(|within| self.is_alive(event.at, within))
                        && wanted.iter().all(|(property, text)| {
                            let text = text.map(Thing::Text);
                            text.is_none() || event.properties.get(property) == text.as_ref()
                        })
                });
                let asks_leave = matches!(*what, "opened" | "clicked");
                let answer = match there {
                    true => "yes",
                    false
                        if asks_leave
                            && !self.errs(Mistake::UnknownIsNo)
                            && self.consent("tracking", channel.unwrap_or("email")) != "granted" =>
                    {
                        "unknown"
                    }
                    false => "no",
                };
                answer == *is
            }
        }
    }

    fn consent(&self, purpose: &str, channel: &str) -> &'static str {
        let found = self.known.consents.iter().find(|((p, c), _)| *p == purpose && *c == channel);
        match found.map(|(_, consent)| *consent) {
            Some(Consent::Granted(None)) => "granted",
            Some(Consent::Granted(of)) if self.known.addresses.get(channel).copied() == of => "granted",
            // What was granted for an address that is no longer the contact's is granted no longer.
            Some(_) if !self.errs(Mistake::WithdrawnIsNone) => "withdrawn",
            _ => "none",
        }
    }

    fn all<'s>(&'s self, of: &'s Which) -> impl Iterator<Item = &'s Happened> {
        let named = move |name: &str| match &of.names {
            Names::One(wanted) => *wanted == name,
            Names::Several(wanted) => wanted.contains(&name),
            Names::Prefix(prefix) => name.starts_with(prefix),
        };
        let known = self.known.events.iter().filter(|event| event.at <= self.now);
        known.filter(move |event| named(&event.name) && fits(&of.filter, event))
    }

    fn reaches(&self, reach: &Reach, event: &Happened) -> bool {
        match reach {
            Reach::Ever => true,
            Reach::Within(length) => self.is_alive(event.at, *length),
            Reach::Days(days) if self.errs(Mistake::DaysElapsed) => self.now < event.at + days * DAY,
            Reach::Days(days) => {
                let (day, today) = (self.clock.day(event.at), self.clock.day(self.now));
                today - (days - 1) <= day && day <= today
            }
            Reach::Between(from, to) => {
                from.is_none_or(|from| from <= event.at) && to.is_none_or(|to| event.at < to)
            }
        }
    }

    fn lies(&self, when: &When, value: Option<&Thing>) -> bool {
        let today = self.clock.day(self.now);
        let (instant, day) = match value {
            Some(Thing::Instant(at)) => (*at, self.clock.day(*at)),
            Some(Thing::Date(day)) => {
                let asks_instant = matches!(when, When::Older(_) | When::Newer(_));
                (if asks_instant { self.clock.first_of(*day) } else { 0 }, *day)
            }
            _ => return false,
        };
        match when {
            When::Older(length) => instant + length + i64::from(self.errs(Mistake::OlderTooLate)) <= self.now,
            When::Newer(length) => instant <= self.now && self.now < instant + length,
            When::On(period) => {
                let (first, last) = self.days(period, today);
                first <= day && day <= last
            }
            When::Before(period) => day < self.days(period, today).0,
            When::After(period) => day > self.days(period, today).1,
        }
    }

    fn days(&self, period: &Period, today: i64) -> (i64, i64) {
        match period {
            Period::Word(word) if word.ends_with("week") && self.errs(Mistake::WeekFromSunday) => {
                let (first, last) = days(period, today + 1);
                (first - 1, last - 1)
            }
            _ => days(period, today),
        }
    }

    fn comes(&self, value: Option<&Thing>, days: i64) -> bool {
        let day = match value {
            Some(Thing::Instant(at)) => self.clock.day(*at),
            Some(Thing::Date(day)) => *day,
            _ => return false,
        };
        let (_, month, of_month) = date_of(day);
        let today = self.clock.day(self.now);
        (date_of(today).0..=date_of(today + days).0).any(|year| {
            let leaps = (month, of_month) == (2, 29) && !is_leap(year);
            let day = if self.errs(Mistake::LeapDayInMarch) { 29 } else { 28 };
            let then = day_of(year, month, if leaps { day } else { of_month });
            (today..today + days).contains(&then)
        })
    }
}

/// A whole number is a fraction too.
fn is_of(kind: &str, value: &Thing) -> bool {
    kind == value.kind() || (kind == "decimal" && value.kind() == "integer")
}

/// The first and last day of a period, seen from today.
fn days(period: &Period, today: i64) -> (i64, i64) {
    let one = |day| (day, day);
    match period {
        Period::Date(day) => one(*day),
        Period::Days(away) => one(today + away),
        Period::Weeks(away) => one(today + 7 * away),
        Period::Months(away) => one(months_on(today, *away)),
        Period::Years(away) => one(months_on(today, 12 * away)),
        Period::Word(word) => match *word {
            "today" => one(today),
            "yesterday" => one(today - 1),
            "tomorrow" => one(today + 1),
            word => {
                let (which, what) = word.split_once('_').unwrap();
                let away = ["last", "this", "next"].iter().position(|one| *one == which).unwrap() as i64 - 1;
                match what {
                    "week" => week(today, away),
                    "month" => month(today, away),
                    _ => year(today, away),
                }
            }
        },
    }
}

fn fits(conditions: &[(&'static str, Vec<Test>)], event: &Happened) -> bool {
    conditions.iter().all(|(property, tests)| all_pass(tests, event.properties.get(property)))
}

fn all_pass(tests: &[Test], value: Option<&Thing>) -> bool {
    tests.iter().all(|test| passes(test, value))
}

fn passes(test: &Test, value: Option<&Thing>) -> bool {
    if let Test::Exists(there) = test {
        return value.is_some() == *there;
    }
    let Some(value) = value else { return false };
    let order = |other: &Thing| value.against(other);
    let equals = |other: &Thing| order(other) == Some(Ordering::Equal);
    match test {
        Test::Is(other) => equals(other),
        Test::OneOf(others) => others.iter().any(equals),
        Test::Above(other) => order(other) == Some(Ordering::Greater),
        Test::Below(other) => order(other) == Some(Ordering::Less),
        Test::AtLeast(other) => matches!(order(other), Some(Ordering::Greater | Ordering::Equal)),
        Test::AtMost(other) => matches!(order(other), Some(Ordering::Less | Ordering::Equal)),
        Test::Contains(part) => match (value, part) {
            (Thing::Text(text), Thing::Text(part)) => text.contains(part),
            (Thing::List(items), part) => {
                items.iter().any(|item| item.against(part) == Some(Ordering::Equal))
            }
            _ => false,
        },
        Test::StartsWith(begin) => matches!(value, Thing::Text(text) if text.starts_with(begin)),
        Test::Exists(_) => unreachable!(),
    }
}

/// Compares a number in hundredths, or a mean by what it is the sum of.
fn compares(tests: &[Test], sum: i128, of: i128) -> bool {
    tests.iter().all(|test| {
        let order = |other: &Thing| other.number().map(|other| sum.cmp(&(other * of)));
        match test {
            Test::Is(other) => order(other) == Some(Ordering::Equal),
            Test::Above(other) => order(other) == Some(Ordering::Greater),
            Test::Below(other) => order(other) == Some(Ordering::Less),
            Test::AtLeast(other) => matches!(order(other), Some(Ordering::Greater | Ordering::Equal)),
            Test::AtMost(other) => matches!(order(other), Some(Ordering::Less | Ordering::Equal)),
            _ => unreachable!(),
        }
    })
}

impl Look<'_> {
    fn adds_up(&self, asks: &Asks, events: &[&Happened]) -> bool {
        let numbers = |of: &str| -> Vec<i128> {
            events.iter().filter_map(|event| event.properties.get(of)?.number()).collect()
        };
        match asks {
            Asks::Any => !events.is_empty(),
            Asks::Count(tests) if self.errs(Mistake::OneFewerKept) => {
                let most = tests.iter().filter_map(|test| match test {
                    Test::Is(Thing::Whole(n)) | Test::AtLeast(Thing::Whole(n)) => Some(*n - 1),
                    _ => None,
                });
                let kept =
                    most.max().map_or(events.len() as i128, |most| (events.len() as i128).min(most.into()));
                compares(tests, 100 * kept, 1)
            }
            Asks::Count(tests) => compares(tests, 100 * events.len() as i128, 1),
            Asks::Sum(of, tests) => compares(tests, numbers(of).iter().sum(), 1),
            Asks::Average(of, tests) => {
                let numbers = numbers(of);
                !numbers.is_empty() && compares(tests, numbers.iter().sum(), numbers.len() as i128)
            }
            Asks::Min(of, tests) => numbers(of).iter().min().is_some_and(|least| compares(tests, *least, 1)),
            Asks::Max(of, tests) => numbers(of).iter().max().is_some_and(|most| compares(tests, *most, 1)),
            Asks::Distinct(of, tests) => {
                let mut values: Vec<&Thing> = Vec::new();
                for value in events.iter().filter_map(|event| event.properties.get(of)) {
                    if !values.iter().any(|known| {
                        let strict = self.errs(Mistake::DistinctKinds) && known.kind() != value.kind();
                        !strict && known.against(value) == Some(Ordering::Equal)
                    }) {
                        values.push(value);
                    }
                }
                compares(tests, 100 * values.len() as i128, 1)
            }
        }
    }
}
