//! What the application said about itself a moment ago, for pages that must not wait for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{ASK_LIMIT, System};
use crate::health::{self, Health};

/// An answer older than this is asked for again behind the page that shows it.
const YOUNG: Duration = Duration::from_secs(1);
/// For an answer older than this the page waits.
const OLD: Duration = Duration::from_secs(15);

/// The last answer; no answer is one too.
#[derive(Debug, Default)]
pub struct Asked(Mutex<Option<(Instant, Option<Health>)>>);

impl System {
    /// What the application says about itself now; none without an address or an answer.
    pub async fn health(&self) -> Option<Health> {
        let url = self.config.health_url.as_ref()?;
        let health = health::ask(url.as_str(), ASK_LIMIT).await.ok();
        let mut last = self.asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), health.clone()));
        health
    }

    /// What it said some seconds ago at most, without waiting where somebody asked lately.
    pub async fn recent_health(self: &Arc<Self>) -> Option<Health> {
        let last = {
            let last = self.asked.0.lock().unwrap_or_else(PoisonError::into_inner);
            last.clone()
        };
        let Some((at, health)) = last.filter(|(at, _)| at.elapsed() < OLD) else {
            return self.health().await;
        };
        if at.elapsed() > YOUNG
            && let Some(busy) = self.claim("asking the application")
        {
            let system = self.clone();
            tokio::spawn(async move {
                let _busy = busy;
                system.health().await
            });
        }
        health
    }
}
