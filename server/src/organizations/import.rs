//! Reads a CSV file of organizations and says row by row what importing it would do. Pure: it knows neither the target
//! nor the control store, and changes nothing.

mod fields;
mod text;

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use shared::organization::{ImportOutcome, ImportResult, ImportRow};
use shared::problem::FieldProblem;

use fields::Cells;
pub use fields::{clean_code, code_problem, email_problem, kind_problem, name_problem};

/// Rows that a file may have.
pub const MOST_ROWS: usize = 10_000;
/// Bytes that a file may have.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Columns that are known; the first two have to be there.
const COLUMNS: [&str; 5] = ["code", "name", "kind", "contact_name", "contact_email"];

/// An organization that exists already.
#[derive(Debug, Clone)]
pub struct Known {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Contact person.
    pub contact_name: String,
    /// Contact address.
    pub contact_email: String,
}

/// What importing this file would do, given these organizations. The hash in the answer covers both, so that a
/// confirmation is void when either has changed. `kinds` are those that an organization may have; none means any.
pub fn preview(file: &[u8], known: &[Known], kinds: &[String]) -> ImportResult {
    let mut result = ImportResult {
        seen: hash(file, known),
        rows: Vec::new(),
        new: 0,
        changed: 0,
        same: 0,
        to_fix: 0,
        problems: Vec::new(),
        imported: false,
    };
    match text::decode(file).and_then(records) {
        Ok(rows) => {
            let by_code: HashMap<String, &Known> = known
                .iter()
                .map(|known| (known.code.to_lowercase(), known))
                .collect();
            let mut taken: HashMap<String, u32> = HashMap::with_capacity(rows.len());
            for (line, cells) in rows {
                let row = judge(line, cells, &by_code, kinds, &mut taken);
                match row.outcome {
                    ImportOutcome::New => result.new += 1,
                    ImportOutcome::Changed => result.changed += 1,
                    ImportOutcome::Same => result.same += 1,
                    ImportOutcome::ToFix => result.to_fix += 1,
                }
                result.rows.push(row);
            }
            if result.rows.is_empty() {
                result.problems.push(problem(
                    "file",
                    "The file has a head and no rows. Add one row for each organization.",
                ));
            }
        }
        Err(problems) => result.problems = problems,
    }
    result
}

fn problem(field: impl Into<String>, message: impl Into<String>) -> FieldProblem {
    FieldProblem {
        field: field.into(),
        message: message.into(),
    }
}

fn hash(file: &[u8], known: &[Known]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    add(file);
    for known in known {
        for text in [
            &known.code,
            &known.name,
            &known.kind,
            &known.contact_name,
            &known.contact_email,
        ] {
            add(text.as_bytes());
        }
    }
    hex::encode(hasher.finalize())
}

/// Splits the text into rows: line number and the cells of the known columns.
fn records(text: &str) -> Result<Vec<(u32, Cells)>, Vec<FieldProblem>> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') {
        b';'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let places = places(
        reader
            .headers()
            .map_err(|error| vec![problem("file", error.to_string())])?,
    )?;
    let mut rows = Vec::new();
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    for record in reader.records() {
        let record = record.map_err(|error| vec![malformed(&error)])?;
        if rows.len() == MOST_ROWS {
            return Err(vec![problem(
                "file",
                format!("The file has more than {MOST_ROWS} rows. Split it."),
            )]);
        }
        let line = record
            .position()
            .map_or(0, |position| lines.of(position.byte()));
        let cell = |column: usize| {
            places[column]
                .and_then(|place| record.get(place))
                .unwrap_or_default()
                .to_owned()
        };
        rows.push((
            line,
            Cells {
                code: cell(0),
                name: cell(1),
                kind: cell(2),
                contact_name: cell(3),
                contact_email: cell(4),
            },
        ));
    }
    Ok(rows)
}

/// Counts lines. The reader's own count is one short after `\r\n`, and skips empty lines.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line on which the first cell at or after this byte stands; asked in ascending order.
    fn of(&mut self, byte: u64) -> u32 {
        let bytes = self.text.as_bytes();
        let mut start = usize::try_from(byte).unwrap_or(bytes.len());
        while bytes
            .get(start)
            .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
        {
            start += 1;
        }
        while self.at < start.min(bytes.len()) {
            self.line += u32::from(bytes[self.at] == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn malformed(error: &csv::Error) -> FieldProblem {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            problem(
                format!("line {line}"),
                format!(
                    "Line {line} has {len} cells, the head has {expected_len}. Put quotes around cells that hold a comma."
                ),
            )
        }
        _ => problem("file", format!("The file cannot be read as CSV: {error}.")),
    }
}

/// Where each known column stands.
fn places(head: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], Vec<FieldProblem>> {
    let mut places = [None; COLUMNS.len()];
    let mut problems = Vec::new();
    for (place, title) in head.iter().enumerate() {
        let name = title.trim().to_lowercase().replace([' ', '-'], "_");
        let name = if name == "type" { "kind" } else { &name };
        match COLUMNS.iter().position(|column| *column == name) {
            Some(column) if places[column].is_none() => places[column] = Some(place),
            Some(_) => problems.push(problem(
                "line 1",
                format!("The head names {name} twice. Keep one of the columns."),
            )),
            None => problems.push(problem(
                "line 1",
                format!(
                    "The head has an unknown column {title:?}. Known are {}.",
                    COLUMNS.join(", ")
                ),
            )),
        }
    }
    for column in [0, 1] {
        if places[column].is_none() {
            problems.push(problem(
                "line 1",
                format!(
                    "The head has no column {}. The first line has to be {}.",
                    COLUMNS[column],
                    COLUMNS.join(",")
                ),
            ));
        }
    }
    if problems.is_empty() {
        Ok(places)
    } else {
        Err(problems)
    }
}

fn judge(
    line: u32,
    cells: Cells,
    by_code: &HashMap<String, &Known>,
    kinds: &[String],
    taken: &mut HashMap<String, u32>,
) -> ImportRow {
    let key = cells.code.to_lowercase();
    let known = by_code.get(&key).copied();
    let mut found = cells.problems();
    // what an organization is already, it may stay
    if known.is_none_or(|known| known.kind != cells.kind)
        && let Some(message) = kind_problem(&cells.kind, kinds)
    {
        let meant = kinds
            .iter()
            .find(|kind| kind.eq_ignore_ascii_case(&cells.kind));
        found.push((problem("kind", message), meant.cloned()));
    }
    if !key.is_empty() {
        match taken.get(&key) {
            Some(first) => {
                let free = (2..)
                    .map(|number| format!("{}-{number}", clean_code(&cells.code)))
                    .find(|code| {
                        let code = code.to_lowercase();
                        !taken.contains_key(&code) && !by_code.contains_key(&code)
                    });
                found.insert(
                    0,
                    (
                        problem(
                            format!("row {line}, code"),
                            format!(
                                "Line {first} has the code {} as well. Each organization needs its own.",
                                cells.code
                            ),
                        ),
                        free,
                    ),
                );
            }
            None => {
                taken.insert(key.clone(), line);
            }
        }
    }
    let (problems, suggestions): (Vec<_>, Vec<_>) = found
        .into_iter()
        .map(|(problem, suggestion)| {
            (
                FieldProblem {
                    field: if problem.field.starts_with("row ") {
                        problem.field
                    } else {
                        format!("row {line}, {}", problem.field)
                    },
                    ..problem
                },
                suggestion,
            )
        })
        .unzip();
    let outcome = if !problems.is_empty() {
        ImportOutcome::ToFix
    } else {
        known.map_or(ImportOutcome::New, |known| {
            if cells.changes(known) {
                ImportOutcome::Changed
            } else {
                ImportOutcome::Same
            }
        })
    };
    ImportRow {
        line,
        code: known
            .filter(|_| outcome != ImportOutcome::ToFix)
            .map_or(cells.code, |known| known.code.clone()),
        name: cells.name,
        kind: cells.kind,
        contact_name: cells.contact_name,
        contact_email: cells.contact_email,
        outcome,
        problems,
        suggestion: suggestions.into_iter().next().flatten(),
    }
}

#[cfg(test)]
mod tests;
