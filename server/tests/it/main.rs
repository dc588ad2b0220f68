//! Integration tests: one binary, whose modules mirror the source tree.

// a test that cannot go on has failed, and the panic says where
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
mod approvals;
mod audit;
mod browse;
mod checklist;
mod cli;
mod config;
mod days;
mod db;
mod documents;
mod domain;
mod engine;
mod engine_evidence;
mod http;
mod killed;
mod mail;
mod postgres;
mod probes;
mod reports;
mod sample;
mod site;
mod status;
mod store;
mod tidy;
mod webhooks;
