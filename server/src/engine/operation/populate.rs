//! Gives existing rows their organization. Small tables in one statement; larger ones in batches
//! along the primary key, each committed with its cursor.

use std::collections::BTreeSet;
use std::time::Duration;

use super::add_column::is_filled;
use super::{Cx, Operation, ParentJoin, Placing, Populate, Rule, Subject};
use crate::db::{Dialect, Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Reverse, Step, StepMode};
use crate::engine::schema::{Column, Table, Trigger};

/// Tables with more rows are populated in batches.
pub(in crate::engine) const ONE_BATCH: u64 = 5_000;

/// The time that a batch aims at: how long another writer waits at most, roughly. In SQLite a batch holds the whole file
/// and each commit waits for the disk; in PostgreSQL only writers of the batch's own rows wait, and the fewer rows, the
/// rarer they are.
pub(in crate::engine) const fn batch_time(dialect: Dialect) -> Duration {
    match dialect {
        Dialect::Sqlite => Duration::from_millis(150),
        Dialect::Postgres => Duration::from_millis(20),
    }
}

/// The place of a row, which a row without a key is found by.
pub(super) const PLACE: &str = "ctid";

/// Plans the assignment of existing rows.
pub(in crate::engine) fn populate(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Step {
    let Subject { table, column, .. } = subject;
    let filled = table.column(column).is_none() && is_filled(cx, rule);
    let batched = subject.is_large() && !filled;
    let operation = Populate {
        table: table.name.clone(),
        column: column.to_owned(),
        dialect: cx.dialect,
        key: subject.walk(cx.dialect),
        placing: rule.placing.clone(),
        sentence: rule.sentence.clone(),
        filled,
        // of a partitioned table the partitions may have triggers of their own
        unchanged: match batched && cx.dialect == Dialect::Postgres && !subject.is_partitioned() {
            true => unchanged(table, column),
            false => Vec::new(),
        },
    };
    let required_already = table.column(column).is_some_and(|column| column.not_null);
    Step {
        key: subject.key("populate"),
        title: format!("Assign the {}: {}", subject.plural, rule.sentence),
        group: Some(subject.group.to_owned()),
        phase: PhaseName::Populate,
        mode: if batched {
            StepMode::Batched
        } else {
            StepMode::Atomic
        },
        forward: vec![if batched {
            operation.batch()
        } else {
            operation.whole()
        }],
        operation: Operation::Populate(operation),
        stages: Vec::new(),
        reverse: Reverse::Nothing,
        probe: None,
        locks: locks(cx.dialect, filled, batched),
        cost: match filled {
            true => Cost {
                rows: 0,
                sentence: "No row is written: each has its organization since the column was \
                           added."
                    .into(),
            },
            false => Cost {
                rows: subject.rows(),
                sentence: format!("{} rows are written once.", subject.rows()),
            },
        },
        loss: None,
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: required_already.then(|| format!("{column} is required: every row has one.")),
    }
}

/// The columns of a table's indexes, but for those that refuse duplicates: these hold few versions of a row. None where a
/// trigger of the application is for changes of certain columns: it would be carried out for every row.
fn unchanged(table: &Table, column: &str) -> Vec<String> {
    let of_columns = |trigger: &Trigger| trigger.sql.contains(" UPDATE OF ");
    if table.triggers.iter().any(of_columns) {
        return Vec::new();
    }
    let indexed: BTreeSet<&str> = (table.indexes.iter())
        .filter(|index| !index.unique)
        .flat_map(|index| index.columns.iter().flatten())
        .map(String::as_str)
        .collect();
    let is_made = |column: &Column| column.generated || column.is_identity();
    let may_be_set = |name: &&str| {
        *name != column && (table.column(name)).is_some_and(|column| !is_made(column))
    };
    (indexed.into_iter().filter(may_be_set))
        .map(str::to_owned)
        .collect()
}

fn locks(dialect: Dialect, filled: bool, batched: bool) -> String {
    if filled {
        return "Nobody waits: the catalogue is read.".into();
    }
    if !batched {
        return "Other writers wait while the rows are written, some milliseconds.".into();
    }
    let writers = match dialect {
        Dialect::Sqlite => "Other writers",
        Dialect::Postgres => "Writers of the same rows",
    };
    let time = batch_time(dialect).as_millis();
    format!("{writers} wait for one batch at a time, about {time} ms.")
}

impl Populate {
    /// The statement that assigns every row still without an organization.
    pub fn whole(&self) -> Statement {
        let (table, column) = (self.dialect.relation(&self.table), quote(&self.column));
        let unchanged: String = (self.unchanged.iter())
            .map(|name| format!(", {name} = t.{name}", name = quote(name)))
            .collect();
        Statement::new(match &self.placing {
            Placing::Expression { rule } => format!(
                "UPDATE {table} AS t SET {column} = {rule}{unchanged} WHERE t.{column} IS NULL"
            ),
            Placing::Parent {
                join: ParentJoin { from, on, value },
            } => format!(
                "UPDATE {table} AS t SET {column} = {value}{unchanged} FROM {from} \
                 WHERE {on} AND {value} IS NOT NULL AND t.{column} IS NULL"
            ),
        })
    }

    /// The statement of one batch: rows behind the cursor, up to the batch's last key. Its
    /// placeholders are the values of the cursor, then those of the last key.
    pub fn batch(&self) -> Statement {
        if self.is_by_place() {
            return self.blocks_from("CAST(? AS bigint)");
        }
        Statement::new(format!(
            "{} AND {} > {values} AND {} <= {values}",
            self.whole().sql,
            self.key_of("t."),
            self.key_of("t."),
            values = self.placeholders()
        ))
    }

    /// The statement of the first batch, which has no cursor yet.
    pub fn first_batch(&self) -> Statement {
        if self.is_by_place() {
            return self.blocks_from("0");
        }
        Statement::new(format!(
            "{} AND {} <= {}",
            self.whole().sql,
            self.key_of("t."),
            self.placeholders()
        ))
    }

    /// Whether rows are found by their place in PostgreSQL's files: their table has no primary key.
    pub fn is_by_place(&self) -> bool {
        self.dialect == Dialect::Postgres && self.key == [PLACE]
    }

    /// The statement for the rows in the blocks of the file from one on, up to another. Every place that a block can have
    /// is named, at 28 bytes a row or more: the server then goes to these blocks alone, whatever its version. A comparison
    /// of places would have PostgreSQL 13 read the whole table for each batch.
    fn blocks_from(&self, first: &str) -> Statement {
        Statement::new(format!(
            "{} AND t.ctid = ANY (ARRAY(SELECT ('(' || block || ',' || line || ')')::tid \
             FROM generate_series({first}, CAST(? AS bigint) - 1) AS block, \
             generate_series(1, current_setting('block_size')::int / 28) AS line))",
            self.whole().sql
        ))
    }

    /// The statement that answers how many blocks the table's file has; the longest of a partitioned table's files.
    pub fn blocks(&self) -> Statement {
        let relation = self.dialect.literal(&self.dialect.relation(&self.table));
        Statement::new(format!(
            "SELECT (MAX(pg_relation_size(file)) / current_setting('block_size')::int8)::int8 FROM \
             (SELECT relid::oid FROM pg_partition_tree(to_regclass({relation})) WHERE isleaf \
             UNION SELECT to_regclass({relation})::oid) AS files (file)"
        ))
    }

    /// The statement that assigns up to `limit` of the rows still without an organization that
    /// the rule places by now: those whose parent was decided meanwhile.
    pub fn settle(&self, limit: u64) -> Statement {
        let columns: Vec<String> = (self.key.iter())
            .map(|key| format!("t.{}", quote(key)))
            .collect();
        Statement::new(format!(
            "UPDATE {table} AS t SET {column} = {rule} WHERE t.{column} IS NULL AND {key} IN (SELECT {columns} \
             FROM {table} AS t WHERE t.{column} IS NULL AND {rule} IS NOT NULL LIMIT {limit})",
            key = self.key_of("t."),
            columns = columns.join(", "),
            table = self.dialect.relation(&self.table),
            column = quote(&self.column),
            rule = self.placing.expression(),
        ))
    }

    /// The key as one expression: a column, or a row value of several.
    pub fn key_of(&self, prefix: &str) -> String {
        let columns: Vec<String> = (self.key.iter())
            .map(|key| format!("{prefix}{}", quote(key)))
            .collect();
        match columns.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        }
    }

    /// As many placeholders as the key has columns.
    pub fn placeholders(&self) -> String {
        match self.key.len() {
            1 => "?".to_owned(),
            several => format!("({})", vec!["?"; several].join(", ")),
        }
    }
}
