//! The worst case at authoring holds for whatever is put in.

use journeyman::Contact;
use journeyman::model::Attributes;
use journeyman::rule::sms::{measure, worst_case};
use journeyman::rule::template::{Missing, VariantDefinition};
use journeyman::rule::{OptOut, Policy, TemplateDefinition};
use proptest::prelude::*;
use proptest::sample::select;

use super::encoder::septets;

const STOP: &str = "STOP au 36111";
const NAMES: [(&str, usize); 3] = [("name", 12), ("city", 30), ("note", 90)];

/// A piece of a template that is bounded.
fn piece() -> impl Strategy<Value = String> {
    let words = select(vec![
        "Bonjour ",
        " à bientôt",
        "5 € ",
        "[x]",
        "été. ",
        "🔥",
        "{# un commentaire ’ #}",
        "x",
        "Léa { ",
        "Une phrase entière, assez longue pour qu'un segment soit vite rempli par deux ou trois d'entre elles. ",
    ]);
    let value = (
        select(vec!["name", "city", "note"]),
        select(vec![
            "",
            " | upper",
            " | lower",
            " | capitalize",
            " | trim",
            " | default('l’ami')",
            " | default('toi') | upper",
        ]),
    )
        .prop_map(|(name, filter)| format!("{{{{ contact.{name}{filter} }}}}"));
    let choice = select(vec![
        "{{ 'oui' if contact.name else \"ça non\" }}",
        "{{ contact.city if contact.name else contact.note }}",
    ]);
    let plain =
        prop_oneof![4 => words.prop_map(str::to_owned), 4 => value, 1 => choice.prop_map(str::to_owned)]
            .boxed();
    let inner = proptest::collection::vec(plain.clone(), 0..4).prop_map(|pieces| pieces.concat()).boxed();
    let ways = (inner.clone(), inner.clone(), inner, any::<bool>()).prop_map(|(yes, other, no, has_else)| {
        let no = if has_else { format!("{{%- else %}}{no}") } else { String::new() };
        format!(
            "{{% if contact.name is defined %}}{yes}{{% elif contact.city == 'ê' %}}{other}{no}{{% endif %}}"
        )
    });
    prop_oneof![6 => plain, 1 => ways]
}

fn value(most: usize) -> impl Strategy<Value = Option<String>> {
    let plain = proptest::collection::vec(
        super::writers::letter().prop_filter("basic", |letter| septets(*letter).len() == 1),
        0..=most,
    );
    let any = proptest::collection::vec(
        prop_oneof![Just('ß'), Just('ΐ'), Just('İ'), Just('🔥'), any::<char>()],
        0..=most,
    );
    prop_oneof![1 => Just(None), 4 => plain.prop_map(Some), 3 => any.prop_map(Some)]
        .prop_map(|letters| letters.map(|letters| letters.into_iter().collect()))
}

/// Whether a text keeps to the basic alphabet, also in capitals or small letters.
fn is_basic(text: &str) -> bool {
    [text.to_owned(), text.to_uppercase(), text.to_lowercase()]
        .iter()
        .all(|text| text.chars().all(|letter| septets(letter).len() == 1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(19), ..ProptestConfig::default() })]

    #[test]
    fn no_message_is_dearer_than_the_worst_case(
        pieces in proptest::collection::vec(piece(), 1..8),
        other in proptest::collection::vec(piece(), 0..4),
        name in value(12),
        city in value(30),
        note in value(90),
        french in any::<bool>(),
    ) {
        let mut template = TemplateDefinition::new("t").text(pieces.concat());
        template.missing = Missing::Blank;
        if !other.is_empty() {
            template = template.variant(VariantDefinition::default().language("fr").text(other.concat()));
        }
        for (name, most) in NAMES {
            template = template.longest(name, most);
        }
        let worst = worst_case(&template, STOP);
        prop_assert!(worst.unbounded.is_empty(), "{:?}", worst.unbounded);

        let mut contact = Contact::new("c").locale(if french { "fr" } else { "en" });
        let mut basic = true;
        for (name, value) in [("name", name), ("city", city), ("note", note)] {
            if let Some(value) = value {
                basic &= is_basic(&value);
                contact = contact.attribute(name, value);
            }
        }
        let policy = Policy::new("p").opt_out(OptOut::new("sms", "test", Default::default()).words(STOP));
        let content = template.compile().unwrap().render_with(&contact, &Attributes::new());
        let text = content.unwrap().text.unwrap();
        let told = policy.completed("sms", "marketing", "+336", &text).unwrap();
        let measured = measure(&told);
        prop_assert!(measured.segments <= worst.segments_of_anything.unwrap(), "{told:?}: {measured:?}, {worst:?}");
        if basic {
            prop_assert!(measured.segments <= worst.segments.unwrap(), "{told:?}: {measured:?}, {worst:?}");
        }
    }
}

#[test]
fn the_longest_values_reach_the_worst_case_and_never_pass_it() {
    for most in 1..=480 {
        let alone = TemplateDefinition::new("t").text("{{ contact.note }}").longest("note", most);
        let worst = worst_case(&alone, "");
        assert_eq!(worst.segments, Some(measure(&"x".repeat(most)).segments), "{most}");
        let pairs = measure(&"🔥".repeat(most)).segments;
        let bound = worst.segments_of_anything.unwrap();
        assert!((pairs..=pairs + 1).contains(&bound), "{most}: {pairs}, {bound}");
        // A letter of two septets at the end of a segment leaves one empty.
        let doubled = TemplateDefinition::new("t")
            .text("{{ contact.note }}€€€{{ contact.note }}")
            .longest("note", most);
        let text = format!("{0}€€€{0}", "x".repeat(most));
        let bound = worst_case(&doubled, "").segments.unwrap();
        let cost = measure(&text).segments;
        assert!((cost..=cost + 1).contains(&bound), "{most}: {cost}, {bound}");
    }
}

#[test]
fn a_value_that_is_longer_than_declared_is_refused() {
    let template =
        TemplateDefinition::new("t").text("Bonjour {{ contact.name }}").longest("name", 4).compile().unwrap();
    assert_eq!(
        template.render(&Contact::new("c").attribute("name", "Éléa")).unwrap().plain(),
        "Bonjour Éléa"
    );
    let error = template.render(&Contact::new("c").attribute("name", "Éléas")).unwrap_err();
    assert_eq!(error.reason, "name is longer than the 4 letters that the template declares");
    // What it does not read is nobody's matter, and what the message brings is measured too.
    assert!(
        template.render(&Contact::new("c").attribute("name", "a").attribute("city", "x".repeat(500))).is_ok()
    );
    let offer =
        TemplateDefinition::new("t").text("{{ offer.name }}").longest("offer.name", 2).compile().unwrap();
    let named = |name: &str| {
        Attributes::from([("offer.name".into(), name.into())].into_iter().collect::<Attributes>())
    };
    assert!(offer.render_with(&Contact::new("c"), &named("ab")).is_ok());
    assert!(offer.render_with(&Contact::new("c"), &named("abc")).is_err());
}

#[test]
fn what_has_no_bound_is_named() {
    let template = TemplateDefinition::new("t")
        .text("{{ contact.name }} {{ contact.age or 3 }} {{ score.spark }} {{ score.spark.tier }} {% for x in contact.xs %}{{ x }}{% endfor %}")
        .longest("name", 4);
    let worst = worst_case(&template, "");
    assert_eq!(worst.segments, None);
    assert_eq!(worst.unbounded, ["contact.age or 3", "for x in contact.xs", "score.spark.tier", "x"]);
}

#[test]
fn places_count_from_the_begin_of_the_source() {
    let source = "{% if contact.a is defined %}{{ contact.a }}{% endif %} prêt {# ’ #} {{ contact.b | default('œuf') }}";
    let worst = worst_case(&TemplateDefinition::new("t").text(source), STOP);
    let places: Vec<(char, usize)> = worst.offending.iter().map(|one| (one.letter, one.position)).collect();
    assert_eq!(places.len(), 2);
    for (letter, place) in places {
        assert_eq!(source.chars().nth(place), Some(letter));
        assert!("êœ".contains(letter));
    }
}
