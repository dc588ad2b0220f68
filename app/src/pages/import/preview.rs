//! What an import would do: totals, rows to fix with an input at the wrong field, and the rows that are fine.

use leptos::prelude::*;
use shared::organization::{ImportOutcome, ImportResult, ImportRow};
use shared::system::Tone;

use super::Import;
use super::file::{HEAD, field};
use crate::components::{icon, state_badge};
use crate::format;

/// Rows shown before a person asks for all.
const PAGE: usize = 50;

/// How many rows are new, change something, change nothing, or have to be fixed.
#[component]
pub fn Totals(
    /// The preview.
    result: RwSignal<Option<ImportResult>>,
) -> impl IntoView {
    move || {
        result.with(|result| {
            result.as_ref().map(|result| {
                let lines: Vec<String> = result
                    .rows
                    .iter()
                    .filter(|row| row.outcome == ImportOutcome::ToFix)
                    .take(4)
                    .map(|row| row.line.to_string())
                    .collect();
                let where_ = match lines.as_slice() {
                    [] => "None".to_owned(),
                    [one] => format!("Line {one}"),
                    several => format!("Lines {}", several.join(", ")),
                };
                view! {
                    <dl class="stats">
                        <div>
                            <dt>"New"</dt>
                            <dd>{result.new}</dd>
                            <dd class="sub">"Will be added as invited"</dd>
                        </div>
                        <div>
                            <dt>"Changed"</dt>
                            <dd>{result.changed}</dd>
                            <dd class="sub">"Already here, other values"</dd>
                        </div>
                        <div>
                            <dt>"Same"</dt>
                            <dd>{result.same}</dd>
                            <dd class="sub">"Already here, stay as they are"</dd>
                        </div>
                        <div>
                            <dt>"To fix"</dt>
                            <dd class={if result.to_fix > 0 { "neg" } else { "" }}>{result.to_fix}</dd>
                            <dd class="sub">{where_}</dd>
                        </div>
                    </dl>
                }
            })
        })
    }
}

/// The rows that keep the import from going on.
#[component]
pub fn RowsToFix(
    /// The import.
    import: Import,
) -> impl IntoView {
    let broken = Memo::new(move |_| {
        import.result.with(|result| {
            result
                .iter()
                .flat_map(|result| &result.rows)
                .filter(|row| row.outcome == ImportOutcome::ToFix)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let fine = Memo::new(move |_| {
        import
            .result
            .with(|result| result.as_ref().map_or(0, |result| result.rows.len()))
            - broken.with(Vec::len)
    });
    move || {
        let rows = broken.get();
        if rows.is_empty() {
            return None;
        }
        let all = rows.len();
        let shown = rows
            .into_iter()
            .take(PAGE)
            .enumerate()
            .map(|(place, row)| row_to_fix(import, row, place == 0))
            .collect_view();
        Some(view! {
            <section class="panel clip" aria-labelledby="fix-heading">
                <header>
                    <h2 id="fix-heading">{format!("Fix {}", format::counted(all as u64, "row", "rows"))}</h2>
                    <p>"Edit here, or in your file and choose it again."</p>
                    {(fine.get() > 0)
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="btn sm push"
                                    aria-disabled=move || import.check.is_pending().then_some("true")
                                    on:click=move |_| import.leave_out_broken()
                                >
                                    {format!("Leave {all} out, keep {}", fine.get())}
                                </button>
                            }
                        })}
                </header>
                <div class="scroll" tabindex="0" role="group" aria-labelledby="fix-heading">
                    <table class="t mid fixrows">
                        <thead>
                            <tr>
                                <th scope="col" class="r">"Line"</th>
                                <th scope="col">"Code"</th>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Kind"</th>
                                <th scope="col">"Contact person"</th>
                                <th scope="col">"Contact address"</th>
                            </tr>
                        </thead>
                        <tbody>{shown}</tbody>
                    </table>
                </div>
                {(all > PAGE)
                    .then(|| view! { <footer>{format!("The first {PAGE} of {all} are shown. The others follow when these are fixed.")}</footer> })}
            </section>
        })
    }
}

fn row_to_fix(import: Import, row: ImportRow, first: bool) -> AnyView {
    let line = row.line;
    let error_id = format!("line-{line}-problem");
    let wrong = |name: &str| {
        row.problems.iter().position(|problem| {
            problem.field == name || problem.field.ends_with(&format!(", {name}"))
        })
    };
    let cells = HEAD
        .iter()
        .map(|name| {
            let value = field(&row, name).to_owned();
            match wrong(name) {
                Some(place) => {
                    let described = error_id.clone();
                    view! {
                        <td>
                            <input
                                class="in"
                                autofocus=first && place == 0
                                aria-label=format!("{}, line {line}", label(name))
                                aria-invalid="true"
                                aria-describedby=described
                                prop:value=value
                                on:change=move |event| import.correct(line, name, event_target_value(&event))
                            />
                        </td>
                    }
                    .into_any()
                }
                None if *name == "code" => view! { <td class="mono strong">{value}</td> }.into_any(),
                None => view! { <td>{value}</td> }.into_any(),
            }
        })
        .collect_view();
    let messages = row
        .problems
        .iter()
        .map(|problem| problem.message.clone())
        .collect::<Vec<_>>()
        .join(" ");
    let suggestion = row.suggestion.clone().zip(row.problems.first().cloned()).map(|(value, problem)| {
        let name = HEAD.into_iter().find(|name| problem.field.ends_with(name)).unwrap_or("code");
        let shown = value.clone();
        view! {
            <button type="button" class="btn sm" on:click=move |_| import.correct(line, name, value.clone())>
                {format!("Use {shown}")}
            </button>
        }
    });
    view! {
        <tr>
            <td class="r muted">{line}</td>
            {cells}
        </tr>
        <tr>
            <td></td>
            <td colspan="5">
                <span class="field">
                    <span class="err" id=error_id>
                        {icon("failed")}
                        {messages}
                        " "
                        {suggestion}
                    </span>
                </span>
            </td>
        </tr>
    }
    .into_any()
}

fn label(name: &str) -> &'static str {
    match name {
        "code" => "Code",
        "name" => "Name",
        "kind" => "Kind",
        "contact_name" => "Contact person",
        _ => "Contact address",
    }
}

/// The rows that are fine, by what happens to them.
#[component]
pub fn FineRows(
    /// The preview.
    result: RwSignal<Option<ImportResult>>,
) -> impl IntoView {
    let show = RwSignal::new(ImportOutcome::New);
    let all = RwSignal::new(false);
    let count = move |outcome: ImportOutcome| {
        result.with(|result| {
            result.as_ref().map_or(0, |result| match outcome {
                ImportOutcome::New => result.new,
                ImportOutcome::Changed => result.changed,
                ImportOutcome::Same => result.same,
                ImportOutcome::ToFix => result.to_fix,
            })
        })
    };
    let fine = move || {
        count(ImportOutcome::New) + count(ImportOutcome::Changed) + count(ImportOutcome::Same)
    };
    let rows = Memo::new(move |_| {
        result.with(|result| {
            result
                .iter()
                .flat_map(|result| &result.rows)
                .filter(|row| row.outcome == show.get())
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let choose = move |outcome: ImportOutcome, word: &'static str| {
        view! {
            <button type="button" aria-pressed=move || (show.get() == outcome).to_string() on:click=move |_| show.set(outcome)>
                {word}
                " "
                <span class="n">{move || count(outcome)}</span>
            </button>
        }
    };
    view! {
        <section class="panel clip" aria-labelledby="fine-heading">
            <header>
                <h2 id="fine-heading">{move || format!("{} fine", format::counted(u64::from(fine()), "row is", "rows are"))}</h2>
                <div class="seg push" role="group" aria-label="Rows">
                    {choose(ImportOutcome::New, "New")} {choose(ImportOutcome::Changed, "Changed")} {choose(ImportOutcome::Same, "No change")}
                </div>
            </header>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="fine-heading">
                <table class="t rows mid tight">
                    <thead>
                        <tr>
                            <th scope="col" class="r">"Line"</th>
                            <th scope="col">"Code"</th>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Contact"</th>
                            <th scope="col">"Result"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {move || {
                            let limit = if all.get() { usize::MAX } else { PAGE };
                            rows.with(|rows| rows.iter().take(limit).cloned().map(fine_row).collect_view())
                        }}
                    </tbody>
                </table>
            </div>
            <footer>
                <span>
                    {move || {
                        let here = rows.with(Vec::len);
                        format!("{} of {here} shown", if all.get() { here } else { here.min(PAGE) })
                    }}
                </span>
                {move || {
                    (!all.get() && rows.with(Vec::len) > PAGE)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm" on:click=move |_| all.set(true)>
                                    "Show all"
                                </button>
                            }
                        })
                }}
            </footer>
        </section>
    }
    .into_any()
}

fn fine_row(row: ImportRow) -> AnyView {
    let (tone, word) = match row.outcome {
        ImportOutcome::New => (Tone::Done, "New"),
        ImportOutcome::Changed => (Tone::Running, "Changed"),
        ImportOutcome::Same => (Tone::Skipped, "No change"),
        ImportOutcome::ToFix => (Tone::Failed, "Fix this"),
    };
    let contact = [row.contact_name.as_str(), row.contact_email.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    view! {
        <tr>
            <td class="r muted">{row.line}</td>
            <td class="mono strong">{row.code}</td>
            <th scope="row">{row.name}</th>
            <td>{row.kind}</td>
            <td>{contact}</td>
            <td>
                {state_badge(tone, word)}
            </td>
        </tr>
    }
    .into_any()
}
