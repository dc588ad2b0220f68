//! Who is asking, and proofs of what they may do: each proof can only be made from an actor whose role allows it.

use std::ops::Deref;
use std::time::Duration;

use shared::account::{Account, Role};

use crate::moment::Moment;
use crate::refusal::{Kind, Refusal};

/// How long a confirmed password allows destructive actions.
pub const FRESH: Duration = Duration::from_secs(10 * 60);

/// A signed-in person and the session of this request.
#[derive(Debug, Clone)]
pub struct Actor {
    account: Account,
    session: String,
    confirmed: Moment,
    asked: Moment,
    address: String,
}

impl Actor {
    /// For a session that was looked up at `asked`; the password was last given at `confirmed`.
    pub(crate) fn new(
        account: Account,
        session: String,
        confirmed: Moment,
        asked: Moment,
        address: String,
    ) -> Self {
        Self {
            account,
            session,
            confirmed,
            asked,
            address,
        }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Identifier of the account.
    pub fn id(&self) -> &str {
        &self.account.id
    }

    /// Account name, as the audit log names it.
    pub fn username(&self) -> &str {
        &self.account.username
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.account.role
    }

    /// Identifier of the session (not its secret).
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Address that the request came from.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Until when destructive actions need no new password; none when one is needed now.
    pub fn fresh_until(&self) -> Option<Moment> {
        let until = self.confirmed.plus(FRESH);
        (until > self.asked).then_some(until)
    }

    /// Refuses unless the password was confirmed a short while ago. For commands that are destructive only sometimes;
    /// those that always are take [`Fresh`].
    ///
    /// # Errors
    /// When the password has to be confirmed.
    pub fn require_fresh(&self) -> Result<(), Denied> {
        self.fresh_until().map(|_| ()).ok_or(Denied::PasswordNeeded)
    }

    fn require(&self, role: Role) -> Result<(), Denied> {
        if self.account.role >= role {
            Ok(())
        } else {
            Err(Denied::Role {
                has: self.account.role,
                needs: role,
            })
        }
    }
}

/// Why a person may not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody is signed in, or the session has ended.
    #[error("Nobody is signed in, or the session has ended.")]
    NotSignedIn,
    /// The role does not allow it.
    #[error("This needs the role {}; your role is {}.", word(*.needs), word(*.has))]
    Role {
        /// Role of the account.
        has: Role,
        /// Least role that may.
        needs: Role,
    },
    /// The password has to be confirmed.
    #[error("This needs your password again: it was last given more than 10 minutes ago.")]
    PasswordNeeded,
}

/// The word for a role.
pub fn word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Administrator => "administrator",
    }
}

impl Refusal for Denied {
    fn kind(&self) -> Kind {
        match self {
            Self::NotSignedIn => Kind::NotSignedIn,
            Self::Role { .. } => Kind::NotAllowed,
            Self::PasswordNeeded => Kind::PasswordNeeded,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotSignedIn => "Sign in.".into(),
            Self::Role { needs, .. } => format!("Ask an {} to do it.", at_least(*needs)),
            Self::PasswordNeeded => "Confirm your password, then do it again.".into(),
        })
    }
}

fn at_least(role: Role) -> &'static str {
    match role {
        Role::Viewer | Role::Operator => "operator or administrator",
        Role::Administrator => "administrator",
    }
}

/// A proof about an actor; every proof reads as the actor.
pub trait Proof: Sized {
    /// Makes the proof.
    ///
    /// # Errors
    /// When the actor may not.
    fn of(actor: Actor) -> Result<Self, Denied>;
}

macro_rules! role_proof {
    ($name:ident, $role:expr, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub struct $name(Actor);

        impl Proof for $name {
            fn of(actor: Actor) -> Result<Self, Denied> {
                actor.require($role)?;
                Ok(Self(actor))
            }
        }

        impl Deref for $name {
            type Target = Actor;

            fn deref(&self) -> &Actor {
                &self.0
            }
        }
    };
}

role_proof!(
    Viewer,
    Role::Viewer,
    "A signed-in person; each role may read."
);
role_proof!(
    Operator,
    Role::Operator,
    "A person who may run migrations: operator or administrator."
);
role_proof!(
    Administrator,
    Role::Administrator,
    "A person who may do everything."
);

/// A proof, and that the password was confirmed within the last 10 minutes.
#[derive(Debug, Clone)]
pub struct Fresh<P>(P);

impl<P: Proof + Deref<Target = Actor>> Proof for Fresh<P> {
    fn of(actor: Actor) -> Result<Self, Denied> {
        let proof = P::of(actor)?;
        proof.require_fresh()?;
        Ok(Self(proof))
    }
}

impl<P> Deref for Fresh<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: Role, confirmed_seconds_ago: i64) -> Actor {
        let now = Moment(1_000_000_000);
        Actor::new(
            Account {
                id: "a1".into(),
                username: "amina".into(),
                name: "Amina".into(),
                role,
                disabled: false,
                invited: false,
                last_signed_in: None,
                created: now.rfc3339(),
                version: 1,
            },
            "s1".into(),
            Moment(now.0 - confirmed_seconds_ago * 1000),
            now,
            "127.0.0.1".into(),
        )
    }

    #[test]
    fn a_proof_is_made_only_from_a_role_that_allows_it() {
        assert!(Viewer::of(actor(Role::Viewer, 0)).is_ok());
        assert!(Operator::of(actor(Role::Viewer, 0)).is_err());
        assert!(Operator::of(actor(Role::Administrator, 0)).is_ok());
        assert!(Administrator::of(actor(Role::Operator, 0)).is_err());
    }

    #[test]
    fn a_password_is_fresh_for_ten_minutes() {
        assert!(Fresh::<Administrator>::of(actor(Role::Administrator, 599)).is_ok());
        assert_eq!(
            Fresh::<Administrator>::of(actor(Role::Administrator, 600)).err(),
            Some(Denied::PasswordNeeded)
        );
    }

    #[test]
    fn a_role_that_is_too_low_is_named_before_a_password_is_asked_for() {
        assert!(matches!(
            Fresh::<Administrator>::of(actor(Role::Viewer, 9999)),
            Err(Denied::Role { .. })
        ));
    }
}
