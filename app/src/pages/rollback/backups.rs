//! The backups: which can be restored, which was proved by restoring it, and proving another.

use leptos::prelude::*;
use shared::account::Role;
use shared::backup::{BackupState, BackupSummary};
use shared::rollback::RollbackOptions;
use shared::system::Tone;
use shared::work::WorkOn;

use super::{Choice, Way};
use crate::api;
use crate::components::{Empty, HowFar, PlainTable, RefusalNote, announce, state_badge};
use crate::events;
use crate::format;
use crate::session;
use crate::submission::Submission;

/// The list of backups. While a restore is chosen, each that can be restored is a radio button.
#[component]
pub fn Backups(
    /// Slug of the system.
    system: Signal<String>,
    /// The backups, newest first.
    backups: Memo<Vec<BackupSummary>>,
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let session = session::current();
    let verify = Submission::new();
    let chosen = Memo::new(move |_| options.with(|options| choice.backup_of(options)));
    let restoring = Memo::new(move |_| choice.way.get() == Way::Restore);
    let check = move |name: String| {
        let system = system.get_untracked();
        let asked = name.clone();
        verify.run(
            async move { api::verify_backup(&system, &asked).await },
            move |_| announce(&format!("Backup {name} is being verified")),
        );
    };
    let line = move |backup: BackupSummary| {
        let name = backup.name.clone();
        let (tone, word) = standing(backup.state);
        let facts = facts(&backup);
        let usable = backup.state == BackupState::Verified;
        let may_verify = matches!(
            backup.state,
            BackupState::Unverified | BackupState::Verified
        );
        let selected = {
            let name = name.clone();
            move || {
                restoring.get() && chosen.with(|chosen| chosen.as_deref() == Some(name.as_str()))
            }
        };
        let checked = selected.clone();
        let radio_name = name.clone();
        let verify_name = name.clone();
        let label = format!("{word} {name}");
        let going_on = tone == Tone::Running;
        let size = (backup.state != BackupState::Writing).then(|| format::bytes(backup.size_bytes));
        let (work, known) = (
            WorkOn::Backup { name: name.clone() },
            backup.progress.clone(),
        );
        let how_far = Signal::derive(move || {
            let told = system.with(|system| events::current().work_on(system, &work));
            told.or_else(|| known.clone())
        });
        view! {
            <tr aria-selected=move || selected().then_some("true")>
                <td>
                    {move || {
                        let name = radio_name.clone();
                        let label = radio_name.clone();
                        let checked = checked.clone();
                        restoring
                            .get()
                            .then(|| {
                                view! {
                                    <input
                                        type="radio"
                                        name="backup"
                                        aria-label=label
                                        disabled=!usable
                                        prop:checked=checked
                                        on:change=move |_| choice.backup.set(Some(name.clone()))
                                    />
                                }
                            })
                    }}
                </td>
                <th scope="row" class="mono">
                    {name}
                    <small class="plain">{facts}</small>
                    {going_on.then(|| view! { <HowFar label=label work=how_far /> })}
                </th>
                <td class="r nowrap">{size}</td>
                <td>{state_badge(tone, word)}</td>
                <td class="r">
                    {(may_verify && session.may(Role::Operator))
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="btn sm quiet"
                                    aria-label=if usable { format!("Verify again: {verify_name}") } else { format!("Verify {verify_name}") }
                                    aria-disabled=move || verify.is_pending().then_some("true")
                                    on:click=move |_| check(verify_name.clone())
                                >
                                    {if usable { "Verify again" } else { "Verify" }}
                                </button>
                            }
                        })}
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <section class="panel clip" aria-labelledby="backups-heading">
            <header>
                <h2 id="backups-heading">{move || if restoring.get() { "Restore from" } else { "Backups" }}</h2>
                <p>"Verified means it was restored and compared, table by table"</p>
            </header>
            {move || {
                if backups.with(Vec::is_empty) {
                    view! {
                        <Empty
                            picture="archive"
                            title="No backup yet"
                            text="A run takes one before its first destructive step. You can take one now as well."
                        />
                    }
                        .into_any()
                } else {
                    view! {
                        <PlainTable heading="backups-heading" class="stackable backups" heads=&["Choose", "Backup", "Size", "State", "Actions"]>
                            {backups.get().into_iter().map(line).collect_view()}
                        </PlainTable>
                    }
                        .into_any()
                }
            }}
            <RefusalNote submission=verify/>
        </section>
    }
    .into_any()
}

fn standing(state: BackupState) -> (Tone, &'static str) {
    match state {
        BackupState::Writing => (Tone::Running, "Writing"),
        BackupState::Verifying => (Tone::Running, "Verifying"),
        BackupState::Verified => (Tone::Done, "Verified"),
        BackupState::Unverified => (Tone::Pending, "Unverified"),
        BackupState::Unusable => (Tone::Failed, "Unusable"),
    }
}

/// When, how much, and why it cannot be used or how long restoring it took.
fn facts(backup: &BackupSummary) -> String {
    let mut parts = vec![format::moment(&backup.taken)];
    match &backup.trouble {
        Some(trouble) => parts.push(trouble.clone()),
        // what is in it is known once it is written
        None if backup.state == BackupState::Writing => {}
        None => {
            parts.push(format::counted(u64::from(backup.tables), "table", "tables"));
            parts.push(format::counted(backup.rows, "row", "rows"));
            if let Some(restore) = backup.restore_ms {
                parts.push(format!("restored in {}", format::duration(restore)));
            }
        }
    }
    parts.push(backup.made_for.clone());
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_cannot_be_used_says_why_instead_of_what_is_in_it() {
        let backup = BackupSummary {
            name: "obcms-20251009".to_owned(),
            taken: "2025-10-09T16:20:00Z".to_owned(),
            size_bytes: 85_000_000,
            tables: 161,
            rows: 0,
            state: BackupState::Unusable,
            trouble: Some("The file is shorter than its manifest says".to_owned()),
            verified: None,
            restore_ms: None,
            progress: None,
            made_for: String::new(),
        };
        let told = facts(&backup);
        assert!(told.contains("shorter than its manifest"));
        assert!(!told.contains("161 tables"));
    }
}
