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

/// The text with another column put first into a `UNIQUE` constraint over exactly these columns,
/// and whether there was one. A `UNIQUE` of a single column's definition becomes a table
/// constraint.
pub fn add_to_unique(sql: &str, columns: &[String], first: &str) -> Result<String, DdlError> {
    let _ = (sql, columns, first);
    Err(DdlError::Absent {
        what: "such unique constraint".into(),
    })
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
