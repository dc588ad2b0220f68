//! The running console: how fast it starts, what its busiest answers take, and how much memory it holds, idle and
//! while a run goes on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use server::moment::Moment;

use crate::load::{Request, generate};
use crate::process::{Program, free_address, resident_mib, switchyard};
use crate::table::{heading, milliseconds, promise, table};

const SYSTEM: &str = "/api/v1/systems/obcms";

/// A console with the sample system, and its administrator's session.
pub struct Console {
    /// The server.
    pub program: Program,
    data: PathBuf,
    scale: u32,
    cookie: String,
}

impl Console {
    /// Creates the sample, starts the console, and makes the first account.
    pub async fn start(scratch: &Path, scale: u32) -> anyhow::Result<Self> {
        let data = scratch.join("console");
        let created = Command::new(switchyard())
            .args([
                "demo",
                "--create-only",
                "--undecided",
                "0",
                "--scale",
                &scale.to_string(),
            ])
            .arg("--data")
            .arg(&data)
            .output()
            .context("creating the sample")?;
        if !created.status.success() {
            bail!(
                "creating the sample: {}",
                String::from_utf8_lossy(&created.stderr)
            );
        }
        let program = demo(&data)?;
        let cookie = sign_in(&program)?;
        Ok(Self {
            program,
            data,
            scale,
            cookie,
        })
    }

    /// Measures and prints.
    pub async fn measure(&mut self) -> anyhow::Result<()> {
        heading(&format!("Console, sample at {}×", self.scale));
        let mut rows = Vec::new();
        let mut add = |what: String, measured: String, [text, kept]: [String; 2]| {
            rows.push(vec![what, measured, text, kept]);
        };
        let starts = self.starts()?;
        add(
            "start to the first answer, median of 5".into(),
            milliseconds(starts),
            promise("under 300 ms", starts < Duration::from_millis(300)),
        );
        let idle = self.idle_memory()?;
        add(
            "memory, idle, each page asked for once".into(),
            mib(idle),
            promise("under 40 MiB", idle < 40.0),
        );
        for (name, path) in [
            ("coverage", format!("{SYSTEM}/coverage")),
            ("overview", SYSTEM.to_owned()),
        ] {
            let headers = format!("Cookie: {}\r\n", self.cookie);
            let request = Request {
                address: &self.program.address,
                path: &path,
                headers: &headers,
                pause: Duration::ZERO,
            };
            let load = generate(&request, 4, Duration::from_secs(5))
                .await
                .with_context(|| path.clone())?;
            let slow = load.quantile(0.99);
            add(
                format!("{name}, p99 of {} answers, 4 at a time", load.times.len()),
                milliseconds(slow),
                promise("under 20 ms", slow < Duration::from_millis(20)),
            );
        }
        let busy = self.memory_during_a_run()?;
        add(
            "memory, most during a backup and a run".into(),
            mib(busy),
            promise("under 120 MiB", busy < 120.0),
        );
        table(&["Console", "Measured", "Promise", ""], &rows);
        Ok(())
    }

    /// Median of five starts of the server alone, with its data in place.
    fn starts(&self) -> anyhow::Result<Duration> {
        let data = self.data.join("../started");
        let mut times = Vec::new();
        for _ in 0..6 {
            times.push(serve(&data)?.start_time);
        }
        times.remove(0); // the first also makes the control store
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }

    /// Memory of the console with its system, when nobody asks any more.
    fn idle_memory(&self) -> anyhow::Result<f64> {
        ureq::get(format!("http://{}/", self.program.address)).call()?;
        for page in [
            "",
            "/coverage",
            "/checklist",
            "/organizations",
            "/plan",
            "/mode",
        ] {
            self.get(&format!("{SYSTEM}{page}"))?;
        }
        std::thread::sleep(Duration::from_secs(3));
        self.program
            .resident_mib()
            .context("resident memory from /proc")
    }

    /// The most memory while the migration runs, started as a person starts it.
    fn memory_during_a_run(&mut self) -> anyhow::Result<f64> {
        let id = self.program.id();
        let over = Arc::new(AtomicBool::new(false));
        let watcher = {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                let mut most = 0.0_f64;
                while !over.load(Ordering::Relaxed) {
                    most = most.max(resident_mib(id).unwrap_or_default());
                    std::thread::sleep(Duration::from_millis(20));
                }
                most
            })
        };
        let ended = self.run_to_the_end();
        over.store(true, Ordering::Relaxed);
        let most = watcher
            .join()
            .map_err(|_| anyhow::anyhow!("the watcher failed"))?;
        ended?;
        Ok(most)
    }

    /// Migrates the sample as a person does, and answers how long the run took by its own record.
    pub fn run_to_the_end(&self) -> anyhow::Result<Duration> {
        self.tick_what_is_required()?;
        self.post(&format!("{SYSTEM}/backups"), &json!(null))?;
        self.wait_for("a verified backup", |console| {
            let backups = console.get(&format!("{SYSTEM}/backups"))?;
            Ok(backups
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["state"] == "verified")))
        })?;
        let plan = self.get(&format!("{SYSTEM}/plan"))?;
        let run = self.post(
            &format!("{SYSTEM}/runs"),
            &json!({ "fingerprint": plan["fingerprint"] }),
        )?;
        let path = format!("{SYSTEM}/runs/{}", run["number"]);
        self.wait_for("the end of the run", |console| {
            let summary = &console.get(&path)?["summary"];
            match summary["state"].as_str() {
                Some("done") => Ok(true),
                Some("failed" | "aborted" | "waiting") => bail!("the run is {summary}"),
                _ => Ok(false),
            }
        })?;
        let summary = &self.get(&path)?["summary"];
        let at = |name: &str| summary[name].as_str().and_then(Moment::parse);
        let (started, finished) = (at("started"), at("finished"));
        Ok(finished
            .context("the end of the run")?
            .since(started.context("the start of the run")?))
    }

    fn tick_what_is_required(&self) -> anyhow::Result<()> {
        let list = self.get(&format!("{SYSTEM}/checklist"))?;
        let items = list["sections"].as_array().into_iter().flatten();
        for item in items.flat_map(|section| section["items"].as_array().into_iter().flatten()) {
            if item["automatic"] == false && item["done"] == false {
                let name = item["name"].as_str().context("an item's name")?;
                let path = format!("{SYSTEM}/checklist/{name}");
                let body = json!({ "done": true, "note": "for a measurement" });
                self.answer(ureq::put(self.url(&path)), &path, &body)?;
            }
        }
        Ok(())
    }

    fn wait_for(
        &self,
        what: &str,
        reached: impl Fn(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(600) {
            if reached(self)? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("{what} is not there after 600 s")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.program.address)
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut answer = ureq::get(self.url(path))
            .header("Cookie", &self.cookie)
            .call()
            .with_context(|| format!("GET {path}"))?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.answer(ureq::post(self.url(path)), path, body)
    }

    fn answer(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithBody>,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let mut answer = request
            .header("Cookie", &self.cookie)
            .header("Content-Type", "application/json")
            .config()
            .http_status_as_error(false)
            .build()
            .send(body.to_string())
            .with_context(|| path.to_owned())?;
        let text = answer.body_mut().read_to_string()?;
        if !answer.status().is_success() {
            bail!("{path} answered {}: {text}", answer.status());
        }
        Ok(if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text)?
        })
    }
}

fn demo(data: &Path) -> anyhow::Result<Program> {
    let address = free_address()?;
    let mut command = Command::new(switchyard());
    command
        .args([
            "demo",
            "--undecided",
            "0",
            "--app-listen",
            "127.0.0.1:0",
            "--listen",
            &address,
        ])
        .arg("--data")
        .arg(data);
    Program::start(&mut command, &address, "/readyz")
}

fn serve(data: &Path) -> anyhow::Result<Program> {
    let address = free_address()?;
    let mut command = Command::new(switchyard());
    command
        .args(["serve", "--listen", &address])
        .arg("--data")
        .arg(data);
    Program::start(&mut command, &address, "/readyz")
}

/// Accepts the one-time link that the console printed; answers the session's cookie.
pub fn sign_in(program: &Program) -> anyhow::Result<String> {
    let output = program.output();
    let token = output
        .split("/welcome/")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("no one-time link in {output:?}"))?;
    let body = json!({ "username": "figures", "name": "Figures", "password": "measured-and-not-promised" });
    let answer = ureq::post(format!(
        "http://{}/api/v1/invitations/{token}",
        program.address
    ))
    .header("Content-Type", "application/json")
    .send(body.to_string())
    .context("making the first account")?;
    let cookies: Vec<&str> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .collect();
    if cookies.is_empty() {
        bail!("the first account got no session");
    }
    Ok(cookies.join("; "))
}

fn mib(value: f64) -> String {
    format!("{value:.0} MiB")
}
