//! The three steps on copies of one sample database: by hand with the fewest statements that reach the same schema, the
//! same as typed into a shell, the naive way (what a framework's own migrations do), and by the engine with its journal and its undo.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use server::db::{Access, Connection, DatabaseUrl, Patience};
use server::engine::operation::Operation;
use server::engine::plan::Plan;
use server::engine::{Goal, Outcome, Playbook, drive};

use crate::baseline::{Commit, by_hand, naively};
use crate::caller::Caller;
use crate::table::{Limit, grouped, heading, milliseconds, ratio, table};
use crate::work::{by_the_engine, plan_for, work_of};

/// How often each way is measured undisturbed, in turns; the median counts. Before that once beside another writer.
const ROUNDS: usize = 5;

/// What one way cost.
pub struct Cost {
    /// From the first statement to the last commit.
    pub took: Duration,
    /// Rows inserted, updated or deleted.
    pub rows: i64,
    /// The longest that another writer of the same file waited.
    pub blocked: Duration,
}

/// Measures at each scale and prints the table.
pub async fn measure(scales: &[u32], scratch: &Path) -> anyhow::Result<()> {
    heading("Three steps on SQLite");
    let mut rows = Vec::new();
    let mut phases = Vec::new();
    for &scale in scales {
        let original = scratch.join(format!("sample-{scale}.sqlite3"));
        crate::sample::create(&original, scale).await?;
        let ways = measure_scale(&original, scratch)
            .await
            .with_context(|| format!("at {scale}×"))?;
        let fewest = ways.hand.took.as_secs_f64();
        let alone = ways.alone.took.as_secs_f64();
        for (name, cost, limit) in [
            ("fewest statements, by hand", &ways.hand, None),
            (
                "the same statements, each committed alone",
                &ways.alone,
                None,
            ),
            ("naive: `UPDATE` and a table rebuild", &ways.naive, None),
            (
                "Switchyard, with journal and undo",
                &ways.engine,
                Some(Limit::AtMost(1.5)),
            ),
        ] {
            let times = cost.took.as_secs_f64() / fewest;
            rows.push(vec![
                format!("{scale}× {name}"),
                grouped(ways.rows),
                grouped(cost.rows.unsigned_abs()),
                milliseconds(cost.took),
                limit.map_or_else(|| format!("{times:.2}×"), |limit| ratio(times, limit)),
                format!("{:.2}×", cost.took.as_secs_f64() / alone),
                milliseconds(cost.blocked),
            ]);
        }
        let mut row = vec![format!("{scale}×")];
        row.extend(ways.phases.iter().map(|took| milliseconds(*took)));
        phases.push(row);
        std::fs::remove_file(&original)?;
    }
    table(
        &[
            "Way",
            "Rows concerned",
            "Rows written",
            "Time",
            "Ratio (at most 1.5)",
            "To each committed alone",
            "Longest wait of another writer",
        ],
        &rows,
    );
    println!(
        "\nEach step alone, and all of it undone. Adding and requiring columns write no row.\n"
    );
    table(
        &[
            "Size",
            "1 add columns",
            "2 assign rows",
            "3 require columns",
            "Undo",
        ],
        &phases,
    );
    Ok(())
}

struct Ways {
    hand: Cost,
    alone: Cost,
    naive: Cost,
    engine: Cost,
    /// Of the engine: the three steps, and their undo.
    phases: Vec<Duration>,
    rows: u64,
}

async fn measure_scale(original: &Path, scratch: &Path) -> anyhow::Result<Ways> {
    let playbook = Playbook::parse("obcms-to-bmms.toml", crate::sample::PLAYBOOK)?;
    let plan = plan_for(&url(original)?, &playbook).await?;
    let work = work_of(&plan, &playbook)?;
    let rows = plan
        .steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::Populate(_)))
        .map(|step| step.cost.rows)
        .sum();
    let [mut hand, mut alone, mut naive, mut engine] = [const { Vec::new() }; 4];
    for round in 0..=ROUNDS {
        // a disturbed measurement for the other writer's wait, and an undisturbed one for the time
        let watched = round == 0;
        for (ways, commit) in [(&mut hand, Commit::Step), (&mut alone, Commit::Statement)] {
            ways.push(
                on_a_copy(original, scratch, watched, async |db, _| {
                    by_hand(db, &work, commit).await
                })
                .await?,
            );
        }
        naive.push(
            on_a_copy(original, scratch, watched, async |db, _| {
                naively(db, &work).await
            })
            .await?,
        );
        engine.push(
            on_a_copy(original, scratch, watched, async |db, _| {
                by_the_engine(db, &plan, &Caller).await
            })
            .await?,
        );
    }
    let mut phases = Vec::new();
    on_a_copy(original, scratch, false, async |db, _| {
        phases = by_phases(db, &plan).await?;
        Ok(())
    })
    .await?;
    Ok(Ways {
        phases,
        hand: middle(hand),
        alone: middle(alone),
        naive: middle(naive),
        engine: middle(engine),
        rows,
    })
}

/// The engine's time for each of the three steps, and for undoing all.
async fn by_phases(db: &mut Connection, plan: &Plan) -> anyhow::Result<Vec<Duration>> {
    let until = |phase: &str| Goal::Applied {
        until: Some(phase.to_owned()),
    };
    drive(db, "figures", plan, &until("organizations"), &Caller).await?;
    let mut times = Vec::new();
    for goal in [
        until("nullable"),
        until("populate"),
        until("required"),
        Goal::Undone { groups: None },
    ] {
        let started = Instant::now();
        match drive(db, "figures", plan, &goal, &Caller).await? {
            Outcome::Done => times.push(started.elapsed()),
            other => bail!("{goal:?} ended as {other:?}"),
        }
    }
    Ok(times)
}

/// Runs one way on a fresh copy; with `watched`, a second writer keeps writing and its longest wait is measured.
async fn on_a_copy(
    original: &Path,
    scratch: &Path,
    watched: bool,
    way: impl AsyncFnOnce(&mut Connection, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<(bool, Cost)> {
    let copy = scratch.join("copy.sqlite3");
    remove(&copy);
    std::fs::copy(original, &copy)?;
    let mut db = Connection::open_patiently(
        &url(&copy)?,
        Access::Write,
        Patience(Duration::from_secs(60)),
    )
    .await?;
    db.rows("PRAGMA journal_mode = WAL").await?;
    let over = Arc::new(AtomicBool::new(false));
    let writer = watched.then(|| tokio::spawn(keep_writing(copy.clone(), Arc::clone(&over))));
    let before = db.count("SELECT total_changes()").await?;
    let started = Instant::now();
    way(&mut db, &copy).await?;
    let took = started.elapsed();
    let rows = db.count("SELECT total_changes()").await? - before;
    over.store(true, Ordering::Relaxed);
    let blocked = match writer {
        Some(task) => task.await??,
        None => Duration::ZERO,
    };
    db.close().await;
    remove(&copy);
    Ok((
        watched,
        Cost {
            took,
            rows,
            blocked,
        },
    ))
}

/// Another writer of the file: one small transaction after another. Answers the longest that one of them took.
async fn keep_writing(file: PathBuf, over: Arc<AtomicBool>) -> anyhow::Result<Duration> {
    let mut db = Connection::open_patiently(
        &url(&file)?,
        Access::Write,
        Patience(Duration::from_secs(120)),
    )
    .await?;
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let started = Instant::now();
        db.begin_write().await?;
        db.execute("UPDATE auth_user SET is_active = is_active WHERE id = 1")
            .await?;
        db.commit().await?;
        longest = longest.max(started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    db.close().await;
    Ok(longest)
}

/// The median of the undisturbed times, with the wait of the disturbed round.
fn middle(rounds: Vec<(bool, Cost)>) -> Cost {
    let blocked = rounds
        .iter()
        .map(|(_, cost)| cost.blocked)
        .max()
        .unwrap_or_default();
    let mut quiet: Vec<Cost> = rounds
        .into_iter()
        .filter(|(watched, _)| !watched)
        .map(|(_, cost)| cost)
        .collect();
    quiet.sort_by_key(|cost| cost.took);
    let middle = quiet.swap_remove((quiet.len() - 1) / 2);
    Cost { blocked, ..middle }
}

fn url(file: &Path) -> anyhow::Result<DatabaseUrl> {
    Ok(format!("sqlite:{}", file.display()).parse()?)
}

fn remove(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}
