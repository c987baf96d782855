//! The conditions of a score side by side, each kind by itself, so that asking all of them takes nanoseconds.

use super::model::{Asks, Look};
use super::question::{Between, Flag, Given, OneOf, Question, There};

/// Conditions of one attribute each that only ever give, in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct Fit {
    numbers: Vec<Gives<Between>>,
    texts: Vec<Gives<OneOf>>,
    flags: Vec<Gives<Flag>>,
    theres: Vec<Gives<There>>,
}

#[derive(Clone, Debug)]
struct Gives<Q> {
    question: Q,
    /// What no gives, and what yes does: without a branch on the answer, which nobody can foresee.
    points: [i64; 2],
}

impl<Q> Gives<Q> {
    #[inline]
    fn points(&self, holds: bool) -> i64 {
        let [no, yes] = self.points;
        if holds { yes } else { no }
    }
}

impl Fit {
    /// Nothing where the order of the conditions matters, for points are taken, or their sum overflows; or where one of them
    /// asks for several things.
    pub(super) fn of(looks: &[Look]) -> Option<Self> {
        let (mut fit, mut most) = (Self::default(), 0_i64);
        for look in looks {
            let Asks::When(question, points) = &look.asks else { continue };
            most = most.checked_add(*points).filter(|_| *points >= 0)?;
            let points = if look.not { [*points, 0] } else { [0, *points] };
            match question.clone() {
                Question::Number(question) => fit.numbers.push(Gives { question, points }),
                Question::Text(question) => fit.texts.push(Gives { question, points }),
                Question::Flag(question) => fit.flags.push(Gives { question, points }),
                Question::There(question) => fit.theres.push(Gives { question, points }),
                _ => return None,
            }
        }
        Some(fit)
    }

    /// The sum of all that hold; nothing where one of them is not answered at once, so that nothing is called on the way.
    #[inline]
    pub(super) fn points(&self, source: &Given<'_>) -> Option<i64> {
        let mut sum = 0_i64;
        for asks in &self.numbers {
            sum = sum.wrapping_add(asks.points(asks.question.at_once(source)?));
        }
        for asks in &self.texts {
            sum = sum.wrapping_add(asks.points(asks.question.at_once(source)?));
        }
        for asks in &self.flags {
            sum = sum.wrapping_add(asks.points(asks.question.holds(source)));
        }
        for asks in &self.theres {
            sum = sum.wrapping_add(asks.points(asks.question.holds(source)));
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Contact, Value};
    use crate::rule::score::ScoreModel;

    const RULES: [&str; 8] = [
        r#"when("size", between(size, -3, 7), 20);"#,
        r#"when("growth", growth > 1.5, 15);"#,
        r#"when("genre", one_of(genre, ["", "a", "ab", "rap", "rock", "grime", "techno", "ambient", "new wave", "new wavf"]), 10);"#,
        r#"when("city", known(city), 5);"#,
        r#"when("alone", !team, 7);"#,
        r#"when("small", !(size >= 5), 2);"#,
        r#"when("both", team && size > 5 || growth < 0.0, 3);"#,
        r#"when("loses", growth > 100, LOSES);"#,
    ];

    /// Side by side the conditions come to what they come to one after the other, as a contact is looked at.
    #[test]
    fn the_conditions_side_by_side_say_what_they_say_one_by_one() {
        let texts = [
            "", "a", "b", "ab", "ba", "rap", "rop", "rock", "grime", "techno", "ambient", "new wave",
            "new wavg",
        ];
        let numbers = [
            "-4",
            "-3",
            "5",
            "7",
            "8",
            "1.5",
            "1.500000001",
            "-0.5",
            "7.00000000001",
            "101",
            "true",
            "\"rap\"",
        ];
        let numbers = numbers.map(|number| serde_json::from_str::<Value>(number).unwrap());
        let mut different = std::collections::BTreeSet::new();
        for (loses, least, most) in [("4", 0, 120), ("4", 0, 12), ("-30", 0, 120), ("-30", -100, 120)] {
            let script = format!("{} clamp({least}, {most});", RULES.concat().replace("LOSES", loses));
            let model = ScoreModel::compile(&script).unwrap();
            for (place, text) in texts.iter().enumerate() {
                for (other, number) in numbers.iter().enumerate() {
                    let growth = numbers[(place + other) % numbers.len()].clone();
                    let mut contact = Contact::new("lea").attribute("size", number.clone());
                    contact = contact.attribute("growth", growth).attribute("genre", *text);
                    if other % 2 == 0 {
                        contact = contact.attribute("team", other % 4 == 0).attribute("city", *text);
                    }
                    let slots = model.slots().iter();
                    let values: Vec<_> = slots.map(|slot| contact.attributes.get(slot)).collect();
                    let mut state = model.start();
                    model.look(&mut state, &contact, 0, &mut |_| {});
                    let expected = state.value;
                    assert_eq!(model.fit(&values), expected, "{contact:?} by {script}");
                    different.insert(expected);
                }
            }
        }
        assert!(different.len() > 20);
    }

    #[test]
    fn a_long_text_is_told_from_one_that_begins_alike() {
        let long = "x".repeat(264);
        let script = format!(r#"when("same", one_of(genre, ["{long}", "xxxxxxxx"]), 10);"#);
        let model = ScoreModel::compile(&script).unwrap();
        for (length, expected) in [(7, 0), (8, 10), (9, 0), (255, 0), (256, 0), (263, 0), (264, 10), (520, 0)]
        {
            let value = Value::from("x".repeat(length));
            assert_eq!(model.fit(&[Some(&value)]), expected, "{length}");
        }
        for long in [255, 256, 256 + 7, 512 + 1] {
            let script = format!(r#"when("same", one_of(genre, ["{}"]), 10);"#, "x".repeat(long));
            let model = ScoreModel::compile(&script).unwrap();
            for length in [0, 1, 3, 7, 8, long - 1, long, long + 1, long + 256] {
                let value = Value::from("x".repeat(length));
                assert_eq!(
                    model.fit(&[Some(&value)]),
                    if length == long { 10 } else { 0 },
                    "{long} {length}"
                );
            }
        }
        let other = Value::from("x".repeat(263) + "y");
        assert_eq!(model.fit(&[Some(&other)]), 0);
    }
}
