//! What was acknowledged and what was handed over, in one order, in a file that outlives the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use journeyman::model::{Handover, Outcome};
use journeyman::port::Channel;

use super::child;

/// One log, written by the host and by its channels.
#[derive(Clone)]
pub(crate) struct Log(Arc<Inner>);

struct Inner {
    file: Mutex<File>,
    /// Whether each line goes to the parent too.
    says: bool,
    /// After how many handovers the provider stops answering, for ever.
    hold_after: usize,
    handovers: AtomicUsize,
}

impl Log {
    pub(crate) fn open(path: &Path) -> Self {
        Self::with(path, false, 0)
    }

    /// A log whose lines the parent hears, and whose provider stops answering at the given handover (never at 0).
    pub(crate) fn of_child(path: &Path, hold_after: usize) -> Self {
        Self::with(path, true, hold_after)
    }

    fn with(path: &Path, says: bool, hold_after: usize) -> Self {
        let file = Mutex::new(File::options().create(true).append(true).open(path).unwrap());
        Self(Arc::new(Inner { file, says, hold_after, handovers: AtomicUsize::new(0) }))
    }

    /// Writes a line down, and only then tells the parent.
    pub(crate) fn write(&self, line: &str) {
        // One write for each line, so that a kill cannot cut one.
        self.0.file.lock().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        if self.0.says {
            child::say(line);
        }
    }

    /// A channel that writes each handover down before it accepts it.
    pub(crate) fn channel(&self, name: &'static str, honours_ids: bool) -> impl Channel {
        Provider { log: self.clone(), name, honours_ids }
    }
}

struct Provider {
    log: Log,
    name: &'static str,
    honours_ids: bool,
}

#[async_trait]
impl Channel for Provider {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let message = handover.message;
        let text = handover.content.plain().replace(' ', "_");
        self.log.write(&format!(
            "sent {} {} {} {} {} {} {text}",
            message.id, message.enrollment, message.contact, message.purpose, self.name, handover.attempt
        ));
        if self.log.0.handovers.fetch_add(1, Ordering::Relaxed) + 1 == self.log.0.hold_after {
            child::say("held");
            child::wait();
        }
        Outcome::Accepted
    }

    fn honours_ids(&self) -> bool {
        self.honours_ids
    }
}

/// One handover as a provider wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) contact: String,
    pub(crate) purpose: String,
    pub(crate) channel: String,
    pub(crate) attempt: u32,
    pub(crate) text: String,
}

/// The lines of a log, cut into words. None may be cut short.
pub(crate) fn lines(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "a line of the log was cut");
    text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Every handover of a log, by message.
pub(crate) fn handovers(lines: &[Vec<String>]) -> BTreeMap<String, Vec<Sent>> {
    let mut sent: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line[0] == "sent") {
        sent.entry(line[1].clone()).or_default().push(Sent {
            contact: line[3].clone(),
            purpose: line[4].clone(),
            channel: line[5].clone(),
            attempt: line[6].parse().unwrap(),
            text: line[7].clone(),
        });
    }
    sent
}
