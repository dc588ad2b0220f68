//! Accounts in the control store.

use shared::account::{Account, Role};

use super::{StoreError, sql};
use crate::moment::Moment;

/// An account as it is kept.
#[derive(Debug, Clone)]
pub struct StoredAccount {
    /// What others see.
    pub account: Account,
    /// Argon2id hash; none until the invitation is accepted.
    pub password_hash: Option<String>,
}

/// The columns of [`StoredAccount`], before a condition.
macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT id, username, name, role, password_hash, disabled, created, last_signed_in, version FROM accounts ",
            $rest
        )
    };
}

/// The word that the store keeps for a role.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Administrator => "administrator",
    }
}

/// The role of a word that the store keeps; the table's own check allows no other word than these three.
pub fn role_of(word: &str) -> Role {
    match word {
        "administrator" => Role::Administrator,
        "operator" => Role::Operator,
        _ => Role::Viewer,
    }
}

/// Reads an account from a row that has the columns of `select_account!`.
pub(super) fn stored(row: &sql::Row) -> Result<StoredAccount, sqlx::Error> {
    let password_hash: Option<String> = row.try_get("password_hash")?;
    let role: String = row.try_get("role")?;
    let last_signed_in: Option<i64> = row.try_get("last_signed_in")?;
    Ok(StoredAccount {
        account: Account {
            id: row.try_get("id")?,
            username: row.try_get("username")?,
            name: row.try_get("name")?,
            role: role_of(&role),
            disabled: row.try_get("disabled")?,
            invited: password_hash.is_none(),
            last_signed_in: last_signed_in.map(|at| Moment(at).rfc3339()),
            created: Moment(row.try_get("created")?).rfc3339(),
            version: row.try_get("version")?,
        },
        password_hash,
    })
}

/// All accounts, by name.
///
/// # Errors
/// When the control store cannot be read.
pub async fn all(connection: &mut sql::Connection) -> Result<Vec<Account>, StoreError> {
    let rows = sql::query(select_account!("ORDER BY username_key"))
        .fetch_all(connection)
        .await?;
    let accounts: Result<Vec<_>, _> = rows
        .iter()
        .map(|row| stored(row).map(|stored| stored.account))
        .collect();
    Ok(accounts?)
}

/// The account with this identifier.
///
/// # Errors
/// When the control store cannot be read.
pub async fn by_id(
    connection: &mut sql::Connection,
    id: &str,
) -> Result<Option<StoredAccount>, StoreError> {
    let row = sql::query(select_account!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

/// The account with this name, whatever its case.
///
/// # Errors
/// When the control store cannot be read.
pub async fn by_username(
    connection: &mut sql::Connection,
    username: &str,
) -> Result<Option<StoredAccount>, StoreError> {
    let row = sql::query(select_account!("WHERE username_key = $1"))
        .bind(username.to_lowercase())
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(stored).transpose()?)
}

/// Whether any account can sign in, or could once its invitation is accepted.
///
/// # Errors
/// When the control store cannot be read.
pub async fn any(connection: &mut sql::Connection) -> Result<bool, StoreError> {
    Ok(
        sql::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE password_hash IS NOT NULL)")
            .fetch_one(connection)
            .await?,
    )
}

/// Administrators who can sign in now.
///
/// # Errors
/// When the control store cannot be read.
pub async fn administrators(connection: &mut sql::Connection) -> Result<i64, StoreError> {
    Ok(sql::query_scalar(
        "SELECT COUNT(id) FROM accounts \
         WHERE role = 'administrator' AND disabled = 0 AND password_hash IS NOT NULL",
    )
    .fetch_one(connection)
    .await?)
}

/// A new row.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// Identifier.
    pub id: &'a str,
    /// Name used to sign in.
    pub username: &'a str,
    /// Name shown.
    pub name: &'a str,
    /// Role.
    pub role: Role,
    /// Hash of the password, when there is one already.
    pub password_hash: Option<&'a str>,
    /// When.
    pub created: Moment,
}

/// Adds an account.
///
/// # Errors
/// A unique violation when the name is taken; otherwise when the store cannot write.
pub async fn insert(connection: &mut sql::Connection, row: &NewRow<'_>) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO accounts (id, username, username_key, name, role, password_hash, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(row.id)
    .bind(row.username)
    .bind(row.username.to_lowercase())
    .bind(row.name)
    .bind(role_word(row.role))
    .bind(row.password_hash)
    .bind(row.created.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes name, role and whether it is disabled, if the version is still the one that was seen; says whether it was.
///
/// # Errors
/// When the store cannot write.
pub async fn update(
    connection: &mut sql::Connection,
    account: &Account,
    seen_version: i64,
) -> Result<bool, StoreError> {
    let done = sql::query(
        "UPDATE accounts SET name = $1, role = $2, disabled = $3, version = version + 1 \
         WHERE id = $4 AND version = $5",
    )
    .bind(&account.name)
    .bind(role_word(account.role))
    .bind(account.disabled)
    .bind(&account.id)
    .bind(seen_version)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a new password, and the name shown when one is given.
///
/// # Errors
/// When the store cannot write.
pub async fn set_password(
    connection: &mut sql::Connection,
    id: &str,
    password_hash: &str,
    name: Option<&str>,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE accounts SET password_hash = $1, name = COALESCE($2, name), version = version + 1 WHERE id = $3",
    )
    .bind(password_hash)
    .bind(name)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes a sign-in.
///
/// # Errors
/// When the store cannot write.
pub async fn signed_in(
    connection: &mut sql::Connection,
    id: &str,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query("UPDATE accounts SET last_signed_in = $1 WHERE id = $2")
        .bind(at.0)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
