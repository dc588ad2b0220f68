//! The part of a playbook that hands the separation of organizations to the database.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Isolation in the database: row-level security on the table of every model. PostgreSQL only.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowIsolation {
    /// The role that the application works as. It must neither be a superuser nor have BYPASSRLS.
    pub role: String,
    /// The setting that holds the key of the session's organization, set in each transaction.
    #[serde(default = "setting")]
    pub setting: String,
    /// A role that reads the rows of all organizations and writes none. Made when it does not
    /// exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Views that shall read with the rights of whoever asks (`security_invoker`). PostgreSQL 15.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// Tables that name an organization and are shared all the same: memberships, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<String>,
}

impl RowIsolation {
    /// Whether the name of the setting is one that the server keeps for applications: two or more
    /// plain words with dots between them.
    pub fn setting_fits(&self) -> bool {
        let plain = |word: &str| {
            let mut letters = word.bytes();
            letters
                .next()
                .is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
                && letters.all(|letter| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_'
                })
        };
        self.setting.contains('.') && self.setting.split('.').all(plain)
    }
}

fn setting() -> String {
    "app.organization".to_owned()
}
