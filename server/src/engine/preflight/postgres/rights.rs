//! What our role may do: each right that is missing is named as the statement that gives it.

use std::collections::BTreeSet;

use crate::db::{Connection, DbError, Statement, parts};
use crate::engine::playbook::Playbook;
use crate::engine::preflight::Check;

/// Altering a table takes its owner; making ours takes `CREATE` on the schema.
pub(super) async fn privileges(db: &mut Connection, playbook: &Playbook) -> Result<Check, DbError> {
    let (name, title) = ("privileges", "The role may change the tables");
    let role = db.row("SELECT quote_ident(current_user)").await?;
    let role = role.map(|row| row.string(0)).unwrap_or_default();
    let mut missing = on_database(db, &role).await?;
    let (schemas, closed) = on_schemas(db, playbook, &role).await?;
    missing.extend(schemas);
    for (_, model) in playbook.models() {
        // nothing in a schema can be looked at that may not be used
        if !closed.contains(&schema_of(&model.table)) {
            missing.extend(as_owner(db, &model.table, &role).await?);
        }
    }
    let organizations = playbook.organizations.table.as_str();
    let mut rows = vec![(
        organizations,
        &["SELECT", "INSERT", "DELETE", "REFERENCES"][..],
    )];
    let recorded = (playbook.organizations.recorded.iter().map(|row| &row.table))
        .chain(
            (playbook.groups.iter()).flat_map(|group| group.recorded.iter().map(|row| &row.table)),
        )
        .map(String::as_str)
        .collect::<BTreeSet<&str>>();
    rows.extend(
        recorded
            .into_iter()
            .map(|table| (table, &["SELECT", "INSERT", "DELETE"][..])),
    );
    for (table, rights) in rows {
        if !closed.contains(&schema_of(table)) {
            missing.extend(on_rows(db, table, rights, &role).await?);
        }
    }
    missing.dedup();
    Ok(match missing.is_empty() {
        true => Check::passed(
            name,
            title,
            format!("{role} owns the tables and may make ours."),
        ),
        false => Check::failed(
            name,
            title,
            format!("{role} lacks {} rights.", missing.len()),
            format!("As an administrator: {}.", missing.join("; ")),
        ),
    })
}

/// The schema that a table's name says, if it says one.
fn schema_of(table: &str) -> Option<String> {
    let mut parts = parts(table);
    (parts.len() > 1).then(|| parts.swap_remove(0))
}

async fn on_database(db: &mut Connection, role: &str) -> Result<Vec<String>, DbError> {
    let row = db
        .row(
            "SELECT quote_ident(current_schema()), has_schema_privilege(current_schema(), \
             'CREATE'), quote_ident(current_database()), \
             has_database_privilege(current_database(), 'TEMPORARY')",
        )
        .await?;
    let mut missing = Vec::new();
    if let Some(row) = row {
        if row.integer(1) == 0 {
            missing.push(format!(
                "GRANT CREATE ON SCHEMA {} TO {role}",
                row.string(0)
            ));
        }
        if row.integer(3) == 0 {
            missing.push(format!(
                "GRANT TEMPORARY ON DATABASE {} TO {role}",
                row.string(2)
            ));
        }
    }
    Ok(missing)
}

/// Tables that lie elsewhere: their indexes are made beside them. Answers the schemas too that may
/// not be used at all.
async fn on_schemas(
    db: &mut Connection,
    playbook: &Playbook,
    role: &str,
) -> Result<(Vec<String>, BTreeSet<Option<String>>), DbError> {
    let (mut missing, mut closed) = (Vec::new(), BTreeSet::new());
    let schemas: BTreeSet<String> = (playbook.models())
        .filter_map(|(_, model)| schema_of(&model.table))
        .collect();
    for schema in schemas {
        let may = Statement::new(
            "SELECT quote_ident(nspname), has_schema_privilege(oid, 'USAGE'), \
             has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = ?",
        )
        .bind(schema.as_str());
        let Some(row) = db.row(may).await? else {
            continue;
        };
        if row.integer(1) == 0 {
            missing.push(format!("GRANT USAGE ON SCHEMA {} TO {role}", row.string(0)));
            closed.insert(Some(schema));
        }
        if row.integer(2) == 0 {
            missing.push(format!(
                "GRANT CREATE ON SCHEMA {} TO {role}",
                row.string(0)
            ));
        }
    }
    Ok((missing, closed))
}

async fn as_owner(db: &mut Connection, table: &str, role: &str) -> Result<Option<String>, DbError> {
    let owned = Statement::new(
        "SELECT pg_has_role(relowner, 'USAGE'), quote_ident(pg_get_userbyid(relowner)) \
         FROM pg_class WHERE oid = to_regclass(?)",
    )
    .bind(db.dialect().relation(table));
    let row = db.row(owned).await?.filter(|row| row.integer(0) == 0);
    Ok(row.map(|row| format!("GRANT {} TO {role} (owner of {table})", row.string(1))))
}

/// The rights on the rows of a table of the application, and on what numbers them.
async fn on_rows(
    db: &mut Connection,
    table: &str,
    rights: &[&str],
    role: &str,
) -> Result<Vec<String>, DbError> {
    let relation = db.dialect().relation(table);
    let asked: Vec<String> = (rights.iter())
        .map(|right| format!("has_table_privilege(oid, '{right}')"))
        .collect();
    let may = Statement::new(format!(
        "SELECT {} FROM pg_class WHERE oid = to_regclass(?)",
        asked.join(" AND ")
    ))
    .bind(relation.as_str());
    let mut missing = Vec::new();
    if let Some(row) = db.row(may).await?
        && row.integer(0) == 0
    {
        missing.push(format!(
            "GRANT {} ON {relation} TO {role}",
            rights.join(", ")
        ));
    }
    // an identity column draws its numbers by itself, a default only with the right to do so
    let drawn = Statement::new(
        "SELECT d.refobjid::regclass::text FROM pg_attrdef AS a JOIN pg_depend AS d \
         ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid \
         AND d.refclassid = 'pg_class'::regclass \
         JOIN pg_class AS s ON s.oid = d.refobjid \
         WHERE a.adrelid = to_regclass(?) \
         AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END",
    )
    .bind(relation);
    for row in db.rows(drawn).await? {
        missing.push(format!(
            "GRANT USAGE ON SEQUENCE {} TO {role}",
            row.string(0)
        ));
    }
    Ok(missing)
}
