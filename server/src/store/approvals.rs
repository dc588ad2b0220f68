//! Requests for approvals in the control store. Whether one still holds is decided in `approvals`.

use shared::approval::ApprovalAction;

use super::words::{of_word, word};
use super::{StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Where a request is, as it was written; age and changed fingerprints are not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Waits for a decision.
    Waiting,
    /// Agreed.
    Approved,
    /// Refused.
    Refused,
    /// Agreed and used.
    Used,
    /// Set aside, because what it was bound to changed.
    Void,
}

impl Decision {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Void => "void",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "approved" => Self::Approved,
            "refused" => Self::Refused,
            "used" => Self::Used,
            // the table's check lets no other word in; an unknown one must never count as agreed
            _ => Self::Void,
        }
    }
}

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApproval {
    /// Identifier.
    pub id: i64,
    /// What it is for.
    pub action: ApprovalAction,
    /// What would happen, as a sentence.
    pub text: String,
    /// What it is bound to.
    pub fingerprint: String,
    /// Identifier of the account that asked.
    pub requested_by: String,
    /// Account name of it.
    pub requested_by_name: String,
    /// When.
    pub requested: Moment,
    /// When it ends.
    pub expires: Moment,
    /// Where it is.
    pub decision: Decision,
    /// Account name of who decided.
    pub decided_by_name: Option<String>,
    /// What that person wrote.
    pub note: Option<String>,
}

/// A new request.
#[derive(Debug)]
pub struct NewApproval<'a> {
    /// Slug of the system.
    pub system: &'a str,
    /// What it is for.
    pub action: ApprovalAction,
    /// What would happen, as a sentence.
    pub text: &'a str,
    /// What it is bound to.
    pub fingerprint: &'a str,
    /// Identifier of the account that asks.
    pub requested_by: &'a str,
    /// Now.
    pub requested: Moment,
    /// When it ends.
    pub expires: Moment,
}

/// A query over requests with the names of the accounts; one text, so that each query stays a constant.
macro_rules! selected {
    ($condition:literal) => {
        concat!(
            "SELECT p.id AS id, p.action AS action, p.text AS text, p.fingerprint AS fingerprint, \
             p.requested_by AS requested_by, a.username AS requested_by_name, p.requested AS requested, \
             p.expires AS expires, p.state AS state, d.username AS decided_by_name, p.note AS note \
             FROM approvals p JOIN accounts a ON a.id = p.requested_by \
             LEFT JOIN accounts d ON d.id = p.decided_by ",
            $condition
        )
    };
}

/// The newest requests of a system, newest first.
///
/// # Errors
/// When the control store cannot be read.
pub async fn list(
    connection: &mut sql::Connection,
    system: &str,
) -> Result<Vec<StoredApproval>, StoreError> {
    let rows = sql::query(selected!(
        "WHERE p.system = $1 ORDER BY p.id DESC LIMIT 100"
    ))
    .bind(system)
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

/// One request of a system, if there is one with this identifier.
///
/// # Errors
/// When the control store cannot be read.
pub async fn get(
    connection: &mut sql::Connection,
    system: &str,
    id: i64,
) -> Result<Option<StoredApproval>, StoreError> {
    let row = sql::query(selected!("WHERE p.system = $1 AND p.id = $2"))
        .bind(system)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(stored).transpose()
}

/// Keeps a request and answers its identifier.
///
/// # Errors
/// When the control store cannot write it.
pub async fn add(tx: &mut WriteTx, new: &NewApproval<'_>) -> Result<i64, StoreError> {
    let id = sql::query_scalar(
        "INSERT INTO approvals (system, action, text, fingerprint, requested_by, requested, expires, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting') RETURNING id",
    )
    .bind(new.system)
    .bind(word(&new.action))
    .bind(new.text)
    .bind(new.fingerprint)
    .bind(new.requested_by)
    .bind(new.requested.0)
    .bind(new.expires.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Moves a request on, if it still is where the caller saw it. Answers whether it was.
///
/// # Errors
/// When the control store cannot write it.
pub async fn move_on(
    tx: &mut WriteTx,
    id: i64,
    from: Decision,
    to: Decision,
    decided: Option<(&str, &str, Moment)>,
) -> Result<bool, StoreError> {
    let (by, note, at) = match decided {
        Some((by, note, at)) => (Some(by), Some(note), Some(at.0)),
        None => (None, None, None),
    };
    let done = sql::query(
        "UPDATE approvals SET state = $3, decided_by = COALESCE($4, decided_by), note = COALESCE($5, note), \
         decided = COALESCE($6, decided) WHERE id = $1 AND state = $2",
    )
    .bind(id)
    .bind(from.word())
    .bind(to.word())
    .bind(by)
    .bind(note)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn stored(row: &sql::Row) -> Result<StoredApproval, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(StoredApproval {
        id: row.try_get("id")?,
        action: of_word("the action of an approval", row.try_get("action")?)?,
        text: row.try_get("text")?,
        fingerprint: row.try_get("fingerprint")?,
        requested_by: row.try_get("requested_by")?,
        requested_by_name: row.try_get("requested_by_name")?,
        requested: Moment(row.try_get("requested")?),
        expires: Moment(row.try_get("expires")?),
        decision: Decision::read(&state),
        decided_by_name: row.try_get("decided_by_name")?,
        note: row.try_get("note")?,
    })
}
