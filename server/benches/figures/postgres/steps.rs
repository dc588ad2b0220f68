//! The three steps on copies of one sample database.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use anyhow::Context;
use server::db::{Connection, Dialect, quote};
use server::engine::Playbook;

use super::{Server, median};
use crate::baseline::Commit;
use crate::caller::Caller;
use crate::table::{Limit, grouped, milliseconds, ratio, table};
use crate::work::{Model, Work, by_the_engine, plan_for, work_of};

/// How often each way is measured, in turns; the median counts.
const ROUNDS: usize = 5;

/// Measures at each scale and prints the table.
pub async fn measure(server: &Server, scales: &[u32]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for &scale in scales {
        let ways = at_scale(server, scale)
            .await
            .with_context(|| format!("at {scale}×"))?;
        let (fewest, alone) = (ways.hand.as_secs_f64(), ways.alone.as_secs_f64());
        for (name, time, limit) in [
            ("fewest statements, by hand", ways.hand, None),
            (
                "the same statements, each committed alone",
                ways.alone,
                None,
            ),
            ("naive: `UPDATE` and `SET NOT NULL`", ways.naive, None),
            (
                "Switchyard, with journal and undo",
                ways.engine,
                Some(Limit::AtMost(1.5)),
            ),
        ] {
            let times = time.as_secs_f64() / fewest;
            rows.push(vec![
                format!("{scale}× {name}"),
                grouped(ways.rows.unsigned_abs()),
                milliseconds(time),
                limit.map_or_else(|| format!("{times:.2}×"), |limit| ratio(times, limit)),
                format!("{:.2}×", time.as_secs_f64() / alone),
            ]);
        }
    }
    table(
        &[
            "Three steps",
            "Rows concerned",
            "Time",
            "Ratio (at most 1.5)",
            "To each committed alone",
        ],
        &rows,
    );
    println!();
    Ok(())
}

struct Ways {
    hand: Duration,
    alone: Duration,
    naive: Duration,
    engine: Duration,
    rows: i64,
}

async fn at_scale(server: &Server, scale: u32) -> anyhow::Result<Ways> {
    let original = server.database("template0").await?;
    let options = server::sample::Options {
        scale: NonZeroU32::new(scale).context("a scale from 1")?,
        undecided: 0,
        ..server::sample::Options::default()
    };
    server::sample::create_on(&original.url, &options).await?;
    let playbook = Playbook::parse("obcms-to-bmms.toml", crate::sample::PLAYBOOK)?;
    let plan = plan_for(&original.url, &playbook).await?;
    let work = work_of(&plan, &playbook)?;
    let mut rows = 0;
    let mut db = original.open().await?;
    for model in &work.models {
        let table = Dialect::Postgres.relation(&model.table);
        rows += db.count(format!("SELECT COUNT(*) FROM {table}")).await?;
    }
    db.close().await;
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        for (way, times) in times.iter_mut().enumerate() {
            let copy = server.database(&original.name).await?;
            let mut db = copy.open().await?;
            let started = Instant::now();
            match way {
                0 => by_hand(&mut db, &work, Commit::Step).await?,
                1 => by_hand(&mut db, &work, Commit::Statement).await?,
                2 => naively(&mut db, &work).await?,
                _ => by_the_engine(&mut db, &plan, &Caller).await?,
            }
            times.push(started.elapsed());
            db.close().await;
            server.drop(copy).await?;
        }
    }
    server.drop(original).await?;
    let [hand, alone, naive, engine] = times.map(median);
    Ok(Ways {
        hand: hand?,
        alone: alone?,
        naive: naive?,
        engine: engine?,
        rows,
    })
}

/// The fewest statements. A default that is the same for all rows comes with the column and writes none. No journal, no
/// undo, no check.
async fn by_hand(db: &mut Connection, work: &Work, commit: Commit) -> anyhow::Result<()> {
    let column = quote(&work.column);
    commit.begin(db).await?;
    for statement in &work.organizations {
        db.execute(statement.clone()).await?;
    }
    for model in &work.models {
        let table = Dialect::Postgres.relation(&model.table);
        match model.filled {
            true => {
                let id = db.count(format!("SELECT {}", model.rule)).await?;
                db.execute(add_column(work, model, &format!(" DEFAULT {id}")))
                    .await?;
                db.execute(format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"
                ))
                .await?;
            }
            false => {
                db.execute(add_column(work, model, "")).await?;
            }
        }
    }
    commit.end(db).await?;

    commit.begin(db).await?;
    for model in work.models.iter().filter(|model| !model.filled) {
        db.execute(populate(work, model)).await?;
    }
    if let Commit::Step = commit {
        // a deferred check of a foreign key that is pending would refuse the index, and any change of the table
        db.execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
    }
    for model in &work.models {
        db.execute(index(work, model)).await?;
    }
    commit.end(db).await?;

    commit.begin(db).await?;
    for model in &work.models {
        db.execute(require(work, model)).await?;
    }
    commit.end(db).await
}

/// As Django's migrations do it: one transaction a migration, the index before the `UPDATE`, which maintains it.
async fn naively(db: &mut Connection, work: &Work) -> anyhow::Result<()> {
    db.begin_write().await?;
    for statement in &work.organizations {
        db.execute(statement.clone()).await?;
    }
    db.commit().await?;
    for model in &work.models {
        db.begin_write().await?;
        db.execute(add_column(work, model, "")).await?;
        db.execute(index(work, model)).await?;
        db.commit().await?;
    }
    for model in &work.models {
        db.execute(populate(work, model)).await?;
    }
    for model in &work.models {
        db.execute(require(work, model)).await?;
    }
    Ok(())
}

fn add_column(work: &Work, model: &Model, default: &str) -> String {
    format!(
        "ALTER TABLE {} ADD COLUMN {} bigint{default} REFERENCES {} DEFERRABLE INITIALLY DEFERRED",
        Dialect::Postgres.relation(&model.table),
        quote(&work.column),
        Dialect::Postgres.relation(&work.organizations_table)
    )
}

fn populate(work: &Work, model: &Model) -> String {
    let name = quote(&work.column);
    format!(
        "UPDATE {} AS t SET {name} = ({}) WHERE t.{name} IS NULL",
        Dialect::Postgres.relation(&model.table),
        model.rule
    )
}

fn index(work: &Work, model: &Model) -> String {
    format!(
        "CREATE INDEX {} ON {} ({})",
        quote(&model.index),
        Dialect::Postgres.relation(&model.table),
        quote(&work.column)
    )
}

fn require(work: &Work, model: &Model) -> String {
    format!(
        "ALTER TABLE {} ALTER COLUMN {} SET NOT NULL",
        Dialect::Postgres.relation(&model.table),
        quote(&work.column)
    )
}
