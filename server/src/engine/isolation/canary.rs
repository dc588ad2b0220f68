//! Canary rows: rows made for the proof, as a copy of one that is there with keys of its own, or
//! of values made up by type where the table is empty.

use std::collections::BTreeMap;

use super::proof::IsolationProof;
use crate::db::{Connection, DbError, Statement, Value, quote};
use crate::engine::schema::{ForeignKey, Schema, Table};

/// Values of a row by column, as text; `None` is NULL.
pub(super) type Values = BTreeMap<String, Option<String>>;

/// A row that was made.
#[derive(Debug, Clone)]
pub(super) struct Canary {
    /// The table or partition it lies in, and its place there.
    pub place: (i64, String),
    /// All of its values.
    pub values: Values,
}

impl Canary {
    /// The values that a foreign key needs to refer to this row.
    pub fn referenced(&self, key: &ForeignKey) -> Option<Values> {
        (key.columns.iter().zip(&key.referenced))
            .map(|(own, theirs)| {
                let value = self.values.get(theirs)?.clone()?;
                Some((own.clone(), Some(value)))
            })
            .collect()
    }
}

/// Why a row could not be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{column}: {why}.")]
pub(super) struct Unmade {
    column: String,
    why: String,
}

impl Unmade {
    pub fn new(column: &str, why: &str) -> Self {
        Self {
            column: column.to_owned(),
            why: why.trim_end_matches('.').to_owned(),
        }
    }
}

/// A column as the catalogue describes it.
struct Described {
    name: String,
    /// The type, as it is written in a cast.
    kind: String,
    /// The type below a domain, and its category.
    base: String,
    category: String,
    length: i64,
    required: bool,
    has_default: bool,
    generated: bool,
    /// Whether a value may be used once only, alone or together with others.
    unique: bool,
    /// The first word of an enumeration.
    first_word: Option<String>,
}

/// Makes rows.
pub(super) struct Maker<'a> {
    proof: &'a IsolationProof,
    schema: &'a Schema,
    described: BTreeMap<String, Vec<Described>>,
    made: u32,
}

impl<'a> Maker<'a> {
    pub fn new(proof: &'a IsolationProof, schema: &'a Schema) -> Self {
        Self {
            proof,
            schema,
            described: BTreeMap::new(),
            made: 0,
        }
    }

    /// Makes a row, with the given values of some columns.
    pub async fn make(
        &mut self,
        db: &mut Connection,
        table: &Table,
        given: &Values,
    ) -> Result<Result<Canary, Unmade>, DbError> {
        let values = match self.values(db, table, given).await? {
            Ok(values) => values,
            Err(unmade) => return Ok(Err(unmade)),
        };
        db.execute("SAVEPOINT switchyard_canary").await?;
        let insert = self.insert(table, &values);
        let returning = format!(
            " RETURNING tableoid::int8, ctid::text, {}",
            self.texts(table).join(", ")
        );
        let row = db
            .row(Statement {
                sql: insert.sql + &returning,
                values: insert.values,
            })
            .await;
        match row {
            Ok(Some(row)) => {
                let names = self.columns(table).iter().map(|column| column.name.clone());
                let values = (names.enumerate())
                    .map(|(at, name)| (name, row.text(at + 2).map(str::to_owned)))
                    .collect();
                Ok(Ok(Canary {
                    place: (row.integer(0), row.string(1)),
                    values,
                }))
            }
            Ok(None) => Ok(Err(Unmade::new(
                "its rows",
                "a trigger or rule swallowed the row",
            ))),
            Err(error) if is_about_the_row(&error) => {
                db.execute("ROLLBACK TO SAVEPOINT switchyard_canary")
                    .await?;
                Ok(Err(Unmade::new(
                    "a row made for the proof was refused",
                    &said(&error),
                )))
            }
            Err(error) => Err(error),
        }
    }

    /// The statement that inserts these values.
    pub fn insert(&self, table: &Table, values: &Values) -> Statement {
        let chosen: Vec<&Described> = (self.columns(table).iter())
            .filter(|column| values.contains_key(&column.name))
            .collect();
        let names: Vec<String> = chosen.iter().map(|column| quote(&column.name)).collect();
        let casts: Vec<String> = (chosen.iter())
            .map(|column| format!("CAST(CAST(? AS text) AS {})", column.kind))
            .collect();
        let bound = chosen.iter().map(|column| {
            let value = values.get(&column.name).cloned().flatten();
            value.map_or(Value::Null, Value::Text)
        });
        Statement {
            sql: format!(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
                self.schema.dialect.relation(&table.name),
                names.join(", "),
                casts.join(", ")
            ),
            values: bound.collect(),
        }
    }

    /// Assignments of these values, for an update.
    pub fn assignments(&self, table: &Table, values: &Values) -> (String, Vec<Value>) {
        let chosen = (self.columns(table).iter()).filter_map(|column| {
            let value = values.get(&column.name)?.clone();
            Some((column, value.map_or(Value::Null, Value::Text)))
        });
        let (sql, values): (Vec<String>, Vec<Value>) = chosen
            .map(|(column, value)| {
                let set = format!(
                    "{} = CAST(CAST(? AS text) AS {})",
                    quote(&column.name),
                    column.kind
                );
                (set, value)
            })
            .unzip();
        (sql.join(", "), values)
    }

    /// The values of a new row: those given, keys of its own, and the rest as in a row that is
    /// there.
    pub async fn values(
        &mut self,
        db: &mut Connection,
        table: &Table,
        given: &Values,
    ) -> Result<Result<Values, Unmade>, DbError> {
        if !self.described.contains_key(&table.name) {
            let described = describe(db, self.schema, table).await?;
            self.described.insert(table.name.clone(), described);
        }
        self.made += 1;
        let template = self.template(db, table).await?;
        let mut values = Values::new();
        for column in self.columns(table) {
            if column.generated {
                continue;
            }
            let name = &column.name;
            let copied = template
                .as_ref()
                .map(|row| row.get(name).cloned().flatten());
            if let Some(value) = given.get(name) {
                values.insert(name.clone(), value.clone());
                continue;
            }
            let key = table
                .foreign_keys
                .iter()
                .find(|key| key.columns.contains(name));
            if let Some(key) = key {
                let empty = matches!(copied, Some(None)) || copied.is_none();
                if empty && !column.required {
                    continue;
                }
                match self.parent(db, table, key, name, column.unique).await? {
                    Some(value) => values.insert(name.clone(), Some(value)),
                    None if !column.required => None,
                    None => {
                        let why = format!("{} has no row that it could refer to", key.table);
                        return Ok(Err(Unmade::new(name, &why)));
                    }
                };
                continue;
            }
            if column.unique {
                match fresh(column) {
                    Some(value) => {
                        values.insert(name.clone(), Some(value));
                    }
                    // refused as a duplicate unless another column of the key differs
                    None => {
                        values.insert(name.clone(), copied.flatten());
                    }
                }
                continue;
            }
            match copied {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None if column.has_default || !column.required => {}
                None => match plain(column) {
                    Some(value) => {
                        values.insert(name.clone(), Some(value));
                    }
                    None => {
                        let why = format!(
                            "the table is empty, and no value of the type {} is known",
                            column.kind
                        );
                        return Ok(Err(Unmade::new(name, &why)));
                    }
                },
            }
        }
        Ok(Ok(values))
    }

    fn columns(&self, table: &Table) -> &[Described] {
        self.described.get(&table.name).map_or(&[], Vec::as_slice)
    }

    fn texts(&self, table: &Table) -> Vec<String> {
        (self.columns(table).iter())
            .map(|column| format!("CAST({} AS text)", quote(&column.name)))
            .collect()
    }

    /// Any row that is there.
    async fn template(
        &self,
        db: &mut Connection,
        table: &Table,
    ) -> Result<Option<Values>, DbError> {
        let statement = format!(
            "SELECT {} FROM {} LIMIT 1",
            self.texts(table).join(", "),
            self.schema.dialect.relation(&table.name)
        );
        let names = self.columns(table).iter().map(|column| column.name.clone());
        let row = db.row(statement).await?;
        Ok(row.map(|row| {
            (names.enumerate())
                .map(|(at, name)| (name, row.text(at).map(str::to_owned)))
                .collect()
        }))
    }

    /// What a column of a foreign key to a table without an organization may hold: an existing
    /// row, one that nobody refers to yet where each may be referred to once.
    async fn parent(
        &self,
        db: &mut Connection,
        table: &Table,
        key: &ForeignKey,
        column: &str,
        unique: bool,
    ) -> Result<Option<String>, DbError> {
        let dialect = self.schema.dialect;
        let place = key.columns.iter().position(|own| own == column);
        let Some(referenced) = place.and_then(|place| key.referenced.get(place)) else {
            return Ok(None);
        };
        let unused = match unique {
            true => format!(
                " WHERE NOT EXISTS (SELECT 1 FROM {} AS own WHERE own.{} = parent.{})",
                dialect.relation(&table.name),
                quote(column),
                quote(referenced)
            ),
            false => String::new(),
        };
        let skipped = match unique {
            true => self.made,
            false => 0,
        };
        let statement = format!(
            "SELECT CAST(parent.{} AS text) FROM {} AS parent{unused} OFFSET {skipped} LIMIT 1",
            quote(referenced),
            dialect.relation(&key.table)
        );
        Ok(db
            .row(statement)
            .await?
            .and_then(|row| row.text(0).map(str::to_owned)))
    }

    /// The setting under which rows are made.
    pub fn setting(&self) -> &str {
        &self.proof.setting
    }
}

async fn describe(
    db: &mut Connection,
    schema: &Schema,
    table: &Table,
) -> Result<Vec<Described>, DbError> {
    let statement = Statement::new(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
         b.typname::text, b.typcategory::text, \
         CASE WHEN b.typname IN ('varchar', 'bpchar') AND COALESCE(NULLIF(t.typtypmod, -1), \
         a.atttypmod) > 4 THEN COALESCE(NULLIF(t.typtypmod, -1), a.atttypmod) - 4 ELSE 0 END, \
         a.attnotnull OR t.typnotnull, a.atthasdef, a.attgenerated <> '', \
         EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique \
          AND a.attnum = ANY (i.indkey::int2[])), \
         (SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = b.oid \
          ORDER BY e.enumsortorder LIMIT 1) \
         FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid \
         JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
         WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped \
         ORDER BY a.attnum",
    )
    .bind(schema.dialect.relation(&table.name));
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| Described {
            name: row.string(0),
            kind: row.string(1),
            base: row.string(2),
            category: row.string(3),
            length: row.integer(4),
            required: row.integer(5) == 1,
            has_default: row.integer(6) == 1,
            generated: row.integer(7) == 1,
            unique: row.integer(8) == 1,
            first_word: row.text(9).map(str::to_owned),
        })
        .collect())
}

/// A value that no other row has, as far as chance goes; no sequence is drawn from.
fn fresh(column: &Described) -> Option<String> {
    let word = format!("{:032x}", rand::random::<u128>());
    Some(match column.base.as_str() {
        "int2" => rand::random_range(30_000_i64..32_767).to_string(),
        "int4" => rand::random_range(2_000_000_000_i64..2_147_000_000).to_string(),
        "int8" => rand::random_range(1_i64 << 60..1 << 61).to_string(),
        "uuid" => word,
        "date" => format!("{:04}-01-01", rand::random_range(2_500_i64..9_000)),
        "timestamp" | "timestamptz" => format!(
            "2901-01-01 00:00:00.{:06}",
            rand::random_range(0_i64..1_000_000)
        ),
        _ if column.category == "S" => match usize::try_from(column.length) {
            Ok(length) if length > 0 => word[..length.min(word.len())].to_owned(),
            _ => word,
        },
        _ => return None,
    })
}

/// Any value of a type.
fn plain(column: &Described) -> Option<String> {
    if let Some(word) = &column.first_word {
        return Some(word.clone());
    }
    let value = match (column.category.as_str(), column.base.as_str()) {
        ("S", _) => "x",
        ("B", _) => "false",
        ("N", _) => "0",
        ("A", _) => "{}",
        ("R", _) => "empty",
        ("T", _) => "0",
        ("I", _) => "127.0.0.1",
        (_, "date") => "2000-01-01",
        ("D", "time" | "timetz") => "00:00:00",
        ("D", _) => "2000-01-01 00:00:00",
        (_, "json" | "jsonb") => "{}",
        (_, "bytea") => "",
        (_, "uuid") => "00000000-0000-0000-0000-000000000000",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Whether the database refused the row, rather than failed.
pub(super) fn is_about_the_row(error: &DbError) -> bool {
    matches!(
        error,
        DbError::Constraint { .. } | DbError::Statement { .. } | DbError::Privilege { .. }
    )
}

/// The database's words alone.
pub(super) fn said(error: &DbError) -> String {
    match error {
        DbError::Constraint { detail, .. }
        | DbError::Statement { detail, .. }
        | DbError::Privilege { detail, .. } => detail.clone(),
        error => error.to_string(),
    }
}
