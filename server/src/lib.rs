//! Switchyard: a migration control room. The engine, the control store, the HTTP API and the command line.
//!
//! Arrows point one way: `http` knows the domain, the domain knows the engine, the engine knows `db`.

pub mod accounts;
pub mod approvals;
pub mod audit;
pub mod backups;
pub mod browse;
pub mod checklist;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod coverage;
pub mod db;
pub mod decisions;
pub mod engine;
pub mod environment_file;
pub mod events;
pub mod evidence;
pub mod health;
pub mod hooks;
pub mod http;
pub mod key_file;
pub mod mail;
pub mod metrics;
pub mod modes;
pub mod moment;
pub mod notices;
pub mod organizations;
pub mod outbox;
pub mod playbooks;
pub mod preflight;
pub mod probes;
pub mod reconcile;
pub mod refusal;
pub mod reports;
pub mod rollbacks;
pub mod runs;
pub mod sample;
pub mod secret;
pub mod state;
pub mod status;
pub mod store;
pub mod subscribers;
pub mod systems;
pub mod webhooks;
pub mod wording;
