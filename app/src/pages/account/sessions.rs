//! The browsers in which one is signed in, and signing them out.

use leptos::prelude::*;
use shared::account::SessionView;
use shared::event::Topic;

use crate::api;
use crate::components::{PlainTable, RefusalNote, announce, state_badge};
use crate::format;
use crate::loader::{Loaded, load};
use crate::submission::Submission;
use shared::system::Tone;

/// The list of sessions.
#[component]
pub fn Sessions() -> impl IntoView {
    let sessions = load(&[Topic::Accounts], api::sessions);
    sessions.view("sessions", move |list| {
        view! { <List list=list loaded=sessions /> }.into_any()
    })
}

#[component]
fn List(list: Memo<Vec<SessionView>>, loaded: Loaded<Vec<SessionView>>) -> impl IntoView {
    let submission = Submission::new();
    let end = move |id: String| {
        submission.run(async move { api::end_session(&id).await }, move |()| {
            announce("Signed out there");
            loaded.reload();
        });
    };
    let end_others = move |_| {
        submission.run(async { api::end_other_sessions().await }, move |()| {
            announce("Signed out everywhere else");
            loaded.reload();
        });
    };
    let line = move |session: SessionView| {
        let id = session.id.clone();
        let browser = browser(&session.agent);
        let named = browser.clone();
        view! {
            <tr>
                <th scope="row">
                    {browser} <small>{format!("{}, signed in {}", session.address, format::moment(&session.created))}</small>
                </th>
                <td class="nowrap">
                    {if session.current { state_badge(Tone::Done, "This browser") } else { view! { {format!("Seen {}", format::moment(&session.seen))} }.into_any() }}
                </td>
                <td class="r">
                    {(!session.current)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm" aria-label=format!("Sign out {named}") on:click=move |_| end(id.clone())>
                                    "Sign out"
                                </button>
                            }
                        })}
                </td>
            </tr>
        }
    };
    let others = move || list.with(|list| list.iter().filter(|one| !one.current).count());
    view! {
        <section class="panel clip" aria-labelledby="sessions-heading">
            <header>
                <h2 id="sessions-heading">"Signed-in browsers"</h2>
                {move || {
                    (others() > 0)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm push" on:click=end_others>
                                    {format!("Sign out the other {}", others())}
                                </button>
                            }
                        })
                }}
            </header>
            <PlainTable heading="sessions-heading" heads=&["Browser", "Last seen", "Actions"]>
                {move || list.get().into_iter().map(line).collect_view()}
            </PlainTable>
            <RefusalNote submission=submission/>
        </section>
    }
    .into_any()
}

/// Browser and system of a user agent in a few words; what cannot be told stays as it is.
fn browser(agent: &str) -> String {
    let first = |choices: &[(&str, &'static str)]| {
        choices
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    // The order counts: Edge and Chrome name Safari, Edge names Chrome.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_names_others_is_told_by_its_own_mark() {
        assert_eq!(
            browser(
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0"
            ),
            "Edge on Windows"
        );
        assert_eq!(
            browser("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/132.0"),
            "Firefox on Linux"
        );
        assert_eq!(browser("curl/8.5.0"), "curl/8.5.0");
    }
}
