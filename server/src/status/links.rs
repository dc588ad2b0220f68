//! Links to a status page for one audience. A link carries its identifier, its end and a signature over both, so that a
//! made-up one is refused without asking the control store; the control store knows which were revoked.

mod key;
mod page;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use shared::problem::FieldProblem;
use shared::status_link::{Audience, MadeStatusLink, MakeStatusLink, StatusLink};

use crate::accounts::{Operator, token};
use crate::audit::{self, Entry};
use crate::key_file::KeyError;
use crate::moment::Moment;
use crate::organizations;
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::status_links::{self as table, LinkRow};
use crate::systems::{System, SystemError};

pub use key::{KeptKey, LinkKey};
pub use page::files;

const LONGEST_LABEL: usize = 80;
const MOST_DAYS: u32 = 365;
/// Hex digits of an identifier, as [`token::identifier`] makes it.
const ID_LENGTH: usize = 18;
const MAC_LENGTH: usize = 32;

/// Why a link is not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Fields were not accepted.
    #[error("Some fields were not accepted.")]
    Fields(Vec<FieldProblem>),
    /// There is no such link, or it was revoked already.
    #[error("There is no such link, or it was revoked already.")]
    Unknown,
    /// The control store does not answer, and the link was not opened before.
    #[error("The status was not put together yet.")]
    NotReady,
    /// The key cannot be read or made.
    #[error("links cannot be signed")]
    Key(#[from] KeyError),
    /// The operating system gave no random bits.
    #[error("no random bits")]
    Random(#[from] rand::rngs::SysError),
    /// The system or its target cannot be read.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for LinkError {
    fn kind(&self) -> Kind {
        match self {
            Self::Fields(_) => Kind::Invalid,
            Self::Unknown => Kind::NotFound,
            Self::NotReady => Kind::Unavailable,
            Self::Key(_) | Self::Random(_) => Kind::Internal,
            Self::System(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fields(_) => Some("Correct the fields named here.".into()),
            Self::NotReady => Some("Look again in a few seconds.".into()),
            Self::Unknown => Some("Look at the list of links again.".into()),
            Self::System(error) => error.remedy(),
            Self::Key(_) | Self::Random(_) | Self::Store(_) => None,
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Fields(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }
}

/// Makes a link.
///
/// # Errors
/// When a field is wrong, or there is no such organization.
pub async fn make(
    state: &AppState,
    system: &std::sync::Arc<System>,
    actor: &Operator,
    wanted: &MakeStatusLink,
) -> Result<MadeStatusLink, LinkError> {
    let mut wrong = Vec::new();
    let mut refuse = |field: &str, message: String| {
        wrong.push(FieldProblem {
            field: field.into(),
            message,
        });
    };
    let label = wanted.label.trim();
    if label.is_empty() || label.chars().count() > LONGEST_LABEL {
        refuse(
            "label",
            format!("Write what the link is for, in 1 to {LONGEST_LABEL} characters."),
        );
    }
    if !(1..=MOST_DAYS).contains(&wanted.days) {
        refuse("days", format!("Write a number from 1 to {MOST_DAYS}."));
    }
    if !wrong.is_empty() {
        return Err(LinkError::Fields(wrong));
    }
    if let Audience::Organization { code } = &wanted.audience {
        organizations::detail(state, system, code).await?;
    }
    let now = state.clock.now();
    // whole seconds: that is what the signature is over
    let ends = now.plus(Duration::from_secs(u64::from(wanted.days) * 86_400));
    let expires = Moment(ends.0.div_euclid(1000) * 1000);
    let row = LinkRow {
        system: system.slug().to_owned(),
        link: StatusLink {
            id: token::identifier()?,
            label: label.to_owned(),
            audience: wanted.audience.clone(),
            by: actor.username().to_owned(),
            created: now.rfc3339(),
            expires: expires.rfc3339(),
            revoked: None,
        },
        expires,
    };
    let key = state.link_key.get()?;
    let address = format!(
        "{}/s/{}",
        state.config.origin(),
        signed(key, &row.link.id, expires)
    );
    let mut tx = state.store.write().await?;
    table::insert(&mut tx, &row, now).await?;
    let text = format!("A link to the status page was made for “{label}”.");
    let entry = Entry::by(
        actor,
        "status.link-made",
        format!("link {}", row.link.id),
        text,
    )
    .on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(MadeStatusLink {
        link: row.link,
        address,
    })
}

/// Revokes a link.
///
/// # Errors
/// When there is none that could be.
pub async fn revoke(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: &str,
) -> Result<(), LinkError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if !table::revoke(&mut tx, system.slug(), id, now).await? {
        return Err(LinkError::Unknown);
    }
    // what the link was good for ends with it
    crate::store::subscribers::forget_link(&mut tx, id).await?;
    let entry = Entry::by(
        actor,
        "status.link-revoked",
        format!("link {id}"),
        "A link to the status page was revoked.",
    )
    .on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    page::close(state, id);
    Ok(())
}

/// The link that this token opens now; none when it is made up, has ended, or was revoked.
///
/// # Errors
/// When the control store or the key cannot be read.
pub async fn open(state: &AppState, token: &str) -> Result<Option<LinkRow>, LinkError> {
    let Some((id, expires)) = unexpired(state, token)? else {
        return Ok(None);
    };
    let row = table::get(&state.store, &id).await?;
    Ok(row.filter(|row| is_open(row, expires)))
}

/// Identifier and end of a token that was made here and has not ended.
fn unexpired(state: &AppState, token: &str) -> Result<Option<(String, Moment)>, KeyError> {
    let signed = read(state.link_key.get()?, token);
    Ok(signed.filter(|(_, expires)| *expires > state.clock.now()))
}

fn is_open(row: &LinkRow, expires: Moment) -> bool {
    row.link.revoked.is_none() && row.expires == expires
}

fn mac(key: &LinkKey, id: &str, seconds: i64) -> Option<Hmac<Sha256>> {
    let mut mac = key.mac("status link")?;
    mac.update(id.as_bytes());
    mac.update(&seconds.to_be_bytes());
    Some(mac)
}

fn signed(key: &LinkKey, id: &str, expires: Moment) -> String {
    let seconds = expires.0.div_euclid(1000);
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend(seconds.to_be_bytes());
    if let Some(mac) = mac(key, id, seconds) {
        bytes.extend(mac.finalize().into_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Identifier and end of a token whose signature is right. The comparison takes the same time wherever they differ.
fn read(key: &LinkKey, token: &str) -> Option<(String, Moment)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    if bytes.len() != ID_LENGTH + 8 + MAC_LENGTH {
        return None;
    }
    let (id, rest) = bytes.split_at(ID_LENGTH);
    let (end, signature) = rest.split_at(8);
    let id = std::str::from_utf8(id).ok()?;
    let seconds = i64::from_be_bytes(end.try_into().ok()?);
    mac(key, id, seconds)?.verify_slice(signature).ok()?;
    Some((id.to_owned(), Moment(seconds.checked_mul(1000)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_any_character_changed_opens_nothing() {
        let key = LinkKey::of([7; 32]);
        let id = "0123456789abcdef01";
        let token = signed(&key, id, Moment(1_795_140_000_000));
        assert_eq!(
            read(&key, &token),
            Some((id.to_owned(), Moment(1_795_140_000_000)))
        );
        assert_eq!(read(&LinkKey::of([8; 32]), &token), None);
        // the last character of base64 carries bits that are not used
        for place in 0..token.len() - 1 {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(read(&key, &changed), None, "{place}");
        }
        assert_eq!(read(&key, ""), None);
        assert_eq!(read(&key, "ä"), None);
    }
}
