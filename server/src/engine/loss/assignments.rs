//! Assignments that undoing some groups would lose: rows whose organization their rule would not
//! give again.

use serde::{Deserialize, Serialize};

use crate::db::{Connection, DbError, Statement, quote};
use crate::engine::operation::rule;
use crate::engine::playbook::Playbook;
use crate::engine::schema::Schema;

/// What undoing one model's steps would lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentLoss {
    /// The name of its group.
    pub group: String,
    /// The table.
    pub table: String,
    /// The label of the model.
    pub model: String,
    /// Rows whose organization the rule would not give again: decided by people, or given by the
    /// application since.
    pub assignments: u64,
    /// Of them, decisions recorded by Switchyard.
    pub decisions: u64,
}

/// Counts the assignments that undoing the given groups would lose; of all groups when `None`.
/// Models without the column, and those that would lose nothing, are left out.
pub async fn assignments(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    groups: Option<&[String]>,
) -> Result<Vec<AssignmentLoss>, DbError> {
    let recorded = crate::engine::inspect::has_table(db, "switchyard_decision").await?;
    let mut lost = Vec::new();
    for (group, model) in playbook.models() {
        if groups.is_some_and(|groups| !groups.contains(&group.name)) {
            continue;
        }
        let column = playbook.column(model);
        let there = schema
            .table(&model.table)
            .is_some_and(|table| table.column(column).is_some());
        let Some(rule) = rule(playbook, schema, model).filter(|_| there) else {
            continue;
        };
        let different = format!(
            "SELECT COUNT(*) FROM {} AS t WHERE t.{column} IS NOT NULL AND t.{column} IS DISTINCT FROM {}",
            schema.dialect.relation(&model.table),
            rule.sql(),
            column = quote(column),
        );
        let assignments = db.count(different).await?.unsigned_abs();
        let decisions = if recorded {
            let decided =
                Statement::new("SELECT COUNT(*) FROM switchyard_decision WHERE table_name = ?")
                    .bind(model.table.as_str());
            db.count(decided).await?.unsigned_abs()
        } else {
            0
        };
        if assignments + decisions > 0 {
            lost.push(AssignmentLoss {
                group: group.name.clone(),
                table: model.table.clone(),
                model: model.label.clone(),
                assignments,
                decisions,
            });
        }
    }
    Ok(lost)
}
