//! What a host can do to an engine, and how often a story does it.

use proptest::prelude::*;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;

use crate::reference::World;

pub(crate) const PEOPLE: [&str; 4] = ["lea", "max", "tom", "zoe"];
pub(crate) const CHANNELS: [&str; 2] = ["email", "sms"];
pub(crate) const PURPOSES: [&str; 2] = ["marketing", "service"];
const NAMES: [&str; 5] = ["booked", "clicked", "left", "seen", "signed_up"];
const VERSIONED: [&str; 3] = ["offer", "trail", "welcome"];
/// How old an event may be: three days.
pub(crate) const HORIZON: i64 = 3 * 24 * 60;
/// How often a message is handed over at the most.
pub(crate) const ATTEMPTS: u32 = 3;
/// How long a channel that says "later" asks to wait.
pub(crate) const PATIENCE: i64 = 20;

/// One thing that a host does. Spans are whole minutes.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Identify {
        who: &'static str,
        score: Option<i64>,
        address: Option<(&'static str, u8)>,
    },
    Grant {
        who: &'static str,
        purpose: &'static str,
        channel: &'static str,
    },
    Withdraw {
        who: &'static str,
        purpose: Option<&'static str>,
        channel: Option<&'static str>,
    },
    Track {
        who: &'static str,
        event: Told,
        id: Option<u8>,
    },
    /// Time passes and the engine ticks.
    Advance {
        minutes: i64,
    },
    /// Time passes and nobody ticks.
    Pass {
        minutes: i64,
    },
    /// An engine that knows nothing yet ticks, and stays.
    FreshTick,
    Erase {
        who: &'static str,
    },
    /// The second version of a journey.
    Publish {
        journey: &'static str,
    },
    Pause {
        journey: &'static str,
    },
    Resume {
        journey: &'static str,
    },
    Suppress {
        channel: &'static str,
        address: u8,
        who: Option<&'static str>,
    },
    Behave {
        channel: &'static str,
        answer: Answer,
    },
    /// Forgets what is older than the horizon and these minutes.
    Purge {
        older: i64,
    },
    Reopen,
}

/// An event; `at` is how many minutes after its receipt it claims to happen, before it where that is negative.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) number: i64,
    pub(crate) at: Option<i64>,
}

/// What a channel says of whatever it is handed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Accept,
    Refuse,
    Later,
    Unknown,
}

impl Command {
    /// What a story begins with: three people who can be reached and allow everything, one who is unknown. Two of them
    /// share a telephone.
    pub(crate) fn prologue() -> Vec<Self> {
        let mut commands = Vec::new();
        for (who, email, sms, score) in [("lea", 0, 0, 20), ("tom", 1, 0, 60), ("zoe", 2, 2, 90)] {
            let address = |channel, address| Self::Identify {
                who,
                score: Some(score),
                address: Some((channel, address)),
            };
            commands.extend([address("email", email), address("sms", sms)]);
            let pairs =
                PURPOSES.iter().flat_map(|purpose| CHANNELS.iter().map(move |channel| (purpose, channel)));
            commands.extend(pairs.map(|(purpose, channel)| Self::Grant { who, purpose, channel }));
        }
        commands
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Identify { .. } => "identify",
            Self::Grant { .. } => "grant",
            Self::Withdraw { purpose: Some(_), channel: Some(_), .. } => "withdraw one",
            Self::Withdraw { purpose: None, channel: None, .. } => "withdraw all",
            Self::Withdraw { purpose: None, .. } => "withdraw a channel",
            Self::Withdraw { .. } => "withdraw a purpose",
            Self::Track { event: Told { at: Some(..=0), .. }, .. } => "track late",
            Self::Track { event: Told { at: Some(1..), .. }, .. } => "track ahead",
            Self::Track { .. } => "track",
            Self::Advance { .. } => "advance",
            Self::Pass { .. } => "pass",
            Self::FreshTick => "tick afresh",
            Self::Erase { .. } => "erase",
            Self::Publish { .. } => "publish",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Suppress { who: Some(_), .. } => "suppress of a contact",
            Self::Suppress { .. } => "suppress",
            Self::Behave { answer: Answer::Accept, .. } => "behave: accept",
            Self::Behave { answer: Answer::Refuse, .. } => "behave: refuse",
            Self::Behave { answer: Answer::Later, .. } => "behave: later",
            Self::Behave { answer: Answer::Unknown, .. } => "behave: unknown",
            Self::Purge { .. } => "purge",
            Self::Reopen => "reopen",
        }
    }
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

/// Everybody, but the one who is unknown at first rarely.
fn who() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => one_of(&["lea", "tom", "zoe"]), 1 => Just("max")]
}

/// Mostly whole half hours, so that things share an instant; some odd minutes, some days.
fn minutes() -> impl Strategy<Value = i64> {
    prop_oneof![
        5 => (1..13i64).prop_map(|half_hours| half_hours * 30),
        3 => (1..5i64).prop_map(|half_days| half_days * 720),
        2 => 1..200i64,
    ]
}

fn told() -> impl Strategy<Value = Told> {
    let name = prop_oneof![5 => one_of(&["clicked", "seen", "signed_up"]), 2 => one_of(&NAMES)];
    let at = prop_oneof![
        8 => Just(None),
        2 => minutes().prop_map(|minutes| Some(-minutes)),
        1 => (0..100i64).prop_map(|minutes| Some(-HORIZON - minutes)),
        1 => minutes().prop_map(Some),
    ];
    (name, 0..3i64, at).prop_map(|(name, number, at)| Told { name, number, at })
}

impl ReferenceStateMachine for World {
    type State = World;
    type Transition = Command;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::new()).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Command> {
        let answer = prop_oneof![
            3 => Just(Answer::Accept), 1 => Just(Answer::Refuse), 3 => Just(Answer::Later), 1 => Just(Answer::Unknown)
        ];
        let address = || (one_of(&CHANNELS), 0..3u8);
        let mut ways = vec![
            (
                4,
                (who(), prop::option::of(0..100i64), prop::option::weighted(0.3, address()))
                    .prop_map(|(who, score, address)| Command::Identify { who, score, address })
                    .boxed(),
            ),
            (
                4,
                (who(), one_of(&PURPOSES), one_of(&CHANNELS))
                    .prop_map(|(who, purpose, channel)| Command::Grant { who, purpose, channel })
                    .boxed(),
            ),
            (
                3,
                (
                    who(),
                    prop::option::weighted(0.6, one_of(&PURPOSES)),
                    prop::option::weighted(0.6, one_of(&CHANNELS)),
                )
                    .prop_map(|(who, purpose, channel)| Command::Withdraw { who, purpose, channel })
                    .boxed(),
            ),
            (
                18,
                (who(), told(), prop::option::weighted(0.5, 0..5u8))
                    .prop_map(|(who, event, id)| Command::Track { who, event, id })
                    .boxed(),
            ),
            (20, minutes().prop_map(|minutes| Command::Advance { minutes }).boxed()),
            (6, minutes().prop_map(|minutes| Command::Pass { minutes }).boxed()),
            (3, Just(Command::FreshTick).boxed()),
            (1, who().prop_map(|who| Command::Erase { who }).boxed()),
            (2, one_of(&VERSIONED).prop_map(|journey| Command::Publish { journey }).boxed()),
            (1, one_of(&VERSIONED).prop_map(|journey| Command::Pause { journey }).boxed()),
            (1, one_of(&VERSIONED).prop_map(|journey| Command::Resume { journey }).boxed()),
            (
                1,
                (address(), prop::option::of(who()))
                    .prop_map(|((channel, address), who)| Command::Suppress { channel, address, who })
                    .boxed(),
            ),
            (
                4,
                (one_of(&CHANNELS), answer)
                    .prop_map(|(channel, answer)| Command::Behave { channel, answer })
                    .boxed(),
            ),
            (2, (0..1440i64).prop_map(|older| Command::Purge { older }).boxed()),
            (2, Just(Command::Reopen).boxed()),
        ];
        // Chance alone rarely says what somebody waits for, or forbids what lies in the outbox.
        let (awaited, unsaid) = (world.awaited(), world.unsaid());
        if !awaited.is_empty() {
            let id = prop::option::weighted(0.3, 0..5u8);
            let at = prop::option::weighted(0.3, minutes().prop_map(|minutes| -minutes));
            let track =
                |((who, name, number), id, at)| Command::Track { who, event: Told { name, number, at }, id };
            ways.push((10, (prop::sample::select(awaited), id, at).prop_map(track).boxed()));
        }
        if !unsaid.is_empty() {
            let disturb = |((who, journey, purpose, channel, address), how, score)| match (how, journey) {
                // Another attempt must say what the first one said.
                (5 | 6, _) => Command::Identify { who, score: Some(score), address: None },
                (0, _) => Command::Suppress { channel, address, who: Some(who) },
                (1 | 2, Some(journey)) => Command::Pause { journey },
                _ => Command::Withdraw { who, purpose: Some(purpose), channel: Some(channel) },
            };
            // A pause is soon over.
            let weight = if unsaid.iter().any(|(_, journey, ..)| journey.is_none()) { 40 } else { 20 };
            ways.push((weight, (prop::sample::select(unsaid), 0..7u8, 0..100i64).prop_map(disturb).boxed()));
        }
        let (inside, paused, unread) = (world.inside(), world.paused(), world.unread_addresses());
        if !inside.is_empty() {
            ways.push((
                3,
                prop::sample::select(inside).prop_map(|journey| Command::Pause { journey }).boxed(),
            ));
        }
        if !paused.is_empty() {
            ways.push((
                8,
                prop::sample::select(paused).prop_map(|journey| Command::Resume { journey }).boxed(),
            ));
        }
        if !unread.is_empty() {
            let withdraw = |(who, channel)| Command::Withdraw { who, purpose: None, channel: Some(channel) };
            ways.push((3, prop::sample::select(unread).prop_map(withdraw).boxed()));
        }
        // So does a long silence, after which old mail is purged around what nobody has read.
        match world.oldest_unread() {
            Some(age) if age > HORIZON => {
                ways.push((10, (0..30i64).prop_map(|older| Command::Purge { older }).boxed()))
            }
            Some(_) => ways.push((2, Just(Command::Pass { minutes: HORIZON + 30 }).boxed())),
            None => {}
        }
        Union::new_weighted(ways).boxed()
    }

    fn apply(mut world: World, command: &Command) -> World {
        world.obey(command);
        world
    }
}
