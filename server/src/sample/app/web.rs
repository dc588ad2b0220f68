//! Routes of the application and what they read from a request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_http::csrf::CsrfLayer;

use super::settings::Mode;
use super::tenancy::{self, Refused};
use super::{App, data, health, pages};

/// The header and the cookie in which a request may name its organization; a query parameter
/// `organization` comes before both.
const HEADER: &str = "x-organization";
const COOKIE: &str = "organization";

pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(dashboard))
        .route("/communities", get(list).post(add_community))
        .route("/assessments", get(list))
        .route("/stakeholders", get(list))
        .route("/projects", get(list))
        .route("/policies", get(list))
        .route("/ocm", get(overview))
        .route("/health", get(health::page))
        .route("/health/", get(health::page))
        .fallback(nothing)
        .layer(CsrfLayer::new())
        .with_state(app)
}

/// What a request may ask for in its address.
#[derive(Debug, Deserialize)]
struct Asked {
    organization: Option<String>,
    page: Option<i64>,
}

impl Asked {
    fn page(&self) -> i64 {
        self.page.unwrap_or(1).max(1)
    }
}

async fn dashboard(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let pool = app.database.pool().await?;
        let context =
            tenancy::context(&app, &mut *pool.acquire().await?, wanted(&asked, &headers)).await?;
        let mut counts = Vec::new();
        for list in &data::LISTS {
            counts.push((list, data::count(&pool, list, context.filter()).await?));
        }
        Ok(pages::dashboard(&app.settings, &context, &counts))
    };
    finish(&app, &asked, answer.await)
}

async fn list(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    address: Uri,
) -> Response {
    let answer = async {
        let list = data::list(address.path()).ok_or(Refused::NoSuchPage)?;
        let pool = app.database.pool().await?;
        let context =
            tenancy::context(&app, &mut *pool.acquire().await?, wanted(&asked, &headers)).await?;
        let rows = data::rows(&pool, list, context.filter(), asked.page()).await?;
        let total = data::count(&pool, list, context.filter()).await?;
        Ok(pages::list(
            &app.settings,
            &context,
            list,
            &rows,
            total,
            asked.page(),
        ))
    };
    finish(&app, &asked, answer.await)
}

async fn overview(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    let answer = async {
        if app.settings.mode == Mode::Single {
            return Err(Refused::NoSuchPage);
        }
        let pool = app.database.pool().await?;
        let context = tenancy::context(&app, &mut *pool.acquire().await?, None).await?;
        let mut totals: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for list in &data::LISTS {
            let counted: Vec<(String, i64)> = sqlx::query_as(list.totals).fetch_all(&pool).await?;
            for (code, count) in counted {
                totals.entry(code).or_default().push(count);
            }
        }
        Ok(pages::overview(&app.settings, &context, &totals))
    };
    finish(&app, &asked, answer.await)
}

/// The form of a new community.
#[derive(Debug, Deserialize)]
struct NewCommunity {
    name: String,
    barangay: i64,
}

async fn add_community(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(new): Form<NewCommunity>,
) -> Response {
    let answer: Result<(), Refused> = async {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 255 {
            return Err(Refused::Input("a name has 1 to 255 characters"));
        }
        let pool = app.database.pool().await?;
        let mut tx = data::begin_write(&pool).await?;
        // in the transaction that writes: what was true before it may have changed meanwhile
        let context = tenancy::context(&app, &mut tx, wanted(&asked, &headers)).await?;
        let added = data::add_community(&mut tx, name, new.barangay, context.owner()).await;
        match added {
            Err(sqlx::Error::Database(error))
                if error.is_unique_violation() || error.is_foreign_key_violation() =>
            {
                return Err(Refused::Input(
                    "the barangay does not exist, or has a community of this name already",
                ));
            }
            other => other?,
        }
        // a foreign key that Django declares is checked only here
        tx.commit().await.map_err(|error| match &error {
            sqlx::Error::Database(database) if database.is_foreign_key_violation() => {
                Refused::Input("the barangay does not exist")
            }
            _ => Refused::Database(error),
        })?;
        Ok(())
    }
    .await;
    match answer {
        Ok(()) => Redirect::to("/communities").into_response(),
        Err(refused) => refuse(&app, &refused),
    }
}

async fn nothing(State(app): State<Arc<App>>) -> Response {
    refuse(&app, &Refused::NoSuchPage)
}

/// The code of the organization that a request names.
fn wanted<'a>(asked: &'a Asked, headers: &'a HeaderMap) -> Option<&'a str> {
    let cookie = || {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .map(|(_, value)| value)
    };
    asked
        .organization
        .as_deref()
        .or_else(|| headers.get(HEADER)?.to_str().ok())
        .or_else(cookie)
}

fn finish(app: &App, asked: &Asked, answer: Result<String, Refused>) -> Response {
    let page = match answer {
        Ok(page) => page,
        Err(refused) => return refuse(app, &refused),
    };
    let mut response = Html(page).into_response();
    // a choice in the address is kept for the pages that follow; its code was found in the
    // database, so it is safe in a header as far as it is one at all
    if let Some(code) = &asked.organization
        && let Ok(cookie) =
            HeaderValue::from_str(&format!("{COOKIE}={code}; Path=/; SameSite=Lax; HttpOnly"))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn refuse(app: &App, refused: &Refused) -> Response {
    let status = refused.status();
    if status.is_server_error() {
        app.errors.fetch_add(1, Ordering::Relaxed);
        tracing::error!(error = %refused, "a page could not be served");
    }
    (status, Html(pages::refusal(status, &refused.to_string()))).into_response()
}
