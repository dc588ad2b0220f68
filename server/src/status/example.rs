//! A public status for unit tests: a system in Manila that works, with nothing else to tell.

use shared::notice::WindowStage;
use shared::status::{PublicState, PublicStatus, PublicUpdate, PublicWindow};

/// The status, checked at 10:00 in Manila.
pub(super) fn status() -> PublicStatus {
    PublicStatus {
        slug: "obcms".into(),
        title: "OBCMS".into(),
        summary: String::new(),
        state: PublicState::Working,
        headline: "OBCMS is working. You can use it as usual.".into(),
        detail: String::new(),
        checked: "2026-11-20T02:00:00Z".into(),
        stale: false,
        zone: "Asia/Manila".into(),
        mode: None,
        work: None,
        coverage: None,
        organization: None,
        availability: None,
        maintenance: Vec::new(),
        updates: Vec::new(),
        contact: String::new(),
    }
}

/// An update that was published when the status was checked.
pub(super) fn update(id: i64) -> PublicUpdate {
    PublicUpdate {
        id,
        title: format!("Update {id}"),
        html: "<p>You can go on.</p>\n".into(),
        text: "You can go on.".into(),
        published: "2026-11-20T02:00:00Z".into(),
        edited: None,
        resolved: None,
    }
}

/// A window from 02:00 to 06:00 on a Sunday in Manila.
pub(super) fn window(id: i64) -> PublicWindow {
    PublicWindow {
        id,
        title: format!("Restart {id}"),
        html: "<p>Save your work.</p>\n".into(),
        text: "Save your work.".into(),
        starts: "2026-12-12T18:00:00Z".into(),
        ends: "2026-12-12T22:00:00Z".into(),
        stage: WindowStage::Scheduled,
        overdue: false,
        interruption_minutes: None,
        changed: "2026-11-20T01:00:00Z".into(),
        version: 1,
    }
}
