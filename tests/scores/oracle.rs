//! A second opinion: scores counted millisecond by millisecond over the whole history, from what `docs/SCORING.md` says
//! and with no line in common with the crate. It keeps everything that ever happened and asks all of it anew each time.

/// What can be declared, in plain numbers. Conditions ask whether a number is at least another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) on: Vec<On>,
    pub(crate) when: Vec<When>,
    pub(crate) decay: Option<(i64, i64)>,
    pub(crate) clamp: Option<(i64, i64)>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) marks: Vec<Kind>,
    /// The span of the trail of the score, and of the first attribute.
    pub(crate) trails: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct On {
    pub(crate) event: usize,
    pub(crate) points: Asked,
    pub(crate) at_least: Option<i64>,
    pub(crate) once: bool,
    pub(crate) cap: Option<(i64, Option<i64>)>,
    pub(crate) lasts: Option<i64>,
    pub(crate) engages: Option<bool>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Fixed(i64),
    /// times, per, least, most
    Of(i64, i64, i64, i64),
}

#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) attribute: usize,
    pub(crate) at_least: i64,
    pub(crate) points: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub(crate) from: i64,
    pub(crate) hysteresis: i64,
    pub(crate) stay: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Threshold(i64),
    Stagnation(i64),
    Inactivity(i64),
    /// window, least, permille
    Peak(i64, usize, i64),
    Badge(usize, usize),
    Challenge(usize, usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// Which, its number if it has one, and how late it comes.
    Event(usize, Option<i64>, i64),
    Attributes([Option<i64>; 2]),
    Add(i64),
    Set(i64),
}

/// Ways to misread a rule: whoever makes one must be told from whoever does not by the stories that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    ClampsAtTheEnd,
    ForgetsTheCeiling,
    EngagesOnArrival,
    DecaysOnce,
    DecaysAfterTheEvent,
    DecaysOffTheGrid,
    DecaysAfterTheFloor,
    DecaysWithoutEngagement,
    EngagesOnlyWithPoints,
    EngagesInSilence,
    CountsOnceTwice,
    CapsWhatMoved,
    CapsForEver,
    CapsAllOrNothing,
    LastsTooLong,
    LastsForAll,
    RoundsTowardsNought,
    IgnoresFilters,
    KeepsWhatCeased,
    FallsAtOnce,
    FallsAtTheEdge,
    LeavesEarly,
    StandsAtOnce,
    MarksBeforeTier,
    ThresholdAbove,
    StagnatesThroughChange,
    SleepsByArrival,
    PeakIsClosed,
    PeakWithoutPast,
    PeakIsNotProlonged,
    BadgeTooLate,
    ChallengeByArrival,
    ChallengeForEver,
}

pub(crate) const MISTAKES: [Mistake; 33] = [
    Mistake::ClampsAtTheEnd,
    Mistake::ForgetsTheCeiling,
    Mistake::EngagesOnArrival,
    Mistake::DecaysOnce,
    Mistake::DecaysAfterTheEvent,
    Mistake::DecaysOffTheGrid,
    Mistake::DecaysAfterTheFloor,
    Mistake::DecaysWithoutEngagement,
    Mistake::EngagesOnlyWithPoints,
    Mistake::EngagesInSilence,
    Mistake::CountsOnceTwice,
    Mistake::CapsWhatMoved,
    Mistake::CapsForEver,
    Mistake::CapsAllOrNothing,
    Mistake::LastsTooLong,
    Mistake::LastsForAll,
    Mistake::RoundsTowardsNought,
    Mistake::IgnoresFilters,
    Mistake::KeepsWhatCeased,
    Mistake::FallsAtOnce,
    Mistake::FallsAtTheEdge,
    Mistake::LeavesEarly,
    Mistake::StandsAtOnce,
    Mistake::MarksBeforeTier,
    Mistake::ThresholdAbove,
    Mistake::StagnatesThroughChange,
    Mistake::SleepsByArrival,
    Mistake::PeakIsClosed,
    Mistake::PeakWithoutPast,
    Mistake::PeakIsNotProlonged,
    Mistake::BadgeTooLate,
    Mistake::ChallengeByArrival,
    Mistake::ChallengeForEver,
];

/// Points that a rule once gave.
struct Gift {
    rule: usize,
    at: i64,
    given: i64,
    moved: i64,
    gone: bool,
}

/// A mark that is reached, and until when.
struct Up {
    mark: usize,
    until: Option<i64>,
}

pub(crate) struct Oracle<'r> {
    rules: &'r Rules,
    mistake: Mistake,
    month_end: i64,
    pub(crate) value: i64,
    pub(crate) tier: Option<usize>,
    tier_since: i64,
    rated: bool,
    changed_at: Option<i64>,
    floor_at: Option<i64>,
    gifts: Vec<Gift>,
    /// When they were known, and when they happened.
    engagements: Vec<(i64, i64)>,
    /// Which, when it happened, when it was known.
    events: Vec<(usize, i64, i64)>,
    counted_once: Vec<usize>,
    held: Vec<usize>,
    up: Vec<Up>,
    pub(crate) told: Vec<String>,
    /// Every value that the score and the first attribute had, with the instant since when.
    pub(crate) values: Vec<(i64, Option<i64>)>,
    pub(crate) attributes: Vec<(i64, Option<i64>)>,
}

impl<'r> Oracle<'r> {
    pub(crate) fn new(rules: &'r Rules, mistake: Mistake, month_end: i64) -> Self {
        Self {
            rules,
            mistake,
            month_end,
            value: 0,
            tier: None,
            tier_since: 0,
            rated: false,
            changed_at: None,
            floor_at: None,
            gifts: Vec::new(),
            engagements: Vec::new(),
            events: Vec::new(),
            counted_once: Vec::new(),
            held: Vec::new(),
            up: Vec::new(),
            told: Vec::new(),
            values: Vec::new(),
            attributes: Vec::new(),
        }
    }

    fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn floor(&self) -> i64 {
        self.rules.clamp.map_or(i64::MIN, |(least, _)| least)
    }

    fn clamped(&self, value: i64) -> i64 {
        match self.rules.clamp {
            Some((least, _)) if self.errs(Mistake::ForgetsTheCeiling) => value.max(least),
            Some((least, most)) => value.clamp(least, most),
            None => value,
        }
    }

    fn engaged_at(&self) -> Option<i64> {
        self.engagements
            .iter()
            .map(|(known, happened)| if self.errs(Mistake::EngagesOnArrival) { *known } else { *happened })
            .max()
    }

    fn say(&mut self, at: i64, what: String) {
        self.told.push(format!("{at}: {what}"));
    }

    fn give(&mut self, at: i64, cause: &str, asked: i64, given: i64) -> i64 {
        let before = self.value;
        let after = before + given;
        self.value = if self.errs(Mistake::ClampsAtTheEnd) { after } else { self.clamped(after) };
        self.rated = true;
        self.say(at, format!("{cause} {asked} moved {}", self.value - before));
        self.value - before
    }

    /// One application is over: what follows from it.
    fn over(&mut self, at: i64, before: i64, engaged: bool, event: Option<(usize, i64)>) {
        if self.errs(Mistake::ClampsAtTheEnd) {
            self.value = self.clamped(self.value);
        }
        let changed = self.value != before;
        if changed {
            self.changed_at = Some(at);
            self.say(at, format!("score {before} to {}", self.value));
        }
        if self.value == self.floor() {
            self.floor_at = Some(at);
        }
        if self.errs(Mistake::MarksBeforeTier) {
            self.marks(at, changed, engaged, event);
            self.stand(at);
        } else {
            self.stand(at);
            self.marks(at, changed, engaged, event);
        }
        if self.rated {
            self.values.push((at, Some(self.value)));
        }
    }

    fn band(&self) -> Option<usize> {
        (0..self.rules.tiers.len()).rev().find(|tier| self.value >= self.rules.tiers[*tier].from)
    }

    /// Moves into the tier that the score allows by now.
    fn stand(&mut self, at: i64) {
        if !self.rated && !self.errs(Mistake::StandsAtOnce) {
            return;
        }
        let mut to = self.band();
        if let Some(tier) = self.tier
            && to < self.tier
        {
            let own = &self.rules.tiers[tier];
            let edge = own.from - if self.errs(Mistake::FallsAtOnce) { 0 } else { own.hysteresis };
            let below =
                if self.errs(Mistake::FallsAtTheEdge) { self.value <= edge } else { self.value < edge };
            let stays = own.stay.is_some_and(|stay| at < self.tier_since + stay);
            if !below || (stays && !self.errs(Mistake::LeavesEarly)) {
                to = Some(tier);
            }
        }
        if to != self.tier {
            let (from, up) = (self.tier, to > self.tier);
            self.tier = to;
            self.tier_since = at;
            self.say(at, format!("tier {from:?} to {to:?} up {up}"));
        }
    }

    fn is_up(&self, mark: usize) -> bool {
        self.up.iter().any(|up| up.mark == mark)
    }

    fn turn(&mut self, at: i64, mark: usize, up: bool, until: Option<i64>) {
        if self.is_up(mark) != up {
            self.say(at, format!("mark {mark} up {up}"));
        }
        if self.is_up(mark) && up && self.errs(Mistake::PeakIsNotProlonged) {
            return;
        }
        self.up.retain(|known| known.mark != mark);
        if up {
            self.up.push(Up { mark, until });
        }
    }

    fn marks(&mut self, at: i64, changed: bool, engaged: bool, event: Option<(usize, i64)>) {
        for mark in 0..self.rules.marks.len() {
            match self.rules.marks[mark].clone() {
                Kind::Threshold(least) if self.rated => {
                    let above = self.errs(Mistake::ThresholdAbove);
                    self.turn(at, mark, if above { self.value > least } else { self.value >= least }, None);
                }
                Kind::Stagnation(_) if changed && !self.errs(Mistake::StagnatesThroughChange) => {
                    self.turn(at, mark, false, None);
                }
                Kind::Inactivity(span) if engaged => {
                    let asleep = self.asleep_at(span).is_some_and(|since| since <= at);
                    self.turn(at, mark, asleep, None);
                }
                Kind::Peak(window, least, permille) if engaged => {
                    let closed = self.errs(Mistake::PeakIsClosed);
                    let within = |then: i64| then > at - window || (closed && then == at - window);
                    let n = self.engagements.iter().filter(|(known, _)| within(*known)).count().min(64);
                    let m = self.engagements.len() - n;
                    let first = self.engagements[0].0;
                    let past = (at - window) - first;
                    let baseline = m > 0 && past > 0;
                    let many = n as i64 * past * 1000 >= permille * m as i64 * window;
                    let peak =
                        n >= least && if baseline { many } else { self.errs(Mistake::PeakWithoutPast) };
                    if peak {
                        self.turn(at, mark, true, Some(at + window));
                    }
                }
                Kind::Badge(name, count) if event.is_some_and(|(event, _)| event == name) => {
                    let had = self.events.iter().filter(|(event, ..)| *event == name).count();
                    if had >= count + usize::from(self.errs(Mistake::BadgeTooLate)) {
                        self.turn(at, mark, true, None);
                    }
                }
                Kind::Challenge(name, count) => {
                    let Some((_, happened)) = event.filter(|(event, _)| *event == name) else { continue };
                    let month = |at: i64| at >= self.month_end;
                    let by_arrival = self.errs(Mistake::ChallengeByArrival);
                    let counts = |happened: i64, known: i64| {
                        month(known) == month(at) && (by_arrival || month(happened) == month(known))
                    };
                    let all = self.events.iter();
                    let had =
                        all.filter(|(event, happened, known)| *event == name && counts(*happened, *known));
                    if counts(happened, at) && had.count() >= count {
                        let until = if month(at) { i64::MAX } else { self.month_end };
                        self.turn(at, mark, true, Some(until));
                    }
                }
                _ => {}
            }
        }
    }

    fn asleep_at(&self, span: i64) -> Option<i64> {
        let latest = self.engagements.iter().map(|(known, _)| *known).max();
        let since = if self.errs(Mistake::SleepsByArrival) { latest } else { self.engaged_at() };
        since.map(|since| since + span)
    }

    /// Everything that happens by itself in this millisecond.
    pub(crate) fn pass(&mut self, at: i64) {
        if self.errs(Mistake::StandsAtOnce) && self.tier.is_none() {
            self.stand(at);
        }
        if self.value == self.floor() && !self.errs(Mistake::DecaysAfterTheFloor) {
            self.floor_at = Some(at);
        }
        for gift in 0..self.gifts.len() {
            let Gift { rule, at: since, given, gone, .. } = self.gifts[gift];
            let Some(lasts) = self.rules.on[rule].lasts else { continue };
            let lasts = lasts + i64::from(self.errs(Mistake::LastsTooLong));
            if since + lasts == at && given != 0 && !gone {
                self.gifts[gift].gone = true;
                let before = self.value;
                self.give(at, &format!("gone {rule}"), -given, -given);
                self.over(at, before, false, None);
            }
        }
        if !self.errs(Mistake::DecaysAfterTheEvent) {
            self.decay(at);
        }
        self.stand(at);
        for mark in 0..self.rules.marks.len() {
            let challenge = matches!(self.rules.marks[mark], Kind::Challenge(..));
            let ends = self.up.iter().any(|up| up.mark == mark && up.until == Some(at));
            if ends && !(challenge && self.errs(Mistake::ChallengeForEver)) {
                self.turn(at, mark, false, None);
            }
        }
        for mark in 0..self.rules.marks.len() {
            let begins = match self.rules.marks[mark] {
                Kind::Stagnation(span) => self.changed_at.map(|since| since + span),
                Kind::Inactivity(span) => self.asleep_at(span),
                _ => None,
            };
            if begins == Some(at) && !self.is_up(mark) {
                self.turn(at, mark, true, None);
            }
        }
    }

    fn decay(&mut self, at: i64) {
        let Some((every, points)) = self.rules.decay else { return };
        let engaged_at = match self.engaged_at() {
            Some(engaged_at) => engaged_at,
            None if self.errs(Mistake::DecaysWithoutEngagement) && self.rated => 0,
            None => return,
        };
        let silence = at - engaged_at;
        let off = i64::from(self.errs(Mistake::DecaysOffTheGrid) && silence > every);
        if silence <= 0
            || (silence - off) % every != 0
            || self.floor_at == Some(at)
            || self.value == self.floor()
        {
            return;
        }
        if self.errs(Mistake::DecaysOnce) && silence > every {
            return;
        }
        let before = self.value;
        self.give(at, "decay", points, points);
        self.over(at, before, false, None);
    }

    pub(crate) fn tell(&mut self, at: i64, told: &Told) {
        let before = self.value;
        match told {
            Told::Event(name, number, late) => self.event(at, *name, *number, at - late),
            Told::Attributes(values) => {
                self.attributes.push((at, values[0]));
                for place in 0..self.rules.when.len() {
                    let When { attribute, at_least, points } = self.rules.when[place];
                    let holds = values[attribute].is_some_and(|value| value >= at_least);
                    let (rule, was) = (self.rules.on.len() + place, self.held.contains(&place));
                    if holds && !was {
                        self.held.push(place);
                        self.give(at, &format!("rule {rule}"), points, points);
                    } else if !holds && was && !self.errs(Mistake::KeepsWhatCeased) {
                        self.held.retain(|held| *held != place);
                        self.give(at, &format!("gone {rule}"), -points, -points);
                    }
                }
                self.over(at, before, false, None);
            }
            Told::Add(points) => {
                self.give(at, "granted", *points, *points);
                self.over(at, before, false, None);
            }
            Told::Set(value) => {
                let to = self.clamped(*value);
                self.rated = true;
                self.say(at, format!("granted {} moved {}", value - before, to - before));
                self.value = to;
                self.over(at, before, false, None);
            }
        }
        if self.errs(Mistake::DecaysAfterTheEvent) {
            self.decay(at);
        }
    }

    fn event(&mut self, at: i64, name: usize, number: Option<i64>, happened: i64) {
        self.events.push((name, happened, at));
        let before = self.value;
        let mut engaged = false;
        for place in 0..self.rules.on.len() {
            let rule = self.rules.on[place].clone();
            if rule.event != name {
                continue;
            }
            if let Some(least) = rule.at_least
                && number.is_none_or(|number| number < least)
                && !self.errs(Mistake::IgnoresFilters)
            {
                continue;
            }
            let asked = match (rule.points, number) {
                (Asked::Fixed(points), _) => points,
                (Asked::Of(..), None) => continue,
                (Asked::Of(times, per, least, most), Some(number)) => {
                    let exact = number * times;
                    let toward = self.errs(Mistake::RoundsTowardsNought);
                    let points = if toward { exact / per } else { exact.div_euclid(per) };
                    points.clamp(least, most)
                }
            };
            let by_sign = asked > 0 || self.errs(Mistake::EngagesInSilence);
            let engages = match rule.engages {
                Some(_) if self.errs(Mistake::EngagesInSilence) => true,
                Some(engages) => engages,
                None => by_sign,
            };
            let lazily = self.errs(Mistake::EngagesOnlyWithPoints);
            engaged |= engages && !lazily;
            if rule.once && !self.errs(Mistake::CountsOnceTwice) {
                if self.counted_once.contains(&place) {
                    continue;
                }
                self.counted_once.push(place);
            }
            let given = self.allowed(at, place, asked);
            let moved = self.give(at, &format!("rule {place}"), asked, given);
            engaged |= engages && lazily && moved != 0;
            self.gifts.push(Gift { rule: place, at, given, moved, gone: false });
        }
        if engaged {
            self.engagements.push((at, happened));
        }
        // What nobody counts is no application.
        let about = self.rules.on.iter().any(|rule| rule.event == name)
            || self.rules.marks.iter().any(
                |kind| matches!(kind, Kind::Badge(event, _) | Kind::Challenge(event, _) if *event == name),
            );
        if about {
            self.over(at, before, engaged, Some((name, happened)));
        }
    }

    /// What is left of the cap, and nothing where too many of its points live already.
    fn allowed(&self, at: i64, place: usize, asked: i64) -> i64 {
        let rule = &self.rules.on[place];
        let own = || self.gifts.iter().filter(|gift| gift.rule == place && gift.given != 0);
        let live = own().filter(|gift| !gift.gone).count();
        if rule.lasts.is_some() && live >= 32 && !self.errs(Mistake::LastsForAll) {
            return 0;
        }
        let Some((most, period)) = rule.cap else { return asked };
        // A period opens with the first gift after the one before is over.
        let mut opened: Option<i64> = None;
        let mut used = 0;
        let is_over = |since: i64, at: i64| {
            period.is_some_and(|period| at >= since + period) && !self.errs(Mistake::CapsForEver)
        };
        for gift in own() {
            if opened.is_none_or(|since| is_over(since, gift.at)) {
                (opened, used) = (Some(gift.at), 0);
            }
            used += if self.errs(Mistake::CapsWhatMoved) { gift.moved.abs() } else { gift.given.abs() };
        }
        if opened.is_some_and(|since| is_over(since, at)) {
            used = 0;
        }
        let left = (most - used).max(0);
        if self.errs(Mistake::CapsAllOrNothing) && asked.abs() > left {
            return 0;
        }
        asked.clamp(-left, left)
    }

    /// What a number was at an instant, from every value that it ever had.
    pub(crate) fn value_at(values: &[(i64, Option<i64>)], at: i64) -> Option<i64> {
        values.iter().rev().find(|(since, _)| *since <= at).and_then(|(_, value)| *value)
    }
}
