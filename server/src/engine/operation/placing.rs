//! The ways in which a row finds its organization, as plain data of a plan.

use serde::{Deserialize, Serialize};

/// How a row finds its organization, as SQL over the alias `t` of its table: one way, of which the other forms are made.
/// Plans of a parent were stored with the expression beside the join once; the join alone counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Placing {
    /// PostgreSQL: as its parent, joined for many rows at once. The server carries an expression out row by row, which
    /// takes more than one and a half times as long.
    Parent {
        /// The parent.
        join: ParentJoin,
    },
    /// By an expression that answers the organization's id, or NULL where no rule places the row.
    Expression {
        /// The expression.
        rule: String,
    },
}

impl Placing {
    /// An expression that answers the organization's id for one row, or NULL where no rule places it.
    pub fn expression(&self) -> String {
        match self {
            Self::Parent { join } => join.expression(),
            Self::Expression { rule } => rule.clone(),
        }
    }
}

/// A rule as a join of the table, `t`, with the parent of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentJoin {
    /// The parent under an alias, as it stands behind FROM.
    pub from: String,
    /// What joins a row to its parent, of which there is one at most.
    pub on: String,
    /// The organization's id.
    pub value: String,
}

impl ParentJoin {
    /// The same for one row.
    pub(super) fn expression(&self) -> String {
        let Self { from, on, value } = self;
        format!("(SELECT {value} FROM {from} WHERE {on})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Populate;

    #[test]
    fn a_plan_stored_with_both_forms_of_a_parent_goes_on_with_its_join_and_one_of_an_expression_as_it_was()
     {
        let stored = |rule: serde_json::Value, join: serde_json::Value| {
            let mut plan = serde_json::json!({
                "dialect": "postgres", "table": "child", "column": "moa_id", "key": ["id"], "sentence": "as its parent",
            });
            plan["rule"] = rule;
            plan["join"] = join;
            serde_json::from_value::<Populate>(plan).unwrap()
        };
        let join = serde_json::json!({ "from": "parent AS p", "on": "p.id = t.parent_id", "value": "p.moa_id" });
        let parent = stored("(SELECT 1)".into(), join.clone());
        assert_eq!(
            parent.placing.expression(),
            "(SELECT p.moa_id FROM parent AS p WHERE p.id = t.parent_id)"
        );
        let now = serde_json::to_value(&parent).unwrap();
        assert_eq!((&now["join"], now.get("rule")), (&join, None));
        assert_eq!(serde_json::from_value::<Populate>(now).unwrap(), parent);
        let own = stored("t.office_id".into(), serde_json::Value::Null);
        assert_eq!(own.placing.expression(), "t.office_id");
        assert_eq!(serde_json::to_value(&own).unwrap()["rule"], "t.office_id");
    }
}
