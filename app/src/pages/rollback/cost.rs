//! Costs of a rollback in words.

use shared::rollback::{LostRows, RollbackCost};

use crate::format;

/// Time that a rollback takes: measured, estimated, or that neither could be.
pub fn takes(cost: &RollbackCost) -> String {
    match cost.takes_ms {
        Some(ms) if cost.estimated => format!("Estimated: up to {}", format::duration(ms)),
        Some(ms) => format!("About {}", format::duration(ms)),
        None => "Not measured yet".to_owned(),
    }
}

/// The same with where the time comes from.
pub fn takes_from(cost: &RollbackCost) -> String {
    match cost.takes_ms {
        Some(_) => format!("{}, {}", takes(cost), cost.takes_from),
        None => takes(cost),
    }
}

/// Time that the application is unavailable.
pub fn downtime(cost: &RollbackCost) -> String {
    if cost.downtime_ms == 0 {
        "None".to_owned()
    } else {
        format!("About {}", format::duration(cost.downtime_ms))
    }
}

/// What would be lost, in one line: new, changed and assignments; or that it is still being counted.
pub fn loss(cost: &RollbackCost) -> String {
    if cost.measuring {
        return "Being measured".to_owned();
    }
    let lost = &cost.lost;
    let sum = |of: fn(&LostRows) -> u64| lost.iter().map(of).sum::<u64>();
    let parts: Vec<String> = [
        (sum(|rows| rows.created), "new"),
        (sum(|rows| rows.changed), "changed"),
        (sum(|rows| rows.assignments), "assigned"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{} {word}", format::count(count)))
    .collect();
    if parts.is_empty() {
        "0".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(takes_ms: Option<u64>, downtime_ms: u64) -> RollbackCost {
        RollbackCost {
            fingerprint: String::new(),
            refused: None,
            measuring: false,
            takes_ms,
            estimated: false,
            takes_from: String::new(),
            downtime_ms,
            lost: Vec::new(),
            rows_lost: 0,
            notes: Vec::new(),
        }
    }

    fn lost(created: u64, changed: u64, assignments: u64) -> LostRows {
        LostRows {
            table: "project_central_ppa".to_owned(),
            model: None,
            created,
            changed,
            deleted: 0,
            assignments,
        }
    }

    #[test]
    fn a_time_that_was_not_measured_is_not_promised() {
        assert_eq!(takes(&cost(None, 0)), "Not measured yet");
        assert_eq!(takes(&cost(Some(41_000), 0)), "About 41 s");
        let estimated = RollbackCost {
            estimated: true,
            ..cost(Some(41_000), 0)
        };
        assert_eq!(takes(&estimated), "Estimated: up to 41 s");
        assert_eq!(downtime(&cost(None, 0)), "None");
    }

    #[test]
    fn what_is_lost_is_added_up_over_tables_and_kinds() {
        let of = |lost| {
            loss(&RollbackCost {
                lost,
                ..cost(None, 0)
            })
        };
        assert_eq!(
            of(vec![lost(7, 4, 0), lost(103, 5, 87)]),
            "110 new, 9 changed, 87 assigned"
        );
        assert_eq!(of(vec![lost(0, 0, 0)]), "0");
    }

    #[test]
    fn what_is_still_being_counted_is_never_told_as_nothing() {
        let measuring = RollbackCost {
            measuring: true,
            ..cost(Some(900), 900)
        };
        assert_eq!(loss(&measuring), "Being measured");
    }
}
