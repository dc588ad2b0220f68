//! Who gives a command: the account of the operating system.

use nix::unistd::{Uid, User};

/// The name of the account, for the audit log and the journal of a target.
pub(super) fn operator() -> String {
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        // an account of a container need not be in any list
        Ok(None) | Err(_) => format!("uid {uid}"),
    }
}
