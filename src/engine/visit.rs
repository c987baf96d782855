//! Who follows a link: the page, the withdrawal, the way on. Looking changes nothing that a contact allows.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::error::{Error, StoreError};
use crate::link::page::{self, Language};
use crate::link::{
    Bursts, Extent, MOST_BODY, Request, Response, Said, Stance, TRACKING, Token, Verdict, Visit, Waiting,
    leads_on,
};
use crate::machine::{Input, InputKind, Withdrawal};
use crate::model::{
    Consent, ConsentStatus, Contact, ContactId, Event, Evidence, Fingerprint, Hash, How, MessageId, Name,
};
use crate::port::store::{MessageRecord, MessageStatus, Receipt};
use crate::seeded::{Bug, is_on};

/// The version of the words on the pages, as the evidence of a withdrawal names it.
const WORDING: &str = "link-pages-2026-11";
/// The largest number that a store keeps.
const LAST: u64 = u64::MAX >> 1;

/// What is known of the contact behind a link.
struct Known {
    contact: Option<Contact>,
    erased: bool,
    /// Everything that it said, in order; what was not read yet comes last.
    said: Vec<Said>,
    /// How many consent records it has.
    length: u64,
    /// The place of the newest grant that was not read yet, by its scope.
    unread: Vec<(Said, u64)>,
    /// What lies unread of which nobody can say yet what it comes to, by its channel, with its place.
    unsettled: Vec<(Option<Name>, u64)>,
}

impl Known {
    fn language(&self) -> Language {
        Language::of(self.contact.as_ref().and_then(|contact| contact.locale.as_deref()))
    }

    /// Whether a link went to where the contact is reached now; whoever reads another mailbox learns nothing.
    fn is_reached_at(&self, channel: &str, address: Option<Fingerprint>) -> bool {
        let now = self.contact.as_ref().and_then(|contact| contact.addresses.get(channel)?.fingerprint);
        address.is_some() && now == address
    }

    /// What is allowed, as far as a link can take it back.
    fn allowed(&self) -> Vec<(&Name, &Name)> {
        let granted = self.said.iter().filter(|said| said.granted);
        let mut pairs: Vec<_> =
            granted.filter_map(|said| Some((said.purpose.as_ref()?, said.channel.as_ref()?))).collect();
        pairs.sort();
        pairs.dedup();
        pairs
            .retain(|(purpose, channel)| Extent::of(purpose, channel).stance(&self.said, 0) != Stance::Ended);
        pairs
    }

    /// Whether nothing is left of a scope, for certain.
    fn has_ended(&self, extent: &Extent, epoch: u64) -> bool {
        self.erased
            || (extent.stance(&self.said, epoch) == Stance::Ended && self.open(extent).next().is_none())
    }

    /// The places of what may still open a scope again.
    fn open(&self, extent: &Extent) -> impl Iterator<Item = u64> {
        let meets = |channel: &Option<Name>| {
            channel.is_none() || extent.channel.is_none() || *channel == extent.channel
        };
        self.unsettled.iter().filter(move |(channel, _)| meets(channel)).map(|(_, seq)| *seq)
    }

    /// Withdrawing one thing twice is one withdrawal, until something was said in between.
    fn id(&self, contact: &ContactId, extent: &Extent) -> String {
        let granted = self.unread.iter().filter(|(said, _)| extent.contains(said)).map(|(_, seq)| *seq);
        let newest = granted.chain(self.open(extent)).max();
        let name = |name: &Option<Name>| name.clone().unwrap_or_else(|| "".into());
        let (purpose, channel) = (name(&extent.purpose), name(&extent.channel));
        let named = [u8::from(extent.purpose.is_some()), u8::from(extent.channel.is_some())];
        let parts: [&[u8]; 6] = [
            contact.as_str().as_bytes(),
            &named,
            purpose.as_bytes(),
            channel.as_bytes(),
            &self.length.to_le_bytes(),
            &newest.unwrap_or(0).to_le_bytes(),
        ];
        format!("link-{}", Hash::of("link withdrawal", &parts))
    }
}

impl Engine {
    /// Answers whoever follows a link of a message.
    ///
    /// GET and HEAD change nothing that a contact allows: a scanner may follow every link. POST withdraws, at once and
    /// through the gate ([`withdraw`](Engine::withdraw)); asking again changes nothing more. An unsubscribe link from before a
    /// later grant still withdraws by the button of its page, and not by one click alone. What no key of the host signed is
    /// answered 404, without a look into the store; when the store fails, 503, and nothing was changed.
    ///
    /// A click or an opening becomes the event `message.clicked` or `message.opened` of the contact, once for each link of a
    /// message, with `message`, `journey`, `template`, and for a click `link` and `url`. It does so two seconds later, at a
    /// tick or a visit, so that a scanner that follows every link is known by then; and only where the contact allows
    /// [`TRACKING`] on the channel at that instant. The event keeps the instant of the visit.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # futures::executor::block_on(async {
    /// use journeyman::link::Request;
    /// # let engine = journeyman::Engine::builder(Arc::new(journeyman::store::MemoryStore::new())).build();
    /// let forged = engine.visit(&Request::new("POST", "/l/AQEBAAAA")).await;
    /// assert_eq!(forged.status, 404);
    /// # });
    /// ```
    pub async fn visit(&self, request: &Request) -> Response {
        let Some(links) = &self.shared.links else { return page::unknown() };
        let Some(token) = links.keys.verify(request.token()) else {
            return answered(request, page::unknown());
        };
        if request.body.len() > MOST_BODY {
            return page::too_large();
        }
        let (read, changes) = match request.method.as_str() {
            "GET" | "HEAD" => (true, is_on(Bug::LooksWithdraw)),
            "POST" => (false, true),
            _ => (false, false),
        };
        let token = match self.meant_by(token).await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(%error, "a visit was not answered");
                return answered(request, page::later());
            }
        };
        let response = match token {
            Token::Unsubscribe { contact, purpose, channel, address, epoch } if read || changes => {
                let extent = Extent::of(&purpose, &channel);
                let from = address.map(|address| (channel, address));
                self.visit_unsubscribe(request, &contact, &extent, (epoch, from), changes).await
            }
            Token::Preferences { contact, channel, address } if read || changes => {
                self.visit_preferences(request, &contact, &channel, address, changes).await
            }
            Token::Click { message, link } if read => self.visit_link(request, message, link).await,
            Token::Open { message } if read => self.visit_picture(request, message).await,
            Token::Click { .. } | Token::Open { .. } => Ok(page::refused("GET, HEAD")),
            Token::Unsubscribe { .. } | Token::Preferences { .. } => Ok(page::refused("GET, HEAD, POST")),
        };
        let response = response.unwrap_or_else(|error| {
            tracing::warn!(%error, "a visit was not answered");
            page::later()
        });
        answered(request, response)
    }

    /// A link of somebody who was merged into another contact is one of that contact: it always withdraws, for what that
    /// contact said since then has other places.
    async fn meant_by(&self, token: Token) -> Result<Token, StoreError> {
        let store = &self.shared.store;
        Ok(match token {
            Token::Unsubscribe { contact, purpose, channel, address, epoch } => {
                let heir = store.alias(&contact).await?;
                let epoch = if heir.is_some() { u64::MAX } else { epoch };
                Token::Unsubscribe { contact: heir.unwrap_or(contact), purpose, channel, address, epoch }
            }
            Token::Preferences { contact, channel, address } => {
                let contact = self.meant(&contact).await?;
                Token::Preferences { contact, channel, address }
            }
            other => other,
        })
    }

    async fn visit_unsubscribe(
        &self,
        request: &Request,
        contact: &ContactId,
        extent: &Extent,
        (epoch, from): (u64, Option<(Name, Fingerprint)>),
        changes: bool,
    ) -> Result<Response, Error> {
        let known = self.known_of(contact).await?;
        let language = known.language();
        let (purpose, channel) =
            (extent.purpose.as_deref().unwrap_or_default(), extent.channel.as_deref().unwrap_or_default());
        let fields = if changes { request.fields() } else { Vec::new() };
        let has = |name: &str| fields.iter().any(|(own, value)| own == name && value == "yes");
        if changes && has("everything") {
            self.take_back(contact, &known, &Extent::default(), from, How::Button).await?;
            return Ok(page::ended(language));
        }
        if has("sub") && is_on(Bug::LinkGivesBack) {
            let pair = extent.purpose.clone().zip(extent.channel.clone());
            let consent = pair.map(|(purpose, channel)| {
                Consent::granted(contact, purpose, channel, Evidence::new("link.page", WORDING))
            });
            self.append(consent.into_iter().map(Into::into).collect()).await?;
        }
        let stance = extent.stance(&known.said, epoch);
        match stance {
            _ if known.has_ended(extent, epoch) => Ok(page::ended(language)),
            _ if !changes => Ok(page::ask(language, purpose, channel, stance == Stance::Again)),
            // A program that posts by itself does not know of the later wish; a person has read of it.
            Stance::Again if !has("confirm") => Ok(page::ask(language, purpose, channel, true)),
            _ => {
                let how = if has("confirm") { How::Button } else { How::OneClick };
                self.take_back(contact, &known, extent, from, how).await?;
                Ok(page::ended(language))
            }
        }
    }

    async fn visit_preferences(
        &self,
        request: &Request,
        contact: &ContactId,
        channel: &str,
        address: Option<Fingerprint>,
        changes: bool,
    ) -> Result<Response, Error> {
        let mut known = self.known_of(contact).await?;
        if changes {
            let fields = request.fields();
            let field = |name: &str| {
                let mut values =
                    fields.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
                values.next().unwrap_or_default()
            };
            let chosen = known.allowed().into_iter();
            let mut chosen = chosen.filter(|(purpose, channel)| {
                ***purpose == *field("purpose") && ***channel == *field("channel")
            });
            let extent = match chosen.next() {
                _ if field("everything") == "yes" => Some(Extent::default()),
                chosen => chosen.map(|(purpose, channel)| Extent::of(purpose, channel)),
            };
            if let Some(extent) = extent {
                let from = address.map(|address| (channel.into(), address));
                self.take_back(contact, &known, &extent, from, How::Preferences).await?;
                known = self.known_of(contact).await?;
            }
        }
        let is_own = !known.erased && known.is_reached_at(channel, address);
        let allowed = known.allowed().into_iter().filter(|_| is_own);
        Ok(page::preferences(known.language(), allowed.map(|(purpose, channel)| (&**purpose, &**channel))))
    }

    /// Withdraws, unless nothing is left of it.
    async fn take_back(
        &self,
        contact: &ContactId,
        known: &Known,
        extent: &Extent,
        from: Option<(Name, Fingerprint)>,
        how: How,
    ) -> Result<(), Error> {
        if known.has_ended(extent, u64::MAX) {
            return Ok(());
        }
        // One click shows no page, and so no language.
        let evidence = match how {
            How::OneClick => Evidence::new("link.one_click", WORDING),
            _ => Evidence::new("link.page", WORDING).in_language(known.language().tag()),
        };
        let evidence = evidence.by(how);
        let mut withdrawal = Withdrawal::everything(contact, evidence).id(known.id(contact, extent));
        withdrawal.channel.clone_from(&extent.channel);
        withdrawal.purposes.extend(extent.purpose.clone());
        // The mailbox that it was sent to is left alone too, whoever has it now.
        withdrawal.from = from;
        self.forbid_at_once(&withdrawal).await
    }

    async fn known_of(&self, contact: &ContactId) -> Result<Known, StoreError> {
        let store = &self.shared.store;
        // Before the chain: what is read meanwhile then stands in both, and never in neither.
        let stored = store.contact(contact).await?;
        let records = store.consents(contact).await?;
        let mut said: Vec<Said> = records.iter().filter_map(Said::of).collect();
        let length = records.last().map_or(0, |record| record.seq);
        let Some(stored) = stored else {
            return Ok(Known {
                contact: None,
                erased: false,
                said,
                length,
                unread: Vec::new(),
                unsettled: Vec::new(),
            });
        };
        // Where an act came late, the order of the chain is not that of the wishes: what is allowed now is the contact's fold.
        let cold = &stored.state.cold;
        for (purpose, channel, _) in cold.standing.standing() {
            let extent = Extent::of(purpose, channel);
            if extent.stance(&said, u64::MAX) == Stance::Ended {
                let seq =
                    said.iter().filter(|said| said.granted && extent.contains(said)).map(|said| said.seq);
                let (purpose, channel, seq) = (extent.purpose.clone(), extent.channel.clone(), seq.max());
                said.push(Said { granted: true, purpose, channel, seq: seq.unwrap_or(0) });
            }
        }
        let (mut unread, mut unsettled) = (Vec::new(), Vec::new());
        for envelope in store.inputs(contact, stored.read_seq, LAST).await? {
            let mut add = |granted: bool, purpose: Option<Name>, channel: Option<Name>| {
                let new = Said { granted, purpose, channel, seq: u64::MAX };
                if granted {
                    unread.push((new.clone(), envelope.seq));
                }
                said.push(new);
            };
            match &envelope.kind {
                InputKind::Consent(consent) if consent.status == ConsentStatus::Granted => {
                    add(true, Some(consent.purpose.clone()), Some(consent.channel.clone()));
                }
                InputKind::Restore { channel, .. } => unsettled.push((Some(channel.clone()), envelope.seq)),
                InputKind::Withdrawal(late) if late.at.is_some() => {
                    unsettled.push((late.channel.clone(), envelope.seq));
                }
                InputKind::Withdrawal(withdrawal) if withdrawal.purposes.is_empty() => {
                    add(false, None, withdrawal.channel.clone());
                }
                InputKind::Withdrawal(withdrawal) => {
                    for purpose in &withdrawal.purposes {
                        add(false, Some(purpose.clone()), withdrawal.channel.clone());
                    }
                }
                _ => {}
            }
        }
        let contact = (!stored.erased).then(|| cold.contact.clone());
        Ok(Known { contact, erased: stored.erased, said, length, unread, unsettled })
    }

    async fn visit_link(&self, request: &Request, message: MessageId, link: u16) -> Result<Response, Error> {
        let Some(record) = self.shared.store.message(message).await? else { return Ok(page::unknown()) };
        let links = record.content.as_ref().map_or(&[][..], |content| &content.links);
        let destination = links.get(usize::from(link)).filter(|url| leads_on(url));
        let Some(onward) = destination.and_then(|url| Response::onward(url)) else {
            return Ok(page::unknown());
        };
        let links = links.len();
        self.notice(request, &record, Some(link), links).await;
        Ok(onward)
    }

    async fn visit_picture(&self, request: &Request, message: MessageId) -> Result<Response, Error> {
        if let Some(record) = self.shared.store.message(message).await? {
            let links = record.content.as_ref().map_or(0, |content| content.links.len());
            self.notice(request, &record, None, links).await;
        }
        Ok(Response::picture())
    }

    /// Judges a visit, and lets it wait. Whoever follows a link is led on whatever becomes of this.
    async fn notice(&self, request: &Request, record: &MessageRecord, link: Option<u16>, links: usize) {
        let now = self.shared.store.clock().now();
        let delivered = record.answered_at.filter(|_| record.status == MessageStatus::Accepted);
        let visit = Visit::new(&request.method, request.user_agent.as_deref());
        let visit = delivered.map_or(visit, |delivered| visit.after(now - delivered));
        let visit = match is_on(Bug::MachinesOpen) {
            true => Visit::new("GET", Some("Firefox")).after(chrono::TimeDelta::days(1)),
            false => visit,
        };
        let elapsed = self.shared.clock.elapsed();
        let verdict =
            self.bursts(|bursts| bursts.judge(record.message.id, link, links, visit, (now, elapsed)));
        if verdict == Verdict::Human {
            self.wake();
        }
        if let Err(error) = self.settle_visits().await {
            tracing::warn!(%error, "visits are settled later");
        }
    }

    /// Makes events of the visits that have waited two seconds, as far as they may be known; answers how many. A
    /// [`tick`](Engine::tick) does, and so does every visit; a process that only answers links may call it when it has
    /// nothing else to do.
    ///
    /// # Errors
    /// [`Error::Store`]; the visits that were not settled wait on.
    pub async fn settle_visits(&self) -> Result<usize, Error> {
        if self.shared.links.is_none() {
            return Ok(0);
        }
        let elapsed = self.shared.clock.elapsed();
        let mut ripe = self.bursts(|bursts| bursts.ripe(elapsed));
        let mut settled = 0;
        while let Some(visit) = ripe.front() {
            match self.settle_visit(visit).await {
                Ok(new) => settled += usize::from(new),
                Err(Error::Store(error)) => {
                    self.bursts(|bursts| bursts.wait_on(ripe));
                    return Err(error.into());
                }
                // What the door refuses, such as an event that is set aside, is settled.
                Err(error) => tracing::debug!(%error, "a visit is left out"),
            }
            ripe.pop_front();
        }
        Ok(settled)
    }

    async fn settle_visit(&self, visit: &Waiting) -> Result<bool, Error> {
        let store = &self.shared.store;
        let Some(record) = store.message(visit.message).await? else { return Ok(false) };
        let message = &record.message;
        let Some(stored) = store.contact(&message.contact).await?.filter(|stored| !stored.erased) else {
            return Ok(false);
        };
        // The last look: a withdrawal is in the gate before it is in the contact.
        let asked = !is_on(Bug::TrackingByTheToken);
        if asked && !self.may_track(&stored.state.cold, &message.channel).await? {
            return Ok(false);
        }
        let loaded = self.program(None).await?;
        let event = event_of(&record, visit);
        if loaded.schemas.get(&event.name).is_some_and(|schema| !schema.judge(&event).is_empty()) {
            tracing::warn!(name = %event.name, "a visit violates the schema of its event and is left out");
            return Ok(false);
        }
        // The store asks the gate once more when it keeps it, so that nothing comes between.
        let mut input = Input::from(event);
        if asked {
            input = input.permitted(message.channel.clone(), TRACKING);
        }
        self.check_input(&mut input)?;
        let receipts = self.append_checked(vec![input]).await?;
        Ok(matches!(receipts.first(), Some(Receipt::Kept { .. })))
    }

    /// When the next visit has waited long enough.
    pub(super) fn next_visit(&self) -> Option<DateTime<Utc>> {
        let elapsed = self.shared.clock.elapsed();
        let left = self.bursts(|bursts| bursts.next(elapsed))?;
        self.shared.store.clock().now().checked_add_signed(left)
    }

    fn bursts<T>(&self, work: impl FnOnce(&mut Bursts) -> T) -> T {
        work(&mut self.shared.bursts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The event that a visit is.
fn event_of(record: &MessageRecord, visit: &Waiting) -> Event {
    let message = &record.message;
    let name = if visit.link.is_some() { "message.clicked" } else { "message.opened" };
    let id = match visit.link {
        Some(link) => format!("link/{}/{link}", message.id),
        None => format!("open/{}", message.id),
    };
    let event = Event::new(&message.contact, name)
        .id(id)
        .at(visit.at)
        .property("message", message.id.to_string())
        .property("journey", message.journey.as_str())
        .property("template", &*message.template);
    let Some(link) = visit.link else { return event };
    let event = event.property("link", i64::from(link));
    let links = record.content.as_ref().map(|content| &content.links);
    match links.and_then(|links| links.get(usize::from(link))) {
        Some(url) => event.property("url", url.as_str()),
        None => event,
    }
}

/// What HEAD is answered is what GET is, without the body.
fn answered(request: &Request, response: Response) -> Response {
    if request.method == "HEAD" { response.without_body() } else { response }
}
