//! Who may read the numbers of the server.

use schemars::JsonSchema;
use serde::Deserialize;

use super::SecretSource;

/// The numbers at `/metrics`. They name every system, private ones too.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// The bearer token that whoever reads them has to send: `env:NAME` or `file:PATH`. Default none: only programs on
    /// this machine that come without a proxy are answered.
    pub token: Option<SecretSource>,
}
