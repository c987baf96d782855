//! What is an address: mail addresses and phone numbers, read once, and refused by name. Everything is pure; no server is
//! asked, and no error quotes what was read.

mod email;
mod phone;
mod problem;
mod rules;

pub use email::Email;
pub use phone::{Phone, PhoneKind};
pub use problem::{AddressError, AddressProblem};
pub use rules::{AddressKind, AddressRules};
