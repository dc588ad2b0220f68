//! Edits one thing in the text of a `CREATE TABLE` and leaves every other character alone.

use super::token::{Kind, Token, tokens};

/// Why a definition cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DdlError {
    /// The text is not a `CREATE TABLE` with a list of columns.
    #[error("the definition of the table is not understood: {detail}")]
    NotUnderstood {
        /// What was looked for.
        detail: String,
    },
    /// The column or the constraint is not in it.
    #[error("the definition of the table has no {what}")]
    Absent {
        /// What was looked for.
        what: String,
    },
}

/// One comma-separated part of the list: a column or a table constraint.
struct Part<'a> {
    tokens: Vec<Token<'a>>,
    /// Where the part ends: at its comma, or at the closing parenthesis of the list.
    end: usize,
}

impl Part<'_> {
    /// The column it defines; `None` for a table constraint.
    fn column(&self) -> Option<String> {
        let first = self.tokens.first()?;
        let constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
        (!constraint.iter().any(|word| first.is(word))).then(|| first.name())
    }
}

fn parts(sql: &str) -> Result<Vec<Part<'_>>, DdlError> {
    let all = tokens(sql);
    let not_understood = |detail: &str| DdlError::NotUnderstood {
        detail: detail.to_owned(),
    };
    if !all.first().is_some_and(|token| token.is("CREATE")) {
        return Err(not_understood("it does not begin with CREATE"));
    }
    let open = all
        .iter()
        .position(|token| token.text == "(" && token.kind == Kind::Symbol)
        .ok_or_else(|| not_understood("it has no list of columns"))?;
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut depth = 0usize;
    for token in &all[open + 1..] {
        if token.kind == Kind::Symbol {
            match token.text {
                "(" => depth += 1,
                ")" if depth > 0 => depth -= 1,
                "," | ")" if depth == 0 => {
                    parts.push(Part {
                        tokens: std::mem::take(&mut part),
                        end: token.start,
                    });
                    if token.text == ")" {
                        return Ok(parts);
                    }
                    continue;
                }
                _ => {}
            }
        }
        part.push(*token);
    }
    Err(not_understood("its list of columns does not end"))
}

/// The text after `ALTER TABLE ... ADD COLUMN`, as SQLite itself writes it.
pub fn add_column(sql: &str, definition: &str) -> Result<String, DdlError> {
    let parts = parts(sql)?;
    let last = parts
        .iter()
        .rev()
        .find(|part| part.column().is_some())
        .ok_or_else(|| DdlError::Absent {
            what: "column".into(),
        })?;
    Ok(format!(
        "{}, {definition}{}",
        &sql[..last.end],
        &sql[last.end..]
    ))
}

/// The text with the column required: its `NULL` replaced by `NOT NULL`, or `NOT NULL` put
/// behind its type. A column that is required already is left as it is.
pub fn set_not_null(sql: &str, column: &str) -> Result<String, DdlError> {
    let parts = parts(sql)?;
    let part = find(&parts, column)?;
    match nullability(part) {
        Nullability::NotNull { .. } => Ok(sql.to_owned()),
        Nullability::Null { at } => Ok(format!("{}NOT {}", &sql[..at], &sql[at..])),
        Nullability::Silent { behind } => {
            Ok(format!("{} NOT NULL{}", &sql[..behind], &sql[behind..]))
        }
    }
}

/// The text with the column able to be empty again: the `NOT` of its `NOT NULL` taken out.
pub fn set_nullable(sql: &str, column: &str) -> Result<String, DdlError> {
    let parts = parts(sql)?;
    let part = find(&parts, column)?;
    match nullability(part) {
        Nullability::NotNull { start, null } => Ok(format!("{}{}", &sql[..start], &sql[null..])),
        Nullability::Null { .. } | Nullability::Silent { .. } => Ok(sql.to_owned()),
    }
}

/// The text with the table named otherwise, in quotes.
pub fn rename(sql: &str, name: &str) -> Result<String, DdlError> {
    let all = tokens(sql);
    let old = (all.iter().position(|token| token.is("TABLE")))
        .and_then(|at| all.get(at + 1))
        .ok_or_else(|| DdlError::NotUnderstood {
            detail: "it names no table".into(),
        })?;
    Ok(format!(
        "{}{}{}",
        &sql[..old.start],
        crate::db::quote(name),
        &sql[old.end()..]
    ))
}

/// The text with another column put first into the `UNIQUE` constraint over exactly these
/// columns. The `UNIQUE` of a single column's own definition becomes a constraint of the table.
pub fn add_to_unique(sql: &str, columns: &[String], first: &str) -> Result<String, DdlError> {
    let parts = parts(sql)?;
    let first = crate::db::quote(first);
    for part in &parts {
        let Some((open, listed)) = unique_constraint(part) else {
            continue;
        };
        if same_names(&listed, columns) {
            return Ok(format!("{}{first}, {}", &sql[..open], &sql[open..]));
        }
    }
    let absent = || DdlError::Absent {
        what: format!("unique constraint over {}", columns.join(", ")),
    };
    let [column] = columns else {
        return Err(absent());
    };
    let part = find(&parts, column)?;
    let at = (part.tokens.iter())
        .position(|token| token.is("UNIQUE"))
        .ok_or_else(absent)?;
    let mut from = at;
    if at >= 2 && part.tokens[at - 2].is("CONSTRAINT") {
        from = at - 2;
    }
    let mut to = at;
    if part.tokens.get(at + 1).is_some_and(|token| token.is("ON")) {
        to = (at + 3).min(part.tokens.len() - 1);
    }
    let start = from
        .checked_sub(1)
        .map_or(part.tokens[from].start, |before| part.tokens[before].end());
    let end = parts.last().map_or(sql.len(), |last| last.end);
    Ok(format!(
        "{}{}, UNIQUE ({first}, {}){}",
        &sql[..start],
        &sql[part.tokens[to].end()..end],
        crate::db::quote(column),
        &sql[end..]
    ))
}

/// The `WHERE` of a partial index, with a space before it; empty when it has none.
pub fn condition(sql: &str) -> String {
    tokens(sql)
        .iter()
        .find(|token| token.is("WHERE"))
        .map_or_else(String::new, |token| format!(" {}", &sql[token.start..]))
}

/// The columns of a table constraint `UNIQUE (...)`, and where the first of them stands.
fn unique_constraint(part: &Part<'_>) -> Option<(usize, Vec<String>)> {
    if part.column().is_some() {
        return None;
    }
    let at = part.tokens.iter().position(|token| token.is("UNIQUE"))?;
    let list = part.tokens.get(at + 2..)?;
    let open = list.first()?.start;
    let mut names = Vec::new();
    let mut expects_name = true;
    for token in list {
        match token.text {
            ")" => return Some((open, names)),
            "," => expects_name = true,
            _ if expects_name => {
                names.push(token.name());
                expects_name = false;
            }
            // COLLATE, ASC and the like
            _ => {}
        }
    }
    None
}

fn same_names(left: &[String], right: &[String]) -> bool {
    let lower = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    lower(left) == lower(right)
}

fn find<'a, 'b>(parts: &'b [Part<'a>], column: &str) -> Result<&'b Part<'a>, DdlError> {
    parts
        .iter()
        .find(|part| {
            part.column()
                .is_some_and(|name| name.eq_ignore_ascii_case(column))
        })
        .ok_or_else(|| DdlError::Absent {
            what: format!("column {column}"),
        })
}

enum Nullability {
    /// `NOT NULL`: where `NOT` starts, where `NULL` starts.
    NotNull { start: usize, null: usize },
    /// A bare `NULL`, where it starts.
    Null { at: usize },
    /// Neither: where the type ends.
    Silent { behind: usize },
}

fn nullability(part: &Part<'_>) -> Nullability {
    let mut depth = 0usize;
    let mut behind = None;
    for (at, token) in part.tokens.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        let next_is_null = part.tokens.get(at + 1).is_some_and(|next| next.is("NULL"));
        if token.is("NOT") && next_is_null {
            return Nullability::NotNull {
                start: token.start,
                null: part.tokens[at + 1].start,
            };
        }
        let before = at.checked_sub(1).map(|before| &part.tokens[before]);
        // DEFAULT NULL and ON DELETE SET NULL are not about whether the column may be empty
        let of_another = before.is_some_and(|before| before.is("DEFAULT") || before.is("SET"));
        if token.is("NULL") && !of_another {
            return Nullability::Null { at: token.start };
        }
        if behind.is_none() && at > 0 && CLAUSES.iter().any(|word| token.is(word)) {
            behind = before.map(Token::end);
        }
    }
    Nullability::Silent {
        behind: behind
            .or_else(|| part.tokens.last().map(Token::end))
            .unwrap_or(part.end),
    }
}

/// The words that begin what may stand behind a column's type.
const CLAUSES: [&str; 11] = [
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
];

#[cfg(test)]
mod tests {
    use super::*;

    const DJANGO: &str = "CREATE TABLE \"t\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
        \"code\" varchar(20) NOT NULL UNIQUE, \"x, y\" decimal(10, 2) NULL, CHECK (\"id\" > 0), \
        CONSTRAINT \"u\" UNIQUE (\"code\", \"x, y\"))";

    #[test]
    fn a_column_is_added_where_sqlite_adds_it_and_made_required_and_back() {
        let added = add_column(DJANGO, "\"o\" bigint NULL REFERENCES \"p\" (\"id\")").unwrap();
        assert!(
            added.contains(
                "decimal(10, 2) NULL, \"o\" bigint NULL REFERENCES \"p\" (\"id\"), CHECK"
            )
        );
        let required = set_not_null(&added, "O").unwrap();
        assert!(required.contains("\"o\" bigint NOT NULL REFERENCES"));
        assert_eq!(set_nullable(&required, "o").unwrap(), added);
        assert_eq!(set_not_null(&required, "o").unwrap(), required);
    }

    #[test]
    fn null_in_other_clauses_is_not_mistaken_for_nullability() {
        for (before, after) in [
            (
                "CREATE TABLE t (o int DEFAULT NULL)",
                "CREATE TABLE t (o int NOT NULL DEFAULT NULL)",
            ),
            (
                "CREATE TABLE t (o REFERENCES p ON DELETE SET NULL, a)",
                "CREATE TABLE t (o NOT NULL REFERENCES p ON DELETE SET NULL, a)",
            ),
            (
                "CREATE TABLE t (a, o int -- NOT NULL, one day\n)",
                "CREATE TABLE t (a, o int NOT NULL -- NOT NULL, one day\n)",
            ),
            (
                "CREATE TABLE t (o int CHECK (o IS NOT NULL))",
                "CREATE TABLE t (o int NOT NULL CHECK (o IS NOT NULL))",
            ),
            (
                "CREATE TABLE t (o varchar(3), [a b] int null)",
                "CREATE TABLE t (o varchar(3) NOT NULL, [a b] int null)",
            ),
        ] {
            assert_eq!(set_not_null(before, "o").unwrap(), after);
        }
    }

    #[test]
    fn a_unique_constraint_becomes_one_per_organization() {
        let of = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let both = add_to_unique(DJANGO, &of(&["x, y", "code"]), "o").unwrap();
        assert!(both.contains("CONSTRAINT \"u\" UNIQUE (\"o\", \"code\", \"x, y\"))"));
        let one = add_to_unique(DJANGO, &of(&["code"]), "o").unwrap();
        assert!(
            one.contains("\"code\" varchar(20) NOT NULL, \"x, y\""),
            "{one}"
        );
        assert!(one.ends_with(", UNIQUE (\"o\", \"code\"))"), "{one}");
        assert!(add_to_unique(DJANGO, &of(&["id"]), "o").is_err());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for sql in ["", "CREATE TABLE t AS SELECT 1", "CREATE TABLE t (a, b"] {
            assert!(set_not_null(sql, "a").is_err(), "{sql}");
        }
    }

    #[test]
    fn a_table_is_named_otherwise() {
        assert_eq!(
            rename("CREATE TABLE [a b] (x)", "n\"").unwrap(),
            "CREATE TABLE \"n\"\"\" (x)"
        );
    }
}
