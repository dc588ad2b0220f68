//! What the users of the application do while nobody migrates anything: they enter and change
//! records now and then.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::settings::Mode;
use super::{App, data, tenancy};

/// Writes every `every` until told to stop. `old` is an application version that does not know the
/// organization column.
pub(super) async fn run(app: &App, every: Duration, old: bool, stop: CancellationToken) {
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turn: u64 = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        turn += 1;
        match write(app, turn, old).await {
            Ok(()) => app.written.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                tracing::error!(%error, "a record could not be written");
                *app.last_failure.lock().await = Some(error.to_string());
                app.failed_writes.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

async fn write(app: &App, turn: u64, old: bool) -> Result<(), sqlx::Error> {
    let pool = app.database.pool().await?;
    let mut tx = data::begin_write(&pool).await?;
    // in the transaction that writes: a migration may go on between two transactions
    let owner = if old {
        None
    } else {
        owner(app, &mut tx, turn).await?
    };
    match turn % 4 {
        1 => {
            let name = format!("Community entered {} ({turn})", jiff::Timestamp::now());
            let barangay = i64::try_from(turn * 37 % 6_598).unwrap_or(0) + 1;
            data::add_community(&mut tx, &name, barangay, owner).await?;
        }
        2 => {
            sqlx::query(
                "UPDATE coordination_stakeholder SET engagement_status = CASE engagement_status WHEN 'active' THEN 'dormant' ELSE 'active' END
                 WHERE id = (SELECT MIN(id) + $1 % COUNT(*) FROM coordination_stakeholder)",
            )
            .bind(turn.cast_signed())
            .execute(&mut *tx)
            .await?;
        }
        3 => {
            sqlx::query(
                "UPDATE project_central_ppa SET progress = CASE WHEN progress < 100 THEN progress + 1 ELSE 100 END, updated_at = CURRENT_TIMESTAMP
                 WHERE id = (SELECT MIN(id) + $1 % COUNT(*) FROM project_central_ppa)",
            )
            .bind(turn.cast_signed())
            .execute(&mut *tx)
            .await?;
        }
        _ => {
            sqlx::query(
                "UPDATE communities_community SET households = households + 1, updated_at = CURRENT_TIMESTAMP
                 WHERE id = (SELECT MIN(id) + $1 % COUNT(*) FROM communities_community)",
            )
            .bind(turn.cast_signed())
            .execute(&mut *tx)
            .await?;
        }
    }
    tx.commit().await
}

/// The organization that a new record belongs to: the default one in `obcms` mode, each active one
/// in turn in `bmms` mode.
async fn owner(
    app: &App,
    connection: &mut sqlx::AnyConnection,
    turn: u64,
) -> Result<Option<i64>, sqlx::Error> {
    let mut all = tenancy::organizations(connection).await?;
    all.retain(|organization| match app.settings.mode {
        Mode::Single => organization.code == app.settings.default_organization,
        Mode::Multi => organization.is_active,
    });
    let chosen = usize::try_from(turn / 4).unwrap_or(0) % all.len().max(1);
    Ok(all.get(chosen).map(|organization| organization.id))
}
