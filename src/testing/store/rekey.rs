//! Addresses whose fingerprint changes with the key of the host.

use super::bench::{
    Answer, Bench, EMAIL, LEA, LEASE, MARKETING, SHARED, SMS, TOM, fingerprint, message, minutes, person,
    sends, stop,
};
use crate::machine::Lift;
use crate::model::{Contact, Event, Fingerprint, FingerprintKey, Message, Name};
use crate::port::store::{Begun, MessageStatus, Suppression};

cases! {
    rekey_carries_a_suppression_over: "What was suppressed under either fingerprint is suppressed for whoever has the other one.",
    rekey_carries_a_denial_over: "What was withdrawn under one fingerprint is denied to whoever has the other one, before and after.",
    rekey_leaves_the_withdrawer_its_grant: "A later grant by who withdrew ends the denial under every fingerprint, and no other grant does.",
    rekey_makes_takers_late: "What was taken before with either fingerprint does not begin, where the other one's row forbade anything.",
    rekey_reaches_what_has_not_begun: "A suppression under the current fingerprint cancels the messages of a contact that has the former one.",
    rekey_goes_on_through_several_keys: "A second change finds what the first one carried over, in whatever order addresses are seen.",
    rekeying_twice_or_back_changes_nothing: "The same call again, or with both turned round, changes nothing.",
    rekey_concerns_its_address_alone: "Other addresses and other channels keep their own rows.",
}

fn under(key: u8, address: &str) -> Fingerprint {
    FingerprintKey::new([key; 32]).fingerprint(EMAIL, address)
}

/// A person whose address is fingerprinted under another key.
fn anew(contact: &str, key: u8, address: &str) -> Contact {
    let mut person = person(contact, EMAIL, address);
    if let Some(known) = person.addresses.get_mut(EMAIL) {
        known.fingerprint = Some(under(key, address));
    }
    person
}

async fn rekey(bench: &Bench, from: u8, to: u8) -> Answer {
    Ok(bench.store.rekey(&EMAIL.into(), under(from, SHARED), under(to, SHARED)).await?)
}

async fn suppress(bench: &Bench, address: Fingerprint, contact: Option<&str>) -> Answer {
    let suppression = Suppression::new(EMAIL.into(), address, contact.map(Into::into), "complaint".into());
    Ok(bench.store.suppress(&suppression).await?)
}

/// Tom, whose address is Léa's under another key, and a message to him.
async fn tom_under(bench: &Bench, key: u8) -> Answer<Message> {
    bench.know(anew(TOM, key, SHARED)).await?;
    let message = message(TOM, 1, bench.now());
    bench.decide(TOM, vec![message.clone()]).await?;
    Ok(message)
}

async fn rekey_carries_a_suppression_over(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 8).await?;
    suppress(&bench, fingerprint(EMAIL, SHARED), None).await?;
    check!(!bench.taken(&tom).await?.suppressed, "two fingerprints are one address before anybody says so");
    rekey(&bench, 7, 8).await?;
    for message in [&tom, &lea] {
        check!(bench.taken(message).await?.suppressed, "{} is not suppressed", message.contact);
    }
    let (email, marketing): (Name, Name) = (EMAIL.into(), MARKETING.into());
    let forbidden = bench.store.forbidden(&TOM.into(), &email, &marketing).await?;
    check!(forbidden.suppressed, "the gate's own answer does not know of it");
    Ok(())
}

async fn rekey_carries_a_denial_over(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 8).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    rekey(&bench, 7, 8).await?;
    check!(bench.taken(&tom).await?.denied, "what was withdrawn before the change is not denied after it");
    bench.know(anew("zoe", 7, "zoe@example.org")).await?;
    bench.know(anew("eve", 8, "zoe@example.org")).await?;
    let eve = message("eve", 1, bench.now());
    bench.decide("eve", vec![eve.clone()]).await?;
    let (former, current) = (under(7, "zoe@example.org"), under(8, "zoe@example.org"));
    bench.store.rekey(&EMAIL.into(), former, current).await?;
    check!(!bench.taken(&eve).await?.denied, "a change denies what nobody withdrew");
    bench.withdraw(&stop("zoe"), "stop").await?;
    check!(bench.taken(&eve).await?.denied, "what is withdrawn after the change is not denied");
    Ok(())
}

async fn rekey_leaves_the_withdrawer_its_grant(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 8).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    rekey(&bench, 7, 8).await?;
    for (contact, lifted) in [(TOM, false), (LEA, true)] {
        let (_, seq) = bench.keep(Event::new(contact, "asked")).await?;
        let mut commit = bench.reading(contact).await?;
        let address = Some(fingerprint(EMAIL, SHARED));
        commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), seq, address }];
        bench.done(commit).await?;
        // Who was handed out beside the one who reads is handed out again.
        bench.clock.advance(LEASE + minutes(1));
        let denied = bench.taken(&tom).await?.denied;
        check!(denied != lifted, "after a grant by {contact}, denied is {denied}");
    }
    Ok(())
}

async fn rekey_makes_takers_late(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 8).await?;
    suppress(&bench, under(7, SHARED), None).await?;
    let late = bench.taken(&tom).await?;
    rekey(&bench, 7, 8).await?;
    check_eq!(bench.begin(sends(&late, "hi")).await?, Begun::Stale, "a begin of what was taken before");
    check!(bench.taken(&lea).await?.suppressed, "the former fingerprint is not suppressed any more");
    Ok(())
}

async fn rekey_reaches_what_has_not_begun(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    rekey(&bench, 7, 8).await?;
    suppress(&bench, under(8, SHARED), Some(LEA)).await?;
    check_eq!(bench.status(&lea).await?, MessageStatus::Cancelled, "the message of who has the former one");
    Ok(())
}

async fn rekey_goes_on_through_several_keys(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 9).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    rekey(&bench, 7, 8).await?;
    check!(!bench.taken(&tom).await?.denied, "a third key is known before anybody says so");
    rekey(&bench, 8, 9).await?;
    check!(bench.taken(&tom).await?.denied, "what the first change carried over is lost by the second");
    bench.clock.advance(minutes(1));
    suppress(&bench, under(7, SHARED), None).await?;
    check!(bench.taken(&tom).await?.suppressed, "the first key's fingerprint is not followed to the third");
    Ok(())
}

async fn rekeying_twice_or_back_changes_nothing(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = tom_under(&bench, 8).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    rekey(&bench, 7, 8).await?;
    let before = format!("{:?}", bench.taken(&tom).await?);
    rekey(&bench, 7, 8).await?;
    rekey(&bench, 8, 7).await?;
    check_eq!(format!("{:?}", bench.taken(&tom).await?), before, "what is taken after a second change");
    suppress(&bench, under(8, SHARED), None).await?;
    check!(bench.taken(&tom).await?.suppressed, "a suppression after the change back is lost");
    check_eq!(bench.status(&lea).await?, MessageStatus::Cancelled, "the withdrawn message");
    Ok(())
}

async fn rekey_concerns_its_address_alone(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    suppress(&bench, under(7, SHARED), None).await?;
    rekey(&bench, 7, 8).await?;
    bench.know(person(TOM, EMAIL, "tom@example.org")).await?;
    let tom = message(TOM, 1, bench.now());
    bench.decide(TOM, vec![tom.clone()]).await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    for other in [&tom, &sms] {
        check!(!bench.taken(other).await?.suppressed, "{} by {} is suppressed", other.contact, other.channel);
    }
    Ok(())
}
