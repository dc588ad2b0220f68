//! Drives that are killed at one boundary after the other, each on a copy of its own.

use std::fmt::Debug;

use futures_util::{StreamExt as _, stream};
use server::engine::executor::{Goal, Outcome};

use super::world::{Watch, World};

/// A way in the other direction that is taken after a kill, before the drive is begun again.
pub struct Turn<T> {
    pub goal: Goal,
    /// After every one of so many kills.
    pub every: usize,
    /// What is found at its end.
    pub ends_as: Option<T>,
}

/// Kills of one drive.
pub struct Kills<'a, T> {
    /// What is copied for each; nothing may be connected to it.
    pub prepared: &'a World,
    pub goal: Goal,
    pub turn: Option<Turn<T>>,
    /// Only at boundaries below this one.
    pub below: usize,
    /// How many copies are worked on at a time: most of what one does is to wait for the server.
    pub at_a_time: usize,
}

impl<'a, T: PartialEq + Debug> Kills<'a, T> {
    /// At every boundary on the way to a goal.
    pub fn toward(goal: Goal, prepared: &'a World) -> Self {
        Self {
            prepared,
            goal,
            turn: None,
            below: usize::MAX,
            at_a_time: 4,
        }
    }

    /// Drives copies to the goal, kills each at another boundary, and drives it again: in the end there must be the same
    /// facts as after an undisturbed drive, and nothing left over. Answers how many were killed.
    pub async fn end_as_undisturbed(&self, facts: impl AsyncFn(&World) -> T) -> usize {
        let Self {
            prepared,
            goal,
            turn,
            ..
        } = self;
        let undisturbed = prepared.twin().await;
        let watch = Watch::new();
        undisturbed.drive(goal, &watch).await.unwrap();
        let expected = facts(&undisturbed).await;
        let mut deadly = watch.deadly(prepared.dialect());
        deadly.retain(|at| *at < self.below);
        let one = async |number: usize, at: usize| {
            let world = prepared.twin().await;
            world.drive(goal, &Watch::with_bomb(at)).await.unwrap();
            if let Some(turn) = turn
                && number.is_multiple_of(turn.every)
            {
                let outcome = world.drive(&turn.goal, &Watch::new()).await.unwrap();
                assert_eq!(outcome, Outcome::Done, "turned after dying at {at}");
                if let Some(wanted) = &turn.ends_as {
                    same(&facts(&world).await, wanted, at);
                }
            }
            let outcome = world.drive(goal, &Watch::new()).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "after dying at {at}");
            same(&facts(&world).await, &expected, at);
            assert_eq!(world.leftovers().await, Vec::<String>::new(), "{at}");
            // dropping a database waits for every session of the server, and so for what the other copies' are to read
            let dropped = tokio::task::spawn_blocking(move || drop(world));
            dropped.await.unwrap();
        };
        let killed = deadly.len();
        stream::iter(deadly.into_iter().enumerate())
            .map(|(number, at)| one(number, at))
            .buffer_unordered(self.at_a_time)
            .collect::<()>()
            .await;
        killed
    }
}

/// Says the first line in which two facts differ: all of them are more than anybody reads.
fn same<T: PartialEq + Debug>(found: &T, expected: &T, at: usize) {
    if found == expected {
        return;
    }
    let (found, expected) = (format!("{found:#?}"), format!("{expected:#?}"));
    let (found, expected) = (found.replace("\\n", "\n"), expected.replace("\\n", "\n"));
    let different = (found.lines().zip(expected.lines())).find(|(found, wanted)| found != wanted);
    panic!("after dying at {at}: {different:?}");
}
