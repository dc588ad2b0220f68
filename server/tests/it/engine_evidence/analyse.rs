//! An unknown database is analysed with reasons, and its draft is a playbook that compiles.

use std::path::Path;
use std::process::{Command, Output};

use server::db::Access;
use server::engine::analyse::{TableKind, analyse, draft};
use server::engine::lint::lint;
use server::engine::playbook::Playbook;
use server::engine::{Options, compile};

use super::office::{Office, playbook};

/// The office with what tells a person more: accounts, a shared list, codes, and a made-at column.
async fn described() -> Office {
    let office = Office::new().await;
    for sql in [
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text)",
        "CREATE TABLE common_region (id integer PRIMARY KEY, name text UNIQUE)",
        "CREATE TABLE mana_case (id integer PRIMARY KEY, code varchar(20) NOT NULL UNIQUE, region_id bigint NOT NULL REFERENCES common_region (id), created_at datetime NOT NULL)",
        "CREATE TABLE mana_visit (id integer PRIMARY KEY, case_id bigint NOT NULL REFERENCES mana_case (id), number integer, UNIQUE (case_id, number))",
        "INSERT INTO common_region VALUES (9, 'IX')",
        "INSERT INTO mana_case VALUES (1, 'A-1', 9, '2026-01-01'), (2, 'a-1', 9, '2026-01-02'), (3, 'B', 9, '2026-01-03')",
        "INSERT INTO mana_visit VALUES (1, 1, 1)",
    ] {
        office.execute(sql).await;
    }
    office
}

#[tokio::test]
async fn each_table_gets_a_proposal_with_a_reason() {
    let office = described().await;
    let mut db = office.open(Access::Read).await;
    let (_, analysis) = analyse(&mut db).await.unwrap();
    let kind = |table: &str| analysis.table(table).unwrap().kind.clone();
    assert_eq!(kind("auth_user"), TableKind::Framework);
    assert_eq!(kind("common_region"), TableKind::Shared);
    assert_eq!(kind("mana_case"), TableKind::Owned);
    assert_eq!(
        kind("mana_visit"),
        TableKind::Follows {
            through: "case_id".into(),
            parent: "mana_case".into(),
            empty: 0
        }
    );
    assert_eq!(kind("log"), TableKind::Undecidable);
    assert_eq!(
        kind("project"),
        TableKind::Named {
            column: "office".into(),
            values: 2,
            empty: 2
        }
    );
    assert!(
        analysis
            .tables
            .iter()
            .all(|proposal| !proposal.why.is_empty())
    );

    let risks: Vec<_> = analysis
        .risks
        .iter()
        .map(|risk| {
            (
                risk.table.as_str(),
                risk.columns.join(","),
                risk.near_collisions,
            )
        })
        .collect();
    assert_eq!(
        risks,
        [("mana_case", "code".to_owned(), 2)],
        "number is unique within its case"
    );
}

#[tokio::test]
async fn the_draft_is_a_playbook_that_compiles_against_its_database() {
    let office = described().await;
    let mut db = office.open(Access::Read).await;
    let (schema, analysis) = analyse(&mut db).await.unwrap();
    let text = draft("Office 2026", &schema, &analysis);
    let playbook =
        Playbook::parse("draft.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(playbook.name, "office-2026");
    assert!(playbook.model("mana_visit").is_some());
    let plan = compile(&playbook, &schema, &Options::default());
    assert!(plan.is_ok(), "{:?}\n{text}", plan.err());
    for wanted in [
        "# [[groups.unique]]",
        "#   log (3 rows):",
        "NULLIF(t.",
        "otherwise = \"decide\"",
        "#   common_region (1 rows):",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}

/// Two plain tables, as somebody's own small application has them: nothing in them tells of organizations.
#[tokio::test]
async fn a_draft_that_found_nothing_holds_an_example_group_and_compiles_as_it_stands() {
    let office = Office::empty().await;
    for sql in [
        "CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL)",
        "CREATE TABLE project (id integer PRIMARY KEY, customer_id bigint REFERENCES customer (id), title text)",
        "INSERT INTO customer VALUES (1, 'One'), (2, 'Two'), (3, 'Three')",
    ] {
        office.execute(sql).await;
    }
    let mut db = office.open(Access::Read).await;
    let (schema, analysis) = analyse(&mut db).await.unwrap();
    let text = draft("own", &schema, &analysis);
    let playbook =
        Playbook::parse("own.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(playbook.model("customer").is_some(), "{text}");
    let plan = compile(&playbook, &schema, &Options::default());
    assert!(plan.is_ok(), "{:?}\n{text}", plan.err());
}

#[tokio::test]
async fn the_sample_is_drafted_without_a_table_that_nobody_can_place_for_want_of_its_office() {
    let directory = tempfile::tempdir().unwrap();
    let options = server::sample::Options {
        texts: server::sample::Texts::Short,
        ..server::sample::Options::default()
    };
    let (installed, _) = server::sample::install(directory.path(), &options)
        .await
        .unwrap();
    let url = installed.database;
    let mut db = server::db::Connection::open(&url, Access::Read)
        .await
        .unwrap();
    let (_, analysis) = analyse(&mut db).await.unwrap();
    let found = analysis.table("project_central_ppa").unwrap();
    match &found.kind {
        TableKind::Named { column, empty, .. } => {
            assert_eq!((column.as_str(), *empty), ("implementing_office", 23));
        }
        other => panic!("{other:?}: {}", found.why),
    }
}

#[tokio::test]
async fn lint_names_what_a_person_should_know_and_its_line() {
    let office = Office::new().await;
    office
        .execute("CREATE UNIQUE INDEX one_title ON project (title)")
        .await;
    office
        .execute("INSERT INTO project (title) VALUES (' ROADS '), ('roads')")
        .await;
    let mut db = office.open(Access::Read).await;
    let schema = office.schema().await;
    let found = lint(&mut db, &playbook(), &schema).await.unwrap();
    let codes: Vec<_> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "no-index-on-foreign-key",
            "rows-to-decide",
            "left-out",
            "unique-at-risk"
        ]
    );
    assert!(found[0].line.is_some());
    assert_eq!(
        found[3].message,
        "title of project is unique over all organizations; 3 rows nearly collide already."
    );
}

fn switchyard(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn the_command_line_goes_from_a_database_to_a_proved_backup_and_back() {
    let office = described().await;
    let url = office.url.to_string();
    let at = |name: &str| office.directory.path().join(name).display().to_string();
    let (draft, backups) = (at("draft.toml"), at("backups"));
    let done = |arguments: &[&str]| {
        let output = switchyard(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    };
    done(&["introspect", "--database", &url, "--out", &draft]);
    assert!(Path::new(&draft).exists());
    done(&["check", &draft, "--database", &url]);
    assert!(done(&["coverage", &draft, "--database", &url]).contains("no column yet"));
    done(&[
        "backup",
        "--database",
        &url,
        "--out",
        &backups,
        "--name",
        "first",
    ]);
    let backup = format!("{backups}/first");
    let proved = done(&["--format", "json", "backup", "verify", &backup]);
    let proved: serde_json::Value = serde_json::from_str(&proved).unwrap();
    assert!(proved["verification"]["rows"].as_u64() > Some(0));
    office.execute("DELETE FROM mana_visit").await;
    let lost = at("lost.json");
    done(&["restore", &backup, "--database", &url, "--export", &lost]);
    assert_eq!(office.count("SELECT COUNT(*) FROM mana_visit").await, 1);

    let refused = switchyard(&["verify", &draft, "--database", &url]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "it was never migrated: {}",
        said(&refused)
    );
    let missing = switchyard(&["coverage", &draft, "--database", "sqlite:/nowhere/db"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        said(&missing).contains("there is no database file"),
        "{}",
        said(&missing)
    );
    assert_eq!(switchyard(&["backup", "verify"]).status.code(), Some(2));
}
