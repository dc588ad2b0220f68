//! Events between consoles that share a control store, by notifications of its database: what happens on one is seen on
//! the pages of all. One that cannot be carried, or a connection that was lost, makes readers ask for everything again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::event::{Event, Topic};
use tokio::sync::broadcast::error::RecvError;

use super::{Hub, Numbered, Origin};
use crate::accounts::token;
use crate::state::AppState;
use crate::store::{Heard, Listener, StoreError};

/// Time before a lost connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What goes over the channel.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// Which console says it.
    from: String,
    event: Event,
}

/// Begins to tell and to listen; both end when the server stops.
pub fn begin(state: &AppState) {
    let Ok(name) = token::identifier() else {
        tracing::error!("the system gives no random bits: other consoles are not told of events");
        return;
    };
    let (telling, heard) = (state.clone(), name.clone());
    state.tasks.spawn(async move {
        let told = telling.hub.listen(None).receiver;
        tokio::select! {
            () = telling.shutdown.cancelled() => {}
            () = tell(&telling, told, &name) => {}
        }
    });
    let listening = state.clone();
    state.tasks.spawn(async move {
        tokio::select! {
            () = listening.shutdown.cancelled() => {}
            () = listen(&listening, &heard) => {}
        }
    });
}

async fn tell(state: &AppState, mut told: tokio::sync::broadcast::Receiver<Numbered>, name: &str) {
    loop {
        let event = match told.recv().await {
            Ok(numbered) if numbered.origin == Origin::Elsewhere => continue,
            Ok(numbered) => (*numbered.event).clone(),
            Err(RecvError::Lagged(_)) => Event::Resync,
            Err(RecvError::Closed) => return,
        };
        if let Err(error) = say(state, name, event).await {
            // they find out by the gap when their own connection was lost; when only this one was, by the next event
            tracing::warn!(%error, "other consoles could not be told of an event");
            tokio::time::sleep(AGAIN).await;
            if say(state, name, Event::Resync).await.is_err() {
                tracing::warn!("other consoles show what they have until they ask again");
            }
        }
    }
}

async fn say(state: &AppState, name: &str, event: Event) -> Result<(), StoreError> {
    // what is too long is asked for instead
    let short = match &event {
        Event::Log { system, .. } | Event::Progress { system, .. } => Event::Changed {
            system: Some(system.clone()),
            topic: Topic::Run,
        },
        _ => Event::Resync,
    };
    if !state.store.tell(&text(name, event)?).await? {
        state.store.tell(&text(name, short)?).await?;
    }
    Ok(())
}

fn text(name: &str, event: Event) -> Result<String, StoreError> {
    serde_json::to_string(&Told {
        from: name.to_owned(),
        event,
    })
    .map_err(|error| StoreError::content("an event", error))
}

async fn listen(state: &AppState, name: &str) {
    loop {
        match state.store.listen().await {
            Ok(Some(listener)) => {
                // what was said before is not known
                hear(state, &state.hub, Event::Resync);
                if let Err(error) = hear_all(state, listener, name).await {
                    tracing::warn!(%error, "other consoles cannot be heard; tried again");
                }
            }
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, "other consoles cannot be heard; tried again"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hear_all(state: &AppState, mut listener: Listener, name: &str) -> Result<(), StoreError> {
    loop {
        let event = match listener.next().await? {
            Heard::Gap => Event::Resync,
            Heard::Text(text) => match serde_json::from_str::<Told>(&text) {
                Ok(told) if told.from == name => continue,
                Ok(told) => told.event,
                // of a console of another version, which tells something that this one does not know
                Err(_) => Event::Resync,
            },
        };
        hear(state, &state.hub, event);
    }
}

fn hear(state: &AppState, hub: &Hub, event: Event) {
    let wakes = matches!(event, Event::Changed { .. } | Event::Resync);
    hub.hear(event);
    if wakes {
        state.systems.wake.notify_one();
    }
}
