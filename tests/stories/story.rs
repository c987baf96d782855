//! A story: what a host does over some days, and who hears what in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::TimeDelta;
use futures::executor::block_on;
use futures::future::LocalBoxFuture;
use journeyman::port::Store;
use journeyman::testing::{ChannelFault, Fault, ManualClock};

use crate::end::{End, Unknown};
use crate::host::{Host, start};
use crate::provider::Label;

/// What is told, and what is expected of a run without faults.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    /// How many engines take turns.
    pub(crate) workers: usize,
    /// Whether an instant of a step can depend on when a channel answered or a worker came: then instants are compared to
    /// the hour even where a fault takes no time.
    pub(crate) awaits: bool,
    pub(crate) tell: for<'h> fn(&'h mut Host) -> LocalBoxFuture<'h, ()>,
    /// What becomes of every message.
    pub(crate) ends: &'static [&'static str],
}

/// One call, and how it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Site {
    Store(u64, Fault),
    Channel(&'static str, u64, ChannelFault),
}

impl Site {
    /// How a replay names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Store(nth, fault) => format!("{nth}:{}", fault.name()),
            Self::Channel(channel, nth, fault) => format!("{channel}{nth}:{}", fault.name()),
        }
    }

    /// The word under which the fault is counted.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Store(_, fault) => fault.name(),
            Self::Channel(_, _, fault) => fault.name(),
        }
    }

    /// Whether time passes at the fault itself, which may move what follows by some minutes.
    fn takes_time(&self) -> bool {
        matches!(self, Self::Store(_, Fault::Delay(_) | Fault::Pause(_)) | Self::Channel(..))
    }
}

/// Later than no lease and than any.
pub(crate) const DELAY: TimeDelta = TimeDelta::seconds(2);
pub(crate) const PAUSE: TimeDelta = TimeDelta::minutes(2);

/// Makes an empty store, with what keeps its place alive.
pub(crate) type Make = fn(ManualClock) -> (Arc<dyn Store>, Option<tempfile::TempDir>);

/// One telling of a story.
pub(crate) struct Run {
    pub(crate) end: End,
    pub(crate) operations: Vec<&'static str>,
    pub(crate) calls: BTreeMap<String, Vec<Vec<(Label, u32)>>>,
    pub(crate) timers: Vec<String>,
    unknown: Unknown,
    fired: bool,
}

impl Story {
    /// Tells it once; a panic in it is an error with its message.
    pub(crate) fn run(
        &self,
        make: Make,
        site: Option<Site>,
        refused: BTreeSet<Label>,
    ) -> Result<Run, String> {
        let told = || {
            let clock = ManualClock::new(start());
            let (inner, _folder) = make(clock.clone());
            let mut host = Host::new(inner, clock, self.workers);
            host.book.refuses(refused);
            match site {
                Some(Site::Store(nth, fault)) => host.store.fail(nth, fault),
                Some(Site::Channel(channel, nth, fault)) => host.channels[channel].fail(nth, fault),
                None => {}
            }
            block_on(async {
                (self.tell)(&mut host).await;
                let kind = site.map(|site| site.kind());
                let mut fired = host.store.fired_by_kind();
                host.channels.values().for_each(|channel| fired.extend(channel.fired_by_kind()));
                Run {
                    end: End::of(&host).await,
                    timers: End::timers_where_it_acts(&host).await,
                    operations: host.store.operations(),
                    calls: host.book.calls(),
                    unknown: host.unknown(),
                    fired: kind.is_some_and(|kind| fired.contains_key(kind)),
                }
            })
        };
        catch_unwind(AssertUnwindSafe(told)).map_err(|panic| {
            let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
            said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
        })
    }

    /// Tells it calmly, and holds it to what it promises.
    pub(crate) fn calm(&self, make: Make) -> Result<Run, String> {
        let run = self.run(make, None, BTreeSet::new())?;
        let mut wrong = run.end.leftovers();
        wrong.extend(run.timers.iter().cloned());
        let (mut ends, found) = (self.ends.to_vec(), run.end.lines());
        ends.sort_unstable();
        if ends != found {
            wrong.push(format!("the messages are {found:#?}"));
        }
        if wrong.is_empty() { Ok(run) } else { Err(wrong.join("\n")) }
    }

    /// Tells it with one call broken. True where the fault happened; what went wrong otherwise.
    pub(crate) fn broken(&self, make: Make, calm: &Run, site: Site) -> Result<bool, String> {
        let run = self.run(make, Some(site), BTreeSet::new())?;
        let mut unknown = run.unknown.clone();
        let mut expected = None;
        if let Site::Channel(channel, nth, fault) = site {
            let call = &run.calls[channel][nth as usize - 1];
            match fault {
                // The rule for a refusal: the end is that of a provider which refuses those messages by itself.
                ChannelFault::Refuse => {
                    let refused = call.iter().map(|(label, _)| label.clone()).collect();
                    expected = Some(self.run(make, None, refused)?);
                }
                ChannelFault::Unknown
                | ChannelFault::AcceptThenUnknown
                | ChannelFault::Hang
                | ChannelFault::Panic
                | ChannelFault::AcceptThenPanic => unknown.extend(call.iter().cloned()),
                ChannelFault::Partial if call.len() > 1 => {
                    unknown.extend(call[call.len() / 2..].iter().cloned());
                }
                _ => {}
            }
        }
        let expected = expected.as_ref().unwrap_or(calm);
        // What a calm run did not know is part of its own end.
        let exact = !self.awaits && !site.takes_time() && unknown == calm.unknown;
        let wrong = run.end.differences(&expected.end, &unknown, exact);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        Ok(run.fired)
    }
}
