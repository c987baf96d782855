//! A provider of email and SMS, as a good one is: it takes each message id once, whatever happens in between.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use journeyman::model::{Handover, MessageId, Outcome};
use journeyman::port::Channel;

/// The ids that were taken, in a file with a line for each; shared by the channels.
#[derive(Clone)]
pub(crate) struct Provider {
    desk: Arc<Mutex<Desk>>,
    /// How long it takes to answer, once it has taken a message: the moment at which a crash hurts.
    pause: Duration,
}

struct Desk {
    file: File,
    length: u64,
    taken: BTreeSet<MessageId>,
    repeated: usize,
}

impl Provider {
    /// Reads what was taken before. A last line without an end was never answered for, and goes.
    pub(crate) fn open(path: &Path, pause: Duration) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1));
        let length = bytes.len() as u64;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        let not_ours = |_| io::Error::other(format!("{} is not a list of sent messages", path.display()));
        let text = String::from_utf8(bytes).map_err(|_| not_ours(()))?;
        let ids = text.lines().map(|line| line.split(' ').next().unwrap_or_default().parse());
        let taken = ids.collect::<Result<_, _>>().map_err(|_| not_ours(()))?;
        Ok(Self { desk: Arc::new(Mutex::new(Desk { file, length, taken, repeated: 0 })), pause })
    }

    /// The way to it for one channel.
    pub(crate) fn channel(&self, name: &'static str) -> impl Channel {
        Line { name, provider: self.clone() }
    }

    /// How often a message came that had been taken before.
    pub(crate) fn repeated(&self) -> usize {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner).repeated
    }
}

impl Desk {
    /// Takes a message; when this returns it survives a crash.
    fn take(&mut self, id: MessageId, channel: &str) -> io::Result<()> {
        if self.taken.contains(&id) {
            self.repeated += 1;
            return Ok(());
        }
        let line = format!("{id} {channel}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.taken.insert(id);
        Ok(())
    }
}

struct Line {
    name: &'static str,
    provider: Provider,
}

#[async_trait]
impl Channel for Line {
    fn name(&self) -> &str {
        self.name
    }

    async fn send(&self, handover: Handover<'_>) -> Outcome {
        let mut desk = self.provider.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = desk.take(handover.message.id, self.name);
        if !self.provider.pause.is_zero() {
            std::thread::sleep(self.provider.pause);
        }
        match taken {
            Ok(()) => Outcome::Accepted,
            Err(_) => Outcome::Retry { after: None },
        }
    }

    fn honours_ids(&self) -> bool {
        true
    }

    fn deadline(&self) -> TimeDelta {
        TimeDelta::seconds(10)
    }
}
