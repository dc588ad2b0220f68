//! Rights as extractors: a handler that takes `Operator` cannot run for a viewer. What a role may not do is refused
//! here and written into the audit log.

use std::net::SocketAddr;
use std::ops::Deref;

use axum::extract::{ConnectInfo, FromRequestParts, OriginalUri};
use axum::http::request::Parts;

use super::cookie;
use super::problem::Problem;
use crate::accounts::{Actor, Administrator, Denied, Fresh, Operator, Proof, Viewer, sessions};
use crate::audit::{self, Entry};
use crate::state::AppState;

/// Address that a request came from.
#[derive(Debug, Clone)]
pub struct ClientAddress(pub String);

impl ClientAddress {
    /// From the connection, or behind a proxy from the last hop that the proxy wrote.
    pub(super) fn of(parts: &Parts, state: &AppState) -> Self {
        let forwarded = || {
            parts
                .headers
                .get_all("x-forwarded-for")
                .iter()
                .next_back()?
                .to_str()
                .ok()?
                .rsplit(',')
                .next()
                .map(|hop| hop.trim().to_owned())
                .filter(|hop| hop.parse::<std::net::IpAddr>().is_ok())
        };
        let connected = || {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(address)| address.ip().to_string())
        };
        let address = if state.config.behind_proxy {
            forwarded().or_else(connected)
        } else {
            connected()
        };
        Self(address.unwrap_or_else(|| "unknown".into()))
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, state))
    }
}

/// The person who is asking, if any.
pub(super) async fn actor(parts: &Parts, state: &AppState) -> Result<Option<Actor>, Problem> {
    let Some(token) = cookie::token(&parts.headers, &state.config) else {
        return Ok(None);
    };
    let address = ClientAddress::of(parts, state).0;
    let limits = &state.config.sessions;
    Ok(sessions::actor(&state.store, &state.clock, limits, token, address).await?)
}

async fn proof<P: Proof>(parts: &Parts, state: &AppState) -> Result<P, Problem> {
    let actor = actor(parts, state).await?.ok_or(Denied::NotSignedIn)?;
    match P::of(actor.clone()) {
        Ok(proof) => Ok(proof),
        Err(denied) => {
            if matches!(denied, Denied::Role { .. }) {
                state.metrics.refused();
                // the routers in between cut off what they matched
                let uri = parts
                    .extensions
                    .get::<OriginalUri>()
                    .map_or(&parts.uri, |original| &original.0);
                let request = format!("{} {}", parts.method, uri.path());
                let mut entry =
                    Entry::by(&actor, "access.refused", request, denied.to_string()).refused();
                if let Some(system) = system_of(uri.path()) {
                    entry = entry.on(system);
                }
                audit::record(&state.store, state.clock.now(), entry).await?;
            }
            Err(denied.into())
        }
    }
}

fn system_of(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip_while(|segment| *segment != "systems");
    segments.nth(1).filter(|slug| !slug.is_empty())
}

macro_rules! extract_proof {
    ($($name:ident),*) => {$(
        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(
                parts: &mut Parts,
                state: &AppState,
            ) -> Result<Self, Problem> {
                proof(parts, state).await
            }
        }
    )*};
}

extract_proof!(Viewer, Operator, Administrator);

impl<P: Proof + Deref<Target = Actor> + Send> FromRequestParts<AppState> for Fresh<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        proof(parts, state).await
    }
}

#[cfg(test)]
mod tests {
    use super::system_of;

    #[test]
    fn a_refusal_is_filed_under_the_system_of_its_address() {
        assert_eq!(system_of("/systems/obcms/runs"), Some("obcms"));
        assert_eq!(system_of("/systems"), None);
        assert_eq!(system_of("/accounts"), None);
    }
}
