//! Writes a playbook from an analysis: one that `switchyard check` accepts as it is, with comments
//! where a person should look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Analysis, Proposal, TableKind};
use crate::db::quote;
use crate::engine::schema::Schema;

/// Columns that people know a row by, best first.
const TITLES: [&str; 6] = ["name", "title", "label", "subject", "code", "reference"];

/// The text of a playbook. `name` is its short name; the default organization's code and name are
/// placeholders that the first comment asks to change.
pub fn draft(name: &str, schema: &Schema, analysis: &Analysis) -> String {
    let mut text = String::new();
    head(&mut text, name, schema, analysis);
    let mut groups: BTreeMap<String, Vec<&Proposal>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for proposal in &analysis.tables {
        if matches!(
            proposal.kind,
            TableKind::Owned | TableKind::Follows { .. } | TableKind::Named { .. }
        ) {
            let group = group_of(&proposal.table);
            if !order.contains(&group) {
                order.push(group.clone());
            }
            groups.entry(group).or_default().push(proposal);
        }
    }
    let mut labels = BTreeSet::new();
    if order.is_empty() {
        example(&mut text, schema, analysis, &mut labels);
    }
    for group in order {
        let title = words(&group);
        let _ = write!(
            text,
            "\n[[groups]]\nname = {}\ntitle = {}\n",
            quoted(&group),
            quoted(&title)
        );
        for proposal in &groups[&group] {
            model(&mut text, schema, proposal, &group, &mut labels);
        }
        for risk in analysis
            .risks
            .iter()
            .filter(|risk| group_of(&risk.table) == group)
        {
            let columns: Vec<String> = risk.columns.iter().map(|column| quoted(column)).collect();
            let _ = write!(
                text,
                "\n# {} of {} is unique over all organizations ({} rows nearly collide already).\n\
                 # Two organizations may need the same value: to make it unique per organization,\n\
                 # remove the comment signs.\n\
                 # [[groups.unique]]\n# table = {}\n# columns = [{}]\n",
                risk.columns.join(", "),
                risk.table,
                risk.near_collisions,
                quoted(&risk.table),
                columns.join(", ")
            );
        }
    }
    let rest = [
        (
            TableKind::Undecidable,
            "Nothing tells whom the rows of these tables belong to. Decide, and add them to a group above",
        ),
        (
            TableKind::Shared,
            "Shared by all organizations; left as they are",
        ),
        (TableKind::Framework, "The framework's; left as they are"),
    ];
    for (kind, title) in rest {
        let mut lines = analysis
            .tables
            .iter()
            .filter(|proposal| proposal.kind == kind)
            .peekable();
        if lines.peek().is_some() {
            let _ = writeln!(text, "\n# {title}:");
        }
        for proposal in lines {
            let _ = writeln!(
                text,
                "#   {} ({} rows): {}",
                one_line(&proposal.table),
                proposal.rows,
                one_line(&proposal.why)
            );
        }
    }
    text
}

fn head(text: &mut String, name: &str, schema: &Schema, analysis: &Analysis) {
    let framework = if analysis.django { "django" } else { "none" };
    let slug = slug(name);
    let _ = write!(
        text,
        "# Drafted from a database. Read it from top to bottom before running it: each model says\n\
         # why it is here. Change the default organization to the one your rows belong to.\n\
         format = 1\nname = {}\ntitle = {}\nkind = \"tenancy\"\nframework = {}\n",
        quoted(&slug),
        quoted(&format!("{} becomes multi-tenant", words(&slug))),
        quoted(framework)
    );
    let table = [
        "organizations_organization",
        "organizations",
        "tenants_organization",
    ]
    .into_iter()
    .find(|table| schema.table(table).is_none())
    .unwrap_or("organization_of_rows");
    let look_alike = schema.tables.values().find(|table| {
        let name = table.name.to_ascii_lowercase();
        (name.contains("organization") || name.contains("organisation") || name.contains("tenant"))
            && table.column("name").is_some()
    });
    text.push_str("\n[organizations]\n");
    if let Some(existing) = look_alike {
        let _ = writeln!(
            text,
            "# {} looks like a list of organizations. To use it, name it and its columns here.",
            one_line(&existing.name)
        );
    }
    let _ = write!(
        text,
        "table = {}\n\n[organizations.default]\ncode = \"MAIN\"\nname = \"Main organization\"\n\n\
         [tenant]\ncolumn = \"organization_id\"\ncolumn_type = \"bigint\"\n",
        quoted(table)
    );
}

/// A group that makes the draft compile where nothing tells whom any row belongs to: the largest table that may be meant.
fn example(text: &mut String, schema: &Schema, analysis: &Analysis, labels: &mut BTreeSet<String>) {
    text.push_str(
        "\n# No table was found whose rows belong to one organization each: name them here.\n",
    );
    let has_key = |proposal: &&Proposal| {
        let table = schema.table(&proposal.table);
        table.is_some_and(|table| !table.key().is_empty())
    };
    let largest = (analysis.tables.iter())
        .filter(|proposal| proposal.kind == TableKind::Undecidable)
        .filter(has_key)
        .max_by_key(|proposal| proposal.rows);
    let Some(proposal) = largest else {
        return;
    };
    let group = group_of(&proposal.table);
    let _ = write!(
        text,
        "# This group is an example, so that the file compiles as it stands: change it to what is true.\n\
         \n[[groups]]\nname = {}\ntitle = {}\n",
        quoted(&group),
        quoted(&words(&group))
    );
    model(text, schema, proposal, &group, labels);
}

fn model(
    text: &mut String,
    schema: &Schema,
    proposal: &Proposal,
    group: &str,
    labels: &mut BTreeSet<String>,
) {
    let table = schema.table(&proposal.table);
    let tail = proposal
        .table
        .strip_prefix(group)
        .map(|tail| tail.trim_start_matches('_'))
        .filter(|tail| !tail.is_empty())
        .unwrap_or(&proposal.table);
    let mut label = words(tail);
    if !labels.insert(label.clone()) {
        label = words(&proposal.table);
        labels.insert(label.clone());
    }
    let _ = write!(
        text,
        "\n# {} rows. {}\n[[groups.models]]\nlabel = {}\ntable = {}\n",
        proposal.rows,
        one_line(&proposal.why),
        quoted(&label),
        quoted(&proposal.table)
    );
    if table.is_some_and(|table| table.key().is_empty()) {
        text.push_str("# It has no primary key: give it one, or take it out of this playbook.\n");
    }
    match &proposal.kind {
        TableKind::Follows { through, empty, .. } => {
            text.push_str("headline = false\n");
            if *empty > 0 {
                let _ = writeln!(
                    text,
                    "# {empty} rows have no {}: they will wait for a decision.",
                    one_line(through)
                );
            }
            let _ = writeln!(text, "organization = {{ through = {} }}", quoted(through));
        }
        TableKind::Named { column, empty, .. } => {
            let _ = writeln!(
                text,
                "# The names have to be codes of organizations; rows with another, or with none ({empty}), wait for a decision."
            );
            let expression = format!("NULLIF(t.{}, '')", quote(column));
            let _ = writeln!(
                text,
                "organization = {{ expression = {}, otherwise = \"decide\" }}",
                quoted(&expression)
            );
        }
        _ => text.push_str("organization = \"default\"\n"),
    }
    let title = TITLES
        .iter()
        .find_map(|name| table.and_then(|table| table.column(name)));
    if let Some(title) = title {
        let _ = writeln!(text, "title = {}", quoted(&title.name));
    }
}

/// The part of the application that a table belongs to: its name up to the first underscore.
fn group_of(table: &str) -> String {
    slug(
        table
            .split('_')
            .next()
            .filter(|part| !part.is_empty())
            .unwrap_or("tables"),
    )
}

fn slug(text: &str) -> String {
    let slug: String = text
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "tables".to_owned()
    } else {
        slug.to_owned()
    }
}

/// A name as words: `needs_assessment` becomes `Needs assessment`.
fn words(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().collect::<String>() + letters.as_str(),
        None => "Table".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Names may hold line ends, which would end a comment.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
