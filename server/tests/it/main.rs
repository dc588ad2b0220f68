//! Integration tests: one binary, whose modules mirror the source tree.

mod app;
mod documents;
mod engine;
mod http;
mod sample;
mod tidy;
