//! What templates may say, and what they say then.

use super::*;
use crate::rule::{Performed, Rating};

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
    let lea = Contact::new("lea").attribute("first_name", "Léa").attribute("key", "first_name").locale("fr");
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

/// Renders for a contact who replied twice three days ago, and of whom a host says that it stands at 45 in `spark`.
fn told(
    template: &Template,
    contact: &Contact,
    preheader: Option<&Template>,
) -> Result<Content, RenderError> {
    let (mut performed, mut rating) = (Performed::default(), Rating::default());
    let at = chrono::DateTime::from_timestamp_millis(86_400_000 * 10).unwrap();
    performed.record(&"message.replied".into(), at);
    performed.record(&"message.replied".into(), at);
    rating.apply(&crate::model::Fact::Score { score: "spark".into(), value: 45 });
    let facts = Facts::new(contact, &performed, &rating).at(at + chrono::TimeDelta::days(3));
    template.render_beside(&facts, &Attributes::new(), preheader)
}

fn say(text: &str) -> Result<String, RenderError> {
    let template = TemplateDefinition::new("t").text(text).compile().unwrap();
    told(&template, &Contact::new("lea"), None).map(|content| content.plain().to_owned())
}

#[test]
fn numbers_are_read_by_their_paths() {
    for (text, said) in [
        ("{{ score.spark }}", "45"),
        ("{{score['spark']}}/{{ score.spark }}", "45/45"),
        ("{{ event['message.replied'].days }} {{- event['message.replied'].count -}} x", "32x"),
        ("{% if score.spark >= 40 and event[\"message.replied\"].count == 2 %}a{% endif %}", "a"),
        ("{% if score.spark.tier is defined %}a{% else %}b{% endif %}", "b"),
        ("{{ score.spark.change_30d | default('-') }}", "-"),
        ("{{ number.followers | default('none') | upper }}", "NONE"),
        (
            "{# {{ score.spark.teir }} #}{{ 'score.spark' }} score.spark { score.spark",
            "score.spark score.spark { score.spark",
        ),
        ("{{ 'it\\'s {{ score.spark }}' }}", "it's {{ score.spark }}"),
        ("{% for score in contact.none | default([1, 2]) %}{{ score }}{% endfor %}", "12"),
    ] {
        assert_eq!(say(text).unwrap(), said, "{text}");
    }
}

#[test]
fn a_number_that_is_not_known_is_a_variable_that_is_missing() {
    let error = say("a\n{{ score.spark.change_30d }}").unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("not known: score.spark.change_30d"), "{error}");
    // Nor is any known of a contact alone.
    assert!(render("{{ event.replied.count }}", &Contact::new("c")).is_err());
    let mut blank = TemplateDefinition::new("t").text("[{{ score.spark.change }}]");
    blank.missing = Missing::Blank;
    let blank = blank.compile().unwrap();
    assert_eq!(told(&blank, &Contact::new("lea"), None).unwrap().plain(), "[]");
}

#[test]
fn a_path_that_is_no_number_is_found_when_it_is_compiled() {
    for text in [
        "{{ score }}",
        "{{ score.spark.teir }}",
        "{{ score .spark }}",
        "{{ event.app.login.days }}",
        "{{ event['app.login'] }}",
        "{{ event[contact.key].days }}",
        "{{ done.actions }}",
        "{{ number }}",
        "{{ _number_0 }}",
        "{{ score.spark }}{{ _number_0 }}",
        "{{ days_since.login }}",
    ] {
        assert_eq!(codes(text), ["T005"], "{text}");
    }
    let error =
        TemplateDefinition::new("t").text("a\n{{ score.a }} {{ score.a.teir }}").compile().unwrap_err();
    assert!(error.to_string().contains("t.text line 2: \"score.a.teir\" asks for"), "{error}");
    // What they are called in a template is nobody's attribute.
    assert_eq!(codes("{{ contact.score }}{{ contact.event['a'] }}{{ contact . number }}"), [""; 0]);
    let mut listed = TemplateDefinition::new("t").text("{{ contact.a }} {{ score.spark }}");
    listed.variables = Some(["a".to_owned()].into());
    assert!(listed.compile().unwrap().reads_numbers());
    assert!(!TemplateDefinition::new("t").text("{{ contact.score }}").compile().unwrap().reads_numbers());
}

#[test]
fn every_part_and_variant_reads_its_own_numbers() {
    let mut definition =
        TemplateDefinition::new("t").subject("{{ score.spark }}").text("{{ score.unknown }}");
    definition.variants = vec![
        serde_json::from_str(
            r#"{"language": "fr", "text": "{{ event['message.replied'].count }} {{ score.spark }}"}"#,
        )
        .unwrap(),
    ];
    let template = definition.compile().unwrap();
    let lea = Contact::new("lea");
    assert!(told(&template, &lea, None).is_err());
    let lea = lea.locale("fr");
    let content = told(&template, &lea, None).unwrap();
    assert_eq!((content.subject.as_deref(), content.plain()), (Some("45"), "2 45"));
    let beside = TemplateDefinition::new("p").text("{{ score.spark }} points").compile().unwrap();
    let content = told(&template, &lea, Some(&beside)).unwrap();
    assert_eq!(content.preheader.as_deref(), Some("45 points"));
}
