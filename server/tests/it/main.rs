//! Integration tests: one binary, whose modules mirror the source tree.

mod documents;
mod sample;
mod tidy;
