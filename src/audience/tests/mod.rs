//! The columns beside an evaluation row by row.

mod naive;
mod universe;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use self::naive::{Asking, Person};
use self::universe::{DAY, Draw, EVENTS, NOON};
use super::{Audience, By};
use crate::machine::ContactState;
use crate::model::{Attributes, Contact, ContactId, Value};
use crate::rule::segment::{SegmentDefinition, Segments};
use crate::time::Zone;

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap()
}

fn segment(name: &str, question: serde_json::Value) -> SegmentDefinition {
    serde_json::from_value(json!({"segment": name, "where": question})).unwrap()
}

/// Everybody who is asked for is a member, at instants of all kinds, and nobody else is: how many memberships were compared.
fn compare(draw: &mut Draw, audience: &Audience, people: &[Person], questions: usize) -> usize {
    let is_whole =
        |saved: &Vec<SegmentDefinition>| Segments::compile(saved.clone(), &BTreeMap::new()).is_ok();
    let saved = (0..).map(|_| universe::saved(draw)).find(is_whole).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    while asked < questions {
        let question = universe::question(draw, 3, true);
        let definition = segment("draft", question.clone());
        let draft = match audience.draft(&definition, &saved) {
            Ok(draft) => draft,
            // Not every draw is a question.
            Err(problems) => {
                let is_kept = problems.diagnostics.iter().all(|problem| problem.code != "S040");
                assert!(is_kept, "{question}: {problems}");
                continue;
            }
        };
        asked += 1;
        // The last instant of a window and the first after it come often.
        let away = draw.of(&[0, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 3_600_000]) + draw.of(&[0, 1, -1]);
        for at in [NOON, draw.instant() + away] {
            let asking = Asking { saved: &saved, at };
            let wanted: BTreeSet<ContactId> = people
                .iter()
                .filter(|person| asking.holds(definition.condition.as_ref().unwrap(), person))
                .map(|person| person.state.cold.contact.id.clone())
                .collect();
            let found: BTreeSet<ContactId> = audience.members(&draft, instant(at)).collect();
            assert_eq!(audience.size(&draft, instant(at)), found.len() as u64);
            let differs: Vec<_> = found.symmetric_difference(&wanted).take(3).collect();
            if !differs.is_empty() {
                wrong.push(format!("{question} at {}: {differs:?}", instant(at)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), questions * 2, wrong.join("\n"));
    questions * 2 * people.len()
}

fn tell(draw: &mut Draw, audience: &mut Audience, person: &mut Person, at: i64) {
    let event = draw.of(&EVENTS);
    let properties = universe::properties(draw, event);
    audience.hear(&person.state.cold.contact.id, event, &properties, instant(at));
    person.events.push((event.into(), properties, at));
}

fn universe(seed: u64) -> usize {
    let mut draw = Draw(seed);
    let mut audience = Audience::new(Zone::named("Asia/Tokyo").unwrap());
    let count = draw.of(&[40, 70, 150]);
    let mut people = universe::people(&mut draw, seed, count);
    people.iter().for_each(|person| audience.put(&person.state));
    // In order, as they happen, then late ones.
    let mut instants: Vec<i64> = (0..count * 8).map(|_| draw.instant()).collect();
    instants.sort_unstable();
    for at in instants {
        let who = draw.below(count) as usize;
        tell(&mut draw, &mut audience, &mut people[who], at);
    }
    let mut compared = compare(&mut draw, &audience, &people, 30);
    for _ in 0..count * 3 {
        let (who, at) = (draw.below(count) as usize, draw.instant());
        tell(&mut draw, &mut audience, &mut people[who], at);
    }
    compared += compare(&mut draw, &audience, &people, 30);
    // Known things change, people go, and others take their rows.
    for (number, person) in people.iter_mut().enumerate() {
        match draw.below(4) {
            0 => {
                let id = person.state.cold.contact.id.clone();
                person.state = universe::state(&mut draw, id.as_str(), seed);
                audience.put(&person.state);
            }
            1 => {
                audience.forget(&person.state.cold.contact.id);
                let name = format!("new{number}");
                let state = universe::state(&mut draw, &name, seed);
                *person = Person { state, events: Vec::new() };
                if seed.is_multiple_of(3) {
                    audience.tidy();
                }
                audience.put(&person.state);
                let at = draw.instant();
                tell(&mut draw, &mut audience, person, at);
            }
            _ => {}
        }
    }
    compared += compare(&mut draw, &audience, &people, 20);
    audience.tidy();
    assert_eq!(audience.len(), people.len());
    compared + compare(&mut draw, &audience, &people, 20)
}

#[test]
fn columns_hold_whom_an_evaluation_row_by_row_holds() {
    let compared: usize = (0..40).map(universe).sum();
    assert!(compared > 500_000, "{compared}");
}

#[test]
fn more_than_a_thousand_late_events_are_brought_into_order_by_themselves() {
    let mut draw = Draw(7);
    let mut audience = Audience::new(Zone::named("Asia/Tokyo").unwrap());
    let mut people = universe::people(&mut draw, 7, 30);
    people.iter().for_each(|person| audience.put(&person.state));
    for _ in 0..9_000 {
        let (who, at) = (draw.below(30) as usize, draw.instant());
        tell(&mut draw, &mut audience, &mut people[who], at);
    }
    assert!(compare(&mut draw, &audience, &people, 60) > 3_000);
}

#[test]
fn who_is_forgotten_leaves_neither_an_id_nor_a_number_behind() {
    let mut audience = Audience::default();
    let at = instant(NOON);
    for number in 0..3_000 {
        let id = ContactId::from(format!("person-{number}"));
        audience.put(&ContactState::new(id.clone()));
        audience.hear(&id, "app.opened", &[("n".into(), Value::Integer(number))].into(), at);
    }
    let opened = audience.draft(&segment("opened", json!({"event": "app.opened"})), &[]).unwrap();
    let before = audience.bytes();
    for number in 0..2_999 {
        audience.forget(&ContactId::from(format!("person-{number}")));
    }
    assert_eq!(audience.members(&opened, at).collect::<Vec<_>>(), [ContactId::from("person-2999")]);
    assert!(!format!("{audience:?}").contains("person-1\""));
    audience.tidy();
    assert!(audience.bytes() * 3 < before * 2, "{} {before}", audience.bytes());
    // Whoever comes back is somebody new.
    audience.put(&ContactState::new("person-5".into()));
    assert_eq!((audience.len(), audience.size(&opened, at)), (2, 1));
}

#[test]
fn the_size_of_a_saved_segment_is_kept_as_contacts_are_put() {
    use crate::model::Fact;
    let mut audience = Audience::default();
    let mut state = ContactState::new("lea".into());
    let fact = |inside| Fact::Segment { segment: "active".into(), inside };
    state.hot.rating.apply(&fact(true));
    audience.put(&state);
    audience.put(&state);
    assert_eq!(audience.size_of("active"), 1);
    assert_eq!(audience.segments().map(|name| &**name).collect::<Vec<_>>(), ["active"]);
    state.hot.rating.apply(&fact(false));
    audience.put(&state);
    assert_eq!((audience.size_of("active"), audience.size_of("never")), (0, 0));
}

#[test]
fn a_distribution_adds_up_and_deciles_share_equal_scores() {
    let mut draw = Draw(3);
    let mut audience = Audience::default();
    let people = universe::people(&mut draw, 3, 400);
    people.iter().for_each(|person| audience.put(&person.state));
    let everybody = audience.draft(&segment("all", json!({"not": {"tag": "nobody"}})), &[]).unwrap();
    let score = |person: &Person| person.state.hot.rating.score("spark");
    let tenth = |person: &Person| {
        people.iter().filter(|other| score(other) < score(person)).count() as i64 * 10 / 400 + 1
    };
    let by =
        [By::score_decile("spark"), By::attribute("city"), By::tier("spark"), By::attribute("followers")];
    for many in 1..=4 {
        let spread = audience.distribution(&everybody, &by[..many], instant(NOON));
        assert_eq!(spread.groups.iter().map(|group| group.contacts).sum::<u64>(), 400);
        for group in &spread.groups {
            let same = people.iter().filter(|person| {
                let contact = &person.state.cold.contact;
                let values = [
                    Some(Value::Integer(tenth(person))),
                    contact.attributes.get("city").cloned(),
                    person.state.hot.rating.tier("spark").cloned().map(Value::Text),
                    contact.attributes.get("followers").cloned(),
                ];
                values[..many] == group.values
            });
            assert_eq!(same.count() as u64, group.contacts, "{group:?}");
        }
    }
}

#[test]
fn what_columns_do_not_keep_is_refused_with_the_next_step() {
    let audience = Audience::default();
    let codes = |question: serde_json::Value, saved: &[SegmentDefinition]| -> Vec<String> {
        let problems = audience.draft(&segment("draft", question), saved).unwrap_err().diagnostics;
        problems.iter().map(|problem| format!("{} {}", problem.code, problem.place)).collect()
    };
    let held = json!({"all": [{"tag": "a"}, {"tag": "vip", "held_for": "7d"}]});
    assert_eq!(codes(held, &[]), ["S040 draft/where.all[1].held_for"]);
    let last = json!({"prefix": "app.", "last_with": {"sku": "X"}});
    assert_eq!(codes(last, &[]), ["S040 draft/where.last_with"]);
    let circle = [segment("b", json!({"segment": "draft"}))];
    assert_eq!(codes(json!({"segment": "b"}), &circle), ["S025 b/where"]);
    assert_eq!(
        codes(json!({"segment": "activ"}), &[segment("active", json!({"tag": "x"}))]),
        ["S024 draft/where.segment"]
    );
    let rank = json!({"segment": "top", "rank": {"score": "spark", "first": 10, "every": {"every": "day", "at": "09:00"}}});
    let rank: SegmentDefinition = serde_json::from_value(rank).unwrap();
    assert_eq!(audience.draft(&rank, &[]).unwrap_err().diagnostics[0].code, "S040");
    assert_eq!(codes(json!({"event": "x", "within": "1mo"}), &[]), ["S010 draft/where.within"]);
}

#[test]
fn names_without_end_are_left_out_and_drafts_say_so() {
    let mut audience = Audience::default();
    let mut contact = Contact::new("lea");
    for number in 0..2_000 {
        contact = contact.attribute(format!("a{number:04}"), number);
    }
    for number in 0..5_000 {
        contact = contact.tag(format!("t{number:04}"));
    }
    let mut state = ContactState::new("lea".into());
    std::sync::Arc::make_mut(&mut state.cold).contact = contact;
    audience.put(&state);
    let properties: Attributes = (0..100).map(|n| (format!("p{n:02}").into(), Value::Integer(n))).collect();
    audience.hear(&"lea".into(), "x", &properties, instant(NOON));
    let size = |question: serde_json::Value| {
        let draft = audience.draft(&segment("draft", question), &[]);
        draft.map(|draft| audience.size(&draft, instant(NOON))).map_err(|error| error.diagnostics[0].code)
    };
    assert_eq!(size(json!({"attribute": "a0001", "is": 1})), Ok(1));
    assert_eq!(size(json!({"attribute": "a1999", "is": 1999})), Err("S040"));
    assert_eq!(size(json!({"tag": "t0001"})), Ok(1));
    assert_eq!(size(json!({"not": {"tag": "t4999"}})), Err("S040"));
    assert_eq!(size(json!({"event": "x", "where": {"p01": 1}})), Ok(1));
    assert_eq!(size(json!({"event": "x", "where": {"p99": 99}})), Err("S040"));
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

#[test]
fn amounts_of_one_contact_never_change_the_sum_of_another() {
    let mut audience = Audience::default();
    let mut buy = |who: &str, amount: Value, at: i64| {
        audience.hear(&who.into(), "purchase", &[("amount".into(), amount)].into(), instant(at));
    };
    buy("fine", decimal("0.0000000000000000000000001"), NOON);
    for number in 0..400 {
        buy("usual", Value::Integer(100), NOON - number);
        buy("cents", decimal("0.10"), NOON - number);
    }
    // What does not fit stays at its end, whichever came after it: the newest is added first in a window, the oldest else.
    buy("great", Value::Decimal(rust_decimal::Decimal::MAX), NOON - 3);
    buy("great", Value::Decimal(rust_decimal::Decimal::MAX), NOON - 2);
    buy("great", Value::Integer(-5), NOON - 1);
    let size = |question: serde_json::Value| {
        let draft = audience.draft(&segment("draft", question), &[]).unwrap();
        let members: Vec<_> = audience.members(&draft, instant(NOON)).map(|id| id.to_string()).collect();
        members.join(" ")
    };
    let sum = |asked: serde_json::Value, within: Option<&str>| {
        let mut question = json!({"event": "purchase", "sum": asked});
        question["sum"]["of"] = json!("amount");
        within.into_iter().for_each(|within| question["within"] = json!(within));
        size(question)
    };
    for within in [None, Some("1d")] {
        assert_eq!(sum(json!({"is": 40_000}), within), "usual");
        assert_eq!(sum(json!({"is": 40}), within), "cents");
        assert_eq!(sum(json!({"above": 0, "below": 1}), within), "fine");
    }
    let (most, less) = ("79228162514264337593543950335", "79228162514264337593543950330");
    assert_eq!(sum(json!({"is": decimal(less)}), None), "great");
    assert_eq!(sum(json!({"is": decimal(most)}), Some("1d")), "great");
    assert_eq!(size(json!({"event": "purchase", "average": {"of": "amount", "is": 100}})), "usual");
}

#[test]
fn what_undoes_is_no_run_and_what_hosts_tell_of_entries_is_no_entry() {
    use crate::model::{Enrollment, NodeId};
    let run = |undoing| {
        let mut run: Enrollment = serde_json::from_value(json!({
            "id": "00000000000000000000000000000000", "journey": "welcome", "version": 1, "entered_at": 0,
            "node": "a", "arrived_at": 0, "ordinal": 0, "waiting": {"until": {"at": 0}},
        }))
        .unwrap();
        run.node = NodeId::from("a");
        run.undoing = undoing;
        run
    };
    let mut audience = Audience::default();
    for (name, undoing) in [("inside", false), ("undone", true)] {
        let mut state = ContactState::new(name.into());
        state.hot.enrollments.push(run(undoing));
        if !undoing {
            state.hot.entries.insert("welcome".into(), crate::machine::Passage::entered(instant(NOON)));
        }
        audience.put(&state);
    }
    let properties: Attributes = [("journey".into(), Value::from("welcome"))].into();
    audience.hear(&"told".into(), "journey.entered", &properties, instant(NOON));
    // When a run was left is told, also where what undid it ended later.
    let mut state = ContactState::new("gone".into());
    let mut passage = crate::machine::Passage::entered(instant(NOON - 9 * DAY));
    passage.left_at = Some(NOON);
    state.hot.entries.insert("welcome".into(), passage);
    audience.put(&state);
    audience.hear(&"gone".into(), "journey.left", &properties, instant(NOON - 8 * DAY));
    let ask = |question: serde_json::Value| {
        let draft = audience.draft(&segment("draft", question), &[]).unwrap();
        audience.members(&draft, instant(NOON)).map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ask(json!({"journey": "welcome"})), "inside");
    assert_eq!(ask(json!({"journey": "welcome", "is": "never"})), "undone told");
    assert_eq!(ask(json!({"journey": "welcome", "is": "left"})), "gone");
    assert_eq!(ask(json!({"journey": "welcome", "is": "left", "within": "7d"})), "");
}

#[test]
fn nothing_that_only_a_forgotten_contact_said_can_be_read_afterwards() {
    let mut audience = Audience::default();
    let person = |id: &str, said: &str| {
        let mut state = ContactState::new(id.into());
        let contact = Contact::new(id).attribute("bio", said).attribute("born", 1_234_567).tag("fan");
        let contact = contact.attribute(format!("{said} name"), 1).tag(format!("{said} tag"));
        std::sync::Arc::make_mut(&mut state.cold).contact = contact.zone(format!("{said}/Zone"));
        state
    };
    let said = |said: &str| -> Attributes {
        let list = Value::from(vec![said.to_owned()]);
        [("text".into(), Value::from(said)), ("list".into(), list), (said.into(), Value::Integer(1))].into()
    };
    audience.put(&person("lea", "canary old"));
    for number in 0..300 {
        let id = format!("other-{number}");
        let mut state = ContactState::new(id.as_str().into());
        let contact = Contact::new(id.as_str()).attribute("bio", format!("bio {number}")).tag("fan");
        std::sync::Arc::make_mut(&mut state.cold).contact = contact.attribute("born", 2_000_000 + number);
        audience.put(&state);
        audience.hear(&id.as_str().into(), "wrote", &said("plain"), instant(NOON + number));
    }
    let all = |audience: &Audience| format!("{audience:?}");
    // What was said before it was changed, before everything was told anew, and late is forgotten like the rest.
    audience.hear(&"lea".into(), "wrote", &said("canary told"), instant(NOON + 150));
    assert!(all(&audience).contains("base: 1234567"));
    audience.renew(&"lea".into());
    audience.put(&person("lea", "canary new"));
    audience.hear(&"lea".into(), "wrote", &said("canary late"), instant(NOON - DAY));
    audience.hear(&"lea".into(), "wrote", &said("canary last"), instant(NOON + DAY));
    audience.hear(&"lea".into(), "canary event", &said("canary event"), instant(NOON));
    let before = all(&audience);
    assert!(["canary new", "canary late", "canary told"].iter().all(|said| before.contains(said)));
    assert!(!before.contains("canary old"), "what nobody says any more goes with who said it");
    audience.forget(&"lea".into());
    let after = all(&audience);
    for gone in ["canary", "1234567", "108, 101, 97"] {
        assert!(!after.contains(gone), "{gone}");
    }
    let size = |audience: &Audience, question: serde_json::Value| {
        let draft = audience.draft(&segment("draft", question), &[]).unwrap();
        audience.size(&draft, instant(NOON + 2 * DAY))
    };
    let same = |audience: &Audience| {
        assert_eq!(size(audience, json!({"event": "wrote", "where": {"text": "plain"}})), 300);
        assert_eq!(size(audience, json!({"attribute": "born", "at_least": 2_000_100})), 200);
        assert_eq!(size(audience, json!({"attribute": "bio", "is": "bio 7"})), 1);
    };
    same(&audience);
    audience.tidy();
    same(&audience);
    // What is new takes the room, and is not mistaken for what was there.
    audience.put(&person("max", "new"));
    audience.hear(&"max".into(), "wrote", &said("new"), instant(NOON));
    assert_eq!(size(&audience, json!({"attribute": "bio", "is": "new"})), 1);
    assert_eq!(size(&audience, json!({"event": "wrote", "where": {"text": "new"}})), 1);
    same(&audience);
}
