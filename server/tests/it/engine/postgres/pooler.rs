//! What stands between an application and its server as a pooler in transaction mode does: every client is given the
//! server's one session from the begin of a transaction to its end.

use std::path::Path;
use std::sync::Arc;

use server::db::DatabaseUrl;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// A pooler, stopped with this value.
pub struct Pooler {
    pub url: DatabaseUrl,
    listening: JoinHandle<()>,
    _directory: TempDir,
}

impl Pooler {
    /// Stands before a server that is reached by a socket.
    pub fn before(server: &DatabaseUrl) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = server.to_string();
        let socket = address.split("host=").nth(1).unwrap();
        let socket = socket.split('&').next().unwrap().to_owned();
        let own = address.replace(&socket, &directory.path().display().to_string());
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let session = Arc::new(Mutex::new(Session {
            server: None,
            greeting: Vec::new(),
        }));
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (session, socket) = (session.clone(), socket.clone());
                // a client that is gone ends its own task and nothing else
                tokio::spawn(async move {
                    let _ = serve(client, &session, Path::new(&socket)).await;
                });
            }
        });
        Self {
            url: format!("{own}&sslmode=disable").parse().unwrap(),
            listening,
            _directory: directory,
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

const SOCKET: &str = ".s.PGSQL.5432";

/// The one session with the server, and with what the server greeted who opened it.
struct Session {
    server: Option<UnixStream>,
    greeting: Vec<u8>,
}

impl Session {
    /// Opens it at the first client's wish, and greets each client as that one was.
    async fn greet(&mut self, client: &mut UnixStream, socket: &Path) -> std::io::Result<()> {
        let length = client.read_u32().await?;
        let mut wish = vec![0; usize::try_from(length).unwrap() - 4];
        client.read_exact(&mut wish).await?;
        if self.server.is_none() {
            let mut server = UnixStream::connect(socket.join(SOCKET)).await?;
            server.write_all(&length.to_be_bytes()).await?;
            server.write_all(&wish).await?;
            loop {
                let (kind, message) = message(&mut server).await?;
                self.greeting.extend(message);
                if kind == b'Z' {
                    break;
                }
            }
            self.server = Some(server);
        }
        client.write_all(&self.greeting).await
    }

    /// Carries one message over, and the answer to it; whether the session is free again.
    async fn carry(
        &mut self,
        client: &mut UnixStream,
        kind: u8,
        bytes: &[u8],
    ) -> std::io::Result<bool> {
        let server = self.server.as_mut().unwrap();
        server.write_all(bytes).await?;
        // a query, or the end of several messages, is answered
        if kind != b'Q' && kind != b'S' {
            return Ok(false);
        }
        loop {
            let (kind, answer) = message(server).await?;
            client.write_all(&answer).await?;
            if kind == b'Z' {
                return Ok(answer.last() == Some(&b'I'));
            }
        }
    }
}

async fn serve(
    mut client: UnixStream,
    session: &Mutex<Session>,
    socket: &Path,
) -> std::io::Result<()> {
    session.lock().await.greet(&mut client, socket).await?;
    loop {
        let mut next = message(&mut client).await?;
        let mut lent = session.lock().await;
        loop {
            let (kind, bytes) = &next;
            if *kind == b'X' {
                return Ok(());
            }
            if lent.carry(&mut client, *kind, bytes).await? {
                break;
            }
            next = message(&mut client).await?;
        }
    }
}

/// The next message: its kind, and all of it.
async fn message(from: &mut UnixStream) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = from.read_u8().await?;
    let length = from.read_u32().await?;
    let mut bytes = vec![kind];
    bytes.extend(length.to_be_bytes());
    let begin = bytes.len();
    bytes.resize(begin + usize::try_from(length).unwrap() - 4, 0);
    from.read_exact(&mut bytes[begin..]).await?;
    Ok((kind, bytes))
}
