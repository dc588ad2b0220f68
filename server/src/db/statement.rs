//! A statement and its values as plain data, so that a plan can hold, show and compare them.

use serde::{Deserialize, Serialize};

/// A value bound to a statement or read from a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes; text that is not valid UTF-8 is read as bytes too, so that nothing is lost.
    Blob {
        /// The bytes, as a list of numbers in JSON.
        blob: Vec<u8>,
    },
}

impl Value {
    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as people read it; bytes by their length, NULL as an empty text.
    pub fn display(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Blob { blob } => format!("{} bytes", blob.len()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One SQL statement with the values bound to its `?` placeholders, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The text. Never holds a value that came from data.
    pub sql: String,
    /// The values of the placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl Statement {
    /// A statement without values yet.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Whether it can be sent with others as one: it has no values, and does not end in a comment that would hide them.
    pub fn joins(&self) -> bool {
        let last = self.sql.lines().last().unwrap_or_default();
        self.values.is_empty() && !last.contains("--")
    }

    /// Several statements that can be joined, in order, as one.
    pub fn together(statements: &[Statement]) -> Self {
        let texts: Vec<&str> = (statements.iter())
            .map(|statement| statement.sql.as_str())
            .collect();
        Self::new(texts.join("; "))
    }
}

impl From<&str> for Statement {
    fn from(sql: &str) -> Self {
        Self::new(sql)
    }
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self::new(sql)
    }
}

/// One row of an answer, its values in the order of the statement's columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value of a column by position; NULL when there is no such column.
    pub fn value(&self, column: usize) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    /// The whole number in a column; 0 when it holds none.
    pub fn integer(&self, column: usize) -> i64 {
        self.value(column).as_i64().unwrap_or(0)
    }

    /// The text in a column; `None` for NULL and for what is not text.
    pub fn text(&self, column: usize) -> Option<&str> {
        self.value(column).as_str()
    }

    /// The text in a column, owned; empty for NULL and for what is not text.
    pub fn string(&self, column: usize) -> String {
        self.text(column).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_a_plan_written_and_read_again() {
        let statement = Statement::new("SELECT ?, ?, ?, ?, ?")
            .bind(7)
            .bind("ñ")
            .bind(Value::Null)
            .bind(Value::Real(1.0))
            .bind(Value::Blob { blob: vec![0, 255] });
        let text = serde_json::to_string(&statement).unwrap();
        assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
    }
}
