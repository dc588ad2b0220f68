//! The look and the script of status pages, under names that change with their content.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// The style sheet: tokens and elements of the console, and what status pages have besides.
pub const STYLE: &str = concat!(
    include_str!("../../../style/tokens.css"),
    include_str!("../../../style/base.css"),
    include_str!("../../../style/status.css"),
);

/// The script, which a page does not need.
pub const SCRIPT: &str = include_str!("../../assets/status.js");

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| name("css", STYLE));

/// Name of the script.
pub static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| name("js", SCRIPT));

/// Name of the style sheet.
pub fn style_name() -> &'static str {
    &STYLE_NAME
}

fn name(extension: &str, content: &str) -> String {
    format!(
        "status-{}.{extension}",
        &hex::encode(Sha256::digest(content))[..12]
    )
}
