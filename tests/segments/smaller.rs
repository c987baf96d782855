//! Makes a universe that fails as small as it can be while it still fails.

use super::language::{Holds, Question};
use super::universe::{Told, Universe};

pub(crate) fn smaller(mut universe: Universe, fails: impl Fn(&Universe) -> bool) -> Universe {
    let mut again = true;
    while again {
        again = false;
        let mut place = universe.told.len();
        while place > 0 {
            place -= 1;
            let mut other = universe.clone();
            other.told.remove(place);
            if fails(&other) {
                (universe, again) = (other, true);
            }
        }
        let mut place = universe.segments.len();
        while place > 0 {
            place -= 1;
            let Some(other) = without(&universe, place) else { continue };
            if fails(&other) {
                (universe, again) = (other, true);
            }
        }
        for place in 0..universe.segments.len() {
            let Holds::Where(question) = universe.segments[place].holds.clone() else { continue };
            for part in parts(&question) {
                let mut other = universe.clone();
                other.segments[place].holds = Holds::Where(part);
                if fails(&other) {
                    (universe, again) = (other, true);
                    break;
                }
            }
        }
    }
    universe
}

/// The universe without a segment that no other one asks for.
fn without(universe: &Universe, place: usize) -> Option<Universe> {
    let mut other = universe.clone();
    other.segments.remove(place);
    let mut is_asked = false;
    for segment in &mut other.segments {
        is_asked |= moved(&mut segment.holds, place);
    }
    other.told.retain_mut(|(_, told)| match told {
        Told::Publish(at, _) if *at == place => false,
        Told::Publish(at, segment) => {
            *at -= usize::from(*at > place);
            is_asked |= moved(&mut segment.holds, place);
            true
        }
        _ => true,
    });
    (!is_asked).then_some(other)
}

fn moved(holds: &mut Holds, gone: usize) -> bool {
    match holds {
        Holds::Where(question) => moves(question, gone),
        Holds::Rank { among: Some(question), .. } => moves(question, gone),
        _ => false,
    }
}

fn moves(question: &mut Question, gone: usize) -> bool {
    match question {
        Question::Segment(place) => {
            let is_gone = *place == gone;
            *place -= usize::from(*place > gone);
            is_gone
        }
        Question::All(all) | Question::Any(all) => {
            all.iter_mut().fold(false, |any, one| moves(one, gone) || any)
        }
        Question::Not(one) => moves(one, gone),
        Question::Held(one, length, key) => {
            let is_gone = moves(one, gone);
            if let Question::Held(_, _, new) = one.clone().held(*length) {
                *key = new;
            }
            is_gone
        }
        _ => false,
    }
}

fn parts(question: &Question) -> Vec<Question> {
    match question {
        Question::All(all) | Question::Any(all) => {
            let mut parts = all.clone();
            if all.len() > 2 {
                for place in 0..all.len() {
                    let mut fewer = all.clone();
                    fewer.remove(place);
                    parts.push(match question {
                        Question::All(_) => Question::All(fewer),
                        _ => Question::Any(fewer),
                    });
                }
            }
            for (place, one) in all.iter().enumerate() {
                for part in self::parts(one) {
                    let mut other = all.clone();
                    other[place] = part;
                    parts.push(match question {
                        Question::All(_) => Question::All(other),
                        _ => Question::Any(other),
                    });
                }
            }
            parts
        }
        Question::Not(one) => {
            let mut all = vec![(**one).clone()];
            all.extend(parts(one).into_iter().map(Question::not));
            all
        }
        Question::Held(one, ..) => vec![(**one).clone()],
        _ => Vec::new(),
    }
}
