//! Types of Switchyard's HTTP API: what the server says and the console reads.
//!
//! Plain data only: no I/O, no database, no browser. The one thing that `app` and `server` both know.
//! Times are RFC 3339 strings in UTC, durations whole milliseconds, sizes bytes.

pub mod account;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod browse;
pub mod checklist;
pub mod coverage;
pub mod duration;
pub mod event;
pub mod evidence;
pub mod health;
pub mod mode;
pub mod notice;
pub mod organization;
pub mod plan;
pub mod problem;
pub mod report;
pub mod rollback;
pub mod run;
pub mod size;
pub mod state;
pub mod status;
pub mod status_link;
pub mod subscriber;
pub mod system;
pub mod target;
pub mod webhook;
pub mod work;

/// A moment: RFC 3339 in UTC, such as `2026-11-20T02:31:04Z`.
pub type Timestamp = String;
