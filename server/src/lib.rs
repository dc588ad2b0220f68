//! Switchyard: the engine, the HTTP API and the command line.

pub mod db;
pub mod engine;
pub mod environment_file;
pub mod health;
pub mod hooks;
pub mod organizations;
pub mod sample;
