//! A template as an author writes it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Template, VariantDefinition};
use crate::error::BuildError;
use crate::model::Hash;

/// A template as an author writes it.
///
/// A template sees `contact.<attribute>`, `contact.id` and `contact.locale`, and every [`Number`](crate::rule::Number) by its
/// path, such as `score.spark.change_30d`; in an engine with links, `link.unsubscribe` and `link.preferences` too. Where `variables` lists attribute names, a
/// template that reads another one is refused when it is published.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::rule::TemplateDefinition;
/// let template = TemplateDefinition::new("welcome")
///     .subject("Bienvenue {{ contact.first_name | default('à toi') }} !")
///     .text("Ton score : {{ contact.score }} points.")
///     .compile()?;
/// let content = template.render(&Contact::new("lea").attribute("score", 45))?;
/// assert_eq!(content.subject.as_deref(), Some("Bienvenue à toi !"));
/// assert_eq!(content.plain(), "Ton score : 45 points.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TemplateDefinition {
    /// The name that sends refer to.
    pub template: String,
    /// The subject, on channels that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The line that an inbox shows beside the subject, on channels that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The plain text; variables are put in as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML; variables are escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What it is for. A send takes it from there where it names no purpose itself, and may name no other; what a contract or
    /// a law demands is said by templates that declare it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What a missing variable means.
    #[serde(default)]
    pub missing: Missing,
    /// The attributes that it may read; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeSet<String>>,
    /// The most letters of an attribute's value, or of `offer.name`: a message with a longer one is refused, so that what a
    /// short message costs is bounded before anybody is told anything.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub longest: BTreeMap<String, usize>,
    /// Other wordings, for those who read another language or are addressed in another form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantDefinition>,
}

/// What a variable without a value means when a message is rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// The message is refused, with the reason; `| default('…')` answers for one variable.
    #[default]
    Refuse,
    /// Nothing is put in its place.
    Blank,
}

impl TemplateDefinition {
    /// A template without any part yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            template: name.into(),
            subject: None,
            preheader: None,
            text: None,
            html: None,
            purpose: None,
            missing: Missing::Refuse,
            variables: None,
            longest: BTreeMap::new(),
            variants: Vec::new(),
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the preheader.
    #[must_use]
    pub fn preheader(mut self, preheader: impl Into<String>) -> Self {
        self.preheader = Some(preheader.into());
        self
    }

    /// Sets the plain text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets the HTML.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Declares what it is for.
    #[must_use]
    pub fn purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// Adds a wording for those who read another language or are addressed in another form.
    #[must_use]
    pub fn variant(mut self, variant: VariantDefinition) -> Self {
        self.variants.push(variant);
        self
    }

    /// Declares the most letters of an attribute's value.
    #[must_use]
    pub fn longest(mut self, attribute: impl Into<String>, letters: usize) -> Self {
        self.longest.insert(attribute.into(), letters);
        self
    }

    /// Text and HTML of each of its wordings; what a variant does not say is the template's own.
    pub(crate) fn wordings(&self) -> Vec<(Option<&String>, Option<&String>)> {
        let own = (self.text.as_ref(), self.html.as_ref());
        let others = self.variants.iter();
        let others = others.map(|one| (one.text.as_ref().or(own.0), one.html.as_ref().or(own.1)));
        std::iter::once(own).chain(others).collect()
    }

    /// The hash of what it says; every content that it renders carries it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of("template", &[&serde_json::to_vec(self).unwrap_or_default()])
    }

    /// Checks every part.
    ///
    /// # Errors
    /// [`BuildError`] with every problem: an empty name, no text and no HTML, a syntax error, a variable that no
    /// template sees or that is not among `variables`, something that could grow without bound, too large a source, a
    /// variant that is for nobody in particular, for the same people as an earlier one, or like the template itself.
    pub fn compile(&self) -> Result<Template, BuildError> {
        Template::compile(self)
    }
}
