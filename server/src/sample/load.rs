//! Writes rows in bulk: many to a statement, columns that nobody gave filled with what Django's
//! defaults would be.

use super::SampleError;
use super::catalogue::{Catalogue, Key, Kind};
use crate::db::{Connection, Statement, Value, quote};

/// Rows go to the database when a statement would hold this many values or this much text.
const VALUES: usize = 2_000;
const BYTES: usize = 1 << 20;

/// A database being filled.
pub(super) struct Loader<'a> {
    connection: &'a mut Connection,
    catalogue: &'a Catalogue,
    written: u64,
}

impl<'a> Loader<'a> {
    pub(super) fn new(connection: &'a mut Connection, catalogue: &'a Catalogue) -> Self {
        Self {
            connection,
            catalogue,
            written: 0,
        }
    }

    /// How many rows have been written.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Begins to fill a table; each row gives these columns in this order.
    pub(super) fn table(
        &mut self,
        table: &str,
        columns: &[&str],
    ) -> Result<Rows<'_, 'a>, SampleError> {
        let model = self.catalogue.model(table)?;
        let key = match &model.key {
            Key::Column(name, _) => name.as_str(),
            Key::Automatic | Key::BigAutomatic => "id",
        };
        if let Some(unknown) = columns
            .iter()
            .find(|name| **name != key && !model.columns.iter().any(|column| column.name == **name))
        {
            return Err(SampleError::UnknownTable(format!("{table}.{unknown}")));
        }
        let mut names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        let mut fill = Vec::new();
        for column in &model.columns {
            if !column.null && !columns.contains(&column.name.as_str()) {
                names.push(quote(&column.name));
                fill.push(default(&column.kind));
            }
        }
        Ok(Rows {
            head: format!(
                "INSERT INTO {} ({}) VALUES ",
                quote(table),
                names.join(", ")
            ),
            width: names.len(),
            given: columns.len(),
            fill,
            values: Vec::new(),
            bytes: 0,
            loader: self,
        })
    }
}

/// Rows on their way into one table. What was pushed is written at the latest by
/// [`Rows::finish`].
pub(super) struct Rows<'l, 'a> {
    loader: &'l mut Loader<'a>,
    head: String,
    width: usize,
    given: usize,
    fill: Vec<Value>,
    values: Vec<Value>,
    bytes: usize,
}

impl Rows<'_, '_> {
    /// Adds a row.
    pub(super) async fn push(
        &mut self,
        row: impl IntoIterator<Item = Value>,
    ) -> Result<(), SampleError> {
        let before = self.values.len();
        for value in row {
            if let Value::Text(text) = &value {
                self.bytes += text.len();
            }
            self.values.push(value);
        }
        debug_assert_eq!(self.values.len() - before, self.given);
        self.values.extend(self.fill.iter().cloned());
        if self.values.len() >= VALUES || self.bytes >= BYTES {
            self.write().await?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn finish(mut self) -> Result<(), SampleError> {
        self.write().await
    }

    async fn write(&mut self) -> Result<(), SampleError> {
        let rows = self.values.len() / self.width;
        if rows == 0 {
            return Ok(());
        }
        let one = format!("({})", vec!["?"; self.width].join(", "));
        let statement = Statement {
            sql: format!("{}{}", self.head, vec![one.as_str(); rows].join(", ")),
            values: std::mem::take(&mut self.values),
        };
        self.bytes = 0;
        self.loader.written += self.loader.connection.execute(statement).await?;
        Ok(())
    }
}

fn default(kind: &Kind) -> Value {
    match kind {
        Kind::Char(_) | Kind::Text | Kind::Address => Value::from(""),
        Kind::Integer
        | Kind::BigInteger
        | Kind::SmallInteger
        | Kind::Positive
        | Kind::SmallPositive
        | Kind::Bool => Value::Integer(0),
        Kind::Date => Value::from("2025-10-08"),
        Kind::DateTime => Value::from("2025-10-08 08:00:00"),
        Kind::Time => Value::from("08:00:00"),
        Kind::Decimal => Value::Integer(0),
        Kind::Json => Value::from("{}"),
        Kind::Real => Value::Real(0.0),
        // there is no default for a row of another table: the database refuses the row
        Kind::Uuid | Kind::Reference(_) => Value::Null,
    }
}
