//! Refuses a playbook that cannot work on a schema: everything that is wrong, each with its line
//! and a remedy.

mod isolation;

use super::{Refusal, order, unique_index};
use crate::db::Dialect;
use crate::engine::ddl;
use crate::engine::playbook::{Model, Otherwise, Placement, Playbook};
use crate::engine::schema::{IndexOrigin, RESERVED_PREFIX, Schema, Table};

/// Checks everything; the first error of a model keeps its later ones, which it causes, silent.
pub(super) fn check(playbook: &Playbook, schema: &Schema) -> Result<(), Vec<Refusal>> {
    let mut checker = Checker {
        playbook,
        schema,
        refusals: Vec::new(),
    };
    checker.organizations();
    checker.models();
    checker.uniques();
    checker.recorded();
    checker.isolation();
    if checker.refusals.is_empty() {
        return Ok(());
    }
    Err(checker.refusals)
}

struct Checker<'a> {
    playbook: &'a Playbook,
    schema: &'a Schema,
    refusals: Vec<Refusal>,
}

impl Checker<'_> {
    fn refuse(&mut self, key: impl Into<String>, problem: String, remedy: impl Into<String>) {
        let key = key.into();
        self.refusals.push(Refusal {
            playbook: self.playbook.source.name.clone(),
            position: self.playbook.source.position(&key),
            key,
            problem,
            remedy: remedy.into(),
        });
    }

    /// The table of that name, or a refusal that suggests the one that was meant.
    fn table(&mut self, key: &str, name: &str) -> Option<Table> {
        if name.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
            self.refuse(
                key,
                format!("the name {name} is reserved: Switchyard's own tables begin so"),
                "Name a table of the application.",
            );
            return None;
        }
        if let Some(table) = self.schema.table(name) {
            return Some(table.clone());
        }
        if self.schema.views.iter().any(|view| view.name == name) {
            self.refuse(
                key,
                format!("{name} is a view, not a table"),
                "Name the table that the view reads.",
            );
            return None;
        }
        let remedy = match self.schema.nearest_table(name) {
            Some(nearest) => format!("Did you mean {nearest}?"),
            None => "Name a table of the database.".to_owned(),
        };
        self.refuse(key, format!("there is no table {name}"), remedy);
        None
    }

    fn column(&mut self, key: &str, table: &Table, name: &str) -> bool {
        if table.column(name).is_some() {
            return true;
        }
        let remedy = match table.nearest_column(name) {
            Some(nearest) => format!("Did you mean {nearest}?"),
            None => format!("Name a column of {}.", table.name),
        };
        let problem = format!("the table {} has no column {name}", table.name);
        self.refuse(key, problem, remedy);
        false
    }

    fn organizations(&mut self) {
        let organizations = &self.playbook.organizations;
        let name = &organizations.table;
        if name.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
            self.table("organizations.table", name);
            return;
        }
        let Some(table) = self.schema.table(name).cloned() else {
            if self.schema.views.iter().any(|view| view.name == *name) {
                self.table("organizations.table", name);
            }
            return;
        };
        let columns = [
            ("key", Some(&organizations.key)),
            ("code", Some(&organizations.code)),
            ("name", Some(&organizations.name)),
            ("type", organizations.type_column.as_ref()),
            ("active", organizations.active.as_ref()),
            ("metadata", organizations.metadata.as_ref()),
            ("created", organizations.created.as_ref()),
            ("updated", organizations.updated.as_ref()),
        ];
        let mut written = Vec::new();
        for (key, column) in columns {
            if let Some(column) = column {
                self.column(&format!("organizations.{key}"), &table, column);
                written.push(column.to_ascii_lowercase());
            }
        }
        if self.schema.dialect == Dialect::Postgres {
            self.key_type(&table);
        }
        // the default organization may have to be made, and then every column needs a value
        for column in &table.columns {
            let needs = column.not_null && column.default.is_none() && !column.generated;
            let known = written.contains(&column.name.to_ascii_lowercase());
            if needs && !known && !table.key().contains(&column.name) {
                self.refuse(
                    "organizations.table",
                    format!(
                        "{name} exists, and its column {} needs a value that the playbook does \
                         not give",
                        column.name
                    ),
                    "Give the column a default, or make the default organization in the \
                     application first.",
                );
            }
        }
    }

    /// A foreign key on PostgreSQL is of the type that it references.
    fn key_type(&mut self, organizations: &Table) {
        let wanted = self.playbook.tenant.column_type.clone();
        let Some(key) = organizations.column(&self.playbook.organizations.key) else {
            return;
        };
        if !same_type(&key.declared_type, &wanted) {
            self.refuse(
                "tenant.column_type",
                format!(
                    "the key {} of {} is of type {}, and the column would be {wanted}",
                    key.name, organizations.name, key.declared_type
                ),
                format!("Write tenant.column_type = \"{}\".", key.declared_type),
            );
        }
    }

    fn models(&mut self) {
        let mut seen: Vec<String> = Vec::new();
        for (group_at, group) in self.playbook.groups.iter().enumerate() {
            for (model_at, model) in group.models.iter().enumerate() {
                let key = format!("groups.{group_at}.models.{model_at}");
                let lower = model.table.to_ascii_lowercase();
                if seen.contains(&lower) {
                    self.refuse(
                        format!("{key}.table"),
                        format!("the table {} is listed twice", model.table),
                        "List each table once, in one group.",
                    );
                    continue;
                }
                seen.push(lower);
                self.model(&key, model);
            }
        }
        for at in order::cycles(self.playbook, self.schema) {
            let Some((_, model)) = self.playbook.models().nth(at) else {
                continue;
            };
            let table = model.table.clone();
            self.refuse(
                self.key_of(at) + ".organization.through",
                format!("{table} finds its organization through itself, in a circle"),
                "Let one table of the circle find it by \"default\" or by an expression.",
            );
        }
    }

    fn key_of(&self, place: usize) -> String {
        let mut left = place;
        for (at, group) in self.playbook.groups.iter().enumerate() {
            if left < group.models.len() {
                return format!("groups.{at}.models.{left}");
            }
            left -= group.models.len();
        }
        "groups".to_owned()
    }

    fn model(&mut self, key: &str, model: &Model) {
        let Some(table) = self.table(&format!("{key}.table"), &model.table) else {
            return;
        };
        // PostgreSQL knows where a row lies, which is enough as long as nobody decides about it
        let decides = match &model.organization {
            Placement::Word(_) => false,
            Placement::Through(along) => along.otherwise == Otherwise::Decide,
            Placement::Expression(by) => by.otherwise == Otherwise::Decide,
        };
        if table.key().is_empty() && (self.schema.dialect == Dialect::Sqlite || decides) {
            self.refuse(
                format!("{key}.table"),
                format!("the table {} has no primary key", table.name),
                "Give it one: batches and decisions name rows by their key.",
            );
        }
        if let Some(title) = &model.title {
            self.column(&format!("{key}.title"), &table, title);
        }
        self.tenant_column(key, model, &table);
        if let Placement::Through(along) = &model.organization {
            self.through(key, &along.through, &table);
        }
    }

    fn tenant_column(&mut self, key: &str, model: &Model, table: &Table) {
        let name = self.playbook.column(model).to_owned();
        if name.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
            self.refuse(
                format!("{key}.column"),
                format!("the name {name} is reserved"),
                "Name the column as the application does.",
            );
            return;
        }
        let Some(column) = table.column(&name) else {
            return;
        };
        let key = match model.column {
            Some(_) => format!("{key}.column"),
            None => format!("{key}.table"),
        };
        let wanted = &self.playbook.tenant.column_type;
        let fits = same_type(&column.declared_type, wanted)
            || (table.strict && column.declared_type.eq_ignore_ascii_case("integer"));
        if !fits {
            self.refuse(
                key,
                format!(
                    "{} has a column {name} already, of type {}, not {wanted}",
                    table.name, column.declared_type
                ),
                "Choose another column, or correct tenant.column_type.",
            );
            return;
        }
        let organizations = self.playbook.organizations.table.clone();
        let references = (table.foreign_key(&name))
            .is_some_and(|foreign| foreign.table.eq_ignore_ascii_case(&organizations));
        if !references {
            self.refuse(
                key,
                format!(
                    "{} has a column {name} already, and it does not reference {organizations}",
                    table.name
                ),
                "Choose another column, or add the foreign key in the application.",
            );
        }
    }

    fn through(&mut self, key: &str, through: &str, table: &Table) {
        let key = format!("{key}.organization.through");
        if !self.column(&key, table, through) {
            return;
        }
        let Some(foreign) = table.foreign_key(through) else {
            let keys: Vec<&str> = (table.foreign_keys.iter())
                .filter(|foreign| foreign.columns.len() == 1)
                .map(|foreign| foreign.columns[0].as_str())
                .collect();
            let remedy = match keys.is_empty() {
                true => format!("{} has no foreign key; use an expression.", table.name),
                false => format!("Its foreign keys are {}.", keys.join(", ")),
            };
            self.refuse(
                key,
                format!("{through} of {} is not a foreign key", table.name),
                remedy,
            );
            return;
        };
        let tenant = &self.playbook.tenant.column;
        let owned = foreign
            .table
            .eq_ignore_ascii_case(&self.playbook.organizations.table)
            || self.playbook.model(&foreign.table).is_some()
            || (self.schema.table(&foreign.table))
                .is_some_and(|parent| parent.column(tenant).is_some());
        if !owned {
            let parent = foreign.table.clone();
            self.refuse(
                key,
                format!("{through} leads to {parent}, which has no organization itself"),
                format!("Add {parent} as a model, or choose another way."),
            );
        }
    }

    fn uniques(&mut self) {
        for (group_at, group) in self.playbook.groups.iter().enumerate() {
            for (at, unique) in group.unique.iter().enumerate() {
                let key = format!("groups.{group_at}.unique.{at}");
                let of_group = (group.models.iter())
                    .any(|model| model.table.eq_ignore_ascii_case(&unique.table));
                if !of_group {
                    self.refuse(
                        format!("{key}.table"),
                        format!(
                            "{} is not a model of the group {}",
                            unique.table, group.name
                        ),
                        "Put the entry into the group of the table.",
                    );
                    continue;
                }
                let Some(table) = self.schema.table(&unique.table).cloned() else {
                    continue;
                };
                self.unique(&key, &table, &unique.columns);
            }
        }
    }

    fn unique(&mut self, key: &str, table: &Table, columns: &[String]) {
        let listed = columns.join(", ");
        let Some(index) = unique_index(table, columns) else {
            self.refuse(
                format!("{key}.columns"),
                format!("{} has no unique constraint over {listed}", table.name),
                "List the columns of one that it has.",
            );
            return;
        };
        if index.origin == IndexOrigin::PrimaryKey {
            self.refuse(
                format!("{key}.columns"),
                format!("{listed} is the primary key of {}", table.name),
                "A primary key stays unique over all organizations.",
            );
            return;
        }
        let referencing = (self.schema.children(&table.name))
            .find(|(_, foreign)| {
                let mut referenced = foreign.referenced.clone();
                let mut wanted = columns.to_vec();
                referenced.sort();
                wanted.sort();
                referenced == wanted
            })
            .map(|(child, _)| child.name.clone());
        if let Some(child) = referencing {
            self.refuse(
                format!("{key}.columns"),
                format!("{child} references {listed} of {}", table.name),
                "What a foreign key references has to stay unique over all organizations.",
            );
        }
        if index.replica_identity {
            self.refuse(
                format!("{key}.columns"),
                format!("replicas find the rows of {} by {}", table.name, index.name),
                "Set the table's REPLICA IDENTITY to its primary key (DEFAULT) first.",
            );
        }
        let text = (index.sql.as_ref()).or(index.constraint.as_ref().map(|kept| &kept.index));
        let understood = text.and_then(|text| ddl::unique_index(text, "", "", None));
        if self.schema.dialect == Dialect::Postgres && understood.is_none() {
            self.refuse(
                format!("{key}.columns"),
                format!(
                    "the definition of {} of {} is not understood",
                    index.name, table.name
                ),
                "Replace it by an ordinary unique index, or leave it out.",
            );
        }
    }

    fn recorded(&mut self) {
        let organizations = &self.playbook.organizations.recorded;
        let mut rows: Vec<(String, &str, Vec<&String>)> = (organizations.iter().enumerate())
            .map(|(at, row)| {
                let key = format!("organizations.recorded.{at}");
                (key, row.table.as_str(), row.values.keys().collect())
            })
            .collect();
        for (group_at, group) in self.playbook.groups.iter().enumerate() {
            rows.extend(group.recorded.iter().enumerate().map(|(at, row)| {
                let key = format!("groups.{group_at}.recorded.{at}");
                (key, row.table.as_str(), row.values.keys().collect())
            }));
        }
        for (key, table, columns) in rows {
            let Some(table) = self.table(&format!("{key}.table"), table) else {
                continue;
            };
            for column in columns {
                self.column(&format!("{key}.values.{column}"), &table, column);
            }
        }
    }
}

/// Whether two names mean one type: PostgreSQL has several for some.
fn same_type(left: &str, right: &str) -> bool {
    let plain = |name: &str| match name.to_ascii_lowercase().as_str() {
        "int8" | "bigserial" => "bigint".to_owned(),
        "int" | "int4" | "serial" => "integer".to_owned(),
        "int2" => "smallint".to_owned(),
        name => name.replace("varchar", "character varying"),
    };
    left.eq_ignore_ascii_case(right) || plain(left) == plain(right)
}
