//! The proof that the database keeps organizations apart: two organizations are made with a row
//! each in every table, and the application's role tries to reach from one to the other. All of
//! it happens in a transaction that is always rolled back; nothing of it stays, and no sequence
//! is drawn from unless a trigger of the application does so.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::attempts;
use super::bypasses;
use super::canary::{Canary, Maker, Unmade};
use crate::db::{Access, Connection, DbError, Statement, quote};
use crate::engine::inspect::inspect;
use crate::engine::playbook::Playbook;
use crate::engine::schema::{RESERVED_PREFIX, Schema, Table};

/// What shall be proven: a playbook's isolation as plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsolationProof {
    /// The role that the application works as.
    pub role: String,
    /// The role that reads all organizations.
    pub reader: Option<String>,
    /// The setting with the session's organization.
    pub setting: String,
    /// The organizations table and its key.
    pub organizations: (String, String),
    /// The column by which a table shows that its rows belong to organizations.
    pub column: String,
    /// Tables of models, each with its column.
    pub owned: Vec<(String, String)>,
    /// Tables that name an organization and are shared all the same.
    pub shared: Vec<String>,
}

impl IsolationProof {
    /// What a playbook promises; `None` when it has no isolation in the database.
    pub fn of(playbook: &Playbook) -> Option<Self> {
        let isolation = playbook.isolation.as_ref()?;
        let organizations = &playbook.organizations;
        Some(Self {
            role: isolation.role.clone(),
            reader: isolation.reader.clone(),
            setting: isolation.setting.clone(),
            organizations: (organizations.table.clone(), organizations.key.clone()),
            column: playbook.tenant.column.clone(),
            owned: (playbook.models())
                .map(|(_, model)| (model.table.clone(), playbook.column(model).to_owned()))
                .collect(),
            shared: isolation.shared.clone(),
        })
    }
}

/// What the proof found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proven {
    /// Each table of a model.
    pub tables: Vec<TableProof>,
    /// What is wrong beside single tables: roles that pass row security, undeclared tables.
    pub findings: Vec<String>,
    /// Roles that log in and pass row security, whatever the policies say.
    pub bypassing: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableProof {
    /// Its name.
    pub table: String,
    /// Attempts to cross that were made and refused.
    pub refused: u32,
    /// Attempts that succeeded, and switches that are off, in words.
    pub findings: Vec<String>,
    /// What could not be tried, naming the column, and why.
    pub unproven: Vec<String>,
}

impl Proven {
    /// Whether every attempt was made and refused.
    pub fn holds(&self) -> bool {
        self.problem().is_none() && self.tables.iter().all(|table| table.unproven.is_empty())
    }

    /// What is wrong, as sentences; what could not be tried is not among it.
    pub fn problem(&self) -> Option<String> {
        let mut said: Vec<String> = self.findings.clone();
        for table in &self.tables {
            said.extend(
                table
                    .findings
                    .iter()
                    .map(|found| format!("{}: {found}", table.table)),
            );
        }
        (!said.is_empty()).then(|| said.join(" "))
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u32 = self.tables.iter().map(|table| table.refused).sum();
        write!(
            out,
            "{refused} attempts to cross between two organizations on {} tables were refused.",
            self.tables.len()
        )?;
        for table in &self.tables {
            for why in &table.unproven {
                write!(out, " Not proved for {}: {why}", table.table)?;
            }
        }
        if !self.bypassing.is_empty() {
            write!(
                out,
                " Roles that see all rows whatever the policies say: {}.",
                self.bypassing.join(", ")
            )?;
        }
        Ok(())
    }
}

/// Proves on a connection of its own, beside whatever `db` is doing.
pub async fn prove(db: &Connection, proof: &IsolationProof) -> Result<Proven, DbError> {
    let mut own = Connection::open(db.url(), Access::Write).await?;
    let result = async {
        own.begin_write().await?;
        tried(&mut own, proof).await
    }
    .await;
    own.roll_back().await;
    own.close().await;
    result
}

/// Proves inside the open transaction, behind a savepoint that is always gone back to.
pub(in crate::engine) async fn prove_inside(
    db: &mut Connection,
    proof: &IsolationProof,
) -> Result<Proven, DbError> {
    db.execute("SAVEPOINT switchyard_proof").await?;
    let result = tried(db, proof).await;
    db.execute("ROLLBACK TO SAVEPOINT switchyard_proof").await?;
    db.execute("RELEASE SAVEPOINT switchyard_proof").await?;
    result
}

async fn tried(db: &mut Connection, proof: &IsolationProof) -> Result<Proven, DbError> {
    let schema = inspect(db).await?;
    let mut proven = Proven {
        findings: undeclared(proof, &schema),
        ..Proven::default()
    };
    roles(db, proof, &mut proven).await?;
    proven.findings.extend(bypasses::find(db, proof).await?);
    db.execute("SET LOCAL row_security = on").await?;
    db.execute("SET LOCAL statement_timeout = '30s'").await?;
    let mut maker = Maker::new(proof, &schema);
    let Some(organizations) =
        two_organizations(db, proof, &schema, &mut maker, &mut proven).await?
    else {
        return Ok(proven);
    };
    let mut canaries: BTreeMap<&str, [Canary; 2]> = BTreeMap::new();
    for (name, column) in parents_first(proof, &schema) {
        let mut found = TableProof {
            table: name.to_owned(),
            ..TableProof::default()
        };
        let Some(table) = schema.table(name) else {
            found.findings.push("The table does not exist.".into());
            proven.tables.push(found);
            continue;
        };
        found.findings = switches(table);
        match two_rows(
            db,
            proof,
            table,
            column,
            &organizations,
            &mut maker,
            &canaries,
        )
        .await?
        {
            Ok(pair) => {
                canaries.insert(name, pair);
            }
            Err(unmade) => found.unproven.push(unmade.to_string()),
        }
        proven.tables.push(found);
    }
    let role_exists = proven
        .findings
        .iter()
        .all(|found| !found.starts_with(NO_ROLE));
    for found in &mut proven.tables {
        let (Some(table), Some(pair)) = (
            schema.table(&found.table),
            canaries.get(found.table.as_str()),
        ) else {
            continue;
        };
        if role_exists {
            attempts::across(
                db, proof, &schema, table, pair, &canaries, &mut maker, found,
            )
            .await?;
        }
    }
    Ok(proven)
}

const NO_ROLE: &str = "There is no role";

/// Tables whose rows belong to organizations, and of which nobody said so.
fn undeclared(proof: &IsolationProof, schema: &Schema) -> Vec<String> {
    let known = |name: &str| {
        name == proof.organizations.0
            || name.starts_with(RESERVED_PREFIX)
            || proof.owned.iter().any(|(table, _)| table == name)
            || proof.shared.iter().any(|table| table == name)
    };
    let names_one = |table: &&Table| {
        table.column(&proof.column).is_some()
            || (table.foreign_keys.iter()).any(|key| key.table == proof.organizations.0)
    };
    (schema.tables.values())
        .filter(|table| !known(&table.name))
        .filter(names_one)
        .map(|table| {
            format!(
                "The table {} names an organization and nobody declared it: make it a model, or \
                 list it under isolation.shared.",
                table.name
            )
        })
        .collect()
}

/// Row security that is off, or does not hold for the table's owner.
fn switches(table: &Table) -> Vec<String> {
    let mut findings = Vec::new();
    if !table.security.enabled {
        findings.push("Row-level security is off.".to_owned());
    }
    if !table.security.forced {
        findings.push("Its owner passes row-level security: it is not forced.".to_owned());
    }
    findings
}

async fn roles(
    db: &mut Connection,
    proof: &IsolationProof,
    proven: &mut Proven,
) -> Result<(), DbError> {
    let statement = "SELECT rolname::text FROM pg_roles WHERE (rolsuper OR rolbypassrls) \
                     AND rolcanlogin ORDER BY 1";
    let bypassing = db.rows(statement).await?;
    proven.bypassing = bypassing.iter().map(|row| row.string(0)).collect();
    for role in [Some(&proof.role), proof.reader.as_ref()]
        .into_iter()
        .flatten()
    {
        let statement = Statement::new(
            "SELECT pg_has_role(current_user, oid, 'MEMBER'), current_user::text \
             FROM pg_roles WHERE rolname = ?",
        )
        .bind(role.as_str());
        match db.row(statement).await? {
            None => proven.findings.push(format!("{NO_ROLE} {role}: make it.")),
            Some(row) if row.integer(0) == 0 => proven.findings.push(format!(
                "{NO_ROLE} {role} that {own} may work as: as an administrator, GRANT {role} TO {own}.",
                own = row.string(1)
            )),
            Some(_) => {}
        }
    }
    let statement = Statement::new(
        "SELECT b.rolname::text, b.oid = a.oid, b.rolsuper FROM pg_roles AS a JOIN pg_roles AS b \
         ON b.oid = a.oid OR (NOT a.rolsuper AND pg_has_role(a.oid, b.oid, 'MEMBER')) \
         WHERE a.rolname = ? AND (b.rolsuper OR b.rolbypassrls)",
    )
    .bind(proof.role.as_str());
    for row in db.rows(statement).await? {
        let what = match row.integer(2) {
            1 => "is a superuser",
            _ => "has BYPASSRLS",
        };
        proven.findings.push(match row.integer(1) {
            1 => format!(
                "The application's role {} {what}: no policy holds for it. Let the application \
                 work as another role.",
                proof.role
            ),
            _ => format!(
                "The application's role {} may become {}, which {what}: revoke that.",
                proof.role,
                row.string(0)
            ),
        });
    }
    Ok(())
}

/// The keys of two organizations made for the proof.
async fn two_organizations(
    db: &mut Connection,
    proof: &IsolationProof,
    schema: &Schema,
    maker: &mut Maker<'_>,
    proven: &mut Proven,
) -> Result<Option<[String; 2]>, DbError> {
    let Some(table) = schema.table(&proof.organizations.0) else {
        let missing = format!("There is no table {}.", proof.organizations.0);
        proven.findings.push(missing);
        return Ok(None);
    };
    let mut keys = Vec::new();
    for _ in 0..2 {
        match maker.make(db, table, &BTreeMap::new()).await? {
            Ok(canary) => keys.extend(canary.values.get(&proof.organizations.1).cloned().flatten()),
            Err(unmade) => {
                proven.findings.push(format!(
                    "No organization could be made for the proof: {} {unmade}",
                    table.name
                ));
                return Ok(None);
            }
        }
    }
    Ok(keys.try_into().ok())
}

/// A row of each organization, hanging on rows of the same organization.
async fn two_rows(
    db: &mut Connection,
    proof: &IsolationProof,
    table: &Table,
    column: &str,
    organizations: &[String; 2],
    maker: &mut Maker<'_>,
    canaries: &BTreeMap<&str, [Canary; 2]>,
) -> Result<Result<[Canary; 2], Unmade>, DbError> {
    let mut pair = Vec::new();
    for (side, organization) in organizations.iter().enumerate() {
        // our own role may be one for which the policies hold
        act_for(db, &proof.setting, Some(organization)).await?;
        let mut given = BTreeMap::from([(column.to_owned(), Some(organization.clone()))]);
        for key in &table.foreign_keys {
            if let Some(parents) = canaries.get(key.table.as_str())
                && let Some(values) = parents[side].referenced(key)
            {
                given.extend(values);
            }
        }
        match maker.make(db, table, &given).await? {
            Ok(canary) => pair.push(canary),
            Err(unmade) => return Ok(Err(unmade)),
        }
    }
    Ok(pair
        .try_into()
        .map_err(|_| Unmade::new("its rows", "two rows could not be made")))
}

/// Says whose the session is.
pub(super) async fn act_for(
    db: &mut Connection,
    setting: &str,
    organization: Option<&str>,
) -> Result<(), DbError> {
    let statement = Statement::new("SELECT set_config(?, ?, true)")
        .bind(setting)
        .bind(organization.unwrap_or_default());
    db.row(statement).await.map(drop)
}

/// Works as a role from here to the end of the transaction, or as our own again.
pub(super) async fn act_as(db: &mut Connection, role: Option<&str>) -> Result<(), DbError> {
    let role = role.map_or_else(|| "NONE".to_owned(), quote);
    db.execute(format!("SET LOCAL ROLE {role}")).await.map(drop)
}

/// The tables, parents before those that refer to them where there is no circle.
fn parents_first<'a>(proof: &'a IsolationProof, schema: &Schema) -> Vec<(&'a str, &'a str)> {
    let mut left: Vec<(&str, &str)> = (proof.owned.iter())
        .map(|(table, column)| (table.as_str(), column.as_str()))
        .collect();
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let waits = |(name, _): &(&str, &str)| {
            schema.table(name).is_some_and(|table| {
                table.foreign_keys.iter().any(|key| {
                    key.table != *name && left.iter().any(|(other, _)| *other == key.table)
                })
            })
        };
        let at = left.iter().position(|entry| !waits(entry)).unwrap_or(0);
        sorted.push(left.remove(at));
    }
    sorted
}
