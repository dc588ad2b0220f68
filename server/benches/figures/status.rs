//! Status pages beside nginx, and a console that has measured a hundred systems for ninety days.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::console::{Console, sign_in};
use crate::load::{Request, generate};
use crate::process::{Program, free_address, switchyard};
use crate::static_files::{NO_NGINX, beside, nginx};
use crate::table::{Limit, grouped, heading, milliseconds, promise, ratio, skipped, table};

const SYSTEMS: u32 = 100;
const READERS: usize = 200;
/// A page in a browser asks every few seconds; these ask much more often.
const PAUSE: Duration = Duration::from_millis(250);
const PAGE: &str = "/status/s1";
/// Size of the sample that is migrated beside readers: long enough to be measured.
const RUN_SCALE: u32 = 10;

/// Measures and prints.
pub async fn measure(scratch: &Path) -> anyhow::Result<()> {
    let data = scratch.join("hundred");
    std::fs::create_dir_all(&data)?;
    let configuration = configure(&data)?;
    // the first start makes the control store
    let cookie = sign_in(&serve(&configuration)?)?;
    fill(&data.join("switchyard.sqlite3"))?;
    let console = serve(&configuration)?;
    heading(&format!(
        "Status pages, {SYSTEMS} systems with 90 days of samples"
    ));
    let mut rows = Vec::new();
    let mut add = |what: String, measured: String, [text, kept]: [String; 2]| {
        rows.push(vec![what, measured, text, kept]);
    };
    against_nginx(&console, scratch).await?;

    let readers = Request {
        address: &console.address,
        path: PAGE,
        headers: "",
        pause: PAUSE,
    };
    let load = generate(&readers, READERS, Duration::from_secs(5)).await?;
    let slow = load.quantile(0.99);
    add(
        format!(
            "public page, p99 with {READERS} readers, {}/s together",
            grouped(load.per_second as u64)
        ),
        milliseconds(slow),
        promise("under 10 ms", slow < Duration::from_millis(10)),
    );
    let seen = seen_after(&console, &cookie)?;
    add(
        "an update is on the public page, longest of 5".into(),
        milliseconds(seen),
        promise("under 2 s", seen < Duration::from_secs(2)),
    );
    for (range, hours) in [("a day", 24), ("90 days", 2160)] {
        let headers = format!("Cookie: {cookie}\r\n");
        let path = format!("/api/v1/systems/s1/health?hours={hours}");
        let request = Request {
            address: &console.address,
            path: &path,
            headers: &headers,
            pause: Duration::ZERO,
        };
        let load = generate(&request, 4, Duration::from_secs(3)).await?;
        let slow = load.quantile(0.99);
        add(
            format!(
                "health of {range}, p99 of {} answers, 4 at a time",
                load.times.len()
            ),
            milliseconds(slow),
            promise("under 20 ms", slow < Duration::from_millis(20)),
        );
    }
    drop(console);
    let size = stored(&data)? / 1_000_000;
    add(
        format!("control store with {SYSTEMS} systems and 90 days"),
        format!("{size} MB"),
        promise("under 200 MB", size < 200),
    );
    let (alone, beside) = run_beside_readers(scratch).await?;
    let slower = beside.as_secs_f64() / alone.as_secs_f64();
    add(
        format!(
            "a run beside {READERS} readers, to one alone ({})",
            milliseconds(alone)
        ),
        format!("{slower:.2}×"),
        promise("at most 1.25×", slower <= 1.25),
    );
    table(&["Status and health", "Measured", "Promise", ""], &rows);
    Ok(())
}

/// How long the whole migration takes alone, and while readers ask for its public page all the time.
async fn run_beside_readers(scratch: &Path) -> anyhow::Result<(Duration, Duration)> {
    let alone = {
        let console = Console::start(&scratch.join("alone"), RUN_SCALE).await?;
        tokio::task::block_in_place(|| console.run_to_the_end())?
    };
    let console = Console::start(&scratch.join("beside"), RUN_SCALE).await?;
    let address = console.program.address.clone();
    let readers = tokio::spawn(async move {
        let request = Request {
            address: &address,
            path: "/status/obcms",
            headers: "",
            pause: PAUSE,
        };
        generate(&request, READERS, Duration::from_secs(600)).await
    });
    let beside = tokio::task::block_in_place(|| console.run_to_the_end())?;
    // an answer that is not good ends the readers
    anyhow::ensure!(!readers.is_finished(), "the readers were not answered");
    readers.abort();
    Ok((alone, beside))
}

/// The same bytes, from us and from nginx.
async fn against_nginx(console: &Program, scratch: &Path) -> anyhow::Result<()> {
    let root = scratch.join("page");
    std::fs::create_dir_all(&root)?;
    let page = ureq::get(format!("http://{}{PAGE}", console.address))
        .call()?
        .body_mut()
        .read_to_vec()?;
    std::fs::write(root.join("page.html"), &page)?;
    let Some(nginx) = nginx(&root, scratch, "/page.html")? else {
        skipped("status pages against nginx", NO_NGINX);
        return Ok(());
    };
    let (ours, theirs) = beside((&console.address, PAGE), (&nginx.address, "/page.html")).await?;
    table(
        &[
            "Public page, not compressed",
            "nginx",
            "Switchyard",
            "Ratio (at least 0.7)",
        ],
        &[vec![
            format!("{} B", grouped(ours.body_bytes as u64)),
            format!("{}/s", grouped(theirs.per_second as u64)),
            format!("{}/s", grouped(ours.per_second as u64)),
            ratio(ours.per_second / theirs.per_second, Limit::AtLeast(0.7)),
        ]],
    );
    println!();
    Ok(())
}

/// The longest time from publishing an update until the public page shows it.
fn seen_after(console: &Program, cookie: &str) -> anyhow::Result<Duration> {
    let url = |path: &str| format!("http://{}{path}", console.address);
    let mut longest = Duration::ZERO;
    for number in 0..5 {
        let title = format!("Measured {number}");
        let began = Instant::now();
        ureq::post(url("/api/v1/systems/s1/updates"))
            .header("Cookie", cookie)
            .header("Content-Type", "application/json")
            .send(format!("{{\"title\":\"{title}\",\"body\":\"\"}}"))
            .context("publishing an update")?;
        loop {
            let page = ureq::get(url(PAGE)).call()?.body_mut().read_to_string()?;
            if page.contains(&title) {
                break;
            }
            anyhow::ensure!(
                began.elapsed() < Duration::from_secs(30),
                "it is never shown"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        longest = longest.max(began.elapsed());
    }
    Ok(longest)
}

fn serve(configuration: &Path) -> anyhow::Result<Program> {
    let address = free_address()?;
    let mut command = Command::new(switchyard());
    command
        .args(["serve", "--listen", &address, "--config"])
        .arg(configuration);
    Program::start(&mut command, &address, "/readyz")
}

/// Systems whose databases have one table: what is measured here is the console. No health address, so that nothing is
/// added meanwhile.
fn configure(data: &Path) -> anyhow::Result<PathBuf> {
    let mut text = format!("data = \"{}\"\n", data.display());
    for number in 1..=SYSTEMS {
        let database = data.join(format!("target-{number}.sqlite3"));
        rusqlite::Connection::open(&database)?
            .execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)")?;
        write!(
            text,
            "[[systems]]\nslug = \"s{number}\"\ntitle = \"System {number}\"\ndatabase = \"sqlite:{}\"\n\
             playbook = \"obcms-to-bmms\"\n[systems.status]\nvisibility = \"{}\"\n",
            database.display(),
            if number == 1 { "public" } else { "private" }
        )?;
    }
    let path = data.join("switchyard.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Ninety days of hours and three days of samples, one every 30 s, for each system: what the watcher would have left.
fn fill(store: &Path) -> anyhow::Result<()> {
    let store = rusqlite::Connection::open(store)?;
    store.execute_batch(&format!(
        "BEGIN;
         WITH RECURSIVE system(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM system WHERE n < {SYSTEMS}),
           hour(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hour WHERE h < 90 * 24 - 1)
         INSERT INTO health_hours (system, hour, samples, bad, measured_seconds, bad_seconds, slow_seconds, answers,
           response_sum_ms, response_max_ms, database_answers, database_sum_ms, errors)
         SELECT 's' || n, unixepoch() / 3600 - h, 120, 1, 3600, 30, 0, 119, 119 * 40, 400, 120, 360, 2 FROM system, hour;
         WITH RECURSIVE system(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM system WHERE n < {SYSTEMS}),
           sample(s) AS (SELECT 3 * 2880 UNION ALL SELECT s - 1 FROM sample WHERE s > 1)
         INSERT INTO health_samples (system, at, outcome, response_ms, database_ms, errors, connections, why)
         SELECT 's' || n, (unixepoch() - s * 30) * 1000, 'good', 20 + s % 40, 3, 0, 7, NULL FROM sample, system;
         COMMIT;
         PRAGMA wal_checkpoint(TRUNCATE);"
    ))?;
    Ok(())
}

/// Bytes of the control store and its log.
fn stored(data: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for name in ["switchyard.sqlite3", "switchyard.sqlite3-wal"] {
        if let Ok(file) = std::fs::metadata(data.join(name)) {
            bytes += file.len();
        }
    }
    Ok(bytes)
}
