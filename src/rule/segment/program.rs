//! A condition as jumps over the answers to its questions.

/// A condition as a tree.
#[derive(Clone, Debug)]
pub(super) enum Form {
    All(Vec<Form>),
    Any(Vec<Form>),
    Not(Box<Form>),
    Leaf(u32),
}

/// Asks a leaf, and goes on to the step `yes` or `no`.
#[derive(Clone, Copy, Debug)]
struct Jump {
    leaf: u32,
    yes: u32,
    no: u32,
}

/// The steps that end it.
const TRUE: u32 = u32::MAX;
const FALSE: u32 = u32::MAX - 1;

/// A condition as jumps, the cheapest leaf first, each asked only where it can decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    jumps: Vec<Jump>,
    start: u32,
}

impl Form {
    /// Every leaf of it, as often as it is asked.
    pub(super) fn leaves(&self, found: &mut Vec<u32>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.leaves(found)),
            Self::Not(part) => part.leaves(found),
            Self::Leaf(leaf) => found.push(*leaf),
        }
    }

    /// Whether it holds, and the leaves that make it so.
    pub(super) fn decide(&self, ask: &mut dyn FnMut(u32) -> bool, found: &mut Vec<u32>) -> bool {
        let (parts, decisive) = match self {
            Self::Leaf(leaf) => {
                found.push(*leaf);
                return ask(*leaf);
            }
            Self::Not(part) => return !part.decide(ask, found),
            Self::All(parts) => (parts, false),
            Self::Any(parts) => (parts, true),
        };
        let before = found.len();
        for part in parts {
            let begun = found.len();
            if part.decide(ask, found) == decisive {
                found.drain(before..begun);
                return decisive;
            }
        }
        !decisive
    }

    fn cost(&self, costs: &dyn Fn(u32) -> u8) -> u32 {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().fold(0_u32, |sum, part| sum.saturating_add(part.cost(costs)))
            }
            Self::Not(part) => part.cost(costs),
            Self::Leaf(leaf) => costs(*leaf).into(),
        }
    }
}

impl Program {
    pub(super) fn new(form: &Form, costs: &dyn Fn(u32) -> u8) -> Self {
        let mut program = Self::default();
        program.start = program.emit(form, TRUE, FALSE, costs);
        program
    }

    /// Writes from the end to the beginning, so that every jump knows where it leads; answers where to begin.
    fn emit(&mut self, form: &Form, yes: u32, no: u32, costs: &dyn Fn(u32) -> u8) -> u32 {
        let (parts, all) = match form {
            Form::Leaf(leaf) => {
                let place = u32::try_from(self.jumps.len()).unwrap_or(FALSE);
                self.jumps.push(Jump { leaf: *leaf, yes, no });
                return place;
            }
            Form::Not(part) => return self.emit(part, no, yes, costs),
            Form::All(parts) => (parts, true),
            Form::Any(parts) => (parts, false),
        };
        let mut sorted: Vec<_> = parts.iter().collect();
        sorted.sort_by_key(|part| part.cost(costs));
        let mut next = if all { yes } else { no };
        for part in sorted.into_iter().rev() {
            next = if all { self.emit(part, next, no, costs) } else { self.emit(part, yes, next, costs) };
        }
        next
    }

    #[inline]
    pub(super) fn run(&self, mut ask: impl FnMut(u32) -> bool) -> bool {
        let mut at = self.start;
        // Every jump leads to one that was written before it.
        while let Some(jump) = usize::try_from(at).ok().and_then(|at| self.jumps.get(at)) {
            at = if ask(jump.leaf) { jump.yes } else { jump.no };
        }
        at == TRUE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_answer_as_the_tree_does_and_ask_no_more_than_they_must() {
        use Form::{All, Any, Leaf, Not};
        let form = Any(vec![
            All(vec![Leaf(0), Not(Any(vec![Leaf(1), Leaf(2)]).into())]),
            All(vec![Leaf(3), Not(All(vec![Leaf(0), Leaf(4)]).into())]),
        ]);
        let program = Program::new(&form, &|leaf| u8::try_from(9 - leaf).unwrap());
        for bits in 0..32_u32 {
            let mut asked = 0;
            let ran = program.run(|leaf| {
                asked += 1;
                bits & (1 << leaf) > 0
            });
            let mut found = Vec::new();
            assert_eq!(ran, form.decide(&mut |leaf| bits & (1 << leaf) > 0, &mut found), "{bits:b}");
            assert!(asked <= 6 && !found.is_empty());
        }
    }
}
