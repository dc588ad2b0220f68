//! Subscribing, confirming and unsubscribing: plain forms for people without an account, script or cookie. Opening an
//! address changes nothing, because programs that check mails open every link; pressing the button does.
//!
//! Whoever comes here is nobody to us, so commands of other sites are not refused: a mail program unsubscribes people
//! (RFC 8058).

use axum::Form;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::ClientAddress;
use super::extract::PublicPath;
use super::problem::{OnPage, PageAnswer};
use super::status::{POLICY, moved, nothing_here, typed_in_capitals};
use crate::refusal::{Kind, Refusal as _};
use crate::state::AppState;
use crate::status::{self, links};
use crate::store::status_links::LinkRow;
use crate::subscribers::{self, SubscribeError};

/// Largest form in bytes.
const LARGEST: usize = 8 * 1024;

/// Routes of this area. They stand outside of `/api`.
pub(super) fn pages() -> axum::Router<AppState> {
    axum::Router::new()
        .route("/status/{slug}/subscribe", get(to_page).post(on_page))
        .route("/s/{token}/subscribe", get(to_link).post(on_link))
        .route(
            "/subscription/confirm/{token}",
            get(ask_confirm).post(confirm),
        )
        .route("/subscription/stop/{token}", get(ask_stop).post(stop))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// The form.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    address: String,
    /// A field that people do not see: whoever fills it in is a program.
    #[serde(default)]
    website: String,
}

/// A form that was sent. What cannot be read is answered with a page: who reads the answer is a person.
struct Sent<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match Form::from_request(request, state).await {
            Ok(Form(sent)) => Ok(Self(sent)),
            Err(rejection) => Err(failed(
                rejection.status(),
                "What was sent is not the form of this page.",
            )),
        }
    }
}

async fn to_page(PublicPath(slug): PublicPath<String>) -> Redirect {
    Redirect::to(&format!("/status/{}#subscribe", percent(&slug)))
}

async fn to_link(PublicPath(token): PublicPath<String>) -> Redirect {
    Redirect::to(&format!("/s/{}#subscribe", percent(&token)))
}

fn percent(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn on_page(
    client: ClientAddress,
    State(state): State<AppState>,
    PublicPath(slug): PublicPath<String>,
    Sent(wanted): Sent<Wanted>,
) -> PageAnswer {
    if let Some(lower) = typed_in_capitals(&state, &slug) {
        return Ok(moved(format!("/status/{lower}/subscribe")));
    }
    let Some(system) = status::public_system(&state, &slug).cloned() else {
        return Ok(nothing_here());
    };
    subscribe(&state, &system, None, &wanted, &client).await
}

async fn on_link(
    client: ClientAddress,
    State(state): State<AppState>,
    PublicPath(token): PublicPath<String>,
    Sent(wanted): Sent<Wanted>,
) -> PageAnswer {
    let Some(row) = links::open(&state, &token).await? else {
        return Ok(nothing_here());
    };
    let Ok(system) = state.systems.get(&row.system) else {
        return Ok(nothing_here());
    };
    subscribe(&state, &system, Some(&row), &wanted, &client).await
}

async fn subscribe(
    state: &AppState,
    system: &std::sync::Arc<crate::systems::System>,
    through: Option<&LinkRow>,
    wanted: &Wanted,
    ClientAddress(client): &ClientAddress,
) -> PageAnswer {
    let asked = if wanted.website.is_empty() {
        subscribers::subscribe(state, system, through, &wanted.address, client).await
    } else {
        Ok(())
    };
    match asked {
        Ok(()) => Ok(page(
            StatusCode::OK,
            "Look into your mail",
            html! {
                p { "If the address can be told, a mail is on its way to it. Open the link in it within two days: then you are told what happens to " (system.config.title) "." }
                p { "Nothing came? Look where your mail program puts what it takes for advertising." }
            },
        )),
        Err(SubscribeError::NoMail) => Ok(nothing_here()),
        Err(error) => Ok(refused(error)),
    }
}

/// What a person can do something about is said; all else is said in general.
fn refused(error: SubscribeError) -> Response {
    let status = match error.kind() {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => return OnPage::from(error).into_response(),
    };
    let said = error.fields().into_iter().next().map_or_else(
        || format!("{error} {}", error.remedy().unwrap_or_default()),
        |field| field.message,
    );
    let mut response = failed(status, &said);
    if let Kind::Throttled(after) = error.kind() {
        let seconds = after.as_millis().div_ceil(1000).max(1) as u64;
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn failed(status: StatusCode, said: &str) -> Response {
    page(
        status,
        "That did not work",
        html! { p { (said) } p { "Go back to the page that you came from and try again." } },
    )
}

async fn ask_confirm(
    State(state): State<AppState>,
    PublicPath(token): PublicPath<String>,
) -> PageAnswer {
    Ok(match subscribers::asked(&state, &token).await? {
        None => gone(),
        Some(known) => page(
            StatusCode::OK,
            "Confirm your address",
            html! {
                p { "You asked to be told by mail what happens to " (title(&state, &known.system)) "." }
                (button("Yes, tell me"))
            },
        ),
    })
}

async fn confirm(
    State(state): State<AppState>,
    PublicPath(token): PublicPath<String>,
) -> PageAnswer {
    Ok(if subscribers::confirm(&state, &token).await? {
        page(
            StatusCode::OK,
            "You will be told",
            html! { p { "Every mail has a link with which you can stop it." } },
        )
    } else {
        gone()
    })
}

async fn ask_stop(
    State(state): State<AppState>,
    PublicPath(token): PublicPath<String>,
) -> PageAnswer {
    Ok(match subscribers::told(&state, &token).await? {
        None => stopped(),
        Some(known) => page(
            StatusCode::OK,
            "Stop these mails",
            html! {
                p { "You will not be told any more what happens to " (title(&state, &known.system)) ", and your address is forgotten." }
                (button("Stop"))
            },
        ),
    })
}

async fn stop(State(state): State<AppState>, PublicPath(token): PublicPath<String>) -> PageAnswer {
    // a made-up token gets the same answer: there is nothing to learn here
    subscribers::stop(&state, &token).await?;
    Ok(stopped())
}

fn stopped() -> Response {
    page(
        StatusCode::OK,
        "You get no more mails",
        html! { p { "Your address is not kept any more." } },
    )
}

fn gone() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "This link is not good any more",
        html! { p { "It is older than two days, or not whole. Subscribe again to get a new one." } },
    )
}

/// A form without fields: pressing it is what is meant.
fn button(words: &str) -> Markup {
    html! { form method="post" { button.btn.primary type="submit" { (words) } } }
}

fn title(state: &AppState, slug: &str) -> String {
    state
        .systems
        .get(slug)
        .map_or_else(|_| slug.to_owned(), |system| system.config.title.clone())
}

fn page(status: StatusCode, title: &str, body: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (status, headers, status::notice(title, body)).into_response()
}
