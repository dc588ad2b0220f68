//! The part of a playbook about organizations: their table, the default one, how a row finds its
//! own, and the rows recorded in the application's tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Stage;

/// The table of organizations. It is made when it does not exist.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organizations {
    /// The table's name.
    pub table: String,
    /// Its primary key, a whole number.
    #[serde(default = "id")]
    pub key: String,
    /// The column with the organization's short code, unique.
    #[serde(default = "code")]
    pub code: String,
    /// The column with its name.
    #[serde(default = "name")]
    pub name: String,
    /// The column with its type (ministry, office, agency).
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_column: Option<String>,
    /// The types that the application knows; none means that any text will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// The column that says whether it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The column with further facts as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// The column with the time it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The column with the time it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// The organization that existing rows belong to.
    pub default: DefaultOrganization,
    /// Rows recorded in the application's own tables when the organizations phase is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recorded: Vec<RecordedRow>,
}

/// The organization that existing rows belong to. Adopted when its code exists already.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultOrganization {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its type, written to the type column.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_value: Option<String>,
    /// Further facts, written to the metadata column as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, serde_json::Value>>,
}

/// How a row finds its organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Placement {
    /// A word: `"default"`, every row belongs to the default organization.
    Word(PlacementWord),
    /// Along a foreign key of this table to a table that has an organization itself.
    Through(Through),
    /// By an SQL expression over the alias `t` that answers an organization's code.
    Expression(ByExpression),
}

impl Default for Placement {
    fn default() -> Self {
        Self::Word(PlacementWord::Default)
    }
}

/// The placements that are written as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlacementWord {
    /// The default organization.
    Default,
}

/// Along a foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Through {
    /// The column of this table that references the other.
    pub through: String,
    /// What happens to rows whose reference is empty, or whose parent has no organization.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// By an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByExpression {
    /// SQL over the alias `t` that answers an organization's code, or NULL.
    pub expression: String,
    /// What happens to rows for which it answers NULL or an unknown code.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// What happens to rows that a rule does not place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// They wait for a person's decision.
    #[default]
    Decide,
    /// They belong to the default organization.
    Default,
}

/// A row recorded when a step of its group is done.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRecord {
    /// The step whose end it records.
    pub with: Stage,
    /// The table.
    pub table: String,
    /// The values of its columns; see [`RecordedValue`].
    pub values: BTreeMap<String, RecordedValue>,
}

/// A row recorded in one of the application's own tables, removed when the step is undone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedRow {
    /// The table.
    pub table: String,
    /// The values of its columns.
    pub values: BTreeMap<String, RecordedValue>,
}

/// A value of a recorded row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RecordedValue {
    /// A text.
    Text(String),
    /// True or false, stored as 1 or 0.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// `{ now = true }`: the time of recording, UTC, as Django writes it. Such a column does not
    /// take part in recognising the row again.
    Now {
        /// Always true.
        now: bool,
    },
}

fn id() -> String {
    "id".to_owned()
}

fn code() -> String {
    "code".to_owned()
}

fn name() -> String {
    "name".to_owned()
}
