//! Models whose rows find their organization along a foreign key: what is decided about a row holds for those that hang on it.

use std::collections::{BTreeMap, BTreeSet};

use super::{DecisionError, Subject};
use crate::db::{Connection, Statement, Value, quote};
use crate::engine::playbook::Placement;

/// A model whose rows find their organization along a foreign key to another model's table.
struct Follower<'a> {
    table: &'a str,
    column: &'a str,
    along: &'a str,
    parent: &'a str,
    parent_key: &'a str,
    parent_column: &'a str,
}

/// All models that follow the subject, directly or through one another, parents first.
fn followers<'a>(subject: &Subject<'a>) -> Vec<Follower<'a>> {
    let mut found: Vec<Follower<'a>> = Vec::new();
    let mut known = BTreeSet::from([subject.model.table.to_ascii_lowercase()]);
    let mut parents = vec![(subject.model.table.as_str(), subject.column)];
    while let Some((parent, parent_column)) = parents.pop() {
        for (_, model) in subject.playbook.models() {
            let Placement::Through(along) = &model.organization else {
                continue;
            };
            let column = subject.playbook.column(model);
            let reference = subject
                .schema
                .table(&model.table)
                .filter(|table| table.column(column).is_some())
                .and_then(|table| table.foreign_key(&along.through))
                .filter(|key| key.table.eq_ignore_ascii_case(parent));
            let referenced = reference.and_then(|key| {
                let parent_key = subject.schema.table(parent)?.key().first();
                key.referenced.first().or(parent_key)
            });
            if let Some(parent_key) = referenced
                && known.insert(model.table.to_ascii_lowercase())
            {
                found.push(Follower {
                    table: &model.table,
                    column,
                    along: &along.through,
                    parent,
                    parent_key,
                    parent_column,
                });
                parents.push((&model.table, column));
            }
        }
    }
    found
}

/// Gives rows that hang on decided ones, and have no organization yet, the same one.
pub(super) async fn follow(
    db: &mut Connection,
    subject: &Subject<'_>,
) -> Result<u64, DecisionError> {
    let mut followed = 0;
    let dialect = subject.schema.dialect;
    for follower in followers(subject) {
        let parent_row = format!(
            "FROM {} AS p WHERE p.{} = {}.{}",
            dialect.relation(follower.parent),
            quote(follower.parent_key),
            dialect.relation(follower.table),
            quote(follower.along)
        );
        followed += db
            .execute(format!(
                "UPDATE {table} SET {column} = (SELECT p.{theirs} {parent_row}) \
                 WHERE {column} IS NULL \
                 AND EXISTS (SELECT 1 {parent_row} AND p.{theirs} IS NOT NULL)",
                table = dialect.relation(follower.table),
                column = quote(follower.column),
                theirs = quote(follower.parent_column),
            ))
            .await?;
    }
    Ok(followed)
}

/// Takes the organization from rows that hang on one whose decision was taken back.
pub(super) async fn leave(
    db: &mut Connection,
    subject: &Subject<'_>,
    key: &[Value],
) -> Result<(), DecisionError> {
    // a foreign key of one column can only refer to a key of one column
    let [value] = key else {
        return Ok(());
    };
    let mut rows: BTreeMap<String, String> = BTreeMap::from([(
        subject.model.table.clone(),
        format!("{} = ?", quote(&subject.key[0])),
    )]);
    let dialect = subject.schema.dialect;
    for follower in followers(subject) {
        let Some(parents) = rows.get(follower.parent) else {
            continue;
        };
        let condition = format!(
            "{} IN (SELECT {} FROM {} WHERE {parents})",
            quote(follower.along),
            quote(follower.parent_key),
            dialect.relation(follower.parent)
        );
        let statement = Statement::new(format!(
            "UPDATE {} SET {} = NULL WHERE {condition}",
            dialect.relation(follower.table),
            quote(follower.column)
        ))
        .bind(value.clone());
        db.execute(statement).await?;
        rows.insert(follower.table.to_owned(), condition);
    }
    Ok(())
}
