//! Asks an application over HTTP how it is, which mode it runs in, and whether its pages render: with limits on time and
//! size, without following redirects and without any proxy. It must not decide what a bad answer means.

use std::time::{Duration, Instant};

use serde_json::Value;

/// Largest answer that is read.
const LARGEST_BYTES: u64 = 2 * 1024 * 1024;

/// What an application said about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Health {
    /// Whether it answered well: HTTP 200 and a status that means so.
    pub healthy: bool,
    /// Its own word, such as `ok`, or the HTTP status.
    pub status: String,
    /// Time to answer in milliseconds.
    pub response_ms: u64,
    /// Mode that it says it runs in.
    pub mode: Option<String>,
    /// Release that it says it is.
    pub release: Option<String>,
    /// Whether it reaches its database.
    pub database_ok: Option<bool>,
    /// Name of the database that it says it uses.
    pub database: Option<String>,
    /// Code of the default organization that it works with.
    pub default_organization: Option<String>,
    /// Whether it sets an organization for each request.
    pub organization_context: Option<String>,
    /// When it was started, as it says.
    pub started: Option<String>,
    /// Errors that it counted since it was started.
    pub errors: Option<u64>,
    /// Connections to its database that it says it has.
    pub connections: Option<u64>,
    /// Time to answer its own users in milliseconds, as it measures it.
    pub own_response_ms: Option<u64>,
}

impl Health {
    /// Whether it answered well.
    pub fn is_well(&self) -> bool {
        self.healthy
    }
}

/// One page of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Time until the last byte in milliseconds.
    pub took_ms: u64,
    /// Bytes of the body.
    pub bytes: usize,
}

/// Why there was no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{url} did not answer: {why}")]
pub struct NoAnswer {
    /// The address, without credentials.
    pub url: String,
    /// Why.
    pub why: String,
}

impl NoAnswer {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        "Check that the application runs and that its address in the configuration of the system is right."
    }
}

/// Asks the health page. An answer that is not JSON still tells whether the application is up.
pub async fn ask(url: &str, limit: Duration) -> Result<Health, NoAnswer> {
    let (status, body, took) = get(url, limit).await?;
    Ok(read(status, &body, took))
}

/// Fetches a page.
pub async fn page(url: &str, limit: Duration) -> Result<Page, NoAnswer> {
    let (status, body, took) = get(url, limit).await?;
    Ok(Page {
        status,
        took_ms: milliseconds(took),
        bytes: body.len(),
    })
}

/// Joins the address of an application and a path below it.
pub fn address(application: &str, path: &str) -> String {
    format!(
        "{}/{}",
        application.trim_end_matches('/'),
        path.trim_start_matches('/')
    )
}

async fn get(url: &str, limit: Duration) -> Result<(u16, Vec<u8>, Duration), NoAnswer> {
    let address = url.to_owned();
    let answered = tokio::task::spawn_blocking(move || fetch(&address, limit)).await;
    match answered {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(NoAnswer {
            url: without_credentials(url),
            why: error.to_string(),
        }),
        Err(_) => Err(NoAnswer {
            url: without_credentials(url),
            why: "the request was interrupted".into(),
        }),
    }
}

fn fetch(url: &str, limit: Duration) -> Result<(u16, Vec<u8>, Duration), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("switchyard")
        .build()
        .into();
    let began = Instant::now();
    let mut answer = agent.get(url).call()?;
    let status = answer.status().as_u16();
    let body = answer
        .body_mut()
        .with_config()
        .limit(LARGEST_BYTES)
        .read_to_vec()?;
    Ok((status, body, began.elapsed()))
}

fn read(status: u16, body: &[u8], took: Duration) -> Health {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| said(&json, name))
            .filter(|text| !text.is_empty())
    };
    let word = text(&["status"]);
    let well = word.as_deref().is_none_or(|word| {
        ["ok", "healthy", "up", "pass", "running"].contains(&word.to_lowercase().as_str())
    });
    let database = json.get("database");
    Health {
        healthy: status == 200 && well,
        status: word.unwrap_or_else(|| format!("HTTP {status}")),
        response_ms: milliseconds(took),
        mode: text(&["mode", "BMMS_MODE"]),
        release: text(&["release", "version"]),
        database_ok: database.and_then(|database| match database {
            Value::Bool(ok) => Some(*ok),
            Value::String(word) => Some(word.eq_ignore_ascii_case("ok")),
            other => other.get("ok").and_then(Value::as_bool),
        }),
        database: database
            .and_then(|database| said(database, "name").or_else(|| said(database, "path"))),
        default_organization: text(&["default_organization", "default_organization_code"]),
        organization_context: text(&["organization_context"]),
        started: text(&["started_at", "started"]),
        errors: json.get("errors").and_then(Value::as_u64),
        // applications write it as 12 or as 12.5
        own_response_ms: json
            .get("response_time_ms")
            .and_then(Value::as_f64)
            .filter(|ms| *ms >= 0.0)
            .map(|ms| ms.round() as u64),
        connections: database
            .and_then(|database| database.get("connections"))
            .and_then(Value::as_u64),
    }
}

fn said(json: &Value, name: &str) -> Option<String> {
    match json.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(2);

    /// Answers one request with these bytes, then closes.
    async fn answering(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        format!("http://{address}/health")
    }

    fn answer(status: &str, body: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn a_detailed_health_page_is_understood() {
        let url = answering(answer(
            "200 OK",
            r#"{"status":"ok","mode":"bmms","version":"2.1","database":{"ok":true,"name":"db.sqlite3"},"organization_context":"OOBC"}"#,
        ))
        .await;
        let health = ask(&url, LIMIT).await.unwrap();
        assert!(health.healthy);
        assert_eq!(health.mode.as_deref(), Some("bmms"));
        assert_eq!(health.release.as_deref(), Some("2.1"));
        assert_eq!(health.database_ok, Some(true));
        assert_eq!(health.organization_context.as_deref(), Some("OOBC"));
    }

    #[tokio::test]
    async fn an_unwell_application_is_not_healthy() {
        for (status, body) in [
            ("503 Service Unavailable", r#"{"status":"ok"}"#),
            ("200 OK", r#"{"status":"degraded"}"#),
            ("302 Found", ""),
        ] {
            let url = answering(answer(status, body)).await;
            assert!(!ask(&url, LIMIT).await.unwrap().healthy, "{status} {body}");
        }
    }

    #[tokio::test]
    async fn an_application_that_hangs_costs_only_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        let began = Instant::now();
        assert!(ask(&url, Duration::from_millis(300)).await.is_err());
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn no_answer_names_the_address_without_its_password() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = ask(&format!("http://me:hunter2@{address}/h"), LIMIT)
            .await
            .unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(error.to_string().contains(&address.to_string()));
    }

    #[test]
    fn paths_are_joined_with_one_slash() {
        assert_eq!(
            address("http://a:8/", "/communities"),
            "http://a:8/communities"
        );
        assert_eq!(address("http://a:8", "ocm"), "http://a:8/ocm");
    }
}
