//! The whole way: checklist, backup, run with its gate, report, organizations, mode, and each way back.

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};
use server::db::{Access, Connection, Dialect, Statement};

use super::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_system_is_migrated_switched_and_taken_back_by_its_console() {
    there_and_back(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_system_on_postgresql_is_migrated_switched_and_taken_back_by_its_console() {
    there_and_back(Dialect::Postgres).await;
}

async fn there_and_back(dialect: Dialect) {
    let mut world = World::start_on(dialect, |_| ()).await;
    let overview = world.get("").await;
    assert_eq!(
        overview["summary"]["next"]["href"],
        "/systems/obcms/checklist"
    );

    let run = world.migrate().await;
    let coverage = world.get("/coverage").await;
    assert_eq!(coverage["all"]["assigned"], coverage["all"]["total"]);
    rises_to_the_whole(&coverage["history"]);
    let view = world.get(&format!("/runs/{run}")).await;
    assert_eq!(
        view["progress"]["steps_done"],
        view["progress"]["steps_total"]
    );
    assert!(world.get(&format!("/runs/{run}/log")).await["total"].as_u64() > Some(0));

    onboard_pilot(&mut world).await;
    switch_to_many(&mut world).await;

    let codes: Vec<Value> = world.get("/organizations").await["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["stage"] == "pilot")
        .map(|one| one["code"].clone())
        .collect();
    assert_eq!(codes.len(), 0, "a wave starts only when told");
    world.post("/waves/0/start", Value::Null).await;

    back(&mut world, json!("mode"), |options| {
        options["mode"]["fingerprint"].clone()
    })
    .await;
    assert_eq!(world.get("/mode").await["current"]["mode"], "single");
    let next = &world.get("").await["summary"]["next"];
    assert_eq!(next["title"], "Write down what happened", "{next:#}");

    back(
        &mut world,
        json!({ "partial": { "groups": ["recommendations"] } }),
        |options| {
            let groups = options["groups"].as_array().unwrap();
            let group = groups
                .iter()
                .find(|group| group["name"] == "recommendations")
                .unwrap();
            group["cost"]["fingerprint"].clone()
        },
    )
    .await;
    let coverage = world.get("/coverage").await;
    for group in coverage["groups"].as_array().unwrap() {
        let stays = group["name"] != "recommendations";
        for model in group["models"].as_array().unwrap() {
            assert_eq!(model["required"], stays, "{}", model["table"]);
        }
    }

    let partial = world.get("/rollback").await["current"].clone();
    let again = world.start_run().await;
    world.run_is(again, "done").await;
    costs_what_undoing_it_took(&mut world, &partial).await;
    back(&mut world, json!("undo-all"), |options| {
        options["undo_all"]["fingerprint"].clone()
    })
    .await;
    let coverage = world.get("/coverage").await;
    assert_eq!(coverage["all"]["assigned"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_brings_back_the_moment_before_and_what_is_lost_is_kept() {
    let mut world = World::start().await;
    world.migrate().await;
    let report = world.post("/reports", Value::Null).await;
    assert_eq!(report["summary"]["number"], 1, "{report:#}");
    onboard_pilot(&mut world).await;
    what_would_be_lost_is_exported(&mut world).await;
    assert_eq!(journey_of(&mut world, "Pilot").await, "3 of 3 prepared");
    let reported = journey_of(&mut world, "Verification report").await;
    assert!(reported.starts_with("Report 1"), "{reported}");
    let backups = world.get("/backups").await;
    let oldest = backups.as_array().unwrap().last().unwrap()["name"].clone();
    let record = back(
        &mut world,
        json!({ "restore": { "backup": oldest } }),
        |options| {
            let restores = options["restores"].as_array().unwrap();
            let one = restores
                .iter()
                .find(|one| one["backup"]["name"] == oldest)
                .unwrap();
            one["cost"]["fingerprint"].clone()
        },
    )
    .await;
    assert!(record["export"].is_string(), "{record:#}");
    let run = &world.get("/runs").await[0];
    assert_eq!(run["state"], "rolled-back");
    assert_eq!(world.get("/coverage").await["all"]["assigned"], 0);
    let overview = world.get("").await;
    assert_eq!(overview["health"]["healthy"], true);
    let next = &overview["summary"]["next"];
    assert_eq!(next["title"], "Write down what happened", "{next:#}");
    // what was measured and prepared in the database before is not said of this one
    assert_eq!(
        journey_of(&mut world, "Verification report").await,
        "Not made"
    );
    assert_eq!(journey_of(&mut world, "Pilot").await, "0 of 3 prepared");
    assert_eq!(world.get("/all").await["organizations"], json!([]));
    let tasks = record["tasks"].as_array().unwrap().len();
    assert_eq!(tasks, 5);
    // it can be done again
    let again = world.start_run().await;
    world.run_is(again, "waiting-at-gate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_restore_would_lose_is_never_waited_for_and_counted_again_when_it_is_done() {
    let mut world = World::start().await;
    world.tick_required().await;
    let name = world.back_up().await;
    let cost = |options: &Value| options["restores"][0]["cost"].clone();
    let first = cost(&world.get("/rollback").await);
    // nothing can be confirmed before it is known, and nothing is called no loss
    assert_eq!(
        first["measuring"],
        first["refused"].is_string(),
        "{first:#}"
    );
    let measuring = first["refused"].as_str().unwrap_or("being measured");
    assert!(measuring.contains("being measured"), "{first:#}");
    let options = world
        .wait("/rollback", "the comparison", |options| {
            cost(options)["refused"].is_null()
        })
        .await;
    let shown = cost(&options);
    let notes = shown["notes"].to_string();
    assert!(notes.contains("compared again before"), "{notes}");

    // written after it was shown: lost all the same, and so counted
    let mut db = Connection::open(&world.installed.database, Access::Write)
        .await
        .unwrap();
    let more = db
        .execute("UPDATE communities_community SET name = name || ' changed'")
        .await
        .unwrap();
    db.close().await;
    let way = json!({ "restore": { "backup": name } });
    let record = back(&mut world, way, |_| shown["fingerprint"].clone()).await;
    let lost = record["rows_lost"].as_u64().unwrap();
    assert!(lost >= more && more > 200, "{record:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn groups_undone_together_are_one_choice_in_whatever_order_they_are_named() {
    let mut world = World::start().await;
    world.tick_required().await;
    world.back_up().await;
    let run = world.start_run().await;
    world.run_is(run, "waiting-at-gate").await;
    let one = world.get("/rollback/cost?groups=mana").await;
    let both = world
        .get("/rollback/cost?groups=mana,recommendations")
        .await;
    let turned = world
        .get("/rollback/cost?groups=recommendations,%20mana")
        .await;
    assert_eq!(both["fingerprint"], turned["fingerprint"]);
    assert_ne!(both["fingerprint"], one["fingerprint"]);
    assert_eq!(both["refused"], Value::Null);
    assert!(both["takes_ms"].as_u64() >= one["takes_ms"].as_u64());

    let way = json!({ "partial": { "groups": ["recommendations", "mana"] } });
    let bound = both["fingerprint"].clone();
    back(&mut world, way, |_| bound.clone()).await;
    let options = world.get("/rollback").await;
    for group in options["groups"].as_array().unwrap() {
        let undone = ["mana", "recommendations"].contains(&group["name"].as_str().unwrap());
        assert_eq!(group["steps"] == 0, undone, "{group:#}");
    }
}

/// Coverage over time begins below the whole, never falls, and ends at it.
fn rises_to_the_whole(history: &Value) {
    let counts: Vec<(u64, u64)> = (history.as_array().unwrap().iter())
        .map(|point| {
            let count = |key: &str| point["all"][key].as_u64().unwrap();
            (count("assigned"), count("total"))
        })
        .collect();
    let (first, last) = (counts[0], counts[counts.len() - 1]);
    assert!(first.0 < first.1, "{history:#}");
    assert!(last.0 == last.1 && last.1 > 0, "{history:#}");
    assert!(
        counts.windows(2).all(|two| two[0].0 <= two[1].0),
        "{history:#}"
    );
}

/// What undoing a group costs is what it took before; what was never undone is not said to take what doing it took.
async fn costs_what_undoing_it_took(world: &mut World, partial: &Value) {
    let took = |key: &'static str| {
        let steps = partial["steps"].as_array().unwrap().iter();
        steps
            .filter_map(move |step| step[key].as_u64())
            .sum::<u64>()
    };
    assert!(took("undid") > 0, "{partial:#}");
    let options = world.get("/rollback").await;
    let groups = options["groups"].as_array().unwrap();
    for group in groups {
        let (cost, from) = (
            &group["cost"],
            group["cost"]["takes_from"].as_str().unwrap(),
        );
        if group["name"] == "recommendations" {
            assert_eq!(cost["takes_ms"], took("took_ms"), "{cost:#}");
            assert_eq!(cost["estimated"], false, "{cost:#}");
            let measured = format!(
                "measured by rollback {}, which undid {} steps",
                partial["id"],
                took("undid")
            );
            assert_eq!(from, measured);
        } else {
            assert!(from.starts_with("3 times as long as run "), "{cost:#}");
            assert_eq!(cost["estimated"], true, "{cost:#}");
            assert!(
                from.ends_with("undoing them was not measured yet"),
                "{cost:#}"
            );
        }
    }
}

/// Rows made after the backup, and decisions, are each in the file that can be downloaded before anything is confirmed.
async fn what_would_be_lost_is_exported(world: &mut World) {
    let mut db = Connection::open(&world.installed.database, Access::Write)
        .await
        .unwrap();
    for name in ["Ñuñungan", "O'Brien", "=1+1"] {
        let site = Statement::new("INSERT INTO django_site (domain, name) VALUES (?, ?)");
        let domain = format!("{name}.example");
        db.execute(site.bind(domain.as_str()).bind(name))
            .await
            .unwrap();
    }
    db.close().await;
    let backups = world.get("/backups").await;
    let oldest = backups.as_array().unwrap().last().unwrap()["name"].clone();
    let query = format!("/rollback/export?backup={}", oldest.as_str().unwrap());
    let lost = world.get(&query).await;
    assert_eq!(lost["backup"], oldest);
    let mut names: Vec<&str> = (lost["rows"].as_array().unwrap().iter())
        .filter(|row| row["table"] == "django_site")
        .inspect(|row| {
            assert_eq!(
                (&row["what"], &row["before"]),
                (&json!("created"), &Value::Null)
            )
        })
        .map(|row| row["after"]["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["=1+1", "O'Brien", "Ñuñungan"]);

    for (query, decisions) in [
        ("", 23),
        ("?groups=project_central", 23),
        ("?groups=mana", 0),
    ] {
        let lost = world.get(&format!("/rollback/export{query}")).await;
        let found = lost["decisions"].as_array().unwrap();
        assert_eq!(found.len(), decisions, "{query}");
        for decision in found {
            assert_eq!(decision["table"], "project_central_ppa", "{decision:#}");
            assert_eq!(decision["organization"], "OOBC", "{decision:#}");
            assert_eq!(decision["by"], "administrator", "{decision:#}");
            assert!(decision["key"].is_string(), "{decision:#}");
        }
    }
}

/// What the overview says of a stage of the journey.
async fn journey_of(world: &mut World, title: &str) -> String {
    let overview = world.get("").await;
    let stages = overview["journey"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["title"] == title);
    stage.unwrap()["note"].as_str().unwrap().to_owned()
}

/// Carries a rollback out and waits for its end.
pub(super) async fn back(
    world: &mut World,
    way: Value,
    fingerprint: impl Fn(&Value) -> Value,
) -> Value {
    let options = world.get("/rollback").await;
    let body = json!({ "way": way, "fingerprint": fingerprint(&options), "confirm": "OBCMS" });
    world.post("/rollback", body).await;
    let ended = world
        .wait("/rollback", "the end of the rollback", |options| {
            options["current"]["state"] != "running" && options["current"]["way"] == way
        })
        .await;
    assert_eq!(ended["current"]["state"], "done", "{:#}", ended["current"]);
    ended["current"].clone()
}

/// Imports organizations, and prepares three of them as the pilot.
async fn onboard_pilot(world: &mut World) {
    let csv = "code,name,kind,contact_name,contact_email\n\
        MOH,Ministry of Health,ministry,Safia Amir,safia@moh.example\n\
        MBHTE,Ministry of Basic Education,ministry,Omar Dimapuro,omar@mbhte.example\n\
        MAFAR,Ministry of Agriculture,ministry,Noraida Abas,noraida@mafar.example\n";
    let file = base64::engine::general_purpose::STANDARD.encode(csv);
    let preview = world
        .post(
            "/organizations/import",
            json!({ "csv_base64": file, "preview": true }),
        )
        .await;
    assert_eq!(
        (preview["new"].as_u64(), preview["imported"].as_bool()),
        (Some(3), Some(false))
    );
    let done = world
        .post(
            "/organizations/import",
            json!({ "csv_base64": file, "preview": false, "seen": preview["seen"] }),
        )
        .await;
    assert_eq!(done["imported"], true);
    for code in ["MOH", "MBHTE", "MAFAR"] {
        prepare(world, code).await;
    }
    let waves = json!({ "waves": [{ "title": "Pilot", "organizations": ["MOH", "MBHTE", "MAFAR"], "soak_days": 14 }] });
    let answer = world.administrator.put("/systems/obcms/waves", waves).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

async fn prepare(world: &mut World, code: &str) {
    let path = format!("/systems/obcms/organizations/{code}");
    let detail = world.get(&format!("/organizations/{code}")).await;
    assert_eq!(detail["moves"][0]["to"], "prepared");
    assert!(detail["moves"][0]["refused"].is_string());
    let people = json!([{ "name": "Amina", "email": "amina@example.org", "role": "organization-administrator",
        "training": "2026-12-15", "trained": true }]);
    let change = json!({ "version": detail["organization"]["version"], "people": people, "ticks": [["data-owner", true]] });
    let answer = world.administrator.patch(&path, change.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    // the same button by somebody who saw the version before
    let answer = world.administrator.patch(&path, change).await;
    assert_eq!(answer.problem(), "changed-meanwhile");
    // and is told who changed it, when, and what was done
    let last = format!("{code} was changed meanwhile. Last by administrator, 20");
    assert!(answer.text.contains(&last), "{}", answer.text);
    let check = world
        .post(&format!("/organizations/{code}/isolation"), Value::Null)
        .await;
    assert_eq!(check["foreign_rows"], 0);
    let version =
        world.get(&format!("/organizations/{code}")).await["organization"]["version"].clone();
    let moved = world
        .post(
            &format!("/organizations/{code}/move"),
            json!({ "version": version, "to": "prepared" }),
        )
        .await;
    assert_eq!(moved["organization"]["stage"], "prepared");
}

async fn switch_to_many(world: &mut World) {
    let wanted = json!({ "to": "multi", "confirm": "BMMS" });
    let answer = world
        .administrator
        .post("/systems/obcms/mode", wanted.clone())
        .await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
    for item in [
        "staging-validated",
        "training-complete",
        "default-organization-agreed",
        "oversight-agreed",
    ] {
        world.tick(item).await;
    }
    let before = std::fs::read_to_string(&world.installed.environment_file).unwrap();
    world.post("/mode", wanted).await;
    let ended = world
        .wait("/mode", "the end of the switch", |view| {
            view["switch"]["state"] != "running"
        })
        .await;
    assert_eq!(ended["switch"]["state"], "done", "{:#}", ended["switch"]);
    assert_eq!(ended["application_value"], "bmms");
    assert!(ended["switch"]["downtime_ms"].is_u64());
    let after = std::fs::read_to_string(&world.installed.environment_file).unwrap();
    assert_eq!(after, before.replace("BMMS_MODE=obcms", "BMMS_MODE=bmms"));
}
