//! The log of a run: filtered, searched, followed; new lines arrive by themselves.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::run::LogLine;
use shared::state::Level;

use super::field::SearchBox;
use super::icon::icon;
use super::table::Segment;
use crate::api;
use crate::events;
use crate::format;
use crate::submission::Submission;

// lines asked for at once, and shown before a person asks for earlier ones
const PAGE: u32 = 1000;
const SHOWN: usize = 500;

#[derive(Clone, Copy)]
struct Lines {
    system: StoredValue<String>,
    run: i64,
    lines: RwSignal<Vec<LogLine>>,
    reading: Submission,
    // asked for while an earlier question was on its way
    again: StoredValue<bool>,
}

impl Lines {
    fn last_id(&self) -> i64 {
        self.lines
            .with_untracked(|lines| lines.last().map_or(0, |line| line.id))
    }

    /// Asks for what came after the last known line, page by page.
    fn catch_up(self) {
        if self.reading.is_pending_now() {
            self.again.set_value(true);
            return;
        }
        let system = self.system.get_value();
        let after = self.last_id();
        self.reading.run(
            async move { api::run_log(&system, self.run, after, None, PAGE).await },
            move |page| {
                let full = page.lines.len() >= PAGE as usize;
                let again = self.again.try_update_value(std::mem::take).unwrap_or(false);
                self.append(page.lines);
                if full || again {
                    // after this answer is taken in, not inside it
                    spawn_local(async move { self.catch_up() });
                }
            },
        );
    }

    fn append(&self, news: Vec<LogLine>) {
        let last = self.last_id();
        let news: Vec<LogLine> = news.into_iter().filter(|line| line.id > last).collect();
        if !news.is_empty() {
            self.lines.update(|lines| lines.extend(news));
        }
    }

    fn take(&self, news: Vec<LogLine>) {
        let gap = news
            .first()
            .is_some_and(|line| line.id > self.last_id() + 1);
        if gap {
            self.catch_up();
        } else {
            self.append(news);
        }
    }
}

/// The log of one run in a panel.
#[component]
pub fn RunLog(
    /// Slug of the system.
    system: String,
    /// Number of the run.
    run: i64,
) -> impl IntoView {
    let state = Lines {
        system: StoredValue::new(system),
        run,
        lines: RwSignal::new(Vec::new()),
        reading: Submission::new(),
        again: StoredValue::new(false),
    };
    let live = events::current();
    Effect::new(move |_| {
        // also after a lost connection: lines may have been missed
        live.version(&[]);
        state.catch_up();
    });
    Effect::new(move |_| {
        if let Some(news) = live.log().get()
            && news.run == run
            && state.system.with_value(|system| *system == news.system)
        {
            state.take(news.lines);
        }
    });

    let level = RwSignal::new(String::from("all"));
    let words = RwSignal::new(String::new());
    let follow = RwSignal::new(true);
    let window_size = RwSignal::new(SHOWN);
    let fitting = Memo::new(move |_| {
        let level = level.get();
        let words = words.get().to_lowercase();
        state.lines.with(|lines| {
            lines
                .iter()
                .filter(|line| match level.as_str() {
                    "warning" => line.level == Level::Warning,
                    "error" => line.level == Level::Error,
                    _ => true,
                })
                .filter(|line| {
                    words.is_empty()
                        || line.text.to_lowercase().contains(&words)
                        || line.step.as_ref().is_some_and(|step| step.contains(&words))
                })
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let shown = move || {
        fitting.with(|lines| lines[lines.len().saturating_sub(window_size.get())..].to_vec())
    };
    let earlier =
        Memo::new(move |_| fitting.with(|lines| lines.len().saturating_sub(window_size.get())));
    let counts = Signal::derive(move || {
        state.lines.with(|lines| {
            let of =
                |wanted: Level| lines.iter().filter(|line| line.level == wanted).count() as u64;
            vec![
                (
                    "all".to_string(),
                    "All".to_string(),
                    Some(lines.len() as u64),
                ),
                (
                    "warning".into(),
                    "Warnings".into(),
                    Some(of(Level::Warning)),
                ),
                ("error".into(), "Errors".into(), Some(of(Level::Error))),
            ]
        })
    });
    let node = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        fitting.track();
        if follow.get() {
            request_animation_frame(move || {
                if let Some(Some(log)) = node.try_get_untracked() {
                    log.set_scroll_top(log.scroll_height());
                }
            });
        }
    });
    let scrolled = move |_| {
        if let Some(log) = node.get_untracked() {
            let at_end = log.scroll_height() - log.scroll_top() - log.client_height() < 24;
            if follow.get_untracked() != at_end {
                follow.set(at_end);
            }
        }
    };
    let href = api::run_log_file(&state.system.get_value(), run);
    view! {
        <section class="panel clip" aria-labelledby="log-heading">
            <div class="toolbar">
                <h2 id="log-heading">"Log"</h2>
                <Segment label="Level" options=counts chosen=level on_choose=move |value| level.set(value)/>
                <div class="push"><SearchBox label="Search the log" value=words on_change=move |text| words.set(text)/></div>
                <button type="button" class="btn sm" aria-pressed=move || if follow.get() { "true" } else { "false" } on:click=move |_| follow.update(|follow| *follow = !*follow)>{icon("down")} "Follow"</button>
                <a class="btn sm quiet" href=href download="">{icon("download")} "Download"</a>
            </div>
            <div class="log" role="log" aria-label="Run log" aria-live="off" tabindex="0" node_ref=node on:scroll=scrolled>
                {move || (earlier.get() > 0).then(|| view! {
                    <button type="button" class="btn sm quiet" on:click=move |_| { follow.set(false); window_size.update(|size| *size += SHOWN); }>
                        {format!("Show {} earlier lines", format::count(earlier.get().min(SHOWN) as u64))}
                    </button>
                })}
                <ol><For each=shown key=|line| line.id children=log_line/></ol>
                {move || fitting.with(Vec::is_empty).then(|| view! { <p class="log-none">"No line fits."</p> })}
            </div>
        </section>
    }
    .into_any()
}

fn log_line(line: LogLine) -> AnyView {
    let (class, word) = match line.level {
        Level::Info => ("", "info"),
        Level::Warning => ("w", "warn"),
        Level::Error => ("e", "error"),
    };
    view! {
        <li class=class id=format!("line-{}", line.id)>
            <time datetime=line.at.clone()>{format::clock(&line.at)}</time>
            <span class=class>{word}</span>
            <span>{line.text}</span>
        </li>
    }
    .into_any()
}
