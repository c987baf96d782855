//! What a contact would get: shown, or handed to a colleague as a test.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::deliver::{caught, has_no_sender, sent_by};
use super::link::checked;
use super::program::Loaded;
use super::way_out::stoppable;
use crate::error::Error;
use crate::journey::{Deadline, Journey, Send};
use crate::machine::{Cold, ContactState};
use crate::model::{
    Attributes, ContactId, Content, Deed, EnrollmentId, Handover, InputId, JourneyId, Message, MessageId,
    Name, NodeId, Offer, Outcome, Permit, Reason,
};
use crate::port::store::{CatalogSnapshot, Forbidden, InFlight};
use crate::rule::permit::{Question, Timing, permit, untellable};
use crate::rule::sms::{Measure, measure};
use crate::rule::{Policy, Template};
use crate::time::Zone;

/// The purpose that a colleague must have granted to be sent tests.
const TEST: &str = "test";
const TEST_MARK: &str = "[TEST] ";

/// A message as a contact would get it now; nothing was sent and nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// What it would say.
    pub content: Content,
    /// In which variant of the template, such as `fr-tu`; `None` where it is the template's own wording.
    pub variant: Option<Name>,
    /// By which channel.
    pub channel: Name,
    /// To which address there; `None` where the contact has none.
    pub to: Option<Name>,
    /// What the text costs as a short message, the words of the opt-out included; `None` on other channels.
    pub short: Option<Measure>,
    /// What the gate would answer, as if the contact arrived at the step now; a pause is not asked.
    pub permit: Permit,
}

/// A step that says something, with where it stands.
struct Spot<'l> {
    journey: &'l Arc<Journey>,
    send: &'l Send,
}

impl Engine {
    /// Renders what a step says, as a contact would get it now, and sends nothing. Of the journey's newest version unless
    /// another one is named.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use journeyman::rule::TemplateDefinition;
    /// # use journeyman::{Contact, Engine, Journey};
    /// # futures::executor::block_on(async {
    /// # let email = journeyman::channel::RecordingChannel::new("email");
    /// # let store = Arc::new(journeyman::store::MemoryStore::new());
    /// # let engine = Engine::builder(store).channel(email.clone()).build();
    /// let hello = TemplateDefinition::new("hello").text("Bonjour {{ contact.first_name }} !");
    /// let journey = Journey::builder("hi").enter_on("x").send("greet", "email", "hello", "news").build()?;
    /// engine.publish([hello.into(), journey.into()]).await?;
    /// engine.identify(Contact::new("lea").attribute("first_name", "Léa").address("email", "lea@example.org")).await?;
    /// engine.tick().await?;
    ///
    /// let preview = engine.preview("hi", None, "greet", &"lea".into()).await?;
    /// assert_eq!(preview.content.plain(), "Bonjour Léa !");
    /// assert_eq!(preview.to.as_deref(), Some("lea@example.org"));
    /// println!("{:?}", preview.permit); // she never allowed it: Refuse { reasons: [NoConsent] }
    /// assert!(email.sent().is_empty());
    /// # Ok::<(), journeyman::Error>(())
    /// # })?;
    /// # Ok::<(), journeyman::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such journey, version or step, where the step says nothing, where its template
    /// is not published or cannot be rendered for this contact; [`Error::UnknownContact`] and [`Error::Erased`];
    /// [`Error::Store`], [`Error::Catalog`].
    pub async fn preview(
        &self,
        journey: impl Into<JourneyId>,
        version: Option<u32>,
        node: impl Into<NodeId>,
        contact: &ContactId,
    ) -> Result<Preview, Error> {
        let loaded = self.newest_program().await?;
        let spot = spot(&loaded, &journey.into(), version, &node.into())?;
        let state = self.known(contact).await?;
        let content = self.rendered(&loaded, &spot, &state, self.shared.store.clock().now())?;
        let cold = state.cold;
        let Send { channel, purpose, .. } = spot.send;
        let forbidden = self.shared.store.forbidden(contact, channel, purpose).await?;
        let zone = cold.zone().or_else(|| spot.journey.zone.clone());
        let zone = zone.unwrap_or_else(|| loaded.program.zone.clone());
        // As if the contact arrived at the step now.
        let now = self.shared.store.clock().now();
        let timing = Timing {
            window: spot.send.window.as_ref(),
            not_after: spot.send.deadline_at(Deadline::Skip, &zone, now),
            wanted_by: spot.send.deadline_at(Deadline::Send, &zone, now),
            held_out: loaded.program.holds_out(contact, spot.journey),
            ..Timing::default()
        };
        let policy = &loaded.program.policy;
        let template = loaded.templates.get(&spot.send.template);
        let permit = self.asked(&cold, channel, purpose, template, forbidden, timing, policy, &zone);
        let permit = match permit {
            Permit::Permit
                if !self.shows_way_out(&content, policy, (channel, purpose), &cold.contact, &zone) =>
            {
                Permit::Refuse { reasons: vec![Reason::NoOptOut] }
            }
            permit => permit,
        };
        let to = cold.contact.addresses.get(channel).map(|to| to.value.clone());
        let short = policy.is_short(channel).then(|| measure(content.plain()));
        Ok(Preview { variant: content.variant.clone(), content, channel: channel.clone(), to, short, permit })
    }

    /// Hands a colleague what a step of the newest version says, as another contact would get it: once, marked as a test,
    /// under an id of its own. It belongs to no run, stands in no outbox and no history, and moves nobody; who did it and
    /// why goes to the log.
    ///
    /// The colleague is a contact like any other, and is asked like any other: it must have granted the purpose `test` on
    /// the step's channel, and nothing else that the policy asks may refuse it: a withdrawal, a suppression, an age without a
    /// guardian, a silence that is too long. What puts off (hours, windows, caps) and holdouts are left aside. The gate is asked right before
    /// the channel is called and not, as for every other message, in the transaction that begins it: a withdrawal that arrives in between
    /// is not seen, and a [drain](Engine::withdraw_and_drain) waits for the tests of its own process.
    ///
    /// Subject and text begin with `[TEST] `, the HTML does where there is neither, and [`Content::test`] is true.
    ///
    /// # Errors
    /// As [`preview`](Engine::preview); [`Error::Forbidden`] where the colleague did not allow it or has no address;
    /// [`Error::Invalid`] for a deed that says too little or too much, a channel that the engine does not have or that is
    /// paused.
    pub async fn send_test(
        &self,
        journey: impl Into<JourneyId>,
        node: impl Into<NodeId>,
        as_contact: &ContactId,
        to: &ContactId,
        deed: Deed,
    ) -> Result<Outcome, Error> {
        self.check_deed(&deed)?;
        let (journey, node) = (journey.into(), node.into());
        let loaded = self.newest_program().await?;
        let spot = spot(&loaded, &journey, None, &node)?;
        let now = self.shared.store.clock().now();
        let content = marked(self.rendered(&loaded, &spot, &self.known(as_contact).await?, now)?);
        let Spot { journey: of, send } = spot;
        let Some(channel) = self.shared.channels.get(&send.channel) else {
            let sentence = format!("this engine has no channel {}", send.channel);
            return Err(Error::Invalid { what: "test", sentence, next: "add the channel to the engine" });
        };
        let snapshot: CatalogSnapshot = self.shared.store.snapshot().await?;
        if snapshot.paused_channels.contains(&send.channel) {
            let sentence = format!("the channel {} is paused", send.channel);
            return Err(Error::Invalid { what: "test", sentence, next: "resume it first" });
        }
        let cause = format!("{node}/{as_contact}/{}/{}", deed.who, now.timestamp_millis());
        let enrollment = EnrollmentId::derive(TEST, to, &journey, InputId::from_host(TEST, to, &cause), "");
        let id = MessageId::derive(enrollment, 0, now);
        let deadline = now.checked_add_signed(channel.deadline()).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let under_way = InFlight::new(id, send.channel.clone(), deadline, deadline);
        // Until the channel has answered.
        let _trial = self.shared.under_way.begin(&self.meant(to).await?, under_way);
        let colleague = self.known(to).await?.cold;
        let forbidden = self.shared.store.forbidden(to, &send.channel, &TEST.into()).await?;
        // A test is for the colleague, whatever its template is for, and at any hour.
        let question = Question::new(&colleague.contact, &colleague.standing, &send.channel, TEST)
            .at_gate(forbidden.denied, forbidden.suppressed);
        let (policy, zone) = (&loaded.program.policy, colleague.zone().unwrap_or_else(Zone::utc));
        let reasons = untellable(&question, policy, &zone, self.shared.store.clock().now());
        let address = match colleague.contact.addresses.get(&send.channel) {
            Some(address) if reasons.is_empty() => address.value.clone(),
            _ => return Err(Error::Forbidden { contact: to.clone(), reasons }),
        };
        let message = Message {
            id,
            contact: to.clone(),
            enrollment,
            version: of.version,
            journey,
            node,
            channel: send.channel.clone(),
            template: send.template.clone(),
            purpose: TEST.into(),
            decided_at: now,
            not_after: None,
            wanted_by: None,
            call: None,
            variables: Attributes::new(),
            sharing: None,
        };
        let outcome = caught(channel.send(Handover::new(&message, &address, &content, 1))).await;
        let outcome = outcome.unwrap_or(Outcome::Unknown);
        tracing::info!(message = %message.id, who = %deed.who, why = %deed.why, ?outcome, "a test was handed over");
        Ok(outcome)
    }

    #[allow(clippy::too_many_arguments)] // one question
    pub(super) fn asked(
        &self,
        cold: &Cold,
        channel: &Name,
        purpose: &Name,
        template: Option<&Template>,
        forbidden: Forbidden,
        timing: Timing<'_>,
        policy: &Policy,
        zone: &Zone,
    ) -> Permit {
        let question = Question::new(&cold.contact, &cold.standing, channel, purpose)
            .at_gate(forbidden.denied, forbidden.suppressed)
            .timed(timing);
        let question = match template {
            Some(template) => question.saying(template.purpose.as_deref()),
            None => question,
        };
        permit(&question, policy, zone, self.shared.store.clock().now())
    }

    /// The program of what is published now.
    async fn newest_program(&self) -> Result<Arc<Loaded>, Error> {
        let revision = self.shared.store.revision().await?;
        self.program(Some(revision)).await
    }

    /// What a step says to a contact, as it is known now.
    fn rendered(
        &self,
        loaded: &Loaded,
        spot: &Spot<'_>,
        state: &ContactState,
        now: DateTime<Utc>,
    ) -> Result<Content, Error> {
        let Spot { journey, send } = spot;
        let Some(template) = loaded.templates.get(&send.template) else {
            let sentence = format!("there is no template {}", send.template);
            return Err(Error::Invalid { what: "preview", sentence, next: "publish the template" });
        };
        let contact = &state.cold.contact;
        if has_no_sender(Some(send), contact) {
            let sentence = format!("{} has no owner who could say it", contact.id);
            return Err(Error::Invalid { what: "preview", sentence, next: "assign one, or add otherwise" });
        }
        // A place that the contact does not hold is shown as the last one, free for a day.
        let variables = send.offer.as_ref().map(|name| {
            let runs = state.hot.enrollments.iter().filter(|run| run.journey == journey.id);
            let held = runs.filter_map(|run| run.offers.get(name)).next().cloned();
            let shown =
                || Offer { remaining: 1, ..Offer::asked("".into(), "".into(), now + TimeDelta::days(1)) };
            held.unwrap_or_else(shown).variables(name)
        });
        let facts = state.facts().at(now.max(state.hot.now)).scored_by(&loaded.program);
        let mut variables = variables.unwrap_or_default();
        variables.extend(self.links_that_lead_nowhere());
        let content = template.render_beside(&facts, &variables, send.preheader.as_ref());
        let content = content.map(|content| sent_by(content, Some(send), contact)).and_then(checked);
        let content = content.map_err(|error| Error::Invalid {
            what: "preview",
            sentence: format!("the {} cannot be rendered: {}", error.part, error.reason),
            next: error.next,
        })?;
        let policy = &loaded.program.policy;
        stoppable(content, policy, (&send.channel, &send.purpose), contact).map_err(|error| Error::Invalid {
            what: "preview",
            sentence: format!("the text cannot be said: {error}"),
            next: "write it into the template, or give the policy the words to add",
        })
    }

    pub(super) async fn known(&self, contact: &ContactId) -> Result<ContactState, Error> {
        let stored = self.shared.store.contact(contact).await?;
        let stored = stored.ok_or_else(|| Error::UnknownContact { contact: contact.clone() })?;
        if stored.erased {
            return Err(Error::Erased { contact: contact.clone() });
        }
        Ok(stored.state)
    }
}

/// The step of a journey that says something, or what is wrong with asking for it.
fn spot<'l>(
    loaded: &'l Loaded,
    id: &JourneyId,
    version: Option<u32>,
    node: &NodeId,
) -> Result<Spot<'l>, Error> {
    let wrong = |sentence: String, next: &'static str| Error::Invalid { what: "preview", sentence, next };
    let newest = loaded.program.newest(id);
    let newest = newest
        .ok_or_else(|| wrong(format!("there is no journey {id}"), "publish it first, or mend its name"))?;
    let found = version.map_or(Some(newest), |version| loaded.program.journey(id, version));
    let journey = found.ok_or_else(|| {
        let sentence = format!(
            "the journey {id} has no version {}; its newest is {}",
            version.unwrap_or(0),
            newest.version
        );
        wrong(sentence, "name a version that is published, or none")
    })?;
    if journey.node(node).is_none() {
        let sentence = format!("version {} of the journey {id} has no step {node}", journey.version);
        return Err(wrong(sentence, "name one of its steps; one without an id is step-N, counted from 1"));
    }
    match loaded.program.send_at(id, journey.version, node) {
        Some(send) => Ok(Spot { journey, send }),
        None => {
            Err(wrong(format!("the step {node} of the journey {id} says nothing"), "name a step that sends"))
        }
    }
}

/// The content, marked as a test wherever somebody looks first.
fn marked(mut content: Content) -> Content {
    content.test = true;
    let mark = |part: &mut Option<String>| match part {
        Some(part) => {
            part.insert_str(0, TEST_MARK);
            true
        }
        None => false,
    };
    // Both, and not only the first of them.
    let seen = mark(&mut content.subject) | mark(&mut content.text);
    if !seen {
        mark(&mut content.html);
    }
    content
}
