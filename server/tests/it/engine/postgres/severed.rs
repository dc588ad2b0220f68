//! The session is ended from outside before every statement in turn, there and back: whoever drives
//! again comes to the same end as if nothing had happened.

use futures_util::{StreamExt, stream};
use server::engine::executor::{Goal, Outcome};

use super::super::world::{Watch, World, applied, undone};
use super::large;

/// How many databases are tried at a time.
const AT_A_TIME: usize = 4;

/// Drives to the goal, its session ended at each boundary in turn, and again without.
async fn survives(goal: &Goal, prepared: &World) {
    let undisturbed = prepared.twin().await;
    let watch = Watch::new();
    let outcome = undisturbed.drive(goal, &watch).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    let expected = undisturbed.dump().await;
    let boundaries = watch.passed();
    assert!(boundaries > 20, "only {boundaries} boundaries were tried");
    stream::iter(0..boundaries)
        .for_each_concurrent(AT_A_TIME, |at| {
            let expected = &expected;
            async move {
                let world = prepared.twin().await;
                let watch = Watch {
                    sever: Some((at, world.url.clone())),
                    ..Watch::new()
                };
                // an error, or a failed step: both go on
                let first = world.drive(goal, &watch).await;
                assert_ne!(first.ok(), Some(Outcome::Aborted));
                let again = world.drive(goal, &Watch::new()).await;
                assert_eq!(again.unwrap(), Outcome::Done, "cut at {at}");
                assert_eq!(world.dump().await, *expected, "cut at {at}");
                assert_eq!(world.leftovers().await, Vec::<String>::new(), "cut at {at}");
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_session_is_ended_before_any_statement_goes_on_to_the_same_end() {
    survives(&applied(), &large(5_001).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_whose_session_is_ended_before_any_statement_goes_on_to_the_same_end() {
    let prepared = large(5_001).await;
    prepared.apply().await;
    survives(&undone(), &prepared).await;
}
