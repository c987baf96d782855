//! Channels that come with the crate. A host brings its own for real providers: see
//! [`port::Channel`](crate::port::Channel).

mod console;
mod function;
mod recording;

pub use console::ConsoleChannel;
pub use function::FunctionChannel;
pub use recording::{RecordingChannel, Sent};
