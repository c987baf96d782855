//! The variables that a template may read: `contact.…`, `link.…`, and `offer.…` in a message that speaks of an offer. Numbers
//! (`score.…` and the like) have been taken out by then.

use std::collections::BTreeSet;

use super::number::ROOTS;
use crate::error::Diagnostic;
use crate::model::Name;

/// What every contact has, beside its attributes.
pub(super) const BUILT_IN: [&str; 2] = ["id", "locale"];
/// What is known of an offer.
const OFFER: [&str; 3] = ["name", "remaining", "expires_at"];
/// The links that a message can have.
const LINKS: [&str; 2] = ["unsubscribe", "preferences"];

/// Whether a variable is one of the offer that a message speaks of.
fn is_of_offer(variable: &str) -> bool {
    variable.strip_prefix("offer.").is_some_and(|field| OFFER.contains(&field))
}

/// Whether a variable is a link of the message.
pub(super) fn is_link(variable: &str) -> bool {
    variable.strip_prefix("link.").is_some_and(|kind| LINKS.contains(&kind))
}

/// Whether a variable is of the message itself, and of no contact.
fn is_of_message(variable: &str) -> bool {
    is_of_offer(variable) || is_link(variable)
}

/// The attributes among the variables; `None` where the contact is looked at as a whole.
pub(super) fn attributes_of(read: &BTreeSet<String>) -> Option<BTreeSet<Name>> {
    let attribute = |variable: &String| variable.strip_prefix("contact.")?.split('.').next().map(Name::from);
    read.iter().filter(|variable| !is_of_message(variable)).map(attribute).collect()
}

pub(super) fn check_variables(
    read: &BTreeSet<String>,
    allowed: Option<&BTreeSet<String>>,
    place: &str,
    problems: &mut Vec<Diagnostic>,
) {
    for variable in read.iter().filter(|variable| !is_of_message(variable)) {
        let attribute = match variable.split_once('.') {
            Some(("contact", attribute)) => attribute.split('.').next().unwrap_or_default(),
            None if variable == "contact" => continue,
            _ => {
                let next = match variable.split('.').next() {
                    Some("offer") => format!("an offer has {}", OFFER.join(", ")),
                    Some("link") => format!("a message has the links {}", LINKS.join(", ")),
                    Some(root) if ROOTS.contains(&root) => {
                        "name the number without spaces, such as score.spark or event['app.login'].days"
                            .to_owned()
                    }
                    _ => format!("write {{{{ contact.{variable} }}}} for an attribute of the contact"),
                };
                problems.push(Diagnostic::new("T005", place, format!("{variable} is unknown"), next));
                continue;
            }
        };
        if !BUILT_IN.contains(&attribute) && allowed.is_some_and(|allowed| !allowed.contains(attribute)) {
            let next = "mend the name, or add it to variables";
            let sentence = format!("contact.{attribute} is not among the variables of the template");
            problems.push(Diagnostic::new("T005", place, sentence, next));
        }
    }
}
