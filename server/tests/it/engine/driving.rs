//! Who drives, with which plan, and what becomes of a step that fails.

use server::db::{Access, Connection};
use server::engine::executor::{DriveError, Event, Goal, Level, Outcome, Outside, Signal, drive};

use super::world::{PLAYBOOK, SMALL, Watch, World, applied, undone, until};

#[tokio::test]
async fn a_second_driver_is_refused_and_told_who_drives() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    // the first dies without giving the lease back; its process, this one, lives on
    let first = Watch {
        owner: "console of Farida".into(),
        ..Watch::with_bomb(30)
    };
    world
        .drive_plan("1", &plan, &applied(), &first)
        .await
        .unwrap();
    let second = Watch {
        owner: "command line of Jamil".into(),
        ..Watch::new()
    };
    let refused = world.drive_plan("1", &plan, &applied(), &second).await;
    match refused {
        Err(DriveError::Driven {
            owner,
            expires_in_s,
        }) => {
            assert_eq!(owner, "console of Farida");
            assert!((1..=15).contains(&expires_in_s));
        }
        other => panic!("{other:?}"),
    }
    // a lease that expired is anyone's
    world
        .execute("UPDATE switchyard_lease SET expires_at_ms = 1")
        .await;
    let outcome = world.drive_plan("1", &plan, &applied(), &second).await;
    assert_eq!(outcome.unwrap(), Outcome::Done);
}

#[tokio::test]
async fn the_lease_of_a_process_that_is_gone_is_free_at_once() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let first = Watch {
        owner: "a console".into(),
        ..Watch::with_bomb(30)
    };
    world.drive(&applied(), &first).await.unwrap();
    // no process has this number
    world
        .execute("UPDATE switchyard_lease SET process = 2147483646")
        .await;
    assert_eq!(world.apply().await, Outcome::Done);
}

#[tokio::test]
async fn a_driver_that_lost_its_lease_writes_nothing_more() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    let stolen = std::sync::atomic::AtomicBool::new(false);
    let thief = Thief {
        watch: Watch::new(),
        world: &world,
        stolen: &stolen,
    };
    let mut db = world.open().await;
    let lost = drive(&mut db, "1", &plan, &applied(), &thief).await;
    assert!(matches!(lost, Err(DriveError::LeaseLost)), "{lost:?}");
    let states = world.states().await;
    assert_eq!(
        states["communities.nullable.communities_community"],
        "pending"
    );
}

/// Takes the lease away before the transaction of the first step.
struct Thief<'a> {
    watch: Watch,
    world: &'a World,
    stolen: &'a std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl server::engine::Control for Thief<'_> {
    async fn between(&self, boundary: &server::engine::executor::Boundary<'_>) -> Signal {
        use std::sync::atomic::Ordering;
        let begins = boundary.next == "begin" && boundary.step.is_some();
        if begins && !self.stolen.swap(true, Ordering::SeqCst) {
            let steal = "UPDATE switchyard_lease SET fencing = fencing + 1";
            self.world.execute(steal).await;
        }
        Signal::Continue
    }
    fn report(&self, event: &Event) {
        self.watch.report(event);
    }
    fn owner(&self) -> String {
        "the robbed".into()
    }
    async fn fact(
        &self,
        fact: server::engine::gate::CallerFact,
    ) -> server::engine::executor::FactAnswer {
        self.watch.fact(fact).await
    }
    async fn overridden(&self, _: &str, _: &str) -> Option<server::engine::executor::Overriding> {
        None
    }
    async fn probe(
        &self,
        work: &Outside,
    ) -> Result<server::engine::executor::Probed, server::engine::executor::OutsideError> {
        self.watch.probe(work).await
    }
    async fn perform(
        &self,
        work: &Outside,
    ) -> Result<String, server::engine::executor::OutsideError> {
        self.watch.perform(work).await
    }
}

#[tokio::test]
async fn a_plan_for_another_schema_is_refused_with_the_difference() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    world
        .execute("ALTER TABLE project_ppa ADD COLUMN budget decimal NULL")
        .await;
    let before = world.dump().await;
    match world
        .drive_plan("1", &plan, &applied(), &Watch::new())
        .await
    {
        Err(DriveError::WorldChanged { difference }) => {
            assert_eq!(difference, "the definition of project_ppa is another one");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn a_change_of_the_schema_in_the_middle_of_a_run_is_seen_when_it_goes_on() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    world
        .drive_plan("1", &plan, &until("nullable"), &Watch::new())
        .await
        .unwrap();
    world
        .execute("ALTER TABLE communities_profile ADD COLUMN more text NULL")
        .await;
    let refused = world
        .drive_plan("1", &plan, &applied(), &Watch::new())
        .await;
    assert!(
        matches!(refused, Err(DriveError::WorldChanged { .. })),
        "{refused:?}"
    );
    // a new plan knows the new schema and takes over what was done
    let again = world.plan().await;
    let outcome = world
        .drive_plan("2", &again, &applied(), &Watch::new())
        .await;
    assert_eq!(outcome.unwrap(), Outcome::Done);
    // and its undo reaches back to it
    let outcome = world
        .drive_plan("2", &again, &undone(), &Watch::new())
        .await;
    assert_eq!(outcome.unwrap(), Outcome::Done);
    let left = "SELECT COUNT(*) FROM sqlite_schema WHERE sql LIKE '%organization_id%' \
                AND tbl_name NOT LIKE 'switchyard%'";
    assert_eq!(world.count(left).await, 0);
}

#[tokio::test]
async fn a_run_goes_on_only_with_the_plan_that_was_approved() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    world
        .drive_plan("1", &plan, &until("organizations"), &Watch::new())
        .await
        .unwrap();
    world.options.require = server::engine::operation::RequireWay::Rebuild;
    let other = world.plan().await;
    assert_ne!(plan.fingerprint, other.fingerprint);
    let refused = world
        .drive_plan("1", &other, &applied(), &Watch::new())
        .await;
    assert!(
        matches!(refused, Err(DriveError::OtherPlan { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_step_that_fails_says_why_keeps_nothing_and_can_be_tried_again() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .execute(
            "CREATE TRIGGER stubborn BEFORE UPDATE ON project_ppa WHEN OLD.id = 30 \
             BEGIN SELECT RAISE(ABORT, 'row 30 is closed'); END",
        )
        .await;
    let watch = Watch::new();
    let outcome = world.drive(&applied(), &watch).await.unwrap();
    match outcome {
        Outcome::Failed { step, error } => {
            assert_eq!(step, "projects.populate.project_ppa");
            assert!(error.contains("row 30 is closed"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let states = world.states().await;
    assert_eq!(states["projects.populate.project_ppa"], "failed");
    assert_eq!(states["communities.index.communities_profile"], "done");
    let placed = "SELECT COUNT(*) FROM project_ppa WHERE organization_id IS NOT NULL";
    assert_eq!(world.count(placed).await, 0);
    let told = watch.events.lock().unwrap().iter().any(|event| {
        matches!(
            event,
            Event::Log {
                level: Level::Error,
                ..
            }
        )
    });
    assert!(told);

    world.execute("DROP TRIGGER stubborn").await;
    assert_eq!(world.apply().await, Outcome::Done);
    let record = world.journal().await.unwrap();
    let step = record.step("projects.populate.project_ppa").unwrap();
    assert_eq!(
        (step.attempt, step.error.as_deref(), step.rows_done),
        (2, None, 34)
    );
}

#[tokio::test]
async fn an_undo_that_fails_is_a_state_of_its_own_and_can_be_tried_again() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world.apply().await;
    world
        .execute("CREATE VIEW report AS SELECT organization_id FROM project_ppa")
        .await;
    let outcome = world.drive(&undone(), &Watch::new()).await.unwrap();
    match outcome {
        Outcome::Failed { step, error } => {
            assert_eq!(step, "projects.nullable.project_ppa");
            assert!(error.contains("report"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        world.states().await["projects.nullable.project_ppa"],
        "stuck"
    );
    world.execute("DROP VIEW report").await;
    assert_eq!(world.undo().await, Outcome::Done);
}

#[tokio::test]
async fn a_group_that_another_depends_on_is_not_undone_without_it() {
    let playbook = PLAYBOOK.replace(
        "[[groups.models]]\nlabel = \"Profile\"",
        "[[groups]]\nname = \"profiles\"\ntitle = \"Profiles\"\n[[groups.models]]\nlabel = \"Profile\"",
    );
    let world = World::new(&SMALL, &playbook).await;
    assert_eq!(world.apply().await, Outcome::Done);
    let of = |names: &[&str]| Goal::Undone {
        groups: Some(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    match world.drive(&of(&["communities"]), &Watch::new()).await {
        Err(DriveError::Refused { why }) => assert!(
            why.contains("communities_profile of profiles")
                && why.contains("communities_community"),
            "{why}"
        ),
        other => panic!("{other:?}"),
    }
    let both = of(&["communities", "profiles"]);
    assert_eq!(
        world.drive(&both, &Watch::new()).await.unwrap(),
        Outcome::Done
    );
    match world.drive(&of(&["nonsense"]), &Watch::new()).await {
        Err(DriveError::Refused { why }) => assert!(why.contains("communities, profiles"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_organization_that_was_there_before_is_adopted_and_stays() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .drive(&until("organizations"), &Watch::new())
        .await
        .unwrap();
    // as if the application had made the table itself
    for table in [
        "run", "step", "journal", "expected", "lease", "stamp", "decision",
    ] {
        world
            .execute(format!("DROP TABLE switchyard_{table}"))
            .await;
    }
    world
        .execute("UPDATE organizations_organization SET name = 'Our own name'")
        .await;
    let before = world.dump().await;
    assert_eq!(world.apply().await, Outcome::Done);
    let record = world.journal().await.unwrap();
    let step = record.step("organizations.default").unwrap();
    assert_eq!(
        step.evidence.as_deref().unwrap(),
        "OOBC was there already and is used as it is: its name is Our own name, the playbook says \
         Office for Other Bangsamoro Communities."
    );
    assert_eq!(world.undo().await, Outcome::Done);
    world
        .execute("UPDATE sqlite_sequence SET seq = 2 WHERE name = 'django_migrations'")
        .await;
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn work_outside_of_the_target_is_marked_done_probed_and_confirmed() {
    let mut world = World::new(
        &SMALL,
        &format!("{PLAYBOOK}\n[[hooks]]\nname = \"release\"\nat = \"after-nullable\"\n[[hooks]]\nname = \"unknown\"\nat = \"before-run\"\n"),
    )
    .await;
    world.options.backup = true;
    world.options.hooks = ["release".to_owned()].into();
    let failing = Watch {
        outside_fails: true,
        ..Watch::new()
    };
    match world.drive(&applied(), &failing).await.unwrap() {
        Outcome::Failed { step, error } => {
            assert_eq!(step, "backup");
            assert_eq!(error, "The disk is full. Free some space.");
        }
        other => panic!("{other:?}"),
    }
    let watch = Watch::new();
    assert_eq!(
        world.drive(&applied(), &watch).await.unwrap(),
        Outcome::Done
    );
    let performed = watch.performed.lock().unwrap().clone();
    let hook = Outside::Hook {
        name: "release".into(),
    };
    assert_eq!(performed, [Outside::Backup, hook]);
    let states = world.states().await;
    assert_eq!(states["hook.unknown"], "skipped");
    assert_eq!(states["hook.release"], "done");
}

#[tokio::test]
async fn a_backup_that_was_made_before_a_crash_is_not_made_again() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    world.options.backup = true;
    let plan = world.plan().await;
    let dying = Watch {
        bomb_before: Some("confirm"),
        ..Watch::new()
    };
    world
        .drive_plan("1", &plan, &until("backup"), &dying)
        .await
        .unwrap();
    assert_eq!(world.states().await["backup"], "running");
    assert_eq!(
        dying.performed.lock().unwrap().len(),
        1,
        "died before it was performed"
    );
    let watch = Watch {
        performed: std::sync::Mutex::new(vec![Outside::Backup]),
        ..Watch::new()
    };
    world
        .drive_plan("1", &plan, &until("backup"), &watch)
        .await
        .unwrap();
    assert_eq!(watch.performed.lock().unwrap().len(), 1);
    assert_eq!(world.states().await["backup"], "done");
}

#[tokio::test]
async fn a_locked_target_is_waited_for_and_the_wait_is_told() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let mut other = Connection::open(&world.url, Access::Write).await.unwrap();
    other.begin_write().await.unwrap();
    let watch = Watch::new();
    let goal = applied();
    let driving = world.drive(&goal, &watch);
    tokio::pin!(driving);
    loop {
        tokio::select! {
            outcome = &mut driving => panic!("{outcome:?}"),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
        }
        let waits = |event: &Event| matches!(event, Event::Waiting { attempts: 30, .. });
        if watch.events.lock().unwrap().iter().any(waits) {
            break;
        }
    }
    other.roll_back().await;
    assert_eq!(driving.await.unwrap(), Outcome::Done);
}
