//! Last step: reads made as the organization must find no row of another; then it is handed over.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{IsolationCheck, MoveOrganization, OrganizationDetail, Stage};
use shared::system::Tone;

use super::readiness::Readiness;
use super::save::Saver;
use crate::api;
use crate::components::{ActionButton, RefusalNote, announce, state_badge};
use crate::format;
use crate::session;
use crate::submission::Submission;

/// The isolation check and the hand-over.
#[component]
pub fn HandOver(
    /// Slug of the system.
    system: Signal<String>,
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Takes over newer versions.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let check = Submission::new();
    let moving = Submission::new();
    let run_check = move || {
        let system = system.get_untracked();
        let code = detail.with_untracked(|detail| detail.organization.code.clone());
        check.run(
            async move { api::check_isolation(&system, &code).await },
            move |found: IsolationCheck| {
                announce(&format!(
                    "{}, {}",
                    format::counted(u64::from(found.reads), "read", "reads"),
                    format::counted(found.foreign_rows, "foreign row", "foreign rows")
                ));
                saver.reload();
            },
        );
    };
    let next = Memo::new(move |_| {
        detail.with(|detail| {
            let to = match detail.organization.stage {
                Stage::Invited => Stage::Prepared,
                Stage::Prepared => Stage::Pilot,
                Stage::Pilot => Stage::Active,
                Stage::Active | Stage::Suspended => return None,
            };
            let refused = match detail.moves.iter().find(|one| one.to == to) {
                Some(found) => found.refused.clone(),
                None => Some(format!("It cannot become {} now", to.word().to_lowercase())),
            };
            Some((to, refused))
        })
    });
    let hand_over = move |to: Stage| {
        let system = system.get_untracked();
        let (code, version) = detail.with_untracked(|detail| {
            (
                detail.organization.code.clone(),
                detail.organization.version,
            )
        });
        let body = MoveOrganization {
            version,
            to,
            reason: None,
        };
        let asked = code.clone();
        moving.run(
            async move { api::move_organization(&system, &asked, &body, moving.press()).await },
            move |_| {
                announce(&format!("{code} is {}", to.word().to_lowercase()));
                saver.reload();
            },
        );
    };
    let result = move || {
        match detail.with(|detail| detail.isolation.clone()) {
        None => view! { <p class="muted">"Not checked yet. The check reads as this organization and counts rows of others; it must find 0."</p> }.into_any(),
        Some(found) => {
            let badge = if found.foreign_rows == 0 {
                state_badge(Tone::Done, "0 foreign rows")
            } else {
                state_badge(Tone::Failed, format::counted(found.foreign_rows, "foreign row", "foreign rows"))
            };
            let findings = found.findings.into_iter().map(|finding| view! { <li>{finding}</li> }).collect_view();
            view! {
                <p>{badge} " " {format!("in {}, {}", format::counted(u64::from(found.reads), "read", "reads"), format::moment(&found.at))}</p>
                <ul class="plain">{findings}</ul>
            }
            .into_any()
        }
    }
    };
    view! {
        <section class="panel" aria-labelledby="check-heading">
            <header>
                <h2 id="check-heading">"Isolation check"</h2>
                <p>"It sees its own records and nobody else's"</p>
            </header>
            <div class="body stack-sm">
                {result}
                <div class="row">
                    <ActionButton
                        label="Check now"
                        picture="shield"
                        refused=Signal::derive(move || session.refusal(Role::Operator))
                        pending=Signal::derive(move || check.is_pending())
                        on_press=run_check
                    />
                </div>
                <RefusalNote submission=check/>
            </div>
        </section>
        <Readiness detail=detail />
        {move || {
            next.get()
                .map(|(to, refused)| {
                    let words = match to {
                        Stage::Prepared => "Hand over: mark as prepared",
                        Stage::Pilot => "Start its pilot",
                        _ => "Make it active",
                    };
                    let told = match to {
                        Stage::Prepared => "Prepared means that nothing is left to do before it can work on the system. Its people see no change yet.",
                        Stage::Pilot => "It works on the system from then on, as one of the first. It can be suspended at any time.",
                        _ => "It works on the system on its own from then on.",
                    };
                    let refusal = Signal::derive(move || session.refusal(Role::Administrator).or_else(|| refused.clone()));
                    view! {
                        <section class="panel" aria-labelledby="hand-over-heading">
                            <header>
                                <h2 id="hand-over-heading">"What happens next"</h2>
                            </header>
                            <div class="body stack-sm">
                                <p>{told}</p>
                                <div class="row">
                                    <ActionButton
                                        class="primary"
                                        label=words
                                        refused=refusal
                                        pending=Signal::derive(move || moving.is_pending())
                                        on_press=move || hand_over(to)
                                    />
                                </div>
                                <RefusalNote submission=moving/>
                            </div>
                        </section>
                    }
                })
        }}
    }
    .into_any()
}
