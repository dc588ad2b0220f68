//! Starting a run: preflight first, an approval where the configuration asks for it, then one confirmed press.

use leptos::prelude::*;
use shared::account::Role;
use shared::approval::{Approval, ApprovalAction, RequestApproval};
use shared::checklist::Checklist;
use shared::event::Topic;
use shared::plan::PlanView;
use shared::run::StartRun;

use crate::api;
use crate::components::{ActionButton, Confirm, Consent, Systems};
use crate::format;
use crate::loader::{Loaded, load};
use crate::route::{SystemPage, location};
use crate::session;
use crate::submission::Submission;

/// What starting needs to know.
#[derive(Clone, Copy)]
pub(super) struct Start {
    slug: StoredValue<String>,
    plan: Loaded<PlanView>,
    preflight: Submission,
    asking: Submission,
    approvals: Loaded<Vec<Approval>>,
    systems: Systems,
    checklist: Loaded<Checklist>,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Wait,
    CheckFirst,
    AskApproval,
    Approve,
    Start,
}

impl Start {
    pub(super) fn new(
        slug: StoredValue<String>,
        plan: Loaded<PlanView>,
        preflight: Submission,
    ) -> Self {
        let approvals = load(&[Topic::Approvals], move || {
            let system = slug.get_value();
            async move { api::approvals(&system).await }
        });
        let checklist = load(&[Topic::Checklist, Topic::Backups], move || {
            let system = slug.get_value();
            async move { api::checklist(&system).await }
        });
        Self {
            checklist,
            slug,
            plan,
            preflight,
            asking: Submission::new(),
            approvals,
            systems: expect_context::<Systems>(),
        }
    }

    pub(super) fn system(&self) -> String {
        self.slug.get_value()
    }

    pub(super) fn preflight(&self) -> Submission {
        self.preflight
    }

    /// The request for an approval.
    pub(super) fn asking(&self) -> Submission {
        self.asking
    }

    fn check(&self) {
        let system = self.system();
        let plan = self.plan;
        self.preflight
            .run(async move { api::preflight(&system).await }, move |_| {
                plan.reload()
            });
    }

    /// The one next thing to do.
    fn next(&self) -> Step {
        let Some(plan) = self.plan.get() else {
            return Step::Wait;
        };
        if !plan.preflight.is_some_and(|preflight| preflight.passed) {
            return Step::CheckFirst;
        }
        if !plan.needs_approval {
            return Step::Start;
        }
        let consent = self.approvals.with(|all| {
            let all = all.map_or(&[][..], Vec::as_slice);
            Consent::of(all, ApprovalAction::Run, &plan.fingerprint)
        });
        match consent {
            Consent::Given | Consent::NotNeeded => Step::Start,
            Consent::Waiting => Step::Approve,
            Consent::Missing | Consent::Void => Step::AskApproval,
        }
    }

    /// Number of the run that has to end before another can start. Reactive.
    pub(super) fn open_run(&self) -> Option<i64> {
        self.systems
            .find(&self.system())
            .and_then(|system| system.run)
            .filter(|run| run.state.is_open())
            .map(|run| run.number)
    }

    /// Why the next thing cannot be done now.
    fn refusal(&self) -> Option<String> {
        let refused = session::current().refusal(Role::Operator);
        if refused.is_some() {
            return refused;
        }
        if let Some(run) = self.open_run() {
            return Some(format!("Run {run} is still open"));
        }
        let stopped = self
            .plan
            .with(|plan| plan.is_some_and(|plan| !plan.refusals.is_empty()));
        if stopped {
            return Some("The plan can't run as it is: see below".into());
        }
        let left = self.checklist.with(|list| {
            list.map_or(0, |list| {
                let items = list.sections.iter().flat_map(|section| &section.items);
                items.filter(|item| item.required && !item.done).count() as u64
            })
        });
        if left > 0 {
            return Some(format!(
                "{} of the checklist left",
                format::counted(left, "required item", "required items")
            ));
        }
        (self.next() == Step::Approve).then(|| "Waiting for a second administrator".into())
    }
}

/// Preflight and start, the next of them primary.
pub(super) fn start_actions(start: Start) -> AnyView {
    let next = Memo::new(move |_| start.next());
    let refused = Signal::derive(move || start.refusal());
    let may_not = Signal::derive(move || session::current().refusal(Role::Operator));
    let checking = Signal::derive(move || start.preflight.is_pending());
    let open = RwSignal::new(false);
    let asking = start.asking;
    let again = move || {
        (next.get() != Step::CheckFirst).then(|| {
        view! { <ActionButton label="Check again" picture="refresh" refused=may_not reason_elsewhere=true pending=checking on_press=move || start.check()/> }
    })
    };
    let primary = move || {
        match next.get() {
        Step::Wait => ().into_any(),
        Step::CheckFirst => view! {
            <ActionButton label=Signal::derive(move || if checking.get() { "Checking the target".into() } else { "Run preflight".to_string() }) class="primary" picture="shield" refused=may_not pending=checking on_press=move || start.check()/>
        }
        .into_any(),
        Step::AskApproval => view! {
            <ActionButton label="Ask for approval" class="primary" refused pending=Signal::derive(move || asking.is_pending()) on_press=move || ask(start)/>
        }
        .into_any(),
        Step::Approve | Step::Start => view! {
            <ActionButton label="Start the run" class="primary" picture="play" refused on_press=move || open.set(true)/>
        }
        .into_any(),
    }
    };
    view! { {again} {primary} {confirm_start(start, open)} }.into_any()
}

fn ask(start: Start) {
    let Some(fingerprint) = start
        .plan
        .with(|plan| plan.map(|plan| plan.fingerprint.clone()))
    else {
        return;
    };
    let system = start.system();
    let body = RequestApproval {
        action: ApprovalAction::Run,
        fingerprint,
    };
    let (approvals, asking) = (start.approvals, start.asking);
    asking.run(
        async move { api::request_approval(&system, &body, asking.press()).await },
        move |_| approvals.reload(),
    );
}

fn confirm_start(start: Start, open: RwSignal<bool>) -> AnyView {
    let submission = Submission::new();
    let place = location::current();
    let act = move |_typed: String| {
        let Some(fingerprint) = start
            .plan
            .with(|plan| plan.map(|plan| plan.fingerprint.clone()))
        else {
            return;
        };
        let system = start.system();
        let body = StartRun {
            fingerprint,
            until: None,
        };
        submission.run(
            async move { api::start_run(&system, &body, submission.press()).await },
            move |run| {
                open.set(false);
                place.go(&SystemPage::Run { run: run.number }.of(&start.system()));
            },
        );
    };
    let rows = move || {
        format::counted(
            start
                .plan
                .with(|plan| plan.map_or(0, |plan| plan.rows_to_write)),
            "row",
            "rows",
        )
    };
    view! {
        <Confirm open title="Start this run?" label="Start the run" quiet="Not now" submission action=act>
            <p>
                "It writes about " {rows} ", step by step, while the application keeps serving. It stops by itself at each closed gate, "
                "can be paused at any time, and goes on without this page."
            </p>
        </Confirm>
    }
    .into_any()
}
