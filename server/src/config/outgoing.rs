//! Calls to addresses that people gave in the browser, such as webhooks.

use std::borrow::Cow;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Which networks may be called besides the public internet.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutgoingConfig {
    /// Networks and addresses that webhooks may lead to although they are not public, and without encryption, such as
    /// `10.1.0.0/16`. Default none: only public addresses, by https.
    pub allow: Vec<Network>,
}

impl OutgoingConfig {
    /// The networks.
    pub fn networks(&self) -> Vec<IpNet> {
        self.allow.iter().map(|network| network.0).collect()
    }
}

/// A network, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map(Self)
            .map_err(|_| {
                format!("`{text}` is not a network: write such as `10.1.0.0/16` or `10.1.2.3`")
            })
    }
}

impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10.1.0.0/16"] })
    }
}
