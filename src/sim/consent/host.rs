//! How people say it: each act is told until it is heard, and then it must hold.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::deed::{Act, Asks, CODES, How, Means, TEXTS};
use super::fixture::{DECLINED, FAMILIES, PURPOSES, RUNG};
use crate::engine::{Engine, Inbound, Returned};
use crate::error::Error;
use crate::machine::Withdrawal;
use crate::model::{Consent, ConsentStatus, Contact, ContactId, Event, Evidence, Import, ImportRow, InputId};
use crate::rule::bounce::Bounce;
use crate::rule::inbound::Reading;
use crate::sim::fixture::LINES;
use crate::sim::host::{World, address};
use crate::testing::Invariant;

impl World {
    pub(in crate::sim) async fn says(
        self: &Arc<Self>,
        id: String,
        at: DateTime<Utc>,
        person: &str,
        act: Act,
    ) -> Result<(), Error> {
        let told_at = |ago: i64| (ago > 0).then(|| at - TimeDelta::milliseconds(ago));
        match act {
            Act::Rings | Act::Declines => {
                let name = if act == Act::Rings { RUNG } else { DECLINED };
                let event = Event::new(person, name).id(id);
                self.tell(|engine| track(engine, event.clone())).await.map(drop)
            }
            Act::Allows { purpose, line, ago, asked, family, lasts } => {
                let (purpose, line) = (PURPOSES[purpose % PURPOSES.len()], LINES[line % LINES.len()].name);
                let mut evidence = Evidence::new("form", "v1");
                if let Some(asked) = asked {
                    let (request, asked_at) =
                        (format!("{id}/asked"), at - TimeDelta::milliseconds(ago + asked));
                    let consent = Consent::requested(person, purpose, line, Evidence::new("form", "v1"));
                    let consent = consent.at(asked_at).id(request.clone());
                    self.tell(|engine| consents(engine, consent.clone())).await?;
                    evidence = evidence.confirming(request, asked_at);
                    self.truth.seen().count("consent_confirmed");
                }
                if let Some(family) = family {
                    evidence = evidence.of_sale("sale", FAMILIES[family % FAMILIES.len()]);
                    self.truth.seen().count("consent_of_a_sale");
                }
                evidence.valid_until = lasts.map(|lasts| at + TimeDelta::milliseconds(lasts));
                let consent =
                    Consent { at: told_at(ago), ..Consent::granted(person, purpose, line, evidence) };
                self.tells_consent(consent.id(id)).await
            }
            Act::Mentions { purpose, line, imported } => {
                let (purpose, line) = (PURPOSES[purpose % PURPOSES.len()], LINES[line % LINES.len()].name);
                let status = if imported { ConsentStatus::Imported } else { ConsentStatus::Requested };
                self.truth.seen().count(if imported { "consent_imported" } else { "consent_requested" });
                let consent = Consent::of(status, person, purpose, line, Evidence::new("form", "v1")).id(id);
                self.tell(|engine| consents(engine, consent.clone())).await
            }
            Act::Forbids { purpose, line, how, ago } => {
                let purpose = purpose.map(|purpose| PURPOSES[purpose % PURPOSES.len()]);
                let line = line.map(|line| LINES[line % LINES.len()].name);
                self.forbids(id, person, purpose, line, (how, told_at(ago))).await
            }
            Act::Writes { line, text, ago } => {
                let (text, asks) = TEXTS[text % TEXTS.len()];
                self.writes(id, person, LINES[line % LINES.len()].name, text, (asks, told_at(ago))).await
            }
            Act::Returns { line, code, named } => {
                let line = LINES[line % LINES.len()].name;
                self.returns(id, person, line, CODES[code % CODES.len()], named).await
            }
            Act::Looks { nth, how } => self.looks(person, nth, how).await,
            Act::Again => self.comes_again(&id, person).await,
        }
    }

    /// Tells a grant, which must be kept unless its contact was erased.
    pub(in crate::sim) async fn tells_consent(&self, consent: Consent) -> Result<(), Error> {
        self.truth.seen().tells_grant(&consent);
        self.tell(|engine| consents(engine, consent.clone())).await
    }

    async fn forbids(
        &self,
        id: String,
        person: &str,
        purpose: Option<&str>,
        line: Option<&str>,
        (how, at): (How, Option<DateTime<Utc>>),
    ) -> Result<(), Error> {
        let evidence = Evidence::new("page", "v1");
        let mut withdrawal = match how {
            How::Objected => Withdrawal::objection(person, evidence),
            _ => Withdrawal::everything(person, evidence),
        };
        // Who objects, objects to everything.
        let narrow = how != How::Objected;
        if let Some(purpose) = purpose.filter(|_| narrow) {
            withdrawal = withdrawal.for_purpose(purpose);
        }
        if let Some(line) = line.filter(|_| narrow) {
            withdrawal = withdrawal.on_channel(line);
        }
        let act = match how {
            How::Withdrawn => ConsentStatus::Withdrawn,
            How::Refused => ConsentStatus::Refused,
            How::Objected => ConsentStatus::Objected,
            How::Expired => ConsentStatus::Expired,
        };
        let withdrawal = Withdrawal { act, at, ..withdrawal.id(id) };
        let Some(kept) = withdrawal.input_id() else { return Ok(()) };
        self.tell(|engine| withdraw(engine, withdrawal.clone())).await?;
        self.must_be_true(person, "what forbids", |seen| seen.withdrawals.contains(kept.as_bytes()));
        Ok(())
    }

    async fn writes(
        &self,
        id: String,
        person: &str,
        line: &'static str,
        text: &'static str,
        (asks, at): (Asks, Option<DateTime<Utc>>),
    ) -> Result<(), Error> {
        let contact = ContactId::from(person);
        let of_the_stop = format!("inbound.stop/{line}/{id}");
        let stop = InputId::from_act(ConsentStatus::Withdrawn, &contact, [], Some(line), &of_the_stop);
        if asks == Asks::Stop {
            let heard = InputId::from_host("inbound", &contact, &format!("{line}/received/{id}"));
            self.truth.seen().ledger.stops_first.insert(*heard.as_bytes(), *stop.as_bytes());
        }
        let mut inbound = Inbound::new(person, line, text).id(id).from_address(self.has(person, line));
        inbound.at = at;
        let read = self.tell(|engine| receive(engine, inbound.clone())).await;
        let mut seen = self.truth.seen();
        seen.count(match asks {
            Asks::Stop => "wrote_stop",
            Asks::Start => "wrote_start",
            Asks::Nothing => "wrote_something",
        });
        if let Ok(reading) = &read
            && !asks.fits(*reading)
        {
            seen.breach(Invariant::C10, format!("{text:?} is read as {reading:?}"));
        }
        let answered = matches!(read, Ok(_) | Err(Error::Erased { .. }));
        if answered && seen.withdrawals.contains(stop.as_bytes()) != (asks == Asks::Stop) {
            let found = format!("{person} wrote {text:?} by {line}, and that is not what is in force");
            seen.breach(Invariant::C10, found);
        }
        read.map(drop)
    }

    async fn returns(
        &self,
        id: String,
        person: &str,
        line: &'static str,
        (provider, code, means): (&'static str, &'static str, Means),
        named: bool,
    ) -> Result<(), Error> {
        let to = self.has(person, line);
        let mut returned =
            Returned::new(line, provider, format!("{code} <{to}>")).address(to.clone()).id(id.clone());
        if named {
            returned = returned.contact(person);
        }
        let answer = self.tell(|engine| bounced(engine, returned.clone())).await;
        let mut seen = self.truth.seen();
        let erased = matches!(answer, Err(Error::Erased { .. }));
        seen.count(match means {
            _ if erased => "bounced_after_the_erasure",
            Means::Gone => "bounced_for_good",
            Means::Unwanted => "complained",
            Means::Blocked => "blocked",
            Means::Nothing => "bounced_for_now",
        });
        if !matches!(answer, Ok(_) | Err(Error::Erased { .. })) {
            return answer.map(drop);
        }
        // Of an address alone nobody knows whose wish it is, so it is left alone for good.
        let for_good = means == Means::Gone || (means != Means::Nothing && (erased || !named));
        if for_good {
            let order = seen.next_order();
            seen.ledger.ban(line, &to, order);
        }
        let source = match means {
            Means::Unwanted => "complaint",
            Means::Blocked => "provider.block",
            Means::Gone | Means::Nothing => return answer.map(drop),
        };
        let (act, channel) = match means {
            Means::Unwanted => (ConsentStatus::Objected, None),
            _ => (ConsentStatus::Withdrawn, Some(line)),
        };
        let kept = InputId::from_act(act, &person.into(), [], channel, &format!("{source}/{line}/{id}"));
        if named && !erased && !seen.withdrawals.contains(kept.as_bytes()) {
            seen.breach(
                Invariant::C11,
                format!("{code} came back from {person} by {line}, and forbids nothing"),
            );
        }
        answer.map(drop)
    }

    /// The same addresses under another id, with every grant that there is.
    async fn comes_again(&self, id: &str, person: &str) -> Result<(), Error> {
        let again = format!("{person}-again");
        let mut contact = Contact::new(again.as_str());
        for line in LINES {
            contact = contact.address(line.name, self.has(person, line.name));
        }
        let import = Import::new(id).row(ImportRow::new(contact));
        self.tell(|engine| imports(engine, import.clone())).await?;
        for (purpose, line) in [("onboarding", "sms"), ("marketing", "email")] {
            let consent = Consent::granted(again.as_str(), purpose, line, Evidence::new("list", "v1"));
            self.tells_consent(consent.id(format!("{id}/{purpose}"))).await?;
        }
        let event = Event::new(again.as_str(), RUNG).id(id);
        self.tell(|engine| track(engine, event.clone())).await?;
        let erased = self.truth.seen().people.get(person).is_some_and(|person| person.erased.is_some());
        self.truth.seen().count(if erased { "came_again_after_the_erasure" } else { "came_again" });
        Ok(())
    }

    /// The address that a person had last on a line.
    fn has(&self, person: &str, line: &str) -> String {
        let seen = self.truth.seen();
        let known = seen.people.get(person).and_then(|person| person.addresses.get(line));
        let first = || {
            let of = self.scenario.person(person).map_or(person, |person| person.address.as_str());
            address(of, line, false)
        };
        known.cloned().unwrap_or_else(first)
    }
}

// Each call owns its engine, so that a host may repeat it.

async fn consents(engine: Engine, consent: Consent) -> Result<(), Error> {
    engine.consent(consent).await
}

async fn withdraw(engine: Engine, withdrawal: Withdrawal) -> Result<(), Error> {
    engine.withdraw(&withdrawal).await
}

async fn track(engine: Engine, event: Event) -> Result<bool, Error> {
    engine.track(event).await
}

async fn receive(engine: Engine, inbound: Inbound) -> Result<Reading, Error> {
    engine.receive(&inbound).await
}

async fn bounced(engine: Engine, returned: Returned) -> Result<Bounce, Error> {
    engine.bounced(&returned).await
}

async fn imports(engine: Engine, import: Import) -> Result<(), Error> {
    engine.import(import).await.map(drop)
}
