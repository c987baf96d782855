//! Everything that is logged by this process.

use std::io::Write;
use std::sync::{Mutex, Once};

use super::life::CANARY;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static LISTENS: Once = Once::new();

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens from the first call on; what is logged is one setting of the whole process.
pub(super) fn listen() {
    LISTENS.call_once(|| {
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// I24: ids are logged, and no personal value, of whomever.
pub(super) fn holds_no_canary() {
    let log = String::from_utf8_lossy(&LINES.lock().unwrap()).into_owned();
    assert!(log.contains("erased") && log.contains("ticked"), "nothing was logged:\n{log}");
    let told: Vec<&str> = log.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(told.is_empty(), "{told:#?}");
}
