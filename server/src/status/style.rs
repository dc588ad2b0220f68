//! The look and the script of status pages, under names that change with their content.

use std::sync::LazyLock;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// A file that pages load.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its name, which changes with its content.
    pub name: String,
    /// Media type.
    pub kind: &'static str,
    /// Content.
    pub bytes: Bytes,
}

/// The style sheet: tokens and elements of the console, and what status pages have besides.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let text = without_fonts(concat!(
        include_str!("../../../style/tokens.css"),
        include_str!("../../../style/base.css"),
        include_str!("../../../style/status.css"),
    ));
    asset("css", "text/css; charset=utf-8", text)
});

/// The script, which a page does not need.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("../../assets/status.js").to_owned();
    asset("js", "text/javascript; charset=utf-8", text)
});

/// The icon of the tab.
pub static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("../../../public/favicon.svg").to_owned();
    asset("svg", "image/svg+xml", text)
});

fn asset(extension: &str, kind: &'static str, text: String) -> Asset {
    Asset {
        name: format!(
            "status-{}.{extension}",
            &hex::encode(Sha256::digest(&text))[..12]
        ),
        kind,
        bytes: Bytes::from(text),
    }
}

/// Without fonts to load and without comments: a page is read on a phone with a weak signal, in the phone's own font.
fn without_fonts(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    loop {
        let comment = rest.find("/*").map(|at| (at, "*/"));
        let font = rest.find("@font-face").map(|at| (at, "}"));
        let Some((at, end)) = comment.into_iter().chain(font).min_by_key(|(at, _)| *at) else {
            out.push_str(rest);
            return out;
        };
        out.push_str(&rest[..at]);
        rest = rest[at..]
            .find(end)
            .map_or("", |found| &rest[at + found + end.len()..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_loads_nothing() {
        let css = String::from_utf8(STYLE.bytes.to_vec()).unwrap();
        for word in ["url(", "@font-face", "@import", "/*"] {
            assert!(!css.contains(word), "{word}");
        }
        assert!(css.contains(".verdict") && css.contains("--done-fg"));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
