//! The canonical bytes of values, and the hashes over them. They are the same for equal values in
//! whichever database these are stored, so they must never depend on a driver's own encoding.
//!
//! A value is a tag, the length of its payload (8 bytes, big-endian) and the payload:
//!
//! | tag | value | payload |
//! | --- | --- | --- |
//! | 0 | NULL | nothing |
//! | 1 | whole number | 8 bytes, two's complement, big-endian |
//! | 2 | floating point number | 8 bytes, IEEE 754, big-endian; minus zero as zero |
//! | 3 | text | its UTF-8 bytes as stored |
//! | 4 | bytes | as stored |
//!
//! Lengths make neighbours unmistakable, tags tell NULL from an empty text and 1 from `'1'`.
//! Nothing is trimmed, folded or normalised: a difference of case or of a space is a difference.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::db::{Field, Fields};

/// A SHA-256 hash; in text, 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The hash that a hasher came to.
    pub fn of(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The hash of a row over the given columns, in their order.
pub fn row(fields: &Fields<'_>, columns: Range<usize>) -> Digest {
    of(columns.map(|column| fields.get(column)))
}

/// The hash of values, in their order.
pub fn of<'v>(fields: impl IntoIterator<Item = Field<'v>>) -> Digest {
    let mut hasher = Sha256::new();
    for field in fields {
        value(&mut hasher, field);
    }
    Digest::of(hasher)
}

fn value(hasher: &mut Sha256, field: Field<'_>) {
    let mut put = |tag: u8, payload: &[u8]| {
        hasher.update([tag]);
        hasher.update((payload.len() as u64).to_be_bytes());
        hasher.update(payload);
    };
    match field {
        Field::Null => put(0, &[]),
        Field::Integer(number) => put(1, &number.to_be_bytes()),
        // adding zero turns minus zero into zero and nothing else into anything else
        Field::Real(number) => put(2, &(number + 0.0).to_bits().to_be_bytes()),
        Field::Text(bytes) => put(3, bytes),
        Field::Blob(bytes) => put(4, bytes),
    }
}

/// The sum of the hashes of rows modulo 2^256, with their count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Least significant word first.
    words: [u64; 4],
    rows: u64,
}

impl Sum {
    /// Adds a row.
    pub fn add(&mut self, row: Digest) {
        let mut carry = false;
        for (word, bytes) in self.words.iter_mut().zip(row.0.chunks_exact(8)) {
            let mut more = [0; 8];
            more.copy_from_slice(bytes);
            let (sum, over) = word.overflowing_add(u64::from_le_bytes(more));
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_again;
        }
        self.rows += 1;
    }

    /// Rows added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The hash of the table: of the names of the columns, the count and the sum.
    pub fn close(&self, columns: &[String]) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(b"switchyard table 1");
        for name in columns {
            hasher.update((name.len() as u64).to_be_bytes());
            hasher.update(name);
        }
        hasher.update(self.rows.to_be_bytes());
        for word in self.words {
            hasher.update(word.to_le_bytes());
        }
        Digest::of(hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[Field<'_>]) -> Digest {
        let mut hasher = Sha256::new();
        for field in fields {
            value(&mut hasher, *field);
        }
        Digest::of(hasher)
    }

    #[test]
    fn values_that_look_alike_are_told_apart() {
        let different = [
            hash(&[Field::Null]),
            hash(&[Field::Text(b"")]),
            hash(&[Field::Blob(b"")]),
            hash(&[Field::Integer(1)]),
            hash(&[Field::Real(1.0)]),
            hash(&[Field::Text(b"1")]),
            hash(&[Field::Text(b"a")]),
            hash(&[Field::Text(b"A")]),
            hash(&[Field::Text(b"a ")]),
            hash(&[Field::Text(b"ab"), Field::Text(b"c")]),
            hash(&[Field::Text(b"a"), Field::Text(b"bc")]),
            hash(&[Field::Text(b"c"), Field::Text(b"ab")]),
        ];
        for (place, left) in different.iter().enumerate() {
            for right in &different[place + 1..] {
                assert_ne!(left, right);
            }
        }
        assert_eq!(hash(&[Field::Real(-0.0)]), hash(&[Field::Real(0.0)]));
    }

    #[test]
    fn a_sum_is_of_all_rows_in_no_order_and_notices_one_that_comes_twice() {
        let columns = ["a".to_owned()];
        let sum = |rows: &[i64]| {
            let mut sum = Sum::default();
            for row in rows {
                sum.add(hash(&[Field::Integer(*row)]));
            }
            sum.close(&columns)
        };
        assert_eq!(sum(&[1, 2, 3]), sum(&[3, 1, 2]));
        assert_ne!(sum(&[1, 2, 3]), sum(&[1, 2]));
        assert_ne!(sum(&[1, 2, 2]), sum(&[1, 1, 2]));
        assert_ne!(sum(&[1, 1]), sum(&[]));
    }

    #[test]
    fn the_carry_of_a_sum_goes_into_the_next_word() {
        let mut sum = Sum::default();
        sum.add(Digest([0xff; 32]));
        let mut one = [0; 32];
        one[0] = 1;
        sum.add(Digest(one));
        assert_eq!(sum.words, [0; 4], "2^256 is 0");
    }

    #[test]
    fn the_canonical_form_stays_what_old_manifests_were_written_with() {
        assert_eq!(
            hash(&[Field::Integer(7), Field::Text("ñ".as_bytes()), Field::Null]).to_string(),
            "ba18da2160d8b34f4ce7723c8c7e895de7e645a7ff3b203184985a7ecfa387af",
        );
    }
}
