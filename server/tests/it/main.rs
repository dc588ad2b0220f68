//! Integration tests: one binary, whose modules mirror the source tree.

mod app;
mod approvals;
mod audit;
mod browse;
mod checklist;
mod cli;
mod config;
mod db;
mod documents;
mod domain;
mod engine;
mod engine_evidence;
mod http;
mod reports;
mod sample;
mod site;
mod store;
mod tidy;
