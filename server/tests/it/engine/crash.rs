//! Killed at any boundary, whoever drives again reaches the state of an undisturbed run.

use server::db::Dialect;
use server::engine::executor::{Goal, Outcome, Signal};
use server::engine::operation::RequireWay;

use super::conformance::with_rescoped_code;
use super::isolation::Separated;
use super::kills::Kills;
use super::world::{PLAYBOOK, SMALL, Watch, World, applied, on_both, undone};

on_both! {
    a_run_killed_at_any_boundary_ends_as_an_undisturbed_one
    an_undo_killed_at_any_boundary_ends_as_an_undisturbed_one
    a_run_killed_at_any_boundary_can_turn_around
    a_run_stopped_at_any_boundary_goes_on_when_driven_again
    any_sequence_of_starts_stops_and_turns_ends_where_it_is_driven_at_last
    a_constraint_made_per_organization_survives_being_killed_at_any_boundary_there_and_back
}

/// Drives to the goal with a bomb at each boundary in turn and again without; every time the
/// target must end as an undisturbed drive leaves it.
async fn survives(kills: Kills<'_, String>) {
    let killed = kills.end_as_undisturbed(World::dump).await;
    assert!(killed > 7, "only {killed} were tried");
}

/// Says the first difference of two dumps: all of them are more than anybody reads.
fn same(found: &str, expected: &str, at: usize) {
    let different =
        (found.lines().zip(expected.lines())).find(|(found, expected)| found != expected);
    assert_eq!(different, None, "at boundary {at}");
    assert_eq!(
        found.lines().count(),
        expected.lines().count(),
        "at boundary {at}"
    );
}

async fn a_run_killed_at_any_boundary_ends_as_an_undisturbed_one(dialect: Dialect) {
    let prepared = World::on(dialect, &SMALL, PLAYBOOK).await;
    survives(Kills::toward(applied(), &prepared)).await;
}

async fn an_undo_killed_at_any_boundary_ends_as_an_undisturbed_one(dialect: Dialect) {
    let prepared = World::on(dialect, &SMALL, PLAYBOOK).await;
    prepared.apply().await;
    survives(Kills::toward(undone(), &prepared)).await;
}

async fn a_constraint_made_per_organization_survives_being_killed_at_any_boundary_there_and_back(
    dialect: Dialect,
) {
    let prepared = World::on(dialect, &SMALL, &with_rescoped_code()).await;
    survives(Kills::toward(applied(), &prepared)).await;
    prepared.apply().await;
    survives(Kills::toward(undone(), &prepared)).await;
}

/// PostgreSQL only: no other database isolates rows.
#[tokio::test(flavor = "multi_thread")]
async fn an_isolation_survives_being_killed_at_any_boundary_there_and_back() {
    let separated = Separated::with_its_reader().await;
    let world = &separated.world;
    // roles are the whole server's: what one copy makes another one drops
    let alone = |goal| Kills {
        at_a_time: 1,
        ..Kills::toward(goal, world)
    };
    let before = super::world::until("required");
    world.drive(&before, &Watch::new()).await.unwrap();
    survives(alone(applied())).await;
    world.apply().await;
    survives(alone(undone())).await;
    separated.end().await;
}

/// SQLite only: elsewhere no table is made again.
#[tokio::test(flavor = "multi_thread")]
async fn tables_made_again_survive_being_killed_at_any_boundary_there_and_back() {
    let mut prepared = World::on(Dialect::Sqlite, &SMALL, PLAYBOOK).await;
    prepared.options.require = RequireWay::Rebuild;
    survives(Kills::toward(applied(), &prepared)).await;
    prepared.apply().await;
    survives(Kills::toward(undone(), &prepared)).await;
}

async fn a_run_killed_at_any_boundary_can_turn_around(dialect: Dialect) {
    let prepared = World::on(dialect, &SMALL, PLAYBOOK).await;
    let expected = prepared.dump().await;
    let undisturbed = prepared.twin().await;
    let watch = Watch::new();
    undisturbed.drive(&applied(), &watch).await.unwrap();
    for at in watch.deadly(dialect) {
        let world = prepared.twin().await;
        world
            .drive(&applied(), &Watch::with_bomb(at))
            .await
            .unwrap();
        let outcome = world.undo().await;
        assert_eq!(outcome, Outcome::Done, "after dying at boundary {at}");
        world.reset_sequences().await;
        same(&world.dump().await, &expected, at);
    }
}

async fn a_run_stopped_at_any_boundary_goes_on_when_driven_again(dialect: Dialect) {
    let prepared = World::on(dialect, &SMALL, PLAYBOOK).await;
    let undisturbed = prepared.twin().await;
    undisturbed.apply().await;
    let expected = undisturbed.dump().await;
    for signal in [Signal::Abort, Signal::Pause] {
        let mut at = 0;
        loop {
            let world = prepared.twin().await;
            let watch = Watch {
                answer: Some((at, signal)),
                ..Watch::new()
            };
            let outcome = world.drive(&applied(), &watch).await.unwrap();
            if watch.passed() <= at {
                break;
            }
            let stopped = [Outcome::Aborted, Outcome::Paused, Outcome::Done];
            assert!(stopped.contains(&outcome), "{outcome:?}");
            assert_eq!(world.apply().await, Outcome::Done);
            same(&world.dump().await, &expected, at);
            at += 7;
        }
    }
}

/// A table large enough for three batches, with rows that were deleted in between.
async fn large(key: &str) -> World {
    let table = format!("CREATE TABLE large (text text, {key}");
    let statements = [
        table.as_str(),
        "INSERT INTO large (id, text) WITH RECURSIVE n(i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 17000) SELECT i, 'row ' || i FROM n",
        "DELETE FROM large WHERE id BETWEEN 4000 AND 6000",
    ];
    let playbook = "format = 1\nname = \"large\"\ntitle = \"L\"\nkind = \"tenancy\"\n\
        [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
        name = \"One\"\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n[[groups.models]]\n\
        label = \"Row\"\ntable = \"large\"\n";
    let world = World::new(&statements, playbook).await;
    world
        .drive(&super::world::until("nullable"), &Watch::new())
        .await
        .unwrap();
    world
}

async fn batches_survive(key: &str) {
    let prepared = large(key).await;
    let undisturbed = prepared.twin().await;
    undisturbed.apply().await;
    let expected = undisturbed.dump().await;
    let record = undisturbed.journal().await.unwrap();
    let step = record.step("g.populate.large").unwrap();
    assert_eq!((step.rows_done, step.rows_total), (14_999, 14_999));
    let mut at = 0;
    loop {
        let world = prepared.twin().await;
        let bomb = Watch::with_bomb(at);
        world.drive(&applied(), &bomb).await.unwrap();
        if bomb.passed() <= at {
            return;
        }
        assert_eq!(world.apply().await, Outcome::Done, "after dying at {at}");
        assert_eq!(world.dump().await, expected, "after dying at {at}");
        let record = world.journal().await.unwrap();
        let step = record.step("g.populate.large").unwrap();
        assert_eq!(step.rows_done, 14_999, "counted wrong after dying at {at}");
        at += 3;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_on_behind_their_cursor_whatever_the_key() {
    batches_survive("id integer PRIMARY KEY)").await;
    let composite = "half text NOT NULL DEFAULT 'h', id int NOT NULL, PRIMARY KEY (half, id))";
    batches_survive(composite).await;
    batches_survive(&format!("{composite} WITHOUT ROWID")).await;
}

/// Starts, kills, pauses and turns in any order, as two people with two consoles would press them.
async fn any_sequence_of_starts_stops_and_turns_ends_where_it_is_driven_at_last(dialect: Dialect) {
    let prepared = World::on(dialect, &SMALL, PLAYBOOK).await;
    let bottom = prepared.dump().await;
    let undisturbed = prepared.twin().await;
    undisturbed.apply().await;
    let top = undisturbed.dump().await;
    // any numbers do; fixed ones make a failure repeatable
    let mut random = 0x5eed_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        (random >> 33) % below
    };
    for round in 0..12 {
        let world = prepared.twin().await;
        let mut told = Vec::new();
        for _ in 0..6 {
            let goal = match next(4) {
                0 => undone(),
                1 => Goal::Undone {
                    groups: Some(["projects".to_owned()].into()),
                },
                _ => applied(),
            };
            let at = usize::try_from(next(140)).unwrap();
            let watch = match next(3) {
                0 => Watch::with_bomb(at),
                1 => Watch {
                    answer: Some((at, Signal::Pause)),
                    ..Watch::new()
                },
                _ => Watch {
                    answer: Some((at, Signal::Abort)),
                    ..Watch::new()
                },
            };
            let outcome = world.drive(&goal, &watch).await.unwrap();
            told.push(format!("{goal:?} stopped at {at}: {outcome:?}"));
        }
        assert_eq!(
            world.apply().await,
            Outcome::Done,
            "round {round}: {told:#?}"
        );
        world.reset_sequences().await;
        // ids of recorded rows depend on how often they were taken back
        let same = |dump: &str| -> Vec<String> {
            let rows = dump
                .lines()
                .filter(|line| !line.starts_with("django_migrations"));
            rows.map(str::to_owned).collect()
        };
        assert_eq!(
            same(&world.dump().await),
            same(&top),
            "round {round}: {told:#?}"
        );
        assert_eq!(world.undo().await, Outcome::Done);
        world.reset_sequences().await;
        assert_eq!(world.dump().await, bottom, "round {round}: {told:#?}");
    }
}
