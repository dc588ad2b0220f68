//! Whether each model's column, foreign key and index are what the playbook promised.

use super::{Check, Section, section};
use crate::engine::playbook::Playbook;
use crate::engine::schema::{Schema, Table};

/// One check a model: required, referring to the organizations table, indexed, without a default.
pub(super) fn check(playbook: &Playbook, schema: &Schema) -> Section {
    let checks = playbook
        .models()
        .map(|(_, model)| {
            let column = playbook.column(model);
            let title = format!("{}.{column}", model.table);
            let Some(table) = schema.table(&model.table) else {
                let why = "The table does not exist: correct the playbook.";
                return Check::of(&model.table, &title, "no table", Some(why.to_owned()));
            };
            let (found, faults) = look(table, column, &playbook.organizations.table);
            let fails = (!faults.is_empty()).then(|| faults.join(" "));
            Check::of(&model.table, &title, found.join(", "), fails)
        })
        .collect();
    section("structure", "Columns, foreign keys and indexes", checks)
}

fn look(table: &Table, column: &str, organizations: &str) -> (Vec<String>, Vec<String>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let Some(about) = table.column(column) else {
        return (
            vec!["no column".to_owned()],
            vec!["The column does not exist: run the migration.".to_owned()],
        );
    };
    if about.not_null {
        found.push("required".to_owned());
    } else {
        found.push("may be empty".to_owned());
        faults.push("A row without an organization is accepted: run the last step.".to_owned());
    }
    if let Some(default) = &about.default {
        found.push(format!("default {default}"));
        faults.push(
            "The default files new rows under one organization: remove it from the column."
                .to_owned(),
        );
    }
    match table.foreign_key(column) {
        Some(key) if key.table.eq_ignore_ascii_case(organizations) => {
            found.push("foreign key".to_owned());
        }
        Some(key) => {
            found.push(format!("foreign key to {}", key.table));
            faults.push(format!("It must refer to {organizations}."));
        }
        None => {
            found.push("no foreign key".to_owned());
            faults.push(format!("It must refer to {organizations}."));
        }
    }
    let index = table.indexes.iter().find(|index| {
        !index.partial
            && index
                .columns
                .first()
                .and_then(Option::as_deref)
                .is_some_and(|first| first.eq_ignore_ascii_case(column))
    });
    match index {
        Some(index) => found.push(format!("index {}", index.name)),
        None => {
            found.push("no index".to_owned());
            faults
                .push("Lists of one organization read the whole table: make an index.".to_owned());
        }
    }
    (found, faults)
}
