//! What restores have kept of the database before: how old and how large each is, and releasing it for good.

use leptos::prelude::*;
use shared::account::Role;
use shared::approval::ApprovalAction;
use shared::backup::{KeptDatabase, ReleaseKept};
use shared::event::Topic;

use crate::api;
use crate::components::{Agreement, Confirm, Note, PlainTable, Systems, announce};
use crate::format;
use crate::loader::load;
use crate::session;
use crate::submission::Submission;

/// The list; nothing while nothing is kept.
#[component]
pub fn KeptDatabases(
    /// Slug of the system.
    system: Signal<String>,
) -> impl IntoView {
    let session = session::current();
    let systems = expect_context::<Systems>();
    let kept = load(&[Topic::Backups, Topic::Rollback], move || {
        let system = system.get();
        async move { api::kept(&system).await }
    });
    let chosen = RwSignal::new(None::<KeptDatabase>);
    let open = RwSignal::new(false);
    let submission = Submission::new();
    let title = Signal::derive(move || {
        let slug = system.get();
        systems.find(&slug).map_or(slug, |summary| summary.title)
    });
    let agreement = Agreement::new(system, ApprovalAction::Release, move || {
        let bound = |one: &KeptDatabase| one.needs_approval.then(|| one.fingerprint.clone());
        chosen.with(|chosen| chosen.as_ref().and_then(bound))
    });
    let label = move || match agreement.consent().must_ask() {
        true => "Ask for approval".to_owned(),
        false => "Release it for good".to_owned(),
    };
    let release = move |typed: String| {
        let Some(one) = chosen.get_untracked() else {
            return;
        };
        let asked = move || {
            open.set(false);
            announce(
                "Approval asked for. It is released only when you confirm it again after that.",
            );
        };
        if agreement.ask(submission, asked) {
            return;
        }
        let system = system.get_untracked();
        let body = ReleaseKept { confirm: typed };
        submission.run(
            async move { api::release_kept(&system, &one.name, &body, submission.press()).await },
            move |_| {
                open.set(false);
                announce("The kept database is released");
                kept.reload();
            },
        );
    };
    let line = move |one: KeptDatabase| {
        let name = one.name.clone();
        let since = one.since.as_deref().map_or_else(
            || "Kept by a restore".to_owned(),
            |at| format!("As it was before the restore of {}", format::moment(at)),
        );
        let size = format::bytes(one.size_bytes);
        let ask = StoredValue::new(one);
        view! {
            <tr>
                <th scope="row" class="mono">
                    {name.clone()}
                    <small class="plain">{since}</small>
                </th>
                <td class="r nowrap">{size}</td>
                <td class="r">
                    {session
                        .may(Role::Administrator)
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="btn sm quiet"
                                    aria-label=format!("Release {name}")
                                    on:click=move |_| {
                                        chosen.set(Some(ask.get_value()));
                                        open.set(true);
                                    }
                                >
                                    "Release…"
                                </button>
                            }
                        })}
                </td>
            </tr>
        }
    };
    let told = move || {
        chosen.get().map(|one| {
            let size = format::bytes(one.size_bytes);
            view! {
                <p><span class="mono">{one.name}</span></p>
                <Note state="failed" title=format!("{size} are removed for good")>
                    "Rows that were written before the restore and are not in the backup are then gone. Look at the present database first."
                </Note>
            }
        })
    };
    view! {
        {kept
            .view(
                "kept databases",
                move |list| {
                    view! {
                        {move || (!list.with(Vec::is_empty)).then(|| view! {
                            <section class="panel clip" aria-labelledby="kept-heading">
                                <header>
                                    <h2 id="kept-heading">"Kept from before a restore"</h2>
                                    <p>"Each takes room until it is released"</p>
                                </header>
                                <PlainTable heading="kept-heading" class="stackable kept" heads=&["Database", "Size", "Actions"]>
                                    {move || list.get().into_iter().map(line).collect_view()}
                                </PlainTable>
                            </section>
                        })}
                    }
                        .into_any()
                },
            )}
        <Confirm
            open=open
            title="Release the kept database?"
            label=Signal::derive(label)
            quiet="Keep it"
            danger=Signal::derive(move || !agreement.consent().must_ask())
            typed=title
            submission=submission
            action=release
        >
            {told}
            {move || agreement.consent().note()}
        </Confirm>
    }
    .into_any()
}
