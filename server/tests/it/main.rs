//! Integration tests: one binary, whose modules mirror the source tree.

mod tidy;
