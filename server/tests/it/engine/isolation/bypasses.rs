//! Ways past the policies that no attempt on the table itself finds are named by the proof.

use server::engine::executor::Outcome;

use crate::postgres::version;

use super::super::world::SMALL;
use super::{INVOKER_VIEWS, Separated};

#[tokio::test(flavor = "multi_thread")]
async fn views_that_read_with_anothers_rights_and_the_right_to_empty_a_table_are_named() {
    let separated = Separated::migrated().await;
    let world = &separated.world;
    let role = separated.role.clone();
    let table = "communities_profile";
    let (mended, listed) = match version().await < INVOKER_VIEWS {
        true => (format!("REVOKE ALL ON texts FROM {role}"), ""),
        false => (
            "ALTER VIEW texts SET (security_invoker = true)".to_owned(),
            "list it under isolation.views, or ",
        ),
    };
    for (sabotage, repair, words) in [
        (
            format!("GRANT TRUNCATE ON {table} TO {role}"),
            format!("REVOKE TRUNCATE ON {table} FROM {role}"),
            format!("REVOKE TRUNCATE ON {table} FROM {role}"),
        ),
        (
            format!("CREATE VIEW texts AS SELECT text FROM {table}"),
            mended,
            format!(
                "the view texts reads as its owner postgres, for whom no policy holds, and {role} \
                 may read texts: {listed}revoke SELECT on texts from {role}"
            ),
        ),
        (
            format!("CREATE MATERIALIZED VIEW kept AS SELECT text FROM {table}"),
            format!("REVOKE ALL ON kept FROM {role}"),
            "the materialized view kept keeps rows of all organizations".to_owned(),
        ),
        // reached through another one
        (
            "CREATE VIEW above AS SELECT text FROM kept".to_owned(),
            "DROP VIEW above".to_owned(),
            format!("{role} may read above"),
        ),
    ] {
        let problem = separated.sabotaged(&sabotage).await;
        assert!(problem.contains(&words), "{sabotage}: {problem}");
        assert!(problem.contains(table), "{sabotage}: {problem}");
        world.execute(repair).await;
        let proven = separated.prove().await;
        assert!(proven.holds(), "{sabotage}: {:?}", proven.problem());
    }
    world.execute("DROP MATERIALIZED VIEW kept").await;
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_the_application_reads_directly_fails_the_run_until_it_may_not() {
    let statements = [
        &SMALL[..],
        &[
            "CREATE TABLE visit (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
            "CREATE TABLE visit_all PARTITION OF visit DEFAULT",
            "INSERT INTO visit VALUES (1, '2024-01-01')",
        ],
    ]
    .concat();
    let more = "[[groups]]\nname = \"visits\"\ntitle = \"Visits\"\n\
                [[groups.models]]\nlabel = \"Visit\"\ntable = \"visit\"\n";
    let separated = Separated::of(&statements, more).await;
    let world = &separated.world;
    let Outcome::Failed { step, error } = world.apply().await else {
        panic!("the partition was not found");
    };
    assert_eq!(step, "isolation.proof");
    let remedy = format!("REVOKE ALL ON visit_all FROM {}", separated.role);
    assert!(error.contains(&remedy), "{error}");
    world.execute(remedy).await;
    assert_eq!(world.apply().await, Outcome::Done);
    separated.end().await;
}
