//! A database file of an example's own.

use std::path::PathBuf;

/// A file of its own, deleted in the end.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn fresh(example: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("journeyman-{example}-{}.db", std::process::id())));
        file.delete();
        file
    }

    fn delete(&self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.delete();
    }
}
