//! Systems: the applications under management, each with its target, its playbook and what goes on with it now.

mod announced;
mod asked;
mod error;
mod journey;
pub mod measured;
mod next;
mod overview;
mod places;
mod reading;
mod room;
mod stamp;
mod standing;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use crate::backups::BackingUp;
use crate::config::{Config, PlaybookSource, SystemConfig};
use crate::db::{Access, Connection, DatabaseUrl};
use crate::engine::{Options, Plan, Playbook, Refusal, Schema, compile, inspect};
use crate::hooks::{self, Hook, HookDone, HookError};
use crate::rollbacks::Compared;

pub use error::SystemError;
pub use measured::{Missing, PILOT, checklist, missing};
pub use next::next_action;
pub use overview::{list, overview};
pub use reading::{AGAIN, Reading};
pub use stamp::FileStamp;
pub use standing::standings;

use places::Places;

/// Longest time that the application is asked for when a page of the console waits for it.
pub const ASK_LIMIT: Duration = Duration::from_secs(2);

/// The systems of a server.
#[derive(Debug)]
pub struct Systems {
    systems: Vec<Arc<System>>,
    /// Wakes the reconcile loop.
    pub wake: Notify,
}

/// One system with its parts, and what this process does with it now.
#[derive(Debug)]
pub struct System {
    /// Its part of the configuration.
    pub config: SystemConfig,
    url: Result<DatabaseUrl, String>,
    playbook: Result<Arc<Playbook>, String>,
    places: Places,
    /// What the driver of the open run shall do; see [`Orders`].
    pub orders: Orders,
    /// Work of this process that nobody else may do at the same time, by name.
    busy: std::sync::Mutex<HashMap<&'static str, u64>>,
    /// What pages read of the target, as last read.
    kept: reading::Kept,
    /// What is to be watched of the target, as last seen.
    room: room::Kept,
    /// What the application said last.
    asked: asked::Asked,
    /// How far the backup is that is being written or verified.
    pub backing_up: BackingUp,
    /// What restoring each backup would lose, as last measured.
    pub compared: Compared,
    /// Held while organizations of the target are changed, so that two changes cannot cross.
    pub organizations: Mutex<()>,
}

/// What the driver of a run is told between two database calls.
#[derive(Debug, Default)]
pub struct Orders(AtomicU8);

/// An order to a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Go on.
    GoOn,
    /// Stop after the batch at hand.
    Pause,
    /// Stop now.
    Abort,
}

impl Orders {
    /// Gives an order.
    pub fn give(&self, order: Order) {
        let code = match order {
            Order::GoOn => 0,
            Order::Pause => 1,
            Order::Abort => 2,
        };
        self.0.store(code, Ordering::SeqCst);
    }

    /// The last order.
    pub fn last(&self) -> Order {
        match self.0.load(Ordering::SeqCst) {
            0 => Order::GoOn,
            1 => Order::Pause,
            _ => Order::Abort,
        }
    }
}

/// Says that some work goes on, until it is dropped.
#[derive(Debug)]
pub struct Busy {
    system: Arc<System>,
    what: &'static str,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(mut busy) = self.system.busy.lock() {
            busy.remove(self.what);
        }
    }
}

impl Systems {
    /// The systems of a configuration. A playbook that cannot be read makes its system unusable, not the server.
    pub fn of(config: &Config) -> Self {
        Self {
            systems: config
                .systems
                .iter()
                .map(|system| Arc::new(System::of(system.clone(), &config.data)))
                .collect(),
            wake: Notify::new(),
        }
    }

    /// All of them, in the order of the configuration.
    pub fn all(&self) -> &[Arc<System>] {
        &self.systems
    }

    /// The system with this slug.
    pub fn get(&self, slug: &str) -> Result<Arc<System>, SystemError> {
        self.systems
            .iter()
            .find(|system| system.slug() == slug)
            .cloned()
            .ok_or_else(|| {
                SystemError::not_found(
                    format!("There is no system {slug}."),
                    "Choose one from the list of systems.",
                )
            })
    }
}

impl System {
    fn of(config: SystemConfig, data: &std::path::Path) -> Self {
        let url = config
            .database
            .url()
            .expose()
            .parse::<DatabaseUrl>()
            .map_err(|error| format!("{error}. {}", error.remedy()));
        let places = Places::of(&config, data, url.as_ref().ok().and_then(DatabaseUrl::path));
        let playbook = read_playbook(&config.playbook)
            .map(Arc::new)
            .map_err(|why| places.without(&why));
        Self {
            config,
            url,
            playbook,
            places,
            orders: Orders::default(),
            busy: std::sync::Mutex::default(),
            kept: reading::Kept::default(),
            room: room::Kept::default(),
            asked: asked::Asked::default(),
            backing_up: BackingUp::default(),
            compared: Compared::default(),
            organizations: Mutex::new(()),
        }
    }

    /// Its slug.
    pub fn slug(&self) -> &str {
        self.config.slug.as_str()
    }

    /// Its playbook.
    pub fn playbook(&self) -> Result<Arc<Playbook>, SystemError> {
        self.playbook
            .clone()
            .map_err(|why| SystemError::unavailable(why, "Correct the playbook and start again."))
    }

    /// The address of its target.
    pub fn url(&self) -> Result<&DatabaseUrl, SystemError> {
        self.url
            .as_ref()
            .map_err(|why| SystemError::unavailable(why.clone(), "Correct the configuration."))
    }

    /// A connection to the target that only reads.
    pub async fn reader(&self) -> Result<Connection, SystemError> {
        Ok(Connection::open(self.url()?, Access::Read).await?)
    }

    /// A connection to the target that writes.
    pub async fn writer(&self) -> Result<Connection, SystemError> {
        Ok(Connection::open(self.url()?, Access::Write).await?)
    }

    /// Claims work for this process; none when it goes on already.
    pub fn claim(self: &Arc<Self>, what: &'static str) -> Option<Busy> {
        let mut busy = self.busy.lock().ok()?;
        if busy.contains_key(what) {
            return None;
        }
        busy.insert(what, 1);
        Some(Busy {
            system: self.clone(),
            what,
        })
    }

    /// Whether this work goes on in this process.
    pub fn is_busy(&self, what: &'static str) -> bool {
        self.busy.lock().is_ok_and(|busy| busy.contains_key(what))
    }

    /// Name of the target: of its file, without the directory, or of its database.
    pub fn target_name(&self) -> String {
        if let Ok(DatabaseUrl::Postgres(address)) = self.url() {
            return address.database().unwrap_or_default();
        }
        self.url()
            .ok()
            .and_then(|url| url.path())
            .and_then(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// A hook of the configuration by name.
    pub fn hook(&self, name: &str) -> Option<Hook> {
        let hooks = &self.config.hooks;
        let hook = match name {
            "restart" => hooks.restart.as_ref(),
            "deploy" => hooks.deploy.as_ref(),
            "stop" => hooks.stop.as_ref(),
            _ => None,
        }?;
        Some(Hook {
            name: name.to_owned(),
            arguments: hook.command.clone(),
            timeout: hook.timeout(),
        })
    }

    /// Runs a hook of the configuration. What it says holds neither the address of the target nor where things lie.
    pub async fn run_hook(&self, hook: &Hook) -> Result<HookDone, HookError> {
        let address = self.config.database.url();
        hooks::run(hook, &[address.expose()]).await
    }

    /// A text without the directories of this machine: where things lie is told to nobody who only has a browser.
    pub fn without_places(&self, text: &str) -> String {
        self.places.without(text)
    }

    /// How a plan for this system is compiled.
    pub fn options(&self) -> Options {
        Options {
            backup: true,
            hooks: ["restart", "deploy", "stop"]
                .into_iter()
                .filter(|name| self.hook(name).is_some())
                .map(str::to_owned)
                .collect(),
            application: self.config.health_url.is_some() && self.config.application_url.is_some(),
            quiet_seconds: self.config.quiet_seconds,
            ..Options::default()
        }
    }

    /// The schema of the target with the rows of the playbook's tables counted.
    pub async fn schema(&self, db: &mut Connection) -> Result<Schema, SystemError> {
        let playbook = self.playbook()?;
        let mut schema = inspect(db).await?;
        // a list, not an iterator: a closure that lives across an await keeps the future from being sent to a task
        let tables: Vec<&str> = playbook
            .models()
            .map(|(_, model)| model.table.as_str())
            .collect();
        crate::engine::inspect::count_rows(db, &mut schema, tables).await?;
        Ok(schema)
    }

    /// The plan for the target as it is now, or everything that is wrong with it.
    pub async fn compile(
        &self,
        db: &mut Connection,
    ) -> Result<Result<Plan, Vec<Refusal>>, SystemError> {
        let schema = self.schema(db).await?;
        Ok(compile(&*self.playbook()?, &schema, &self.options()))
    }
}

fn read_playbook(source: &PlaybookSource) -> Result<Playbook, String> {
    let (name, text) = match source {
        PlaybookSource::BuiltIn(name) => (
            name.clone(),
            crate::playbooks::built_in(name)
                .ok_or_else(|| {
                    format!(
                        "There is no built-in playbook {name}. Built in: {}.",
                        crate::playbooks::names().join(", ")
                    )
                })?
                .to_owned(),
        ),
        PlaybookSource::File(path) => (
            path.display().to_string(),
            std::fs::read_to_string(path).map_err(|error| {
                format!("The playbook {} cannot be read: {error}.", path.display())
            })?,
        ),
    };
    Playbook::parse(&name, &text).map_err(|error| error.to_string())
}
