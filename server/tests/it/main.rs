//! Integration tests: one binary, whose modules mirror the source tree.

mod app;
mod approvals;
mod browse;
mod checklist;
mod db;
mod documents;
mod domain;
mod engine;
mod engine_evidence;
mod http;
mod reports;
mod sample;
mod site;
mod tidy;
