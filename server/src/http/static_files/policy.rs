//! The content policy of a page: nothing but our own files, and exactly the inline scripts that the page was built with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The policy for this page's text.
pub(super) fn of_page(html: &str) -> String {
    let hashes: String = inline_scripts(html)
        .iter()
        .map(|script| {
            format!(
                " 'sha256-{}'",
                STANDARD.encode(Sha256::digest(script.as_bytes()))
            )
        })
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'self'; \
         frame-ancestors 'none'"
    )
}

/// Texts of the scripts that stand in the page itself.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let Some(open) = rest[start..].find('>').map(|end| start + end + 1) else {
            break;
        };
        let Some(close) = rest[open..].find("</script>").map(|end| open + end) else {
            break;
        };
        let script = &rest[open..close];
        if !rest[start..open].contains(" src=") && !script.is_empty() {
            found.push(script);
        }
        rest = &rest[close..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_allows_the_scripts_it_was_built_with_and_no_other() {
        let html = r#"<script type="module">start()</script><script src="/a.js"></script>"#;
        assert_eq!(inline_scripts(html), ["start()"]);
        let policy = of_page(html);
        assert!(policy.contains("'sha256-"));
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
    }
}
