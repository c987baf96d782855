//! Where the files that a scenario names come from: the host's closure, or a folder that nothing leads out of.

use std::ffi::OsStr;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};

use super::MOST_SCENARIO;

/// Gives the text of a file that a scenario names.
pub(super) type Loader<'l> = &'l mut dyn FnMut(&str) -> Result<String>;

/// The folder of a scenario. Its files may lie in it, beside it (`../journeys/welcome.yaml`) and below; links that lead
/// elsewhere are not followed.
pub(super) struct Folder {
    own: PathBuf,
    root: PathBuf,
}

impl Folder {
    /// The folder of a file, and the file's text.
    pub(super) fn of(path: &Path) -> Result<(Self, String)> {
        let path = path.canonicalize()?;
        let own = path.parent().unwrap_or(&path).to_owned();
        let root = own.parent().unwrap_or(&own).to_owned();
        Ok((Self { own, root }, text(&path)?))
    }

    pub(super) fn read(&self, named: &str) -> Result<String> {
        let refuse = |reason| Error::new(ErrorKind::PermissionDenied, reason);
        let path = Path::new(named);
        let ending = path.extension().and_then(OsStr::to_str);
        if !ending.is_some_and(|ending| ["yaml", "yml", "json", "rhai"].contains(&ending)) {
            return Err(refuse("only .yaml, .yml, .json and .rhai files are read"));
        }
        if path.is_absolute() {
            return Err(refuse("the path is not relative to the scenario"));
        }
        let path = self.own.join(path).canonicalize()?;
        if !path.starts_with(&self.root) {
            return Err(refuse("it lies outside of the folder that holds the scenario's folder"));
        }
        text(&path)
    }
}

/// Why a file cannot be read, in the same words on every system.
pub(super) fn why(error: &Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}

/// The text of a file; one byte more than the limit shows that it is too large.
fn text(path: &Path) -> Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MOST_SCENARIO as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
