//! What differs between databases in the text of a statement: quoting, for now. Dynamic SQL is
//! put together with these functions and nothing else.

use serde::{Deserialize, Serialize};

/// The language that a target speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, the version linked into this program.
    Sqlite,
}

impl Dialect {
    /// Quotes an identifier so that it names exactly this object, whatever characters it holds.
    pub fn identifier(self, name: &str) -> String {
        match self {
            Self::Sqlite => quote(name),
        }
    }

    /// Writes a text value as a literal, for the few places where a value cannot be bound
    /// (the body of a trigger).
    pub fn literal(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// Quotes an identifier the standard way: in double quotes, with those inside doubled.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_names_and_values_cannot_end_them() {
        assert_eq!(
            quote("a\"; DROP TABLE b; --"),
            "\"a\"\"; DROP TABLE b; --\""
        );
        assert_eq!(Dialect::Sqlite.literal("O'Brien"), "'O''Brien'");
    }
}
