//! The words of the language, and what is said of one that is given too much or too little.

use std::sync::LazyLock;

use rhai::{Dynamic, FuncRegistration, Module, NativeCallContext, Shared};

use super::desk::{Answer, Desk, at_desk};
use super::{ask, calculation, mark, more, rule};

/// Spans in milliseconds: elapsed time, not dates.
pub(super) const SPANS: [(&str, i64); 4] =
    [("minutes", 60_000), ("hours", 3_600_000), ("days", 86_400_000), ("weeks", 604_800_000)];

/// Every word that can be called, and how it is written.
pub(super) const WORDS: [(&str, &str); 46] = [
    ("on", "on(\"email.opened\", 1), or on(\"purchase\", points(amount))"),
    ("once", "once(\"profile.completed\", 5)"),
    ("when", "when(\"growth\", growth > 5.0, 15)"),
    ("custom", "custom(\"fit\", |c| if c.followers > 1000 { 10 } else { 0 })"),
    ("decay", "decay(7 * days, -5)"),
    ("clamp", "clamp(0, 120)"),
    ("tier", "tier(\"hot\", 80)"),
    ("threshold", "threshold(\"milestone\", 60)"),
    ("stagnation", "stagnation(\"stuck\", 14 * days)"),
    ("inactivity", "inactivity(\"asleep\", 30 * days)"),
    ("peak", "peak(\"on-fire\", 7 * days, 3.0)"),
    ("badge", "badge(\"ten-replies\", \"message.replied\", 10)"),
    ("challenge", "challenge(\"march\", \"track.published\", 4)"),
    ("trail", "trail(30 * days), or trail(followers, 30 * days)"),
    ("checklist", "checklist(\"actions\", [\"profile.completed\", \"call.booked\"])"),
    ("points", "points(amount)"),
    ("cap", ".cap(9), or .cap(9, 1 * days)"),
    ("where", ".where(amount >= 100)"),
    ("lasting", ".lasting(30 * days)"),
    ("silent", ".silent()"),
    ("engages", ".engages()"),
    ("per", ".per(10)"),
    ("times", ".times(2)"),
    ("at_most", ".at_most(50)"),
    ("at_least", ".at_least(5)"),
    ("hysteresis", ".hysteresis(2)"),
    ("stay", ".stay(2 * days)"),
    ("attribute", "attribute(\"a.b\")"),
    ("property", "property(\"a.b\")"),
    ("tag", "tag(\"vip\")"),
    ("known", "known(city)"),
    ("one_of", "one_of(genre, [\"rap\", \"pop\"])"),
    ("between", "between(followers, 1000, 15000)"),
    ("contains", "contains(genres, \"rap\")"),
    ("date", "date(\"2026-03-23\")"),
    ("instant", "instant(\"2026-03-23T09:00:00Z\")"),
    ("score", "score(\"spark\") >= 60, in a journey"),
    ("performed", "performed(\"call.booked\"), in a journey"),
    ("segment", "segment(\"fans\"), in a journey"),
    ("number", "number(\"score.spark.change_14d\") > 5, in a journey"),
    ("mark", "mark(\"stuck\", \"spark\"), in a journey"),
    ("min", "min(followers, 1000), in a computed attribute"),
    ("max", "max(followers, 1000), in a computed attribute"),
    ("if_else", "if_else(tag(\"vip\"), 2, 1), in a computed attribute"),
    ("range", "range(0, 3)"),
    ("len", "len()"),
];

/// How a word is written.
pub(super) fn usage(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, usage)| *usage)
}

type One = fn(&mut Desk, &Dynamic) -> Answer;
type Two = fn(&mut Desk, &Dynamic, &Dynamic) -> Answer;
type Three = fn(&mut Desk, &Dynamic, &Dynamic, &Dynamic) -> Answer;

/// Puts functions into a module: all of them take values of every kind, so that a wrong one is explained by us.
#[derive(Default)]
struct Shelf(Module);

impl Shelf {
    fn one(mut self, name: &str, work: One) -> Self {
        let call = move |context: NativeCallContext<'_>, a: Dynamic| at_desk(&context, |desk| work(desk, &a));
        FuncRegistration::new(name).in_global_namespace().set_into_module(&mut self.0, call);
        self
    }

    fn two(mut self, name: &str, work: Two) -> Self {
        let call = move |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic| {
            at_desk(&context, |desk| work(desk, &a, &b))
        };
        FuncRegistration::new(name).in_global_namespace().set_into_module(&mut self.0, call);
        self
    }

    fn three(mut self, name: &str, work: Three) -> Self {
        let call = move |context: NativeCallContext<'_>, a: Dynamic, b: Dynamic, c: Dynamic| {
            at_desk(&context, |desk| work(desk, &a, &b, &c))
        };
        FuncRegistration::new(name).in_global_namespace().set_into_module(&mut self.0, call);
        self
    }
}

/// What asks: in every script.
pub(super) static QUESTIONS: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let shelf = Shelf::default()
        .one("attribute", ask::attribute)
        .one("property", ask::property)
        .one("tag", ask::tag)
        .one("known", ask::known)
        .two("one_of", ask::one_of)
        .three("between", ask::between)
        .two("contains", ask::contains)
        .one("date", ask::date)
        .one("instant", ask::instant);
    ask::operators(shelf.0).into()
});

/// What asks in journeys alone.
pub(super) static JOURNEY: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let shelf = Shelf::default()
        .one("score", ask::score)
        .one("tier", ask::tier)
        .one("performed", ask::performed)
        .one("segment", ask::segment)
        .one("number", ask::number)
        .two("mark", ask::mark);
    shelf.0.into()
});

/// What calculates, in the expressions of journeys alone.
pub(super) static CALCULATIONS: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let shelf = Shelf::default()
        .two("min", calculation::least)
        .two("max", calculation::most)
        .three("if_else", calculation::if_else);
    calculation::sums(shelf.0).into()
});

/// What takes its place in every other script.
pub(super) static NO_CALCULATIONS: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let shelf = Shelf::default()
        .two("min", calculation::elsewhere)
        .two("max", calculation::elsewhere)
        .three("if_else", calculation::elsewhere_too);
    ask::no_sums(shelf.0).into()
});

/// What declares, in the script of a score.
pub(super) static DECLARATIONS: LazyLock<Shared<Module>> = LazyLock::new(|| {
    let shelf = Shelf::default()
        .two("on", rule::on)
        .two("once", rule::once)
        .three("when", rule::when)
        .two("custom", rule::custom)
        .two("decay", rule::decay)
        .two("clamp", rule::clamp)
        .two("tier", mark::tier)
        .two("threshold", mark::threshold)
        .two("stagnation", mark::stagnation)
        .two("inactivity", mark::inactivity)
        .three("peak", mark::peak)
        .three("badge", mark::badge)
        .three("challenge", mark::challenge)
        .one("trail", mark::trail)
        .two("trail", mark::trail_of)
        .two("checklist", mark::checklist)
        .one("points", more::points)
        .two("cap", more::cap)
        .three("cap", more::cap_in)
        .two("where", more::filter)
        .two("lasting", more::lasting)
        .one("silent", more::silent)
        .one("engages", more::engages)
        .two("per", more::per)
        .two("times", more::times)
        .two("at_most", more::at_most)
        .two("at_least", more::at_least)
        .two("hysteresis", more::hysteresis)
        .two("stay", more::stay)
        .one("score", ask::elsewhere)
        .one("tier", ask::elsewhere)
        .one("performed", ask::elsewhere)
        .one("segment", ask::elsewhere)
        .one("number", ask::elsewhere)
        .two("mark", ask::elsewhere_too);
    shelf.0.into()
});
