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
fn a_variable_of_ours_that_nothing_reads_is_refused_with_the_one_that_was_meant() {
    let directory = tempfile::tempdir().unwrap();
    let serve = |variables: &[(&str, &str)]| {
        switchyard(&["serve", "--listen", "nowhere"])
            .current_dir(directory.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    };
    let check = |variables: &[(&str, &str)]| {
        let output = switchyard(&["audit", "verify"])
            .current_dir(directory.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    assert_eq!(
        serve(&[]).status.code(),
        Some(2),
        "the address is no address"
    );
    let reason = check(&[("SWITCHYARD_LISTN", "127.0.0.1:1")]);
    assert!(
        reason.contains("SWITCHYARD_LISTN") && reason.contains("Did you mean SWITCHYARD_LISTEN?"),
        "{reason}"
    );
    let reason = check(&[("SWITCHYARD_RAINBOWS", "many")]);
    assert!(reason.contains("Known are SWITCHYARD_CONFIG, "), "{reason}");
    // what a container platform sets by itself, and what the configuration names, is none of ours
    let file = directory.path().join("switchyard.toml");
    let system = "[[systems]]\nslug = \"a\"\ntitle = \"A\"\nplaybook = \"obcms-to-bmms\"\n\
                  database = \"env:SWITCHYARD_A_DATABASE\"\n";
    std::fs::write(file, system).unwrap();
    let reason = check(&[
        ("SWITCHYARD_PORT", "tcp://10.0.0.7:80"),
        ("SWITCHYARD_SERVICE_HOST", "10.0.0.7"),
        ("SWITCHYARD_A_DATABASE", "sqlite:/srv/a.sqlite3"),
    ]);
    assert!(reason.contains("there is no control store"), "{reason}");
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
