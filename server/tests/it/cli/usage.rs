//! Usage: help, exit codes and reasons.

use super::{run, switchyard, text};

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [&["nothing"][..], &["serve", "--port", "1"], &[]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn help_and_version_are_exit_code_0() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for command in ["serve", "audit", "account"] {
        assert!(help.contains(command), "{help}");
        assert_eq!(run(&[command, "--help"]).status.code(), Some(0));
    }
    assert!(text(&run(&["--version"]).stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_configuration_is_exit_code_1_with_file_line_and_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("switchyard.toml");
    std::fs::write(&file, "data = \"x\"\nlistn = \"y\"\n").unwrap();
    let output = switchyard(&["serve"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let reason = text(&output.stderr);
    assert!(reason.contains("switchyard.toml:2: "), "{reason}");
    assert!(reason.contains("docs/configuration.md"), "{reason}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let output = run(&["serve", "--config", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nowhere.toml"));
}

#[test]
fn a_failure_is_json_when_results_are() {
    let output = run(&["audit", "verify", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(told["error"].as_str().unwrap().contains("no control store"));
    assert!(told["remedy"].as_str().unwrap().contains("--data"));
}
