//! Two workflows that were drawn as flowcharts become skeletons of journeys, and a journey becomes a flowchart.
//!
//! `cargo run --example 06_mermaid` takes the two of `examples/journeys`; `… -- FILE` takes a flowchart of yours.

use std::process::ExitCode;

use journeyman::journey::{JourneyDefinition, StepDefinition, parse_mermaid};
use journeyman::{BuildError, Journey};

const WORKFLOWS: [(&str, &str); 2] = [
    ("examples/journeys/mona_workflow.mmd", include_str!("journeys/mona_workflow.mmd")),
    ("examples/journeys/spark_workflow.mmd", include_str!("journeys/spark_workflow.mmd")),
];

fn main() -> ExitCode {
    let told = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(&file)
            .map_err(|error| format!("{file}: {error}"))
            .and_then(|text| tell(&file, &text).map_err(|problems| problems.to_string())),
        None => WORKFLOWS
            .iter()
            .try_for_each(|(file, text)| tell(file, text))
            .map_err(|problems| problems.to_string()),
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

fn tell(file: &str, text: &str) -> Result<(), BuildError> {
    let skeleton = parse_mermaid(text)?;
    println!("{file} as a skeleton:\n\n{}", written(&skeleton));
    // It compiles as it is; what it waits for is still to be said by its author.
    let journey = Journey::compile(&skeleton)?;
    println!("and drawn again:\n\n{}", journey.to_mermaid());
    Ok(())
}

/// One line for each step: JSON is YAML too.
fn written(definition: &JourneyDefinition) -> String {
    let json = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
    let step = |step: &StepDefinition| format!("  - {}\n", json(&|| serde_json::to_string(step)));
    let enter = json(&|| serde_json::to_string(&definition.enter));
    let steps: String = definition.steps.iter().map(step).collect();
    format!(
        "journey: {}\nversion: {}\nenter: {enter}\nsteps:\n{steps}",
        definition.journey, definition.version
    )
}
