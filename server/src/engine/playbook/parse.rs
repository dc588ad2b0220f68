//! Text to [`Playbook`], with the line and column of whatever is wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Kind, Playbook};

/// A place in a playbook's text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// The text a playbook was parsed from, and where each of its keys stands.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The file's name, for messages.
    pub name: String,
    /// The text.
    pub text: String,
    positions: BTreeMap<String, Position>,
}

impl Source {
    /// Where the value of a key stands; the key is a dotted path with numbers for the entries of
    /// lists (`groups.0.models.1.table`). The nearest enclosing key answers when it was left out.
    pub fn position(&self, key: &str) -> Option<Position> {
        let mut key = key;
        loop {
            if let Some(position) = self.positions.get(key) {
                return Some(*position);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// The text of a line.
    pub fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.wrapping_sub(1)).unwrap_or("")
    }
}

/// Why a text is not a playbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}, line {line}, column {column}: {problem}\n  {line} | {excerpt}\n{remedy}", line = position.line, column = position.column)]
pub struct PlaybookError {
    /// The file's name.
    pub name: String,
    /// Where.
    pub position: Position,
    /// The key concerned, as a dotted path, when it is known.
    pub key: Option<Box<str>>,
    /// What is wrong.
    pub problem: String,
    /// The line's text.
    pub excerpt: Box<str>,
    /// What to do about it.
    pub remedy: String,
}

impl Playbook {
    /// Parses a playbook. `name` is the file's name, for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, PlaybookError> {
        let refused = |span: Option<Range<usize>>, problem: &str, remedy: &str| {
            let position = position(text, span.map_or(0, |span| span.start));
            PlaybookError {
                name: name.to_owned(),
                position,
                key: None,
                problem: problem.to_owned(),
                excerpt: text
                    .lines()
                    .nth(position.line - 1)
                    .unwrap_or("")
                    .trim_end()
                    .into(),
                remedy: remedy.to_owned(),
            }
        };
        let document = DeTable::parse(text).map_err(|error| {
            refused(
                error.span(),
                &format!("this is not TOML: {}", one_line(error.message())),
                "Correct the line.",
            )
        })?;
        let mut positions = BTreeMap::new();
        walk(text, document.get_ref(), "", &mut positions);
        let mut playbook: Self = toml::from_str(text).map_err(|error| {
            let (problem, remedy) = explain(error.message());
            let mut error = refused(error.span(), &problem, &remedy);
            error.key = key_at(&positions, error.position);
            error
        })?;
        playbook.source = Source {
            name: name.to_owned(),
            text: text.to_owned(),
            positions,
        };
        playbook.check_names()?;
        Ok(playbook)
    }

    /// An error at a key of this playbook.
    pub fn error_at(&self, key: &str, problem: String, remedy: &str) -> PlaybookError {
        let position = self
            .source
            .position(key)
            .unwrap_or(Position { line: 1, column: 1 });
        PlaybookError {
            name: self.source.name.clone(),
            position,
            key: Some(key.into()),
            problem,
            excerpt: self.source.line(position.line).trim_end().into(),
            remedy: remedy.to_owned(),
        }
    }

    /// What needs no schema to be refused: versions, names, lists that may not be empty.
    fn check_names(&self) -> Result<(), PlaybookError> {
        if self.format != 1 {
            return Err(self.error_at(
                "format",
                format!("format {} is not known", self.format),
                "This version of Switchyard reads format 1.",
            ));
        }
        let Kind::Tenancy = self.kind;
        let mut named = vec![("name".to_owned(), &self.name)];
        named.extend(
            (self.groups.iter().enumerate())
                .map(|(at, group)| (format!("groups.{at}.name"), &group.name)),
        );
        named.extend(
            (self.invariants.iter().enumerate())
                .map(|(at, invariant)| (format!("invariants.{at}.name"), &invariant.name)),
        );
        for (at, (key, name)) in named.iter().enumerate() {
            let fits = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter)
            };
            if name.is_empty() || !name.chars().all(fits) {
                return Err(self.error_at(
                    key,
                    format!("\"{name}\" is not a short name"),
                    "Use lower-case letters, digits, hyphens and underscores.",
                ));
            }
            let section = |key: &str| key.split('.').next().map(str::to_owned);
            let twice = (named[..at].iter())
                .any(|(other, taken)| taken == name && section(other) == section(key));
            if twice {
                return Err(self.error_at(
                    key,
                    format!("the name \"{name}\" is used twice"),
                    "Give each its own name.",
                ));
            }
        }
        if self.groups.is_empty() {
            return Err(self.error_at(
                "groups",
                "there is no group to migrate".to_owned(),
                "Add a [[groups]] section with its models.",
            ));
        }
        for (at, group) in self.groups.iter().enumerate() {
            if group.models.is_empty() {
                return Err(self.error_at(
                    &format!("groups.{at}"),
                    format!("the group \"{}\" has no models", group.name),
                    "Add a [[groups.models]] section below it.",
                ));
            }
        }
        Ok(())
    }
}

/// Notes where each value of a table stands.
fn walk(text: &str, table: &DeTable<'_>, prefix: &str, positions: &mut BTreeMap<String, Position>) {
    for (key, value) in table.iter() {
        let path = if prefix.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{prefix}.{}", key.get_ref())
        };
        positions.insert(path.clone(), position(text, key.span().start));
        walk_value(text, value.get_ref(), &path, positions);
    }
}

fn walk_value(
    text: &str,
    value: &DeValue<'_>,
    path: &str,
    positions: &mut BTreeMap<String, Position>,
) {
    if let Some(table) = value.as_table() {
        walk(text, table, path, positions);
    } else if let Some(entries) = value.as_array() {
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("{path}.{at}");
            positions.insert(path.clone(), position(text, entry.span().start));
            walk_value(text, entry.get_ref(), &path, positions);
        }
    }
}

/// The longest key that starts on the line of an error, if any.
fn key_at(positions: &BTreeMap<String, Position>, at: Position) -> Option<Box<str>> {
    positions
        .iter()
        .filter(|(_, position)| position.line == at.line && position.column <= at.column)
        .max_by_key(|(key, position)| (position.column, key.len()))
        .map(|(key, _)| key.as_str().into())
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[start..].chars().count() + 1,
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parser's message, and what to do about it.
fn explain(message: &str) -> (String, String) {
    let message = one_line(message);
    if message.contains("untagged enum Placement") {
        return (
            "this does not say how a row finds its organization".to_owned(),
            "Write \"default\", { through = \"COLUMN\" } or { expression = \"SQL\" }.".to_owned(),
        );
    }
    if message.contains("untagged enum RecordedValue") {
        return (
            "this is not a value that can be recorded".to_owned(),
            "Write a text, a number, true, false or { now = true }.".to_owned(),
        );
    }
    let remedy = if message.starts_with("unknown field") {
        "Remove the key or correct its name; the format is documented key by key."
    } else if message.starts_with("missing field") {
        "Add the key."
    } else {
        "Correct the value."
    };
    (message, remedy.to_owned())
}
