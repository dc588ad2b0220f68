//! Bulk assignment by a rule: counted first, then done.

use leptos::prelude::*;
use shared::coverage::AssignmentRule;
use shared::event::Topic;

use super::unassigned::Decisions;
use crate::api;
use crate::components::{ActionButton, Dialog, Note, RefusalNote};
use crate::format;
use crate::loader::load;
use crate::submission::Submission;

/// Chooses a rule, shows what it would do, does it.
#[component]
pub(super) fn RuleDialog(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// The list that it decides about.
    decisions: Decisions,
) -> impl IntoView {
    let title = Signal::derive(move || format!("Assign {} by a rule", decisions.model.get()));
    view! {
        <Dialog open title class="dlg wide">{rule_form(open, decisions)}</Dialog>
    }
    .into_any()
}

fn rule_form(open: RwSignal<bool>, decisions: Decisions) -> AnyView {
    let kind = RwSignal::new(String::from("best"));
    let reason = RwSignal::new(
        decisions
            .reasons()
            .first()
            .map(|(reason, _)| reason.clone())
            .unwrap_or_default(),
    );
    let organization = RwSignal::new(String::new());
    let assigning = Submission::new();
    let rule = Memo::new(move |_| {
        let organization = organization.get();
        match kind.get().as_str() {
            "best" => Some(AssignmentRule::BestCandidate),
            _ if organization.is_empty() => None,
            "reason" => Some(AssignmentRule::Reason {
                reason: reason.get(),
                organization,
            }),
            _ => Some(AssignmentRule::All { organization }),
        }
    });
    // a count never stands beside another rule than its own
    let counts = load(&[Topic::Coverage], move || {
        let rule = rule.get();
        let system = decisions.slug.get_value();
        let model = decisions.model.get_untracked();
        async move {
            let Some(rule) = rule else { return Ok(None) };
            let answer = api::count_by_rule(&system, model, rule.clone()).await?;
            Ok(Some((rule, answer)))
        }
    });
    let counted = Memo::new(move |_| {
        let wanted = rule.get();
        counts
            .get()
            .flatten()
            .filter(|(asked, _)| Some(asked) == wanted.as_ref())
            .map(|(_, answer)| answer)
    });
    let assign = move || {
        let Some(rule) = rule.get_untracked() else {
            return;
        };
        let system = decisions.slug.get_value();
        let model = decisions.model.get_untracked();
        assigning.run(
            async move { api::assign_by_rule(&system, model, rule, assigning.press()).await },
            move |_| {
                open.set(false);
                decisions.settled();
            },
        );
    };
    let label = Signal::derive(move || match counted.get() {
        Some(counted) => format!(
            "Assign {}",
            format::counted(counted.assigned, "record", "records")
        ),
        None => "Assign".into(),
    });
    let refused = Signal::derive(move || match (rule.get(), counted.get()) {
        (None, _) => Some("Choose an organization".to_string()),
        (_, Some(counted)) if counted.assigned == 0 => Some("The rule fits no record".to_string()),
        (_, None) => Some("Counting".to_string()),
        _ => None,
    });
    let option = move |value: &'static str, words: &'static str, help: &'static str| {
        view! {
            <label class="check">
                <input type="radio" name="rule" value=value prop:checked=move || kind.get() == value on:change=move |_| kind.set(value.to_string())/>
                <span><b>{words}</b> <br/> {help}</span>
            </label>
        }
    };
    let needs_organization = move || kind.get() != "best";
    view! {
        <div class="dialog-form">
            <div class="body">
                <fieldset class="stack-sm">
                    <legend class="lbl">"Which records"</legend>
                    {option("best", "Each to its best suggestion", "Records without a suggestion stay in the list.")}
                    {option("reason", "All with one reason to one organization", "Such as all without an implementing office.")}
                    {option("all", "All that are left to one organization", "Every record of this model that has none.")}
                </fieldset>
                {move || (kind.get() == "reason").then(|| view! {
                    <div class="field">
                        <label for="rule-reason">"Reason"</label>
                        <select class="in" id="rule-reason" prop:value=move || reason.get() on:change=move |event| reason.set(event_target_value(&event))>
                            {decisions.reasons().into_iter().map(|(reason, count)| view! { <option value=reason.clone()>{format!("{reason} ({})", format::count(count))}</option> }).collect_view()}
                        </select>
                    </div>
                })}
                {move || needs_organization().then(|| view! {
                    <div class="field">
                        <label for="rule-organization">"Organization"</label>
                        <select class="in" id="rule-organization" prop:value=move || organization.get() on:change=move |event| organization.set(event_target_value(&event))>
                            <option value="">"Choose"</option>
                            {decisions.organizations.get().into_iter().map(|choice| view! { <option value=choice.code.clone()>{format!("{} {}", choice.code, choice.name)}</option> }).collect_view()}
                        </select>
                    </div>
                })}
                <div role="status">
                    {move || counted.get().map(|counted| view! {
                        <Note state="running" picture="info" title=format!("{} would get an organization", format::counted(counted.assigned, "record", "records"))>
                            {format!("{} of this model would still have none. Coverage would be {}.", format::count(counted.left), format::of(counted.all.assigned, counted.all.total))}
                        </Note>
                    })}
                </div>
                {move || counts.error().map(|error| view! { <Note state="failed" alert=true title=error.title()>{error.detail()}</Note> })}
                <RefusalNote submission=assigning/>
            </div>
            <footer>
                <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                <ActionButton label class="primary" refused pending=Signal::derive(move || assigning.is_pending()) on_press=assign/>
            </footer>
        </div>
    }
    .into_any()
}
