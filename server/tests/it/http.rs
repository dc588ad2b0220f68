//! The HTTP surface on the real router, one file an area.

mod access;
mod accounts;
mod consoles;
mod events;
mod health;
mod protocol;
mod public;
mod session;
