//! The operations: a closed set. Each has a file below that only plans it; the executor carries
//! it out. `ARCHITECTURE.md` says what else a new one needs.

mod add_column;
mod create_index;
mod invariant;
mod isolate;
mod names;
mod organizations;
mod outside;
mod placing;
mod populate;
mod postgres;
mod probe;
mod record_row;
mod require_column;
mod rescope_unique;
mod rule;
mod stamp;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compile::Options;
use super::isolation::IsolationProof;
use super::playbook::Playbook;
use super::schema::{Schema, Table};
use crate::db::{Dialect, Value};

pub use placing::{ParentJoin, Placing};
pub use rule::{Rule, rule};
pub(super) use {
    add_column::{add_column, stop_stamp},
    create_index::create_index,
    invariant::invariant,
    isolate::{is_isolated, isolate, prove_isolation, read_as_invoker, reader},
    names::names,
    organizations::{ensure_default, ensure_table},
    outside::{backup, check_application, hook},
    populate::{ONE_BATCH, batch_time, populate},
    record_row::record_row,
    require_column::require_column,
    rescope_unique::rescope_unique,
};

/// What planning an operation may look at.
pub(super) struct Cx<'a> {
    pub playbook: &'a Playbook,
    pub schema: &'a Schema,
    pub options: &'a Options,
    pub dialect: Dialect,
}

/// A model with its table: what the operations of a group are planned for.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub group: &'a str,
    pub plural: &'a str,
    pub table: &'a Table,
    pub column: &'a str,
}

impl Subject<'_> {
    /// The key of one of its steps.
    pub fn key(&self, what: &str) -> String {
        format!("{}.{what}.{}", self.group, self.table.name)
    }

    /// The columns by which its rows are walked in batches and found by triggers: a whole-number
    /// key, else the row id, which is never NULL as other keys can be, else the primary key.
    pub fn walk(&self, dialect: Dialect) -> Vec<String> {
        if dialect == Dialect::Postgres {
            // a row without a key is found by its place
            return match self.table.key() {
                [] => vec![populate::PLACE.to_owned()],
                key => key.to_vec(),
            };
        }
        let alias = match self.table.key() {
            [key] => (self.table.column(key))
                .is_some_and(|column| column.declared_type.eq_ignore_ascii_case("integer")),
            _ => false,
        };
        if self.table.rowid && !alias && self.table.column("rowid").is_none() {
            return vec!["rowid".to_owned()];
        }
        self.table.key().to_vec()
    }

    /// The rows it had when they were counted.
    pub fn rows(&self) -> u64 {
        self.table.rows.unwrap_or(0)
    }

    /// The trigger that stamps its rows.
    pub fn trigger(&self) -> String {
        postgres::own_name("stamp", &self.table.name)
    }

    /// Whether its rows lie in partitions.
    pub fn is_partitioned(&self) -> bool {
        self.table.sql.contains(") PARTITION BY ")
    }

    /// Whether it has more rows than one transaction should keep others waiting for.
    pub fn is_large(&self) -> bool {
        self.table
            .rows
            .is_none_or(|rows| rows > populate::ONE_BATCH)
    }
}

/// What a step does, with the data that the executor and the console need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Operation {
    /// Takes a backup outside of the target and proves it by a restore.
    Backup,
    /// Calls a hook that the system's configuration defines.
    Hook {
        /// Its name.
        name: String,
    },
    /// Checks the running application, outside of the target.
    CheckApplication {
        /// What is checked.
        check: ApplicationCheck,
    },
    /// Makes the organizations table when it does not exist.
    EnsureOrganizationsTable {
        /// The table.
        table: String,
    },
    /// Makes the default organization, or adopts the one with its code.
    EnsureDefaultOrganization {
        /// The organizations table.
        table: String,
        /// The column of the codes.
        code_column: String,
        /// The code.
        code: String,
        /// What the playbook says of it, by column.
        columns: BTreeMap<String, Value>,
    },
    /// Adds the organization's column, which may be empty, and the trigger that stamps rows of
    /// application versions that do not know it.
    AddColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The trigger.
        trigger: String,
    },
    /// Gives existing rows their organization.
    Populate(Populate),
    /// Makes the index on the organization's column.
    CreateIndex {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The index.
        index: String,
    },
    /// Makes the column required.
    RequireColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How.
        way: RequireWay,
        /// The stamp's trigger, which ends here.
        trigger: String,
    },
    /// Makes a unique constraint unique per organization.
    RescopeUnique {
        /// The table.
        table: String,
        /// The constraint's columns as they were.
        columns: Vec<String>,
        /// The organization's column, put before them.
        column: String,
        /// How: another index, or the table made again when the constraint is part of it.
        way: RescopeWay,
    },
    /// Records a row in one of the application's own tables.
    RecordRow {
        /// The table.
        table: String,
    },
    /// Makes a role that logs in nowhere, or adopts the one of that name.
    EnsureRole {
        /// The role.
        role: String,
    },
    /// Lets a role name what lies in a schema, unless it may already.
    GrantUse {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
    },
    /// Lets a role read a table, unless it may already.
    GrantRead {
        /// The table.
        table: String,
        /// The role.
        role: String,
    },
    /// Lets the database show each session only the rows of its organization.
    IsolateRows {
        /// The table.
        table: String,
        /// The column with the organization.
        column: String,
    },
    /// Lets a view read with the rights of whoever asks, unless it does already.
    ReadAsInvoker {
        /// The view.
        view: String,
    },
    /// Tries to cross between two organizations made for it, and takes everything back.
    ProveIsolation(Box<IsolationProof>),
    /// Checks that a statement answers 0.
    Invariant {
        /// Its name.
        name: String,
    },
}

impl Operation {
    /// The table it concerns, if it concerns one.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::EnsureOrganizationsTable { table }
            | Self::EnsureDefaultOrganization { table, .. }
            | Self::AddColumn { table, .. }
            | Self::CreateIndex { table, .. }
            | Self::RequireColumn { table, .. }
            | Self::RescopeUnique { table, .. }
            | Self::GrantRead { table, .. }
            | Self::IsolateRows { table, .. }
            | Self::RecordRow { table } => Some(table),
            Self::Populate(populate) => Some(&populate.table),
            Self::Backup
            | Self::Hook { .. }
            | Self::CheckApplication { .. }
            | Self::EnsureRole { .. }
            | Self::GrantUse { .. }
            | Self::ReadAsInvoker { .. }
            | Self::ProveIsolation(_)
            | Self::Invariant { .. } => None,
        }
    }

    /// Whether its effect may have been there before, which an undo then leaves as it was.
    pub fn adopts(&self) -> bool {
        matches!(
            self,
            Self::EnsureRole { .. }
                | Self::GrantUse { .. }
                | Self::GrantRead { .. }
                | Self::ReadAsInvoker { .. }
        )
    }
}

/// What is checked of the running application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationCheck {
    /// It works with the organization's context.
    Context,
    /// Its pages render.
    Views,
}

/// How a column becomes required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequireWay {
    /// SQLite: the text of the table's definition is edited in place: no row is copied, nothing
    /// dropped.
    #[default]
    InPlace,
    /// SQLite: the table is made again and its rows are copied.
    Rebuild,
    /// PostgreSQL: the column is altered, a large table's after a check has proven every row.
    Alter,
}

/// What a unique constraint is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RescopeWay {
    /// A unique index of its own, which is replaced.
    Index,
    /// SQLite: a part of the table's definition: the table is made again and its rows are copied.
    Rebuild,
    /// PostgreSQL: a constraint of the table, which is replaced by another.
    Constraint,
}

/// Gives existing rows their organization, batch by batch along the primary key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Populate {
    /// The language of its statements.
    #[serde(default = "sqlite", skip_serializing_if = "is_sqlite")]
    pub dialect: Dialect,
    /// The table.
    pub table: String,
    /// The column with the organization.
    pub column: String,
    /// The columns of the primary key, along which the batches run.
    pub key: Vec<String>,
    /// How a row finds its organization.
    #[serde(flatten)]
    pub placing: Placing,
    /// The rule for people.
    pub sentence: String,
    /// PostgreSQL: the column came with every row's organization, kept once in the catalogue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filled: bool,
    /// PostgreSQL: indexed columns that a batch sets to what they are. The server else takes each new version of a row for
    /// one of many of the same row, and searches full pages of these indexes for versions to remove before it splits them
    /// (bottom-up deletion): most of the time of a batch, in vain, as each row is written once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<String>,
}

/// Plans made before there were others are SQLite's.
fn sqlite() -> Dialect {
    Dialect::Sqlite
}

fn is_sqlite(dialect: &Dialect) -> bool {
    *dialect == Dialect::Sqlite
}
