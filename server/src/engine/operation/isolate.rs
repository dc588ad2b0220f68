//! Isolation in the database, on PostgreSQL: row-level security, enabled and forced, shows each
//! session the rows of the organization that its transaction names, and no row where it names
//! none. What a row refers to has to be visible too: foreign keys alone are checked past row
//! security, and would tell rows of others apart from rows that do not exist.

use std::collections::BTreeSet;

use super::{Cx, Operation, Subject, postgres};
use crate::db::{Dialect, Statement, parts, quote};
use crate::engine::gate::{Gate, GateCheck};
use crate::engine::isolation::IsolationProof;
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};
use crate::engine::playbook::RowIsolation;
use crate::engine::schema::RowSecurity;

/// The policy that holds for everybody.
const POLICY: &str = "organization_isolation";
/// The policy that lets the reading role see all.
const READER_POLICY: &str = "organization_reader";

/// Whether a table's security is what [`isolate`] makes.
pub(in crate::engine) fn is_isolated(security: &RowSecurity) -> bool {
    security.enabled
        && security.forced
        && security.policies.iter().any(|policy| policy == POLICY)
        && (security.policies.iter())
            .all(|policy| [POLICY, READER_POLICY].contains(&policy.as_str()))
}

/// Plans the role that reads all organizations, and its right to read who they are.
pub(in crate::engine) fn reader(cx: &Cx<'_>, isolation: &RowIsolation) -> Vec<Step> {
    let Some(role) = &isolation.reader else {
        return Vec::new();
    };
    let name = quote(role);
    let made = Step {
        probe: Some(exists(
            Statement::new("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ?)")
                .bind(role.as_str()),
        )),
        locks: "Nothing.".into(),
        ..step(
            "isolation.reader".into(),
            format!("Make the role {role}, which reads all organizations"),
            Operation::EnsureRole { role: role.clone() },
            vec![format!("CREATE ROLE {name} NOLOGIN")],
            vec![format!("DROP ROLE {name}")],
        )
    };
    let organizations = &cx.playbook.organizations.table;
    let tables = (cx.playbook.models()).map(|(_, model)| model.table.as_str());
    // the first schema of the search path is everybody's to use unless somebody changed that
    let schemas: BTreeSet<String> = (tables.chain([organizations.as_str()]))
        .filter_map(|table| match parts(table).as_slice() {
            [schema, _] => Some(schema.clone()),
            _ => None,
        })
        .collect();
    let mut steps = vec![made];
    steps.extend(schemas.iter().map(|schema| grant_use(schema, role)));
    steps.push(grant(organizations, role, "isolation", None));
    steps
}

/// Plans the isolation of a model's rows.
pub(in crate::engine) fn isolate(
    cx: &Cx<'_>,
    isolation: &RowIsolation,
    subject: Subject<'_>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = (isolation.reader.iter())
        .map(|role| {
            grant(
                &subject.table.name,
                role,
                subject.group,
                Some(subject.group),
            )
        })
        .collect();
    steps.push(policies(cx, isolation, subject));
    steps
}

fn policies(cx: &Cx<'_>, isolation: &RowIsolation, subject: Subject<'_>) -> Step {
    let Subject { table, column, .. } = subject;
    let name = cx.dialect.relation(&table.name);
    let bare = quote(&postgres::bare(cx.dialect, &table.name));
    let kind = (table.column(column)).map_or(cx.playbook.tenant.column_type.as_str(), |column| {
        column.declared_type.as_str()
    });
    // a setting that was set in an earlier transaction of the session is empty, not NULL
    let own = format!(
        "{bare}.{} = NULLIF(current_setting({}, true), '')::{kind}",
        quote(column),
        cx.dialect.literal(&isolation.setting)
    );
    let mut check = own.clone();
    for key in &table.foreign_keys {
        let Some(parent) = cx.schema.table(&key.table) else {
            continue;
        };
        if cx.playbook.model(&parent.name).is_none() {
            continue;
        }
        let referenced = match key.referenced.is_empty() {
            true => parent.key(),
            false => &key.referenced,
        };
        let missing: Vec<String> = (key.columns.iter())
            .map(|own| format!("{bare}.{} IS NULL", quote(own)))
            .collect();
        let pairs: Vec<String> = (key.columns.iter().zip(referenced))
            .map(|(own, theirs)| format!("parent.{} = {bare}.{}", quote(theirs), quote(own)))
            .collect();
        check.push_str(&format!(
            " AND ({} OR EXISTS (SELECT 1 FROM {} AS parent WHERE {}))",
            missing.join(" OR "),
            cx.dialect.relation(&parent.name),
            pairs.join(" AND ")
        ));
    }
    let mut forward = vec![
        format!("CREATE POLICY {POLICY} ON {name} USING ({own}) WITH CHECK ({check})"),
        format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
    ];
    let mut reverse = vec![
        format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"),
        format!("DROP POLICY {POLICY} ON {name}"),
    ];
    if let Some(role) = &isolation.reader {
        forward.push(format!(
            "CREATE POLICY {READER_POLICY} ON {name} FOR SELECT TO {} USING (true)",
            quote(role)
        ));
        reverse.push(format!("DROP POLICY {READER_POLICY} ON {name}"));
    }
    Step {
        group: Some(subject.group.to_owned()),
        probe: Some(Probe {
            statement: Statement::new(
                "SELECT COUNT(*) FROM pg_class AS c JOIN pg_policy AS p ON p.polrelid = c.oid \
                 WHERE c.oid = to_regclass(?) AND c.relrowsecurity AND c.relforcerowsecurity \
                 AND p.polname = ?",
            )
            .bind(name.as_str())
            .bind(POLICY),
            expected: 1,
        }),
        locks: "Everybody who uses the table waits for some milliseconds.".into(),
        gates: vec![Gate {
            name: "sees-every-row".into(),
            title: "The role of the migration sees every row".into(),
            overridable: false,
            check: GateCheck::SeesEveryRow,
        }],
        skip: is_isolated(&table.security)
            .then(|| format!("The rows of {} are isolated already.", table.name)),
        ..step(
            subject.key("isolate"),
            format!(
                "Show each session only its organization's {}",
                subject.plural
            ),
            Operation::IsolateRows {
                table: table.name.clone(),
                column: column.to_owned(),
            },
            forward,
            reverse,
        )
    }
}

/// Plans a view that reads with the rights of whoever asks.
pub(in crate::engine) fn read_as_invoker(cx: &Cx<'_>, view: &str) -> Step {
    let name = cx.dialect.relation(view);
    Step {
        probe: Some(exists(
            Statement::new(
                "SELECT EXISTS (SELECT 1 FROM pg_class AS c, pg_options_to_table(c.reloptions) \
                 AS o WHERE c.oid = to_regclass(?) AND o.option_name = 'security_invoker' \
                 AND o.option_value::boolean)",
            )
            .bind(name.as_str()),
        )),
        locks: "Everybody who uses the view waits for some milliseconds.".into(),
        ..step(
            format!("isolation.view.{view}"),
            format!("Let the view {view} read with the rights of whoever asks"),
            Operation::ReadAsInvoker {
                view: view.to_owned(),
            },
            vec![format!("ALTER VIEW {name} SET (security_invoker = true)")],
            vec![format!("ALTER VIEW {name} RESET (security_invoker)")],
        )
    }
}

/// Plans the proof that no organization reaches another's rows.
pub(in crate::engine) fn prove_isolation(proof: IsolationProof) -> Step {
    Step {
        reverse: Reverse::Nothing,
        locks: "Some rows for some milliseconds; everything is taken back.".into(),
        ..step(
            "isolation.proof".into(),
            "Prove that no organization reaches the rows of another".into(),
            Operation::ProveIsolation(Box::new(proof)),
            Vec::new(),
            Vec::new(),
        )
    }
}

/// The right of a role to name what lies in a schema.
fn grant_use(schema: &str, role: &str) -> Step {
    let (name, to) = (quote(schema), quote(role));
    Step {
        probe: Some(exists(
            Statement::new(
                "SELECT EXISTS (SELECT 1 FROM pg_namespace AS n, aclexplode(n.nspacl) AS a \
                 JOIN pg_roles AS r ON r.oid = a.grantee WHERE n.nspname = ? \
                 AND r.rolname = ? AND a.privilege_type = 'USAGE')",
            )
            .bind(schema)
            .bind(role),
        )),
        locks: "Nothing.".into(),
        ..step(
            format!("isolation.use.{schema}"),
            format!("Let {role} use the schema {schema}"),
            Operation::GrantUse {
                schema: schema.to_owned(),
                role: role.to_owned(),
            },
            vec![format!("GRANT USAGE ON SCHEMA {name} TO {to}")],
            vec![format!("REVOKE USAGE ON SCHEMA {name} FROM {to}")],
        )
    }
}

/// The right of a role to read a table.
fn grant(table: &str, role: &str, prefix: &str, group: Option<&str>) -> Step {
    let (name, to) = (Dialect::Postgres.relation(table), quote(role));
    Step {
        group: group.map(str::to_owned),
        probe: Some(exists(
            Statement::new(
                "SELECT EXISTS (SELECT 1 FROM pg_class AS c, aclexplode(c.relacl) AS a \
                 JOIN pg_roles AS r ON r.oid = a.grantee WHERE c.oid = to_regclass(?) \
                 AND r.rolname = ? AND a.privilege_type = 'SELECT')",
            )
            .bind(name.as_str())
            .bind(role),
        )),
        locks: "Nothing.".into(),
        ..step(
            format!("{prefix}.read.{table}"),
            format!("Let {role} read {table}"),
            Operation::GrantRead {
                table: table.to_owned(),
                role: role.to_owned(),
            },
            vec![format!("GRANT SELECT ON {name} TO {to}")],
            vec![format!("REVOKE SELECT ON {name} FROM {to}")],
        )
    }
}

fn exists(statement: Statement) -> Probe {
    Probe {
        statement,
        expected: 1,
    }
}

fn step(
    key: String,
    title: String,
    operation: Operation,
    forward: Vec<String>,
    reverse: Vec<String>,
) -> Step {
    let statements = |sql: Vec<String>| sql.into_iter().map(Statement::new).collect();
    Step {
        key,
        title,
        group: None,
        phase: PhaseName::Isolation,
        operation,
        mode: StepMode::Atomic,
        forward: statements(forward),
        stages: Vec::new(),
        reverse: Reverse::Sql(statements(reverse)),
        probe: None,
        locks: String::new(),
        cost: Cost {
            rows: 0,
            sentence: "No row is written.".into(),
        },
        loss: None,
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: None,
    }
}
