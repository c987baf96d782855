//! I5: no sequence of uses of public links raises any permission.

use futures::executor::block_on;
use journeyman::link::Token;
use journeyman::machine::{InputKind, Withdrawal};
use journeyman::model::{ConsentStatus, Fingerprint};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{BASE, Host, PAIRS, evidence, hosts, keys, news, own_links};

/// Something that happens.
#[derive(Clone, Debug)]
enum Deed {
    /// A link of an earlier message is used.
    Use { link: usize, method: &'static str, body: String },
    /// A link that the host signed for some other case is used.
    UseSigned { token: Token, method: &'static str, body: String },
    /// The host grants, and everything may grow.
    Grant(usize),
    /// The host withdraws.
    Withdraw(usize),
    /// A message goes out, with links of this time.
    Send,
    /// Time passes.
    Wait(i64),
}

fn body() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just("List-Unsubscribe=One-Click".to_owned()),
        Just("confirm=yes".to_owned()),
        Just("everything=yes".to_owned()),
        Just("everything=no&confirm=no&sub=1&status=granted&subscribe=yes".to_owned()),
        (0..PAIRS.len()).prop_map(|pair| format!("purpose={}&channel={}", PAIRS[pair].0, PAIRS[pair].1)),
        "[a-z=&%+]{0,12}",
    ];
    proptest::collection::vec(field, 0..3).prop_map(|fields| fields.join("&"))
}

fn token() -> impl Strategy<Value = Token> {
    let address =
        prop_oneof![Just(None), any::<[u8; 16]>().prop_map(|bytes| Some(Fingerprint::from_bytes(bytes)))];
    (0..PAIRS.len(), address, 0_u64..12, any::<bool>()).prop_map(|(pair, address, epoch, preferences)| {
        let (purpose, channel) = PAIRS[pair];
        if preferences {
            return Token::Preferences { contact: "lea".into(), channel: channel.into(), address };
        }
        let (purpose, channel) = (purpose.into(), channel.into());
        Token::Unsubscribe { contact: "lea".into(), purpose, channel, address, epoch }
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let method = || prop_oneof![6 => Just("POST"), 2 => Just("GET"), 1 => Just("HEAD"), 1 => Just("PUT")];
    prop_oneof![
        4 => (0_usize..64, method(), body()).prop_map(|(link, method, body)| Deed::Use { link, method, body }),
        3 => (token(), method(), body()).prop_map(|(token, method, body)| Deed::UseSigned { token, method, body }),
        4 => (0..PAIRS.len()).prop_map(Deed::Grant),
        1 => (0..PAIRS.len()).prop_map(Deed::Withdraw),
        2 => Just(Deed::Send),
        1 => (1_i64..90).prop_map(Deed::Wait),
    ]
}

/// What one use did: the permissions before it and after it, all mail read.
async fn used(host: &Host, method: &str, url: &str, body: &str) -> (usize, usize) {
    let before = host.allowed("lea").await;
    let granted = host.store.consents(&"lea".into()).await.unwrap().len();
    host.visit(method, url, body).await;
    let mail = host.store.inputs(&"lea".into(), 0, u64::MAX >> 1).await.unwrap();
    let last = mail.last().map(|envelope| &envelope.kind);
    let after = host.allowed("lea").await;
    assert!(after.iter().all(|pair| before.contains(pair)), "{method} {body}: {before:?} became {after:?}");
    let new = host.store.consents(&"lea".into()).await.unwrap();
    let raised = new.iter().skip(granted).any(|record| record.status == ConsentStatus::Granted);
    assert!(!raised, "{method} {body}: a grant came of it; the last mail is {last:?}");
    if method != "POST" {
        assert_eq!(after, before, "{method} {body}");
    }
    (before.len(), after.len())
}

/// Plays deeds, and answers how many uses took something back.
async fn play(host: &Host, deeds: &[Deed]) -> usize {
    host.publish(news()).await;
    host.meet("lea", &["marketing", "tracking"]).await;
    let mut links = own_links(&host.send("lea").await.unwrap());
    let mut reduced = 0;
    for deed in deeds {
        let counts = match deed {
            Deed::Use { link, method, body } => used(host, method, &links[link % links.len()], body).await,
            Deed::UseSigned { token, method, body } => {
                used(host, method, &format!("{BASE}/{}", keys().sign(token)), body).await
            }
            Deed::Grant(pair) => {
                let (purpose, channel) = PAIRS[*pair];
                let consent = journeyman::Consent::granted("lea", purpose, channel, evidence());
                host.engine.consent(consent).await.unwrap();
                continue;
            }
            Deed::Withdraw(pair) => {
                let (purpose, channel) = PAIRS[*pair];
                host.engine.withdraw(&Withdrawal::of("lea", purpose, channel, evidence())).await.unwrap();
                continue;
            }
            Deed::Send => {
                if let Some(content) = host.send("lea").await {
                    links.extend(own_links(&content));
                }
                continue;
            }
            Deed::Wait(seconds) => {
                host.clock.advance(chrono::TimeDelta::seconds(*seconds));
                continue;
            }
        };
        reduced += usize::from(counts.1 < counts.0);
    }
    let mail = host.store.inputs(&"lea".into(), 0, u64::MAX >> 1).await.unwrap();
    let of_links = mail.iter().filter(|envelope| match &envelope.kind {
        InputKind::Withdrawal(withdrawal) => withdrawal.evidence.source.starts_with("link."),
        _ => false,
    });
    assert!(of_links.count() >= reduced, "each came through the gate");
    reduced
}

#[test]
fn consent_no_sequence_of_uses_raises_a_permission() {
    let config = ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(0x11_4b),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let reduced = std::cell::Cell::new(0);
    proptest!(config, |(deeds in proptest::collection::vec(deed(), 4..20))| {
        let counts: Vec<usize> = hosts().iter().map(|host| block_on(play(host, &deeds))).collect();
        prop_assert_eq!(counts[0], counts[1], "both stores say the same");
        reduced.set(reduced.get() + counts[0]);
    });
    println!("{} uses took something back", reduced.get());
    assert!(reduced.get() > 20, "links were used: {}", reduced.get());
}
