//! Unique constraints that would have to become unique per organization: two organizations may
//! well use the same code for different things. It reports; re-scoping one is the playbook's word.

use serde::{Deserialize, Serialize};

use super::schema::{Schema, Table};
use crate::db::{Connection, DbError, quote};

/// A unique constraint over rows of all organizations together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueRisk {
    /// The table.
    pub table: String,
    /// The columns of the constraint.
    pub columns: Vec<String>,
    /// The index that keeps it.
    pub index: String,
    /// Rows whose values are there twice already when upper and lower case and outer spaces are
    /// ignored: where a second organization would collide first.
    pub near_collisions: u64,
}

/// The constraints of the given tables at risk. One is not when it keeps the primary key, when it
/// begins from a row that has an organization itself (`through`, a column of the table), when it
/// is over a single foreign key, or when its values are random.
pub async fn unique_risks(
    db: &mut Connection,
    schema: &Schema,
    tables: &[(&str, Option<&str>)],
) -> Result<Vec<UniqueRisk>, DbError> {
    let mut risks = Vec::new();
    for (name, through) in tables {
        let Some(table) = schema.table(name) else {
            continue;
        };
        for (index, columns) in constraints(table, *through) {
            let normal: Vec<String> = columns
                .iter()
                .map(|column| format!("lower(trim(CAST({} AS TEXT)))", quote(column)))
                .collect();
            let filled: Vec<String> = columns
                .iter()
                .map(|column| format!("{} IS NOT NULL", quote(column)))
                .collect();
            let count = format!(
                "SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM {} WHERE {} \
                 GROUP BY {} HAVING COUNT(*) > 1) AS counted",
                schema.dialect.relation(&table.name),
                filled.join(" AND "),
                normal.join(", ")
            );
            risks.push(UniqueRisk {
                table: table.name.clone(),
                index,
                near_collisions: db.count(count).await?.unsigned_abs(),
                columns,
            });
        }
    }
    Ok(risks)
}

/// The unique constraints of a table that span organizations, by index.
fn constraints(table: &Table, through: Option<&str>) -> Vec<(String, Vec<String>)> {
    let is = |name: &String, other: &str| name.eq_ignore_ascii_case(other);
    table
        .indexes
        .iter()
        .filter(|index| index.unique)
        .filter_map(|index| {
            let columns: Vec<String> = index.columns.iter().cloned().collect::<Option<_>>()?;
            let key = columns.len() == table.key().len()
                && columns.iter().all(|name| table.key().contains(name));
            let scoped =
                through.is_some_and(|through| columns.iter().any(|name| is(name, through)));
            let one_to_one = columns.len() == 1 && table.foreign_key(&columns[0]).is_some();
            let random = columns.iter().any(|name| {
                let declared = table
                    .column(name)
                    .map(|column| column.declared_type.as_str());
                let declared = declared.unwrap_or_default().to_ascii_lowercase();
                let name = name.to_ascii_lowercase();
                ["uuid", "token", "hash", "secret"]
                    .iter()
                    .any(|word| name.contains(word))
                    || declared == "char(32)"
                    || declared == "uuid"
            });
            (!key && !scoped && !one_to_one && !random).then(|| (index.name.clone(), columns))
        })
        .collect()
}
