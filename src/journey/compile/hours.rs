//! The hours of a team, and the deadline that counts them.

use chrono::TimeDelta;

use super::Compiler;
use crate::journey::definition::HoursDefinition;
use crate::rule::TeamHours;
use crate::rule::law::Territory;
use crate::time::{Span, Zone};

/// A deadline counts no more hours than so many weeks have: what takes longer is counted in days.
const MOST_WEEKS: i64 = 4;
const WEEK: i64 = 7 * 86_400_000;

impl Compiler<'_> {
    /// The hours of a hand-over, and whether its deadline can be counted in them.
    pub(super) fn hours(
        &mut self,
        hours: &HoursDefinition,
        within: Option<Span>,
        place: &str,
    ) -> Option<TeamHours> {
        let (at, span_at) = (format!("{place}.hours"), format!("{place}.within"));
        if !place.ends_with(".hand_over") {
            let next = "write hand_over where people answer, or take hours away";
            self.problem("J086", &at, "what is asked here keeps no team hours", next);
            return None;
        }
        let mut compiled = TeamHours::new(hours.open.clone());
        if let Some(name) = &hours.zone {
            match Zone::named(name) {
                Ok(zone) => compiled = compiled.in_zone(zone),
                Err(_) => {
                    let next = "use an IANA name such as Europe/Paris, or leave it out";
                    let sentence = format!("the time zone {name:?} is unknown");
                    self.problem("J029", &format!("{at}.zone"), sentence, next);
                }
            }
        }
        if let Some(name) = &hours.holidays {
            match Territory::named(name).as_deref() {
                Ok([one]) => compiled = compiled.on_holidays_of(*one),
                Ok(several) => {
                    let first = several.first().map_or("FR-MET", |territory| territory.code());
                    let sentence =
                        format!("{name:?} is {} territories with holidays of their own", several.len());
                    let next = format!("name the one where the team is, such as {first}");
                    self.problem("J086", &format!("{at}.holidays"), sentence, next);
                }
                Err(error) => {
                    let next = "name the territory where the team is, or leave holidays out";
                    self.problem("J086", &format!("{at}.holidays"), error.to_string(), next);
                }
            }
        }
        let within = within?;
        let open = hours.open.open_each_week().num_milliseconds();
        if within.months > 0 || within.days > 0 {
            let sentence = format!("{within} counts days, and a team's day is shorter");
            let next = "write the team's own time in hours and minutes, such as 2m or 16h";
            self.problem("J087", &span_at, sentence, next);
        } else if u64::try_from(open.saturating_mul(MOST_WEEKS)).is_ok_and(|most| within.milliseconds > most)
        {
            let (open, weeks) = (TimeDelta::milliseconds(open), TimeDelta::milliseconds(WEEK));
            let sentence = format!(
                "the team is there for {} of the {} hours of a week, and {within} is more than {MOST_WEEKS} weeks of that",
                hours_of(open),
                weeks.num_hours(),
            );
            self.problem("J087", &span_at, sentence, "give less time, or wider hours");
        }
        Some(compiled)
    }
}

/// Hours and minutes, such as `45` or `0:30`.
fn hours_of(span: TimeDelta) -> String {
    match span.num_minutes() % 60 {
        0 => span.num_hours().to_string(),
        minutes => format!("{}:{minutes:02}", span.num_hours()),
    }
}
