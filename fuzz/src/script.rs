//! A script is refused with reasons, or declares the same twice, within its limits; its functions find points or fail.

use journeyman::Contact;
use journeyman::rule::score::{Rule, ScoreModel, Table};

use super::definition::explained;
use super::draw::{Bytes, attribute_name, chance, event_name, one, tag};

/// A script; bytes that do not begin with a letter are drawn from. The second half of the alphabet allows functions.
pub fn score_script(data: &[u8]) -> bool {
    let text = match data.first() {
        Some(first) if first.is_ascii_graphic() || first.is_ascii_whitespace() => {
            String::from_utf8_lossy(data).into_owned()
        }
        _ => drawn(&mut Bytes::new(data)),
    };
    let functions = text.contains("custom");
    let model = match ScoreModel::builder().custom(functions).compile(&text) {
        Ok(model) => model,
        Err(error) => {
            explained(&error);
            for problem in &error.diagnostics {
                assert!(
                    problem.place.starts_with("line ") && problem.place.contains(", position "),
                    "{problem}"
                );
            }
            return error.diagnostics.iter().all(|problem| problem.code != "R001");
        }
    };
    bounded(model.table());
    let again = ScoreModel::builder().custom(functions).compile(&text).unwrap();
    assert_eq!((again.table(), again.hash()), (model.table(), model.hash()));
    let lea = Contact::new("lea")
        .attribute("followers", 2_000)
        .attribute("city", "Lyon")
        .attribute("genres", vec!["rap"]);
    for rule in &model.table().rules {
        let Rule::Custom(rule) = rule else { continue };
        let found = model.custom_points(&rule.name, &lea).unwrap();
        assert_eq!(model.custom_points(&rule.name, &lea), Some(found.clone()));
        if let Err(failure) = found {
            assert!(
                failure.place.starts_with("line ")
                    && !failure.sentence.is_empty()
                    && !failure.next.is_empty()
            );
        }
    }
    true
}

fn bounded(table: &Table) {
    assert_ne!(*table, Table::default());
    assert!(table.rules.len() <= 256 && table.tiers.len() <= 32 && table.marks.len() <= 64);
    assert!(table.trails.len() <= 16 && table.checklists.len() <= 16);
    assert!(table.tiers.windows(2).all(|pair| pair[0].from < pair[1].from));
    assert!(table.decay.is_none_or(|decay| decay.every > 0 && decay.points < 0));
    assert!(table.clamp.is_none_or(|clamp| clamp.least <= 0 && clamp.most >= 0 && clamp.least < clamp.most));
}

/// A few declarations, mostly valid.
fn drawn(bytes: &mut Bytes<'_>) -> String {
    let mut script = String::new();
    let mut number = 0;
    while !bytes.is_empty() && number < 24 {
        number += 1;
        script.push_str(&statement(bytes, number));
        script.push_str(one::<&str>(bytes, &[";\n", "; ", ";", "\n"]));
    }
    script
}

fn statement(bytes: &mut Bytes<'_>, number: usize) -> String {
    let (event, points, span) = (event_name(bytes), points(bytes), span(bytes));
    match bytes.int_in_range(0..=15u8).unwrap_or(0) {
        0..=2 => format!("on({event:?}, {points}){}", methods(bytes)),
        3 => format!("once({event:?}, {points})"),
        4..=6 => format!("when(\"w{number}\", {}, {points})", condition(bytes, 4)),
        7 => format!("decay({span}, {points})"),
        8 => format!("clamp({}, {points})", self::points(bytes)),
        9 => format!("tier(\"t{number}\", {points}).hysteresis(2).stay({span})"),
        10 => format!("threshold(\"m{number}\", {points})"),
        11 => format!("{}(\"m{number}\", {span})", one(bytes, &["stagnation", "inactivity"])),
        12 => format!(
            "peak(\"m{number}\", {span}, {}).at_least({points})",
            one(bytes, &["3.0", "2", "0.0", "1.0e9"])
        ),
        13 => format!("{}(\"m{number}\", {event:?}, {points})", one(bytes, &["badge", "challenge"])),
        14 => format!("trail(attribute({:?}), {span})", attribute_name(bytes)),
        _ => format!("custom(\"w{number}\", |c| {})", body(bytes)),
    }
}

fn methods(bytes: &mut Bytes<'_>) -> String {
    let mut methods = String::new();
    while chance(bytes, 40) && methods.len() < 400 {
        let (points, span) = (points(bytes), span(bytes));
        methods.push_str(&match bytes.int_in_range(0..=5u8).unwrap_or(0) {
            0 => format!(".cap({points})"),
            1 => format!(".cap({points}, {span})"),
            2 => format!(".where({})", condition(bytes, 3)),
            3 => format!(".lasting({span})"),
            4 => ".silent()".to_owned(),
            _ => ".engages()".to_owned(),
        });
    }
    methods
}

fn points(bytes: &mut Bytes<'_>) -> String {
    let edges =
        ["1", "-5", "120", "0", "9223372036854775807", "points(amount).per(10)", "1.5", "2 ** 62", "1 / 0"];
    (*one(bytes, &edges)).to_owned()
}

fn span(bytes: &mut Bytes<'_>) -> String {
    (*one(
        bytes,
        &["7 * days", "90 * minutes", "weeks", "0 * days", "36600 * days", "36601 * days", "5", "hours * -1"],
    ))
    .to_owned()
}

fn condition(bytes: &mut Bytes<'_>, depth: usize) -> String {
    let field =
        *one(bytes, &["followers", "city", "genres", "amount", "attribute(\"a.b\")", "property(\"a\")"]);
    let value = *one(
        bytes,
        &["1000", "5.0", "'rap'", "\"Lyon\"", "true", "[1]", "date(\"2026-03-23\")", "city", "()"],
    );
    match bytes.int_in_range(0..=9u8).unwrap_or(0) {
        0..=2 => format!("{field} {} {value}", one(bytes, &[">", ">=", "<", "<=", "==", "!="])),
        3 => format!("known({field})"),
        4 => format!("one_of({field}, [{value}, 1])"),
        5 => format!("tag({:?})", tag(bytes)),
        6 if depth > 0 => format!("!({})", condition(bytes, depth - 1)),
        7 | 8 if depth > 0 => {
            let (left, right) = (condition(bytes, depth - 1), condition(bytes, depth - 1));
            format!("({left}) {} ({right})", one(bytes, &["&&", "||", "&", "|"]))
        }
        _ => format!("between({field}, 1, {value})"),
    }
}

fn body(bytes: &mut Bytes<'_>) -> String {
    let bodies = [
        "c.followers / 1000",
        "if c.city == 'Lyon' && \"rap\" in c.genres { 10 } else { 0 }",
        "c.nobody + 1",
        "loop {}",
        "{ let s = c.city; loop { s += s; } }",
        "c[\"followers\"] * 2.0",
        "switch c.followers { 2000 => 1, _ => 2 }",
        "c",
        "c.genres[c.followers]",
    ];
    (*one(bytes, &bodies)).to_owned()
}
