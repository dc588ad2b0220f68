//! Guards calls to addresses that people gave: nobody makes Switchyard ask its own network for them. The name is resolved
//! once, every address of it is looked at, and the connection goes to what was looked at. No redirects are followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Whether an address can be called at all, before anybody asks where it leads. The error is a sentence for the field.
pub(super) fn check_form(address: &str, longest: usize) -> Result<(), String> {
    let wrong = || "Write an address such as `https://example.org/hooks/switchyard`.".to_owned();
    if address.len() > longest || address.contains(|letter: char| letter.is_control()) {
        return Err(wrong());
    }
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return Err(wrong());
    }
    let authority = uri.authority().ok_or_else(wrong)?;
    if authority.as_str().contains('@') {
        return Err(
            "An address must not hold a user or password: calls are signed instead.".into(),
        );
    }
    if authority.host().is_empty() {
        return Err(wrong());
    }
    Ok(())
}

/// Resolves names to public addresses, and to those that the configuration allows besides.
#[derive(Debug)]
pub(super) struct Guarded<N = DefaultResolver> {
    allowed: Vec<IpNet>,
    names: N,
}

impl Guarded {
    /// With networks that are allowed besides public ones, and the names of this machine.
    pub(super) fn allowing(allowed: Vec<IpNet>) -> Self {
        Self::asking(DefaultResolver::default(), allowed)
    }
}

impl<N> Guarded<N> {
    /// The same with names that are asked for elsewhere.
    pub(super) fn asking(names: N, allowed: Vec<IpNet>) -> Self {
        Self { allowed, names }
    }

    fn may(&self, address: IpAddr, encrypted: bool) -> bool {
        let address = address.to_canonical();
        self.allowed
            .iter()
            .any(|network| network.contains(&address))
            || (encrypted && is_public(address))
    }
}

impl<N: Resolver> Resolver for Guarded<N> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let encrypted = uri.scheme_str() == Some("https");
        let found = self.names.resolve(uri, config, timeout)?;
        // one address that is not public is enough: whoever names it has something in mind
        if found.iter().all(|there| self.may(there.ip(), encrypted)) {
            return Ok(found);
        }
        let why = if encrypted {
            "it leads into a network that is not public; the configuration can allow it as outgoing.allow"
        } else {
            "without encryption only networks that the configuration allows as outgoing.allow are called"
        };
        Err(ureq::Error::Io(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            why,
        )))
    }
}

/// Whether an address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // shared by carriers, protocol assignments, benchmarks
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // only global unicast, without what carries or stands for another address
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_called_however_an_address_is_written() {
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "240.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
        ] {
            let guard = Guarded::allowing(Vec::new());
            assert!(!guard.may(inside.parse().unwrap(), true), "{inside}");
        }
        for outside in ["8.8.8.8", "203.0.114.1", "2606:4700::1111"] {
            let guard = Guarded::allowing(Vec::new());
            assert!(guard.may(outside.parse().unwrap(), true), "{outside}");
            assert!(!guard.may(outside.parse().unwrap(), false), "{outside}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_called_also_without_encryption() {
        let guard = Guarded::allowing(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(guard.may("10.1.2.3".parse().unwrap(), false));
        assert!(guard.may("::ffff:10.1.2.3".parse().unwrap(), true));
        assert!(!guard.may("10.2.2.3".parse().unwrap(), true));
    }

    #[test]
    fn an_address_that_is_none_or_carries_a_password_is_refused() {
        for wrong in [
            "",
            "example.org",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "https://me:secret@example.org/",
            "https://example.org/\r\nHost: x",
            "javascript:alert(1)",
        ] {
            assert!(check_form(wrong, 500).is_err(), "{wrong}");
        }
        assert!(check_form("https://example.org:8443/hooks?x=1", 500).is_ok());
    }
}
