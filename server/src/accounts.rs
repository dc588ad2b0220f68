//! Accounts: who may sign in and what each may do. Roles are types here ([`Viewer`], [`Operator`], [`Administrator`],
//! [`Fresh`]): a function that takes one cannot be called without the right. It must not know HTTP.

mod actor;
pub mod password;
pub mod sessions;
pub mod token;

pub use actor::{Actor, Administrator, Denied, FRESH, Fresh, Operator, Proof, Viewer, word};
