//! The figures of README, printed as Markdown: each beside a baseline that was measured in the same run on the same
//! machine. Nothing here fails on a number: a busy machine makes a measurement worthless, and never wrong. It ends
//! with an error only when something could not be measured that should have been.
//!
//! Arguments: names of parts (`migration`, `console`, `static`, `browser`, `status`, `postgres`) measure only those; `--quick`
//! leaves out the databases of 100 times the size and of ten million rows.

// the program measures from outside and has no runtime whose workers it could block
#![allow(clippy::disallowed_methods)]

mod baseline;
mod browser;
mod caller;
mod console;
mod load;
mod migration;
mod postgres;
mod process;
mod sample;
mod static_files;
mod status;
mod table;
mod work;

use std::path::Path;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let parts: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|part| !part.starts_with("--"))
        .collect();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure(quick, &parts))
}

async fn measure(quick: bool, parts: &[&str]) -> anyhow::Result<()> {
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let scratch = tempfile::Builder::new()
        .prefix("switchyard-figures-")
        .tempdir()?;
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    machine();
    if wanted("migration") {
        let scales: &[u32] = if quick { &[1, 10] } else { &[1, 10, 100] };
        migration::measure(scales, scratch.path())
            .await
            .context("the three steps")?;
    }
    if wanted("console") || wanted("static") || wanted("browser") {
        let scale = match (wanted("console"), quick) {
            (false, _) => 1,
            (true, true) => 10,
            (true, false) => 100,
        };
        let mut console = console::Console::start(scratch.path(), scale)
            .await
            .context("the console")?;
        if wanted("console") {
            console.measure().await.context("the console")?;
        }
        if wanted("static") {
            static_files::measure(&console.program, &dist, scratch.path())
                .await
                .context("static files")?;
        }
        if wanted("browser") {
            browser::measure(&console.program, &dist).context("the first load")?;
        }
    }
    if wanted("status") {
        status::measure(scratch.path())
            .await
            .context("status and health")?;
    }
    if wanted("postgres") {
        postgres::measure(quick, scratch.path())
            .await
            .context("PostgreSQL")?;
    }
    table::total();
    Ok(())
}

/// What the figures were measured on, in a line.
fn machine() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    println!(
        "Measured on {cores} cores of {processor}, {}, load {load} at the start.",
        std::env::consts::OS
    );
}
