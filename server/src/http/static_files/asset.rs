//! One file of the console with what an answer needs: bytes, brotli bytes, hash, type, policy.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use rust_embed::RustEmbed;

use super::policy;

#[derive(RustEmbed)]
// an absolute path (build.rs): with a relative one, a debug server compiled before the folder exists never finds its files
#[folder = "$CONSOLE_DIST"]
#[allow_missing = true]
struct Dist;

// The macro takes an unset variable for an empty folder; this does not compile without it.
const _: &str = env!("CONSOLE_DIST");

/// A file, ready to be sent.
pub(super) struct Asset {
    pub bytes: Bytes,
    pub packed: Option<Bytes>,
    /// SHA-256 of the bytes, shortened.
    pub hash: String,
    pub kind: &'static str,
    /// Whether its name changes with its content.
    pub immutable: bool,
    /// Content policy, of pages only.
    pub policy: Option<String>,
}

/// Everything embedded, read once.
static EMBEDDED: LazyLock<HashMap<String, Arc<Asset>>> = LazyLock::new(|| {
    Dist::iter()
        .filter(|name| !name.ends_with(".br"))
        .filter_map(|name| Some((name.to_string(), Arc::new(load(&name)?))))
        .collect()
});

/// The file of this name.
pub(super) fn find(name: &str) -> Option<Arc<Asset>> {
    if cfg!(debug_assertions) {
        // a debug build sees each new build of the console
        (!name.ends_with(".br"))
            .then(|| load(name))
            .flatten()
            .map(Arc::new)
    } else {
        EMBEDDED.get(name).cloned()
    }
}

fn load(name: &str) -> Option<Asset> {
    let file = Dist::get(name)?;
    let hash: String = hex::encode(file.metadata.sha256_hash())
        .chars()
        .take(32)
        .collect();
    let kind = kind_of(name);
    Some(Asset {
        policy: kind
            .starts_with("text/html")
            .then(|| policy::of_page(&String::from_utf8_lossy(&file.data))),
        bytes: bytes(file.data),
        packed: Dist::get(&format!("{name}.br")).map(|packed| bytes(packed.data)),
        hash,
        kind,
        immutable: has_hashed_name(name),
    })
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

/// Whether the name has a hash of the content: `app-3f2a9c0d1e2b4a5f.js`, `console-3f2a9c0d1e2b4a5f/app.js`. Trunk writes no
/// leading zeros, so that a hash may be shorter than 16 digits.
fn has_hashed_name(name: &str) -> bool {
    name.split(['-', '_', '.', '/']).any(|part| {
        (12..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_changes_with_its_content_is_kept_for_a_year() {
        assert!(has_hashed_name("app-3f2a9c0d1e2b4a5f_bg.wasm"));
        assert!(has_hashed_name("main-123456789abcdef.css"));
        assert!(has_hashed_name("console-0123456789abcdef/app_bg.wasm"));
        assert!(!has_hashed_name("icons.svg"));
        assert!(!has_hashed_name("index.html"));
    }
}
