//! x
pub mod channel;
pub mod engine;
pub mod error;
pub mod journey;
pub mod machine;
pub mod model;
pub mod port;
pub mod rule;
pub mod store;
pub mod time;
pub use engine::Engine;
pub use error::{BuildError, Diagnostic, Error, StoreError};
pub use journey::Journey;
pub use model::{Consent, Contact, Event};
