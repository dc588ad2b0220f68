//! The phases and notes of a plan: what people see of it before its steps.

use super::Ready;
use crate::engine::operation::Cx;
use crate::engine::plan::{Phase, PhaseName, Step};
use crate::engine::playbook::{PhaseSlot, Playbook};

/// The phases that have steps, numbered as people see them.
pub(super) fn phases(playbook: &Playbook, steps: &[Step]) -> Vec<Phase> {
    let note = |slot: PhaseSlot| playbook.phases.iter().find(|phase| phase.name == slot);
    let titled = |slot: PhaseSlot, title: &str| {
        note(slot).map_or_else(|| title.to_owned(), |phase| phase.title.clone())
    };
    let duration = |slot: PhaseSlot| note(slot).and_then(|phase| phase.duration.clone());
    let models = titled(PhaseSlot::Models, "Models");
    let phase = |name, number: &str, title: String, duration| Phase {
        name,
        number: number.to_owned(),
        title,
        duration,
    };
    let all = [
        phase(PhaseName::Backup, "0", "Backup".into(), None),
        phase(
            PhaseName::Organizations,
            "1",
            titled(PhaseSlot::Organizations, "Organizations"),
            duration(PhaseSlot::Organizations),
        ),
        phase(
            PhaseName::Nullable,
            "2.1",
            format!("{models}: add the organization, may be empty"),
            duration(PhaseSlot::Models),
        ),
        phase(
            PhaseName::Populate,
            "2.2",
            format!("{models}: assign existing rows"),
            None,
        ),
        phase(
            PhaseName::Required,
            "2.3",
            format!("{models}: make the organization required"),
            None,
        ),
        phase(
            PhaseName::Middleware,
            "3",
            titled(PhaseSlot::Middleware, "Middleware and context"),
            duration(PhaseSlot::Middleware),
        ),
        phase(
            PhaseName::Views,
            "4",
            titled(PhaseSlot::Views, "Views"),
            duration(PhaseSlot::Views),
        ),
        phase(
            PhaseName::Isolation,
            "5",
            "Isolation in the database".into(),
            None,
        ),
        phase(
            PhaseName::Verification,
            if playbook.isolation.is_some() {
                "6"
            } else {
                "5"
            },
            "Verification".into(),
            None,
        ),
    ];
    all.into_iter()
        .filter(|phase| steps.iter().any(|step| step.phase == phase.name))
        .collect()
}

/// What a person should know before approving.
pub(super) fn notes(cx: &Cx<'_>, models: &[Ready<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    for model in models {
        let table = model.subject.table;
        let updating: Vec<&str> = (table.triggers.iter())
            .filter(|trigger| {
                crate::engine::ddl::has_word(&trigger.sql, "UPDATE")
                    && !trigger.name.starts_with("switchyard_")
            })
            .map(|trigger| trigger.name.as_str())
            .collect();
        if !updating.is_empty() {
            notes.push(format!(
                "{} has triggers that an update may fire: {}. They fire once for each row that \
                 is assigned.",
                table.name,
                updating.join(", ")
            ));
        }
        if let Some(column) = table.column(model.subject.column) {
            notes.push(format!(
                "{} has the column {} already. It is used as it is, and an undo leaves it there \
                 with what it holds.",
                table.name, column.name
            ));
        }
    }
    let organizations = &cx.playbook.organizations;
    if let Some(table) = cx.schema.table(&organizations.table) {
        let unique = (table.indexes.iter()).any(|index| {
            index.unique
                && matches!(index.columns.as_slice(), [Some(name)]
                    if name.eq_ignore_ascii_case(&organizations.code))
        });
        if !unique {
            notes.push(format!(
                "{} of {} is not unique. Two organizations with one code would share rows.",
                organizations.code, table.name
            ));
        }
    }
    notes
}
