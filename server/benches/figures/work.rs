//! What a plan comes to, for whoever carries it out otherwise; and the engine that carries it out.

use anyhow::bail;
use server::db::{Access, Connection, DatabaseUrl};
use server::engine::executor::Control;
use server::engine::operation::Operation;
use server::engine::plan::Plan;
use server::engine::{Goal, Options, Outcome, Playbook, compile, drive, inspect};

/// A table and how its rows find their organization, as the plan says it.
pub struct Model {
    /// The table.
    pub table: String,
    /// SQL over the alias `t` that answers the organization's id.
    pub rule: String,
    /// The name of the index that the plan makes.
    pub index: String,
    /// Whether adding the column gives every row its organization.
    pub filled: bool,
}

/// What both baselines need to know.
pub struct Work {
    /// The statements that make the organizations table and the default organization.
    pub organizations: Vec<server::db::Statement>,
    /// The models in order.
    pub models: Vec<Model>,
    /// The column.
    pub column: String,
    /// The organizations table.
    pub organizations_table: String,
}

/// The plan of the playbook for a target, its rows counted.
pub async fn plan_for(target: &DatabaseUrl, playbook: &Playbook) -> anyhow::Result<Plan> {
    let mut db = Connection::open(target, Access::Read).await?;
    let mut schema = inspect(&mut db).await?;
    let tables: Vec<&str> = playbook
        .models()
        .map(|(_, model)| model.table.as_str())
        .collect();
    server::engine::inspect::count_rows(&mut db, &mut schema, tables).await?;
    db.close().await;
    let options = Options {
        backup: false,          // a backup is the same copy of the file for every way
        quiet_seconds: Some(0), // waiting for old versions of an application is no work
        ..Options::default()
    };
    compile(playbook, &schema, &options)
        .map_err(|refusals| anyhow::anyhow!("the playbook was refused: {refusals:?}"))
}

/// What the plan comes to, for the baselines.
pub fn work_of(plan: &Plan, playbook: &Playbook) -> anyhow::Result<Work> {
    let mut organizations = Vec::new();
    let mut models = Vec::new();
    for step in &plan.steps {
        match &step.operation {
            Operation::EnsureOrganizationsTable { .. }
            | Operation::EnsureDefaultOrganization { .. } => {
                organizations.extend(step.forward.iter().cloned());
            }
            Operation::Populate(populate) => models.push(Model {
                table: populate.table.clone(),
                rule: populate.placing.expression(),
                index: String::new(),
                filled: populate.filled,
            }),
            _ => {}
        }
    }
    for step in &plan.steps {
        if let Operation::CreateIndex { table, index, .. } = &step.operation
            && let Some(model) = models.iter_mut().find(|model| model.table == *table)
        {
            model.index.clone_from(index);
        }
    }
    if models.is_empty() || models.iter().any(|model| model.index.is_empty()) {
        bail!("the plan has no model, or a model without an index");
    }
    Ok(Work {
        organizations,
        models,
        column: playbook.tenant.column.clone(),
        organizations_table: playbook.organizations.table.clone(),
    })
}

/// All of the plan by the engine.
pub async fn by_the_engine(
    db: &mut Connection,
    plan: &Plan,
    control: &dyn Control,
) -> anyhow::Result<()> {
    let outcome = drive(db, "figures", plan, &Goal::Applied { until: None }, control).await?;
    match outcome {
        Outcome::Done => Ok(()),
        other => bail!("the run ended as {other:?}"),
    }
}
