//! Webhooks: addresses that are told what happens to a system.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Identifier.
    pub id: i64,
    /// What it is for.
    pub label: String,
    /// Address that is called.
    pub address: String,
    /// Code of the organization that alone it is told of; none: the whole system.
    #[serde(default)]
    pub organization: Option<String>,
    /// Kinds of events that alone it is told of; none: all.
    #[serde(default)]
    pub kinds: Option<Vec<WebhookKind>>,
    /// Who made it.
    pub by: String,
    /// When.
    pub created: Timestamp,
    /// Deliveries that wait for their next try.
    pub waiting: u32,
    /// Deliveries that were given up.
    pub dead: u32,
}

/// Makes a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MakeWebhook {
    /// What it is for.
    pub label: String,
    /// Address to call.
    pub address: String,
    /// Code of the organization to be told of alone; none: the whole system.
    #[serde(default)]
    pub organization: Option<String>,
    /// Kinds of events to be told of alone; none: all.
    #[serde(default)]
    pub kinds: Option<Vec<WebhookKind>>,
}

/// How a call went that was made to try a webhook out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TriedCall {
    /// Whether the receiver took it.
    pub taken: bool,
    /// Why not.
    pub error: Option<String>,
}

/// A new webhook. Its secret is shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What its calls are signed with: the key of an HMAC-SHA256, in hex.
    pub secret: String,
}

/// Where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Waits for its first or next try.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// Given up; it can be replayed.
    Dead,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Identifier.
    pub id: i64,
    /// Stable name of what it tells, such as `update-12`.
    pub event: String,
    /// Where it is.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next: Timestamp,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// What a webhook is told: the body of its calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookEvent {
    /// Stable name. A receiver that has seen it may ignore the call: after a crash one may come twice.
    pub event: String,
    /// What kind.
    pub kind: WebhookKind,
    /// Slug of the system.
    pub system: String,
    /// Code of the organization that it is about; none: the system.
    #[serde(default)]
    pub organization: Option<String>,
    /// In a few words.
    pub title: String,
    /// In sentences, without marks.
    pub text: String,
    /// When it happened.
    pub at: Timestamp,
    /// Where to read more; none when the system publishes nothing.
    pub url: Option<String>,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WebhookKind {
    /// An update was published.
    Update,
    /// A maintenance window was scheduled or changed.
    Window,
    /// A run started, waits, ended or was taken back.
    Run,
    /// The mode was switched.
    Mode,
    /// An organization came, or moved to another stage.
    Organization,
    /// Somebody tried a webhook out.
    Test,
}

impl WebhookKind {
    /// The kinds that a webhook can be told of.
    pub const TOLD: [Self; 5] = [
        Self::Update,
        Self::Window,
        Self::Run,
        Self::Mode,
        Self::Organization,
    ];

    /// The words shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Update => "updates",
            Self::Window => "maintenance windows",
            Self::Run => "runs",
            Self::Mode => "switches of the mode",
            Self::Organization => "moves of organizations",
            Self::Test => "trials",
        }
    }
}
