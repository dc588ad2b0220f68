//! Costs of a rollback in words, and the cost of several groups together.

use shared::rollback::{LostRows, RollbackCost, RollbackOptions};

use crate::format;

/// The cost of undoing several groups together: what each loses is lost, times add up. None when a group is unknown.
///
/// The fingerprint joins those of the groups in the order of the playbook, as the server does.
pub fn of_groups(options: &RollbackOptions, names: &[String]) -> Option<RollbackCost> {
    let chosen: Vec<&RollbackCost> = options
        .groups
        .iter()
        .filter(|group| names.contains(&group.name))
        .map(|group| &group.cost)
        .collect();
    if chosen.len() != names.len() {
        return None;
    }
    let first = *chosen.first()?;
    let mut sum = RollbackCost {
        fingerprint: String::new(),
        refused: None,
        takes_ms: Some(0),
        takes_from: first.takes_from.clone(),
        downtime_ms: 0,
        lost: Vec::new(),
        rows_lost: 0,
        notes: Vec::new(),
    };
    for cost in &chosen {
        sum.refused = sum.refused.or_else(|| cost.refused.clone());
        sum.takes_ms = sum
            .takes_ms
            .zip(cost.takes_ms)
            .map(|(one, other)| one + other);
        sum.downtime_ms = sum.downtime_ms.max(cost.downtime_ms);
        sum.lost.extend(cost.lost.iter().cloned());
        sum.rows_lost += cost.rows_lost;
        for note in &cost.notes {
            if !sum.notes.contains(note) {
                sum.notes.push(note.clone());
            }
        }
    }
    sum.fingerprint = chosen
        .iter()
        .map(|cost| cost.fingerprint.as_str())
        .collect::<Vec<_>>()
        .join("+");
    Some(sum)
}

/// Time that a rollback takes: measured, or that it was not.
pub fn takes(cost: &RollbackCost) -> String {
    match cost.takes_ms {
        Some(ms) => format!("About {}", format::duration(ms)),
        None => "Not measured yet".to_owned(),
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

/// What would be lost, in one line: new, changed and assignments.
pub fn loss(lost: &[LostRows]) -> String {
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
    use shared::rollback::GroupRollback;

    fn cost(fingerprint: &str, takes_ms: Option<u64>, assignments: u64) -> RollbackCost {
        RollbackCost {
            fingerprint: fingerprint.to_owned(),
            refused: None,
            takes_ms,
            takes_from: "measured".to_owned(),
            downtime_ms: 0,
            lost: vec![LostRows {
                table: "t".to_owned(),
                model: None,
                created: 0,
                changed: 0,
                deleted: 0,
                assignments,
            }],
            rows_lost: 0,
            notes: vec!["Assignments are made again by the next run.".to_owned()],
        }
    }

    fn options(groups: Vec<(&str, RollbackCost)>) -> RollbackOptions {
        RollbackOptions {
            measured: String::new(),
            mode: cost("m", Some(1), 0),
            groups: groups
                .into_iter()
                .map(|(name, cost)| GroupRollback {
                    name: name.to_owned(),
                    title: name.to_owned(),
                    steps: 3,
                    cost,
                })
                .collect(),
            undo_all: cost("u", Some(1), 0),
            restores: Vec::new(),
            needs_approval: false,
            current: None,
            history: Vec::new(),
        }
    }

    #[test]
    fn several_groups_cost_what_each_of_them_costs() {
        let options = options(vec![
            ("mana", cost("a", Some(200), 87)),
            ("policies", cost("b", Some(300), 28)),
        ]);
        let both = of_groups(&options, &["mana".to_owned(), "policies".to_owned()]).unwrap();
        assert_eq!(both.takes_ms, Some(500));
        assert_eq!(loss(&both.lost), "115 assigned");
        assert_eq!(both.notes.len(), 1);
    }

    #[test]
    fn a_time_is_unknown_when_one_of_its_parts_is() {
        let options = options(vec![
            ("mana", cost("a", Some(200), 0)),
            ("policies", cost("b", None, 0)),
        ]);
        let both = of_groups(&options, &["mana".to_owned(), "policies".to_owned()]).unwrap();
        assert_eq!(takes(&both), "Not measured yet");
        assert_eq!(loss(&both.lost), "0");
    }

    #[test]
    fn an_unknown_group_has_no_cost() {
        assert_eq!(of_groups(&options(Vec::new()), &["mana".to_owned()]), None);
    }
}
