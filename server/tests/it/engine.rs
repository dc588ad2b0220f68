//! The engine on real SQLite files and a real PostgreSQL: what it promises of every operation, whatever happens.

mod compiling;
mod conformance;
mod crash;
mod driving;
mod gates;
mod isolation;
mod kills;
mod live;
mod places;
mod postgres;
mod small;
mod suffering;
mod watch;
pub mod world;
mod zoo;
