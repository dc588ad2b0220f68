//! What each table is to organizations, from names, columns and foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use super::{Proposal, TableKind};
use crate::db::{Connection, DbError, quote};
use crate::engine::schema::{ForeignKey, RESERVED_PREFIX, Schema, Table};

/// Tables of frameworks and their usual extensions begin with these words.
const FRAMEWORK: [&str; 10] = [
    "django_",
    "auth_",
    "authtoken_",
    "account_",
    "socialaccount_",
    "axes_",
    "auditlog_",
    "celery_",
    "knox_",
    "otp_",
];

/// Tables in which other frameworks record migrations.
const MIGRATIONS: [&str; 6] = [
    "schema_migrations",
    "ar_internal_metadata",
    "alembic_version",
    "flyway_schema_history",
    "_sqlx_migrations",
    "knex_migrations",
];

/// Words at the end of a table's name that tell of lists shared by everyone.
const REFERENCE: [&str; 21] = [
    "region",
    "province",
    "municipality",
    "barangay",
    "district",
    "country",
    "city",
    "island",
    "category",
    "type",
    "status",
    "language",
    "currency",
    "unit",
    "sector",
    "level",
    "ethnicity",
    "religion",
    "holiday",
    "sdg",
    "choice",
];

/// Columns that tell that rows are made one by one by people.
const MADE: [&str; 6] = [
    "created_at",
    "created_on",
    "created",
    "date_created",
    "submitted_at",
    "added_at",
];

/// Words in the name of a column of text that tell who a row belongs to, best first.
const OWNERS: [&str; 9] = [
    "organization",
    "organisation",
    "tenant",
    "implementing_office",
    "ministry",
    "agency",
    "department",
    "bureau",
    "office",
];

/// More different names than this are no list of organizations.
const MOST_NAMES: u64 = 500;

/// A column of text that may name a row's organization.
#[derive(Debug, Clone)]
pub(super) struct InText {
    column: String,
    values: u64,
    empty: u64,
}

/// The column of each table that names the organization of most of its rows, by table.
pub(super) async fn names_in_text(
    db: &mut Connection,
    schema: &Schema,
) -> Result<BTreeMap<String, InText>, DbError> {
    let mut found = BTreeMap::new();
    for table in schema.tables.values() {
        let Some(column) = owner_column(table) else {
            continue;
        };
        let name = quote(column);
        let counted = format!(
            "SELECT COUNT(DISTINCT NULLIF({name}, '')), SUM(CASE WHEN {name} IS NULL OR {name} = '' THEN 1 ELSE 0 END) FROM {}",
            schema.dialect.relation(&table.name)
        );
        let Some(row) = db.row(counted).await? else {
            continue;
        };
        let (values, empty) = (row.integer(0).unsigned_abs(), row.integer(1).unsigned_abs());
        if (1..=MOST_NAMES).contains(&values) && empty * 2 <= table.rows.unwrap_or(0) {
            let column = column.to_owned();
            let named = InText {
                column,
                values,
                empty,
            };
            found.insert(table.name.clone(), named);
        }
    }
    Ok(found)
}

fn owner_column(table: &Table) -> Option<&str> {
    let is_text = |declared: &str| {
        let declared = lower(declared);
        declared.contains("char") || declared.contains("text")
    };
    let refers = |name: &str| references(table).any(|(column, _)| column == name);
    OWNERS.iter().find_map(|word| {
        let column = (table.columns.iter()).find(|column| {
            let name = lower(&column.name);
            let named = name == *word
                || name.ends_with(&format!("_{word}"))
                || name == format!("{word}_code");
            named && is_text(&column.declared_type) && !refers(&column.name)
        })?;
        Some(column.name.as_str())
    })
}

/// How many rows of each foreign key of one column, that may be empty, are empty.
pub(super) async fn empty_references(
    db: &mut Connection,
    schema: &Schema,
) -> Result<BTreeMap<(String, String), u64>, DbError> {
    let mut empty = BTreeMap::new();
    for table in schema.tables.values() {
        for (column, _) in references(table) {
            let nullable = table.column(column).is_some_and(|column| !column.not_null);
            if nullable && table.rows != Some(0) {
                let count = format!(
                    "SELECT COUNT(*) FROM {} WHERE {} IS NULL",
                    schema.dialect.relation(&table.name),
                    quote(column)
                );
                let rows = db.count(count).await?.unsigned_abs();
                empty.insert((table.name.clone(), column.to_owned()), rows);
            }
        }
    }
    Ok(empty)
}

/// Proposes what each table is, parents first.
pub(super) fn classify(
    schema: &Schema,
    empty: &BTreeMap<(String, String), u64>,
    named: &BTreeMap<String, InText>,
) -> Vec<Proposal> {
    let mut found: Vec<Proposal> = Vec::new();
    let mut open: Vec<&Table> = Vec::new();
    for table in schema.tables.values() {
        if table.name.starts_with(RESERVED_PREFIX) {
            continue;
        }
        match framework(table) {
            Some(why) => found.push(proposal(table, TableKind::Framework, why)),
            None => open.push(table),
        }
    }
    let framework: BTreeSet<String> = names(&found, |_| true);
    reference(&mut open, &mut found, &framework);
    let shared = names(&found, |kind| *kind == TableKind::Shared);

    // tables that refer to nothing that has an organization come first, then those that follow
    loop {
        let owned = names(&found, |kind| {
            matches!(
                kind,
                TableKind::Owned | TableKind::Follows { .. } | TableKind::Named { .. }
            )
        });
        let waiting: BTreeSet<String> = open.iter().map(|table| lower(&table.name)).collect();
        let before = open.len();
        open.retain(|table| {
            let ready = references(table).all(|(_, key)| {
                let parent = lower(&key.table);
                parent == lower(&table.name) || !waiting.contains(&parent)
            });
            if ready {
                found.push(settle(table, &owned, &framework, &shared, (empty, named)));
            }
            !ready
        });
        if open.is_empty() {
            return found;
        }
        if open.len() == before {
            // tables that refer to one another: the one with the fewest such references goes first
            let Some(place) = (0..open.len()).min_by_key(|place| {
                let table = open[*place];
                references(table)
                    .filter(|(column, key)| {
                        waiting.contains(&lower(&key.table)) && required(table, column)
                    })
                    .count()
            }) else {
                return found;
            };
            let table = open.remove(place);
            found.push(settle(table, &owned, &framework, &shared, (empty, named)));
        }
    }
}

/// Moves the tables that every organization reads from `open` to `found`.
fn reference(open: &mut Vec<&Table>, found: &mut Vec<Proposal>, framework: &BTreeSet<String>) {
    loop {
        let shared = names(found, |kind| *kind == TableKind::Shared);
        let before = open.len();
        open.retain(|table| {
            let last = lower(&table.name);
            let last = last.rsplit('_').next().unwrap_or_default();
            let named = REFERENCE.iter().any(|word| last.ends_with(word));
            let alone = references(table).all(|(_, key)| {
                let parent = lower(&key.table);
                parent == lower(&table.name)
                    || shared.contains(&parent)
                    || framework.contains(&parent)
            });
            let is_reference = named && alone;
            if is_reference {
                let why = format!(
                    "Its name ends with {last}, and it refers to nothing of an organization."
                );
                found.push(proposal(table, TableKind::Shared, why));
            }
            !is_reference
        });
        if open.len() == before {
            return;
        }
    }
}

/// Rows that name no parent, by table and column.
type EmptyRows = BTreeMap<(String, String), u64>;

/// Decides about a table whose parents are decided.
fn settle(
    table: &Table,
    owned: &BTreeSet<String>,
    framework: &BTreeSet<String>,
    shared: &BTreeSet<String>,
    (empty, named): (&EmptyRows, &BTreeMap<String, InText>),
) -> Proposal {
    let empty_rows = |column: &str| {
        let key = (table.name.clone(), column.to_owned());
        empty.get(&key).copied().unwrap_or(0)
    };
    let mut parents: Vec<(u32, &str, &ForeignKey)> = references(table)
        .filter(|(_, key)| {
            owned.contains(&lower(&key.table)) && lower(&key.table) != lower(&table.name)
        })
        .map(|(column, key)| (score(table, column, key, empty_rows(column)), column, key))
        .collect();
    parents.sort_by_key(|parent| std::cmp::Reverse(parent.0));
    let made = MADE.iter().find(|name| table.column(name).is_some());
    let by_people = references(table).any(|(_, key)| framework.contains(&lower(&key.table)));
    // a parent that every row must have tells more than a name; one that may be missing tells less
    let hangs = (parents.first()).is_some_and(|(_, column, _)| required(table, column));
    if let Some(named) = named.get(&table.name).filter(|_| !hangs) {
        let InText {
            column,
            values,
            empty,
        } = named.clone();
        let why = format!("Its rows name whose they are in {column} ({values} different names).");
        let kind = TableKind::Named {
            column,
            values,
            empty,
        };
        return proposal(table, kind, why);
    }
    match parents.as_slice() {
        [] => {
            if let Some(column) = made {
                return proposal(
                    table,
                    TableKind::Owned,
                    format!(
                        "Its rows are made one by one ({column}) and hang on no other table's."
                    ),
                );
            }
            if by_people {
                let why = "Its rows name an account and hang on no other table's.";
                return proposal(table, TableKind::Owned, why);
            }
            let refers = references(table).any(|(_, key)| shared.contains(&lower(&key.table)));
            let why = if refers {
                "It refers to shared tables alone, and no column tells who made a row."
            } else {
                "No foreign key and no column tells whom a row belongs to."
            };
            proposal(table, TableKind::Undecidable, why)
        }
        [(first, column, key), others @ ..] => {
            let rival = others.iter().find(|(score, _, other)| {
                score == first && lower(&other.table) != lower(&key.table)
            });
            if let Some((_, other, _)) = rival {
                let why = format!(
                    "Its rows hang on two tables alike, along {column} and along {other}: name the one \
                     that tells, or an expression over both."
                );
                return proposal(table, TableKind::Undecidable, why);
            }
            let rows = table.rows.unwrap_or(0);
            let left = empty_rows(column);
            if left > 0 && (made.is_some() || by_people) && left * 2 > rows {
                let why =
                    format!("Most rows have no {column} ({left} of {rows}), so it does not tell.");
                return proposal(table, TableKind::Owned, why);
            }
            let why = if left == 0 {
                format!("Each row hangs on a row of {} along {column}.", key.table)
            } else {
                format!(
                    "{} of {rows} rows hang on a row of {} along {column}.",
                    rows - left,
                    key.table
                )
            };
            let kind = TableKind::Follows {
                through: (*column).to_owned(),
                parent: key.table.clone(),
                empty: left,
            };
            proposal(table, kind, why)
        }
    }
}

/// How well a foreign key tells where a row belongs.
fn score(table: &Table, column: &str, key: &ForeignKey, empty: u64) -> u32 {
    let prefix = |name: &str| lower(name).split('_').next().unwrap_or_default().to_owned();
    let tail = lower(&key.table);
    let tail = tail.rsplit('_').next().unwrap_or_default().to_owned();
    let named_so = lower(column).trim_end_matches("_id").replace('_', "") == tail;
    let full = required(table, column) || empty == 0;
    u32::from(full) * 4
        + u32::from(key.on_delete.eq_ignore_ascii_case("CASCADE")) * 2
        + u32::from(prefix(&table.name) == prefix(&key.table)) * 2
        + u32::from(named_so)
}

fn framework(table: &Table) -> Option<String> {
    let name = lower(&table.name);
    if let Some(prefix) = FRAMEWORK.iter().find(|prefix| name.starts_with(**prefix)) {
        return Some(format!(
            "Tables beginning with {prefix} are the framework's."
        ));
    }
    if MIGRATIONS.contains(&name.as_str()) {
        return Some("It records migrations.".to_owned());
    }
    let accounts = table.column("password").is_some()
        && ["username", "email", "last_login"]
            .iter()
            .any(|column| table.column(column).is_some());
    if accounts {
        return Some("It holds accounts: who may sign in is not whose row it is.".to_owned());
    }
    let of_accounts = name.ends_with("_user_groups") || name.ends_with("_user_permissions");
    of_accounts.then(|| "It holds rights of accounts.".to_owned())
}

/// The foreign keys of one column.
fn references(table: &Table) -> impl Iterator<Item = (&str, &ForeignKey)> {
    table
        .foreign_keys
        .iter()
        .filter(|key| key.columns.len() == 1)
        .map(|key| (key.columns[0].as_str(), key))
}

fn required(table: &Table, column: &str) -> bool {
    table.column(column).is_some_and(|column| column.not_null)
}

fn names(found: &[Proposal], wanted: impl Fn(&TableKind) -> bool) -> BTreeSet<String> {
    found
        .iter()
        .filter(|proposal| wanted(&proposal.kind))
        .map(|proposal| lower(&proposal.table))
        .collect()
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn proposal(table: &Table, kind: TableKind, why: impl Into<String>) -> Proposal {
    Proposal {
        table: table.name.clone(),
        rows: table.rows.unwrap_or(0),
        kind,
        why: why.into(),
    }
}
