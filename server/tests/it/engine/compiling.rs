//! What compiling refuses, with the line and a remedy, and what it plans, statement by statement.

use server::engine::{Plan, Playbook, Refusal};

use super::world::{PLAYBOOK, SMALL, World};

/// The refusals of the small application's playbook with one text replaced by another.
async fn refused(from: &str, to: &str) -> Vec<Refusal> {
    refused_on(&[], from, to).await
}

async fn refused_on(more: &[&str], from: &str, to: &str) -> Vec<Refusal> {
    assert!(PLAYBOOK.contains(from), "{from}");
    let statements: Vec<&str> = SMALL.iter().chain(more).copied().collect();
    let world = World::new(&statements, &PLAYBOOK.replacen(from, to, 1)).await;
    world.try_plan().await.expect_err("it was accepted")
}

fn line(refusal: &Refusal) -> usize {
    refusal.position.expect("a refusal has a line").line
}

#[tokio::test]
async fn an_unknown_table_is_refused_with_its_line_and_the_name_that_was_meant() {
    let refusals = refused("\"communities_profile\"", "\"comunities_profiles\"").await;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0].problem, "there is no table comunities_profiles");
    assert_eq!(refusals[0].remedy, "Did you mean communities_profile?");
    assert_eq!(refusals[0].key, "groups.0.models.1.table");
    let text = PLAYBOOK
        .lines()
        .position(|text| text.contains("communities_profile"));
    assert_eq!(line(&refusals[0]), text.unwrap() + 1);
}

#[tokio::test]
async fn every_mistake_is_told_at_once() {
    let playbook = PLAYBOOK
        .replace("\"project_ppa\"", "\"project_pppa\"")
        .replace("through = \"community_id\"", "through = \"comunity_id\"");
    let world = World::new(&SMALL, &playbook).await;
    let refusals = world.try_plan().await.expect_err("it was accepted");
    let problems: Vec<&str> = (refusals.iter())
        .map(|refusal| refusal.problem.as_str())
        .collect();
    assert_eq!(
        problems,
        [
            "the table communities_profile has no column comunity_id",
            "there is no table project_pppa",
        ]
    );
}

#[tokio::test]
async fn what_cannot_work_is_refused() {
    let column = "ALTER TABLE project_ppa ADD COLUMN organization_id";
    let cases: [(&[&str], &str, &str, &str); 12] = [
        (
            &[],
            "through = \"community_id\"",
            "through = \"text\"",
            "text of communities_profile is not a foreign key",
        ),
        (
            &[],
            "\"communities_profile\"",
            "\"communities_community\"",
            "the table communities_community is listed twice",
        ),
        (
            &[],
            "\"project_ppa\"",
            "\"switchyard_run\"",
            "the name switchyard_run is reserved",
        ),
        (
            &["CREATE VIEW projects AS SELECT 1"],
            "\"project_ppa\"",
            "\"projects\"",
            "projects is a view, not a table",
        ),
        (
            &["CREATE TABLE bare (a text)"],
            "\"project_ppa\"",
            "\"bare\"",
            "the table bare has no primary key",
        ),
        (
            &[&format!("{column} varchar(20)")],
            "title = \"Small\"",
            "title = \"Small\"",
            "project_ppa has a column organization_id already, of type varchar(20), not bigint",
        ),
        (
            &[&format!("{column} bigint")],
            "title = \"Small\"",
            "title = \"Small\"",
            "and it does not reference organizations_organization",
        ),
        (
            &[
                "ALTER TABLE communities_profile ADD COLUMN up bigint REFERENCES communities_profile (id)",
            ],
            "through = \"community_id\"",
            "through = \"up\"",
            "communities_profile finds its organization through itself, in a circle",
        ),
        (
            &[
                "CREATE TABLE shared_region (id integer PRIMARY KEY)",
                "ALTER TABLE communities_profile ADD COLUMN region bigint REFERENCES shared_region (id)",
            ],
            "through = \"community_id\"",
            "through = \"region\"",
            "region leads to shared_region, which has no organization itself",
        ),
        (
            &[
                "CREATE TABLE organizations_organization (id integer PRIMARY KEY, code text, name text, head text NOT NULL, org_type, is_active, metadata, created_at, updated_at)",
            ],
            "title = \"Small\"",
            "title = \"Small\"",
            "its column head needs a value that the playbook does not give",
        ),
        (
            &[],
            "{ app = \"organizations\", name",
            "{ apple = \"organizations\", name",
            "the table django_migrations has no column apple",
        ),
        (
            &[],
            "[[invariants]]",
            "[[groups.unique]]\ntable = \"project_ppa\"\ncolumns = [\"title\"]\n\n[[invariants]]",
            "project_ppa has no unique constraint over title",
        ),
    ];
    for (more, from, to, problem) in cases {
        let refusals = refused_on(more, from, to).await;
        assert!(
            refusals
                .iter()
                .any(|refusal| refusal.problem.contains(problem)),
            "wanted {problem}, got {refusals:#?}"
        );
        assert!(refusals.iter().all(|refusal| !refusal.remedy.is_empty()));
        assert!(
            refusals.iter().all(|refusal| refusal.position.is_some()),
            "{refusals:#?}"
        );
    }
}

#[test]
fn what_is_no_playbook_is_refused_with_the_line_as_it_stands() {
    for (from, to, problem, remedy) in [
        (
            "title = \"Small\"",
            "title = \"Small",
            "this is not TOML",
            "Correct the line.",
        ),
        (
            "title = \"Small\"",
            "titel = \"Small\"",
            "unknown field `titel`",
            "correct its name",
        ),
        (
            "kind = \"tenancy\"",
            "kind = \"rename\"",
            "unknown variant `rename`",
            "Correct the value.",
        ),
        (
            "format = 1",
            "format = 2",
            "format 2 is not known",
            "reads format 1",
        ),
        (
            "name = \"small\"",
            "name = \"Small One\"",
            "not a short name",
            "lower-case",
        ),
        (
            "name = \"projects\"",
            "name = \"communities\"",
            "used twice",
            "its own name",
        ),
        (
            "organization = { through = \"community_id\" }",
            "organization = { trough = \"community_id\" }",
            "does not say how a row finds its organization",
            "{ through = \"COLUMN\" }",
        ),
        (
            "applied = { now = true }",
            "applied = [1]",
            "not a value that can be recorded",
            "{ now = true }",
        ),
    ] {
        assert!(PLAYBOOK.contains(from), "{from}");
        let text = PLAYBOOK.replacen(from, to, 1);
        let error = Playbook::parse("mine.toml", &text).expect_err(to);
        assert!(error.problem.contains(problem), "{error}");
        assert!(error.remedy.contains(remedy), "{error}");
        let stands = text.lines().nth(error.position.line - 1).unwrap();
        assert_eq!(&*error.excerpt, stands.trim_end());
        let key = to.split(' ').next().unwrap();
        assert!(stands.contains(key), "{error} points at {stands}");
        assert!(error.to_string().starts_with("mine.toml, line "));
    }
}

fn told(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        text.push_str(&format!("{} [{:?}] {}\n", step.key, step.mode, step.title));
        for gate in &step.gates {
            text.push_str(&format!("    gate {}: {}\n", gate.name, gate.title));
        }
        for statement in &step.forward {
            text.push_str(&format!("    {}\n", statement.sql));
        }
        text.push_str(&format!("    cost: {}\n", step.cost.sentence));
        if let Some(skip) = &step.skip {
            text.push_str(&format!("    skipped: {skip}\n"));
        }
        for statement in step.reverse.statements() {
            text.push_str(&format!("    undo: {}\n", statement.sql));
        }
    }
    text
}

#[tokio::test]
async fn the_plan_of_the_small_application() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    world.options.backup = true;
    world.options.quiet_seconds = None;
    insta::assert_snapshot!(told(&world.plan().await));
}

#[tokio::test]
async fn the_same_input_gives_the_same_plan_and_another_schema_another_fingerprint() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    assert_eq!(plan, world.plan().await);
    world
        .execute("ALTER TABLE project_ppa ADD COLUMN more text")
        .await;
    assert_ne!(plan.fingerprint, world.plan().await.fingerprint);
}

#[tokio::test]
async fn what_is_there_already_is_planned_as_skipped_with_the_reason() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world.apply().await;
    let plan = world.plan().await;
    for key in [
        "organizations.table",
        "communities.nullable.communities_community",
        "communities.populate.communities_community",
        "communities.index.communities_community",
        "communities.required.communities_community",
    ] {
        assert!(plan.step(key).unwrap().skip.is_some(), "{key}");
    }
}
