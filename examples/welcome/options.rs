//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use journeyman::time::Span;

pub(crate) const USAGE: &str = "\
Seven days from a sign-up to a first call, on a SQLite file, in virtual time.

Usage: cargo run --example welcome -- [options]

  --db FILE     keep everything in FILE (and FILE.sent, the provider's own list), and go on where it stands;
                without it a fresh file is used, and deleted once the week is over
  --until SPAN  stop this long after the start, such as 3d or 4d12h
  --slow        let the provider think for 3 ms about every message, so that a test has time to kill the process
  --help        print this
";

pub(crate) struct Options {
    pub(crate) db: PathBuf,
    pub(crate) until: Option<Span>,
    /// How long the provider thinks about a message.
    pub(crate) pause: Duration,
    /// Whether the file is ours to delete.
    fresh: bool,
}

impl Options {
    /// Reads the arguments; `None` where only help was asked for.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let (mut db, mut until, mut pause) = (None, None, Duration::ZERO);
        while let Some(argument) = arguments.next() {
            let mut value = |what| arguments.next().ok_or(format!("{argument} needs {what}"));
            match argument.as_str() {
                "--db" => db = Some(PathBuf::from(value("a file")?)),
                "--until" => {
                    let span = value("a span such as 3d")?;
                    until = Some(span.parse::<Span>().map_err(|error| error.to_string())?);
                }
                "--slow" => pause = Duration::from_millis(3),
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("there is no option {argument:?}")),
            }
        }
        let fresh = db.is_none();
        let file = format!("journeyman-welcome-{}.db", std::process::id());
        let options = Self { db: db.unwrap_or_else(|| std::env::temp_dir().join(file)), until, pause, fresh };
        if fresh {
            options.delete();
        }
        Ok(Some(options))
    }

    /// The provider's file, next to the store's.
    pub(crate) fn sent(&self) -> PathBuf {
        self.beside(".sent")
    }

    pub(crate) fn how_to_go_on(&self, stopped: &str) -> String {
        let db = self.db.display();
        format!("\nStopped on {stopped}. To go on: cargo run --example welcome -- --db {db}\n")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.db.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    fn delete(&self) {
        for ending in ["", "-wal", "-shm", ".sent"] {
            let _ = std::fs::remove_file(self.beside(ending));
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // What was stopped half way is kept: it can go on.
        if self.fresh && self.until.is_none() {
            self.delete();
        }
    }
}
