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

mod definition;
mod numbers;
mod source;
mod variant;

pub use definition::{Missing, TemplateDefinition};
pub(crate) use source::Source;
pub(super) use source::{Piece, Worth};
pub use variant::{Form, VariantDefinition};

use super::sandbox::{Reach, refuse_growth};
use super::variables::{BUILT_IN, attributes_of, check_variables, is_link};
use super::{Facts, Number};
use crate::error::{BuildError, Diagnostic};
use crate::model::{Attributes, Contact, Content, Hash, Name, Value};

/// The largest template, all parts together, in bytes.
pub const MOST_SOURCE: usize = 256 * 1024;
/// The most variants of one template.
pub const MOST_VARIANTS: usize = 100;
/// The largest rendered part, in bytes.
pub const MOST_OUTPUT: usize = 2 * 1024 * 1024;
const FUEL: u64 = 50_000;
/// Fuel times the bytes that one comparison can look at: some hundredths of a second.
const MOST_COMPARED: u64 = 128 * 1024 * 1024;
/// What looking at any value costs, however small, in bytes of text.
const LEAST_VALUE: usize = 64;

/// A compiled template, shared and immutable.
#[derive(Clone)]
pub struct Template {
    /// The name that sends refer to.
    pub name: Name,
    /// The hash of its definition; every content that it renders carries it.
    pub hash: Hash,
    /// The purpose that it declares.
    pub purpose: Option<Name>,
    environment: Arc<Environment<'static>>,
    /// Its own wording, then those of its variants.
    wordings: Vec<Wording>,
    /// The numbers that any of them reads.
    numbers: Arc<[Number]>,
    /// Whether any of them has a link of the message.
    links: bool,
    /// The most letters of what it puts in, where that is declared.
    longest: Arc<BTreeMap<String, usize>>,
}

/// One wording of every part.
#[derive(Clone)]
struct Wording {
    /// For whom; absent for the template's own.
    variant: Option<VariantDefinition>,
    parts: [Option<Part>; 4],
}

/// One part, by the key under which the environment has it.
#[derive(Clone)]
struct Part {
    key: String,
    reach: Reach,
    /// The attributes that it reads; `None` where it looks at the contact as a whole.
    reads: Option<BTreeSet<Name>>,
    /// The numbers that it reads, by their places.
    numbers: Vec<usize>,
}

const PARTS: [&str; 4] = ["subject", "preheader", "text", "html"];

/// Collects what is wrong with the parts of a template.
struct Checker<'d> {
    definition: &'d TemplateDefinition,
    environment: Environment<'static>,
    numbers: Vec<Number>,
    links: bool,
    problems: Vec<Diagnostic>,
}

impl Template {
    fn compile(definition: &TemplateDefinition) -> Result<Self, BuildError> {
        let name = definition.template.as_str();
        let mut problems = Vec::new();
        if name.trim().is_empty() {
            let next = "name it; sends refer to the name";
            problems.push(Diagnostic::new("T001", "template", "the template has no name", next));
        }
        let name = if name.trim().is_empty() { "template" } else { name };
        let own = [&definition.subject, &definition.preheader, &definition.text, &definition.html];
        let own = own.map(Option::as_ref);
        if definition.text.is_none() && definition.html.is_none() {
            problems.push(Diagnostic::new("T002", name, "it has neither text nor html", "add one of them"));
        }
        let others = definition.variants.iter().flat_map(VariantDefinition::sources);
        let size: usize = own.into_iter().chain(others).flatten().map(String::len).sum();
        if size > MOST_SOURCE {
            let sentence = format!("it has {size} bytes and the limit is {MOST_SOURCE}");
            problems.push(Diagnostic::new("T003", name, sentence, "shorten it; pictures belong on a server"));
            return Err(BuildError { diagnostics: problems });
        }
        if definition.variants.len() > MOST_VARIANTS {
            let sentence =
                format!("it has {} variants and the limit is {MOST_VARIANTS}", definition.variants.len());
            problems.push(Diagnostic::new("T003", name, sentence, "make several templates of it"));
            return Err(BuildError { diagnostics: problems });
        }
        let environment = environment(definition.missing);
        let mut checker = Checker { definition, environment, numbers: Vec::new(), links: false, problems };
        let parts = checker.parts(own, "", name);
        let mut wordings = vec![Wording { variant: None, parts }];
        for (number, variant) in definition.variants.iter().enumerate() {
            let place = format!("{name}.variants[{number}]");
            let before = definition.variants.get(..number).unwrap_or_default();
            variant.check(before, &place, &mut checker.problems);
            let parts = checker.parts(variant.sources(), &format!("{number}."), &place);
            wordings.push(Wording { variant: Some(variant.clone()), parts });
        }
        BuildError::unless_empty(checker.problems)?;
        let environment = Arc::new(checker.environment);
        let (numbers, links) = (checker.numbers.into(), checker.links);
        let longest = definition.longest.clone().into();
        let purpose = definition.purpose.as_deref().map(Name::from);
        Ok(Self {
            name: name.into(),
            hash: definition.hash(),
            purpose,
            environment,
            wordings,
            numbers,
            links,
            longest,
        })
    }

    /// Whether it reads scores, trails, events or checklists, which [`render_of`](Template::render_of) alone knows.
    #[must_use]
    pub fn reads_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Whether it has links of the message, such as `{{ link.unsubscribe }}`, which an engine with
    /// [`links`](crate::engine::EngineBuilder::links) alone knows.
    #[must_use]
    pub fn reads_links(&self) -> bool {
        self.links
    }

    /// Renders every part for a contact, in the wording that fits it best.
    ///
    /// # Errors
    /// [`RenderError`] where a variable is missing and the template refuses that, where the output passes its limit, or
    /// where a subject or a preheader would hold a line break or another control character.
    pub fn render(&self, contact: &Contact) -> Result<Content, RenderError> {
        self.render_with(contact, &Attributes::new())
    }

    /// Renders every part for a contact, with the variables of one message: `offer.name` and the like.
    ///
    /// # Errors
    /// As [`render`](Template::render).
    pub fn render_with(&self, contact: &Contact, variables: &Attributes) -> Result<Content, RenderError> {
        self.render_known(contact, None, variables, None)
    }

    /// Renders every part for the contact that facts are known of, with its scores and what happened to it; and with the
    /// variables of one message.
    ///
    /// ```
    /// use journeyman::machine::ContactState;
    /// use journeyman::model::Attributes;
    /// use journeyman::rule::TemplateDefinition;
    /// let template = TemplateDefinition::new("t").text("{{ event['app.login'].count }} logins").compile()?;
    /// let lea = ContactState::new("lea".into());
    /// assert_eq!(template.render_of(&lea.facts(), &Attributes::new())?.plain(), "0 logins");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`render`](Template::render); a number that is not known exactly is a variable that is missing.
    pub fn render_of(&self, facts: &Facts<'_>, variables: &Attributes) -> Result<Content, RenderError> {
        self.render_beside(facts, variables, None)
    }

    /// Renders for the contact of the facts, with another line in the place of its preheader.
    pub(crate) fn render_beside(
        &self,
        facts: &Facts<'_>,
        variables: &Attributes,
        preheader: Option<&Template>,
    ) -> Result<Content, RenderError> {
        self.render_known(facts.contact, Some(facts), variables, preheader)
    }

    fn render_known(
        &self,
        contact: &Contact,
        facts: Option<&Facts<'_>>,
        variables: &Attributes,
        preheader: Option<&Template>,
    ) -> Result<Content, RenderError> {
        let fits = self
            .wordings
            .iter()
            .filter_map(|wording| Some((wording.variant.as_ref()?.fit(contact)?, wording)));
        // Of equals the first; `max_by_key` would take the last.
        let best = fits.reduce(|best, other| if other.0 > best.0 { other } else { best });
        let variant = best.map(|(_, wording)| wording);
        let part = |part: usize| -> Option<&Part> {
            let own = || self.wordings.first()?.parts.get(part)?.as_ref();
            variant.and_then(|wording| wording.parts.get(part)?.as_ref()).or_else(own)
        };
        let parts = [part(0), part(1).filter(|_| preheader.is_none()), part(2), part(3)];
        let said = parts.iter().flatten().map(|part| part.reads.as_ref());
        // `None` where one of them looks at the contact as a whole.
        let reads: Option<BTreeSet<&Name>> =
            said.collect::<Option<Vec<_>>>().map(|reads| reads.into_iter().flatten().collect());
        let numbers: BTreeSet<usize> =
            parts.iter().flatten().flat_map(|part| part.numbers.iter().copied()).collect();
        let numbers: Vec<_> = numbers
            .into_iter()
            .filter_map(|place| Some((place, self.numbers.get(place)?)))
            .map(|(place, number)| (place, number.path(), facts.and_then(|facts| number.of(facts))))
            .collect();
        let view = View::of(contact, variables, reads, &numbers);
        self.within_bounds(&view, variables)?;
        let [subject, own, text, html] = [0, 1, 2, 3].map(|number| match parts[number] {
            Some(part) => self.render_part(PARTS[number], part, &view).map(Some),
            None => Ok(None),
        });
        let subject = on_one_line("subject", subject?)?;
        let own = match preheader {
            Some(other) => {
                let beside = other.render_known(contact, facts, variables, None);
                beside.map_err(|error| RenderError { part: "preheader", ..error })?.text
            }
            None => own?,
        };
        let preheader = on_one_line("preheader", own)?;
        let mut content = Content::new(subject, text?, html?, self.hash);
        content.preheader = preheader;
        content.variant = variant.and_then(|wording| wording.variant.as_ref()).map(VariantDefinition::name);
        Ok(content)
    }

    /// Refuses a value that is longer than the template declares, among those that it reads.
    fn within_bounds(&self, view: &View<'_>, variables: &Attributes) -> Result<(), RenderError> {
        for (name, most) in &*self.longest {
            let read = view.reads.as_ref().is_none_or(|reads| reads.iter().any(|read| ***read == **name));
            let value = match name.as_str() {
                _ if name.starts_with("offer.") => variables.get(name.as_str()).map(to_template),
                "id" => Some(view.contact.id.as_str().into()),
                "locale" => view.contact.locale.clone().map(Into::into),
                _ if read => view.contact.attributes.get(name.as_str()).map(to_template),
                _ => None,
            };
            if value.is_some_and(|value| value.to_string().chars().count() > *most) {
                let reason = format!("{name} is longer than the {most} letters that the template declares");
                let next = "shorten the value, or raise `longest` in the template";
                return Err(RenderError { part: "text", reason, next });
            }
        }
        Ok(())
    }

    fn render_part(&self, name: &'static str, part: &Part, view: &View<'_>) -> Result<String, RenderError> {
        let fail = |reason: String| RenderError { part: name, reason, next: RenderError::VALUE };
        let (context, environment) = (&view.context, self.fuelled(part.reach, view.largest));
        let template = environment.get_template(&part.key).map_err(|error| fail(error.kind().to_string()))?;
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
                let lacking = view.lacking();
                return Err(fail(match error.kind() {
                    ErrorKind::UndefinedError if !lacking.is_empty() => {
                        format!("a value is missing{line}; not known: {}", lacking.join(", "))
                    }
                    kind => format!("{kind}{line}"),
                }));
            }
        }
        String::from_utf8(output.bytes).map_err(|_| fail("it is not text".into()))
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
}

/// What of a contact the parts of one wording see.
struct View<'c> {
    contact: &'c Contact,
    /// The attributes that they read; `None` where one looks at the contact as a whole.
    reads: Option<BTreeSet<&'c Name>>,
    context: TemplateValue,
    /// The size of the largest value among them, in bytes of text.
    largest: usize,
    /// The paths of the numbers that are read and not known.
    unknown: Vec<&'c str>,
}

impl<'c> View<'c> {
    fn of(
        contact: &'c Contact,
        variables: &Attributes,
        reads: Option<BTreeSet<&'c Name>>,
        numbers: &[(usize, &'c str, Option<Value>)],
    ) -> Self {
        let read = |name: &&Name| reads.as_ref().is_none_or(|reads| reads.contains(*name));
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
        let largest = if reads.is_none() { sizes.sum() } else { sizes.max().unwrap_or(0) };
        let largest = variables.values().map(weight).fold(largest, usize::max);
        let offer = variables
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("offer.")?, to_template(value))));
        let mut context = vec![
            ("contact".to_owned(), TemplateValue::from_pairs(view)),
            ("offer".to_owned(), TemplateValue::from_pairs(offer)),
        ];
        let links = variables
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("link.")?, to_template(value))));
        context.push(("link".to_owned(), TemplateValue::from_pairs(links)));
        let known = |(place, _, value): &(usize, &str, Option<Value>)| {
            Some((numbers::plain(*place), to_template(value.as_ref()?)))
        };
        context.extend(numbers.iter().filter_map(known));
        let unknown =
            numbers.iter().filter(|(_, _, value)| value.is_none()).map(|(_, path, _)| *path).collect();
        Self { contact, reads, context: TemplateValue::from_pairs(context), largest, unknown }
    }

    /// The first few attributes that are read and the contact does not have.
    fn lacking(&self) -> Vec<&str> {
        let known = &self.contact.attributes;
        let unknown = |name: &&&Name| !BUILT_IN.contains(&&****name) && !known.contains_key(&****name);
        let attributes = self.reads.iter().flatten().filter(unknown).map(|name| &***name);
        attributes.chain(self.unknown.iter().copied()).take(5).collect()
    }
}

/// A line of a message's head, which may not break.
fn on_one_line(part: &'static str, line: Option<String>) -> Result<Option<String>, RenderError> {
    if line.as_ref().is_some_and(|line| line.chars().any(char::is_control)) {
        let reason = "it would hold a control character".into();
        return Err(RenderError { part, reason, next: RenderError::LINE });
    }
    Ok(line)
}

impl Checker<'_> {
    /// Checks the parts of one wording and adds them to the environment, under keys that begin with `prefix`.
    fn parts(&mut self, sources: [Option<&String>; 4], prefix: &str, name: &str) -> [Option<Part>; 4] {
        let mut parts = [const { None }; 4];
        for ((part, source), compiled) in PARTS.into_iter().zip(sources).zip(&mut parts) {
            let Some(source) = source else { continue };
            *compiled = self.part(source, format!("{prefix}{part}"), &format!("{name}.{part}"));
        }
        parts
    }

    fn part(&mut self, source: &str, key: String, place: &str) -> Option<Part> {
        let reach = match refuse_growth(source, place) {
            Ok(reach) => reach,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        let mut read = self.read(&key, source.to_owned(), place)?;
        let mut numbers = Vec::new();
        if read.iter().any(|variable| numbers::is_number(variable)) {
            let problems = self.problems.len();
            let is_free = |root: &str| read.iter().any(|variable| variable.split('.').next() == Some(root));
            let known = &mut self.numbers;
            let (plainly, found) = numbers::replace(source, place, is_free, known, &mut self.problems);
            if self.problems.len() > problems {
                return None;
            }
            numbers = found;
            let written: Vec<String> =
                read.into_iter().filter(|variable| numbers::is_plain(variable)).collect();
            read = self.read(&key, plainly, place)?;
            read.retain(|variable| !numbers::is_plain(variable) || written.contains(variable));
        }
        self.links |= read.iter().any(|variable| is_link(variable));
        check_variables(&read, self.definition.variables.as_ref(), place, &mut self.problems);
        Some(Part { key, reach, reads: attributes_of(&read), numbers })
    }

    /// Adds a part to the environment; answers the variables that it reads.
    fn read(&mut self, key: &str, source: String, place: &str) -> Option<BTreeSet<String>> {
        if let Err(error) = self.environment.add_template_owned(key.to_owned(), source) {
            let place = error.line().map_or(place.to_owned(), |line| format!("{place} line {line}"));
            let sentence = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            self.problems.push(Diagnostic::new("T004", place, sentence, "mend the template there"));
            return None;
        }
        let template = self.environment.get_template(key).ok()?;
        Some(template.undeclared_variables(true).into_iter().collect())
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("name", &self.name).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// A template could not be rendered for a contact. The text names the place and never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {part} cannot be rendered: {reason}; {next}")]
#[non_exhaustive]
pub struct RenderError {
    /// Which part: subject, preheader, text or html.
    pub part: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub next: &'static str,
}

impl RenderError {
    /// A value is missing, or is none that the template can say.
    const VALUE: &'static str = "give the variable a default, or the contact the attribute";
    /// A value is there, and must not stand in the head of a message.
    pub(crate) const LINE: &'static str =
        "keep line breaks and other control characters out of the attribute";
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
    environment.set_auto_escape_callback(|key| match key.rsplit('.').next() {
        Some("subject" | "preheader" | "text") => AutoEscape::None,
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

#[cfg(test)]
mod tests;
