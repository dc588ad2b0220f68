//! A named invariant: a statement that must answer 0. It is a gate on a step that does nothing,
//! so that it is measured, shown and waited for like every other gate.

use super::Operation;
use crate::engine::gate::{Gate, GateCheck};
use crate::engine::plan::{Cost, PhaseName, Reverse, Step, StepMode};
use crate::engine::playbook::{Invariant, InvariantAt};

/// Plans the check of an invariant.
pub(in crate::engine) fn invariant(invariant: &Invariant) -> Step {
    let title = (invariant.title.clone())
        .unwrap_or_else(|| format!("The invariant {} holds", invariant.name));
    Step {
        key: format!("invariant.{}", invariant.name),
        title: title.clone(),
        group: None,
        phase: match invariant.at {
            InvariantAt::BeforeRequired => PhaseName::Required,
            InvariantAt::AfterRun => PhaseName::Verification,
        },
        operation: Operation::Invariant {
            name: invariant.name.clone(),
        },
        mode: StepMode::Atomic,
        forward: Vec::new(),
        stages: Vec::new(),
        reverse: Reverse::Nothing,
        probe: None,
        locks: "Other writers wait while it is measured.".into(),
        cost: Cost {
            rows: 0,
            sentence: "No row is written.".into(),
        },
        loss: None,
        gates: vec![Gate {
            name: "invariant".into(),
            title,
            overridable: false,
            check: GateCheck::Invariant {
                name: invariant.name.clone(),
                sql: invariant.sql.clone(),
            },
        }],
        point_of_no_return: false,
        destructive: false,
        skip: None,
    }
}
