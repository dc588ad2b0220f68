//! Commands on a target whose configuration asks for a second administrator: they change nothing without an approval of
//! exactly this, or a reason that stays in the audit log.

use std::process::Output;

use serde_json::Value;
use server::config::PlaybookSource;
use server::moment::Clock;
use shared::account::Role;
use shared::evidence::IncidentKind;

use super::approved::{approve, ask, state_of, strict};
use super::releasing::{configuration, keep, named};
use super::sealed::{sealed_with, tells};
use crate::app::Client;
use crate::cli::{switchyard, text};
use crate::site::Site;

const REASON: &str = "nobody answers the telephone tonight";

/// A site of which commands know the configuration, with two administrators.
struct Commanded {
    site: Site,
    amina: Client,
    jamil: Client,
}

impl Commanded {
    async fn start() -> Self {
        let site = Site::start_with(strict).await;
        // a command has the clock of the wall, on which an approval would have expired
        let now = Clock::system().now();
        site.app.clock.advance(now.since(site.app.clock.now()));
        let amina = site.app.client_named("amina", Role::Administrator).await;
        let jamil = site.app.client_named("jamil", Role::Administrator).await;
        Self { site, amina, jamil }
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Output {
        let url = self.site.world.url.to_string();
        let file = configuration(&self.site);
        switchyard(&[name])
            .args(arguments)
            .args(["--database", &url, "--config", file.to_str().unwrap()])
            .current_dir(self.site.world.dir.path())
            .output()
            .unwrap()
    }

    fn on_playbook(&self, name: &str, arguments: &[&str]) -> Output {
        let config = &self.site.app.state.config;
        let PlaybookSource::File(playbook) = &config.systems[0].playbook else {
            panic!("a file");
        };
        self.command(name, &[&[playbook.to_str().unwrap()], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.on_playbook("run", &[&["--system", "obcms"], arguments].concat())
    }

    /// Lets one administrator ask and the other one agree.
    async fn approved(&mut self, action: &str, fingerprint: &Value) -> i64 {
        let id = ask(&mut self.amina, action, fingerprint).await;
        assert_eq!(approve(&mut self.jamil, id).await, "approved");
        id
    }

    /// The newest entry of the audit log of this kind.
    async fn audited(&mut self, action: &str) -> Value {
        let page = (self.amina.get(&format!("/audit?action={action}")).await).json();
        page["entries"][0].clone()
    }
}

/// It was refused for want of an approval, and says what to do.
fn lacks(output: &Output) -> String {
    let why = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{why}");
    for part in ["second administrator", "--without-approval"] {
        assert!(why.contains(part), "{part} is not said: {why}");
    }
    why
}

fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_begins_a_run_and_takes_it_back_only_as_somebody_else_approved() {
    let mut it = Commanded::start().await;
    let why = lacks(&it.run(&[]));
    assert!(why.contains("New run of OBCMS"), "{why}");
    let ours = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'switchyard\\_%' ESCAPE '\\'";
    assert_eq!(it.site.world.count(ours).await, 0, "nothing was begun");
    // what only looks needs nobody
    done(&it.run(&["--dry-run"]));

    let plan = it.amina.get("/systems/obcms/plan").await.json();
    let id = it.approved("run", &plan["fingerprint"]).await;
    done(&it.run(&[]));
    assert_eq!(state_of(&mut it.amina, id).await, "used");
    let told = it.audited("run.started").await;
    assert!(
        told["text"].as_str().unwrap().contains("approved by jamil"),
        "{told:#}"
    );

    let system = it.site.app.state.systems.get("obcms").unwrap();
    let adopted = server::runs::adopt(&it.site.app.state, &system).await;
    assert_eq!(adopted.unwrap(), 1);
    lacks(&it.on_playbook("rollback", &["--yes"]));
    let ways = it.amina.get("/systems/obcms/rollback").await.json();
    // of one group, it is none of every step
    let other = it
        .approved("rollback", &ways["groups"][0]["cost"]["fingerprint"])
        .await;
    lacks(&it.on_playbook("rollback", &["--yes"]));
    let id = it
        .approved("rollback", &ways["undo_all"]["fingerprint"])
        .await;
    done(&it.on_playbook("rollback", &["--yes"]));
    assert_eq!(state_of(&mut it.amina, id).await, "used");
    assert_ne!(state_of(&mut it.amina, other).await, "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_can_be_reached_a_written_reason_opens_and_stays_in_the_audit_log() {
    let mut it = Commanded::start().await;
    let short = it.run(&["--without-approval", "at night"]);
    assert_eq!(short.status.code(), Some(2), "{}", text(&short.stderr));
    done(&it.run(&["--without-approval", REASON]));
    let account = nix::unistd::User::from_uid(nix::unistd::Uid::current());
    let account = account.unwrap().unwrap().name;
    for (action, command) in [
        ("run.started", None),
        ("rollback.started", Some("rollback")),
    ] {
        if let Some(command) = command {
            lacks(&it.on_playbook(command, &["--yes"]));
            done(&it.on_playbook(command, &["--yes", "--without-approval", REASON]));
        }
        let told = it.audited(action).await;
        let text = told["text"].as_str().unwrap();
        assert!(
            text.contains("without the approval") && text.contains(REASON),
            "{told:#}"
        );
        assert_eq!(
            (&told["actor"], &told["system"]),
            (&account.as_str().into(), &"obcms".into())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_of_a_run_says_that_nobody_approved_it_and_why() {
    let mut it = Commanded::start().await;
    done(&it.run(&["--without-approval", REASON]));
    let state = &it.site.app.state;
    let system = state.systems.get("obcms").unwrap();
    assert_eq!(server::runs::adopt(state, &system).await.unwrap(), 1);
    server::reconcile::begin(state);
    let (evidence, markdown) = sealed_with(&mut it.amina, 1, "evidence.md").await;
    let kind = IncidentKind::WithoutApproval;
    assert!(tells(&evidence, kind, REASON), "{:?}", evidence.incidents);
    assert!(
        !markdown.contains("No approval was asked for"),
        "{markdown}"
    );
    let told = it.audited("approval.waived").await;
    assert!(told["text"].as_str().unwrap().contains(REASON), "{told:#}");
}

/// What the console knows after it has looked into the journal of the target.
async fn looked(it: &Commanded) -> usize {
    let state = &it.site.app.state;
    let system = state.systems.get("obcms").unwrap();
    server::runs::adopt(state, &system).await.unwrap()
}

/// The incidents that the newest sealed bundle tells of a way back, which are two.
async fn way_back_is_told(it: &mut Commanded, words: &str) {
    for _ in 0..600 {
        let state = it.site.app.state.clone();
        let system = state.systems.get("obcms").unwrap();
        server::evidence::seal_due(&state, &system).await.unwrap();
        let evidence = super::sealed::sealed(&mut it.amina, 1).await;
        if evidence.run.state == shared::state::RunState::RolledBack {
            for (kind, words) in [
                (IncidentKind::WayBack, words),
                (IncidentKind::WayBack, REASON),
                (IncidentKind::WithoutApproval, REASON),
            ] {
                assert!(tells(&evidence, kind, words), "{:?}", evidence.incidents);
            }
            return;
        }
    }
    panic!("what was taken back was not sealed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_takes_back_is_taken_back_in_the_console_and_its_evidence_says_so() {
    let mut it = Commanded::start().await;
    let reason = ["--without-approval", REASON];
    done(&it.run(&reason));
    assert_eq!(looked(&it).await, 1);
    let state = async |it: &mut Commanded| {
        let runs = it.amina.get("/systems/obcms/runs").await.json();
        runs[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&mut it).await, "done");
    assert_eq!(looked(&it).await, 0, "it is known");
    done(&it.on_playbook("rollback", &["--yes", reason[0], reason[1]]));
    assert_eq!(looked(&it).await, 1);
    assert_eq!(state(&mut it).await, "rolled-back");
    assert_eq!(looked(&it).await, 0, "it is known");
    let told = it.audited("run.rolled-back").await;
    assert_eq!(told["object"], "run 1", "{told:#}");
    way_back_is_told(&mut it, "every step").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_restore_by_command_is_older_than_is_rolled_back_in_the_console() {
    let mut it = Commanded::start().await;
    let reason = ["--without-approval", REASON];
    let listed = crate::site::back_up(&mut it.amina).await;
    done(&it.run(&reason));
    assert_eq!(looked(&it).await, 1);
    let system = it.site.app.state.systems.get("obcms").unwrap();
    let place = (server::backups::place(&it.site.app.state, &system, &listed).await).unwrap();
    done(&it.command("restore", &[place.to_str().unwrap(), reason[0], reason[1]]));
    assert_eq!(looked(&it).await, 1);
    let run = it.amina.get("/systems/obcms/runs/1").await.json();
    assert_eq!(run["summary"]["state"], "rolled-back", "{run:#}");
    assert_eq!(looked(&it).await, 0, "it is known");
    way_back_is_told(&mut it, &listed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_can_be_reached_a_written_reason_releases_what_a_restore_has_kept() {
    let mut it = Commanded::start().await;
    let kept = keep(&it.site, "20261120T015204.000Z");
    let name = named(&kept);
    let release = [name.as_str(), "--yes"];
    let why = lacks(&it.command("release", &release));
    assert!(why.contains("Backups and rollback of OBCMS"), "{why}");
    assert!(kept.exists());
    let reason = ["--without-approval", REASON];
    done(&it.command("release", &[release, reason].concat()));
    assert!(!kept.exists());
    for action in ["backup.kept-released", "approval.waived"] {
        let told = it.audited(action).await;
        assert!(told["text"].as_str().unwrap().contains(REASON), "{told:#}");
        assert_eq!(told["object"], format!("kept database {name}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_restores_only_a_backup_of_the_list_that_somebody_else_approved() {
    let mut it = Commanded::start().await;
    let listed = crate::site::back_up(&mut it.amina).await;
    let system = it.site.app.state.systems.get("obcms").unwrap();
    let place = (server::backups::place(&it.site.app.state, &system, &listed).await).unwrap();
    let ways = it.amina.get("/systems/obcms/rollback").await.json();
    let fingerprint = ways["restores"][0]["cost"]["fingerprint"].clone();
    let restore = [place.to_str().unwrap()];
    lacks(&it.command("restore", &restore));
    // one of the same name elsewhere is not the one that can be approved
    let id = it.approved("rollback", &fingerprint).await;
    let elsewhere = it.site.world.dir.path().join("elsewhere").join(&listed);
    std::fs::create_dir_all(&elsewhere).unwrap();
    for file in std::fs::read_dir(&place).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), elsewhere.join(file.file_name())).unwrap();
    }
    let why = lacks(&it.command("restore", &[elsewhere.to_str().unwrap()]));
    assert!(why.contains("in the console's list"), "{why}");
    assert_eq!(state_of(&mut it.amina, id).await, "approved");
    done(&it.command("restore", &restore));
    assert_eq!(state_of(&mut it.amina, id).await, "used");
    let full = ["--full", restore[0], "--yes"];
    lacks(&it.on_playbook("rollback", &full));
    let reason = ["--without-approval", REASON];
    done(&it.on_playbook("rollback", &[full.as_slice(), &reason].concat()));
}
