//! The order in which tables get their column and are populated: those that others find their
//! organization through come first.

use super::parent;
use crate::engine::plan::Dependency;
use crate::engine::playbook::Playbook;
use crate::engine::schema::Schema;

/// The models by their place in the playbook, parents first, stable otherwise. Models of a cycle,
/// which are refused elsewhere, are left out.
pub(super) fn parents_first(playbook: &Playbook, schema: &Schema) -> Vec<usize> {
    let parents: Vec<Option<usize>> = parents(playbook, schema);
    let mut order = Vec::with_capacity(parents.len());
    loop {
        let next = (0..parents.len()).find(|at| {
            !order.contains(at) && parents[*at].is_none_or(|parent| order.contains(&parent))
        });
        let Some(at) = next else {
            return order;
        };
        order.push(at);
    }
}

/// For each model the place of the model that it finds its organization through.
fn parents(playbook: &Playbook, schema: &Schema) -> Vec<Option<usize>> {
    playbook
        .models()
        .map(|(_, model)| {
            let parent = parent(schema, model)?;
            (playbook.models()).position(|(_, other)| other.table.eq_ignore_ascii_case(parent))
        })
        .collect()
}

/// The places of the models that find their organization through each other in a circle.
pub(super) fn cycles(playbook: &Playbook, schema: &Schema) -> Vec<usize> {
    let order = parents_first(playbook, schema);
    let parents = parents(playbook, schema);
    // those that only hang on a circle are not part of it
    (0..parents.len())
        .filter(|at| {
            let mut place = parents[*at];
            for _ in 0..parents.len() {
                match place {
                    Some(next) if next == *at => return true,
                    Some(next) => place = parents[next],
                    None => return false,
                }
            }
            false
        })
        .filter(|at| !order.contains(at))
        .collect()
}

/// The dependencies between groups.
pub(super) fn dependencies(playbook: &Playbook, schema: &Schema) -> Vec<Dependency> {
    playbook
        .models()
        .filter_map(|(group, model)| {
            let parent = parent(schema, model)?;
            let (on, _) = playbook.model(parent)?;
            (on.name != group.name).then(|| Dependency {
                group: group.name.clone(),
                table: model.table.clone(),
                on: on.name.clone(),
                parent: parent.to_owned(),
            })
        })
        .collect()
}
