//! Subscribers by mail: how many, who, and mails that were given up.

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::subscriber::{Subscriber, Subscribers};
use shared::system::Tone;

use crate::api;
use crate::components::{
    ActionButton, Confirm, Empty, Note, Panel, RefusalNote, SearchBox, Stat, Stats, announce,
    state_badge,
};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;
use crate::submission::Submission;

/// The panel.
#[component]
pub(super) fn SubscribersPanel(
    /// Slug of the system.
    slug: StoredValue<String>,
) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let loaded = load(&[Topic::Notices], move || {
        let (system, address) = (slug.get_value(), search.get());
        async move { api::subscribers(&system, &address).await }
    });
    loaded.view("subscribers", move |shown| {
        body(slug, search, loaded, shown)
    })
}

fn body(
    slug: StoredValue<String>,
    search: RwSignal<String>,
    loaded: Loaded<Subscribers>,
    shown: Memo<Subscribers>,
) -> AnyView {
    let session = session::current();
    let refused = Signal::derive(move || session.refusal(Role::Operator));
    let chosen = RwSignal::new(None::<Subscriber>);
    let asking = RwSignal::new(false);
    let removing = Submission::new();
    let replaying = Submission::new();
    let replay = move || {
        let system = slug.get_value();
        replaying.run(
            async move { api::replay_mails(&system).await },
            move |answer| {
                announce("The mails are tried again");
                loaded.set(answer);
            },
        );
    };
    let remove = move |_: String| {
        let Some(who) = chosen.get_untracked() else {
            return;
        };
        let system = slug.get_value();
        removing.run(
            async move { api::remove_subscriber(&system, who.id).await },
            move |_| {
                asking.set(false);
                announce("The subscriber is removed");
                loaded.reload();
            },
        );
    };
    let number = move |read: fn(&Subscribers) -> u64| {
        Signal::derive(move || format::count(shown.with(read)))
    };
    let dead = Memo::new(move |_| shown.with(|shown| shown.dead));
    let mail = Memo::new(move |_| shown.with(|shown| shown.mail));
    let people = move || {
        view! {
            <Stats label="Subscribers and mails" flush=true>
                <Stat label="Told" value=number(|shown| shown.confirmed)/>
                <Stat label="Not confirmed yet" value=number(|shown| shown.pending)/>
                <Stat label="Mails that wait" value=number(|shown| shown.waiting)/>
                <Stat label="Given up" value=number(|shown| shown.dead)/>
            </Stats>
            {move || (dead.get() > 0).then(|| view! {
                <div class="body stack-sm">
                    <Note state="failed" title=format!("{} given up", format::counted(dead.get(), "mail was", "mails were"))>"The mail server refused them, or could not be reached for two days."</Note>
                    <div class="row"><ActionButton label="Try them again" class="sm" refused pending=Signal::derive(move || replaying.is_pending()) on_press=replay/></div>
                    <RefusalNote submission=replaying/>
                </div>
            })}
            <div class="toolbar">
                <SearchBox label="Search addresses" value=Signal::derive(move || search.get()) on_change=move |words: String| search.set(words)/>
            </div>
            <ul class="gates bare">
                {move || shown.with(|shown| shown.newest.iter().cloned().map(|one| line(one, refused, chosen, asking)).collect_view())}
            </ul>
            {move || shown.with(|shown| shown.newest.is_empty()).then(|| if search.with(String::is_empty) {
                view! { <Empty picture="bell" title="Nobody here" text="People subscribe on the status page, or through a link to it."/> }.into_any()
            } else {
                view! { <Empty picture="search" title="No such address" text="Nobody with these letters in the address subscribed."/> }.into_any()
            })}
        }
    };
    view! {
        <Panel title="Subscribers by mail" class="clip">
            {move || if mail.get() { people().into_any() } else { without_mail() }}
        </Panel>
        <Confirm
            open=asking title="Remove this subscriber?" label="Remove the subscriber" quiet="Keep it" danger=true
            submission=removing action=remove
        >
            <p>{move || chosen.with(|one| one.as_ref().map(|one| format!("{} gets no more mails, and the address is forgotten.", one.address)))}</p>
        </Confirm>
    }
    .into_any()
}

/// Nobody can be told by mail, so nothing of it is shown.
fn without_mail() -> AnyView {
    view! {
        <div class="body"><p>"Nobody can be told by mail yet: write the mail server as " <code>"[mail]"</code> " into the configuration, try it with " <code>"switchyard mail test ADDRESS"</code> ", and start Switchyard again."</p></div>
    }
    .into_any()
}

fn line(
    one: Subscriber,
    refused: Signal<Option<String>>,
    chosen: RwSignal<Option<Subscriber>>,
    asking: RwSignal<bool>,
) -> AnyView {
    let badge = match (&one.confirmed, &one.error) {
        (_, Some(_)) => state_badge(Tone::Failed, "Mail given up"),
        (Some(_), None) => state_badge(Tone::Done, "Told"),
        (None, None) => state_badge(Tone::Pending, "Not confirmed"),
    };
    let what = match (&one.organization, &one.link) {
        (Some(code), _) => format!("Only {code}"),
        (None, Some(link)) => format!("Through the link “{link}”"),
        (None, None) => "Through the public page".to_owned(),
    };
    let removed = one.clone();
    view! {
        <li>
            <span><b>{one.address}</b> " " {badge}</span>
            <span class="ev"><ActionButton label="Remove" class="sm" refused reason_elsewhere=true on_press=move || {
                chosen.set(Some(removed.clone()));
                asking.set(true);
            }/></span>
            <p>{what} ", since " {format::moment(&one.created)} {one.error.map(|error| format!(". {error}"))}</p>
        </li>
    }
    .into_any()
}
