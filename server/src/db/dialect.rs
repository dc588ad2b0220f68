//! What differs between databases in the text of a statement: quoting, and how placeholders are
//! written. Dynamic SQL is put together with these functions and nothing else.

use serde::{Deserialize, Serialize};

/// The language that a target speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, the version linked into this program.
    Sqlite,
    /// PostgreSQL 13 or later.
    Postgres,
}

impl Dialect {
    /// Quotes an identifier so that it names exactly this object, whatever characters it holds.
    pub fn identifier(self, name: &str) -> String {
        quote(name)
    }

    /// Quotes the name of a table. On PostgreSQL a table outside of the first schema of the
    /// search path is named with its schema: `archive.case`, or `"a.b"."c"` where a part has a
    /// dot of its own.
    pub fn relation(self, name: &str) -> String {
        match self {
            Self::Sqlite => quote(name),
            Self::Postgres => (parts(name).iter())
                .map(|part| quote(part))
                .collect::<Vec<_>>()
                .join("."),
        }
    }

    /// Writes a text value as a literal, for the few places where a value cannot be bound
    /// (the body of a trigger).
    pub fn literal(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        match self {
            Self::Sqlite => format!("'{doubled}'"),
            // whatever the server takes a backslash in a plain literal for
            Self::Postgres if text.contains('\\') => {
                format!("E'{}'", doubled.replace('\\', "\\\\"))
            }
            Self::Postgres => format!("'{doubled}'"),
        }
    }
}

/// Quotes an identifier the standard way: in double quotes, with those inside doubled.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a PostgreSQL table as the schema and the plan write it.
pub fn qualified(schema: Option<&str>, table: &str) -> String {
    let plain = |part: &str| match part.contains(['.', '"']) {
        true => quote(part),
        false => part.to_owned(),
    };
    match schema {
        Some(schema) => format!("{}.{}", plain(schema), plain(table)),
        None => plain(table),
    }
}

/// The parts of such a name.
pub fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = name.chars().peekable();
    let mut quoted = false;
    while let Some(next) = rest.next() {
        let at = parts.len() - 1;
        match next {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                parts[at].push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            other => parts[at].push(other),
        }
    }
    parts
}

/// A statement taken apart at its placeholders.
pub(super) struct Pieces {
    /// The text around the placeholders: one piece more than there are.
    pub text: Vec<String>,
    /// Which value each placeholder stands for: the next one for `?`, the first for `?1`.
    pub values: Vec<usize>,
}

/// Finds the placeholders of a statement, outside of quotes and comments.
pub(super) fn pieces(sql: &str) -> Pieces {
    let mut found = Pieces {
        text: vec![String::new()],
        values: Vec::new(),
    };
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let length = skipped(rest);
        let last = found.text.len() - 1;
        if length > 0 {
            found.text[last].push_str(&rest[..length]);
            at += length;
        } else if let Some(after) = rest.strip_prefix('?') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let number = after[..digits].parse::<usize>().ok();
            let next = found.values.iter().max().map_or(0, |last| last + 1);
            found
                .values
                .push(number.map_or(next, |number| number.saturating_sub(1)));
            found.text.push(String::new());
            at += 1 + digits;
        } else if let Some(next) = rest.chars().next() {
            found.text[last].push(next);
            at += next.len_utf8();
        }
    }
    found
}

/// The length of the quoted text or comment that a text begins with; 0 when with neither.
fn skipped(rest: &str) -> usize {
    let until = |open: usize, close: &str| {
        rest[open..]
            .find(close)
            .map_or(rest.len(), |end| open + end + close.len())
    };
    match rest.as_bytes() {
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'$', ..] => {
            let tag = rest[1..].find('$').map(|end| &rest[..end + 2]);
            let is_tag = |tag: &str| {
                let name = &tag[1..tag.len() - 1];
                !name.starts_with(|first: char| first.is_ascii_digit())
                    && name
                        .chars()
                        .all(|char| char.is_alphanumeric() || char == '_')
            };
            match tag {
                Some(tag) if is_tag(tag) => until(tag.len(), tag),
                _ => 0,
            }
        }
        _ => 0,
    }
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
        assert_eq!(Dialect::Postgres.literal("a\\'"), "E'a\\\\'''");
    }

    #[test]
    fn a_table_of_another_schema_is_named_with_it_whatever_its_characters() {
        for (schema, table, name, sql) in [
            (None, "case", "case", "\"case\""),
            (
                Some("archive"),
                "case",
                "archive.case",
                "\"archive\".\"case\"",
            ),
            (None, "a.b", "\"a.b\"", "\"a.b\""),
            (
                Some("ñ"),
                "say \"x\"",
                "ñ.\"say \"\"x\"\"\"",
                "\"ñ\".\"say \"\"x\"\"\"",
            ),
        ] {
            assert_eq!(qualified(schema, table), name);
            assert_eq!(Dialect::Postgres.relation(name), sql);
        }
        assert_eq!(Dialect::Sqlite.relation("a.b"), "\"a.b\"");
    }

    #[test]
    fn placeholders_are_found_outside_of_quotes_and_comments_only() {
        let sql = "SELECT '?', \"?\", $$?$$, $x$ ? $x$ -- ?\n, ? /* ? */ FROM t WHERE a = ?";
        let found = pieces(sql);
        assert_eq!(found.values, [0, 1]);
        assert_eq!(found.text.concat().len(), sql.len() - 2);
        assert_eq!(pieces("a = ?1 OR b = ?1 OR c = ?2").values, [0, 0, 1]);
    }
}
