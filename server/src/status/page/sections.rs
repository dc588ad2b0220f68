//! The sections of a status page, each from a part of the public status.

use maud::{Markup, PreEscaped, html};
use shared::notice::WindowStage;
use shared::status::{PublicIndex, PublicStatus, PublicWindow, Share, WorkStage};

use super::days::worked;
use super::fit::Fit;
use super::parts::{bars, between, icon, range, stage, state_icon, time, tone};
use crate::status::text::{self, grouped};
use crate::status::zoned::Zone;

/// Whether it can be used, and what goes on.
pub(super) fn verdict(status: &PublicStatus, zone: &Zone) -> Markup {
    html! {
        section aria-labelledby="now" {
            (old(&status.checked, status.stale, zone))
            div.verdict data-state=(tone(status.claimed())) {
                (icon(state_icon(status.claimed())))
                h1 #now { (status.headline) }
                (as_of(&status.checked, zone))
                @if !status.detail.is_empty() { p { (status.detail) } }
                @if let Some(mode) = &status.mode { p.sm { "It runs in " (mode) " mode." } }
                @if let Some(update) = status.updates.first() {
                    p.sm { "Last update " (time(&update.published, zone)) "." }
                }
            }
        }
    }
}

/// Next to the headline: the time of which it is true.
pub(super) fn as_of(checked: &str, zone: &Zone) -> Markup {
    html! { p.sm { "As of " (time(checked, zone)) "." } }
}

/// Before a headline that is old. A page that is new carries it along for its script, which shows it when the page
/// grew old on the reader's screen, or on a host that only keeps copies.
pub(super) fn old(checked: &str, stale: bool, zone: &Zone) -> Markup {
    let sentence = html! {
        div.verdict.old data-state="pending" {
            (icon("pending"))
            p { strong { "Not checked since " (time(checked, zone)) "; this may have changed." } }
        }
    };
    html! {
        @if stale { (sentence) } @else { template #old data-checked=(checked) { (sentence) } }
    }
}

/// The phases of the migration.
pub(super) fn timeline(status: &PublicStatus, zone: &Zone) -> Markup {
    let Some(work) = &status.work else {
        return html! {};
    };
    html! {
        section aria-labelledby="where" {
            h2 #where { "Where we are" }
            p { (work.sentence) " " (end(work.finished.as_deref(), work.expected_end.as_ref(), work.stage, zone)) }
            ol.journey {
                @for phase in &work.phases {
                    @let (state, word) = stage(phase.stage);
                    li data-state=(state) {
                        span.node { (icon(state)) }
                        h3 { (phase.title) }
                        span.when {
                            (word)
                            @if matches!(phase.stage, WorkStage::Now | WorkStage::Waiting) { ", " (share(phase.done)) }
                        }
                        @if matches!(phase.stage, WorkStage::Now | WorkStage::Waiting) {
                            progress value=(phase.done.percent) max="100" aria-label=(phase.title) { (phase.done.percent) " %" }
                        }
                        p { (phase.meaning) }
                    }
                }
            }
            p.sm { "All together: " (share(work.done)) " of the steps." }
        }
    }
}

fn share(done: Share) -> String {
    let how = if done.counted { "counted" } else { "estimated" };
    format!("{} % ({how})", done.percent)
}

fn end(
    finished: Option<&str>,
    expected: Option<&(String, String)>,
    stage: WorkStage,
    zone: &Zone,
) -> Markup {
    match (finished, expected, stage) {
        (Some(finished), _, _) => html! { "Ended " (time(finished, zone)) "." },
        (None, Some((from, to)), _) if zone.moment(from) == zone.moment(to) => {
            html! { "Expected end: about " (time(from, zone)) "." }
        }
        (None, Some((from, to)), _) => {
            html! { "Expected end: between " (between(from, to, zone)) "." }
        }
        (None, None, WorkStage::Now) => {
            html! { "When it ends is not known yet: too little was measured." }
        }
        (None, None, _) => html! {},
    }
}

/// Planned and present interruptions; all of them are in the calendar.
pub(super) fn maintenance(
    status: &PublicStatus,
    fit: &Fit<'_>,
    zone: &Zone,
    calendar: &str,
) -> Markup {
    if fit.windows.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="plan" {
            h2 #plan { "Maintenance" }
            @for (window, whole) in &fit.windows {
                div.verdict.window id={ "window-" (window.id) } data-state=(window_tone(window)) {
                    (icon("cal"))
                    h3 { (window.title) }
                    p {
                        strong { (text::window(window)) ": " }
                        (range(&window.starts, &window.ends, zone))
                    }
                    p { (text::interruption(&status.title, window.interruption_minutes)) }
                    @if *whole { div.said { (PreEscaped(&window.html)) } }
                    @if window.stage == WindowStage::Scheduled { p.noprint { a href=(calendar) { "Add to calendar" } } }
                }
            }
            @if fit.cuts_windows() {
                p.sm.noprint { "All windows are in full in " a href=(calendar) { "the calendar" } "." }
            }
        }
    }
}

fn window_tone(window: &PublicWindow) -> &'static str {
    match window.stage {
        _ if window.overdue => "gate",
        WindowStage::Scheduled => "info",
        WindowStage::InProgress | WindowStage::Verifying => "running",
        WindowStage::Completed => "done",
        WindowStage::Cancelled => "pending",
    }
}

/// Records with an organization, as picture and numbers in one table.
pub(super) fn coverage(status: &PublicStatus, zone: &Zone) -> Markup {
    let Some(coverage) = &status.coverage else {
        return html! {};
    };
    html! {
        section aria-labelledby="records" {
            h2 #records { "Records marked with their organization" }
            table.t {
                thead { tr {
                    th scope="col" { "Kind of record" }
                    th.barc scope="col" { span.vh { "Share" } }
                    th.r scope="col" { "Marked" }
                } }
                tbody {
                    @for kind in &coverage.kinds {
                        @let whole = kind.assigned >= kind.total;
                        tr {
                            th scope="row" { (kind.name) }
                            td { progress data-state=(if whole { "done" } else { "running" }) value=(kind.assigned)
                                max=(kind.total.max(1)) aria-label=(kind.name) { (kind.assigned) " of " (kind.total) } }
                            td.r { (grouped(kind.assigned)) " of " (grouped(kind.total)) }
                        }
                    }
                }
            }
            p.sm { "Counted " (time(&coverage.counted, zone)) "." }
        }
    }
}

/// One organization's own progress.
pub(super) fn organization(status: &PublicStatus) -> Markup {
    let Some(organization) = &status.organization else {
        return html! {};
    };
    html! {
        section aria-labelledby="own" {
            h2 #own { (organization.name) }
            p {
                strong { (organization.stage.word()) ". " }
                (organization.ready_done) " of " (organization.ready_total) " things to prepare are done."
            }
            @if organization.records.iter().any(|(_, count)| *count > 0) {
                table.t {
                    thead { tr { th scope="col" { "Kind of record" } th.r scope="col" { "Yours" } } }
                    tbody { @for (kind, count) in &organization.records {
                        tr { th scope="row" { (kind) } td.r { (grouped(*count)) } }
                    } }
                }
            }
        }
    }
}

/// News, newest first; `feed` and `json` are where all of it is.
pub(super) fn updates(fit: &Fit<'_>, zone: &Zone, feed: &str, json: &str) -> Markup {
    html! {
        section aria-labelledby="updates" {
            h2 #updates { "Updates" }
            @if fit.updates.is_empty() { p { "There is no news yet." } }
            ol.updates {
                @for (update, whole) in &fit.updates {
                    li id={ "update-" (update.id) } {
                        span.when { (time(&update.published, zone)) }
                        h3 { (update.title) }
                        div.said {
                            @if *whole { (PreEscaped(&update.html)) }
                            @if let Some(resolved) = &update.resolved { p.sm { "Resolved " (time(resolved, zone)) } }
                            @if let Some(edited) = &update.edited { p.sm { "Changed " (time(edited, zone)) } }
                        }
                    }
                }
            }
            @if fit.cuts_updates() {
                p.sm.noprint { "Older updates are in full in " a href=(feed) { "the feed" } " and " a href=(json) { "as JSON" } "." }
            }
        }
    }
}

/// A system in the list.
pub(super) fn line(status: &PublicStatus, href: &str) -> Markup {
    html! {
        div.svc {
            div.hd {
                h3 { a href=(href) { (status.title) } }
                @if !status.summary.is_empty() { span.muted { (status.summary) } }
                span.state data-state=(tone(status.claimed())) { (icon(state_icon(status.claimed()))) (status.claimed().word()) }
            }
            @if let Some(availability) = &status.availability {
                (bars(&status.slug, &status.title, &availability.days, true))
                div.split { span { "90 days ago" } span { (worked(availability)) } span { "Today" } }
            }
            @if !status.detail.is_empty() { p { (status.detail) } }
        }
    }
}

/// Windows that the list of systems shows.
const PLANNED: usize = 12;

/// Maintenance of all systems that is to come or going on. What it means stands on the page of each system.
pub(super) fn planned(index: &PublicIndex, href: impl Fn(&str) -> String) -> Markup {
    let mut windows: Vec<(&PublicStatus, &PublicWindow)> = index
        .systems
        .iter()
        .flat_map(|status| {
            status
                .maintenance
                .iter()
                .map(move |window| (status, window))
        })
        .filter(|(_, window)| window.stage.is_open())
        .collect();
    if windows.is_empty() {
        return html! {};
    }
    windows.sort_by(|(_, one), (_, other)| one.starts.cmp(&other.starts));
    let more = windows.len().saturating_sub(PLANNED);
    html! {
        section aria-labelledby="planned" {
            h2 #planned { "Planned" }
            ol.updates {
                @for (status, window) in windows.into_iter().take(PLANNED) {
                    @let zone = Zone::of(&status.zone);
                    li {
                        span.when { (range(&window.starts, &window.ends, &zone)) }
                        h3 { a href=(href(&status.slug)) { (status.title) } ": " (window.title) }
                        div.said { p { (text::window(window)) ". " (text::interruption(&status.title, window.interruption_minutes)) } }
                    }
                }
            }
            @if more > 0 { p.sm { "And " (more) " more, on the pages of the systems." } }
        }
    }
}

/// The form to be told by mail. It needs no script; a field that people do not see catches programs.
pub(super) fn subscribe(status: &PublicStatus, action: &str) -> Markup {
    let what = match &status.organization {
        Some(organization) => &organization.name,
        None => &status.title,
    };
    html! {
        section.noprint aria-labelledby="subscribe" {
            h2 #subscribe { "Get mails" }
            p { "Write your address to be told what happens to " (what) ". You can stop it with every mail." }
            form.ask method="post" action=(action) {
                label for="address" { "Your mail address" }
                div.row {
                    input.in #address name="address" type="email" autocomplete="email" required maxlength="254";
                    button.btn.primary type="submit" { "Send me mails" }
                }
                div.vh aria-hidden="true" { label { "Leave this empty" input name="website" tabindex="-1" autocomplete="off"; } }
            }
        }
    }
}
