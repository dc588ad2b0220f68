//! Isolation in the database: row-level security is made, proven, sabotaged, and taken back
//! without a trace.

mod bypasses;

use std::sync::atomic::{AtomicU32, Ordering};

use server::db::{Access, Connection, Dialect};
use server::engine::executor::{Goal, Outcome};
use server::engine::isolation::{IsolationProof, Proven, prove};
use server::engine::preflight::{self, Surroundings, Verdict};
use server::engine::verification::{self, CheckResult};

use crate::postgres::version;

use super::world::{PLAYBOOK, SMALL, Watch, World, applied};

/// A migrated-to-be application with roles of its own: roles belong to the whole server.
pub(super) struct Separated {
    pub(super) world: World,
    role: String,
    reader: String,
}

/// What an application does with its rows.
const RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE";

/// The first version of PostgreSQL whose views can read with the rights of whoever asks.
const INVOKER_VIEWS: i64 = 15;

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Separated {
    async fn new(more: &str) -> Self {
        Self::of(&SMALL, more).await
    }

    async fn of(statements: &[&str], more: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let role = format!("app_{}_{number}", std::process::id());
        let reader = format!("ocm_{}_{number}", std::process::id());
        let playbook =
            format!("{PLAYBOOK}\n[isolation]\nrole = \"{role}\"\nreader = \"{reader}\"\n{more}");
        let world = World::on(Dialect::Postgres, statements, &playbook).await;
        for statement in [
            format!("CREATE ROLE {role} LOGIN"),
            format!("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {RIGHTS} ON TABLES TO {role}"),
            format!("GRANT {RIGHTS} ON ALL TABLES IN SCHEMA public TO {role}"),
        ] {
            world.execute(statement).await;
        }
        Self {
            world,
            role,
            reader,
        }
    }

    /// With the reading role there already: roles are the server's, and twins share them.
    pub(super) async fn with_its_reader() -> Self {
        let separated = Self::new("").await;
        let made = format!("CREATE ROLE {} NOLOGIN", separated.reader);
        separated.world.execute(made).await;
        separated
    }

    async fn migrated() -> Self {
        let separated = Self::new("").await;
        assert_eq!(separated.world.apply().await, Outcome::Done);
        separated
    }

    async fn prove(&self) -> Proven {
        let db = self.world.open().await;
        let proof = IsolationProof::of(&self.world.playbook).unwrap();
        let proven = prove(&db, &proof).await.unwrap();
        db.close().await;
        proven
    }

    /// What the proof says of one table after it was tampered with.
    async fn sabotaged(&self, statement: &str) -> String {
        self.world.execute(statement).await;
        let proven = self.prove().await;
        assert!(!proven.holds(), "{statement} was not noticed");
        proven.problem().unwrap_or_else(|| panic!("{proven}"))
    }

    async fn is_role(&self, role: &str) -> bool {
        let statement = format!("SELECT COUNT(*) FROM pg_roles WHERE rolname = '{role}'");
        self.world.count(&statement).await == 1
    }

    /// Everything that isolation adds: switches, policies, rights, options of views.
    async fn traces(&self) -> Vec<String> {
        let rows = self
            .world
            .rows(
                "SELECT c.relname::text || c.relrowsecurity::text || c.relforcerowsecurity::text \
                 || COALESCE(c.relacl::text, '') || COALESCE(c.reloptions::text, '') FROM pg_class AS c \
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') \
                 AND c.relname NOT LIKE 'switchyard%' \
                 UNION ALL SELECT polname || polrelid::regclass::text FROM pg_policy ORDER BY 1",
            )
            .await;
        rows.iter().map(|row| row.string(0)).collect()
    }

    /// Drops the roles, which outlive the database.
    pub(super) async fn end(self) {
        for role in [&self.role, &self.reader] {
            if self.is_role(role).await {
                self.world.execute(format!("DROP OWNED BY {role}")).await;
                self.world.execute(format!("DROP ROLE {role}")).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_sees_its_organization_and_without_one_nothing() {
    let separated = Separated::migrated().await;
    let world = &separated.world;
    world
        .execute(
            "INSERT INTO organizations_organization (code, name, org_type, is_active, metadata, \
             created_at, updated_at) VALUES ('MAFAR', 'Agriculture', 'ministry', true, '{}', now(), now())",
        )
        .await;
    let url = world.url_as(&separated.role);
    let mut app = Connection::open(&url, Access::Write).await.unwrap();
    app.execute("SET row_security = on").await.unwrap();
    let rows = "SELECT COUNT(*) FROM communities_community";
    assert_eq!(app.count(rows).await.unwrap(), 0, "no setting, no row");
    for (code, expected) in [("OOBC", 23), ("MAFAR", 0)] {
        app.begin_write().await.unwrap();
        app.row(format!(
            "SELECT set_config('app.organization', (SELECT id::text FROM \
             organizations_organization WHERE code = '{code}'), true)"
        ))
        .await
        .unwrap();
        assert_eq!(app.count(rows).await.unwrap(), expected, "{code}");
        app.commit().await.unwrap();
    }
    // the setting is empty now, not absent: that is nobody too, and no error
    assert_eq!(app.count(rows).await.unwrap(), 0);
    // a session that asks for everything is told rather than given less
    app.execute("SET row_security = off").await.unwrap();
    assert!(app.count(rows).await.is_err());
    app.close().await;

    let mut ocm = world.open().await;
    ocm.execute(format!("SET ROLE {}", separated.reader))
        .await
        .unwrap();
    ocm.execute("SET row_security = on").await.unwrap();
    assert_eq!(ocm.count(rows).await.unwrap(), 23);
    let write = ocm.execute("DELETE FROM communities_community").await;
    assert!(write.is_err(), "the reading role wrote");
    ocm.close().await;
    separated.end().await;
}

/// The stamp runs with our rights whenever the application writes.
#[tokio::test(flavor = "multi_thread")]
async fn the_stamp_lends_its_rights_to_nobody() {
    let separated = Separated::new("").await;
    let world = &separated.world;
    let goal = super::world::until("nullable");
    world.drive(&goal, &Watch::new()).await.unwrap();
    let url = world.url_as(&separated.role);
    let mut app = Connection::open(&url, Access::Write).await.unwrap();
    app.execute("SET row_security = on").await.unwrap();
    // tables of the names in the stamp, found first by whoever looks without a schema
    for statement in [
        "CREATE TEMPORARY TABLE switchyard_stamp (table_name text, stamped bigint, last_at bigint)",
        "CREATE TEMPORARY TABLE organizations_organization AS SELECT 4711::bigint AS id, \
         'OOBC'::text AS code",
        "CREATE TEMPORARY TABLE spied (role text)",
        "CREATE FUNCTION pg_temp.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO pg_temp.spied VALUES (current_user); RETURN NEW; END $$",
        "CREATE TRIGGER spy BEFORE INSERT ON pg_temp.switchyard_stamp FOR EACH ROW \
         EXECUTE FUNCTION pg_temp.spy()",
        "GRANT ALL ON switchyard_stamp, organizations_organization, spied TO PUBLIC",
        "INSERT INTO project_ppa (title, office) VALUES ('late', 'OOBC')",
    ] {
        app.execute(statement).await.unwrap();
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM spied").await.unwrap(), 0);
    let hung = "CREATE TEMPORARY TABLE mine (organization_id bigint, title text, office text)";
    app.execute(hung).await.unwrap();
    let hang = "CREATE TRIGGER mine BEFORE INSERT ON mine FOR EACH ROW \
                EXECUTE FUNCTION switchyard_stamp_project_ppa()";
    let refused = app.execute(hang).await.unwrap_err().to_string();
    assert!(refused.contains("permission denied"), "{refused}");
    app.close().await;
    let noted = "SELECT SUM(stamped) FROM switchyard_stamp WHERE table_name = 'project_ppa'";
    assert_eq!(world.count(noted).await, 1);
    let stamped = "SELECT COUNT(*) FROM project_ppa AS p JOIN organizations_organization AS o \
                   ON o.id = p.organization_id WHERE p.title = 'late' AND o.code = 'OOBC'";
    assert_eq!(world.count(stamped).await, 1);
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn isolation_is_undone_to_the_last_right_and_can_be_made_again() {
    let statements = [
        &SMALL[..],
        &["CREATE VIEW old_communities AS SELECT id, name FROM communities_community"],
    ]
    .concat();
    // an older server cannot let a view read with the rights of whoever asks: the application has to do without it
    let invoker = version().await >= INVOKER_VIEWS;
    let views = match invoker {
        true => "views = [\"old_communities\"]\n",
        false => "",
    };
    let separated = Separated::of(&statements, views).await;
    let world = &separated.world;
    if !invoker {
        let taken = format!("REVOKE SELECT ON old_communities FROM {}", separated.role);
        world.execute(taken).await;
    }
    // a right that was there before stays there
    world
        .execute(format!("CREATE ROLE {} NOLOGIN", separated.reader))
        .await;
    world
        .execute(format!(
            "GRANT SELECT ON communities_profile TO {}",
            separated.reader
        ))
        .await;
    let before = (separated.traces().await, world.dump().await);
    assert_eq!(world.apply().await, Outcome::Done);
    let after = separated.traces().await;
    assert_ne!(before.0, after);
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!((separated.traces().await, world.dump().await), before);
    assert!(
        separated.is_role(&separated.reader).await,
        "it was not ours"
    );
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(separated.traces().await, after);
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_group_is_taken_out_of_the_isolation_alone_and_the_role_goes_with_the_whole() {
    let separated = Separated::migrated().await;
    let world = &separated.world;
    let goal = Goal::Undone {
        groups: Some(["projects".to_owned()].into()),
    };
    let outcome = world.drive(&goal, &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    let policies = "SELECT COUNT(DISTINCT polrelid) FROM pg_policy";
    assert_eq!(world.count(policies).await, 2);
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.count("SELECT COUNT(*) FROM pg_policy").await, 0);
    assert!(!separated.is_role(&separated.reader).await, "ours stayed");
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intact_isolation_is_proven_and_nothing_of_the_proof_stays() {
    let separated = Separated::migrated().await;
    let world = &separated.world;
    let before = world.dump().await;
    let sequences = "SELECT string_agg(sequencename || COALESCE(last_value, 0), ',' \
                     ORDER BY sequencename) FROM pg_sequences WHERE sequencename NOT LIKE 'switchyard%'";
    let drawn = world.rows(sequences).await;
    let proven = separated.prove().await;
    assert!(proven.holds(), "{proven} {:?}", proven.problem());
    assert_eq!(proven.tables.len(), 3);
    // read, update, delete, insert, give away, no setting, and two of the reading role; each way
    assert!(
        proven.tables.iter().all(|table| table.refused >= 16),
        "{proven:?}"
    );
    assert!(proven.bypassing.contains(&"postgres".to_owned()));
    assert_eq!(world.dump().await, before);
    assert_eq!(world.rows(sequences).await, drawn, "a sequence was drawn");
    let mut db = Connection::open(&world.url, Access::Read).await.unwrap();
    let measured = verification::measure(&mut db, &world.playbook)
        .await
        .unwrap();
    db.close().await;
    let section = (measured.sections.iter()).find(|section| section.name == "row-security");
    assert_eq!(section.unwrap().checks.len(), 4);
    assert!(measured.passed(), "{measured:?}");
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sabotage_of_the_isolation_is_named_with_its_table() {
    let separated = Separated::migrated().await;
    let world = &separated.world;
    let role = separated.role.clone();
    let table = "communities_profile";
    for (sabotage, repair, words) in [
        (
            format!("CREATE POLICY also ON {table} USING (true)"),
            format!("DROP POLICY also ON {table}"),
            "An organization reads a row of another",
        ),
        (
            format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
            "it is not forced",
        ),
        (
            format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
            "Row-level security is off",
        ),
        (
            format!("ALTER ROLE {role} BYPASSRLS"),
            format!("ALTER ROLE {role} NOBYPASSRLS"),
            "has BYPASSRLS: no policy holds for it",
        ),
        (
            format!("ALTER ROLE {role} SUPERUSER"),
            format!("ALTER ROLE {role} NOSUPERUSER"),
            "is a superuser",
        ),
        (
            "CREATE TABLE stray (id int, organization_id bigint)".to_owned(),
            "DROP TABLE stray".to_owned(),
            "The table stray names an organization",
        ),
        (
            format!(
                "ALTER POLICY organization_isolation ON {table} WITH CHECK (organization_id = \
                 NULLIF(current_setting('app.organization', true), '')::bigint)"
            ),
            "SELECT 1".to_owned(),
            "hangs its own row along community_id on a row of another",
        ),
    ] {
        let problem = separated.sabotaged(&sabotage).await;
        assert!(problem.contains(words), "{sabotage}: {problem}");
        let named = problem.contains(table) || problem.contains(&role) || problem.contains("stray");
        assert!(named, "{sabotage}: {problem}");
        world.execute(repair).await;
    }
    let problem = separated
        .sabotaged("DROP POLICY organization_isolation ON project_ppa")
        .await;
    assert!(problem.contains("project_ppa"), "{problem}");
    let mut db = Connection::open(&world.url, Access::Read).await.unwrap();
    let measured = verification::measure(&mut db, &world.playbook)
        .await
        .unwrap();
    db.close().await;
    let failed: Vec<_> = (measured.checks())
        .filter(|check| check.result == CheckResult::Failed)
        .map(|check| check.name.as_str())
        .collect();
    assert!(failed.contains(&"project_ppa"), "{failed:?}");
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_end_before_its_isolation_is_proven() {
    let separated = Separated::new("").await;
    let world = &separated.world;
    world
        .execute(format!("ALTER ROLE {} BYPASSRLS", separated.role))
        .await;
    match world.apply().await {
        Outcome::Failed { step, error } => {
            assert_eq!(step, "isolation.proof");
            assert!(error.contains("BYPASSRLS"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    world
        .execute(format!("ALTER ROLE {} NOBYPASSRLS", separated.role))
        .await;
    assert_eq!(
        world.drive(&applied(), &Watch::new()).await.unwrap(),
        Outcome::Done
    );
    let record = world.journal().await.unwrap();
    let evidence = record.step("isolation.proof").unwrap().evidence.clone();
    assert!(evidence.unwrap().contains("were refused"));
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_rows_cannot_be_made_is_not_proved_and_says_which_column() {
    let statements = [
        &SMALL[..],
        &[
            "ALTER TABLE project_ppa ADD CONSTRAINT numbered CHECK (title LIKE 'PPA %')",
            "CREATE UNIQUE INDEX project_ppa_title ON project_ppa (title)",
        ],
    ]
    .concat();
    let separated = Separated::of(&statements, "").await;
    assert_eq!(separated.world.apply().await, Outcome::Done);
    let proven = separated.prove().await;
    assert!(!proven.holds());
    let table = (proven.tables.iter()).find(|table| table.table == "project_ppa");
    assert!(
        table.unwrap().unproven[0].contains("numbered"),
        "{proven:?}"
    );
    assert!(proven.to_string().contains("Not proved for project_ppa"));
    separated.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_roles_and_rights_are_named_before_the_run() {
    let separated = Separated::new("").await;
    let world = &separated.world;
    let guest = format!("{}_guest", separated.role);
    world.execute(format!("CREATE ROLE {guest} LOGIN")).await;
    let checks = preflight::run(
        &world.url_as(&guest),
        &world.playbook,
        &Surroundings::default(),
    )
    .await;
    let check = (checks.iter())
        .find(|check| check.name == "isolation-roles")
        .unwrap();
    assert_eq!(check.verdict, Verdict::Failed);
    let remedy = check.remedy.as_deref().unwrap();
    for words in [
        format!("ALTER ROLE \"{guest}\" BYPASSRLS"),
        format!("GRANT \"{}\" TO \"{guest}\"", separated.role),
        format!("CREATE ROLE \"{}\" NOLOGIN", separated.reader),
    ] {
        assert!(remedy.contains(&words), "{remedy}");
    }
    world.execute(format!("DROP ROLE {guest}")).await;
    separated.end().await;
}

#[tokio::test]
async fn isolation_that_the_database_cannot_give_is_refused_with_its_line() {
    let isolation = "\n[isolation]\nrole = \"app\"\n";
    let world = World::new(&SMALL, &format!("{PLAYBOOK}{isolation}")).await;
    let refusals = world.try_plan().await.unwrap_err();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    let line = PLAYBOOK.lines().count() + 2;
    assert_eq!(refusals[0].position.unwrap().line, line);
    assert!(refusals[0].problem.contains("SQLite"), "{}", refusals[0]);

    let wrong = "\n[isolation]\nrole = \"app\"\nreader = \"app\"\nsetting = \"organization\"\n\
                 views = [\"nowhere\"]\nshared = [\"project_ppa\"]\n";
    let mut statements = SMALL.to_vec();
    statements.push("CREATE POLICY theirs ON communities_profile USING (true)");
    let world = World::on(
        Dialect::Postgres,
        &statements,
        &format!("{PLAYBOOK}{wrong}"),
    )
    .await;
    let refusals = world.try_plan().await.unwrap_err();
    let keys: Vec<_> = refusals
        .iter()
        .map(|refusal| refusal.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "isolation.reader",
            "isolation.setting",
            "isolation.views.0",
            "isolation.shared.0",
            "groups.0.models.1.table"
        ]
    );
}
