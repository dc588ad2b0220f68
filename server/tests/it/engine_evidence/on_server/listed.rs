//! Passwords of a server are in no list of processes, whichever program works with them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection};

const PASSWORD: &str = "hunter2-of-the-server";

/// Programs of the client that write down what they are started with, and go on with a database when somebody has seen them.
fn recording(directory: &Path) {
    for program in ["pg_dump", "pg_restore"] {
        let real = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()
            .unwrap();
        let real = String::from_utf8(real.stdout).unwrap();
        let script = format!(
            "#!/bin/sh\n{{ echo {program}; printf '%s\\n' \"$@\"; }} >>{0}/started\n\
             case \"$*\" in *--dbname*) n=0; while [ ! -e {0}/seen-{program} ] && [ $n -lt 6000 ]; do n=$((n + 1)); sleep 0.02; done ;; esac\n\
             exec {1} \"$@\"\n",
            directory.display(),
            real.trim()
        );
        let path = directory.join(program);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The command lines of all processes, as `ps` shows them.
fn processes() -> Vec<String> {
    let listed = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = listed.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_a_server_is_in_no_list_of_processes_while_it_is_dumped_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let server = directory.path().join("server");
    let cluster = Cluster::start(&server, Keep::ThrowAway).unwrap();
    let url = cluster.url("postgres").unwrap();
    let mut db = Connection::open(&url, Access::Write).await.unwrap();
    for statement in [
        "CREATE TABLE note AS SELECT i AS id FROM generate_series(1, 1000) AS i".to_owned(),
        // what a server older than 14 keeps of a password by itself does not do for the rule below
        "SET password_encryption = 'scram-sha-256'".to_owned(),
        format!("CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{PASSWORD}'"),
    ] {
        db.execute(statement).await.unwrap();
    }
    let file = server.join("cluster/pg_hba.conf");
    std::fs::write(
        &file,
        "local all postgres trust\nlocal all all scram-sha-256\n",
    )
    .unwrap();
    db.row("SELECT pg_reload_conf()").await.unwrap();
    db.close().await;
    recording(directory.path());

    let address = url.whole().expose().replace("user=postgres", "user=keeper");
    let path = format!(
        "{}:{}",
        directory.path().display(),
        std::env::var("PATH").unwrap()
    );
    let mut working = Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .args(["backup", "--database", &address, "--out"])
        .arg(directory.path().join("backups"))
        .env("PGPASSWORD", PASSWORD)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lists = directory.path().display().to_string();
    let deadline = Instant::now() + Duration::from_secs(120);
    let status = loop {
        for line in processes() {
            assert!(!line.contains(PASSWORD), "{line}");
            for program in ["pg_dump", "pg_restore"] {
                if line.contains(&format!("{lists}/{program}")) && line.contains("--dbname") {
                    std::fs::write(directory.path().join(format!("seen-{program}")), "").unwrap();
                }
            }
        }
        if let Some(status) = working.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the backup does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    // each of them waited until it was seen
    assert!(status.success(), "{status}");
    let started = std::fs::read_to_string(directory.path().join("started")).unwrap();
    for program in ["pg_dump\n", "pg_restore\n"] {
        assert!(started.contains(program), "{started}");
    }
    assert!(!started.contains(PASSWORD), "{started}");
}
