//! Accounts: who may sign in and what each may do. Roles are types here ([`Viewer`], [`Operator`], [`Administrator`],
//! [`Fresh`]): a function that takes one cannot be called without the right. It must not know HTTP.

mod actor;
mod error;
pub mod links;
pub mod own;
pub mod password;
pub mod people;
pub mod sessions;
pub mod sign_in;
pub(crate) mod throttle;
pub mod token;

pub use actor::{Actor, Administrator, Denied, FRESH, Fresh, Operator, Proof, Viewer, word};
pub use error::AccountError;
