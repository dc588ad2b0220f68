//! The engine on real SQLite files: what it promises of every operation, whatever happens.

mod compiling;
mod conformance;
mod crash;
mod driving;
mod gates;
mod live;
pub mod world;
mod zoo;
