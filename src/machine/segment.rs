//! Segments: what happens to a contact moves it in and out of them at once, and what that brings about is told with it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::heard::{ENTERED, LEFT, entered, left};
use super::score::Told;
use super::state::Hot;
use super::transition::{Run, Signal};
use crate::model::{Attributes, Contact, Enrollment, ExitReason, Fact, InputId, JourneyId, Name};
use crate::rule::segment::{Heard, Move, Passages, Seen, SegmentKind, SegmentState};
use crate::seeded::{Bug, is_on};
use crate::time::Zone;

/// Why a contact came into a segment, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveCause {
    /// What was told of it, by this input.
    Input(InputId),
    /// Time passed, or a journey did something as time passed.
    Clock,
    /// The segment is new, or is asked for otherwise; or its history was counted by now.
    Definition,
}

impl Run<'_> {
    /// Whom nobody has committed yet starts with every segment: there is no history to look into.
    pub(super) fn start_segments(&mut self) {
        let program = self.program;
        let hot = &mut self.out.state.hot;
        if hot.now != DateTime::UNIX_EPOCH || program.segments.is_empty() {
            return;
        }
        hot.segments = program.segments.start();
        hot.segmented = program.segmented;
        program.segments.touch_all(&mut self.touched);
    }

    /// When a membership may turn by itself: never later than it does.
    pub(super) fn segments_due_at(&self) -> Option<DateTime<Utc>> {
        let due = self.program.segments.next_due(&self.out.state.hot.segments)?;
        DateTime::from_timestamp_millis(due)
    }

    /// Whether the segments that the contact knows are those that are published.
    pub(super) fn knows_segments(&self) -> bool {
        self.program.segments.is_aligned(&self.out.state.hot.segments)
    }

    /// Contacts take other segments over at their next input or timer; whether there were any.
    pub(super) fn adopt_segments(&mut self, at: DateTime<Utc>) -> bool {
        let program = self.program;
        let hot = &mut self.out.state.hot;
        if !program.segments.align(&mut hot.segments) {
            return false;
        }
        let defines = hot.segmented != program.segmented;
        hot.segmented = program.segmented;
        program.segments.touch_all(&mut self.touched);
        // A line that is drawn again moves people as time does; the first one belongs to the definition.
        let cause = if defines { MoveCause::Definition } else { MoveCause::Clock };
        let told = self.settle_by(cause, true, at);
        self.tell_moves(&told, at);
        true
    }

    /// A window ends, a day begins, a span was held: whatever turns at this instant, before anybody is told.
    pub(super) fn segments_come(&mut self, at: DateTime<Utc>) {
        let program = self.program;
        let now = at.max(self.out.state.hot.now).timestamp_millis();
        program.segments.fire(&self.out.state.hot.segments, &mut self.touched, now);
        let told = self.settle(at);
        self.tell_moves(&told, at);
    }

    fn tell_moves(&mut self, told: &[Told], at: DateTime<Utc>) {
        if let Some(first) = told.first() {
            self.happens_with(&[], told, first.cause, at, at);
        }
    }

    /// What changed since it was last asked moves the contact, and is told at the same instant.
    pub(super) fn let_segments_move(&mut self, at: DateTime<Utc>) {
        let told = self.settle(at);
        self.tell_moves(&told, at);
    }

    /// Asks again what was touched, and answers who was moved by it.
    pub(super) fn settle(&mut self, at: DateTime<Utc>) -> Vec<Told> {
        self.settle_by(self.cause, false, at)
    }

    /// `adopts` says whether the contact comes to know another set of segments.
    pub(super) fn settle_by(&mut self, cause: MoveCause, adopts: bool, at: DateTime<Utc>) -> Vec<Told> {
        let program = self.program;
        if program.segments.is_empty() {
            return Vec::new();
        }
        // What a pause held is due in the past, and nobody is moved there.
        let now = at.max(self.out.state.hot.now);
        let zone = self.segment_zone();
        let mut state = std::mem::take(&mut self.out.state.hot.segments);
        let mut touched = std::mem::take(&mut self.touched);
        // Taking other segments over tells nothing that a history does not know.
        if !adopts && !touched.is_empty() && self.awaits_history(&state) {
            not_counted(&mut state, self.seq, now);
        }
        let barred = self.barred();
        if let Some(barred) = &barred {
            program.segments.forget(&mut state, barred);
        }
        let mut moves = Vec::new();
        let (cold, hot) = (&self.out.state.cold, &self.out.state.hot);
        let seen = Seen::new(self.facts(), &cold.standing, hot, &zone).outside(barred);
        program.segments.settle(&mut state, &mut touched, &seen, now.timestamp_millis(), &mut |one| {
            moves.push(one);
        });
        // What is held since then is a profile too, and so is how often it was.
        if let Some(barred) = &barred {
            program.segments.forget(&mut state, barred);
        }
        self.out.state.hot.segments = state;
        self.touched = touched;
        let mut told = self.moved(moves, cause, adopts, now);
        if adopts {
            told.extend(self.told_before_defined(now));
        }
        told
    }

    /// Who was put into a segment by the host, before it was asked who is in it, leaves it where the answer is no.
    fn told_before_defined(&mut self, at: DateTime<Utc>) -> Vec<Told> {
        let segments = &self.program.segments;
        let hot = &self.out.state.hot;
        let wrong = segments.names().enumerate().filter(|(place, name)| {
            let stands = segments.is_waiting(*place, &hot.segments);
            !stands && hot.rating.is_in(name) && !hot.segments.is_in(name)
        });
        let wrong: Vec<Name> = wrong.map(|(_, name)| name.clone()).collect();
        let left = wrong.into_iter().map(|segment| {
            self.out.state.hot.rating.put_into(&segment, false);
            let cause = InputId::from_clock(self.contact_id(), &segment, at);
            let fact = Fact::Segment { segment, inside: false };
            Told { fact, before: 0, cause, by_definition: true }
        });
        left.collect()
    }

    /// Turns moves into facts, and keeps them where predicates see them.
    fn moved(&mut self, moves: Vec<Move>, cause: MoveCause, adopts: bool, at: DateTime<Utc>) -> Vec<Told> {
        let program = self.program;
        let mut told = Vec::new();
        for Move { place, inside, .. } in moves {
            let Some(segment) = program.segments.at(place) else { continue };
            let name = segment.name.clone();
            self.out.state.hot.rating.put_into(&name, inside);
            let contact = self.contact_id().clone();
            let by_definition = cause == MoveCause::Definition || (adopts && program.has_first_line(&name));
            let cause = if by_definition { MoveCause::Definition } else { cause };
            let id = match cause {
                MoveCause::Input(input) => InputId::from_move(input, &name, inside),
                MoveCause::Clock | MoveCause::Definition => InputId::from_clock(&contact, &name, at),
            };
            let version = segment.version;
            self.out.signals.push(Signal::Moved {
                contact,
                segment: name.clone(),
                version,
                inside,
                cause,
                at,
            });
            let barred = !inside && self.stands_outside(&name);
            let fact = Fact::Segment { segment: name, inside };
            let by_definition = (by_definition || barred) && !is_on(Bug::DefinitionOpensDoors);
            told.push(Told { fact, before: 0, cause: id, by_definition });
        }
        told
    }

    /// An event is counted by every segment that asks for it, at its own instant.
    pub(super) fn hear_in_segments(
        &mut self,
        name: &Name,
        properties: &Attributes,
        happened_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let program = self.program;
        if program.segments.hearing(name).is_empty() {
            return;
        }
        let (zone, now) = (self.segment_zone(), at.max(self.out.state.hot.now));
        let hot = &mut self.out.state.hot;
        let at = happened_at.timestamp_millis();
        let kept = hot.profiling.ignores(at, now.timestamp_millis()).then(|| hot.segments.clone());
        let heard = Heard::new(name, properties, at, now.timestamp_millis(), &zone);
        let missed = program.segments.hear(&mut hot.segments, &mut self.touched, &heard);
        if let Some(kept) = kept {
            program.segments.put_back(&mut hot.segments, &kept, &program.barred());
        }
        if missed || hot.retracted {
            not_counted(&mut hot.segments, self.seq, now);
        }
    }

    /// An update can change every answer about what it names.
    pub(super) fn touch_update(&mut self, update: &Contact) {
        let (segments, touched) = (&self.program.segments, &mut self.touched);
        if segments.is_empty() {
            return;
        }
        for name in update.attributes.keys().chain(&update.unset) {
            segments.touch_attribute(touched, name);
        }
        for tag in update.tags.iter().chain(&update.untag) {
            segments.touch_tag(touched, tag);
        }
        // Consent can stand for one address alone.
        if !update.addresses.is_empty() {
            segments.touch_consents(touched);
        }
        if update.zone.is_some() {
            self.own = None;
            segments.touch_zone(touched);
        }
    }

    /// A fact that was taken in can change every answer about what it is about.
    pub(super) fn touch_fact(&mut self, fact: &Fact) {
        let (segments, touched) = (&self.program.segments, &mut self.touched);
        match fact {
            Fact::Score { score, .. } => segments.touch_score(touched, score),
            Fact::Tier { score, .. } => segments.touch_tier(touched, score),
            Fact::Mark { score, .. } => segments.touch_mark(touched, score),
            Fact::Segment { segment, .. } => segments.touch_segment(touched, segment),
            Fact::Keyword { .. } | Fact::Host { .. } => {}
        }
    }

    /// Other rules of a score can have other tiers and marks.
    pub(super) fn touch_rules(&mut self) {
        self.program.segments.touch_all(&mut self.touched);
    }

    /// Consent was given or taken; to everything, where no purpose is named.
    pub(super) fn touch_consent(&mut self, purpose: Option<&Name>) {
        let (segments, touched) = (&self.program.segments, &mut self.touched);
        match purpose {
            Some(purpose) => segments.touch_consent(touched, purpose),
            None => segments.touch_consents(touched),
        }
    }

    /// A run began.
    pub(super) fn journey_entered(&mut self, journey: &JourneyId, at: DateTime<Utc>) {
        if self.program.segments.is_empty() {
            return;
        }
        self.hear_in_segments(&ENTERED.into(), &entered(journey), at, at);
        self.program.segments.touch_journey(&mut self.touched, journey.as_str());
    }

    /// A run ended.
    pub(super) fn journey_left(&mut self, run: &Enrollment, reason: &ExitReason, at: DateTime<Utc>) {
        // What undoes is no run of its own.
        if self.program.segments.is_empty() || run.undoing {
            return;
        }
        if was_inside(reason) {
            self.hear_in_segments(&LEFT.into(), &left(&run.journey, reason), at, at);
        }
        self.program.segments.touch_journey(&mut self.touched, run.journey.as_str());
    }

    /// What a host tells of a segment that is published: true of one whose members it chooses, and of no other.
    pub(super) fn is_told(&self, segment: &str) -> Option<bool> {
        let segments = &self.program.segments;
        let segment = segments.place(segment).and_then(|place| segments.at(place))?;
        Some(segment.kind == SegmentKind::Manual)
    }

    /// Whether the contact's history is still to be looked through.
    pub(super) fn awaits_history(&self, state: &SegmentState) -> bool {
        self.out.state.hot.retracted || self.program.segments.lacks(state)
    }

    /// The contact's own clock, looked up once.
    fn segment_zone(&mut self) -> Zone {
        if let Some(zone) = &self.own {
            return zone.clone();
        }
        let zone = self.own_zone();
        self.own = Some(zone.clone());
        zone
    }
}

/// Remembers that something came which the history that is still looked through may not know.
pub(super) fn not_counted(state: &mut SegmentState, seq: u64, at: DateTime<Utc>) {
    let last = state.uncounted.get_or_insert_default();
    last.seq = last.seq.max(seq);
    last.at = last.at.max(at.timestamp_millis());
}

/// Whether a run that ended so counts: not where it found no place, or its date moved.
pub(super) fn was_inside(reason: &ExitReason) -> bool {
    !matches!(reason, ExitReason::Full | ExitReason::DateMoved)
}

/// Whether an end is that of a journey that was gone through: its last step, an exit step or its goal.
pub(super) fn is_completed(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Completed | ExitReason::Exit(_) | ExitReason::Goal(_))
}

impl Passages for Hot {
    fn active_since(&self, journey: &str) -> Option<i64> {
        let active = self.enrollments.iter().filter(|run| run.journey.as_str() == journey && !run.undoing);
        active.map(|run| run.entered_at.timestamp_millis()).min()
    }

    fn was_entered(&self, journey: &str) -> bool {
        self.entries.contains_key(journey)
    }
}
