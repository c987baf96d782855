//! What a message says: a template with the contact's values put in. The only file that names minijinja.
//!
//! Authors may not hang, exhaust or abort the host. minijinja's fuel counts instructions and neither time nor memory, so
//! what could grow a value (`~`, `+`, `*`, lists of values, `set`, macros, blocks) is refused when a template is compiled,
//! the filters are our own and read a limited amount, the output is cut off at its limit, and the larger the values that a
//! template compares, the less fuel it has. What is left is `{{ value | filter }}`, `if` and `for`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use minijinja::value::{Value as TemplateValue, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior};
use serde::{Deserialize, Serialize};

use super::sandbox::{Reach, refuse_growth};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Contact, Content, Hash, Name, Value};

/// The largest template, all parts together, in bytes.
pub const MOST_SOURCE: usize = 256 * 1024;
/// The largest rendered part, in bytes.
pub const MOST_OUTPUT: usize = 2 * 1024 * 1024;
const FUEL: u64 = 50_000;
/// Fuel times the bytes that one comparison can look at: some hundredths of a second.
const MOST_COMPARED: u64 = 128 * 1024 * 1024;
/// What looking at any value costs, however small, in bytes of text.
const LEAST_VALUE: usize = 64;

/// A template as an author writes it.
///
/// A template sees `contact.<attribute>`, `contact.id` and `contact.locale`. Where `variables` lists attribute names, a
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
    /// The plain text; variables are put in as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The HTML; variables are escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What a missing variable means.
    #[serde(default)]
    pub missing: Missing,
    /// The attributes that it may read; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeSet<String>>,
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
            text: None,
            html: None,
            missing: Missing::Refuse,
            variables: None,
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
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

    /// Checks every part.
    ///
    /// # Errors
    /// [`BuildError`] with every problem: an empty name, no text and no HTML, a syntax error, a variable that no
    /// template sees or that is not among `variables`, something that could grow without bound, too large a source.
    pub fn compile(&self) -> Result<Template, BuildError> {
        Template::compile(self)
    }
}

/// A compiled template, shared and immutable.
#[derive(Clone)]
pub struct Template {
    /// The name that sends refer to.
    pub name: Name,
    /// The hash of its definition; every content that it renders carries it.
    pub hash: Hash,
    environment: Arc<Environment<'static>>,
    /// The attributes that it reads; `None` where it looks at the contact as a whole.
    reads: Option<BTreeSet<Name>>,
    parts: [Option<Reach>; 3],
}

const BUILT_IN: [&str; 2] = ["id", "locale"];
const PARTS: [&str; 3] = ["subject", "text", "html"];

impl Template {
    fn compile(definition: &TemplateDefinition) -> Result<Self, BuildError> {
        let name = definition.template.as_str();
        let mut problems = Vec::new();
        if name.trim().is_empty() {
            let next = "name it; sends refer to the name";
            problems.push(Diagnostic::new("T001", "template", "the template has no name", next));
        }
        let name = if name.trim().is_empty() { "template" } else { name };
        let sources = [&definition.subject, &definition.text, &definition.html];
        if definition.text.is_none() && definition.html.is_none() {
            problems.push(Diagnostic::new("T002", name, "it has neither text nor html", "add one of them"));
        }
        let size: usize = sources.iter().filter_map(|source| source.as_ref()).map(String::len).sum();
        if size > MOST_SOURCE {
            let sentence = format!("it has {size} bytes and the limit is {MOST_SOURCE}");
            problems.push(Diagnostic::new("T003", name, sentence, "shorten it; pictures belong on a server"));
            return Err(BuildError { diagnostics: problems });
        }
        let mut reads = Some(BTreeSet::new());
        let mut environment = environment(definition.missing);
        let mut parts = [None; 3];
        for ((part, source), reached) in PARTS.into_iter().zip(sources).zip(&mut parts) {
            let Some(source) = source else { continue };
            let place = format!("{name}.{part}");
            match refuse_growth(source, &place) {
                Ok(reach) => *reached = Some(reach),
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            }
            if let Err(error) = environment.add_template_owned(part, source.clone()) {
                let place = error.line().map_or(place.clone(), |line| format!("{place} line {line}"));
                let sentence = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
                problems.push(Diagnostic::new("T004", place, sentence, "mend the template there"));
                continue;
            }
            if let Ok(template) = environment.get_template(part) {
                let read: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
                reads = reads.zip(attributes_of(&read)).map(|(all, some)| &all | &some);
                check_variables(&read, definition.variables.as_ref(), &place, &mut problems);
            }
        }
        BuildError::unless_empty(problems)?;
        let hash = Hash::of("template", &[&serde_json::to_vec(definition).unwrap_or_default()]);
        Ok(Self { name: name.into(), hash, environment: Arc::new(environment), reads, parts })
    }

    /// Renders every part for a contact.
    ///
    /// # Errors
    /// [`RenderError`] where a variable is missing and the template refuses that, where the output passes its limit, or
    /// where a subject would hold a line break or another control character.
    pub fn render(&self, contact: &Contact) -> Result<Content, RenderError> {
        let read = |name: &&Name| self.reads.as_ref().is_none_or(|reads| reads.contains(*name));
        let mut view: BTreeMap<&str, TemplateValue> = contact
            .attributes
            .iter()
            .filter(|(name, _)| read(name))
            .map(|(name, value)| (&**name, to_template(value)))
            .collect();
        if read(&&Name::from("id")) {
            view.insert("id", TemplateValue::from(contact.id.as_str()));
        }
        if let Some(locale) = contact.locale.as_ref().filter(|_| read(&&Name::from("locale"))) {
            view.insert("locale", TemplateValue::from(locale.clone()));
        }
        let sizes = contact.attributes.iter().filter(|(name, _)| read(name)).map(|(_, value)| weight(value));
        // Where the contact is looked at as a whole, it is one value.
        let largest = if self.reads.is_none() { sizes.sum() } else { sizes.max().unwrap_or(0) };
        let context = TemplateValue::from_pairs([("contact", TemplateValue::from_pairs(view))]);
        let [subject, text, html] = [0, 1, 2].map(|part| self.render_part(part, &context, contact, largest));
        let subject = subject?;
        if subject.as_ref().is_some_and(|subject| subject.chars().any(char::is_control)) {
            return Err(RenderError { part: "subject", reason: "it would hold a control character".into() });
        }
        Ok(Content::new(subject, text?, html?, self.hash))
    }

    fn render_part(
        &self,
        part: usize,
        context: &TemplateValue,
        contact: &Contact,
        largest: usize,
    ) -> Result<Option<String>, RenderError> {
        let Some(reach) = self.parts[part] else { return Ok(None) };
        let part = PARTS[part];
        let fail = |reason: String| RenderError { part, reason };
        let environment = self.fuelled(reach, largest);
        let template = environment.get_template(part).map_err(|error| fail(error.kind().to_string()))?;
        let mut output = Capped::default();
        // What panics on some value refuses one message, and must not end the host's tick.
        let render = || template.render_captured_to(context.clone(), &mut output).map(drop);
        let Ok(rendered) = catch_unwind(AssertUnwindSafe(render)) else {
            return Err(fail("it cannot be rendered for this contact".into()));
        };
        match rendered {
            Ok(()) => {}
            Err(_) if output.full => return Err(fail(format!("it is larger than {MOST_OUTPUT} bytes"))),
            // The detail of an error can quote a value; the place and the kind cannot.
            Err(error) => {
                let line = error.line().map_or(String::new(), |line| format!(" in line {line}"));
                let lacking = self.lacking(contact);
                return Err(fail(match error.kind() {
                    ErrorKind::UndefinedError if !lacking.is_empty() => {
                        format!("a value is missing{line}; not known: {}", lacking.join(", "))
                    }
                    kind => format!("{kind}{line}"),
                }));
            }
        }
        String::from_utf8(output.bytes).map(Some).map_err(|_| fail("it is not text".into()))
    }

    /// The environment, with less fuel where each instruction can take long.
    fn fuelled(&self, reach: Reach, largest: usize) -> Cow<'_, Environment<'static>> {
        let bytes = largest.max(reach.quoted).max(LEAST_VALUE) as u64;
        let fuel = MOST_COMPARED / bytes;
        if !reach.compares || fuel >= FUEL {
            return Cow::Borrowed(&self.environment);
        }
        let mut environment = Environment::clone(&self.environment);
        environment.set_fuel(Some(fuel));
        Cow::Owned(environment)
    }

    /// The first few attributes that it reads and the contact does not have.
    fn lacking(&self, contact: &Contact) -> Vec<&str> {
        let unknown =
            |name: &&Name| !BUILT_IN.contains(&&***name) && !contact.attributes.contains_key(&**name);
        self.reads.iter().flatten().filter(unknown).map(|name| &**name).take(5).collect()
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("name", &self.name).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// A template could not be rendered for a contact. The text names the place and never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {part} cannot be rendered: {reason}; give the variable a default, or the contact the attribute")]
#[non_exhaustive]
pub struct RenderError {
    /// Which part: subject, text or html.
    pub part: &'static str,
    /// What is wrong.
    pub reason: String,
}

#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MOST_OUTPUT {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn environment(missing: Missing) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(match missing {
        Missing::Refuse => UndefinedBehavior::SemiStrict,
        Missing::Blank => UndefinedBehavior::Lenient,
    });
    environment.set_auto_escape_callback(|part| match part {
        "subject" | "text" => AutoEscape::None,
        _ => AutoEscape::Html,
    });
    environment.add_filter("default", |value: &TemplateValue, fallback: TemplateValue| {
        let empty =
            matches!(value.kind(), ValueKind::Undefined | ValueKind::None) || value.as_str() == Some("");
        if empty { fallback } else { value.clone() }
    });
    add_filter(&mut environment, "upper", |text| text.to_uppercase());
    add_filter(&mut environment, "lower", |text| text.to_lowercase());
    add_filter(&mut environment, "trim", |text| text.trim().to_owned());
    add_filter(&mut environment, "capitalize", |text| {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    environment.add_test("defined", |value: &TemplateValue| !value.is_undefined());
    environment
}

/// How much the filters of one part have read, in bytes.
#[derive(Default)]
struct Filtered(usize);

/// Adds a filter on texts; all filters of a part together read no more than a part may have.
fn add_filter(environment: &mut Environment<'static>, name: &'static str, filter: fn(&str) -> String) {
    environment.add_filter(name, move |state: &mut State<'_, '_>, text: String| {
        let filtered = state.get_or_insert_extension(Filtered::default());
        filtered.0 += text.len();
        if filtered.0 > MOST_OUTPUT {
            return Err(minijinja::Error::from(ErrorKind::OutOfFuel));
        }
        Ok(filter(&text))
    });
}

/// What looking at a value once costs.
fn weight(value: &Value) -> usize {
    LEAST_VALUE
        + match value {
            Value::Text(text) => text.len(),
            Value::List(items) => items.iter().map(weight).sum(),
            _ => 0,
        }
}

fn to_template(value: &Value) -> TemplateValue {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Decimal(value) => value.normalize().to_string().into(),
        Value::Text(value) => value.clone().into(),
        Value::Instant(value) => value.to_rfc3339().into(),
        Value::Date(value) => value.to_string().into(),
        Value::List(items) => items.iter().map(to_template).collect(),
    }
}

/// The attributes among the variables; `None` where the contact is looked at as a whole.
fn attributes_of(read: &BTreeSet<String>) -> Option<BTreeSet<Name>> {
    let attribute = |variable: &String| variable.strip_prefix("contact.")?.split('.').next().map(Name::from);
    read.iter().map(attribute).collect()
}

fn check_variables(
    read: &BTreeSet<String>,
    allowed: Option<&BTreeSet<String>>,
    place: &str,
    problems: &mut Vec<Diagnostic>,
) {
    for variable in read {
        let attribute = match variable.split_once('.') {
            Some(("contact", attribute)) => attribute.split('.').next().unwrap_or_default(),
            None if variable == "contact" => continue,
            _ => {
                let next = format!("write {{{{ contact.{variable} }}}} for an attribute of the contact");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        match TemplateDefinition::new("t").text(text).compile() {
            Ok(_) => Vec::new(),
            Err(error) => error.diagnostics.iter().map(|problem| problem.code).collect(),
        }
    }

    #[test]
    fn what_panics_is_an_error_of_its_part() {
        let mut template = TemplateDefinition::new("t").text("{{ contact.id }}").compile().unwrap();
        let environment = Arc::make_mut(&mut template.environment);
        environment.set_formatter(|_, _, _| std::panic::resume_unwind(Box::new("boom")));
        let error = template.render(&Contact::new("lea")).unwrap_err();
        assert_eq!((error.part, error.reason.contains("cannot be rendered")), ("text", true));
    }

    fn render(text: &str, contact: &Contact) -> Result<String, RenderError> {
        let template = TemplateDefinition::new("t").text(text).compile().unwrap();
        template.render(contact).map(|content| content.plain().to_owned())
    }

    #[test]
    fn what_could_grow_is_refused() {
        for hostile in [
            "{{ 'x' * 2000000000 }}",
            "{{ contact.a ~ contact.a }}",
            "{{ contact.a + contact.a }}",
            "{% set a = contact.a %}",
            "{% macro m() %}{% endmacro %}",
            "{%- filter upper %}x{% endfilter %}",
            "{# '{{' #}{{ 'a' ~ 'b' }}",
            "{{- 'a' ~ 'b' -}}",
            "{% raw %}{{ a }}{% endraw %}{{ 'a' ~ 'b' }}",
            "{% raw %} endraw {# {% endraw %}{% set a = contact.a ~ contact.a %} #}",
            "{{ {'a': {}} ~ contact.a ~ contact.a }}",
            "{{ {}} }}",
            "{{ (contact.a }} ~ contact.a) }}",
            "{{ [contact.a}} }}",
            "{% if {} %}x{% endif %}",
            "{{ contact.a) }}",
            "{% for a in [[contact.a, contact.a]] %}{{ a }}{% endfor %}",
            "{% for a in (contact.a, contact.a) %}{{ a }}{% endfor %}",
            "{% for a in contact.a, contact.a %}{{ a }}{% endfor %}",
            "{{ contact.a if contact.b in [contact.c] }}",
            "{{ contact.a is defined and [contact.b] }}",
            "{{ contact.a, contact.b }}",
            "{{ contact.a[::-1] }}",
            "{{ contact.a[1 : contact.b[2:] : contact.c] }}",
            &format!("{{{{ contact.a{} }}}}", ".a".repeat(300)),
            &format!("{{% if contact.a %}}{}{{% endif %}}", "{%- elif contact.a %}".repeat(65)),
        ] {
            assert_eq!(codes(hostile), ["T006"], "{hostile}");
        }
        assert_eq!(codes("{{ contact.a | indent(1000000000) }}"), ["T007"]);
        assert_eq!(codes("{{ contact.a | }}"), ["T007"]);
        assert_eq!(codes("{{ contact.a"), ["T004"]);
        for harmless in [
            "{{ 'it''s ~ * +' }}",
            "{% for a, b in contact.pairs %}{{ a }}{% endfor %}",
            "{% if contact.in.not[0] in ['a, b', -1.5, true, [none]] or (contact['a'] == \"x\") %}x{% endif %}",
            "{{ contact.a | default('a', true) | default(contact.b) }}{{ loop.cycle('a', 'b') if contact.a[1:] }}",
        ] {
            assert!(!codes(harmless).contains(&"T006"), "{harmless}");
        }
    }

    #[test]
    fn only_known_filters_and_tests_are_accepted() {
        for unknown in
            ["{{ contact.a|title }}", "{% if contact.a is even %}x{% endif %}", "{{ contact.a is not none }}"]
        {
            assert_eq!(codes(unknown), ["T007"], "{unknown}");
        }
        for known in [
            "{{ contact.a | default('a | b is c') | upper|trim }}",
            "{% if contact.is is not defined and contact.this is defined %}x{% endif %}",
            "{% if contact.a in ['is even'] %}x{% endif %}",
        ] {
            assert_eq!(codes(known), [""; 0], "{known}");
        }
    }

    #[test]
    fn signs_in_texts_are_only_text() {
        assert_eq!(
            codes(
                "50 % de + ~ {{ 'a ~ b }}' }} { ~ } {# ~ {{ #} {{ contact['a'] }} {% if (contact.a) %}{% endif %}"
            ),
            [""; 0]
        );
        assert_eq!(render("{{ '{{ a ~ b }}' }}", &Contact::new("c")).unwrap(), "{{ a ~ b }}");
    }

    #[test]
    fn loops_end_and_output_is_cut() {
        let many = Contact::new("c").attribute("l", vec!["é"; 10_000]);
        let nested = "{% for a in contact.l %}{% for b in contact.l %}{{ a }}{% endfor %}{% endfor %}";
        assert!(render(nested, &many).is_err());
        let long = Contact::new("c").attribute("l", vec!["x"; 100]).attribute("t", "y".repeat(60_000));
        let error = render("{% for a in contact.l %}{{ contact.t }}{% endfor %}", &long).unwrap_err();
        assert!(error.reason.contains("larger"), "{error}");
    }

    /// Each comparison of these looks at all of a large value, so their number must be small.
    #[test]
    fn the_larger_what_is_compared_the_fewer_comparisons_there_are() {
        let large = Contact::new("c")
            .attribute("many", vec![1; 20_000])
            .attribute("text", "é".repeat(80_000))
            .attribute("l", vec![1; 2_000])
            .attribute("products", vec!["a product of forty letters, more or less"; 250]);
        for costly in [
            "{% for a in contact.l %}{% if 'x' in contact.many %}x{% endif %}{% endfor %}",
            "{% for a in contact.l %}{% if 'x' in contact.text %}x{% endif %}{% endfor %}",
            "{% for a in contact.l %}{% if contact.many == contact.many %}{% endif %}{% endfor %}",
            "{% for a in contact.l if a not in contact.many %}{% endfor %}",
            "{% for a in contact.l %}{{ contact.text[79999:] }}{% endfor %}",
            "{% for a in contact.l %}{% if contact.text | upper | lower %}{% endif %}{% endfor %}",
            "{% for a in contact.l %}{% if contact == contact %}{% endif %}{% endfor %}",
        ] {
            let error = render(costly, &large).unwrap_err();
            assert!(error.reason.contains("fuel"), "{costly}: {error}");
        }
        for cheap in [
            "{% for a in contact.l %}{{ a }}{% endfor %}",
            "{% for a in contact.products %}{% if a != 'x' and loop.index < 300 %}{{ a }}{% endif %}{% endfor %}",
            "{% if 'é' in contact.text %}{{ contact.text | upper }}{% endif %}",
        ] {
            assert!(render(cheap, &large).is_ok(), "{cheap}");
        }
    }

    #[test]
    fn a_contact_is_seen_however_it_is_looked_at() {
        let lea =
            Contact::new("lea").attribute("first_name", "Léa").attribute("key", "first_name").locale("fr");
        for text in [
            "{{ contact.first_name }}",
            "{{ contact['first_name'] }}",
            "{{ contact[contact.key] }}",
            "{% for name in contact %}{% if name == 'first_name' %}{{ contact[name] }}{% endif %}{% endfor %}",
            "{% if contact.id == 'lea' and contact.locale == 'fr' %}Léa{% endif %}",
        ] {
            assert_eq!(render(text, &lea).unwrap(), "Léa", "{text}");
        }
    }

    #[test]
    fn a_missing_variable_is_refused_blank_or_answered_for() {
        let nobody = Contact::new("c");
        assert!(render("{{ contact.first_name }}", &nobody).is_err());
        assert_eq!(render("{{ contact.first_name | default('toi') }}", &nobody).unwrap(), "toi");
        let empty = Contact::new("c").attribute("first_name", "");
        assert_eq!(render("{{ contact.first_name | default('toi') }}", &empty).unwrap(), "toi");
        assert_eq!(
            render("{% if contact.first_name is defined %}a{% else %}b{% endif %}", &nobody).unwrap(),
            "b"
        );
        let mut blank = TemplateDefinition::new("t").text("[{{ contact.first_name }}]");
        blank.missing = Missing::Blank;
        assert_eq!(blank.compile().unwrap().render(&nobody).unwrap().plain(), "[]");
    }

    #[test]
    fn html_escapes_and_a_subject_is_one_line() {
        let mallory = Contact::new("m").attribute("n", "<b>\r\nBcc: x").attribute("name", "élodie d'été");
        let html = TemplateDefinition::new("t").html("<p>{{ contact.n }}</p>").compile().unwrap();
        assert!(html.render(&mallory).unwrap().html.unwrap().starts_with("<p>&lt;b&gt;"));
        let subject = TemplateDefinition::new("t").subject("{{ contact.n }}").text("x").compile().unwrap();
        assert_eq!(subject.render(&mallory).unwrap_err().part, "subject");
        assert_eq!(render("{{ contact.name | capitalize }}", &mallory).unwrap(), "Élodie d'été");
    }

    #[test]
    fn unknown_variables_are_found_when_it_is_compiled() {
        assert_eq!(codes("{{ first_name }}"), ["T005"]);
        let mut definition = TemplateDefinition::new("t").text("{{ contact.frist_name }}{{ contact.id }}");
        definition.variables = Some(["first_name".to_owned()].into());
        let error = definition.compile().unwrap_err();
        assert!(error.to_string().contains("contact.frist_name"), "{error}");
    }
}
