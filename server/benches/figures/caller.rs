//! The engine's caller in a measurement: every fact holds, nothing lies outside of the target, and nobody listens.

use server::engine::executor::{
    Boundary, Control, Event, FactAnswer, Outside, OutsideError, Overriding, Probed, Signal,
};
use server::engine::gate::CallerFact;

/// Answers at once, so that only the engine's own work is measured.
pub struct Caller;

#[async_trait::async_trait]
impl Control for Caller {
    async fn between(&self, _boundary: &Boundary<'_>) -> Signal {
        Signal::Continue
    }

    fn report(&self, _event: &Event) {}

    fn owner(&self) -> String {
        "figures".to_owned()
    }

    async fn fact(&self, _fact: CallerFact) -> FactAnswer {
        FactAnswer {
            holds: true,
            evidence: "The original stands beside the copy that is measured.".to_owned(),
            remedy: String::new(),
        }
    }

    async fn overridden(&self, _step: &str, _gate: &str) -> Option<Overriding> {
        Some(Overriding {
            by: "figures".to_owned(),
            reason: "No old version of an application writes to a copy.".to_owned(),
        })
    }

    async fn probe(&self, _work: &Outside) -> Result<Probed, OutsideError> {
        Ok(Probed::There("nothing to do".to_owned()))
    }

    async fn perform(&self, _work: &Outside) -> Result<String, OutsideError> {
        Ok("nothing to do".to_owned())
    }
}
