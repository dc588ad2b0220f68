//! Organizations: the tenants of a system, and how each is brought onto it.

pub mod import;
