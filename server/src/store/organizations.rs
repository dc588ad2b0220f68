//! Onboarding records of organizations. That an organization exists, and whether it is active, stands in the target.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::organization::{IsolationCheck, Person, Stage};

use super::words::{json, of_json, of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// The onboarding record of one organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Code.
    pub code: String,
    /// Name as written down last.
    pub name: String,
    /// Kind as written down last.
    pub kind: String,
    /// How far it is.
    pub stage: Stage,
    /// Wave it is planned for.
    pub wave: Option<u32>,
    /// Contact person.
    pub contact_name: String,
    /// Contact address.
    pub contact_email: String,
    /// Last isolation check.
    pub isolation: Option<IsolationCheck>,
    /// Why it is suspended.
    pub suspended_reason: Option<String>,
    /// Last change.
    pub changed: Moment,
    /// Counts changes, from 1; 0 for an organization that has no record yet.
    pub version: i64,
}

/// A readiness item that a person ticked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tick {
    /// Code of the organization.
    pub code: String,
    /// The item.
    pub item: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// A wave as written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WaveRow {
    /// Number; 0 is the pilot.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Days to wait after it.
    pub soak_days: u32,
    /// When it went live.
    pub started: Option<Moment>,
}

/// A move of an organization to a stage, or its arrival there.
#[derive(Debug, Clone)]
pub struct Move {
    /// Identifier.
    pub id: i64,
    /// Code of the organization.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The stage.
    pub stage: Stage,
    /// When.
    pub at: Moment,
}

/// Moves of the organizations of a system since a moment, oldest first. The change itself writes them down.
pub async fn moves(store: &Store, system: &str, since: Moment) -> Result<Vec<Move>, StoreError> {
    let rows = sql::query(
        "SELECT moves.id, moves.code, organizations.name, moves.stage, moves.at FROM organization_moves AS moves \
         JOIN organizations ON organizations.system = moves.system AND organizations.code = moves.code \
         WHERE moves.system = $1 AND moves.at >= $2 ORDER BY moves.id",
    )
    .bind(system)
    .bind(since.0)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Move {
                id: row.try_get(0)?,
                code: row.try_get(1)?,
                name: row.try_get(2)?,
                stage: of_word("the stage of an organization", row.try_get(3)?)?,
                at: Moment(row.try_get(4)?),
            })
        })
        .collect()
}

/// Records of a system, by code.
pub async fn records(store: &Store, system: &str) -> Result<Vec<Record>, StoreError> {
    let rows = sql::query(
        "SELECT code, name, kind, stage, wave, contact_name, contact_email, isolation, suspended_reason, changed, version \
         FROM organizations WHERE system = $1 ORDER BY code_key",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            let isolation: Option<String> = row.try_get(7)?;
            Ok(Record {
                code: row.try_get(0)?,
                name: row.try_get(1)?,
                kind: row.try_get(2)?,
                stage: of_word("the stage of an organization", row.try_get(3)?)?,
                wave: row.try_get(4)?,
                contact_name: row.try_get(5)?,
                contact_email: row.try_get(6)?,
                isolation: isolation
                    .map(|text| of_json("an isolation check", &text))
                    .transpose()?,
                suspended_reason: row.try_get(8)?,
                changed: Moment(row.try_get(9)?),
                version: row.try_get(10)?,
            })
        })
        .collect()
}

/// Writes a record over the version that was seen; 0 means that there was none. Answers whether it still was that one.
pub async fn save(
    tx: &mut WriteTx,
    system: &str,
    record: &Record,
    seen: i64,
) -> Result<bool, StoreError> {
    let isolation = record
        .isolation
        .as_ref()
        .map(|check| json("an isolation check", check))
        .transpose()?;
    let done = if seen == 0 {
        sql::query(
            "INSERT INTO organizations (system, code, code_key, name, kind, stage, wave, contact_name, contact_email, \
             isolation, suspended_reason, created, changed, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, 1) ON CONFLICT DO NOTHING",
        )
        .bind(system)
        .bind(&record.code)
        .bind(record.code.to_lowercase())
        .bind(&record.name)
        .bind(&record.kind)
        .bind(word(&record.stage))
        .bind(record.wave)
        .bind(&record.contact_name)
        .bind(&record.contact_email)
        .bind(isolation)
        .bind(&record.suspended_reason)
        .bind(record.changed.0)
        .execute(&mut **tx)
        .await?
    } else {
        sql::query(
            "UPDATE organizations SET name = $3, kind = $4, stage = $5, wave = $6, contact_name = $7, contact_email = $8, \
             isolation = $9, suspended_reason = $10, changed = $11, version = version + 1 \
             WHERE system = $1 AND code = $2 AND version = $12",
        )
        .bind(system)
        .bind(&record.code)
        .bind(&record.name)
        .bind(&record.kind)
        .bind(word(&record.stage))
        .bind(record.wave)
        .bind(&record.contact_name)
        .bind(&record.contact_email)
        .bind(isolation)
        .bind(&record.suspended_reason)
        .bind(record.changed.0)
        .bind(seen)
        .execute(&mut **tx)
        .await?
    };
    Ok(done.rows_affected() == 1)
}

/// Whether a record still has the version that was seen; 0 means that there was none.
pub async fn is_version(
    tx: &mut WriteTx,
    system: &str,
    code: &str,
    seen: i64,
) -> Result<bool, StoreError> {
    let version: Option<i64> =
        sql::query_scalar("SELECT version FROM organizations WHERE system = $1 AND code_key = $2")
            .bind(system)
            .bind(code.to_lowercase())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(version.unwrap_or(0) == seen)
}

/// Writes down a change that is about to reach the target, and answers its identifier.
pub async fn intend(
    tx: &mut WriteTx,
    system: &str,
    content: &impl Serialize,
    at: Moment,
) -> Result<i64, StoreError> {
    let id = sql::query_scalar(
        "INSERT INTO organization_intents (system, content, begun) VALUES ($1, $2, $3) RETURNING id",
    )
    .bind(system)
    .bind(json("a change of organizations", content)?)
    .bind(at.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Changes of a system that were begun and of which it is not known how they ended, oldest first.
pub async fn intents<T: DeserializeOwned>(
    store: &Store,
    system: &str,
) -> Result<Vec<(i64, T)>, StoreError> {
    let rows: Vec<(i64, String)> =
        sql::query_as("SELECT id, content FROM organization_intents WHERE system = $1 ORDER BY id")
            .bind(system)
            .fetch_all(store.read())
            .await?;
    rows.into_iter()
        .map(|(id, content)| Ok((id, of_json("a change of organizations", &content)?)))
        .collect()
}

/// Forgets a change whose end is known.
pub async fn forget_intent(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sql::query("DELETE FROM organization_intents WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// People of every organization of a system: code and person, in order.
pub async fn people(store: &Store, system: &str) -> Result<Vec<(String, Person)>, StoreError> {
    let rows = sql::query(
        "SELECT code, name, email, role, training, trained FROM organization_people WHERE system = $1 \
         ORDER BY code, position",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0)?,
                Person {
                    name: row.try_get(1)?,
                    email: row.try_get(2)?,
                    role: of_word("the role of a person", row.try_get(3)?)?,
                    training: row.try_get(4)?,
                    trained: row.try_get(5)?,
                },
            ))
        })
        .collect()
}

/// Replaces the people of an organization.
pub async fn replace_people(
    tx: &mut WriteTx,
    system: &str,
    code: &str,
    people: &[Person],
) -> Result<(), StoreError> {
    sql::query("DELETE FROM organization_people WHERE system = $1 AND code = $2")
        .bind(system)
        .bind(code)
        .execute(&mut **tx)
        .await?;
    for (position, person) in people.iter().enumerate() {
        sql::query(
            "INSERT INTO organization_people (system, code, position, name, email, role, training, trained) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(system)
        .bind(code)
        .bind(whole(position as u64))
        .bind(&person.name)
        .bind(&person.email)
        .bind(word(&person.role))
        .bind(&person.training)
        .bind(person.trained)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Ticks of every organization of a system.
pub async fn ticks(store: &Store, system: &str) -> Result<Vec<Tick>, StoreError> {
    let rows: Vec<(String, String, String, i64)> =
        sql::query_as("SELECT code, item, by, at FROM organization_ticks WHERE system = $1")
            .bind(system)
            .fetch_all(store.read())
            .await?;
    Ok(rows
        .into_iter()
        .map(|(code, item, by, at)| Tick {
            code,
            item,
            by,
            at: Moment(at),
        })
        .collect())
}

/// Ticks or unticks an item of an organization.
pub async fn tick(
    tx: &mut WriteTx,
    system: &str,
    tick: &Tick,
    done: bool,
) -> Result<(), StoreError> {
    if done {
        sql::query(
            "INSERT INTO organization_ticks (system, code, item, by, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (system, code, item) DO NOTHING",
        )
        .bind(system)
        .bind(&tick.code)
        .bind(&tick.item)
        .bind(&tick.by)
        .bind(tick.at.0)
        .execute(&mut **tx)
        .await?;
    } else {
        sql::query("DELETE FROM organization_ticks WHERE system = $1 AND code = $2 AND item = $3")
            .bind(system)
            .bind(&tick.code)
            .bind(&tick.item)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Waves of a system in order.
pub async fn waves(store: &Store, system: &str) -> Result<Vec<WaveRow>, StoreError> {
    let rows: Vec<(u32, String, u32, Option<i64>)> = sql::query_as(
        "SELECT number, title, soak_days, started FROM waves WHERE system = $1 ORDER BY number",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(number, title, soak_days, started)| WaveRow {
            number,
            title,
            soak_days,
            started: started.map(Moment),
        })
        .collect())
}

/// Replaces the waves of a system.
pub async fn replace_waves(
    tx: &mut WriteTx,
    system: &str,
    waves: &[WaveRow],
) -> Result<(), StoreError> {
    sql::query("DELETE FROM waves WHERE system = $1")
        .bind(system)
        .execute(&mut **tx)
        .await?;
    for wave in waves {
        sql::query(
            "INSERT INTO waves (system, number, title, soak_days, started) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(system)
        .bind(wave.number)
        .bind(&wave.title)
        .bind(wave.soak_days)
        .bind(wave.started.map(|at| at.0))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
