//! When something is said at best and until when: times of day that people prefer, in some seeds, and until when a provider may
//! deliver, in all of them. Two judges (C26, C27) walk over the minutes of their own clocks.

mod draw;
mod judge;
mod rules;

pub(super) use draw::{Act, draw};
pub(super) use judge::Liked;
pub(super) use rules::{definitions, policy};
