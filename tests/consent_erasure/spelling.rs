//! An address is denied however it is written.

use std::sync::Arc;

use futures::executor::block_on;
use journeyman::channel::RecordingChannel;
use journeyman::error::Error;
use journeyman::machine::Withdrawal;
use journeyman::model::{Evidence, Fingerprint, FingerprintKey, Import, ImportRow, Reason};
use journeyman::port::Store;
use journeyman::port::store::Suppression;
use journeyman::rule::TemplateDefinition;
use journeyman::rule::address::AddressRules;
use journeyman::testing::ManualClock;
use journeyman::{Consent, Contact, Engine, Journey};
use proptest::prelude::*;

use super::common::stores;
use super::import::refusals;
use super::life::start;

const KEY: [u8; 32] = [7; 32];
/// Each address as it was denied and as it comes again, by its channel.
const SPELLINGS: [(&str, &str, &str); 7] = [
    ("sms", "+33639987142", "+33 6 39 98 71 42"),
    ("sms", "+33 6 39 98 71 42", "0033\u{a0}6.39.98.71.42"),
    ("sms", "0033-6-39-98-71-42", "(+33) 639/987-142"),
    ("sms", "+33\u{202f}639987142", "+33639987142"),
    ("email", "lea@münchen.de", "lea@xn--mnchen-3ya.de"),
    ("email", "Lea@Mu\u{308}nchen.de.", "lea@MÜNCHEN.de"),
    ("email", "le\u{301}a@example.org", "L\u{e9}a@example.org."),
];

#[derive(Clone, Copy, Debug)]
enum Forbid {
    Suppress,
    Withdraw,
    Erase,
}

fn engine(store: &Arc<dyn Store>, told: &[RecordingChannel; 2], secret: [u8; 32]) -> Engine {
    let [email, sms] = told.clone();
    let builder = Engine::builder(store.clone()).channel(email).channel(sms);
    builder.fingerprint_key(FingerprintKey::new(secret)).build()
}

fn channels() -> [RecordingChannel; 2] {
    ["email", "sms"].map(RecordingChannel::new)
}

async fn publish(engine: &Engine, channel: &str) {
    let hello = TemplateDefinition::new("hello").text("Bonjour");
    let journey = Journey::builder("greeting").enter_on("signed_up");
    let journey = journey.send("greet", channel, "hello", "news").build().unwrap();
    engine.publish([hello.into(), journey.into()]).await.unwrap();
}

async fn grant(engine: &Engine, contact: &str, channel: &str) {
    let evidence = Evidence::new("form", "v1");
    engine.consent(Consent::granted(contact, "news", channel, evidence)).await.unwrap();
}

/// A contact is imported with an address and says yes; whether it is denied all the same.
async fn is_denied(engine: &Engine, store: &Arc<dyn Store>, who: &str, channel: &str, address: &str) -> bool {
    let row = ImportRow::new(Contact::new(who).address(channel, address));
    engine.import(Import::new(format!("list-{who}")).row(row)).await.unwrap();
    grant(engine, who, channel).await;
    let refused = refusals(engine, store, who).await;
    refused.contains(&Reason::Suppressed) || refused.contains(&Reason::Withdrawn)
}

/// What a fingerprint was before spellings were made one, by the formula of that time.
fn fingerprint_of_before(secret: [u8; 32], channel: &str, address: &str) -> Fingerprint {
    let plain = address.trim().to_lowercase();
    let mut bytes = Vec::new();
    for part in [channel, &plain] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    let hash = blake3::keyed_hash(&secret, &bytes);
    Fingerprint::from_bytes(hash.as_bytes()[..16].try_into().unwrap())
}

#[test]
fn consent_what_is_denied_in_one_spelling_is_denied_in_another() {
    for forbid in [Forbid::Suppress, Forbid::Withdraw, Forbid::Erase] {
        for (channel, denied, again) in SPELLINGS {
            for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
                let told = channels();
                let engine = engine(&store, &told, KEY);
                block_on(async {
                    publish(&engine, channel).await;
                    engine.identify(Contact::new("lea").address(channel, denied)).await.unwrap();
                    grant(&engine, "lea", channel).await;
                    engine.tick().await.unwrap();
                    match forbid {
                        Forbid::Suppress => {
                            engine.suppress(channel, denied, None, "complaint").await.unwrap();
                        }
                        Forbid::Withdraw => {
                            let stop = Withdrawal::everything("lea", Evidence::new("page", "v1"));
                            engine.withdraw(&stop).await.unwrap();
                        }
                        Forbid::Erase => drop(engine.erase(&"lea".into()).await.unwrap()),
                    }
                    let stands = is_denied(&engine, &store, "tom", channel, again).await;
                    assert!(stands, "{name}: {forbid:?} {denied}, then {again}");
                    let other = if channel == "sms" { "+33 6 39 98 71 43" } else { "lea@muenchen.de" };
                    assert!(!is_denied(&engine, &store, "zoe", channel, other).await, "{name}: {other}");
                    let sent = told.iter().map(|channel| channel.sent().len()).sum::<usize>();
                    assert_eq!(sent, 1, "{name}: {forbid:?} {denied}, then {again}");
                });
            }
        }
    }
}

#[test]
fn consent_what_a_file_of_before_denies_stays_denied_under_a_newer_key_too() {
    for (channel, _, written) in SPELLINGS {
        for rotated in [false, true] {
            for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
                let [email, sms] = channels();
                let builder = Engine::builder(store.clone()).channel(email).channel(sms);
                let builder = match rotated {
                    true => builder
                        .fingerprint_key(FingerprintKey::new([8; 32]))
                        .former_fingerprint_key(FingerprintKey::new(KEY)),
                    false => builder.fingerprint_key(FingerprintKey::new(KEY)),
                };
                let engine = builder.build();
                block_on(async {
                    publish(&engine, channel).await;
                    let address = fingerprint_of_before(KEY, channel, written);
                    let before = Suppression::new(channel.into(), address, None, "complaint".into());
                    store.suppress(&before).await.unwrap();
                    let stands = is_denied(&engine, &store, "tom", channel, written).await;
                    assert!(stands, "{name}: {written}, another key: {rotated}");
                });
            }
        }
    }
}

#[test]
fn consent_a_suppression_that_would_protect_nobody_is_refused_by_name() {
    for (name, store, _folder) in stores(Arc::new(ManualClock::new(start()))) {
        let builder = Engine::builder(store.clone()).addresses(AddressRules::strict());
        let engine = builder.fingerprint_key(FingerprintKey::new(KEY)).build();
        block_on(async {
            let refused = engine.suppress("sms", "06 39 98 71 42", None, "complaint").await.unwrap_err();
            let of_contact = Contact::new("lea").address("sms", "06 39 98 71 42");
            let of_contact = engine.identify(of_contact).await.unwrap_err();
            match (&refused, &of_contact) {
                (Error::Invalid { sentence, .. }, Error::Invalid { sentence: other, .. }) => {
                    assert_eq!(sentence, other, "{name}");
                    assert!(sentence.contains("A011"), "{name}: {sentence}");
                }
                _ => panic!("{name}: {refused}, {of_contact}"),
            }
            assert!(!refused.to_string().contains("39"), "{name}: an error quotes no address");
            engine.suppress("sms", "+33 6 12 34 56 78", None, "complaint").await.unwrap();
            engine.suppress("email", "lea@münchen.de.", None, "bounce").await.unwrap();
        });
    }
}

fn of(channel: &str, address: &str) -> Fingerprint {
    FingerprintKey::new(KEY).fingerprint(channel, address)
}

/// A number, and a way to write it with something between any two of its digits.
fn written() -> impl Strategy<Value = (String, String)> {
    let marks = ["", "", " ", "\u{a0}", "\u{202f}", "-", ".", "(", ")", "/", " - ", "\u{2011}", "\u{200b}"];
    let part = (0_u8..10, prop::sample::select(marks.to_vec()));
    let start = prop::sample::select(vec!["+", "00", " +", "+ ", "0 0", "(00) ", "\u{202a}+"]);
    // No country begins with a zero.
    (start, 1_u8..10, prop::collection::vec(part, 5..13)).prop_map(|(start, first, parts)| {
        let plain: String = parts.iter().map(|(digit, _)| digit.to_string()).collect();
        let spelled: String = parts.iter().map(|(digit, mark)| format!("{mark}{digit}")).collect();
        (format!("+{first}{plain}"), format!("{start}{first}{spelled}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn consent_every_way_to_write_a_number_has_one_fingerprint_and_no_two_numbers_share_one(
        one in written(),
        two in written(),
    ) {
        prop_assert_eq!(of("sms", &one.1), of("sms", &one.0));
        // The same number but for one digit, too.
        let last = one.0.len() - 1;
        let digit = one.0.as_bytes()[last];
        let next = format!("{}{}", &one.0[..last], (digit - b'0' + 1) % 10);
        for other in [&two.0, &next] {
            prop_assert_eq!(of("sms", &one.1) == of("sms", other), one.0 == *other);
        }
    }

    #[test]
    fn consent_a_fingerprint_forgives_what_it_forgave_before(
        address in "[+0-9a-zA-Zäßİé@. ()/\u{301}-]{0,24}",
    ) {
        let former = address.trim().to_lowercase();
        prop_assert_eq!(of("email", &address), of("email", &former));
        prop_assert_eq!(of("email", &address), of("email", &format!(" {}\n", address)));
    }
}

#[test]
fn consent_a_domain_has_one_spelling_and_what_is_no_number_keeps_its_marks() {
    for other in ["lea@xn--mnchen-3ya.de", "Lea@MÜNCHEN.de", "lea@mu\u{308}nchen.de.", " lea@münchen。de"]
    {
        assert_eq!(of("email", other), of("email", "lea@münchen.de"), "{other:?}");
    }
    let apart = ["a.b@x.fr", "ab@x.fr", "tok-en-12345", "token12345", "12-4", "124", "12345+", "12345"];
    for (at, one) in apart.iter().enumerate() {
        for two in &apart[..at] {
            assert_ne!(of("push", one), of("push", two), "{one} {two}");
        }
    }
    // What is written as it counts has the fingerprint that it always had.
    for plain in ["+33639987142", "lea@example.org", "0639987142", "a token"] {
        assert_eq!(of("any", plain), fingerprint_of_before(KEY, "any", plain), "{plain}");
    }
}
