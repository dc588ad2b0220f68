//! What the sample system announces before its first run, so that its status page and its checklist have something to
//! show.

use std::time::Duration;

use shared::notice::{Update, Window, WindowStage};

use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::notices::{self as table, UpdateRow, WindowRow};
use crate::systems::System;

const SOON: Duration = Duration::from_secs(3600);
const LONG: Duration = Duration::from_secs(4 * 3600);

/// Announces the migration of the sample system once.
///
/// # Errors
/// When the control store cannot be read or written.
pub async fn announce_sample(state: &AppState, system: &System) -> Result<(), StoreError> {
    let slug = system.slug();
    let announced = !table::updates(&state.store, slug).await?.is_empty()
        || !table::windows(&state.store, slug).await?.is_empty();
    if announced {
        return Ok(());
    }
    let now = state.clock.now();
    let (starts, ends) = (now.plus(SOON), now.plus(SOON + LONG));
    let title = &system.config.title;
    let update = UpdateRow {
        update: Update {
            id: 0,
            title: "Work planned".into(),
            body: format!(
                "We prepare {title} so that 44 ministries, offices and agencies can share it. \
                 The work runs in the background. *This is the sample system: nobody is waiting.*"
            ),
            publish_at: now.rfc3339(),
            resolved: None,
            version: 1,
            by: audit::ITSELF.into(),
            history: Vec::new(),
        },
        edited: None,
        publish_at: now,
    };
    let window = WindowRow {
        window: Window {
            id: 0,
            title: "Opening to more organizations".into(),
            body: format!(
                "{title} restarts once, when its mode is switched. **Save your work before.**"
            ),
            starts: starts.rfc3339(),
            ends: ends.rfc3339(),
            starts_local: String::new(),
            ends_local: String::new(),
            interruption_minutes: Some(5),
            stage: WindowStage::Scheduled,
            version: 1,
            by: audit::ITSELF.into(),
            changed: now.rfc3339(),
            history: Vec::new(),
        },
        starts,
        ends,
    };
    let mut tx = state.store.write().await?;
    let id = table::insert_update(&mut tx, slug, &update).await?;
    table::insert_window(&mut tx, slug, &window, now).await?;
    let entry = Entry::by_itself(
        "notice.published",
        format!("update {id}"),
        "The sample system announced its migration and a maintenance window.",
    )
    .on(slug);
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await
}
