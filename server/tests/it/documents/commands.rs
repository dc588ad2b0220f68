//! `docs/commands.md` is what the binary says of itself: every subcommand with its help.

use std::process::Command;

use super::check_generated;

const HEAD: &str = "# Commands

Everything that the console does to a target can be done and scripted with the one binary. `--format json` answers in
JSON. Exit codes: 0 done, 1 refused or failed with the reason on the standard error, 2 wrong usage. Databases are named
`sqlite:PATH` or `postgres://USER@HOST/DATABASE`.

This page is generated from the program's own help.
";

#[test]
fn the_reference_is_what_the_binary_says() {
    let mut text = HEAD.to_owned();
    write_command(&mut text, &[]);
    check_generated("commands.md", &text);
}

fn write_command(text: &mut String, path: &[&str]) {
    let help = help_of(path);
    let title = [&["switchyard"], path].concat().join(" ");
    text.push_str(&format!(
        "\n## `{title}`\n\n```text\n{}\n```\n",
        help.trim_end()
    ));
    for name in subcommands(&help) {
        write_command(text, &[path, &[name]].concat());
    }
}

fn help_of(path: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .args(path)
        .arg("--help")
        .env("COLUMNS", "100")
        .env_remove("SWITCHYARD_CONFIG")
        .output()
        .expect("the binary starts");
    assert!(
        output.status.success(),
        "switchyard {} --help fails",
        path.join(" ")
    );
    let help = String::from_utf8(output.stdout).expect("help in UTF-8");
    help.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names below `Commands:`.
fn subcommands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // a description that is wrapped goes on with a deeper indent
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}
