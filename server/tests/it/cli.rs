//! The binary itself: exit codes, reasons, and a console that starts, serves and stops.

mod console;
mod decisions;
mod mail;
mod mode;
mod run;
mod status;
mod store;
mod target;
mod usage;

use std::process::{Command, Output};

/// The binary with these arguments, and no configuration from outside.
pub(crate) fn switchyard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchyard"));
    for (name, _) in std::env::vars() {
        if name.starts_with("SWITCHYARD_") {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// Runs it in an empty directory to its end.
fn run(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    switchyard(arguments)
        .current_dir(directory.path())
        .output()
        .expect("the binary starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
