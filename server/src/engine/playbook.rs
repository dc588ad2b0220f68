//! The playbook: a declarative TOML file that says what a migration does to a system. Parsing
//! refuses what the format does not know, with the line; what only a real schema can refuse is
//! refused by [`super::compile`].

mod application;
mod isolation;
mod organizations;
mod parse;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use application::{Checks, Hook, HookAt, Invariant, InvariantAt, Mode, Query};
pub use isolation::RowIsolation;
pub use organizations::{
    ByExpression, DefaultOrganization, GroupRecord, Organizations, Otherwise, Placement,
    PlacementWord, RecordedRow, RecordedValue, Through,
};
pub use parse::{PlaybookError, Position, Source};

/// A tenancy playbook: a single-tenant database becomes multi-tenant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// The version of the format. This program reads 1.
    pub format: u32,
    /// Short name: lower-case letters, digits and hyphens.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What kind of migration it is.
    pub kind: Kind,
    /// One or two sentences on what it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The framework that made the schema: decides how indexes are named.
    #[serde(default)]
    pub framework: Framework,
    /// The table of organizations.
    pub organizations: Organizations,
    /// The column that every model gets.
    #[serde(default)]
    pub tenant: Tenant,
    /// Titles and durations of the phases, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseNote>,
    /// Parts of the application that are migrated in this order and can be rolled back alone.
    pub groups: Vec<Group>,
    /// Isolation in the database, when the application's sessions say whose they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<RowIsolation>,
    /// Statements that must answer 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invariants: Vec<Invariant>,
    /// How the application names its modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Hooks called during the run; the system's configuration says what each does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
    /// What is checked of the application and of its queries.
    #[serde(default)]
    pub checks: Checks,
    /// Where the text came from, for lines in refusals.
    #[serde(skip)]
    pub source: Source,
}

/// The kind of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Single-tenant to multi-tenant.
    Tenancy,
}

/// The framework that made the application's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framework {
    /// None that matters: indexes are named `{table}_{column}_idx`.
    #[default]
    None,
    /// Django: indexes are named as its own migrations name them.
    Django,
}

/// The column that holds a row's organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its name on every model.
    #[serde(default = "organization_id")]
    pub column: String,
    /// Its type as the application's framework would declare it.
    #[serde(default = "bigint")]
    pub column_type: String,
    /// For how many seconds no row may have needed the stamp before the column becomes required:
    /// the sign that no old version of the application, which does not fill it, still writes.
    #[serde(default = "quiet")]
    pub quiet_seconds: u64,
}

impl Default for Tenant {
    fn default() -> Self {
        Self {
            column: organization_id(),
            column_type: bigint(),
            quiet_seconds: quiet(),
        }
    }
}

/// A phase as people see it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseNote {
    /// Which phase.
    pub name: PhaseSlot,
    /// Its title.
    pub title: String,
    /// How long it is expected to take, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

/// The phases that a playbook can name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseSlot {
    /// The organizations table and the default organization.
    Organizations,
    /// The three steps over all models.
    Models,
    /// The application with organization context; checked through the system's configuration.
    Middleware,
    /// The application's pages; checked through the system's configuration.
    Views,
}

/// A part of the application that can be migrated and rolled back alone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Short name: lower-case letters, digits, hyphens and underscores.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Its models, in the order in which they are migrated.
    pub models: Vec<Model>,
    /// Rows recorded in the application's own tables as its steps are done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recorded: Vec<GroupRecord>,
    /// Unique constraints that become unique per organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<Unique>,
}

/// A table whose rows belong to organizations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name of one row for people.
    pub label: String,
    /// Name of many rows for people; the label with an s when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plural: Option<String>,
    /// The table.
    pub table: String,
    /// The column, where it differs from the playbook's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Whether it is one of the models that the report counts.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub headline: bool,
    /// How a row finds its organization.
    #[serde(default)]
    pub organization: Placement,
    /// SQL over the alias `t` that suggests an organization's code for a row no rule places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<String>,
    /// The column shown to people for a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// SQL over the alias `t` that says in a sentence why no rule places a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Model {
    /// Name of many rows for people.
    pub fn plural(&self) -> String {
        self.plural
            .clone()
            .unwrap_or_else(|| format!("{}s", self.label))
    }
}

/// The three steps of a group.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The column exists and may be empty.
    Nullable,
    /// Existing rows have an organization.
    Populate,
    /// The column may not be empty.
    Required,
}

/// A unique constraint that becomes unique per organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unique {
    /// The table, one of the group's models.
    pub table: String,
    /// The columns of the constraint as they are now, in any order.
    pub columns: Vec<String>,
}

impl Playbook {
    /// All models with their groups, in the order of the run.
    pub fn models(&self) -> impl Iterator<Item = (&Group, &Model)> {
        self.groups
            .iter()
            .flat_map(|group| group.models.iter().map(move |model| (group, model)))
    }

    /// The models that count in the numbers of all, in the order of the run.
    pub fn headline(&self) -> impl Iterator<Item = &Model> {
        self.models()
            .map(|(_, model)| model)
            .filter(|model| model.headline)
    }

    /// The model of a table, with its group.
    pub fn model(&self, table: &str) -> Option<(&Group, &Model)> {
        self.models()
            .find(|(_, model)| model.table.eq_ignore_ascii_case(table))
    }

    /// The name of the column that holds a model's organization.
    pub fn column<'a>(&'a self, model: &'a Model) -> &'a str {
        model.column.as_deref().unwrap_or(&self.tenant.column)
    }

    /// The JSON Schema of the format, for editors.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Playbook).to_value()
    }
}

fn organization_id() -> String {
    "organization_id".to_owned()
}

fn bigint() -> String {
    "bigint".to_owned()
}

const fn quiet() -> u64 {
    60
}

const fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}
