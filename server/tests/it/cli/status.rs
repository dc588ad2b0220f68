//! `switchyard status export`: what it writes, what it says, and that it leaves a running console alone.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::{console::Console, switchyard, text};

/// A configuration with one system, and the control store that a console made.
fn configure(directory: &Path, visibility: &str) {
    let configuration = format!(
        "data = \"data\"\n\n[[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"sqlite:db.sqlite3\"\n\
         playbook = \"obcms-to-bmms\"\n[systems.status]\nvisibility = \"{visibility}\"\n"
    );
    std::fs::write(directory.join("switchyard.toml"), configuration).unwrap();
}

fn export(directory: &Path, arguments: &[&str]) -> Output {
    switchyard(&["status", "export", "--out", "site"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

#[test]
fn public_systems_are_written_beside_a_running_console_and_private_ones_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    configure(place, "public");
    let output = export(place, &[]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "there is no control store yet"
    );
    assert!(text(&output.stderr).contains("no control store"));

    let data = place.join("data");
    std::fs::create_dir(&data).unwrap();
    let file = place.join("switchyard.toml");
    let console = Console::start(&data, &["--config", file.to_str().unwrap()]);
    let output = export(place, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim(), "11 files in site");
    assert!(console.get("/readyz").starts_with("HTTP/1.1 200"));

    let output = export(place, &["--format", "json"]);
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(written["directory"], "site");
    let files = written["files"].as_array().unwrap();
    assert_eq!(files.len(), 11);
    for name in files {
        assert!(place.join(name.as_str().unwrap()).is_file(), "{name}");
    }
    assert_eq!(written["removed"], Value::Array(Vec::new()));
    let page = std::fs::read_to_string(place.join("site/obcms/index.html")).unwrap();
    assert!(page.contains("<h1 id=\"now\">"), "{page}");
    let log = console.stop();
    assert!(!log.contains("leads no longer"), "{log}");

    configure(place, "private");
    let output = export(place, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let said = text(&output.stderr);
    assert!(
        said.contains("no system publishes its status; 6 files of earlier were removed"),
        "{said}"
    );
    assert!(said.contains("visibility = \"public\""), "{said}");
    assert!(!place.join("site/obcms").exists());
    // where nothing was exported, nothing is made
    let output = export(place, &["--out", "elsewhere"]);
    assert_eq!(output.status.code(), Some(2), "--out is said once");
    let output = switchyard(&["status", "export", "--out", "elsewhere"])
        .current_dir(place)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!place.join("elsewhere").exists());
}
