//! Webhooks: made, tried out, watched, replayed, removed.

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::system::Tone;
use shared::webhook::{Delivery, DeliveryState, MakeWebhook, Webhook, WebhookKind};
use web_sys::SubmitEvent;

use super::Once;
use crate::api;
use crate::components::{
    ActionButton, Confirm, Dialog, Empty, Note, Panel, RefusalNote, TextField, announce, icon,
    state_badge,
};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;
use crate::submission::Submission;

/// What the panel needs to know in each of its lines.
#[derive(Clone, Copy)]
struct Lines {
    slug: StoredValue<String>,
    loaded: Loaded<Vec<Webhook>>,
    operator: Signal<Option<String>>,
    administrator: Signal<Option<String>>,
    chosen: RwSignal<Option<Webhook>>,
    removing: RwSignal<bool>,
    watching: RwSignal<bool>,
}

/// The panel.
#[component]
pub(super) fn WebhooksPanel(
    /// Slug of the system.
    slug: StoredValue<String>,
    /// Gets the secret of a new one.
    once: RwSignal<Option<Once>>,
) -> impl IntoView {
    let loaded = load(&[Topic::Notices], move || {
        let system = slug.get_value();
        async move { api::webhooks(&system).await }
    });
    let session = session::current();
    let lines = Lines {
        slug,
        loaded,
        operator: Signal::derive(move || session.refusal(Role::Operator)),
        administrator: Signal::derive(move || session.refusal(Role::Administrator)),
        chosen: RwSignal::new(None),
        removing: RwSignal::new(false),
        watching: RwSignal::new(false),
    };
    let making = RwSignal::new(false);
    let command = Submission::new();
    let remove = move |_: String| {
        let Some(webhook) = lines.chosen.get_untracked() else {
            return;
        };
        let system = slug.get_value();
        command.run(
            async move { api::remove_webhook(&system, webhook.id).await },
            move |()| {
                lines.removing.set(false);
                announce("The webhook is removed");
                loaded.reload();
            },
        );
    };
    view! {
        {loaded.view("webhooks", move |shown| view! {
            <Panel title="Webhooks" class="clip" aside=move || view! {
                <span class="push"><ActionButton label="Make a webhook" refused=lines.administrator on_press=move || making.set(true)/></span>
            }>
                <ul class="gates bare">
                    {move || shown.with(|all| all.iter().cloned().map(|one| line(one, lines)).collect_view())}
                </ul>
                {move || shown.with(Vec::is_empty).then(|| view! { <Empty picture="bell" title="No webhook" text="A webhook calls an address of another program whenever something happens."/> })}
            </Panel>
        }.into_any())}
        <MakeDialog slug loaded open=making once/>
        <Deliveries lines/>
        <Confirm open=lines.removing title="Remove this webhook?" label="Remove the webhook" quiet="Keep it" danger=true submission=command action=remove>
            <p>{move || lines.chosen.with(|one| one.as_ref().map(|one| format!("“{}” is not called any more. What waits for it is dropped.", one.label)))}</p>
        </Confirm>
    }
    .into_any()
}

fn line(webhook: Webhook, lines: Lines) -> AnyView {
    let badge = match (webhook.dead, webhook.waiting) {
        (0, 0) => state_badge(Tone::Done, "All delivered"),
        (0, waiting) => state_badge(Tone::Running, format!("{waiting} waiting")),
        (dead, _) => state_badge(Tone::Failed, format!("{dead} given up")),
    };
    let trying = Submission::new();
    let tried = RwSignal::new(None::<(bool, String)>);
    let id = webhook.id;
    let try_out = move || {
        let system = lines.slug.get_value();
        trying.run(
            async move { api::try_webhook(&system, id).await },
            move |answer| {
                tried.set(Some((answer.taken, answer.error.unwrap_or_default())));
            },
        );
    };
    let (watched, removed) = (webhook.clone(), webhook.clone());
    view! {
        <li>
            <span><b>{webhook.label}</b> " " {badge}</span>
            <span class="ev row">
                <ActionButton label="Try it out" class="sm" refused=lines.operator reason_elsewhere=true pending=Signal::derive(move || trying.is_pending()) on_press=try_out/>
                <ActionButton label="Deliveries" class="sm" refused=lines.operator reason_elsewhere=true on_press=move || {
                    lines.chosen.set(Some(watched.clone()));
                    lines.watching.set(true);
                }/>
                <ActionButton label="Remove" class="sm" refused=lines.administrator reason_elsewhere=true on_press=move || {
                    lines.chosen.set(Some(removed.clone()));
                    lines.removing.set(true);
                }/>
            </span>
            <p>
                <code>{webhook.address}</code>
                {webhook.organization.map(|code| format!(", only {code}"))}
                {webhook.kinds.map(|kinds| format!(", only {}", in_words(&kinds)))} ", by " {webhook.by}
            </p>
            {move || tried.get().map(|(taken, error)| if taken {
                view! { <Note state="done" alert=true>"The call was taken."</Note> }.into_any()
            } else {
                view! { <Note state="failed" alert=true title="The call was not taken">{error}</Note> }.into_any()
            })}
            <RefusalNote submission=trying/>
        </li>
    }
    .into_any()
}

/// Such as `updates, runs`.
fn in_words(kinds: &[WebhookKind]) -> String {
    let words: Vec<_> = kinds.iter().map(|kind| kind.words()).collect();
    words.join(", ")
}

/// What it is told: all kinds of events, or some.
#[component]
fn Kinds(kinds: RwSignal<Vec<WebhookKind>>, error: Signal<Option<String>>) -> impl IntoView {
    let one = move |kind: WebhookKind| {
        let choose = move |event| {
            let chosen = event_target_checked(&event);
            kinds.update(|kinds| {
                kinds.retain(|one| *one != kind);
                if chosen {
                    kinds.push(kind);
                }
            });
        };
        let mut words = kind.words().to_owned();
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        view! {
            <label class="check"><input type="checkbox" prop:checked=move || kinds.with(|kinds| kinds.contains(&kind)) on:change=choose/> " " {words}</label>
        }
    };
    view! {
        <fieldset class="blanks" aria-describedby=move || error.with(Option::is_some).then_some("webhook-kinds-error")>
            <legend>"What it is told"</legend>
            {WebhookKind::TOLD.map(one)}
            {move || error.get().map(|error| view! { <p class="err" id="webhook-kinds-error">{icon("failed")} <span>{error}</span></p> })}
        </fieldset>
    }
    .into_any()
}

#[component]
fn MakeDialog(
    slug: StoredValue<String>,
    loaded: Loaded<Vec<Webhook>>,
    open: RwSignal<bool>,
    once: RwSignal<Option<Once>>,
) -> impl IntoView {
    let label = RwSignal::new(String::new());
    let address = RwSignal::new(String::new());
    let organization = RwSignal::new(String::new());
    let kinds = RwSignal::new(WebhookKind::TOLD.to_vec());
    let command = Submission::new();
    let problem = move |field: &'static str| {
        Signal::derive(move || command.error().and_then(|error| error.field(field)))
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let code = organization.get_untracked().trim().to_owned();
        let body = MakeWebhook {
            label: label.get_untracked(),
            address: address.get_untracked(),
            organization: (!code.is_empty()).then_some(code),
            kinds: kinds
                .with_untracked(|kinds| kinds.len() < WebhookKind::TOLD.len())
                .then(|| kinds.get_untracked()),
        };
        let system = slug.get_value();
        command.run(
            async move { api::make_webhook(&system, &body).await },
            move |made| {
                open.set(false);
                for field in [label, address, organization] {
                    field.set(String::new());
                }
                kinds.set(WebhookKind::TOLD.to_vec());
                once.set(Some(Once {
                    title: "Secret of the webhook",
                    text:
                        "Calls are signed with it. Give it to the receiver; it is not shown again."
                            .into(),
                    label: "Secret",
                    value: made.secret,
                }));
                loaded.reload();
            },
        );
    };
    view! {
        <Dialog open title="Make a webhook">
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    <TextField label="What it is for" name="webhook-label" value=label autofocus=true error=problem("label")/>
                    <TextField label="Address to call" name="webhook-address" kind="url" value=address hint="Such as https://example.org/hooks/switchyard" error=problem("address")/>
                    <TextField label="Only this organization" name="webhook-organization" value=organization hint="Its code. Left empty: the whole system." error=problem("organization")/>
                    <Kinds kinds error=problem("kinds")/>
                    <RefusalNote submission=command beside=Signal::stored(["label", "address", "organization", "kinds"].map(str::to_owned).to_vec())/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || command.is_pending().then_some("true")>"Make the webhook"</button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// The last deliveries of the chosen webhook.
#[component]
fn Deliveries(lines: Lines) -> impl IntoView {
    let deliveries = RwSignal::new(Vec::<Delivery>::new());
    let reading = Submission::new();
    Effect::new(move |_| {
        if !lines.watching.get() {
            return;
        }
        deliveries.set(Vec::new());
        if let Some(webhook) = lines.chosen.get_untracked() {
            let system = lines.slug.get_value();
            reading.run(
                async move { api::deliveries(&system, webhook.id).await },
                move |answer| deliveries.set(answer),
            );
        }
    });
    let replay = move || {
        let Some(webhook) = lines.chosen.get_untracked() else {
            return;
        };
        let system = lines.slug.get_value();
        reading.run(
            async move { api::replay_webhook(&system, webhook.id).await },
            move |answer| {
                announce("What was given up is tried again");
                deliveries.set(answer);
                lines.loaded.reload();
            },
        );
    };
    let dead = Memo::new(move |_| {
        deliveries.with(|all| all.iter().any(|one| one.state == DeliveryState::Dead))
    });
    let title = move || {
        lines.chosen.with(|one| {
            one.as_ref()
                .map_or_else(String::new, |one| format!("Deliveries of {}", one.label))
        })
    };
    view! {
        <Dialog open=lines.watching title=Signal::derive(title) class="dlg wide">
            <div class="body">
                <ul class="gates bare">
                    {move || deliveries.with(|all| all.iter().cloned().map(delivery).collect_view())}
                </ul>
                {move || (deliveries.with(Vec::is_empty) && !reading.is_pending()).then(|| view! { <p>"Nothing was told yet."</p> })}
                <RefusalNote submission=reading/>
            </div>
            <footer>
                <button type="button" class="btn" on:click=move |_| lines.watching.set(false)>"Close"</button>
                {move || dead.get().then(|| view! {
                    <ActionButton label="Try again what was given up" class="primary" refused=lines.operator pending=Signal::derive(move || reading.is_pending()) on_press=replay/>
                })}
            </footer>
        </Dialog>
    }
    .into_any()
}

fn delivery(one: Delivery) -> AnyView {
    let badge = match one.state {
        DeliveryState::Waiting => state_badge(Tone::Running, "Waiting"),
        DeliveryState::Delivered => state_badge(Tone::Done, "Delivered"),
        DeliveryState::Dead => state_badge(Tone::Failed, "Given up"),
    };
    let tries = format::counted(u64::from(one.attempts), "try", "tries");
    let next = (one.state == DeliveryState::Waiting && one.attempts > 0)
        .then(|| format!(", next {}", format::moment(&one.next)));
    view! {
        <li>
            <span><b><code>{one.event}</code></b> " " {badge}</span>
            <p>{tries} {next} {one.error.map(|error| format!(": {error}"))}</p>
        </li>
    }
    .into_any()
}
