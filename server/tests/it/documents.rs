//! Keeps the documents true: what they show is read, what they say is refused is refused, and what is generated from
//! the program is what stands in the repository. `UPDATE_DOCUMENTS=1` writes the generated files again.

mod commands;
mod configuration;
mod openapi;
mod playbook;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

fn document(name: &str) -> String {
    fs::read_to_string(path_of(name)).unwrap_or_default()
}

/// A generated file is the one that the program generates now.
fn check_generated(name: &str, fresh: &str) {
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(path_of(name), fresh).expect("docs/ can be written");
    }
    assert!(
        document(name) == fresh,
        "docs/{name} is old: run the tests once with UPDATE_DOCUMENTS=1"
    );
}

/// A JSON Schema as it is kept: indented, with an end of line.
fn pretty(schema: &Value) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// Every key of the schema stands in the document: as the first cell of a row, or as a section's heading.
fn check_keys(name: &str, schema: &Value) {
    let mut keys = BTreeSet::new();
    properties(schema, &mut keys);
    let text = document(name);
    let missing: Vec<_> = keys
        .iter()
        .filter(|key| {
            let forms = [
                format!("| `{key}`"),
                format!(".{key}]"),
                format!("[{key}]"),
                format!("`{key}` and `"),
            ];
            !forms.iter().any(|form| text.contains(form))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/{name} does not document {missing:?}"
    );
}

/// Names of all properties of a JSON Schema, those of its definitions too; `now` is the value `{ now = true }`.
fn properties(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(found)) = members.get("properties") {
                keys.extend(found.keys().filter(|key| *key != "now").cloned());
            }
            members.values().for_each(|member| properties(member, keys));
        }
        Value::Array(members) => members.iter().for_each(|member| properties(member, keys)),
        _ => {}
    }
}

/// The first TOML block of a document.
fn whole_example(name: &str) -> String {
    let text = document(name);
    let block = text.split("```toml\n").nth(1).expect("a TOML block");
    block
        .split("```")
        .next()
        .expect("an end of the block")
        .to_owned()
}

/// Puts each line that the document's tables say is refused into its whole example, and reads that with `read`, which
/// answers the line and the text of the refusal. All that is accepted, or refused for another reason, is reported.
fn check_refusals(name: &str, least: usize, read: impl Fn(&str) -> Option<(usize, String)>) {
    let whole = whole_example(name);
    assert_eq!(read(&whole), None, "the whole example of docs/{name}");
    let mut section = String::new();
    let mut tried = 0;
    let mut wrong = Vec::new();
    for line in document(name).lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let mut parts = heading.split('`');
            section = match parts.next() {
                Some("") => parts.next().unwrap_or_default().to_owned(),
                _ => String::new(),
            };
        }
        let Some((snippet, message)) = refusal_of(line) else {
            continue;
        };
        tried += 1;
        let changed = with_line(&whole, &section, &snippet);
        let at = changed
            .lines()
            .position(|line| line == snippet)
            .expect("the changed line")
            + 1;
        match read(&changed) {
            None => wrong.push(format!("{section} {snippet}: accepted")),
            Some((line, said)) if !said.contains(&message) => {
                wrong.push(format!(
                    "{section} {snippet}: expected \"{message}\", was at line {line}: {said}"
                ));
            }
            Some((line, said)) if line != at => {
                wrong.push(format!(
                    "{section} {snippet}: refused at line {line} of {at}: {said}"
                ));
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        tried >= least,
        "only {tried} examples were found in the tables of docs/{name}"
    );
}

/// The last cell of a row, as `snippet`: message.
fn refusal_of(line: &str) -> Option<(String, String)> {
    let cell = line
        .strip_prefix("| `")?
        .strip_suffix(" |")?
        .rsplit(" | ")
        .next()?;
    let (snippet, message) = cell.strip_prefix('`')?.split_once("`: ")?;
    Some((snippet.to_owned(), message.to_owned()))
}

/// The example with the line of the snippet's key, within its section, replaced by the snippet.
fn with_line(whole: &str, section: &str, snippet: &str) -> String {
    let key = snippet.split(" = ").next().expect("a key");
    let mut here = section.is_empty();
    let mut replaced = false;
    let mut lines = Vec::new();
    for line in whole.lines() {
        if line.starts_with('[') {
            here = line == section;
        }
        if here && !replaced && line.split(" = ").next() == Some(key) {
            replaced = true;
            lines.push(snippet);
        } else {
            lines.push(line);
        }
    }
    assert!(replaced, "the whole example has no {key} in {section}");
    lines.join("\n")
}
