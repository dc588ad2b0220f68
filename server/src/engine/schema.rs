//! A target's schema as plain data, read by [`super::inspect`]. Looking things up in it needs no
//! connection, which is what keeps compiling a plan pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::db::Dialect;

/// The tables, views and triggers of a target at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The language of the target.
    pub dialect: Dialect,
    /// Tables by name; the database's own (`sqlite_...`) and virtual ones left out.
    pub tables: BTreeMap<String, Table>,
    /// Views, in the order they were created.
    pub views: Vec<View>,
    /// PostgreSQL: the version of the server as a number (150004 for 15.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<i64>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name as it was created.
    pub name: String,
    /// The text of its `CREATE TABLE`.
    pub sql: String,
    /// Its columns in order, hidden and generated ones too.
    pub columns: Vec<Column>,
    /// The columns of its primary key in key order; empty when it declares none.
    pub primary_key: Vec<String>,
    /// Whether its rows have a row id (it was not created `WITHOUT ROWID`).
    pub rowid: bool,
    /// Whether it was created `STRICT`.
    pub strict: bool,
    /// Whether its key is `AUTOINCREMENT`, so that ids are never used twice.
    pub autoincrement: bool,
    /// PostgreSQL: the tables that its rows lie in, where it has none itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<String>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its indexes, those that constraints made too.
    pub indexes: Vec<Index>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Who may see its rows.
    #[serde(default)]
    pub security: RowSecurity,
    /// Its rows, when they were counted.
    pub rows: Option<u64>,
}

/// Row-level security of a PostgreSQL table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RowSecurity {
    /// Whether it is on.
    pub enabled: bool,
    /// Whether it holds for the table's owner too.
    pub forced: bool,
    /// The names of its policies, also of those that wait for it to be on.
    pub policies: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type as declared; SQLite keeps any text.
    pub declared_type: String,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// The text of its default, if it has one; of an identity column of PostgreSQL the clause that makes it one.
    pub default: Option<String>,
    /// Whether its value is computed (generated, or hidden in a virtual table).
    pub generated: bool,
}

impl Column {
    /// Whether PostgreSQL counts its values up by itself.
    pub fn is_identity(&self) -> bool {
        // the expression of a default never begins with the keyword
        (self.default.as_deref()).is_some_and(|clause| clause.starts_with("GENERATED "))
    }
}

/// A foreign key, with its columns and those referenced in matching order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub table: String,
    /// The referenced columns; empty when the constraint names none and means the primary key.
    pub referenced: Vec<String>,
    /// What happens to referencing rows when the referenced one is deleted (`CASCADE`, ...).
    pub on_delete: String,
    /// The same for an update.
    pub on_update: String,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// Whether it covers only part of the rows.
    pub partial: bool,
    /// Who made it.
    pub origin: IndexOrigin,
    /// Its columns; `None` for an expression.
    pub columns: Vec<Option<String>>,
    /// The text of its `CREATE INDEX`; none when a constraint made it.
    pub sql: Option<String>,
    /// PostgreSQL: the constraint that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Constraint>,
    /// PostgreSQL: whether replicas find the table's rows by it, or those of a partition by its part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replica_identity: bool,
    /// PostgreSQL: what was said and set of it besides.
    #[serde(default, skip_serializing_if = "Marks::is_none")]
    pub marks: Marks,
    /// PostgreSQL: its parts in the partitions of the table, those of a part behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<IndexPart>,
}

/// What statements of their own say and set of an index: the text of its definition does not hold it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Its comment.
    pub comment: Option<String>,
    /// The comment of the constraint that it keeps.
    pub constraint_comment: Option<String>,
    /// Whether the rows of the table are put into its order (`CLUSTER`).
    pub clustered: bool,
}

impl Marks {
    /// Whether there is nothing of it.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The part of an index that lies in one partition. Making the index of the whole table makes it, with a name of the
/// server's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexPart {
    /// The partition.
    pub table: String,
    /// Its name.
    pub name: String,
    /// What was said and set of it besides.
    pub marks: Marks,
    /// Its options (`fillfactor=70`), where they are not those of the whole.
    pub options: Option<Vec<String>>,
    /// Its tablespace (quoted), where it is not that of the whole.
    pub tablespace: Option<String>,
}

/// A constraint that an index keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its definition, as it stands behind the name.
    pub definition: String,
    /// The text of a `CREATE INDEX` that makes the same index.
    pub index: String,
}

/// What made an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexOrigin {
    /// A `CREATE INDEX`.
    Created,
    /// A `UNIQUE` constraint inside `CREATE TABLE`.
    Unique,
    /// The primary key.
    PrimaryKey,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The text of its `CREATE TRIGGER`.
    pub sql: String,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// The text of its `CREATE VIEW`.
    pub sql: String,
}

/// The names of tables and columns that Switchyard keeps for itself start so.
pub const RESERVED_PREFIX: &str = "switchyard_";

impl Schema {
    /// The table of that name. SQLite compares names without regard to ASCII case, PostgreSQL
    /// does not.
    pub fn table(&self, name: &str) -> Option<&Table> {
        if self.dialect == Dialect::Postgres {
            return self.tables.get(name);
        }
        self.tables.get(name).or_else(|| {
            self.tables
                .values()
                .find(|table| table.name.eq_ignore_ascii_case(name))
        })
    }

    /// The same table, to be changed.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        let name = self.table(name)?.name.clone();
        self.tables.get_mut(&name)
    }

    /// Tables with a foreign key to this one, with that key.
    pub fn children<'a>(
        &'a self,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a Table, &'a ForeignKey)> {
        self.tables.values().flat_map(move |child| {
            child
                .foreign_keys
                .iter()
                .filter(move |key| key.table.eq_ignore_ascii_case(table))
                .map(move |key| (child, key))
        })
    }

    /// The existing table whose name is nearest to one that does not exist.
    pub fn nearest_table(&self, name: &str) -> Option<&str> {
        nearest(name, self.tables.keys().map(String::as_str))
    }
}

impl Table {
    /// The column of that name: of exactly that name, else without regard to ASCII case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact
            .or_else(|| (self.columns.iter()).find(|column| column.name.eq_ignore_ascii_case(name)))
    }

    /// The foreign key made of exactly this one column.
    pub fn foreign_key(&self, column: &str) -> Option<&ForeignKey> {
        self.foreign_keys
            .iter()
            .find(|key| key.columns.len() == 1 && key.columns[0].eq_ignore_ascii_case(column))
    }

    /// The columns that identify a row: the primary key.
    pub fn key(&self) -> &[String] {
        &self.primary_key
    }

    /// The existing column whose name is nearest to one that does not exist.
    pub fn nearest_column(&self, name: &str) -> Option<&str> {
        nearest(name, self.columns.iter().map(|column| column.name.as_str()))
    }
}

/// The candidate with the smallest edit distance, if it is near enough to have been meant.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(wanted, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 2.max(wanted.chars().count() / 3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, in characters, ignoring ASCII case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let change = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_name_that_was_meant() {
        let names = ["communities_community", "mana_assessment", "auth_user"];
        assert_eq!(
            nearest("comunities_community", names),
            Some("communities_community")
        );
        assert_eq!(nearest("unrelated_thing_entirely", names), None);
    }
}
