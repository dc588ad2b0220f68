//! Mail: the carrier of the outbox that reaches people. It sends what waits, at least once and under a name that stays
//! the same, and knows nothing of what is told or of who may be.

mod error;
mod message;
mod send;
mod server;

use std::sync::Arc;
use std::time::Duration;

use crate::state::AppState;

pub use error::MailError;
pub use send::Sending;
pub use server::try_out;

/// Time between two looks at the outbox.
const LOOK: Duration = Duration::from_secs(5);

/// Begins to send what waits; it ends when the server stops. Does nothing without a mail server.
pub fn begin(state: &AppState) {
    if state.config.mail.is_none() {
        return;
    }
    let sending = Arc::new(tokio::sync::Mutex::new(Sending::default()));
    crate::outbox::repeat(state, LOOK, "mails", move |state| {
        let sending = sending.clone();
        async move { sending.lock().await.deliver_due(&state).await.map(|_| ()) }
    });
}
