//! The hash of an entry: SHA-256 over every field and the hash of the entry before.

use sha2::{Digest, Sha256};

/// What stands before the first entry.
pub(super) const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Every field that a hash covers.
pub(super) struct Link<'a> {
    pub id: i64,
    pub at: i64,
    pub actor: &'a str,
    pub system: Option<&'a str>,
    pub action: &'a str,
    pub object: &'a str,
    pub text: &'a str,
    pub refused: bool,
    pub address: Option<&'a str>,
    pub previous: &'a str,
}

/// Fields are written with their length before them, and absent ones differ from empty ones, so that no two different
/// entries are the same bytes.
pub(super) fn hash(link: &Link<'_>) -> String {
    let mut hasher = Sha256::new();
    let mut field = |value: Option<&[u8]>| match value {
        Some(bytes) => {
            hasher.update([1]);
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
        None => hasher.update([0]),
    };
    field(Some(link.previous.as_bytes()));
    field(Some(&link.id.to_be_bytes()));
    field(Some(&link.at.to_be_bytes()));
    field(Some(link.actor.as_bytes()));
    field(link.system.map(str::as_bytes));
    field(Some(link.action.as_bytes()));
    field(Some(link.object.as_bytes()));
    field(Some(link.text.as_bytes()));
    field(Some(&[u8::from(link.refused)]));
    field(link.address.map(str::as_bytes));
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link<'a>(actor: &'a str, object: &'a str, system: Option<&'a str>) -> Link<'a> {
        Link {
            id: 1,
            at: 2,
            actor,
            system,
            action: "run.started",
            object,
            text: "",
            refused: false,
            address: None,
            previous: START,
        }
    }

    #[test]
    fn letters_moved_from_one_field_to_the_next_change_the_hash() {
        assert_ne!(hash(&link("ab", "c", None)), hash(&link("a", "bc", None)));
    }

    #[test]
    fn an_absent_field_is_not_an_empty_one() {
        assert_ne!(hash(&link("a", "b", None)), hash(&link("a", "b", Some(""))));
    }
}
