//! Keeps the documents true: what they show is parsed, what they say is refused is refused, and what is generated
//! from the types is what stands in the repository. `UPDATE_DOCUMENTS=1` writes the generated files again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use server::engine::Playbook;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn playbook_document() -> String {
    fs::read_to_string(docs().join("playbook.md")).expect("docs/playbook.md")
}

#[test]
fn the_json_schema_of_playbooks_is_the_one_of_the_types() {
    let path = docs().join("playbook.schema.json");
    let mut fresh =
        serde_json::to_string_pretty(&Playbook::json_schema()).expect("a schema is JSON");
    fresh.push('\n');
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&path, &fresh).expect("docs/ can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/playbook.schema.json is old: run the tests once with UPDATE_DOCUMENTS=1"
    );
}

#[test]
fn every_key_of_a_playbook_is_documented() {
    let schema = Playbook::json_schema();
    let mut keys = BTreeSet::new();
    properties(&schema, &mut keys);
    let text = playbook_document();
    let missing: Vec<_> = keys
        .iter()
        // sections are documented as headings, all others as rows of a table
        .filter(|key| {
            !text.contains(&format!("| `{key}`"))
                && !text.contains(&format!(".{key}]"))
                && !text.contains(&format!("[{key}]"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "docs/playbook.md does not document {missing:?}"
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

#[test]
fn the_whole_playbook_of_the_documents_is_read() {
    let playbook =
        Playbook::parse("clinic.toml", &whole_playbook()).expect("the documented playbook");
    assert_eq!(playbook.models().count(), 2);
}

#[test]
fn what_the_documents_say_is_refused_is_refused() {
    let document = playbook_document();
    let whole = whole_playbook();
    let mut section = String::new();
    let mut tried = 0;
    let mut wrong = Vec::new();
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = if heading.starts_with('`') {
                heading.trim_matches('`').to_owned()
            } else {
                String::new()
            };
        }
        let Some((snippet, message)) = refusal_of(line) else {
            continue;
        };
        let changed = with_line(&whole, &section, &snippet);
        tried += 1;
        match Playbook::parse("clinic.toml", &changed) {
            Ok(_) => wrong.push(format!("{section} {snippet}: accepted")),
            Err(error) => {
                let said = error.to_string();
                if !said.contains(&message) {
                    wrong.push(format!(
                        "{section} {snippet}: expected \"{message}\", was {said}"
                    ));
                }
                let line = changed
                    .lines()
                    .position(|line| line == snippet)
                    .expect("the changed line")
                    + 1;
                if error.position.line != line {
                    wrong.push(format!(
                        "{section} {snippet}: refused at line {} of {line}",
                        error.position.line
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 50, "only {tried} examples were found in the tables");
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

/// The playbook with the line of the snippet's key, within its section, replaced by the snippet.
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
    assert!(replaced, "the whole playbook has no {key} in {section}");
    lines.join("\n")
}

/// The first TOML block of the document.
fn whole_playbook() -> String {
    let document = playbook_document();
    let block = document.split("```toml\n").nth(1).expect("a TOML block");
    block
        .split("```")
        .next()
        .expect("an end of the block")
        .to_owned()
}
