//! Takes decisions back, in one transaction with the record of them.

use super::followers::leave;
use super::recorded::{forget, organization, ready};
use super::{DecisionError, Subject, by_key, finish};
use crate::db::{Connection, Statement, quote};
use crate::engine::playbook::{Model, Playbook};
use crate::engine::schema::Schema;

/// Takes decisions about rows of a model back: these rows, and those that followed them, have no
/// organization again. Rows that were given another one since stay as they are. Answers how many
/// were taken back.
pub async fn undo(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    keys: &[String],
) -> Result<u64, DecisionError> {
    let subject = Subject::new(playbook, schema, model)?;
    let table = schema.table(&model.table);
    if table
        .and_then(|table| table.column(subject.column))
        .is_some_and(|column| column.not_null)
    {
        return Err(DecisionError::Required {
            table: model.table.clone(),
            column: subject.column.to_owned(),
        });
    }
    db.begin_write().await?;
    let done = take_back(db, &subject, keys).await;
    finish(db, done).await
}

async fn take_back(
    db: &mut Connection,
    subject: &Subject<'_>,
    keys: &[String],
) -> Result<u64, DecisionError> {
    ready(db, subject).await?;
    let table = &subject.model.table;
    let mut taken = 0;
    for key in keys {
        let values = subject.parse_key(key)?;
        let Some(decided) = organization(db, table, key).await? else {
            continue;
        };
        let statement = by_key(
            subject,
            Statement::new(format!(
                "UPDATE {} SET {column} = NULL WHERE {column} = ?",
                subject.relation(),
                column = quote(subject.column)
            ))
            .bind(decided),
            &values,
        );
        let changed = db.execute(statement).await?;
        taken += changed;
        if changed == 0 {
            continue;
        }
        leave(db, subject, &values).await?;
        forget(db, table, key).await?;
    }
    Ok(taken)
}
