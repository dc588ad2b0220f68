//! The sample database has the size and shape of the documents it stands for.

use std::num::NonZeroU32;
use std::path::Path;

use server::db::{Access, Connection, DatabaseUrl};
use server::sample::{self, Options, SampleError, Texts};
use sha2::{Digest, Sha256};

use super::small_sample;

async fn open(path: &Path) -> Connection {
    let url = DatabaseUrl::Sqlite(path.to_owned());
    Connection::open(&url, Access::Write).await.unwrap()
}

/// Rows of each table, in the words of the migration report and of the migration guide.
const ROWS: [(&str, i64); 46] = [
    ("common_region", 4),
    ("common_province", 24),
    ("common_municipality", 282),
    ("common_barangay", 6_598),
    ("auth_user", 74),
    ("common_staffprofile", 25),
    ("communities_obc_community", 6_598),
    ("communities_municipalitycoverage", 282),
    ("municipal_profiles_obccommunityhistory", 6_627),
    ("municipal_profiles_municipalobcprofilehistory", 6_602),
    ("auditlog_logentry", 9_266),
    ("axes_accesslog", 42),
    ("common_calendar_resource_booking", 65),
    ("common_chat_message", 70),
    ("common_calendar_resource", 5),
    ("monitoring_monitoringentry", 209),
    ("coordination_organization", 44),
    ("coordination_organizationcontact", 2),
    ("communities_community", 234),
    ("mana_assessment", 87),
    ("coordination_stakeholder", 156),
    ("project_central_ppa", 342),
    ("recommendations_policy", 28),
    ("django_migrations", 118),
    ("communities_communityprofile", 60),
    ("communities_barangay", 48),
    ("mana_assessmentsession", 30),
    ("mana_participantresponse", 40),
    ("coordination_partnership", 18),
    ("coordination_meeting", 24),
    ("project_central_budget", 36),
    ("project_central_performanceindicator", 20),
    ("recommendations_policyevidence", 12),
    ("auth_group", 5),
    ("auth_user_groups", 27),
    ("auth_permission", 80),
    ("django_content_type", 20),
    ("django_session", 12),
    ("django_site", 1),
    // tables that a fresh system has and nobody used
    ("django_admin_log", 0),
    ("mana_need", 0),
    ("common_workitem", 0),
    ("documents_document", 0),
    ("services_serviceoffering", 0),
    ("monitoring_funding", 0),
    ("coordination_actionitem", 0),
];

#[tokio::test]
async fn it_has_every_row_table_index_and_foreign_key_of_the_original() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db.sqlite3");
    let options = Options {
        texts: Texts::Short,
        ..Options::default()
    };
    let created = sample::create(&path, &options).await.unwrap();
    assert_eq!(
        (
            created.tables,
            created.indexes,
            created.foreign_keys,
            created.rows
        ),
        (161, 774, 361, 38_217)
    );
    let mut connection = open(&path).await;
    let mut sum = 0;
    for (table, rows) in ROWS {
        let count = format!("SELECT COUNT(*) FROM \"{table}\"");
        assert_eq!(connection.count(count).await.unwrap(), rows, "{table}");
        sum += rows;
    }
    assert_eq!(sum, 38_217, "no other table has rows");
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM auth_user WHERE is_superuser", 2),
        ("SELECT COUNT(*) FROM auth_user WHERE is_staff", 27),
        (
            "SELECT COUNT(*) FROM coordination_organization WHERE acronym = 'OOBC'",
            1,
        ),
        (
            "SELECT COUNT(*) FROM coordination_organization WHERE organization_kind = 'ministry'",
            15,
        ),
    ] {
        assert_eq!(connection.count(sql).await.unwrap(), expected, "{sql}");
    }
}

#[tokio::test]
async fn with_its_whole_texts_it_is_about_as_large_as_the_original() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db.sqlite3");
    sample::create(&path, &Options::default()).await.unwrap();
    let megabytes = std::fs::metadata(&path).unwrap().len() / 1_000_000;
    assert!((100..=120).contains(&megabytes), "{megabytes} MB");
}

#[tokio::test]
async fn it_is_sound_and_knows_no_organization_yet() {
    let (_directory, path) = small_sample(|_| {}).await;
    let mut connection = open(&path).await;
    let check = connection
        .row("PRAGMA integrity_check")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(check.text(0), Some("ok"));
    let violations = connection.rows("PRAGMA foreign_key_check").await.unwrap();
    assert_eq!(violations, []);
    let mode = connection
        .row("PRAGMA journal_mode")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(mode.text(0), Some("wal"));
    let tenants = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'organizations%' OR sql LIKE '%organization_id%'";
    assert_eq!(connection.count(tenants).await.unwrap(), 0);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_database_and_another_seed_another() {
    let (_a, first) = small_sample(|_| {}).await;
    let (_b, second) = small_sample(|_| {}).await;
    let (_c, third) = small_sample(|options| options.seed = 7).await;
    let first = dump_hash(&first).await;
    assert_eq!(first, dump_hash(&second).await);
    assert_ne!(first, dump_hash(&third).await);
}

#[tokio::test]
async fn names_are_real_and_keep_their_letters() {
    let (_directory, path) = small_sample(|_| {}).await;
    let mut connection = open(&path).await;
    for sql in [
        "SELECT COUNT(*) FROM common_municipality WHERE name = 'Piñan'",
        "SELECT COUNT(*) FROM common_municipality WHERE name = 'Santo Niño'",
        "SELECT COUNT(*) FROM coordination_organization WHERE name = 'Ministry of Indigenous Peoples’ Affairs'",
        "SELECT COUNT(*) FROM common_region WHERE name = 'Region IX (Zamboanga Peninsula)'",
    ] {
        assert_eq!(connection.count(sql).await.unwrap(), 1, "{sql}");
    }
}

#[tokio::test]
async fn as_many_projects_as_asked_for_cannot_be_placed() {
    let (_directory, path) = small_sample(|_| {}).await;
    let mut connection = open(&path).await;
    for (sql, expected) in [
        (
            "SELECT COUNT(*) FROM project_central_ppa WHERE implementing_office = 'OOBC'",
            319,
        ),
        (
            "SELECT COUNT(*) FROM project_central_ppa WHERE implementing_office = '' AND created_by_id IS NOT NULL AND budget_code LIKE '3-__-OOBC-____'",
            14,
        ),
        (
            "SELECT COUNT(*) FROM project_central_ppa WHERE implementing_office = '' AND created_by_id IS NULL AND budget_code LIKE '3-__-____'",
            9,
        ),
    ] {
        assert_eq!(connection.count(sql).await.unwrap(), expected, "{sql}");
    }
    let (_directory, path) = small_sample(|options| options.undecided = 0).await;
    let mut connection = open(&path).await;
    let sql = "SELECT COUNT(*) FROM project_central_ppa WHERE implementing_office <> 'OOBC'";
    assert_eq!(connection.count(sql).await.unwrap(), 0);
}

#[tokio::test]
async fn scale_multiplies_records_and_histories_and_leaves_geography() {
    let (_directory, path) = small_sample(|options| {
        options.scale = NonZeroU32::new(3).unwrap();
    })
    .await;
    let mut connection = open(&path).await;
    for (table, rows) in [
        ("communities_community", 702),
        ("project_central_ppa", 1_026),
        ("mana_participantresponse", 120),
        ("auditlog_logentry", 27_798),
        ("common_barangay", 6_598),
        ("auth_user", 74),
    ] {
        let count = format!("SELECT COUNT(*) FROM \"{table}\"");
        assert_eq!(connection.count(count).await.unwrap(), rows, "{table}");
    }
    let violations = connection.rows("PRAGMA foreign_key_check").await.unwrap();
    assert_eq!(violations, []);
    let open_questions = "SELECT COUNT(*) FROM project_central_ppa WHERE implementing_office = ''";
    assert_eq!(connection.count(open_questions).await.unwrap(), 23);
}

#[tokio::test]
async fn an_existing_file_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db.sqlite3");
    std::fs::write(&path, "something else").unwrap();
    let error = sample::create(&path, &Options::default()).await;
    assert!(matches!(error, Err(SampleError::Exists(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"something else");
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_named_in_the_error() {
    let directory = tempfile::tempdir().unwrap();
    let blocker = directory.path().join("file");
    std::fs::write(&blocker, "").unwrap();
    let error = sample::create(&blocker.join("db.sqlite3"), &Options::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("db.sqlite3"), "{error}");
}

/// A hash over the schema and every value of every row.
async fn dump_hash(path: &Path) -> String {
    let mut connection = open(path).await;
    let mut hash = Sha256::new();
    let schema = connection
        .rows("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid")
        .await
        .unwrap();
    for entry in &schema {
        hash.update(format!("{entry:?}"));
    }
    let tables = schema.iter().filter(|entry| entry.text(0) == Some("table"));
    for table in tables {
        let name = table.string(1);
        let columns: Vec<String> = connection
            .rows(format!("SELECT name FROM pragma_table_info('{name}')"))
            .await
            .unwrap()
            .iter()
            .map(|row| format!("\"{}\"", row.string(0)))
            .collect();
        let all = format!("SELECT {} FROM \"{name}\" ORDER BY 1", columns.join(", "));
        connection
            .for_each(all, |row| hash.update(format!("{row:?}")))
            .await
            .unwrap();
    }
    hex::encode(hash.finalize())
}
