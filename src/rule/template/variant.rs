//! Which wording of a template a contact gets: by its language, and by `tu` or `vous`.

use serde::{Deserialize, Serialize};

use crate::error::Diagnostic;
use crate::model::{Contact, Name, Value};

/// The attribute that says how a contact wants to be addressed: `tu` or `vous`.
pub(super) const ADDRESS_FORM: &str = "address_form";

/// Another wording of a template, for those who read another language or are addressed in another form. A part that it does
/// not have is the template's own.
///
/// Of the variants that fit a contact, the most specific is taken: language and form before language alone, that before form
/// alone; `fr-CA` before `fr`; then the first. Where none fits, the template's own parts are.
///
/// ```
/// use journeyman::Contact;
/// use journeyman::rule::TemplateDefinition;
/// use journeyman::rule::template::{Form, VariantDefinition};
/// let hello = TemplateDefinition::new("hello")
///     .text("Hello {{ contact.first_name }}!")
///     .variant(VariantDefinition::default().language("fr").text("Bonjour {{ contact.first_name }} !"))
///     .variant(VariantDefinition::default().language("fr").form(Form::Tu).text("Salut {{ contact.first_name }} !"))
///     .compile()?;
/// let lea = Contact::new("lea").attribute("first_name", "Léa").attribute("address_form", "tu").locale("fr-FR");
/// let content = hello.render(&lea)?;
/// assert_eq!((content.plain(), content.variant.as_deref()), ("Salut Léa !", Some("fr-tu")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VariantDefinition {
    /// For whom: the language of the contact's locale, such as `fr`, or `fr-CA` for those of one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// For whom: the form in the contact's attribute `address_form`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// The subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The preheader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// How a contact is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Form {
    /// Among friends.
    Tu,
    /// With distance.
    Vous,
}

impl Form {
    /// The word that the attribute `address_form` holds.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Form::Tu => "tu",
            Form::Vous => "vous",
        }
    }
}

impl VariantDefinition {
    /// Sets the language.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Sets the form of address.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
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

    pub(super) fn sources(&self) -> [Option<&String>; 4] {
        [&self.subject, &self.preheader, &self.text, &self.html].map(Option::as_ref)
    }

    /// For whom it is, in a word such as `fr-tu`.
    pub(super) fn name(&self) -> Name {
        let language = self.language.as_deref().map(str::trim);
        let words: Vec<&str> = language.into_iter().chain(self.form.map(Form::word)).collect();
        words.join("-").into()
    }

    /// How well it fits a contact: the greater, the more specific; `None` where it is for others.
    pub(super) fn fit(&self, contact: &Contact) -> Option<(u8, usize)> {
        let mut length = 0;
        if let Some(language) = &self.language {
            let (wanted, own) = (subtags(language), subtags(contact.locale.as_deref()?));
            if !own.starts_with(&wanted) {
                return None;
            }
            length = wanted.len();
        }
        if let Some(form) = self.form {
            let Some(Value::Text(own)) = contact.attributes.get(ADDRESS_FORM) else { return None };
            if !own.trim().eq_ignore_ascii_case(form.word()) {
                return None;
            }
        }
        // Language and form, then language, then form.
        let class = 2 * u8::from(self.language.is_some()) + u8::from(self.form.is_some());
        Some((class, length))
    }

    /// What is wrong with whom it is for, beside those before it.
    pub(super) fn check(&self, before: &[Self], place: &str, problems: &mut Vec<Diagnostic>) {
        if self.language.is_none() && self.form.is_none() {
            let sentence = "the variant is for nobody in particular";
            let next =
                "add language, such as fr, or form: tu or vous; what is for everybody stands in the template";
            problems.push(Diagnostic::new("T008", place, sentence, next));
        }
        if let Some(language) = &self.language {
            let is_subtag = |tag: &str| {
                (1..=8).contains(&tag.len()) && tag.chars().all(|letter| letter.is_ascii_alphanumeric())
            };
            if !language.split(['-', '_']).all(is_subtag) {
                let sentence = format!("{language:?} is no language");
                problems.push(Diagnostic::new("T008", place, sentence, "write it as fr, or as fr-CA"));
            }
        }
        let same = |other: &Self| {
            let languages = [&other.language, &self.language];
            let [one, another] = languages.map(|language| language.as_deref().map(subtags));
            one == another && other.form == self.form
        };
        if before.iter().any(same) {
            let sentence = format!("an earlier variant is for {} already", self.name());
            problems.push(Diagnostic::new("T009", place, sentence, "make them one"));
        }
        if self.sources().iter().all(Option::is_none) {
            let sentence = "the variant says nothing of its own";
            problems.push(Diagnostic::new(
                "T010",
                place,
                sentence,
                "add subject, preheader, text or html, or take it away",
            ));
        }
    }
}

/// The parts of a language tag, in lower letters: `fr-CA` and `fr_ca` are one.
fn subtags(tag: &str) -> Vec<String> {
    tag.trim().split(['-', '_']).map(str::to_ascii_lowercase).collect()
}
