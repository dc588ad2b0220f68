//! Throttling of passwords, and of what anybody may ask for: tries are counted before they are checked, so that a thousand at once are no way around it,
//! and counted by who tries, so that nobody can lock another person out.
//!
//! An unknown device counts against the pair of account and address, and against its address; a device that the
//! account signed in from before counts against itself alone. The cost of hashing is bounded in `password`.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::moment::Moment;
use crate::store::{StoreError, WriteTx, sign_in_tries};

/// Longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Failures that are as old as this are forgotten.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// Something that tries are counted against.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    name: String,
    /// Failures before waiting begins.
    free: i64,
    /// Whether success forgets all its failures, or only takes the one try back.
    forgives: bool,
}

impl Bucket {
    fn new(kind: &str, parts: &[&str], free: i64, forgives: bool) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self {
            name: format!("{kind}:{}", hex::encode(hasher.finalize())),
            free,
            forgives,
        }
    }

    /// Tries at one account from one address.
    pub(super) fn pair(username: &str, address: &str) -> Self {
        let username = username.to_lowercase();
        Self::new("pair", &[&username, &network(address)], 5, true)
    }

    /// Tries at any account from one address. One's own success must not forgive tries at others.
    pub(super) fn address(address: &str) -> Self {
        Self::new("address", &[&network(address)], 30, false)
    }

    /// Tries from a device that the account signed in from before.
    pub(super) fn device(account: &str, device_hash: &str) -> Self {
        Self::new("device", &[account, device_hash], 10, true)
    }

    /// Subscriptions asked for from one address: a whole office may share one.
    pub(crate) fn subscribing(address: &str) -> Self {
        Self::new("subscribing", &[&network(address)], 30, false)
    }

    /// Confirmations of the password within a session.
    pub(super) fn session(session: &str) -> Self {
        Self::new("session", &[session], 10, true)
    }
}

/// Whoever has an IPv6 address has 2^64 of them: they count as one.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        _ => address.to_owned(),
    }
}

/// What happened to a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It may be checked; `last_free` when waiting begins after it.
    Now { last_free: bool },
    /// Only after this time.
    Later(Duration),
}

/// Counts a try as failed in every bucket, unless one of them has to wait.
pub(crate) async fn begin(
    tx: &mut WriteTx,
    buckets: &[Bucket],
    now: Moment,
) -> Result<Turn, StoreError> {
    let mut counted = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        let (failures, last) = sign_in_tries::failures(tx, &bucket.name)
            .await?
            .filter(|(_, last)| now.since(*last) < FORGOTTEN)
            .unwrap_or((0, now));
        let ready = last.plus(wait(failures - bucket.free));
        if failures >= bucket.free && ready > now {
            return Ok(Turn::Later(ready.since(now)));
        }
        counted.push(failures + 1);
    }
    let mut last_free = false;
    for (bucket, failures) in buckets.iter().zip(counted) {
        last_free |= failures == bucket.free;
        sign_in_tries::write(tx, &bucket.name, failures, now).await?;
    }
    Ok(Turn::Now { last_free })
}

/// Takes back what [`begin`] counted, because the try did not fail.
pub(super) async fn succeeded(tx: &mut WriteTx, buckets: &[Bucket]) -> Result<(), StoreError> {
    for bucket in buckets {
        if bucket.forgives {
            sign_in_tries::forget(tx, &bucket.name).await?;
        } else {
            sign_in_tries::take_back(tx, &bucket.name).await?;
        }
    }
    Ok(())
}

/// Takes one try back, because it was never checked.
pub(super) async fn not_checked(tx: &mut WriteTx, buckets: &[Bucket]) -> Result<(), StoreError> {
    for bucket in buckets {
        sign_in_tries::take_back(tx, &bucket.name).await?;
    }
    Ok(())
}

/// The wait after so many failures beyond the free ones: 1 s, doubling, at most 15 min.
fn wait(beyond: i64) -> Duration {
    let doublings = u32::try_from(beyond.max(0)).unwrap_or(u32::MAX).min(20);
    Duration::from_secs(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        assert_eq!(wait(0), Duration::from_secs(1));
        assert_eq!(wait(3), Duration::from_secs(8));
        assert_eq!(wait(10), LONGEST);
        assert_eq!(wait(i64::MAX), LONGEST);
    }

    #[test]
    fn a_network_of_one_person_counts_as_one_address() {
        let bucket = |address| Bucket::address(address).name;
        assert_eq!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:2:ffff::9"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:3::1"));
        assert_ne!(bucket("192.0.2.1"), bucket("192.0.2.2"));
    }

    #[test]
    fn the_case_of_a_name_is_no_way_to_more_tries() {
        assert_eq!(
            Bucket::pair("Amina", "192.0.2.1").name,
            Bucket::pair("amina", "192.0.2.1").name
        );
    }
}
