//! Links that let a person in, in the control store: only the hash of a link's token is kept.

use shared::account::Role;

use super::accounts::{role_of, role_word};
use super::{StoreError, sql};
use crate::moment::Moment;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Makes the first account of an installation.
    FirstRun,
    /// Lets the person of a new account choose a password.
    Invitation,
    /// Lets the person of an account choose a new password.
    Reset,
    /// Makes another administrator; made on the command line when nobody can sign in.
    Recovery,
}

impl LinkKind {
    fn word(self) -> &'static str {
        match self {
            Self::FirstRun => "first-run",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Recovery => "recovery",
        }
    }

    /// The table's own check allows no other word than these four.
    fn of(word: &str) -> Self {
        match word {
            "first-run" => Self::FirstRun,
            "invitation" => Self::Invitation,
            "recovery" => Self::Recovery,
            _ => Self::Reset,
        }
    }
}

/// A link as it is kept.
#[derive(Debug, Clone)]
pub struct StoredLink {
    /// What it is for.
    pub kind: LinkKind,
    /// The account it lets in; none when it makes one.
    pub account: Option<String>,
    /// Role that a new account gets.
    pub role: Role,
    /// When it stops working.
    pub expires: Moment,
}

/// The link of a token, expired or not.
///
/// # Errors
/// When the control store cannot be read.
pub async fn by_token_hash(
    connection: &mut sql::Connection,
    token_hash: &str,
) -> Result<Option<StoredLink>, StoreError> {
    let row =
        sql::query("SELECT kind, account, role, expires FROM invitations WHERE token_hash = $1")
            .bind(token_hash)
            .fetch_optional(connection)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let kind: String = row.try_get("kind")?;
    let role: String = row.try_get("role")?;
    Ok(Some(StoredLink {
        kind: LinkKind::of(&kind),
        account: row.try_get("account")?,
        role: role_of(&role),
        expires: Moment(row.try_get("expires")?),
    }))
}

/// Keeps a link.
///
/// # Errors
/// When the store cannot write.
pub async fn insert(
    connection: &mut sql::Connection,
    token_hash: &str,
    link: &StoredLink,
    created: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO invitations (token_hash, kind, account, role, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(token_hash)
    .bind(link.kind.word())
    .bind(&link.account)
    .bind(role_word(link.role))
    .bind(created.0)
    .bind(link.expires.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a link away, because it is used; says whether it was still there.
///
/// # Errors
/// When the store cannot write.
pub async fn take(connection: &mut sql::Connection, token_hash: &str) -> Result<bool, StoreError> {
    let done = sql::query("DELETE FROM invitations WHERE token_hash = $1")
        .bind(token_hash)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes all links of a kind away: a new one replaces them.
///
/// # Errors
/// When the store cannot write.
pub async fn take_all(connection: &mut sql::Connection, kind: LinkKind) -> Result<(), StoreError> {
    sql::query("DELETE FROM invitations WHERE kind = $1")
        .bind(kind.word())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes all links of an account away.
///
/// # Errors
/// When the store cannot write.
pub async fn take_all_of(
    connection: &mut sql::Connection,
    account: &str,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM invitations WHERE account = $1")
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}
