//! Checks of a PostgreSQL server before anything is changed: its version, what our role may do,
//! who would be in the way, and whether the session is really ours.

mod isolation;
mod names;
mod rights;
mod seen;

use super::Check;
use crate::db::{Access, Connection, DatabaseUrl, DbError, Statement};
use crate::engine::playbook::Playbook;

pub(super) use names::planned;

pub(super) async fn checks(
    url: &DatabaseUrl,
    db: &mut Connection,
    playbook: &Playbook,
) -> Vec<Check> {
    let answers = [
        ("server-version", "Version is known", version(db).await),
        ("primary", "The server can be written", primary(db).await),
        (
            "privileges",
            "The role may change the tables",
            rights::privileges(db, playbook).await,
        ),
        (
            "sees-others",
            "The role sees what other sessions do",
            seen::others(db).await,
        ),
        (
            "long-transactions",
            "No transaction has been open for long",
            seen::transactions(db).await,
        ),
        (
            "prepared-transactions",
            "No prepared transaction holds locks",
            prepared(db).await,
        ),
        (
            "replication-slots",
            "No replication slot holds back the log",
            slots(db).await,
        ),
        (
            "session",
            "The session is not shared by a pooler",
            pooler(url).await,
        ),
        (
            "triggers",
            "Triggers of the application are known",
            triggers(db, playbook).await,
        ),
        (
            "partitions",
            "Tables in partitions are known",
            names::partitions(db, playbook).await,
        ),
        (
            "dependent-views",
            "Views of the tables are known",
            names::views(db, playbook).await,
        ),
        ("free-disk", "Free disk", seen::disk(db, playbook).await),
    ];
    let mut checks: Vec<Check> = (answers.into_iter())
        .map(|(name, title, answer)| match answer {
            Ok(check) => check,
            Err(error) => Check::error(name, title, &error),
        })
        .collect();
    if let Some(isolation) = &playbook.isolation {
        checks.push(isolation::roles(db, isolation).await);
    }
    checks
}

async fn version(db: &mut Connection) -> Result<Check, DbError> {
    let row = db
        .row("SELECT current_setting('server_version'), current_setting('server_encoding')")
        .await?;
    let (version, encoding) =
        row.map_or_else(Default::default, |row| (row.string(0), row.string(1)));
    Ok(Check::passed(
        "server-version",
        "Version is known",
        format!("PostgreSQL {version}, {encoding}."),
    ))
}

async fn primary(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = ("primary", "The server can be written");
    if db.count("SELECT pg_is_in_recovery()").await? == 0 {
        return Ok(Check::passed(name, title, "It is not a standby."));
    }
    let place = db.url().to_string();
    Ok(Check::error(name, title, &DbError::Standby { place }))
}

async fn prepared(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = (
        "prepared-transactions",
        "No prepared transaction holds locks",
    );
    let rows = db
        .rows("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
        .await?;
    let found: Vec<String> = rows.iter().map(|row| row.string(0)).collect();
    Ok(match found.is_empty() {
        true => Check::passed(name, title, "There is none."),
        false => Check::warning(
            name,
            title,
            format!(
                "{} wait to be committed: {}.",
                found.len(),
                found.join(", ")
            ),
            "Commit or roll them back: their locks outlive every session.",
        ),
    })
}

async fn slots(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = (
        "replication-slots",
        "No replication slot holds back the log",
    );
    let rows = db
        .rows(
            "SELECT slot_name::text, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), \
             restart_lsn)) FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL",
        )
        .await?;
    let found: Vec<String> = (rows.iter())
        .map(|row| format!("{} ({})", row.string(0), row.string(1)))
        .collect();
    Ok(match found.is_empty() {
        true => Check::passed(name, title, "Every slot is being read."),
        false => Check::warning(
            name,
            title,
            format!("Nobody reads {}.", found.join(", ")),
            "The log that the migration writes stays on the disk until somebody does, or the slot is dropped.",
        ),
    })
}

/// Behind a pooler in transaction mode two sessions may be one: what one sets, the other sees. Asked without a bound value: that
/// would be a prepared statement, whose name the other one may have given before, and the answer an error about it.
async fn pooler(url: &DatabaseUrl) -> Result<Check, DbError> {
    let (name, title) = ("session", "The session is not shared by a pooler");
    let mut first = Connection::open(url, Access::Read).await?;
    let mut second = Connection::open(url, Access::Read).await?;
    for (session, value) in [(&mut first, "first"), (&mut second, "second")] {
        let set = format!("SELECT set_config('switchyard.session', '{value}', false)");
        session.row(set).await?;
    }
    let seen = first
        .row("SELECT current_setting('switchyard.session', true)")
        .await?;
    first.close().await;
    second.close().await;
    let own = seen.is_some_and(|row| row.text(0) == Some("first"));
    Ok(match own {
        true => Check::passed(name, title, "Each connection has a session of its own."),
        false => Check::failed(
            name,
            title,
            "Two connections were given one session.",
            "Name the server itself, not the pooler: locks of a session are not kept behind it.",
        ),
    })
}

async fn triggers(db: &mut Connection, playbook: &Playbook) -> Result<Check, DbError> {
    let (name, title) = ("triggers", "Triggers of the application are known");
    let dialect = db.dialect();
    let mut found = Vec::new();
    for (_, model) in playbook.models() {
        // 16: fires on updates
        let statement = Statement::new(
            "SELECT tgname::text FROM pg_trigger WHERE tgrelid = to_regclass(?) \
             AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 16 > 0 \
             AND tgname NOT LIKE 'switchyard%' ORDER BY 1",
        )
        .bind(dialect.relation(&model.table));
        for row in db.rows(statement).await? {
            found.push(format!("{} of {}", row.string(0), model.table));
        }
    }
    Ok(match found.is_empty() {
        true => Check::passed(name, title, "None fires on an update of a model's rows."),
        false => Check::warning(
            name,
            title,
            format!("An update fires {}.", found.join(", ")),
            "They fire once for each row that is assigned in batches. Look at what they do.",
        ),
    })
}
