//! Time, moved by hand, and what goes out meanwhile.

use std::error::Error;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use journeyman::channel::RecordingChannel;
use journeyman::model::Permit;
use journeyman::port::store::MessageRecord;
use journeyman::testing::ManualClock;
use journeyman::{Clock, Engine, Event};

use crate::page::{day, line};

/// What is told, and the page on which it is written.
pub(crate) struct Story {
    pub(crate) engine: Engine,
    pub(crate) clock: ManualClock,
    pub(crate) page: String,
    channels: [(RecordingChannel, usize); 2],
    next: Option<DateTime<Utc>>,
}

impl Story {
    pub(crate) fn new(
        engine: Engine,
        clock: ManualClock,
        email: RecordingChannel,
        sms: RecordingChannel,
    ) -> Self {
        let page = "Camille and the music school, January 2027, in the time of Paris\n".to_owned();
        Self { engine, clock, page, channels: [(email, 0), (sms, 0)], next: None }
    }

    pub(crate) fn chapter(&mut self, title: &str) {
        line!(self.page, "\n{title}");
    }

    /// Works off what is due, and writes down what went out.
    pub(crate) async fn tick(&mut self) -> Result<(), Box<dyn Error>> {
        self.next = self.engine.tick().await?.next_wake;
        for (channel, seen) in &mut self.channels {
            let sent = channel.sent();
            for one in sent.iter().skip(*seen) {
                let (at, by) = (day(self.clock.now()), &one.message.channel);
                let leave =
                    if one.content.header("List-Unsubscribe").is_some() { " [List-Unsubscribe]" } else { "" };
                line!(self.page, "  {at}  {by:<5}  {}{leave}", one.content.plain());
            }
            *seen = sent.len();
        }
        Ok(())
    }

    /// Lets time pass, from one instant at which something is due to the next.
    pub(crate) async fn until(&mut self, instant: &str) -> Result<(), Box<dyn Error>> {
        let instant = instant.parse()?;
        while let Some(next) = self.next.filter(|next| *next <= instant) {
            self.clock.set(next);
            self.tick().await?;
        }
        self.clock.set(instant);
        Ok(())
    }

    pub(crate) async fn tell(&mut self, event: &str) -> Result<(), Box<dyn Error>> {
        line!(self.page, "  {}  {event}", day(self.clock.now()));
        self.engine.track(Event::new("c-1042", event).id(event)).await?;
        self.tick().await
    }

    /// What she allows now.
    pub(crate) async fn allowed(&mut self) -> Result<(), Box<dyn Error>> {
        let (camille, said) = ("c-1042".into(), |permit| match permit {
            Permit::Refuse { .. } => "no",
            _ => "yes", // now, or when the hours allow it
        });
        let email = said(self.engine.permits(&camille, "marketing", "email").await?);
        let sms = said(self.engine.permits(&camille, "marketing", "sms").await?);
        line!(self.page, "  {}  marketing allowed? by email {email}, by SMS {sms}", day(self.clock.now()));
        Ok(())
    }

    /// How many messages the channels were handed so far.
    pub(crate) fn handed_over(&self) -> usize {
        self.channels.iter().map(|(channel, _)| channel.calls()).sum()
    }

    pub(crate) async fn newest(&self) -> Result<MessageRecord, Box<dyn Error>> {
        Ok(self.engine.store().messages(&"c-1042".into()).await?.pop().ok_or("no message")?)
    }

    pub(crate) async fn why(&mut self, journey: &str, node: &str) -> Result<(), Box<dyn Error>> {
        self.why_of("c-1042", journey, node).await
    }

    /// Why somebody was told what a step says, or was not.
    pub(crate) async fn why_of(&mut self, id: &str, journey: &str, node: &str) -> Result<(), Box<dyn Error>> {
        let why = self.engine.why(&id.into(), (journey, node)).await?;
        line!(self.page, "  why?  {}", why.sentence);
        Ok(())
    }
}
