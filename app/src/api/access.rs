//! Routes about people: session, invitations, accounts, audit log.

use gloo_net::http::Method;
use serde::de::IgnoredAny;
use shared::account::{
    AcceptInvitation, Account, ChangeAccount, ChangePassword, ConfirmPassword, Invitation,
    InvitedAccount, NewAccount, Session, SessionView, SignIn,
};
use shared::audit::{AuditPage, AuditVerification};

use super::{Answer, command, get, submit, with_query};
use crate::route::encode;

/// Who is signed in.
pub async fn session() -> Answer<Session> {
    get("/session").await
}

/// Signs in.
pub async fn sign_in(body: &SignIn) -> Answer<Session> {
    submit(Method::POST, "/session", body).await
}

/// Signs out.
pub async fn sign_out() -> Answer<()> {
    command(Method::DELETE, "/session").await
}

/// Confirms the password: destructive actions are open for 10 minutes.
pub async fn confirm_password(body: &ConfirmPassword) -> Answer<Session> {
    submit(Method::POST, "/session/confirm", body).await
}

/// What a one-time link offers.
pub async fn invitation(token: &str) -> Answer<Invitation> {
    get(format!("/invitations/{}", encode(token))).await
}

/// Accepts a one-time link and signs in.
pub async fn accept_invitation(token: &str, body: &AcceptInvitation) -> Answer<Session> {
    submit(
        Method::POST,
        format!("/invitations/{}", encode(token)),
        body,
    )
    .await
}

/// Changes one's own password.
pub async fn change_password(body: &ChangePassword) -> Answer<IgnoredAny> {
    submit(Method::PUT, "/account/password", body).await
}

/// One's own signed-in browsers.
pub async fn sessions() -> Answer<Vec<SessionView>> {
    get("/account/sessions").await
}

/// Signs out every other browser.
pub async fn end_other_sessions() -> Answer<()> {
    command(Method::DELETE, "/account/sessions").await
}

/// Signs out one browser.
pub async fn end_session(id: &str) -> Answer<()> {
    command(Method::DELETE, format!("/account/sessions/{}", encode(id))).await
}

/// All accounts.
pub async fn accounts() -> Answer<Vec<Account>> {
    get("/accounts").await
}

/// Invites a person.
pub async fn invite(body: &NewAccount) -> Answer<InvitedAccount> {
    submit(Method::POST, "/accounts", body).await
}

/// Changes an account.
pub async fn change_account(id: &str, body: &ChangeAccount) -> Answer<Account> {
    submit(Method::PATCH, format!("/accounts/{}", encode(id)), body).await
}

/// Makes a link with which a person sets a new password.
pub async fn reset_account(id: &str) -> Answer<InvitedAccount> {
    submit(Method::POST, format!("/accounts/{}/reset", encode(id)), &()).await
}

/// Which entries of the audit log to read; absent means any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditFilter {
    /// Slug of a system.
    pub system: Option<String>,
    /// Account name.
    pub actor: Option<String>,
    /// Action, such as `run.started`.
    pub action: Option<String>,
    /// Words in the text.
    pub words: Option<String>,
    /// Only entries before this number.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: Option<u32>,
}

impl AuditFilter {
    fn query(&self, path: &str) -> String {
        with_query(
            path.to_string(),
            &[
                ("system", self.system.clone()),
                ("actor", self.actor.clone()),
                ("action", self.action.clone()),
                ("q", self.words.clone()),
                ("before", self.before.map(|number| number.to_string())),
                ("limit", self.limit.map(|number| number.to_string())),
            ],
        )
    }

    /// Address of the filtered log as CSV.
    pub fn csv(&self) -> String {
        super::file(&self.query("/audit.csv"))
    }
}

/// A page of the audit log, newest first.
pub async fn audit(filter: &AuditFilter) -> Answer<AuditPage> {
    get(filter.query("/audit")).await
}

/// Whether the audit log's chain is whole.
pub async fn audit_verification() -> Answer<AuditVerification> {
    get("/audit/verification").await
}
