//! A mail server on a real socket: speaks SMTP, keeps what it takes, and misbehaves as it is told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

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
    /// Answers nothing, not even a greeting.
    Hangs,
    /// Takes the whole mail, and ends the connection instead of answering.
    DropsAfterTheMail,
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

/// The mail server.
#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
    got: Arc<Mutex<Vec<Mail>>>,
    connections: Arc<Mutex<usize>>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            behaviour: Arc::new(Mutex::new(Behaviour::Takes)),
            got: Arc::default(),
            connections: Arc::default(),
        };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = serving.clone();
                *sink.connections.lock().unwrap() += 1;
                tokio::spawn(async move { sink.talk(stream).await });
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

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        match self.now() {
            Behaviour::Hangs => std::future::pending().await,
            Behaviour::IsClosing => return write.write_all(b"421 closing\r\n").await,
            _ => write.write_all(b"220 sink\r\n").await?,
        }
        let mut to = String::new();
        while let Some(line) = lines.next_line().await? {
            let command = line.to_uppercase();
            let answer = match self.now() {
                Behaviour::Hangs => std::future::pending().await,
                _ if command.starts_with("EHLO") => "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN",
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
                    write.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            break;
                        }
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push_str("\r\n");
                    }
                    self.got.lock().unwrap().push(Mail {
                        to: to.clone(),
                        text,
                    });
                    if self.now() == Behaviour::DropsAfterTheMail {
                        return Ok(());
                    }
                    "250 taken"
                }
                _ if command.starts_with("QUIT") => {
                    return write.write_all(b"221 bye\r\n").await;
                }
                _ => "250 ok",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }
}

fn recipient(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    line[start..].split('>').next().unwrap().to_owned()
}
