//! Whether two addresses lead to one database of a server.

use std::path::Path;
use std::time::Duration;

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, DatabaseUrl, DbError, is_same};

use crate::postgres::{copied, follow};

async fn open(url: &DatabaseUrl) -> Connection {
    Connection::open(url, Access::Write).await.unwrap()
}

/// An approval is asked for by the database, whatever address somebody types: one that is not known again is changed
/// without being asked for, and one that is taken for another cannot be changed.
#[tokio::test]
async fn a_database_is_known_by_another_address_and_not_taken_for_one_of_that_name_elsewhere() {
    // each directory becomes that of the user whom its server runs as
    let [first, second, own] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let start = |place: &tempfile::TempDir| Cluster::start(place.path(), Keep::ThrowAway).unwrap();
    let (here, there) = (start(&first), start(&second));
    for server in [&here, &there] {
        let mut db = open(&server.url("postgres").unwrap()).await;
        for made in [
            "CREATE DATABASE \"Office 1\"",
            "CREATE DATABASE obcms",
            "CREATE ROLE clerk LOGIN",
        ] {
            db.execute(made).await.unwrap();
        }
        db.close().await;
    }
    let office = here.url("Office%201").unwrap();
    let place = first.path().canonicalize().unwrap();
    let link = own.path().join("link");
    std::os::unix::fs::symlink(&place, &link).unwrap();
    let by = |database: &str, socket: &std::path::Path, user: &str| -> DatabaseUrl {
        let socket = socket.display();
        let url = format!("postgres:///{database}?host={socket}&user={user}&sslmode=disable");
        url.parse().unwrap()
    };
    for address in [
        office.clone(),
        by("Office%201", &link, "postgres"),
        // whoever asks: the number of a server is no secret
        by("Office%201", &place, "clerk"),
        by("Office%201", &link, "clerk"),
    ] {
        assert!(is_same(&office, &address).await.unwrap(), "{address}");
        assert!(is_same(&address, &office).await.unwrap(), "{address}");
    }
    for address in [
        here.url("obcms").unwrap(),
        by("office%201", &place, "postgres"),
        there.url("Office%201").unwrap(),
        there.url("obcms").unwrap(),
    ] {
        assert!(!is_same(&office, &address).await.unwrap(), "{address}");
    }
    // whether it is the same is not known, and not guessed
    let gone = by("Office%201", &own.path().join("nowhere"), "postgres");
    let error = is_same(&office, &gone).await.unwrap_err();
    assert!(matches!(error, DbError::Unreachable { .. }), "{error:?}");
}

/// Whether each is taken for the other; which is asked first makes no difference.
async fn are_same(one: &DatabaseUrl, other: &DatabaseUrl) -> bool {
    let answers = (
        is_same(one, other).await.unwrap(),
        is_same(other, one).await.unwrap(),
    );
    assert_eq!(answers.0, answers.1, "{one} and {other}");
    answers.0
}

/// What is approved for a rehearsal on restored files is not approved for the database that they were taken of, and the other
/// way round; but whoever names the standby of a database means that database.
#[tokio::test]
async fn files_that_were_restored_are_another_database_and_a_standby_is_one_until_it_is_promoted() {
    let [first, second, third] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    copied(first.path(), &[second.path(), third.path()]);
    follow(first.path(), third.path());
    let start = |place: &Path| Cluster::start(place, Keep::ThrowAway).unwrap();
    let primary = start(first.path());
    let (restored, standby) = (start(second.path()), start(third.path()));
    let [office, rehearsal, follower] =
        [&primary, &restored, &standby].map(|server| server.url("postgres").unwrap());
    assert!(!are_same(&office, &rehearsal).await);
    assert!(are_same(&office, &follower).await);

    let mut db = Connection::open(&follower, Access::Read).await.unwrap();
    let promoted = tokio::time::timeout(
        Duration::from_secs(90),
        db.count("SELECT CASE WHEN pg_promote(true, 60) THEN 1 ELSE 0 END"),
    );
    assert_eq!(promoted.await.unwrap().unwrap(), 1);
    db.close().await;
    assert!(!are_same(&office, &follower).await);
    assert!(!are_same(&rehearsal, &follower).await);
}
