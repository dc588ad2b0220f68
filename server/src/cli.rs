//! The command line: one file a subcommand in `cli/`, each a set of arguments and a function that runs it.
//! Exit code 0: done. 1: refused or failed, with the reason on stderr. 2: wrong usage.

mod account;
mod approval;
mod audit;
mod backup;
mod check;
mod configured;
mod console;
mod coverage;
mod decisions;
mod demo;
mod driving;
mod evidence;
mod introspect;
mod mail;
mod meter;
mod mode;
mod operator;
mod output;
mod pace;
mod release;
mod restore;
mod rollback;
mod run;
mod sample_app;
mod serve;
mod status;
mod store;
mod target;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use console::log_filter;
pub use output::{Failure, Format, Output};

/// Switchyard: takes a running application and its database through a guarded migration, and back at every step.
#[derive(Debug, Parser)]
#[command(
    name = "switchyard",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 refused or failed with a reason on stderr, 2 wrong usage.\n\
        Database URLs are sqlite:PATH or postgres://…. SWITCHYARD_CONFIG names the configuration file of serve."
)]
struct Cli {
    /// How results are written: for people, or JSON for programs.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the console.
    Serve(serve::Serve),
    /// Start the console with a sample system, ready to be migrated.
    Demo(demo::Demo),
    /// Run the application of the sample system.
    SampleApp(sample_app::SampleApp),
    /// Draft a playbook from a database.
    Introspect(introspect::Introspect),
    /// Compile and lint a playbook against a database and check the place; nothing is changed.
    Check(check::Check),
    /// Carry out a playbook's plan, or go on with a run that stopped.
    Run(run::Run),
    /// Change how much of the time a run works, while it goes on.
    Pace(pace::Pace),
    /// Undo some groups or every step, or go back to a backup; tells first what would be lost.
    Rollback(rollback::Rollback),
    /// Count how many rows of each model have an organization.
    Coverage(coverage::Coverage),
    /// List, assign and export the rows that no rule places.
    #[command(subcommand)]
    Decisions(decisions::Decisions),
    /// Measure a migrated database against its playbook.
    Verify(verify::Verify),
    /// Take a backup and prove it by restoring it, or prove one that is there.
    Backup(backup::Backup),
    /// Bring a database back to what a backup holds.
    Restore(restore::Restore),
    /// Tell and remove what restores have kept of the database before.
    Release(release::Release),
    /// Tell the mode of a configured system, or switch it.
    Mode(mode::Mode),
    /// Write the public status pages as files.
    #[command(subcommand)]
    Status(status::Status),
    /// Try the mail server out.
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Work with the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Move the control store.
    #[command(subcommand)]
    Store(store::Store),
    /// Take and check the signed evidence of runs.
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// Let somebody back in.
    #[command(subcommand)]
    Account(account::AccountCommand),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // clap ends the process itself: 0 after --help, 2 after wrong usage
    let cli = Cli::parse();
    let output = Output::new(cli.format);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output.fail(&Failure::new(format!(
                "no threads could be started: {error}"
            )));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(carry_out(cli.command, &output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.fail(&failure);
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Demo(arguments) => demo::run(arguments, output).await,
        Command::SampleApp(arguments) => sample_app::run(arguments, output).await,
        Command::Introspect(arguments) => introspect::run(arguments, output).await,
        Command::Check(arguments) => check::run(arguments, output).await,
        Command::Run(arguments) => run::run(arguments, output).await,
        Command::Pace(arguments) => pace::run(arguments, output).await,
        Command::Rollback(arguments) => rollback::run(arguments, output).await,
        Command::Coverage(arguments) => coverage::run(arguments, output).await,
        Command::Decisions(command) => decisions::run(command, output).await,
        Command::Verify(arguments) => verify::run(arguments, output).await,
        Command::Backup(arguments) => backup::run(arguments, output).await,
        Command::Restore(arguments) => restore::run(arguments, output).await,
        Command::Release(arguments) => release::run(arguments, output).await,
        Command::Mode(arguments) => mode::run(arguments, output).await,
        Command::Status(command) => status::run(command, output).await,
        Command::Mail(command) => mail::run(command, output).await,
        Command::Audit(command) => audit::run(command, output).await,
        Command::Store(command) => store::run(command, output).await,
        Command::Evidence(command) => evidence::run(command, output).await,
        Command::Account(command) => account::run(command, output).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_and_argument_says_what_it_is_for() {
        fn check(command: &clap::Command, missing: &mut Vec<String>) {
            let name = command.get_name();
            if command.get_about().is_none() && !command.is_hide_set() {
                missing.push(name.to_owned());
            }
            for argument in command.get_arguments() {
                let builtin = matches!(argument.get_id().as_str(), "help" | "version");
                if argument.get_help().is_none() && !argument.is_hide_set() && !builtin {
                    missing.push(format!("{name} {}", argument.get_id()));
                }
            }
            for inner in command.get_subcommands() {
                check(inner, missing);
            }
        }
        let mut missing = Vec::new();
        let command = Cli::command();
        command.clone().debug_assert();
        check(&command, &mut missing);
        assert!(missing.is_empty(), "without help: {missing:?}");
    }
}
