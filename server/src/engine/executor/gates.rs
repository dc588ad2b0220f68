//! Measures gates, in the transaction of the step they guard, and opens those that do not hold where that is allowed.

use super::control::{Event, Level};
use super::counting::Counted;
use super::driver::Driver;
use super::lease::now_ms;
use super::session::Halt;
use crate::db::{Statement, quote};
use crate::engine::gate::{Gate, GateCheck, GateEvidence};
use crate::engine::journal::StepState;
use crate::engine::operation::Operation;

/// How many rows are offered to their rules again in one transaction.
const SETTLE: u64 = 5_000;

impl Driver<'_> {
    /// Measures the gates of a step; the first that does not hold and is not overridden halts.
    pub(super) async fn pass_gates(&mut self, at: usize) -> Result<(), Halt> {
        let step = self.record.steps[at].step.clone();
        for gate in &step.gates {
            let evidence = self.measure(at, &step.key, gate).await?;
            if evidence.holds {
                continue;
            }
            let overridden = (step.key.clone(), gate.name.clone());
            if gate.overridable && self.overridden.contains_key(&overridden) {
                continue;
            }
            return Err(Halt::Gate(Box::new(evidence)));
        }
        Ok(())
    }

    /// Who overrode the gates of a step and why, as sentences; what the journal keeps of it.
    pub(super) fn overriding_of(&self, step: &str) -> Option<String> {
        let mut said: Vec<String> = (self.overridden.iter())
            .filter(|((of, _), _)| of == step)
            .map(|((_, gate), overriding)| {
                format!(
                    "The gate {gate} was overridden by {}: {}",
                    overriding.by, overriding.reason
                )
            })
            .collect();
        said.sort();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Tries to open a gate that does not hold: rows left over are offered to their rules again,
    /// and an administrator may have overridden it. Answers whether to measure it again.
    pub(super) async fn open_gate(&mut self, evidence: &GateEvidence) -> Result<bool, Halt> {
        if evidence.gate == "coverage" && !self.settled {
            self.settled = true;
            let rows = self.settle().await?;
            if rows > 0 {
                let line = format!("{rows} more rows were assigned: their parent has one by now.");
                self.log(Some(&evidence.step), Level::Info, line);
                return Ok(true);
            }
        }
        let gate = (evidence.step.clone(), evidence.gate.clone());
        if !evidence.overridable || self.overridden.contains_key(&gate) {
            return Ok(false);
        }
        let overriding = self.session.control().overridden(&gate.0, &gate.1).await;
        let Some(overriding) = overriding else {
            return Ok(false);
        };
        let line = format!(
            "The gate {} was overridden by {}: {}",
            gate.1, overriding.by, overriding.reason
        );
        self.log(Some(&gate.0), Level::Warning, line);
        self.overridden.insert(gate, overriding);
        Ok(true)
    }

    /// Offers the rows without an organization to their rules again, parents before children.
    async fn settle(&mut self) -> Result<u64, Halt> {
        let mut rows = 0;
        for at in 0..self.record.steps.len() {
            let record = &self.record.steps[at];
            let Operation::Populate(populate) = record.step.operation.clone() else {
                continue;
            };
            if record.state != StepState::Done {
                continue;
            }
            loop {
                let result = async {
                    self.begin_transaction().await?;
                    let written = self.session.execute(populate.settle(SETTLE)).await?;
                    self.commit_transaction().await?;
                    Ok::<u64, Halt>(written)
                }
                .await;
                if result.is_err() {
                    self.roll_back().await;
                }
                let written = result?;
                rows += written;
                if written < SETTLE {
                    break;
                }
            }
        }
        Ok(rows)
    }

    async fn measure(&mut self, at: usize, step: &str, gate: &Gate) -> Result<GateEvidence, Halt> {
        let mut evidence = GateEvidence {
            gate: gate.name.clone(),
            step: step.to_owned(),
            holds: true,
            evidence: String::new(),
            remedy: String::new(),
            overridable: gate.overridable,
            value: 1,
            whole: 1,
            measured_at_ms: now_ms(),
        };
        match &gate.check {
            GateCheck::Coverage {
                table,
                column,
                plural,
            } => {
                self.coverage(at, table, column, plural, &mut evidence)
                    .await?
            }
            GateCheck::NoOldWriters {
                table,
                quiet_seconds,
            } => {
                self.old_writers(table, *quiet_seconds, &mut evidence)
                    .await?
            }
            GateCheck::Invariant { name, sql } => {
                let broken = self.session.count(sql.as_str()).await?;
                evidence.holds = broken == 0;
                evidence.value = broken;
                evidence.whole = 0;
                evidence.evidence = format!("The invariant {name} answers {broken}.");
                evidence.remedy = "Correct the rows that its statement counts.".into();
            }
            GateCheck::SeesEveryRow => self.sees_every_row(&mut evidence).await?,
            GateCheck::Caller { fact } => {
                let answer = match self.facts.get(fact) {
                    Some(answer) => answer.clone(),
                    None => self.session.control().fact(*fact).await,
                };
                evidence.holds = answer.holds;
                evidence.value = i64::from(answer.holds);
                evidence.evidence = answer.evidence;
                evidence.remedy = answer.remedy;
            }
        }
        if evidence.holds {
            evidence.remedy.clear();
        }
        self.events.push(Event::Gate(evidence.clone()));
        Ok(evidence)
    }

    async fn coverage(
        &mut self,
        at: usize,
        table: &str,
        column: &str,
        plural: &str,
        evidence: &mut GateEvidence,
    ) -> Result<(), Halt> {
        let Counted { left, whole } = self.count_rows(at, table, column).await?;
        evidence.holds = left == 0;
        evidence.whole = whole;
        evidence.value = whole - left;
        evidence.evidence = if left == 0 {
            format!("All of the {plural} have an organization.")
        } else {
            format!("{left} of {whole} {plural} have no organization.")
        };
        evidence.remedy = format!(
            "Assign the {left} to an organization, one by one or by rule; the run goes on by \
             itself when {whole} of {whole} have one."
        );
        Ok(())
    }

    /// Under forced row security our counts and checks would silently be of no rows at all.
    async fn sees_every_row(&mut self, evidence: &mut GateEvidence) -> Result<(), Halt> {
        let statement = "SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles \
                         WHERE rolname = current_user";
        let row = self.session.row(statement).await?;
        let (role, sees) = row.map_or_else(Default::default, |row| (row.string(0), row.integer(1)));
        evidence.holds = sees == 1;
        evidence.value = sees;
        evidence.evidence = match evidence.holds {
            true => format!("The role {role} sees every row."),
            false => format!(
                "The role {role} would see no row once row security is forced: it is no \
                 superuser and has no BYPASSRLS."
            ),
        };
        evidence.remedy = format!(
            "As an administrator: ALTER ROLE {} BYPASSRLS.",
            quote(&role)
        );
        Ok(())
    }

    async fn old_writers(
        &mut self,
        table: &str,
        quiet_seconds: u64,
        evidence: &mut GateEvidence,
    ) -> Result<(), Halt> {
        let statement = Statement::new(
            "SELECT SUM(stamped), MAX(last_at) FROM switchyard_stamp WHERE table_name = ?",
        )
        .bind(table);
        let row = self.session.row(statement).await?;
        let quiet = i64::try_from(quiet_seconds).unwrap_or(i64::MAX);
        let (stamped, last) = row.map_or((0, None), |row| (row.integer(0), row.value(1).as_i64()));
        // nobody can have been seen to be quiet before the stamp was there to see them
        let since = last.unwrap_or(0).max(self.stamped_since(table));
        let passed = (now_ms() / 1_000 - since).clamp(0, quiet);
        evidence.holds = passed >= quiet;
        evidence.value = passed;
        evidence.whole = quiet;
        evidence.evidence = match last {
            None => format!(
                "No row of {table} came without an organization since the column was added, \
                 {passed} s ago or more."
            ),
            Some(_) => format!(
                "{stamped} rows of {table} came without an organization, the last {passed} s ago \
                 or more."
            ),
        };
        evidence.remedy = format!(
            "Release the application version that fills the column everywhere. The gate opens by \
             itself when {quiet} s pass without such a row: in {} s at the earliest.",
            quiet - passed
        );
        Ok(())
    }

    /// The second in which the stamp of a table's rows was made.
    fn stamped_since(&self, table: &str) -> i64 {
        let added = (self.record.steps.iter()).find(|record| {
            matches!(&record.step.operation, Operation::AddColumn { table: of, .. } if of == table)
        });
        let made = added.and_then(|record| record.finished_at_ms);
        made.unwrap_or(self.record.started_at_ms) / 1_000
    }
}
