//! Calls against real receivers, with names that the test resolves as it likes.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::NextTimeout;

use super::*;

const SHORT: Duration = Duration::from_millis(1500);

#[test]
fn a_receiver_can_compute_the_signature_with_any_tool() {
    // printf '1795140000.{}' | openssl dgst -sha256 -hmac 00ff
    assert_eq!(
        signature("00ff", 1_795_140_000, "{}"),
        "417733b4cda30ea6f801105c3a293bdad4c474329187e01861990e16367d2bf6"
    );
}

/// Names whose addresses are others each time they are asked for.
#[derive(Debug)]
struct Names {
    answers: Vec<Vec<IpAddr>>,
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Resolver for Names {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(asked).or(self.answers.last());
        let mut all = self.empty();
        for address in answer.into_iter().flatten() {
            all.push(SocketAddr::new(*address, self.port));
        }
        Ok(all)
    }
}

/// A receiver on this address that does this with each connection, and counts them.
fn receiver(
    address: &str,
    with: impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static,
) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connected = Arc::new(AtomicUsize::new(0));
    let count = connected.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            // a caller that goes away is what some of these tests are about
            let _ = stream.and_then(&with);
        }
    });
    (port, connected)
}

/// Reads a request to its end, and answers so.
fn answering(answer: &'static str) -> impl Fn(TcpStream) -> std::io::Result<()> {
    move |mut stream| {
        whole_request(&mut stream)?;
        stream.write_all(answer.as_bytes())
    }
}

fn whole_request(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut got = Vec::new();
    let mut part = [0; 4096];
    while !got.ends_with(b"{}") {
        let read = stream.read(&mut part)?;
        if read == 0 {
            break;
        }
        got.extend_from_slice(&part[..read]);
    }
    Ok(())
}

/// Calls `scheme://hooks.example.org`, whose name has these addresses; answers how it went and how often was asked.
fn called(
    scheme: &str,
    port: u16,
    answers: &[&[&str]],
    allowed: &[&str],
    times: usize,
) -> (Vec<Outcome>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let addresses = |all: &&[&str]| all.iter().map(|one| one.parse().unwrap()).collect();
    let outcomes = (0..times)
        .map(|_| {
            let names = Names {
                answers: answers.iter().map(addresses).collect(),
                port,
                asked: asked.clone(),
            };
            let allowed = allowed.iter().map(|one| one.parse().unwrap()).collect();
            let guard = Guarded::asking(names, allowed);
            let address = format!("{scheme}://hooks.example.org:{port}/hook");
            post(&address, &[], "{}", guard, SHORT)
        })
        .collect();
    (outcomes, asked.load(Ordering::SeqCst))
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(why) if why.contains("outgoing.allow"))
}

#[test]
fn a_name_that_leads_inside_is_not_called_even_when_only_one_of_its_addresses_does() {
    let (port, connected) = receiver("127.0.0.1", answering("HTTP/1.1 204 No Content\r\n\r\n"));
    for addresses in [
        &["127.0.0.1"][..],
        &["10.0.0.7"],
        &["169.254.169.254"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["8.8.8.8", "127.0.0.1"],
        &["127.0.0.1", "8.8.8.8"],
    ] {
        for scheme in ["http", "https"] {
            let (outcomes, _) = called(scheme, port, &[addresses], &[], 1);
            assert!(
                is_refused(&outcomes[0]),
                "{scheme} {addresses:?}: {outcomes:?}"
            );
        }
    }
    assert_eq!(connected.load(Ordering::SeqCst), 0);
}

#[test]
fn the_connection_goes_to_the_address_that_was_looked_at_and_the_name_is_asked_for_once() {
    let (port, connected) = receiver("127.0.0.1", answering("HTTP/1.1 204 No Content\r\n\r\n"));
    // a name that changes its mind: the first address is allowed, the next ones are not
    let rebinding: &[&[&str]] = &[&["127.0.0.1"], &["127.0.0.2"]];
    let (outcomes, asked) = called("http", port, rebinding, &["127.0.0.1/32"], 1);
    assert_eq!((&outcomes[0], asked), (&Outcome::Taken, 1));
    let (outcomes, asked) = called("http", port, rebinding, &["127.0.0.1/32"], 2);
    assert_eq!(outcomes[0], Outcome::Taken);
    assert!(is_refused(&outcomes[1]), "{outcomes:?}");
    assert_eq!(asked, 2, "once for each call");
    assert_eq!(connected.load(Ordering::SeqCst), 2);
}

#[test]
fn a_redirect_is_not_followed_wherever_it_leads() {
    let (inside, reached) = receiver("127.0.0.1", answering("HTTP/1.1 204 No Content\r\n\r\n"));
    let to = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside}/\r\nContent-Length: 0\r\n\r\n"
    );
    let (port, _) = receiver("127.0.0.1", answering(to.leak()));
    let (outcomes, asked) = called("http", port, &[&["127.0.0.1"]], &["127.0.0.1/32"], 1);
    let why = "the receiver answered 302; redirects are not followed";
    assert_eq!(outcomes[0], Outcome::Failed(why.into()));
    assert_eq!((asked, reached.load(Ordering::SeqCst)), (1, 0));
}

#[test]
fn an_answer_whose_head_never_ends_is_cut_off_by_size() {
    let (port, _) = receiver("127.0.0.1", |mut stream| {
        whole_request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")?;
        }
    });
    let (outcomes, _) = called("http", port, &[&["127.0.0.1"]], &["127.0.0.1/32"], 1);
    let Outcome::Failed(why) = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(!why.contains("within"), "by size, and not by time: {why}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the receiver is a thread of its own, without a runtime"
)]
fn an_answer_that_comes_in_drops_is_cut_off_by_time() {
    let (port, _) = receiver("127.0.0.1", |mut stream| {
        whole_request(&mut stream)?;
        for letter in b"HTTP/1.1 200 OK\r\nx-filler: "
            .iter()
            .chain([b'a'; 600].iter())
        {
            stream.write_all(&[*letter])?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    });
    let began = Instant::now();
    let (outcomes, _) = called("http", port, &[&["127.0.0.1"]], &["127.0.0.1/32"], 1);
    let why = "the receiver did not answer within 1 s";
    assert_eq!(outcomes[0], Outcome::Failed(why.into()));
    // the drops take a minute
    assert!(began.elapsed() < Duration::from_secs(30));
}
