//! Which stages an organization may move to, and what keeps it from each. Pure.

use shared::organization::{Move, ReadinessItem, Stage};

use crate::moment::Moment;
use crate::store::organizations::{Record, WaveRow};

/// What decides about moves besides the organization itself.
pub(super) struct Around<'a> {
    /// Whether the system is in the mode for many organizations.
    pub(super) is_multi: bool,
    /// Title of that mode.
    pub(super) multi: &'a str,
    /// Whether it is the default organization.
    pub(super) is_default: bool,
    /// Waves in order.
    pub(super) waves: &'a [WaveRow],
    /// Organizations in the stage pilot.
    pub(super) pilots: usize,
    /// Now.
    pub(super) now: Moment,
}

/// Most organizations in a pilot.
const PILOT: usize = 3;

/// The moves that make sense from where it is, each possible or refused with a reason.
pub(super) fn moves(
    record: &Record,
    readiness: &[ReadinessItem],
    around: &Around<'_>,
) -> Vec<Move> {
    let targets: &[Stage] = match record.stage {
        Stage::Invited => &[Stage::Prepared],
        Stage::Prepared => &[Stage::Invited, Stage::Pilot, Stage::Active],
        Stage::Pilot => &[Stage::Active, Stage::Suspended],
        Stage::Active => &[Stage::Suspended],
        Stage::Suspended => &[Stage::Prepared, Stage::Active],
    };
    targets
        .iter()
        .map(|to| Move {
            to: *to,
            refused: refused(record, *to, readiness, around),
        })
        .collect()
}

/// Why it may not move there; none when it may.
pub(super) fn refused(
    record: &Record,
    to: Stage,
    readiness: &[ReadinessItem],
    around: &Around<'_>,
) -> Option<String> {
    let open: Vec<&str> = readiness
        .iter()
        .filter(|item| !item.done)
        .map(|item| item.title.as_str())
        .collect();
    let ready = || {
        (!open.is_empty()).then(|| {
            format!(
                "{} of {} readiness items are left: {}.",
                open.len(),
                readiness.len(),
                open.join(", ")
            )
        })
    };
    let mode = || {
        (!around.is_multi).then(|| {
            format!(
                "{} mode is off: its people could not work yet.",
                around.multi
            )
        })
    };
    match (record.stage, to) {
        (Stage::Invited, Stage::Prepared) | (Stage::Suspended, Stage::Prepared) => ready(),
        (Stage::Prepared, Stage::Invited) => None,
        (Stage::Prepared, Stage::Pilot) => ready().or_else(mode).or_else(|| {
            (around.pilots >= PILOT)
                .then(|| format!("{PILOT} organizations are in the pilot already."))
        }),
        (Stage::Prepared, Stage::Active) => ready()
            .or_else(mode)
            .or_else(|| wave_refused(record, around)),
        (Stage::Pilot, Stage::Active) => mode().or_else(|| soak_refused(around)),
        (Stage::Suspended, Stage::Active) => ready().or_else(mode),
        (_, Stage::Suspended) if around.is_default => {
            Some("It is the default organization: existing records belong to it.".into())
        }
        (Stage::Pilot | Stage::Active, Stage::Suspended) => None,
        (from, to) => Some(format!(
            "An organization does not move from {} to {}.",
            from.word(),
            to.word()
        )),
    }
}

fn wave_refused(record: &Record, around: &Around<'_>) -> Option<String> {
    let number = record.wave?;
    let wave = around.waves.iter().find(|wave| wave.number == number)?;
    wave.started
        .is_none()
        .then(|| format!("Its wave \"{}\" has not started.", wave.title))
}

fn soak_refused(around: &Around<'_>) -> Option<String> {
    let pilot = around.waves.iter().find(|wave| wave.number == 0)?;
    soak_left(pilot, around.now)
}

/// Why a wave has not been watched long enough.
pub(super) fn soak_left(wave: &WaveRow, now: Moment) -> Option<String> {
    let started = wave.started?;
    let soak = std::time::Duration::from_secs(u64::from(wave.soak_days) * 24 * 3600);
    let until = started.plus(soak);
    (now < until).then(|| {
        format!(
            "\"{}\" is watched until {} ({} days).",
            wave.title,
            until.rfc3339(),
            wave.soak_days
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(stage: Stage) -> Record {
        Record {
            code: "MOH".into(),
            name: "Ministry of Health".into(),
            kind: "ministry".into(),
            stage,
            wave: None,
            contact_name: String::new(),
            contact_email: String::new(),
            isolation: None,
            suspended_reason: None,
            changed: Moment(0),
            version: 1,
        }
    }

    fn item(done: bool) -> ReadinessItem {
        ReadinessItem {
            name: "contact".into(),
            title: "Contact person".into(),
            done,
            automatic: true,
            evidence: String::new(),
            by: None,
        }
    }

    fn around<'a>(is_multi: bool, waves: &'a [WaveRow]) -> Around<'a> {
        Around {
            is_multi,
            multi: "BMMS",
            is_default: false,
            waves,
            pilots: 0,
            now: Moment(10 * 86_400_000),
        }
    }

    #[test]
    fn nobody_is_prepared_before_the_readiness_list_is_done() {
        let around = around(false, &[]);
        let why = refused(
            &record(Stage::Invited),
            Stage::Prepared,
            &[item(false)],
            &around,
        );
        assert!(why.unwrap().contains("Contact person"));
        assert_eq!(
            refused(
                &record(Stage::Invited),
                Stage::Prepared,
                &[item(true)],
                &around
            ),
            None
        );
    }

    #[test]
    fn nobody_goes_live_while_the_system_serves_one_organization() {
        for to in [Stage::Pilot, Stage::Active] {
            let why = refused(
                &record(Stage::Prepared),
                to,
                &[item(true)],
                &around(false, &[]),
            );
            assert!(why.unwrap().contains("BMMS mode is off"));
            let why = refused(
                &record(Stage::Prepared),
                to,
                &[item(true)],
                &around(true, &[]),
            );
            assert_eq!(why, None);
        }
    }

    #[test]
    fn the_pilot_is_watched_before_it_becomes_active() {
        let waves = [WaveRow {
            number: 0,
            title: "Pilot".into(),
            soak_days: 14,
            started: Some(Moment(0)),
        }];
        let why = refused(
            &record(Stage::Pilot),
            Stage::Active,
            &[],
            &around(true, &waves),
        );
        assert!(why.unwrap().contains("14 days"));
        let late = Around {
            now: Moment(15 * 86_400_000),
            ..around(true, &waves)
        };
        assert_eq!(
            refused(&record(Stage::Pilot), Stage::Active, &[], &late),
            None
        );
    }

    #[test]
    fn a_fourth_pilot_and_a_suspended_default_are_refused() {
        let full = Around {
            pilots: 3,
            ..around(true, &[])
        };
        assert!(refused(&record(Stage::Prepared), Stage::Pilot, &[item(true)], &full).is_some());
        let default = Around {
            is_default: true,
            ..around(true, &[])
        };
        assert!(refused(&record(Stage::Active), Stage::Suspended, &[], &default).is_some());
    }

    #[test]
    fn stages_are_not_skipped() {
        assert!(
            refused(
                &record(Stage::Invited),
                Stage::Active,
                &[item(true)],
                &around(true, &[])
            )
            .is_some()
        );
    }
}
