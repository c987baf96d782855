//! Visits that wait two seconds, until it is known whether they were a scanner's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::Verdict;
use super::verdict::{Visit, judge};
use crate::model::MessageId;

/// Links that are followed within this time are followed at once.
const AT_ONCE: TimeDelta = TimeDelta::seconds(2);
/// The most visits that wait; what comes above counts for nothing.
const MOST_WAITING: usize = 10_000;

/// A visit that looks like a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) message: MessageId,
    /// Which link was followed; `None` where the picture was loaded.
    pub(crate) link: Option<u16>,
    /// When, by the store's clock.
    pub(crate) at: DateTime<Utc>,
    /// When, by the clock that only grows.
    since: TimeDelta,
}

/// Visits of the last two seconds: a scanner that follows every link shows itself only by the last one, so each waits for as
/// long. What waits is lost with its process: a visit is no promise.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    waiting: VecDeque<Waiting>,
    /// Messages at which a scanner is at work, and since when.
    scanned: BTreeMap<MessageId, TimeDelta>,
}

impl Bursts {
    /// Judges a visit of a message with so many links, and lets it wait where it is a person's so far.
    pub(crate) fn judge(
        &mut self,
        message: MessageId,
        link: Option<u16>,
        links: usize,
        visit: Visit<'_>,
        (at, now): (DateTime<Utc>, TimeDelta),
    ) -> Verdict {
        self.scanned.retain(|_, since| now - *since <= AT_ONCE);
        let own =
            self.waiting.iter().filter(|other| other.message == message && now - other.since <= AT_ONCE);
        let at_once: BTreeSet<u16> = own.filter_map(|other| other.link).chain(link).collect();
        let verdict = match judge(&visit.among(at_once.len(), links)) {
            _ if self.scanned.contains_key(&message) => Verdict::Machine,
            verdict => verdict,
        };
        // One that waits already is the same event: a link that is called again and again takes no place of another's.
        let waits = |other: &Waiting| other.message == message && other.link == link;
        match verdict {
            Verdict::Human if self.waiting.iter().any(waits) => {}
            Verdict::Human if self.waiting.len() < MOST_WAITING => {
                self.waiting.push_back(Waiting { message, link, at, since: now });
            }
            Verdict::Human => return Verdict::Unclear,
            // What it did a moment before was not a person's either.
            Verdict::Machine if link.is_some() => {
                self.scanned.insert(message, now);
                self.waiting.retain(|other| other.message != message || now - other.since > AT_ONCE);
            }
            _ => {}
        }
        verdict
    }

    /// The visits that have waited long enough.
    pub(crate) fn ripe(&mut self, now: TimeDelta) -> VecDeque<Waiting> {
        let mut ripe = VecDeque::new();
        while self.waiting.front().is_some_and(|visit| now - visit.since > AT_ONCE) {
            ripe.extend(self.waiting.pop_front());
        }
        ripe
    }

    /// Lets visits that could not be settled wait on, before all others.
    pub(crate) fn wait_on(&mut self, visits: VecDeque<Waiting>) {
        visits.into_iter().rev().for_each(|visit| self.waiting.push_front(visit));
    }

    /// In how much time the next one has waited long enough.
    pub(crate) fn next(&self, now: TimeDelta) -> Option<TimeDelta> {
        let first = self.waiting.front()?;
        let left = first.since + AT_ONCE + TimeDelta::milliseconds(1) - now;
        Some(left.max(TimeDelta::zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: Visit<'static> = Visit {
        method: "GET",
        user_agent: Some("Mozilla/5.0 Firefox/145.0"),
        since_delivery: Some(TimeDelta::minutes(1)),
        links_at_once: 0,
        links: 0,
    };

    fn message() -> MessageId {
        MessageId::from_bytes([1; 16])
    }

    fn follow(bursts: &mut Bursts, link: u16, seconds: i64) -> Verdict {
        let now = (DateTime::UNIX_EPOCH, TimeDelta::seconds(seconds));
        bursts.judge(message(), Some(link), 2, PERSON, now)
    }

    #[test]
    fn a_scanner_takes_its_first_links_with_it() {
        let mut bursts = Bursts::default();
        assert_eq!(follow(&mut bursts, 0, 0), Verdict::Human);
        assert_eq!(follow(&mut bursts, 1, 2), Verdict::Machine);
        assert_eq!(follow(&mut bursts, 0, 3), Verdict::Machine);
        assert_eq!(bursts.ripe(TimeDelta::seconds(9)), []);
        assert_eq!(follow(&mut bursts, 0, 9), Verdict::Human);
    }

    #[test]
    fn one_link_that_is_followed_without_end_takes_one_place() {
        let mut bursts = Bursts::default();
        for _ in 0..3 * MOST_WAITING {
            assert_eq!(follow(&mut bursts, 0, 0), Verdict::Human);
        }
        let other = MessageId::from_bytes([2; 16]);
        let now = (DateTime::UNIX_EPOCH, TimeDelta::zero());
        assert_eq!(bursts.judge(other, Some(0), 2, PERSON, now), Verdict::Human, "there is room for others");
        let ripe: Vec<MessageId> = bursts.ripe(TimeDelta::seconds(3)).iter().map(|one| one.message).collect();
        assert_eq!(ripe, [message(), other]);
    }

    #[test]
    fn a_person_who_comes_back_is_heard_twice() {
        let mut bursts = Bursts::default();
        assert_eq!(follow(&mut bursts, 0, 0), Verdict::Human);
        assert_eq!(bursts.next(TimeDelta::zero()), Some(TimeDelta::milliseconds(2_001)));
        assert_eq!(bursts.ripe(TimeDelta::seconds(2)), []);
        assert_eq!(follow(&mut bursts, 1, 3), Verdict::Human);
        assert_eq!(bursts.ripe(TimeDelta::seconds(6)).len(), 2);
        assert_eq!(bursts.next(TimeDelta::seconds(6)), None);
    }
}
