//! Users and roles: who may sign in, what each may do, invitations with a one-time link.

mod actions;
mod invite;
mod roles;

use leptos::prelude::*;
use shared::account::{Account, InvitedAccount, Role};
use shared::event::Topic;
use shared::system::Tone;

use self::actions::AccountMenu;
use self::invite::{Invite, OneTimeLink};
use self::roles::RolesTable;
use crate::api;
use crate::components::{ActionButton, Note, PageHead, SearchBox, Segment, state_badge};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::session::{self, role_word};

/// The page; only administrators read the accounts.
#[component]
pub fn UsersPage() -> impl IntoView {
    let session = session::current();
    let allowed = Memo::new(move |_| session.may(Role::Administrator));
    move || {
        if allowed.get() {
            view! { <Accounts /> }.into_any()
        } else {
            view! {
                <PageHead title="Users and roles" />
                <Note state="info" picture="lock" title="Only an administrator sees and changes the users">
                    "An administrator can change your role. Your own password and sessions are under "
                    <a href="/account">"your account"</a>
                    "."
                </Note>
                <RolesTable />
            }
            .into_any()
        }
    }
}

#[component]
fn Accounts() -> impl IntoView {
    let inviting = RwSignal::new(false);
    let link = RwSignal::new(None::<InvitedAccount>);
    let accounts = load(&[Topic::Accounts], api::accounts);
    let sub = move || {
        accounts.with(|accounts| match accounts {
            Some(accounts) => format!(
                "{}. Nobody can both ask for and approve the same thing.",
                format::counted(accounts.len() as u64, "person", "people")
            ),
            None => "Nobody can both ask for and approve the same thing.".to_owned(),
        })
    };
    view! {
        <PageHead title="Users and roles" sub=Signal::derive(sub)>
            <ActionButton class="primary" picture="plus" label="Invite a person" on_press=move || inviting.set(true) />
        </PageHead>
        {accounts.view("users", move |accounts| view! { <List accounts=accounts link=link /> }.into_any())}
        <RolesTable />
        <Invite open=inviting link=link />
        <OneTimeLink link=link />
    }
    .into_any()
}

#[component]
fn List(accounts: Memo<Vec<Account>>, link: RwSignal<Option<InvitedAccount>>) -> impl IntoView {
    let location = location::current();
    let search = location.query("q");
    let role = location.query("role");
    let chosen = Memo::new(move |_| role.get().unwrap_or_default());
    let of_role = move |role: Role| {
        accounts.with(|accounts| accounts.iter().filter(|one| one.role == role).count() as u64)
    };
    let options = Signal::derive(move || {
        let mut options = vec![(
            String::new(),
            "All".to_owned(),
            Some(accounts.with(Vec::len) as u64),
        )];
        options.extend(
            [Role::Administrator, Role::Operator, Role::Viewer]
                .into_iter()
                .map(|role| {
                    (
                        role_word(role).to_lowercase(),
                        role_word(role).to_owned(),
                        Some(of_role(role)),
                    )
                }),
        );
        options
    });
    let shown = Memo::new(move |_| {
        let needle = search.get().unwrap_or_default().trim().to_lowercase();
        accounts.with(|accounts| {
            accounts
                .iter()
                .filter(|one| {
                    chosen.with(|chosen| {
                        chosen.is_empty() || role_word(one.role).to_lowercase() == *chosen
                    })
                })
                .filter(|one| {
                    needle.is_empty()
                        || one.name.to_lowercase().contains(&needle)
                        || one.username.to_lowercase().contains(&needle)
                })
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let administrators = Memo::new(move |_| {
        accounts.with(|accounts| {
            accounts
                .iter()
                .filter(|one| one.role == Role::Administrator && !one.disabled && !one.invited)
                .count()
        })
    });
    view! {
        <section class="panel clip" aria-labelledby="people-heading">
            <div class="toolbar">
                <h2 id="people-heading" class="vh">
                    "People"
                </h2>
                <SearchBox
                    label="Search people"
                    value=Signal::derive(move || search.get().unwrap_or_default())
                    on_change=move |words: String| location.set_query(&[("q", words.as_str())])
                />
                <Segment
                    label="Role"
                    options=options
                    chosen=Signal::derive(move || chosen.get())
                    on_choose=move |value: String| location.set_query(&[("role", value.as_str())])
                />
            </div>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="people-heading">
                <table class="t rows mid tight">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Last sign-in"</th>
                            <th scope="col">"Since"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">
                                <span class="vh">"Actions"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || shown.get() key=|one| (one.id.clone(), one.version, one.invited, one.last_signed_in.clone()) let:account>
                            {line(account, administrators, link)}
                        </For>
                    </tbody>
                </table>
            </div>
            <footer>{move || format!("{} of {} shown", shown.with(Vec::len), accounts.with(Vec::len))}</footer>
        </section>
    }
    .into_any()
}

fn line(
    account: Account,
    administrators: Memo<usize>,
    link: RwSignal<Option<InvitedAccount>>,
) -> AnyView {
    let badge = match (account.disabled, account.invited) {
        (true, _) => state_badge(Tone::Paused, "Disabled"),
        (false, true) => state_badge(Tone::Pending, "Invited"),
        (false, false) => state_badge(Tone::Done, "Active"),
    };
    let seen = account
        .last_signed_in
        .as_deref()
        .map_or_else(|| "Never".to_owned(), format::moment);
    view! {
        <tr>
            <th scope="row">
                <span class="row nowrap">
                    <span class="tile round plain" aria-hidden="true">
                        {format::initials(&account.name)}
                    </span>
                    <span>
                        {account.name.clone()} <small class="mono">{account.username.clone()}</small>
                    </span>
                </span>
            </th>
            <td>{role_word(account.role)}</td>
            <td class="nowrap">{seen}</td>
            <td class="nowrap">{format::day(&account.created)}</td>
            <td>{badge}</td>
            <td class="r">
                <AccountMenu account=account administrators=administrators link=link />
            </td>
        </tr>
    }
    .into_any()
}
