//! An embeddable customer-journey engine: contacts walk graphs of steps (send, wait, branch) over days and months, and
//! nothing is ever said without a basis: a consent, or what a contract or a law demands.
//!
//! A host links this crate in and gives it three things: a [`Store`] (one comes in memory, one on SQLite),
//! [`Channel`]s that reach people, and a clock. It says what it knows ([`Engine::identify`],
//! [`Engine::track`], [`Engine::consent`], [`Engine::withdraw`]) and calls [`Engine::tick`] whenever
//! [`next_wake`](engine::Tick::next_wake) has come.
//!
//! > A contact is a mailbox and a state. The engine claims the contacts that have mail or are due, runs one pure function
//! > over each, and commits all the results in one transaction. Messages leave only after the commit, through a gate.
//!
//! ```text
//! identify, track, consent          Engine::tick
//!         │                              │
//!         ▼                              ▼
//!   ┌──────────┐  claim   ┌─────────────────────────┐  commit   ┌──────────┐
//!   │ mailbox  │ ───────► │ transition(program,     │ ────────► │  outbox  │
//!   │ + state  │ ◄─────── │   state, inputs, now)   │           └────┬─────┘
//!   └──────────┘   state  └─────────────────────────┘       take │ permit, render
//!         ▲                                                      ▼
//!         │                                                 ┌─────────┐   send   ┌─────────┐
//!         └──────────────── what became of it ───────────── │  begin  │ ───────► │ channel │
//!                                            settle         └─────────┘          └─────────┘
//!                                                                ▲
//!                            withdraw, suppress, erase, pause ───┘  (change the epoch: begin fails)
//! ```
//!
//! # A first journey
//!
//! ```
//! use std::sync::Arc;
//! use journeyman::model::Evidence;
//! use journeyman::rule::TemplateDefinition;
//! use journeyman::store::MemoryStore;
//! use journeyman::time::Span;
//! use journeyman::{Consent, Contact, Engine, Event, Journey};
//!
//! # futures::executor::block_on(async {
//! let email = journeyman::channel::RecordingChannel::new("email");
//! let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(email.clone()).build();
//!
//! // Definitions are checked as a whole; every problem is reported at once, with its place and the next step.
//! let welcome = Journey::builder("welcome")
//!     .enter_on("signed_up")
//!     .goal("call.booked")
//!     .send("hello", "email", "hello", "onboarding")
//!     .wait(Span::days(2))
//!     .send("again", "email", "again", "onboarding")
//!     .build()?;
//! let hello = TemplateDefinition::new("hello").subject("Bienvenue").text("Bonjour {{ contact.first_name }} !");
//! let again = TemplateDefinition::new("again").subject("Des nouvelles ?").text("{{ contact.first_name }}, on en parle ?");
//! engine.publish([hello.into(), again.into(), welcome.into()]).await?;
//!
//! // What the host knows. Without the consent, nothing would be sent.
//! engine.identify(Contact::new("lea").attribute("first_name", "Léa").address("email", "lea@example.org")).await?;
//! engine.consent(Consent::granted("lea", "onboarding", "email", Evidence::new("signup-form", "notice-2026-03"))).await?;
//! engine.track(Event::new("lea", "signed_up").id("signup-1")).await?;
//!
//! let tick = engine.tick().await?;
//! assert_eq!(email.sent()[0].content.plain(), "Bonjour Léa !");
//! assert!(tick.next_wake.is_some()); // in two days; sleep until then, or be woken by the next event
//! # Ok::<(), journeyman::Error>(())
//! # })?;
//! # Ok::<(), journeyman::Error>(())
//! ```
//!
//! # What it promises
//!
//! - **Deterministic.** [`Program::transition`](machine::Program::transition) is a pure function: one big tick equals many
//!   small ones, ids are derived, and a commit can be replayed.
//! - **Exact in time.** A wait ends at its own instant, whenever the engine woke; local times survive daylight saving.
//! - **Unable to send without consent.** When [`Engine::withdraw`] returns, no message that it forbids can begin, in any
//!   worker, whatever was queued.
//! - **Nothing lost, nothing twice.** Every committed step and message survives a crash; every visit of a node moves an
//!   enrollment on once; a message is handed over at least once under one stable id, and a channel that honours ids
//!   accepts it once.
//!
//! # What it does not do
//!
//! No server, no polling, no threads of its own but a SQL file's writer, no runtime of its own. No tenants (one store
//! each), no users and rights, no page editor, no training of models. It renders texts and hands them to your channel; it
//! does not speak SMTP.
//!
//! # Where to go next
//!
//! - [`_docs::architecture`] follows one event and one timer through the house.
//! - [`_docs::design`] says why it is so, and what was refused.
//! - [`_docs::journeys`] is the reference of the language, with the rule for every corner case; [`_docs::mermaid`] brings
//!   flowcharts in and out.
//! - [`_docs::scoring`] counts what people do: scores, tiers and marks, in a script that is run once.
//! - [`_docs::segments`] says who belongs together: named sets of contacts, exact at every instant.
//! - [`_docs::diagnostics`] lists every code that a definition can be answered with.
//! - [`_docs::consent`] is what may be said to whom, what the host must do for it, and the tables with their sources.
//! - [`journey`] is the language of definitions, [`machine`] the pure core, [`port`] what a store or a channel must do.
//! - `examples/` has a seven-day sequence on a SQLite file: `cargo run --example welcome`.
//!
//! # Features
//!
//! | feature | default | what it brings | turn it off when |
//! |---|---|---|---|
//! | `sqlite` | yes | [`store::SqliteStore`](store), with SQLite compiled in | you bring a store, or have no C compiler |
//! | `yaml` | yes | definitions in YAML | your definitions are JSON or Rust |
//! | `addresses` | no | [`rule::address`](rule): mail addresses and phone numbers, read and refused by name | |
//! | `schema` | no | [`journey::json_schema`](journey) | |
//! | `proof` | no | proofs of consent that the host signs, for whoever has its public key | |
//! | `tokio` | no | `Engine::run`, a loop that sleeps and wakes | |
//! | `testing` | no | the conformance suite, faulty wrappers, the judge of a store, a clock moved by hand | |
//! | `sim` | no | the simulator: several engines over one store, in virtual time, replayed from a seed | |

#![cfg_attr(docsrs, feature(doc_cfg))]
// A library never panics; tests may.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod audience;
pub mod channel;
pub mod engine;
pub mod error;
pub mod journey;
pub mod link;
pub mod machine;
pub mod model;
pub mod port;
pub mod quota;
pub mod rule;
#[cfg(seeded_bugs)]
#[doc(hidden)]
pub mod seeded;
#[cfg(not(seeded_bugs))]
mod seeded;
#[cfg(feature = "sim")]
pub mod sim;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;

pub use engine::Engine;
pub use error::{BuildError, Diagnostic, Error, StoreError};
pub use journey::Journey;
pub use model::{Consent, Contact, Event, Message};
pub use port::{Channel, Clock, Store};

/// The long documents of the crate, so that their code is compiled and run.
pub mod _docs {
    #[doc = include_str!("../docs/ARCHITECTURE.md")]
    pub mod architecture {}
    #[doc = include_str!("../docs/CONSENT.md")]
    pub mod consent {}
    #[doc = include_str!("../docs/DESIGN.md")]
    pub mod design {}
    #[doc = include_str!("../docs/DIAGNOSTICS.md")]
    pub mod diagnostics {}
    #[doc = include_str!("../docs/MERMAID.md")]
    pub mod mermaid {}
    #[doc = include_str!("../docs/JOURNEYS.md")]
    pub mod journeys {}
    #[doc = include_str!("../docs/PERFORMANCE.md")]
    pub mod performance {}
    #[doc = include_str!("../docs/RELIABILITY.md")]
    pub mod reliability {}
    #[doc = include_str!("../docs/SCORING.md")]
    pub mod scoring {}
    #[doc = include_str!("../docs/SEGMENTS.md")]
    pub mod segments {}
    #[doc = include_str!("../docs/SEQUENCES.md")]
    pub mod sequences {}
    #[cfg(feature = "sim")]
    #[doc = include_str!("../docs/SCENARIOS.md")]
    pub mod scenarios {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
