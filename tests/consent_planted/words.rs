//! I16: a START gives back what the last STOP took, as it was, and nothing else. Told in the order in which it was said.

use chrono::{DateTime, TimeDelta, Utc};
use journeyman::machine::{ContactState, Envelope, InputKind, Program, ProgramParts, Withdrawal};
use journeyman::model::{Evidence, Giver, InputId, Permit};
use journeyman::rule::permit::{Question, permit};
use journeyman::rule::{Minors, Policy, Purpose};
use journeyman::time::Zone;
use journeyman::{Consent, Contact};

use super::Draw;

const PURPOSES: [&str; 3] = ["news", "offers", "polls"];
const CHANNELS: [&str; 2] = ["sms", "email"];

/// What a contact says, by the places of a purpose and of a channel.
#[derive(Clone, Copy, Debug)]
enum Word {
    Yes(usize, usize),
    No(usize, usize),
    Stop(usize),
    Start(usize),
}

fn kind(word: Word, now: DateTime<Utc>) -> InputKind {
    let evidence = |source: &str| Evidence::new(source, "v1");
    match word {
        Word::Yes(purpose, on) => {
            let plain = evidence("form").given_by(Giver::Guardian { reference: "letter 7".into() });
            // Offers are confirmed ones, and ask for that.
            let given = if purpose == 1 { plain.confirming("request", now) } else { plain };
            InputKind::Consent(Consent::granted("lea", PURPOSES[purpose], CHANNELS[on], given))
        }
        Word::No(purpose, on) => {
            InputKind::Withdrawal(Withdrawal::of("lea", PURPOSES[purpose], CHANNELS[on], evidence("form")))
        }
        Word::Stop(on) => {
            let stop = Withdrawal::everything("lea", evidence("inbound.stop"));
            InputKind::Withdrawal(stop.on_channel(CHANNELS[on]))
        }
        Word::Start(on) => {
            let (channel, evidence) = (CHANNELS[on].into(), evidence("inbound.start"));
            InputKind::Restore { channel, evidence, said_at: None }
        }
    }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

/// The oracle: two sets a channel, of what is allowed and of what a START would give back.
fn allowed(words: &[Word]) -> [[bool; 3]; 2] {
    let (mut allowed, mut taken) = ([[false; 3]; 2], [[false; 3]; 2]);
    for word in words {
        match *word {
            Word::Yes(purpose, on) => (allowed[on][purpose], taken[on][purpose]) = (true, false),
            Word::No(purpose, on) => (allowed[on][purpose], taken[on][purpose]) = (false, false),
            Word::Stop(on) if allowed[on].contains(&true) => {
                (allowed[on], taken[on]) = ([false; 3], allowed[on]);
            }
            Word::Stop(_) => {}
            Word::Start(on) => {
                let back = std::mem::take(&mut taken[on]);
                (0..3).filter(|purpose| back[*purpose]).for_each(|purpose| allowed[on][purpose] = true);
            }
        }
    }
    allowed
}

/// What the crate makes of the words of a seed, where the oracle makes something else of them.
pub(super) fn differs(seed: u64) -> Option<String> {
    let mut draw = Draw(seed);
    let words: Vec<Word> = (0..2 + draw.below(9))
        .map(|_| {
            let (purpose, on) = (draw.below(3), draw.below(4) / 3);
            match draw.below(6) {
                0..=1 => Word::Yes(purpose, on),
                2 => Word::No(purpose, on),
                3..=4 => Word::Stop(on),
                _ => Word::Start(on),
            }
        })
        .collect();
    // A child: what comes back must be a guardian's still.
    let policy = Policy::new("test").minors(Minors::new("age", 15));
    let mut policy = policy.purpose(Purpose::consent("offers").confirmed());
    for plain in ["news", "polls"] {
        policy = policy.purpose(Purpose::consent(plain));
    }
    let mut parts = ProgramParts::default();
    parts.policy = policy.clone();
    let program = Program::new(parts);
    let mut state = ContactState::new("lea".into());
    for (seq, word) in (1..).zip(&words) {
        let now = start() + TimeDelta::minutes(seq);
        let id = InputId::from_host("word", &"lea".into(), &seq.to_string());
        let envelope = Envelope::new(seq as u64, id, now, kind(*word, now));
        state = program.transition(state, &[envelope], now).state;
    }
    let contact = Contact::new("lea")
        .attribute("age", 9)
        .address("sms", "+33639980001")
        .address("email", "lea@example.org");
    let permits = |purpose: &str, on: &str| {
        let question = Question::new(&contact, &state.cold.standing, on, purpose);
        permit(&question, &policy, &Zone::utc(), start() + TimeDelta::hours(1)) == Permit::Permit
    };
    let found = CHANNELS.map(|on| PURPOSES.map(|purpose| permits(purpose, on)));
    let expected = allowed(&words);
    (found != expected).then(|| format!("{seed}: {words:?} allow {expected:?}, found {found:?}"))
}
