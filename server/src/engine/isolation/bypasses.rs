//! Ways of the application's role past the policies of a table, which no attempt on the table itself would find:
//! partitions that are read directly, rights that no policy is asked for, views that read with another's rights.

use super::proof::IsolationProof;
use crate::db::{Connection, DbError, Dialect, Statement};

/// Each way, as a sentence with the table and the remedy.
pub(super) async fn find(
    db: &mut Connection,
    proof: &IsolationProof,
) -> Result<Vec<String>, DbError> {
    let mut findings = Vec::new();
    for (table, _) in &proof.owned {
        let role = &proof.role;
        let about = |sql: &str| {
            Statement::new(sql)
                .bind(role.as_str())
                .bind(Dialect::Postgres.relation(table))
        };
        for row in db.rows(about(PARTITIONS)).await? {
            findings.push(format!(
                "{table}: {role} may use its partition {partition} directly, where no policy of the \
                 table holds: REVOKE ALL ON {partition} FROM {role}.",
                partition = row.string(0)
            ));
        }
        for row in db.rows(about(TRUNCATE)).await? {
            findings.push(format!(
                "{table}: {role} may empty {emptied}, which no policy is asked for: REVOKE TRUNCATE \
                 ON {emptied} FROM {role}.",
                emptied = row.string(0)
            ));
        }
        for row in db.rows(about(VIEWS)).await? {
            let (view, shown) = (row.string(0), row.string(1));
            let remedy = format!("revoke SELECT on {shown} from {role}");
            let listed = match row.integer(4) {
                1 => "list it under isolation.views, or ",
                _ => "",
            };
            findings.push(match row.integer(2) {
                1 => format!(
                    "{table}: the materialized view {view} keeps rows of all organizations, and \
                     {role} may read {shown}: {remedy}."
                ),
                _ => format!(
                    "{table}: the view {view} reads as its owner {}, for whom no policy holds, and \
                     {role} may read {shown}: {listed}{remedy}.",
                    row.string(3)
                ),
            });
        }
    }
    Ok(findings)
}

/// Partitions, at any depth, that the role may use and that have no row security of their own.
const PARTITIONS: &str = "SELECT c.oid::regclass::text FROM pg_roles AS r, \
     (SELECT ?::text AS role, to_regclass(?) AS whole) AS asked, \
     LATERAL pg_partition_tree(asked.whole) AS p JOIN pg_class AS c ON c.oid = p.relid \
     WHERE r.rolname = asked.role AND c.oid <> asked.whole AND NOT c.relrowsecurity \
     AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') \
     ORDER BY 1";

/// An owner may always empty its table; it may also switch the policies off.
const TRUNCATE: &str = "SELECT c.oid::regclass::text FROM pg_roles AS r, pg_class AS c \
     WHERE r.rolname = ? AND c.oid = to_regclass(?) \
     AND has_table_privilege(r.oid, c.oid, 'TRUNCATE') AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')";

/// Views that show rows past the policies, each with the view, itself or one above it, by which the
/// role gets at it, and whether it can be made otherwise: until PostgreSQL 15 whoever asks through a view is its owner.
const VIEWS: &str = "WITH RECURSIVE asked AS (SELECT r.oid AS role, to_regclass(t.name) AS of \
      FROM (SELECT ?::text AS role, ?::text AS name) AS t JOIN pg_roles AS r ON r.rolname = t.role), \
     reads AS (SELECT DISTINCT d.refobjid AS of, w.ev_class AS view FROM pg_depend AS d \
      JOIN pg_rewrite AS w ON w.oid = d.objid WHERE d.classid = 'pg_rewrite'::regclass \
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class), \
     past AS (SELECT v.oid AS view, v.oid AS shown, v.relkind = 'm' AS kept, o.rolname::text AS owner \
      FROM asked JOIN reads ON reads.of = asked.of JOIN pg_class AS v ON v.oid = reads.view \
      JOIN pg_roles AS o ON o.oid = v.relowner \
      WHERE v.relkind = 'm' OR v.relkind = 'v' AND (o.rolsuper OR o.rolbypassrls) \
      AND NOT COALESCE((SELECT option_value::bool FROM pg_options_to_table(v.reloptions) \
      WHERE option_name = 'security_invoker'), false) \
      UNION SELECT past.view, reads.view, past.kept, past.owner FROM past \
      JOIN reads ON reads.of = past.shown) \
     SELECT view::regclass::text, min(shown::regclass::text), kept, owner, \
      current_setting('server_version_num')::int >= 150000 FROM past, asked \
     WHERE has_table_privilege(asked.role, shown, 'SELECT') GROUP BY view, kept, owner ORDER BY 1";
