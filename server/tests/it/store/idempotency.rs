//! Keys of commands in the control store, in a file and on a server: one carries out, a dead one is no obstacle.

use std::path::Path;
use std::time::Duration;

use server::moment::Moment;
use server::store::idempotency::{Command, KeptAnswer, Reservation, Reserved, reserve};
use server::store::{Opener, Store};

use super::fresh;
use crate::postgres::Database;

const LONG: Duration = Duration::from_secs(600);
const DAY: i64 = 24 * 60 * 60 * 1_000;

fn press(request_hash: &str) -> Command {
    Command {
        account: "amina".into(),
        key: "the same press".into(),
        request_hash: request_hash.into(),
    }
}

fn said(body: &str) -> KeptAnswer {
    KeptAnswer {
        status: 202,
        body: body.into(),
    }
}

async fn mine(store: &Store, lasts: Duration) -> Reservation {
    match reserve(store, &press("one"), Moment(DAY), lasts)
        .await
        .unwrap()
    {
        Reserved::Mine(reservation) => reservation,
        other => panic!("{other:?}"),
    }
}

async fn found(store: &Store, request_hash: &str, now: i64) -> Reserved {
    reserve(store, &press(request_hash), Moment(now), LONG)
        .await
        .unwrap()
}

async fn on_each() -> Vec<(Store, Box<dyn std::any::Any>)> {
    let (directory, file) = fresh().await;
    let database = Database::new().await;
    let data = Path::new(directory.path()).join("data");
    let server = Store::open_at(&database.url, Opener::Console { data }).await;
    vec![
        (file, Box::new(directory)),
        (server.unwrap(), Box::new(database)),
    ]
}

#[tokio::test]
async fn a_key_belongs_to_one_request_until_it_is_answered_or_given_up() {
    for (store, _kept) in on_each().await {
        let first = mine(&store, LONG).await;
        assert!(matches!(found(&store, "one", DAY).await, Reserved::Running));
        assert!(matches!(
            found(&store, "another", DAY).await,
            Reserved::Foreign
        ));
        first.give_up(&store).await.unwrap();

        let second = mine(&store, LONG).await;
        second.answer(&store, &said("done")).await.unwrap();
        for _ in 0..2 {
            match found(&store, "one", DAY).await {
                Reserved::Answered(kept) => assert_eq!(kept, said("done")),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(
            found(&store, "another", DAY).await,
            Reserved::Foreign
        ));
        // a day later it may stand for something else
        let later = found(&store, "another", 2 * DAY + 1).await;
        assert!(matches!(later, Reserved::Mine(_)), "{later:?}");
    }
}

#[tokio::test]
async fn a_key_whose_console_died_is_free_again_and_the_dead_one_has_no_word_any_more() {
    for (store, _kept) in on_each().await {
        // nobody renews it
        let dead = mine(&store, Duration::ZERO).await;
        let renewed = mine(&store, Duration::ZERO).await;
        renewed.renew(&store, LONG).await.unwrap();
        assert!(matches!(found(&store, "one", DAY).await, Reserved::Running));

        // it was not dead, only slow: it neither frees the key nor answers for it
        dead.renew(&store, Duration::ZERO).await.unwrap();
        assert!(matches!(found(&store, "one", DAY).await, Reserved::Running));
        dead.answer(&store, &said("too late")).await.unwrap();
        assert!(matches!(found(&store, "one", DAY).await, Reserved::Running));
        renewed.answer(&store, &said("in time")).await.unwrap();
        match found(&store, "one", DAY).await {
            Reserved::Answered(kept) => assert_eq!(kept, said("in time")),
            other => panic!("{other:?}"),
        }
    }
}
