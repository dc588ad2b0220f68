//! One sample of an application: its health page, its views, and a question to its database, each with a time limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::health::Outcome;

use crate::health::{self, Health};
use crate::moment::Moment;
use crate::store::health::Sample;
use crate::systems::System;

/// Takes it. `before` is what the application said in the sample before.
pub(super) async fn take(
    system: &Arc<System>,
    before: Option<&Health>,
    at: Moment,
) -> (Sample, Option<Health>) {
    let config = &system.config.probes;
    let limit = config.timeout();
    let answered = match &system.config.health_url {
        Some(url) => health::ask(url.as_str(), limit).await.ok(),
        None => None,
    };
    let errors = answered.as_ref().map(|now| new_errors(before, now));
    let mut why = match &answered {
        None => Some(format!("No answer within {} s", limit.as_secs())),
        Some(health) if !health.is_well() => Some(format!("It said “{}”", short(&health.status))),
        Some(_) => None,
    };
    if why.is_none()
        && let (Some(most), Some(errors)) = (config.most_errors, errors)
        && errors > most
    {
        why = Some(format!("{errors} new errors, at most {most} are accepted"));
    }
    if why.is_none() {
        why = broken_view(system, limit).await;
    }
    let response_ms = answered.as_ref().map(|health| whole(health.response_ms));
    let slow = response_ms.is_some_and(|took| took > config.slow_ms);
    let outcome = match (&why, slow) {
        (Some(_), _) => Outcome::Bad,
        (None, true) => Outcome::Slow,
        (None, false) => Outcome::Good,
    };
    let sample = Sample {
        at,
        outcome,
        response_ms,
        database_ms: database(system, limit).await,
        errors,
        connections: answered
            .as_ref()
            .and_then(|health| health.connections)
            .map(whole),
        why,
    };
    (sample, answered)
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

async fn broken_view(system: &System, limit: Duration) -> Option<String> {
    let application = system.config.application_url.as_ref()?;
    for view in &system.config.probes.views {
        let address = health::address(application.as_str(), view);
        match health::page(&address, limit).await {
            Ok(page) if page.status == 200 => {}
            Ok(page) => return Some(format!("{view} answered HTTP {}", page.status)),
            Err(_) => {
                return Some(format!(
                    "{view} did not answer within {} s",
                    limit.as_secs()
                ));
            }
        }
    }
    None
}

/// Time to open the target and ask it something that reads no table. A target that does not answer makes no sample
/// bad: whether the application works is what its own answers say.
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
