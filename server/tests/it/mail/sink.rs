//! A mail server on a real socket: speaks SMTP, keeps what it takes, and misbehaves as it is told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How it behaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Behaviour {
    Takes,
    /// Refuses recipients that begin so, for ever.
    Refuses(&'static str),
    /// Takes nothing now.
    IsBusy,
    /// Closes with a greeting that says so.
    IsClosing,
    /// Answers no command until it behaves otherwise, which is before anybody has waited for too long.
    IsSlow,
    /// Answers nothing, not even a greeting.
    Hangs,
    /// Takes the whole mail, and ends the connection instead of answering.
    DropsAfterTheMail,
    /// Takes the whole mail, and never answers.
    HangsAfterTheMail,
    /// Knows no account.
    RefusesAccounts,
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    /// The message, with the dots that SMTP doubles made one again.
    pub text: String,
}

impl Mail {
    /// Value of a header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let start = format!("{}: ", name.to_lowercase());
        unfolded
            .lines()
            .find(|line| line.to_lowercase().starts_with(&start))
            .map(|line| line[start.len()..].to_owned())
    }

    /// The text without the soft line ends and the marks of quoted-printable.
    pub fn plain(&self) -> String {
        let text = self.text.replace("=\r\n", "");
        let bytes = text.into_bytes();
        let mut out = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let hex = bytes
                .get(at + 1..at + 3)
                .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            match (bytes[at], hex) {
                (b'=', Some(byte)) => {
                    out.push(byte);
                    at += 3;
                }
                (byte, _) => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        String::from_utf8(out).unwrap()
    }

    /// Path of the first address of this kind in it, such as `/subscription/confirm/`.
    pub fn path(&self, kind: &str) -> Option<String> {
        let text = self.plain();
        let start = text.find(kind)?;
        let end =
            text[start..].find(|letter: char| letter.is_whitespace() || "\"<>".contains(letter))?;
        Some(text[start..start + end].to_owned())
    }
}

/// How the connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Plain,
    Starttls,
    Tls,
}

/// The mail server.
#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    wire: Wire,
    behaviour: Arc<Mutex<Behaviour>>,
    got: Arc<Mutex<Vec<Mail>>>,
    connections: Arc<Mutex<usize>>,
}

impl Sink {
    pub async fn start() -> Self {
        Self::start_with(Wire::Plain).await
    }

    /// With a certificate for `localhost` that no authority of this machine vouches for.
    pub async fn start_with(wire: Wire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            wire,
            behaviour: Arc::new(Mutex::new(Behaviour::Takes)),
            got: Arc::default(),
            connections: Arc::default(),
        };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = serving.clone();
                *sink.connections.lock().unwrap() += 1;
                tokio::spawn(async move { sink.serve(stream).await });
            }
        });
        sink
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.got.lock().unwrap().clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    fn now(&self) -> Behaviour {
        self.behaviour.lock().unwrap().clone()
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.wire == Wire::Tls {
            let stream = acceptor().accept(stream).await?;
            return self.talk(stream, true).await.map(drop);
        }
        if let Some(stream) = self.talk(stream, true).await? {
            let stream = acceptor().accept(stream).await?;
            self.talk(stream, false).await?;
        }
        Ok(())
    }

    /// Speaks until the end, or until encryption is asked for.
    async fn talk<S>(&self, stream: S, greets: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        if greets {
            match self.now() {
                Behaviour::Hangs => std::future::pending().await,
                Behaviour::IsClosing => stream.write_all(b"421 closing\r\n").await?,
                _ => stream.write_all(b"220 sink\r\n").await?,
            }
            if self.now() == Behaviour::IsClosing {
                return Ok(None);
            }
        }
        let offers = if self.wire == Wire::Starttls && greets {
            "250-sink\r\n250 STARTTLS"
        } else {
            "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN"
        };
        let mut to = String::new();
        while let Some(line) = line_of(&mut stream).await? {
            let command = line.to_uppercase();
            while self.now() == Behaviour::IsSlow {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            let answer = match self.now() {
                Behaviour::Hangs => std::future::pending().await,
                _ if command.starts_with("EHLO") => offers,
                _ if command.starts_with("STARTTLS") => {
                    stream.write_all(b"220 go on\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                Behaviour::RefusesAccounts if command.starts_with("AUTH") => "535 who are you",
                _ if command.starts_with("AUTH") => "235 welcome",
                Behaviour::IsBusy if command.starts_with("MAIL") => "451 later",
                Behaviour::Refuses(start)
                    if command.starts_with("RCPT") && recipient(&line).starts_with(start) =>
                {
                    "550 no such person"
                }
                _ if command.starts_with("RCPT") => {
                    to = recipient(&line);
                    "250 ok"
                }
                _ if command.starts_with("DATA") => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let text = text_of(&mut stream).await?;
                    let to = to.clone();
                    self.got.lock().unwrap().push(Mail { to, text });
                    match self.now() {
                        Behaviour::DropsAfterTheMail => return Ok(None),
                        Behaviour::HangsAfterTheMail => std::future::pending().await,
                        _ => "250 taken",
                    }
                }
                _ if command.starts_with("QUIT") => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(None);
                }
                _ => "250 ok",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(None)
    }
}

async fn line_of<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A message up to the dot that ends it.
async fn text_of<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = line_of(stream).await? {
        if line == "." {
            break;
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// The certificates of this directory were made with openssl for a hundred years, and the key of their authority was
/// thrown away.
fn acceptor() -> TlsAcceptor {
    let chain = include_bytes!("certificates/server.pem");
    let key = include_bytes!("certificates/server-key.pem");
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(chain).collect();
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), PrivateKeyDer::from_pem_slice(key).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn recipient(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    line[start..].split('>').next().unwrap().to_owned()
}
