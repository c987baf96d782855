//! Withdrawals and suppressions.

use super::bench::{
    Answer, Bench, EMAIL, LEA, MARKETING, SHARED, SMS, Stop, TOM, call, evidence, fingerprint, id, input_id,
    message, minutes, person, reachable, sends, stop,
};
use crate::machine::{Input, InputKind, Lift, Withdrawal};
use crate::model::{Consent, Contact, Delivery, DeliveryStatus, Event, InputId, Message, MessageId, Reason};
use crate::port::store::{Begun, Committed, MessageStatus, Receipt, Suppression};

cases! {
    withdraw_cancels_what_it_forbids: "The contact's own messages that a withdrawal forbids and that have not begun are cancelled.",
    withdraw_tells_of_what_it_cancels: "The contact is told of each message that was taken back, for an enrollment may wait for it.",
    grant_for_one_address_lifts_no_other: "A grant that is limited to one address leaves the denials of others.",
    withdraw_spares_what_it_does_not_forbid: "Messages of other purposes and channels stay, and may begin.",
    withdraw_leaves_what_has_begun: "A message that has begun stays in flight, and settles.",
    withdraw_denies_before_the_mail_is_read: "A message decided by a worker that has not read the withdrawal is denied.",
    withdraw_denies_a_retry: "A message that began before the withdrawal and is tried again after it is denied.",
    withdraw_denies_the_contact_itself: "A withdrawal holds for an address that the contact is given afterwards.",
    withdraw_denies_another_contact_with_the_same_address: "Another contact's message to the same address is denied, not cancelled.",
    withdraw_counts_addresses_of_unread_mail: "An address that stands in mail not yet read is denied too.",
    withdraw_concerns_its_channel_alone: "A withdrawal on one channel denies nothing at the contact's other addresses.",
    withdraw_reaches_the_mailbox: "A withdrawal is an input of the contact's, under its id.",
    withdraw_with_a_seen_id_changes_nothing: "The same withdrawal told again, after a later grant, denies nothing anew.",
    grant_after_withdraw_lifts_it: "A later grant by who withdrew ends the denial, for all who share the address.",
    grant_before_withdraw_lifts_nothing: "A grant that stands before the withdrawal in the mailbox leaves the denial, whenever it is read.",
    grant_after_withdraw_lifts_for_the_withdrawing_contact_only: "A grant by another contact with the address lifts nothing.",
    grant_lifts_its_purpose_alone: "After everything was withdrawn, a grant lifts one purpose on one channel.",
    suppress_holds_for_whoever_has_the_address: "Every message to a suppressed address says so, whoever the contact is.",
    suppress_cancels_and_tells_its_contact: "Where the contact is named, its messages there are cancelled and its mailbox is told.",
    suppressing_twice_is_one_input: "The same suppression of the same contact is told once.",
    what_the_contact_forbids_spares_calls: "A call says nothing to the contact: a withdrawal and a suppression take none back.",
    forbidden_says_what_take_says: "What the gate forbids is said without a message too: as take says it, of the contact and of its address.",
    what_must_be_permitted_is_kept_only_where_the_gate_allows_it: "An input that must be permitted is denied from the withdrawal on, and kept again after a grant.",
    suppress_outlives_the_contact: "A suppression holds for a contact that is made after the first one was erased.",
}

async fn withdraw_cancels_what_it_forbids(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    bench.withdraw(&Withdrawal::everything(LEA, evidence()), "stop").await?;
    for message in [&email, &sms] {
        check_eq!(
            bench.status(message).await?,
            MessageStatus::Cancelled,
            "a message that a withdrawal forbids"
        );
    }
    check_eq!(bench.offered().await?, [] as [MessageId; 0], "the messages that are offered");
    Ok(())
}

async fn what_must_be_permitted_is_kept_only_where_the_gate_allows_it(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let opened = |id: &str| Input::from(Event::new(LEA, "opened").id(id)).permitted(EMAIL, MARKETING);
    let is_kept = |receipts: &[Receipt]| matches!(receipts, [Receipt::Kept { .. }]);
    check!(is_kept(&bench.append(&[opened("a")]).await?), "nothing is denied yet");
    bench.withdraw(&stop(LEA), "stop").await?;
    let before = bench.mail(LEA).await?.len();
    check_eq!(bench.append(&[opened("b")]).await?, [Receipt::Denied], "the receipt of what is denied");
    check_eq!(bench.mail(LEA).await?.len(), before, "the number of inputs that are kept");
    check!(
        is_kept(&bench.append(&[Input::from(Event::new(LEA, "opened"))]).await?),
        "nothing is asked of others"
    );
    let elsewhere = Input::from(Event::new(LEA, "opened")).permitted(SMS, MARKETING);
    check!(is_kept(&bench.append(&[elsewhere]).await?), "another channel");
    let stranger = Input::from(Event::new(TOM, "opened")).permitted(EMAIL, MARKETING);
    check!(is_kept(&bench.append(&[stranger]).await?), "of somebody new the gate knows nothing");
    // What was denied was not seen: after a grant it is kept under the same id.
    let mut commit = bench.reading(LEA).await?;
    let seq = commit.read_seq;
    commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq }];
    bench.done(commit).await?;
    check!(is_kept(&bench.append(&[opened("b")]).await?), "allowed again");
    Ok(())
}

async fn withdraw_spares_what_it_does_not_forbid(bench: Bench) -> Answer {
    let forbidden = bench.lea_with_a_message().await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    let receipt = Message { purpose: "receipts".into(), ..message(LEA, 3, bench.now()) };
    bench.decide(LEA, vec![sms.clone(), receipt.clone()]).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    check_eq!(bench.status(&forbidden).await?, MessageStatus::Cancelled, "the message that is forbidden");
    for message in [&sms, &receipt] {
        let taken = bench.taken(message).await?;
        check!(!taken.denied, "a message of purpose {} on {} is denied", message.purpose, message.channel);
        bench.begun(message, "hi").await?;
    }
    Ok(())
}

async fn withdraw_leaves_what_has_begun(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    check_eq!(bench.store.in_flight(&id(LEA)).await?.len(), 1, "how many messages are in flight");
    bench.settle(&message, attempt, DeliveryStatus::Accepted).await?;
    check_eq!(bench.status(&message).await?, MessageStatus::Accepted, "the message once it is settled");
    Ok(())
}

async fn withdraw_denies_before_the_mail_is_read(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let late = message(LEA, 2, bench.now());
    bench.keep(Event::new(LEA, "visited")).await?;
    let mut commit = bench.reading(LEA).await?;
    commit.messages = vec![late.clone()];
    bench.withdraw(&stop(LEA), "stop").await?;
    // A store may refuse the worker that came too late; then it decides again, as if it still had not read.
    if bench.commit(vec![commit]).await? != [Committed::Done] {
        bench.decide(LEA, vec![late.clone()]).await?;
    }
    check!(bench.taken(&late).await?.denied, "a withdrawal that nobody has read yet does not deny");
    Ok(())
}

async fn withdraw_denies_a_retry(bench: Bench) -> Answer {
    let message = bench.lea_with_a_message().await?;
    let attempt = bench.begun(&message, "hi").await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    bench.settle(&message, attempt, DeliveryStatus::Retry { at: bench.now() }).await?;
    let clean = bench.take().await?.into_iter().any(|taken| taken.message.id == message.id && !taken.denied);
    check!(!clean, "a message that is tried again after the withdrawal is offered as if nothing denied it");
    Ok(())
}

async fn withdraw_denies_the_contact_itself(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    bench.know(person(LEA, EMAIL, "new@example.org")).await?;
    let late = message(LEA, 2, bench.now());
    bench.decide(LEA, vec![late.clone()]).await?;
    check!(bench.taken(&late).await?.denied, "a new address lifts the contact's withdrawal");
    Ok(())
}

async fn withdraw_denies_another_contact_with_the_same_address(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let taken = bench.taken(&tom).await?;
    check!(!taken.denied, "a message is denied before anybody withdrew");
    bench.withdraw(&stop(LEA), "stop").await?;
    check_eq!(bench.begin(sends(&taken, "hi")).await?, Begun::Stale, "the answer for who shares the address");
    check_eq!(bench.status(&tom).await?, MessageStatus::Pending, "the message of who shares the address");
    let again = bench.taken(&tom).await?;
    check!(again.denied, "the withdrawal does not deny who shares the address");
    check!(!again.suppressed, "a withdrawal is not a suppression");
    Ok(())
}

async fn withdraw_counts_addresses_of_unread_mail(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let old = bench.tom_with_a_message().await?;
    bench.know(person("ann", EMAIL, "new@example.org")).await?;
    let new = message("ann", 1, bench.now());
    bench.decide("ann", vec![new.clone()]).await?;
    bench.keep(person(LEA, EMAIL, "new@example.org")).await?;
    let taken = bench.taken(&new).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    check_eq!(
        bench.begin(sends(&taken, "hi")).await?,
        Begun::Stale,
        "the answer for the address of unread mail"
    );
    check!(bench.taken(&new).await?.denied, "an address that stands in unread mail is not denied");
    check!(bench.taken(&old).await?.denied, "the address that is committed is not denied");
    Ok(())
}

async fn withdraw_concerns_its_channel_alone(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.withdraw(&Withdrawal::everything(LEA, evidence()).on_channel(SMS), "stop").await?;
    for message in [&email, &tom] {
        check!(!bench.taken(message).await?.denied, "a withdrawal of SMS denies an email");
    }
    Ok(())
}

async fn withdraw_reaches_the_mailbox(bench: Bench) -> Answer {
    bench.know_lea().await?;
    let withdrawal = stop(LEA).for_purpose("news");
    bench.withdraw(&withdrawal, "stop").await?;
    let (work, _) = bench.work(LEA).await?;
    let found: Vec<_> = work.envelopes.iter().map(|envelope| (envelope.id, &envelope.kind)).collect();
    check_eq!(found, [(input_id(LEA, "stop"), &InputKind::Withdrawal(withdrawal))], "the unread mail");
    check_eq!(work.envelopes[0].received_at, bench.now(), "when it was received");
    Ok(())
}

/// Tells and commits a grant of marketing emails, with messages of the same commit.
async fn grant(bench: &Bench, contact: &str, messages: Vec<Message>) -> Answer {
    let (_, seq) = bench.keep(Consent::granted(contact, MARKETING, EMAIL, evidence())).await?;
    let mut commit = bench.reading(contact).await?;
    commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq }];
    commit.messages = messages;
    bench.done(commit).await
}

async fn withdraw_with_a_seen_id_changes_nothing(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let later = message(LEA, 2, bench.now());
    grant(&bench, LEA, vec![later.clone()]).await?;
    let taken = bench.taken(&later).await?;
    check!(!taken.denied, "a later grant does not lift the withdrawal");
    let mail = bench.mail(LEA).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    check_eq!(bench.mail(LEA).await?, mail, "the mail after the same withdrawal again");
    check!(!bench.taken(&later).await?.denied, "a withdrawal that was told before denies anew");
    check!(matches!(bench.begin(sends(&taken, "hi")).await?, Begun::Begun { .. }), "it bumped an epoch");
    Ok(())
}

async fn grant_after_withdraw_lifts_it(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let lea = message(LEA, 2, bench.now());
    bench.decide(LEA, vec![lea.clone()]).await?;
    for message in [&lea, &tom] {
        check!(bench.taken(message).await?.denied, "a message to {} is not denied", message.contact);
    }
    bench.clock.advance(minutes(1));
    grant(&bench, LEA, Vec::new()).await?;
    for message in [&lea, &tom] {
        check!(!bench.taken(message).await?.denied, "a message to {} is still denied", message.contact);
        bench.begun(message, "hi").await?;
    }
    bench.withdraw(&stop(LEA), "stop again").await?;
    let last = message(TOM, 2, bench.now());
    bench.decide(TOM, vec![last.clone()]).await?;
    check!(bench.taken(&last).await?.denied, "a withdrawal after a grant does not deny");
    Ok(())
}

async fn grant_before_withdraw_lifts_nothing(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let (_, seq) = bench.keep(Consent::granted(LEA, MARKETING, EMAIL, evidence())).await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let late = message(LEA, 2, bench.now());
    let mut commit = bench.reading(LEA).await?;
    commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address: None, seq }];
    commit.messages = vec![late.clone()];
    bench.done(commit).await?;
    check!(bench.taken(&late).await?.denied, "a grant from before the withdrawal lifts it");
    Ok(())
}

async fn grant_after_withdraw_lifts_for_the_withdrawing_contact_only(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let lea = message(LEA, 2, bench.now());
    bench.decide(LEA, vec![lea.clone()]).await?;
    grant(&bench, TOM, Vec::new()).await?;
    for message in [&lea, &tom] {
        check!(
            bench.taken(message).await?.denied,
            "Tom's grant lifts what Léa withdrew, for {}",
            message.contact
        );
    }
    bench.withdraw(&stop(TOM), "stop").await?;
    grant(&bench, LEA, Vec::new()).await?;
    check!(bench.taken(&lea).await?.denied, "Léa's grant lifts what Tom withdrew");
    Ok(())
}

async fn grant_lifts_its_purpose_alone(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.withdraw(&Withdrawal::everything(LEA, evidence()), "stop").await?;
    let granted = message(LEA, 1, bench.now());
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    let news = Message { purpose: "news".into(), ..message(LEA, 3, bench.now()) };
    grant(&bench, LEA, vec![granted.clone(), sms.clone(), news.clone()]).await?;
    for (message, denied) in [(&granted, false), (&sms, true), (&news, true)] {
        let found = bench.taken(message).await?.denied;
        check!(found == denied, "{} on {}: denied is {found}", message.purpose, message.channel);
    }
    Ok(())
}

fn suppression(contact: Option<&str>) -> Suppression {
    Suppression::new(EMAIL.into(), fingerprint(EMAIL, SHARED), contact.map(id), "complaint".into())
}

async fn suppress_holds_for_whoever_has_the_address(bench: Bench) -> Answer {
    let lea = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.know(person("ann", EMAIL, "ann@example.org")).await?;
    let ann = message("ann", 1, bench.now());
    bench.decide("ann", vec![ann.clone()]).await?;
    bench.store.suppress(&suppression(None)).await?;
    for (message, expected) in [(&lea, true), (&tom, true), (&ann, false)] {
        let found = bench.taken(message).await?.suppressed;
        check!(found == expected, "a message to {}: suppressed is {found}", message.contact);
    }
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    check!(!bench.taken(&sms).await?.suppressed, "an email address that is suppressed suppresses an SMS");
    Ok(())
}

async fn suppress_cancels_and_tells_its_contact(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    let sms = Message { channel: SMS.into(), ..message(LEA, 2, bench.now()) };
    bench.decide(LEA, vec![sms.clone()]).await?;
    let suppression = suppression(Some(LEA));
    bench.store.suppress(&suppression).await?;
    check_eq!(bench.status(&email).await?, MessageStatus::Cancelled, "the contact's message to the address");
    for message in [&tom, &sms] {
        check_eq!(
            bench.status(message).await?,
            MessageStatus::Pending,
            "a message that is not the contact's there"
        );
    }
    let (work, _) = bench.work(LEA).await?;
    let found: Vec<_> = work.envelopes.iter().map(|envelope| (envelope.id, envelope.kind.clone())).collect();
    let told = InputKind::Suppression { channel: EMAIL.into(), address: fingerprint(EMAIL, SHARED) };
    let answer = refusal(&email, Reason::Suppressed, &bench);
    check_eq!(found, [(suppression.input_id(&id(LEA)), told), answer], "the unread mail");
    Ok(())
}

async fn what_the_contact_forbids_spares_calls(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    let asked = call(LEA, 2, bench.now());
    bench.decide(LEA, vec![asked.clone()]).await?;
    bench.withdraw(&Withdrawal::everything(LEA, evidence()), "stop").await?;
    bench.store.suppress(&suppression(Some(LEA))).await?;
    check_eq!(bench.status(&email).await?, MessageStatus::Cancelled, "the message");
    check_eq!(bench.status(&asked).await?, MessageStatus::Pending, "the call");
    let taken = bench.taken(&asked).await?;
    check_eq!(taken.message, asked, "the call as it is handed out");
    bench.begun(&asked, "").await?;
    Ok(())
}

/// What a contact is told of a message that the gate took back.
fn refusal(message: &Message, reason: Reason, bench: &Bench) -> (InputId, InputKind) {
    let status = DeliveryStatus::Refused { reasons: vec![reason] };
    let delivery = Delivery::new(message.id, 0, bench.now(), status).about(message);
    (InputId::from_attempt(message.id, 1), InputKind::Delivery(delivery))
}

async fn withdraw_tells_of_what_it_cancels(bench: Bench) -> Answer {
    let email = bench.lea_with_a_message().await?;
    bench.withdraw(&Withdrawal::everything(LEA, evidence()), "stop").await?;
    let (work, _) = bench.work(LEA).await?;
    let found: Vec<_> =
        work.envelopes.iter().skip(1).map(|envelope| (envelope.id, envelope.kind.clone())).collect();
    check_eq!(found, [refusal(&email, Reason::Withdrawn, &bench)], "the mail after the withdrawal itself");
    Ok(())
}

async fn grant_for_one_address_lifts_no_other(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    bench.withdraw(&stop(LEA), "stop").await?;
    let (_, seq) = bench.keep(crate::model::Event::new(LEA, "granted")).await?;
    let mut commit = bench.reading(LEA).await?;
    let address = Some(fingerprint(EMAIL, "another@example.org"));
    commit.lifts = vec![Lift { channel: EMAIL.into(), purpose: MARKETING.into(), address, seq }];
    bench.done(commit).await?;
    check!(bench.taken(&tom).await?.denied, "a grant for another address lifted the denial of a shared one");
    Ok(())
}

async fn suppressing_twice_is_one_input(bench: Bench) -> Answer {
    bench.know_lea().await?;
    bench.store.suppress(&suppression(Some(LEA))).await?;
    let mail = bench.mail(LEA).await?;
    bench.store.suppress(&suppression(Some(LEA))).await?;
    check_eq!(bench.mail(LEA).await?, mail, "the mail after the same suppression again");
    Ok(())
}

/// What the gate answers for a contact's marketing email.
async fn asked(bench: &Bench, contact: &str) -> Answer<(bool, bool)> {
    let forbidden = bench.store.forbidden(&id(contact), &EMAIL.into(), &MARKETING.into()).await?;
    Ok((forbidden.denied, forbidden.suppressed))
}

async fn forbidden_says_what_take_says(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    let tom = bench.tom_with_a_message().await?;
    check_eq!(asked(&bench, "nobody").await?, (false, false), "what is forbidden of somebody unknown");
    check_eq!(asked(&bench, LEA).await?, (false, false), "what is forbidden before anything was said");
    bench.withdraw(&stop(LEA), "stop").await?;
    for contact in [LEA, TOM] {
        check_eq!(
            asked(&bench, contact).await?,
            (true, false),
            "what a withdrawal at a shared address forbids"
        );
    }
    let other = bench.store.forbidden(&id(LEA), &EMAIL.into(), &"receipts".into()).await?;
    check!(!other.denied, "a withdrawal of {MARKETING} forbids receipts");
    let sms = bench.store.forbidden(&id(LEA), &SMS.into(), &MARKETING.into()).await?;
    check!(!sms.denied, "a withdrawal by email forbids sms");
    bench.store.suppress(&suppression(None)).await?;
    check_eq!(asked(&bench, TOM).await?, (true, true), "what is forbidden once the address is suppressed");
    let taken = bench.taken(&tom).await?;
    check_eq!((taken.denied, taken.suppressed), asked(&bench, TOM).await?, "what take says");
    Ok(())
}

async fn suppress_outlives_the_contact(bench: Bench) -> Answer {
    bench.lea_with_a_message().await?;
    bench.store.suppress(&suppression(Some(LEA))).await?;
    if !bench.store.erase(&id(LEA)).await? {
        return Err(Stop::failed("a contact that is known is erased as if it were not"));
    }
    bench.know(reachable(Contact::new("ann"), EMAIL, SHARED)).await?;
    let ann = message("ann", 1, bench.now());
    bench.decide("ann", vec![ann.clone()]).await?;
    check!(bench.taken(&ann).await?.suppressed, "the suppression went with the contact");
    Ok(())
}
