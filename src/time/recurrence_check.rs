//! What must hold for a recurrence, and what it becomes.

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::civil::LAST_YEAR;
use super::pattern::{DayRule, Pattern, WhenMissing, monday_of, month_index};
use super::weekly::minutes_of_day;
use super::{Every, Leap, MonthDay, Problem, Recurrence, RecurrenceDefinition, Short};

/// Where intervals are counted from without a `from`.
const FIRST: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

struct Check<'d> {
    definition: &'d RecurrenceDefinition,
    problems: Vec<Problem>,
}

pub(super) fn compile(definition: &RecurrenceDefinition) -> Result<Recurrence, Vec<Problem>> {
    let mut check = Check { definition, problems: Vec::new() };
    check.bounds();
    let at = check.time();
    check.calendars();
    check.belongs();
    let pattern = check.pattern();
    let (Some(pattern), [], Some(at)) = (pattern, check.problems.as_slice(), at) else {
        return Err(check.problems);
    };
    let RecurrenceDefinition { from, until, calendar, except, .. } = definition.clone();
    let recurrence = Recurrence { pattern, at, from, until, calendar, except };
    if recurrence.next_date(FIRST, None, None).is_none() {
        let field = if definition.every.is_some() { "every" } else { "dates" };
        let next = "change from, until, interval or the dates, so that one of them lies inside";
        return Err(vec![Problem::new(field, "it never comes", next)]);
    }
    Ok(recurrence)
}

/// The days that a month has at the most.
fn most_days(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Check<'_> {
    fn problem(&mut self, field: &'static str, sentence: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem::new(field, sentence, next));
    }

    fn bounds(&mut self) {
        for (field, date) in [("from", self.definition.from), ("until", self.definition.until)] {
            if date.is_some_and(|date| !(FIRST.year()..=LAST_YEAR).contains(&date.year())) {
                self.problem(field, "its year is out of range", "write a date of the years 1970 to 9998");
            }
        }
        if let (Some(from), Some(until)) = (self.definition.from, self.definition.until)
            && until <= from
        {
            let sentence = format!("it ends on {until} and begins on {from}, so nothing lies inside");
            self.problem("until", sentence, "let until be a later date than from");
        }
    }

    fn time(&mut self) -> Option<NaiveTime> {
        let Some(text) = self.definition.at.as_deref() else { return Some(NaiveTime::MIN) };
        let time = minutes_of_day(text)
            .and_then(|minutes| NaiveTime::from_num_seconds_from_midnight_opt(minutes * 60, 0));
        if time.is_none() {
            let shown: String = text.chars().take(40).collect();
            let next = "write it as HH:MM in quotes, such as \"09:30\"";
            self.problem("at", format!("{shown:?} is not a time of day"), next);
        }
        time
    }

    fn calendars(&mut self) {
        for (field, name) in [("calendar", &self.definition.calendar), ("except", &self.definition.except)] {
            if name.as_ref().is_some_and(String::is_empty) {
                self.problem(field, "the name of a calendar is empty", "name one, or leave it out");
            }
        }
        if self.definition.calendar.is_some() && self.definition.calendar == self.definition.except {
            let sentence = "the dates of a calendar are asked for and left out, so none is left";
            self.problem("except", sentence, "name another calendar, or remove one of the two");
        }
    }

    /// Every field that does not belong to the beat.
    fn belongs(&mut self) {
        let wire = self.definition;
        let (every, dates) = (wire.every, !wire.dates.is_empty());
        match (every, dates) {
            (None, false) => {
                let next = "add every: day, week, month or year, or dates: a list of dates";
                self.problem("every", "nothing says which dates", next);
            }
            (Some(_), true) => {
                let sentence = "dates stand instead of every, and both are written";
                self.problem("dates", sentence, "remove one of the two");
            }
            _ => {}
        }
        let monthly = matches!(every, Some(Every::Month | Every::Year));
        let with = |beat| every == Some(beat);
        let fields = [
            ("interval", wire.interval.is_some(), every.is_some(), "every"),
            ("on", wire.on.is_some(), with(Every::Week), "every: week"),
            ("day", wire.day.is_some(), monthly, "every: month or every: year"),
            ("nth", wire.nth.is_some(), monthly, "every: month or every: year"),
            ("month", wire.month.is_some(), with(Every::Year), "every: year"),
            ("short", wire.short.is_some(), monthly && wire.day.is_some(), "a day of a month"),
            ("leap", wire.leap.is_some(), with(Every::Year) && wire.day.is_some(), "a day of a year"),
        ];
        for (field, written, fits, place) in fields {
            if written && !fits {
                self.problem(field, format!("it has a meaning with {place} only"), "remove it");
            }
        }
        if wire.interval == Some(0) {
            self.problem("interval", "every 0th is none", "write 1 or more");
        }
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let wire = self.definition;
        let first = wire.from.unwrap_or(FIRST);
        let interval = wire.interval.unwrap_or(1);
        match wire.every {
            None => {
                let mut dates = wire.dates.clone();
                dates.sort_unstable();
                dates.dedup();
                Some(Pattern::Dates(dates))
            }
            Some(Every::Day) => Some(Pattern::Daily { first, interval }),
            Some(Every::Week) => {
                let Some(on) = wire.on else {
                    self.problem("on", "nothing says which days of the week", "add on: [tue, thu]");
                    return None;
                };
                Some(Pattern::Weekly { monday: monday_of(first), interval, on })
            }
            Some(Every::Month) => {
                let day = self.day(None)?;
                Some(Pattern::Monthly { month: month_index(first), interval, day })
            }
            Some(Every::Year) => {
                match wire.month {
                    None => {
                        self.problem("month", "nothing says which month of the year", "add month: 1 to 12")
                    }
                    Some(1..=12) => {}
                    Some(month) => {
                        self.problem("month", format!("there is no month {month}"), "write 1 to 12");
                    }
                }
                let month = wire.month.filter(|month| (1..=12).contains(month));
                let day = self.day(month)?;
                Some(Pattern::Yearly { year: first.year().into(), interval, month: month?.into(), day })
            }
        }
    }

    /// The day of every month, or of this one.
    fn day(&mut self, month: Option<u8>) -> Option<DayRule> {
        let wire = self.definition;
        let number = match (wire.day, wire.nth) {
            (Some(_), Some(_)) => {
                self.problem("nth", "day and nth both say which day", "remove one of the two");
                return None;
            }
            (None, None) => {
                self.problem(
                    "day",
                    "nothing says which day",
                    "add day: 1 to 31 or last, or nth: \"2nd tue\"",
                );
                return None;
            }
            (None, Some(nth)) => return Some(DayRule::Nth(nth)),
            (Some(MonthDay::Last), None) => None,
            (Some(MonthDay::Number(number)), None) => Some(number),
        };
        if let Some(number) = number.filter(|number| !(1..=31).contains(number)) {
            self.problem("day", format!("there is no day {number}"), "write 1 to 31, or last");
        } else if let (Some(number), Some(month)) = (number, month)
            && number > most_days(month)
        {
            let sentence = format!("month {month} never has a day {number}");
            self.problem("day", sentence, "write `day: last`, or a day that it has");
        }
        self.missing_day(number, month);
        let short = match (wire.short, wire.leap) {
            (Some(Short::Skip), _) => WhenMissing::Nothing,
            (_, Some(Leap::Mar1)) => WhenMissing::FirstOfNext,
            _ => WhenMissing::LastDay,
        };
        Some(DayRule::Day { day: wire.day?, short })
    }

    /// `short` and `leap` decide about days that some months do not have; elsewhere an author took them for more.
    fn missing_day(&mut self, number: Option<u8>, month: Option<u8>) {
        let wire = self.definition;
        let leap_day = (number, month) == (Some(29), Some(2));
        let missing =
            number.is_some_and(|number| number > 28) && (wire.every == Some(Every::Month) || leap_day);
        if wire.short.is_some() && !missing {
            self.problem("short", "the day is in every month that is asked for", "remove it");
        }
        if wire.leap.is_some() && wire.every == Some(Every::Year) && !leap_day {
            self.problem("leap", "it decides about 29 February only", "remove it");
        }
        if wire.leap.is_some() && wire.short.is_some() {
            let sentence = "short and leap both say what becomes of 29 February";
            self.problem("short", sentence, "remove one of the two");
        }
    }
}
