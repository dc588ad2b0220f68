//! Keeps what a reader relies on true of every source file: a first line that says what it is for, a length one can
//! read in a sitting, explicit columns, arrows between layers that point one way, and documents that name real things.
//! It must not judge taste: rustfmt and clippy do that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST_FILE: usize = 500;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the server crate stands in the workspace")
        .to_path_buf()
}

/// Files below `dir` with this extension, as paths relative to the repository.
fn files(dir: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a readable directory") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    walk(&path, extension, found);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    let root = repository();
    let mut found = Vec::new();
    if root.join(dir).is_dir() {
        walk(&root.join(dir), extension, &mut found);
    }
    found.sort();
    found
        .iter()
        .map(|path| {
            path.strip_prefix(&root)
                .expect("below the repository")
                .to_path_buf()
        })
        .collect()
}

fn rust_files() -> Vec<PathBuf> {
    ["app", "server", "shared"]
        .iter()
        .flat_map(|dir| files(dir, "rs"))
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(repository().join(path)).expect("a readable text file")
}

/// Fails with every offender at once: a list of one at a time wastes a person's afternoon.
fn check(promise: &str, offenders: &[String]) {
    assert!(
        offenders.is_empty(),
        "{promise}:\n  {}",
        offenders.join("\n  ")
    );
}

#[test]
fn every_rust_file_says_first_what_it_is_for() {
    let offenders: Vec<_> = rust_files()
        .iter()
        .filter(|path| !read(path).starts_with("//! "))
        .map(|path| path.display().to_string())
        .collect();
    check("a file opens with `//! ` and a sentence", &offenders);
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let mut sources = rust_files();
    sources.extend(files("end2end", "ts"));
    let offenders: Vec<_> = sources
        .iter()
        .map(|path| (path, read(path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| {
            format!(
                "{} has {lines} lines of at most {LONGEST_FILE}",
                path.display()
            )
        })
        .collect();
    check("split by meaning", &offenders);
}

#[test]
fn no_file_is_named_after_nothing() {
    let meaningless = [
        "mod", "utils", "util", "helpers", "helper", "manager", "common", "misc",
    ];
    let offenders: Vec<_> = rust_files()
        .iter()
        .filter(|path| {
            path.file_stem()
                .is_some_and(|stem| meaningless.iter().any(|name| stem == *name))
        })
        .map(|path| path.display().to_string())
        .collect();
    check("a file is named after what it holds", &offenders);
}

#[test]
fn no_statement_reads_columns_it_does_not_name() {
    let star = format!("select {}", '*'); // spelt so that this file does not offend
    let offenders: Vec<_> = rust_files()
        .iter()
        .flat_map(|path| {
            let text = read(path);
            let found: Vec<_> = text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.to_lowercase().contains(&star))
                .map(|(number, _)| format!("{}:{}", path.display(), number + 1))
                .collect();
            found
        })
        .collect();
    check(
        "columns are listed: a guest's schema changes under an open statement",
        &offenders,
    );
}

#[test]
fn nothing_unfinished_is_left_in_the_sources() {
    let words = [
        format!("TO{}", "DO"),
        format!("FIX{}", "ME"),
        format!("dbg{}(", '!'),
        format!("to{}!(", "do"),
    ];
    let offenders: Vec<_> = rust_files()
        .iter()
        .filter_map(|path| {
            let text = read(path);
            let word = words.iter().find(|word| text.contains(word.as_str()))?;
            Some(format!("{} holds {word}", path.display()))
        })
        .collect();
    check(
        "a promise to finish later is an issue, not a comment",
        &offenders,
    );
}

#[test]
fn types_of_the_api_say_what_they_are() {
    let asking = ["tag = \"", "flatten", "untagged"];
    let offenders: Vec<_> = files("shared", "rs")
        .iter()
        .filter_map(|path| {
            let text = read(path);
            let mut derived = text.lines().filter(|line| line.contains("#[serde("));
            let line = derived.find(|line| asking.iter().any(|word| line.contains(word)))?;
            Some(format!("{}: {}", path.display(), line.trim()))
        })
        .collect();
    check(
        "reading a type that asks what there is brings a buffer and a second reader into the console",
        &offenders,
    );
}

#[test]
fn layers_know_only_what_stands_below_them() {
    // where it holds, and what must never be named there; `domain -> http` is watched from the file list
    let absences: &[(&str, &[&str])] = &[
        (
            "server/src/db",
            &["axum", "crate::engine", "crate::store", "crate::http"],
        ),
        (
            "server/src/engine",
            &["axum", "crate::store", "crate::http", "crate::config"],
        ),
        ("server/src/sample", &["crate::store", "crate::http"]),
        ("server/src/store", &["axum", "crate::http"]),
        (
            "shared/src",
            &["sqlx", "axum", "web_sys", "tokio", "std::fs"],
        ),
        ("app/src", &["sqlx", "axum", "use server::"]),
    ];
    let mut offenders = Vec::new();
    for path in rust_files() {
        let place = path.with_extension("");
        for (layer, unknown) in absences {
            if !place.starts_with(layer) {
                continue;
            }
            let text = code_of(&read(&path));
            offenders.extend(
                unknown
                    .iter()
                    .filter(|name| text.contains(*name))
                    .map(|name| format!("{} names {name}", path.display())),
            );
        }
    }
    check(
        "arrows point one way: http -> domain -> engine -> db",
        &offenders,
    );
}

#[test]
fn only_the_http_layer_and_the_command_line_know_http() {
    let may = [
        "server/src/http",
        "server/src/cli",
        "server/src/lib",
        "server/src/main",
    ];
    let offenders: Vec<_> = files("server/src", "rs")
        .iter()
        .filter(|path| {
            !may.iter()
                .any(|layer| path.with_extension("").starts_with(layer))
        })
        .filter(|path| code_of(&read(path)).contains("crate::http"))
        .map(|path| path.display().to_string())
        .collect();
    check("nothing knows http", &offenders);
}

#[test]
fn dynamic_sql_stands_in_db_alone() {
    let word = format!("AssertSql{}", "Safe");
    let offenders: Vec<_> = files("server/src", "rs")
        .iter()
        .filter(|path| !path.with_extension("").starts_with("server/src/db"))
        .filter(|path| code_of(&read(path)).contains(&word))
        .map(|path| path.display().to_string())
        .collect();
    check("identifiers are quoted in db", &offenders);
}

/// The text without comments, so that a comment may name what the code must not.
fn code_of(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn documents() -> Vec<PathBuf> {
    let mut found = files("docs", "md");
    found.extend(["README.md", "ARCHITECTURE.md"].map(PathBuf::from));
    found
}

#[test]
fn documents_link_only_to_files_that_exist() {
    let mut offenders = Vec::new();
    for path in documents() {
        let text = read(&path);
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let base = repository().join(&path);
            if !base
                .parent()
                .expect("a document stands in a directory")
                .join(file)
                .exists()
            {
                offenders.push(format!("{} links to {target}", path.display()));
            }
        }
    }
    check("a link leads somewhere", &offenders);
}

#[test]
fn documents_name_only_make_targets_that_exist() {
    let makefile = read(Path::new("Makefile"));
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()))
        .collect();
    let offenders: Vec<_> = documents()
        .iter()
        .flat_map(|path| {
            commands_in(&read(path), "make")
                .into_iter()
                .filter(|name| !targets.contains(name.as_str()))
                .map(|name| format!("{} says make {name}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    check("a command that is told about can be typed", &offenders);
}

#[test]
fn documents_name_only_commands_of_the_binary() {
    let help = Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .arg("--help")
        .output()
        .expect("the binary starts");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let known: BTreeSet<&str> = help
        .lines()
        .filter(|line| line.starts_with("  ") && !line.trim_start().starts_with('-'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let offenders: Vec<_> = documents()
        .iter()
        .flat_map(|path| {
            commands_in(&read(path), "switchyard")
                .into_iter()
                .filter(|name| !known.contains(name.as_str()))
                .map(|name| format!("{} says switchyard {name}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    check("a command that is told about can be typed", &offenders);
}

/// First words after `program` in the code of a document (fenced lines and `inline code`), where they look like a
/// subcommand.
fn commands_in(markdown: &str, program: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let pieces: Vec<&str> = if fenced {
            vec![line]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for piece in pieces {
            let mut words = piece.split_whitespace();
            if words.next() != Some(program) {
                continue;
            }
            let Some(word) = words.next() else { continue };
            if word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            {
                found.insert(word.to_string());
            }
        }
    }
    found
}

#[test]
fn commands_are_found_in_fences_and_in_inline_code() {
    let text =
        "Say `make run`.\n```sh\nswitchyard serve --help\nmake test # all\n```\nmake nothing of it";
    assert_eq!(
        commands_in(text, "make").into_iter().collect::<Vec<_>>(),
        ["run", "test"]
    );
    assert_eq!(
        commands_in(text, "switchyard")
            .into_iter()
            .collect::<Vec<_>>(),
        ["serve"]
    );
}
