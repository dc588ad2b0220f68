//! The operations: a closed set. Each has a file below that only plans it; the executor carries
//! it out. To add one: its file, its arm here, its rows in the conformance tests.

use serde::{Deserialize, Serialize};

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
        /// The code.
        code: String,
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
    },
    /// Records rows in one of the application's own tables.
    RecordRows {
        /// The tables.
        tables: Vec<String>,
    },
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
            | Self::RescopeUnique { table, .. } => Some(table),
            Self::Populate(populate) => Some(&populate.table),
            Self::Backup
            | Self::Hook { .. }
            | Self::CheckApplication { .. }
            | Self::RecordRows { .. }
            | Self::Invariant { .. } => None,
        }
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

/// How a column becomes required on SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequireWay {
    /// The text of the table's definition is edited in place: no row is copied, nothing dropped.
    #[default]
    InPlace,
    /// The table is made again and its rows are copied.
    Rebuild,
}

/// Gives existing rows their organization, batch by batch along the primary key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Populate {
    /// The table.
    pub table: String,
    /// The column with the organization.
    pub column: String,
    /// The columns of the primary key, along which the batches run.
    pub key: Vec<String>,
    /// SQL over the alias `t` that answers the organization's id, or NULL where no rule places
    /// the row.
    pub rule: String,
    /// The rule for people.
    pub sentence: String,
}
