//! Compiles a playbook against a schema into a plan. Pure: no connection, no clock, no
//! randomness; the same input gives the same plan, and a dry run shows exactly what will run.

mod check;
mod order;
mod phases;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::isolation::IsolationProof;
use super::journal::digest;
use super::operation::{self, ApplicationCheck, Cx, RequireWay, Rule, Subject};
use super::plan::{AssumedTable, PhaseName, Plan, Step};
use super::playbook::{
    GroupRecord, HookAt, InvariantAt, Model, PhaseSlot, Placement, Playbook, Position, Stage,
};
use super::schema::{Index, Schema};

/// What a caller chooses about a plan. Part of its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// How columns become required.
    pub require: RequireWay,
    /// Whether the plan begins with a verified backup, which the caller must then be able to make.
    pub backup: bool,
    /// The hooks that the system's configuration defines; others that the playbook names are
    /// planned as skipped.
    pub hooks: BTreeSet<String>,
    /// Whether the running application can be reached for checks.
    pub application: bool,
    /// For how many seconds no old writer may have come before columns become required, where it
    /// differs from the playbook's; 0 leaves the gate out.
    pub quiet_seconds: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            require: RequireWay::InPlace,
            backup: true,
            hooks: BTreeSet::new(),
            application: false,
            quiet_seconds: None,
        }
    }
}

/// Why a playbook cannot work on this schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{playbook}{}: {problem}\n{remedy}", position.map(|at| format!(", line {}", at.line)).unwrap_or_default())]
pub struct Refusal {
    /// The playbook's file.
    pub playbook: String,
    /// Where in it.
    pub position: Option<Position>,
    /// The key concerned, as a dotted path.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// A model that passed every check, with what its operations need.
struct Ready<'a> {
    subject: Subject<'a>,
    rule: Rule,
}

/// Compiles the plan, or answers everything that is wrong with it, not only the first.
///
/// The schema's row counts feed the estimates of cost and decide which tables are populated in
/// one statement; count them with [`super::inspect::count_rows`] for the tables of its models.
pub fn compile(
    playbook: &Playbook,
    schema: &Schema,
    options: &Options,
) -> Result<Plan, Vec<Refusal>> {
    check::check(playbook, schema)?;
    let cx = Cx {
        playbook,
        schema,
        options,
        dialect: schema.dialect,
    };
    let plurals: Vec<String> = playbook.models().map(|(_, model)| model.plural()).collect();
    let models: Vec<Ready<'_>> = (playbook.models().zip(&plurals))
        .filter_map(|((group, model), plural)| {
            Some(Ready {
                subject: Subject {
                    group: &group.name,
                    plural,
                    table: schema.table(&model.table)?,
                    column: playbook.column(model),
                },
                rule: operation::rule(playbook, schema, model)?,
            })
        })
        .collect();
    let mut steps = Vec::new();
    before(&cx, &mut steps);
    organizations(&cx, &mut steps);
    nullable(&cx, &models, &mut steps);
    populate(&cx, &models, &mut steps);
    required(&cx, &models, &mut steps);
    after(&cx, &models, &mut steps);
    let assumed = assumed(playbook, schema);
    Ok(Plan {
        playbook: playbook.name.clone(),
        title: playbook.title.clone(),
        dialect: schema.dialect,
        fingerprint: fingerprint(playbook, options, &assumed),
        assumed,
        phases: phases::phases(playbook, &steps),
        notes: phases::notes(&cx, &models),
        dependencies: order::dependencies(playbook, schema),
        steps,
    })
}

fn before(cx: &Cx<'_>, steps: &mut Vec<Step>) {
    if cx.options.backup {
        steps.push(operation::backup(cx));
    }
    hooks(cx, HookAt::BeforeRun, steps);
}

fn hooks(cx: &Cx<'_>, at: HookAt, steps: &mut Vec<Step>) {
    let hooks = cx.playbook.hooks.iter().filter(|hook| hook.at == at);
    steps.extend(hooks.map(|hook| operation::hook(cx, hook)));
}

fn organizations(cx: &Cx<'_>, steps: &mut Vec<Step>) {
    steps.push(operation::ensure_table(cx));
    steps.push(operation::ensure_default(cx));
    let recorded = &cx.playbook.organizations.recorded;
    steps.extend(recorded.iter().enumerate().map(|(at, row)| {
        operation::record_row(
            cx.dialect,
            format!("organizations.recorded.{}", at + 1),
            None,
            PhaseName::Organizations,
            &row.table,
            &row.values,
        )
    }));
}

fn nullable(cx: &Cx<'_>, models: &[Ready<'_>], steps: &mut Vec<Step>) {
    parents_first(cx, models, Stage::Nullable, steps, |model, steps| {
        steps.push(operation::add_column(cx, model.subject, &model.rule));
    });
    hooks(cx, HookAt::AfterNullable, steps);
}

fn populate(cx: &Cx<'_>, models: &[Ready<'_>], steps: &mut Vec<Step>) {
    parents_first(cx, models, Stage::Populate, steps, |model, steps| {
        steps.push(operation::populate(cx, model.subject, &model.rule));
        steps.push(operation::create_index(cx, model.subject));
    });
    hooks(cx, HookAt::AfterPopulate, steps);
}

/// Plans a stage for each model. Parents come before the tables that find their organization
/// through them, whatever the group: what fills a child reads the column of its parent. Apart from
/// that the order is the playbook's.
fn parents_first<'a>(
    cx: &Cx<'_>,
    models: &[Ready<'a>],
    stage: Stage,
    steps: &mut Vec<Step>,
    plan: impl Fn(&Ready<'a>, &mut Vec<Step>),
) {
    let order = order::parents_first(cx.playbook, cx.schema);
    let mut left: Vec<(&str, usize)> = (cx.playbook.groups.iter())
        .map(|group| (group.name.as_str(), group.models.len()))
        .collect();
    for at in order {
        let Some(model) = models.get(at) else {
            continue;
        };
        plan(model, steps);
        let group = model.subject.group;
        let Some(entry) = left.iter_mut().find(|(name, _)| *name == group) else {
            continue;
        };
        entry.1 -= 1;
        if entry.1 == 0 {
            let of = cx.playbook.groups.iter().find(|entry| entry.name == group);
            let rows = of
                .map(|group| group.recorded.as_slice())
                .unwrap_or_default();
            recorded(cx, group, rows, stage, steps);
        }
    }
}

fn required(cx: &Cx<'_>, models: &[Ready<'_>], steps: &mut Vec<Step>) {
    invariants(cx, InvariantAt::BeforeRequired, steps);
    for group in &cx.playbook.groups {
        for model in of_group(models, &group.name) {
            steps.push(operation::require_column(cx, model.subject, &model.rule));
        }
        for unique in &group.unique {
            let model = of_group(models, &group.name)
                .find(|model| model.subject.table.name.eq_ignore_ascii_case(&unique.table));
            let Some(model) = model else {
                continue;
            };
            if let Some(index) = unique_index(model.subject.table, &unique.columns) {
                let (subject, columns) = (model.subject, &unique.columns);
                steps.push(operation::rescope_unique(cx, subject, columns, index));
            }
        }
        recorded(cx, &group.name, &group.recorded, Stage::Required, steps);
    }
    hooks(cx, HookAt::AfterRequired, steps);
}

fn after(cx: &Cx<'_>, models: &[Ready<'_>], steps: &mut Vec<Step>) {
    let named = |slot: PhaseSlot| cx.playbook.phases.iter().any(|phase| phase.name == slot);
    if named(PhaseSlot::Middleware) {
        steps.push(operation::check_application(cx, ApplicationCheck::Context));
    }
    if named(PhaseSlot::Views) {
        steps.push(operation::check_application(cx, ApplicationCheck::Views));
    }
    isolation(cx, models, steps);
    invariants(cx, InvariantAt::AfterRun, steps);
}

/// After the application was seen to work with the organization's context: from here on a session
/// that does not say whose it is sees nothing.
fn isolation(cx: &Cx<'_>, models: &[Ready<'_>], steps: &mut Vec<Step>) {
    let Some(isolation) = &cx.playbook.isolation else {
        return;
    };
    steps.extend(operation::reader(cx, isolation));
    for group in &cx.playbook.groups {
        for model in of_group(models, &group.name) {
            steps.extend(operation::isolate(cx, isolation, model.subject));
        }
    }
    steps.extend((isolation.views.iter()).map(|view| operation::read_as_invoker(cx, view)));
    if let Some(proof) = IsolationProof::of(cx.playbook) {
        steps.push(operation::prove_isolation(proof));
    }
}

fn invariants(cx: &Cx<'_>, at: InvariantAt, steps: &mut Vec<Step>) {
    let invariants = cx.playbook.invariants.iter();
    steps.extend(
        invariants
            .filter(|invariant| invariant.at == at)
            .map(operation::invariant),
    );
}

fn recorded(cx: &Cx<'_>, group: &str, rows: &[GroupRecord], stage: Stage, steps: &mut Vec<Step>) {
    let (word, phase) = match stage {
        Stage::Nullable => ("nullable", PhaseName::Nullable),
        Stage::Populate => ("populate", PhaseName::Populate),
        Stage::Required => ("required", PhaseName::Required),
    };
    let rows = rows.iter().filter(|row| row.with == stage);
    steps.extend(rows.enumerate().map(|(at, row)| {
        operation::record_row(
            cx.dialect,
            format!("{group}.{word}.recorded.{}", at + 1),
            Some(group),
            phase,
            &row.table,
            &row.values,
        )
    }));
}

fn of_group<'a, 'b>(
    models: &'b [Ready<'a>],
    group: &'b str,
) -> impl Iterator<Item = &'b Ready<'a>> {
    models
        .iter()
        .filter(move |model| model.subject.group == group)
}

/// The unique index over exactly these columns, in any order.
fn unique_index<'a>(table: &'a super::schema::Table, columns: &[String]) -> Option<&'a Index> {
    let sorted = |names: Vec<String>| {
        let mut names = names;
        names.sort();
        names
    };
    let wanted = sorted(
        columns
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect(),
    );
    table.indexes.iter().find(|index| {
        let names: Option<Vec<String>> = (index.columns.iter())
            .map(|column| column.as_ref().map(|name| name.to_ascii_lowercase()))
            .collect();
        index.unique && names.is_some_and(|names| sorted(names) == wanted)
    })
}

fn assumed(playbook: &Playbook, schema: &Schema) -> Vec<AssumedTable> {
    let models = playbook.models().map(|(_, model)| model.table.as_str());
    [playbook.organizations.table.as_str()]
        .into_iter()
        .chain(models)
        .map(|name| match schema.table(name) {
            Some(table) => AssumedTable {
                table: table.name.clone(),
                sql: Some(table.sql.clone()),
            },
            None => AssumedTable {
                table: name.to_owned(),
                sql: None,
            },
        })
        .collect()
}

fn fingerprint(playbook: &Playbook, options: &Options, assumed: &[AssumedTable]) -> String {
    let mut text = String::from("switchyard plan 1\n");
    text.push_str(&digest(&playbook.source.text));
    for part in [
        serde_json::to_string(playbook),
        serde_json::to_string(options),
        serde_json::to_string(assumed),
    ] {
        text.push('\n');
        text.push_str(&part.unwrap_or_default());
    }
    digest(&text)
}

/// The table that a model finds its organization through, if it does.
fn parent<'a>(schema: &'a Schema, model: &Model) -> Option<&'a str> {
    let Placement::Through(along) = &model.organization else {
        return None;
    };
    let key = schema.table(&model.table)?.foreign_key(&along.through)?;
    Some(&schema.table(&key.table)?.name)
}
