//! The head of a scenario: its name, its time, its rules.

use chrono::{DateTime, Utc};

use super::instant::{self, Calendar};
use super::person;
use super::place::{Place, Problems, advised};
use crate::model::Name;
use crate::rule::{Policy, QuietHours};
use crate::time::{DailyWindow, Zone};

pub(super) const FIELDS: [&str; 14] = [
    "scenario",
    "description",
    "start",
    "end",
    "zone",
    "journeys",
    "templates",
    "scores",
    "policy",
    "channels",
    "channel_answers",
    "answers",
    "contacts",
    "inputs",
];

/// What stands at the top of a file.
pub(super) struct Head {
    pub(super) name: Name,
    pub(super) description: Option<Name>,
    pub(super) calendar: Calendar,
    pub(super) zone: Name,
    /// Absent where the scenario goes on until nothing is waited for.
    pub(super) end: Option<DateTime<Utc>>,
    pub(super) policy: Policy,
    /// Whether the start is known.
    pub(super) timed: bool,
}

impl Head {
    /// Reads it; what is wrong is replaced, so that the rest can be looked at.
    pub(super) fn read(place: &Place<'_>, problems: &mut Problems) -> Self {
        let name = place.need("scenario", problems).and_then(|place| place.name(problems));
        let description = place.get("description").and_then(|place| place.text(problems)).map(Name::from);
        let zone = place.get("zone").and_then(|place| person::zone(&place, problems));
        let (zone_name, zone) = zone.unwrap_or_else(|| ("UTC".into(), Zone::utc()));
        let start = place.need("start", problems).and_then(|place| {
            let text = place.text(problems)?;
            let start = instant::absolute(text, &zone);
            if start.is_none() {
                let next = "write 2026-03-23T09:00:00+01:00, or 2026-03-23 09:00 for the scenario's zone";
                problems.tell("S008", place, "the start is not an instant of the calendar", next);
            }
            start
        });
        let calendar = Calendar { start: start.unwrap_or_default(), zone };
        let end = place.get("end").filter(|place| place.node.text() != Some("idle"));
        let end = end.and_then(|place| {
            let end = calendar.read(&place, problems)?;
            if start.is_some_and(|start| end < start) {
                problems.tell("S010", place, "the end lies before the start", "move one of them");
            }
            Some(end)
        });
        let policy = place.get("policy").map_or_else(Policy::default, |place| policy(&place, problems));
        let name = name.unwrap_or_else(|| "scenario".into());
        Self { name, description, calendar, zone: zone_name, end, policy, timed: start.is_some() }
    }
}

fn policy(place: &Place<'_>, problems: &mut Problems) -> Policy {
    if place.node.text() == Some("none") {
        return Policy::new("none");
    }
    if !place.is_map_of(&["version", "quiet"], problems) {
        return Policy::default();
    }
    let version = place.get("version").and_then(|place| place.name(problems));
    let mut policy = Policy::new(version.unwrap_or_else(|| "scenario".into()));
    if let Some(quiet) = place.get("quiet") {
        for entry in quiet.items() {
            if !entry.is_map_of(&["channel", "purposes", "window"], problems) {
                continue;
            }
            let channel = entry.need("channel", problems).and_then(|place| place.name(problems));
            let window = entry.need("window", problems).and_then(|place| window(&place, problems));
            let (Some(channel), Some(window)) = (channel, window) else { continue };
            let mut hours = QuietHours::new(channel, window);
            if let Some(purposes) = entry.get("purposes") {
                hours = purposes.names(problems).into_iter().fold(hours, QuietHours::for_purpose);
            }
            policy = policy.quiet(hours);
        }
    }
    policy
}

fn window(place: &Place<'_>, problems: &mut Problems) -> Option<DailyWindow> {
    let window = place.text(problems)?.parse::<DailyWindow>();
    if let Err(error) = &window {
        let (sentence, next) = advised(&error.to_string());
        problems.tell("S024", place, sentence, next);
    }
    window.ok()
}
