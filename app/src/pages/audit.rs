//! The audit log: everything people and Switchyard did, append-only and hash-chained.

mod entries;

use leptos::prelude::*;
use shared::account::Role;
use shared::audit::AuditVerification;
use shared::event::Topic;

use self::entries::Entries;
use crate::api;
use crate::api::AuditFilter;
use crate::components::{Note, PageHead, RefusalNote, Systems, announce, icon};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::session;
use crate::submission::Submission;

/// The audit log, of one system or of everything.
#[component]
pub fn AuditPage(
    /// Slug of the system; none: everything.
    system: Option<String>,
) -> impl IntoView {
    let system = Signal::stored(system);
    let location = location::current();
    let session = session::current();
    let actor = location.query("actor");
    let action = location.query("action");
    let search = location.query("q");
    let filter = Memo::new(move |_| AuditFilter {
        system: system.get(),
        actor: actor.get(),
        action: action.get(),
        words: search.get(),
        before: None,
        limit: None,
    });
    let systems = expect_context::<Systems>();
    let sub = move || {
        let of = system.get().map_or_else(String::new, |system| {
            let title = systems
                .find(&system)
                .map_or(system, |summary| summary.title);
            format!(" to {title}")
        });
        format!(
            "Everything people and Switchyard did{of}. Entries can be neither changed nor deleted, not by administrators either."
        )
    };
    let verification = RwSignal::new(None::<AuditVerification>);
    let check = Submission::new();
    let verify = move |_| {
        check.run(async { api::audit_verification().await }, move |found| {
            announce(if found.whole {
                "The chain is whole"
            } else {
                "The chain is broken"
            });
            verification.set(Some(found));
        });
    };
    let entries = load(&[Topic::Audit], move || {
        let filter = filter.get();
        async move { api::audit(&filter).await }
    });
    view! {
        <PageHead title="Audit log" sub=Signal::derive(sub)>
            <button type="button" class="btn" on:click=verify aria-disabled=move || check.is_pending().then_some("true")>
                {icon("shield")}
                "Check the chain"
            </button>
            {move || {
                session
                    .may(Role::Operator)
                    .then(|| {
                        view! {
                            <a class="btn" href=move || filter.with(AuditFilter::csv) download="">
                                {icon("download")}
                                "Export CSV"
                            </a>
                        }
                    })
            }}
        </PageHead>
        <RefusalNote submission=check/>
        {move || verification.get().map(chain_note)}
        {entries.view("audit log", move |page| view! { <Entries page=page filter=filter /> }.into_any())}
    }
    .into_any()
}

fn chain_note(found: AuditVerification) -> AnyView {
    let entries = format::counted(found.entries, "entry", "entries");
    match found.broken_at {
        None if found.whole => {
            let head = found.head.unwrap_or_default();
            view! {
                <Note state="done" picture="shield" title=format!("The chain is whole: {entries} checked")>
                    "Newest hash " <span class="mono">{head}</span> ". Keep it elsewhere to see later that nothing before it was changed."
                </Note>
            }
            .into_any()
        }
        broken => {
            let at =
                broken.map_or_else(|| "an unknown entry".to_owned(), |id| format!("entry {id}"));
            view! {
                <Note state="failed" title=format!("The chain is broken at {at}")>
                    {format!("{entries} were checked. Entries before it are as they were written; compare that entry and those after it with a copy of the control store.")}
                </Note>
            }
            .into_any()
        }
    }
}
