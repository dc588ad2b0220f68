//! Switchyard: the engine, the HTTP API and the command line.

pub mod db;
pub mod engine;
