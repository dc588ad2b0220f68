//! The configuration file: what is accepted, and how a wrong one is refused: file, line, what, remedy.

use std::path::Path;

use server::config::{Config, ConfigError, PlaybookSource, from_text};

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variable = |name: &str| {
        variables
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| (*value).to_owned())
    };
    from_text(
        text,
        Path::new("/etc/switchyard.toml"),
        Path::new("/etc"),
        &variable,
    )
}

fn refused(text: &str) -> String {
    read_with(text, &[])
        .expect_err("the configuration is wrong")
        .to_string()
}

const SYSTEM: &str = r#"
[[systems]]
slug = "obcms"
title = "OBCMS"
database = "sqlite:db.sqlite3"
playbook = "obcms-to-bmms"
"#;

#[test]
fn an_empty_file_is_a_whole_configuration() {
    let config = read_with("", &[]).unwrap();
    assert_eq!(config.origin(), "http://127.0.0.1:8080");
    assert_eq!(
        config.control_store_url().unwrap().path().unwrap(),
        Path::new("/etc/data/switchyard.sqlite3")
    );
    assert!(config.systems.is_empty() && !config.is_https());
}

#[test]
fn a_system_needs_four_keys_and_finds_its_files_beside_the_configuration() {
    let config = read_with(SYSTEM, &[]).unwrap();
    let system = config.system("obcms").unwrap();
    assert_eq!(system.database.url().expose(), "sqlite:/etc/db.sqlite3");
    assert_eq!(
        system.backup_directory(&config.data),
        Path::new("/etc/data/backups/obcms")
    );
    assert_eq!(
        system.playbook,
        PlaybookSource::BuiltIn("obcms-to-bmms".into())
    );
}

#[test]
fn a_wrong_key_is_named_with_its_line() {
    let text = "data = \"x\"\nlistn = \"127.0.0.1:1\"\n";
    let told = refused(text);
    assert!(told.starts_with("/etc/switchyard.toml:2: "), "{told}");
    assert!(
        told.contains("listn") && told.contains("docs/configuration.md"),
        "{told}"
    );
    let told = refused(&format!("{SYSTEM}colour = \"red\"\n"));
    assert!(told.starts_with("/etc/switchyard.toml:7: "), "{told}");
}

#[test]
fn malformed_toml_is_shown_with_its_line() {
    let told = refused("data = \"x\"\n\nlisten = \"127.0.0.1:1\n");
    assert!(told.starts_with("/etc/switchyard.toml:3: "), "{told}");
    assert!(told.contains("listen = \"127.0.0.1:1"), "{told}");
}

#[test]
fn a_wrong_value_is_named_with_its_line_and_what_would_be_right() {
    for (text, line, named) in [
        ("listen = \"here\"", 1, "listen"),
        ("\npublic_address = \"example.org\"", 2, "write it in full"),
        ("[sessions]\nidle_minutes = 0", 2, "from 1 to 1440"),
        ("[log]\nformat = \"xml\"", 2, "xml"),
        ("[approvals]\nexpires_hours = 1000", 2, "from 1 to 168"),
        ("control_store = \"env:NOT_SET\"", 1, "`NOT_SET` is not set"),
    ] {
        let told = refused(text);
        assert!(
            told.starts_with(&format!("/etc/switchyard.toml:{line}: ")),
            "{told}"
        );
        assert!(told.contains(named), "{told}");
    }
}

#[test]
fn a_wrong_value_of_a_system_is_named_with_the_line_of_the_system_or_its_key() {
    for (from, to, named) in [
        ("\"obcms\"\ntitle", "\"OBC MS\"\ntitle", "cannot be a slug"),
        ("sqlite:db.sqlite3", "mysql:db", "write `sqlite:PATH`"),
        ("sqlite:db.sqlite3", "file:nothing-here", "cannot be read"),
        ("\"obcms-to-bmms\"", "\"\"", "name a playbook"),
        (
            "playbook",
            "timezone = \"Mars/Olympus\"\nplaybook",
            "time zone",
        ),
        ("playbook", "backup_hours = 0\nplaybook", "from 1 to 720"),
        (
            "playbook",
            "hooks = { restart = { command = [] } }\nplaybook",
            "names no program",
        ),
        (
            "playbook",
            "health_url = \"ftp://x\"\nplaybook",
            "not an address",
        ),
    ] {
        let text = SYSTEM.replace(from, to);
        assert_ne!(text, SYSTEM);
        let told = refused(&text);
        assert!(told.contains(named), "{named}: {told}");
        assert!(told.starts_with("/etc/switchyard.toml:"), "{told}");
        assert!(!told.starts_with("/etc/switchyard.toml:1:"), "{told}");
    }
}

#[test]
fn two_systems_cannot_have_one_slug() {
    let told = refused(&format!("{SYSTEM}{SYSTEM}"));
    assert!(told.contains("two systems have the slug `obcms`"), "{told}");
}

#[test]
fn the_environment_wins_and_is_checked_too() {
    let config = read_with(
        "listen = \"127.0.0.1:1\"",
        &[
            ("SWITCHYARD_LISTEN", "127.0.0.1:2"),
            ("SWITCHYARD_DATA", "/srv/data"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.data, Path::new("/srv/data"));
    let told = read_with("", &[("SWITCHYARD_LOG_FORMAT", "xml")])
        .unwrap_err()
        .to_string();
    assert!(told.contains("SWITCHYARD_LOG_FORMAT") && told.contains("`human` or `json`"));
}

#[test]
fn backups_follow_the_data_directory_of_the_environment() {
    let config = read_with(SYSTEM, &[("SWITCHYARD_DATA", "/srv/data")]).unwrap();
    assert_eq!(
        config.systems[0].backup_directory(&config.data),
        Path::new("/srv/data/backups/obcms")
    );
}

#[test]
fn a_password_in_a_database_address_is_never_repeated() {
    let text = SYSTEM.replace("sqlite:db.sqlite3", "postgres://u:hunter2@h/db");
    let told = refused(&text);
    assert!(told.contains("env:NAME"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // on a line of its own table, whatever the key is called
    let told = refused("control_store = \"postgres://u:hunter2@h/db\"");
    assert!(!told.contains("hunter2"), "{told}");
    let told = refused("[[systems]]\nslug = \"a\"\ndatabase = 5 # hunter2\n");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_database_may_come_from_the_environment_or_a_file_and_is_not_shown() {
    let text = SYSTEM.replace("sqlite:db.sqlite3", "env:OBCMS_DATABASE");
    let config = read_with(
        &text,
        &[("OBCMS_DATABASE", "sqlite:/srv/hunter2.sqlite3\n")],
    )
    .unwrap();
    let database = &config.systems[0].database;
    assert_eq!(database.url().expose(), "sqlite:/srv/hunter2.sqlite3");
    assert!(!format!("{config:?}").contains("hunter2"));
}

const MAIL: &str = "public_address = \"https://switchyard.example.org\"\n\n[mail]\nserver = \"smtp.example.org\"\nfrom = \"OBCMS <status@example.org>\"\n";

fn mail(more: &str, variable: Option<&str>) -> Result<server::config::Config, String> {
    let text = format!("{MAIL}{more}");
    let path = std::path::Path::new("switchyard.toml");
    server::config::from_text(&text, path, std::path::Path::new(""), &|name| {
        variable
            .filter(|_| name == "SMTP_PASSWORD")
            .map(str::to_owned)
    })
    .map_err(|error| error.to_string())
}

#[test]
fn the_password_of_the_mail_server_comes_from_elsewhere_and_is_never_repeated() {
    let account = "account = \"switchyard\"\npassword = \"env:SMTP_PASSWORD\"\n";
    let config = mail(account, Some("hunter2")).unwrap();
    let (_, password) = config.mail.as_ref().unwrap().credentials().unwrap();
    assert_eq!(password.expose(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
    let missing = mail(account, None).unwrap_err();
    assert!(
        missing.contains("switchyard.toml:7:") && missing.contains("`SMTP_PASSWORD` is not set"),
        "{missing}"
    );
    let written = mail("account = \"switchyard\"\npassword = \"hunter2\"\n", None).unwrap_err();
    assert!(
        written.contains("switchyard.toml:7:") && !written.contains("hunter2"),
        "{written}"
    );
    let readable = mail(
        &format!("encryption = \"none\"\n{account}"),
        Some("hunter2"),
    )
    .unwrap_err();
    assert!(
        readable.contains("switchyard.toml:6:") && readable.contains("could read the password"),
        "{readable}"
    );
}

#[test]
fn mail_needs_to_know_where_its_links_lead() {
    let text = MAIL.replace("public_address", "# public_address");
    let path = std::path::Path::new("switchyard.toml");
    let error =
        server::config::from_text(&text, path, std::path::Path::new(""), &|_| None).unwrap_err();
    assert!(error.to_string().contains("switchyard.toml:3:"), "{error}");
    assert!(
        error.to_string().contains("Write `public_address`"),
        "{error}"
    );
}
