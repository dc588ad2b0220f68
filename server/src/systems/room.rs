//! What is to be watched of a target while a run works on it: its disk, its log, and who follows it. Whoever asks within
//! some seconds gets the same answer, so that many open pages are one look.

use std::time::{Duration, Instant};

use shared::target::{DiskSpace, HoldLimits, Replica, Replication, ReplicationSlot, TargetState};

use super::{System, SystemError};
use crate::config::HoldsConfig;
use crate::db::Connection;
use crate::engine::{disk, replication};

/// For how long an answer serves.
const SERVES: Duration = Duration::from_secs(2);

/// The last answer, and when it was had.
pub(super) type Kept = tokio::sync::Mutex<Option<(Instant, TargetState)>>;

impl System {
    /// What is to be watched of its target now.
    pub async fn target_state(&self) -> Result<TargetState, SystemError> {
        let mut kept = self.room.lock().await;
        if let Some((at, state)) = kept.as_ref()
            && at.elapsed() < SERVES
        {
            return Ok(state.clone());
        }
        let mut db = self.reader().await?;
        let state = look(&mut db, self.config.holds).await;
        db.close().await;
        let state = state?;
        *kept = Some((Instant::now(), state.clone()));
        Ok(state)
    }
}

async fn look(db: &mut Connection, holds: HoldsConfig) -> Result<TargetState, SystemError> {
    let space = match disk::free(db, None).await? {
        Some(free) => DiskSpace::Measured {
            free_bytes: free.bytes,
            total_bytes: free.total,
        },
        None => unknown(disk::is_elsewhere(db).await?),
    };
    let taken = disk::taken(db).await?;
    Ok(TargetState {
        disk: space,
        database_bytes: taken.database,
        log_bytes: taken.log,
        replication: replication::replication(db).await?.map(shown),
        limits: limits(holds),
    })
}

fn unknown(is_elsewhere: bool) -> DiskSpace {
    let reason = match is_elsewhere {
        true => {
            "The server is reached over the network: its disk cannot be seen from the console's machine, and a run does \
             not hold for it. Watch it there."
        }
        false => {
            "The role may not see where the server keeps its files, and a run does not hold for its disk. As an \
             administrator of the server: GRANT pg_monitor to the role."
        }
    };
    DiskSpace::Unknown {
        reason: reason.to_owned(),
    }
}

fn shown(found: replication::Replication) -> Replication {
    Replication {
        visible: found.visible,
        replicas: (found.replicas.into_iter())
            .map(|replica| Replica {
                name: replica.name,
                state: replica.state,
                behind_bytes: replica.behind_bytes,
                behind_ms: replica.behind_ms,
            })
            .collect(),
        slots: (found.slots.into_iter())
            .map(|slot| ReplicationSlot {
                name: slot.name,
                active: slot.active,
                kept_bytes: slot.kept_bytes,
            })
            .collect(),
    }
}

fn limits(holds: HoldsConfig) -> HoldLimits {
    let mib = |mib: u32| (mib > 0).then(|| u64::from(mib) << 20);
    HoldLimits {
        behind_bytes: mib(holds.lag_mib),
        lock_wait_ms: (holds.lock_wait_ms > 0).then(|| holds.lock_wait_ms.into()),
        free_bytes: mib(holds.free_disk_mib),
    }
}
