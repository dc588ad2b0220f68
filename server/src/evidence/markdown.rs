//! The evidence as Markdown, for people and for diffs.

use std::fmt::Write as _;

use ed25519_dalek::VerifyingKey;
use shared::evidence::{Evidence, EvidenceStep};

use super::key;
use super::words;
use crate::reports::markdown::{cell, one_line};

/// The whole evidence.
pub(super) fn text(evidence: &Evidence, key: &VerifyingKey) -> String {
    let mut out = String::new();
    let run = &evidence.run;
    line(
        &mut out,
        format_args!(
            "# Evidence of run {} on {}\n",
            run.number,
            one_line(&evidence.title)
        ),
    );
    table(
        &mut out,
        &["", ""],
        words::facts(evidence)
            .into_iter()
            .map(|(name, value)| vec![name.into(), value]),
    );

    heading(&mut out, "Approvals");
    list(&mut out, words::approvals(evidence));
    heading(&mut out, "Gates");
    list(&mut out, words::gates(evidence));
    heading(&mut out, "Counts after the run");
    list(&mut out, words::counts(evidence));
    table(
        &mut out,
        &["Model", "Rows", "With an organization"],
        words::models(evidence),
    );
    heading(&mut out, "Steps");
    table(
        &mut out,
        &["Step", "State", "Rows", "Began", "Took", "Longest lock"],
        evidence.steps.iter().map(step),
    );
    heading(&mut out, "Incidents");
    list(&mut out, words::incidents(evidence));
    heading(&mut out, "Hashes");
    list(&mut out, words::hashes(evidence));
    heading(&mut out, "Plan");
    for phase in &evidence.plan.phases {
        line(&mut out, format_args!("\n### {}\n", one_line(&phase.title)));
        for step in &phase.steps {
            line(
                &mut out,
                format_args!("- {} (`{}`)", one_line(&step.title), step.key),
            );
            for sql in &step.sql {
                line(&mut out, format_args!("\n{}\n", indented(sql)));
            }
        }
    }
    heading(&mut out, "Audit log");
    list(&mut out, vec![words::audit(evidence)]);
    table(
        &mut out,
        &["Entry", "When", "Who", "What", "Text"],
        evidence.audit.entries.iter().map(|entry| {
            vec![
                entry.id.to_string(),
                entry.at.clone(),
                entry.actor.clone(),
                format!("{}: {}", entry.action, entry.object),
                entry.text.clone(),
            ]
        }),
    );
    heading(&mut out, "How to check it");
    line(
        &mut out,
        format_args!("{}", words::check(evidence, &key::hexadecimal(key))),
    );
    out
}

pub(super) fn step(step: &EvidenceStep) -> Vec<String> {
    let title = match &step.error {
        Some(error) => format!("{}: {error}", step.title),
        None => step.title.clone(),
    };
    vec![
        title,
        words::step_state(step.state).to_owned(),
        step.rows_done.to_string(),
        step.started.clone().unwrap_or_default(),
        step.took_ms.map_or_else(String::new, words::duration),
        step.longest_lock_ms
            .map_or_else(String::new, words::duration),
    ]
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // writing to a String cannot fail
    let _ = writeln!(out, "{text}");
}

fn heading(out: &mut String, title: &str) {
    line(out, format_args!("\n## {title}\n"));
}

fn list(out: &mut String, lines: Vec<String>) {
    for text in lines {
        line(out, format_args!("- {}", one_line(&text)));
    }
}

fn table(out: &mut String, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    line(out, format_args!("\n| {} |", head.join(" | ")));
    line(out, format_args!("|{}", " --- |".repeat(head.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        line(out, format_args!("| {} |", cells.join(" | ")));
    }
}

/// Four spaces before each line: code, whatever marks it holds.
fn indented(sql: &str) -> String {
    let lines: Vec<String> = sql.lines().map(|line| format!("      {line}")).collect();
    lines.join("\n")
}
