//! Subscribers: people who asked to be told by mail.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The subscribers of a system, for operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscribers {
    /// Whether mail is set up: without it nobody can subscribe.
    pub mail: bool,
    /// Subscribers who are told.
    pub confirmed: u64,
    /// Addresses that nobody confirmed yet; they are forgotten after two days.
    pub pending: u64,
    /// Mails that wait to be sent.
    pub waiting: u64,
    /// Mails that were given up; they can be replayed.
    pub dead: u64,
    /// The newest subscribers, at most 200, of those that were looked for.
    pub newest: Vec<Subscriber>,
}

/// One subscriber.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscriber {
    /// Identifier.
    pub id: i64,
    /// Address.
    pub address: String,
    /// Code of the organization that alone they are told of; none: the whole system.
    pub organization: Option<String>,
    /// What the link is for that they subscribed through; none: the public page.
    pub link: Option<String>,
    /// When they asked.
    pub created: Timestamp,
    /// When they confirmed their address; none: not yet.
    pub confirmed: Option<Timestamp>,
    /// Why the last mail to them was given up.
    pub error: Option<String>,
}
