//! Universes drawn from a number: what is published, and what is told of somebody, when.

use std::collections::BTreeMap;

use super::calendar::{Clocks, DAY, HOUR, SECOND, day_of};
use super::language::{Asks, Holds, Names, Period, Question, Reach, Segment, Test, Thing, When, Which};
use super::random::Random;

pub(crate) const LEA: &str = "lea";
const NAMES: [&str; 14] = ["m", "c", "x", "a", "k", "t", "z", "b", "q", "e", "w", "h", "r", "d"];
const EVENTS: [&str; 5] = ["seen", "paid", "paid.again", "form.a", "form.b"];
const PREFIXES: [&str; 4] = ["paid", "form.", "s", "journey."];
const KINDS: [&str; 3] = ["a", "b", "ab"];
const TAGS: [&str; 2] = ["gold", "new"];
const SCORES: [&str; 2] = ["spark", "fit"];
const TIERS: [&str; 3] = ["low", "middle", "high"];
const PURPOSES: [&str; 2] = ["marketing", "tracking"];
const CHANNELS: [&str; 2] = ["email", "sms"];
pub(crate) const JOURNEYS: [&str; 2] = ["welcome", "back"];
pub(crate) const SALTS: [&str; 2] = ["spring", "autumn"];
const MESSAGES: [&str; 4] = ["sent", "delivered", "opened", "clicked"];

/// Something that is told of the contact.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Update {
        zone: Option<&'static str>,
        set: Vec<(&'static str, Thing)>,
        unset: Vec<&'static str>,
        tag: Option<&'static str>,
        untag: Option<&'static str>,
        address: Option<(&'static str, u8)>,
    },
    Event {
        name: String,
        properties: BTreeMap<&'static str, Thing>,
        at: Option<i64>,
        id: u64,
    },
    /// The event of this id once more.
    Again(u64),
    /// That event never happened.
    Retract(u64),
    /// A channel took a message at an instant: by which channel, template and journey.
    Sent {
        at: i64,
        by: [&'static str; 3],
        number: u64,
    },
    /// Nothing is known of the contact any more; whoever comes again is somebody new.
    Erase,
    Score(&'static str, i64),
    Tier(&'static str, Option<&'static str>),
    Manual(&'static str, bool),
    Grant(&'static str, &'static str, Option<u8>),
    Withdraw(Option<&'static str>, Option<&'static str>),
    Begin(&'static str),
    End(&'static str, bool),
    /// Another version of a segment, by its place.
    Publish(usize, Segment),
}

#[derive(Clone, Debug)]
pub(crate) struct Universe {
    pub(crate) seed: u64,
    /// The zone of last resort.
    pub(crate) zone: &'static str,
    pub(crate) zones: Vec<&'static str>,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) segments: Vec<Segment>,
    pub(crate) told: Vec<(i64, Told)>,
}

/// What a universe may have in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allows {
    pub(crate) retracts: bool,
    pub(crate) publishes: bool,
    pub(crate) ranks: bool,
}

/// Days on which clocks change, months end, years begin, a day is missing; and zones where they do.
const PLACES: [(&[&str], (i64, i64, i64)); 9] = [
    (&["Europe/Paris", "America/New_York", "UTC"], (2026, 3, 26)),
    (&["Europe/Paris", "Asia/Tokyo"], (2026, 10, 22)),
    (&["America/Santiago", "Europe/Paris"], (2026, 9, 3)),
    (&["Australia/Lord_Howe", "Pacific/Apia"], (2026, 4, 2)),
    (&["Pacific/Apia", "UTC"], (2011, 12, 27)),
    (&["UTC", "Indian/Reunion"], (2028, 2, 26)),
    (&["Europe/Paris", "Asia/Tokyo"], (2027, 2, 26)),
    (&["Asia/Kolkata", "Europe/Paris"], (2026, 12, 29)),
    (&["America/St_Johns", "UTC"], (2010, 11, 4)),
];

struct Draw<'r> {
    random: &'r mut Random,
    lengths: Vec<i64>,
    start: i64,
    zones: Vec<&'static str>,
    /// When something was told to have happened.
    instants: Vec<i64>,
    /// Events that were told: when each happened.
    like: Vec<(String, BTreeMap<&'static str, Thing>, i64)>,
}

impl Universe {
    pub(crate) fn draw(seed: u64, allows: Allows) -> Self {
        let mut random = Random::new(seed);
        let (zones, (year, month, day)) = random.one(&PLACES);
        let start = day_of(year, month, day) * DAY + random.between(0, DAY);
        let pool = [
            SECOND,
            5 * SECOND,
            60 * SECOND,
            HOUR,
            6 * HOUR,
            23 * HOUR,
            DAY,
            25 * HOUR,
            36 * HOUR,
            2 * DAY,
            3 * DAY,
            7 * DAY,
        ];
        let mut lengths: Vec<i64> = (0..3).map(|_| random.one(&pool)).collect();
        lengths.sort_unstable();
        let zones = zones.to_vec();
        let mut draw = Draw {
            random: &mut random,
            lengths,
            start,
            zones: zones.clone(),
            instants: vec![start],
            like: Vec::new(),
        };
        let count = 8 + draw.random.below(6);
        let mut segments: Vec<Segment> = Vec::new();
        let mut names = NAMES.to_vec();
        for place in 0..count {
            let name = names.remove(draw.random.below(names.len()));
            let holds = draw.segment(place, allows);
            segments.push(Segment { name, version: 1, holds });
        }
        let mut told = Vec::new();
        let mut now = start;
        let inputs = 20 + draw.random.below(30);
        let mut ids = 0;
        for _ in 0..inputs {
            now += draw.gap();
            let one = draw.told(now, &segments, &mut ids, allows);
            told.push((now, one));
        }
        let end = now + 9 * DAY;
        let zone = draw.random.one(&zones);
        Universe { seed, zone, zones, start, end, segments, told }
    }

    pub(crate) fn clocks(&self) -> Clocks {
        let mut zones = self.zones.clone();
        zones.push("UTC");
        Clocks::new(&zones, self.start - 40 * DAY, self.end + 40 * DAY)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.segments.iter().map(|segment| segment.name).collect()
    }
}

impl Draw<'_> {
    fn length(&mut self) -> i64 {
        self.random.one(&self.lengths.clone())
    }

    fn gap(&mut self) -> i64 {
        match self.random.below(100) {
            0..35 => 0,
            35..65 => (self.length() + self.random.between(-1, 1)).max(0),
            65..85 => self.random.between(1, HOUR),
            _ => self.random.between(1, DAY),
        }
    }

    fn thing(&mut self, property: &str) -> Thing {
        let random = &mut *self.random;
        match property {
            "amount" | "spend" => match random.below(8) {
                0 => Thing::Text("much"),
                1 => Thing::Hundredths(random.between(-300, 900)),
                2 | 3 => Thing::Hundredths(100 * random.between(0, 2)),
                4 => Thing::Whole(random.between(-3, 9)),
                _ => Thing::Whole(random.between(0, 2)),
            },
            "age" => Thing::Whole(random.between(0, 5)),
            "kind" | "city" => Thing::Text(random.one(&KINDS)),
            "ok" | "ready" => Thing::Bool(random.in_hundred(50)),
            "likes" | "list" => {
                let items = KINDS.map(Thing::Text);
                Thing::List(random.some(&items))
            }
            "born" => {
                let day = self.start.div_euclid(DAY);
                match random.below(5) {
                    0 => Thing::Date(day_of(1992, 2, 29)),
                    1 => Thing::Date(day - 365 * 30 - 8 + random.between(-3, 12)),
                    2 => Thing::Date(day_of(2000, random.between(1, 12), random.between(1, 28))),
                    _ => Thing::Date(day + random.between(-4, 10)),
                }
            }
            _ => match random.below(4) {
                0 => {
                    let length = self.length();
                    Thing::Instant(self.start + length)
                }
                1 => Thing::Date(self.start.div_euclid(DAY) + random.between(-2, 5)),
                _ => Thing::Instant(self.start + random.between(-3 * DAY, 6 * DAY)),
            },
        }
    }

    fn number(&mut self) -> Thing {
        match self.random.below(3) {
            0 => Thing::Hundredths(self.random.between(-300, 1_500)),
            _ => Thing::Whole(self.random.between(-2, 12)),
        }
    }

    /// Something that a number is compared with, once or twice.
    fn compared(&mut self, mut bound: impl FnMut(&mut Self) -> Thing) -> Vec<Test> {
        let one = match self.random.below(5) {
            0 => Test::Is(bound(self)),
            1 => Test::Above(bound(self)),
            2 => Test::Below(bound(self)),
            3 => Test::AtMost(bound(self)),
            _ => Test::AtLeast(bound(self)),
        };
        let mut tests = vec![one];
        if self.random.in_hundred(15) && !matches!(tests[0], Test::Below(_)) {
            tests.push(Test::Below(bound(self)));
        }
        tests
    }

    fn tests(&mut self, property: &'static str) -> Vec<Test> {
        match self.random.below(10) {
            0 => vec![Test::Exists(self.random.in_hundred(60))],
            1 | 2 => vec![Test::OneOf((0..3).map(|_| self.thing(property)).collect())],
            3 | 4 if matches!(property, "kind" | "city") => {
                vec![Test::Contains(Thing::Text(self.random.one(&KINDS)))]
            }
            _ if matches!(property, "likes" | "list") => {
                vec![Test::Contains(Thing::Text(self.random.one(&KINDS)))]
            }
            5..8 => vec![Test::Is(self.thing(property))],
            _ => self.compared(|draw| draw.thing(property)),
        }
    }

    fn filter(&mut self, often: usize) -> Vec<(&'static str, Vec<Test>)> {
        let mut all = Vec::new();
        for property in ["amount", "kind", "ok"] {
            if self.random.in_hundred(often) {
                all.push((property, self.tests(property)));
            }
        }
        all
    }

    fn events(&mut self) -> Which {
        let names = match self.random.below(10) {
            0 | 1 => Names::Prefix(self.random.one(&PREFIXES)),
            2 | 3 => Names::Several(self.random.some(&EVENTS)),
            4..8 => Names::One(self.random.one(&["seen", "paid"])),
            _ => Names::One(self.random.one(&EVENTS)),
        };
        let filter = if self.random.in_hundred(25) { self.filter(40) } else { Vec::new() };
        Which { names, filter }
    }

    fn period(&mut self) -> Period {
        let words = [
            "today",
            "yesterday",
            "tomorrow",
            "last_week",
            "this_week",
            "next_week",
            "last_month",
            "this_month",
            "next_month",
            "last_year",
            "this_year",
            "next_year",
        ];
        match self.random.below(10) {
            0 => Period::Date(self.start.div_euclid(DAY) + self.random.between(-3, 6)),
            1 | 2 => Period::Days(self.random.between(-4, 4)),
            3 => Period::Weeks(self.random.between(-1, 1)),
            4 => Period::Months(self.random.between(-1, 1)),
            5 => Period::Years(self.random.between(-1, 1)),
            _ => Period::Word(self.random.one(&words)),
        }
    }

    fn whens(&mut self) -> Vec<When> {
        let one = match self.random.below(7) {
            0 | 1 => When::Older(self.length()),
            2 | 3 => When::Newer(self.length()),
            4 => When::On(self.period()),
            5 => When::Before(self.period()),
            _ => When::After(self.period()),
        };
        let mut whens = vec![one];
        if self.random.in_hundred(20) && !matches!(whens[0], When::Newer(_)) {
            whens.push(When::Newer(self.length() + self.length()));
        }
        whens
    }

    fn attribute(&mut self) -> Question {
        let name = self.random.one(&["spend", "age", "city", "ready", "likes", "signed"]);
        let mut tests = self.tests(name);
        let mut kind = None;
        if self.random.in_hundred(35) {
            let wanted = self.thing(name).kind();
            let fits = |test: &Test| match test {
                Test::Is(thing)
                | Test::Above(thing)
                | Test::AtLeast(thing)
                | Test::Below(thing)
                | Test::AtMost(thing) => thing.kind() == wanted,
                Test::OneOf(things) => things.iter().all(|thing| thing.kind() == wanted),
                Test::Contains(_) => matches!(wanted, "text" | "list"),
                Test::StartsWith(_) => wanted == "text",
                Test::Exists(_) => true,
            };
            kind = tests.iter().all(fits).then_some(wanted);
        }
        if name == "city" && self.random.in_hundred(30) {
            tests = vec![Test::StartsWith(self.random.one(&["a", "ab", "b"]))];
            kind = kind.filter(|kind| *kind == "text");
        }
        Question::Attribute { name, kind, tests, whens: Vec::new(), anniversary: None }
    }

    fn dated(&mut self) -> Question {
        let name = self.random.one(&["signed", "born", "signed"]);
        let comes = name == "born" && self.random.in_hundred(60);
        let anniversary = comes.then(|| self.random.one(&[1, 2, 5, 30, 366]));
        let whens = if comes { Vec::new() } else { self.whens() };
        let tests = if self.random.in_hundred(10) { vec![Test::Exists(true)] } else { Vec::new() };
        let kind = self.random.in_hundred(20).then_some(if name == "born" { "date" } else { "instant" });
        Question::Attribute { name, kind, tests, whens, anniversary }
    }

    /// What can be asked to have held for a while.
    fn lasting(&mut self, place: usize) -> Question {
        match self.random.below(40) {
            // No rules give it, so nobody has it; tests/segments/bounds.rs asks for marks that rules give.
            39 => Question::Mark("hot", self.random.one(&SCORES)),
            other => self.lasting_kind(other % 9, place),
        }
    }

    fn lasting_kind(&mut self, kind: usize, place: usize) -> Question {
        match kind {
            0 | 1 => Question::Tag(self.random.one(&TAGS)),
            2 => Question::Score(
                self.random.one(&SCORES),
                self.compared(|draw| Thing::Whole(draw.random.between(-5, 30))),
            ),
            3 => {
                let tests = match self.random.below(4) {
                    0 => vec![Test::Exists(self.random.in_hundred(50))],
                    1 => vec![Test::OneOf(self.random.some(&TIERS.map(Thing::Text)))],
                    _ => vec![Test::Is(Thing::Text(self.random.one(&TIERS)))],
                };
                Question::Tier(self.random.one(&SCORES), tests)
            }
            4 => {
                let is = self.random.one(&[None, Some("granted"), Some("withdrawn"), Some("none")]);
                let (purpose, channel) = (self.random.one(&PURPOSES), self.random.one(&CHANNELS));
                Question::Consent { purpose, channel, is }
            }
            5 => {
                let is = self.random.one(&[None, Some("in")]);
                Question::Journey { name: self.random.one(&JOURNEYS), is, within: None }
            }
            6 if place > 0 => Question::Segment(self.random.below(place)),
            _ => self.attribute(),
        }
    }

    fn asks(&mut self) -> Asks {
        let few = |draw: &mut Self| Thing::Whole(draw.random.between(0, 4));
        let of = self.random.one(&["amount", "amount", "amount", "kind"]);
        match self.random.below(14) {
            0..3 => Asks::Any,
            3..8 => Asks::Count(self.compared(few)),
            8 => Asks::Sum(of, self.compared(Self::number)),
            9 => Asks::Average(of, self.compared(Self::number)),
            10 => Asks::Min(of, self.compared(Self::number)),
            11 => Asks::Max(of, self.compared(Self::number)),
            _ => Asks::Distinct(of, self.compared(|draw| Thing::Whole(draw.random.between(1, 3)))),
        }
    }

    fn leaf(&mut self, place: usize) -> Question {
        match self.random.below(24) {
            0..3 => {
                let one = self.lasting(place);
                let length = self.length();
                one.held(length)
            }
            3 | 4 => self.lasting(place),
            5 if place > 0 => Question::Segment(self.random.below(place)),
            6 => {
                let from = self.random.between(0, 99);
                let to = self.random.between(from + 1, 100);
                Question::Bucket { salt: self.random.one(&SALTS), from, to }
            }
            7 | 8 => self.dated(),
            9 => {
                let is = self.random.one(&[Some("never"), Some("left"), Some("completed"), Some("left")]);
                let ends = is != Some("never");
                let within = (ends && self.random.in_hundred(60)).then(|| self.length());
                Question::Journey { name: self.random.one(&JOURNEYS), is, within }
            }
            10 | 11 => {
                let what = self.random.one(&MESSAGES);
                let third = matches!(what, "opened" | "clicked");
                let is = self.random.one(if third { &["yes", "no", "unknown"] } else { &["yes", "no"] });
                let journey = self.random.in_hundred(30).then(|| self.random.one(&JOURNEYS));
                let template = self.random.in_hundred(20).then_some("hello");
                let channel = self.random.in_hundred(30).then(|| self.random.one(&CHANNELS));
                let within = self.random.in_hundred(60).then(|| self.length());
                Question::Message { what, is, journey, template, channel, within }
            }
            12 => Question::First(self.events(), self.whens()),
            13 => Question::Last(self.events(), self.whens()),
            14 => {
                let of = self.events();
                let mut conditions = self.filter(50);
                if conditions.is_empty() {
                    conditions.push(("kind", self.tests("kind")));
                }
                Question::LastWith(of, conditions)
            }
            15..18 => {
                let within = self.length();
                let remember = within + if self.random.in_hundred(20) { 0 } else { self.length() };
                let (first, second) = (self.events(), self.events());
                Question::Sequence { first, second, then: self.random.in_hundred(50), within, remember }
            }
            _ => {
                let reach = match self.random.below(10) {
                    0 | 1 => Reach::Ever,
                    2..4 => Reach::Days(self.random.one(&[1, 1, 2, 3, 7])),
                    4 => {
                        let from = self.start + self.random.between(0, DAY);
                        let to = from + 1 + self.random.between(0, 3 * DAY);
                        match self.random.below(3) {
                            0 => Reach::Between(Some(from), None),
                            1 => Reach::Between(None, Some(to)),
                            _ => Reach::Between(Some(from), Some(to)),
                        }
                    }
                    _ => Reach::Within(self.length()),
                };
                Question::Events { of: self.events(), reach, asks: self.asks() }
            }
        }
    }

    fn question(&mut self, place: usize, depth: usize) -> Question {
        if depth == 0 || self.random.in_hundred(40) {
            return self.leaf(place);
        }
        match self.random.below(5) {
            0 => {
                let one = self.question(place, depth - 1);
                if asks_unknown(&one) { one } else { one.not() }
            }
            1 | 2 => {
                let parts = 1 + self.random.below(3);
                Question::All((0..parts).map(|_| self.question(place, depth - 1)).collect())
            }
            _ => {
                let parts = 2 + self.random.below(2);
                Question::Any((0..parts).map(|_| self.question(place, depth - 1)).collect())
            }
        }
    }

    fn segment(&mut self, place: usize, allows: Allows) -> Holds {
        match self.random.below(14) {
            0 => Holds::Manual,
            1 if allows.ranks => {
                let by_score = self.random.in_hundred(50);
                let least = self.random.between(0, 5);
                let line = (least, self.random.one(&["lea", "kim", "max"]));
                Holds::Rank {
                    score: by_score.then(|| self.random.one(&SCORES)),
                    attribute: (!by_score).then_some("age"),
                    among: self.random.in_hundred(50).then(|| self.question(place, 1)),
                    line: self.random.in_hundred(85).then_some(line),
                }
            }
            _ => {
                let depth = self.random.below(4);
                Holds::Where(self.question(place, depth))
            }
        }
    }

    /// The same rank, whose line lies elsewhere.
    fn drawn_again(&mut self, segment: &Segment) -> Segment {
        let mut segment = segment.clone();
        if let Holds::Rank { line, .. } = &mut segment.holds {
            *line = Some((self.random.between(0, 5), self.random.one(&["lea", "kim", "max"])));
        }
        segment
    }

    fn event(&mut self, now: i64, ids: &mut u64) -> Told {
        *ids += 1;
        if self.random.in_hundred(12) && !self.like.is_empty() {
            // The same once more, at the very instant at which a window over the first one ends.
            let (name, properties, first) = self.random.one(&self.like.clone());
            let at = first + self.length();
            self.instants.push(at);
            return Told::Event { name, properties, at: Some(at), id: *ids };
        }
        let at = match self.random.below(100) {
            0..60 => None,
            60..68 => Some(now - self.length()),
            68..72 => Some(now - self.random.between(0, 3 * DAY)),
            72..80 => Some(self.random.one(&self.instants.clone())),
            80..82 => Some(self.start + self.random.between(-DAY, DAY)),
            82..92 => Some(now + self.length()),
            _ => Some(now + self.random.between(0, 2 * DAY)),
        };
        self.instants.push(at.unwrap_or(now));
        if self.random.in_hundred(18) {
            let mut properties = BTreeMap::new();
            for (name, of) in [("journey", JOURNEYS), ("channel", CHANNELS), ("template", ["hello", "bye"])] {
                if self.random.in_hundred(85) {
                    properties.insert(name, Thing::Text(self.random.one(&of)));
                }
            }
            if self.random.in_hundred(30) {
                // A channel has a clock of its own, and is not believed where that runs ahead.
                let at = now + self.random.one(&[0, 0, HOUR]) - self.random.one(&[0, self.lengths[0]]);
                let by = [self.random.one(&CHANNELS), "hello", self.random.one(&JOURNEYS)];
                return Told::Sent { at, by, number: *ids };
            }
            let name = format!("message.{}", self.random.one(&MESSAGES));
            return Told::Event { name, properties, at, id: *ids };
        }
        let mut properties = BTreeMap::new();
        for property in ["amount", "kind", "ok", "list"] {
            if self.random.in_hundred(70) {
                properties.insert(property, self.thing(property));
            }
        }
        let often = ["seen", "paid", "paid"];
        let name =
            if self.random.in_hundred(50) { self.random.one(&often) } else { self.random.one(&EVENTS) };
        self.like.push((name.to_owned(), properties.clone(), at.unwrap_or(now)));
        Told::Event { name: name.to_owned(), properties, at, id: *ids }
    }

    fn told(&mut self, now: i64, segments: &[Segment], ids: &mut u64, allows: Allows) -> Told {
        match self.random.below(100) {
            0..50 => self.event(now, ids),
            50..52 => Told::Erase,
            52..55 if *ids > 0 => Told::Again(1 + self.random.next() % *ids),
            55..58 if *ids > 0 && allows.retracts => Told::Retract(1 + self.random.next() % *ids),
            58..62 if allows.publishes => {
                let ranks = |place: &usize| matches!(segments[*place].holds, Holds::Rank { .. });
                let ranks: Vec<usize> = (0..segments.len()).filter(ranks).collect();
                if !ranks.is_empty() && self.random.in_hundred(50) {
                    let place = self.random.one(&ranks);
                    return Told::Publish(place, self.drawn_again(&segments[place]));
                }
                let place = self.random.below(segments.len());
                let holds = match self.segment(place, Allows { ranks: false, ..allows }) {
                    Holds::Manual => Holds::Where(self.question(place, 2)),
                    other => other,
                };
                Told::Publish(place, Segment { holds, ..segments[place].clone() })
            }
            62..72 => {
                let names = ["spend", "age", "city", "ready", "likes", "signed", "born"];
                let mut set = Vec::new();
                for name in self.random.some(&names) {
                    set.push((name, self.thing(name)));
                }
                let zone = self.random.in_hundred(25).then(|| self.random.one(&self.zones.clone()));
                let unset = self.random.in_hundred(25).then(|| self.random.one(&names));
                let tag = self.random.in_hundred(40).then(|| self.random.one(&TAGS));
                let untag = self.random.in_hundred(30).then(|| self.random.one(&TAGS));
                let channel = self.random.one(&CHANNELS);
                let address = self.random.in_hundred(15).then(|| (channel, self.random.below(2) as u8));
                Told::Update { zone, set, unset: unset.into_iter().collect(), tag, untag, address }
            }
            72..78 => Told::Score(self.random.one(&SCORES), self.random.between(-5, 30)),
            78..82 => {
                let tier = self.random.one(&TIERS);
                Told::Tier(self.random.one(&SCORES), self.random.in_hundred(80).then_some(tier))
            }
            82..85 => {
                let segment = segments[self.random.below(segments.len())].name;
                Told::Manual(segment, self.random.in_hundred(65))
            }
            85..91 => {
                let address = self.random.in_hundred(20).then(|| self.random.below(2) as u8);
                Told::Grant(self.random.one(&PURPOSES), self.random.one(&CHANNELS), address)
            }
            91..94 => {
                let purpose = self.random.in_hundred(70).then(|| self.random.one(&PURPOSES));
                let channel = self.random.in_hundred(70).then(|| self.random.one(&CHANNELS));
                Told::Withdraw(purpose, channel)
            }
            94..97 => Told::Begin(self.random.one(&JOURNEYS)),
            _ => Told::End(self.random.one(&JOURNEYS), self.random.in_hundred(50)),
        }
    }
}

/// Whether a `not` on it is refused.
fn asks_unknown(question: &Question) -> bool {
    match question {
        Question::Message { what, .. } => matches!(*what, "opened" | "clicked"),
        Question::All(all) | Question::Any(all) => all.len() == 1 && asks_unknown(&all[0]),
        _ => false,
    }
}
