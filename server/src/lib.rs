//! Switchyard: a migration control room. The engine, the control store, the HTTP API and the command line.
//!
//! Arrows point one way: `http` knows the domain, the domain knows the engine, the engine knows `db`.

pub mod accounts;
pub mod approvals;
pub mod audit;
pub mod browse;
pub mod checklist;
pub mod cli;
pub mod config;
pub mod db;
pub mod engine;
pub mod environment_file;
pub mod events;
pub mod health;
pub mod hooks;
pub mod http;
pub mod metrics;
pub mod moment;
pub mod organizations;
pub mod refusal;
pub mod reports;
pub mod sample;
pub mod secret;
pub mod state;
pub mod store;
