//! What the engine measures and proves: backups, restores, losses, coverage, decisions, isolation.

mod analyse;
mod backup;
mod coverage;
mod decision;
mod isolation;
mod loss;
mod office;
mod on_server;
mod postgres;
mod preflight;
mod restore;
mod verification;
