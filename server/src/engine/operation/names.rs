//! The names that the steps of a model give on PostgreSQL, to be looked for before they are given.

use super::add_column::foreign_key;
use super::create_index::{constraint_name, partition_index};
use super::rescope_unique::{scoped_name, scoped_part};
use super::{Cx, Subject, postgres};

/// Names by what they are of.
pub(in crate::engine) struct Names {
    /// Indexes, each in the schema of a table: that table and the name.
    pub relations: Vec<(String, String)>,
    /// Of the table.
    pub constraints: Vec<String>,
    /// Of the table.
    pub triggers: Vec<String>,
    /// In the schema of Switchyard's own tables.
    pub functions: Vec<String>,
}

/// The names that a model's steps give, those of its unique constraints over these columns too.
pub(in crate::engine) fn names<'a>(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    unique: impl Iterator<Item = &'a [String]>,
) -> Names {
    let table = &subject.table.name;
    let mut relations = vec![(
        table.clone(),
        constraint_name(cx, table, &[subject.column], ""),
    )];
    if subject.is_large() && subject.is_partitioned() {
        relations.extend((subject.table.partitions.iter()).map(|partition| {
            let name = partition_index(cx.dialect, partition, &[subject.column], "");
            (partition.clone(), name)
        }));
    }
    let mut constraints = vec![
        foreign_key(cx, subject),
        postgres::own_name("required", table),
    ];
    for columns in unique {
        let name = scoped_name(cx, subject, columns);
        relations.push((table.clone(), name.clone()));
        constraints.push(name);
        if subject.is_partitioned() {
            relations.extend((subject.table.partitions.iter()).map(|partition| {
                let name = scoped_part(subject, columns, partition);
                (partition.clone(), name)
            }));
        }
    }
    Names {
        relations,
        constraints,
        triggers: vec![subject.trigger(), postgres::own_name("move", table)],
        functions: vec![subject.trigger()],
    }
}
