//! Journeys as flowcharts of Mermaid, drawn and read.
//!
//! A definition is drawn with everything that happens in it. What is read back is a skeleton: a picture says stages and
//! ways, and not which event, attribute or template is meant. `docs/MERMAID.md` has the rules of both ways.

mod cursor;
mod meaning;
mod order;
mod phrase;
mod picture;
mod plain;
mod reader;
mod skeleton;
mod slug;
mod text;

pub(super) use picture::{Picture, Shape};

use super::Journey;
use super::definition::JourneyDefinition;
use crate::error::BuildError;

/// Reads a flowchart of Mermaid as the skeleton of a journey.
///
/// A node is a step, named after its label. A node with one way out is a stage: a `wait_for` of the event `NAME.done`,
/// which whoever does the work reports. A rhombus with several ways out is a `branch` on an attribute of its own name;
/// any other node with several ways out waits for one event per way. A node without a way out is an `exit`. What
/// [`to_mermaid`](JourneyDefinition::to_mermaid) wrote comes back as what it was where its words say enough.
///
/// # Errors
/// [`BuildError`] with everything that is not in the supported subset, each with its line and column (`J060` to `J069`),
/// or with what [`Journey::compile`] says of the skeleton, such as too many steps.
///
/// ```
/// use journeyman::Journey;
/// let skeleton = journeyman::journey::parse_mermaid("
///     flowchart TD
///         A[Prospection] --> B[Check-up Digital]
///         B --> C{Ready?}
///         C -->|yes| D[Spark]
///         C -->|no| A
/// ")?;
/// let names: Vec<&str> = skeleton.steps.iter().filter_map(|step| step.id.as_deref()).collect();
/// assert_eq!(names, ["prospection", "check-up-digital", "ready", "spark"]);
/// assert!(skeleton.steps[0].wait_for.is_some() && skeleton.steps[2].branch.is_some());
/// assert!(Journey::compile(&skeleton).is_ok());
/// # Ok::<(), journeyman::BuildError>(())
/// ```
pub fn parse_mermaid(text: &str) -> Result<JourneyDefinition, BuildError> {
    reader::read(text).and_then(|picture| skeleton::definition(&picture))
}

impl JourneyDefinition {
    /// Draws the definition as a flowchart of Mermaid: doors and exits as stadiums, questions as rhombuses, waits
    /// rounded, anything else in boxes, and every way between them with its condition.
    ///
    /// A definition that does not compile is drawn too, with what is missing. Mermaid itself refuses texts above 50,000
    /// letters and 500 edges unless its `maxTextSize` and `maxEdges` say otherwise.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let picture = Picture::of(self);
        let title = serde_json::Value::from(picture.title.as_deref().unwrap_or_default());
        let mut text =
            format!("---\ntitle: {title}\n---\nflowchart TD\n    %% version {}\n", picture.version);
        for node in &picture.nodes {
            let (open, close) = match node.shape {
                Shape::Rectangle => ("[", "]"),
                Shape::Rounded => ("(", ")"),
                Shape::Rhombus => ("{", "}"),
                Shape::Stadium => ("([", "])"),
            };
            text.push_str(&format!("    {}{open}\"{}\"{close}\n", node.id, text::escape(&node.label)));
        }
        for edge in &picture.edges {
            let [Some(from), Some(to)] = [edge.from, edge.to].map(|node| picture.nodes.get(node)) else {
                continue;
            };
            let label = match edge.label.as_str() {
                "" => String::new(),
                label => format!("|\"{}\"|", text::escape(label)),
            };
            text.push_str(&format!("    {} -->{label} {}\n", from.id, to.id));
        }
        text
    }
}

impl Journey {
    /// Draws the journey as a flowchart of Mermaid; see [`JourneyDefinition::to_mermaid`].
    ///
    /// ```
    /// use journeyman::Journey;
    /// use journeyman::time::Span;
    /// let journey = Journey::builder("welcome")
    ///     .enter_on("signed_up")
    ///     .send("greet", "email", "hello", "onboarding")
    ///     .wait(Span::days(2))
    ///     .exit("over", "completed")
    ///     .build()?;
    /// assert_eq!(journey.to_mermaid(), r#"---
    /// title: "welcome"
    /// ---
    /// flowchart TD
    ///     %% version 1
    ///     door_1(["enters on signed_up"])
    ///     greet["greet: send email hello for onboarding"]
    ///     step_2("wait 2d")
    ///     over(["over: exit completed"])
    ///     door_1 --> greet
    ///     greet --> step_2
    ///     step_2 --> over
    /// "#);
    /// # Ok::<(), journeyman::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.definition.to_mermaid()
    }
}
