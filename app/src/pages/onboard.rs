//! Onboarding of one organization: six steps from contact to hand-over. It saves by itself.

mod contact;
mod handover;
mod people;
mod readiness;
mod save;

use leptos::prelude::*;
use shared::event::Topic;
use shared::organization::{OrganizationDetail, Person, PersonRole, Stage};
use shared::system::{Standing, Tone};

use self::contact::Contact;
use self::handover::HandOver;
use self::people::{Administrator, People, Training};
use self::readiness::DataOwner;
use self::save::Saver;
use crate::api;
use crate::components::{Note, PageHead, RefusalNote, icon, standing};
use crate::format;
use crate::loader::load;
use crate::pages::organizations::stage_badge;
use crate::route::{SystemPage, location};

/// The steps of the wizard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Contact,
    Administrator,
    People,
    Training,
    Owner,
    HandOver,
}

impl Step {
    const ALL: [Self; 6] = [
        Self::Contact,
        Self::Administrator,
        Self::People,
        Self::Training,
        Self::Owner,
        Self::HandOver,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::Administrator => "Administrator",
            Self::People => "People and roles",
            Self::Training => "Training",
            Self::Owner => "Data owner agrees",
            Self::HandOver => "Check and hand over",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Administrator => "administrator",
            Self::People => "people",
            Self::Training => "training",
            Self::Owner => "owner",
            Self::HandOver => "hand-over",
        }
    }

    fn number(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0) + 1
    }

    fn after(self) -> Option<Self> {
        Self::ALL.get(self.number()).copied()
    }

    fn before(self) -> Option<Self> {
        self.number()
            .checked_sub(2)
            .and_then(|place| Self::ALL.get(place))
            .copied()
    }

    /// Whether the step is done, and what is known about it.
    fn progress(self, detail: &OrganizationDetail) -> (bool, String) {
        let organization = &detail.organization;
        let people = &detail.people;
        match self {
            Self::Contact => {
                let known =
                    !organization.contact_name.is_empty() && !organization.contact_email.is_empty();
                let told = if known {
                    organization.contact_name.clone()
                } else {
                    "Nobody yet".to_owned()
                };
                (known, told)
            }
            Self::Administrator => {
                match people
                    .iter()
                    .find(|person| person.role == PersonRole::OrganizationAdministrator)
                {
                    Some(person) => (true, person.name.clone()),
                    None => (false, "Nobody yet".to_owned()),
                }
            }
            Self::People => {
                let with_role = people
                    .iter()
                    .filter(|person| person.role != PersonRole::None)
                    .count();
                (
                    !people.is_empty() && with_role == people.len(),
                    or_nobody(
                        people,
                        format!("{with_role} of {} have a role", people.len()),
                    ),
                )
            }
            Self::Training => {
                let trained = people.iter().filter(|person| person.trained).count();
                (
                    !people.is_empty() && trained == people.len(),
                    or_nobody(people, format!("{trained} of {} trained", people.len())),
                )
            }
            Self::Owner => {
                let by_hand = detail.readiness.iter().filter(|item| !item.automatic);
                let (done, all) = by_hand.fold((0, 0), |(done, all), item| {
                    (done + usize::from(item.done), all + 1)
                });
                (done == all, format!("{done} of {all} confirmed"))
            }
            Self::HandOver => {
                let clean = detail
                    .isolation
                    .as_ref()
                    .is_some_and(|check| check.foreign_rows == 0);
                let over = !matches!(organization.stage, Stage::Invited);
                let told = match (&detail.isolation, over) {
                    (_, true) => organization.stage.word().to_owned(),
                    (Some(check), _) if check.foreign_rows > 0 => {
                        format::counted(check.foreign_rows, "foreign row", "foreign rows")
                    }
                    (Some(_), _) => "Checked, not handed over".to_owned(),
                    (None, _) => "Not checked yet".to_owned(),
                };
                (clean && over, told)
            }
        }
    }
}

fn or_nobody(people: &[Person], told: String) -> String {
    match people {
        [] => "Nobody yet".to_owned(),
        _ => told,
    }
}

fn first_open(detail: &OrganizationDetail) -> Step {
    Step::ALL
        .into_iter()
        .find(|step| !step.progress(detail).0)
        .unwrap_or(Step::HandOver)
}

/// The page.
#[component]
pub fn OnboardPage(
    /// Slug of the system.
    system: String,
    /// Code of the organization.
    organization: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let code = Signal::stored(organization);
    let loaded = load(&[Topic::Organizations], move || {
        let (system, code) = (system.get(), code.get());
        async move { api::organization(&system, &code).await }
    });
    loaded.page("Onboard an organization", "organization", move |detail| {
        let saver = Saver::new(system, detail, loaded);
        view! { <Wizard system=system detail=detail saver=saver /> }.into_any()
    })
}

#[component]
fn Wizard(system: Signal<String>, detail: Memo<OrganizationDetail>, saver: Saver) -> impl IntoView {
    let location = location::current();
    let asked = location.query("step");
    let opening = untrack(|| detail.with(first_open));
    let step = Memo::new(move |_| {
        let asked = asked.get();
        Step::ALL
            .into_iter()
            .find(|step| Some(step.key()) == asked.as_deref())
            .unwrap_or(opening)
    });
    let go = move |step: Step| location.set_query(&[("step", step.key())]);
    let code = Memo::new(move |_| detail.with(|detail| detail.organization.code.clone()));
    let sub = move || {
        detail.with(|detail| {
            format!(
                "{}. Saved as you go; you can leave and come back.",
                detail.organization.name
            )
        })
    };
    let lines = move || {
        Step::ALL
            .into_iter()
            .map(|one| {
                let progress = Memo::new(move |_| detail.with(|detail| one.progress(detail)));
                let tone = move || {
                    if progress.get().0 {
                        Tone::Done
                    } else if step.get() == one {
                        Tone::Running
                    } else {
                        Tone::Pending
                    }
                };
                view! {
                    <li>
                        <a
                            href=move || format!("{}?step={}", SystemPage::Onboard { organization: code.get() }.of(&system.get()), one.key())
                            aria-current=move || (step.get() == one).then_some("step")
                        >
                            {move || crate::components::state_icon(tone(), if progress.get().0 { "Done" } else { "To do" })}
                            <span class="stp-t">
                                {one.title()} <small>{move || progress.get().1}</small>
                            </span>
                        </a>
                    </li>
                }
            })
            .collect_view()
    };
    let body = move || match step.get() {
        Step::Contact => view! { <Contact detail=detail saver=saver /> }.into_any(),
        Step::Administrator => view! { <Administrator detail=detail saver=saver /> }.into_any(),
        Step::People => view! { <People detail=detail saver=saver /> }.into_any(),
        Step::Training => view! { <Training detail=detail saver=saver /> }.into_any(),
        Step::Owner => view! { <DataOwner detail=detail saver=saver /> }.into_any(),
        Step::HandOver => view! { <HandOver system=system detail=detail saver=saver /> }.into_any(),
    };
    view! {
        <PageHead
            title=Signal::derive(move || format!("Onboard {}", code.get()))
            sub=Signal::derive(sub)
            badges=move || {
                let number = step.get().number();
                view! {
                    {standing(&Standing { tone: Tone::Running, word: format!("Step {number} of {}", Step::ALL.len()) })}
                    {stage_badge(detail.with(|detail| detail.organization.stage))}
                }
                    .into_any()
            }
        >
            <span class="sm" role="status">
                {move || saver.words()}
            </span>
            <a class="btn quiet" href=move || SystemPage::Organizations.of(&system.get())>
                "Close"
            </a>
        </PageHead>
        <RefusalNote submission=saver.submission/>
        {move || {
            saver
                .changed_meanwhile()
                .map(|what| {
                    view! {
                        <Note state="gate" alert=true title="Somebody else changed this organization">
                            {what}
                            <br />
                            "What you see now is the newer version."
                        </Note>
                    }
                })
        }}
        <div class="wiz">
            <ol aria-label="Steps">{lines}</ol>
            <div class="stack">
                {body}
                <div class="between">
                    {move || match step.get().before() {
                        Some(before) => {
                            view! {
                                <button type="button" class="btn" on:click=move |_| go(before)>
                                    {icon("left")}
                                    {before.title()}
                                </button>
                            }
                                .into_any()
                        }
                        None => view! { <span></span> }.into_any(),
                    }}
                    {move || {
                        step.get()
                            .after()
                            .map(|after| {
                                view! {
                                    <button type="button" class="btn primary" on:click=move |_| go(after)>
                                        {format!("Continue to {}", after.title().to_lowercase())}
                                        {icon("arrow")}
                                    </button>
                                }
                            })
                    }}
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::organization::{IsolationCheck, Organization, Person};

    fn detail() -> OrganizationDetail {
        OrganizationDetail {
            organization: Organization {
                code: "MOH".to_owned(),
                name: "Ministry of Health".to_owned(),
                kind: "ministry".to_owned(),
                stage: Stage::Invited,
                is_default: false,
                wave: None,
                contact_name: "Nadia Kasim".to_owned(),
                contact_email: "n.kasim@moh.example".to_owned(),
                ready_done: 1,
                ready_total: 6,
                rows: 0,
                blocked: None,
                changed: String::new(),
                version: 3,
            },
            people: Vec::new(),
            readiness: Vec::new(),
            rows: Vec::new(),
            isolation: None,
            moves: Vec::new(),
        }
    }

    #[test]
    fn the_wizard_opens_at_the_first_step_that_is_not_done() {
        let mut detail = detail();
        assert_eq!(first_open(&detail), Step::Administrator);
        detail.people.push(Person {
            name: "Ramil".to_owned(),
            email: "r@moh.example".to_owned(),
            role: PersonRole::OrganizationAdministrator,
            training: None,
            trained: false,
        });
        assert_eq!(first_open(&detail), Step::Training);
    }

    #[test]
    fn hand_over_is_not_done_while_a_foreign_row_was_seen() {
        let mut detail = detail();
        detail.organization.stage = Stage::Prepared;
        detail.isolation = Some(IsolationCheck {
            at: String::new(),
            reads: 40,
            foreign_rows: 2,
            findings: Vec::new(),
        });
        assert!(!Step::HandOver.progress(&detail).0);
    }

    #[test]
    fn an_organization_without_people_has_neither_roles_nor_training() {
        assert!(!Step::People.progress(&detail()).0);
        assert!(!Step::Training.progress(&detail()).0);
    }

    #[test]
    fn the_steps_follow_each_other_both_ways() {
        for pair in Step::ALL.windows(2) {
            assert_eq!(pair[0].after(), Some(pair[1]));
            assert_eq!(pair[1].before(), Some(pair[0]));
        }
        assert_eq!(Step::Contact.before(), None);
        assert_eq!(Step::HandOver.after(), None);
    }
}
