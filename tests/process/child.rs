//! This test binary once more, playing the process that dies.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

/// Before each line that is meant for the parent; the test harness writes lines of its own.
const MARK: &str = "+ ";

/// Says a line to the parent, at once.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // On a line of its own, whatever the harness has begun.
    out.write_all(format!("\n{MARK}{line}\n").as_bytes()).ok();
    out.flush().ok();
}

/// Waits for a line of the parent, or for its end.
pub(crate) fn wait() {
    std::io::stdin().read_line(&mut String::new()).ok();
}

/// A running child. It is killed with its handle, so that a test that fails leaves nobody behind.
pub(crate) struct Child {
    process: Process,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Runs one test of this binary in a process of its own.
    pub(crate) fn start(test: &str, settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, input, lines }
    }

    /// The next line that it says; `None` once it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let line = self.lines.next()?.unwrap();
            if let Some(said) = line.strip_prefix(MARK) {
                return Some(said.to_owned());
            }
        }
    }

    /// Reads until it says this; false where it ended before.
    pub(crate) fn says(&mut self, wanted: &str) -> bool {
        std::iter::from_fn(|| self.line()).any(|line| line == wanted)
    }

    /// Ends one [`wait`] of the child.
    pub(crate) fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    /// SIGKILL, without a word before; true where it was still running.
    pub(crate) fn kill(mut self) -> bool {
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "the child failed by itself: {status}");
        !status.success()
    }

    /// Waits for its own end, which must be a good one.
    pub(crate) fn end(mut self) {
        while self.line().is_some() {}
        let status = self.process.wait().unwrap();
        assert!(status.success(), "the child failed by itself: {status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
