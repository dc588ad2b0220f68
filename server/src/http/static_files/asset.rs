//! One file of the console with what an answer needs: its bytes, plain and packed, each with its headers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use rust_embed::RustEmbed;

use super::policy;
use crate::http::security;

const YEAR: &str = "public, max-age=31536000, immutable";
const CHECK: &str = "no-cache";

#[derive(RustEmbed)]
// an absolute path (build.rs): with a relative one, a debug server compiled before the folder exists never finds its files
#[folder = "$CONSOLE_DIST"]
#[allow_missing = true]
struct Dist;

// The macro takes an unset variable for an empty folder; this does not compile without it.
const _: &str = env!("CONSOLE_DIST");

/// A file, ready to be sent.
pub(super) struct Asset {
    pub plain: Form,
    /// The same under brotli.
    pub packed: Option<Form>,
}

/// One encoding of a file.
pub(super) struct Form {
    pub bytes: Bytes,
    pub etag: String,
    /// Every header of its answer, made once: a small file costs less than its headers do.
    pub headers: HeaderMap,
}

/// What both encodings of a file have in common.
struct About<'a> {
    /// SHA-256 of the plain bytes, shortened.
    hash: &'a str,
    kind: &'static str,
    /// Whether its name changes with its content.
    immutable: bool,
    /// Content policy, of pages only.
    policy: Option<&'a str>,
}

impl Asset {
    fn new(plain: Bytes, packed: Option<Bytes>, about: &About<'_>) -> Self {
        let varies = packed.is_some();
        Self {
            plain: about.form(plain, varies, false),
            packed: packed.map(|bytes| about.form(bytes, varies, true)),
        }
    }
}

impl About<'_> {
    fn form(&self, bytes: Bytes, varies: bool, packed: bool) -> Form {
        let etag = format!("\"{}{}\"", self.hash, if packed { "-br" } else { "" });
        let mut headers = HeaderMap::new();
        let mut set = |name, value: &str| {
            // what no header may hold is in none of them: digits, our own texts and the policy's base64
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(
            header::CACHE_CONTROL,
            if self.immutable { YEAR } else { CHECK },
        );
        if varies {
            set(header::VARY, "accept-encoding");
        }
        if let Some(policy) = self.policy {
            set(header::CONTENT_SECURITY_POLICY, policy);
        }
        set(header::ETAG, &etag);
        set(header::CONTENT_TYPE, self.kind);
        if packed {
            set(header::CONTENT_ENCODING, "br");
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        security::guard(&mut headers);
        Form {
            bytes,
            etag,
            headers,
        }
    }
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
    let policy = kind
        .starts_with("text/html")
        .then(|| policy::of_page(&String::from_utf8_lossy(&file.data)));
    let packed = Dist::get(&format!("{name}.br")).map(|packed| bytes(packed.data));
    Some(Asset::new(
        bytes(file.data),
        packed,
        &About {
            hash: &hash,
            kind,
            immutable: has_hashed_name(name),
            policy: policy.as_deref(),
        },
    ))
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
impl Asset {
    /// A style sheet of 22 bytes, 6 when packed.
    pub(super) fn sample(immutable: bool) -> Self {
        let about = About {
            hash: "abc",
            kind: "text/css; charset=utf-8",
            immutable,
            policy: None,
        };
        let packed = Some(Bytes::from_static(b"packed"));
        Self::new(
            Bytes::from_static(b"plain text of the file"),
            packed,
            &about,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_changes_with_its_content_is_kept_for_a_year_and_a_page_is_asked_for_again() {
        let kept =
            |immutable| Asset::sample(immutable).plain.headers[header::CACHE_CONTROL].clone();
        assert_eq!(kept(true), YEAR);
        assert_eq!(kept(false), CHECK);
    }

    #[test]
    fn only_a_name_that_changes_with_its_content_is_kept_for_a_year() {
        assert!(has_hashed_name("app-3f2a9c0d1e2b4a5f_bg.wasm"));
        assert!(has_hashed_name("main-123456789abcdef.css"));
        assert!(has_hashed_name("console-0123456789abcdef/app_bg.wasm"));
        assert!(!has_hashed_name("icons.svg"));
        assert!(!has_hashed_name("index.html"));
    }
}
