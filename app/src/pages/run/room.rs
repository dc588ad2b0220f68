//! What room the database has while the run works on it: its disk, its log, who follows it, and when the run holds for them.

use std::time::Duration;

use leptos::prelude::*;
use shared::event::Topic;
use shared::system::Tone;
use shared::target::{DiskSpace, HoldCause, Replica, Replication, ReplicationSlot, TargetState};

use super::RunPart;
use crate::api;
use crate::components::{KeyValue, Panel, state_badge};
use crate::format;
use crate::loader::load;

/// How often it is asked for while the page is looked at; the server looks no oftener than this either.
const EVERY: Duration = Duration::from_secs(5);

/// Disk and replication; nothing when the run has ended.
pub(super) fn room_panels(part: RunPart) -> AnyView {
    let open = Memo::new(move |_| part.view.with(|view| view.summary.state.is_open()));
    (move || open.get().then(|| panels(part))).into_any()
}

fn panels(part: RunPart) -> AnyView {
    let loaded = load(&[Topic::Run], move || {
        let system = part.slug.get_value();
        async move { api::target(&system).await }
    });
    let asking = set_interval_with_handle(
        move || {
            // one that is still on its way is not asked for again
            if !document().hidden() && !untrack(|| loaded.is_busy()) {
                loaded.reload();
            }
        },
        EVERY,
    );
    if let Ok(asking) = asking {
        on_cleanup(move || asking.clear());
    }
    loaded.view("database", move |state| {
        view! {
            {disk_panel(part, state)}
            {move || state.with(|state| state.replication.is_some()).then(|| replication_panel(part, state))}
        }
        .into_any()
    })
}

/// Whether the run holds for this now.
fn held(part: RunPart, cause: HoldCause) -> bool {
    part.progress.with(|now| now.holds_for == Some(cause))
}

fn disk_panel(part: RunPart, state: Memo<TargetState>) -> AnyView {
    let badge = move || {
        let short = state.with(|state| match (&state.disk, state.limits.free_bytes) {
            (DiskSpace::Measured { free_bytes, .. }, Some(limit)) => Some(*free_bytes < limit),
            (DiskSpace::Measured { .. }, None) => Some(false),
            (DiskSpace::Unknown { .. }, _) => None,
        });
        match short {
            _ if held(part, HoldCause::Disk) => state_badge(Tone::Gate, "The run holds"),
            Some(true) => state_badge(Tone::Gate, "Nearly full"),
            Some(false) => state_badge(Tone::Done, "Room enough"),
            None => state_badge(Tone::Pending, "Not known"),
        }
    };
    let facts = Signal::derive(move || state.with(disk_facts));
    let unknown = move || {
        state.with(|state| match &state.disk {
            DiskSpace::Unknown { reason } => Some(view! { <p class="sm">{reason.clone()}</p> }),
            DiskSpace::Measured { .. } => None,
        })
    };
    view! {
        <Panel title="Disk" aside=badge>
            <div class="body stack-sm"><KeyValue facts/> {unknown}</div>
        </Panel>
    }
    .into_any()
}

fn disk_facts(state: &TargetState) -> Vec<(String, String)> {
    let (free, limit) = match &state.disk {
        DiskSpace::Measured {
            free_bytes,
            total_bytes,
        } => (
            format!(
                "{} of {}",
                format::bytes(*free_bytes),
                format::bytes(*total_bytes)
            ),
            state.limits.free_bytes,
        ),
        DiskSpace::Unknown { .. } => ("Cannot be known from here".to_owned(), None),
    };
    let mut facts = vec![
        ("Free on the database's disk".to_owned(), free),
        ("Database".to_owned(), format::bytes(state.database_bytes)),
        (
            "Write-ahead log".to_owned(),
            state
                .log_bytes
                .map_or_else(|| "The role may not see it".to_owned(), format::bytes),
        ),
    ];
    if !matches!(state.disk, DiskSpace::Unknown { .. }) {
        facts.push((
            "The run holds when less is free than".to_owned(),
            limit.map_or_else(|| "Left out".to_owned(), format::bytes),
        ));
    }
    facts
}

fn replication_panel(part: RunPart, state: Memo<TargetState>) -> AnyView {
    let found = Memo::new(move |_| state.with(|state| state.replication.clone()));
    let badge = move || {
        let limit = state.with(|state| state.limits.behind_bytes);
        found.with(|found| found.as_ref().map(|found| verdict(part, found, limit)))
    };
    let content = move || found.with(|found| found.as_ref().map(followers));
    let facts = Signal::derive(move || {
        let limit = state.with(|state| state.limits.behind_bytes);
        vec![(
            "The run holds when one is behind by more than".to_owned(),
            limit.map_or_else(|| "Left out".to_owned(), format::bytes),
        )]
    });
    view! {
        <Panel title="Replication" aside=badge>
            <div class="body stack-sm">{content} <KeyValue facts/></div>
        </Panel>
    }
    .into_any()
}

fn verdict(part: RunPart, found: &Replication, limit: Option<u64>) -> AnyView {
    let behind = found
        .replicas
        .iter()
        .filter_map(|replica| replica.behind_bytes)
        .max();
    if held(part, HoldCause::Replica) {
        state_badge(Tone::Gate, "The run holds")
    } else if !found.visible {
        state_badge(Tone::Pending, "Not known")
    } else if found.replicas.is_empty() {
        state_badge(Tone::Pending, "No replicas")
    } else if behind.is_none() {
        state_badge(Tone::Pending, "Not known")
    } else if behind > limit && limit.is_some() {
        state_badge(Tone::Gate, "Behind")
    } else {
        state_badge(Tone::Done, "Keeping up")
    }
}

fn followers(found: &Replication) -> AnyView {
    if !found.visible {
        return view! {
            <p class="sm">"The role may not see how far replicas are, and a run does not hold for them. As an administrator of the server: GRANT pg_monitor to the role."</p>
        }
        .into_any();
    }
    let replicas = match found.replicas.is_empty() {
        true => view! { <p class="sm">"No replicas: nobody follows this server."</p> }.into_any(),
        false => {
            let facts: Vec<_> = found.replicas.iter().map(replica_fact).collect();
            view! { <KeyValue facts=Signal::stored(facts)/> }.into_any()
        }
    };
    let slots = (!found.slots.is_empty()).then(|| {
        let facts: Vec<_> = found.slots.iter().map(slot_fact).collect();
        view! { <KeyValue facts=Signal::stored(facts)/> }
    });
    view! { {replicas} {slots} }.into_any()
}

fn replica_fact(replica: &Replica) -> (String, String) {
    let name = match replica.name.as_str() {
        "" => "A replica without a name",
        name => name,
    };
    let state = replica.state.as_deref().unwrap_or("state not known");
    let behind = match (replica.behind_bytes, replica.behind_ms) {
        (None, _) => "has not said how far it is".to_owned(),
        (Some(0), _) => "has everything".to_owned(),
        (Some(bytes), None) => format!("{} behind", format::bytes(bytes)),
        (Some(bytes), Some(ms)) => {
            format!("{}, {} behind", format::bytes(bytes), format::duration(ms))
        }
    };
    (format!("{name}, {state}"), behind)
}

fn slot_fact(slot: &ReplicationSlot) -> (String, String) {
    let used = if slot.active { "in use" } else { "unused" };
    let keeps = match slot.kept_bytes {
        None | Some(0) => "keeps no log".to_owned(),
        Some(bytes) => format!("keeps {} of log", format::bytes(bytes)),
    };
    (format!("Slot {}, {used}", slot.name), keeps)
}
