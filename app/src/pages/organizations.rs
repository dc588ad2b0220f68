//! Organizations: who shares the system, how far each is, and the moves from stage to stage.

mod add;
mod board;
mod card;
mod selection;
mod stage;
mod table;
mod waves;

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::mode::Mode;
use shared::organization::{Organization, OrganizationList, Stage};

use self::add::AddOrganization;
use self::board::Board;
pub use self::card::stage_badge;
use self::selection::{Column, Show, select};
use self::stage::{MoveOutcome, Mover};
use self::table::OrganizationTable;
use self::waves::Waves;
use crate::api;
use crate::components::{Note, PageHead, SearchBox, Systems, icon, mode_badge};
use crate::format;
use crate::loader::load;
use crate::route::{SystemPage, location};
use crate::session;

/// Prepared organizations that the pilot needs.
const PILOT: usize = 3;

/// The page, as table or, with `?view=board`, as board.
#[component]
pub fn OrganizationsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let loaded = load(&[Topic::Organizations, Topic::Mode], move || {
        let system = system.get();
        async move { api::organizations(&system).await }
    });
    loaded.view("organizations", move |list| {
        view! { <Loaded system=system list=list.into() /> }.into_any()
    })
}

#[component]
fn Loaded(system: Signal<String>, list: Signal<OrganizationList>) -> impl IntoView {
    let session = session::current();
    let location = location::current();
    let systems = expect_context::<Systems>();
    let mode = Memo::new(move |_| systems.find(&system.get()).and_then(|summary| summary.mode));
    let adding = RwSignal::new(false);
    let mover = Mover::new(system, list);
    let board = location.query("view");
    let search = location.query("q");
    let show = location.query("show");
    let sort = location.query("sort");
    let is_board = move || board.get().as_deref() == Some("board");
    let shown_as = Memo::new(move |_| Show::parse(&show.get().unwrap_or_default()));
    let order = Memo::new(move |_| Column::parse(&sort.get().unwrap_or_default()));
    let shown = Memo::new(move |_| {
        list.with(|list| {
            select(
                &list.organizations,
                shown_as.get(),
                &search.get().unwrap_or_default(),
                order.get(),
            )
        })
    });
    let total = Memo::new(move |_| list.with(|list| list.organizations.len()));
    let page = move |page: SystemPage| page.of(&system.get_untracked());
    let sub = move || {
        let all = format::counted(total.get() as u64, "organization", "organizations");
        match mode.get() {
            Some(badge) if badge.mode == Mode::Multi => list.with(|list| {
                let of = |stage| {
                    list.organizations
                        .iter()
                        .filter(|one| one.stage == stage)
                        .count()
                };
                format!(
                    "{} of {all} are active, {} in the pilot. Each move checks its own gate.",
                    of(Stage::Active),
                    of(Stage::Pilot)
                )
            }),
            _ if total.get() == 1 => {
                "Only the default organization is here yet. Add the others, or import them."
                    .to_owned()
            }
            _ => format!(
                "{all} will share the system. Until the mode is switched, only the default organization uses it."
            ),
        }
    };
    let tools = move || {
        view! {
            <SearchBox
                label="Search organizations"
                value=Signal::derive(move || search.get().unwrap_or_default())
                on_change=move |words: String| location.set_query(&[("q", words.as_str())])
            />
            <div class="seg" role="group" aria-label="Show">
                {Show::ALL
                    .into_iter()
                    .map(|one| {
                        view! {
                            <button
                                type="button"
                                aria-pressed=move || (shown_as.get() == one).to_string()
                                on:click=move |_| location.set_query(&[("show", one.key())])
                            >
                                {one.word()}
                                " "
                                <span class="n">
                                    {move || list.with(|list| list.organizations.iter().filter(|organization| one.takes(organization)).count())}
                                </span>
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="seg push" role="group" aria-label="Show as">
                <button type="button" aria-pressed=move || (!is_board()).to_string() on:click=move |_| location.set_query(&[("view", "")])>
                    {icon("list")}
                    "Table"
                </button>
                <button type="button" aria-pressed=move || is_board().to_string() on:click=move |_| location.set_query(&[("view", "board")])>
                    {icon("board")}
                    "Board"
                </button>
            </div>
        }
        .into_any()
    };
    let primary = move || {
        if !session.may(Role::Operator) || !list.with(|list| list.table_ready) {
            return None;
        }
        let (word, href) = list.with(|list| {
            next_step(
                list,
                mode.get().map(|badge| badge.mode),
                &system.get_untracked(),
            )
        })?;
        Some(view! {
            <a class="btn primary" href=href>
                {word}
                {icon("arrow")}
            </a>
        })
    };
    view! {
        <PageHead title="Organizations" sub=Signal::derive(sub) badges=move || mode.get().map(|mode| mode_badge(&mode, false)).into_any()>
            {move || {
                (session.may(Role::Operator) && list.with(|list| list.table_ready))
                    .then(|| {
                        view! {
                            <a class="btn" href=page(SystemPage::Import)>
                                {icon("upload")}
                                "Import CSV"
                            </a>
                            <button type="button" class="btn" on:click=move |_| adding.set(true)>
                                {icon("plus")}
                                "Add one"
                            </button>
                        }
                    })
            }}
            {primary}
        </PageHead>
        {move || {
            (!list.with(|list| list.table_ready))
                .then(|| {
                    view! {
                        <Note state="gate" title="The organizations table does not exist yet">
                            "The first phase of the run makes it, with the default organization. Organizations can be added after that. "
                            <a href=page(SystemPage::Plan)>"Open the plan"</a>
                        </Note>
                    }
                })
        }}
        <div class="cols cols-8-4 stretch">
            <section class="panel" aria-labelledby="pipe-heading">
                <header class="vh">
                    <h2 id="pipe-heading">"Where they are"</h2>
                </header>
                <Pipe list=list />
            </section>
            <PilotNote list=list many=Signal::derive(move || mode.get().is_some_and(|badge| badge.mode == Mode::Multi)) />
        </div>
        <MoveOutcome mover=mover />
        <Show when=is_board fallback=move || {
            view! {
                <section class="panel clip" aria-labelledby="organizations-heading">
                    <div class="toolbar">
                        <h2 id="organizations-heading" class="vh">
                            "All organizations"
                        </h2>
                        {tools()}
                    </div>
                    <OrganizationTable
                        system=system
                        shown=shown
                        total=total
                        sort=order
                        on_sort=Callback::new(move |(column, descending): (Column, bool)| {
                            let sign = if descending { "-" } else { "" };
                            location.set_query(&[("sort", &format!("{sign}{}", column.key()))]);
                        })
                        mover=mover
                    />
                </section>
            }
        }>
            <div class="toolbar bare">{tools()}</div>
            <div class="board" tabindex="0" role="group" aria-label="Board of five stages">
                <Board system=system shown=shown mover=mover />
            </div>
        </Show>
        <Waves system=system list=list />
        <AddOrganization system=system open=adding />
    }
    .into_any()
}

/// The next safe thing to do with the organizations: its words and its address.
fn next_step(
    list: &OrganizationList,
    mode: Option<Mode>,
    system: &str,
) -> Option<(String, String)> {
    let ready = list
        .organizations
        .iter()
        .filter(|one| !one.is_default && matches!(one.stage, Stage::Prepared | Stage::Pilot))
        .count();
    if mode == Some(Mode::Single) && ready >= PILOT {
        return Some(("Plan the switch".to_owned(), SystemPage::Mode.of(system)));
    }
    let next = list
        .organizations
        .iter()
        .filter(|one| one.stage == Stage::Invited)
        .max_by_key(|one| (one.wave.map(|wave| u32::MAX - wave), one.ready_done))?;
    let page = SystemPage::Onboard {
        organization: next.code.clone(),
    };
    Some((format!("Prepare {}", next.code), page.of(system)))
}

#[component]
fn Pipe(list: Signal<OrganizationList>) -> impl IntoView {
    let item = move |stage: Stage| {
        let here = Memo::new(move |_| {
            list.with(|list| {
                list.organizations
                    .iter()
                    .filter(|one| one.stage == stage)
                    .cloned()
                    .collect::<Vec<Organization>>()
            })
        });
        let detail = move || {
            here.with(|here| match (stage, here.as_slice()) {
                (_, []) => "None".to_owned(),
                (Stage::Invited, here) => {
                    let started = here.iter().filter(|one| one.ready_done > 0).count();
                    format!("{started} of {} have started", here.len())
                }
                (_, here) => {
                    let first: Vec<&str> =
                        here.iter().take(3).map(|one| one.code.as_str()).collect();
                    let more = here.len().saturating_sub(3);
                    if more > 0 {
                        format!("{} and {more} more", first.join(", "))
                    } else {
                        first.join(", ")
                    }
                }
            })
        };
        view! {
            <li>
                <b>{move || here.with(Vec::len)}</b>
                <span>{stage.word()}</span>
                <br />
                {detail}
            </li>
        }
    };
    view! { <ol class="pipe">{Stage::ALL.into_iter().map(item).collect_view()}</ol> }.into_any()
}

/// Whether enough organizations are prepared for the pilot; once the mode is switched, who is in it.
#[component]
fn PilotNote(list: Signal<OrganizationList>, #[prop(into)] many: Signal<bool>) -> impl IntoView {
    let codes = move |stages: &[Stage]| {
        list.with(|list| {
            list.organizations
                .iter()
                .filter(|one| !one.is_default && stages.contains(&one.stage))
                .map(|one| one.code.clone())
                .collect::<Vec<_>>()
        })
    };
    move || {
        if many.get() {
            let pilot = codes(&[Stage::Pilot]);
            let title = format!(
                "{} in the pilot",
                format::counted(pilot.len() as u64, "organization", "organizations")
            );
            let told = if pilot.is_empty() {
                "A wave takes the next ones live.".to_owned()
            } else {
                pilot.join(", ")
            };
            return view! { <Note state="info" picture="eye" title=title>{told}</Note> }.into_any();
        }
        let ready = codes(&[Stage::Prepared, Stage::Pilot, Stage::Active]);
        let count = ready.len();
        let title = format!("{count} of {PILOT} needed for the pilot are prepared");
        if count >= PILOT {
            view! { <Note state="done" picture="gate-open" title=title>{ready.join(", ")}</Note> }
                .into_any()
        } else {
            view! { <Note state="gate" title=title>{format!("Prepare {} more before the mode is switched.", PILOT - count)}</Note> }
                .into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(code: &str, stage: Stage, ready_done: u32) -> Organization {
        Organization {
            code: code.to_owned(),
            name: code.to_owned(),
            kind: "ministry".to_owned(),
            stage,
            is_default: code == "OOBC",
            wave: None,
            contact_name: String::new(),
            contact_email: String::new(),
            ready_done,
            ready_total: 6,
            rows: 0,
            blocked: None,
            changed: String::new(),
            version: 1,
        }
    }

    fn list(organizations: Vec<Organization>) -> OrganizationList {
        OrganizationList {
            organizations,
            table_ready: true,
            waves: Vec::new(),
        }
    }

    #[test]
    fn the_switch_is_next_only_when_three_besides_the_default_are_prepared() {
        let mut organizations = vec![
            organization("OOBC", Stage::Active, 6),
            organization("MOH", Stage::Prepared, 6),
            organization("MSSD", Stage::Prepared, 6),
            organization("MILG", Stage::Invited, 2),
            organization("MPW", Stage::Invited, 4),
        ];
        let next = next_step(&list(organizations.clone()), Some(Mode::Single), "obcms");
        assert_eq!(next.map(|(word, _)| word).as_deref(), Some("Prepare MPW"));
        organizations[3].stage = Stage::Prepared;
        let next = next_step(&list(organizations), Some(Mode::Single), "obcms");
        assert_eq!(
            next.map(|(_, href)| href).as_deref(),
            Some("/systems/obcms/mode")
        );
    }

    #[test]
    fn nothing_is_next_when_everybody_arrived() {
        let all = list(vec![organization("OOBC", Stage::Active, 6)]);
        assert_eq!(next_step(&all, Some(Mode::Multi), "obcms"), None);
    }
}
