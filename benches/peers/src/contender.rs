//! What is asked of everybody: the events of some contacts, each of some kind and after some idle days of its contact; the
//! score decays, is added to and kept within its bounds, and what it is after one event is where the next one finds it.

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// Whose it is.
    pub(crate) contact: usize,
    pub(crate) kind: i64,
    pub(crate) idle_days: i64,
}

pub(crate) const KINDS: [&str; 5] =
    ["email.opened", "link.clicked", "app.login", "message.replied", "action.done"];
/// A day, and the instant at which every clock begins, in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const START: i64 = 1_774_252_800_000;

/// How many contacts there are.
pub(crate) const CONTACTS: usize = 32;

const POINTS: [i64; 5] = [1, 3, 5, 10, 15];

macro_rules! each {
    () => {
        fn score_all(&mut self, given: &[Given]) -> i64 {
            given.iter().fold(0, |sum, given| sum.wrapping_add(self.score(given)))
        }
    };
}
pub(crate) use each;

/// Somebody who answers it.
pub(crate) trait Contender {
    fn name(&self) -> &'static str;

    /// How often all questions are asked in one round, so that a round takes about a millisecond.
    fn repeats(&self) -> usize {
        1
    }

    /// Counts the contact's next event and answers its score.
    fn score(&mut self, given: &Given) -> i64;

    /// Counts many, without a call by name for each.
    fn score_all(&mut self, given: &[Given]) -> i64;
}

/// Plain Rust, which keeps what the rules need: the score, and when the contact last engaged.
pub(crate) struct Native(Vec<Kept>);

#[derive(Clone)]
struct Kept {
    score: i64,
    engaged_at: i64,
    now: i64,
}

impl Native {
    pub(crate) fn new() -> Self {
        Self(vec![Kept { score: 0, engaged_at: START, now: START }; CONTACTS])
    }

    #[inline]
    fn apply(&mut self, given: &Given) -> i64 {
        let kept = &mut self.0[given.contact];
        kept.now += given.idle_days * DAY;
        // Every full week of silence takes 5, and the bounds hold after each of them.
        let decayed = (kept.score - 5 * ((kept.now - kept.engaged_at) / (7 * DAY))).max(0);
        kept.engaged_at = kept.now;
        kept.score = (decayed + POINTS[given.kind as usize]).min(120);
        kept.score
    }
}

impl Contender for Native {
    fn name(&self) -> &'static str {
        "plain Rust"
    }

    fn repeats(&self) -> usize {
        400
    }

    fn score(&mut self, given: &Given) -> i64 {
        self.apply(given)
    }

    each!();
}

/// 1,024 events, drawn once and for ever; some of them come after a week or more.
pub(crate) fn given(most: u64) -> Vec<Given> {
    let mut drawn = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: u64| {
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        (drawn % below) as i64
    };
    let contacts = (0..CONTACTS).cycle().take(1_024);
    contacts.map(|contact| Given { contact, kind: next(5), idle_days: next(most) }).collect()
}
