//! How a row finds its organization, as SQL. The same expression populates existing rows, stamps
//! rows of old writers and previews decisions, so that the three can never disagree.

use super::{ParentJoin, Placing};
use crate::db::{Dialect, quote};
use crate::engine::playbook::{Model, Otherwise, Placement, Playbook};
use crate::engine::schema::Schema;

/// A rule as SQL and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How a row finds its organization.
    pub placing: Placing,
    /// The rule for people.
    pub sentence: String,
    /// Whether it answers the same for every row.
    pub constant: bool,
    /// The one column of the row that its answer depends on, where it is known.
    pub along: Option<String>,
    /// Whether it may leave rows for a person's decision.
    pub decides: bool,
}

impl Rule {
    /// An expression over the alias `t` of the model's table that answers the organization's id,
    /// or NULL for a row that the rule does not place.
    pub fn sql(&self) -> String {
        self.placing.expression()
    }
}

/// The rule of a model; `None` when its `through` names no foreign key of the table, which
/// [`crate::engine::compile`] refuses with the line.
pub fn rule(playbook: &Playbook, schema: &Schema, model: &Model) -> Option<Rule> {
    let organizations = &playbook.organizations;
    let (table, key, code) = (
        schema.dialect.relation(&organizations.table),
        quote(&organizations.key),
        quote(&organizations.code),
    );
    let default_code = &organizations.default.code;
    let default = format!(
        "(SELECT switchyard_o.{key} FROM {table} AS switchyard_o WHERE switchyard_o.{code} = {})",
        schema.dialect.literal(default_code)
    );
    let (placing, sentence, along, otherwise) = match &model.organization {
        Placement::Word(_) => {
            return Some(Rule {
                placing: Placing::Expression { rule: default },
                sentence: format!("every row belongs to {default_code}"),
                constant: true,
                along: None,
                decides: false,
            });
        }
        Placement::Through(along) => {
            let own = schema.table(&model.table)?;
            let foreign_key = own.foreign_key(&along.through)?;
            let parent = schema.table(&foreign_key.table)?;
            let sentence = format!("as its row of {} along {}", parent.name, along.through);
            let reference = format!("t.{}", quote(&along.through));
            let placing = if parent.name.eq_ignore_ascii_case(&organizations.table) {
                Placing::Expression { rule: reference }
            } else {
                let referenced = foreign_key.referenced.first().or(parent.key().first())?;
                let column = playbook
                    .model(&parent.name)
                    .map_or(playbook.tenant.column.as_str(), |(_, model)| {
                        playbook.column(model)
                    });
                let join = ParentJoin {
                    from: format!("{} AS switchyard_p", schema.dialect.relation(&parent.name)),
                    on: format!("switchyard_p.{} = {reference}", quote(referenced)),
                    value: format!("switchyard_p.{}", quote(column)),
                };
                match schema.dialect {
                    Dialect::Postgres => Placing::Parent { join },
                    Dialect::Sqlite => Placing::Expression {
                        rule: join.expression(),
                    },
                }
            };
            (
                placing,
                sentence,
                Some(along.through.clone()),
                along.otherwise,
            )
        }
        // the expression stands in a FROM of its own, so that a name in it can never mean a
        // column of the organizations table
        Placement::Expression(by) => (
            Placing::Expression {
                rule: format!(
                    "(SELECT switchyard_o.{key} FROM (SELECT ({}) AS switchyard_code) AS switchyard_e \
                     JOIN {table} AS switchyard_o ON switchyard_o.{code} = switchyard_e.switchyard_code)",
                    by.expression
                ),
            },
            format!("the organization whose code is {}", by.expression),
            None,
            by.otherwise,
        ),
    };
    Some(match otherwise {
        Otherwise::Decide => Rule {
            placing,
            sentence,
            constant: false,
            along,
            decides: true,
        },
        Otherwise::Default => Rule {
            // a row without a parent has the default too, which a join would leave out
            placing: Placing::Expression {
                rule: format!("COALESCE({}, {default})", placing.expression()),
            },
            sentence: format!("{sentence}, otherwise {default_code}"),
            constant: false,
            along,
            decides: false,
        },
    })
}
