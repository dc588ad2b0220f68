//! The engine: compiles a playbook against a real schema into a plan, and drives the plan toward
//! what is wanted, in whichever direction, with a journal inside the target. It knows neither the
//! web server nor the control store, so the command line drives it too.
//!
//! The protocol: a step's effect and its journal row are one transaction of the target. Whoever
//! comes back after a crash finds both or neither, looks at the journal, and goes on.

pub mod analyse;
pub mod backup;
pub mod compile;
pub mod coverage;
pub mod ddl;
pub mod decision;
pub mod disk;
pub mod executor;
pub mod gate;
pub mod inspect;
pub mod isolation;
pub mod journal;
pub mod lint;
pub mod loss;
pub mod manifest;
pub mod operation;
pub mod pace;
pub mod plan;
pub mod playbook;
pub mod preflight;
pub mod progress;
mod rebuild;
pub mod replication;
pub mod restore;
pub mod schema;
pub mod unique_risk;
pub mod verification;

pub use compile::{Options, Refusal, compile};
pub use executor::{Control, DriveError, Goal, Outcome, drive};
pub use inspect::inspect;
pub use plan::Plan;
pub use playbook::Playbook;
pub use schema::Schema;
