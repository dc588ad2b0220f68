//! What each role may do, as a table.

use leptos::prelude::*;

use crate::components::icon;

/// Permission, and whether viewer, operator and administrator have it.
const PERMISSIONS: [(&str, [bool; 3]); 7] = [
    (
        "See systems, runs, coverage, organizations, reports and the audit log",
        [true, true, true],
    ),
    (
        "Start, pause, resume and abort a run; tick the checklist",
        [false, true, true],
    ),
    (
        "Back up, verify a backup, measure a report",
        [false, true, true],
    ),
    (
        "Add, import and prepare organizations, plan waves",
        [false, true, true],
    ),
    (
        "Assign records, override a gate, move organizations, start a wave",
        [false, false, true],
    ),
    (
        "Switch the mode, roll back, approve what somebody else asked for",
        [false, false, true],
    ),
    ("Invite people and change roles", [false, false, true]),
];

/// The table.
#[component]
pub fn RolesTable() -> impl IntoView {
    let cell = |yes: bool| {
        if yes {
            view! {
                <td>
                    <span class="pos">{icon("check")} <span class="vh">"Yes"</span></span>
                </td>
            }
            .into_any()
        } else {
            view! {
                <td>
                    <span class="muted" aria-hidden="true">
                        "–"
                    </span>
                    <span class="vh">"No"</span>
                </td>
            }
            .into_any()
        }
    };
    let lines = PERMISSIONS
        .into_iter()
        .map(|(permission, roles)| {
            view! {
                <tr>
                    <th scope="row">{permission}</th>
                    {roles.into_iter().map(cell).collect_view()}
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel clip" aria-labelledby="roles-heading">
            <header>
                <h2 id="roles-heading">"What each role may do"</h2>
                <p>"Nobody may change or delete the audit log"</p>
            </header>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="roles-heading">
                <table class="t mid tight roles">
                    <thead>
                        <tr>
                            <th scope="col">"Permission"</th>
                            <th scope="col">"Viewer"</th>
                            <th scope="col">"Operator"</th>
                            <th scope="col">"Administrator"</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
