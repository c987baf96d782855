//! What is an address, and that nothing which is none panics, is kept or is quoted.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::rule::address::{AddressKind, AddressProblem, AddressRules, Email, Phone, PhoneKind};
use journeyman::store::MemoryStore;
use journeyman::{Contact, Engine, Error};
use proptest::prelude::*;

fn email(text: &str) -> Result<String, AddressProblem> {
    Email::parse(text).map(|email| email.to_text()).map_err(|error| error.problem)
}

fn phone(text: &str, region: Option<&str>) -> Result<(String, String, PhoneKind), AddressProblem> {
    let read = Phone::parse(text, region).map_err(|error| error.problem)?;
    Ok((read.number().to_owned(), read.territory().unwrap_or("none").to_owned(), read.kind()))
}

#[test]
fn mail_addresses_that_everybody_delivers_to_are_taken() {
    for (text, read) in [
        ("lea@example.org", "lea@example.org"),
        ("Lea.Dupont+news@Example.ORG", "Lea.Dupont+news@example.org"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("lea@münchen.de", "lea@xn--mnchen-3ya.de"),
        ("lea@例え.jp", "lea@xn--r8jz45g.jp"),
        ("a@xn--p1ai.xn--p1ai", "a@xn--p1ai.xn--p1ai"),
    ] {
        assert_eq!(email(text), Ok(read.to_owned()), "{text}");
    }
}

#[test]
fn mail_addresses_that_are_none_are_refused_by_name() {
    use AddressProblem::*;
    let long = format!("{}@example.org", "a".repeat(65));
    let longer = format!("a@{}.org", "b.".repeat(130));
    for (text, problem) in [
        ("", Empty),
        ("lea", Shape),
        ("@example.org", Shape),
        ("lea@", Shape),
        ("lea@home@example.org", Shape),
        ("Léa <lea@example.org>", Letter),
        ("lea@example.org, tom@example.org", Letter),
        ("lea@example.org\r\nBcc: all@example.org", Letter),
        ("lea@example.org\u{0}", Letter),
        (" lea@example.org", Letter),
        ("lea@exam\u{2028}ple.org", Letter),
        ("lea@[127.0.0.1]", Letter),
        ("\"lea\"@example.org", Local),
        ("léa@example.org", Local),
        (".lea@example.org", Local),
        ("lea..d@example.org", Local),
        ("lea@localhost", Domain),
        ("lea@127.0.0.1", Domain),
        ("lea@example", Domain),
        ("lea@-example.org", Domain),
        ("lea@exa_mple.org", Domain),
        ("lea@example.org.", Domain),
        ("lea@.example.org", Domain),
        ("lea@exam\u{200D}ple.org", Domain),
        (&long, TooLong),
        (&longer, TooLong),
    ] {
        assert_eq!(email(text), Err(problem), "{text:?}");
    }
}

#[test]
fn phone_numbers_know_their_territory_and_whether_they_take_short_messages() {
    use PhoneKind::*;
    for (text, region, number, territory, kind) in [
        ("06 12 34 56 78", Some("FR"), "+33612345678", "FR", Mobile),
        ("+33 6 12 34 56 78", None, "+33612345678", "FR", Mobile),
        ("+33 (0)6 12 34 56 78", None, "+33612345678", "FR", Mobile),
        ("0033612345678", Some("FR"), "+33612345678", "FR", Mobile),
        ("01 23 45 67 89", Some("FR"), "+33123456789", "FR", Line),
        ("+262 692 12 34 56", None, "+262692123456", "RE", Mobile),
        ("+590 690 00 12 34", None, "+590690001234", "GP", Mobile),
        ("(201) 555-0123", Some("US"), "+12015550123", "US", LineOrMobile),
        ("07400 123456", Some("GB"), "+447400123456", "GB", Mobile),
        ("0151 23456789", Some("DE"), "+4915123456789", "DE", Mobile),
        ("0800 123 456", Some("FR"), "+33800123456", "FR", Other),
    ] {
        assert_eq!(phone(text, region), Ok((number.to_owned(), territory.to_owned(), kind)), "{text}");
    }
}

#[test]
fn phone_numbers_that_are_none_are_refused_by_name() {
    use AddressProblem::*;
    let long = "1".repeat(65);
    for (text, region, problem) in [
        ("", None, Empty),
        (" ", None, Empty),
        ("06 12 34 56 78", None, NoCountry),
        ("06 12 34 56 78", Some("France"), NoCountry),
        ("+999 123456789", None, NotANumber),
        ("hello", Some("FR"), NotANumber),
        ("1-800-FLOWERS", Some("US"), NotANumber),
        ("+33612345678 x12", None, Extension),
        ("+33612345678 ext. 12", None, Extension),
        ("+33612345678,12", None, Extension),
        ("+33 6 12 34 56", None, NotInUse),
        ("+1 555 555 5555", None, NotInUse),
        ("+33612345678\r\n", None, Letter),
        (&long, Some("FR"), TooLong),
    ] {
        assert_eq!(phone(text, region), Err(problem), "{text:?}");
    }
}

#[test]
fn every_problem_has_a_code_a_sentence_and_a_next_step_in_the_list() {
    use AddressProblem::*;
    let list = include_str!("../../docs/DIAGNOSTICS.md");
    let all = [
        Empty,
        Letter,
        Shape,
        Local,
        Domain,
        TooLong,
        NotANumber,
        NoCountry,
        NotInUse,
        Extension,
        NotMobile,
        NotInternational,
    ];
    for problem in all {
        assert!(list.contains(&format!("| `{}` |", problem.code())), "{}", problem.code());
        assert!(!problem.sentence().is_empty() && !problem.next().is_empty());
    }
}

/// Shapes that nearly are addresses, with any letter of Unicode in them.
fn nearly() -> impl Strategy<Value = String> {
    let parts = proptest::collection::vec(
        prop_oneof![
            4 => any::<char>().prop_map(String::from),
            4 => proptest::sample::select(vec!["@", ".", "+33", "06", "12", "34", "lea", "example", "org", " ", "xn--", "٠", "６", "\""])
                .prop_map(str::to_owned),
        ],
        0..14,
    );
    parts.prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(24), ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_what_is_taken_is_clean(text in nearly(), region in proptest::sample::select(vec![None, Some("FR"), Some("US"), Some("ZZ"), Some("é")])) {
        if let Ok(email) = Email::parse(&text) {
            let read = email.to_text();
            prop_assert!(read.is_ascii() && !read.contains(char::is_control) && read.matches('@').count() == 1);
            prop_assert_eq!(Email::parse(&read).unwrap(), email);
        }
        if let Ok(phone) = Phone::parse(&text, region) {
            let number = phone.number();
            prop_assert!(number.len() <= 17 && number.starts_with('+'));
            prop_assert!(number[1..].bytes().all(|letter| letter.is_ascii_digit()));
            prop_assert_eq!(Phone::parse(number, None).unwrap(), phone);
        }
    }
}

#[test]
fn every_letter_of_unicode_in_an_address_is_answered() {
    let every = std::env::var_os("JOURNEYMAN_EVERY_LETTER").is_some();
    let step = |step| if every { 1 } else { step };
    for letter in ('\0'..=char::MAX).step_by(step(7)) {
        drop(Email::parse(&format!("l{letter}a@example.org")));
        drop(Email::parse(&format!("lea@ex{letter}mple.org")));
    }
    for letter in ('\0'..=char::MAX).step_by(step(701)) {
        drop(Phone::parse(&format!("+3361234567{letter}"), None));
    }
}

#[test]
fn the_door_refuses_what_is_no_address_and_quotes_nothing() {
    let build = |rules| Engine::builder(Arc::new(MemoryStore::new())).addresses(rules).build();
    let rules = AddressRules::strict().channel("fax", AddressKind::Phone);
    block_on(async {
        let engine = build(rules);
        for (channel, address, code) in [
            ("email", "canary@localhost", "A005"),
            ("sms", "+33123456789", "A014"),
            ("sms", "+33 6 12 34 56 78", "A015"),
            ("fax", "+99900canary", "A010"),
        ] {
            let error = engine.identify(Contact::new("lea").address(channel, address)).await.unwrap_err();
            let said = error.to_string();
            assert!(matches!(error, Error::Invalid { what: "contact", .. }));
            assert!(said.contains(code) && !said.contains("canary") && !said.contains("3123"), "{said}");
            assert!(engine.store().contact(&"lea".into()).await.unwrap().is_none());
        }
        let lea = Contact::new("lea").address("email", "lea@example.org").address("sms", "+33612345678");
        engine.identify(lea.address("fax", "+33123456789").address("push", "any token")).await.unwrap();
        // Nobody asked for rules: whatever is given is taken.
        build(AddressRules::default()).identify(Contact::new("lea").address("sms", "x")).await.unwrap();
    });
}
