//! Releasing a database that a restore has kept, where a second administrator is asked for: on the page and on the
//! command line only what somebody else has approved, and only once.

use std::path::PathBuf;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::PlaybookSource;
use server::moment::Clock;
use shared::account::Role;

use super::approved::{approve, ask, lacks_approval, state_of, strict};
use crate::app::Client;
use crate::cli::{switchyard, text};
use crate::site::Site;

/// A file beside the target, named as a restore names it.
pub(super) fn keep(site: &Site, at: &str) -> PathBuf {
    let live = site.world.url.path().unwrap();
    let name = format!(
        "{}.before-restore-{at}",
        live.file_name().unwrap().to_str().unwrap()
    );
    let kept = live.with_file_name(name);
    std::fs::copy(live, &kept).unwrap();
    kept
}

pub(super) fn named(kept: &std::path::Path) -> String {
    kept.file_name().unwrap().to_str().unwrap().to_owned()
}

async fn bound(client: &mut Client, kept: &std::path::Path) -> Value {
    let all = client.get("/systems/obcms/kept").await.json();
    let one = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == named(kept));
    let one = one.unwrap_or_else(|| panic!("{all:#}"));
    assert_eq!(one["needs_approval"], true);
    one["fingerprint"].clone()
}

/// Asks for the approval of its release.
async fn ask_for(client: &mut Client, kept: &std::path::Path) -> i64 {
    let bound = bound(client, kept).await;
    ask(client, "release", &bound).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_database_is_released_only_when_somebody_else_approved_exactly_that_one() {
    let site = Site::start_with(strict).await;
    let first = keep(&site, "20261120T015204.000Z");
    let second = keep(&site, "20261120T020304.000Z");
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let release = format!("/kept/{}/release", named(&first));
    let body = json!({ "confirm": "OBCMS" });
    lacks_approval(&mut amina, &release, &body).await;
    assert!(first.exists());

    // of another one, it is none of this one; by the one who asked, it is none at all
    let other = ask_for(&mut amina, &second).await;
    assert_eq!(approve(&mut jamil, other).await, "approved");
    lacks_approval(&mut amina, &release, &body).await;
    let id = ask_for(&mut amina, &first).await;
    assert_eq!(approve(&mut amina, id).await, "not-allowed");
    lacks_approval(&mut amina, &release, &body).await;
    let listed = jamil.get("/systems/obcms/approvals").await.json();
    assert!(
        listed[0]["text"].as_str().unwrap().contains(&named(&first)),
        "{listed:#}"
    );
    assert_eq!(approve(&mut jamil, id).await, "approved");

    let left = amina.post(&format!("/systems/obcms{release}"), &body).await;
    assert_eq!(left.status, StatusCode::OK, "{}", left.text);
    assert!(!first.exists() && second.exists());
    assert_eq!(state_of(&mut amina, id).await, "used");
    let audit = amina.get("/audit?action=backup.kept-released").await.json();
    let told = audit["entries"][0]["text"].as_str().unwrap();
    assert!(told.contains("approved by jamil"), "{audit:#}");

    // one that is gone leaves its approval void, and one that waits too long ends
    std::fs::remove_file(&second).unwrap();
    assert_eq!(state_of(&mut amina, other).await, "void");
    let third = keep(&site, "20261120T030405.000Z");
    let late = ask_for(&mut amina, &third).await;
    assert_eq!(approve(&mut jamil, late).await, "approved");
    site.app.wait(std::time::Duration::from_secs(5 * 3600));
    let mut amina = site.app.client_named("amina2", Role::Administrator).await;
    assert_eq!(state_of(&mut amina, late).await, "expired");
    lacks_approval(
        &mut amina,
        &format!("/kept/{}/release", named(&third)),
        &body,
    )
    .await;
    assert!(third.exists());
}

/// The configuration of the site's console, as a file.
pub(super) fn configuration(site: &Site) -> PathBuf {
    let config = &site.app.state.config;
    let PlaybookSource::File(playbook) = &config.systems[0].playbook else {
        panic!("a file");
    };
    let file = site.world.dir.path().join("console.toml");
    let store = match &config.control_store {
        None => String::new(),
        Some(_) => {
            let address = site.world.dir.path().join("control-store");
            let url = config.control_store_url().unwrap().whole();
            std::fs::write(&address, url.expose()).unwrap();
            format!("control_store = \"file:{}\"\n", address.display())
        }
    };
    let text = format!(
        "data = {:?}\n{store}[approvals]\nrequire_second_administrator = true\n\
         [[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"{}\"\nplaybook = {:?}\nquiet_seconds = 0\n",
        config.data, site.world.url, playbook
    );
    std::fs::write(&file, text).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_releases_only_what_was_approved_in_the_console() {
    let site = Site::start_with(strict).await;
    // a command has the clock of the wall, on which the approval would have expired
    let now = Clock::system().now();
    site.app.clock.advance(now.since(site.app.clock.now()));
    let kept = keep(&site, "20261120T015204.000Z");
    let file = configuration(&site);
    let live = site.world.url.path().unwrap();
    let release = || {
        // the address in another form than the configuration's
        let database = format!("sqlite:{}", live.file_name().unwrap().to_str().unwrap());
        switchyard(&["release", &named(&kept), "--yes", "--database", &database])
            .args(["--config", file.to_str().unwrap()])
            .current_dir(live.parent().unwrap())
            .output()
            .unwrap()
    };
    let refused = release();
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    let why = text(&refused.stderr);
    assert!(
        why.contains("second administrator") && kept.exists(),
        "{why}"
    );

    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let id = ask_for(&mut amina, &kept).await;
    assert_eq!(approve(&mut jamil, id).await, "approved");
    let done = release();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(!kept.exists());
    assert_eq!(state_of(&mut amina, id).await, "used");
    let audit = amina.get("/audit?action=backup.kept-released").await.json();
    assert_eq!(audit["total"], 1, "{audit:#}");
}
