//! The console's files as the binary serves them from memory, against nginx with sendfile, in alternating rounds.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::load::{Load, Request, generate};
use crate::process::{Program, free_address};
use crate::table::{Limit, grouped, heading, ratio, skipped, table};

const ROUNDS: usize = 3;
const CONNECTIONS: usize = 32;
/// Why there is nothing to compare with.
pub const NO_NGINX: &str = "There is no nginx here: `apt-get install nginx-light`.";

/// Measures against nginx, when there is one.
pub async fn measure(console: &Program, dist: &Path, scratch: &Path) -> anyhow::Result<()> {
    heading("Static files");
    let root = scratch.join("www");
    copied(dist, &root)?;
    let Some(program) = nginx(&root, scratch, "/index.html")? else {
        skipped("static files against nginx", NO_NGINX);
        return Ok(());
    };
    let mut rows = Vec::new();
    for file in files(dist)? {
        let path = format!("/{file}");
        let (ours, theirs) = beside((&console.address, &path), (&program.address, &path)).await?;
        rows.push(vec![
            format!("`{file}`"),
            format!("{} B", grouped(ours.body_bytes as u64)),
            format!("{}/s", grouped(theirs.per_second as u64)),
            format!("{}/s", grouped(ours.per_second as u64)),
            ratio(ours.per_second / theirs.per_second, Limit::AtLeast(0.9)),
        ]);
    }
    table(
        &[
            "File, not compressed",
            "Size",
            "nginx",
            "Switchyard",
            "Ratio (at least 0.9)",
        ],
        &rows,
    );
    Ok(())
}

/// Address and path of something, ours and nginx's, in alternating rounds; the round in the middle of each.
pub async fn beside(ours: (&str, &str), theirs: (&str, &str)) -> anyhow::Result<(Load, Load)> {
    let (mut our_rounds, mut their_rounds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        their_rounds.push(one_round(theirs).await.context("nginx")?);
        our_rounds.push(one_round(ours).await.context("switchyard")?);
    }
    Ok((middle(our_rounds), middle(their_rounds)))
}

async fn one_round((address, path): (&str, &str)) -> anyhow::Result<Load> {
    let request = Request {
        address,
        path,
        headers: "Accept-Encoding: identity\r\n",
        pause: Duration::ZERO,
    };
    generate(&request, CONNECTIONS, Duration::from_millis(1500))
        .await
        .with_context(|| path.to_owned())
}

/// The round in the middle: one disturbed round must not decide.
fn middle(mut rounds: Vec<Load>) -> Load {
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    let middle = rounds.len() / 2;
    rounds.swap_remove(middle)
}

/// Starts nginx on a directory; none when there is no nginx here. `path` has to answer.
pub fn nginx(root: &Path, scratch: &Path, path: &str) -> anyhow::Result<Option<Program>> {
    let Some(nginx) = installed() else {
        return Ok(None);
    };
    let address = free_address()?;
    let configuration = configure(&address, root, scratch)?;
    let mut command = Command::new(nginx);
    command
        .arg("-c")
        .arg(&configuration)
        .arg("-p")
        .arg(scratch)
        .args(["-g", "daemon off;"]);
    Program::start(&mut command, &address, path).map(Some)
}

fn installed() -> Option<PathBuf> {
    [
        "/usr/sbin/nginx",
        "/usr/bin/nginx",
        "/usr/local/bin/nginx",
        "/opt/homebrew/bin/nginx",
    ]
    .iter()
    .map(PathBuf::from)
    .find(|path| path.exists())
}

/// A copy of the files of a build: workers drop their rights, and may not be allowed into a home directory.
fn copied(dist: &Path, root: &Path) -> anyhow::Result<()> {
    let dist = dist
        .canonicalize()
        .context("dist/ is there after a build")?;
    std::fs::create_dir_all(root)?;
    for entry in std::fs::read_dir(&dist)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), root.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn configure(address: &str, root: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let workers = std::thread::available_parallelism()?;
    let path = scratch.join("nginx.conf");
    // the scratch directory is ours alone: a root's workers must stay root to read it
    let user = if std::fs::metadata(scratch)?.uid() == 0 {
        "user root;"
    } else {
        ""
    };
    std::fs::write(
        &path,
        format!(
            "{user} worker_processes {workers}; pid {scratch}/nginx.pid; error_log /dev/null;
             events {{ worker_connections 512; }}
             http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
               types {{ text/html html; text/css css; application/javascript js; application/wasm wasm; image/svg+xml svg; }}
               client_body_temp_path {scratch}/b; proxy_temp_path {scratch}/p; fastcgi_temp_path {scratch}/f;
               uwsgi_temp_path {scratch}/u; scgi_temp_path {scratch}/s;
               server {{ listen {address}; root {root}; }} }}\n",
            scratch = scratch.display(),
            root = root.display(),
        ),
    )?;
    Ok(path)
}

/// The smallest file, a style sheet and the wasm: three sizes, three shares of system call and copy.
fn files(dist: &Path) -> anyhow::Result<Vec<String>> {
    let mut named: Vec<(u64, String)> = std::fs::read_dir(dist)?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let plain = [".css", ".wasm", ".js", ".svg"]
                .iter()
                .any(|end| name.ends_with(end));
            Some((entry.metadata().ok()?.len(), name)).filter(|_| plain)
        })
        .collect();
    named.sort();
    let mut chosen: Vec<String> = named
        .first()
        .map(|(_, name)| name.clone())
        .into_iter()
        .collect();
    for end in [".css", ".wasm"] {
        let largest = named.iter().rev().find(|(_, name)| name.ends_with(end));
        chosen.extend(
            largest
                .map(|(_, name)| name.clone())
                .filter(|name| !chosen.contains(name)),
        );
    }
    Ok(chosen)
}
