//! The evidence of a run that has ended: the bundle to take away, and the key that it is checked with.

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::evidence::{EvidenceBundle, EvidenceState};

use super::RunPart;
use crate::api;
use crate::components::{DownloadLink, Panel};
use crate::format;
use crate::loader::load;
use crate::session;

/// The panel; nothing while the run goes on.
pub(super) fn evidence_panel(part: RunPart) -> AnyView {
    let ended = Memo::new(move |_| part.view.with(|view| !view.summary.state.is_open()));
    (move || ended.get().then(|| sealed(part))).into_any()
}

fn sealed(part: RunPart) -> AnyView {
    let loaded = load(&[Topic::Run], move || {
        let system = part.slug.get_value();
        async move { api::evidence(&system, part.number).await }
    });
    loaded.view("evidence", move |evidence| {
        view! {
            <Panel title="Evidence">
                <div class="body stack-sm">
                    <p class="sm">"Plan, approvals, gates, counts, hashes, incidents and the audit log of this run, sealed and signed when it ended."</p>
                    {move || evidence.with(|evidence| content(part, evidence))}
                </div>
            </Panel>
        }
        .into_any()
    })
}

fn content(part: RunPart, evidence: &EvidenceState) -> AnyView {
    match &evidence.bundle {
        Some(bundle) => bundle_facts(part, bundle, &evidence.public_key),
        None => view! { <p class="sm" role="status">"It is being sealed: the target is counted once more."</p> }.into_any(),
    }
}

fn bundle_facts(part: RunPart, bundle: &EvidenceBundle, key: &str) -> AnyView {
    let session = session::current();
    let href = api::evidence_file(&part.slug.get_value(), part.number);
    let download = move || {
        match session.refusal(Role::Operator) {
        None => view! { <div class="row"><DownloadLink label="Download the evidence" href=href.clone()/></div> }.into_any(),
        Some(refused) => view! { <p class="sm">{refused}</p> }.into_any(),
    }
    };
    let check = format!("switchyard evidence verify {} --key {key}", bundle.file);
    view! {
        {download}
        <dl class="kv rules proof">
            <dt>"Sealed"</dt> <dd>{format::moment(&bundle.sealed)} ", " {format::bytes(bundle.bytes)}</dd>
            <dt>"SHA-256 of the file"</dt> <dd class="mono">{bundle.sha256.clone()}</dd>
            <dt>"Public key"</dt> <dd class="mono">{key.to_string()}</dd>
            <dt>"Check it anywhere"</dt> <dd class="mono">{check}</dd>
        </dl>
    }
    .into_any()
}
