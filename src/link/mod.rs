//! Public links: they can only reduce what a contact allows, they never expire, and looking at one changes nothing.
//!
//! | kind | where it stands | GET and HEAD | POST |
//! |---|---|---|---|
//! | unsubscribe | `{{ link.unsubscribe }}`, `List-Unsubscribe` | a page with a button | withdraws one purpose on one channel |
//! | preferences | `{{ link.preferences }}` | a page with what is allowed | withdraws what is chosen |
//! | click | a tracked link | leads on to where the message led | refused |
//! | open | a picture of one dot | the picture | refused |
//!
//! [`Engine::visit`](crate::Engine::visit) answers them all; [`Request`] and [`Response`] belong to no web framework. What a
//! token may do stands inside its MAC ([`LinkKeys`]). Where a click leads is looked up in the message, never read from the
//! URL. Clicks and opens count only where the contact allows the purpose [`TRACKING`] on the channel at the instant of the
//! visit, and only where a person made them ([`judge`]).
//!
//! ```
//! use std::sync::Arc;
//! use journeyman::channel::RecordingChannel;
//! use journeyman::link::{LinkKeys, Request};
//! use journeyman::model::Evidence;
//! use journeyman::rule::TemplateDefinition;
//! use journeyman::store::MemoryStore;
//! use journeyman::{Consent, Contact, Engine, Event, Journey};
//!
//! # futures::executor::block_on(async {
//! let email = RecordingChannel::new("email");
//! let engine = Engine::builder(Arc::new(MemoryStore::new()))
//!     .channel(email.clone())
//!     .links(LinkKeys::new(1, [7; 32]), "https://go.example.org/l".parse()?)
//!     .build();
//! let news = TemplateDefinition::new("news").text("There is news. No more of it: {{ link.unsubscribe }}");
//! let journey = Journey::builder("news").enter_on("news").send("tell", "email", "news", "marketing").build()?;
//! engine.publish([news.into(), journey.into()]).await?;
//! engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
//! engine.consent(Consent::granted("lea", "marketing", "email", Evidence::new("form", "2026-11"))).await?;
//! engine.track(Event::new("lea", "news")).await?;
//! engine.tick().await?;
//!
//! // What a mail program does when somebody presses its button (RFC 8058).
//! let content = email.sent().remove(0).content;
//! let link = content.header("List-Unsubscribe").unwrap_or_default().trim_matches(['<', '>']);
//! let post = Request::new("POST", link).body("List-Unsubscribe=One-Click");
//! assert_eq!(engine.visit(&post).await.status, 200);
//! engine.track(Event::new("lea", "news")).await?;
//! engine.tick().await?;
//! assert_eq!(email.sent().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod base;
mod bursts;
mod destination;
mod form;
mod keys;
mod letters;
mod markup;
pub(crate) mod page;
mod request;
mod response;
mod stance;
mod token;
mod verdict;

pub use base::{BadBase, LinkBase};
pub(crate) use bursts::{Bursts, Waiting};
pub use destination::{SCHEMES, has_allowed_schemes};
pub(crate) use destination::{Tracked, leads_on, with_picture};
pub use keys::LinkKeys;
pub use request::{MOST_BODY, Request};
pub use response::Response;
pub(crate) use stance::{Extent, Said, Stance};
pub use token::Token;
pub use verdict::{Verdict, Visit, judge};

pub use crate::rule::TRACKING;
