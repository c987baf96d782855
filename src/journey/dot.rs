//! Journeys as graphs of Graphviz.

use super::Journey;
use super::definition::JourneyDefinition;
use super::mermaid::{Picture, Shape};

impl JourneyDefinition {
    /// Draws the definition in DOT, the language of Graphviz: the same nodes, edges and words as
    /// [`to_mermaid`](Self::to_mermaid), without its limits of size.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let picture = Picture::of(self);
        let title = quoted(picture.title.as_deref().unwrap_or_default());
        let mut text = format!("digraph {title} {{\n    node [fontname=\"sans-serif\"];\n");
        for node in &picture.nodes {
            let shape = match node.shape {
                Shape::Rectangle => "shape=box",
                Shape::Rounded => "shape=box, style=rounded",
                Shape::Rhombus => "shape=diamond",
                Shape::Stadium => "shape=oval",
            };
            text.push_str(&format!("    {} [label={}, {shape}];\n", quoted(&node.id), quoted(&node.label)));
        }
        for edge in &picture.edges {
            let [Some(from), Some(to)] = [edge.from, edge.to].map(|node| picture.nodes.get(node)) else {
                continue;
            };
            let label = match edge.label.as_str() {
                "" => String::new(),
                label => format!(" [label={}]", quoted(label)),
            };
            text.push_str(&format!("    {} -> {}{label};\n", quoted(&from.id), quoted(&to.id)));
        }
        text.push_str("}\n");
        text
    }
}

impl Journey {
    /// Draws the journey in DOT; see [`JourneyDefinition::to_dot`].
    ///
    /// ```
    /// use journeyman::Journey;
    /// let journey = Journey::builder("hello").enter_on("signed_up").exit("over", "completed").build()?;
    /// assert_eq!(journey.to_dot(), r#"digraph "hello" {
    ///     node [fontname="sans-serif"];
    ///     "door_1" [label="enters on signed_up", shape=oval];
    ///     "over" [label="over: exit completed", shape=oval];
    ///     "door_1" -> "over";
    /// }
    /// "#);
    /// # Ok::<(), journeyman::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.definition.to_dot()
    }
}

/// A text in quotes; Graphviz reads `\` and `&` in labels as the beginning of something else.
fn quoted(text: &str) -> String {
    let mut written = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '&' => written.push_str("&amp;"),
            letter if letter.is_control() => written.push(' '),
            letter => written.push(letter),
        }
    }
    written.push('"');
    written
}
