//! What lies around the tables: views that read them, and names that a run wants to give.

use crate::db::{Connection, DbError, Dialect, Statement};
use crate::engine::compile::Options;
use crate::engine::journal::{self, StepState};
use crate::engine::operation::{self, Cx, Subject};
use crate::engine::playbook::Playbook;
use crate::engine::preflight::Check;
use crate::engine::schema::{Schema, Table};

/// Views read on as before; what changes for them is said.
pub(super) async fn views(db: &mut Connection, playbook: &Playbook) -> Result<Check, DbError> {
    let (name, title) = ("dependent-views", "Views of the tables are known");
    let mut found = Vec::new();
    for (_, model) in playbook.models() {
        let statement = Statement::new(
            "SELECT DISTINCT v.oid::regclass::text, v.relkind = 'm' FROM pg_depend AS d \
             JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS v ON v.oid = r.ev_class \
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass \
             AND d.refobjid = to_regclass(?) AND v.relkind IN ('v', 'm') ORDER BY 1",
        )
        .bind(db.dialect().relation(&model.table));
        for row in db.rows(statement).await? {
            let kind = if row.integer(1) == 1 { " (stored)" } else { "" };
            found.push(format!("{}{kind} of {}", row.string(0), model.table));
        }
    }
    found.sort();
    found.dedup();
    Ok(match found.is_empty() {
        true => Check::passed(name, title, "None reads a model's table."),
        false => Check::warning(
            name,
            title,
            format!("Views read the models' tables: {}.", found.join(", ")),
            "They show the columns that they were made with: one that shall show the organization \
             is made again after the run. One made meanwhile that names the new column has to be \
             dropped before an undo.",
        ),
    })
}

/// Large tables in partitions, which go partition by partition.
pub(super) async fn partitions(db: &mut Connection, playbook: &Playbook) -> Result<Check, DbError> {
    let (name, title) = ("partitions", "Tables in partitions are known");
    let mut found = Vec::new();
    for (_, model) in playbook.models() {
        // the rows as the server estimated them last, which no one has to count
        let statement = Statement::new(
            "SELECT SUM(GREATEST(c.reltuples, 0))::int8 FROM pg_partition_tree(to_regclass(?)) AS p \
             JOIN pg_class AS c ON c.oid = p.relid WHERE p.isleaf HAVING COUNT(*) > 0",
        )
        .bind(db.dialect().relation(&model.table));
        if let Some(row) = db.row(statement).await? {
            found.push(format!("{} (about {} rows)", model.table, row.integer(0)));
        }
    }
    Ok(match found.is_empty() {
        true => Check::passed(name, title, "No model's table is in partitions."),
        false => Check::warning(
            name,
            title,
            format!("In partitions: {}.", found.join(", ")),
            "Foreign keys are checked and indexes built partition by partition, beside the writers. \
             Make no new partition while the run goes on: its rows would be checked under a lock.",
        ),
    })
}

/// Whether the names that a run gives are free.
pub(in crate::engine::preflight) async fn planned(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Check {
    let (name, title) = ("existing-names", "The names that the run gives are free");
    match taken(db, playbook, schema).await {
        Err(error) => Check::error(name, title, &error),
        Ok(None) => Check::passed(name, title, "They are those of the run under way."),
        Ok(Some(taken)) if taken.is_empty() => Check::passed(name, title, "None is taken."),
        Ok(Some(taken)) => Check::failed(
            name,
            title,
            format!("Taken already: {}.", taken.join("; ")),
            "Rename what has the name: the run would take it for its own.",
        ),
    }
}

/// What has a name that the run wants; `None` when a run is under way, which gave them itself.
async fn taken(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Option<Vec<String>>, DbError> {
    // what keeps a journal from being read is said by the check of the journal
    let run = journal::read(db).await.ok().flatten();
    let begun = |state: StepState| !matches!(state, StepState::Pending | StepState::Undone);
    if run.is_some_and(|run| run.steps.iter().any(|record| begun(record.state))) {
        return Ok(None);
    }
    let options = Options::default();
    let cx = Cx {
        playbook,
        schema,
        options: &options,
        dialect: Dialect::Postgres,
    };
    let mut taken = Vec::new();
    for (group, model) in playbook.models() {
        let column = playbook.column(model);
        let Some(table) = schema.table(&model.table) else {
            continue;
        };
        if table.column(column).is_some() {
            continue;
        }
        let table = &counted(db, table).await?;
        let subject = Subject {
            group: &group.name,
            plural: "",
            table,
            column,
        };
        let unique = (group.unique.iter())
            .filter(|unique| unique.table.eq_ignore_ascii_case(&model.table))
            .map(|unique| unique.columns.as_slice());
        let names = operation::names(&cx, subject, unique);
        let of_table = |names: Vec<String>| {
            let named = names.into_iter().map(|name| (table.name.clone(), name));
            named.collect::<Vec<_>>()
        };
        for (kind, names, statement) in [
            (
                "relation",
                names.relations,
                "SELECT COUNT(*) FROM pg_class AS c, pg_class AS t WHERE t.oid = to_regclass(?) \
                 AND c.relnamespace = t.relnamespace AND c.relname = ?",
            ),
            (
                "constraint",
                of_table(names.constraints),
                "SELECT COUNT(*) FROM pg_constraint WHERE conrelid = to_regclass(?) AND conname = ?",
            ),
            (
                "trigger",
                of_table(names.triggers),
                "SELECT COUNT(*) FROM pg_trigger WHERE tgrelid = to_regclass(?) AND tgname = ?",
            ),
            (
                "function",
                of_table(names.functions),
                "SELECT COUNT(*) FROM pg_proc WHERE to_regclass(?) IS NOT NULL \
                 AND pronamespace = current_schema()::regnamespace AND proname = ?",
            ),
        ] {
            for (table, name) in names {
                let statement = Statement::new(statement)
                    .bind(cx.dialect.relation(&table))
                    .bind(name.as_str());
                if db.count(statement).await? > 0 {
                    taken.push(format!("the {kind} {name} ({table})"));
                }
            }
        }
    }
    Ok(Some(taken))
}

/// The table with its rows where their number decides how a run goes about it: counted only as far as that.
async fn counted(db: &mut Connection, table: &Table) -> Result<Table, DbError> {
    let mut table = table.clone();
    if !table.partitions.is_empty() {
        let relation = db.dialect().relation(&table.name);
        let statement = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM {relation} LIMIT {}) AS found",
            operation::ONE_BATCH + 1
        );
        table.rows = Some(db.count(statement).await?.unsigned_abs());
    }
    Ok(table)
}
