//! Rows of the organizations table in the target, through the columns that the playbook names.

use crate::db::{Connection, Statement, Value, quote};
use crate::engine::inspect;
use crate::engine::playbook::Organizations;
use crate::systems::{System, SystemError};

/// An organization as the target has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind; empty when the table has no column for it.
    pub kind: String,
    /// Whether the application lets its people work; true when the table has no column for it.
    pub active: bool,
}

/// All organizations by code; none while the table does not exist.
pub async fn all(system: &System) -> Result<Option<Vec<Row>>, SystemError> {
    system.organizations().await
}

/// The same on an open connection.
pub async fn read(
    db: &mut Connection,
    organizations: &Organizations,
) -> Result<Option<Vec<Row>>, SystemError> {
    if !crate::engine::inspect::has_table(db, &organizations.table).await? {
        return Ok(None);
    }
    let column = |name: &Option<String>, other: &str| match name {
        Some(name) => quote(name),
        None => other.to_owned(),
    };
    let sql = format!(
        "SELECT {}, {}, {}, {}, {} FROM {} ORDER BY lower({})",
        quote(&organizations.key),
        quote(&organizations.code),
        quote(&organizations.name),
        column(&organizations.type_column, "''"),
        column(&organizations.active, "1"),
        db.dialect().relation(&organizations.table),
        quote(&organizations.code),
    );
    Ok(Some(
        db.rows(sql)
            .await?
            .iter()
            .map(|row| Row {
                key: row.integer(0),
                code: row.string(1),
                name: row.string(2),
                kind: row.string(3),
                active: row.integer(4) != 0,
            })
            .collect(),
    ))
}

/// Adds an organization, not active yet.
pub async fn insert(
    db: &mut Connection,
    organizations: &Organizations,
    code: &str,
    name: &str,
    kind: &str,
) -> Result<(), SystemError> {
    let now = now();
    let mut cells: Vec<(String, Value)> = vec![
        (organizations.code.clone(), code.into()),
        (organizations.name.clone(), name.into()),
    ];
    let mut add = |column: &Option<String>, value: Value| {
        if let Some(column) = column {
            cells.push((column.clone(), value));
        }
    };
    add(&organizations.type_column, kind.into());
    add(&organizations.active, Value::Integer(0));
    add(&organizations.metadata, "{}".into());
    add(&organizations.created, now.clone().into());
    add(&organizations.updated, now.into());
    let columns: Vec<String> = cells.iter().map(|(column, _)| quote(column)).collect();
    let marks = vec!["?"; cells.len()].join(", ");
    let mut statement = Statement::new(format!(
        "INSERT INTO {} ({}) VALUES ({marks})",
        db.dialect().relation(&organizations.table),
        columns.join(", ")
    ));
    for (_, value) in cells {
        statement = statement.bind(value);
    }
    db.execute(statement).await?;
    Ok(())
}

/// Changes name, kind or activity of one organization and of no other.
pub async fn update(
    db: &mut Connection,
    organizations: &Organizations,
    code: &str,
    change: &Change<'_>,
) -> Result<(), SystemError> {
    let mut cells: Vec<(&str, Value)> = Vec::new();
    if let Some(name) = change.name {
        cells.push((&organizations.name, name.into()));
    }
    if let (Some(column), Some(kind)) = (&organizations.type_column, change.kind) {
        cells.push((column, kind.into()));
    }
    if let (Some(column), Some(active)) = (&organizations.active, change.active) {
        cells.push((column, Value::Integer(i64::from(active))));
    }
    if cells.is_empty() {
        return Ok(());
    }
    let stamp = now();
    if let Some(column) = &organizations.updated {
        cells.push((column, stamp.into()));
    }
    let sets: Vec<String> = cells
        .iter()
        .map(|(column, _)| format!("{} = ?", quote(column)))
        .collect();
    let mut statement = Statement::new(format!(
        "UPDATE {} SET {} WHERE {} = ?",
        db.dialect().relation(&organizations.table),
        sets.join(", "),
        quote(&organizations.code)
    ));
    for (_, value) in cells {
        statement = statement.bind(value);
    }
    let changed = db.execute(statement.bind(code)).await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(SystemError::changed_meanwhile(
            format!("{code} is not in the organizations table any more."),
            "Look at the list again.",
        ))
    }
}

/// What of an organization changes in the target.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change<'a> {
    /// New name.
    pub name: Option<&'a str>,
    /// New kind.
    pub kind: Option<&'a str>,
    /// Whether its people may work.
    pub active: Option<bool>,
}

/// Whether the columns that the playbook names exist, so that a write does not fail half-way.
pub async fn check(db: &mut Connection, organizations: &Organizations) -> Result<(), SystemError> {
    let schema = inspect(db).await?;
    let Some(table) = schema.table(&organizations.table) else {
        return Err(not_ready());
    };
    let named = [
        Some(&organizations.code),
        Some(&organizations.name),
        organizations.type_column.as_ref(),
        organizations.active.as_ref(),
    ];
    match named
        .into_iter()
        .flatten()
        .find(|name| table.column(name).is_none())
    {
        Some(name) => Err(SystemError::conflict(
            format!("{} has no column {name}.", organizations.table),
            "Correct [organizations] in the playbook.",
        )),
        None => Ok(()),
    }
}

/// The table does not exist yet.
pub fn not_ready() -> SystemError {
    SystemError::conflict(
        "The organizations table does not exist yet.",
        "Run the organizations phase of the migration first.",
    )
}

/// Now as Django writes it.
fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%S%.6f")
        .to_string()
}
