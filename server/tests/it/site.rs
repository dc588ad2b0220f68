//! A server with one system under management: the small application of the engine's tests, as target `obcms`.

use std::path::Path;

use server::config::{Config, SystemConfig};

use crate::app::TestApp;
use crate::engine::world::{PLAYBOOK, SMALL, World};

/// A server and its one target.
pub struct Site {
    pub app: TestApp,
    pub world: World,
}

impl Site {
    /// A target that was not migrated.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same, with a configuration that `change` adapts.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let world = World::new(&SMALL, PLAYBOOK).await;
        let system = system(&world);
        let app = TestApp::start_with(|config| {
            config.systems.push(system);
            change(config);
        })
        .await;
        Self { app, world }
    }

    /// A target that was migrated to the end.
    pub async fn migrated() -> Self {
        let site = Self::start().await;
        assert_eq!(
            site.world.apply().await,
            server::engine::executor::Outcome::Done
        );
        site
    }
}

fn system(world: &World) -> SystemConfig {
    let playbook = world.dir.path().join("playbook.toml");
    let text = PLAYBOOK.replace(
        "table = \"project_ppa\"\n",
        "table = \"project_ppa\"\ntitle = \"title\"\n",
    );
    std::fs::write(&playbook, text).expect("a playbook");
    let environment = world.dir.path().join(".env");
    std::fs::write(&environment, "BMMS_MODE=obcms\n").expect("an environment file");
    let target = world.url.path().expect("a file");
    toml::from_str(&configured(target, &playbook, &environment)).expect("a system")
}

fn configured(target: &Path, playbook: &Path, environment: &Path) -> String {
    format!(
        "slug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"sqlite:{}\"\nplaybook = \"{}\"\nenvironment_file = \"{}\"\nquiet_seconds = 0\n",
        target.display(),
        playbook.display(),
        environment.display()
    )
}
