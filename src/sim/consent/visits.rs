//! Links that were handed over, and who looks at them: people, programs, and whoever changes a letter.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fixture::{PURPOSES, is_owed};
use super::judge::{allows, standing};
use super::ledger::What;
use crate::engine::{Engine, EngineBuilder};
use crate::error::Error;
use crate::link::{LinkKeys, Request, Response};
use crate::model::{ContactId, Event, Handover, MessageId, Value};
use crate::sim::fixture::LINES;
use crate::sim::host::World;
use crate::sim::truth::Seen;
use crate::testing::Invariant;

pub(in crate::sim) const BASE: &str = "https://go.example.org/l";
/// How the ids begin of what a provider tells.
const TOLD: &str = "told/";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1";

/// How somebody uses a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sim) enum Look {
    Get,
    Head,
    OneClick,
    /// The button of its page.
    Button,
    /// The button for everything, of the page of preferences.
    Everything,
    /// Asks to be let in again.
    Subscribe,
    /// With one letter changed.
    Forged,
    Click,
    /// A program follows a link.
    Machine,
    /// A scanner follows every link at once.
    Scan,
}

pub(super) const LOOKS: [Look; 12] = [
    Look::Get,
    Look::Head,
    Look::OneClick,
    Look::Button,
    Look::Everything,
    Look::Subscribe,
    Look::Forged,
    Look::Click,
    Look::Click,
    Look::Click,
    Look::Machine,
    Look::Scan,
];

/// The links of one message.
#[derive(Clone)]
pub(super) struct Linked {
    message: MessageId,
    person: String,
    purpose: String,
    channel: String,
    unsubscribe: String,
    preferences: Option<String>,
    clicks: Vec<String>,
}

/// Somebody followed a link of a message by hand, between two instants.
pub(super) struct Followed {
    message: MessageId,
    link: usize,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

/// Gives an engine the keys of its links.
pub(in crate::sim) fn linked(builder: EngineBuilder) -> EngineBuilder {
    match BASE.parse() {
        Ok(base) => builder.links(LinkKeys::new(1, [9; 32]), base),
        Err(_) => builder,
    }
}

impl Seen {
    /// A provider has a message: whoever reads it has its links.
    pub(in crate::sim) fn notes_links(&mut self, handover: &Handover<'_>) {
        let (message, content) = (handover.message, handover.content);
        let Some(unsubscribe) = content.header("List-Unsubscribe") else {
            if &*message.channel == "email" && message.is_said() && !is_owed(&message.purpose) {
                let found = format!("{} has no way out in its head", message.id);
                self.breach(Invariant::C9, found);
            }
            return;
        };
        if self.ledger.linked.iter().any(|linked| linked.message == message.id) {
            return;
        }
        let words = content.text.as_deref().unwrap_or_default().split_whitespace();
        let mut own: Vec<String> =
            words.filter(|word| word.starts_with(BASE)).map(ToOwned::to_owned).collect();
        // The last is that of the preferences.
        let preferences = own.pop();
        self.ledger.linked.push(Linked {
            message: message.id,
            person: message.contact.to_string(),
            purpose: message.purpose.to_string(),
            channel: message.channel.to_string(),
            unsubscribe: unsubscribe.trim_matches(['<', '>']).to_owned(),
            preferences,
            clicks: own,
        });
    }

    /// A message begins whose links are tracked: its contact must allow that.
    pub(in crate::sim) fn tracks(&mut self, id: MessageId, attempt: u32, now: DateTime<Utc>) {
        let Some(message) = self.messages.get(&id).filter(|_| attempt == 1) else { return };
        let allowed = allows(self.ledger.of(&message.person), "tracking", &message.channel, self.order, now);
        let person = message.person.clone();
        self.count("tracked_begin_judged");
        if !allowed {
            self.breach(Invariant::C12, format!("{id} is tracked, and {person} does not allow it"));
        }
    }

    /// A click or an opening became an event.
    pub(super) fn notes_visit(&mut self, event: &Event) {
        if !matches!(&*event.name, "message.clicked" | "message.opened") {
            return;
        }
        let (Some(Value::Text(id)), Some(Value::Integer(link)), Some(at)) =
            (event.properties.get("message"), event.properties.get("link"), event.at)
        else {
            return;
        };
        self.count("click_judged");
        let followed = self.ledger.followed.iter().any(|followed| {
            let then = followed.from <= at && followed.until.is_none_or(|until| until >= at);
            then && followed.message.to_string() == **id && followed.link as i64 == *link
        });
        let message = self.ledger.linked.iter().find(|linked| linked.message.to_string() == **id);
        let channel = message.map_or("email", |linked| linked.channel.as_str());
        let acts = self.ledger.of(event.contact.as_str());
        // What came at the very instant may have come before it or after it.
        let until = |last: &dyn Fn(DateTime<Utc>) -> bool| {
            acts.iter().filter(|told| last(told.received)).map(|told| told.order + 1).max().unwrap_or(0)
        };
        // What a provider tells is asked for when it comes, and not when it happened.
        let told = event.id.as_ref().is_some_and(|id| id.starts_with(TOLD)).then_some(self.order);
        let allowed = [until(&|received| received < at), until(&|received| received <= at)]
            .into_iter()
            .chain(told)
            .any(|before| allows(acts, "tracking", channel, before, at));
        if !followed {
            self.breach(
                Invariant::C12,
                format!("{} is told of {id} at {at}, and no person did it", event.name),
            );
        } else if !allowed {
            let found =
                format!("{} of {id} is kept, and {} did not allow that at {at}", event.name, event.contact);
            self.breach(Invariant::C12, found);
        }
    }

    /// A withdrawal by a link is somebody's who pressed a button.
    pub(super) fn notes_pressed(&mut self, contact: &ContactId, source: &str) {
        if !source.starts_with("link.") {
            return;
        }
        self.count("withdrawn_by_a_link");
        if !self.ledger.posting.contains_key(contact.as_str()) {
            self.breach(
                Invariant::C9,
                format!("{contact} withdrew by {source}, and nobody pressed a button"),
            );
        }
    }

    fn presses(&mut self, person: &str, one_more: bool) {
        let count = self.ledger.posting.get(person).copied().unwrap_or(0);
        match if one_more { count + 1 } else { count.saturating_sub(1) } {
            0 => drop(self.ledger.posting.remove(person)),
            count => drop(self.ledger.posting.insert(person.to_owned(), count)),
        }
    }
}

impl World {
    pub(super) async fn looks(self: &Arc<Self>, person: &str, nth: usize, look: Look) -> Result<(), Error> {
        let own: Vec<Linked> = {
            let seen = self.truth.seen();
            seen.ledger.linked.iter().filter(|linked| linked.person == person).cloned().collect()
        };
        let clicks = matches!(look, Look::Click | Look::Machine | Look::Scan);
        let own: Vec<&Linked> = own.iter().filter(|linked| !clicks || linked.clicks.len() > 1).collect();
        let Some(linked) = own.get(nth % own.len().max(1)) else {
            self.truth.seen().count("nothing_to_look_at");
            return Ok(());
        };
        match look {
            Look::Click | Look::Machine if nth % 7 == 3 => {
                self.hears_of(linked, nth, look == Look::Machine).await
            }
            Look::Get | Look::Head => {
                let method = if look == Look::Get { "GET" } else { "HEAD" };
                self.truth.seen().count("link_looked_at");
                for url in linked.preferences.iter().chain([&linked.unsubscribe]) {
                    self.visits(Request::new(method, url.as_str()).user_agent(PHONE)).await?;
                }
                Ok(())
            }
            Look::OneClick => {
                self.posts(linked, &linked.unsubscribe, "List-Unsubscribe=One-Click", &[]).await
            }
            Look::Button => {
                let pair = (linked.purpose.as_str(), linked.channel.as_str());
                self.posts(linked, &linked.unsubscribe, "confirm=yes", &[pair]).await
            }
            Look::Subscribe => self.posts(linked, &linked.unsubscribe, "sub=yes", &[]).await,
            Look::Everything => {
                let all = PURPOSES.iter().flat_map(|purpose| LINES.map(|line| (*purpose, line.name)));
                let url = linked.preferences.as_ref().unwrap_or(&linked.unsubscribe);
                self.posts(linked, url, "everything=yes", &all.collect::<Vec<_>>()).await
            }
            Look::Forged => {
                let mut letters: Vec<char> = linked.unsubscribe.chars().collect();
                let place = BASE.len() + 1 + nth % (letters.len() - BASE.len() - 1);
                letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
                let url: String = letters.into_iter().collect();
                let request = Request::new("POST", url).body("confirm=yes");
                let status = self.visits(form(request)).await?.status;
                let mut seen = self.truth.seen();
                seen.count("link_forged");
                if status != 404 {
                    seen.breach(Invariant::C9, format!("a forged link is answered {status}"));
                }
                Ok(())
            }
            Look::Click => {
                let link = nth % linked.clicks.len();
                let place = self.follows(linked.message, link);
                self.truth.seen().count("link_followed");
                self.visits(Request::new("GET", linked.clicks[link].as_str()).user_agent(PHONE)).await?;
                self.followed(place);
                Ok(())
            }
            Look::Machine => {
                self.truth.seen().count("link_followed_by_a_program");
                let url = linked.clicks[nth % linked.clicks.len()].as_str();
                let method = if nth.is_multiple_of(2) { "HEAD" } else { "GET" };
                let agent =
                    if nth.is_multiple_of(2) { PHONE } else { "Mozilla/5.0 (compatible; Googlebot/2.1)" };
                self.visits(Request::new(method, url).user_agent(agent)).await.map(drop)
            }
            Look::Scan => self.scans(linked).await,
        }
    }

    /// A provider tells of a click itself, and of a program's says that it is one, or what it is called.
    async fn hears_of(&self, linked: &Linked, nth: usize, by_machine: bool) -> Result<(), Error> {
        let link = nth % linked.clicks.len();
        let place = (!by_machine).then(|| self.follows(linked.message, link));
        let at = {
            let mut seen = self.truth.seen();
            seen.count(if by_machine { "program_told_by_a_provider" } else { "click_told_by_a_provider" });
            seen.now()
        };
        let event = Event::new(linked.person.as_str(), "message.clicked")
            .id(format!("{TOLD}{}/{link}/{nth}", linked.message))
            .at(at)
            .property("message", linked.message.to_string())
            .property("link", link as i64)
            .property("channel", linked.channel.as_str());
        let event = match (by_machine, nth.is_multiple_of(2)) {
            (true, true) => event.property("machine", true),
            (true, false) => event.property("user_agent", "Mozilla/5.0 (compatible; Googlebot/2.1)"),
            (false, _) => event.property("user_agent", PHONE),
        };
        let told = self.tell(|engine| track(engine, event.clone())).await;
        if let Some(place) = place {
            self.followed(place);
        }
        match told {
            Err(Error::Erased { .. }) => Ok(()),
            told => told,
        }
    }

    /// A scanner follows all links at once; where it is interrupted, the first of them may look like a person's.
    async fn scans(&self, linked: &Linked) -> Result<(), Error> {
        let requests: Vec<Request> =
            linked.clicks.iter().map(|url| Request::new("GET", url.as_str()).user_agent(PHONE)).collect();
        let places: Vec<usize> = (0..requests.len()).map(|link| self.follows(linked.message, link)).collect();
        let (from, first) = (self.truth.seen().now(), std::sync::atomic::AtomicU64::new(0));
        let ended = self
            .tell(|engine| {
                first.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                scan(engine, requests.clone())
            })
            .await?;
        let alone = first.load(std::sync::atomic::Ordering::Relaxed) == 1;
        let mut seen = self.truth.seen();
        let at_once = seen.now() - from <= chrono::TimeDelta::milliseconds(1_500);
        let until = seen.now();
        for place in places {
            // Told by one process without a break, it is known for what it is.
            let by_hand = !(ended && alone && at_once);
            let end = if by_hand { until } else { from - chrono::TimeDelta::milliseconds(1) };
            seen.ledger.followed[place].until = Some(end);
        }
        seen.count(if ended && alone && at_once { "links_scanned" } else { "links_scanned_in_part" });
        Ok(())
    }

    /// Presses a button; what was allowed before of all that it names is forbidden then.
    async fn posts(
        &self,
        linked: &Linked,
        url: &str,
        body: &str,
        ends: &[(&str, &str)],
    ) -> Result<(), Error> {
        let person = linked.person.as_str();
        let before = {
            let mut seen = self.truth.seen();
            seen.presses(person, true);
            seen.count("link_pressed");
            seen.order
        };
        let answer = self.visits(form(Request::new("POST", url).user_agent(PHONE).body(body))).await;
        let mut seen = self.truth.seen();
        seen.presses(person, false);
        let status = answer?.status;
        let erased = seen.people.get(person).is_some_and(|person| person.erased.is_some());
        let acts = seen.ledger.of(person);
        let left = ends.iter().find(|(purpose, channel)| {
            let own = |yes: &&super::ledger::Told| {
                yes.order <= before && matches!(yes.what, What::Yes { sold: None, .. })
            };
            standing(acts, purpose, channel, u64::MAX).any(|yes| own(&yes))
        });
        let left = left.map(|(purpose, channel)| format!("{person} still allows {purpose} by {channel}"));
        if status != 200 {
            seen.breach(Invariant::C9, format!("a button is answered {status}"));
        }
        if let Some(found) = left.filter(|_| !erased) {
            seen.breach(Invariant::C9, format!("the button was pressed ({body}), and {found}"));
        }
        Ok(())
    }

    /// Asks some engine until it answers.
    async fn visits(&self, request: Request) -> Result<Response, Error> {
        loop {
            if let Some(response) = self.tell(|engine| visit(engine, request.clone())).await? {
                return Ok(response);
            }
            self.rest(100, 3_000).await;
        }
    }

    fn follows(&self, message: MessageId, link: usize) -> usize {
        let mut seen = self.truth.seen();
        let from = seen.now();
        seen.ledger.followed.push(Followed { message, link, from, until: None });
        seen.ledger.followed.len() - 1
    }

    fn followed(&self, place: usize) {
        let mut seen = self.truth.seen();
        let now = seen.now();
        seen.ledger.followed[place].until = Some(now);
    }
}

fn form(request: Request) -> Request {
    request.content_type("application/x-www-form-urlencoded")
}

async fn track(engine: Engine, event: Event) -> Result<(), Error> {
    engine.track(event).await.map(drop)
}

/// Absent where the store did not answer.
async fn visit(engine: Engine, request: Request) -> Result<Option<Response>, Error> {
    let response = engine.visit(&request).await;
    Ok((response.status < 500).then_some(response))
}

/// Whether all of it was answered.
async fn scan(engine: Engine, requests: Vec<Request>) -> Result<bool, Error> {
    let mut all = true;
    for request in requests {
        all &= engine.visit(&request).await.status < 500;
    }
    Ok(all)
}
