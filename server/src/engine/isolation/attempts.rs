//! What the application's role tries on the canary rows. Every attempt stands behind a savepoint
//! of its own, and is taken back whether it succeeded or not.

use std::collections::BTreeMap;

use super::canary::{Canary, Maker, Values, is_about_the_row, said};
use super::proof::{IsolationProof, TableProof, act_as, act_for};
use crate::db::{Connection, DbError, Statement, quote};
use crate::engine::schema::{Schema, Table};

/// How an attempt ended.
enum Ended {
    /// It reached so many rows.
    Rows(u64),
    /// Row security or a missing right refused it.
    Refused,
    /// Something else refused it: what it would have done is not known.
    Unknown(String),
}

async fn attempt(db: &mut Connection, statement: Statement) -> Result<Ended, DbError> {
    db.execute("SAVEPOINT switchyard_attempt").await?;
    let ended = match db.execute(statement).await {
        Ok(rows) => Ended::Rows(rows),
        Err(DbError::Privilege { .. }) => Ended::Refused,
        Err(error) if is_about_the_row(&error) => Ended::Unknown(said(&error)),
        Err(error) => return Err(error),
    };
    db.execute("ROLLBACK TO SAVEPOINT switchyard_attempt")
        .await?;
    db.execute("RELEASE SAVEPOINT switchyard_attempt").await?;
    Ok(ended)
}

/// Tries everything on one table, from each of the two organizations toward the other.
#[expect(
    clippy::too_many_arguments,
    reason = "the whole of the proof's state is looked at"
)]
pub(super) async fn across(
    db: &mut Connection,
    proof: &IsolationProof,
    schema: &Schema,
    table: &Table,
    pair: &[Canary; 2],
    canaries: &BTreeMap<&str, [Canary; 2]>,
    maker: &mut Maker<'_>,
    found: &mut TableProof,
) -> Result<(), DbError> {
    let name = schema.dialect.relation(&table.name);
    let Some((_, column)) = proof.owned.iter().find(|(owned, _)| *owned == table.name) else {
        return Ok(());
    };
    for side in 0..2 {
        let (own, other) = (&pair[side], &pair[1 - side]);
        let organization = |row: &Canary| row.values.get(column).cloned().flatten();
        let (Some(ours), Some(theirs)) = (organization(own), organization(other)) else {
            found.unproven.push(format!(
                "{column}: a row made for the proof has no organization."
            ));
            return Ok(());
        };
        // made as our own role: a value of a key cannot be looked up by the application's
        act_for(db, maker.setting(), Some(&theirs)).await?;
        let mut stranger = other.values.clone();
        if let Ok(values) = maker.values(db, table, &BTreeMap::new()).await? {
            let keys = values.into_iter().filter(|(name, _)| {
                table.key().contains(name)
                    || table
                        .indexes
                        .iter()
                        .any(|index| index.unique && index.columns.contains(&Some(name.clone())))
            });
            let referring = |name: &String| {
                table
                    .foreign_keys
                    .iter()
                    .any(|key| key.columns.contains(name))
            };
            stranger.extend(
                keys.filter(|(name, value)| name != column && !referring(name) && value.is_some()),
            );
        }
        stranger.retain(|name, _| table.column(name).is_some_and(|column| !column.generated));
        act_for(db, maker.setting(), Some(&ours)).await?;
        act_as(db, Some(&proof.role)).await?;
        let mut trial = Trial {
            db: &mut *db,
            name: &name,
            found: &mut *found,
        };
        if !trial.sees(own).await? {
            act_as(db, None).await?;
            return Ok(());
        }
        let moved = Values::from([(column.clone(), Some(theirs))]);
        let harmless = Values::from([(column.clone(), Some(ours))]);
        trial.read(other, "reads").await?;
        let set = maker.assignments(table, &harmless);
        trial.change(other, "UPDATE", set, "updates").await?;
        trial.delete(other, "deletes").await?;
        let set = maker.assignments(table, &moved);
        trial
            .change(own, "UPDATE", set, "gives its own row to")
            .await?;
        trial.insert(maker.insert(table, &stranger)).await?;
        for key in &table.foreign_keys {
            let Some(parents) = canaries.get(key.table.as_str()) else {
                continue;
            };
            if key.columns.contains(column) {
                continue;
            }
            let Some(values) = parents[1 - side].referenced(key) else {
                continue;
            };
            let what = format!("hangs its own row along {} on", key.columns.join(", "));
            let set = maker.assignments(table, &values);
            trial.change(own, "UPDATE", set, &what).await?;
        }
        act_for(trial.db, &proof.setting, None).await?;
        trial.read(own, "without a setting reads").await?;
        if let Some(reader) = &proof.reader {
            act_as(trial.db, None).await?;
            act_as(trial.db, Some(reader)).await?;
            trial.reader(own, &quote(column)).await?;
        }
        act_as(db, None).await?;
    }
    Ok(())
}

/// Attempts on one table.
struct Trial<'t> {
    db: &'t mut Connection,
    /// The table, quoted.
    name: &'t str,
    found: &'t mut TableProof,
}

impl Trial<'_> {
    fn at(&self, row: &Canary, sql: &str) -> Statement {
        Statement::new(format!(
            "{sql} WHERE tableoid = ? AND ctid = CAST(? AS tid)"
        ))
        .bind(row.place.0)
        .bind(row.place.1.as_str())
    }

    /// Without this the rest would prove nothing.
    async fn sees(&mut self, own: &Canary) -> Result<bool, DbError> {
        let select = self.at(own, &format!("SELECT 1 FROM {}", self.name));
        match attempt(self.db, select).await? {
            Ended::Rows(1) => return Ok(true),
            Ended::Rows(_) => {
                let hidden = "An organization does not see its own row.";
                self.found.findings.push(hidden.into());
            }
            Ended::Refused => self.found.unproven.push(
                "every column: the application's role may not read the table; GRANT SELECT on it."
                    .into(),
            ),
            Ended::Unknown(why) => self
                .found
                .unproven
                .push(format!("reading it fails: {why}.")),
        }
        Ok(false)
    }

    async fn judge(&mut self, statement: Statement, what: &str) -> Result<(), DbError> {
        match attempt(self.db, statement).await? {
            Ended::Rows(0) | Ended::Refused => self.found.refused += 1,
            Ended::Rows(_) => {
                let crossed = format!("An organization {what} a row of another.");
                if !self.found.findings.contains(&crossed) {
                    self.found.findings.push(crossed);
                }
            }
            Ended::Unknown(why) => {
                let unknown =
                    format!("it could not be tried whether one {what} a row of another: {why}.");
                if !self.found.unproven.contains(&unknown) {
                    self.found.unproven.push(unknown);
                }
            }
        }
        Ok(())
    }

    async fn read(&mut self, row: &Canary, what: &str) -> Result<(), DbError> {
        let select = self.at(row, &format!("SELECT 1 FROM {}", self.name));
        self.judge(select, what).await
    }

    async fn delete(&mut self, row: &Canary, what: &str) -> Result<(), DbError> {
        let delete = self.at(row, &format!("DELETE FROM {}", self.name));
        self.judge(delete, what).await
    }

    async fn change(
        &mut self,
        row: &Canary,
        verb: &str,
        (set, values): (String, Vec<crate::db::Value>),
        what: &str,
    ) -> Result<(), DbError> {
        let mut update = self.at(row, &format!("{verb} {} SET {set}", self.name));
        update.values.splice(0..0, values);
        self.judge(update, what).await
    }

    async fn insert(&mut self, insert: Statement) -> Result<(), DbError> {
        self.judge(insert, "inserts").await
    }

    /// The reading role sees every organization's rows and changes none.
    async fn reader(&mut self, row: &Canary, column: &str) -> Result<(), DbError> {
        let select = self.at(row, &format!("SELECT 1 FROM {}", self.name));
        match attempt(self.db, select).await? {
            Ended::Rows(1) => {}
            _ => self
                .found
                .findings
                .push("The reading role does not see every row.".into()),
        }
        for sql in [
            format!("UPDATE {} SET {column} = {column}", self.name),
            format!("DELETE FROM {}", self.name),
        ] {
            let statement = self.at(row, &sql);
            match attempt(self.db, statement).await? {
                Ended::Rows(0) | Ended::Refused => self.found.refused += 1,
                Ended::Rows(_) | Ended::Unknown(_) => {
                    let writes = "The reading role writes.".to_owned();
                    if !self.found.findings.contains(&writes) {
                        self.found.findings.push(writes);
                    }
                }
            }
        }
        Ok(())
    }
}
