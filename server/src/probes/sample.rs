//! One sample of an application: its health page, its views, and a question to its database, each with a time limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use shared::health::Outcome;

use super::each::{self, Finding};
use crate::health::{self, Health};
use crate::moment::Moment;
use crate::store::health::Sample;
use crate::systems::System;

/// Views that are asked for at the same time.
const VIEWS_AT_ONCE: usize = 4;

/// A sample, and what each probe of it found.
pub(super) struct Taken {
    pub(super) sample: Sample,
    pub(super) health: Option<Health>,
    pub(super) findings: Vec<Finding>,
}

/// Takes it. `before` is what the application said in the sample before.
pub(super) async fn take(system: &Arc<System>, before: Option<&Health>, at: Moment) -> Taken {
    let config = &system.config.probes;
    let limit = config.timeout();
    let answered = match &system.config.health_url {
        Some(url) => health::ask(url.as_str(), limit).await.ok(),
        None => None,
    };
    let errors = answered.as_ref().map(|now| new_errors(before, now));
    let mut findings = vec![health_address(answered.as_ref(), limit)];
    if let Some(most) = config.most_errors {
        findings.push(new_error_finding(errors, most));
    }
    // a page of an application that is not well says nothing about the page
    let asked = findings.iter().all(|finding| finding.good == Some(true));
    findings.extend(views(system, limit, asked).await);
    let why = findings
        .iter()
        .find(|finding| finding.good == Some(false))
        .map(|finding| finding.said.clone());
    let database_ms = database(system, limit).await;
    findings.push(Finding {
        title: each::DATABASE.into(),
        // whether the application works is what its own answers say: this one makes no sample bad
        good: Some(database_ms.is_some()),
        said: match database_ms {
            Some(took) => format!("Answered in {took} ms"),
            None => format!("No answer within {} s", limit.as_secs()),
        },
    });
    let response_ms = answered.as_ref().map(|health| whole(health.response_ms));
    // a health page that answers at once may say that the other pages do not
    let own_ms = answered
        .as_ref()
        .and_then(|health| health.own_response_ms)
        .map(whole);
    let slow = response_ms
        .max(own_ms)
        .is_some_and(|took| took > config.slow_ms);
    let outcome = match (&why, slow) {
        (Some(_), _) => Outcome::Bad,
        (None, true) => Outcome::Slow,
        (None, false) => Outcome::Good,
    };
    let sample = Sample {
        at,
        outcome,
        response_ms,
        database_ms,
        errors,
        connections: answered
            .as_ref()
            .and_then(|health| health.connections)
            .map(whole),
        why,
    };
    Taken {
        sample,
        health: answered,
        findings,
    }
}

fn health_address(answered: Option<&Health>, limit: Duration) -> Finding {
    let (good, said) = match answered {
        None => (false, format!("No answer within {} s", limit.as_secs())),
        Some(health) if !health.is_well() => {
            (false, format!("It said “{}”", short(&health.status)))
        }
        Some(health) => {
            let connections = health.connections.map_or_else(String::new, |count| {
                format!(", {count} database connections")
            });
            let own = health
                .own_response_ms
                .map_or_else(String::new, |ms| format!(", {ms} ms by its own clock"));
            let said = format!(
                "It said “{}” in {} ms{own}{connections}",
                short(&health.status),
                health.response_ms
            );
            (true, said)
        }
    };
    Finding {
        title: each::HEALTH_ADDRESS.into(),
        good: Some(good),
        said,
    }
}

fn new_error_finding(errors: Option<u32>, most: u32) -> Finding {
    let (good, said) = match errors {
        Some(errors) if errors > most => (
            Some(false),
            format!("{errors} new errors, at most {most} are accepted"),
        ),
        Some(errors) => (Some(true), format!("{errors} new errors, at most {most}")),
        None => (None, each::NOT_ASKED.into()),
    };
    Finding {
        title: each::NEW_ERRORS.into(),
        good,
        said,
    }
}

/// Errors that the application counted since the sample before. A counter that fell began anew with the process.
fn new_errors(before: Option<&Health>, now: &Health) -> u32 {
    let count = now.errors.unwrap_or(0);
    match before.and_then(|before| before.errors) {
        Some(earlier) if count >= earlier => whole(count - earlier),
        Some(_) => whole(count),
        // what happened before the first look is nothing new
        None => 0,
    }
}

/// Every view of the configuration, a few at a time so that a sample ends before the next is due.
async fn views(system: &System, limit: Duration, asked: bool) -> Vec<Finding> {
    let Some(application) = system.config.application_url.as_ref() else {
        return Vec::new();
    };
    // a list, not an iterator: a closure that lives across an await keeps the future from being sent to a task
    let looks: Vec<_> = (system.config.probes.views.iter())
        .map(|view| {
            let address = health::address(application.as_str(), view);
            look(view.clone(), asked.then_some(address), limit)
        })
        .collect();
    futures_util::stream::iter(looks)
        .buffered(VIEWS_AT_ONCE)
        .collect()
        .await
}

async fn look(view: String, address: Option<String>, limit: Duration) -> Finding {
    let (good, said) = match address {
        None => (None, each::NOT_ASKED.to_owned()),
        Some(address) => match health::page(&address, limit).await {
            Ok(page) if page.status == 200 => {
                (Some(true), format!("HTTP 200 in {} ms", page.took_ms))
            }
            Ok(page) => (Some(false), format!("{view} answered HTTP {}", page.status)),
            Err(_) => (
                Some(false),
                format!("{view} did not answer within {} s", limit.as_secs()),
            ),
        },
    };
    Finding {
        title: view,
        good,
        said,
    }
}

/// Time to open the target and ask it something that reads no table.
async fn database(system: &System, limit: Duration) -> Option<u32> {
    let began = Instant::now();
    let ask = async {
        let mut db = system.reader().await.ok()?;
        let answer = db.count("SELECT 1").await.ok();
        db.close().await;
        answer
    };
    tokio::time::timeout(limit, ask).await.ok()??;
    Some(whole(
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    ))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn whole(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(errors: u64) -> Health {
        Health {
            errors: Some(errors),
            ..Health::default()
        }
    }

    #[test]
    fn errors_are_counted_from_one_sample_to_the_next_and_across_a_restart() {
        assert_eq!(new_errors(Some(&saying(4)), &saying(7)), 3);
        assert_eq!(new_errors(Some(&saying(4)), &saying(1)), 1);
        assert_eq!(new_errors(None, &saying(9)), 0);
    }
}
