//! The server killed with SIGKILL, or told to stop, in the middle of what it does: the next one goes on or says what
//! happened, and nothing is lost. The real binary, the sample system and its running application.

mod backup;
pub mod machine;
mod mode;
mod on_server;
mod outbox;
mod rollback;
mod run;
mod second;
mod shared;
