//! What the engine is measured against, written by hand for this schema: the fewest statements that reach the same schema
//! and rows, in one transaction a step and as they are typed into a shell, and the naive way of a framework's own
//! migrations.

use server::db::{Connection, quote};
use server::engine::{Schema, inspect};

use crate::work::{Model, Work};

/// Where the fewest statements are committed.
#[derive(Clone, Copy)]
pub enum Commit {
    /// All of a step at once.
    Step,
    /// Each alone, as when it is typed into the database's shell.
    Statement,
}

impl Commit {
    /// Begins a step.
    pub async fn begin(self, db: &mut Connection) -> anyhow::Result<()> {
        if let Self::Step = self {
            db.begin_write().await?;
        }
        Ok(())
    }

    /// Ends a step.
    pub async fn end(self, db: &mut Connection) -> anyhow::Result<()> {
        if let Self::Step = self {
            db.commit().await?;
        }
        Ok(())
    }
}

/// The fewest statements: the column, one `UPDATE`, the index, and the constraint by an edit of the catalogue, which
/// copies no row. No journal, no undo, no check: what a person in a hurry would be proud of.
pub async fn by_hand(db: &mut Connection, work: &Work, commit: Commit) -> anyhow::Result<()> {
    commit.begin(db).await?;
    make_organizations(db, work).await?;
    for model in &work.models {
        db.execute(add_column(work, model)).await?;
    }
    commit.end(db).await?;

    commit.begin(db).await?;
    for model in &work.models {
        db.execute(populate(work, model)).await?;
        db.execute(index(work, model)).await?;
    }
    commit.end(db).await?;

    commit.begin(db).await?;
    db.execute("PRAGMA writable_schema = ON").await?;
    for model in &work.models {
        db.execute(format!(
            "UPDATE sqlite_schema SET sql = replace(sql, '{}', '{}') WHERE type = 'table' AND name = '{}'",
            column(work, "NULL").replace('\'', "''"),
            column(work, "NOT NULL").replace('\'', "''"),
            model.table,
        ))
        .await?;
    }
    let version = db.count("PRAGMA schema_version").await?;
    db.execute(format!("PRAGMA schema_version = {}", version + 1))
        .await?;
    db.execute("PRAGMA writable_schema = OFF").await?;
    commit.end(db).await
}

/// As Django's migrations do it: the index at once, so that the `UPDATE` maintains it, and then each table made again
/// with all its rows and all its indexes, one transaction a table.
pub async fn naively(db: &mut Connection, work: &Work) -> anyhow::Result<()> {
    db.begin_write().await?;
    make_organizations(db, work).await?;
    db.commit().await?;
    for model in &work.models {
        db.begin_write().await?;
        db.execute(add_column(work, model)).await?;
        db.execute(index(work, model)).await?;
        db.commit().await?;
    }
    for model in &work.models {
        db.begin_write().await?;
        db.execute(populate(work, model)).await?;
        db.commit().await?;
    }
    let schema = inspect(db).await?;
    db.enforce_foreign_keys(false).await?;
    for model in &work.models {
        db.begin_write().await?;
        rebuild(db, work, model, &schema).await?;
        db.commit().await?;
    }
    db.enforce_foreign_keys(true).await?;
    Ok(())
}

async fn rebuild(
    db: &mut Connection,
    work: &Work,
    model: &Model,
    schema: &Schema,
) -> anyhow::Result<()> {
    let table = schema
        .table(&model.table)
        .ok_or_else(|| anyhow::anyhow!("no table {}", model.table))?;
    let made = format!("new__{}", table.name);
    let create = table
        .sql
        .replacen(&quote(&table.name), &quote(&made), 1)
        .replace(&column(work, "NULL"), &column(work, "NOT NULL"));
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter(|column| !column.generated)
        .map(|column| quote(&column.name))
        .collect();
    let columns = columns.join(", ");
    db.execute(create).await?;
    db.execute(format!(
        "INSERT INTO {} ({columns}) SELECT {columns} FROM {}",
        quote(&made),
        quote(&table.name)
    ))
    .await?;
    db.execute(format!("DROP TABLE {}", quote(&table.name)))
        .await?;
    db.execute(format!(
        "ALTER TABLE {} RENAME TO {}",
        quote(&made),
        quote(&table.name)
    ))
    .await?;
    for sql in table.indexes.iter().filter_map(|index| index.sql.clone()) {
        db.execute(sql).await?;
    }
    Ok(())
}

async fn make_organizations(db: &mut Connection, work: &Work) -> anyhow::Result<()> {
    for statement in &work.organizations {
        db.execute(statement.clone()).await?;
    }
    Ok(())
}

fn column(work: &Work, null: &str) -> String {
    format!(
        "{} bigint {null} REFERENCES {} (\"id\") DEFERRABLE INITIALLY DEFERRED",
        quote(&work.column),
        quote(&work.organizations_table)
    )
}

fn add_column(work: &Work, model: &Model) -> String {
    format!(
        "ALTER TABLE {} ADD COLUMN {}",
        quote(&model.table),
        column(work, "NULL")
    )
}

fn populate(work: &Work, model: &Model) -> String {
    let name = quote(&work.column);
    format!(
        "UPDATE {} AS t SET {name} = ({}) WHERE t.{name} IS NULL",
        quote(&model.table),
        model.rule
    )
}

fn index(work: &Work, model: &Model) -> String {
    format!(
        "CREATE INDEX {} ON {} ({})",
        quote(&model.index),
        quote(&model.table),
        quote(&work.column)
    )
}
