//! What a run would do: every step with its statements, locks, cost and undo.

use std::fmt::Write as _;

use serde::Serialize;

use crate::db::{Statement, Value};
use crate::engine::plan::{Reverse, Step};

/// What a dry run answers.
#[derive(Debug, Serialize)]
pub(super) struct Dry<'a> {
    /// The run that would go on; nothing when one would begin.
    pub(super) run: Option<&'a str>,
    /// The plan's fingerprint.
    pub(super) fingerprint: &'a str,
    /// What a person should know before.
    pub(super) notes: &'a [String],
    /// The steps that would be carried out, and those that the plan skips.
    pub(super) steps: Vec<&'a Step>,
}

/// The same for people.
pub(super) fn human(dry: &Dry<'_>) -> String {
    let mut text = match dry.run {
        Some(run) => format!(
            "The run {run} would go on. Fingerprint {}\n",
            dry.fingerprint
        ),
        None => format!("A run would begin. Fingerprint {}\n", dry.fingerprint),
    };
    for note in dry.notes {
        let _ = writeln!(text, "Note: {note}");
    }
    for (at, step) in dry.steps.iter().enumerate() {
        let _ = writeln!(text, "\n{}. {}  {}", at + 1, step.key, step.title);
        if let Some(why) = &step.skip {
            let _ = writeln!(text, "   skipped  {why}");
            continue;
        }
        statements(&mut text, "sql ", &step.forward);
        let _ = writeln!(text, "   locks    {}", step.locks);
        let _ = writeln!(text, "   cost     {}", step.cost.sentence);
        for gate in &step.gates {
            let _ = writeln!(text, "   gate     {}", gate.title);
        }
        match &step.reverse {
            Reverse::Sql(reverse)
            | Reverse::Staged {
                statements: reverse,
                ..
            } => statements(&mut text, "undo", reverse),
            Reverse::Nothing => text.push_str("   undo     Nothing needs to be done.\n"),
            Reverse::Impossible { why } => {
                let _ = writeln!(text, "   undo     Not possible: {why}");
            }
        }
        if let Some(loss) = &step.loss {
            let _ = writeln!(text, "   loses    {loss}");
        }
    }
    text.push_str("\nNothing was changed.");
    text
}

fn statements(text: &mut String, word: &str, statements: &[Statement]) {
    for statement in statements {
        let sql = statement.sql.replace('\n', "\n            ");
        let _ = writeln!(text, "   {word}     {sql};");
        if !statement.values.is_empty() {
            let values: Vec<String> = (statement.values.iter())
                .map(|value| match value {
                    Value::Null => "NULL".to_owned(),
                    Value::Text(text) => format!("{text:?}"),
                    value => value.display(),
                })
                .collect();
            let _ = writeln!(text, "            with {}", values.join(", "));
        }
    }
}
