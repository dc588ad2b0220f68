//! What only some versions of PostgreSQL have. A server without it refuses the statement that would make it, which is all that
//! there is to see there.

use server::engine::executor::Outcome;

use super::super::world::{Watch, World, until};
use super::large;
use crate::postgres::version;

/// The first version of PostgreSQL that has these.
const UNCHECKED_OR_COMPUTED: i64 = 18;

/// Carries out a statement; answers whether the server knows it, which follows from its version.
async fn is_known(world: &World, statement: &str) -> bool {
    let mut db = world.open().await;
    let done = db.execute(statement).await;
    db.close().await;
    let known = version().await >= UNCHECKED_OR_COMPUTED;
    match done {
        Ok(_) => assert!(known),
        Err(error) => {
            assert!(!known, "{error}");
            assert!(error.to_string().contains("syntax error"), "{error}");
        }
    }
    known
}

/// Rows without an organization may be there still: the step has work to do, whether few rows or many.
#[tokio::test(flavor = "multi_thread")]
async fn a_requirement_that_was_not_checked_for_the_rows_there_is_not_taken_for_one() {
    for rows in [10, 6_000] {
        let world = large(rows).await;
        let goal = until("nullable");
        world.drive(&goal, &Watch::new()).await.unwrap();
        let unchecked =
            "ALTER TABLE child ADD CONSTRAINT unchecked NOT NULL organization_id NOT VALID";
        if !is_known(&world, unchecked).await {
            return;
        }
        let left = "SELECT COUNT(*) FROM child WHERE organization_id IS NULL";
        assert_eq!(world.count(left).await, i64::from(rows));
        let before = world.column("child", "organization_id").await;
        assert_eq!(before, Some((false, true)));
        assert_eq!(world.apply().await, Outcome::Done);
        let after = world.column("child", "organization_id").await;
        assert_eq!(after, Some((true, true)));
        let unchecked = "SELECT COUNT(*) FROM pg_constraint WHERE NOT convalidated";
        assert_eq!(world.count(unchecked).await, 0);
        assert_eq!(world.count(left).await, 0);
        assert_eq!(world.leftovers().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_computed_when_it_is_read_is_told_from_a_kept_one_and_left_alone() {
    for rows in [10, 6_000] {
        let world = large(rows).await;
        let computed = "ALTER TABLE parent ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) VIRTUAL, \
                        ADD COLUMN thrice bigint GENERATED ALWAYS AS (id * 3) STORED";
        if !is_known(&world, computed).await {
            return;
        }
        let before = world.dump().await;
        let sums = "SELECT SUM(twice + thrice)::int8 FROM parent";
        let sum = world.count(sums).await;
        assert!(before.contains("(id * 2)) VIRTUAL"), "{before}");
        assert!(before.contains("(id * 3)) STORED"), "{before}");
        assert_eq!(world.apply().await, Outcome::Done);
        assert_eq!(world.count(sums).await, sum);
        assert_eq!(world.undo().await, Outcome::Done);
        assert_eq!(world.dump().await, before);
    }
}
