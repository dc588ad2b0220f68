//! A load generator for loopback: keep-alive connections that ask for one address as fast as answers come.
//! Client and server share the machine's cores, so its figures are ratios and latencies, never capacities.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What was measured.
pub struct Load {
    /// Answers a second.
    pub per_second: f64,
    /// Time of every answer, sorted.
    pub times: Vec<Duration>,
    /// Bytes of one answer's body.
    pub body_bytes: usize,
}

impl Load {
    /// The time that this share of the answers kept, such as 0.99.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let index = ((self.times.len() as f64 * share) as usize).min(last);
        self.times.get(index).copied().unwrap_or_default()
    }
}

/// What to ask for.
pub struct Request<'a> {
    /// Host and port.
    pub address: &'a str,
    /// Path with query.
    pub path: &'a str,
    /// Further header lines, each ended by CR LF.
    pub headers: &'a str,
    /// How long each connection rests between an answer and its next question; zero: not at all.
    pub pause: Duration,
}

/// Asks over so many connections for so long. An answer that is not 200 ends the measurement: errors are fast, and
/// would pass for a good figure.
pub async fn generate(
    request: &Request<'_>,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Load> {
    let text = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n",
        request.path, request.address, request.headers
    );
    let deadline = Instant::now() + length;
    let started = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (address, text, pause) = (request.address.to_string(), text.clone(), request.pause);
        tasks.push(tokio::spawn(async move {
            one_connection(&address, &text, deadline, pause).await
        }));
    }
    let (mut times, mut body_bytes) = (Vec::new(), 0);
    for task in tasks {
        let (mut some, bytes) = task.await.context("a connection's task")??;
        times.append(&mut some);
        body_bytes = bytes;
    }
    let per_second = times.len() as f64 / started.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Load {
        per_second,
        times,
        body_bytes,
    })
}

async fn one_connection(
    address: &str,
    text: &str,
    deadline: Instant,
    pause: Duration,
) -> anyhow::Result<(Vec<Duration>, usize)> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let (mut times, mut body) = (Vec::with_capacity(100_000), 0);
    let mut buffer = vec![0; 64 * 1024];
    while Instant::now() < deadline {
        let asked = Instant::now();
        stream.write_all(text.as_bytes()).await?;
        body = read_answer(&mut stream, &mut buffer).await?;
        times.push(asked.elapsed());
        if !pause.is_zero() {
            // spread, so that the readers do not ask in step
            let part = u32::try_from(times.len() % 7).unwrap_or(0);
            tokio::time::sleep(pause * (10 + part) / 13).await;
        }
    }
    Ok((times, body))
}

/// Reads one answer with a Content-Length; answers its body's length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<usize> {
    let mut filled = 0;
    let (head, body) = loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            bail!("the server hung up");
        }
        filled += count;
        if let Some(end) = buffer[..filled]
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..end]).context("a header in UTF-8")?;
            if !head.starts_with("HTTP/1.1 200") {
                bail!("answered {}", head.lines().next().unwrap_or_default());
            }
            break (end + 4, content_length(head)?);
        }
        if filled == buffer.len() {
            bail!("the header is longer than {filled} B");
        }
    };
    let mut rest = (head + body).saturating_sub(filled);
    while rest > 0 {
        let part = rest.min(buffer.len());
        let count = stream.read(&mut buffer[..part]).await?;
        if count == 0 {
            bail!("the server hung up {rest} B early");
        }
        rest -= count;
    }
    Ok(body)
}

fn content_length(head: &str) -> anyhow::Result<usize> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer with a Content-Length")?
        .1
        .trim()
        .parse()
        .context("a Content-Length in digits")
}
