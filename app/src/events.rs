//! Live events: one stream for the tab, which says what changed so that pages ask again. Survives lost connections.

use std::cell::Cell;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use leptos::task::spawn_local;
use shared::event::{Event, Topic};
use shared::run::{LogLine, RunProgress};
use shared::work::{WorkOn, WorkProgress};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventSource;

use crate::session;

/// How the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not opened yet, or closed because the tab is hidden.
    Idle,
    /// Events arrive.
    Live,
    /// Lost a moment ago.
    Reconnecting,
    /// Lost for longer than a moment.
    Offline,
}

/// New lines of a run's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogNews {
    /// Slug of the system.
    pub system: String,
    /// Number of the run.
    pub run: i64,
    /// The lines.
    pub lines: Vec<LogLine>,
}

/// How far long work is that is no run.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkNews {
    /// Slug of the system.
    pub system: String,
    /// What is worked on.
    pub work: WorkOn,
    /// How far it is.
    pub progress: WorkProgress,
}

/// The stream, in everybody's reach.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<Connection>,
    lost_at_ms: RwSignal<f64>,
    versions: StoredValue<Vec<(Topic, RwSignal<u32>)>>,
    resync: RwSignal<u32>,
    progress: RwSignal<Option<(String, RunProgress)>>,
    work: RwSignal<Option<WorkNews>>,
    log: RwSignal<Option<LogNews>>,
    stream: StoredValue<Option<Stream>, LocalStorage>,
    attempts: StoredValue<u32>,
    // somebody is signed in, so the stream should be open
    wanted: StoredValue<bool>,
}

const TOPICS: [Topic; 14] = [
    Topic::System,
    Topic::Run,
    Topic::Coverage,
    Topic::Checklist,
    Topic::Organizations,
    Topic::Mode,
    Topic::Rollback,
    Topic::Backups,
    Topic::Reports,
    Topic::Approvals,
    Topic::Accounts,
    Topic::Audit,
    Topic::Health,
    Topic::Notices,
];

// how long the stream may be away before people are told that they see old values
const PATIENCE: Duration = Duration::from_secs(6);
// HTTP/1.1 allows six connections to a host: a hidden tab gives its one back and asks now and then instead
const HIDDEN_POLL: Duration = Duration::from_secs(20);

thread_local! {
    static CURRENT: Cell<Option<Live>> = const { Cell::new(None) };
}

/// Makes the stream known to all, without opening it; called once.
pub fn provide() -> Live {
    let live = Live {
        connection: RwSignal::new(Connection::Idle),
        lost_at_ms: RwSignal::new(0.0),
        versions: StoredValue::new(
            TOPICS
                .iter()
                .map(|topic| (*topic, RwSignal::new(0)))
                .collect(),
        ),
        resync: RwSignal::new(0),
        progress: RwSignal::new(None),
        work: RwSignal::new(None),
        log: RwSignal::new(None),
        stream: StoredValue::new_local(None),
        attempts: StoredValue::new(0),
        wanted: StoredValue::new(false),
    };
    CURRENT.set(Some(live));
    window_event_listener(ev::online, move |_| live.reconnect_now());
    window_event_listener(ev::offline, move |_| live.lost());
    let hidden = Closure::<dyn Fn()>::new(move || live.visibility_changed());
    let _ = document()
        .add_event_listener_with_callback("visibilitychange", hidden.as_ref().unchecked_ref());
    hidden.forget(); // lives as long as the tab
    let _ = set_interval_with_handle(
        move || {
            if document().hidden()
                && live.wanted.get_value()
                && live.stream.with_value(Option::is_none)
            {
                live.resync_all();
            }
        },
        HIDDEN_POLL,
    );
    live
}

/// The stream.
pub fn current() -> Live {
    CURRENT
        .get()
        .expect("the application provides the stream before anything else")
}

impl Live {
    /// How the stream is. Reactive.
    pub fn connection(&self) -> Connection {
        self.connection.get()
    }

    /// Whether the server can be asked to change something. Reactive.
    pub fn is_connected(&self) -> bool {
        !matches!(self.connection.get(), Connection::Offline)
    }

    /// When the connection was lost, in milliseconds from 1970. Reactive.
    pub fn lost_at_ms(&self) -> f64 {
        self.lost_at_ms.get()
    }

    /// Becomes different when one of the topics changed, or anything may have been missed. Reactive.
    pub fn version(&self, topics: &[Topic]) -> u64 {
        let sum: u64 = self.versions.with_value(|versions| {
            versions
                .iter()
                .filter(|(topic, _)| topics.contains(topic))
                .map(|(_, version)| u64::from(version.get()))
                .sum()
        });
        sum + u64::from(self.resync.get())
    }

    /// The newest numbers of a run: slug of its system and the numbers. Reactive.
    pub fn progress(&self) -> ReadSignal<Option<(String, RunProgress)>> {
        self.progress.read_only()
    }

    /// How far this work of a system is, as told since the page was opened. Reactive.
    pub fn work_on(&self, system: &str, work: &WorkOn) -> Option<WorkProgress> {
        self.work.with(|news| {
            let news = news.as_ref()?;
            (news.system == system && news.work == *work).then(|| news.progress.clone())
        })
    }

    /// The newest lines of a log. Reactive.
    pub fn log(&self) -> ReadSignal<Option<LogNews>> {
        self.log.read_only()
    }

    /// Makes every page ask again.
    pub fn resync_all(&self) {
        self.resync.update(|version| *version += 1);
    }

    /// Opens the stream; it stays open until `close`.
    pub fn open(&self) {
        self.wanted.set_value(true);
        if self.stream.with_value(Option::is_some) || document().hidden() {
            return;
        }
        self.stream.set_value(Stream::open(*self));
    }

    /// Closes the stream: nobody is signed in.
    pub fn close(&self) {
        self.wanted.set_value(false);
        self.drop_stream();
        self.connection.set(Connection::Idle);
    }

    /// Tries again at once instead of waiting.
    pub fn reconnect_now(&self) {
        if self.wanted.get_value() {
            self.drop_stream();
            self.open();
        }
    }

    fn drop_stream(&self) {
        self.stream.set_value(None);
    }

    fn visibility_changed(&self) {
        if document().hidden() {
            self.drop_stream();
        } else if self.wanted.get_value() && self.stream.with_value(Option::is_none) {
            self.open();
            self.resync_all();
        }
    }

    fn opened(&self) {
        let missed = matches!(
            self.connection.get_untracked(),
            Connection::Reconnecting | Connection::Offline
        );
        self.attempts.set_value(0);
        self.connection.set(Connection::Live);
        if missed {
            self.resync_all();
        }
    }

    fn received(&self, text: &str) {
        let Ok(event) = serde_json::from_str::<Event>(text) else {
            // a newer server says something that this page does not know: asking again is always right
            self.resync_all();
            return;
        };
        match event {
            Event::Changed { topic, .. } => self.versions.with_value(|versions| {
                if let Some((_, version)) = versions.iter().find(|(known, _)| *known == topic) {
                    version.update(|version| *version += 1);
                }
            }),
            Event::Progress { system, progress } => self.progress.set(Some((system, progress))),
            Event::Work {
                system,
                work,
                progress,
            } => self.work.set(Some(WorkNews {
                system,
                work,
                progress,
            })),
            Event::Log { system, run, lines } => self.log.set(Some(LogNews { system, run, lines })),
            Event::Resync => self.resync_all(),
        }
    }

    fn lost(&self) {
        let first = matches!(
            self.connection.get_untracked(),
            Connection::Live | Connection::Idle
        );
        if first && self.wanted.get_value() {
            self.lost_at_ms.set(js_sys::Date::now());
            self.connection.set(Connection::Reconnecting);
            let live = *self;
            set_timeout(
                move || {
                    if live.connection.get_untracked() == Connection::Reconnecting {
                        live.connection.set(Connection::Offline);
                    }
                },
                PATIENCE,
            );
        }
    }

    fn failed(&self, closed: bool) {
        self.lost();
        if !closed {
            return; // the browser tries again by itself and names the last event it saw
        }
        self.drop_stream();
        let attempt = self.attempts.get_value();
        self.attempts.set_value(attempt + 1);
        let wait = Duration::from_millis(1000 * 2_u64.pow(attempt.min(4)));
        let live = *self;
        set_timeout(
            move || {
                if live.stream.with_value(Option::is_some) || !live.wanted.get_value() {
                    return;
                }
                // a session that ended looks the same as a lost connection: ask which it is
                spawn_local(async move {
                    session::current().refresh().await;
                    if live.wanted.get_value() {
                        live.open();
                    }
                });
            },
            wait,
        );
    }
}

/// An open stream with its listeners; dropping it closes the stream.
struct Stream {
    source: EventSource,
    _listeners: [Closure<dyn Fn(JsValue)>; 3],
}

impl Stream {
    fn open(live: Live) -> Option<Self> {
        let source = EventSource::new(&crate::api::file("/events")).ok()?;
        let opened = Closure::<dyn Fn(JsValue)>::new(move |_| live.opened());
        let received = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let text = event
                .dyn_into::<web_sys::MessageEvent>()
                .ok()
                .and_then(|event| event.data().as_string());
            if let Some(text) = text {
                live.received(&text);
            }
        });
        let failing = source.clone();
        let failed = Closure::<dyn Fn(JsValue)>::new(move |_| {
            live.failed(failing.ready_state() == EventSource::CLOSED);
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onmessage(Some(received.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Self {
            source,
            _listeners: [opened, received, failed],
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}
