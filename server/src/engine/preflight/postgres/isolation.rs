//! What isolation in the database needs of the server's roles.

use crate::db::{Connection, DbError, Statement, quote};
use crate::engine::playbook::RowIsolation;
use crate::engine::preflight::Check;

const NAME: &str = "isolation-roles";
const TITLE: &str = "Roles fit the isolation in the database";

/// Looks at our own role, the application's and the one that reads all.
pub(super) async fn roles(db: &mut Connection, isolation: &RowIsolation) -> Check {
    match missing(db, isolation).await {
        Ok(missing) if missing.is_empty() => Check::passed(
            NAME,
            TITLE,
            format!(
                "Policies hold for {}, and ours sees every row.",
                isolation.role
            ),
        ),
        Ok(missing) => Check::failed(
            NAME,
            TITLE,
            format!("{} things are missing.", missing.len()),
            format!("As an administrator: {}.", missing.join("; ")),
        ),
        Err(error) => Check::error(NAME, TITLE, &error),
    }
}

async fn missing(db: &mut Connection, isolation: &RowIsolation) -> Result<Vec<String>, DbError> {
    let mut missing = Vec::new();
    let own = db
        .row(
            "SELECT current_user::text, rolsuper OR rolbypassrls, rolsuper OR rolcreaterole \
             FROM pg_roles WHERE rolname = current_user",
        )
        .await?;
    let (own, sees, makes) = own.map_or_else(Default::default, |row| {
        (row.string(0), row.integer(1) == 1, row.integer(2) == 1)
    });
    if !sees {
        missing.push(format!("ALTER ROLE {} BYPASSRLS", quote(&own)));
    }
    let role = &isolation.role;
    match look(db, role).await? {
        None => missing.push(format!(
            "CREATE ROLE {} LOGIN, and let the application work as it",
            quote(role)
        )),
        Some(found) => {
            if found.superuser {
                missing.push(format!("ALTER ROLE {} NOSUPERUSER", quote(role)));
            }
            if found.bypasses {
                missing.push(format!("ALTER ROLE {} NOBYPASSRLS", quote(role)));
            }
            if !found.ours {
                missing.push(format!("GRANT {} TO {}", quote(role), quote(&own)));
            }
        }
    }
    if let Some(reader) = &isolation.reader {
        match look(db, reader).await? {
            None if !makes => missing.push(format!("CREATE ROLE {} NOLOGIN", quote(reader))),
            Some(found) if !found.ours => {
                missing.push(format!("GRANT {} TO {}", quote(reader), quote(&own)));
            }
            _ => {}
        }
    }
    Ok(missing)
}

struct Role {
    superuser: bool,
    bypasses: bool,
    /// Whether we may work as it, which the proof does.
    ours: bool,
}

async fn look(db: &mut Connection, role: &str) -> Result<Option<Role>, DbError> {
    let statement = Statement::new(
        "SELECT rolsuper, rolbypassrls, pg_has_role(current_user, oid, 'MEMBER') \
         FROM pg_roles WHERE rolname = ?",
    )
    .bind(role);
    Ok(db.row(statement).await?.map(|row| Role {
        superuser: row.integer(0) == 1,
        bypasses: row.integer(1) == 1,
        ours: row.integer(2) == 1,
    }))
}
