//! The HTTP surface on the real router, one file an area.

mod access;
mod accounts;
mod protocol;
mod session;
