//! The names that the steps of a model give on PostgreSQL, to be looked for before they are given.

use super::add_column::foreign_key;
use super::create_index::constraint_name;
use super::{Cx, Subject, postgres};

/// Names by what they are of.
pub(in crate::engine) struct Names {
    /// In the schema of the table: indexes.
    pub relations: Vec<String>,
    /// Of the table.
    pub constraints: Vec<String>,
    /// Of the table.
    pub triggers: Vec<String>,
    /// In the schema of Switchyard's own tables.
    pub functions: Vec<String>,
}

/// The names that a model's steps give.
pub(in crate::engine) fn names(cx: &Cx<'_>, subject: Subject<'_>) -> Names {
    let table = &subject.table.name;
    Names {
        relations: vec![constraint_name(cx, table, &[subject.column], "")],
        constraints: vec![
            foreign_key(cx, subject),
            postgres::own_name("required", table),
        ],
        triggers: vec![subject.trigger(), postgres::own_name("move", table)],
        functions: vec![subject.trigger()],
    }
}
