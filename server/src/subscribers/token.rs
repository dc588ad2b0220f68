//! Tokens of the links in mails: whose, until when, and a signature over both and what the link is for. None is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::moment::Moment;
use crate::status::links::LinkKey;

/// The end of a token that has none.
pub(super) const NEVER: Moment = Moment(i64::MAX);

const MAC_LENGTH: usize = 32;

/// What a link is for: one for one thing is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Confirm,
    Stop,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm a subscription",
            Self::Stop => "stop a subscription",
        }
    }
}

fn mac(key: &LinkKey, purpose: Purpose, bytes: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = key.mac(purpose.name())?;
    mac.update(bytes);
    Some(mac)
}

/// The token of a subscriber.
pub(super) fn signed(key: &LinkKey, purpose: Purpose, subscriber: i64, ends: Moment) -> String {
    let mut bytes = subscriber.to_be_bytes().to_vec();
    bytes.extend(ends.0.to_be_bytes());
    if let Some(mac) = mac(key, purpose, &bytes) {
        bytes.extend(mac.finalize().into_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whose token this is; none when it is made up, for something else, or too old.
pub(super) fn read(key: &LinkKey, purpose: Purpose, token: &str, now: Moment) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    if bytes.len() != 16 + MAC_LENGTH {
        return None;
    }
    let (said, signature) = bytes.split_at(16);
    mac(key, purpose, said)?.verify_slice(signature).ok()?;
    let (subscriber, ends) = said.split_at(8);
    let ends = Moment(i64::from_be_bytes(ends.try_into().ok()?));
    (ends > now).then_some(i64::from_be_bytes(subscriber.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_for_its_purpose_until_its_end_and_not_when_changed() {
        let key = LinkKey::of([7; 32]);
        let token = signed(&key, Purpose::Confirm, 12, Moment(1000));
        assert_eq!(read(&key, Purpose::Confirm, &token, Moment(999)), Some(12));
        assert_eq!(read(&key, Purpose::Confirm, &token, Moment(1000)), None);
        assert_eq!(read(&key, Purpose::Stop, &token, Moment(1)), None);
        assert_eq!(
            read(&LinkKey::of([8; 32]), Purpose::Confirm, &token, Moment(1)),
            None
        );
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                read(&key, Purpose::Confirm, &changed, Moment(1)),
                None,
                "{place}"
            );
        }
        assert_eq!(read(&key, Purpose::Confirm, "ä", Moment(1)), None);
        let for_ever = signed(&key, Purpose::Stop, 12, NEVER);
        assert_eq!(
            read(&key, Purpose::Stop, &for_ever, Moment(i64::MAX - 1)),
            Some(12)
        );
    }
}
