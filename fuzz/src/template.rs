//! A template is refused with reasons, or renders within its bounds and escapes what it puts into HTML.

use journeyman::Contact;
use journeyman::model::{Attributes, Value};
use journeyman::rule::template::{Form, MOST_OUTPUT, Missing};
use journeyman::rule::{TemplateDefinition, VariantDefinition};

use super::definition::explained;

/// Signs from the private area of Unicode, so that what stands between them can only come from an attribute.
const LESS: &str = "\u{e000}<\u{e001}";
const QUOTE: &str = "\u{e000}\"\u{e001}";
const SEPARATOR: &str = "\n---\n";

/// The parts of a template and the attributes of a contact in JSON, each but the first behind a line `---`: HTML, text,
/// subject, attributes, preheader, the HTML of a variant that fits the contact.
pub fn template_render(data: &[u8]) -> bool {
    let Ok(source) = std::str::from_utf8(data) else { return false };
    if source.contains(['\u{e000}', '\u{e001}']) {
        return false;
    }
    let mut parts = source.split(SEPARATOR);
    let mut definition = TemplateDefinition::new("t").html(parts.next().unwrap_or_default());
    definition.text = parts.next().map(str::to_owned);
    definition.subject = parts.next().map(str::to_owned);
    let given = parts.next().and_then(|json| serde_json::from_str::<Attributes>(json).ok());
    let mut contact = contact(source, given.unwrap_or_default());
    definition.preheader = parts.next().map(str::to_owned);
    if let Some(html) = parts.next() {
        definition.variants = vec![VariantDefinition::default().form(Form::Tu).html(html)];
        contact = contact.attribute("address_form", "tu");
    }
    let mut past = false;
    for missing in [Missing::Refuse, Missing::Blank] {
        definition.missing = missing;
        match definition.compile() {
            Err(error) => explained(&error),
            Ok(template) => {
                past = true;
                match template.render(&contact) {
                    Ok(content) => {
                        let parts = [&content.subject, &content.preheader, &content.text, &content.html];
                        for part in parts.into_iter().flatten() {
                            assert!(part.len() <= MOST_OUTPUT);
                        }
                        let html = content.html.as_deref().unwrap_or_default();
                        assert!(!html.contains(LESS) && !html.contains(QUOTE), "{html}");
                        let subject = content.subject.as_deref().unwrap_or_default();
                        assert!(!subject.chars().any(char::is_control), "{subject:?}");
                        let preheader = content.preheader.as_deref().unwrap_or_default();
                        assert!(!preheader.chars().any(char::is_control), "{preheader:?}");
                        assert_eq!(content.variant.is_some(), !definition.variants.is_empty());
                        assert_eq!(template.render(&contact).as_ref(), Ok(&content));
                    }
                    Err(error) => {
                        assert!(!error.reason.trim().is_empty());
                        // A reason is logged, so it quotes no value.
                        assert!(!error.to_string().contains(['\u{e000}', '\u{e001}']), "{error}");
                    }
                }
            }
        }
    }
    past
}

fn contact(source: &str, given: Attributes) -> Contact {
    let mut contact = Contact::new(format!("c{LESS}"))
        .locale(format!("fr{QUOTE}"))
        .attribute("a", LESS)
        .attribute("first_name", format!("Léa{LESS}{QUOTE}"))
        .attribute("key", "a")
        .attribute("l", vec![format!("x{LESS}"), QUOTE.to_owned(), String::new()])
        .attribute("n", 45)
        .attribute("nested", Value::from(vec![Value::from(vec![LESS, "y"]), Value::from(1)]));
    // As large as a contact may be; only where it is read, for it takes long to make.
    if source.contains("large") {
        contact = contact.attribute("large", "é".repeat(80_000));
    }
    if source.contains("many") {
        contact = contact.attribute("many", vec![1; 20_000]);
    }
    contact.attributes.extend(given);
    contact
}
