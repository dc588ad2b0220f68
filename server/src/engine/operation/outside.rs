//! Work outside of the target: the verified backup, hooks, checks of the application. The caller
//! performs it; the plan only says when.

use super::{ApplicationCheck, Cx, Operation};
use crate::engine::plan::{Cost, PhaseName, Reverse, Step, StepMode};
use crate::engine::playbook::{Hook, HookAt};

/// Plans the verified backup.
pub(in crate::engine) fn backup(cx: &Cx<'_>) -> Step {
    let rows: u64 = cx
        .schema
        .tables
        .values()
        .filter_map(|table| table.rows)
        .sum();
    let mut step = outside(
        "backup".into(),
        "Take a backup and prove it by restoring it".into(),
        PhaseName::Backup,
        Operation::Backup,
    );
    step.locks = "Nothing: it reads a snapshot while the application goes on.".into();
    step.cost.sentence = match rows {
        0 => "No row is written; the whole file is read twice.".into(),
        rows => format!("No row is written; at least {rows} rows are read twice."),
    };
    step
}

/// Plans a hook.
pub(in crate::engine) fn hook(cx: &Cx<'_>, hook: &Hook) -> Step {
    let phase = match hook.at {
        HookAt::BeforeRun => PhaseName::Backup,
        HookAt::AfterNullable => PhaseName::Nullable,
        HookAt::AfterPopulate => PhaseName::Populate,
        HookAt::AfterRequired => PhaseName::Required,
    };
    let mut step = outside(
        format!("hook.{}", hook.name),
        format!("Call the hook {}", hook.name),
        phase,
        Operation::Hook {
            name: hook.name.clone(),
        },
    );
    if !cx.options.hooks.contains(&hook.name) {
        step.skip = Some(format!(
            "The system's configuration does not define the hook {}.",
            hook.name
        ));
    }
    step
}

/// Plans a check of the running application.
pub(in crate::engine) fn check_application(cx: &Cx<'_>, check: ApplicationCheck) -> Step {
    let (key, title, phase) = match check {
        ApplicationCheck::Context => (
            "middleware.context",
            "Check that the application works with the organization's context",
            PhaseName::Middleware,
        ),
        ApplicationCheck::Views => (
            "views.render",
            "Check that the application's pages render",
            PhaseName::Views,
        ),
    };
    let mut step = outside(
        key.into(),
        title.into(),
        phase,
        Operation::CheckApplication { check },
    );
    if !cx.options.application {
        step.skip = Some("The configuration names no address of the running application.".into());
    }
    step
}

fn outside(key: String, title: String, phase: PhaseName, operation: Operation) -> Step {
    Step {
        key,
        title,
        group: None,
        phase,
        operation,
        mode: StepMode::Detached,
        forward: Vec::new(),
        stages: Vec::new(),
        reverse: Reverse::Nothing,
        probe: None,
        locks: "Nothing.".into(),
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
