//! Runs a scenario file and prints what happened.
//!
//! ```text
//! cargo run --example replay -- examples/scenarios/hello.yaml
//! ```
//!
//! `--by-day` prints a calendar, `--json` one object a line, `--summary` the numbers alone, `--contact ID` one contact's part,
//! `--against FILE` what differs in another scenario. Every problem of a file is printed, and then the exit code is 1.

use std::io::Write;
use std::process::ExitCode;

use journeyman::model::ContactId;
use journeyman::sim::Scenario;
use journeyman::{BuildError, Error};

const USAGE: &str = "replay FILE [--json | --by-day | --summary] [--contact ID]
replay FILE --against FILE [--json]";

#[derive(Default)]
struct Options {
    file: String,
    against: Option<String>,
    contact: Option<String>,
    json: bool,
    by_day: bool,
    summary: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--json" => options.json = true,
                "--by-day" => options.by_day = true,
                "--summary" => options.summary = true,
                "--contact" => options.contact = Some(value()?),
                "--against" => options.against = Some(value()?),
                unknown if unknown.starts_with('-') => return Err(format!("{unknown} is unknown")),
                _ if options.file.is_empty() => options.file = argument,
                more => return Err(format!("{more} is one file too many")),
            }
        }
        if options.file.is_empty() {
            return Err("a file is missing".to_owned());
        }
        if [options.json, options.by_day, options.summary].into_iter().filter(|given| *given).count() > 1 {
            return Err("--json, --by-day and --summary exclude each other".to_owned());
        }
        let page = options.by_day || options.summary || options.contact.is_some();
        if options.against.is_some() && page {
            return Err("--against goes with --json alone".to_owned());
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("replay: {sentence}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match page(&options) {
        Ok(page) => {
            // A reader that has gone away is no error.
            let _ = std::io::stdout().write_all(page.as_bytes());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

/// A scenario, or all its problems, one a line.
fn read(file: &str) -> Result<Scenario, String> {
    Scenario::from_path(file).map_err(|BuildError { diagnostics, .. }| {
        diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })
}

fn page(options: &Options) -> Result<String, String> {
    let said = |error: Error| error.to_string();
    let scenario = read(&options.file);
    if let Some(against) = &options.against {
        let (old, new) = match (scenario, read(against)) {
            (Ok(old), Ok(new)) => (old, new),
            (old, new) => {
                let problems: Vec<String> = [old.err(), new.err()].into_iter().flatten().collect();
                return Err(problems.join("\n"));
            }
        };
        let comparison = old.compare(&new).map_err(said)?;
        return match options.json {
            true => {
                serde_json::to_string(&comparison).map(|line| line + "\n").map_err(|error| error.to_string())
            }
            false => Ok(comparison.to_string()),
        };
    }
    let mut timeline = scenario?.run().map_err(said)?;
    if let Some(contact) = &options.contact {
        let contact = ContactId::from(contact.as_str());
        if !timeline.contacts.contains(&contact) {
            return Err(format!("there is no contact {contact} in {}", options.file));
        }
        timeline = timeline.only(&contact);
    }
    Ok(match options {
        Options { json: true, .. } => timeline.json_lines(),
        Options { by_day: true, .. } => timeline.by_day().to_string(),
        Options { summary: true, .. } => timeline.summary().to_string(),
        _ => timeline.to_string(),
    })
}
