//! One large table: its organization the same for all rows or derived from another table, and a writer that goes on
//! meanwhile. The naive ways are measured beside the same writer.

use std::time::{Duration, Instant};

use anyhow::Context;
use server::db::Connection;
use server::engine::Playbook;
use server::engine::operation::Operation;
use server::engine::plan::Plan;

use super::writer::{Span, Watch, Writer, Writes};
use super::{Database, Server, median};
use crate::process::resident_mib;
use crate::table::{Limit, grouped, milliseconds, promise, ratio, table};
use crate::work::{by_the_engine, plan_for};

/// How often the default organization is measured; the median counts.
const ROUNDS: usize = 3;
/// How long the writer is watched before anything is done to it.
const IDLE: Duration = Duration::from_secs(3);
const COMMUNITIES: u64 = 5_000;

const PLAYBOOK: &str = r#"
format = 1
name = "large"
title = "Large"
kind = "tenancy"

[organizations]
table = "organization"

[organizations.default]
code = "OOBC"
name = "Office for Other Bangsamoro Communities"

[[groups]]
name = "large"
title = "Large"
"#;

const COMMUNITY: &str = r#"
[[groups.models]]
label = "Community"
plural = "Communities"
table = "community"
"#;

/// How the rows of the large table find their organization.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// All have the same.
    Default,
    /// Each has that of its community.
    Derived,
}

impl Rule {
    fn playbook(self) -> anyhow::Result<Playbook> {
        let (communities, organization) = match self {
            Self::Default => ("", ""),
            Self::Derived => (COMMUNITY, "organization = { through = \"community_id\" }\n"),
        };
        let text = format!(
            "{PLAYBOOK}{communities}\n[[groups.models]]\nlabel = \"Entry\"\nplural = \"Entries\"\ntable = \"entry\"\n\
             {organization}"
        );
        Ok(Playbook::parse("large.toml", &text)?)
    }
}

/// Measures both sizes and prints the table.
pub async fn measure(server: &Server, sizes: [u64; 2]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    for size in sizes {
        let original = original(server, size).await?;
        let mut add = |what: String, naive: String, ours: String, verdict: String| {
            rows.push(vec![what, naive, ours, verdict]);
        };
        // a table that takes minutes is measured once
        let rounds = if size > 1_000_000 { 1 } else { ROUNDS };
        let (mut ours, mut naive) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(engine(server, &original, size, Rule::Default).await?);
            naive.push(by_hand(server, &original, size, Rule::Default).await?);
        }
        let assigned = median(ours.iter().map(|way| way.assigned).collect())?;
        let updated = median(naive.iter().map(|way| way.assigned).collect())?;
        let times = updated.as_secs_f64() / assigned.as_secs_f64();
        add(
            format!("default organization, {} rows", grouped(size)),
            milliseconds(updated),
            milliseconds(assigned),
            format!("{} (at least 100×)", ratio(times, Limit::AtLeast(100.0))),
        );
        let stall = median(ours.iter().map(|way| way.stall).collect())?;
        let naive_stall = median(naive.iter().map(|way| way.stall).collect())?;
        add(
            "– longest stall of a writer".into(),
            milliseconds(naive_stall),
            milliseconds(stall),
            verdict("under 50 ms", stall < Duration::from_millis(50)),
        );
        let required = median(ours.iter().map(|way| way.required).collect())?;
        let naive_required = median(naive.iter().map(|way| way.required).collect())?;
        add(
            "– required: longest block of a writer".into(),
            milliseconds(naive_required),
            milliseconds(required),
            verdict("under 50 ms", required < Duration::from_millis(50)),
        );

        let ours = engine(server, &original, size, Rule::Derived).await?;
        let naive = by_hand(server, &original, size, Rule::Derived).await?;
        let times = naive.assigned.as_secs_f64() / ours.assigned.as_secs_f64();
        let speed = |way: &Way| {
            let speed = size as f64 / way.assigned.as_secs_f64();
            format!("{} rows/s", grouped(speed as u64))
        };
        add(
            format!("derived organization, {} rows", grouped(size)),
            speed(&naive),
            speed(&ours),
            format!("{} (at least 0.7×)", ratio(times, Limit::AtLeast(0.7))),
        );
        let times = ours.p99.as_secs_f64() / ours.idle_p99.as_secs_f64();
        add(
            format!(
                "– p99 of a writer meanwhile; idle {}",
                milliseconds(ours.idle_p99)
            ),
            milliseconds(naive.p99),
            milliseconds(ours.p99),
            format!("{} (at most 2×)", ratio(times, Limit::AtMost(2.0))),
        );
        memory.push(ours.memory_mib);
        server.drop(original).await?;
    }
    let grown = memory[1] - memory[0];
    rows.push(vec![
        format!(
            "memory that a run takes, {} / {} rows",
            grouped(sizes[0]),
            grouped(sizes[1])
        ),
        String::new(),
        format!("{:.0} / {:.0} MiB", memory[0], memory[1]),
        verdict("flat: at most 8 MiB more", grown <= 8.0),
    ]);
    table(
        &["A large table, beside a writer", "Naive", "Switchyard", ""],
        &rows,
    );
    Ok(())
}

fn verdict(text: &str, is_kept: bool) -> String {
    promise(text, is_kept).join(": ")
}

/// What one way cost.
struct Way {
    /// Until every row had its organization: the column and the rows, or the rows alone where they are derived.
    assigned: Duration,
    /// The longest wait of the writer meanwhile.
    stall: Duration,
    /// The longest wait of the writer while the column became required.
    required: Duration,
    /// Of the writer, meanwhile and before.
    p99: Duration,
    idle_p99: Duration,
    /// What the process grew by at most.
    memory_mib: f64,
}

async fn original(server: &Server, size: u64) -> anyhow::Result<Database> {
    let original = server.database("template0").await?;
    let mut db = original.open().await?;
    for statement in [
        "CREATE TABLE community (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text NOT NULL)".to_owned(),
        format!("INSERT INTO community (name) SELECT 'Community ' || n FROM generate_series(1, {COMMUNITIES}) AS n"),
        "CREATE TABLE entry (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, community_id bigint NOT NULL \
         REFERENCES community (id), title text NOT NULL, amount bigint NOT NULL DEFAULT 0)".to_owned(),
        format!(
            "INSERT INTO entry (community_id, title) SELECT 1 + n % {COMMUNITIES}, 'Entry number ' || n \
             FROM generate_series(1, {size}) AS n"
        ),
        "CREATE INDEX entry_community_id ON entry (community_id)".to_owned(),
        "VACUUM (ANALYZE) community".to_owned(),
        "VACUUM (ANALYZE) entry".to_owned(),
    ] {
        db.execute(statement).await?;
    }
    db.close().await;
    Ok(original)
}

/// The engine's way, to the end.
async fn engine(
    server: &Server,
    original: &Database,
    size: u64,
    rule: Rule,
) -> anyhow::Result<Way> {
    let copy = server.database(&original.name).await?;
    let plan = plan_for(&copy.url, &rule.playbook()?).await?;
    let (writer, idle) = idle_writer(&copy, size).await?;
    let watch = Watch::default();
    let mut db = copy.open().await?;
    let memory = Memory::watch();
    by_the_engine(&mut db, &plan, &watch).await?;
    let memory_mib = memory.end().await?;
    let writes = writer.end().await?;
    db.close().await;
    server.drop(copy).await?;

    let key = |fits: fn(&Operation) -> bool| key_of(&plan, fits);
    let nullable = key(
        |operation| matches!(operation, Operation::AddColumn { table, .. } if table == "entry"),
    )?;
    let populate =
        key(|operation| matches!(operation, Operation::Populate(step) if step.table == "entry"))?;
    let required = key(
        |operation| matches!(operation, Operation::RequireColumn { table, .. } if table == "entry"),
    )?;
    let column = (watch.first_transaction(nullable)).context("the column's transaction")?;
    let rows = watch.step(populate).context("the rows' step")?;
    let required = watch.step(required).context("the last step")?;
    Ok(Way {
        assigned: match rule {
            Rule::Default => column.length() + rows.length(),
            Rule::Derived => rows.length(),
        },
        stall: writes.longest(Span {
            from: column.from,
            to: rows.to,
        }),
        required: writes.longest(required),
        p99: writes.p99(rows),
        idle_p99: writes.p99(idle),
        memory_mib,
    })
}

fn key_of(plan: &Plan, fits: fn(&Operation) -> bool) -> anyhow::Result<&str> {
    let step = (plan.steps.iter()).find(|step| fits(&step.operation));
    Ok(&step.context("a step of the large table")?.key)
}

/// What a person would type, each statement by itself.
async fn by_hand(
    server: &Server,
    original: &Database,
    size: u64,
    rule: Rule,
) -> anyhow::Result<Way> {
    let copy = server.database(&original.name).await?;
    let mut db = copy.open().await?;
    db.execute("SET lock_timeout = 0").await?;
    for statement in [
        "CREATE TABLE organization (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, code text)",
        "INSERT INTO organization (code) VALUES ('OOBC')",
        "ALTER TABLE community ADD COLUMN organization_id bigint DEFAULT 1 REFERENCES organization",
    ] {
        db.execute(statement).await?;
    }
    let (writer, idle) = idle_writer(&copy, size).await?;
    let column = timed(
        &mut db,
        "ALTER TABLE entry ADD COLUMN organization_id bigint REFERENCES organization",
    )
    .await?;
    let rows = timed(
        &mut db,
        match rule {
            Rule::Default => "UPDATE entry SET organization_id = 1",
            Rule::Derived => {
                "UPDATE entry SET organization_id = community.organization_id FROM community \
                 WHERE community.id = entry.community_id"
            }
        },
    )
    .await?;
    let required = timed(
        &mut db,
        "ALTER TABLE entry ALTER COLUMN organization_id SET NOT NULL",
    )
    .await?;
    let writes: Writes = writer.end().await?;
    db.close().await;
    server.drop(copy).await?;
    Ok(Way {
        assigned: match rule {
            Rule::Default => column.length() + rows.length(),
            Rule::Derived => rows.length(),
        },
        stall: writes.longest(Span {
            from: column.from,
            to: rows.to,
        }),
        required: writes.longest(required),
        p99: writes.p99(rows),
        idle_p99: writes.p99(idle),
        memory_mib: 0.0,
    })
}

async fn timed(db: &mut Connection, statement: &str) -> anyhow::Result<Span> {
    let from = Instant::now();
    db.execute(statement).await?;
    let to = Instant::now();
    Ok(Span { from, to })
}

/// A writer, and the time in which nothing else was done.
async fn idle_writer(copy: &Database, size: u64) -> anyhow::Result<(Writer, Span)> {
    let writer = Writer::begin(&copy.url, size).await?;
    let from = Instant::now();
    tokio::time::sleep(IDLE).await;
    let to = Instant::now();
    Ok((writer, Span { from, to }))
}

/// How much this process, which the engine runs in, grows at most.
struct Memory {
    before: f64,
    over: tokio_util::sync::CancellationToken,
    task: tokio::task::JoinHandle<f64>,
}

impl Memory {
    fn watch() -> Self {
        let now = || resident_mib(std::process::id()).unwrap_or_default();
        let over = tokio_util::sync::CancellationToken::new();
        let stopped = over.clone();
        let task = tokio::spawn(async move {
            let mut most = now();
            while !stopped.is_cancelled() {
                most = most.max(now());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            most
        });
        Self {
            before: now(),
            over,
            task,
        }
    }

    async fn end(self) -> anyhow::Result<f64> {
        self.over.cancel();
        Ok(self.task.await? - self.before)
    }
}
