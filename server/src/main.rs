//! The binary `switchyard`. Everything stands in the library: this starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
