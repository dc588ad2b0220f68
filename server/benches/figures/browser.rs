//! The console's first load: bytes over the wire, and the time until a person can use it with an empty cache.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::process::Program;
use crate::table::{heading, promise, skipped, table};

/// What the script beside the browser tests prints.
#[derive(Deserialize)]
struct FirstLoad {
    median_ms: f64,
    longest_ms: f64,
    bytes: f64,
}

/// Measures with Chromium; the script is `end2end/first-load.mjs`.
pub fn measure(console: &Program, dist: &Path) -> anyhow::Result<()> {
    heading("First load");
    let end2end = dist.join("../end2end");
    if !end2end.join("node_modules").is_dir() {
        skipped(
            "the first load in a browser",
            "`scripts/setup --browser` installs what it needs.",
        );
        return Ok(());
    }
    let output = Command::new("node")
        .arg("first-load.mjs")
        .arg(format!("http://{}/login", console.address))
        .current_dir(&end2end)
        .output()
        .context("starting node")?;
    if !output.status.success() {
        bail!(
            "first-load.mjs failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let load: FirstLoad =
        serde_json::from_slice(&output.stdout).context("what first-load.mjs printed")?;
    let row = |what: &str, measured: String, [text, kept]: [String; 2]| {
        vec![what.to_owned(), measured, text, kept]
    };
    table(
        &[
            "First load, empty cache, Chromium on loopback",
            "Measured",
            "Promise",
            "",
        ],
        &[
            row(
                "over the wire",
                format!("{:.0} KB", load.bytes / 1000.0),
                promise("under 300 KB", load.bytes < 300_000.0),
            ),
            row(
                "sign-in form can be used, median of 5",
                format!("{:.0} ms", load.median_ms),
                promise("under 1000 ms", load.median_ms < 1000.0),
            ),
            row(
                "the same, longest of 5",
                format!("{:.0} ms", load.longest_ms),
                Default::default(),
            ),
        ],
    );
    Ok(())
}
