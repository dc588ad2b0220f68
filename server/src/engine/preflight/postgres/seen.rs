//! What our role sees of the server: other sessions, and the disks. Who does not see must not say
//! that nothing is there.

use shared::size;

use crate::db::{Connection, DbError, Statement};
use crate::engine::disk;
use crate::engine::playbook::{Placement, Playbook};
use crate::engine::preflight::Check;

/// Transactions that are open for longer are told: building an index waits for them.
const LONG_S: i64 = 60;

/// Sessions of other roles show what they do to whoever may read all statistics.
pub(super) async fn others(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = ("sees-others", "The role sees what other sessions do");
    let statement = "SELECT quote_ident(current_user), \
         pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') \
         AND pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')";
    let row = db.row(statement).await?;
    let (role, sees) = row.map_or_else(Default::default, |row| (row.string(0), row.integer(1)));
    Ok(match sees {
        1 => Check::passed(name, title, format!("{role} sees every session.")),
        _ => Check::warning(
            name,
            title,
            format!(
                "{role} sees of other roles' sessions neither what they do nor since when: who \
                 blocks cannot be told fully, and no run holds for standbys, for waiting sessions \
                 or for a full disk."
            ),
            format!("As an administrator: GRANT pg_monitor TO {role}."),
        ),
    })
}

pub(super) async fn transactions(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = ("long-transactions", "No transaction has been open for long");
    let statement = format!(
        "SELECT pid::int8, COALESCE(NULLIF(application_name, ''), 'an unnamed program'), \
         COALESCE(state, 'unknown'), extract(epoch FROM now() - xact_start)::int8 \
         FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND xact_start < now() - interval '{LONG_S} s' ORDER BY xact_start LIMIT 5"
    );
    let found: Vec<String> = (db.rows(statement).await?.iter())
        .map(|row| {
            format!(
                "{} (process {}, {}) for {} s",
                row.string(1),
                row.integer(0),
                row.string(2),
                row.integer(3)
            )
        })
        .collect();
    // a session whose doings are hidden has no type either
    let hidden = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type IS NULL";
    let hidden = db.count(hidden).await?;
    Ok(match (found.is_empty(), hidden) {
        (true, 0) => Check::passed(name, title, format!("None for more than {LONG_S} s.")),
        (true, _) => Check::warning(
            name,
            title,
            format!("{hidden} sessions of other roles do not show since when they are at work."),
            "Let the role see them (the check before this one), or look at pg_stat_activity as an \
             administrator: steps that need a lock wait for a long transaction.",
        ),
        (false, _) => Check::warning(
            name,
            title,
            format!("Open: {}.", found.join("; ")),
            "Steps that need a lock on a table it uses, and building an index, wait for it.",
        ),
    })
}

/// Rows that are assigned in batches are written once more, and once into the log.
pub(super) async fn disk(db: &mut Connection, playbook: &Playbook) -> Result<Check, DbError> {
    let (name, title) = ("free-disk", "Free disk");
    let (mut needed, mut least) = (0, None::<disk::Free>);
    for (_, model) in playbook.models() {
        let relation = db.dialect().relation(&model.table);
        if !matches!(model.organization, Placement::Word(_)) {
            let size = Statement::new(
                "SELECT COALESCE(SUM(pg_total_relation_size(file)), 0)::int8 FROM \
                 (SELECT relid::oid FROM pg_partition_tree(to_regclass(?)) WHERE isleaf \
                 UNION SELECT to_regclass(?)::oid) AS files (file)",
            )
            .bind(relation.as_str())
            .bind(relation);
            needed += db.count(size).await?.unsigned_abs().saturating_mul(2);
        }
        if let Some(free) = disk::free(db, Some(&model.table)).await?
            && least.as_ref().is_none_or(|least| free.bytes < least.bytes)
        {
            least = Some(free);
        }
    }
    let needed_words = size::words(needed);
    Ok(match least {
        None => Check::warning(
            name,
            title,
            format!("The server's disks cannot be looked at from here; {needed_words} are needed."),
            "Look how much is free on the server: rows that are assigned in batches are written \
             once more, and once into its log.",
        ),
        Some(free) if free.bytes < needed => Check::warning(
            name,
            title,
            format!(
                "{} are free of {needed_words} needed on {}.",
                size::words(free.bytes),
                free.disk
            ),
            "Free space on it: a run holds when it is nearly full, and goes on when it is not.",
        ),
        Some(free) => Check::passed(
            name,
            title,
            format!(
                "{} are free of {needed_words} needed on {}.",
                size::words(free.bytes),
                free.disk
            ),
        ),
    })
}
