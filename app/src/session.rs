//! Who is signed in, and the two questions that a request may have to ask in between: sign in again, confirm the password.

use std::cell::Cell;

use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use shared::account::{Account, Role, Session};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::api::{self, ApiError};
use crate::events;

/// What is known about the session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionState {
    /// Not asked yet.
    Unknown,
    /// The server could not be asked.
    Unreachable(ApiError),
    /// Nobody is signed in.
    Nobody {
        /// No account exists yet.
        first_run: bool,
    },
    /// Somebody is.
    SignedIn(Account),
    /// Somebody was; the page stays until that person signs in again.
    Expired(Account),
}

/// The session, in everybody's reach.
#[derive(Clone, Copy)]
pub struct SessionContext {
    state: RwSignal<SessionState>,
    version: RwSignal<String>,
    /// Asked when a request found that the session ended.
    pub sign_in_again: Question,
    /// Asked when a request needs the password anew.
    pub password: Question,
}

thread_local! {
    // requests are made outside of components, where there is no context to look in
    static CURRENT: Cell<Option<SessionContext>> = const { Cell::new(None) };
}

/// Makes the session known to all; called once.
pub fn provide() -> SessionContext {
    let session = SessionContext {
        state: RwSignal::new(SessionState::Unknown),
        version: RwSignal::new(String::new()),
        sign_in_again: Question::new(),
        password: Question::new(),
    };
    CURRENT.set(Some(session));
    session
}

/// The session.
pub fn current() -> SessionContext {
    CURRENT
        .get()
        .expect("the application provides the session before anything else")
}

impl SessionContext {
    /// What is known. Reactive.
    pub fn state(&self) -> SessionState {
        self.state.get()
    }

    /// What is known, without following it.
    pub fn state_untracked(&self) -> SessionState {
        self.state.get_untracked()
    }

    /// The signed-in account, also while its session has to be renewed. Reactive.
    pub fn account(&self) -> Option<Account> {
        match self.state.get() {
            SessionState::SignedIn(account) | SessionState::Expired(account) => Some(account),
            _ => None,
        }
    }

    /// Version of the server. Reactive.
    pub fn version(&self) -> String {
        self.version.get()
    }

    /// Whether the person's role may do what needs `role`. Reactive.
    pub fn may(&self, role: Role) -> bool {
        self.account().is_some_and(|account| account.role >= role)
    }

    /// Asks the server who is signed in.
    pub async fn refresh(&self) {
        match api::session().await {
            Ok(session) => self.accept(session),
            Err(error) => {
                if matches!(
                    self.state.get_untracked(),
                    SessionState::Unknown | SessionState::Unreachable(_)
                ) {
                    self.state.set(SessionState::Unreachable(error));
                }
            }
        }
    }

    /// Takes over what the server said about the session.
    pub fn accept(&self, session: Session) {
        self.version.set(session.version);
        let before = self.state.get_untracked();
        let next = match (session.account, before) {
            (Some(account), _) => SessionState::SignedIn(account),
            (None, SessionState::SignedIn(account) | SessionState::Expired(account)) => {
                SessionState::Expired(account)
            }
            (None, _) => SessionState::Nobody {
                first_run: session.first_run,
            },
        };
        if self.state.with_untracked(|now| *now != next) {
            self.state.set(next);
        }
    }

    /// Forgets the account: it signed out.
    pub fn signed_out(&self) {
        self.state.set(SessionState::Nobody { first_run: false });
    }

    /// The session ended on the server: asks the person to sign in again. False when that is refused.
    pub async fn wait_for_sign_in(&self) -> bool {
        match self.state.get_untracked() {
            SessionState::SignedIn(account) | SessionState::Expired(account) => {
                if self
                    .state
                    .with_untracked(|now| !matches!(now, SessionState::Expired(_)))
                {
                    self.state.set(SessionState::Expired(account));
                }
                self.sign_in_again.ask().await
            }
            _ => {
                self.signed_out();
                false
            }
        }
    }

    /// A request needs the password anew: asks for it. False when that is refused.
    pub async fn wait_for_password(&self) -> bool {
        self.password.ask().await
    }

    /// Why an action that needs `role` cannot be done now; none when it can. Reactive.
    pub fn refusal(&self, role: Role) -> Option<String> {
        if !events::current().is_connected() {
            return Some("Needs a connection".into());
        }
        if self.may(role) {
            return None;
        }
        Some(format!(
            "Needs the role {}. An administrator can change yours.",
            role_word(role)
        ))
    }
}

/// The word for a role.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Operator => "Operator",
        Role::Administrator => "Administrator",
    }
}

/// Something that code outside of components has to ask a person: a dialog of the shell shows while it is open.
#[derive(Clone, Copy)]
pub struct Question {
    open: RwSignal<bool>,
    waiting: StoredValue<Vec<js_sys::Function>, LocalStorage>,
}

impl Question {
    fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            waiting: StoredValue::new_local(Vec::new()),
        }
    }

    /// Whether it is being asked. Reactive.
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// Whether it is being asked, without following it.
    pub fn is_open_untracked(&self) -> bool {
        self.open.get_untracked()
    }

    /// Opens the dialog, or joins the one that is open, and waits for the answer.
    pub async fn ask(&self) -> bool {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            self.waiting.update_value(|waiting| waiting.push(resolve));
        });
        self.open.set(true);
        JsFuture::from(promise)
            .await
            .is_ok_and(|answer| answer.is_truthy())
    }

    /// Answers all who wait.
    pub fn answer(&self, yes: bool) {
        self.open.set(false);
        let waiting = self
            .waiting
            .try_update_value(std::mem::take)
            .unwrap_or_default();
        for resolve in waiting {
            let _ = resolve.call1(&JsValue::NULL, &JsValue::from_bool(yes));
        }
    }
}
